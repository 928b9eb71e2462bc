// Ratings as a table: the chance to win against an average contestant, its interval as a line, and what cannot be said yet.
import { el } from "/page/dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** The parts of the section; `votes` is the address of the file of votes. */
export function ratingsTable(said, votes) {
  const title = el("h3", { id: "ratings-title" }, "Ratings");
  if (!said.data.length) return [title, el("p", { class: "facts" }, "No votes yet")];
  const head = ["Contestant", "Strength", "95 % interval", "Votes", "Wins", "Against the next"];
  const rows = said.data.map((row) => el("tr", {}, el("th", { scope: "row" }, row.name),
    el("td", { }, row.value.toFixed(1)), el("td", {}, interval(row)),
    el("td", { }, String(row.n)), el("td", { class: "wins" }, `${Math.round(row.win_rate)} %`), el("td", {}, verdict(row))));
  const table = el("table", {}, el("thead", {}, el("tr", {}, head.map((words) => el("th", { scope: "col", class: words === "Wins" ? "wins" : null }, words)))), el("tbody", {}, rows));
  const decided = said.votes - said.ties;
  return [title, el("div", { class: "rating-table", tabindex: "0", role: "region", "aria-label": "Table of ratings" }, table),
    el("p", { class: "facts" }, "Strength is the chance in percent to win against an average contestant (Bradley and Terry), a tie is half a win. ",
      `${said.votes} ${said.votes === 1 ? "vote" : "votes"}, ${said.ties} of them ties`, decided ? `; the left side won ${said.left_wins} of ${decided}` : "", ". ",
      el("a", { href: votes, download: "votes.jsonl" }, "Save the votes"), " for mutoscope card.")];
}

/** Votes that all say the same give an interval without width, which would promise more than they know. */
function interval(row) {
  if (row.low === row.high) return "none yet";
  return [line(row), el("span", { class: "range" }, `${row.low.toFixed(1)} to ${row.high.toFixed(1)}`)];
}

function verdict(row) {
  if (row.is_above_next === null) return "";
  return row.is_above_next ? "better" : "too few votes to say";
}

/** The interval on a line from 0 to 100, with a mark at 50. */
function line(row) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 12");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "interval");
  svg.setAttribute("aria-hidden", "true");
  for (const [kind, d] of [["ground", "M0 6H100M50 1V11"], ["reach", `M${row.low} 6H${row.high}`], ["mark", `M${row.value} 2V10`]]) {
    const part = document.createElementNS(SVG, "path");
    part.setAttribute("d", d);
    part.setAttribute("class", kind);
    svg.append(part);
  }
  return svg;
}
