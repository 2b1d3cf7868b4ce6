// The interpreter that PyScript is told to use: Pyodide with our files, and the bytes of its loading counted.
//
// Python starts at once, beside PyScript, which asks for it by loadPyodide() of this module. While it starts, each file that the
// progress line counts (boot-manifest.json) reports how many of its bytes have arrived.
import { WASM, here, listed, startPython, version } from "./python.mjs";

export { version };

const TELL_MS = 100; // a line that changes more often can't be read

/** A function that counts the bytes of these files' answers as they pass, and tells the page. @param {Record<string, number>} files */
function counter(files) {
  const total_bytes = Object.values(files).reduce((sum, bytes) => sum + bytes, 0);
  const arrived = new Map();
  let due = 0;
  /** @type {(path: string, bytes: number) => void} */
  const report = (path, bytes) => {
    arrived.set(path, Math.min(files[path], (arrived.get(path) ?? 0) + bytes));
    due ||= setTimeout(() => {
      due = 0;
      const loaded_bytes = [...arrived.values()].reduce((sum, part) => sum + part, 0);
      document.dispatchEvent(new CustomEvent("lab:progress", { detail: { loaded_bytes, total_bytes } }));
    }, TELL_MS);
  };
  /** The same answer, its bytes counted as they pass. @type {import("./python.mjs").Counted} */
  const passing = (path, answer) => {
    const reader = answer.body.getReader();
    const pull = async (/** @type {ReadableStreamDefaultController} */ controller) => {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      report(path, value.byteLength);
      controller.enqueue(value);
    };
    const { status, statusText, headers } = answer;
    return new Response(new ReadableStream({ pull, cancel: () => reader.cancel() }), { status, statusText, headers });
  };
  /** The answer as it is, its bytes counted when they are all there. @type {import("./python.mjs").Counted} */
  const untouched = (path, answer) => {
    const seen = new PerformanceObserver((list) => {
      for (const { decodedBodySize } of /** @type {PerformanceResourceTiming[]} */ (list.getEntriesByName(here(path)))) {
        seen.disconnect();
        report(path, decodedBodySize);
      }
    });
    seen.observe({ type: "resource", buffered: true });
    return answer;
  };
  return (/** @type {string} */ path, /** @type {Response} */ answer) => {
    if (!(path in files) || !answer.body) return answer;
    return path === WASM && quick() ? untouched(path, answer) : passing(path, answer);
  };
}

// A browser keeps the code that it compiles beside a file, but only beside one that came by fetch and went to the compiler
// untouched. Where the line is quick, that is worth more than a count of bytes.
const quick = () => navigator.connection?.effectiveType === "4g";

// Where Python writes: to the console, until PyScript says where.
const out = { stdout: console.log, stderr: console.error };

// The simulator's thread (simulator.py). Only a script knows what it is called here: a course system's package renames modules.
window.labSimulator = here("simulator.mjs");

async function start() {
  const language = document.documentElement.lang; // English lies in the application, another language beside it
  try {
    const { files } = await listed;
    const compiled = (/** @type {WebAssembly.Module} */ module) => (window.labMachineCode = module); // for the simulator's thread (simulator.py)
    /** @type {Record<string, import("./python.mjs").Line>} */
    const written = { stdout: (line) => out.stdout(line), stderr: (line) => out.stderr(line) };
    const options = { ...written, inPieces: true, compiled, counted: counter(files) };
    const names = language === "en" ? [] : [`content.${language}.json`];
    const python = await startPython(options, names, window.labWasm, window.labCode);
    // Nothing of what is made until the lab stands is garbage, and looking for some takes a hundredth of the start.
    python.runPython("import gc; gc.disable()"); // ui.main enables it
    return python;
  } catch (failure) {
    window.labExplain(failure); // boot.js
    throw failure;
  }
}

const started = start();
started.catch(() => {}); // said on the page, and to PyScript once it asks

/** What PyScript asks for. @param {Record<string, (line: string) => void>} options */
export function loadPyodide({ stdout, stderr }) {
  Object.assign(out, { stdout, stderr });
  return started;
}
