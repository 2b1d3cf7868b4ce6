// The best own score is a fact of the learner's record. Python says what the record's places are to hold (record/keeper.py); this
// reads and writes them: the browser's storage, and the mirror in IndexedDB.
import "./mirror.js";

/** @typedef {Record<string, string | null> | null} Texts by place, null where nothing can be kept */

/** @type {string | null} */
let mirror = null;
/** Settled once the mirror was read. @type {Promise<void>} */
const mirrored = new Promise((done) =>
  window.labMirror.read((_, text) => {
    mirror = text;
    done();
  }),
);

/** @param {string[]} places @returns {Texts} */
function held(places) {
  try {
    return Object.fromEntries(places.map((place) => [place, localStorage.getItem(place)]));
  } catch {
    return null; // blocked
  }
}

/** What the places hold now. @param {string[]} places the own copy first */
export async function read(places) {
  await mirrored;
  return { texts: held(places), mirror };
}

/** Have the places hold what Python made of what they held. `again` is called where another page has written meanwhile.
 * @param {string[]} places @param {{texts: Texts, mirror: string | null, made: Texts}} said @param {() => void} again */
export function write(places, { texts, mirror: was, made }, again) {
  const own = made?.[places[0]];
  if (!own || own === texts[places[0]]) return;
  if (JSON.stringify(held(places)) !== JSON.stringify(texts)) return again();
  try {
    for (const place of places) if (made[place] !== texts[place]) localStorage.setItem(place, made[place]);
  } catch {
    // full: the mirror has it
  }
  window.labMirror.keep(was, own, (outcome, text) => {
    if (outcome === "lost") return;
    mirror = outcome === "kept" ? own : text;
    if (outcome === "other") again();
  });
}
