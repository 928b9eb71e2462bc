// The board that the library shows: it is renamed in its place, and deleted.
import { $, announce, label, toast } from "/page/dom.js";
import { boards, FAVOURITES, removeBoard, renameBoard } from "/page/boards.js";
import { sentence } from "/page/words.js";

const shown = () => boards.all.find((one) => one.id === $("library-board").value);

/** Offer what can be done with the board that is shown; the favourites keep their name. */
export function showBoardBar() {
  const own = Boolean(shown()) && shown().id !== FAVOURITES;
  if (!own && !$("board-name").hidden) endNaming();
  $("drop-board").hidden = $("name-board").hidden = !own || !$("board-name").hidden;
}

function beginNaming() {
  $("board-name").hidden = false;
  $("board-field").hidden = true;
  say("");
  $("new-name").value = shown().name;
  showBoardBar();
  $("new-name").select();
}

/** The list is back where the name was written; who wrote it goes on there. */
function endNaming() {
  const isHere = $("board-name").contains(document.activeElement);
  $("board-name").hidden = true;
  $("board-field").hidden = false;
  say("");
  showBoardBar();
  if (isHere) $(shown() ? "name-board" : "library-board").focus();
}

function say(words) {
  $("name-refused").textContent = words;
  $("new-name").classList.toggle("is-wrong", Boolean(words));
  if (words) $("new-name").setAttribute("aria-invalid", "true"); else $("new-name").removeAttribute("aria-invalid");
}

async function keepName() {
  const board = shown(), name = $("new-name").value.trim();
  if (!board) return;
  if (name === board.name) return endNaming();
  if (!name) { say("A board needs a name; write a word or two."); return $("new-name").focus(); }
  try {
    await renameBoard(board.id, name);
    endNaming();
    announce(`The board is now called ${name}`);
  } catch (error) {
    say(sentence(error.message));
    $("new-name").focus();
  }
}

/** Delete the board that is shown; what is on it stays. */
async function dropBoard(said) {
  const { id, name } = shown();
  try {
    const back = await removeBoard(id);
    toast(`The board ${name} is deleted; its pictures are not`, () => back().catch(said));
    $("library-board").focus();
  } catch (error) { said(error); }
}

/** `said` tells what the server refused. */
export function listenToBoardBar(said) {
  label($("name-board"), "pencil", "Rename this board").onclick = beginNaming;
  label($("drop-board"), "trash", "Delete this board").onclick = () => dropBoard(said);
  label($("leave-name"), "close", "Keep the old name").onclick = endNaming;
  $("board-name").addEventListener("submit", (event) => { event.preventDefault(); keepName(); });
  $("board-name").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it stops no drawing
    endNaming();
  });
  $("new-name").addEventListener("input", () => say(""));
}
