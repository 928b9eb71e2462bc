// Before and after in one place, with a handle between them. The handle is a slider, so keys move it too.
import { el, icon } from "/page/dom.js";

const KEPT = 20; // pictures that orders of this page started from
const starts = new Map(); // by job

/** Remember what an order started from. */
export function rememberStart(job, address) {
  starts.set(job, address);
  if (starts.size > KEPT) starts.delete(starts.keys().next().value);
}

/** The picture that an item started from, where this page knows it. */
export const startOf = ({ job, result }) => (result.type.startsWith("image/") ? starts.get(job.id) : undefined);

/** Both pictures, one over the other. */
export function compareView(item, before) {
  const { width, height, url } = item.result;
  const handle = el("input", { type: "range", min: "0", max: "100", step: "any", value: "50" });
  handle.setAttribute("aria-label", "Before on the left, after on the right");
  const view = el("div", { class: "compare" }, el("img", { src: url, alt: item.result.request.prompt, width, height }),
    el("img", { class: "before", src: before, alt: "What it started from" }), el("span", { class: "side-name", "aria-hidden": "true" }, "Before"), el("span", { class: "side-name after", "aria-hidden": "true" }, "After"), el("span", { class: "divide" }, icon("left"), icon("right")), handle);
  view.style.setProperty("--aspect", String(width / height));
  const move = () => view.style.setProperty("--at", `${handle.value}%`);
  handle.addEventListener("input", move);
  move();
  return view;
}
