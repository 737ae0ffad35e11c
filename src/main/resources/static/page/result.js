// The answer for one image in one form for all tasks.

import { pixelsOf } from "./rle.js";

/**
 * One image of an answer, with the pixels of its masks.
 *
 * objects: [{id, label, score, area, box, centroid, mask, region, keypoints}], absent for tasks without objects; heads: [{name, predictions}]; maps: statistics of
 * the values of each pixel; volume: {depth, objects} of a model that takes volumes; region is that of
 * rle.js, null without a mask. labels: those of the model, in its order.
 */
export function readImage(image, labels) {
  const volume = image.depth ? { depth: image.depth, objects: image.objects ?? [] } : null; // Nothing of it is drawn by the page.
  const found = volume ? null : image.objects ?? image.detections;
  return {
    volume,
    name: image.name,
    width: image.width,
    height: image.height,
    page: image.page ?? null,
    timing: image.timing,
    classes: image.classes ?? null,
    heads: image.heads ?? (image.predictions ? [{ name: "", predictions: image.predictions }] : null),
    maps: image.maps ?? null,
    embedding: image.embedding ?? null,
    objects: found?.map(readObject) ?? null,
    labels,
  };
}

function readObject(object, index) {
  const region = object.mask?.encoding === "coco-rle" ? pixelsOf(object.mask) : null;
  const { x, y, width, height } = object.box;
  return {
    id: object.id ?? index + 1,
    label: object.label,
    score: object.score,
    area: object.area ?? region?.area ?? width * height,
    box: object.box,
    centroid: object.centroid ?? { x: x + width / 2, y: y + height / 2 },
    mask: object.mask ?? null,
    region,
    keypoints: object.keypoints ?? [],
  };
}

/** Whether a point of the image lies on an object: on its mask, or without one in its box. */
export function isOn({ box, region }, x, y) {
  if (!region) return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
  const column = Math.floor(x) - region.x;
  const row = Math.floor(y) - region.y;
  return column >= 0 && column < region.width && row >= 0 && row < region.height
    && region.bits[row * region.width + column] === 1;
}
