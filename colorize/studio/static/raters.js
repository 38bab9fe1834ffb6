// The people's test: two pictures for a second each, then any time to answer.

import { element } from "./state.js";
import { load, t } from "./strings.js";

const SHOWN = 1000; // milliseconds of each picture
const BETWEEN = 250;

let session = null;
let asked = 0; // when the answer could be given

await load();
document.title = t("testTitle");
element("begin").addEventListener("click", begin);
element("again").addEventListener("click", begin);
element("go-on").addEventListener("click", trial);
for (const side of ["left", "right"]) {
  element(`say-${side}`).addEventListener("click", () => answer(side));
}
addEventListener("keydown", (event) => {
  const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
  if (side && !element(`say-${side}`).disabled) answer(side);
});

// A session that a reload or a new server interrupted is resumed.
const known = sessionStorage.getItem("session");
if (known) {
  const stand = await ask("GET", `sessions/${known}`).catch(() => null);
  if (stand && stand.trial < stand.total) session = stand;
}
element("rules").textContent = t("testRules");

async function ask(method, path, value) {
  const answer = await fetch(`api/${path}`, {
    method,
    body: value && JSON.stringify(value),
    headers: value ? { "content-type": "application/json" } : {},
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

async function begin() {
  if (session === null) {
    session = await ask("POST", "sessions");
    sessionStorage.setItem("session", session.session);
  }
  trial();
}

function only(shown) {
  for (const id of ["intro", "trial", "end"]) element(id).hidden = id !== shown;
}

const pause = (time) => new Promise((go) => setTimeout(go, time));

async function trial() {
  if (session.trial >= session.total) return end();
  only("trial");
  const practice = session.trial < session.practice;
  const values = { number: session.trial + 1, total: session.total };
  element("stand").textContent = t(practice ? "testPractice" : "testStand", values);
  element("told").textContent = "";
  element("go-on").hidden = true;
  const pictures = ["left", "right"].map((side) => {
    const image = element(side);
    image.hidden = true;
    image.src = `api/sessions/${session.session}/${session.trial}/${side}`;
    return image;
  });
  try {
    await Promise.all(pictures.map((image) => image.decode()));
  } catch {
    element("told").textContent = t("lost");
    element("go-on").hidden = false;
    return;
  }
  for (const image of pictures) {
    await pause(BETWEEN);
    image.hidden = false;
    await pause(SHOWN);
    image.hidden = true;
  }
  element("told").textContent = t("testAsk");
  ready(true);
  asked = performance.now();
}

function ready(yes) {
  for (const side of ["left", "right"]) element(`say-${side}`).disabled = !yes;
}

async function answer(side) {
  ready(false);
  const ms = Math.round(performance.now() - asked);
  let told;
  try {
    told = await ask("POST", `sessions/${session.session}/${session.trial}`, { side, ms });
  } catch (error) {
    element("told").textContent = error.message || t("lost");
    ready(true);
    return;
  }
  session = { ...session, trial: told.trial };
  if (!told.painted) return trial();
  element("told").textContent = t(told.painted === side ? "testTrue" : "testFalse");
  for (const picture of ["left", "right"]) element(picture).hidden = false;
  element("go-on").hidden = false;
  element("go-on").focus();
}

function end() {
  session = null;
  sessionStorage.removeItem("session");
  only("end");
}
