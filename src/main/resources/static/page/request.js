// Requests of each task: their paths and parameters.

import { modelPath } from "./api.js";
import { byId, el } from "./dom.js";

export const VERBS = {
  segmentation: "segment", detection: "detect", classification: "classify", embedding: "embed", regression: "estimate",
};

/** Parameters that the page itself sets: it shows the picture of the service, not the values of each pixel. */
const OWN = { regression: { values: "none" } };

const number = (name, title, attributes) => ({ name, title, attributes: { type: "number", ...attributes } });
const THRESHOLD = { min: 0, max: 1, step: "any", placeholder: "of the model" };

/** The parameters that the page offers, by task. Left empty, the model decides. */
const FIELDS = {
  segmentation: [number("threshold", "Least probability of a pixel", THRESHOLD)],
  detection: [
    number("threshold", "Least score", THRESHOLD),
    number("iou", "Overlap that suppresses", THRESHOLD),
    number("maxDetections", "Most boxes", { min: 1, max: 10000, step: 1, placeholder: "of the model" }),
    { name: "agnostic", title: "Boxes of different labels suppress each other", attributes: { type: "checkbox" } },
  ],
  classification: [number("top", "Labels in the answer", { min: 1, step: 1, placeholder: "5" })],
  embedding: [],
  regression: [],
};

/** Shows the fields of a task and a button that sends the images again. */
export function showOptions(task, again) {
  const form = byId("options");
  const fields = FIELDS[task] ?? [];
  byId("options-part").hidden = !fields.length;
  form.replaceChildren(...fields.map(({ name, title, attributes }) =>
    el("label", {}, title, el("input", { name, ...attributes }))), el("button", { type: "submit", text: "Run again" }));
  form.onsubmit = (event) => { event.preventDefault(); again(); };
}

/** Whether the fields have values that are allowed; shows which has not. */
export function optionsAreValid() {
  if (byId("options").checkValidity()) return true;
  byId("options-part").open = true;
  byId("options").reportValidity();
  return false;
}

/** What the fields say: only parameters that are set. */
export function chosenOptions() {
  const chosen = {};
  for (const field of byId("options").elements) {
    if (field.type === "checkbox" ? field.checked : field.name && field.value !== "") {
      chosen[field.name] = field.type === "checkbox" ? true : field.valueAsNumber;
    }
  }
  return chosen;
}

/** The path of a request, below the page's own. */
export function requestPath(model, page, options, verb = VERBS[model.task]) {
  const query = new URLSearchParams({ version: model.version, ...(verb === VERBS[model.task] ? OWN[model.task] : {}), ...options });
  if (page > 1) query.set("page", page);
  return modelPath(model.name, `/${verb}?${query}`);
}
