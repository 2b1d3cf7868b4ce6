// Pyodide with the application on its path, the same for the page's thread and the simulator's. The archives are read where
// they lie; nothing is unpacked.
import { starter, turn } from "./pieces.mjs";
import { loadPyodide, version } from "./runtime/pyodide/pyodide.mjs";

export { version };

// What the build did to make the start faster (tools/passes); without any, Pyodide starts as its makers have it.
const PASSES = [];
const passed = (name) => PASSES.includes(name);

export const WASM = "runtime/pyodide/pyodide.asm.wasm";
const APP = "/app.zip";

/** The address of a file beside this one. */
export const here = (path) => new URL(path, import.meta.url).href;

async function bytes(name) {
  const answer = await fetch(here(name));
  if (!answer.ok) throw new Error(`${name}: the server answered ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The answer with Python's machine code as it was asked for; where no server has it, the copy that the service worker keeps (sw.js). */
async function answered(asked) {
  if (asked instanceof WebAssembly.Module) return new Response(); // nobody reads it
  const answer = await asked.catch(() => null);
  return answer?.ok ? answer : fetch(here(WASM), { cache: "force-cache" });
}

/**
 * Have WebAssembly do four things otherwise while Pyodide starts.
 *
 * It makes no memory that is shared: Pyodide makes one to sleep on, which browsers warn of in a page that isn't isolated. The
 * lab's Python never sleeps. It compiles the same bytes once: Pyodide has a module of its own for each of 261 functions of
 * JavaScript's that Python calls by address, and they are of 30 kinds. The page has its turn between the machine code's end and
 * its first use, and if another thread has compiled it, that is taken. And it says when the machine code has arrived.
 *
 * Returns a promise of that, and a function that undoes it all.
 */
function thriftyWebAssembly(machineCode, compiled) {
  const { Memory, Module, instantiateStreaming, compileStreaming, instantiate } = WebAssembly;
  const known = new Map();
  WebAssembly.Memory = new Proxy(Memory, { construct: (made, [{ shared, ...how }]) => new made(how) });
  WebAssembly.Module = new Proxy(Module, {
    construct: (made, [bytes]) => {
      const kind = String(new Uint8Array(bytes));
      if (!known.has(kind)) known.set(kind, new made(bytes));
      return known.get(kind);
    },
  });
  const arrived = new Promise((done) => {
    WebAssembly.instantiateStreaming = async (code, imports) => {
      const compiling = machineCode instanceof Module ? Promise.resolve(machineCode) : compileStreaming(code);
      compiling.then(done, done);
      const module = await compiling;
      compiled(module);
      await turn();
      return { module, instance: await instantiate(module, imports) };
    };
  });
  return { arrived, undo: () => Object.assign(WebAssembly, { Memory, Module, instantiateStreaming }) };
}

/**
 * Start Python, with further files in its root. machineCode: the answer to a fetch of it that is already under way, or the
 * WebAssembly.Module that another thread has made of it. inPieces: whether a page wants to answer meanwhile; compiled: who is
 * given the module, for another thread; further options are loadPyodide's. Rejects with an Error that names what is missing.
 */
export async function startPython(
  { inPieces = false, compiled = () => {}, ...options } = {},
  names = [],
  machineCode = fetch(here(WASM)),
) {
  const thrifty = passed("machine-code") ? thriftyWebAssembly(machineCode, compiled) : { arrived: Promise.resolve(), undo: () => {} };
  const { arrived, undo } = thrifty;
  // While the machine code is on its way the application, which comes last, leaves the line to it.
  const files = arrived.then(() => Promise.all(["app.zip", ...names].map(async (name) => [`/${name}`, await bytes(name)])));
  files.catch(() => {}); // said below, once Pyodide is up
  const plain = globalThis.fetch;
  globalThis.fetch = (input, init) => (String(input.url ?? input) === here(WASM) && !init?.cache ? answered(machineCode) : plain(input, init));
  let python;
  try {
    python = await loadPyodide({
      ...options,
      ...(passed("pieces") ? { createPyodideModule: starter(inPieces) } : {}),
      indexURL: here("runtime/pyodide/"),
      lockFileURL: here("runtime/pyodide/pyodide-lock.json"),
      packages: [],
    });
  } finally {
    globalThis.fetch = plain;
    undo();
  }
  for (const [place, content] of await files) python.FS.writeFile(place, content);
  try {
    await python.runPythonAsync(`import sys; sys.path.insert(0, "${APP}"); import methods`);
  } catch (failure) {
    throw new Error(`app.zip: ${String(failure.message).trim().split("\n").pop()}`); // it arrived, but can't be read
  }
  return python;
}
