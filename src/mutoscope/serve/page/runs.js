// Training runs: curves, previews, the end of the log; read again every few seconds while this screen is shown.
import { $, el } from "/page/dom.js";
import { ask } from "/page/api.js";
import { plot } from "/page/plot.js";
import { secondsWords } from "/page/words.js";

const AGAIN = 3000; // milliseconds until the next look
const CURVES = [["loss", "Loss"], ["samples_per_second", "Samples a second"], ["rate", "Learning rate"]];
const now = { runs: [], id: null, timer: 0, asked: 0, shown: "" };

/** Show the runs; `id` is the one that the address names. */
export async function openRuns(id) {
  if (!$("run")) build();
  try { now.runs = (await ask("/api/runs")).data; } catch (error) { return say(error.message); }
  now.id = (now.runs.find((one) => one.id === (id || now.id)) || now.runs[0])?.id;
  showBar();
  if (now.id) await look();
}

/** Nothing is asked of the server while another screen is shown. */
export function leaveRuns() { clearTimeout(now.timer); now.asked += 1; }

function build() {
  $("runs").append(el("div", { class: "runs-bar" }, el("h2", { class: "hidden" }, "Runs"),
    el("label", { id: "run-field" }, el("span", { class: "hidden" }, "Run"), el("select", { id: "run", onchange: () => choose($("run").value) })),
    el("p", { id: "runs-said", role: "status" })), el("div", { id: "stages" }));
}

function choose(id) {
  now.id = id;
  now.shown = "";
  history.replaceState(null, "", `#runs/${id}`);
  look();
}

function showBar() {
  $("run-field").hidden = !now.runs.length;
  $("run").replaceChildren(...now.runs.map(({ id, name }) => el("option", { value: id, selected: id === now.id }, name)));
  say("");
  if (!now.runs.length) showEmpty();
}

function showEmpty() {
  now.shown = "";
  $("stages").replaceChildren(el("div", { class: "nothing" }, el("h3", {}, "No training runs here"),
    el("p", {}, "A run of mutoscope train is shown while it goes on. mutoscope serve --runs FOLDER says where the runs are.")));
}

const say = (words) => { if ($("runs-said").textContent !== words) $("runs-said").textContent = words; };

async function look() {
  clearTimeout(now.timer);
  const asked = ++now.asked, id = now.id;
  try {
    const run = await ask(`/api/runs/${encodeURIComponent(id)}`);
    if (asked !== now.asked || id !== now.id) return;
    say("");
    showRun(run);
  } catch (error) {
    if (asked !== now.asked) return;
    say(error.status === 404 ? "This run is gone" : error.message);
  }
  now.timer = setTimeout(look, AGAIN);
}

/** Stages are made again only where something new was written, so that nothing jumps. */
function showRun(run) {
  const key = JSON.stringify(run.stages.map(({ name, last, tail, previews, is_live: live, damaged }) => [name, last, tail.at(-1), previews.length && previews.at(-1), live, damaged]));
  for (const stage of run.stages) {
    const words = $(`state-${stage.name}`);
    if (words && key === now.shown) words.textContent = stateWords(stage);
  }
  if (key === now.shown) return;
  now.shown = key;
  const open = new Set([...$("stages").querySelectorAll("details[open]")].map((one) => one.id));
  $("stages").replaceChildren(...run.stages.map(showStage));
  for (const one of $("stages").querySelectorAll("details")) one.open = open.has(one.id);
}

function showStage(stage) {
  const curves = CURVES.filter(([key]) => stage.curves[key]?.length).map(([key, words]) => plot(words, stage.curves[key]));
  const sheets = stage.previews.map(({ url, samples }, at) => el("figure", {}, el("a", { href: url, target: "_blank" },
    el("img", { src: `${url}?samples=${samples}`, alt: `${at ? "Newest" : "First"} previews of ${stage.name}` })),
  el("figcaption", {}, `${at || stage.previews.length === 1 ? "Newest" : "First"}, after ${count(samples)} samples`)));
  return el("section", { class: "stage-run", "aria-labelledby": `stage-${stage.name}` }, el("h3", { id: `stage-${stage.name}` }, stage.name),
    el("p", { id: `state-${stage.name}`, class: "run-facts" }, stateWords(stage)),
    stage.damaged > 0 && el("p", { class: "refused" }, stage.damaged === 1 ? "One line of its log or its machine.json is damaged and left out" : `${stage.damaged} lines of its log are damaged and left out`),
    el("div", { class: "plots" }, curves), sheets.length > 0 && el("div", { class: "sheets" }, sheets),
    stage.tail.length > 0 && el("details", { id: `log-${stage.name}` }, el("summary", {}, "Last lines of the log"), el("pre", { tabindex: "0", "aria-label": `Log of ${stage.name}` }, stage.tail.join("\n"))),
    stage.hardware.length > 0 && el("p", { class: "facts" }, stage.hardware.join("; ")));
}

const count = (number) => Math.round(number).toLocaleString("en");

function stateWords({ last, is_live: live, is_finished: finished, seconds_left: left, idle_seconds: idle }) {
  const parts = [finished ? "Finished" : live ? "Running" : `No line for ${timeWords(idle)}`];
  if (last.samples !== undefined) parts.push(`${count(last.samples)} samples`);
  if (last.seconds !== undefined) parts.push(`${timeWords(last.seconds)} so far`);
  if (live && left !== null) parts.push(`${timeWords(left)} left`);
  return parts.join(", ");
}

function timeWords(seconds) {
  if (seconds >= 172800) return `${Math.round(seconds / 86400)} days`;
  return seconds >= 5400 ? `${(seconds / 3600).toFixed(1)} h` : secondsWords(seconds);
}
