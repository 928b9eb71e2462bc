// The page: puts the parts together.
import { $, announce, label, toast } from "/page/dom.js";
import { ask, cancel, getModels, getSizes, getStyles, logIn, submit, whenLoginNeeded } from "/page/api.js";
import { actions } from "/page/actions.js";
import { listenToCheckpoints } from "/page/checkpoints.js";
import { rememberStart } from "/page/compare.js";
import { fitFields, makeFields, showModels, showSizes, showStyles } from "/page/choices.js";
import { clearRefusal, forgetSeries, keepDraft, makeOrders, readDraft, setSettings, showRefusal } from "/page/form.js";
import { forgetLive, isLive, listenToLive, live, liveSoon, orderedLive, showLive } from "/page/live.js";
import { listenToKeys, showKeys } from "/page/keys.js";
import { leaveLibrary, listenToLibrary, openLibrary, readEarly, showItem, showStyleFilter } from "/page/library.js";
import { whenMasked } from "/page/mask.js";
import { refreshStage, showStage, stage } from "/page/stage.js";
import { readSoon } from "/page/reading.js";
import { countMore, listenToSheet } from "/page/sheet.js";
import { listenForFiles, paint, restoreStart, showStart, start } from "/page/start.js";
import { allItems, allJobs, changed, choose, hear, isActive, readAll, state, subscribe } from "/page/store.js";
import { follow } from "/page/stream.js";
import { listenToStrip, showStrip } from "/page/strip.js";
import { sentence } from "/page/words.js";
import { closeViewer, listenToViewer, openViewer } from "/page/viewer.js";

const SCREENS = ["create", "library", "arena", "runs"];
let isBusy = false; // an order is on its way
let stopping = new Set(); // jobs that were asked to stop

async function draw() {
  clearRefusal();
  if (isBusy) return;
  if (!$("prompt").value.trim()) { showRefusal({ message: "write what you want to see", param: "prompt" }); $("prompt").focus(); return; }
  isBusy = true;
  $("draw").disabled = true;
  paint(false);
  keepDraft();
  scrollTo({ top: 0 }); // on a phone the stage may be out of sight
  try {
    const orders = makeOrders(isLive() ? live.seed : undefined);
    orderedLive();
    for (const order of orders) {
      const job = await submit(order);
      if (order.image) rememberStart(job.id, order.image);
      live.job ||= job.id;
      if (!state.jobs.has(job.id)) hear("state", { job: job.id, state: job.state, whole: job });
      choose(null);
    }
  } catch (error) {
    showRefusal(error, () => { // where one side is wrong, the other is mended with it
      for (const side of [$("width"), $("height")]) if (side.value) side.value = String(Math.max(1, Math.round(side.value / side.step)) * side.step);
      fit();
      draw();
    });
  } finally {
    isBusy = false;
    $("draw").disabled = false;
    if (!matchMedia("(pointer: coarse)").matches) $("prompt").focus();
  }
}

/** Stop what is drawn and what waits; what is finished stays. */
async function stop() {
  const jobs = allJobs().filter((job) => isActive(job) && !stopping.has(job.id));
  jobs.forEach((job) => stopping.add(job.id));
  showStop();
  await Promise.all(jobs.map((job) => cancel(job.id).catch((error) => {
    stopping.delete(job.id);
    if (error.status !== 409 && error.status !== 404) toast(`It could not be stopped: ${error.message}`);
  })));
}

function showStop() {
  const active = allJobs().filter(isActive), asked = active.length > 0 && active.every((job) => stopping.has(job.id));
  const had = document.activeElement === $("stop");
  $("stop").hidden = !active.length;
  if (had && !active.length) $("draw").focus();
  $("stop").disabled = asked;
  $("stop").textContent = asked ? "Stopping" : active.length > 1 ? `Stop all ${active.length}` : "Stop";
  for (const id of stopping) if (!active.some((job) => job.id === id)) stopping.delete(id);
  document.title = active.length ? `(${active.length}) Mutoscope` : "Mutoscope";
}

let known = null; // states that were announced
function announceEnds() {
  const now = new Map(allJobs().map((job) => [job.id, job.state]));
  for (const [id, value] of known || []) {
    const after = now.get(id), job = state.jobs.get(id);
    if (value === after || !job || isActive(job)) continue;
    announce(after === "done" ? `${job.kind === "video" ? "Clip" : "Picture"} ready` : after === "failed" ? `Failed: ${job.error?.message}` : "Stopped");
  }
  known = now;
}

/** Fit the fields to each other, and keep the draft. */
function fit() {
  fitFields(Boolean(start.data));
  showLive();
  countMore();
  readSoon();
  growPrompt();
  keepDraft();
}

