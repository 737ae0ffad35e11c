// Makes the screenshots of docs/images: three widths, light and dark.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPage, shown, startBrowser, stopBrowser } from "./browser.js";
import { ROOT, startService } from "./service.js";

const VIEWS = { 390: 1560, 1024: 1180, 1920: 1280 };

/** A PNG as WebP, which pages write and the screenshot does not. */
async function webp(context, png) {
  const empty = await context.newPage();
  const text = await empty.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const made = await (await canvas.convertToBlob({ type: "image/webp", quality: 0.85 })).arrayBuffer();
    return btoa(new Uint8Array(made).reduce((all, byte) => all + String.fromCharCode(byte), ""));
  }, png.toString("base64"));
  return Buffer.from(text, "base64");
}

const service = await startService({});
await startBrowser();
for (const [width, height] of Object.entries(VIEWS)) {
  for (const colorScheme of ["light", "dark"]) {
    await onPage(`${service.url}#sample=${colorScheme === "light" ? 4 : 2}`, async (page) => {
      await shown(page, colorScheme === "light" ? "BloodImage_00234.jpg" : "fluorescence-696x520.png");
      if (colorScheme === "dark") {
        await page.getByRole("tab", { name: "Trust" }).click();
        await page.locator(".chart").waitFor();
        await page.evaluate(() => scrollTo(0, 0));
      }
      const file = join(ROOT, `docs/images/page-${width}-${colorScheme}.webp`);
      const bytes = await webp(page.context(), await page.screenshot());
      writeFileSync(file, bytes);
      console.log(`${file}: ${bytes.length} bytes`);
    }, { width: Number(width), height, colorScheme });
  }
}
await stopBrowser();
service.stop();
process.exit(0);
