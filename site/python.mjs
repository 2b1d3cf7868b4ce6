// Pyodide with the application on its path, the same for the page's thread and the simulator's. The archives are read where
// they lie; nothing is unpacked, and numpy comes only when somebody asks for it.
import { loadPyodide, version } from "./runtime/pyodide/pyodide.mjs";

export { version };

export const WASM = "runtime/pyodide/pyodide.asm.wasm";
const APP = "/app.zip";

/** The address of a file beside this one. */
export const here = (path) => new URL(path, import.meta.url).href;

async function bytes(name) {
  const answer = await fetch(here(name));
  if (!answer.ok) throw new Error(`${name}: the server answered ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Python's machine code as it was asked for; where no server has it, the copy that the service worker keeps (sw.js). */
async function machineCode(asked) {
  const answer = await asked.catch(() => null);
  return answer?.ok ? answer : fetch(here(WASM), { cache: "force-cache" });
}

/**
 * Have WebAssembly make no memory that is shared; returns a function that undoes it. Pyodide makes one to sleep on, which browsers
 * warn of in a page that isn't isolated. The lab's Python never sleeps.
 */
function onlyOwnMemory() {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = function ({ shared, ...how }) {
    return new Memory(how);
  };
  WebAssembly.Memory.prototype = Memory.prototype;
  return () => {
    WebAssembly.Memory = Memory;
  };
}

/**
 * Start Python, with further files in its root. `wasm` is the answer to a fetch of its machine code that is already under
 * way. Rejects with an Error that names what is missing.
 */
export async function startPython(options = {}, names = [], wasm = fetch(here(WASM))) {
  const files = Promise.all(["app.zip", ...names].map(async (name) => [`/${name}`, await bytes(name)]));
  files.catch(() => {}); // said below, once Pyodide is up
  const plain = globalThis.fetch;
  globalThis.fetch = (input, init) => (String(input.url ?? input) === here(WASM) && !init?.cache ? machineCode(wasm) : plain(input, init));
  const unshare = onlyOwnMemory();
  let python;
  try {
    python = await loadPyodide({
      ...options,
      indexURL: here("runtime/pyodide/"),
      lockFileURL: here("runtime/pyodide/pyodide-lock.json"),
      packages: [],
    });
  } finally {
    globalThis.fetch = plain;
    unshare();
  }
  for (const [place, content] of await files) python.FS.writeFile(place, content);
  try {
    python.runPython(`import sys; sys.path.insert(0, "${APP}"); import methods`);
  } catch (failure) {
    throw new Error(`app.zip: ${String(failure.message).trim().split("\n").pop()}`); // it arrived, but can't be read
  }
  return python;
}
