// The strip under the stage: what waits, what is drawn, what was made; the newest first.
import { $, el, icon } from "/page/dom.js";
import { thumbnail } from "/page/api.js";
import { showsLive } from "/page/live.js";
import { allJobs, choose, isActive, readMore, shownItem, shownJob, state } from "/page/store.js";

const MOST = 200; // tiles; the library has all
const tiles = new Map(); // by key, so that a picture is not loaded again
let isReading = false;

function tileOf(job, result) {
  const key = result ? `${result.id}` : `${job.id} ${job.state}`;
  if (tiles.has(key)) return tiles.get(key);
  const words = `${{ queued: "Waiting: ", running: "Being drawn: ", failed: "Failed: " }[job.state] || ""}${job.prompt}`;
  const inside = result ? el("img", { src: thumbnail(result), alt: words, width: 96, height: 96, loading: "lazy", decoding: "async" }) : icon(job.state === "failed" ? "warn" : "wait");
  const button = el("button", { type: "button", class: "thumb", onclick: () => choose(job.id, result?.id), data: { job: job.id, result: result?.id || "" } }, inside);
  if (result?.type.startsWith("video/")) button.append(el("span", { class: "badge" }, icon("play")));
  if (!result) button.setAttribute("aria-label", words);
  button.title = words;
  const item = el("li", {}, button);
  tiles.set(key, item);
  return item;
}

/** Show the strip. */
export function showStrip() {
  if ($("create").hidden) return;
  const shown = shownJob(), isLive = showsLive(shown); // what is drawn while somebody types is on the stage
  const jobs = allJobs().filter((job) => job.results.length || isActive(job) || job.state === "failed").slice(0, MOST);
  const wanted = jobs.flatMap((job) => {
    const done = [...job.results].reverse().map((result) => tileOf(job, result));
    return isActive(job) ? [tileOf(job), ...done] : done.length ? done : [tileOf(job)];
  });
  const strip = $("strip");
  strip.hidden = !wanted.length;
  if (wanted.length !== strip.children.length || wanted.some((one, place) => strip.children[place] !== one)) {
    const focused = document.activeElement;
    strip.replaceChildren(...wanted);
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }
  for (const item of wanted) {
    const { job, result } = item.firstChild.dataset;
    const isShown = !isLive && job === shown?.id && (!result || result === shownItem(shown)?.result.id);
    if (isShown) item.firstChild.setAttribute("aria-current", "true"); else item.firstChild.removeAttribute("aria-current");
  }
}

/** Read older ones when the strip is scrolled to its end. */
export function listenToStrip() {
  $("strip").addEventListener("scroll", async () => {
    const strip = $("strip");
    if (isReading || !state.more || state.jobs.size >= MOST || strip.scrollLeft + strip.clientWidth < strip.scrollWidth - 300) return;
    isReading = true;
    await readMore().catch(() => {});
    isReading = false;
  }, { passive: true });
}

/** Go to the neighbour of what is shown: -1 newer, 1 older. */
export function step(by) {
  const tiles = [...$("strip").querySelectorAll(".thumb")];
  const next = tiles[tiles.findIndex((one) => one.hasAttribute("aria-current")) + by];
  if (!next) return;
  next.click();
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}
