// PNG of 16-bit gray, which no browser writes itself (W3C, Portable Network Graphics, third edition).

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function chunk(type, data) {
  const made = new Uint8Array(data.length + 12);
  const view = new DataView(made.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) made[4 + i] = type.charCodeAt(i);
  made.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < made.length - 4; i++) crc = CRC[(crc ^ made[i]) & 0xff] ^ (crc >>> 8);
  view.setUint32(made.length - 4, (crc ^ 0xffffffff) >>> 0);
  return made;
}

/** The picture of some values, [height, width]. */
export async function gray16(width, height, values) {
  const rows = new Uint8Array(height * (1 + 2 * width)); // Each begins with the filter type 0.
  for (let y = 0, at = 0, i = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, i++) {
      rows[at++] = values[i] >> 8;
      rows[at++] = values[i];
    }
  }
  const packed = await new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head[8] = 16; // Bits; the colour type after it is 0, gray.
  return new Blob([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", head), chunk("IDAT", new Uint8Array(packed)), chunk("IEND", new Uint8Array(0))], { type: "image/png" });
}
