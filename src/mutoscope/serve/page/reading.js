// What the model reads in the prompt, under it while it is typed; and the words that it was never shown.
import { $, el } from "/page/dom.js";
import { post } from "/page/api.js";
import { modelName } from "/page/form.js";

const AFTER_KEY = 250; // milliseconds
const MOST = 8; // words that are named
let timer = 0, was = "", asked = 0;

/** Ask soon; of several questions only the newest is answered. */
export function readSoon() {
  const prompt = $("prompt").value.trim(), model = $("model").options.length > 1 ? modelName() : undefined;
  const key = JSON.stringify([prompt, model]);
  if (key === was) return;
  was = key;
  clearTimeout(timer);
  asked += 1;
  if (!prompt) return $("read").replaceChildren();
  timer = setTimeout(() => read(prompt, model), AFTER_KEY);
}

async function read(prompt, model) {
  const own = asked;
  const said = await post("/api/read", { prompt, model }).catch(() => null); // the order will say what is wrong with it
  if (own !== asked) return;
  if (!said) return $("read").replaceChildren();
  $("read").replaceChildren(...part("Read: ", said.read), ...part("Not known: ", said.unknown, "unknown"));
}

function part(title, words, kind = null) {
  if (!words.length) return [];
  const more = words.length > MOST ? `, and ${words.length - MOST} more` : "";
  return [el("span", { class: kind }, title + words.slice(0, MOST).join(" · ") + more)];
}
