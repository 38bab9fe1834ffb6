// Loads the pictures of the page that is shown: at the first level of detail, then at the one that
// the screen can show. A picture takes the place of another only when it is whole.

import * as api from "./api.js";
import { camera } from "./camera.js";
import { element, page, state } from "./state.js";

const SHARP = 1.05; // screen pixels for a pixel of a picture, from which more detail is wanted
const PATIENCE = 350; // milliseconds without a change before more detail is asked for

const shown = { after: "", before: "" };
const wanted = { after: "", before: "" };
let later = 0;

// Shows the newest picture of a page; `fresh` where another page was there before.
export async function refresh({ fresh = false } = {}) {
  const now = page();
  clearTimeout(later);
  if (now === null || now.state === "failed") return clear();
  if (fresh) {
    clear();
    if (now.state === "waiting") load("after", pictureOf("before", now, 0), { meanwhile: true });
  }
  if (shownLevel("after", now) < 0) await load("after", pictureOf("after", now, 0));
  sharpen();
}

export function original() {
  const now = page();
  if (now !== null && shownLevel("before", now) < 0) load("before", pictureOf("before", now, 0)).then(sharpen);
}

export function clear() {
  for (const id of ["after", "before"]) {
    element(id).removeAttribute("src");
    shown[id] = wanted[id] = "";
  }
}

function pictureOf(id, { id: of, version }, level) {
  return id === "after" ? api.view(of, `painted-${level}`, version) : api.view(of, `original-${level}`, "0");
}

// The level of detail of the newest picture of a page; -1 where that is not shown.
const shownLevel = (id, now) => state.levels.findIndex((_, level) => shown[id] === pictureOf(id, now, level));

// The level of detail that a page needs to fill a width in screen pixels: its own size at 100 %.
function level({ width, height }, wide) {
  const area = width * height * (wide < width ? wide / width / SHARP : 1) ** 2;
  return state.levels.findIndex((pixels) => pixels === null || pixels >= area);
}

// Asks for more detail where that which is shown is not enough; called whenever the page moves.
export function sharpen() {
  clearTimeout(later);
  later = setTimeout(() => {
    const now = page();
    if (now === null || !now.width) return;
    const needed = level(now, camera.width * devicePixelRatio);
    for (const id of ["after", "before"]) {
      const there = shownLevel(id, now);
      if (there >= 0 && there < needed) load(id, pictureOf(id, now, needed));
    }
  }, PATIENCE);
}

// Shows a picture; `meanwhile` only until there is another one of the page.
async function load(id, address, { meanwhile = false } = {}) {
  if (wanted[id] === address || shown[id] === address) return;
  const of = state.current;
  if (!meanwhile) wanted[id] = address;
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    if (wanted[id] === address) wanted[id] = "";
    return;
  }
  // A newer one is on its way, or there already.
  if (meanwhile ? shown[id] !== "" || state.current !== of : wanted[id] !== address) return;
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
