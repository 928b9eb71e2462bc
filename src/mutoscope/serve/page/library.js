// Everything that was made: read from the server page by page as it is scrolled, searched there, shown by the grid.
import { $, el, icon } from "/page/dom.js";
import { getJob, listItems, thumbnail } from "/page/api.js";
import { makeGrid } from "/page/grid.js";
import { state, subscribe } from "/page/store.js";
import { openViewer } from "/page/viewer.js";

const FIRST = 120, NEXT = 500; // items of a page
const WAIT = 40; // milliseconds between two questions while somebody types
const shown = { items: [], ids: new Set(), next: null, total: 0, query: "", isReading: false };
let visible = []; // without what is being deleted
let question = null; // to be given up when there is a newer one
let scrolled = 0; // where the list was when it was left
let timer = 0;
let grid = null;

const query = () => ({ words: $("search").value.trim(), kind: $("library-kind").value });

/** An item of the list as the rest of the page knows items; what is missing comes with `whole`. */
const asItem = ({ id, job, kind, type, prompt, created, width, height }) => ({
  job: { id: job, kind, prompt, created }, result: { id, url: `/api/results/${id}`, type, width, height, request: { prompt } },
});

/** The items in the order of the grid. */
export const libraryItems = () => visible;

/** The same item with its request and the rest of its job. */
export async function whole({ job, result }) {
  const all = await getJob(job.id);
  return { job: all, result: all.results.find((one) => one.id === result.id) || all.results.at(-1) };
}

/** Read the first page for what is searched; what follows stays where it is the same list. */
export async function readLibrary() {
  question?.abort();
  const own = question = new AbortController(), asked = query(), key = JSON.stringify(asked);
  const page = await listItems({ limit: FIRST, ...asked, signal: own.signal });
  const isSame = key === shown.query && page.data.some((one) => shown.ids.has(one.id));
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
  const { words, kind } = query();
  $("library-said").textContent = total ? total.toLocaleString("en") : words || kind ? "Nothing like that was made" : "Nothing was made yet";
}

function makeTile({ job, result }) {
  const picture = el("img", { "data-src": thumbnail(result), alt: job.prompt, width: result.width, height: result.height, decoding: "async" });
  const link = el("a", { class: "tile-link", href: `#library/${result.id}`, title: job.prompt }, picture);
  if (result.type.startsWith("video/")) link.append(el("span", { class: "badge" }, icon("play")));
  return el("li", {}, link);
}

/** Show the library where it was left, with one item in full view where the address names one. */
export async function openLibrary(id) {
  showItems();
  scrollTo({ top: scrolled });
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
export function leaveLibrary() { scrolled = scrollY; }

export function listenToLibrary() {
  grid = makeGrid($("grid"), { makeTile, aspectOf: ({ result }) => result.width / result.height, whenNearEnd: () => readOlder().catch(said) });
  const soon = () => { clearTimeout(timer); timer = setTimeout(() => readLibrary().catch(said), WAIT); };
  $("search").addEventListener("input", soon);
  $("library-kind").addEventListener("change", soon);
  const seen = new Set(); // results that were looked for already
  subscribe(() => {
    if ($("library").hidden) return;
    const fresh = [...state.jobs.values()].flatMap((job) => job.results).filter((one) => !seen.has(one.id));
    for (const one of fresh) seen.add(one.id);
    if (fresh.some((one) => !shown.ids.has(one.id)) && shown.query) soon();
    if (visible.length !== shown.items.filter(({ job }) => !state.hidden.has(job.id) && !state.removed.has(job.id)).length) showItems();
  });
}
