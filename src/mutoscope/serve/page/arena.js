// The arena: two pictures or clips for one prompt, without names until there is a vote. The server shuffles the sides and keeps the votes.
import { $, announce, button, el, icon, toast } from "/page/dom.js";
import { ask, post } from "/page/api.js";
import { makeContestForm } from "/page/contest.js";
import { ratingsTable } from "/page/ratings.js";

const SHOWN = 1400; // milliseconds that the names of a pair stand under it
const AGAIN = 1000; // milliseconds until the next look, while pairs are drawn
const SIDES = { left: "A", right: "B" };
const now = { contests: [], id: null, pair: null, isReady: false, isSending: false, isForm: false, timer: 0, asked: 0 };

const path = (id) => `/api/arena/contests/${encodeURIComponent(id)}`;
const current = () => now.contests.find((one) => one.id === now.id);
/** The name of a comparison; one that others have too is told by its date, and where that is not enough by a number. */
function nameOf(one) {
  const dated = ({ name, created }) => `${name}, ${new Date(created * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
  if (now.contests.filter(({ name }) => name === one.name).length < 2) return one.name;
  const same = now.contests.filter((other) => dated(other) === dated(one)).sort((a, b) => a.created - b.created);
  return dated(one) + (same.length > 1 ? `, ${same.indexOf(one) + 1}` : "");
}

const isShown = () => !$("arena").hidden;

/** Show the arena; `id` is the comparison that the address names. */
export async function openArena(id) {
  if (!$("duel")) build();
  try {
    now.contests = (await ask("/api/arena/contests")).data;
  } catch (error) { return say(error.message); }
  const wanted = now.contests.find((one) => one.id === (id || now.id)) || now.contests[0];
  if (!wanted) return showForm();
  await openContest(wanted.id);
}

/** Nothing is asked of the server while another screen is shown. */
export function leaveArena() { clearTimeout(now.timer); now.asked += 1; }

async function openContest(id) {
  now.id = id;
  now.isForm = false;
  history.replaceState(null, "", `#arena/${id}`);
  showBar();
  showRatings();
  await nextPair();
}

/** Ask for the next pair; look again where it is still being drawn. */
async function nextPair() {
  clearTimeout(now.timer);
  const asked = ++now.asked;
  let said;
  try { said = await ask(`${path(now.id)}/next`); } catch (error) {
    if (asked !== now.asked) return;
    if (error.status !== 404) now.timer = setTimeout(nextPair, 2 * AGAIN);
    return say(error.message);
  }
  if (asked !== now.asked || !isShown()) return;
  Object.assign(current() || {}, said.contest);
  showBar();
  showPair(said.pair);
  if (!said.pair && isDrawing(said.contest)) now.timer = setTimeout(nextPair, AGAIN);
}

const isDrawing = (one) => one.ready + one.failed < one.pairs;

function build() {
  const choose = el("select", { id: "contest", onchange: () => openContest($("contest").value) });
  $("arena").append(
    el("div", { class: "arena-bar" }, el("h2", { class: "hidden" }, "Arena"),
      el("label", { id: "contest-field" }, el("span", { class: "hidden" }, "Comparison"), choose),
      el("p", { id: "arena-said", role: "status" }), button("plus", "New comparison", showForm, "plain spare"),
      button("trash", "Delete", removeContest, "plain spare")),
    el("div", { id: "contest-form" }),
    el("section", { id: "duel", "aria-label": "Two unlabelled sides" }),
    el("section", { id: "ratings", "aria-labelledby": "ratings-title" }),
  );
  addEventListener("keydown", hearKey);
}

function showBar() {
  const one = current();
  $("contest-form").hidden = !now.isForm;
  $("arena").firstChild.hidden = now.isForm;
  for (const part of ["duel", "ratings"]) $(part).hidden = now.isForm;
  $("contest-field").hidden = now.contests.length < 2;
  $("contest").replaceChildren(...now.contests.map((one) => el("option", { value: one.id, selected: one.id === now.id }, nameOf(one))));
  say(one && !now.isForm ? progressWords(one) : "");
}

function progressWords(one) {
  const parts = [`${one.votes} of ${one.pairs - one.failed - one.skipped} votes`];
  if (one.skipped) parts.push(`${one.skipped} skipped`);
  if (isDrawing(one)) parts.push(`${one.ready} of ${one.pairs} pairs drawn`);
  if (one.failed) parts.push(`${one.failed} could not be drawn: ${one.error}`);
  return parts.join(", ");
}

const say = (words) => { $("arena-said").textContent = words; };

function showForm() {
  now.isForm = true;
  leaveArena();
  showBar();
  $("contest-form").replaceChildren(makeContestForm(async (order) => {
    const made = await post("/api/arena/contests", order);
    now.contests.unshift(made);
    await openContest(made.id);
  }, now.contests.length ? () => openContest(now.id || now.contests[0].id) : null));
}

// ------------------------------------------------------------------------------------------------------------------- a pair

