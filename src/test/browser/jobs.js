import assert from "node:assert/strict";
import test from "node:test";
import { onPage, shown } from "./browser.js";

/** A dark picture in BMP, 24 bits a pixel: many bytes for its pixels, and several tiles. */
function bmp(width, height) {
  const row = Math.ceil((3 * width) / 4) * 4;
  const file = Buffer.alloc(54 + row * height, 30);
  file.fill(0, 0, 54);
  file.write("BM", "latin1");
  for (const [at, value] of [[2, file.length], [10, 54], [14, 40], [18, width], [22, height], [34, row * height]]) file.writeUInt32LE(value, at);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}

const LARGE = { name: "large.bmp", mimeType: "image/bmp", buffer: bmp(800, 680) };
const OF_JOB = /large.bmp: (waits for its turn|running|[0-9]+ of [0-9]+ parts)/;

export function jobTests(service) {
  const jobs = async () => (await (await fetch(`${service.url}v1/jobs`)).json()).jobs;

  test("a large file goes as a job, with progress, and leaves none behind", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const states = [];
    page.on("response", async (response) => { if (/v1\/jobs\/[0-9a-f]+$/.test(response.url()) && response.request().method() === "GET") states.push(await response.json()); });
    await page.locator("#files").setInputFiles(LARGE);
    await page.locator("#progress-text").filter({ hasText: OF_JOB }).waitFor();
    await shown(page, "large.bmp");
    assert.ok(states.some(({ progress }) => progress?.total > 1), JSON.stringify(states));
    while ((await jobs()).length) await new Promise((resolve) => setTimeout(resolve, 50));
  }));

  test("a job outlives a lost connection", () => onPage(service.url, async (page) => {
    let asked = 0;
    await page.route(/v1\/jobs\/[0-9a-f]+$/, (route) =>
      route.request().method() === "GET" && ++asked <= 2 ? route.abort() : route.continue());
    await shown(page, "fluorescence");
    await page.locator("#files").setInputFiles(LARGE);
    await shown(page, "large.bmp");
    assert.ok(asked > 2);
  }, { refusals: true }));

  test("Cancel cancels the job", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.locator("#files").setInputFiles(LARGE);
    await page.locator("#progress-text").filter({ hasText: OF_JOB }).waitFor();
    const [{ id }] = await jobs();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    for (let state = ""; state !== "CANCELLED";) {
      state = (await jobs()).find((job) => job.id === id)?.state ?? "CANCELLED";
      assert.notEqual(state, "SUCCEEDED");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }));
}
