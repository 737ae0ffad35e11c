// The part that says why the result of the shown image can be trusted: how it ran, its time by stage, and its layers against float64.

import { askJson, askPatiently, jsonOf, modelPath } from "./api.js";
import { el, terms } from "./dom.js";
import { chart, ratio, worstFirst } from "./layers.js";
import { counted, millis, power } from "./numbers.js";
import { requestPath } from "./request.js";
import { problemPart } from "./words.js";

const STAGES = ["decode", "preprocess", "queue", "inference", "postprocess"];

/** The time by stage as a bar. */
export function timingBar(timing) {
  const times = STAGES.map((stage) => [stage, timing[`${stage}Millis`]]);
  const total = times.reduce((sum, [, time]) => sum + time, 0);
  const bar = el("div", { class: "bar", role: "img", "aria-label": `Time by stage, ${millis(total)} in all` });
  const legend = el("ul", { class: "legend" });
  for (const [stage, time] of times) {
    const part = el("span", { class: stage, title: `${stage} ${millis(time)}` });
    part.style.flexGrow = time;
    bar.append(part);
    legend.append(el("li", {}, el("i", { class: `swatch ${stage}` }), `${stage} ${millis(time)}`));
  }
  return el("div", {}, bar, legend, el("dl", {}, ...terms([["in all", millis(total)], ["tiles", timing.tiles],
    ["largest batch", timing.batchSize]])));
}

/** How the model runs. */
function execution(model) {
  const part = el("dl");
  askJson(modelPath(model.name, `?version=${encodeURIComponent(model.version)}`)).then(({ execution: runs }) => {
    part.append(...terms([["model", `${model.name} ${model.version}`], ...(runs ? [["device", runs.device],
      ["plan", runs.plan], ["precision", runs.precision], ["workers", `${runs.workers} with ${counted(runs.threads, "thread")}`]] : [])]));
  }, (problem) => part.replaceWith(problemPart(problem)));
  return part;
}

function alone(batches) {
  if (!batches) return null;
  const says = batches.verdict === "NOT_APPLICABLE" ? `not applicable: ${batches.reason}`
    : batches.bitIdentical ? "bit-identical"
      : `differs by ${power(batches.maxAbsoluteDifference)}; ${batches.resultChanged ? "the result changes" : "the result stays the same"}`;
  return [`alone against a batch of ${batches.batch}`, says];
}

function report({ verdict, calls, batchInvariance, unverified, reason }) {
  const ordered = worstFirst(calls);
  const batches = alone(batchInvariance);
  return el("div", {},
    el("dl", {}, ...terms([["verdict", verdict], ["calls", calls.length],
      ["worst error / tolerance", ordered.length ? ratio(ordered[0]).toPrecision(2) : null], ...(batches ? [batches] : [])])),
    reason ? el("p", { text: reason }) : null,
    ordered.length ? chart(ordered) : null,
    unverified.length ? el("div", {}, el("h4", { text: "Not verified" }), el("ul", {}, ...unverified.map((one) =>
      el("li", { text: `${one.layer}: ${one.reason}` })))) : null);
}

/** Runs the verification of an image, and shows it. */
function verification(item, signal) {
  const part = el("div");
  async function run() {
    part.replaceChildren(el("p", { role: "status", text: "The model runs again, and each Group Normalization is compared with float64 …" }));
    try {
      const body = new FormData();
      body.append("image", item.file, item.name);
      const path = requestPath(item.model, item.page, {}, "verify");
      part.replaceChildren(report(await jsonOf(await askPatiently(path, { method: "POST", body, signal }))));
    } catch (problem) {
      if (problem.name !== "AbortError") part.replaceChildren(problemPart(problem, run));
    }
  }
  run();
  return part;
}

/** The whole part. The signal ends its requests when another result is shown. */
export function trust(item, signal) {
  return el("div", {}, el("h3", { text: "How it ran" }), execution(item.model), el("h3", { text: "Time by stage" }),
    timingBar(item.result.timing), el("h3", { text: "Layers and their error" }), verification(item, signal));
}
