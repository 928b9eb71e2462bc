// "More": the rare settings. On a phone they are a sheet from below, elsewhere they unfold in their place.
import { $, el } from "/page/dom.js";

const PHONE = matchMedia("(max-width: 899px)");

/** Unfold the rare settings; on a phone nobody is surprised by a sheet. */
export function unfoldMore() { if (!PHONE.matches) $("more").open = true; }

function fold() {
  $("more").open = false;
  $("more").firstElementChild.focus();
}

/** The head of the sheet; it is seen on a phone only. */
export const sheetHead = () => el("div", { class: "sheet-head" }, el("h2", {}, "More"), el("button", { type: "button", class: "text", id: "fold-more", onclick: fold }, "Done"));

const isSet = (one) => !one.disabled && !one.closest("[hidden]") && (one.type === "checkbox" ? !one.checked : one.value !== "");

/** Say how many of the rare settings are set. */
export function countMore() {
  const many = [...$("more-fields").querySelectorAll("input, select, textarea")].filter(isSet).length;
  $("more-set").textContent = many ? `${many} set` : "";
}

export function listenToSheet() {
  $("more").addEventListener("toggle", () => { if ($("more").open && PHONE.matches) $("fold-more").focus({ preventScroll: true }); });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !$("more").open || !PHONE.matches || $("create").hidden || document.querySelector("dialog[open]")) return;
    event.stopImmediatePropagation(); // it stops no drawing
    fold();
  }, true);
}
