// The stage: what is drawn now, what was made, the picture that is painted on, or where to begin. One thing at a time.
import { $, el, icon, label, renew } from "/page/dom.js";
import { compareView, startOf } from "/page/compare.js";
import { live, showsLive } from "/page/live.js";
import { start } from "/page/start.js";
import { maskView } from "/page/mask.js";
import { actionsOf } from "/page/actions.js";
import { allItems, allJobs, isActive, placeInQueue, secondsUntilTurn, shareOf, shownItem, shownJob, state } from "/page/store.js";
import { progressWords, secondsWords, sentence } from "/page/words.js";

const EXAMPLES = [
  ["A serene lake surrounded by pine trees at sunset", "example-lake.webp"],
  ["A sailboat on a lake at dawn, watercolor", "example-sailboat.webp"],
  ["A fox in a pine forest in winter", "example-fox.webp"],
];
let drawn = ""; // what the stage holds, so that the same is not made twice
let onExample = () => {};
let onOpen = () => {};
export const stage = { whenExample(act) { onExample = act; }, whenOpened(act) { onOpen = act; } };

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A finished picture or clip as an element. */
export function mediaOf({ result }, settings = {}) {
  const { width, height } = result, alt = result.request.prompt;
  if (!result.type.startsWith("video/")) return el("img", { src: result.url, alt, width, height, ...settings });
  const video = el("video", { src: result.url, "aria-label": alt, width, height, muted: true, loop: true, controls: true, autoplay: !calm(), playsinline: true, ...settings });
  video.muted = true;
  video.style.setProperty("--aspect", String(width / height)); // its controls are as wide as it is
  return video;
}

/** Put something on the stage, where it is not there already. */
function put(key, make) {
  if (key === drawn) return;
  drawn = key;
  $("stage").replaceChildren(...[make()].flat());
}

let isComparing = false;

function putItem(item, dim) {
  const before = startOf(item), compares = Boolean(before) && isComparing;
  put(`result ${item.result.id} ${compares}`, () => {
    const open = label(el("button", { type: "button", class: "icon full", onclick: () => onOpen(item) }), "full", "Full view");
    const compare = before && el("button", { type: "button", class: "plain compare-switch", "aria-pressed": String(compares), onclick: () => { isComparing = !compares; showStage(); $("stage").querySelector(".compare-switch")?.focus(); } }, "Compare");
    return [el("div", { class: "held" }, compares ? compareView(item, before) : mediaOf(item), compare, open)];
  });
  $("stage").classList.toggle("dim", Boolean(dim));
}

/** Show what should be on the stage. */
export function showStage() {
  if ($("create").hidden) return;
  const job = shownJob();
  $("stage").classList.remove("dim");
  if (start.isPainting) put(`mask ${start.data.length}`, maskView);
  else if (showsLive(job)) showLivePicture();
  else if (!job) put("empty", emptyView);
  else showJob(job);
  showProgress(job);
  if (!start.isPainting && showsLive(job) && !live.isOrdered) showLiveBar();
  else showBar(start.isPainting ? null : job);
}

/** What was drawn while somebody typed; the same element gets every new one. */
function showLivePicture() {
  put("live", () => el("div", { class: "held" }, el("img", { class: "live-picture", alt: "What your words look like so far" })));
  const picture = $("stage").querySelector("img");
  if (picture.src !== live.picture) picture.src = live.picture;
}

function showLiveBar() {
  barOf = `live ${live.picture}`;
  $("bar").hidden = false;
  const facts = live.isSketch ? `Sketch, ${secondsWords(live.seconds)}` : `As it will be drawn, ${secondsWords(live.seconds)}`;
  $("bar").replaceChildren(el("div", { class: "caption" }, el("p", { class: "said-prompt" }, $("prompt").value), el("p", { class: "facts" }, `${facts}. Draw keeps it.`)));
}

