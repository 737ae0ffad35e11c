// The samples that come with the embedded models.

import { byId, el } from "./dom.js";

/** The list [{model, file, title}]; empty where there is none. */
export const loadSamples = () => fetch("samples/samples.json").then((response) => (response.ok ? response.json() : []), () => []);

/** The sample as a file to send. */
export async function fileOf(sample) {
  const blob = await (await fetch(sample.file)).blob();
  return { file: new File([blob], sample.file.split("/").pop(), { type: blob.type }), name: sample.file.split("/").pop(), sample };
}

/** Shows a button for each sample. run(sample) sends it. */
export function showSamples(samples, run) {
  byId("sample-part").hidden = !samples.length;
  byId("samples").replaceChildren(...samples.map((sample) => el("button", { type: "button", onclick: () => run(sample) },
    el("img", { src: sample.file, alt: "", loading: "lazy" }), el("span", { text: sample.title }))));
}
