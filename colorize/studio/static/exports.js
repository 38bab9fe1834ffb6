// The dialog of all that can be saved as a file.

import * as api from "./api.js";
import { element, on, page, state } from "./state.js";
import { t } from "./strings.js";
import { present, toast } from "./toasts.js";

let waiting = false; // whether a book is made for this window

const FORMS = {
  "save-page": "painted",
  "save-png": "png",
  "save-layers": "layers",
  "save-layer": "layer",
};

export function start() {
  const dialog = element("export-dialog");
  element("export").addEventListener("click", () => {
    refresh();
    present(dialog);
  });
  element("bind").addEventListener("click", bind);
  on("book", book);
}

async function bind() {
  waiting = true;
  state.book = { state: "running", done: 0, total: state.pages.length, reason: "" };
  book();
  try {
    await api.bind();
  } catch (error) {
    state.book = { state: "failed", done: 0, total: 0, reason: error.message };
    book();
  }
}

function refresh() {
  const shown = page();
  for (const [id, form] of Object.entries(FORMS)) {
    const link = element(id);
    if (shown && shown.state !== "failed") link.href = api.file(shown.id, form);
    else link.removeAttribute("href");
  }
  element("palette-file").hidden = state.palette.length === 0;
  element("book-file").hidden = state.swatches.length === 0;
  element("command").textContent = command();
  book();
}

// The command that gives the same bytes; PAGES stands for what was opened.
function command() {
  const { settings } = state;
  const { temperature, adjustment, hues, brightness, saturation, tone, domain } = settings;
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const file = (name) => quoted(`${state.folder}/${name}`);
  const options = [
    state.model !== "" && `--model ${quoted(state.model)}`,
    state.pages.some(({ hints }) => hints.length > 0) && `--hints ${file("hints.json")}`,
    state.palette.length > 0 && `--palette ${file("palette.json")}`,
    settings.book && state.swatches.length > 0 && `--book ${file("book.safetensors")}`,
    temperature !== null && `--temperature ${temperature}`,
    adjustment !== null && `--adjustment ${adjustment}`,
    hues !== null && `--hues ${hues}`,
    brightness !== null && `--brightness ${brightness}`,
    saturation !== 1 && `--saturation ${saturation}`,
    tone !== 1 && `--tone ${tone}`,
    domain !== "auto" && `--domain ${domain}`,
  ];
  return ["colorize PAGES -o OUT", ...options.filter(Boolean)].join(" \\\n    ");
}

function book() {
  const { state: now, done, total, reason } = state.book;
  const running = now === "running";
  element("bound").hidden = !running;
  element("bound").value = total ? done / total : 0;
  element("bind").disabled = running;
  element("bound-file").hidden = now !== "ready";
  element("bind-text").textContent = running ? t("bindRunning", { done, total }) : t("bindText");
  if (running || !waiting) return;
  waiting = false;
  if (now === "failed") return toast(t("bindFailed", { reason }), { bad: true });
  if (reason) toast(reason, { bad: true });
  element("bound-file").firstChild.click();
  element("bind-text").textContent = t("bindDone");
}
