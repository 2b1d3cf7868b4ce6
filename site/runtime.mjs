// The interpreter that PyScript is told to use: Pyodide with our files, and the bytes of its loading counted.
//
// PyScript calls loadPyodide() of this module. While it runs, fetch is wrapped so that each file of boot-manifest.json
// reports how many of its bytes have arrived; the wasm still compiles while it streams. Afterwards fetch is as it was.
import { here, startPython, version } from "./python.mjs";

export { version };

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

async function manifest() {
  const answer = await fetch(here("boot-manifest.json"));
  if (!answer.ok) throw new Error(`boot-manifest.json: the server answered ${answer.status}`);
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
    tell("lab:progress", { loaded_bytes, total_bytes, label: "Loading Python" });
  };
  globalThis.fetch = async (input, options) => {
    const url = new URL(input.url ?? input, location.href).href;
    const path = Object.keys(files).find((name) => here(name) === url);
    let answer;
    try {
      answer = await plain(input, options);
    } catch (failure) {
      trouble(`${path ?? url} did not arrive as it should`); // no answer, or not the bytes of the lock file
      throw failure;
    }
    if (!answer.ok) trouble(`${path ?? url}: the server answered ${answer.status}`);
    if (!path || !answer.ok || !answer.body) return answer;
    const whole = () => {
      const bytes = arrived.get(path) ?? 0;
      if (bytes < files[path]) trouble(`${path} arrived incomplete (${bytes} of ${files[path]} bytes)`);
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
  let told = false;
  // The first trouble is said at once: Pyodide may wait for ever for a file that the server refused.
  const trouble = (cause) => {
    if (told) return;
    told = true;
    tell("lab:failed", { sentence: `Python could not be loaded: ${cause}. Check the connection and reload the page.` });
  };
  let undo = () => {};
  try {
    const { files } = await manifest();
    undo = countingFetch(files, trouble);
    return await startPython(options);
  } catch (failure) {
    trouble(String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200));
    throw failure;
  } finally {
    undo();
  }
}
