// Boards as the server has them, the favourites among them: which there are, and what is starred.
import { ask, post } from "/page/api.js";
import { announce, el, icon, toast } from "/page/dom.js";
import { changed } from "/page/store.js";

export const FAVOURITES = "favourites";
export const boards = { all: [], starred: new Set() };
const path = (id) => `/api/boards/${encodeURIComponent(id)}`;

export async function readBoards() {
  const [list, starred] = await Promise.all([ask("/api/boards"), ask(path(FAVOURITES))]);
  boards.all = list.data;
  boards.starred = new Set(starred.results);
  changed();
}

/** Put results on a board, or take them off it. */
export async function put(board, results, on = true) {
  const said = await post(`${path(board)}/items`, { results, on });
  if (board === FAVOURITES) boards.starred = new Set(said.results);
  boards.all = boards.all.map((one) => (one.id === board ? { ...one, count: said.count } : one));
  changed();
}

export async function newBoard(name) {
  const made = await post("/api/boards", { name });
  await readBoards();
  return made;
}

/** Give a board another name; what is refused is thrown. */
export async function renameBoard(id, name) {
  await ask(path(id), { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) });
  await readBoards();
}

/** Delete a board and return what brings it back. */
export async function removeBoard(id) {
  const whole = await ask(path(id));
  await ask(path(id), { method: "DELETE" });
  await readBoards();
  return async () => { const made = await newBoard(whole.name); await put(made.id, whole.results); return made; };
}

export const isStarred = (id) => boards.starred.has(id);

/** Star an item, or take its star. */
export async function star({ result }) {
  const on = !isStarred(result.id);
  if (on) boards.starred.add(result.id); else boards.starred.delete(result.id);
  changed(); // the page does not wait for the server
  announce(on ? "Put among the favourites" : "Taken off the favourites");
  try { await put(FAVOURITES, [result.id], on); } catch (error) {
    if (on) boards.starred.delete(result.id); else boards.starred.add(result.id);
    changed();
    toast(`The favourites were not kept: ${error.message}`, null, "", 6);
  }
}

/** The button of an item that stars it. */
export function starButton(item) {
  const made = el("button", { type: "button", class: "plain sign star", title: "Favourite", onclick: () => star(item), data: { star: item.result.id } }, icon("star"), el("span", {}, "Favourite"));
  made.setAttribute("aria-pressed", String(isStarred(item.result.id)));
  return made;
}

/** Let the buttons in sight say what is so now. */
export function showStars() {
  for (const one of document.querySelectorAll("[data-star]")) one.setAttribute("aria-pressed", String(isStarred(one.dataset.star)));
}
