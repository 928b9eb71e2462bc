// Everything that was made: read from the server page by page as it is scrolled, searched there, shown by the grid.
import { $, el, icon } from "/page/dom.js";
import { getJob, listItems, thumbnail } from "/page/api.js";
import { boards, isStarred, readBoards, showStars } from "/page/boards.js";
import { listenToBoardBar, showBoardBar } from "/page/boardbar.js";
import { makeGrid } from "/page/grid.js";
import { endSelection, isChosen, listenToSelection } from "/page/selection.js";
import { state, subscribe } from "/page/store.js";
import { openViewer } from "/page/viewer.js";

const FIRST = 120, NEXT = 250; // items of a page
const WAIT = 40; // milliseconds between two questions while somebody types
const shown = { items: [], ids: new Set(), next: null, total: 0, query: "", isReading: false };
let visible = []; // without what is being deleted
let question = null; // to be given up when there is a newer one
let scrolled = 0; // where the list was when it was left
let timer = 0;
let grid = null;

const FILTERS = ["kind", "style", "model", "board"]; // each a list beside the search
const query = () => ({ words: $("search").value.trim(), ...Object.fromEntries(FILTERS.map((name) => [name, $(`library-${name}`).value])) });

/** An item of the list as the rest of the page knows items; what is missing comes with `whole`. */
const asItem = ({ id, job, kind, type, prompt, created, width, height }) => ({
  job: { id: job, kind, prompt, created }, result: { id, url: `/api/results/${id}`, type, width, height, request: { prompt } },
});

/** The items in the order of the grid. */
export const libraryItems = () => visible;

/** The item whose tile has the focus; null. */
export function focusedItem() {
  const id = document.activeElement?.closest("#grid li")?.dataset.id;
  return visible.find(({ result }) => result.id === id) || null;
}

/** The same item with its request and the rest of its job. */
export async function whole({ job, result }) {
  const all = await getJob(job.id);
  return { job: all, result: all.results.find((one) => one.id === result.id) || all.results.at(-1) };
}

let early = null; // the first page, asked for before there is anything to show it in

/** Ask for the first page while the rest of the page begins. */
export function readEarly() {
  early = listItems({ limit: FIRST, ...query() });
  early.catch(() => {});
}

/** Read the first page for what is searched; what follows stays where it is the same list. */
export async function readLibrary() {
  question?.abort();
  const own = question = new AbortController(), asked = query(), key = JSON.stringify(asked);
  const page = await (early || listItems({ limit: FIRST, ...asked, signal: own.signal })).finally(() => { early = null; });
  const isSame = key === shown.query && !asked.board && page.data.some((one) => shown.ids.has(one.id));
  if (isSame) {
    const fresh = page.data.filter((one) => !shown.ids.has(one.id));
    keep([...fresh.map(asItem), ...shown.items], { total: page.total });
  } else {
    if (key !== shown.query) scrollTo({ top: 0 });
    keep(page.data.map(asItem), { next: page.next, total: page.total, query: key });
  }
}

/** Read the next page; false where there is none. */
export async function readOlder() {
  if (!shown.next || shown.isReading) return false;
  shown.isReading = true;
  const own = question;
  try {
    const page = await listItems({ limit: NEXT, after: shown.next, ...query(), signal: own?.signal });
    if (own !== question) return false; // something else is searched since
    keep([...shown.items, ...page.data.map(asItem).filter((one) => !shown.ids.has(one.result.id))], { next: page.next, total: page.total });
    return true;
  } finally { shown.isReading = false; }
}

function keep(items, facts) {
  Object.assign(shown, facts, { items, ids: new Set(items.map((item) => item.result.id)) });
  showItems();
}

function showItems() {
  visible = shown.items.filter(({ job }) => !state.hidden.has(job.id) && !state.removed.has(job.id));
  if ($("library").hidden) return;
  const total = shown.total - (shown.items.length - visible.length);
  grid.show(visible, total);
  $("library-said").textContent = total ? `${total.toLocaleString("en")} ${total === 1 ? "item" : "items"}` : "";
  showEmpty(total === 0);
}

/** Where there is nothing to see: why, and the way on. */
function showEmpty(isEmpty) {
  const { board, ...search } = query(), place = $("library-empty"), isSearch = Object.values(search).some(Boolean);
  place.hidden = !isEmpty;
  const key = isEmpty && [isSearch, Boolean(board)].join();
  if (place.dataset.key === String(key)) return; // not made anew under a finger
  place.dataset.key = key;
  if (!isEmpty) return place.replaceChildren();
  const all = el("button", { type: "button", class: "plain", onclick: showAll }, "Show everything");
  const [title, words, way] = isSearch ? ["Nothing found", "Nothing that was made is like that.", all]
    : board ? ["This board is empty", "Select pictures in the library and add them to it.", all]
      : ["Nothing here yet", "Every picture and clip that is drawn is kept here.", el("a", { class: "plain", href: "#create" }, "Draw the first one")];
  place.replaceChildren(icon(isSearch ? "search" : board ? "board" : "image"), el("h2", {}, title), el("p", {}, words), way);
}

