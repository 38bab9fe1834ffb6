// Words of the page. Another language is one more file `strings.xx.json`.

let words = {};

export async function load() {
  const there = await (await fetch("static/languages.json")).json();
  const wanted = navigator.languages.map((language) => language.slice(0, 2));
  const language = wanted.find((code) => there.includes(code)) ?? "en";
  words = await (await fetch(`static/strings.${language}.json`)).json();
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = t(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    label(element, t(element.dataset.label));
  }
}

// The words of a key, with values in the place of {names}. Values are text, never markup.
export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

export function list(key) {
  return words[key];
}

// Names an element for screen readers, and buttons for those who hover.
export function label(element, text) {
  element.setAttribute("aria-label", text);
  if (element.matches("button")) element.title = text;
}
