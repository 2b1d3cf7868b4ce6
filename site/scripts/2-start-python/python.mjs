// Pyodide with the application on its path, the same for the page's thread and the simulator's. The archives are read where
// they lie; nothing is unpacked.
import { starter, turn } from "./pieces.mjs";
import { loadPyodide, version } from "./runtime/pyodide/pyodide.mjs";

export { version };

export const WASM = "runtime/pyodide/pyodide.asm.wasm";
export const STOCK = "runtime/pyodide/stock.wasm"; // as Pyodide's makers ship it, where the build has changed it
const REFUSAL = "kv_cache_lab_refuses"; // in the browser's storage: which browser refuses what the build has made (boot.js)
const APP = "/app.zip";
const PATIENCE_MS = 3000; // a file that isn't there by then is taken from the kept copy, if there is one
const LATE = "no answer";

const plain = globalThis.fetch;

/**
 * An answer, or one that is on its way.
 * @typedef {Response | Promise<Response>} Asked
 * @typedef {(path: string, answer: Response) => Response} Counted sees an answer, and gives back one to read in its place
 */

/** What a person is told of a failure: its last line. @param {any} failure */
export const lastLine = (failure) => String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200);

/** The address of a file beside this one. @param {string} path */
export const here = (path) => new URL(path, import.meta.url).href;

/** The copy that is kept for visits without a network (sw.js), or undefined. @param {string} path */
async function kept(path) {
  try {
    return await caches.match(here(path));
  } catch {
    return undefined; // plain http, or a sandbox
  }
}

/**
 * A file as `use` makes it of an answer: of the one that comes, or else of one past what the browser keeps, or else of the kept
 * copy. `use` rejects an answer that isn't the file. Where the network is silent the kept copy is taken, and without one it waits.
 * @template T
 * @param {string} path @param {Asked} asked @param {(asked: Asked) => Promise<T>} use @returns {Promise<T>}
 */
async function had(path, asked, use) {
  const arrived = () => performance.getEntriesByName(here(path)).length;
  let failure;
  for (const ask of [() => asked, () => plain(here(path), { cache: "reload" })]) {
    const before = failure ? arrived() : 0;
    let timer;
    const late = new Promise((_, reject) => {
      const look = async () => arrived() > before || ((await kept(path)) && reject(new Error(LATE)));
      timer = setTimeout(look, PATIENCE_MS);
    });
    try {
      return await Promise.race([use(ask()), late]);
    } catch (trouble) {
      failure = trouble;
      if (trouble.message === LATE) break;
    } finally {
      clearTimeout(timer);
    }
  }
  const copy = await kept(path);
  if (!copy) throw failure;
  performance.mark(here(path)); // like one that has arrived, for boot.js
  return use(copy);
}

/** The answer, if it is no refusal. @param {string} path @param {Asked} asked */
async function okay(path, asked) {
  const answer = await asked;
  if (!answer.ok) throw new Error(`${path}: the server answered ${answer.status}`);
  return answer;
}

/** What a start loads, by the build: {start: {path: [bytes, integrity]}, passes: {name: [paths]}, ...}. */
export const listed = had("boot-manifest.json", plain(here("boot-manifest.json")), async (asked) =>
  (await okay("boot-manifest.json", asked)).json(),
);
listed.catch(() => {}); // said by whoever waits for it

/** The bytes of a file, as many as the build made. @param {string} path @param {Asked} asked @param {Counted} counted */
async function bytes(path, asked, counted) {
  const answer = await okay(path, asked);
  const found = new Uint8Array(await counted(path, answer).arrayBuffer());
  const [length = found.length] = (await listed).start[path] ?? []; // the stock file is in no list
  if (found.length !== length) throw new Error(`${path}: ${found.length} of ${length} bytes`);
  return found;
}

/**
 * Python's machine code, compiled. An answer of the right type goes to the compiler untouched: beside such a one alone a browser
 * keeps what it has compiled. What a server sends under another type is compiled from its bytes, if it is that.
 * @param {string} path @param {Asked} asked @param {Counted} counted
 */
async function compiledFrom(path, asked, counted) {
  const answer = await okay(path, asked);
  if (answer.headers.get("Content-Type") !== "application/wasm") return WebAssembly.compile(await bytes(path, answer, counted));
  return WebAssembly.compileStreaming(counted(path, answer));
}

/**
 * Have WebAssembly do four things otherwise while Pyodide starts.
 *
 * It makes no memory that is shared: Pyodide makes one to sleep on, which browsers warn of in a page that isn't isolated. The
 * lab's Python never sleeps. It compiles the same bytes once: Pyodide has a module of its own for each of 261 functions of
 * JavaScript's that Python calls by address, and they are of 30 kinds. It takes the machine code from
 * `machineCode()`, and the page has its turn before its first use. And it says when the machine code has arrived.
 *
 * Returns a promise of that, one that rejects where it can't be used (Pyodide would wait for ever), and a function that undoes it all.
 *
 * @param {() => Promise<WebAssembly.Module>} machineCode @param {(module: WebAssembly.Module) => void} compiled
 */