function showAll() {
  $("search").value = "";
  for (const name of FILTERS) $(`library-${name}`).value = "";
  showBoards();
  readLibrary().catch(said);
  $("search").focus();
}

const optionsOf = (all) => all.map(({ id }) => el("option", { value: id }, id));

/** Fill the list of styles beside the search. */
export function showStyleFilter(styles) { $("library-style").append(...optionsOf(styles)); }

/** Fill the list of models, which may be more than before; of one there is nothing to choose. */
function showModelFilter() {
  const before = $("library-model").value;
  $("library-model").replaceChildren(el("option", { value: "" }, "All models"), ...optionsOf(state.models));
  $("library-model").value = state.models.some(({ id }) => id === before) ? before : "";
  $("library-model").parentElement.hidden = state.models.length < 2;
}

function makeTile({ job, result }) {
  const picture = el("img", { "data-src": thumbnail(result), alt: job.prompt, width: result.width, height: result.height, decoding: "async" });
  const link = el("a", { class: "tile-link", href: `#library/${result.id}`, title: job.prompt }, picture);
  if (result.type.startsWith("video/")) link.append(el("span", { class: "badge" }, icon("play")));
  return paint(el("li", { data: { id: result.id } }, link));
}

/** Let a tile say whether it is starred and selected. */
function paint(tile) {
  const { id } = tile.dataset, on = isChosen(id), starred = isStarred(id);
  tile.classList.toggle("is-chosen", on);
  tile.querySelectorAll(".note").forEach((one) => one.remove());
  if (starred) tile.firstChild.append(el("span", { class: "note starred" }, icon("star"), el("span", { class: "hidden" }, "favourite")));
  if (on) tile.firstChild.append(el("span", { class: "note tick" }, icon("check"), el("span", { class: "hidden" }, "selected")));
  return tile;
}

const paintTile = (id) => { const tile = $("grid").querySelector(`[data-id="${CSS.escape(id)}"]`); if (tile) paint(tile); else grid.renew(id); };

let stars = new Set(); // that the tiles show
function showBoards() {
  showStars();
  for (const id of new Set([...stars, ...boards.starred])) if (stars.has(id) !== boards.starred.has(id)) paintTile(id);
  stars = new Set(boards.starred);
  const chosen = $("library-board").value, known = boards.all.some((one) => one.id === chosen);
  const words = ({ name, count }) => `${name} (${count})`;
  $("library-board").replaceChildren(el("option", { value: "" }, "All boards"), ...boards.all.map((one) => el("option", { value: one.id, selected: one.id === chosen }, words(one))));
  showBoardBar();
  if (chosen && !known) readLibrary().catch(said);
}

/** Show the library where it was left, with one item in full view where the address names one. */
export async function openLibrary(id) {
  showModelFilter();
  showItems();
  scrollTo({ top: scrolled });
  readBoards().catch(said);
  await readLibrary().catch(said);
  if (id) await showItem(id);
}

const said = (error) => { if (error.name !== "AbortError") $("library-said").textContent = error.message; };

/** Open the full view of a result; the list is read on until it is there. */
export async function showItem(id) {
  while (!shown.ids.has(id) && await readOlder().catch(() => false));
  openViewer(id, { items: libraryItems, older: readOlder, whole });
}

/** Remember where the list is when another screen comes. */
export function leaveLibrary() { scrolled = scrollY; endSelection(); }

export function listenToLibrary() {
  grid = makeGrid($("grid"), { makeTile, aspectOf: ({ result }) => result.width / result.height, whenNearEnd: () => readOlder().catch(said) });
  const soon = () => { clearTimeout(timer); timer = setTimeout(() => readLibrary().catch(said), WAIT); };
  $("search").addEventListener("input", soon);
  for (const name of FILTERS) $(`library-${name}`).addEventListener("change", () => { endSelection(); showBoards(); soon(); });
  listenToBoardBar(said);
  listenToSelection({ items: libraryItems, paint: paintTile, board: () => $("library-board").value, read: () => readLibrary().catch(said) });
  subscribe(showBoards);
  readBoards().catch(() => {});
  const seen = new Set(); // results that were looked for already
  subscribe(() => {
    if ($("library").hidden) return;
    const fresh = [...state.jobs.values()].flatMap((job) => job.results).filter((one) => !seen.has(one.id));
    for (const one of fresh) seen.add(one.id);
    if (fresh.some((one) => !shown.ids.has(one.id)) && shown.query) soon();
    if (visible.length !== shown.items.filter(({ job }) => !state.hidden.has(job.id) && !state.removed.has(job.id)).length) showItems();
  });
}
