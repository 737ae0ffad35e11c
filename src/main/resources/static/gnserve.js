import { acceptFiles, answer, byId, element, loadModels, runLinkedSample, show, showSamples } from "./page.js";

const verbs = { segmentation: "segment", detection: "detect", classification: "classify", embedding: "embed", regression: "estimate" };
const stages = [
  ["decodeMillis", "decode", "#4e79a7"],
  ["preprocessMillis", "preprocess", "#76b7b2"],
  ["queueMillis", "queue", "#bab0ac"],
  ["inferenceMillis", "inference", "#e15759"],
  ["postprocessMillis", "postprocess", "#f28e2b"],
];
let models = [];
let samples = [];
let latest = 0; // Number of the latest run. Responses to earlier runs are ignored.

function model() {
  return models.find((m) => m.name === byId("model").value);
}

function showState() {
  const m = model();
  byId("model-state").textContent = m ? `${m.task}, version ${m.version}, ${m.state}${m.reason ? ": " + m.reason : ""}` : "no model";
  showSamples(samples, m, run);
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
      ["classification", "embedding"].includes(m.task) ? null : send("image/png").then((r) => r.blob()),
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
  } else if (m.task === "classification") {
    for (const head of image.heads ?? [{ predictions: image.predictions }]) {
      for (const p of head.predictions) facts.push([head.name ? `${head.name}: ${p.label}` : p.label, `${(100 * p.score).toFixed(1)} %`]);
    }
  } else if (m.task === "regression") {
    for (const map of image.maps) facts.push([map.label, `${map.minimum.toPrecision(3)} to ${map.maximum.toPrecision(3)} ${map.unit ?? ""}`]);
  } else if (m.task === "embedding") {
    facts.push(["dimensions", image.dimensions], ["first values", image.embedding.slice(0, 4).map((v) => v.toPrecision(3)).join(", ")]);
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
    byId(id).parentElement.hidden = !blob;
    if (blob) byId(id).src = URL.createObjectURL(blob);
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
    `curl -F image=@${file.name} ${location.origin}/${path}` +
    (picture ? `\ncurl -F image=@${file.name} -H 'Accept: image/png' -o overlay.png ${location.origin}/${path}` : "");
  for (const id of ["facts", "pictures", "timing", "call"]) byId(id).hidden = false;
}

byId("model").addEventListener("change", showState);
acceptFiles(run);

fetch("samples/samples.json")
  .then((response) => (response.ok ? response.json() : []))
  .then((list) => {
    samples = list;
    return loadModels(byId("model"), (m) => verbs[m.task], (found) => { models = found; showState(); });
  })
  .then(() => runLinkedSample(samples, showState))
  .catch(show);
