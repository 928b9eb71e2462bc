// Models that the server does not draw with yet: those on its disk, and known ones that it can fetch. Choosing one shows what it is;
// nothing is fetched before its button is pressed.
import { $, announce, el, toast } from "/page/dom.js";
import { ask, getModels, post } from "/page/api.js";
import { addOffers, fittedModel, showModels } from "/page/choices.js";
import { changed, state } from "/page/store.js";
import { secondsWords, sentence } from "/page/words.js";

let offers = [], free = {}; // bytes of disk and memory
let shown = ""; // the model whose panel is open
let made = ""; // what the panel says, without the bytes
let wanted = ""; // the model that is drawn with as soon as it is here
let opening = "";
let heard = null; // what the server said of a download since the last read began
let whenChosen = () => {};
const path = "/api/checkpoints";
const find = (name) => offers.find((one) => one.id === name);
const running = () => offers.find((one) => one.progress);

export function sizeWords(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;
}

/** Read what there is, and show it in the list of models; another page, or another server, may have opened some or none. */
async function readOffers() {
  heard = null;
  const [said, models] = await Promise.all([ask(path), getModels()]);
  const offer = heard && said.data.find((one) => one.id === heard.model);
  if (offer) offer.progress = heard.progress; // what was heard meanwhile is newer
  [offers, free, state.models] = [said.data, { disk: said.disk_free, memory: said.memory_free }, models];
  showOffers();
  if (fittedModel() !== $("model").value) whenChosen(); // the server has begun anew without it
}

function showOffers() {
  showModels(state.models);
  const rest = offers.filter((one) => !one.model);
  addOffers("On this disk", rest.filter((one) => one.state === "here").map((one) => [one.id, one.id]));
  const size = (one) => (one.state === "half" ? "half is here" : one.download ? sizeWords(one.download) : "");
  addOffers("To download", rest.filter((one) => one.state !== "here").map((one) => [one.id, [one.id, size(one)].filter(Boolean).join(", ")]));
  changed();
  showFetching();
  if (shown) showPanel();
}

/** A model was chosen that is not drawn with yet; the list goes back to the one that is. */
function chose(name) {
  const offer = find(name);
  if (!offer) return;
  [shown, wanted, offer.error] = [name, name, ""];
  if (offer.state === "here" && !offer.obstacle) open(name);
  showPanel();
  $("checkpoint").showModal();
}

/** Let the server draw with a model that is on its disk, and choose it. */
async function open(name) {
  if (opening) return;
  opening = name;
  showPanel();
  try {
    const model = await post(`${path}/open`, { model: name });
    await readOffers();
    if (wanted === name) choose(model);
  } catch (error) {
    const offer = find(name);
    if (offer) offer.error = error.message;
  }
  opening = "";
  showPanel();
}

function choose(model) {
  wanted = "";
  $("model").value = model.id;
  whenChosen();
  announce(`${model.name} is chosen`);
  if ($("checkpoint").open) $("checkpoint").close(); else toast(`${model.name} draws now`, null, "", 6);
}

async function act(what, offer) {
  wanted = what === "cancel" ? "" : offer.id;
  offer.error = "";
  try {
    const body = what === "download" ? { model: offer.id, licence: offer.licence } : { model: offer.id };
    Object.assign(offer, await post(`${path}/${what}`, body));
  } catch (error) {
    if (what !== "cancel" || error.status !== 409) offer.error = error.message;
  }
  showOffers();
}

/** The server says how far a download is. */
function hearDownload({ model, ...progress }) {
  const offer = find(model);
  heard = { model, progress };
  if (!offer) return;
  const isOver = ["ended", "failed"].includes(progress.state);
  if (isOver) heard = null; // it is read again
  offer.progress = isOver ? null : progress;
  if (!isOver) { showFetching(); return showPanel(); }
  readOffers().then(() => {
    const after = find(model);
    if (after?.state === "here" && wanted === model) open(model);
    else if (after?.error && !$("checkpoint").open) toast(sentence(after.error));
    else if (after?.state === "here") announce(`${model} is here`);
  }).catch(() => {});
}

/** A word in the header while something comes whose panel is closed. */
function showFetching() {
  const offer = running();
  $("fetching").hidden = !offer || $("checkpoint").open;
  if (!offer) return;
  const { bytes, total } = offer.progress, share = total ? `${Math.floor(bytes / total * 100)} %` : "...";
  $("fetching").replaceChildren(el("span", { class: "word" }, `${offer.id} `), share);
  $("fetching").setAttribute("aria-label", `${offer.id} is being downloaded: ${share}`);
  $("fetching").onclick = () => chose(offer.id);
}

