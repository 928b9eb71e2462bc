// The full view: one item as large as it fits, its request as a list, arrow keys to the others.
import { $, el, label, renew } from "/page/dom.js";
import { actionsOf, copyPrompt } from "/page/actions.js";
import { mediaOf } from "/page/stage.js";
import { subscribe, state } from "/page/store.js";
import { requestWords, sentence } from "/page/words.js";

let list = null; // { items(), older(), whole(item) }: what there is, the next page, an item with its request
let shownId = null;
let item = null; // that is shown, with its request
let isWalking = false;

const place = () => list.items().findIndex(({ result }) => result.id === shownId);
export const viewed = () => ($("viewer").open ? item : null);

/** Open the full view of a result; `from` says which others there are. */
export async function openViewer(id, from) {
  list = from;
  shownId = id;
  if (place() < 0) return closeViewer();
  await show();
  if (item?.result.id === shownId && !$("viewer").open) $("viewer").showModal();
}

export function closeViewer() { if ($("viewer").open) $("viewer").close(); }

async function show() {
  const asked = shownId, light = list.items()[place()];
  const found = list.whole ? await list.whole(light).catch(() => null) : light;
  if (asked !== shownId || !found) return; // somebody turned on, or it was deleted elsewhere
  item = found;
  lastPlace = place();
  const rows = requestWords(item).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]);
  const round = (sign, words, by) => label(el("button", { type: "button", class: `icon turn ${sign}`, onclick: () => turn(by) }), sign, words);
  const close = label(el("button", { type: "button", class: "icon close", onclick: () => $("viewer").close() }), "close", "Close");
  renew($("viewer"), el("div", { class: "view" }, mediaOf(item), round("left", "Newer", -1), round("right", "Older", 1)),
    el("div", { class: "about" }, el("div", { class: "about-head" }, el("h2", { id: "viewer-title" }, item.job.kind === "video" ? "Clip" : "Picture"), close),
      el("div", { class: "quote-row" }, el("p", { class: "quote" }, item.result.request.prompt), label(el("button", { type: "button", class: "icon", onclick: () => copyPrompt(item) }), "copy", "Copy the prompt")), el("div", { class: "actions" }, actionsOf(item)), el("dl", {}, rows),
      ...item.result.warnings.map((warning) => el("p", { class: "facts" }, sentence(warning)))));
}

/** Show the neighbour: -1 newer, 1 older; the next page is read at the end of this one. */
export async function turn(by) {
  if (isWalking) return;
  isWalking = true;
  try {
    const at = place();
    if (by > 0 && at + 1 >= list.items().length) await list.older();
    const next = list.items()[at + by];
    if (!next) return;
    shownId = next.result.id;
    if (location.hash.startsWith("#library/")) history.replaceState(null, "", `#library/${shownId}`);
    await show();
  } finally { isWalking = false; }
}

export function listenToViewer() {
  const viewer = $("viewer");
  viewer.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, video")) return;
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
  viewer.addEventListener("close", () => {
    viewer.replaceChildren();
    if (location.hash.startsWith("#library/")) history.replaceState(null, "", "#library");
  });
  subscribe(() => { // what is deleted makes room for its neighbour
    if (!viewer.open || place() >= 0) return;
    const items = list.items();
    if (!items.length || !state.hidden.size) return viewer.close();
    const next = items[Math.min(lastPlace, items.length - 1)];
    shownId = next.result.id;
    show();
  });
  subscribe(() => { if (viewer.open) lastPlace = Math.max(0, place()); });
}
let lastPlace = 0;
