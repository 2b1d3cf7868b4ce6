// The interpreter that PyScript is told to use: Pyodide with our files, and the bytes of its loading counted.
//
// PyScript calls loadPyodide() of this module. While it runs, fetch is wrapped so that each file of boot-manifest.json
// reports how many of its bytes have arrived; the wasm still compiles while it streams. Afterwards fetch is as it was.
import { here, startPython, version } from "./python.mjs";

export { version };

const word = (name, facts) => window.labWord(name, facts); // boot.js
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

async function manifest() {
  const answer = await fetch(here("boot-manifest.json"));
  if (!answer.ok) throw new Error(word("refused", { file: "boot-manifest.json", status: answer.status }));
  return answer.json();
}

/** Wrap fetch: count the bytes of known files, and name the file that fails. Returns a function that undoes it. */
function countingFetch(files, trouble) {
  const plain = globalThis.fetch;
  const total_bytes = Object.values(files).reduce((sum, bytes) => sum + bytes, 0);
  const arrived = new Map();
  const report = (path, bytes) => {
    arrived.set(path, Math.min(files[path], (arrived.get(path) ?? 0) + bytes));
    const loaded_bytes = [...arrived.values()].reduce((sum, part) => sum + part, 0);
    tell("lab:progress", { loaded_bytes, total_bytes });
  };
  globalThis.fetch = async (input, options) => {
    const url = new URL(input.url ?? input, location.href).href;
    const path = Object.keys(files).find((name) => here(name) === url);
    let answer;
    try {
      answer = await plain(input, options);
    } catch (failure) {
      trouble(word("lost", { file: path ?? url })); // no answer, or not the bytes of the lock file
      throw failure;
    }
    if (!answer.ok) trouble(word("refused", { file: path ?? url, status: answer.status }));
    if (!path || !answer.ok || !answer.body) return answer;
    const whole = () => {
      const bytes = arrived.get(path) ?? 0;
      if (bytes < files[path]) trouble(word("cut", { file: path, some: bytes, all: files[path] }));
    };
    const counter = new TransformStream({
      transform(chunk, controller) {
        report(path, chunk.byteLength);
        controller.enqueue(chunk);
      },
      flush: whole,
    });
    answer.body.pipeTo(counter.writable).catch(whole); // a connection that broke off: flush is not called then
    const { status, statusText, headers } = answer;
    return new Response(counter.readable, { status, statusText, headers });
  };
  return () => {
    globalThis.fetch = plain;
  };
}

export async function loadPyodide(options) {
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
    const { files } = await manifest();
    undo = countingFetch(files, trouble);
    return await startPython(options, language === "en" ? [] : [`content.${language}.json`]);
  } catch (failure) {
    trouble(String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200));
    throw failure;
  } finally {
    undo();
  }
}
