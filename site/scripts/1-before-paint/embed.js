// The lab inside somebody else's page: ?embed=1&act=NUMBER|all&stage=...&theme=light|dark. It runs before the first paint, knows
// nothing of the lesson, and speaks the message protocol of docs/embedding.md. Without a frame around the page only the
// theme and the link to a stage are left of it.
"use strict";
(() => {
  const PROTOCOL = 1;
  /** @type {Record<string, string>} */
  const STAGES = {
    predict: 'form[data-key$=".prediction"]',
    reality: ".reality",
    explore: ".instrument:not(.door, .replay)",
    twist: ".twist",
    reflect: 'form[data-key$=".reflection"]',
  };
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);
  const framed = parent !== window;
  const one = (/** @type {string} */ value, /** @type {string[]} */ ...allowed) => (allowed.includes(value) ? value : null);
  const act = one(asked.get("act"), ...root.dataset.acts.split(" ")) ?? "all";

  root.dataset.doors = "shut"; // nothing jumps when walk.js comes; until then an address opens its door

  // --- what is shown ---

  const wear = (/** @type {string} */ theme) => {
    if (one(theme, "light", "dark")) root.dataset.theme = theme;
    else delete root.dataset.theme; // back to what the reader's system says
    dispatchEvent(new Event("lab:theme"));
  };
  const around = () => {
    try {
      return parent.location.origin === location.origin ? "same" : "other";
    } catch {
      return "other";
    }
  };
  if (one(asked.get("theme"), "light", "dark")) wear(asked.get("theme"));
  if (framed) root.dataset.frame = around();
  if (asked.get("embed") === "1") root.dataset.embed = act;
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button[data-embed-show]");
    if (!button) return;
    const more = document.querySelector(`.act:not([data-number="${root.dataset.embed}"]) h2`); // the first of those that come
    root.dataset.embed = button.dataset.embedShow;
    more.tabIndex = -1; // the button is gone, and the focus with it
    more.focus({ preventScroll: true });
    scrollBy(0, more.getBoundingClientRect().top - 24); // in a frame as tall as the lab there is nothing to scroll
  });

  // A browser that goes to a place named behind the # scrolls the page around the frame too. So the lab goes there by itself (walk.js).
  const place = framed && !/[=%]/.test(location.hash) ? location.hash.slice(1) : "";
  if (place) {
    try {
      history.replaceState(history.state, "", location.pathname + location.search);
      root.dataset.place = place;
    } catch {
      // a frame whose address is not its own can't change it
    }
  }

  /** The part of the act that the link names; the prediction as long as that part is still closed. */
  const stage = () => {
    if (!asked.has("stage")) return null;
    const acts = document.querySelector(`.act[data-number="${act}"]`) ?? document.querySelector(".act");
    const part = Object.hasOwn(STAGES, asked.get("stage")) && acts.querySelector(STAGES[asked.get("stage")]);
    return part && part.getClientRects().length ? part : acts.querySelector(STAGES.predict);
  };
  /** How much of the window's top the folded rail takes. */
  const clear = () => parseFloat(getComputedStyle(root).scrollPaddingTop); // what the style sheet keeps clear at the top
  const stageTop = () => {
    const part = stage();
    return part ? Math.round(part.getBoundingClientRect().top + scrollY) : null;
  };

  // --- what the page around it hears ---

  /** @type {string} */
  let listener = null; // the origin of a page that asked for the state: nothing about the learner goes to any other
  const up = (/** @type {string} */ what, /** @type {object} */ data, to = "*") => framed && parent.postMessage({ type: `kvlab:${what}`, v: PROTOCOL, ...data }, to);
  const tall = (/** @type {number} */ height) => {
    up("resize", { height });
    if (window.labSplices) parent.postMessage({ subject: "lti.frameResize", message_id: `height-${height}`, height }, "*");
  };
  /** @type {() => Record<string, string>} */
  const state = () => ({
    ...Object.fromEntries([...document.querySelectorAll(".act[data-number]")].map(({ id, dataset }) => [id, dataset.state ?? null])),
    saved: document.querySelector('[data-key="embed.saved"]').dataset.state ?? null,
  });
  /** @type {Record<string, string>} */
  let last = {};
  const follow = () => {
    const before = last;
    last = state();
    if (!listener || JSON.stringify(before) === JSON.stringify(last)) return;
    up("state", last, listener);
    for (const { id, dataset } of document.querySelectorAll(".act[data-number]")) {
      if (last[id] === "committed" && before[id] !== "committed") up("done", { act: Number(dataset.number) }, listener);
    }
  };
  // SPLICE, the protocol by which books keep a learner's work and take the points (splice.js): for who asks for it, in the
  // frame's address or by speaking it. The height is told in its way too.
  const splice = () => {
    if (!framed || window.labSplices) return;
    window.labSplices = true;
    const script = document.createElement("script");
    script.src = `${root.dataset.parts}splice.js`;
    document.head.append(script);
    if (told) tall(told);
  };
  const hear = (/** @type {MessageEvent} */ { source, origin, data }) => {
    if (!framed || source !== parent || !data) return;
    if (typeof data.subject === "string" && data.subject.startsWith("SPLICE.")) splice();
    if (data.v !== PROTOCOL) return;
    if (data.type === "kvlab:theme") wear(data.theme);
    if (data.type === "kvlab:state" && /^https?:/.test(origin)) {
      listener = origin;
      last = state();
      up("state", last, listener);
    }
  };
  addEventListener("message", hear);

  // The root has no height of its own: it is as high as what stands in it, whatever the frame measures.
  let told = 0;
  const measure = () => {
    const height = Math.ceil(root.getBoundingClientRect().height);
    if (height !== told) tall((told = height));
  };
  if (asked.get("splice") === "1") splice();
  if (framed) new ResizeObserver(measure).observe(root);

  const ready = () => {
    const top = stageTop();
    // At once: what still comes in above then moves nothing, and would make a slow scroll end elsewhere.
    if (top !== null) scrollTo({ top: top - 8 - clear(), behavior: "instant" });
    if (!framed) return; // nobody to tell, and to measure the page takes a frame
    up("ready", { act, height: Math.ceil(root.getBoundingClientRect().height), stageTop: top });
    new MutationObserver(follow).observe(document.body, { attributes: true, attributeFilter: ["data-state"], subtree: true });
  };
  const boot = new MutationObserver(() => {
    if (root.dataset.boot === "loading") return;
    boot.disconnect();
    if (root.dataset.boot === "ready") ready();
  });
  boot.observe(root, { attributes: true, attributeFilter: ["data-boot"] });

  // PyScript waits for a cache of packages in IndexedDB before it starts Python. The lab has none, and where a browser or a
  // frame lets nothing be stored, the refusal would end the start. So it finds an empty one that forgets; the true one is mirror.js's.
  const answer = (/** @type {unknown} */ result) => {
    /** @type {{result: unknown, onsuccess?: Function}} */
    const request = { result };
    queueMicrotask(() => request.onsuccess?.({ target: request }));
    return request;
  };
  const store = new Proxy({}, { get: (_, /** @type {string} */ method) => () => answer(method.startsWith("getAll") ? [] : undefined) });
  const database = { transaction: () => ({ objectStore: () => store }), close() {} };
  try {
    window.labDatabases = window.indexedDB;
  } catch {} // blocked
  Object.defineProperty(window, "indexedDB", { value: { open: () => answer(database) } });
})();
