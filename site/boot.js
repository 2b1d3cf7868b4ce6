// The seconds before Python. This file says what is loading and how far, keeps the presses that come too early, and turns
// every way of failing into a sentence. It knows nothing of the lesson; ui.py takes over with labTakeEarly().
"use strict";
(() => {
  const root = document.documentElement;
  root.dataset.parts = new URL(".", document.currentScript.src || location.href).href; // where this version's files lie
  const SLOW_AFTER_MS = 30000;
  const early = [];
  let progressed = performance.now();
  let watchdog = 0;

  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const line = () => document.getElementById("boot-line");
  const say = (text) => line() && (line().textContent = text);

  const fail = (sentence) => {
    if (root.dataset.boot !== "loading") return;
    root.dataset.boot = "failed";
    clearInterval(watchdog);
    const box = document.getElementById("boot-failure");
    const text = document.createElement("p");
    text.textContent = `${sentence} What you have chosen on this page stays as it is until you reload; what you committed on earlier visits is safe.`;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Reload the page";
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
    const kept = early.length ? " What you pressed is kept and will be done." : "";
    const amount = `${megabytes(detail.loaded_bytes)} of ${megabytes(detail.total_bytes)} MB`;
    say(`${detail.label}: ${amount}.${kept}`);
  });
  watchdog = setInterval(() => {
    if (root.dataset.boot === "loading" && performance.now() - progressed > SLOW_AFTER_MS) {
      say("Nothing has arrived for half a minute. The connection may be slow or gone. The page keeps trying, and you can go on reading and choosing; if it stays so, reload the page.");
    }
  }, 5000);

  // --- ways to fail ---
  document.addEventListener("lab:failed", ({ detail }) => fail(detail.sentence));
  addEventListener("unhandledrejection", (event) => {
    if (root.dataset.boot === "loading") fail(`Python could not start: ${firstLine(event.reason)}. Reload the page; if it happens again, try another browser.`);
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
        fail(`PyScript could not be loaded (${file.split("/").pop() || "runtime/pyscript/core.js"}). Check the connection and reload the page.`);
      }
    },
    true,
  );
  addEventListener(
    "load",
    (event) => {
      const part = event.target && event.target.dataset && event.target.dataset.part;
      if (part === "plotly") dispatchEvent(new Event("lab:plotly-load"));
    },
    true,
  );
  const firstLine = (reason) => String((reason && reason.message) || reason).trim().split("\n").pop().slice(0, 200);
  // PyScript fetches this one by itself, and says nothing when the server doesn't have it.
  const watch = (entries) => {
    const lost = entries.find(({ name, responseStatus }) => responseStatus >= 400 && /\/start\.py$/.test(name));
    if (lost) fail(`Python could not be loaded: ${lost.name.split("/").pop()}: the server answered ${lost.responseStatus}. Check the connection and reload the page.`);
  };
  if (typeof PerformanceObserver === "function") {
    new PerformanceObserver((list) => watch(list.getEntries())).observe({ type: "resource", buffered: true });
  }
  if (typeof WebAssembly !== "object") {
    addEventListener("DOMContentLoaded", () => fail("This browser has WebAssembly switched off, and without it the page can't compute. Allow it for this site, or open the lab in another browser."));
  }

  // --- presses that come too early ---
  const press = (event) => {
    const button = event.target.closest && event.target.closest("button[data-action]");
    if (!button || root.dataset.boot !== "loading") return;
    early.push({ action: button.dataset.action, dataset: { ...button.dataset } });
    say("Python is still loading. What you pressed is kept and will be done as soon as it is up.");
  };
  document.addEventListener("click", press);

  /** Plotly draws what Python has computed, so it comes after Python and doesn't hold it up. */
  const fetchPlotly = () => {
    if (window.Plotly) return; // the single file has it inside
    const script = document.createElement("script");
    script.src = `${root.dataset.parts}runtime/plotly-basic.min.js`;
    script.dataset.part = "plotly";
    document.head.append(script);
  };

  window.labTakeEarly = () => {
    root.dataset.boot = "ready";
    clearInterval(watchdog);
    document.removeEventListener("click", press);
    say("");
    dispatchEvent(new Event("lab:ready"));
    fetchPlotly();
    return early.splice(0);
  };
  window.labFailed = fail;
})();
