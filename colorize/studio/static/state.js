// What the page knows, and who wants to hear of changes.

export const state = {
  pages: [],
  settings: {},
  defaults: {},
  domains: [],
  levels: [], // pixels at most at each level of detail; null of the page's own size
  folder: "",
  model: "", // that the server was started with; none of the one that the command takes by itself
  palette: [],
  swatches: [], // of the colour book: { id, name, color }
  fault: "", // why the colour book is not used
  learns: true, // whether the model knows things again, and predicts distributions
  book: { state: "none" },
  current: null, // id of the page that is shown
  selected: null, // number of the hint whose colour is being chosen
  brush: null, // colour of the next hint; null takes the one that is there
  picking: false, // whether the next click takes a colour
};

const listeners = new Map();

// Events: "pages", "page" (another one is shown), "hints", "picture", "selected", "settings", "change" (of settings).
export function on(event, heard) {
  listeners.set(event, [...(listeners.get(event) ?? []), heard]);
}

export function emit(event, value) {
  for (const heard of listeners.get(event) ?? []) heard(value);
}

export const element = (id) => document.getElementById(id);
export const page = () => state.pages.find((one) => one.id === state.current) ?? null;

export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function select(number) {
  state.selected = number;
  emit("selected");
}

export function show(id) {
  if (state.current === id) return;
  state.current = id;
  state.selected = null;
  emit("page");
}

// Colours of the colour book, and of the project's hints, the most used first.
export function used() {
  const counts = new Map(state.swatches.map(({ color }) => [color, Infinity]));
  for (const { hints } of state.pages) {
    for (const { color } of hints) counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]).map(([color]) => color);
}
