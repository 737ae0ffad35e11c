import assert from "node:assert/strict";
import test from "node:test";
import { canvasText, onPage, shown } from "./browser.js";
import { grayPng, rectangleRle } from "./pictures.js";

const objectCount = async (page) => Number(/objects(\d+)/.exec(await page.locator("#facts").textContent())[1]);

async function setRange(page, label, value) {
  await page.getByRole("slider", { name: label }).evaluate((range, to) => {
    range.value = to;
    range.dispatchEvent(new Event("input", { bubbles: true }));
  }, value);
}

export function lookTests(service) {
  test("threshold, opacity and classes act at once, without the service", () => onPage(`${service.url}#sample=4`, async (page) => {
    await shown(page, "BloodImage_00234.jpg");
    await page.context().setOffline(true); // Whatever would ask the service fails now.
    const all = await objectCount(page);
    const before = await canvasText(page);
    await setRange(page, "Least score", 0.8);
    const good = await objectCount(page);
    assert.ok(good > 0 && good < all);
    await page.getByText(`${good} objects of ${all}`).first().waitFor();
    await page.getByLabel(/^RBC/).uncheck();
    assert.ok(await objectCount(page) < good);
    await page.getByRole("checkbox", { name: "Boxes", exact: true }).uncheck();
    await page.waitForTimeout(100);
    assert.notEqual(await canvasText(page), before);
  }));

  test("opacity changes the masks", () => onPage(`${service.url}#sample=1`, async (page) => {
    await shown(page, "fluorescence-256.png");
    const before = await canvasText(page);
    await setRange(page, "Opacity", 1);
    await page.waitForTimeout(100);
    assert.notEqual(await canvasText(page), before);
  }));

  test("hover and click tell an object; table and picture are linked", () => onPage(`${service.url}#sample=4`, async (page) => {
    await shown(page, "BloodImage_00234.jpg");
    const canvas = page.locator("canvas").first();
    const { width, height } = await canvas.boundingBox();
    const first = page.locator(".objects tbody tr").first();
    const cells = await first.locator("td").allTextContents();
    const [x, y, w, h] = cells.slice(4).map(Number);
    const at = { x: ((x + w / 2) * width) / 640, y: ((y + h / 2) * height) / 480 };
    await canvas.hover({ position: at });
    await page.locator("#under").filter({ hasText: /WBC 1, score 0\.\d+, area \d+/ }).waitFor();
    await canvas.click({ position: at });
    await page.locator("tr.selected").waitFor();
    assert.equal(await page.locator("tr.selected td").nth(1).textContent(), "WBC");
    await page.getByRole("button", { name: "Show RBC 5", exact: true }).click();
    assert.equal(await page.locator("tr.selected td").first().textContent(), "5");
    await page.mouse.move(0, 0);
    await page.locator("#under").filter({ hasText: "RBC 5" }).waitFor();
  }));

  test("the table sorts, and tells so", () => onPage(`${service.url}#sample=1`, async (page) => {
    await shown(page, "fluorescence-256.png");
    for (const order of ["descending", "ascending"]) {
      await page.getByRole("columnheader", { name: "Area" }).getByRole("button").click();
      assert.equal(await page.getByRole("columnheader", { name: "Area" }).getAttribute("aria-sort"), order);
      const areas = (await page.locator(".objects tbody tr td:nth-child(4)").allTextContents()).map(Number);
      assert.ok(areas.length > 5);
      assert.deepEqual(areas, [...areas].sort((a, b) => (order === "ascending" ? a - b : b - a)));
    }
    assert.match(await page.locator(".histograms").textContent(), /Areas of \d+ objects: .*Scores of \d+ objects/);
  }));

  test("zoom, pan, actual size, fit and side by side, by mouse and by keys", () => onPage(`${service.url}#sample=1`, async (page) => {
    await shown(page, "fluorescence-256.png");
    const canvas = page.locator("canvas").first();
    const whole = await canvasText(page);
    const changes = async (does, to) => {
      const before = await canvasText(page);
      await does();
      await page.waitForTimeout(100);
      const now = await canvasText(page);
      if (to) assert.equal(now, to);
      else assert.notEqual(now, before);
    };
    await changes(() => page.getByRole("button", { name: "Zoom in" }).click());
    await changes(() => page.getByRole("button", { name: "Fit the picture" }).click(), whole);
    await canvas.focus();
    await changes(() => page.keyboard.press("+"));
    await changes(() => page.keyboard.press("ArrowLeft"));
    await changes(() => page.keyboard.press("1"));
    await changes(() => page.keyboard.press("0"), whole);
    await canvas.hover();
    await changes(() => page.mouse.wheel(0, -300));
    await changes(async () => {
      await page.mouse.down();
      await page.mouse.move(400, 400, { steps: 3 });
      await page.mouse.up();
    });
    await page.getByRole("button", { name: "Side by side" }).click();
    assert.equal(await page.locator("canvas:visible").count(), 2);
  }));

  test("8,000 x 8,000 with 3,000 masks", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const size = 8000;
    const objects = Array.from({ length: 3000 }, (_, i) => {
      const [x, y] = [20 + 130 * (i % 60), 20 + 150 * Math.floor(i / 60)];
      return {
        id: i + 1, label: "nucleus", score: 0.5 + (i % 50) / 100, area: 4800, box: { x, y, width: 60, height: 80 },
        centroid: { x: x + 30, y: y + 40 }, mask: rectangleRle(x, y, 60, 80, size, size),
      };
    });
    const timing = { decodeMillis: 1, preprocessMillis: 1, queueMillis: 1, inferenceMillis: 1, postprocessMillis: 1, batchSize: 1, tiles: 121 };
    await page.route("**/segment?*", (route) => route.fulfill({ json: { model: "nuclei-unet-gn", version: "1", requestId: "x",
      images: [{ name: "large.png", width: size, height: size, classes: [], objects, timing }] } }));
    const buffer = grayPng(size, size, 8, (x, y) => (x >> 5) ^ (y >> 5));
    await page.locator("#files").setInputFiles({ name: "large.png", mimeType: "image/png", buffer });
    await shown(page, "large.png");
    await page.getByText("3000 objects of 3000").first().waitFor();
    assert.equal(await page.locator(".objects tbody tr").count(), 200);
    const spent = await page.evaluate(async () => {
      const began = performance.now();
      const canvas = document.querySelector("canvas");
      for (let i = 0; i < 10; i++) {
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key: i % 2 ? "ArrowRight" : "+" }));
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
      }
      return performance.now() - began;
    });
    console.log(`# 10 steps of zoom and pan at 8,000 x 8,000: ${Math.round(spent)} ms`);
    const colours = await page.locator("canvas").first().evaluate((canvas) =>
      new Set(new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size);
    assert.ok(colours > 10);
  }));
}
