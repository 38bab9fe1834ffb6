// Sets, moves and deletes hints, with undo and redo, and saves them.

import * as api from "./api.js";
import { emit, page, select, state } from "./state.js";
import { t } from "./strings.js";
import { toast } from "./toasts.js";

const DEPTH = 200; // steps that can be undone

const histories = new Map();
const saving = new Set();
const unsaved = new Set();

function history(id) {
  if (!histories.has(id)) {
    let found = null;
    try {
      found = JSON.parse(sessionStorage.getItem(`history ${id}`));
    } catch {
      found = null;
    }
    histories.set(id, found ?? { undo: [], redo: [] });
  }
  return histories.get(id);
}

function remember(id) {
  try {
    sessionStorage.setItem(`history ${id}`, JSON.stringify(history(id)));
  } catch {
    sessionStorage.removeItem(`history ${id}`); // rather no history after a reload than an old one
  }
}

export const canUndo = () => state.current !== null && history(state.current).undo.length > 0;
export const canRedo = () => state.current !== null && history(state.current).redo.length > 0;

// Gives the page other hints. A `step` can be undone; what belongs to the step before is none.
export function change(hints, { step = true } = {}) {
  const shown = page();
  if (shown === null) return;
  const past = history(shown.id);
  if (step) {
    past.undo.push(shown.hints);
    past.undo.splice(0, past.undo.length - DEPTH);
    past.redo = [];
    remember(shown.id);
  }
  put(shown, hints);
}

function put(shown, hints) {
  shown.hints = hints;
  if (state.selected !== null && state.selected >= hints.length) select(null);
  emit("hints");
  save(shown);
}

export function undo() {
  travel("undo", "redo");
}

export function redo() {
  travel("redo", "undo");
}

function travel(from, to) {
  const shown = page();
  const past = history(shown?.id);
  if (shown === null || past[from].length === 0) return;
  past[to].push(shown.hints);
  select(null);
  put(shown, past[from].pop());
  remember(shown.id);
}

export function add(x, y, color) {
  const shown = page();
  const hints = [...shown.hints, { x: round(x), y: round(y), color }];
  change(hints);
  return hints.length - 1;
}

export function move(number, x, y, options) {
  update(number, { x: round(x), y: round(y) }, options);
}

export function recolour(number, color, options) {
  if (page().hints[number].color !== color) update(number, { color }, options);
}

function update(number, changes, options) {
  const hints = page().hints.map((hint, at) => (at === number ? { ...hint, ...changes } : hint));
  change(hints, options);
}

export function remove(number) {
  const hints = page().hints.filter((_, at) => at !== number);
  select(null);
  change(hints);
}

const round = (share) => Math.round(Math.min(1, Math.max(0, share)) * 1e5) / 1e5;

export const isSaving = (id) => saving.has(id) || unsaved.has(id);
export const areSaved = () => unsaved.size === 0;

// Shows the hints of a page that others have changed.
export function heard(before) {
  const { hints } = page();
  if (JSON.stringify(before) === JSON.stringify(hints)) return;
  const at = state.selected;
  // Only what is shown of a hint counts: the server adds its radius.
  const shown = (hint) => JSON.stringify([hint?.x, hint?.y, hint?.color]);
  if (at !== null && shown(before[at]) !== shown(hints[at])) select(null);
  emit("hints");
}

// Saves what could not be saved before.
export function retry() {
  for (const id of [...unsaved]) {
    const known = state.pages.find((one) => one.id === id);
    if (known) save(known);
    else unsaved.delete(id);
  }
}

// Saves the newest hints of a page; while an answer is awaited, only the newest wait. What cannot be
// saved stays on the page, and waits for the next change or for a server that answers.
async function save(shown) {
  unsaved.add(shown.id);
  if (saving.has(shown.id)) return;
  saving.add(shown.id);
  try {
    while (unsaved.delete(shown.id)) {
      const sent = shown.hints;
      const answer = await api.setHints(shown.id, sent, shown.revision);
      const newer = shown.hints !== sent;
      const { revision } = answer;
      Object.assign(shown, answer.at < shown.at ? { revision } : answer, newer ? { hints: shown.hints } : {});
      emit("picture", shown);
    }
  } catch (error) {
    if (error.status === 409) {
      unsaved.delete(shown.id);
      Object.assign(shown, error.body);
      toast(t("changedElsewhere"));
      if (shown.id === state.current) select(null);
      emit("hints");
      emit("picture", shown);
    } else if (error.status !== 404) {
      unsaved.add(shown.id);
      toast(t("notSaved", { reason: error.message }), { bad: true });
    }
  } finally {
    saving.delete(shown.id);
  }
}
