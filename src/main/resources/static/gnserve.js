"use strict";

const byId = (id) => document.getElementById(id);
const verbs = { segmentation: "segment", detection: "detect" };
const stages = [
  ["decodeMillis", "decode", "#4e79a7"],
  ["preprocessMillis", "preprocess", "#76b7b2"],
  ["queueMillis", "queue", "#bab0ac"],
  ["inferenceMillis", "inference", "#e15759"],
  ["postprocessMillis", "postprocess", "#f28e2b"],
];
let models = [];
let samples = [];
let latest = 0; // A newer choice makes the answers of an older one stale.

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

async function answer(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ title: response.statusText, detail: "" }));
  throw new Error(`${problem.title}\n${problem.detail}`);
}

async function loadModels() {
  models = (await (await answer(await fetch("v1/models"))).json()).models.filter((m) => verbs[m.task]);
  const select = byId("model");
  const chosen = select.value;
  select.replaceChildren(...models.map((m) => element("option", { value: m.name, textContent: m.name })));
  if (models.some((m) => m.name === chosen)) select.value = chosen;
  showState();
  if (models.some((m) => m.state === "LOADING")) setTimeout(() => loadModels().catch(show), 1000);
}

function model() {
  return models.find((m) => m.name === byId("model").value);
}

function showState() {
  const m = model();
  byId("model-state").textContent = m ? `${m.task}, version ${m.version}, ${m.state}${m.reason ? ": " + m.reason : ""}` : "no model";
  const mine = samples.filter((s) => m && s.model === m.name);
  byId("samples").replaceChildren(...mine.map((sample) => {
    const button = element("button", { type: "button", title: sample.title },
      element("img", { src: sample.file, alt: "" }), sample.title);
    button.addEventListener("click", async () => {
      const blob = await (await fetch(sample.file)).blob();
      run(new File([blob], sample.file.split("/").pop(), { type: blob.type }));
    });
    return button;
  }));
}

function show(error) {
  byId("message").className = "problem";
  byId("message").textContent = error.message;
  for (const id of ["facts", "pictures", "timing", "call"]) byId(id).hidden = true;
}

async function run(file) {
  const m = model();
  if (!m) return;
  const turn = ++latest;
  byId("message").className = "";
  byId("message").textContent = `${file.name} ...`;
  const path = `v1/models/${encodeURIComponent(m.name)}/${verbs[m.task]}`;
  const send = (accept) => {
    const body = new FormData();
    body.append("image", file, file.name);
    return fetch(path, { method: "POST", body, headers: { Accept: accept } }).then(answer);
  };
  try {
    const [result, picture] = await Promise.all([
      send("application/json").then((r) => r.json()),
      send("image/png").then((r) => r.blob()),
    ]);
    if (turn !== latest) return;
    showResult(file, m, path, result.images[0], picture);
  } catch (error) {
    if (turn === latest) show(error);
  }
}

function showResult(file, m, path, image, picture) {
  byId("message").textContent = file.name;
  const facts = [["size", `${image.width} x ${image.height}`]];
  if (m.task === "segmentation") {
    facts.push(["objects", image.objects.length]);
    for (const c of image.classes) facts.push([c.label, `${(100 * c.fraction).toFixed(1)} %`]);
  } else {
    const counts = new Map();
    for (const d of image.detections) counts.set(d.label, (counts.get(d.label) ?? 0) + 1);
    facts.push(...counts);
  }
  const total = stages.reduce((sum, [key]) => sum + image.timing[key], 0);
  facts.push(["time", `${total.toFixed(1)} ms`], ["tiles", image.timing.tiles], ["batch size", image.timing.batchSize]);
  byId("facts").replaceChildren(...facts.map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
  for (const [id, blob] of [["input", file], ["overlay", picture]]) {
    URL.revokeObjectURL(byId(id).src);
    byId(id).src = URL.createObjectURL(blob);
  }
  const bar = element("div", { className: "bar" });
  const legend = element("div", { className: "legend" });
  for (const [key, name, colour] of stages) {
    const millis = image.timing[key];
    const part = element("span", { title: `${name} ${millis.toFixed(1)} ms` });
    part.style.background = colour;
    part.style.flexGrow = millis;
    bar.append(part);
    const swatch = element("i", {});
    swatch.style.background = colour;
    legend.append(element("span", {}, swatch, `${name} ${millis.toFixed(1)} ms`));
  }
  byId("timing").replaceChildren(bar, legend);
  byId("call").querySelector("pre").textContent =
    `curl -F image=@${file.name} ${location.origin}/${path}\n` +
    `curl -F image=@${file.name} -H 'Accept: image/png' -o overlay.png ${location.origin}/${path}`;
  for (const id of ["facts", "pictures", "timing", "call"]) byId(id).hidden = false;
}

byId("model").addEventListener("change", showState);
byId("file").addEventListener("change", (event) => {
  if (event.target.files.length) run(event.target.files[0]);
  event.target.value = "";
});
const drop = byId("drop");
drop.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") byId("file").click(); });
for (const type of ["dragenter", "dragover"]) {
  drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const type of ["dragleave", "drop"]) {
  drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.remove("over"); });
}
drop.addEventListener("drop", (event) => { if (event.dataTransfer.files.length) run(event.dataTransfer.files[0]); });

fetch("samples/samples.json")
  .then((response) => (response.ok ? response.json() : []))
  .then((list) => { samples = list; return loadModels(); })
  .then(() => { // A link to a sample, as in /#sample=2, shows it at once.
    const linked = /^#sample=(\d+)$/.exec(location.hash);
    const sample = linked && samples[linked[1] - 1];
    if (!sample) return;
    byId("model").value = sample.model;
    showState();
    for (const button of byId("samples").children) if (button.title === sample.title) button.click();
  })
  .catch(show);
