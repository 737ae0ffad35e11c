// The pixels behind a result: decoded by the browser, else drawn by the service.

import { askPatiently } from "./api.js";
import { requestPath } from "./request.js";

/** Which kind of file it is, as far as it matters here: tiff, png16, npy or other. */
export async function kindOf(file) {
  const head = new Uint8Array(await file.slice(0, 32).arrayBuffer());
  const text = String.fromCharCode(...head);
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return "tiff";
  if (text.startsWith("\x93NUMPY")) return "npy";
  if (text.startsWith("\x89PNG") && head[24] === 16) return "png16";
  return "other";
}

async function decoded(blob) {
  try {
    return await createImageBitmap(blob);
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
