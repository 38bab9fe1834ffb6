// Where the page lies on the stage: zoom and pan, by pointer, wheel, pinch and keys.
// A share (x, y) of the page is at (left + x * width, top + y * height) of the stage.

import { element } from "./state.js";

const MARGIN = 16; // CSS pixels around a page that fits
const CLOSEST = 16; // screen pixels that a page's pixel may fill
const STEP = 1.25;

export const camera = { left: 0, top: 0, scale: 1, width: 1, height: 1, fits: true };

let size = { width: 1, height: 1 };
let moved = () => {};

export function start(heard) {
  moved = heard;
  new ResizeObserver(() => (camera.fits ? fit() : keep())).observe(element("stage"));
}

// Takes a page of another size.
export function take(width, height) {
  const same = size.width === width && size.height === height;
  size = { width, height };
  if (same && !camera.fits) keep();
  else fit();
}

export const bounds = () => element("stage").getBoundingClientRect();

export function fit() {
  const { width, height } = bounds();
  const scale = Math.min((width - 2 * MARGIN) / size.width, (height - 2 * MARGIN) / size.height);
  camera.scale = Math.max(scale, 1e-4);
  camera.fits = true;
  centre();
}

function centre() {
  const { width, height } = bounds();
  camera.left = (width - size.width * camera.scale) / 2;
  camera.top = (height - size.height * camera.scale) / 2;
  apply();
}

// Zooms by a factor; the point (x, y) of the stage stays where it is.
export function zoom(factor, x = bounds().width / 2, y = bounds().height / 2) {
  const { width, height } = bounds();
  const least = Math.min(width / size.width, height / size.height) / 4;
  const scale = Math.min(CLOSEST / devicePixelRatio, Math.max(least, camera.scale * factor));
  const real = scale / camera.scale;
  camera.left = x - (x - camera.left) * real;
  camera.top = y - (y - camera.top) * real;
  camera.scale = scale;
  camera.fits = false;
  keep();
}

export const closer = () => zoom(STEP);
export const farther = () => zoom(1 / STEP);

export function pan(dx, dy) {
  camera.left += dx;
  camera.top += dy;
  camera.fits = false;
  keep();
}

// Moves the page so that a place on the stage is in sight.
export function reveal({ left, top }) {
  const { width, height } = bounds();
  const back = (at, length) => Math.max(0, MARGIN - at) + Math.min(0, length - MARGIN - at);
  const [dx, dy] = [back(left, width), back(top, height)];
  if (!camera.fits && (dx !== 0 || dy !== 0)) pan(dx, dy);
}

// A part of the page always stays in sight.
function keep() {
  const { width, height } = bounds();
  const [wide, high] = [size.width * camera.scale, size.height * camera.scale];
  const margin = 64;
  camera.left = Math.min(width - margin, Math.max(margin - wide, camera.left));
  camera.top = Math.min(height - margin, Math.max(margin - high, camera.top));
  apply();
}

function apply() {
  camera.width = size.width * camera.scale;
  camera.height = size.height * camera.scale;
  const sheet = element("sheet");
  sheet.style.transform = `translate(${camera.left}px, ${camera.top}px)`;
  sheet.style.width = `${camera.width}px`;
  sheet.style.height = `${camera.height}px`;
  sheet.classList.toggle("close", camera.scale * devicePixelRatio >= 3);
  moved();
}

// Share of the page at a point of the window.
export function share(event) {
  const { left, top } = bounds();
  return {
    x: (event.clientX - left - camera.left) / camera.width,
    y: (event.clientY - top - camera.top) / camera.height,
  };
}

// Place on the stage of a share of the page.
export const place = ({ x, y }) => ({
  left: camera.left + x * camera.width,
  top: camera.top + y * camera.height,
});

export const isInside = ({ x, y }) => x >= 0 && y >= 0 && x <= 1 && y <= 1;
