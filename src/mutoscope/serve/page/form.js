// What is asked for: from the fields to an order and back, the draft that outlives a reload, and what the server refused.
import { $, el } from "/page/dom.js";
import { unfoldMore } from "/page/sheet.js";
import { styleOf, sentence } from "/page/words.js";

const DRAFT = "mutoscope.draft";
const NUMBERS = ["num_inference_steps", "guidance_scale", "variation", "variation_seed", "fps"];
const WORDS = ["negative_prompt", "postprocess", "adapter", "precision", "format"];
const MARKS = { num_frames: "duration_seconds", SizeError: "sizes", PromptError: "prompt", model: "model", style: "styles", size: "sizes" };
let addStart = (order) => order; // start.js adds its picture
let together = 0; // pictures of one seed, for a picture that was not the first of its seed; 0: each has a seed of its own
export const before = { start(act) { addStart = act; } };

const picked = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value ?? "";
const number = (id) => { const text = $(id)?.value.trim(); return text ? Number(text) : undefined; };

/** Choose one of a row of radio buttons; the first where there is none of this value. */
export function pick(name, value) {
  const all = [...document.querySelectorAll(`input[name="${name}"]`)];
  const one = all.find((input) => input.value === value) || all[0];
  if (one) one.checked = true;
  return one?.value === value;
}

export const kind = () => picked("kind") || "image";
export const modelName = () => $("model").value;

/** The settings as they stand, without pictures: what a draft and a link hold. */
export function settings() {
  const found = { prompt: $("prompt").value, kind: kind(), style: picked("style"), seed: $("seed").value, count: $("count").value };
  found.size = picked("size");
  if (found.size === "own") Object.assign(found, { width: $("width").value, height: $("height").value });
  if ($("model").options.length > 1) found.model = $("model").value;
  for (const id of [...NUMBERS, ...WORDS, "duration_seconds"]) if ($(id)?.value) found[id] = $(id).value;
  if ($("objects") && !$("objects").checked) found.objects = "no";
  return found;
}

/** Put settings into the fields; those that are not named are emptied. */
export function setSettings(given, keepPrompt = false) {
  if (!keepPrompt || given.prompt) $("prompt").value = given.prompt || "";
  pick("kind", given.kind || "image");
  pickStyle(given.style || "");
  pick("size", given.size || "");
  for (const id of [...NUMBERS, ...WORDS, "seed", "width", "height", "duration_seconds"]) if ($(id)) $(id).value = given[id] ?? "";
  together = given.together || 0;
  $("count").value = given.count || "1";
  if (!$("count").value) $("count").value = "1";
  if ($("objects")) $("objects").checked = given.objects !== "no";
  if (given.model && [...$("model").options].some((one) => one.value === given.model)) $("model").value = given.model;
  const rare = [...NUMBERS, ...WORDS].some((id) => $(id)?.value) || given.objects === "no";
  if (rare) unfoldMore();
  $("order").dispatchEvent(new Event("settings"));
}

/** Choose a style; one that has no tile, a mixture or somebody's own, gets one. */
function pickStyle(name) {
  document.querySelector(".tile.added")?.remove();
  if (pick("style", name)) return;
  const input = el("input", { type: "radio", name: "style", value: name, checked: true });
  $("style-tiles").firstElementChild.after(el("label", { class: "tile added" }, input, el("span", { class: "blank" }), el("span", {}, name)));
}

