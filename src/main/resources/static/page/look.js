// The part of a result in which it is looked at: toolbar, canvases, and what is under the pointer.

import { colour } from "./colours.js";
import { el } from "./dom.js";
import { decimal } from "./numbers.js";
import { Viewer } from "./viewer.js";

const NAMES = { masks: "Masks", outlines: "Outlines", boxes: "Boxes", labels: "Labels", points: "Points" };

/** What an object is, in words. */
export function tell(object) {
  return `${object.label} ${object.id}, score ${object.score.toFixed(3)}, area ${decimal(object.area, 1)} px`;
}

function toggles(filter) {
  const { objects } = filter.result;
  const masks = objects.some((object) => object.region);
  const points = objects.some((object) => object.keypoints.length);
  const offered = Object.keys(NAMES).filter((name) =>
    ["masks", "outlines"].includes(name) ? masks : name === "points" ? points : true);
  return el("div", { class: "toggles", role: "group", "aria-label": "What is drawn" }, ...offered.map((name) =>
    el("label", {}, el("input", {
      type: "checkbox", name, checked: filter.show[name],
      onchange: (event) => filter.set({ show: { ...filter.show, [name]: event.target.checked } }),
    }), NAMES[name])));
}

function slider(id, title, value, changed) {
  const shown = el("output", { for: id, text: value.toFixed(2) });
  return el("label", { class: "slider", for: id }, `${title} `, el("input", {
    type: "range", id, min: 0, max: 1, step: 0.01, value,
    oninput: (event) => {
      shown.textContent = event.target.valueAsNumber.toFixed(2);
      changed(event.target.valueAsNumber);
    },
  }), shown);
}

function classFilter(filter) {
  const { objects, labels } = filter.result;
  const counts = new Map();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  const names = [...new Set([...labels.filter((label) => counts.has(label)), ...counts.keys()])];
  if (names.length < 2) return null;
  return el("div", { class: "toggles", role: "group", "aria-label": "Classes" }, ...names.map((label) => {
    const swatch = el("i", { class: "swatch" });
    swatch.style.background = colour(Math.max(0, labels.indexOf(label)));
    return el("label", {}, el("input", {
      type: "checkbox", name: `class-${label}`, checked: true,
      onchange: (event) => {
        const hidden = new Set(filter.hidden);
        if (event.target.checked) hidden.delete(label);
        else hidden.add(label);
        filter.set({ hidden });
      },
    }), swatch, `${label} (${counts.get(label)})`);
  }));
}

/** Fills the part. Returns the viewer, to be closed when another result is shown. */
export function showLook(part, filter, levels, note) {
  const { width, height, objects, name } = filter.result;
  const canvas = (label) => {
    const made = el("canvas", { tabindex: 0, role: "application", "aria-label": label, class: "picture" });
    made.style.aspectRatio = `${width} / ${height}`;
    return made;
  };
  const drawn = canvas(`${name} with what was found. Arrow keys move, plus and minus zoom, 0 shows all.`);
  const plain = canvas(`${name} as it was sent. Arrow keys move, plus and minus zoom, 0 shows all.`);
  const other = el("figure", { hidden: true }, plain, el("figcaption", { text: "original" }));
  const under = el("span", { id: "under", role: "status" });
  const viewer = new Viewer([{ canvas: drawn, overlay: true }, { canvas: plain, overlay: false }], levels, filter);
  const button = (text, label, does) => el("button", { type: "button", "aria-label": label, title: label, onclick: does, text });
  const beside = el("button", {
    type: "button", "aria-pressed": "false", text: "Side by side",
    onclick: () => {
      other.hidden = !other.hidden;
      beside.setAttribute("aria-pressed", String(!other.hidden));
      views.classList.toggle("two", !other.hidden);
    },
  });
  const views = el("div", { class: "views" }, el("figure", {}, drawn, el("figcaption", {}, under)), other);
  const say = () => {
    const object = filter.hovered ?? filter.selected;
    under.textContent = object ? tell(object) : objects ? "Point at an object, or click it." : "";
  };
  filter.changed(say);
  say();
  part.replaceChildren(
    el("div", { class: "toolbar", role: "toolbar", "aria-label": "Picture" },
      button("+", "Zoom in", () => viewer.zoom(1.5)), button("−", "Zoom out", () => viewer.zoom(1 / 1.5)),
      button("Fit", "Fit the picture", () => viewer.fit()), button("1:1", "1:1, actual size", () => viewer.actualSize()), beside),
    objects ? el("div", { class: "controls" }, toggles(filter),
      slider("least", "Least score", filter.least, (least) => filter.set({ least })),
      objects.some((object) => object.region) ? slider("opacity", "Opacity", filter.opacity, (opacity) => filter.set({ opacity })) : null,
      classFilter(filter)) : "",
    note ? el("p", { class: "note", text: note }) : "", views);
  return viewer;
}
