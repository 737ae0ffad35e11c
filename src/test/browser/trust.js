import assert from "node:assert/strict";
import test from "node:test";
import { onPage, shown } from "./browser.js";

export function trustTests(service) {
  test("layers, batches, stages and plan of the shown image", () => onPage(`${service.url}layers.html`, async (page) => {
    await shown(page, "fluorescence-256.png");
    await page.getByText("alone against a batch of 2").waitFor();
    const trust = await page.getByRole("tabpanel", { name: "Trust" }).textContent();
    assert.match(trust, /deviceCPU|devicecpu|devicegpu/);
    assert.match(trust, /plan(as-exported|channels-last|winograd|bfloat16|int8)precision(float32|bfloat16|int8)/);
    assert.match(trust, /inference [0-9.]+ (ms|s)/);
    assert.match(trust, /verdictPASS/);
    const shares = (await page.locator(".chart .share").allTextContents()).map(Number);
    assert.ok(shares.length >= 10 && shares[0] <= 1);
    assert.deepEqual(shares, [...shares].sort((a, b) => b - a));
  }));

  test("the models with their golden image, verifications and live numbers", () => onPage(`${service.url}#models`, async (page) => {
    const card = page.getByRole("article", { name: "nuclei-unet-gn version 1" });
    await card.getByText(/golden\.png: as expected/).waitFor();
    assert.match(await card.textContent(), /verification[1-9]\d* passed, 0 failed; last PASS at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    const requests = async () => Number(/requests(\d+)/.exec(await card.textContent())[1]);
    const before = await requests();
    await page.evaluate(async () => {
      const body = await (await fetch("samples/nuclei/fluorescence-256.png")).blob();
      await fetch("v1/models/nuclei-unet-gn/segment", { method: "POST", body });
    });
    await card.getByText(/^[0-9.]+ m?s$/).waitFor();
    assert.ok(await requests() > before);
    await page.getByRole("link", { name: "Try" }).click();
    await shown(page, "fluorescence");
  }));

  test("the API document leads to the page and back", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.getByRole("link", { name: "API", exact: true }).click();
    const back = page.getByRole("link", { name: "The page" });
    await back.waitFor();
    assert.equal(await back.evaluate((link) => link.href), service.url);
  }));
}
