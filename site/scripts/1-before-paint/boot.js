// The seconds before Python. This file says what is loading and how far, keeps the presses that come too early, and turns
// every way of failing into a sentence. It knows nothing of the lesson; ui.py takes over with labTakeEarly().
// A browser too old for the lab must still be able to read this file and to say so: no ?. and no ?? here.
"use strict";
(() => {
  const root = document.documentElement;
  root.dataset.parts = new URL(root.dataset.parts || ".", document.baseURI).href; // where this version's files lie
  const SLOW_AFTER_MS = 5000;
  const LOOK_MS = 3000;
  const PAINT_MS = 1000; // a page that is painted at all is painted by then
  const FRAMES_MS = 50; // what Python has shown is on the screen by then
  const WASM = "runtime/pyodide/pyodide.asm.wasm";
  const STOCK = "runtime/pyodide/stock.wasm"; // for a browser that has refused ours (python.mjs)
  const ask = window.fetch; // python.mjs has its own for a while
  /** @type {{action: string, dataset: DOMStringMap}[]} */
  const early = [];
  let progressed = performance.now();
  let watchdog = 0;
  let plotlyAsked = false;
  let explaining = false;

  // --- what a start needs of the browser: the first that is lacking is said, before anything is loaded ---
  // (module (func try catch_all end)): Python's machine code is built with exceptions
  const EXCEPTIONS = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 6, 64, 25, 11, 11);
  const compiles = () => {
    try {
      return Boolean(new WebAssembly.Module(EXCEPTIONS.slice(0, 8))); // a module of nothing: only a policy refuses it
    } catch (refusal) {
      return false;
    }
  };
  /** @type {[string, () => unknown, string?][]} */
  const NEEDS = [
    ["file", () => location.protocol !== "file:" || document.querySelector("script[data-file]")], // the one file has all inside
    ["in_part", () => document.querySelector("script[type=py], script[data-file]")], // the last things on it
    ["no_wasm", () => typeof WebAssembly === "object"],
    ["forbidden", compiles],
    ["old", () => WebAssembly.validate(EXCEPTIONS), "WebAssembly exceptions"],
    ["old", () => window.structuredClone, "structuredClone"],
    ["old", () => Object.hasOwn, "Object.hasOwn"],
    ["old", () => window.PerformanceObserver && window.ReadableStream, "ReadableStream"],
  ];

  // --- when Python comes ---
  // Until the lesson is on the screen, line and processors are the lesson's. Then Python's machine code is asked for first, and
  // not by a preload: beside that, browsers keep no compiled code.
  const askForPython = () => {
    if (window.labWasm || root.dataset.boot !== "loading") return;
    window.labCode = window.labRefuses() ? STOCK : WASM;
    window.labWasm = ask(root.dataset.parts + window.labCode);
    window.labWasm.catch(() => {}); // said by whoever waits for it
    document.head.append(document.getElementById("python").content); // the page's list of what else it needs
  };
  /** Whether this browser has refused our machine code, and asks for the stock file since (python.mjs). */
  window.labRefuses = () => {
    try {
      return localStorage.getItem("kv_cache_lab_refuses") === navigator.userAgent;
    } catch (blocked) {
      return false;
    }
  };
  const read = () => {
    const lacking = NEEDS.find(([, met]) => !met());
    if (lacking) return fail(word(lacking[0], { feature: lacking[2] }));
    if (location.protocol === "file:") return;
    requestAnimationFrame(() => setTimeout(askForPython));
    setTimeout(askForPython, PAINT_MS); // a page that nobody sees isn't painted
  };
  if (document.readyState === "loading") document.addEventListener("readystatechange", read, { once: true });
  else setTimeout(read); // this file came late (first.js); what stands below it comes before

  // Written out by hand: to ask the browser for its number formats takes it longer than to lay out the page.
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1).replace(".", word("decimal"));
  const line = () => document.getElementById("boot-line");
  const say = (/** @type {string} */ text) => line() && (line().textContent = text);

  /** A sentence in the page's language (words.toml, [boot]), with what stands in [square brackets] filled in. */
  /** @type {Word} */
  const word = (name, facts = {}) => {
    /** @type {Record<string, string>} */
    const words = JSON.parse(document.getElementById("boot").dataset.words);
    return words[name].replace(/\[(\w+)\]/g, (whole, fact) => (fact in facts ? String(facts[fact]) : whole));
  };
  window.labWord = word;

  /** End the start with a sentence; details are for the report alone. */
  /** @type {Window["labFailed"]} */
  const fail = (sentence, details = "") => {
    if (root.dataset.boot !== "loading") return;
    root.dataset.boot = "failed";
    clearInterval(watchdog);
    const box = document.getElementById("boot-failure");
    const text = document.createElement("p");
    text.textContent = `${sentence} ${word("safe")}`;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = word("reload");
    again.addEventListener("click", () => (window.labForget ? window.labForget() : location.reload()));
    box.replaceChildren(text, again);
    box.hidden = false;
    if (window.labTrouble) window.labTrouble(`${sentence}\n${details}`.trim());
    line().hidden = true;
  };

  // --- how far ---
  document.addEventListener("lab:progress", ({ detail }) => {
    progressed = performance.now();
    if (root.dataset.boot !== "loading") return;
    const amounts = { loaded: megabytes(detail.loaded_bytes), total: megabytes(detail.total_bytes) };
    say([word("progress", { label: word("loading"), ...amounts }), early.length ? word("kept") : ""].join(" ").trim());
  });
  const here = (/** @type {string} */ path) => root.dataset.parts + path;
  const isHere = (/** @type {string} */ path) => performance.getEntriesByName(here(path)).length > 0;
  watchdog = setInterval(() => {
    if (root.dataset.boot !== "loading" || performance.now() - progressed < SLOW_AFTER_MS) return;
    if (document.readyState === "loading" && line()) return say(word("slow", { file: nameOf(location.pathname) || "index.html" }));
    if (!window.labWasm) return;
    // What has arrived and is only being computed is no matter of the line.
    const asked = [...document.head.querySelectorAll("link[rel=modulepreload], script[type=module]")];
    const modules = asked.map((node) => (node.href || node.src).slice(root.dataset.parts.length));
    const awaited = [window.labCode, ...modules, "runtime/pyodide/python_stdlib.zip", "app.zip"];
    const missing = awaited.find((path) => !isHere(path));
    if (missing) say([word("slow", { file: nameOf(missing) }), early.length ? word("kept") : ""].join(" ").trim());
  }, 1000);

  // --- ways to fail ---
  const nameOf = (/** @type {string} */ path) => path.split("/").pop();
  const firstLine = (/** @type {any} */ reason) => String((reason && reason.message) || reason).trim().split("\n").pop().slice(0, 200);
  // What can be wrong with an answer, in the order in which it is asked.
  /** @type {[string, (facts: any) => boolean][]} */
  const FAULTS = [
    ["refused", ({ status }) => status >= 400],
    ["web_page", ({ text }) => /^\s*</.test(text)],
    ["wrong_type", ({ file, type }) => /\.m?js$/.test(file) && !/(java|ecma)script/.test(type)],
    ["cut", ({ some, all }) => some < all],
    ["spoilt", ({ sound }) => !sound],
  ];
  /** The bytes of an answer, as many as come. */
  const received = async (/** @type {any} */ answer) => {
    const reader = answer.body.getReader();
    const parts = [];
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
    } catch (broken) {
      if (!parts.length) throw broken;
    }
    return new Blob(parts).arrayBuffer();
  };
  /** What is wrong with a file as it comes: the name of a sentence and its facts; nothing, or nothing so far. */
  /** @type {(path: string, how: any[], cache: RequestCache) => Promise<[string, Record<string, unknown>]>} */
  const wrong = async (path, [all, integrity], cache) => {
    /** @type {(check: RequestInit) => Promise<[Response, ArrayBuffer]>} */
    const come = (check) => ask(here(path), { cache, ...check }).then(async (answer) => [answer, await received(answer)]);
    /** @type {Record<string, unknown>} */
    const facts = { file: nameOf(path), all, sound: true };
    try {
      const [answer, bytes] = await come({ integrity }).catch(() => ((facts.sound = false), come({})));
      const text = new TextDecoder().decode(bytes.slice(0, 200));
      Object.assign(facts, { status: answer.status, type: answer.headers.get("Content-Type") || "–", some: bytes.byteLength, text });
    } catch (failure) {
      const led = await ask(here(path), { cache, redirect: "manual" }).catch(() => /** @type {Response} */ ({}));
      if (led.type === "opaqueredirect") return ["web_page", facts]; // to a login, say
      return ["lost", facts];
    }
    const fault = FAULTS.find(([, is]) => is(facts));
    return fault && [fault[0], facts];
  };
  /** The same, asked once more past what the browser keeps: [what is wrong now, whether that has mended it]. */
  /** @type {(entry: any[]) => Promise<any[]>} */
  const looked = async ([path, how]) => {
    const kept = await wrong(path, how, "default");
    const now = kept && (await wrong(path, how, "reload"));
    return [now, Boolean(kept && !now)];
  };
  /** Whether the server has another version of this page than the one that is open: then the files of this one may be gone. */
  const outdated = () =>
    ask(location.pathname + location.search, { cache: "reload" })
      .then((answer) => answer.text())
      .then((text) => {
        const now = /data-parts="(v\/\w+\/)"/.exec(text);
        return Boolean(now) && !root.dataset.parts.endsWith(now[1]);
      })
      .catch(() => false);
  const soon = (/** @type {Promise<any>} */ looking) => Promise.race([looking, new Promise((done) => setTimeout(done, LOOK_MS, []))]);
  /** Load the page again, once, unless something on it would be lost. */
  const again = () => {
    try {
      if (early.length || document.querySelector("input:checked[data-action=choose]") || sessionStorage.labAgain) return false;
      sessionStorage.labAgain = 1;
    } catch (refusal) {
      return false;
    }
    location.reload();
    return true;
  };

  /**
   * Python did not start: say why. What is wrong with a file is the reason; a file that only the browser had kept wrongly is
   * mended by looking. If all are right, the reason is the failure itself.
   */
  /** @type {Window["labExplain"]} */
  const explain = async (failure) => {
    if (explaining || root.dataset.boot !== "loading") return;
    explaining = true;
    const list = "boot-manifest.json";
    let found = [await soon(looked([list, []]))];
    const listed = ask(here(list)).then((answer) => answer.json());
    const { start = {}, passes = {} } = await soon(listed.catch(() => ({})));
    if (!found[0][0]) found = found.concat(await Promise.all(Object.entries(start).map((entry) => soon(looked(entry)))));
    /** @type {[string, Record<string, unknown>][]} */
    const faults = found.map(([fault]) => fault).filter(Boolean);
    const cause = firstLine(failure);
    const unrun = typeof failure === "string"; // a script that is right, as far as can be seen, but did not run
    const refused = failure instanceof WebAssembly.CompileError || failure instanceof WebAssembly.LinkError;
    if ((faults.length || unrun) && (await soon(outdated())) === true) again() || fail(word("older"));
    else if (faults.length && self.origin === "null") fail(word("sandbox", { address: location.origin + location.pathname }));
    else if (faults.length) fail(word(...faults[0]));
    else if (found.some(([, mended]) => mended)) again() || fail(word("mended"));
    else if (unrun && again()) return;
    else if (Object(failure).name === "SyntaxError") fail(word("old", { feature: cause }));
    else if (refused) fail(word("refuses", { file: nameOf(WASM), cause }), `${WASM}, changed by: ${Object.keys(passes).filter((name) => passes[name].includes(WASM))}`);
    else fail(word("no_start", { cause }));
  };
  window.labExplain = explain;

  // Scripts of the page that a start can do without. What comes instead of one is asked for anew, for the next visit.
  const isBeside = (/** @type {string} */ file) => [...document.scripts].some(({ src, dataset }) => src === file && !dataset.part);
  document.addEventListener("lab:failed", ({ detail }) => fail(detail.sentence));
  addEventListener("unhandledrejection", (event) => explain(event.reason));
  addEventListener(
    "error",
    ({ target, filename, error }) => {
      const file = filename || ""; // a script that arrived, but can't be run: cut short, say
      const part = target && target.dataset && target.dataset.part;
      if (part === "plotly" || file.endsWith("/runtime/plotly-basic.min.js")) {
        root.dataset.plotly = "missing";
        dispatchEvent(new Event("lab:plotly-error"));
      } else if (part === "start" || (file.startsWith(root.dataset.parts) && !isBeside(file))) {
        explain(error || nameOf(target.src || file));
      } else if (isBeside(file)) {
        ask(file, { cache: "reload" }).catch(() => {});
      }
    },
    true,
  );

  // --- the way to another language keeps what the address asks for ---
  document.addEventListener("click", ({ target }) => {
    const link = target.closest && target.closest("a[hreflang]");
    if (link) Object.assign(link, { search: location.search, hash: location.hash });
  });

  // --- presses that come too early ---
  const press = (/** @type {Event} */ event) => {
    const button = event.target.closest && event.target.closest("button[data-action]");
    if (!button || root.dataset.boot !== "loading") return;
    early.push({ action: button.dataset.action, dataset: { ...button.dataset } });
    say(word("early"));
  };
  document.addEventListener("click", press);

  // --- words written too early outlive the page: a reload, another language, a start that failed ---
  const WRITTEN = "labWritten";
  const fields = () => [...document.querySelectorAll("[data-action=write]")];
  addEventListener("pagehide", () => {
    if (root.dataset.boot === "ready") return;
    const words = fields().flatMap((field) => (field.value ? [[field.dataset.field, field.value]] : []));
    try {
      if (words.length) sessionStorage[WRITTEN] = JSON.stringify(words);
    } catch (refusal) {
      // a sandbox, or no room: they go with the page
    }
  });
  addEventListener("DOMContentLoaded", () => {
    try {
      const words = new Map(JSON.parse(sessionStorage[WRITTEN] || "[]"));
      delete sessionStorage[WRITTEN];
      for (const field of fields()) field.value = field.value || words.get(field.dataset.field) || "";
    } catch (refusal) {
      // nothing was kept
    }
  });

  /** Have Plotly come, once. It draws what Python has computed, so nobody waits for it before there is something to draw. */
  window.labPlotly = () => {
    if (window.Plotly || plotlyAsked) return; // the single file has it inside
    plotlyAsked = true;
    const script = document.createElement("script");
    script.src = `${root.dataset.parts}runtime/plotly-basic.min.js`;
    script.dataset.part = "plotly";
    script.onload = () => dispatchEvent(new Event("lab:plotly-load")); // a window never hears of a script's load
    setTimeout(() => document.head.append(script), FRAMES_MS);
  };

  window.labTakeEarly = () => {
    root.dataset.boot = "ready";
    try {
      delete sessionStorage.labAgain;
    } catch (refusal) {
      // a sandbox: nothing was kept
    }
    clearInterval(watchdog);
    document.removeEventListener("click", press);
    say("");
    dispatchEvent(new Event("lab:ready"));
    // Whoever has chosen an option will want to see a chart next.
    if (document.querySelector("input[data-action=choose]:checked")) window.labPlotly();
    else document.addEventListener("change", window.labPlotly, { once: true });
    return early.splice(0);
  };
  window.labFailed = fail;
})();
