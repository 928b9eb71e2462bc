// A small curve: SVG lines, the newest value in words, the value under the pointer or the arrow keys.
import { el } from "/page/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320, HEIGHT = 120, EDGE = 4;

const short = (value) => (value !== 0 && (Math.abs(value) < .001 || Math.abs(value) >= 1e5) ? value.toExponential(2) : String(Number(value.toPrecision(4))));

/** A figure of points [[samples, value], ...]. */
export function plot(words, points) {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y), [low, high] = rangeOf(ys), from = xs[0], to = Math.max(xs.at(-1), from + 1);
  const across = (x) => EDGE + (WIDTH - 2 * EDGE) * (x - from) / (to - from), up = (y) => HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (Math.min(high, Math.max(low, y)) - low) / (high - low);
  const svg = part("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", preserveAspectRatio: "none", tabindex: "0",
    "aria-label": `${words}: from ${short(ys[0])} to ${short(ys.at(-1))}, lowest ${short(Math.min(...ys))}, highest ${short(Math.max(...ys))}` });
  svg.append(part("path", { class: "plot-ground", d: [0, .5, 1].map((share) => `M0 ${EDGE + share * (HEIGHT - 2 * EDGE)}H${WIDTH}`).join("") }),
    part("path", { class: "plot-line", d: `M${points.map(([x, y]) => `${across(x).toFixed(1)} ${up(y).toFixed(1)}`).join("L")}` }));
  const mark = part("path", { class: "plot-mark", d: "" });
  svg.append(mark);
  const value = el("output", {}, short(ys.at(-1)));
  let at = points.length - 1;
  const say = (place) => {
    at = Math.max(0, Math.min(points.length - 1, place));
    const isLast = at === points.length - 1;
    mark.setAttribute("d", isLast ? "" : `M${across(xs[at])} 0V${HEIGHT}`);
    value.textContent = isLast ? short(ys[at]) : `${short(ys[at])} at ${Math.round(xs[at]).toLocaleString("en")}`;
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), x = from + (to - from) * (event.clientX - box.left) / box.width;
    say(xs.reduce((best, one, place) => (Math.abs(one - x) < Math.abs(xs[best] - x) ? place : best), 0));
  });
  svg.addEventListener("pointerleave", () => say(points.length - 1));
  svg.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); say(at + by * Math.max(1, Math.round(points.length / 50))); }
  });
  return el("figure", { class: "plot-figure" }, el("figcaption", {}, el("span", {}, words), value), svg,
    el("p", { class: "plot-range", "aria-hidden": "true" }, el("span", {}, `${short(low)} to ${short(high)}`), el("span", {}, `${Math.round(to).toLocaleString("en")} samples`)));
}

/** The range that is shown: the first steps of a run may be far off, and would press the rest to a line. */
function rangeOf(ys) {
  const sorted = [...ys].sort((a, b) => a - b), top = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * .98))], low = sorted[0];
  return top > low ? [low, top] : [low - Math.abs(low || 1) * .1, low + Math.abs(low || 1) * .1];
}

function part(name, settings) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(settings)) made.setAttribute(key, value);
  return made;
}
