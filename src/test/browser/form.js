import assert from "node:assert/strict";
import test from "node:test";
import { onPage, shown, violations } from "./browser.js";
import { sample } from "./service.js";

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export function formTests(service) {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe-core finds nothing, ${colorScheme}`, () => onPage(`${service.url}#sample=4`, async (page) => {
      await shown(page, "BloodImage_00234.jpg");
      await page.getByRole("button", { name: "API key" }).click();
      await page.getByText("Options of the request").click();
      await page.locator("#files").setInputFiles(["00234", "00271"].map((name) => sample(`bloodcells/BloodImage_${name}.jpg`)));
      await shown(page, "BloodImage_00234.jpg");
      await page.getByRole("button", { name: "Side by side" }).click();
      await page.getByRole("button", { name: "Show WBC 1", exact: true }).click();
      assert.deepEqual(await violations(page), []);
      for (const tab of ["Download", "Code", "Trust"]) {
        await page.getByRole("tab", { name: tab }).click();
        if (tab === "Trust") await page.locator(".chart").waitFor();
        assert.deepEqual(await violations(page), [], tab);
      }
      await page.goto(`${service.url}#models`);
      await page.locator(".card").first().waitFor();
      assert.deepEqual(await violations(page), [], "models");
      await page.goto(service.url);
      await shown(page, "fluorescence");
      await page.locator("#files").setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no image") });
      await page.locator(".problem").waitFor();
      assert.deepEqual(await violations(page), [], "problem");
    }, { refusals: true, colorScheme }));
  }

  test("nothing is wider than the screen, from 320 to 1920", () => onPage(`${service.url}#sample=4`, async (page) => {
    await shown(page, "BloodImage_00234.jpg");
    const fits = async (what) => {
      for (const width of [320, 390, 1024, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        assert.ok(await overflow(page) <= 0, `${what} at ${width}`);
      }
    };
    await fits("objects");
    for (const tab of ["Download", "Code", "Trust"]) {
      await page.getByRole("tab", { name: tab }).click();
      if (tab === "Trust") await page.locator(".chart").waitFor();
      await fits(tab);
    }
    await page.getByRole("link", { name: "Models" }).click();
    await page.locator(".card").first().waitFor();
    await fits("models");
  }));

  test("all is reached by the keyboard", () => onPage(`${service.url}#sample=1`, async (page) => {
    await shown(page, "fluorescence-256.png");
    const reached = new Set();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
    }
    for (const id of ["key-toggle", "model", "files", "folder", "photo", "least", "opacity", "CANVAS"]) assert.ok(reached.has(id), id);
    const tab = page.getByRole("tab", { name: "Objects" });
    await tab.focus();
    await page.keyboard.press("End");
    await page.getByText("How it ran").waitFor();
    await page.keyboard.press("Home");
    await page.getByRole("button", { name: "Show nucleus 2", exact: true }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("tr.selected td").first().textContent(), "2");
  }));

  test("numbers and times are the same in German", () => onPage(`${service.url}#sample=4`, async (page) => {
    await shown(page, "BloodImage_00234.jpg");
    assert.match(await page.locator(".objects tbody tr").first().textContent(), /0\.\d{4}/);
    assert.match(await page.locator("#facts").textContent(), /\d\.\d+ m?s$/);
  }, { locale: "de-DE", timezoneId: "Europe/Berlin" }));

  test("the page is small", async () => {
    const files = ["", "page/page.css"];
    const seen = new Set(files);
    let bytes = 0;
    for (const file of files) {
      const text = await (await fetch(service.url + file)).text();
      bytes += Buffer.byteLength(text);
      for (const [, next] of text.matchAll(/(?:from "\.\/|src="page\/)([a-z-]+\.js)"/g)) {
        if (!seen.has(next)) {
          seen.add(next);
          files.push(`page/${next}`);
        }
      }
    }
    console.log(`# page, styles and modules: ${bytes} bytes in ${files.length} files`);
    assert.ok(files.length > 20 && bytes < 150_000);
  });

  test("the content policy is strict", async () => {
    const policy = (await fetch(service.url)).headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
  });
}
