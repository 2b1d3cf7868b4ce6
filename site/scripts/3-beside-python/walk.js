// The walk: which scene the reader is in, which doors stand open, and the address that says both. It needs no Python: a page that
// is only read can be walked too. Without it every door stands open and the links are anchors.
"use strict";
(() => {
  const root = document.documentElement;
  const framed = parent !== window;
  const scenes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".scene:not(.door), #takeaway")]);
  const doors = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".door")]);
  const rail = document.getElementById("rail");
  const toggle = /** @type {HTMLButtonElement} */ (rail.querySelector(".rail-toggle"));
  const inSight = (/** @type {HTMLElement} */ node) => node.getClientRects().length > 0;
  root.dataset.doors = "shut";

  // --- doors: one at a time; what was opened stays marked, for paper ---

  const open = (/** @type {HTMLElement | undefined} */ door) => {
    for (const other of doors) other.toggleAttribute("data-open", other === door);
    door?.setAttribute("data-opened", "");
    for (const link of document.querySelectorAll(".doors a")) link.setAttribute("aria-expanded", String(link.getAttribute("href") === `#${door?.id}`));
    dispatchEvent(new Event("lab:door")); // what is in sight now was not before
  };

  // --- the address ---

  const wanted = () => {
    try {
      return decodeURIComponent(location.hash.slice(1));
    } catch {
      return ""; // damaged on the way
    }
  };
  /** @param {HTMLElement} node */
  const show = (node, focus = true) => {
    if (!framed || focus) node.scrollIntoView();
    else scrollTo(0, node.getBoundingClientRect().top + scrollY); // nobody asked to move the page around the frame
  };
  const go = (focus = true, name = wanted()) => {
    const place = document.getElementById(name);
    if (!place) return;
    const door = /** @type {HTMLElement} */ (place.closest(".door"));
    if (door) open(door);
    const target = door ?? /** @type {HTMLElement} */ (place.closest(".scene")) ?? place;
    if (!inSight(target)) return; // still shut: the rail says so
    show(inSight(place) && !place.matches(".lesson, .lesson *") ? place : target, focus);
    if (focus) target.querySelector(/** @type {"h3"} */ ("h3, h2"))?.focus({ preventScroll: true });
  };
  addEventListener("hashchange", () => go());
  document.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("a[data-shut], .doors a[aria-expanded='true']");
    if (!link) return;
    event.preventDefault();
    const door = link.closest(".door") ?? document.querySelector(".door[data-open]");
    const opener = /** @type {HTMLElement} */ (document.querySelector(`.doors a[href="#${door?.id}"]`));
    open(undefined);
    history.replaceState(history.state, "", `#${opener.closest(".scene")?.id}`);
    opener.focus();
  });

  // --- where the reader is ---

  let here = "";
  const seen = () => {
    const line = innerHeight * 0.4;
    const at = scenes.filter(inSight).findLast((scene) => scene.getBoundingClientRect().top <= line) ?? scenes[0];
    if (!at || at.id === here) return;
    here = at.id;
    for (const link of rail.querySelectorAll("a")) link.toggleAttribute("aria-current", false);
    const link = rail.querySelector(`a[href="#${CSS.escape(here)}"], a[href="#${here}"]`);
    link?.setAttribute("aria-current", "step");
    toggle.firstElementChild.textContent = `${scenes.indexOf(at) + 1}/${scenes.length}  ${link?.textContent ?? ""}`;
    const told = wanted();
    if (scrollY > 0 && (!told || scenes.some(({ id }) => id === told))) history.replaceState(history.state, "", `${location.pathname}${location.search}#${here}`);
  };
  let due = 0;
  const soon = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      seen();
    });
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  new MutationObserver(soon).observe(rail, { attributes: true, attributeFilter: ["data-state"], subtree: true });
  document.addEventListener("DOMContentLoaded", soon);
  soon();

  // --- keys, and the folded rail ---

  const step = (/** @type {number} */ by) => {
    const shown = scenes.filter(inSight);
    const next = shown[shown.findIndex(({ id }) => id === here) + by];
    if (next) location.hash = next.id;
  };
  addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "PageDown" || event.key === "PageUp") {
      event.preventDefault();
      step(event.key === "PageDown" ? 1 : -1);
    }
  });
  const fold = (/** @type {boolean} */ shown) => toggle.setAttribute("aria-expanded", String(shown));
  toggle.addEventListener("click", () => fold(toggle.getAttribute("aria-expanded") === "false"));
  rail.addEventListener("click", ({ target }) => {
    if (/** @type {HTMLElement} */ (target).closest("a")) fold(false);
  });
  addEventListener("keydown", ({ key }) => key === "Escape" && fold(false));

  /** Go where the address leads, which a frame has noted and taken out of it (embed.js). */
  const arrive = () => {
    const name = wanted() || root.dataset.place;
    if (name) go(false, name);
  };
  // The page before Python may not yet show what the address names: what was committed opens it.
  const ready = new MutationObserver(() => {
    if (root.dataset.boot === "loading") return;
    ready.disconnect();
    arrive();
  });
  ready.observe(root, { attributes: true, attributeFilter: ["data-boot"] });
  arrive();
})();
