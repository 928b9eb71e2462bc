// Pictures while somebody types: a sketch soon after the last key, the picture itself when typing rests. They are kept nowhere; the
// same seed goes into the order, so that what is drawn for good is what was seen.
import { $ } from "/page/dom.js";
import { drawLive } from "/page/api.js";
import { currentModel } from "/page/choices.js";
import { kind, liveOrder, newSeed } from "/page/form.js";
import { allJobs, changed, choose, isActive, state, subscribe } from "/page/store.js";

const SWITCH = "mutoscope.live"; // in the browser's storage
const AFTER_KEY = 120, AFTER_SKETCH = 500; // milliseconds
const page = Array.from(crypto.getRandomValues(new Uint8Array(8)), (one) => one.toString(16)).join("");
export const live = { picture: null, isSketch: false, isOrdered: false, job: null, seconds: 0, seed: newSeed() };
let timer = 0, asked = null, was = "", isMissed = false;

/** Why nothing is drawn while typing; "" where it is. */
export function whyNotLive() {
  const model = currentModel();
  if (!model) return "There is no model.";
  return kind() === "video" ? "Clips take too long to be drawn while you type." : "";
}

/** Whether the switch is on; where nobody has touched it, the model that is in the package is quick enough. */
function isOn() {
  let said = null;
  try { said = localStorage.getItem(SWITCH); } catch { /* it lives as long as the page */ }
  return (said ?? (currentModel()?.engine === "mutoscope" ? "on" : "off")) === "on";
}

export const isLive = () => isOn() && !whyNotLive();

/** Draw what the fields say, soon; of the wishes of a page only the newest counts, here and on the server. */
export function liveSoon() {
  const order = isLive() && liveOrder(live.seed), said = JSON.stringify(order);
  if (said === was) return;
  was = said;
  giveUp();
  if (!order || !order.prompt) return forgetLive();
  timer = setTimeout(() => ask(order, true), AFTER_KEY);
}

function giveUp() {
  clearTimeout(timer);
  asked?.abort();
  asked = null;
}

async function ask(order, isSketch) {
  isMissed = allJobs().some(isActive); // what was ordered goes first
  if (isMissed) return;
  const own = asked = new AbortController(), start = performance.now();
  try {
    const data = await drawLive({ ...order, page, sketch: isSketch }, own.signal);
    if (own !== asked || !data) return;
    show(data, isSketch, (performance.now() - start) / 1000);
    if (isSketch) timer = setTimeout(() => ask(order, false), AFTER_SKETCH);
  } catch { /* a word that is not finished, a model that is not there: the order will say it */ }
}

function show(data, isSketch, seconds) {
  if (live.picture) URL.revokeObjectURL(live.picture);
  Object.assign(live, { picture: URL.createObjectURL(data), isSketch, isOrdered: false, seconds });
  choose(null);
}

/** Take the picture away: it was ordered, or something else is looked at. */
export function forgetLive() {
  giveUp();
  if (!live.picture) return;
  URL.revokeObjectURL(live.picture);
  live.picture = null;
  changed();
}

/** What was seen is being drawn for good: the next picture has another seed. */
export function orderedLive() {
  giveUp();
  was = JSON.stringify(liveOrder(live.seed));
  live.seed = newSeed();
  Object.assign(live, { isOrdered: true, job: null });
}

/** Whether the stage shows it: until something else was chosen, or what was ordered is there; previews show less than it does. */
export function showsLive(job) {
  if (!live.picture) return false;
  return live.isOrdered ? !live.job || (job?.id === live.job && isActive(job)) : !state.chosen;
}

/** Show whether the switch is on, and why it cannot be. */
export function showLive() {
  const why = whyNotLive();
  $("live").disabled = Boolean(why);
  $("live").checked = isLive();
  $("live-why").textContent = why;
}

export function listenToLive() {
  $("live").addEventListener("input", () => { // before the form hears of it
    try { localStorage.setItem(SWITCH, $("live").checked ? "on" : "off"); } catch { /* it lives as long as the page */ }
    was = "";
    if ($("live").checked) liveSoon(); else forgetLive();
  });
  subscribe(() => {
    if (!isMissed || allJobs().some(isActive)) return;
    isMissed = false;
    was = "";
    liveSoon();
  });
}
