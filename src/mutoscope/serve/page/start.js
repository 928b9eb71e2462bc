// A picture to start from: chosen, dropped or pasted; its strength, and the mask that is painted over it.
import { $, button, el, icon, label, toast } from "/page/dom.js";
import { readInfo } from "/page/api.js";
import { fitFields, currentModel } from "/page/choices.js";
import { before, fromRequest, kind, setSettings } from "/page/form.js";
import { keepStart, readStart } from "/page/kept.js";
import { closeMask, hasMask, maskActs, maskData, openMask } from "/page/mask.js";
import { changed } from "/page/store.js";

const MAX_BYTES = 22e6; // in base64 it still fits into a body
const MAX_SIDE = 2048; // pixels; a larger one is made smaller here
export const start = { data: null, picture: null, name: "", strength: null, isPainting: false };

before.start((order) => {
  if (!start.data || !currentModel()?.image) return order;
  const found = { ...order, image: start.data };
  if (order.kind !== "image") return found;
  if (hasMask()) found.mask_image = maskData();
  if (start.strength !== null) found.strength = start.strength;
  return found;
});

/** Read a file as an address that holds it. */
const asData = (file) => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = () => fail(reader.error);
  reader.readAsDataURL(file);
});

async function decode(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}

/** Begin with a picture. */
export async function startFrom(file, name = file.name || "picture") {
  if (file.size > MAX_BYTES) return void toast(`${name} is larger than ${MAX_BYTES / 1e6} MB; save it smaller, and try again`);
  try {
    let data = await asData(file), picture = await decode(data);
    const scale = MAX_SIDE / Math.max(picture.naturalWidth, picture.naturalHeight);
    if (scale < 1) {
      const canvas = el("canvas", { width: Math.round(picture.naturalWidth * scale), height: Math.round(picture.naturalHeight * scale) });
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      data = canvas.toDataURL("image/png");
      picture = await decode(data);
    }
    Object.assign(start, { data, picture, name, strength: null, isPainting: false });
  } catch {
    return void toast(`${name} is no picture that this page can read; take a PNG, JPEG or WebP file`);
  }
  closeMask();
  showStart();
  if (!matchMedia("(pointer: coarse)").matches) $("prompt").focus(); // no keyboard over the picture
}

/** Begin with what was there before a reload. */
export async function restoreStart() {
  const kept = await readStart();
  isRestored = true;
  if (!kept || start.data) return;
  const picture = await decode(kept.data).catch(() => null);
  if (!picture || start.data) return;
  Object.assign(start, { data: kept.data, picture, name: kept.name, strength: kept.strength });
  if (kept.acts.length) openMask(picture, kept.acts);
  showStart();
}

/** Begin with a result. */
export async function startFromResult({ result }) {
  const answer = await fetch(result.type.startsWith("video/") ? `${result.url}/thumbnail` : result.url);
  await startFrom(await answer.blob(), "this picture");
}

export function dropStart() {
  Object.assign(start, { data: null, picture: null, isPainting: false });
  closeMask();
  const had = $("start").contains(document.activeElement);
  showStart();
  if (had) $("prompt").focus();
}

export function paint(open) {
  const had = $("start").contains(document.activeElement);
  start.isPainting = open && Boolean(start.data);
  if (start.isPainting) openMask(start.picture);
  showStart();
  if (had) $("start").querySelector(".plain")?.focus({ preventScroll: true });
  if (start.isPainting) scrollTo({ top: 0 }); // on a phone the stage may be out of sight
}

let isRestored = false; // until then what was kept is not to be forgotten
const keepIt = () => isRestored && keepStart(start.data && { data: start.data, name: start.name, strength: start.strength, acts: maskActs() });

/** Show the picture that is started from beside the prompt. */
export function showStart() {
  fitFields(Boolean(start.data));
  keepIt();
  $("start").hidden = !start.data;
  if (!start.data) { $("start").replaceChildren(); return changed(); }
  const isClip = kind() === "video", usual = hasMask() ? 1 : .6;
  const range = el("input", { type: "range", id: "strength", min: "0.05", max: "1", step: "0.05", value: String(start.strength ?? usual) });
  range.addEventListener("input", () => { start.strength = Number(range.value); keepIt(); });
  const picture = el("img", { src: start.data, alt: `Starts from ${start.name}`, width: 56, height: 56 });
  const keep = el("label", { class: "strength" }, el("span", {}, "Keep"), range, el("span", {}, "Change"));
  range.setAttribute("aria-label", "Strength: from keep to change");
  const words = el("span", { class: "start-words" }, isClip ? "First frame of the clip" : hasMask() ? "Changes where you painted" : "Starts from this picture");
  const canPaint = !isClip && currentModel()?.mask;
  $("start").replaceChildren(picture, el("div", { class: "start-body" }, words, isClip ? null : keep),
    canPaint ? start.isPainting ? button("check", "Done", () => paint(false), "plain is-on") : button("brush", "Paint a mask", () => paint(true)) : null,
    label(el("button", { type: "button", class: "icon", onclick: dropStart }), "close", "Do not start from this picture"));
  changed();
}

/** Take a file that was dropped or pasted: offer its settings where it has some, else start from it. */
export async function take(file) {
  const isPicture = /^image\/(png|jpeg|webp)$/.test(file.type);
  const info = await readInfo(file).catch(() => null);
  if (!info?.request) return isPicture ? startFrom(file) : void toast("That file says nothing of its making; to start from a picture, take a PNG, JPEG or WebP file");
  const dialog = $("offer"), close = () => dialog.close();
  const settings = fromRequest(info.request, {});
  const use = () => { close(); setSettings(settings); toast("The settings of the file are in the fields", null, "", 5); $("prompt").focus(); };
  dialog.replaceChildren(el("h2", { id: "offer-title" }, "This file says how it was made"), el("p", { class: "quote" }, info.request.prompt),
    el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: use }, "Use its settings"),
      isPicture && el("button", { type: "button", class: "plain", onclick: () => { close(); startFrom(file); } }, "Start from it"),
      el("button", { type: "button", class: "plain", onclick: close }, "Close")));
  dialog.showModal();
}

/** Listen for files from everywhere on the page. */
export function listenForFiles() {
  $("pick").append(icon("image"), el("span", { class: "word" }, "Picture"));
  $("pick").setAttribute("aria-label", "Start from a picture");
  $("pick").onclick = () => $("file").click();
  $("file").onchange = () => { if ($("file").files[0]) take($("file").files[0]); $("file").value = ""; };
  const hasFile = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  addEventListener("dragover", (event) => { if (hasFile(event)) { event.preventDefault(); document.body.classList.add("dropping"); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    const file = event.dataTransfer?.files[0];
    if (file) { event.preventDefault(); location.hash = "#create"; take(file); }
  });
  addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file) { event.preventDefault(); location.hash = "#create"; take(file); }
  });
}
