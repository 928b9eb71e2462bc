// Keys, and the list of them.
import { $, el } from "/page/dom.js";
import { start } from "/page/start.js";
import { resize, undo } from "/page/mask.js";
import { makeClip, save, vary } from "/page/actions.js";
import { star } from "/page/boards.js";
import { focusedItem, whole } from "/page/library.js";
import { step } from "/page/strip.js";
import { shownItem, shownJob } from "/page/store.js";
import { viewed } from "/page/viewer.js";

const LIST = [
  ["Ctrl+Enter", "Draw, from every field"], ["Enter", "Draw, from the prompt; Shift+Enter begins a line"], ["Esc", "Stop, or close what is open"],
  ["/", "Go to the prompt"], ["Left, Right", "Newer, older"], ["S", "Save"], ["V", "Vary"], ["F", "Favourite, or no more"], ["C", "Make a clip of it"], ["[ and ]", "Smaller, larger brush"], ["A, B, T, S", "In the arena: left, right, tie, skip"], ["?", "This list"],
];

export function showKeys() {
  const rows = LIST.flatMap(([key, words]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)]);
  $("keys").replaceChildren(el("h2", { id: "keys-title" }, "Keys"), el("dl", {}, rows),
    el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: () => $("keys").close() }, "Close")));
  $("keys").showModal();
}

const takesWords = (target) => target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=range])");

/** Listen; `draw` and `stop` are the page's. */
export function listenToKeys(draw, stop) {
  addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("create").hidden && !document.querySelector("dialog[open]")) { event.preventDefault(); draw(); return; }
    if (event.target.id === "prompt" && event.key === "Enter" && !event.shiftKey) { event.preventDefault(); draw(); return; }
    if (document.querySelector("#offer[open], #keys[open], #checkpoint[open]")) return;
    if (event.key === "Escape" && !$("create").hidden && !document.querySelector("dialog[open]")) { stop(); return; }
    if (takesWords(event.target) || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && start.isPainting) { event.preventDefault(); undo(); return; }
    if (event.ctrlKey || event.metaKey) return;
    const tile = viewed() ? null : focusedItem(), item = viewed() || tile || (!$("create").hidden && shownItem(shownJob()));
    const withAll = (act) => async () => { if (item) act(tile ? await whole(tile) : item); }; // a tile knows little of its item
    const acts = {
      "?": showKeys, "/": () => { location.hash = "#create"; $("prompt").focus(); },
      s: withAll(save), v: withAll(vary), c: withAll(makeClip), f: () => item?.result && star(item),
      "[": () => start.isPainting && resize(.8), "]": () => start.isPainting && resize(1.25),
    };
    if (!viewed() && !$("create").hidden && !event.target.matches("input, video")) Object.assign(acts, { ArrowLeft: () => step(-1), ArrowRight: () => step(1) });
    const act = acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}
