// One Chromium for all tests, and pages that report every error.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const AXE = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let browser;

export async function startBrowser() {
  browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--no-sandbox"] });
}

export const stopBrowser = () => browser?.close();

/**
 * Runs a test on a page of its own. Fails where the page logs an error, breaks its content policy, or asks another server.
 *
 * @param prepare is told the page before it opens the address
 * @param refusals whether answers of the service that are errors belong to the test: the browser logs each
 */
export async function onPage(url, does, { prepare = () => {}, refusals = false, width = 1024, height = 900, ...context } = {}) {
  const own = await browser.newContext({ viewport: { width, height }, acceptDownloads: true, ...context });
  const page = await own.newPage();
  const errors = [];
  page.on("console", (message) => {
    const refusal = refusals && /^Failed to load resource/.test(message.text());
    const ours = /^Canvas2D: Multiple readback/.test(message.text()); // It is the tests that read pixels.
    if (["error", "warning"].includes(message.type()) && !refusal && !ours) errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => errors.push(error.stack));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "blob:" && protocol !== "data:" && origin !== new URL(url).origin) errors.push(`asks ${request.url()}`);
  });
  page.setDefaultTimeout(20000);
  try {
    await prepare(page);
    await page.goto(url);
    await does(page);
    assert.deepEqual(errors, []);
  } finally {
    await own.close();
  }
}

/** Waits until the result of a file is shown. */
export async function shown(page, name) {
  await page.locator("#shown:not([hidden]) #name").filter({ hasText: name }).waitFor();
  await page.locator("#progress").waitFor({ state: "hidden" });
}

/** What axe-core finds against WCAG 2.2 AA and its best practices. */
export async function violations(page) {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
}

/** What a click on a button of the part Download saves: {name, bytes}. */
export async function saved(page, label) {
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: label, exact: true }).click();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** The number of pixels of the first canvas that differ from its first pixel: 0 for an empty one. */
export const drawnPixels = (page) => page.locator("canvas").first().evaluate((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint32Array(data.buffer);
  return pixels.filter((pixel) => pixel !== pixels[0]).length;
});

/** A picture of what the first canvas shows, to compare. */
export const canvasText = (page) => page.locator("canvas").first().evaluate((canvas) => canvas.toDataURL());
