// Several at once in the library: by the button, by Shift, by a long press; saved as one file, put on boards, deleted with undo.
import { $, announce, button, el, label, toast } from "/page/dom.js";
import { removeAllLater } from "/page/actions.js";
import { boards, FAVOURITES, newBoard, put } from "/page/boards.js";

const PRESS = 500; // milliseconds that are a long press
const MOST_ZIPPED = 500; // files, as the server takes them
const NEW = "new board";
const chosen = new Map(); // items by the id of their result
let isOn = false, last = null, host = null; // host: { items(), paint(id), board() }

export const isChosen = (id) => chosen.has(id);

function set(item, on) {
  if (on) chosen.set(item.result.id, item); else chosen.delete(item.result.id);
  host.paint(item.result.id);
}

/** Choose an item or not; with Shift, all between it and the one before. */
function touch(id, isRange) {
  const items = host.items(), at = items.findIndex((one) => one.result.id === id), from = items.findIndex((one) => one.result.id === last);
  if (at < 0) return;
  if (isRange && from >= 0) for (const one of items.slice(Math.min(at, from), Math.max(at, from) + 1)) set(one, true);
  else set(items[at], !chosen.has(id));
  last = id;
  begin();
}

function begin() {
  isOn = true;
  show();
}

export function endSelection() {
  isOn = false;
  last = null;
  for (const item of [...chosen.values()]) set(item, false);
  show();
}

function show() {
  $("selection").hidden = !isOn;
  $("grid").classList.toggle("is-choosing", isOn);
  $("choose").hidden = isOn;
  if (!isOn) return;
  const count = chosen.size, words = count ? `${count} selected` : "Select pictures";
  $("selected").textContent = words;
  announce(words);
  for (const one of $("selection").querySelectorAll("[data-needs]")) one.disabled = !count;
  const board = host.board();
  $("off-board").hidden = !board;
  $("off-board").lastChild.textContent = board === FAVOURITES ? "No favourites" : "Take off board";
  $("to-board").replaceChildren(el("option", { value: "" }, "Add to board"), ...boards.all.map(({ id, name }) => el("option", { value: id }, name)), el("option", { value: NEW }, "New board"));
}

const ids = () => [...chosen.keys()];
const jobsOf = () => [...new Map([...chosen.values()].map(({ job }) => [job.id, job])).values()];

function download() {
  if (chosen.size > MOST_ZIPPED) return toast(`One file holds at most ${MOST_ZIPPED} pictures; ${chosen.size} are selected`, null, "", 6);
  const [one] = chosen.values(), href = chosen.size === 1 ? one.result.url : `/api/zip?ids=${ids().join(".")}`;
  el("a", { href, download: "" }).click();
}

async function add(board) {
  $("new-board").hidden = board !== NEW;
  if (board === NEW) return $("new-board").querySelector("input").focus();
  if (board) await keep(board, boards.all.find((one) => one.id === board)?.name);
}

async function keep(board, name) {
  const count = chosen.size;
  try { await put(board, ids()); } catch (error) { return toast(`They were not added: ${error.message}`, null, "", 6); }
  toast(`${count} added to ${name}`, null, "", 5);
  endSelection();
}

async function addToNew(event) {
  event.preventDefault();
  const box = event.target.querySelector("input"), name = box.value.trim();
  if (!name) return;
  try { await keep((await newBoard(name)).id, name); } catch (error) { return toast(error.message, null, "", 6); }
  box.value = "";
  $("new-board").hidden = true;
}

async function takeOff() {
  try { await put(host.board(), ids(), false); } catch (error) { return toast(error.message, null, "", 6); }
  endSelection();
  host.read();
}

function removeThem() {
  const jobs = jobsOf();
  endSelection();
  removeAllLater(jobs);
}

/** Make the bar, and listen; `from` is the library. */
export function listenToSelection(from) {
  host = from;
  const needs = (one) => { one.dataset.needs = ""; return one; };
  const off = button("board", "Take off board", takeOff);
  off.id = "off-board";
  $("selection").append(el("p", { id: "selected" }), needs(button("download", "Save", download)),
    el("label", {}, el("span", { class: "hidden" }, "Add to board"), needs(el("select", { id: "to-board", onchange: ({ target }) => add(target.value) }))),
    el("form", { id: "new-board", hidden: true, onsubmit: addToNew }, el("label", {}, el("span", { class: "hidden" }, "Name of the new board"), el("input", { maxlength: "80", placeholder: "Name of the board" })), el("button", { class: "plain" }, "Add")),
    needs(off), needs(button("trash", "Delete", removeThem)), label(el("button", { type: "button", class: "icon", onclick: endSelection }), "close", "End the selection"));
  $("choose").onclick = begin;
  addEventListener("keydown", (event) => {
    if (!isOn || event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    event.stopImmediatePropagation(); // it stops no drawing
    endSelection();
    $("choose").focus();
  }, true);
  listenToTiles();
}

function listenToTiles() {
  const grid = $("grid");
  let timer = 0, wasLong = false, begun = null;
  const idOf = (target) => target.closest("li")?.dataset.id;
  grid.addEventListener("click", (event) => {
    const id = idOf(event.target);
    if (!id || !(isOn || event.shiftKey) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (!wasLong) touch(id, event.shiftKey);
    wasLong = false;
  });
  grid.addEventListener("pointerdown", (event) => {
    wasLong = false;
    if (event.pointerType === "mouse") return;
    begun = [event.clientX, event.clientY];
    const id = idOf(event.target);
    timer = setTimeout(() => { if (id) { wasLong = true; touch(id, false); } }, PRESS);
  });
  const leave = () => clearTimeout(timer);
  grid.addEventListener("pointermove", (event) => { if (begun && Math.hypot(event.clientX - begun[0], event.clientY - begun[1]) > 10) leave(); });
  for (const name of ["pointerup", "pointercancel"]) grid.addEventListener(name, leave);
  grid.addEventListener("contextmenu", (event) => { if (wasLong || isOn) event.preventDefault(); });
}
