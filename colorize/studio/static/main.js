// Begins: loads the words and the project, and joins all parts.

import * as api from "./api.js";
import * as camera from "./camera.js";
import * as colours from "./colours.js";
import * as drop from "./drop.js";
import * as exports from "./exports.js";
import * as hints from "./hints.js";
import * as panel from "./panel.js";
import * as pictures from "./pictures.js";
import * as popover from "./popover.js";
import * as stage from "./stage.js";
import * as strip from "./strip.js";
import { element, emit, make, on, page, select, show, state } from "./state.js";
import { list, load, t } from "./strings.js";
import { present, toast } from "./toasts.js";

await load();
for (const part of [stage, popover, panel, colours, strip, drop, exports]) part.start();

// The project, as the server has it.

// Several changes while an answer is awaited are asked for once.
let wanted = false;
let running = null;
function refresh() {
  wanted = true;
  running ??= reloads().finally(() => (running = null));
  return running;
}

async function reloads() {
  while (wanted) {
    wanted = false;
    await reload();
  }
}

async function reload() {
  const made = panel.known();
  const found = await api.project();
  // Settings that were changed since it was asked for are newer than the answer.
  if (made === null || made !== panel.known()) found.settings = state.settings;
  const before = new Map(state.pages.map((one) => [one.id, one]));
  const [at, known] = [[...before.keys()].indexOf(state.current), page()?.hints];
  const pages = found.pages.map((one) => merged(before.get(one.id), one));
  Object.assign(state, found, { pages });
  const gone = !pages.some(({ id }) => id === state.current);
  emit("settings");
  emit("pages");
  element("empty").hidden = pages.length > 0;
  element("stage").hidden = pages.length === 0;
  for (const id of ["export", "compare", "remove", "clear"]) element(id).disabled = pages.length === 0;
  if (gone) {
    state.current = null;
    if (pages.length > 0) show(pages[Math.min(Math.max(at, 0), pages.length - 1)].id);
    else emit("page");
  } else {
    hints.heard(known);
    emit("picture", page());
  }
  hints.retry();
}

// A page keeps its identity, and hints that are not saved yet.
function merged(known, now) {
  if (!known) return now;
  if (now.at < known.at) return known; // it was on its way when news came
  return Object.assign(known, hints.isSaving(now.id) ? { ...now, hints: known.hints, revision: known.revision } : now);
}

let told = false; // that the server does not answer
function heard(event) {
  if (event === null) return lost();
  told = false;
  if (event.type === "project") refresh().catch(lost);
  if (event.type === "book") {
    state.book = event.book;
    emit("book");
  }
  if (event.type === "page") {
    wanted = running !== null; // an answer on its way may be older than this
    const known = state.pages.find(({ id }) => id === event.page.id);
    if (!known) return;
    const before = known.hints;
    merged(known, event.page);
    strip.update(known);
    if (known.id !== state.current) return;
    hints.heard(before);
    emit("picture", known);
  }
}

function lost() {
  if (!told) toast(t("lost"), { bad: true });
  told = true;
}

addEventListener("beforeunload", (event) => {
  if (!hints.areSaved()) event.preventDefault();
});

// The page that is shown.

const HURRY = 150; // milliseconds within which whoever turns pages only looks where they are
let turned = -HURRY;

on("page", async () => {
  const now = page();
  notice(now);
  buttons();
  if (now === null) return;
  if (now.width) camera.take(now.width, now.height);
  const hurried = performance.now() - turned < HURRY;
  turned = performance.now();
  if (hurried) {
    pictures.clear();
    await new Promise((over) => setTimeout(over, HURRY));
    if (page() !== now) return;
  }
  pictures.refresh({ fresh: true });
  if (element("stage").classList.contains("comparing")) pictures.original();
  try {
    const opened = await api.open(now.id);
    merged(now, opened);
  } catch (error) {
    if (error.status === 422) Object.assign(now, { state: "failed", reason: error.message });
    else toast(error.message, { bad: true });
  }
  strip.update(now);
  if (state.current !== now.id) return;
  emit("settings"); // what a page takes for its own depends on its kind
  notice(now);
  if (now.width) camera.take(now.width, now.height);
  pictures.refresh();
});
on("picture", (changed) => {
  if (changed?.id !== state.current) return;
  notice(changed);
  pictures.refresh();
});
on("hints", buttons);

function notice(now) {
  const text =
    now?.state === "failed" ? t("failed", { reason: now.reason }) : now?.coloured ? t("coloured") : "";
  element("stage").classList.toggle("failed", now?.state === "failed");
  element("notice").hidden = text === "";
  element("notice").textContent = text;
  element("after").alt = now ? t("pageAlt", { name: now.name }) : "";
}

function buttons() {
  element("undo").disabled = !hints.canUndo();
  element("redo").disabled = !hints.canRedo();
}

element("undo").addEventListener("click", hints.undo);
element("redo").addEventListener("click", hints.redo);
element("help").addEventListener("click", help);

function help() {
  const rows = list("keyList").flatMap(([keys, does]) => [
    make("dt", { textContent: keys }),
    make("dd", { textContent: does }),
  ]);
  element("keys").replaceChildren(...rows);
  present(element("help-dialog"));
}

// Keys that work everywhere but in fields and dialogs.

const KEYS = {
  "+": camera.closer,
  "=": camera.closer,
  "-": camera.farther,
  0: camera.fit,
  b: stage.compare,
  i: () => stage.setPicking(!state.picking),
  PageUp: () => strip.turn(-1),
  PageDown: () => strip.turn(1),
  "?": help,
  Delete: () => state.selected !== null && hints.remove(state.selected),
  Escape: escape,
};
for (const number of [1, 2, 3, 4, 5]) KEYS[number] = () => popover.take(number - 1);

function escape() {
  if (state.picking) stage.setPicking(false);
  else if (state.selected !== null) {
    select(null);
    element("stage").focus();
  }
  else panel.toggle(false);
}

addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const ctrl = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isField = event.target.closest("input:not([type=range], [type=checkbox]), select");
  if (isField && key !== "Escape") return;
  if (ctrl && key === "z") {
    event.preventDefault();
    return event.shiftKey ? hints.redo() : hints.undo();
  }
  if (ctrl && key === "y") {
    event.preventDefault();
    return hints.redo();
  }
  if (ctrl || event.altKey) return;
  if (KEYS[key] && state.pages.length > 0) {
    event.preventDefault();
    KEYS[key]();
  }
});

await refresh();
api.listen(heard);
