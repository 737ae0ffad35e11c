// The pixels behind a result: decoded by the browser, else drawn by the service.

import { askPatiently } from "./api.js";
import { requestPath } from "./request.js";

/**
 * Which kind of file it is, as far as it matters here: tiff, npy, png16, turned or other. A turned one may have an orientation that the
 * service applies and browsers do not: in Exif or XMP of a WebP, or in a text of a PNG.
 */
export async function kindOf(file) {
  const head = new Uint8Array(await file.slice(0, 32).arrayBuffer());
  const text = String.fromCharCode(...head);
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return "tiff";
  if (text.startsWith("\x93NUMPY")) return "npy";
  if (text.startsWith("\x89PNG")) return head[24] === 16 ? "png16" : (await hasProfileText(file)) ? "turned" : "other";
  if (/^RIFF....WEBPVP8X/s.test(text) && head[20] & 0x0c) return "turned";
  return "other";
}

async function hasProfileText(png) {
  const view = new DataView(await png.arrayBuffer());
  const text = (at, length) => String.fromCharCode(...new Uint8Array(view.buffer, at, Math.min(length, view.byteLength - at)));
  for (let at = 8; at + 12 <= view.byteLength; at += 12 + view.getUint32(at)) {
    if (/^[tzi](EXt|TXt)$/.test(text(at + 4, 4)) && /^(Raw profile type|XML:com\.adobe\.xmp)/.test(text(at + 8, 20))) return true;
  }
  return false;
}

async function decoded(blob) {
  try {
    return await createImageBitmap(blob, { colorSpaceConversion: "none" }); // The values as the model sees them.
  } catch {
    return null; // Broken, or of a kind that this browser does not know.
  }
}

async function drawnByService(item, options, signal) {
  const body = new FormData();
  body.append("image", item.file, item.name.split("/").pop());
  const path = requestPath(item.model, item.page, { ...item.options, ...options });
  return decoded(await (await askPatiently(path, { method: "POST", body, accept: "image/png", signal })).blob());
}

/**
 * The picture of an item with a result.
 *
 * @returns {bitmap, note}: bitmap is null where no one can draw it; note says where it comes from, if not from the file itself
 */
export async function pictureOf(item, result, signal) {
  if (result.maps) return { bitmap: await drawnByService(item, {}, signal), note: `The values of ${result.maps[0].label}, drawn by the service.` };
  if (result.volume) return { bitmap: await drawnByService(item, {}, signal), note: "The volume seen along z, drawn by the service." };
  const kind = await kindOf(item.file);
  if (kind === "other") {
    const bitmap = await decoded(item.file);
    if (bitmap && bitmap.width === result.width && bitmap.height === result.height) return { bitmap, note: "" };
    bitmap?.close();
  }
  if (!result.objects) return { bitmap: null, note: "The browser cannot show this kind of file." };
  try {
    // With threshold 1 the service draws no object upon the image: no probability is above 1.
    const bitmap = await drawnByService(item, { threshold: 1 }, signal);
    return { bitmap, note: "The browser cannot show this kind of file as it is; the service drew it." };
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    return { bitmap: null, note: `The browser cannot show this kind of file, and the service could not draw it. ${problem.message}` };
  }
}

/** The bitmap and its halves, so that a large one is drawn fast at every zoom: [{bitmap, scale}], the largest first. */
export async function levelsOf(bitmap) {
  const levels = [{ bitmap, scale: 1 }];
  for (let last = bitmap; last.width * last.height > 4e6; last = levels.at(-1).bitmap) {
    const half = await createImageBitmap(last, {
      resizeWidth: Math.ceil(last.width / 2), resizeHeight: Math.ceil(last.height / 2), resizeQuality: "medium",
    });
    levels.push({ bitmap: half, scale: half.width / bitmap.width });
  }
  return levels;
}
