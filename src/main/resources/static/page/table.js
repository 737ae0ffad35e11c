// The table of objects: sorted by any column, linked to the picture.

import { el } from "./dom.js";
import { counted, decimal } from "./numbers.js";

const FIRST_ROWS = 200; // More are shown when asked for: thousands of rows make a page slow.

const COLUMNS = [
  ["#", (object) => object.id],
  ["Label", (object) => object.label],
  ["Score", (object) => object.score, (value) => value.toFixed(4)],
  ["Area", (object) => object.area, (value) => decimal(value, 1)],
  ["X", (object) => object.box.x, (value) => decimal(value, 1)],
  ["Y", (object) => object.box.y, (value) => decimal(value, 1)],
  ["Width", (object) => object.box.width, (value) => decimal(value, 1)],
  ["Height", (object) => object.box.height, (value) => decimal(value, 1)],
];

const compare = (a, b) => (typeof a === "string" ? (a < b ? -1 : a > b ? 1 : 0) : a - b);

/** A table of the objects that pass the filter. reveal(object) shows one in the picture. */
export function objectTable(filter, reveal) {
  let sorted = { column: 0, down: false };
  let most = FIRST_ROWS;
  let rows = new Map();
  const body = el("tbody");
  const heads = COLUMNS.map(([title], column) => el("th", { scope: "col" },
    el("button", { type: "button", text: title, onclick: () => sort(column) })));
  const foot = el("p", { class: "quiet" });
  const scroll = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Objects" },
    el("table", { class: "objects" }, el("thead", {}, el("tr", {}, ...heads)), body));

  function sort(column) {
    sorted = { column, down: sorted.column === column ? !sorted.down : column === 2 || column === 3 };
    fill();
  }

  function row(object) {
    const choose = () => {
      filter.set({ selected: object });
      reveal(object);
    };
    const cells = COLUMNS.map(([, value, text = String], column) => {
      const shown = text(value(object));
      return el("td", {}, column === 0
        ? el("button", { type: "button", text: shown, "aria-label": `Show ${object.label} ${shown}`, onclick: choose }) : shown);
    });
    return el("tr", {
      onclick: (event) => { if (!event.target.closest("button")) choose(); },
      onpointerenter: () => filter.set({ hovered: object }),
      onpointerleave: () => filter.set({ hovered: null }),
    }, ...cells);
  }

  function fill() {
    const [, value] = COLUMNS[sorted.column];
    const objects = filter.objects().sort((a, b) => (sorted.down ? -1 : 1) * compare(value(a), value(b)));
    rows = new Map(objects.slice(0, most).map((object) => [object, row(object)]));
    body.replaceChildren(...rows.values());
    heads.forEach((head, column) => (column === sorted.column
      ? head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
    foot.replaceChildren(`${counted(objects.length, "object")} of ${filter.result.objects.length}`, ...(objects.length > most
      ? [el("button", { type: "button", text: `Show all ${objects.length}`, onclick: () => { most = Infinity; fill(); } })] : []));
    mark();
  }

  function mark() {
    for (const [object, made] of rows) made.classList.toggle("selected", object === filter.selected);
  }

  /** Within its own scrolled part only: the page stays where it is. */
  function showSelected() {
    const made = rows.get(filter.selected);
    if (made) scroll.scrollTop = made.offsetTop - scroll.clientHeight / 2;
  }

  filter.changed(({ objects, selected }) => {
    if (objects) fill();
    if (selected) {
      mark();
      showSelected();
    }
  });
  fill();
  return el("div", {}, scroll, foot);
}
