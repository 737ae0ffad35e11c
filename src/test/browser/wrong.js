import assert from "node:assert/strict";
import test from "node:test";
import { readFileSync } from "node:fs";
import { onPage, shown } from "./browser.js";
import { grayPng } from "./pictures.js";
import { sample } from "./service.js";

const PNG = readFileSync(sample("nuclei/fluorescence-256.png"));

export function wrongTests(service) {
  const files = [
    ["cut.png", PNG.subarray(0, PNG.length / 2), "The file is broken or cut off"],
    ["text.png", Buffer.from("This is a text.\n".repeat(20)), "Save the image as PNG, JPEG or TIFF"],
    ["empty.png", Buffer.alloc(0), "empty"],
    ["many-bytes.bmp", Buffer.alloc(3 << 20, "BM"), "Send fewer or smaller files"],
    ["many-pixels.png", grayPng(65000, 1000, 8, () => 0), "Send a smaller image"],
  ];
  test("files that cannot be read are told in words, and the next image works", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    for (const [name, buffer, advice] of files) {
      await page.locator("#files").setInputFiles({ name, mimeType: "image/png", buffer });
      await page.locator(".problem").filter({ hasText: advice }).waitFor();
      assert.ok(await page.locator("#shown").isHidden(), "the old result is gone");
      await page.locator("#files").setInputFiles({ name: `after-${name}`, mimeType: "image/png", buffer: PNG });
      await shown(page, `after-${name}`);
      assert.equal(await page.locator(".problem").count(), 0);
    }
  }, { refusals: true }));

  test("one broken file among others leaves them alone", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.locator("#files").setInputFiles([
      { name: "a-cut.png", mimeType: "image/png", buffer: PNG.subarray(0, 900) }, { name: "b-good.png", mimeType: "image/png", buffer: PNG }]);
    await shown(page, "b-good.png");
    await page.getByRole("button", { name: /a-cut.png/ }).click();
    await page.locator(".problem").filter({ hasText: "broken" }).waitFor();
  }, { refusals: true }));

  test("429: the page waits as long as the service says, and asks again", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    let asked = 0;
    await page.route("**/segment?*", (route) => (++asked > 2 ? route.continue() : route.fulfill({
      status: 429, headers: { "Retry-After": "1" }, contentType: "application/problem+json",
      json: { title: "The service is overloaded", status: 429, code: "OVERLOADED", detail: "The queue is full." },
    })));
    await page.locator("#files").setInputFiles({ name: "late.png", mimeType: "image/png", buffer: PNG });
    await page.getByText("The page asks again in 1 s.").waitFor();
    await shown(page, "late.png");
    assert.equal(asked, 3);
  }, { refusals: true }));

  test("429 without an end is told, with a way on", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.route("**/segment?*", (route) => route.fulfill({
      status: 429, contentType: "application/problem+json",
      json: { title: "The service is overloaded", status: 429, code: "OVERLOADED", detail: "The queue is full." },
    }));
    await page.locator("#files").setInputFiles({ name: "never.png", mimeType: "image/png", buffer: PNG });
    await page.locator(".problem").filter({ hasText: "more work than it can take" }).waitFor();
    await page.unroute("**/segment?*");
    await page.getByRole("button", { name: "Try again" }).click();
    await shown(page, "never.png");
  }, { refusals: true }));

  test("offline, and an answer of a proxy", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.context().setOffline(true);
    await page.locator("#files").setInputFiles({ name: "away.png", mimeType: "image/png", buffer: PNG });
    await page.locator(".problem").filter({ hasText: "cannot be reached" }).waitFor();
    await page.context().setOffline(false);
    await page.getByRole("button", { name: "Try again" }).click();
    await shown(page, "away.png");
    await page.route("**/segment?*", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
    await page.locator("#files").setInputFiles({ name: "away.png", mimeType: "image/png", buffer: PNG });
    await page.locator(".problem").filter({ hasText: "It does not come from gnserve" }).waitFor();
    await page.unroute("**/segment?*");
    await page.route("**/segment?*", (route) => route.fulfill({ contentType: "text/html", body: "<h1>Log in</h1>" }));
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".problem").filter({ hasText: "The answer is not JSON" }).waitFor();
  }, { refusals: true }));

  test("a file name is text, in the page and in the code", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const name = `<img src=x onerror=alert(1)>'"$(id) ü.png`;
    await page.locator("#files").setInputFiles({ name, mimeType: "image/png", buffer: PNG });
    await shown(page, name);
    await page.getByRole("tab", { name: "Code" }).click();
    assert.ok((await page.locator("pre").first().textContent()).includes(`'@<img src=x onerror=alert(1)>'\\''"$(id) ü.png'`));
  }));
}
