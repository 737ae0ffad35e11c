// Files that no sample has: 16 bits, TIFF with pages, large, broken; and masks for answers that a test makes up.

import { crc32, deflateSync, inflateSync } from "node:zlib";

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length, 0);
  body.copy(made, 4);
  made.writeUInt32BE(crc32(body), body.length + 4);
  return made;
}

/** A gray PNG. value(x, y) gives its pixels, of 8 or 16 bits. */
export function grayPng(width, height, bits, value) {
  const bytes = bits / 8;
  const rows = Buffer.alloc(height * (1 + width * bytes));
  let at = 0;
  for (let y = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++) at = bits === 16 ? rows.writeUInt16BE(value(x, y), at) : rows.writeUInt8(value(x, y), at);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = bits;
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}

/** The values of a gray PNG of 16 bits, with any filter (W3C PNG, section 9). */
export function valuesOfPng16(png) {
  let [width, height] = [0, 0];
  const data = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
    if (type === "IDAT") data.push(body);
    at += length + 12;
  }
  const raw = inflateSync(Buffer.concat(data));
  const values = [];
  let above = Buffer.alloc(2 * width);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (2 * width + 1)];
    const row = Buffer.from(raw.subarray(y * (2 * width + 1) + 1, (y + 1) * (2 * width + 1)));
    for (let i = 0; i < row.length; i++) {
      const [a, b, c] = [i < 2 ? 0 : row[i - 2], above[i], i < 2 ? 0 : above[i - 2]];
      const p = a + b - c;
      const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
      row[i] += [0, a, b, (a + b) >> 1, pa <= pb && pa <= pc ? a : pb <= pc ? b : c][filter];
    }
    for (let x = 0; x < width; x++) values.push(row.readUInt16BE(2 * x));
    above = row;
  }
  return { width, height, values };
}

/** A little-endian TIFF of gray pages of 8 bits, without compression (TIFF 6.0). */
export function grayTiff(width, height, pages) {
  const parts = [Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0])];
  let at = 8;
  pages.forEach((value, page) => {
    const tags = [[256, width], [257, height], [258, 8], [259, 1], [262, 1], [273, at + 6 + 9 * 12], [277, 1], [278, height], [279, width * height]];
    const directory = Buffer.alloc(6 + tags.length * 12);
    directory.writeUInt16LE(tags.length, 0);
    tags.forEach(([tag, content], i) => {
      directory.writeUInt16LE(tag, 2 + 12 * i);
      directory.writeUInt16LE(4, 4 + 12 * i);
      directory.writeUInt32LE(1, 6 + 12 * i);
      directory.writeUInt32LE(content, 10 + 12 * i);
    });
    at += directory.length + width * height;
    directory.writeUInt32LE(page === pages.length - 1 ? 0 : at, 2 + tags.length * 12);
    parts.push(directory, Buffer.from(Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)))));
  });
  return Buffer.concat(parts);
}

/** A WebP with an orientation in Exif (RFC 9649; Exif 2.32, tag 0x0112), made from one that has nothing but its pixels. */
export function turnedWebp(plain, orientation) {
  const chunkOf = (type, data) => {
    const head = Buffer.alloc(8);
    head.write(type, "latin1");
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
  };
  const frame = plain.subarray(12); // Its chunks: VP8X, if there is one, and the pixels.
  const pixels = frame.toString("latin1", 0, 4) === "VP8X" ? frame.subarray(18) : frame;
  const size = Buffer.alloc(10);
  size[0] = 0x08; // There is Exif.
  size.writeUIntLE(96 - 1, 4, 3);
  size.writeUIntLE(64 - 1, 7, 3);
  const exif = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
  const body = Buffer.concat([Buffer.from("WEBP"), chunkOf("VP8X", size), pixels, chunkOf("EXIF", exif)]);
  return chunkOf("RIFF", body);
}

/** Bright discs on a dark ground, as nuclei look under fluorescence. */
export const discs = (most, places, radius = 9) => (x, y) =>
  places.some(([cx, cy]) => Math.hypot(x - cx, y - cy) < radius) ? most : Math.round(most / 12);

/** A rectangle as COCO's compressed run-length string (cocoapi, maskApi.c, rleToString). */
export function rectangleRle(x, y, width, height, imageWidth, imageHeight) {
  const runs = [x * imageHeight + y];
  for (let column = 0; column < width; column++) runs.push(height, imageHeight - height);
  runs[runs.length - 1] = (imageWidth - x - width + 1) * imageHeight - y - height;
  let counts = "";
  runs.forEach((run, i) => {
    let rest = i > 2 ? run - runs[i - 2] : run;
    let more;
    do {
      let bits = rest & 0x1f;
      rest >>= 5;
      more = bits & 0x10 ? rest !== -1 : rest !== 0;
      if (more) bits |= 0x20;
      counts += String.fromCharCode(bits + 48);
    } while (more);
  });
  return { encoding: "coco-rle", size: [imageHeight, imageWidth], counts };
}
