// Masks as COCO's compressed run-length strings (as pycocotools writes them), and the pixels that they stand for.

/** Where the runs of zeros and ones end in turn, counted down the columns. */
export function runEnds(counts) {
  const runs = [];
  const ends = [];
  let position = 0;
  for (let at = 0; at < counts.length;) {
    let value = 0;
    let shift = 0;
    let bits;
    do {
      bits = counts.charCodeAt(at++) - 48;
      value |= (bits & 0x1f) << shift;
      shift += 5;
    } while (bits & 0x20);
    if (bits & 0x10 && shift < 32) value |= -1 << shift;
    if (runs.length > 2) value += runs[runs.length - 2];
    runs.push(value);
    position += value;
    ends.push(position);
  }
  return ends;
}

/**
 * The pixels of a mask within the smallest rectangle around them.
 *
 * @param mask {size: [height, width], counts}
 * @returns {x, y, width, height, bits, area}: bits has [height, width], row-major, 1 inside. null for an empty mask.
 */
export function pixelsOf({ size: [height], counts }) {
  const ends = runEnds(counts);
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (let i = 1; i < ends.length; i += 2) {
    const first = ends[i - 1];
    const last = ends[i] - 1;
    if (last < first) continue;
    const x = Math.floor(first / height);
    const end = Math.floor(last / height);
    left = Math.min(left, x);
    right = Math.max(right, end);
    top = Math.min(top, x === end ? first % height : 0);
    bottom = Math.max(bottom, x === end ? last % height : height - 1);
  }
  if (right < 0) return null;
  const region = { x: left, y: top, width: right - left + 1, height: bottom - top + 1, area: 0 };
  region.bits = new Uint8Array(region.width * region.height);
  for (let i = 1; i < ends.length; i += 2) {
    let x = Math.floor(ends[i - 1] / height);
    let y = ends[i - 1] - x * height;
    for (let position = ends[i - 1]; position < ends[i]; position++) {
      region.bits[(y - top) * region.width + x - left] = 1;
      if (++y === height) [x, y] = [x + 1, 0];
    }
    region.area += ends[i] - ends[i - 1];
  }
  return region;
}
