// What can be done with the hint that is chosen: its colour, or nothing more of it.

import * as api from "./api.js";
import * as camera from "./camera.js";
import * as hints from "./hints.js";
import { setPicking } from "./stage.js";
import { element, make, on, page, select, state, used } from "./state.js";
import { label, t } from "./strings.js";

const APART = 18; // CSS pixels between a hint and what belongs to it
const USED = 12;

const PATIENCE = 80; // milliseconds without a move before colours are asked for

let asked = "";
let later = 0;
let colouring = false; // whether the next colour belongs to the step before

export function start() {
  on("selected", refresh);
  on("hints", refresh);
  on("page", refresh);
  on("settings", refresh);
  on("layout", place);
  on("moved", refresh);
  on("picked", (color) => choose(color));
  const field = element("color");
  field.addEventListener("input", () => {
    choose(field.value, { step: !colouring });
    colouring = true;
  });
  field.addEventListener("change", () => (colouring = false));
  element("pick").addEventListener("click", () => setPicking(!state.picking));
  element("delete").addEventListener("click", () => {
    hints.remove(state.selected);
    element("stage").focus();
  });
  element("done").addEventListener("click", () => {
    select(null);
    element("stage").focus();
  });
}

export function setBrush(color) {
  state.brush = color;
  const button = element("brush");
  button.classList.toggle("auto", color === null);
  button.style.setProperty("--color", color ?? "transparent");
  label(button, color === null ? t("brushAuto") : t("brushSet", { color }));
}

// Takes a colour for the hint that is chosen and for those to come.
export function choose(color, options) {
  setBrush(color);
  if (state.selected !== null) hints.recolour(state.selected, color, options);
}

// Takes one of the likely colours by its number.
export function take(number) {
  const button = element("likely").children[number];
  if (!element("popover").hidden && button?.dataset.color) choose(button.dataset.color);
}

function refresh() {
  const shown = page();
  const hint = state.selected === null ? null : shown?.hints[state.selected];
  element("popover").hidden = !hint;
  if (!hint) {
    asked = "";
    clearTimeout(later);
    return;
  }
  element("color").value = hint.color;
  swatches(element("used"), used().slice(0, USED), "usedColor");
  element("used-part").hidden = element("used").children.length < 1;
  place();
  reveal(hint);
  suggest(shown, hint);
}

// Moves the page where the popover, which is docked on a phone, would hide the hint.
function reveal(hint) {
  const { width, height } = camera.bounds();
  const popover = element("popover");
  if (popover.offsetWidth < width) return;
  const lowest = height - popover.offsetHeight - 2 * APART;
  const { top } = camera.place(hint);
  if (top > lowest) camera.pan(0, lowest - top);
}

function suggest(shown, hint) {
  const question = JSON.stringify([shown.id, hint.x, hint.y, state.settings]);
  if (asked === question) return;
  asked = question;
  element("likely").replaceChildren();
  element("likely").setAttribute("aria-busy", "true");
  clearTimeout(later);
  later = setTimeout(() => likely(shown, hint, question), PATIENCE);
}

async function likely(shown, { x, y }, question) {
  let colors = [];
  try {
    colors = await api.likely(shown.id, x, y);
  } catch {
    colors = [];
  }
  if (asked !== question) return;
  element("likely").removeAttribute("aria-busy");
  swatches(element("likely"), colors, "likelyColor");
  place();
}

function swatches(held, colors, words) {
  const now = [...held.children].map((button) => button.dataset.color).join();
  if (now === colors.join()) return;
  held.replaceChildren(
    ...colors.map((color, number) => {
      const button = make("button", { type: "button", className: "swatch" });
      button.dataset.color = color;
      button.style.setProperty("--color", color);
      label(button, t(words, { number: number + 1, color }));
      button.addEventListener("click", () => choose(color));
      return button;
    }),
  );
}

// Beside the hint where there is room; style sheets dock it at the bottom of a phone.
function place() {
  const popover = element("popover");
  const hint = state.selected === null ? null : page()?.hints[state.selected];
  if (popover.hidden || !hint) return;
  const { width, height } = camera.bounds();
  const at = camera.place(hint);
  const [wide, high] = [popover.offsetWidth, popover.offsetHeight];
  const right = at.left + APART + wide <= width;
  const left = right ? at.left + APART : at.left - APART - wide;
  const top = Math.min(height - high - 8, Math.max(8, at.top - high / 2));
  popover.style.setProperty("--left", `${Math.min(width - wide - 8, Math.max(8, left))}px`);
  popover.style.setProperty("--top", `${top}px`);
}