/** From the request in a file, or of a result, to settings. */
export function fromRequest(request, job) {
  const found = {
    prompt: request.template || request.prompt, kind: request.num_frames > 1 ? "video" : "image", style: styleOf(request),
    seed: String(request.seed), count: "1", together: request.index ? request.index + 1 : 0, size: "own", width: String(request.width), height: String(request.height),
    negative_prompt: request.negative_prompt || "", model: request.model || job?.model, postprocess: request.postprocess || "",
    num_inference_steps: request.num_inference_steps ? String(request.num_inference_steps) : "",
    guidance_scale: request.guidance_scale ? String(request.guidance_scale) : "", format: job?.format || "",
  };
  if (request.num_frames > 1) Object.assign(found, { duration_seconds: String(+(request.num_frames / request.fps).toFixed(3)), fps: String(request.fps) });
  if (request.variation) Object.assign(found, { variation: String(request.variation), variation_seed: String(request.variation_seed) });
  if (request.precision && request.precision !== "fp32") found.precision = request.precision;
  if (request.adapters?.length) found.adapter = request.adapters.map((one) => `${one.name}:${one.scale}`).join(", ");
  return found;
}

/** The orders for the settings: as many as were asked for, one picture each, so that each has a seed of its own. `seed` is the first
 * one where the field is empty. */
export function makeOrders(seed = newSeed()) {
  const said = settings(), model = $("model").options.length > 1 ? modelName() : undefined;
  const order = { prompt: said.prompt.trim(), kind: said.kind, model, style: said.style || undefined };
  if (said.size === "own") Object.assign(order, { width: number("width"), height: number("height") });
  else if (said.size) order.size = said.size;
  for (const id of NUMBERS) if (isOpen(id)) order[id] = number(id);
  for (const id of WORDS) if (isOpen(id)) order[id] = $(id).value.trim() || undefined;
  if (isOpen("objects") && !$("objects").checked) order.objects = false;
  if (order.kind === "video") order.duration_seconds = number("duration_seconds");
  if (together) return [addStart({ ...order, seed: number("seed"), n: together })];
  const first = number("seed"), many = Number(said.count) || 1;
  return Array.from({ length: many }, (_, place) => addStart({ ...order, seed: first !== undefined ? (first + place) % 2 ** 32 : place ? newSeed() : seed }));
}

/** One picture for the settings as they stand, to be seen and not kept. */
export function liveOrder(seed) {
  const { n, format, ...order } = makeOrders(seed)[0];
  return order;
}

/** The seed or the number was changed by hand. */
export function forgetSeries() { together = 0; }

const isOpen = (id) => $(id) && !$(id).disabled && !$(id).closest("[hidden]");
export const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

export function keepDraft() {
  try { localStorage.setItem(DRAFT, JSON.stringify(settings())); } catch { /* no storage: it lives as long as the page */ }
}

export function readDraft() {
  try { return JSON.parse(localStorage.getItem(DRAFT)); } catch { return null; }
}

/** Take the marks of the last refusal away. */
export function clearRefusal() {
  $("refused").replaceChildren();
  for (const one of document.querySelectorAll(".is-wrong")) {
    one.classList.remove("is-wrong");
    one.removeAttribute("aria-invalid");
  }
}

/** Say why the server does not take an order, mark the field, and offer what would work where the words name it. */
export function showRefusal(error, mend) {
  clearRefusal();
  const named = error.param || /^(?:the )?([a-z_]+)/i.exec(error.message)?.[1];
  const field = $(MARKS[named] || named) || $(MARKS[error.code]);
  if (field && field.id) {
    if (field.closest("details")) unfoldMore();
    field.classList.add("is-wrong");
    if (field.matches("input, textarea, select")) field.setAttribute("aria-invalid", "true");
  }
  const offers = field?.matches("input") ? /\buse (\d+)(?: or (\d+))?$/.exec(error.message)?.slice(1).filter(Boolean) || [] : [];
  const offer = (value) => el("button", { type: "button", class: "plain", onclick: () => { field.value = value; mend(field); } }, `Use ${value}`);
  const words = named === field?.id ? error.message.replace(new RegExp(`^(the )?${named}`), field.labels?.[0]?.firstChild.textContent.trim() || named) : error.message;
  $("refused").replaceChildren(el("span", {}, sentence(words)), ...offers.filter((value) => value !== "0").map(offer));
}
