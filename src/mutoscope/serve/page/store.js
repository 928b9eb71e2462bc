// What the page knows. The truth is the server's; this is a copy of its newest jobs, and what happened since.
import { listJobs } from "/page/api.js";

export const state = {
  jobs: new Map(), // by id
  progress: new Map(), // by job: what its worker said last
  previews: new Map(), // by job: address of the newest preview
  loops: new Map(), // by job: seconds that its newest preview plays; 0 for a still
  shares: new Map(), // by job: how far its bar is; it never runs backwards
  hidden: new Set(), // jobs that are being deleted
  removed: new Set(), // jobs that are gone, so that no list shows them
  more: false, // whether the server has older ones
  last: null, // the oldest that was asked for
  chosen: null, // job on the stage; null: what happens now, else the newest
  chosenResult: null, // which of its pictures; null: the last
  models: [],
  isOnline: true,
};
const PHASES = { load: [0, .05], text: [.05, .08], draw: [.08, .7], refine: [.7, .95], decode: [.95, .98], write: [.98, 1] };
const listeners = new Set();
let isDue = false;

/** Call `act` after changes, at most once a frame. */
export function subscribe(act) { listeners.add(act); }

export function changed() {
  if (isDue) return;
  isDue = true;
  const run = () => { isDue = false; listeners.forEach((act) => act(state)); };
  if (document.hidden) setTimeout(run, 100); else requestAnimationFrame(run);
}

export const isActive = (job) => job.state === "queued" || job.state === "running";

/** The jobs that are shown, the newest first. */
export function allJobs() {
  return [...state.jobs.values()].filter((job) => !state.hidden.has(job.id)).sort((a, b) => b.created - a.created);
}

/** What can be looked at: finished pictures and clips, the newest first. */
export function allItems(jobs = allJobs()) {
  return jobs.flatMap((job) => [...job.results].reverse().map((result) => ({ job, result })));
}

/** The job on the stage: the chosen one; else the one that is being drawn; else the newest that has something to show. */
export function shownJob() {
  if (state.chosen && state.jobs.has(state.chosen) && !state.hidden.has(state.chosen)) return state.jobs.get(state.chosen);
  const jobs = allJobs();
  return jobs.findLast((job) => job.state === "running") || jobs.findLast((job) => job.state === "queued")
    || jobs.find((job) => job.results.length || job.state === "failed" || state.previews.has(job.id)) || null;
}

export function choose(id, result = null) {
  state.chosen = id;
  state.chosenResult = result;
  changed();
}

/** The picture of a job that is on the stage, with its job; null where it has none. */
export function shownItem(job) {
  const result = job?.results.find((one) => one.id === state.chosenResult) || job?.results.at(-1);
  return result ? { job, result } : null;
}

export function placeInQueue(job) {
  return allJobs().filter((other) => other.state === "queued" && other.created < job.created).length + 1;
}

const readers = new Set(); // of each read that is under way: the jobs that something was heard of meanwhile

/** Seconds until a job that waits has its turn, by the speed of what was drawn; null where nothing was. */
export function secondsUntilTurn(job) {
  let seconds = 0;
  for (const other of allJobs()) {
    if (!isActive(other) || other.created >= job.created) continue;
    const speed = secondsPerCost(other.model);
    if (speed === null) return null;
    seconds += other.cost * speed * (1 - shareOf(other));
  }
  return seconds;
}

/** The median of what the newest jobs of a model took. */
function secondsPerCost(model) {
  const done = allJobs().filter((job) => job.model === model && job.state === "done" && job.cost).slice(0, 9);
  const speeds = done.map((job) => job.results.reduce((sum, one) => sum + one.seconds, 0) / job.cost).sort((a, b) => a - b);
  return speeds[speeds.length >> 1] ?? null;
}

/** Read the newest jobs again; the first thing a page does, and what it does when it was cut off. What is heard meanwhile is newer. */
export async function readAll() {
  const heard = new Set();
  readers.add(heard);
  const page = await listJobs().finally(() => readers.delete(heard));
  const newer = new Map([...heard].filter((id) => state.jobs.has(id)).map((id) => [id, state.jobs.get(id)]));
  const said = page.data.filter((job) => !state.removed.has(job.id)).map((job) => [job.id, job]);
  state.jobs = new Map([...said, ...newer]);
  const active = new Set([...state.jobs.values()].filter(isActive).map((job) => job.id));
  state.progress = new Map([...state.jobs.values()].filter((job) => active.has(job.id) && job.progress).map((job) => [job.id, job.progress]));
  for (const id of state.shares.keys()) if (!active.has(id)) state.shares.delete(id);
  state.more = page.has_more;
  state.last = page.data.at(-1)?.id;
  changed();
}

/** Read the page of jobs behind the oldest. */
export async function readMore() {
  if (!state.more) return;
  const page = await listJobs({ after: state.last });
  for (const job of page.data) state.jobs.set(job.id, job);
  state.more = page.has_more;
  state.last = page.data.at(-1)?.id || state.last;
  changed();
}

/** How much of a job is done, 0 to 1. */
export function shareOf(job) {
  const said = state.progress.get(job.id);
  if (!said) return state.shares.get(job.id) || 0;
  const [from, to] = PHASES[said.phase] || [0, 0];
  const inside = from + (to - from) * (said.total ? said.step / said.total : 0);
  const share = Math.max(state.shares.get(job.id) || 0, ((said.place || 0) + inside) / Math.max(1, job.number));
  state.shares.set(job.id, share);
  return share;
}

/** Take a note of the server. */
export function hear(name, data) {
  const job = state.jobs.get(data.job);
  for (const heard of readers) heard.add(data.job);
  if (name === "state") {
    state.jobs.set(data.job, data.whole);
    if (data.state === "queued") state.shares.delete(data.job); // it begins anew
    if (!isActive(data.whole)) state.progress.delete(data.job);
    if (data.whole.results.length) state.previews.delete(data.job);
  } else if (name === "progress") {
    state.progress.set(data.job, data);
  } else if (name === "preview") {
    if (data.seconds && matchMedia("(prefers-reduced-motion: reduce)").matches) return; // the still before it stays
    state.previews.set(data.job, `data:${data.media_type};base64,${data.data}`);
    state.loops.set(data.job, data.seconds);
  } else if (name === "result" && job) {
    const others = job.results.filter((one) => one.id !== data.result.id);
    job.results = [...others, data.result].sort((a, b) => a.place - b.place);
    state.previews.delete(data.job);
  } else if (name === "removed") {
    for (const one of [state.jobs, state.progress, state.previews, state.loops, state.shares]) one.delete(data.job);
    state.removed.add(data.job);
    state.hidden.delete(data.job);
    if (state.chosen === data.job) state.chosen = null;
  }
  changed();
}
