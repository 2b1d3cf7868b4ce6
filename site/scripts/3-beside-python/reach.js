// What scrolls sideways can be reached and scrolled by keyboard: a stop for Tab while, and only while, it is wider than its
// room. Browsers differ in giving it one by themselves.
"use strict";
(() => {
  const SCROLLERS = ".wide, .formula, .document pre";
  const stop = (/** @type {HTMLElement} */ node) => {
    if (node.scrollWidth > node.clientWidth) node.tabIndex = 0;
    else node.removeAttribute("tabindex");
  };
  /** @type {Map<Element, HTMLElement>} */
  const rooms = new Map(); // what is watched, and the scroller that it belongs to
  const resized = new ResizeObserver((entries) => new Set(entries.map(({ target }) => rooms.get(target))).forEach(stop));
  for (const scroller of document.querySelectorAll(SCROLLERS)) {
    for (const node of [scroller, ...scroller.children]) {
      rooms.set(node, scroller);
      resized.observe(node);
    }
  }
})();
