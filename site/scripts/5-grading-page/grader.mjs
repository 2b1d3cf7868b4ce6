// The grader's thread: Python with the same application as the page's, so that a class of hundreds doesn't hold the page up.
// It reads file after file, so that never more than one is in memory.
import { lastLine, startPython } from "./python.mjs";

const HEAD = 4; // bytes that say what kind of file it is
const OFTEN_MS = 100;
/** @type {Promise<any>} */
let started; // of the application's module `marker`

/** @param {string[]} languages */
async function start(languages) {
  const contents = languages.filter((language) => language !== "en").map((language) => `content.${language}.json`);
  const python = await startPython({}, ["handed.zip", ...contents]);
  python.runPython('import sys; sys.path.insert(1, "/handed.zip")');
  return python.pyimport("handed.marker");
}

/** Take in one [name, File, why, detail], and tell after each file in it how many there were; one that can't be read is Python's
    to name, and no reason to stop.
    @param {any} marker @param {any} grader @param {import("./grade.mjs").Named} named @param {(inside: number) => void} tell */
async function take(marker, grader, [name, file, why = "refused", detail = ""], tell) {
  let bytes;
  try {
    if (!file) throw new Error(detail);
    const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
    bytes = new Uint8Array(await file.slice(0, marker.most(head)).arrayBuffer());
  } catch (failure) {
    marker.lost(grader, name, why, String(failure.message ?? failure));
    return;
  }
  const steps = marker.take(grader, name, bytes);
  for (const inside of steps) tell(inside);
  steps.destroy();
}

addEventListener("message", async ({ data: { job, files, now, language, others, separator } }) => {
  try {
    started ??= start([language, ...others]);
    const marker = await started;
    const grader = marker.begin(now, language, others);
    let last = 0;
    for (const [i, named] of files.entries()) {
      await take(marker, grader, named, (inside) => {
        if (performance.now() - last < OFTEN_MS) return;
        last = performance.now();
        postMessage({ job, said: marker.said(grader, i + 1, files.length, inside) });
      });
    }
    postMessage({ job, outcome: marker.outcome(grader, separator) });
    grader.destroy();
  } catch (failure) {
    postMessage({ job, failure: lastLine(failure) });
  }
});
