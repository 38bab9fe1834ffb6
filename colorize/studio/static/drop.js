// Takes pages, folders, books and files of colours that are dropped or chosen, one after another.

import * as api from "./api.js";
import { isColours, load } from "./colours.js";
import { element } from "./state.js";
import { t } from "./strings.js";
import { present, say, toast } from "./toasts.js";

const order = new Intl.Collator(undefined, { numeric: true });

export function start() {
  const over = element("dropping");
  let depth = 0;
  const brings = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (brings(event)) over.hidden = ++depth === 0;
  });
  addEventListener("dragleave", (event) => {
    if (brings(event)) over.hidden = --depth === 0;
  });
  addEventListener("dragover", (event) => brings(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    depth = 0;
    over.hidden = true;
    // The entries are gone when the handler has ended.
    const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
    const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
    const found = [];
    for (const { entry, file } of dropped) {
      if (entry) await walk(entry, found).catch((error) => refused(entry.name, error));
      else if (file) found.push({ name: file.name, file });
    }
    take(found);
  });
  for (const id of ["files", "directory"]) {
    element(id).addEventListener("change", () => {
      take([...element(id).files].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
      element(id).value = "";
    });
  }
  const dialog = element("add-dialog");
  element("add").addEventListener("click", () => present(dialog));
  for (const [id, input] of [["add-files", "files"], ["more-files", "files"], ["add-folder", "directory"], ["more-folder", "directory"]]) {
    element(id).addEventListener("click", () => {
      dialog.close();
      element(input).click();
    });
  }
}

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((give, fail) => entry.file(give, fail));
    found.push({ name: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((give, fail) => reader.readEntries(give, fail));
    if (some.length === 0) return; // a folder is given in parts
    for (const inside of some) await walk(inside, found).catch((error) => refused(inside.name, error));
  }
}

const refused = (name, { message }) =>
  toast(t("notAdded", { name, reason: message }), { bad: true });

async function take(found) {
  const known = /\.(png|jpe?g|jpe|jfif|pjpeg|webp|avif|cbz|zip|cbr|cb7|cbt|rar|7z|pdf|epub|safetensors|gpl)$/i;
  const hidden = /(^|\/)(\.|__MACOSX)/; // such as the Finder's twins of pages
  const foreign = /\.(gif|bmp|tiff?|heic|heif|jxl|psd)$/i; // pictures that are not painted
  const seen = found.filter(({ name }) => !hidden.test(name));
  const wanted = found.length === 1 ? found : seen.filter(({ name }) => known.test(name));
  const others = seen.filter((one) => foreign.test(one.name) && !wanted.includes(one));
  if (others.length > 0) toast(t("leftOut", { number: others.length }));
  const tops = new Set(found.map(({ name }) => name.split("/")[0]));
  wanted.sort((one, other) => order.compare(one.name, other.name));
  let done = 0;
  for (const { name, file } of wanted) {
    say(t("uploading", { done: ++done, total: wanted.length }));
    if (isColours(name)) {
      await load(file);
      continue;
    }
    try {
      await api.add(tops.size > 1 ? name : within(name), file);
    } catch (error) {
      refused(name, error);
    }
  }
}

// The name of a page inside the only folder, as the command has it, without the folder's own.
const within = (name) => (name.includes("/") ? name.slice(name.indexOf("/") + 1) : name);
