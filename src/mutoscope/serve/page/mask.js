// The mask: strokes on a canvas that has the picture's own pixels, however large it is shown. What is painted is drawn anew.
import { $, button, el, label } from "/page/dom.js";

const PAINT = "#ff2e7e"; // seen on every picture; shown half transparent
let made = ""; // the mask as a file, until the next stroke
let canvas = null, picture = null, acts = [], size = 0, isErasing = false, isDown = false;
let onChange = () => {};
const MOST_ZOOM = 12;
const view = { board: null, zoom: 1, x: 0, y: 0 }; // how the picture is looked at; the mask knows nothing of it
const touches = new Map(); // by pointer: where it is
/** Call `act` when the mask became empty or not. */
export function whenMasked(act) { onChange = act; }

export const hasMask = () => acts.length > 0 && acts.at(-1).name !== "clear";

/** The strokes, so that they can be kept. */
export const maskActs = () => acts;

/** Show a picture to paint on; the mask of the same picture is kept. */
export function openMask(of, strokes = []) {
  if (picture === of && canvas) return;
  picture = of;
  acts = strokes;
  canvas = el("canvas", { class: "mask", width: of.naturalWidth, height: of.naturalHeight, tabIndex: 0 });
  canvas.setAttribute("aria-label", "Paint what shall change");
  size = Math.max(8, Math.round(Math.max(canvas.width, canvas.height) / 10));
  isErasing = false;
  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", go);
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, lift);
  canvas.addEventListener("wheel", (event) => { // as a touchpad's pinch comes, too
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY / 200), [event.clientX, event.clientY]);
  }, { passive: false });
  touches.clear();
  render();
}

export function closeMask() { canvas = picture = null; acts = []; }

function where(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * canvas.width, (event.clientY - box.top) / box.height * canvas.height];
}

/** Look at it nearer by a factor; what is under the point stays under it, and the picture fills its room. */
function zoomAt(factor, [clientX, clientY], by = [0, 0]) {
  const { board } = view, room = board.parentElement.getBoundingClientRect();
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor)), grown = zoom / view.zoom;
  const at = [clientX - room.left - board.offsetLeft, clientY - room.top - board.offsetTop];
  const hold = (offset, side) => Math.min(0, Math.max(side * (1 - zoom), offset));
  view.x = hold(at[0] - (at[0] - view.x) * grown + by[0], board.offsetWidth);
  view.y = hold(at[1] - (at[1] - view.y) * grown + by[1], board.offsetHeight);
  view.zoom = zoom;
  board.style.transform = `translate(${view.x}px, ${view.y}px) scale(${zoom})`;
}

/** Two fingers move and zoom; what the first of them began to paint is taken back. */
function pinch(event) {
  const before = [...touches.values()];
  touches.set(event.pointerId, [event.clientX, event.clientY]);
  const after = [...touches.values()], middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const apart = ([a, b]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
  const from = middle(before), to = middle(after);
  zoomAt(apart(after) / apart(before), from, [to[0] - from[0], to[1] - from[1]]);
}

function lift(event) {
  touches.delete(event.pointerId);
  if (!isDown) return;
  isDown = false;
  onChange();
}

function begin(event) {
  if (event.button) return;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  if (event.pointerType === "touch") touches.set(event.pointerId, [event.clientX, event.clientY]);
  if (touches.size > 1) {
    if (isDown) { isDown = false; undo(); }
    return;
  }
  isDown = true;
  const had = hasMask(), width = size * (event.pointerType === "pen" && event.pressure ? .4 + event.pressure * 1.2 : 1);
  acts.push({ name: isErasing || event.buttons === 32 ? "erase" : "paint", width, points: [where(event)] });
  render();
  if (!had) onChange();
}

function go(event) {
  if (touches.size === 2 && touches.has(event.pointerId)) return pinch(event);
  if (!isDown) return;
  made = "";
  const points = acts.at(-1).points;
  for (const one of event.getCoalescedEvents?.() || [event]) points.push(where(one));
  stroke(canvas.getContext("2d"), { ...acts.at(-1), points: points.slice(-12) });
}

function stroke(pen, act) {
  pen.globalCompositeOperation = act.name === "erase" ? "destination-out" : "source-over";
  pen.strokeStyle = PAINT;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = act.width;
  pen.beginPath();
  pen.moveTo(...act.points[0]);
  for (const point of act.points) pen.lineTo(...point);
  if (act.points.length === 1) pen.lineTo(act.points[0][0] + .1, act.points[0][1]);
  pen.stroke();
}

function render() {
  made = "";
  const pen = canvas.getContext("2d");
  pen.globalCompositeOperation = "source-over";
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (const act of acts) {
    if (act.name === "clear") pen.clearRect(0, 0, canvas.width, canvas.height);
    else if (act.name === "invert") {
      pen.globalCompositeOperation = "source-out";
      pen.fillStyle = PAINT;
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.globalCompositeOperation = "source-over";
    } else stroke(pen, act);
  }
}

function add(act) { acts.push(act); render(); onChange(); }
export function undo() { acts.pop(); render(); onChange(); }
export function resize(factor) {
  const most = Math.max(canvas.width, canvas.height);
  size = Math.min(most, Math.max(2, size * factor));
  if ($("brush-size")) $("brush-size").value = String(size / most * 100);
}

/** The canvas with its picture, and the tools. */
export function maskView() {
  const most = Math.max(canvas.width, canvas.height);
  const range = el("input", { type: "range", id: "brush-size", min: "1", max: "50", step: "any", value: String(size / most * 100) });
  range.addEventListener("input", () => { size = Number(range.value) / 100 * most; });
  const mode = (words, erase) => el("label", {}, el("input", { type: "radio", name: "brush", checked: erase === isErasing, onchange: () => { isErasing = erase; } }), el("span", {}, words));
  const base = el("img", { src: picture.src, alt: "The picture that you start from" });
  const board = el("div", { class: "board" }, base, canvas);
  Object.assign(view, { board, zoom: 1, x: 0, y: 0 });
  board.style.aspectRatio = `${canvas.width} / ${canvas.height}`;
  board.style.setProperty("--aspect", String(canvas.width / canvas.height));
  const tools = el("div", { class: "tools" },
    el("fieldset", { class: "kinds" }, el("legend", { class: "hidden" }, "Brush"), mode("Paint", false), mode("Erase", true)),
    el("label", { class: "brush" }, el("span", {}, "Size"), range),
    label(el("button", { type: "button", class: "icon", onclick: undo }), "undo", "Undo the last stroke"),
    button("again", "Invert", () => add({ name: "invert" })), button("close", "Clear", () => add({ name: "clear" })));
  return [el("div", { class: "easel" }, board), tools];
}

/** The mask as a PNG: white is drawn anew, black stays. */
export function maskData() { return made ||= writeMask(); }

function writeMask() {
  const out = el("canvas", { width: canvas.width, height: canvas.height });
  const pen = out.getContext("2d");
  pen.drawImage(canvas, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, out.width, out.height);
  pen.globalCompositeOperation = "destination-over";
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, out.width, out.height);
  return out.toDataURL("image/png");
}
