// What can be done with a picture or clip, the same on the stage and in the full view.
import { $, button, el, icon, sign, toast } from "/page/dom.js";
import { remove, removeAll, submit } from "/page/api.js";
import { starButton } from "/page/boards.js";
import { currentModel } from "/page/choices.js";
import { fromRequest, setSettings, showRefusal } from "/page/form.js";
import { startFromResult } from "/page/start.js";
import { changed, hear, state } from "/page/store.js";
import { fileName } from "/page/words.js";

const VARY = .25; // how far towards another seed
const UNDO_SECONDS = 10;
const leaving = new Map(); // jobs that will be deleted, with their timers
let toCreate = () => {};
export const actions = { whenCreating(act) { toCreate = act; } };

/** The buttons for an item, or for a job that has nothing to show. */
export function actionsOf(item) {
  const found = [];
  if (item.result) {
    found.push(el("a", { class: "plain", href: item.result.url, download: fileName(item) }, icon("download"), el("span", {}, "Save")));
    found.push(starButton(item));
    if (canVary(item)) found.push(button("vary", "Vary", () => vary(item)));
    if (canBecomeClip(item)) found.push(button("film", "Make a clip", () => makeClip(item)));
    if (currentModel()?.image) found.push(button("image", "Start from it", () => useAsStart(item)));
    found.push(button("again", "Use settings", () => useSettings(item)));
    found.push(sign("link", "Copy link", () => copyLink(item)));
  } else {
    found.push(button("again", "Use prompt", () => { toCreate(); $("prompt").value = item.job.prompt; $("prompt").focus(); }));
  }
  found.push(sign("trash", "Delete", () => removeLater(item.job)));
  return found;
}

const canVary = (item) => !item.result.request.index && !item.result.request.image_hash;
const canBecomeClip = (item) => item.job.kind === "image" && currentModel()?.kinds.includes("video") && currentModel()?.image;

export function save(item) { el("a", { href: item.result.url, download: fileName(item) }).click(); }

export function useSettings(item) {
  toCreate();
  setSettings(fromRequest(item.result.request, item.job));
  toast(item.result.request.image_hash ? "Its settings are in the fields; the picture that it started from is not kept" : "Its settings are in the fields", null, "", 5);
}

export async function useAsStart(item) { toCreate(); await startFromResult(item); }

/** Order at once; what is refused is said where orders are. */
async function orderNow(order) {
  toCreate();
  try {
    const job = await submit(order);
    state.chosen = null;
    hear("state", { job: job.id, state: job.state, whole: job });
  } catch (error) { showRefusal(error, () => {}); }
}

/** The order that made an item, with its own seed. */
function orderOf({ job, result }) {
  const said = fromRequest(result.request, job);
  const order = { prompt: said.prompt, kind: job.kind, model: job.model, format: job.format, seed: result.seed, width: result.width, height: result.height };
  if (said.style) order.style = said.style;
  if (said.negative_prompt) order.negative_prompt = said.negative_prompt;
  for (const name of ["num_inference_steps", "guidance_scale"]) if (said[name]) order[name] = Number(said[name]);
  if (said.adapter) order.adapter = said.adapter;
  if (said.precision) order.precision = said.precision;
  if (result.request.num_frames > 1) Object.assign(order, { num_frames: result.request.num_frames, fps: result.request.fps });
  return order;
}

export const vary = (item) => canVary(item) && orderNow({ ...orderOf(item), variation: VARY });

/** A clip whose first frame is this picture. */
export async function makeClip(item) {
  if (!canBecomeClip(item)) return;
  const answer = await fetch(item.result.url), bytes = new Uint8Array(await answer.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  const order = { prompt: item.result.request.prompt, kind: "video", model: item.job.model, seed: item.result.seed, image: btoa(text) };
  const seconds = Number($("duration_seconds").value);
  await orderNow(seconds ? { ...order, duration_seconds: seconds } : order);
}

export const copyPrompt = (item) => copy(item.result.request.prompt, "The prompt is copied");

/** A link that fills the fields; it holds words and numbers, no picture. */
export async function copyLink(item) {
  const said = Object.entries(fromRequest(item.result.request, item.job)).filter(([, value]) => value && value !== "0");
  const link = `${location.origin}/#settings=${encodeURIComponent(JSON.stringify(Object.fromEntries(said)))}`;
  await copy(link, "A link with its settings is copied");
}

/** Copy words; where the browser does not let a page copy, they are shown. */
async function copy(words, said) {
  try {
    await navigator.clipboard.writeText(words);
    toast(said, null, "", 5);
  } catch {
    toast(words, null, "", 30);
  }
}

/** Delete a job with its pictures, after some seconds in which it can be undone. */
export function removeLater(job) {
  state.hidden.add(job.id);
  const many = job.results.length > 1 ? `${job.results.length} pictures of one order are deleted` : "Deleted";
  const back = () => { clearTimeout(leaving.get(job.id)); leaving.delete(job.id); state.hidden.delete(job.id); changed(); };
  const end = () => { leaving.delete(job.id); remove(job.id).catch((error) => { if (error.status !== 404) { back(); toast(`It could not be deleted: ${error.message}`); } }); };
  leaving.set(job.id, setTimeout(end, UNDO_SECONDS * 1000));
  toast(many, back, "Undo", UNDO_SECONDS);
  changed();
}

/** Delete several jobs at once, after some seconds in which it can be undone. */
export function removeAllLater(jobs) {
  if (!jobs.length) return;
  for (const job of jobs) state.hidden.add(job.id);
  const bring = () => { for (const job of jobs) state.hidden.delete(job.id); leavingTogether.delete(end); changed(); };
  const back = () => { clearTimeout(timer); bring(); };
  const end = () => { leavingTogether.delete(end); clearTimeout(timer); removeAll(jobs.map((job) => job.id)).catch((error) => { bring(); toast(`They could not be deleted: ${error.message}`); }); };
  const timer = setTimeout(end, UNDO_SECONDS * 1000);
  leavingTogether.add(end);
  toast(`${jobs.length} deleted`, back, "Undo", UNDO_SECONDS);
  changed();
}
const leavingTogether = new Set();

addEventListener("pagehide", () => { // what was deleted stays deleted when the page is closed
  for (const [id, timer] of leaving) { clearTimeout(timer); remove(id).catch(() => {}); }
  leaving.clear();
  for (const end of leavingTogether) end();
});
