// The interpreter that PyScript is told to use: Pyodide with our files, and the bytes of its loading counted.
//
// Python starts at once, beside PyScript, which asks for it by loadPyodide() of this module. While it starts, fetch is wrapped
// so that each file of boot-manifest.json reports how many of its bytes have arrived. Afterwards fetch is as it was.
import { WASM, here, startPython, version } from "./python.mjs";

export { version };

const TELL_MS = 100; // a line that changes more often can't be read

const word = (name, facts) => window.labWord(name, facts); // boot.js
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

async function manifest() {
  const answer = await fetch(here("boot-manifest.json"));
  if (!answer.ok) throw new Error(word("refused", { file: "boot-manifest.json", status: answer.status }));
  return answer.json();
}
const listed = manifest();
listed.catch(() => {}); // said in start()

/** The bytes that have arrived of these files, told to the page. `trouble` hears of one that arrives cut short. */
function counter(files, trouble) {
  const total_bytes = Object.values(files).reduce((sum, bytes) => sum + bytes, 0);
  const arrived = new Map();
  let due = 0;
  const report = (path, bytes) => {
    arrived.set(path, Math.min(files[path], (arrived.get(path) ?? 0) + bytes));
    due ||= setTimeout(() => {
      due = 0;
      tell("lab:progress", { loaded_bytes: [...arrived.values()].reduce((sum, part) => sum + part, 0), total_bytes });
    }, TELL_MS);
  };
  const whole = (path) => {
    const bytes = arrived.get(path) ?? 0;
    if (bytes < files[path]) trouble(word("cut", { file: path, some: bytes, all: files[path] }));
  };
  /** The same answer, its bytes counted as they pass. */
  const counted = (path, answer) => {
    const gate = new TransformStream({
      transform(chunk, controller) {
        report(path, chunk.byteLength);
        controller.enqueue(chunk);
      },
      flush: () => whole(path),
    });
    answer.body.pipeTo(gate.writable).catch(() => whole(path)); // a connection that broke off: flush is not called then
    const { status, statusText, headers } = answer;
    return new Response(gate.readable, { status, statusText, headers });
  };
  /** The answer as it is, its bytes counted when they are all there. */
  const untouched = (path, answer) => {
    const seen = new PerformanceObserver((list) => {
      for (const { decodedBodySize } of list.getEntriesByName(here(path))) {
        seen.disconnect();
        report(path, decodedBodySize);
        whole(path);
      }
    });
    seen.observe({ type: "resource", buffered: true });
    return answer;
  };
  return { counted, untouched };
}

/** Wrap fetch: count the bytes of known files, and name the file that fails. Returns a function that undoes it. */
function watchedFetch(files, counted, trouble) {
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, options) => {
    const url = new URL(input.url ?? input, location.href).href;
    const path = Object.keys(files).find((name) => here(name) === url);
    const file = path ?? url.split("/").pop();
    let answer;
    try {
      answer = await plain(input, options);
    } catch (failure) {
      trouble(word("lost", { file })); // no answer, or not the bytes of the lock file
      throw failure;
    }
    if (!answer.ok) trouble(word("refused", { file, status: answer.status }));
    return path && answer.ok && answer.body ? counted(path, answer) : answer;
  };
  return () => {
    globalThis.fetch = plain;
  };
}

// A browser keeps the code that it compiles beside a file, but only beside one that came by fetch and went to the compiler
// untouched. Where the line is quick, that is worth more than a count of bytes.
const quick = () => navigator.connection?.effectiveType === "4g";

// Where Python writes: to the console, until PyScript says where.
const out = { stdout: console.log, stderr: console.error };

async function start() {
  const language = document.documentElement.lang; // English lies in the application, another language beside it
  let told = false;
  // The first trouble is said at once: Pyodide may wait for ever for a file that the server refused.
  const trouble = (cause) => {
    if (told) return;
    told = true;
    tell("lab:failed", { sentence: word("no_part", { cause }) });
  };
  let undo = () => {};
  try {
    const { files } = await listed;
    const { counted, untouched } = counter(files, trouble);
    undo = watchedFetch(files, counted, trouble);
    const through = quick() ? untouched : counted;
    const wasm = window.labWasm?.then((answer) => (answer.ok ? through(WASM, answer) : answer));
    const compiled = (module) => (window.labMachineCode = module); // for the simulator's thread (simulator.py)
    const options = { stdout: (line) => out.stdout(line), stderr: (line) => out.stderr(line), inPieces: true, compiled };
    const python = await startPython(options, language === "en" ? [] : [`content.${language}.json`], wasm);
    // Nothing of what is made until the lab stands is garbage, and looking for some takes a hundredth of the start.
    python.runPython("import gc; gc.disable()"); // main.py enables it
    return python;
  } catch (failure) {
    trouble(String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200));
    throw failure;
  } finally {
    undo();
  }
}

const started = start();
started.catch(() => {}); // said on the page, and to PyScript once it asks

export function loadPyodide({ stdout, stderr }) {
  Object.assign(out, { stdout, stderr });
  return started;
}
