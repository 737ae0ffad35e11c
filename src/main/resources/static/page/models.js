// The part with all models: versions, golden image, verifications, and what they do now.

import { askJson, modelPath } from "./api.js";
import { byId, el, svg, terms } from "./dom.js";
import { counted, decimal, millis, moment } from "./numbers.js";
import { problemPart } from "./words.js";

const EVERY = 2000; // Milliseconds between two looks.
const KEPT = 30; // Looks in the line of latencies.

const histories = new Map(); // By model and version: the newest looks.
let timer = null;
let turn = 0;

/** Requests and their mean time since the look before. */
function live(id, activity) {
  const history = histories.get(id) ?? [];
  const before = history.at(-1);
  const now = { at: performance.now(), ...activity, rate: 0, mean: null };
  if (before && now.requests > before.requests) {
    now.rate = (1000 * (now.requests - before.requests)) / (now.at - before.at);
    now.mean = (now.requestMillis - before.requestMillis) / (now.requests - before.requests);
  }
  histories.set(id, [...history, now].slice(-KEPT));
  return histories.get(id);
}

function line(history) {
  const means = history.map(({ mean }) => mean);
  const most = Math.max(...means.filter((mean) => mean !== null), 1);
  const points = means.map((mean, i) => (mean === null ? null : `${(i * 200) / (KEPT - 1)},${38 - (34 * mean) / most}`)).filter(Boolean);
  return points.length ? svg("svg", { viewBox: "0 0 200 40", class: "spark", role: "img", "aria-label": `Latency, at most ${millis(most)}` },
    svg("polyline", { points: points.join(" ") }), ...points.map((point) => svg("circle", { cx: point.split(",")[0], cy: point.split(",")[1], r: 2 }))) : null;
}

function golden(found) {
  if (!found) return "none";
  return found.verdict === "PASS" ? `${found.image}: as expected (tolerance ${decimal(found.tolerance, 6)})` : `${found.image}: ${found.verdict}`;
}

function verified(found) {
  if (!found) return "";
  const { passed, failed, notApplicable, dropped, last } = found;
  const counts = `${passed} passed, ${failed} failed${notApplicable ? `, ${notApplicable} not applicable` : ""}`
    + (dropped ? `, ${counted(dropped, "sample")} dropped` : "");
  if (!last) return counts;
  const worst = last.worstLayer && Number.isFinite(last.errorRatio) ? `; worst ${last.worstLayer} at ${last.errorRatio.toPrecision(2)} of its tolerance` : "";
  return `${counts}; last ${last.verdict} at ${moment(last.at)}${worst}${last.reason ? ` (${last.reason})` : ""}`;
}

const fit = ({ compared, mismatches, latest }) =>
  `${compared} compared with model.yaml, ${mismatches} do not fit${latest ? `: ${latest}` : ""}`;

function card(model, detail) {
  const { execution, batching, input, activity } = detail;
  const history = activity ? live(`${model.name} ${model.version}`, activity) : [];
  const now = history.at(-1);
  return el("article", { class: "card", "aria-label": `${model.name} version ${model.version}` },
    el("h2", {}, model.name, el("span", { class: `state ${model.state.toLowerCase()}`, text: model.state })),
    el("p", { text: detail.description ?? "" }),
    model.reason ? el("p", { class: "reason", text: model.reason }) : null,
    el("dl", {}, ...terms([
      ["version", model.version + (model.default ? " (default)" : "")], ["task", model.task], ["labels", detail.labels?.join(", ")],
      ["input", input ? `${input.colour}${input.tile ? `, tiles of ${input.tile}` : ""}` : null],
      ["runs on", execution ? `${execution.device}, ${execution.precision}, ${execution.plan}` : null],
      ["workers", execution ? `${execution.workers} with ${counted(execution.threads, "thread")}` : null],
      ["batches of at most", batching?.maxSize], ["license", detail.license],
    ])),
    execution ? el("dl", {}, ...terms([
      ["golden image", golden(detail.golden)], ["verification", verified(detail.verification)],
      ["outputs of traffic", detail.outputs ? fit(detail.outputs) : null],
    ])) : null,
    now ? el("dl", { class: "live" }, ...terms([
      ["queue", `${now.queueDepth} of ${batching.queueCapacity}`], ["requests", now.requests],
      ["requests per second", decimal(now.rate, 2)], ["latency now", now.mean === null ? "no request" : millis(now.mean)],
      ["course", line(history)],
    ])) : null);
}

async function look() {
  const mine = ++turn;
  const part = byId("model-cards");
  try {
    const { models } = await askJson("v1/models");
    const details = await Promise.all(models.map((model) =>
      askJson(modelPath(model.name, `?version=${encodeURIComponent(model.version)}`))
        .catch((problem) => ({ description: problem.detail }))));
    if (mine !== turn) return;
    part.replaceChildren(...(models.length ? models.map((model, i) => card(model, details[i])) : [el("p", { text: "No model is served." })]));
  } catch (problem) {
    if (mine === turn) part.replaceChildren(problemPart(problem, look));
    return;
  }
  if (mine === turn && timer !== null) timer = setTimeout(look, EVERY);
}

/** Shows the part and keeps it up to date. */
export function openModels() {
  clearTimeout(timer);
  timer = 0;
  look();
}

export function closeModels() {
  clearTimeout(timer);
  timer = null;
  turn++;
}
