// Python's own start, before Pyodide sets itself up around it; in a page in pieces of a few milliseconds, between which the
// page scrolls, paints and takes presses.
//
// A browser that can set a stack of WebAssembly aside (WebAssembly's JavaScript Promise Integration) lets running Python wait
// for JavaScript. Every fifty calls and jumps Python asks whether a signal has come, if it is told to ask. While it starts it
// is told to, and once a piece is over the answer takes until the page has had its turn. Elsewhere Python starts in one go.
const PIECE_MS = 6;
// What Pyodide imports while it sets itself up. It does so from JavaScript, which can't wait, so these come before.
const AHEAD = ["_pyodide", "_pyodide.docstring", "_pyodide._future_helper", "asyncio", "tempfile", "zipfile"];
// Python reads and unpacks each module of an archive twice, to learn its file's name and to run it. Once will do.
const READ_ONCE = `
def _(read, kept={}):
    def once(importer, module):
        place = importer.archive, importer.prefix, module
        if place in kept:
            return kept.pop(place)
        kept[place] = read(importer, module)
        return kept[place]
    return once
import zipimport
zipimport._get_module_code = _(zipimport._get_module_code)
del _, zipimport
`;

const possible = Boolean(globalThis.WebAssembly?.Suspending && WebAssembly.promising);

const { port1, port2 } = new MessageChannel();
/** @type {(() => void)[]} */
const queue = []; // one Python may wait while another does
port1.onmessage = () => queue.shift()();
/** Back in the line behind what else the page has to do. scheduler.yield() would jump it, and files that have arrived would wait. */
export const turn = () =>
  new Promise((/** @type {(value?: unknown) => void} */ done) => {
    queue.push(done);
    port2.postMessage(null);
  });

/**
 * What starts Python, for loadPyodide's option createPyodideModule. inPieces: whether Python lets the page have its turn, until
 * the lab takes the page over.
 *
 * @param {boolean} inPieces
 */
export function starter(inPieces) {
  const waiting = inPieces && possible;
  /** @type {any} */
  let module; // Emscripten's, once it is there
  /** @type {Record<string, (...values: any[]) => any>} */
  let exported; // the functions of the machine code
  /** @type {() => object} */
  let save; // Pyodide's, for what runs of Python
  /** @type {(state: object) => void} */
  let restore; // the same
  let begun = 0; // when this piece began
  let may = false; // whether Python may wait: not when a function of JavaScript's has called it and waits for its answer
  let inside = false; // a call runs, or waits with its state where it is: Pyodide would take a second one for a mistake
  let within = 0; // functions of JavaScript's that Python has called and that haven't returned: nor may it wait below these

  /** Have Python ask for signals, or not. It asks only where it may wait: a browser takes the mere question for waiting. */
  const ask = () => (module.HEAP8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = Number(may && !within));

  /** Have the functions that Python calls note that they run. @param {Record<string, unknown>} functions */
  const note = (functions) => {
    for (const [name, plain] of Object.entries(functions)) {
      if (typeof plain !== "function") continue;
      const noted = (/** @type {unknown[]} */ ...values) => {
        if (!may) return plain(...values);
        within += 1;
        ask();
        try {
          return plain(...values);
        } finally {
          within -= 1;
          ask();
        }
      };
      functions[name] = Object.assign(noted, plain);
    }
  };

  /** Come in once nobody else is inside. A browser lets others in at each question, even when the answer is there at once. */
  const comeIn = async () => {
    while (inside) await turn();
    inside = true;
  };

  /** A function that Python calls, answering now or, once a piece is over, when the page has had its turn. @param {Function} answer */
  const pausing = (answer) =>
    new WebAssembly.Suspending((...values) => {
      if (performance.now() - begun < PIECE_MS) return answer(...values);
      // Other Python may run meanwhile, once Pyodide is up. Its run_sync() saves and restores the same.
      const state = module.API?.pyodide_py ? save() : null;
      module.validSuspender.value = false;
      if (state) inside = false;
      return turn().then(async () => {
        if (state) await comeIn();
        begun = performance.now();
        if (state) restore(state);
        module.validSuspender.value = true;
        return answer(...values);
      });
    });

  /** Run a function of the machine code. @type {(name: string, ...values: any[]) => Promise<any>} */
  const run = async (name, ...values) => {
    if (!waiting) return exported[name](...values);
    await turn();
    await comeIn();
    begun = performance.now();
    module.validSuspender.value = true;
    try {
      return await WebAssembly.promising(exported[name])(...values);
    } finally {
      module.validSuspender.value = inside = false;
    }
  };

  /** Run Python before Pyodide is up. What fails here fails again, and is told, when Pyodide gets there. @param {string} text */
  const runPython = async (text) => {
    const place = module.stringToNewUTF8(text);
    await run("PyRun_SimpleString", place);
    module._free(place);
  };

  /** What Emscripten does with a program: main(1, [name, NULL]). */
  const runMain = async () => {
    const list = module._malloc(8);
    module.HEAPU32.set([module.stringToNewUTF8("./this.program"), 0], list / 4);
    await run("__main_argc_argv", 1, list);
  };

  /** Have Python wait where Pyodide notes that it may, until the lab takes the page over. */
  const waitUntilMounting = () => {
    const set = (/** @type {boolean} */ whether) => {
      may = whether && inside; // a call that came in while another waited would else put back what it found
      ask();
    };
    Object.defineProperty(module.validSuspender, "value", { get: () => may, set, configurable: true });
    const { promisingApply: call } = module;
    module.promisingApply = async (/** @type {unknown[]} */ ...values) => {
      await comeIn();
      try {
        return await call(...values);
      } finally {
        inside = false;
      }
    };
    const end = () => {
      Object.defineProperty(module.validSuspender, "value", { value: may, writable: true });
      module.promisingApply = call;
      may = false;
      ask();
    };
    addEventListener("lab:mounting", end, { once: true });
  };

  /** @param {Record<string, any>} settings Emscripten's */
  return async (settings) => {
    const { default: create } = await import("./runtime/pyodide/pyodide.asm.mjs");
    const { instantiateWasm } = settings;
    const rest = async () => waiting && turn();
    settings.noInitialRun = true; // main is run below
    settings.turn = rest; // for the places that tools/passes/turns.py makes
    settings.instantiateWasm = (/** @type {any} */ imports, /** @type {Function} */ receive) => {
      if (waiting) {
        ({ saveState: save, restoreState: restore } = imports.env);
        note(imports.env);
        imports.env._Py_CheckEmscriptenSignals_Helper = pausing(() => 0); // no signal
        imports.env._Py_emscripten_runtime = pausing(imports.env._Py_emscripten_runtime); // called once, halfway through main
      }
      const received = async (/** @type {WebAssembly.Instance} */ instance, /** @type {WebAssembly.Module} */ code) => {
        await rest();
        exported = /** @type {any} */ (instance.exports);
        receive(instance, code);
      };
      rest().then(() => instantiateWasm(imports, received));
      return {};
    };
    await rest();
    module = await create(settings);
    await rest();
    if (waiting) waitUntilMounting();
    await runMain();
    await runPython(READ_ONCE);
    await runPython(AHEAD.map((name) => `__import__("${name}")`).join("\n"));
    return module;
  };
}