function thriftyWebAssembly(machineCode, compiled) {
  const { Memory, Module, instantiateStreaming, instantiate } = WebAssembly;
  const known = new Map();
  WebAssembly.Memory = new Proxy(Memory, { construct: (made, [{ shared, ...how }]) => new made(how) });
  WebAssembly.Module = new Proxy(Module, {
    construct: (made, [bytes]) => {
      const kind = String(new Uint8Array(bytes));
      if (!known.has(kind)) known.set(kind, new made(bytes));
      return known.get(kind);
    },
  });
  /** @type {(value: unknown) => void} */
  let done;
  /** @type {(reason: unknown) => void} */
  let fail;
  const arrived = new Promise((resolve) => (done = resolve));
  const broken = new Promise((_, reject) => (fail = reject));
  const instance = async (/** @type {WebAssembly.Imports} */ imports) => {
    const compiling = machineCode();
    compiling.then(done, done);
    const module = await compiling;
    compiled(module);
    await turn();
    return { module, instance: await instantiate(module, imports) };
  };
  WebAssembly.instantiateStreaming = (_, imports) => {
    const made = instance(imports);
    made.catch(fail);
    return made;
  };
  return { arrived, broken, undo: () => Object.assign(WebAssembly, { Memory, Module, instantiateStreaming }) };
}

const asItIs = { arrived: Promise.resolve(), broken: new Promise(() => {}), undo: () => {} };

/** Whether this is a browser's no to machine code: it doesn't compile, or link, or traps in its first calls. @param {unknown} failure */
const refusal = (failure) =>
  [WebAssembly.CompileError, WebAssembly.LinkError, WebAssembly.RuntimeError].some((kind) => failure instanceof kind);

/**
 * @typedef {{inPieces?: boolean, compiled?: (module: WebAssembly.Module) => void, counted?: Counted, stdout?: Line, stderr?: Line}} Options
 * @typedef {(line: string) => void} Line takes what Python writes
 */

/** Whether a file that didn't compile is what the build made: else it isn't the browser's fault.
    @type {(path: string, how: any[]) => Promise<boolean>} */
const isSound = (path, [, integrity]) =>
  plain(here(path), { integrity, cache: "force-cache" }).then(
    ({ ok }) => ok,
    () => false,
  );

/**
 * Start Python, with further files in its root. machineCode: the answer to a fetch of it that is already under way, or the
 * WebAssembly.Module that another thread has made of it; path: which file that is. inPieces: whether a page wants to answer
 * meanwhile; compiled: who is given the module, for another thread; counted(path, answer): who gives back an answer whose bytes it
 * counts; further options are loadPyodide's.
 *
 * A browser that refuses the machine code as the build has changed it gets the stock file, from then on. Rejects with an Error
 * that names what is missing, or with the browser's where it refuses that too.
 *
 * @param {Options} options @param {string[]} names @param {Asked | WebAssembly.Module} machineCode
 */
export async function startPython(options = {}, names = [], machineCode = undefined, path = WASM) {
  try {
    return await started(options, names, machineCode ?? plain(here(path)), path);
  } catch (failure) {
    const { passes, start } = await listed;
    const changed = Object.values(passes).flat().includes(STOCK);
    if (path === STOCK || !changed || !refusal(failure) || !(await isSound(path, start[path]))) throw failure;
    console.info(`${path}: ${failure.message}. ${STOCK} takes its place.`);
    const python = await started(options, names, plain(here(STOCK)), STOCK).catch(() => {
      throw failure; // the first refusal is the reason
    });
    try {
      localStorage[REFUSAL] = navigator.userAgent;
    } catch {
      // a thread, or no storage: found out anew the next time
    }
    return python;
  }
}

/** @param {Options} options @param {string[]} names @param {Asked | WebAssembly.Module} machineCode @param {string} code its path */
async function started({ inPieces = false, compiled = () => {}, counted = (_, answer) => answer, ...options }, names, machineCode, code) {
  const { start, passes } = await listed; // what the build did (tools/passes); without any, Pyodide starts as its makers have it
  const module = async () => (machineCode instanceof WebAssembly.Module ? machineCode : had(code, machineCode, (asked) => compiledFrom(code, asked, counted)));
  const thrifty = "machine-code" in passes;
  const { arrived, broken, undo } = thrifty ? thriftyWebAssembly(module, compiled) : asItIs;
  const whole = (/** @type {string} */ path) => had(path, plain(here(path)), (asked) => bytes(path, asked, counted));
  // While the machine code is on its way the application, which comes last, leaves the line to it.
  const files = arrived.then(() => Promise.all(["app.zip", ...names].map(async (name) => [`/${name}`, await whole(name)])));
  files.catch(() => {}); // said below, once Pyodide is up
  // Pyodide itself waits for ever for machine code that doesn't arrive.
  /** @type {(failure: unknown) => void} */
  let lose;
  const lost = new Promise((_, reject) => (lose = reject));
  lost.catch(() => {});
  const before = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const path = Object.keys(start).find((name) => here(name) === String(/** @type {Request} */ (input).url ?? input));
    if (path === WASM && thrifty) return new Response(); // nobody reads it: module() has it
    if (path === WASM) {
      const answer = had(code, /** @type {Asked} */ (machineCode), async (asked) => counted(code, await okay(code, asked)));
      answer.catch(lose);
      return answer;
    }
    return path ? new Response(await whole(path)) : plain(input, init);
  };
  let python;
  try {
    const starting = loadPyodide({
      ...options,
      ...("pieces" in passes ? { createPyodideModule: starter(inPieces) } : {}),
      indexURL: here("runtime/pyodide/"),
      lockFileURL: here("runtime/pyodide/pyodide-lock.json"),
      packages: [],
    });
    python = await Promise.race([starting, broken, lost]);
  } finally {
    globalThis.fetch = before;
    undo();
  }
  for (const [place, content] of await files) python.FS.writeFile(place, content);
  try {
    await python.runPythonAsync(`import sys; sys.path.insert(0, "${APP}"); from threads import methods`);
  } catch (failure) {
    throw new Error(`app.zip: ${lastLine(failure)}`); // it arrived, but can't be read
  }
  return python;
}
