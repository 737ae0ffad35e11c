// The part from which results are taken away as files. The browser makes them from the answer, without another request.

import { el } from "./dom.js";
import { drawObjects } from "./draw.js";
import * as formats from "./formats.js";
import { counted } from "./numbers.js";
import { gray16 } from "./png.js";
import { drawPicture } from "./viewer.js";

function save(name, blob) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

const text = (content, type) => new Blob([content], { type });
const json = (value, type = "application/json") => text(JSON.stringify(value), type);

const stem = (name) => name.split("/").pop().replace(/\.[^.]*$/, "") || "image";

/** The image with what is drawn upon it now, in its own size. */
async function overlay(filter, levels) {
  const { width, height } = filter.result;
  const canvas = el("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const all = { x: 0, y: 0, width, height };
  drawPicture(context, levels, filter.result, 1, all);
  drawObjects(context, filter, Math.max(1, Math.min(width, height) / 600), all);
  const blob = await new Promise((made) => canvas.toBlob(made, "image/png"));
  if (!blob) throw new Error(`The browser cannot make a picture of ${width} x ${height} pixels.`);
  return blob;
}

/**
 * The part for one result.
 *
 * @param answer the JSON as the service gave it
 * @param all every result of this run, for the formats that hold many images: [{answer, result}]
 */
export function downloads(filter, levels, answer, all) {
  const { result } = filter;
  const name = stem(result.name);
  const said = el("p", { role: "status" });
  const whole = el("input", { type: "checkbox", name: "all" });
  const shown = () => ({ ...result, objects: filter.objects() });
  const many = () => (whole.checked ? all.map((one) => (one.result === result ? shown() : {
    ...one.result, objects: one.result.objects.filter((object) => filter.passes(object)),
  })) : [shown()]);
  const title = () => (whole.checked ? "results" : name);
  const files = {
    JSON: async () => [`${title()}.json`, json(whole.checked ? all.map((one) => one.answer) : answer)],
  };
  if (result.objects) {
    files["Overlay (PNG)"] = async () => [`${name}-overlay.png`, await overlay(filter, levels)];
    if (result.objects.length && result.objects.every(({ region }) => region)) {
      files["Labels (PNG)"] = async () => {
        if (result.objects.some(({ id }) => id > 0xffff)) throw new Error("16 bits can tell 65535 objects apart, and there are more.");
        return [`${name}-labels.png`, await gray16(result.width, result.height, formats.objectNumbers(shown()))];
      };
    }
    files.GeoJSON = async () => [`${name}.geojson`, json(formats.geoJson(shown()), "application/geo+json")];
    files.CSV = async () => [`${title()}.csv`, text(formats.csv(many()), "text/csv")];
    files.COCO = async () => [`${title()}-coco.json`, json(formats.coco(many()))];
  }
  const take = (make) => async () => {
    try {
      const [file, blob] = await make();
      save(file, blob);
      said.textContent = `${file} is saved.`;
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const count = el("p", { class: "quiet" });
  const say = () => {
    count.textContent = "JSON is the whole answer. " + (result.objects
      ? `The other files hold what is shown: ${counted(filter.objects().length, "object")} of ${result.objects.length}.` : "");
  };
  filter.changed(({ objects }) => { if (objects) say(); });
  say();
  return el("div", {},
    el("div", { class: "buttons" }, ...Object.entries(files).map(([label, make]) =>
      el("button", { type: "button", text: label, onclick: take(make) }))),
    all.length > 1 ? el("label", {}, whole, `All ${all.length} images in one file (JSON, CSV, COCO)`) : null, count, said);
}
