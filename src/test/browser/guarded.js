import assert from "node:assert/strict";
import test from "node:test";
import { onPage, shown } from "./browser.js";

export const KEY = "key-of-the-browser-tests";
export const OTHER_KEY = "other-key-of-the-browser-tests";

/** Behind a path prefix, with API keys, and with a management port of its own. */
export function guardedTests(service) {
  test("a key is asked for, kept for the tab, switched and forgotten", () => onPage(service.url, async (page) => {
    await page.locator(".problem").filter({ hasText: "Enter an API key" }).waitFor();
    const give = async (key) => {
      await page.getByRole("textbox", { name: "API key" }).fill(key);
      await page.getByRole("button", { name: "Use" }).click();
    };
    await give("a-wrong-key-0123456789");
    await page.locator(".problem").filter({ hasText: "not an API key" }).waitFor();
    await give(KEY);
    await shown(page, "fluorescence-256.png");
    await page.getByRole("tab", { name: "Code" }).click();
    const code = await page.locator("pre").first().textContent();
    assert.ok(code.includes("$GNSERVE_KEY") && !code.includes(KEY));
    await page.reload();
    await shown(page, "fluorescence-256.png");
    await page.getByRole("button", { name: "API key" }).click();
    await give(OTHER_KEY);
    await shown(page, "fluorescence-256.png");
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    await page.getByRole("button", { name: "Forget" }).click();
    await page.locator(".problem").filter({ hasText: "Enter an API key" }).waitFor();
    assert.ok(await page.locator("#shown").isHidden());
  }, { refusals: true }));

  test("no link is dead behind a path prefix and with a management port", () => onPage(service.url, async (page) => {
    await page.locator(".problem").waitFor();
    const links = await page.locator("a").evaluateAll((all) => all.map(({ href }) => href));
    assert.ok(links.length >= 5);
    for (const link of links) {
      assert.ok(link.startsWith(service.url), link);
      assert.equal((await fetch(link)).status, 200, link);
    }
    await page.getByRole("link", { name: "API", exact: true }).click();
    const back = page.getByRole("link", { name: "The page" });
    await back.waitFor();
    assert.equal(await back.evaluate((link) => link.href), service.url);
  }, { refusals: true }));
}
