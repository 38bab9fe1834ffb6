// Talks to the server. All addresses are relative, so they carry the token of this page.

import { t } from "./strings.js";

export class Refused extends Error {
  constructor(status, body) {
    super(body?.error || t("lost"));
    this.status = status;
    this.body = body;
  }
}

const SMALL = 60_000; // letters of a change that is sent to its end even where its page is closed

async function ask(method, path, body, headers = {}) {
  const keepalive = typeof body === "string" && body.length < SMALL;
  let answer = null;
  try {
    answer = await fetch(`api/${path}`, { method, body, headers, keepalive });
  } catch {
    throw new Refused(0, null); // nobody answers
  }
  const type = answer.headers.get("content-type") ?? "";
  const isJson = type.startsWith("application/json");
  const found = isJson ? await answer.json() : answer.ok ? null : { error: await answer.text() };
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

const json = (method, path, value) =>
  ask(method, path, JSON.stringify(value), { "content-type": "application/json" });

export const project = () => ask("GET", "project");
export const open = (page) => ask("GET", `pages/${page}`);
export const likely = (page, x, y) => ask("GET", `pages/${page}/likely?x=${x}&y=${y}`);
export const setHints = (page, hints, revision) =>
  json("PUT", `pages/${page}/hints`, { hints, revision });
export const setSettings = (settings) => json("PUT", "settings", settings);
export const remove = (page) => ask("DELETE", `pages/${page}`);
export const clear = () => ask("DELETE", "pages");
export const bind = () => ask("POST", "book");
export const add = (name, file) =>
  ask("POST", "pages", file, { "x-name": encodeURIComponent(name) });

export const loadBook = (file) =>
  ask("PUT", "swatches", file, { "x-name": encodeURIComponent(file.name) });
export const setPalette = (content, name = "") =>
  ask("PUT", "palette", content, { "x-name": encodeURIComponent(name) });
export const learn = (page, hint, name) => json("POST", `pages/${page}/swatches`, { hint, name });
export const rename = (swatch, name) => json("PUT", `swatches/${swatch}`, { name });
export const forget = (swatch) => ask("DELETE", `swatches/${swatch}`);

// A picture of a page: "thumb", or "painted-0" to "painted-5" and "original-0" to "original-5".
export const view = (page, kind, version) => `api/pages/${page}/view/${kind}?v=${version}`;
export const file = (page, form) => `api/pages/${page}/file/${form}`;

// Calls back with each event, and with null when the server stops answering.
export function listen(heard) {
  const source = new EventSource("api/events");
  source.onmessage = (message) => heard(JSON.parse(message.data));
  source.onopen = () => heard({ type: "project" });
  source.onerror = () => heard(null);
}
