// Results in the formats of other tools, as dev.gnserve.exchange writes them (gnserve convert). Each takes results with the objects to write:
// [{name, width, height, labels, objects}].

import { parts } from "./outline.js";
import { decimal } from "./numbers.js";

const CSV_HEAD = "image,id,label,score,x,y,width,height,area,centroid_x,centroid_y,equivalent_diameter,eccentricity";

const quoted = (text) => (/[,"\x00-\x1f]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A table (RFC 4180) with a line for each object. Numbers have a decimal point in every language. */
export function csv(results) {
  const lines = [CSV_HEAD];
  for (const { name, objects } of results) {
    for (const { id, label, score, box, area, region } of objects) {
      const shape = region ? moments(region) : null;
      const numbers = [score, box.x, box.y, box.width, box.height, area,
        ...(shape ? [shape.x, shape.y, shape.diameter, shape.eccentricity] : [box.x + box.width / 2, box.y + box.height / 2])];
      lines.push([quoted(name), id, quoted(label), ...numbers.map((value) => decimal(value)), ...(shape ? [] : ["", ""])].join(","));
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** What scikit-image's regionprops measures: centroid (a pixel's centre is at .5), equivalent_diameter, eccentricity. */
function moments({ x: left, y: top, width, bits }) {
  let [area, sumX, sumY, sumXX, sumXY, sumYY] = [0, 0, 0, 0, 0, 0];
  bits.forEach((inside, i) => {
    if (!inside) return;
    const x = i % width;
    const y = Math.floor(i / width);
    area++;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
    sumYY += y * y;
  });
  const [meanX, meanY] = [sumX / area, sumY / area];
  const [xx, xy, yy] = [sumXX / area - meanX ** 2, sumXY / area - meanX * meanY, sumYY / area - meanY ** 2];
  const [middle, away] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const [major, minor] = [middle + away, Math.max(0, middle - away)];
  return {
    x: left + meanX + 0.5, y: top + meanY + 0.5,
    diameter: Math.sqrt((4 * area) / Math.PI), eccentricity: major === 0 ? 0 : Math.sqrt(1 - minor / major),
  };
}

/** A FeatureCollection (RFC 7946) of one result, with the properties that QuPath 0.4 and later read. */
export function geoJson({ objects }) {
  return {
    type: "FeatureCollection",
    features: objects.map((object) => ({
      type: "Feature",
      geometry: geometry(object),
      properties: {
        objectType: "detection",
        classification: { name: object.label },
        measurements: { Score: object.score, "Area px": object.area },
      },
    })),
  };
}

function geometry({ box, region }) {
  if (!region) {
    const [right, bottom] = [box.x + box.width, box.y + box.height];
    return { type: "Polygon", coordinates: [[[box.x, box.y], [right, box.y], [right, bottom], [box.x, bottom], [box.x, box.y]]] };
  }
  const polygons = parts(region).map(({ outer, holes }) => [outer, ...holes].map(ring));
  return polygons.length > 1 ? { type: "MultiPolygon", coordinates: polygons } : { type: "Polygon", coordinates: polygons[0] };
}

function ring(line) {
  const points = [];
  for (let i = 0; i <= line.length; i += 2) points.push([line[i % line.length], line[(i + 1) % line.length]]);
  return points;
}

/** A COCO data set with the objects as annotations; numbers begin at 1. */
export function coco(results) {
  const categories = [...new Set(results.flatMap(({ labels, objects }) => [...labels, ...objects.map(({ label }) => label)]))];
  const annotations = [];
  results.forEach(({ objects }, image) => {
    for (const { label, score, box, area, mask } of objects) {
      annotations.push({
        image_id: image + 1,
        category_id: categories.indexOf(label) + 1,
        bbox: [box.x, box.y, box.width, box.height],
        ...(mask ? { segmentation: { size: mask.size, counts: mask.counts } } : {}),
        score,
        id: annotations.length + 1,
        area,
        iscrowd: 0,
      });
    }
  });
  return {
    images: results.map(({ name, width, height }, i) => ({ id: i + 1, file_name: name, width, height })),
    categories: categories.map((name, i) => ({ id: i + 1, name })),
    annotations,
  };
}

/** The number of the object at each pixel, 0 for none, [height, width]. Where objects overlap, the one with the higher score has the pixel. */
export function objectNumbers({ width, height, objects }) {
  const numbers = new Uint16Array(width * height);
  for (const { id, region } of [...objects].sort((a, b) => a.score - b.score)) {
    region.bits.forEach((inside, i) => {
      if (inside) numbers[(region.y + Math.floor(i / region.width)) * width + region.x + (i % region.width)] = id;
    });
  }
  return numbers;
}
