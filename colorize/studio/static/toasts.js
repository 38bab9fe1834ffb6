// Short messages; bad news stays until it is closed.

import { element, make } from "./state.js";
import { label, t } from "./strings.js";

const SHOWN = 6000; // milliseconds
const MOST = 4;

export function toast(text, { bad = false } = {}) {
  const close = make("button", { type: "button", className: "icon", textContent: "×" });
  label(close, t("close"));
  const made = make("div", { className: bad ? "toast bad" : "toast" }, make("p", { textContent: text }), close);
  const end = () => made.remove();
  close.addEventListener("click", end);
  const toasts = element("toasts");
  toasts.append(made);
  while (toasts.children.length > MOST) toasts.firstChild.remove();
  if (!bad) setTimeout(end, SHOWN);
}

// Opens a dialog. It lies over all else, so messages go along with it.
export function present(dialog) {
  dialog.append(element("toasts"));
  dialog.addEventListener("close", () => document.body.append(element("toasts")), { once: true });
  dialog.showModal();
}

// Waits for a change that the server was asked for. Where it fails, says why and gives false.
export async function tried(change) {
  try {
    await change;
    return true;
  } catch ({ message }) {
    toast(message, { bad: true });
    return false;
  }
}

// Asks whether to do what cannot be undone.
export function ask(title, text) {
  const dialog = element("ask-dialog");
  element("ask-title").textContent = title;
  element("ask-text").textContent = text;
  element("ask-yes").textContent = t("askYes");
  dialog.returnValue = "no";
  present(dialog);
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

export function say(text) {
  element("status").textContent = text;
}
