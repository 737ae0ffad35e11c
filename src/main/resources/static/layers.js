import { acceptFiles, answer, byId, element, loadModels, runLinkedSample, show, showSamples } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 900;
const ROW = 22;
const TOP = 34;
const LEFT = 290; // Width of the layer names.
const RIGHT = 125; // Width of error / tolerance.

let models = [];
let samples = [];
let latest = 0; // Number of the latest run. Responses to earlier runs are ignored.

const model = () => models.find((m) => m.name === byId("model").value);
const path = (m, verb) => `v1/models/${encodeURIComponent(m.name)}/${verb}`;
const ratio = (call) => (call.maxAbsoluteError === 0 ? 0 : call.maxAbsoluteError / call.tolerance);
const power = (x) => x.toExponential(1);

function shape(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

async function showModel() {
  const m = model();
  const state = m ? `version ${m.version}, ${m.state}${m.reason ? ": " + m.reason : ""}` : "no model";
  byId("model-state").textContent = state;
  showSamples(samples, m, run);
  if (!m || m.state !== "READY") return;
  const { layers } = await (await answer(await fetch(path(m, "layers")))).json();
  const kinds = new Map();
  for (const layer of layers) kinds.set(layer.kind, (kinds.get(layer.kind) ?? 0) + 1);
  const counted = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
  if (m === model()) byId("model-state").textContent = `${state}; ${counted || "no normalization layer"}`;
}

async function run(file) {
  const m = model();
  if (!m) return;
  const turn = ++latest;
  byId("message").className = "";
  byId("message").textContent = `${file.name} ...`;
  const body = new FormData();
  body.append("image", file, file.name);
  try {
    const report = await (await answer(await fetch(path(m, "verify"), { method: "POST", body }))).json();
    if (turn === latest) showReport(file, m, report);
  } catch (error) {
    if (turn === latest) show(error);
  }
}

function showReport(file, m, report) {
  // Failed calls first, then by error / tolerance.
  const calls = [...report.calls].sort((a, b) => (b.verdict === "FAIL") - (a.verdict === "FAIL") || ratio(b) - ratio(a));
  const batches = report.batchInvariance;
  const facts = [["verdict", report.verdict], ["calls", calls.length]];
  if (calls.length) facts.push(["worst error / tolerance", ratio(calls[0]).toPrecision(2)]);
  if (batches) {
    facts.push([`alone against a batch of ${batches.batch}`,
      batches.verdict === "NOT_APPLICABLE" ? "not applicable"
        : batches.bitIdentical ? "bit-identical" : `differs by ${power(batches.maxAbsoluteDifference)}`]);
  }
  byId("message").textContent = file.name;
  byId("facts").replaceChildren(...facts.map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
  byId("reason").textContent = report.reason ?? "";
  byId("chart").replaceChildren(...(calls.length ? [chart(calls), legend()] : []));
  byId("unverified").replaceChildren(...(report.unverified.length ? [
    element("h2", { textContent: "Not verified" }),
    element("ul", {}, ...report.unverified.map((u) => element("li", { textContent: `${u.layer}: ${u.reason}` }))),
  ] : []));
  byId("call").querySelector("pre").textContent =
    `curl -F image=@${file.name} ${location.origin}/${path(m, "verify")}`;
  for (const id of ["facts", "chart", "unverified", "call"]) byId(id).hidden = false;
  byId("reason").hidden = !report.reason;
}

/** A chart with a row for each call: a bar up to its error and a mark at its tolerance, on one logarithmic axis. */
function chart(calls) {
  const values = calls.flatMap((c) => [c.maxAbsoluteError, c.tolerance]).filter((v) => v > 0);
  const low = Math.floor(Math.log10(Math.min(...values, 1)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values, 1e-30))), low + 1);
  const x = (v) => LEFT + (WIDTH - LEFT - RIGHT) * Math.min(1, Math.max(0, (Math.log10(v) - low) / (high - low)));
  const bottom = TOP + calls.length * ROW;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${bottom + 6}`, role: "img",
    "aria-label": "Largest error and tolerance of every call, worst first" });
  const step = Math.ceil((high - low) / 8);
  for (let exponent = low; exponent <= high; exponent += step) {
    const at = x(10 ** exponent);
    svg.append(shape("line", { x1: at, x2: at, y1: TOP - 8, y2: bottom, class: "grid" }),
      shape("text", { x: at, y: TOP - 14, class: "tick" }, `1e${exponent}`));
  }
  svg.append(shape("text", { x: WIDTH, y: TOP - 14, class: "share" }, "error / tolerance"));
  calls.forEach((call, i) => {
    const y = TOP + i * ROW;
    const kind = call.verdict === "FAIL" ? "fail" : "pass";
    const name = call.call > 1 || calls.some((c) => c.layer === call.layer && c !== call)
      ? `${call.layer} (call ${call.call})` : call.layer;
    const end = call.maxAbsoluteError > 0 ? x(call.maxAbsoluteError) : LEFT;
    const mark = x(call.tolerance);
    svg.append(shape("g", { class: `row ${kind}` },
      shape("title", {}, `${name}\nerror ${power(call.maxAbsoluteError)} at [${call.worstIndex}], tolerance ` +
        `${power(call.tolerance)}\n${call.groups} groups of ${call.channels} channels, epsilon ${call.epsilon}, ` +
        `shape [${call.shape}]${call.reason ? "\n" + call.reason : ""}`),
      shape("rect", { x: 0, y, width: WIDTH, height: ROW, class: "hit" }),
      shape("text", { x: LEFT - 10, y: y + 15, class: "name" }, name.length > 42 ? "…" + name.slice(-41) : name),
      shape("rect", { x: LEFT, y: y + 6, width: Math.max(0, end - LEFT), height: 10, class: "error" }),
      shape("line", { x1: mark, x2: mark, y1: y + 2, y2: y + 20, class: "tolerance" }),
      shape("text", { x: WIDTH, y: y + 15, class: "share" }, ratio(call).toPrecision(2))));
  });
  return svg;
}

function legend() {
  return element("figcaption", { textContent: "Bar: the largest error in relation to its tolerance. " +
    "Mark: the tolerance, which a correct float32 kernel does not exceed at that element. Worst first; logarithmic scale." });
}

byId("model").addEventListener("change", () => showModel().catch(show));
acceptFiles(run);

fetch("samples/samples.json")
  .then((response) => (response.ok ? response.json() : []))
  .then((list) => {
    samples = list;
    return loadModels(byId("model"), () => true, (found) => { models = found; return showModel(); });
  })
  .then(() => runLinkedSample(samples, showModel))
  .catch(show);