function growPrompt() {
  const box = $("prompt");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 116)}px`;
  $("clear-prompt").hidden = !box.value;
}

function showScreen() {
  const [name, ...rest] = location.hash.slice(1).split(/[/=]/);
  if (name === "settings") return readLink(location.hash.slice(10));
  const screen = SCREENS.includes(name) ? name : "create";
  if (screen !== "library" && !$("library").hidden) leaveLibrary();
  for (const one of SCREENS) {
    $(one).hidden = one !== screen;
    if (one === screen) $(`to-${one}`).setAttribute("aria-current", "page"); else $(`to-${one}`).removeAttribute("aria-current");
  }
  openLater(screen, rest[0]);
  if (screen !== "library") { closeViewer(); if (screen === "create") { refreshStage(); showStrip(); growPrompt(); } return; }
  if (isFresh(rest[0])) openLibrary(rest[0]); else if (rest[0]) showItem(rest[0]); else closeViewer();
}

/** Open a screen whose parts are loaded when it is first asked for, and let the one before rest. */
async function openLater(screen, id) {
  if (openedLater) openedLater();
  openedLater = null;
  if (screen === "arena") {
    const arena = await import("/page/arena.js");
    openedLater = arena.leaveArena;
    arena.openArena(id);
  } else if (screen === "runs") {
    const runs = await import("/page/runs.js");
    openedLater = runs.leaveRuns;
    runs.openRuns(id);
  }
}

/** The screen of runs is offered where there are some. */
async function offerRuns() {
  const { data } = await ask("/api/runs").catch(() => ({ data: [] }));
  $("to-runs").hidden = !data.length;
}
let openedLater = null;
let wasLibrary = false;
function isFresh() {
  const fresh = !wasLibrary;
  wasLibrary = true;
  return fresh;
}

function readLink(text) {
  history.replaceState(null, "", "#create");
  try { setSettings(JSON.parse(decodeURIComponent(text))); fit(); } catch { toast("That link holds no settings"); }
  showScreen();
}

async function logInWith(token) {
  try {
    await logIn(token);
    location.reload();
  } catch (error) { $("login-said").textContent = sentence(error.message); }
}

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches, root = document.documentElement;
  const next = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  root.dataset.theme = next;
  try { localStorage.setItem("mutoscope.theme", next); } catch { /* it lives as long as the page */ }
}

function listen() {
  $("order").addEventListener("submit", (event) => { event.preventDefault(); draw(); });
  $("order").addEventListener("settings", () => { fit(); showStart(); });
  for (const id of ["order", "side"]) $(id).addEventListener("input", () => { clearRefusal(); fit(); liveSoon(); });
  $("side").addEventListener("change", () => { fit(); if (start.data) showStart(); liveSoon(); });
  $("model").addEventListener("change", () => { fit(); liveSoon(); });
  for (const id of ["seed", "count"]) $(id).addEventListener("input", forgetSeries);
  $("stop").onclick = stop;
  label($("clear-prompt"), "close", "Empty the prompt").onclick = () => { $("prompt").value = ""; fit(); forgetLive(); $("prompt").focus(); };
  label($("help"), "help", "Keys").onclick = showKeys;
  addEventListener("hashchange", () => { if (!location.hash.startsWith("#library")) wasLibrary = false; showScreen(); });
  whenMasked(showStart);
  stage.whenExample((words) => { $("prompt").value = words; fit(); draw(); });
  stage.whenOpened((item) => openViewer(item.result.id, { items: () => allItems(), older: async () => false }));
  actions.whenCreating(() => { closeViewer(); location.hash = "#create"; });
  listenForFiles();
  listenToSheet();
  listenToLive();
  listenToStrip();
  listenToLibrary();
  listenToViewer();
  listenToKeys(draw, () => (start.isPainting ? paint(false) : stop()));
  subscribe(showStage);
  subscribe(showStrip);
  subscribe(showStop);
  subscribe(announceEnds);
}

function hearStream(name, data) {
  if (name === "download") return dispatchEvent(new CustomEvent(name, { detail: data }));
  if (name !== "line") return hear(name, data);
  if (data) dispatchEvent(new Event(name));
  $("gone").hidden = data;
  if (data) readAll().catch(() => {});
}

async function begin() {
  makeFields();
  if (location.hash.startsWith("#library")) readEarly();
  const [models, styles, sizes] = await Promise.all([getModels(), getStyles(), getSizes(), readAll()]);
  state.models = models;
  showModels(models);
  showStyles(styles);
  showSizes(sizes);
  showStyleFilter(styles);
  const draft = readDraft() || {};
  setSettings(draft);
  listen();
  fit();
  restoreStart();
  showScreen();
  changed();
  listenToCheckpoints(() => { fit(); liveSoon(); }, draft.model);
  follow(hearStream);
  offerRuns();
  if (!matchMedia("(pointer: coarse)").matches && !$("create").hidden) $("prompt").focus();
}

label($("theme"), "theme", "Light or dark").onclick = switchTheme; // who has no token yet sees it too
whenLoginNeeded(() => {
  for (const one of [document.querySelector(".top nav"), $("help")]) one.hidden = true;
  $("login-screen").hidden = false;
  for (const one of SCREENS) $(one).hidden = true;
  $("token").focus();
});
$("login").addEventListener("submit", (event) => { event.preventDefault(); logInWith($("token").value); });
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  history.replaceState(null, "", "/"); // no token in the history
  logInWith(token);
} else {
  begin().catch((error) => {
    if (error.status === 401) return;
    $("gone").textContent = `The page could not begin: ${error.message}`;
    $("gone").hidden = false;
  });
}
