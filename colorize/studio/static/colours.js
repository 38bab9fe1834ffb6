// The colour book and the palette: what named things look like, and the colours that pages may have.

import * as api from "./api.js";
import { choose } from "./popover.js";
import { element, emit, make, on, page, state } from "./state.js";
import { label, t } from "./strings.js";
import { ask, say, tried } from "./toasts.js";

export function start() {
  on("settings", refresh);
  element("book").addEventListener("change", () => emit("change", { book: element("book").checked }));
  element("naming").addEventListener("submit", keep);
  element("palette-form").addEventListener("submit", add);
  element("palette-clear").addEventListener("click", cleared);
  element("palette-load").addEventListener("click", () => element("palette-files").click());
  element("book-load").addEventListener("click", () => element("book-files").click());
  for (const id of ["palette-files", "book-files"]) {
    element(id).addEventListener("change", () => {
      const [file] = element(id).files;
      element(id).value = "";
      if (file) load(file);
    });
  }
}

// Whether a file is none of a page, but of colours.
export const isColours = (name) => /\.(safetensors|gpl)$/i.test(name);

// Takes a palette, or adds a colour book to that of the project.
export async function load(file) {
  const isBook = /\.safetensors$/i.test(file.name);
  if (!isBook && state.palette.length > 0 && !(await ask(t("askPalette"), t("askColoursText")))) return;
  const taken = await (isBook ? asked(api.loadBook(file)) : palette(file, file.name));
  if (taken) say(t("loaded", { name: file.name }));
}

// Asks for a change; the server tells all windows of what came of it.
const asked = (change) =>
  tried(
    change.then((found) => {
      Object.assign(state, found);
      refresh();
    }),
  );

function refresh() {
  const { swatches, palette: colors, fault, learns, settings } = state;
  element("colour-book").hidden = !learns;
  element("no-swatches").hidden = swatches.length > 0 || fault !== "";
  element("book-load").hidden = fault !== "";
  element("book-save").hidden = swatches.length === 0;
  element("fault").hidden = fault === "";
  element("fault").textContent = fault;
  element("book-field").hidden = swatches.length === 0;
  element("book").checked = settings.book;
  element("naming").hidden = !learns || fault !== "";
  if (!element("swatches").contains(document.activeElement)) {
    element("swatches").replaceChildren(...swatches.map(swatch));
  }
  element("no-palette").hidden = colors.length > 0;
  for (const id of ["palette", "palette-clear", "palette-save"]) element(id).hidden = colors.length === 0;
  const shown = colors.join();
  if (element("palette").dataset.shown !== shown) {
    // Buttons that stay keep the focus, and a click that has begun.
    element("palette").dataset.shown = shown;
    element("palette").replaceChildren(...colors.map(color));
  }
}

// The colour book.

function swatch({ id, name, color }) {
  const shown = name || t("unnamed");
  const take = make("button", { type: "button", className: "swatch" });
  take.style.setProperty("--color", color);
  label(take, t("swatchTake", { color, name: shown }));
  take.addEventListener("click", () => choose(color));
  const field = make("input", { type: "text", value: name, maxLength: 200, placeholder: t("unnamed"), title: name });
  label(field, t("swatchName", { color }));
  field.addEventListener("change", () => asked(api.rename(id, field.value)));
  const gone = make("button", { type: "button", className: "icon", textContent: "×" });
  label(gone, t("swatchDelete", { name: shown }));
  gone.addEventListener("click", async () => {
    if (!(await ask(t("askForget", { name: shown }), t("askColoursText")))) return;
    gone.blur();
    asked(api.forget(id));
  });
  return make("li", {}, take, field, gone);
}

// Keeps what the chosen hint says, under a name.
async function keep(event) {
  event.preventDefault();
  const [shown, field, button] = [page(), element("hint-name"), element("keep")];
  const hint = shown?.hints[state.selected];
  if (!hint) return;
  const name = field.value.trim();
  button.disabled = true;
  button.textContent = t("keeping");
  if (await asked(api.learn(shown.id, hint, name))) {
    field.value = "";
    say(t("named", { name: name || hint.color }));
  }
  button.disabled = false;
  button.textContent = t("keep");
}

// The palette.

function color(value, number) {
  const button = make("button", { type: "button", className: "swatch" });
  button.style.setProperty("--color", value);
  label(button, t("paletteColor", { color: value }));
  button.addEventListener("click", () => choose(value));
  button.addEventListener("keydown", async (event) => {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    event.stopPropagation();
    await palette(state.palette.filter((_, at) => at !== number).join());
    (element("palette").children[number] ?? element("palette-text")).focus();
  });
  return button;
}

async function cleared() {
  if (await ask(t("askPalette"), t("askColoursText"))) await palette("");
}

const palette = (content, name) => asked(api.setPalette(content, name));

async function add(event) {
  event.preventDefault();
  const field = element("palette-text");
  const text = field.value.trim();
  if (text && (await palette([...state.palette, text].join()))) field.value = "";
}