function facts(offer) {
  const memory = offer.memory && `about ${sizeWords(2 * offer.memory)} on a CPU, ${sizeWords(offer.memory)} on a GPU${free.memory ? `; ${sizeWords(free.memory)} are free here` : ""}`;
  const rest = offer.download && offer.state === "half" ? `; ${sizeWords(offer.bytes)} of it are here` : "";
  const rows = [
    ["Draws", offer.kinds?.map((kind) => (kind === "video" ? "clips" : "pictures")).join(", ")],
    ["Licence", offer.licence && offer.licence + (offer.restricted ? "; it limits commercial use, or who may use it" : "")],
    ["Its page", offer.page.replace(/^https?:\/\//, "")],
    ["Download", offer.state !== "here" && (offer.download ? `${sizeWords(offer.download)}${rest}` : "its size is not known yet")],
    ["Memory", memory], ["Disk", offer.state !== "here" && `${sizeWords(free.disk)} are free`],
  ];
  return el("dl", {}, rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function progressOf({ progress }) {
  const { state: now, bytes, total, seconds_left: left } = progress, share = total ? bytes / total : 0;
  const bar = el("div", {});
  bar.style.transform = `scaleX(${share})`;
  const words = now === "asking" ? "Asking what there is to fetch" : now === "stopping" ? "Stopping"
    : `${sizeWords(bytes)} of ${sizeWords(total)}${left >= 1 ? `, ${secondsWords(left)} left` : ""}`;
  const line = el("div", { class: "hairline", role: "progressbar", "aria-label": "Download", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.floor(share * 100)) }, bar);
  return el("div", { class: "fetched" }, line, el("p", {}, words));
}

/** What is said below the facts, and the buttons. */
function offered(offer) {
  const main = (words, what) => el("button", { type: "button", class: "main", onclick: () => act(what, offer) }, words);
  const close = el("button", { type: "button", class: "plain", onclick: () => $("checkpoint").close() }, "Close");
  if (opening === offer.id) return [el("p", { class: "what" }, "Opening it, which takes some seconds. Its weights are loaded with the first picture."), [close]];
  if (offer.progress) {
    const stop = el("button", { type: "button", class: "plain", disabled: offer.progress.state === "stopping", onclick: () => act("cancel", offer) }, "Cancel");
    return [progressOf(offer), [stop, el("button", { type: "button", class: "plain", onclick: () => $("checkpoint").close() }, "Draw meanwhile")]];
  }
  if (offer.obstacle) return [el("p", { class: "what" }, sentence(offer.obstacle)), [close]];
  const other = running();
  if (other) return [el("p", { class: "what" }, `${other.id} is being downloaded; one model comes at a time.`), [close]];
  if (offer.state === "here") return [null, [el("button", { type: "button", class: "main", onclick: () => { wanted = offer.id; offer.error = ""; open(offer.id); } }, "Use it"), close]];
  const gate = offer.gated ? " Its page asks to agree first; then log in on the server's machine: hf auth login." : "";
  if (!offer.download) return [el("p", { class: "what" }, `${offer.host} is asked for its size; nothing is fetched yet.${gate}`), [main("Ask for the size", "size"), close]];
  const words = offer.state === "half" ? `Download the rest` : `Download ${sizeWords(offer.download)}`;
  return [el("p", { class: "what" }, `It comes from ${offer.host} to the machine of this server. By downloading it you agree to its licence.${gate}`), [main(words, "download"), close]];
}

/** Make the panel; while only bytes come its buttons stay, so that a press is not lost. */
function showPanel() {
  const offer = find(shown);
  if (!offer) return;
  const says = JSON.stringify([{ ...offer, progress: offer.progress?.state }, opening, running()?.id]);
  if (says === made && offer.progress) return void $("checkpoint").querySelector(".fetched").replaceWith(progressOf(offer));
  made = says;
  const focused = document.activeElement?.closest("#checkpoint button")?.textContent;
  const [words, buttons] = offered(offer);
  $("checkpoint").replaceChildren(el("h2", { id: "checkpoint-title" }, offer.id), el("p", { class: "quote" }, sentence(offer.about || offer.repository)), facts(offer),
    ...[words].filter(Boolean), el("p", { class: "failed", role: "alert" }, offer.error ? sentence(offer.error) : ""), el("div", { class: "row" }, buttons));
  if (focused) (buttons.find((one) => one.textContent === focused) || buttons.at(-1)).focus();
}

/** Read it all; a model that was drawn with here, and is no longer open since the server began anew, is opened again. */
async function readAgain(before) {
  await readOffers();
  const lost = offers.find((one) => one.repository === before && !one.model && one.state === "here" && !one.obstacle);
  if (!lost) return;
  wanted = lost.id;
  await open(lost.id);
}

/** Listen, and show what can be had; `act` is called when a model was chosen here, `draft` is the model of the draft. */
export function listenToCheckpoints(act, draft) {
  whenChosen = act;
  $("model-label").addEventListener("change", (event) => { // before all who ask which model it is
    const name = event.target.selectedOptions[0]?.dataset.offer;
    if (!name) return;
    event.stopPropagation();
    $("model").value = fittedModel();
    chose(name);
  }, true);
  $("checkpoint").addEventListener("close", () => { shown = made = ""; showFetching(); $("model").focus(); });
  addEventListener("download", (event) => hearDownload(event.detail));
  addEventListener("line", () => { readAgain(draft || fittedModel()).catch(() => {}); draft = ""; });
}
