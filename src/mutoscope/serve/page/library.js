// Everything that was made: a page at a time from the server, searched there.
import { $, el, icon } from "/page/dom.js";
import { listJobs, thumbnail } from "/page/api.js";
import { openViewer } from "/page/viewer.js";
import { allItems, isActive, state, subscribe } from "/page/store.js";

const PAGE = 60;
const shown = { jobs: new Map(), more: false, last: null, asked: 0, isReading: false };
let newest = ""; // the newest that has ended, to see when there is something new
let timer = 0;

const query = () => ({ words: $("search").value.trim(), kind: $("library-kind").value });
const visible = () => [...shown.jobs.values()].filter((job) => !state.hidden.has(job.id) && !gone(job));
const gone = (job) => shown.removed?.has(job.id);

/** The items in the order of the grid. */
export const libraryItems = () => allItems(visible().sort((a, b) => b.created - a.created));

/** Read the first page for what is searched. */
export async function readLibrary() {
  const asked = ++shown.asked;
  const page = await listJobs({ limit: PAGE, ...query() });
  if (asked !== shown.asked) return; // a newer question is under way
  Object.assign(shown, { jobs: new Map(page.data.map((job) => [job.id, job])), more: page.has_more, last: page.data.at(-1)?.id, removed: new Set() });
  showGrid(true);
  if (shown.more && !allItems(visible()).length) await readOlder();
}

/** Read the next page. */
export async function readOlder() {
  if (!shown.more || shown.isReading) return false;
  shown.isReading = true;
  const asked = shown.asked;
  try {
    const page = await listJobs({ limit: PAGE, after: shown.last, ...query() });
    if (asked !== shown.asked) return false;
    for (const job of page.data) shown.jobs.set(job.id, job);
    Object.assign(shown, { more: page.has_more, last: page.data.at(-1)?.id || shown.last });
  } finally { shown.isReading = false; }
  showGrid();
  return true;
}

const tiles = new Map();
function tileOf(item) {
  const { job, result } = item;
  if (tiles.has(result.id)) return tiles.get(result.id);
  const link = el("a", { class: "tile-link", href: `#library/${result.id}`, title: job.prompt },
    el("img", { src: thumbnail(result), alt: result.request.prompt, width: result.width, height: result.height, loading: "lazy", decoding: "async" }));
  if (result.type.startsWith("video/")) link.append(el("span", { class: "badge" }, icon("play")));
  const tile = el("li", {}, link);
  tile.style.setProperty("--aspect", String(Math.min(3, Math.max(.5, result.width / result.height))));
  tiles.set(result.id, tile);
  return tile;
}

function showGrid(anew = false) {
  if ($("library").hidden) return;
  const wanted = libraryItems().map(tileOf), grid = $("grid");
  const isPrefix = !anew && [...grid.children].every((one, place) => one === wanted[place]);
  if (isPrefix) grid.append(...wanted.slice(grid.children.length)); else grid.replaceChildren(...wanted);
  $("load-more").hidden = !shown.more;
  const { words, kind } = query();
  $("library-said").textContent = wanted.length ? `${wanted.length}${shown.more ? " or more" : ""}` : words || kind ? "Nothing like that was made" : "Nothing was made yet";
}

/** Show the library, with one item in full view where the address names one. */
export async function openLibrary(id) {
  await readLibrary().catch((error) => { $("library-said").textContent = error.message; });
  if (id) showItem(id);
}

/** Open the full view of a result of the library. */
export function showItem(id) {
  openViewer(id, { items: libraryItems, older: readOlder });
}

export function listenToLibrary() {
  const soon = () => { clearTimeout(timer); timer = setTimeout(() => readLibrary().catch(() => {}), 150); };
  $("search").addEventListener("input", soon);
  $("library-kind").addEventListener("change", soon);
  $("load-more").onclick = () => readOlder().catch(() => {});
  new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting) && !$("library").hidden) readOlder().catch(() => {}); },
    { rootMargin: "800px" }).observe($("more-below"));
  subscribe(() => {
    if ($("library").hidden) return;
    for (const id of shown.jobs.keys()) if (state.hidden.has(id)) (shown.removed ||= new Set()).add(id); else shown.removed?.delete(id);
    const ended = [...state.jobs.values()].filter((job) => !isActive(job)).map((job) => job.id + job.results.length).sort().join();
    if (newest && ended !== newest && !state.hidden.size) soon();
    newest = ended;
    showGrid();
  });
}
