import assert from "node:assert/strict";
import test from "node:test";
import { readFileSync } from "node:fs";
import { drawnPixels, onPage, shown } from "./browser.js";
import { discs, grayPng, grayTiff, turnedWebp } from "./pictures.js";
import { sample } from "./service.js";

const PNG = sample("nuclei/fluorescence-256.png");
const JPEG = sample("bloodcells/BloodImage_00271.jpg");

export function tryTests(service) {
  test("a result is there when the page opens, with one request", () => onPage(`${service.url}`, async (page) => {
    await shown(page, "fluorescence-256.png");
    const posts = [];
    page.on("request", (request) => { if (request.method() === "POST") posts.push(request.url()); });
    await page.reload();
    await shown(page, "fluorescence-256.png");
    assert.match(await page.locator("#facts").textContent(), /256 x 256.*objects[1-9]/);
    assert.equal(posts.length, 1);
    assert.ok(await drawnPixels(page) > 1000);
  }));

  test("another model, its samples and its options", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.getByLabel("Model", { exact: true }).selectOption({ label: "bloodcell-fcos-gn" });
    await shown(page, "BloodImage_00234.jpg");
    await page.getByText("Options of the request").click();
    await page.getByLabel("Most boxes").fill("3");
    await page.getByRole("button", { name: "Run again" }).click();
    await page.getByText("3 objects of 3").first().waitFor();
    await page.getByRole("button", { name: "blood smear with platelets" }).click();
    await shown(page, "BloodImage_00271.jpg");
  }));

  test("several images, a folder, a list and progress", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.locator("#files").setInputFiles([PNG, sample("nuclei/histology-violet.png")]);
    await shown(page, "fluorescence-256.png");
    await page.getByRole("button", { name: /histology-violet.png [1-9][0-9]* objects/ }).click();
    await shown(page, "histology-violet.png");
    await page.locator("#folder").setInputFiles(sample("bloodcells"));
    await page.getByText("2 files left out").waitFor();
    await page.getByRole("button", { name: /BloodImage_00293.jpg [0-9]+ object/ }).waitFor();
    assert.equal(await page.locator("#list li").count(), 3);
  }));

  test("drop and paste", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const give = (type, target, name, bytes) => page.evaluate(([kind, selector, title, text]) => {
      const transfer = new DataTransfer();
      const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([data], title, { type: "image/png" }));
      document.querySelector(selector).dispatchEvent(kind === "paste"
        ? new ClipboardEvent(kind, { clipboardData: transfer, bubbles: true })
        : new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, [type, target, name, bytes.toString("base64")]);
    await give("drop", "#drop", "dropped.png", readFileSync(PNG));
    await shown(page, "dropped.png");
    await give("drop", "footer, #result", "elsewhere.png", readFileSync(PNG));
    await shown(page, "elsewhere.png");
    await give("paste", "body", "pasted.png", readFileSync(PNG));
    await shown(page, "pasted.png");
  }));

  test("a TIFF with pages is shown, page by page", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const pages = [discs(200, [[20, 20], [70, 60]]), discs(200, [[90, 30]]), discs(200, [[40, 70], [80, 20], [20, 20]])];
    await page.locator("#files").setInputFiles({ name: "stack.tif", mimeType: "image/tiff", buffer: grayTiff(128, 96, pages) });
    await shown(page, "stack.tif");
    await page.getByText("the service drew it").waitFor();
    assert.ok(await drawnPixels(page) > 1000);
    await page.getByText("of 3 pages").waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await page.waitForFunction(() => document.querySelector("#pages input")?.value === "2");
    await shown(page, "stack.tif");
    await page.getByLabel("Page", { exact: true }).fill("3");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#pages input")?.value === "3" && document.querySelector("#pages button:last-child").disabled);
  }));

  test("16 bits are shown as the service stretches them", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const buffer = grayPng(128, 96, 16, discs(900, [[30, 30], [90, 60]]));
    await page.locator("#files").setInputFiles({ name: "deep.png", mimeType: "image/png", buffer });
    await shown(page, "deep.png");
    await page.getByText("the service drew it").waitFor();
    const brightest = await page.locator("canvas").first().evaluate((canvas) =>
      canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.reduce((most, value, i) => (i % 4 === 3 ? most : Math.max(most, value)), 0));
    assert.ok(brightest > 150, `900 of 65535 is drawn as ${brightest}`);
  }));

  test("a picture that browsers do not turn upright is drawn by the service", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    const plain = Buffer.from(await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 64 });
      canvas.getContext("2d").fillRect(0, 0, 40, 20);
      const blob = await new Promise((made) => canvas.toBlob(made, "image/webp", 0.9));
      return [...new Uint8Array(await blob.arrayBuffer())];
    }));
    await page.locator("#files").setInputFiles({ name: "turned.webp", mimeType: "image/webp", buffer: turnedWebp(plain, 6) });
    await shown(page, "turned.webp");
    assert.match(await page.locator("#facts").textContent(), /64 x 96/);
    await page.getByText("the service drew it").waitFor();
  }));

  test("a model is switched while an image runs", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    await page.route("**/segment?*", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue().catch(() => {});
    });
    await page.locator("#files").setInputFiles(JPEG);
    await page.locator("#progress").waitFor();
    await page.getByLabel("Model", { exact: true }).selectOption({ label: "bloodcell-fcos-gn" });
    await shown(page, "BloodImage_00271.jpg");
    await page.getByText(/RBC \(/).waitFor();
    await page.waitForTimeout(1800);
    assert.match(await page.locator("#model-state").textContent(), /detection/);
    assert.ok(await page.getByText(/RBC \(/).isVisible());
  }));

  test("cancel, and run again", () => onPage(service.url, async (page) => {
    await shown(page, "fluorescence");
    let held = true;
    await page.route("**/segment?*", async (route) => { if (!held) await route.continue(); });
    await page.locator("#files").setInputFiles(PNG);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    assert.ok(await page.locator("#progress").isHidden());
    held = false;
    await page.getByRole("button", { name: "Run again" }).last().click();
    await shown(page, "fluorescence-256.png");
  }));
}
