// Tabs as the ARIA Authoring Practices describe them: arrow keys go from tab to tab.

import { el } from "./dom.js";

let made = 0;

/**
 * Tabs, of which the first, or the one named, is open.
 *
 * @param pages [[title, make]]: make() gives the content when the tab is opened for the first time
 * @param opened is told the title of a tab that opens
 */
export function tabs(label, pages, { open: first = pages[0][0], opened = () => {} } = {}) {
  const id = `tabs-${++made}`;
  const panels = pages.map(([title], i) =>
    el("div", { role: "tabpanel", id: `${id}-panel-${i}`, "aria-labelledby": `${id}-tab-${i}`, hidden: true }));
  const buttons = pages.map(([title], i) => el("button", {
    type: "button", role: "tab", id: `${id}-tab-${i}`, "aria-controls": `${id}-panel-${i}`, text: title,
    onclick: () => open(i), onkeydown: (event) => turn(event, i),
  }));
  const filled = new Set();

  function open(chosen) {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", String(i === chosen));
      button.tabIndex = i === chosen ? 0 : -1;
      panels[i].hidden = i !== chosen;
    });
    opened(pages[chosen][0]);
    if (filled.has(chosen)) return;
    filled.add(chosen);
    panels[chosen].append(pages[chosen][1]());
  }

  function turn(event, i) {
    const last = buttons.length - 1;
    const next = { ArrowRight: i === last ? 0 : i + 1, ArrowLeft: i === 0 ? last : i - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    open(next);
    buttons[next].focus();
  }

  open(Math.max(0, pages.findIndex(([title]) => title === first)));
  return el("div", { class: "tabs" }, el("div", { role: "tablist", "aria-label": label }, ...buttons), ...panels);
}