function showJob(job) {
  const item = shownItem(job);
  const preview = state.previews.get(job.id);
  if (preview && (isActive(job) || !item)) showPreview(job, preview);
  else if (item) putItem(item);
  else if (isActive(job)) showBefore(job);
  else put(`said ${job.id}`, () => el("div", { class: "said" }, icon(job.state === "failed" ? "warn" : "close"),
    el("h2", {}, job.state === "failed" ? "This could not be drawn" : "Stopped before anything could be seen"),
    el("p", {}, job.error ? sentence(job.error.message) : ""), el("p", { class: "quote" }, job.prompt)));
}

let loopEnd = 0, loopTimer = 0; // when what plays has played to its end

/** The picture so far, or the finished frames of a clip; the same element gets every new one, so nothing jumps. */
function showPreview(job, address) {
  put(`preview ${job.id}`, () => { loopEnd = 0; return el("div", { class: "held" }, el("img", { class: "preview", alt: "" })); });
  const picture = $("stage").querySelector("img"), seconds = state.loops.get(job.id) || 0;
  clearTimeout(loopTimer);
  if (picture.src === address) return;
  const left = loopEnd - performance.now();
  if (left > 0) { loopTimer = setTimeout(showStage, left); return; } // more of the clip follows when this much was seen
  picture.src = address;
  picture.alt = seconds ? "The clip so far" : "The picture so far";
  picture.classList.toggle("plays", seconds > 0);
  loopEnd = seconds ? performance.now() + seconds * 1000 : 0;
}

/** The last picture stays until there is something of the next. */
function showBefore(job) {
  const last = allItems(allJobs().filter((other) => other !== job && !isActive(other)))[0];
  if (last) putItem(last, true);
  else put("waiting", () => el("div", { class: "said" }, icon("wait"), el("p", {}, "The first picture is on its way")));
}

function showProgress(job) {
  const active = job && isActive(job) ? job : null;
  $("progress").hidden = !active;
  if (!active) return;
  const share = shareOf(active);
  $("hairline").style.transform = `scaleX(${share})`;
  const waiting = allJobs().filter((other) => other.state === "queued" && other !== active).length;
  const words = progressWords(active, state.progress.get(active.id), placeInQueue(active), active.state === "queued" ? secondsUntilTurn(active) : null);
  $("progress-words").textContent = words + (waiting && active.state === "running" ? `. ${waiting} more ${waiting === 1 ? "waits" : "wait"}` : "");
}

let barOf = "";
/** What can be done with what is on the stage. */
function showBar(job) {
  const item = shownItem(job);
  const key = !job ? "" : `${job.id} ${isActive(job)} ${job.state === "cancelled"} ${item?.result.id}`; // not made anew under a finger
  if (key === barOf) return;
  barOf = key;
  $("bar").hidden = !job;
  if ($("bar").hidden) return;
  const facts = item ? `Seed ${item.result.seed} · ${item.result.width} x ${item.result.height} · ${secondsWords(item.result.seconds)}` : "";
  const ended = job.state === "cancelled" ? "Stopped. " : "";
  renew($("bar"), el("div", { class: "caption" }, el("p", { class: "said-prompt" }, job.prompt), el("p", { class: "facts" }, ended + facts),
    ...(item?.result.warnings || []).slice(0, 3).map((warning) => el("p", { class: "facts" }, sentence(warning)))),
  ...(isActive(job) && !item ? [] : [el("div", { class: "actions" }, actionsOf(item || { job }))]));
}

function emptyView() {
  const example = ([words, file]) => el("button", { type: "button", class: "example", onclick: () => onExample(words) },
    el("img", { src: `/page/${file}`, alt: "", width: 256, height: 256 }), el("span", {}, words));
  return el("div", { class: "empty" }, el("h2", {}, "Write what you want to see"),
    el("p", {}, "Or begin with one of these. Everything is drawn on this machine; nothing leaves it."),
    el("div", { class: "examples" }, EXAMPLES.map(example)));
}

/** Let the stage be made anew, for example after a mask was opened. */
export function refreshStage() { drawn = barOf = ""; showStage(); }
