// Loads the pictures of the page that is shown: at the size of a screen first, then in full where
// somebody looks closer. A picture takes the place of another only when it is whole.

import * as api from "./api.js";
import { camera } from "./camera.js";
import { element, page } from "./state.js";

const SHARP = 1.05; // screen pixels for a pixel of the small picture, from which the full one is wanted
const PATIENCE = 350; // milliseconds without a change before the full picture is asked for

const shown = { after: "", before: "" };
const wanted = { after: "", before: "" };
let later = 0;

// Shows the newest picture of a page; `fresh` where another page was there before.
export async function refresh({ fresh = false } = {}) {
  const now = page();
  clearTimeout(later);
  if (now === null || now.state === "failed") return clear();
  if (fresh) clear();
  await load("after", api.view(now.id, "screen", now.version));
  sharpen();
}

export function original() {
  const now = page();
  if (now !== null) load("before", api.view(now.id, "before-screen", "0")).then(sharpen);
}

function clear() {
  for (const id of ["after", "before"]) {
    element(id).removeAttribute("src");
    shown[id] = wanted[id] = "";
  }
}

// Asks for the full picture where the small one is not enough; called whenever the page moves.
export function sharpen() {
  clearTimeout(later);
  later = setTimeout(() => {
    const now = page();
    if (now === null || !now.width) return;
    for (const [id, small, full, version] of [
      ["after", "screen", "full", now.version],
      ["before", "before-screen", "before-full", "0"],
    ]) {
      const there = shown[id] === api.view(now.id, small, version);
      const wide = camera.width * devicePixelRatio;
      const { naturalWidth } = element(id);
      if (there && naturalWidth < now.width && wide > naturalWidth * SHARP) {
        load(id, api.view(now.id, full, version));
      }
    }
  }, PATIENCE);
}

async function load(id, address) {
  if (wanted[id] === address || shown[id] === address) return;
  wanted[id] = address;
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    if (wanted[id] === address) wanted[id] = "";
    return;
  }
  if (wanted[id] !== address) return; // a newer one is on its way
  const before = element(id);
  Object.assign(image, { id, alt: before.alt, draggable: false });
  before.replaceWith(image);
  shown[id] = address;
  element("stage").dataset[id] = address;
  element("stage").dispatchEvent(new Event("painted"));
}

// Colour of the painted page at a share of it, as #rrggbb.
export function colourAt({ x, y }) {
  const image = element("after");
  if (!image.naturalWidth) return "#808080";
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 3;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const column = Math.min(image.naturalWidth - 1, Math.floor(x * image.naturalWidth));
  const row = Math.min(image.naturalHeight - 1, Math.floor(y * image.naturalHeight));
  context.drawImage(image, column, row, 1, 1, 0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
