// The panel: the page's hints as a list, how pages are painted, and the project.

import * as api from "./api.js";
import * as hints from "./hints.js";
import { setBrush } from "./popover.js";
import { element, emit, make, on, page, select, state } from "./state.js";
import { label, t } from "./strings.js";
import { ask, tried } from "./toasts.js";

const PATIENCE = 120; // milliseconds after which a slider's value is sent
const SLIDERS = ["adjustment", "temperature", "hues", "brightness", "saturation", "tone"];
const DEFAULTS = {
  adjustment: null,
  temperature: null,
  hues: null,
  brightness: null,
  saturation: 1,
  tone: 1,
  domain: "auto",
};

let later = 0; // timer of a change that is to be sent
let sending = 0; // changes whose answers are awaited
let made = 0; // changes so far

// Number of changes that were made, if the server knows all of them; null otherwise.
export const known = () => (later === 0 && sending === 0 ? made : null);

export function start() {
  on("hints", list);
  on("page", list);
  on("selected", list);
  on("settings", settings);
  on("change", change);
  for (const name of SLIDERS) {
    element(name).addEventListener("input", () => change({ [name]: Number(element(name).value) }));
  }
  element("domain").addEventListener("change", () => change({ domain: element("domain").value }));
  element("reset").addEventListener("click", () => change(DEFAULTS));
  element("brush").addEventListener("click", brush);
  element("toggle").addEventListener("click", () => toggle());
  element("remove").addEventListener("click", remove);
  element("clear").addEventListener("click", clear);
  addEventListener("pagehide", () => {
    clearTimeout(later);
    if (later !== 0) send();
  });
  setBrush(null);
}

export function toggle(open = !document.body.classList.contains("panelled")) {
  document.body.classList.toggle("panelled", open);
  element("toggle").setAttribute("aria-expanded", String(open));
}

// A brush of a colour of its own gives way to the colour that is there, and the other way round.
function brush() {
  if (state.brush !== null) return setBrush(null);
  const field = make("input", { type: "color", value: "#e8b48c" });
  field.addEventListener("input", () => setBrush(field.value));
  field.click();
}

function list() {
  const shown = page()?.hints ?? [];
  element("no-hints").hidden = shown.length > 0;
  const held = element("hints");
  const focused = [...held.children].findIndex((item) => item.contains(document.activeElement));
  held.replaceChildren(
    ...shown.map((hint, number) => {
      const choose = make("button", { type: "button", className: "chosen" });
      const dot = make("span", { className: "dot" });
      dot.style.setProperty("--color", hint.color);
      choose.append(dot, hint.color);
      choose.setAttribute("aria-pressed", String(state.selected === number));
      choose.addEventListener("click", () => select(number));
      const gone = make("button", { type: "button", className: "icon", textContent: "×" });
      label(gone, t("deleteAt", { number: number + 1 }));
      gone.addEventListener("click", () => hints.remove(number));
      return make("li", {}, choose, gone);
    }),
  );
  if (focused >= 0) (held.children[focused]?.firstChild ?? element("stage")).focus();
}

function settings() {
  const { domain } = state.settings;
  const kind = domain === "auto" ? (page()?.domain ?? state.domains[0]) : domain;
  const values = { ...state.settings };
  for (const [name, own] of Object.entries(state.defaults[kind] ?? {})) values[name] ??= own;
  for (const name of SLIDERS) {
    if (document.activeElement !== element(name)) element(name).value = values[name];
    element(`${name}-value`).textContent = (values[name] ?? 0).toFixed(2);
  }
  for (const name of ["adjustment", "temperature"]) element(`${name}-field`).hidden = !state.learns;
  const inks = state.domains.includes("ink");
  for (const name of ["tone", "brightness"]) element(`${name}-field`).hidden = !inks;
  element("hues-field").hidden = !inks || !state.learns;
  element("domain-field").hidden = state.domains.length < 2;
  const choices = ["auto", ...state.domains];
  element("domain").replaceChildren(
    ...choices.map((value) => make("option", { value, textContent: t(value) })),
  );
  element("domain").value = domain;
  element("folder").textContent = state.folder;
}

function change(changes) {
  made += 1;
  state.settings = { ...state.settings, ...changes };
  settings();
  clearTimeout(later);
  const slides = SLIDERS.some((name) => changes[name] !== undefined);
  later = slides ? setTimeout(send, PATIENCE) : 0;
  if (!slides) send();
}

async function send() {
  later = 0;
  sending += 1;
  await tried(api.setSettings(state.settings));
  sending -= 1;
}

async function remove() {
  const shown = page();
  if (shown === null) return;
  if (await ask(t("askRemove", { name: shown.name }), t("askClearText"))) await tried(api.remove(shown.id));
}

async function clear() {
  if (await ask(t("askClear"), t("askClearText"))) await tried(api.clear());
}
