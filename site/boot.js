// The seconds before Python. This file says what is loading and how far, keeps the presses that come too early, and turns
// every way of failing into a sentence. It knows nothing of the lesson; ui.py takes over with labTakeEarly().
"use strict";
(() => {
  const root = document.documentElement;
  root.dataset.parts = new URL(root.dataset.parts || ".", document.baseURI).href; // where this version's files lie
  const SLOW_AFTER_MS = 30000;
  const PAINT_MS = 1000; // a page that is painted at all is painted by then
  const FRAMES_MS = 50; // what Python has shown is on the screen by then
  const early = [];
  let progressed = performance.now();
  let watchdog = 0;
  let plotlyAsked = false;

  // --- when Python comes ---
  // Until the lesson is on the screen, line and processors are the lesson's. Then Python's machine code is asked for first, and
  // not by a preload: beside that, browsers keep no compiled code.
  const askForPython = () => {
    if (window.labWasm) return;
    window.labWasm = fetch(`${root.dataset.parts}runtime/pyodide/pyodide.asm.wasm`);
    window.labWasm.catch(() => {}); // said by whoever waits for it
    document.head.append(document.getElementById("python").content); // the page's list of what else it needs
  };
  const read = () => {
    if (typeof WebAssembly !== "object") fail(word("no_wasm"));
    if (location.protocol === "file:") return;
    requestAnimationFrame(() => setTimeout(askForPython));
    setTimeout(askForPython, PAINT_MS); // a page that nobody sees isn't painted
  };
  if (document.readyState === "loading") document.addEventListener("readystatechange", read, { once: true });
  else setTimeout(read); // this file came late (first.js); what stands below it comes before

  // Written out by hand: to ask the browser for its number formats takes it longer than to lay out the page.
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1).replace(".", word("decimal"));
  const line = () => document.getElementById("boot-line");
  const say = (text) => line() && (line().textContent = text);

  /** A sentence in the page's language (words.toml, [boot]), with what stands in [square brackets] filled in. */
  const word = (name, facts = {}) => {
    const words = JSON.parse(document.getElementById("boot").dataset.words);
    return words[name].replace(/\[(\w+)\]/g, (whole, fact) => facts[fact] ?? whole);
  };
  window.labWord = word;

  const fail = (sentence) => {
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
    window.labTrouble(sentence);
    line().hidden = true;
  };

  // --- how far ---
  document.addEventListener("lab:progress", ({ detail }) => {
    progressed = performance.now();
    if (root.dataset.boot !== "loading") return;
    const amounts = { loaded: megabytes(detail.loaded_bytes), total: megabytes(detail.total_bytes) };
    say([word("progress", { label: word("loading"), ...amounts }), early.length ? word("kept") : ""].join(" ").trim());
  });
  watchdog = setInterval(() => {
    if (root.dataset.boot === "loading" && performance.now() - progressed > SLOW_AFTER_MS) {
      say(word("slow"));
    }
  }, 5000);

  // --- ways to fail ---
  document.addEventListener("lab:failed", ({ detail }) => fail(detail.sentence));
  addEventListener("unhandledrejection", (event) => {
    if (root.dataset.boot === "loading") fail(word("no_start", { cause: firstLine(event.reason) }));
  });
  addEventListener(
    "error",
    (event) => {
      const file = event.filename || ""; // a script that arrived, but can't be run: cut short, say
      const part = event.target && event.target.dataset && event.target.dataset.part;
      if (part === "plotly" || file.endsWith("/runtime/plotly-basic.min.js")) {
        root.dataset.plotly = "missing";
        dispatchEvent(new Event("lab:plotly-error"));
      } else if (part === "pyscript" || file.includes("/runtime/pyscript/")) {
        fail(word("no_pyscript", { file: file.split("/").pop() || "runtime/pyscript/core.js" }));
      }
    },
    true,
  );
  const firstLine = (reason) => String((reason && reason.message) || reason).trim().split("\n").pop().slice(0, 200);
  // PyScript fetches this one by itself, and says nothing when the server doesn't have it.
  const watch = (entries) => {
    const lost = entries.find(({ name, responseStatus }) => responseStatus >= 400 && /\/start\.py$/.test(name));
    if (lost) fail(word("no_part", { cause: word("refused", { file: lost.name.split("/").pop(), status: lost.responseStatus }) }));
  };
  if (typeof PerformanceObserver === "function") {
    new PerformanceObserver((list) => watch(list.getEntries())).observe({ type: "resource", buffered: true });
  }

  // --- the way to another language keeps what the address asks for ---
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[hreflang]");
    if (link) Object.assign(link, { search: location.search, hash: location.hash });
  });

  // --- presses that come too early ---
  const press = (event) => {
    const button = event.target.closest && event.target.closest("button[data-action]");
    if (!button || root.dataset.boot !== "loading") return;
    early.push({ action: button.dataset.action, dataset: { ...button.dataset } });
    say(word("early"));
  };
  document.addEventListener("click", press);

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
