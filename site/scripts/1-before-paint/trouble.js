// An error report that a person can copy, offered once something has gone wrong: version, browser, what failed, the last
// actions by their names. Nothing of what was typed, chosen or saved is in it, and nothing is sent anywhere.
"use strict";
(() => {
  const KEPT = 20; // actions
  /** @type {string[]} */
  const actions = [];
  /** @type {string[]} */
  const failures = [];
  const node = (/** @type {string} */ id) => document.getElementById(id);

  const note = (/** @type {Event} */ { type, target }) => {
    const pressed = target.closest && target.closest("[data-action]");
    const { action, question, control, act, side } = pressed ? pressed.dataset : {};
    if (!action || (type === "click" && target.closest("button") === null)) return;
    const at = (performance.now() / 1000).toFixed(1);
    actions.push([`${at} s`, action, question || control || act || side || ""].join(" ").trim());
    actions.splice(0, actions.length - KEPT);
  };
  document.addEventListener("click", note, true);
  document.addEventListener("change", note, true);

  // By what only each can do: a browser may call itself anything.
  const engine = () => (window.webkitRequestFileSystem ? "Chromium" : "MozAppearance" in document.documentElement.style ? "Gecko" : "WebKit");

  const text = () =>
    [
      document.title,
      `version: ${document.documentElement.dataset.parts.split("/").slice(-3).join("/")}`,
      `browser: ${navigator.userAgent} (${engine()})`,
      `window: ${innerWidth} x ${innerHeight}, language of the page: ${document.documentElement.lang}`,
      "what failed:",
      ...failures,
      "last actions:",
      ...actions,
    ].join("\n");

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      node("trouble-copied").hidden = false;
    } catch (refusal) {
      node("trouble-text").value = text(); // no clipboard here: shown, to be copied by hand
      node("trouble-text").hidden = false;
      node("trouble-text").focus(); // or the keys to copy find nothing selected
      node("trouble-text").select();
    }
  };

  /** Something went wrong: keep what it was, and offer the report. */
  window.labTrouble = (what) => {
    failures.push(String(what).slice(0, 4000));
    node("trouble").hidden = false;
  };
  document.addEventListener("click", ({ target }) => target.id === "trouble-copy" && copy());
})();
