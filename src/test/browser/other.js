import assert from "node:assert/strict";
import test from "node:test";
import { readFileSync } from "node:fs";
import { onPage, shown, violations } from "./browser.js";
import { sample } from "./service.js";

const PNG = readFileSync(sample("nuclei/fluorescence-256.png"));
const TIMING = { decodeMillis: 1, preprocessMillis: 1, queueMillis: 1, inferenceMillis: 1, postprocessMillis: 1, batchSize: 1, tiles: 1 };

/** Tasks for which no model is embedded, with answers as the API document describes them. */
const ANSWERS = {
  classification: [{ predictions: [{ label: "lymphocyte", score: 0.91 }, { label: "monocyte", score: 0.07 }] }, /best.*lymphocyte/, "0.91"],
  embedding: [{ embedding: Array.from({ length: 40 }, (_, i) => i / 40), dimensions: 40, normalized: false }, /dimensions40/, "0.02500"],
  regression: [{ maps: [{ label: "depth", unit: "m", minimum: 0.52, maximum: 8.49, mean: 3.07, standardDeviation: 1.81 }] },
    /depth0\.520 to 8\.49 m/, "8.490"],
  segmentation: [{ depth: 36, axes: "zyx", classes: [{ label: "nucleus", voxels: 345, fraction: 0.084 }], objects: [{
    id: 1, label: "nucleus", score: 0.97, voxels: 345, box: { x: 10, y: 20, z: 3, width: 7, height: 8, depth: 4 }, centroid: { x: 13.5, y: 24.1, z: 5 },
  }] }, /256 x 256 x 36.*objects1.*nucleus8\.4 %/, "0.9700"],
  detection: [{ detections: [{
    label: "person", score: 0.9, box: { x: 20, y: 30, width: 100, height: 150 },
    keypoints: [{ name: "nose", x: 70, y: 50, visible: true }, { name: "left_eye", x: 80, y: 45, visible: false }],
  }] }, /objects1/, "person"],
};

export function otherTests(service) {
  for (const [task, [found, fact, value]] of Object.entries(ANSWERS)) {
    const prepare = async (page) => {
      const model = { name: "other", version: "2", task, state: "READY", reason: null };
      const one = { name: "a.png", width: 256, height: 256, ...found, timing: TIMING };
      const answer = { model: "other", version: "2", requestId: "x", ...(found.depth ? { images: [], volumes: [one] } : { images: [one] }) };
      await page.route("**/v1/models", (route) => route.fulfill({ json: { models: [model] } }));
      await page.route("**/v1/models/other**", (route) => route.fulfill({ json: { ...model, labels: ["person"] } }));
      await page.route(/other\/(segment|classify|embed|detect|estimate)/, (route) => route.fulfill(
        route.request().headers().accept === "image/png" ? { contentType: "image/png", body: PNG } : { json: answer }));
    };
    test(`the task ${task}`, () => onPage(service.url, async (page) => {
      await page.getByText("Choose or drop an image.").waitFor();
      await page.locator("#files").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: PNG });
      await shown(page, "a.png");
      assert.match(await page.locator("#facts").textContent(), fact);
      assert.ok((await page.getByRole("tabpanel").first().textContent()).includes(value));
      assert.deepEqual(await violations(page), []);
      if (task === "detection") {
        const nose = () => page.locator("canvas").first().evaluate((canvas) => [...canvas.getContext("2d")
          .getImageData((70 / 256) * canvas.width, (50 / 256) * canvas.height, 1, 1).data.slice(0, 3)]);
        await page.getByRole("checkbox", { name: "Labels" }).uncheck();
        await page.waitForTimeout(100);
        assert.deepEqual(await nose(), [0xe6, 0x9f, 0x00]);
        await page.getByRole("checkbox", { name: "Points" }).uncheck();
        await page.waitForTimeout(100);
        assert.notDeepEqual(await nose(), [0xe6, 0x9f, 0x00]);
      }
    }, { prepare, height: 1200 }));
  }
}
