// The page on the stage: clicks, drags, keys, hints as marks, the divider before and after.

import * as camera from "./camera.js";
import * as hints from "./hints.js";
import * as pictures from "./pictures.js";
import { element, emit, make, on, page, select, state } from "./state.js";
import { label, t } from "./strings.js";
import { say } from "./toasts.js";

const STILL = 6; // CSS pixels within which a press is a click
const FINE = 0.002; // of the page, a step of the arrow keys
const COARSE = 0.02;

const pointers = new Map();
let press = null; // { x, y, moved } of the pointer that came first
let point = { x: 0.5, y: 0.5 }; // of the keyboard
let split = 50; // per cent of the stage that show the original

export function start() {
  const stage = element("stage");
  stage.addEventListener("pointerdown", down);
  stage.addEventListener("pointermove", drag);
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, up);
  stage.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("keydown", key);
  stage.addEventListener("blur", () => (element("cursor").hidden = true));
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  element("compare").addEventListener("click", compare);
  divide();
  for (const [id, act] of [["in", camera.closer], ["out", camera.farther], ["fit", camera.fit]]) {
    element(id).addEventListener("click", act);
  }
  camera.start(layout);
  on("hints", marks);
  on("selected", marks);
  on("page", marks);
}

// Takes the colour at a point for the hint that is chosen, or for the next one.
function pick(at) {
  const color = pictures.colourAt(at);
  setPicking(false);
  emit("picked", color);
}

export function setPicking(picking) {
  state.picking = picking;
  element("stage").classList.toggle("picking", picking);
  element("pick").setAttribute("aria-pressed", String(picking));
  if (picking) say(t("picking"));
}

function act(at) {
  if (!camera.isInside(at) || page()?.state === "failed") return select(null);
  if (state.picking) return pick(at);
  const color = state.brush ?? pictures.colourAt(at);
  select(hints.add(at.x, at.y, color));
}

// Pointers: one clicks or moves the page, two zoom it.

function down(event) {
  if (event.target.closest("button, .divider, .popover, .zoom")) return;
  element("cursor").hidden = true;
  element("stage").setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  if (pointers.size === 1) press = { x: event.clientX, y: event.clientY, moved: false };
  else if (press) press.moved = true;
}

function drag(event) {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > STILL;
  if (!press.moved && !far) return;
  press.moved = true;
  if (pointers.size === 1) {
    camera.pan(event.clientX - before.clientX, event.clientY - before.clientY);
  } else {
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    pinch(before, event, other);
  }
  pointers.set(event.pointerId, event);
}

function pinch(before, after, other) {
  const { left, top } = camera.bounds();
  const apart = (at) => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY);
  camera.pan((after.clientX - before.clientX) / 2, (after.clientY - before.clientY) / 2);
  const x = (after.clientX + other.clientX) / 2 - left;
  const y = (after.clientY + other.clientY) / 2 - top;
  camera.zoom(apart(after) / Math.max(1, apart(before)), x, y);
}

function up(event) {
  const pressed = pointers.delete(event.pointerId);
  if (!pressed || pointers.size > 0) return;
  const clicked = press !== null && !press.moved && event.type === "pointerup" && event.button === 0;
  press = null;
  if (clicked) act(camera.share(event));
}

function wheel(event) {
  event.preventDefault();
  const { left, top } = camera.bounds();
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  const turn = Math.max(-300, Math.min(300, event.deltaY * lines));
  camera.zoom(Math.exp(-turn / (event.ctrlKey ? 100 : 400)), event.clientX - left, event.clientY - top);
}

// Keys move a point; Enter does there what a click does.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function step(event) {
  const arrow = ARROWS[event.key];
  if (!arrow || event.ctrlKey || event.altKey || event.metaKey) return null;
  event.preventDefault();
  event.stopPropagation();
  const size = event.shiftKey ? COARSE : FINE;
  return { x: arrow[0] * size, y: arrow[1] * size };
}

