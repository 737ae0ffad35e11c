// What of a result is shown: acts at once, without the service.

/** The filter of one result. Listeners run after each change. */
export class Filter {
  least = 0;
  opacity = 0.4;
  hidden = new Set(); // Labels.
  show = { masks: true, outlines: true, boxes: true, labels: true, points: true };
  selected = null; // An object.
  hovered = null;
  #listeners = [];

  constructor(result) {
    this.result = result;
    const masked = result.objects?.some((object) => object.region);
    if (masked) this.show.boxes = this.show.labels = false;
  }

  changed(listener) {
    this.#listeners.push(listener);
  }

  /** Sets fields, and says which: shown objects change with least and hidden only. */
  set(fields) {
    const objects = "least" in fields || "hidden" in fields;
    Object.assign(this, fields);
    if (objects && this.selected && !this.passes(this.selected)) this.selected = null;
    for (const listener of this.#listeners) listener({ objects, selected: "selected" in fields });
  }

  passes(object) {
    return object.score >= this.least && !this.hidden.has(object.label);
  }

  /** The objects that pass, in the order of the result. */
  objects() {
    return (this.result.objects ?? []).filter((object) => this.passes(object));
  }
}
