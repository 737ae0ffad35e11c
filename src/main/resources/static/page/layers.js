// The chart of a verification: every call of a Group Normalization with its error and its tolerance.

import { el, svg } from "./dom.js";
import { power } from "./numbers.js";

const WIDTH = 900;
const ROW = 22;
const TOP = 34;
const LEFT = 290; // Width of the layer names.
const RIGHT = 125; // Width of error / tolerance.

export const ratio = (call) => (call.maxAbsoluteError === 0 ? 0 : call.maxAbsoluteError / call.tolerance);

/** Failed calls first, then by error / tolerance. */
export const worstFirst = (calls) =>
  [...calls].sort((a, b) => (b.verdict === "FAIL") - (a.verdict === "FAIL") || ratio(b) - ratio(a));

/** A row for each call: a bar up to its error and a mark at its tolerance, on one logarithmic axis. */
export function chart(calls) {
  const values = calls.flatMap((call) => [call.maxAbsoluteError, call.tolerance]).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...values, 1)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values, 1e-30))), low + 1);
  const x = (value) => LEFT + (WIDTH - LEFT - RIGHT) * Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low)));
  const bottom = TOP + calls.length * ROW;
  const step = Math.ceil((high - low) / 8);
  const axis = [];
  for (let exponent = low; exponent <= high; exponent += step) {
    const at = x(10 ** exponent);
    axis.push(svg("line", { x1: at, x2: at, y1: TOP - 8, y2: bottom, class: "grid" }),
      svg("text", { x: at, y: TOP - 14, class: "tick" }, `1e${exponent}`));
  }
  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${bottom + 6}`, role: "img", "aria-label": "Largest error and tolerance of every call, worst first",
  }, ...axis, svg("text", { x: WIDTH, y: TOP - 14, class: "end" }, "error / tolerance"), ...calls.map((call, i) => row(call, calls, TOP + i * ROW, x)));
  return el("figure", { class: "chart" }, el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Layers" }, picture),
    el("figcaption", { text: "Bar: the largest error in relation to its tolerance. Mark: the tolerance, which a correct float32"
      + " kernel does not exceed at that element. Worst first; logarithmic scale." }));
}

function row(call, calls, y, x) {
  const name = call.call > 1 || calls.some((other) => other.layer === call.layer && other !== call)
    ? `${call.layer} (call ${call.call})` : call.layer;
  const end = call.maxAbsoluteError > 0 ? x(call.maxAbsoluteError) : LEFT;
  const mark = x(call.tolerance);
  return svg("g", { class: `row ${call.verdict === "FAIL" ? "fail" : "pass"}` },
    svg("title", {}, `${name}\nerror ${power(call.maxAbsoluteError)} at [${call.worstIndex}], tolerance ${power(call.tolerance)}\n`
      + `${call.groups} groups of ${call.channels} channels, epsilon ${call.epsilon}, shape [${call.shape}]`
      + (call.reason ? `\n${call.reason}` : "")),
    svg("rect", { x: 0, y, width: WIDTH, height: ROW, class: "hit" }),
    svg("text", { x: LEFT - 10, y: y + 15, class: "name" }, name.length > 42 ? `…${name.slice(-41)}` : name),
    svg("rect", { x: LEFT, y: y + 6, width: Math.max(0, end - LEFT), height: 10, class: "error" }),
    svg("line", { x1: mark, x2: mark, y1: y + 2, y2: y + 20, class: "tolerance" }),
    svg("text", { x: WIDTH, y: y + 15, class: "share" }, ratio(call).toPrecision(2)));
}
