// Outlines of masks along the edges of pixels, as dev.gnserve.image.Polygons draws them: the mask is to the right of its line, and no line
// crosses or touches itself.

/** The lines [x1, y1, x2, y2, ...] of a region of rle.js, in pixels of the image; outer ones and those of holes. */
export function outlines(region) {
  return trace(grid(region)).map((line) => shifted(line, region));
}

/** The parts that hang together by their sides: {outer, holes}, in pixels of the image. */
export function parts(region) {
  const pixels = grid(region);
  const lines = trace(pixels);
  const found = new Map(); // By line.
  for (const line of lines) if (isOuter(line)) found.set(line, { outer: shifted(line, region), holes: [] });
  const holes = lines.filter((line) => !found.has(line));
  if (holes.length) {
    const leftSides = new Map();
    for (const line of lines) upwards(line, (x, y) => leftSides.set(y * region.width + x, line));
    // To the left of a hole is a line that begins further left: the outer one, or that of a hole of the same part.
    const ordered = holes.map((line) => ({ line, side: leftmost(line) })).sort((a, b) => a.side[0] - b.side[0]);
    for (const { line, side } of ordered) {
      let x = side[0] - 1;
      while (pixels.isInside(x - 1, side[1])) x--;
      const part = found.get(leftSides.get(side[1] * region.width + x));
      part.holes.push(shifted(line, region));
      found.set(line, part);
    }
  }
  return lines.filter(isOuter).map((line) => found.get(line));
}

function grid({ width, height, bits }) {
  return { width, height, isInside: (x, y) => x >= 0 && x < width && y >= 0 && y < height && bits[y * width + x] === 1 };
}

const shifted = (line, { x, y }) => line.map((value, i) => value + (i % 2 ? y : x));

function trace(pixels) {
  const lines = [];
  // Every line runs to the right along the upper side of some pixel; those sides are ticked off.
  const visited = new Uint8Array(pixels.width * pixels.height);
  for (let y = 0; y < pixels.height; y++) {
    for (let x = 0; x < pixels.width; x++) {
      if (pixels.isInside(x, y) && !pixels.isInside(x, y - 1) && !visited[y * pixels.width + x]) {
        lines.push(...withoutTouching(follow(pixels, x, y, visited)));
      }
    }
  }
  return lines;
}

/** Walks along pixel sides with the mask to the right, from the upper left corner of a pixel back to it. */
function follow({ width, isInside }, startX, startY, visited) {
  const ahead = (dx, dy, side) => isInside(
    x + Math.min(0, dx) + Math.min(0, -dy * side), y + Math.min(0, dy) + Math.min(0, dx * side));
  const line = [];
  let [x, y, dx, dy] = [startX, startY, 1, 0];
  do {
    line.push(x, y);
    do {
      if (dx === 1) visited[y * width + x] = 1;
      x += dx;
      y += dy;
    } while (ahead(dx, dy, 1) && !ahead(dx, dy, -1));
    // Where two pixels touch by a corner only, the turn to the right keeps them apart.
    [dx, dy] = ahead(dx, dy, 1) ? [dy, -dx] : [-dy, dx];
  } while (x !== startX || y !== startY || dx !== 1);
  return line;
}

/** A line, cut where it touches itself; outer lines first. */
function withoutTouching(line) {
  const lines = [];
  const places = new Map();
  const open = [];
  for (let i = 0; i < line.length; i += 2) {
    const point = `${line[i]},${line[i + 1]}`;
    const before = places.get(point);
    if (before !== undefined) {
      const cut = open.splice(before);
      for (let j = 0; j < cut.length; j += 2) places.delete(`${cut[j]},${cut[j + 1]}`);
      lines.push(cut);
    }
    places.set(point, open.length);
    open.push(line[i], line[i + 1]);
  }
  lines.push(open);
  return lines.sort((a, b) => isOuter(b) - isOuter(a));
}

/** The line around a hole runs the other way round. */
function isOuter(line) {
  let area = 0;
  for (let i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
    area += line[j] * line[i + 1] - line[i] * line[j + 1];
  }
  return area > 0;
}

/** The column of a line's left end, and a row in which a pixel lies to the left of that column, outside a hole. */
function leftmost(line) {
  let found = [Infinity, 0];
  for (let i = 0; i < line.length; i += 2) {
    const next = (i + 2) % line.length;
    if (line[i] === line[next] && line[i] < found[0]) found = [line[i], Math.min(line[i + 1], line[next + 1])];
  }
  return found;
}

/** Every pixel along whose left side the line runs upwards. */
function upwards(line, pixel) {
  for (let i = 0; i < line.length; i += 2) {
    const next = (i + 2) % line.length;
    for (let y = line[next + 1]; y < line[i + 1]; y++) pixel(line[i], y);
  }
}
