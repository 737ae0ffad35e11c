// The picture with its objects on a canvas: zoom, pan, and telling the object under the pointer.

import { drawObjects } from "./draw.js";
import { isOn } from "./result.js";

const MOST_ZOOM = 40; // Pixels of the screen for one of the image.

/** The objects that pass the filter, or one of them, in a view that all canvases share. */
export class Viewer {
  #levels;
  #filter;
  #panes;
  #view = { scale: 1, x: 0, y: 0 }; // Pixels of the screen per pixel of the image; the image's point at the upper left corner.
  #fitted = true;
  #pointers = new Map();
  #moved = 0;
  #queued = false;

  /**
   * @param panes [{canvas, overlay}]: the same view, with or without the objects
   * @param levels of picture.js; empty without a picture
   */
  constructor(panes, levels, filter) {
    this.#panes = panes;
    this.#levels = levels;
    this.#filter = filter;
    this.#resizes = new ResizeObserver(() => this.#resized());
    for (const { canvas } of panes) {
      this.#resizes.observe(canvas);
      this.#listen(canvas);
    }
    filter.changed(() => this.redraw());
  }

  #resizes;

  get size() {
    return this.#filter.result;
  }

  /** Shows the whole image. */
  fit() {
    const { canvas } = this.#panes[0];
    const { width, height } = this.size;
    const scale = Math.min(canvas.clientWidth / width, canvas.clientHeight / height) || 1;
    this.#view = { scale, x: (width - canvas.clientWidth / scale) / 2, y: (height - canvas.clientHeight / scale) / 2 };
    this.#fitted = true;
    for (const pane of this.#panes) pane.canvas.classList.remove("zoomed");
    this.redraw();
  }

  /** Zooms so that a point of the canvas (its middle by default) stays where it is. */
  zoom(factor, at = null) {
    const { canvas } = this.#panes[0];
    const point = at ?? { x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 };
    const least = 0.5 * Math.min(canvas.clientWidth / this.size.width, canvas.clientHeight / this.size.height, 1);
    const { scale, x, y } = this.#view;
    const next = Math.min(MOST_ZOOM, Math.max(least, scale * factor));
    this.#move({ scale: next, x: x + point.x / scale - point.x / next, y: y + point.y / scale - point.y / next });
  }

  /** One pixel of the image for each pixel of the screen. */
  actualSize() {
    this.zoom(1 / this.#view.scale);
  }

  /** Moves the view, in pixels of the screen. */
  pan(right, down) {
    const { scale, x, y } = this.#view;
    this.#move({ scale, x: x + right / scale, y: y + down / scale });
  }

  /** Moves to an object, and zooms where it would be small. */
  reveal({ box }) {
    const { canvas } = this.#panes[0];
    const largest = 0.5 * Math.min(canvas.clientWidth / box.width, canvas.clientHeight / box.height);
    const seen = Math.max(box.width, box.height) * this.#view.scale >= 24;
    const scale = Math.min(MOST_ZOOM, seen ? Math.min(this.#view.scale, 2 * largest) : largest / 2);
    this.#move({
      scale,
      x: box.x + box.width / 2 - canvas.clientWidth / scale / 2,
      y: box.y + box.height / 2 - canvas.clientHeight / scale / 2,
    });
  }

  get scale() {
    return this.#view.scale;
  }

  /** Draws before the next frame. */
  redraw() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      for (const pane of this.#panes) this.#draw(pane);
    });
  }

  /** Frees the pictures. */
  close() {
    this.#resizes.disconnect();
    for (const { bitmap } of this.#levels) bitmap.close();
    this.#levels = [];
  }

  /** Keeps the middle of the canvas on the image. */
  #move(view) {
    const { canvas } = this.#panes[0];
    const keep = (start, seen, length) => Math.min(Math.max(start, -seen / 2), length - seen / 2);
    this.#view = {
      scale: view.scale,
      x: keep(view.x, canvas.clientWidth / view.scale, this.size.width),
      y: keep(view.y, canvas.clientHeight / view.scale, this.size.height),
    };
    this.#fitted = false;
    for (const pane of this.#panes) pane.canvas.classList.add("zoomed");
    this.redraw();
  }

  #resized() {
    for (const { canvas } of this.#panes) {
      canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
      canvas.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
    }
    if (this.#fitted) this.fit();
    this.redraw();
  }

  #draw({ canvas, overlay }) {
    const context = canvas.getContext("2d");
    const { scale, x, y } = this.#view;
    const visible = { x, y, width: canvas.clientWidth / scale, height: canvas.clientHeight / scale };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const pixel = scale * devicePixelRatio;
    context.setTransform(pixel, 0, 0, pixel, -x * pixel, -y * pixel);
    drawPicture(context, this.#levels, this.size, pixel, visible);
    if (overlay) drawObjects(context, this.#filter, 1 / scale, visible);
  }

  #listen(canvas) {
    const place = (event) => {
      const bounds = canvas.getBoundingClientRect();
      return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002)), place(event));
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => this.zoom(2, place(event)));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, place(event));
      this.#moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => this.#pointerMoved(event, place(event)));
    canvas.addEventListener("pointerup", (event) => {
      if (this.#pointers.delete(event.pointerId) && this.#moved < 4) this.#filter.set({ selected: this.#objectAt(place(event)) });
    });
    canvas.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => { if (this.#filter.hovered) this.#filter.set({ hovered: null }); });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #pointerMoved(event, to) {
    const from = this.#pointers.get(event.pointerId);
    if (!from) {
      const hovered = this.#objectAt(to);
      if (hovered !== this.#filter.hovered) this.#filter.set({ hovered });
      return;
    }
    this.#moved += Math.hypot(to.x - from.x, to.y - from.y);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, to);
    if (other) {
      const apart = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
      this.zoom(apart(to) / apart(from), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
    } else if (event.pointerType === "mouse" || !this.#fitted) {
      this.pan(from.x - to.x, from.y - to.y);
    }
  }

  #key(event) {
    const step = 60;
    const keys = {
      ArrowLeft: () => this.pan(-step, 0), ArrowRight: () => this.pan(step, 0),
      ArrowUp: () => this.pan(0, -step), ArrowDown: () => this.pan(0, step),
      "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5),
      0: () => this.fit(), 1: () => this.actualSize(), Escape: () => this.#filter.set({ selected: null }),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }

  /** The smallest object at a point of the canvas; null without any. */
  #objectAt(point) {
    const { scale, x, y } = this.#view;
    const under = this.#filter.objects().filter((object) => isOn(object, x + point.x / scale, y + point.y / scale));
    return under.reduce((best, object) => (best && best.area <= object.area ? best : object), null);
  }
}

/** Draws the smallest level that is fine enough; a neutral ground without any. */
export function drawPicture(context, levels, { width, height }, pixel, visible) {
  if (!levels.length) {
    context.fillStyle = "#808080";
    context.fillRect(0, 0, width, height);
    return;
  }
  const { bitmap, scale } = levels.findLast((level) => level.scale >= pixel) ?? levels[0];
  context.imageSmoothingEnabled = pixel < 2;
  const left = Math.max(0, Math.floor(visible.x));
  const top = Math.max(0, Math.floor(visible.y));
  const right = Math.min(width, Math.ceil(visible.x + visible.width));
  const bottom = Math.min(height, Math.ceil(visible.y + visible.height));
  if (right <= left || bottom <= top) return;
  context.drawImage(bitmap, left * scale, top * scale, (right - left) * scale, (bottom - top) * scale,
    left, top, right - left, bottom - top);
}
