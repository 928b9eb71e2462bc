// The plain page: says what runs here, draws one picture, shows how far it is. Nothing that came from outside becomes HTML.
"use strict";

const $ = (id) => document.getElementById(id);
let current = null; // the job that is shown
let events = null; // one stream, open while a job runs

function say(words) { $("said").textContent = words; }

async function ask(path, body, method) {
  const options = body === undefined ? { method: method || "GET" }
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  if (answer.status === 401) { $("login").hidden = false; $("order").hidden = true; $("token").focus(); }
  if (answer.status === 204) return null;
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error.message);
  return data;
}

async function tellAbout() {
  const [models, health] = await Promise.all([ask("/api/models"), ask("/healthz")]);
  $("login").hidden = true;
  $("order").hidden = false;
  const names = models.data.map((one) => `${one.id} (${one.hash})`).join(", ");
  const jobs = await ask("/api/jobs?limit=200");
  const waiting = jobs.data.filter((job) => job.state === "queued" || job.state === "running").length;
  $("about").textContent = `Version ${health.version}. Draws with ${names}. ${waiting || "No"} ${waiting === 1 ? "job" : "jobs"} in the queue.`;
}

function show(address, words) {
  $("picture").src = address;
  $("picture").alt = words;
  $("stage").hidden = false;
}

function setBusy(busy) {
  $("draw").disabled = busy;
  $("stop").hidden = $("bar").hidden = !busy;
}

function finish(words) {
  if (events) events.close();
  events = current = null;
  setBusy(false);
  say(words);
  tellAbout().catch(() => {});
}

function follow(job) {
  events = new EventSource(`/api/jobs/${job.id}/events`);
  const on = (name, act) => events.addEventListener(name, (event) => {
    const data = JSON.parse(event.data);
    if (data.job === current) act(data);
  });
  on("progress", (data) => {
    if (data.phase === "draw" || data.phase === "refine") $("bar").value = data.total ? data.step / data.total : 0;
    say(data.phase === "load" ? "Loading the model" : data.total ? `${data.phase} ${data.step} of ${data.total}` : data.phase);
  });
  on("preview", (data) => show(`data:${data.media_type};base64,${data.data}`, "The picture so far"));
  on("result", ({ result }) => {
    show(result.url, result.request.prompt);
    $("caption").textContent = `Seed ${result.seed}, ${result.width} x ${result.height}, ${result.seconds.toFixed(1)} s`
      + result.warnings.map((warning) => `. ${warning}`).join("");
  });
  on("state", (data) => {
    if (data.state === "queued") say("Waiting for its turn");
    if (data.state === "done") finish("Done");
    if (data.state === "cancelled") finish("Stopped");
    if (data.state === "failed") finish(data.whole.error.message);
  });
}

async function draw(event) {
  event.preventDefault();
  if (current) return;
  setBusy(true);
  $("bar").value = 0;
  $("caption").textContent = "";
  try {
    const job = await ask("/api/jobs", { prompt: $("prompt").value });
    current = job.id;
    follow(job);
  } catch (error) {
    finish(error.message);
  }
}

async function open(token) {
  try {
    await ask("/login", { token });
    await tellAbout();
    say("");
  } catch (error) {
    say(error.message);
  }
}

$("order").addEventListener("submit", draw);
$("stop").addEventListener("click", () => { if (current) ask(`/api/jobs/${current}`, undefined, "DELETE").catch(() => {}); });
$("login").addEventListener("submit", (event) => { event.preventDefault(); open($("token").value); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("order").requestSubmit();
});

const shown = new URLSearchParams(location.hash.slice(1)).get("token");
if (shown) {
  history.replaceState(null, "", "/"); // no token in the history
  open(shown);
} else {
  tellAbout().catch((error) => say(error.message));
}
