// The settings that the server knows: styles, shapes, models, and what each model takes.
import { $, el, label } from "/page/dom.js";
import { kind, pick } from "/page/form.js";
import { sheetHead } from "/page/sheet.js";

const TILES = new Set(("photo,watercolor,oil painting,pencil sketch,ink wash,ukiyo-e,pixel art,flat vector,anime,neon synthwave,"
  + "vintage film,stained glass,low poly,crayon,clay,comic").split(","));
const STEPS = ["none", "pixelate", "triangulate", "posterize"];
let models = [];
let fitted = ""; // the model that the fields were fitted to

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** Make the tiles of the styles. */
export function showStyles(styles) {
  const tile = (name, words, about) => el("label", { class: "tile", title: about },
    el("input", { type: "radio", name: "style", value: name, checked: name === "" }),
    TILES.has(name) ? el("img", { src: `/page/style-${name.replaceAll(" ", "-")}.webp`, alt: "", width: 96, height: 96, decoding: "async" })
      : el("span", { class: "blank" }), el("span", {}, words));
  $("style-tiles").replaceChildren(tile("", "As it says", "The style that the prompt names, else a photo"),
    ...styles.map((style) => tile(style.id, capital(style.id), style.about)));
  $("all-styles").onclick = () => {
    const all = $("styles").classList.toggle("all");
    $("all-styles").setAttribute("aria-expanded", String(all));
    $("all-styles").textContent = all ? "Fewer styles" : "All styles";
  };
}

/** Make the shapes of the sizes. */
export function showSizes(sizes) {
  const shape = (value, words, across, down) => {
    const scale = 26 / Math.max(across, down);
    const box = el("span", { class: "shape" });
    box.style.width = `${Math.max(9, across * scale)}px`;
    box.style.height = `${Math.max(9, down * scale)}px`;
    if (value === "own") box.classList.add("dashed");
    return el("label", { class: "size" }, el("input", { type: "radio", name: "size", value, checked: value === "" }),
      el("span", { class: "frame" }, box), el("span", {}, words));
  };
  const shapes = sizes.map(({ id, aspect }) => shape(id, capital(id), ...aspect.split(":").map(Number)));
  $("size-shapes").replaceChildren(shape("", "Auto", 1, 1), ...shapes, shape("own", "Pixels", 5, 4));
}

/** Make the list of models. */
export function showModels(known) {
  models = known;
  const before = $("model").value;
  $("model").replaceChildren(...models.map((model) => el("option", { value: model.id }, model.name)));
  if (models.some((model) => model.id === before)) $("model").value = before;
  $("model-label").hidden = models.length < 2;
}

/** Add models that are not drawn with yet to the list, under a heading. */
export function addOffers(heading, rows) {
  if (!rows.length) return;
  $("model").append(el("optgroup", { label: heading }, rows.map(([name, words]) => el("option", { value: `offer:${name}`, data: { offer: name } }, words))));
  $("model-label").hidden = false;
}

export const fittedModel = () => fitted;
export const currentModel = () => models.find((model) => model.id === $("model").value) || models[0];

/** Make the fields under "More"; `fitFields` says which of them count. */
export function makeFields() {
  const field = (id, words, input, help) => el("div", { class: "field", id: `${id}-field` },
    el("label", { for: id }, words), Object.assign(input, { id }), help && el("p", { class: "why" }, help), el("p", { class: "why", id: `${id}-why` }));
  const number = (min, max, step) => el("input", { type: "number", min, max, step, inputmode: "decimal" });
  const choice = () => el("select");
  $("more-fields").replaceChildren(sheetHead(),
    field("negative_prompt", "Leave out", el("textarea", { rows: "2", maxlength: "20000", placeholder: "what should not be there" })),
    el("div", { class: "pair" }, field("num_inference_steps", "Steps", number(1, 200, 1)), field("guidance_scale", "Guidance", number(0, 30, "any"))),
    el("div", { class: "pair" }, field("variation", "Variation", el("input", { type: "number", min: 0, max: 1, step: .05, placeholder: "0" })),
      field("variation_seed", "Its seed", el("input", { type: "number", min: 0, max: 4294967295, inputmode: "numeric", placeholder: "random" }))),
    el("div", { class: "pair" }, field("postprocess", "Post-processing", choice()), field("precision", "Precision", choice())),
    el("div", { class: "pair" }, field("fps", "Frames a second", number(1, 60, 1)), field("format", "File", choice())),
    field("adapter", "Adapters", el("input", { type: "text", maxlength: "1000", placeholder: "name, or name:0.8", autocomplete: "off" })),
    el("label", { class: "check", id: "objects-field" }, el("input", { type: "checkbox", id: "objects", checked: true }), "Look objects up in the library of drawings"),
  );
  $("postprocess").replaceChildren(el("option", { value: "" }, "The style's own"), ...STEPS.map((name) => el("option", { value: name }, capital(name))));
  label($("clear-seed"), "dice", "A new seed each time");
  $("clear-seed").onclick = () => { $("seed").value = ""; $("seed").focus(); };
}

function options(id, names, first) {
  const before = $(id).value;
  $(id).replaceChildren(el("option", { value: "" }, first), ...names.map((name) => el("option", { value: name }, name)));
  if (names.includes(before)) $(id).value = before;
}

function allow(id, can, why) {
  $(id).disabled = !can;
  $(`${id}-why`).textContent = can ? "" : why;
}

/** Close what the model and the kind do not take, and say why. */
export function fitFields(hasStart) {
  const model = currentModel();
  if (!model) return;
  fitted = model.id;
  for (const input of document.querySelectorAll('input[name="kind"]')) input.disabled = !model.kinds.includes(input.value);
  if (!model.kinds.includes(kind())) pick("kind", model.kinds[0]);
  const isClip = kind() === "video", name = `${model.name} `;
  $("duration-field").hidden = $("fps-field").hidden = !isClip;
  $("own-size").hidden = document.querySelector('input[name="size"]:checked')?.value !== "own";
  const side = isClip || !model.default_size ? [model.native_side, model.native_side] : model.default_size;
  for (const [place, id] of ["width", "height"].entries()) {
    Object.assign($(id), { step: String(model.side_multiple), max: String(model.max_side) });
    $(id).placeholder = String(side[place]);
  }
  const auto = document.querySelector('input[name="size"][value=""]')?.closest("label").lastElementChild;
  if (auto) auto.textContent = hasStart ? "As picture" : "Auto";
  const steps = isClip ? model.clip_steps : model.image_steps;
  $("num_inference_steps").placeholder = steps ?? "";
  $("guidance_scale").placeholder = model.guidance_scale ?? "";
  $("fps").placeholder = model.fps ?? "";
  allow("num_inference_steps", steps !== null, `${name}has no steps to choose.`);
  allow("guidance_scale", model.guidance_scale !== null, `${name}takes no guidance.`);
  allow("negative_prompt", model.negative_prompt, `${name}takes no words to leave out.`);
  allow("precision", model.precisions.length > 1, `${name}has one precision here.`);
  options("precision", model.precisions.slice(1), model.precisions[0] || "usual");
  options("format", model.formats[kind()].slice(1), model.formats[kind()][0]);
  $("objects-field").hidden = model.engine !== "mutoscope";
  $("pick").disabled = !model.image;
  $("pick").title = model.image ? "" : `${name}does not start from pictures.`;
}
