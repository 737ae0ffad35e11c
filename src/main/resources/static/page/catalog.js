// The models that can be chosen, kept up to date while one is loading.

import { askJson } from "./api.js";
import { byId, el } from "./dom.js";
import { VERBS } from "./request.js";

const AGAIN = 1000;

const same = (a, b) => a && b && a.name === b.name && a.version === b.version;

export class Catalog {
  models = [];
  chosen = null;
  #timer;
  #changed;
  #failed;
  #told = "";
  #preferred = null;

  /**
   * @param changed is told the chosen model, and whether it is another one than before or has become ready
   * @param failed is told why there is no list
   */
  constructor(changed, failed) {
    this.#changed = changed;
    this.#failed = failed;
    byId("model").addEventListener("change", (event) => this.choose(this.models[event.target.selectedIndex]));
  }

  async load() {
    clearTimeout(this.#timer);
    let found;
    try {
      found = (await askJson("v1/models")).models.filter((model) => VERBS[model.task]);
    } catch (problem) {
      this.#failed(problem);
      return;
    }
    // Those of one task lie beside each other; the index in the list is that of the option.
    this.models = found.sort((a, b) => (a.task === b.task ? 0 : a.task < b.task ? 1 : -1));
    const before = this.chosen;
    const now = this.models.find((model) => same(model, before))
      ?? this.named(this.#preferred) ?? this.models.find((model) => model.state === "READY" && model.default)
      ?? this.models.find(({ state }) => state === "READY") ?? this.models[0] ?? null;
    this.chosen = now;
    this.#show();
    this.#changed(now, !same(before, now) || before.state !== now.state);
    if (this.models.some(({ state }) => state === "LOADING")) this.#timer = setTimeout(() => this.load(), AGAIN);
  }

  /** Empties the list. */
  forget() {
    this.models = [];
    this.chosen = null;
    byId("sample-part").hidden = true;
    this.#show();
    byId("model-state").textContent = "";
  }

  /** Chooses a model of the list. */
  choose(model) {
    if (!model || same(model, this.chosen)) return;
    this.chosen = model;
    this.#show();
    this.#changed(model, true);
  }

  /** Chooses a model by its name before the first list. */
  prefer(name) {
    this.#preferred = name;
  }

  named(name) {
    const versions = this.models.filter((model) => model.name === name);
    return versions.find((model) => model.default) ?? versions[0];
  }

  #show() {
    const told = JSON.stringify([this.models, this.models.indexOf(this.chosen)]);
    if (told === this.#told) return; // Else a list that is open would close.
    this.#told = told;
    const several = new Set(this.models.map(({ name }) => name)).size < this.models.length;
    const groups = new Map();
    for (const model of this.models) {
      if (!groups.has(model.task)) groups.set(model.task, el("optgroup", { label: model.task }));
      groups.get(model.task).append(el("option", {
        selected: model === this.chosen,
        text: model.name + (several ? ` (version ${model.version})` : "") + (model.state === "READY" ? "" : ` – ${model.state.toLowerCase()}`),
      }));
    }
    byId("model").replaceChildren(...groups.values());
    const model = this.chosen;
    byId("model-state").textContent = model
      ? `${model.task}, version ${model.version}, ${model.state}${model.reason ? `: ${model.reason}` : ""}` : "The service has no model for images.";
  }
}
