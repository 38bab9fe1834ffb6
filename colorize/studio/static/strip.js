// The strip of thumbnails, and turning from page to page.

import * as api from "./api.js";
import { element, make, on, show, state } from "./state.js";
import { t } from "./strings.js";

const items = new Map(); // of pages, by their ids

export function start() {
  on("pages", refresh);
  on("page", chosen);
  on("picture", (page) => update(page));
  element("previous").addEventListener("click", () => turn(-1));
  element("next").addEventListener("click", () => turn(1));
}

export function turn(by) {
  const at = state.pages.findIndex((page) => page.id === state.current) + by;
  if (state.pages[at]) show(state.pages[at].id);
}

function refresh() {
  const held = element("thumbs");
  const there = new Map(items);
  if ([...there.keys()].join() !== state.pages.map(({ id }) => id).join()) {
    // Where nothing comes or goes, all stays in its place, and the focus with it.
    items.clear();
    for (const page of state.pages) items.set(page.id, there.get(page.id) ?? thumb(page));
    held.replaceChildren(...items.values());
  }
  for (const page of state.pages) draw(page);
  element("strip").hidden = state.pages.length === 0;
  chosen();
  progress();
}

function thumb(page) {
  const image = make("img", { alt: "", loading: "lazy", decoding: "async", draggable: false });
  const name = make("span", { className: "name" });
  const button = make("button", { type: "button" }, image, name);
  button.addEventListener("click", () => show(page.id));
  const item = make("li", {}, button);
  image.addEventListener("load", () => item.classList.add("loaded"));
  item.dataset.id = page.id;
  return item;
}

export function update(page) {
  draw(page);
  progress();
}

function draw(page) {
  const item = items.get(page.id);
  if (!item) return;
  item.dataset.state = page.state;
  const [image, name] = item.firstChild.children;
  const address = api.view(page.id, "thumb", page.thumb);
  if (image.getAttribute("src") !== address && page.state !== "failed") image.src = address;
  const short = page.name.split("/").at(-1);
  if (name.textContent !== short) name.textContent = short;
  item.firstChild.title = page.name;
}

function chosen() {
  const at = state.pages.findIndex((page) => page.id === state.current);
  for (const item of element("thumbs").children) {
    const current = item.dataset.id === state.current;
    item.firstChild.toggleAttribute("aria-current", current);
    if (current) {
      item.firstChild.setAttribute("aria-current", "page");
      item.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
  element("previous").disabled = at <= 0;
  element("next").disabled = at < 0 || at >= state.pages.length - 1;
  const where = element("where");
  where.replaceChildren();
  if (at < 0) return;
  const { name } = state.pages[at];
  where.append(
    make("b", { textContent: name, title: name }),
    make("span", { textContent: t("page", { number: at + 1, total: state.pages.length }) }),
  );
}

function progress() {
  const total = state.pages.length;
  const done = state.pages.filter((page) => page.state !== "waiting").length;
  const bar = element("progress");
  bar.hidden = done === total;
  bar.value = total ? done / total : 0;
  const text = t("progressText", { done, total });
  if (element("count").textContent !== text) element("count").textContent = text;
}

