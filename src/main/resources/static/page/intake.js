// Takes in files: chosen, dropped, pasted, photographed, and whole folders.

import { byId } from "./dom.js";
import { counted } from "./numbers.js";

const MOST = 500;
const NAMES = /\.(jpe?g|png|bmp|dib|gif|tiff?|webp|npy|nii|nii\.gz)$/i;

const isImage = (file) => file.type.startsWith("image/") || NAMES.test(file.name);

const pathOf = (file) => file.path || file.webkitRelativePath || file.name;

/** All files of what was dropped, also in folders, which an event shows as entries only. */
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  async function walk(entry) {
    if (files.length > 20 * MOST) return;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      file.path = entry.fullPath.slice(1);
      files.push(file);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const one of some) await walk(one);
    }
  }
  for (const entry of entries) await walk(entry);
  return files;
}

/** Listens to all ways in. take(files) gets images with their names; says what was left out. */
export function acceptFiles(take) {
  const say = (text) => { byId("intake").textContent = text; };

  function accept(files, several) {
    const sorted = several ? [...files].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1)) : [...files];
    // One file is sent whatever it is called: the service decides by its content.
    const images = sorted.length === 1 ? sorted : sorted.filter((file) => isImage(file) && !file.name.startsWith("."));
    const left = sorted.length - images.length;
    const notes = [];
    if (left) notes.push(`${counted(left, "file")} left out: not an image.`);
    if (images.length > MOST) notes.push(`Only the first ${MOST} of ${images.length} images are taken.`);
    if (!images.length && !left) notes.push("There was no file.");
    say(notes.join(" "));
    if (images.length) take(images.slice(0, MOST).map((file) => ({ file, name: pathOf(file) || "image" })));
  }

  for (const id of ["files", "folder", "photo"]) {
    byId(id).addEventListener("change", (event) => {
      if (event.target.files.length) accept(event.target.files, id === "folder");
      event.target.value = "";
    });
  }
  const drop = byId("drop");
  for (const type of ["dragenter", "dragover"]) {
    addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  addEventListener("drop", async (event) => {
    event.preventDefault(); // Anywhere on the page: else the browser would leave it and open the file.
    drop.classList.remove("over");
    try {
      accept(await droppedFiles(event.dataTransfer), true);
    } catch {
      say("The files could not be read. Choose them with the buttons.");
    }
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) accept(event.clipboardData.files, false);
  });
}