function showPair(pair) {
  if (pair && pair.id === now.pair?.id) return;
  const focused = [...$("duel").querySelectorAll("button")].indexOf(document.activeElement);
  now.pair = pair;
  now.isReady = false;
  if (!pair) return showNoPair(current());
  const sides = Object.keys(SIDES).map((side) => el("figure", { id: `side-${side}` },
    el("button", { type: "button", class: "duel-side", "aria-label": `${SIDES[side]} is better`, onclick: () => vote(side) }, mediaOf(pair, side)),
    el("figcaption", {}, SIDES[side])));
  $("duel").replaceChildren(
    el("p", { class: "duel-question" }, pair.prompt ? "Which shows this better?" : "Which is better?"),
    el("h3", { class: pair.prompt.length > 140 ? "duel-prompt is-long" : "duel-prompt" }, pair.prompt), el("div", { class: "duel-sides" }, sides),
    el("div", { class: "duel-row" }, answer("A is better", "A", () => vote("left")), answer("Tie", "T", () => vote("tie")),
      answer("B is better", "B", () => vote("right")), answer("Skip", "S", () => vote("skip"))));
  if (focused >= 0) $("duel").querySelectorAll("button")[focused].focus(); // who votes with Tab and Enter stays where they were
  waitForBoth(pair);
}

const answer = (words, key, act) => el("button", { type: "button", class: "plain", onclick: act }, words, el("kbd", { "aria-hidden": "true" }, key));

/** Where there is no pair: why, and the way on. */
function showNoPair(one) {
  const isDone = one && !isDrawing(one);
  $("duel").replaceChildren(el("div", { class: "said-alone" }, el("p", {}, emptyWords(one)), isDone && button("plus", "New comparison", showForm)));
}

function emptyWords(one) {
  if (!one) return "";
  if (isDrawing(one)) return one.votes + one.skipped ? "The next pair is being drawn" : "The first pair is being drawn";
  if (one.failed === one.pairs) return `Nothing could be drawn: ${one.error}`;
  return "Every pair has its vote";
}

function mediaOf(pair, side) {
  if (pair.kind === "image") return el("img", { src: pair[side], alt: "" });
  return el("video", { src: pair[side], muted: true, loop: true, playsInline: true, preload: "auto" });
}

/** Votes are taken when both are there; clips begin together. */
async function waitForBoth(pair) {
  const parts = [...$("duel").querySelectorAll("img, video")];
  const come = (one) => new Promise((done, fail) => {
    one.addEventListener(one.tagName === "IMG" ? "load" : "canplaythrough", done, { once: true });
    one.addEventListener("error", () => fail(new Error("the file of this pair is gone; skip it")), { once: true });
    if (one.complete && one.naturalWidth) done();
  });
  try { await Promise.all(parts.map(come)); } catch (error) { return say(error.message); }
  if (now.pair !== pair) return;
  now.isReady = true;
  $("duel").dataset.ready = pair.id;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const one of parts) if (one.play) { one.controls = still; if (!still) one.play().catch(() => {}); }
}

async function vote(winner) {
  const pair = now.pair;
  if (!pair || now.isSending || (!now.isReady && winner !== "skip")) return;
  now.isSending = true;
  const began = performance.now();
  try {
    const said = await post(`/api/arena/pairs/${encodeURIComponent(pair.id)}/vote`, { winner });
    showNames(said);
    showRatings();
    if (winner !== "skip") await new Promise((done) => setTimeout(done, SHOWN - (performance.now() - began)));
  } catch (error) {
    if (error.status === 409) toast("This pair has a vote already", null, "", 4);
    else { toast(`The vote was not kept: ${error.message}`, null, "", 6); return; }
  } finally { now.isSending = false; }
  if (isShown() && now.pair === pair) await nextPair();
}

/** Say who was who, under the pictures. */
function showNames(said) {
  for (const side of Object.keys(SIDES)) {
    const figure = $(`side-${side}`);
    figure.classList.toggle("is-better", said.winner === side);
    figure.querySelector("figcaption").replaceChildren(...(said.winner === side ? [icon("check")] : []), said[side]);
  }
  for (const control of $("duel").querySelectorAll("button")) control.setAttribute("aria-disabled", "true");
  announce(said.winner === "skip" ? "Skipped" : `A was ${said.left}, B was ${said.right}`);
}

const KEYS = { a: "left", b: "right", t: "tie", s: "skip", ArrowLeft: "left", ArrowRight: "right" };
function hearKey(event) {
  if (!isShown() || now.isForm || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") || event.target.matches("input, textarea, select, video")) return;
  const winner = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (winner) { event.preventDefault(); vote(winner); }
}

// ------------------------------------------------------------------------------------------------------------------ ratings

async function showRatings() {
  const id = now.id;
  try {
    const said = await ask(`/api/arena/ratings?contest=${encodeURIComponent(id)}`);
    if (id === now.id) $("ratings").replaceChildren(...ratingsTable(said, `/api/arena/votes?contest=${encodeURIComponent(id)}`));
  } catch (error) { $("ratings").replaceChildren(el("p", { class: "facts" }, error.message)); }
}

/** Delete a comparison after some seconds in which it can be undone. */
function removeContest() {
  const one = current(), place = now.contests.indexOf(one);
  if (!one) return;
  leaveArena();
  now.contests.splice(place, 1);
  const after = () => (now.contests[0] ? openContest(now.contests[0].id) : showForm());
  const leave = () => { ask(path(one.id), { method: "DELETE", keepalive: true }).catch((error) => toast(`It could not be deleted: ${error.message}`)); removeEventListener("pagehide", leave); };
  const timer = setTimeout(leave, 10000);
  addEventListener("pagehide", leave);
  now.pair = null;
  after();
  toast(one.votes ? `Deleted, with ${one.votes} ${one.votes === 1 ? "vote" : "votes"}` : "Deleted", () => {
    clearTimeout(timer);
    removeEventListener("pagehide", leave);
    now.contests.splice(place, 0, one);
    openContest(one.id);
  });
}