function key(event) {
  if (event.target !== element("stage")) return;
  const by = step(event);
  if (by) {
    const limit = (value) => Math.min(1, Math.max(0, value));
    const grown = event.shiftKey ? by : { x: by.x * 4, y: by.y * 4 };
    point = { x: limit(point.x + grown.x), y: limit(point.y + grown.y) };
    element("cursor").hidden = false;
    layout();
    camera.reveal(camera.place(point));
    say(t("atPoint", percent(point)));
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    act(point);
  }
}

const percent = ({ x, y }) => ({ x: Math.round(100 * x), y: Math.round(100 * y) });

// Marks: a button for each hint, in its colour.

function marks() {
  const shown = page()?.hints ?? [];
  const held = element("marks");
  while (held.children.length > shown.length) held.lastChild.remove();
  while (held.children.length < shown.length) held.append(make("li", {}, mark(held.children.length)));
  shown.forEach((hint, number) => {
    const button = held.children[number].firstChild;
    button.style.setProperty("--color", hint.color);
    button.setAttribute("aria-pressed", String(state.selected === number));
    const values = { number: number + 1, color: hint.color, ...percent(hint) };
    label(button, t("hintAt", values));
  });
  layout();
}

function mark(number) {
  const button = make("button", { type: "button", className: "mark" });
  let held = null;
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    held = { x: event.clientX, y: event.clientY, moved: false };
  });
  button.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > STILL;
    if (!held.moved && !far) return;
    const { x, y } = camera.share(event);
    hints.move(number, x, y, { step: !held.moved });
    held.moved = true;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    button.addEventListener(end, () => {
      const moved = held?.moved;
      held = null;
      if (moved) emit("moved");
    });
  }
  button.addEventListener("click", () => select(number));
  button.addEventListener("focus", () => {
    if (button.matches(":focus-visible")) camera.reveal(camera.place(page().hints[number]));
  });
  button.addEventListener("keydown", (event) => {
    const by = step(event);
    if (by) {
      const { x, y } = page().hints[number];
      hints.move(number, x + by.x, y + by.y, { step: !event.repeat });
      camera.reveal(camera.place(page().hints[number]));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      event.stopPropagation();
      hints.remove(number);
      element("stage").focus();
    }
  });
  return button;
}

// Puts all that lies over the page in its place.
export function layout() {
  for (const [number, hint] of (page()?.hints ?? []).entries()) {
    const item = element("marks").children[number];
    if (item) put(item, camera.place(hint));
  }
  put(element("cursor"), camera.place(point));
  const shown = Math.round(100 * camera.camera.scale * devicePixelRatio);
  element("scale").textContent = `${shown} %`;
  label(element("fit"), t("fit", { scale: `${shown} %` }));
  place();
  pictures.sharpen();
  emit("layout");
}

function put(item, { left, top }) {
  item.style.transform = `translate(${left}px, ${top}px)`;
}

// The divider: left of it the original, right of it the painted page.

export function compare() {
  const comparing = element("stage").classList.toggle("comparing");
  element("compare").setAttribute("aria-pressed", String(comparing));
  element("divider").hidden = !comparing;
  if (comparing) pictures.original();
  layout();
}

function divide() {
  const divider = element("divider");
  let held = false;
  const to = (value) => {
    split = Math.min(100, Math.max(0, value));
    divider.setAttribute("aria-valuenow", String(Math.round(split)));
    place();
  };
  divider.addEventListener("pointerdown", (event) => {
    held = true;
    divider.setPointerCapture(event.pointerId);
  });
  divider.addEventListener("pointermove", (event) => {
    const { left, width } = camera.bounds();
    if (held) to((100 * (event.clientX - left)) / width);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    divider.addEventListener(end, () => (held = false));
  }
  divider.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, Home: -100, End: 100 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    to(split + by);
  });
}

function place() {
  const { width } = camera.bounds();
  const at = (split / 100) * width;
  element("divider").style.transform = `translateX(${at}px)`;
  const inside = Math.min(camera.camera.width, Math.max(0, at - camera.camera.left));
  element("sheet").style.setProperty("--split", `${inside}px`);
}
