import assert from "node:assert/strict";
import test from "node:test";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onPage, saved, shown } from "./browser.js";
import { valuesOfPng16 } from "./pictures.js";
import { JAR, sample } from "./service.js";

const NAME = "fluorescence-256";
const FILE = sample(`nuclei/${NAME}.png`);

/** What gnserve convert writes of some answers, by the names of their images. */
function converted(answers, format, file) {
  const folder = mkdtempSync(join(tmpdir(), "gnserve-take-"));
  mkdirSync(join(folder, "results"));
  for (const [name, answer] of Object.entries(answers)) writeFileSync(join(folder, "results", `${name}.json`), answer);
  execFileSync("java", ["-XX:TieredStopAtLevel=1", "-jar", JAR, "convert", join(folder, "results"), join(folder, "to"), "--format", format]);
  return readFileSync(join(folder, "to", file), "utf8");
}

const ask = (service, query, accept = "application/json") => fetch(`${service.url}v1/models/nuclei-unet-gn/segment?${query}`, {
  method: "POST", headers: { "Content-Type": "image/png", Accept: accept }, body: readFileSync(FILE),
});

export function takeTests(service) {
  test("the files are those of gnserve convert and of the API", () => onPage(`${service.url}#sample=1`, async (page) => {
    await shown(page, `${NAME}.png`);
    await page.getByRole("tab", { name: "Download" }).click();
    const json = await saved(page, "JSON");
    assert.equal(json.name, `${NAME}.json`);
    const answers = { [`${NAME}.png`]: json.bytes };
    assert.equal((await saved(page, "CSV")).bytes.toString(), converted(answers, "csv", "objects.csv"));
    assert.deepEqual(JSON.parse((await saved(page, "COCO")).bytes), JSON.parse(converted(answers, "coco", "dataset.json")));

    const { objects } = (await (await ask(service, "masks=geojson")).json()).images[0];
    const geo = JSON.parse((await saved(page, "GeoJSON")).bytes);
    assert.equal(geo.features.length, objects.length);
    geo.features.forEach(({ geometry, properties }, i) => {
      const { coordinates } = geometry;
      assert.deepEqual(geometry.type === "Polygon" ? [coordinates] : coordinates, objects[i].mask.geometry.coordinates);
      assert.equal(properties.classification.name, "nucleus");
      assert.equal(properties.measurements["Area px"], objects[i].area);
    });

    const ids = Buffer.from(await (await ask(service, "render=objects", "image/png")).arrayBuffer());
    assert.deepEqual(valuesOfPng16((await saved(page, "Labels (PNG)")).bytes), valuesOfPng16(ids));

    const overlay = (await saved(page, "Overlay (PNG)")).bytes;
    assert.deepEqual([overlay.readUInt32BE(16), overlay.readUInt32BE(20)], [256, 256]);
  }));

  test("files hold what is shown; several images go into one file", () => onPage(`${service.url}#sample=4`, async (page) => {
    await shown(page, "BloodImage_00234.jpg");
    await page.locator("#files").setInputFiles(["00234", "00271"].map((name) => sample(`bloodcells/BloodImage_${name}.jpg`)));
    await shown(page, "BloodImage_00234.jpg");
    await page.getByRole("button", { name: /BloodImage_00271.jpg [0-9]+ object/ }).click();
    await shown(page, "BloodImage_00271.jpg");
    await page.getByRole("tab", { name: "Download" }).click();

    await page.getByLabel("All 2 images in one file").check();
    const [first, second] = JSON.parse((await saved(page, "JSON")).bytes).map((answer) => JSON.stringify(answer));
    const answers = { "BloodImage_00234.jpg": first, "BloodImage_00271.jpg": second };
    assert.equal((await saved(page, "CSV")).bytes.toString(), converted(answers, "csv", "objects.csv"));
    assert.deepEqual(JSON.parse((await saved(page, "GeoJSON")).bytes),
      JSON.parse(converted(answers, "geojson", "BloodImage_00271.jpg.geojson")));

    await page.getByLabel("All 2 images in one file").uncheck();
    await page.getByLabel(/^RBC/).uncheck();
    const own = (await saved(page, "CSV")).bytes.toString();
    assert.ok(own.includes(",WBC,") && !own.includes(",RBC,"));
    await page.getByLabel("All 2 images in one file").check();
    const both = (await saved(page, "CSV")).bytes.toString();
    assert.ok(both.includes("BloodImage_00234.jpg,") && both.includes("BloodImage_00271.jpg,") && !both.includes(",RBC,"));
    assert.equal(JSON.parse((await saved(page, "COCO")).bytes).images.length, 2);
    assert.equal(await page.getByRole("button", { name: "Labels (PNG)" }).count(), 0);
  }, { locale: "de-DE" }));

  test("the code runs as it is copied, with the chosen parameters", () => onPage(`${service.url}#sample=4`, async (page) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await shown(page, "BloodImage_00234.jpg");
    await page.getByText("Options of the request").click();
    await page.getByLabel("Least score", { exact: true }).and(page.locator("[type=number]")).fill("0.8");
    await page.getByLabel("Most boxes").fill("2");
    await page.getByRole("button", { name: "Run again" }).click();
    await page.getByText("2 objects of 2").first().waitFor();
    await page.getByRole("tab", { name: "Code" }).click();
    const folder = mkdtempSync(join(tmpdir(), "gnserve-code-"));
    copyFileSync(sample("bloodcells/BloodImage_00234.jpg"), join(folder, "BloodImage_00234.jpg"));
    const programs = { curl: ["sh", "ask.sh"], Python: ["python3", "ask.py"], Java: ["java", "Ask.java"], TypeScript: ["node", "ask.mjs"] };
    for (const [language, [program, file]] of Object.entries(programs)) {
      await page.getByRole("tab", { name: language, exact: true }).click();
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByText("Copied.").last().waitFor();
      writeFileSync(join(folder, file), await page.evaluate(() => navigator.clipboard.readText()));
      const printed = execFileSync(program, [file], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
      assert.equal(printed.match(/label/g)?.length, 2, `${language}: ${printed}`);
    }
  }));
}
