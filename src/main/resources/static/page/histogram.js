// Histograms of the areas and scores of the objects that are shown.

import { el, svg } from "./dom.js";
import { counted, decimal } from "./numbers.js";

const BINS = 20;
const WIDTH = 320;
const HEIGHT = 110;
const FOOT = 18;

function median(sorted) {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The chart of some values between two ends. */
function histogram(title, unit, values, from, to, places) {
  const bins = new Array(BINS).fill(0);
  for (const value of values) bins[Math.min(BINS - 1, Math.floor((BINS * (value - from)) / (to - from || 1)))]++;
  const most = Math.max(1, ...bins);
  const sorted = [...values].sort((a, b) => a - b);
  const text = (value) => decimal(value, places) + unit;
  const summary = values.length
    ? `${title} of ${counted(values.length, "object")}: ${text(sorted[0])} to ${text(sorted.at(-1))}, median ${text(median(sorted))}`
    : `${title}: no object`;
  const step = WIDTH / BINS;
  return el("figure", { class: "histogram" }, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`, role: "img", "aria-label": summary },
    ...bins.map((count, i) => svg("rect", {
      x: i * step + 1, width: step - 2, y: HEIGHT - (count / most) * (HEIGHT - 4), height: (count / most) * (HEIGHT - 4),
    }, svg("title", {}, `${text(from + (i * (to - from)) / BINS)} to ${text(from + ((i + 1) * (to - from)) / BINS)}: ${count}`))),
    svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }),
    svg("text", { x: 0, y: HEIGHT + FOOT - 4 }, text(from)),
    svg("text", { x: WIDTH, y: HEIGHT + FOOT - 4, class: "end" }, text(to))),
  el("figcaption", { text: summary }));
}

/** Both histograms, which follow the filter. */
export function histograms(filter) {
  const part = el("div", { class: "histograms" });
  const largest = filter.result.objects.reduce((most, { area }) => Math.max(most, area), 0);
  const fill = () => {
    const objects = filter.objects();
    part.replaceChildren(
      histogram("Areas", " px", objects.map(({ area }) => area), 0, largest || 1, 0),
      histogram("Scores", "", objects.map(({ score }) => score), 0, 1, 3));
  };
  filter.changed(({ objects }) => { if (objects) fill(); });
  fill();
  return part;
}
