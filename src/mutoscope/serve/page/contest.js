// The form of a new comparison: who draws, what, how often.
import { button, el, label } from "/page/dom.js";
import { getModels, getStyles } from "/page/api.js";

const MOST = 6; // contestants
const NUMBERS = ["num_inference_steps", "guidance_scale"];

/** Make the form. `begin(order)` may be refused; `leave` is null where there is nothing to go back to. */
export function makeContestForm(begin, leave) {
  const rows = el("ol", { class: "contestants" }), said = el("p", { class: "refused", role: "alert" });
  const add = button("plus", "Add a contestant", () => { rows.append(makeRow()); number(rows, add); });
  const start = el("button", { class: "main" }, "Begin");
  const count = el("label", { class: "short" }, "Number of prompts", el("input", { type: "number", name: "count", value: "30", min: 1, max: 500, inputmode: "numeric" }));
  const form = el("form", { class: "contest", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    said.textContent = "";
    start.disabled = true;
    try { await begin(readForm(form, rows)); } catch (error) { said.textContent = error.message; } finally { start.disabled = false; }
  } },
  el("h2", {}, "New comparison"),
  el("p", { class: "facts" }, "Each contestant draws the same prompts with the same seeds. You vote without knowing which is which."),
  el("fieldset", { class: "kinds" }, el("legend", { class: "hidden" }, "What to compare"), radio("image", "Pictures", true), radio("video", "Clips")),
  rows, add,
  el("label", {}, "Prompts, one a line", el("textarea", { name: "prompts", rows: 4, placeholder: "Empty: scenes as people type them, chosen by Mutoscope", oninput: ({ target }) => { count.hidden = Boolean(target.value.trim()); } })),
  count,
  said, el("div", { class: "row" }, start, leave && el("button", { type: "button", class: "plain", onclick: leave }, "Cancel")));
  fill(rows, add).catch((error) => { said.textContent = error.message; });
  return form;
}

const radio = (value, words, checked = false) => el("label", {}, el("input", { type: "radio", name: "contest-kind", value, checked }), el("span", {}, words));

let models = [], styles = [];
async function fill(rows, add) {
  [models, styles] = await Promise.all([getModels(), getStyles()]);
  rows.append(makeRow(models[0]?.id), makeRow(models[1]?.id || models[0]?.id));
  number(rows, add);
}

function makeRow(model = models[0]?.id) {
  const option = (value, words = value) => el("option", { value, selected: value === model }, words);
  const field = (name, words, what) => el("label", {}, words, el("input", { type: "number", name, placeholder: "usual", inputmode: "decimal", step: "any", min: 0, ...what }));
  const row = el("li", {},
    el("label", {}, "Model", el("select", { name: "model" }, models.map(({ id }) => option(id)))),
    field("num_inference_steps", "Steps", { step: "1", min: 1, inputmode: "numeric" }), field("guidance_scale", "Guidance"),
    el("label", {}, "Style", el("select", { name: "style" }, option("", "as it says"), styles.map(({ id }) => option(id)))),
    label(el("button", { type: "button", class: "icon", onclick: () => { const all = row.parentElement; row.remove(); number(all, all.nextElementSibling); } }), "close", "Remove this contestant"));
  return row;
}

/** Two stay; there are no more than the server takes. */
function number(rows, add) {
  const all = [...rows.children];
  all.forEach((row, at) => {
    row.setAttribute("aria-label", `Contestant ${at + 1}`);
    row.querySelector("button").hidden = all.length <= 2;
  });
  add.hidden = all.length >= MOST;
}

function readForm(form, rows) {
  const contestants = [...rows.children].map((row) => {
    const value = (name) => row.querySelector(`[name="${name}"]`).value;
    const one = { model: value("model") };
    for (const name of NUMBERS) if (value(name)) one[name] = Number(value(name));
    if (value("style")) one.style = value("style");
    return one;
  });
  const prompts = form.elements.prompts.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const order = { kind: form.elements["contest-kind"].value, contestants };
  return prompts.length ? { ...order, prompts } : { ...order, count: Number(form.elements.count.value) || 30 };
}
