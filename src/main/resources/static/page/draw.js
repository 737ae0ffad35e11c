// Draws objects on a canvas whose unit is a pixel of the image.

import { colour, textOn } from "./colours.js";
import { outlines } from "./outline.js";

const paths = new WeakMap(); // The outline of each object, made when it is first drawn.

function pathOf(object) {
  let path = paths.get(object);
  if (!path) {
    path = new Path2D();
    if (object.region) {
      for (const line of outlines(object.region)) {
        path.moveTo(line[0], line[1]);
        for (let i = 2; i < line.length; i += 2) path.lineTo(line[i], line[i + 1]);
        path.closePath();
      }
    }
    paths.set(object, path);
  }
  return path;
}

/** The colour of an object: of its class, or where there is one class, another one than its neighbours in the list. */
export function colourOf(object, labels) {
  return colour(labels.length > 1 ? Math.max(0, labels.indexOf(object.label)) : object.id - 1);
}

/**
 * Draws the objects that pass the filter.
 *
 * @param context with its transform set to pixels of the image
 * @param filter of filter.js
 * @param unit length of one pixel of the screen, in pixels of the image
 * @param visible the part of the image that is seen, {x, y, width, height}
 */
export function drawObjects(context, filter, unit, visible) {
  const { show, opacity, result } = filter;
  const objects = filter.objects().filter(({ box }) => box.x < visible.x + visible.width && box.x + box.width > visible.x
    && box.y < visible.y + visible.height && box.y + box.height > visible.y);
  context.lineJoin = "round";
  for (const object of objects) {
    const paint = colourOf(object, result.labels);
    const small = object.box.width < 3 * unit && object.box.height < 3 * unit;
    context.fillStyle = context.strokeStyle = paint;
    context.lineWidth = 1.5 * unit;
    if (object.region && show.masks) {
      context.globalAlpha = opacity;
      if (small) context.fillRect(object.box.x, object.box.y, object.box.width, object.box.height);
      else context.fill(pathOf(object));
      context.globalAlpha = 1;
    }
    if (object.region && show.outlines && !small) context.stroke(pathOf(object));
    if (show.boxes) {
      context.lineWidth = 2 * unit;
      context.strokeRect(object.box.x, object.box.y, object.box.width, object.box.height);
    }
    if (show.points) drawPoints(context, object, paint, unit);
  }
  for (const object of [filter.hovered, filter.selected]) if (object && filter.passes(object)) emphasize(context, object, unit);
  if (show.labels) for (const object of objects) drawLabel(context, object, colourOf(object, result.labels), unit, visible);
}

function drawPoints(context, object, paint, unit) {
  for (const point of object.keypoints) {
    if (!point.visible) continue;
    context.beginPath();
    context.arc(point.x, point.y, 4 * unit, 0, 2 * Math.PI);
    context.fillStyle = paint;
    context.fill();
    context.lineWidth = unit;
    context.strokeStyle = textOn(paint);
    context.stroke();
  }
}

function emphasize(context, object, unit) {
  for (const [width, paint] of [[5, "#000"], [2.5, "#fff"]]) {
    context.lineWidth = width * unit;
    context.strokeStyle = paint;
    if (object.region) context.stroke(pathOf(object));
    else context.strokeRect(object.box.x, object.box.y, object.box.width, object.box.height);
  }
}

function drawLabel(context, object, paint, unit, visible) {
  const text = `${object.label} ${object.score.toFixed(2)}`;
  context.font = `${12 * unit}px system-ui, sans-serif`;
  const width = context.measureText(text).width + 6 * unit;
  const height = 16 * unit;
  const x = Math.max(visible.x, Math.min(object.box.x, visible.x + visible.width - width));
  const y = Math.max(visible.y, object.box.y - height);
  context.fillStyle = paint;
  context.fillRect(x, y, width, height);
  context.fillStyle = textOn(paint);
  context.textBaseline = "middle";
  context.fillText(text, x + 3 * unit, y + height / 2);
}
