// Elements without HTML text: whatever a user or a file said is only ever a text node or an attribute of ours.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = { // lines on a ground of 24 x 24
  close: "M6 6l12 12M18 6L6 18",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  again: "M19 12a7 7 0 1 1-2-5M17 3v4h-4",
  vary: "M4 8c4-6 6 6 10 0s4 0 6 0M4 16c4-6 6 6 10 0s4 0 6 0",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 10h4M4 14h4M16 10h4M16 14h4",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  brush: "M19 4l-8 8M11 12a3 3 0 0 1 2 2c0 4-4 6-9 5 3-1 2-3 3-5a3 3 0 0 1 4-2z",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-4",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 17.5h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  dice: "M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01",
  warn: "M12 4l9 16H3zM12 10v4M12 17h.01",
  wait: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2",
  play: "M8 5l11 7-11 7z",
  plus: "M12 5v14M5 12h14",
  check: "M5 12l5 5 9-10",
  star: "M12 4l2.5 5.1 5.5.8-4 3.9 1 5.6-5-2.7-5 2.7 1-5.6-4-3.9 5.5-.8z",
  copy: "M8 8h11v11H8zM5 16V5h11",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20",
  pencil: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  board: "M4 5h7v7H4zM13 5h7v4h-7zM13 12h7v7h-7zM4 15h7v4H4z",
};

export const $ = (id) => document.getElementById(id);

/** Make an element: `el("a", { href, class: "x", onclick }, "words", other)`. */
export function el(name, settings = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key === "data") Object.assign(made.dataset, value);
    else if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.flat().filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/** A drawn sign; it says nothing to a screen reader, the words beside it do. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

/** A button that is only a sign, with its name for everybody who cannot see it. */
export function label(button, sign, words) {
  button.replaceChildren(icon(sign));
  button.setAttribute("aria-label", words);
  button.title = words;
  return button;
}

/** A button with a sign and a word. */
export function button(sign, words, act, kind = "plain") {
  return el("button", { type: "button", class: kind, onclick: act }, icon(sign), el("span", {}, words));
}

/** A button whose sign is enough for those who see it, in a row of others. */
export function sign(name, words, act) {
  const made = button(name, words, act, "plain sign");
  made.title = words;
  return made;
}

const nameOf = (one) => one.getAttribute("aria-label") || one.textContent;

/** Make the inside of something anew; who had the focus in it has it again, on the control of the same name, else on the first. */
export function renew(host, ...inside) {
  const had = host.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  host.replaceChildren(...inside);
  if (had === null) return;
  const all = [...host.querySelectorAll("a[href], button, input")];
  (all.find((one) => nameOf(one) === had) || all[0])?.focus({ preventScroll: true });
}

/** Say something for ten seconds; with an act, there is a button for it. */
export function toast(words, act, actWords = "Undo", seconds = 10) {
  const one = el("p", { class: "toast" }, el("span", {}, words));
  const leave = () => { clearTimeout(timer); one.remove(); };
  if (act) one.append(el("button", { type: "button", class: "text", onclick: () => { leave(); act(); } }, actWords));
  one.append(label(el("button", { type: "button", class: "icon", onclick: leave }), "close", "Close"));
  const timer = setTimeout(leave, seconds * 1000);
  $("toasts").append(one);
  return leave;
}

/** Tell a screen reader. */
export function announce(words) { $("announce").textContent = words; }
