// What outlives a reload and is too large for the draft: the picture to start from, with its mask. In the browser's own database.
const NAME = "mutoscope", TABLE = "kept", KEY = "start";
const WAIT = 300; // milliseconds: a slider writes once, not at every step
let timer = 0;

const open = () => new Promise((done, fail) => {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE);
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => fail(asked.error);
});

async function use(mode, act) {
  const database = await open();
  try {
    return await new Promise((done, fail) => {
      const asked = act(database.transaction(TABLE, mode).objectStore(TABLE));
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    });
  } finally { database.close(); }
}

/** Keep a value soon; null forgets it. A browser without storage forgets it with the page. */
export function keepStart(value) {
  clearTimeout(timer);
  timer = setTimeout(() => use("readwrite", (table) => (value ? table.put(value, KEY) : table.delete(KEY))).catch(() => {}), WAIT);
}

/** What was kept; null where there is nothing. */
export const readStart = () => use("readonly", (table) => table.get(KEY)).then((value) => value || null, () => null);
