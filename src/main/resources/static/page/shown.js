// Shows the result of one item.

import { byId, el, terms } from "./dom.js";
import { downloads } from "./download.js";
import { Filter } from "./filter.js";
import { histograms } from "./histogram.js";
import { showLook } from "./look.js";
import { decimal, millis, percent } from "./numbers.js";
import { kindOf, levelsOf, pictureOf } from "./picture.js";
import { requestPath } from "./request.js";
import { snippets } from "./snippets.js";
import { objectTable } from "./table.js";
import { tabs } from "./tabs.js";
import { trust } from "./trust.js";

let viewer = null;
let work = new AbortController(); // Ends when another item is shown.
let openTab = location.hash === "#trust" ? "Trust" : undefined;

/** Takes the result off the page, and ends what still runs for it. */
export function clearShown() {
  work.abort();
  viewer?.close();
  viewer = null;
  byId("shown").hidden = true;
  byId("preparing").textContent = "";
}

/**
 * Shows an item that is done.
 *
 * @param others all items of the run
 * @param turnTo is told another page of the file
 */
export async function showItem(item, others, turnTo) {
  clearShown();
  work = new AbortController();
  const { signal } = work;
  const { result } = item;
  byId("name").textContent = item.name;
  showPages(item, turnTo, signal);
  byId("preparing").textContent = `${item.name}: the picture is being prepared …`; // Of a large one, for seconds.
  const picture = await pictureOf(item, result, signal).catch((error) => (signal.aborted ? null : Promise.reject(error)));
  const levels = picture?.bitmap ? await levelsOf(picture.bitmap) : [];
  if (signal.aborted) {
    for (const { bitmap } of levels) bitmap.close();
    return;
  }
  byId("preparing").textContent = "";
  const filter = new Filter(result);
  showFacts(item, filter);
  byId("shown").hidden = false;
  viewer = showLook(byId("look"), filter, levels, picture.note);
  const all = others.filter((other) => other.result).map(({ answer, result: one }) => ({ answer, result: one }));
  byId("more").replaceChildren(tabs("More", [
    ...(result.objects ? [["Objects", () => el("div", {}, histograms(filter), objectTable(filter, (object) => viewer.reveal(object)))]]
      : [["Values", () => values(result)]]),
    ["Download", () => downloads(filter, levels, item.answer, all)],
    ["Code", () => snippets(item, requestPath(item.model, item.page, item.options))],
    ["Trust", () => trust(item, signal)],
  ], { open: openTab, opened: (title) => { openTab = title; } }));
}

function showFacts({ result }, filter) {
  const count = el("span");
  const say = () => { count.textContent = filter.objects().length; };
  const times = Object.entries(result.timing).filter(([name]) => name.endsWith("Millis"));
  byId("facts").replaceChildren(...terms([
    ["size", `${result.width} x ${result.height}${result.volume ? ` x ${result.volume.depth}` : ""}`],
    ["objects", result.volume ? result.volume.objects.length : result.objects ? count : null],
    ...(result.classes ?? []).map(({ label, fraction }) => [label, percent(fraction)]),
    ...(result.heads ?? []).map(({ name, predictions }) => [name || "best", predictions[0]?.label ?? "none"]),
    ...(result.maps ?? []).map(({ label, unit, minimum, maximum }) =>
      [label, `${minimum.toPrecision(3)} to ${maximum.toPrecision(3)} ${unit ?? ""}`]),
    ...(result.embedding ? [["dimensions", result.embedding.length]] : []),
    ["time", millis(times.reduce((sum, [, time]) => sum + time, 0))],
  ]));
  if (result.objects) {
    filter.changed(({ objects }) => { if (objects) say(); });
    say();
  }
}

/** A TIFF has pages that can be chosen; of an animation the service reads the first picture only. */
async function showPages(item, turnTo, signal) {
  const part = byId("pages");
  part.hidden = true;
  const { page } = item.result;
  if (!page || page.of < 2) return;
  const chosen = (await kindOf(item.file)) === "tiff";
  if (signal.aborted) return;
  part.hidden = false;
  if (!chosen) {
    part.replaceChildren(`The first of ${page.of} pictures.`);
    return;
  }
  const button = (label, number) => el("button", {
    type: "button", "aria-label": label, title: label, disabled: number < 1 || number > page.of,
    text: number < page.number ? "‹" : "›", onclick: () => turnTo(number),
  });
  const field = el("input", {
    type: "number", min: 1, max: page.of, value: page.number, "aria-label": "Page",
    onchange: (event) => { if (event.target.checkValidity() && event.target.value) turnTo(event.target.valueAsNumber); },
  });
  part.replaceChildren(button("Page before", page.number - 1), field, ` of ${page.of} pages`, button("Next page", page.number + 1));
}

/** Objects of a volume, labels with their scores, statistics of maps, or the first values of an embedding. */
function values({ volume, heads, maps, embedding }) {
  if (volume) {
    return plainTable(["#", "Label", "Score", "Voxels", "X", "Y", "Z"], volume.objects.map(({ id, label, score, voxels, centroid }) =>
      [String(id), label, score.toFixed(4), String(voxels), decimal(centroid.x, 1), decimal(centroid.y, 1), decimal(centroid.z, 1)]));
  }
  if (embedding) {
    return el("ol", { class: "values" }, ...embedding.slice(0, 24).map((value) => el("li", { text: value.toPrecision(4) })),
      embedding.length > 24 ? el("li", { class: "quiet", text: `and ${embedding.length - 24} more: see JSON` }) : null);
  }
  if (maps) {
    return plainTable(["Values", "Minimum", "Maximum", "Mean", "Standard deviation", "Unit"],
      maps.map((map) => [map.label, ...[map.minimum, map.maximum, map.mean, map.standardDeviation].map((value) => value.toPrecision(4)), map.unit ?? ""]));
  }
  const several = heads.length > 1;
  return plainTable([...(several ? ["Output"] : []), "Label", "Score"], heads.flatMap(({ name, predictions }) => predictions.map(({ label, score }) =>
    [...(several ? [name] : []), label, el("span", {}, el("meter", { min: 0, max: 1, value: score, "aria-label": label }), ` ${decimal(score)}`)])));
}

function plainTable(heads, rows) {
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Values" }, el("table", { class: "plain" },
    el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell)))))));
}
