// The walk: which scene the reader is in, which door stands open, and the address that says both. It needs no Python: a page that
// is only read can be walked too. Without scripts every door stands open and the links are anchors.
"use strict";
(() => {
  const root = document.documentElement;
  /** @type {HTMLElement[]} */
  const scenes = [...document.querySelectorAll(".scene:not(.door)")];
  /** @type {HTMLElement[]} */
  const doors = [...document.querySelectorAll(".door")];
  const rail = document.getElementById("rail");
  const toggle = rail.querySelector("button");
  const isShown = (/** @type {HTMLElement} */ node) => node.getClientRects().length > 0;
  const wanted = (address = location.href) => {
    try {
      return decodeURIComponent(new URL(address).hash.slice(1));
    } catch {
      return ""; // a % that begins nothing names no place
    }
  };
  const openers = (/** @type {string} */ id) => document.querySelectorAll(`.doors a[href="#${id}"]`);
  const stop = (/** @type {string} */ id) => rail.querySelector(`a[href="#${id}"]`);
  const isShut = (/** @type {string} */ id) => stop(id)?.closest("[data-state]").dataset.state === "shut";
  root.dataset.doors = "led";

  // --- doors: one at a time; what was opened is marked, since paper shows it ---

  /** @param {HTMLElement} [opened] */
  const open = (opened) => {
    for (const door of doors) {
      door.toggleAttribute("data-open", door === opened);
      for (const link of openers(door.id)) link.setAttribute("aria-expanded", String(door === opened));
    }
    opened?.setAttribute("data-opened", "");
  };
  const shut = () => {
    const door = doors.find((door) => door.hasAttribute("data-open"));
    const [opener] = openers(door?.id ?? "");
    open();
    if (!opener) return;
    history.replaceState(history.state, "", `#${opener.closest(".scene").id}`);
    opener.focus();
  };

  // What Python has to show may stand behind a door; what gets the focus there, it says itself.
  window.labReach = (node) => {
    const door = doors.find((door) => door.contains(node));
    if (!door || door.hasAttribute("data-open")) return;
    open(door);
    history.pushState(history.state, "", `#${door.id}`);
  };

  // --- the address: a scene, a door, or anything that stands in one ---

  /** @param {HTMLElement} node @param {boolean} asked */
  const bring = (node, asked) => {
    const behavior = asked ? "auto" : "instant"; // what still comes in above would make a slow scroll end elsewhere
    if (asked || parent === window) node.scrollIntoView({ behavior });
    else scrollTo({ top: node.getBoundingClientRect().top + scrollY, behavior }); // the page around the frame stays where its reader has it
  };
  // An address that names what is still shut: where it leads, that is said until its reader goes on, or until it opens.
  const stillShut = document.getElementById("still-shut");
  const tell = () => {
    const { id } = stillShut.dataset;
    stillShut.hidden = root.dataset.boot === "loading" || !isShut(id); // what the record opens isn't known yet
    const text = stillShut.hidden ? "" : window.labWord("still_shut", { title: stop(id).textContent });
    if (stillShut.textContent !== text) stillShut.textContent = text;
  };
  const go = (focus = true, name = wanted()) => {
    const place = document.getElementById(name);
    if (!place) return;
    const door = doors.find((door) => door.contains(place));
    if (door) open(door);
    const at = door ?? scenes.find((scene) => scene.contains(place)) ?? place;
    // What is still shut is opened by the question before it: the last scene that can be seen.
    const target = isShown(at) ? at : scenes.filter((scene) => isShown(scene) && scene.compareDocumentPosition(at) & 4).at(-1);
    if (!target) return;
    stillShut.dataset.id = at.id;
    if (target !== at) target.querySelector(".scene-head")?.after(stillShut);
    tell();
    bring(target === at && isShown(place) && !place.matches(".lesson, .lesson *") ? place : target, focus);
    if (focus) target.querySelector("h2, h3")?.focus({ preventScroll: true });
  };
  // Not where the address leads now: a scroll that has not come to rest may have written into it since.
  addEventListener("hashchange", ({ newURL }) => go(true, wanted(newURL)));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link?.matches("[data-shut], .doors [aria-expanded='true']")) {
      event.preventDefault();
      shut();
    } else if (link?.getAttribute("href") === location.hash) {
      event.preventDefault(); // pressed once more: no event tells of it, and a browser left alone takes the focus away
      go();
    }
  });

  // --- where the reader is ---

  let here = "";
  let above = 0; // pixels of that scene that are scrolled away, of so many
  let tall = 1;
  const look = () => {
    const shown = scenes.filter(isShown);
    const top = (/** @type {HTMLElement} */ scene) => scene.getBoundingClientRect().top;
    const clear = parseFloat(getComputedStyle(root).scrollPaddingTop);
    const at = shown.find((scene) => Math.abs(top(scene) - clear) < 4) ?? shown.findLast((scene) => top(scene) <= innerHeight * 0.4) ?? shown[0];
    if (!at) return;
    [above, tall] = [-top(at), at.offsetHeight];
    const link = stop(at.id);
    const place = `${scenes.indexOf(at) + 1}/${scenes.length}  ${link?.textContent ?? ""}`; // the other side asks other questions
    if (toggle.firstElementChild.textContent !== place) toggle.firstElementChild.textContent = place;
    if (!stillShut.hidden) tell();
    if (at.id === here) return;
    if (document.getElementById(here)?.contains(stillShut)) stillShut.hidden = true;
    here = at.id;
    for (const link of rail.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
    link?.setAttribute("aria-current", "step");
    link?.parentElement.scrollIntoView({ block: "nearest", behavior: "instant" }); // a rail may be longer than its window
    if (root.dataset.boot === "loading") return; // what the record opens isn't there yet: the address knows better
    const said = wanted(); // of a frame nobody sees the address
    if (parent === window && scrollY > 0 && (!said || scenes.some(({ id }) => id === said))) history.replaceState(history.state, "", `#${here}`);
  };
  let due = 0;
  const soon = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      look();
    });
  };
  addEventListener("scroll", soon, { passive: true });
  let wide = innerWidth;
  let high = innerHeight;
  addEventListener("resize", () => {
    const scene = document.getElementById(here);
    if (scene && innerWidth !== wide) {
      // a phone was turned: all is as high as it wasn't, and the reader stays where they were
      const kept = above * (above > 0 ? scene.offsetHeight / tall : innerHeight / high);
      scrollBy({ top: scene.getBoundingClientRect().top + kept, behavior: "instant" });
    }
    [wide, high] = [innerWidth, innerHeight];
    soon();
  });
  addEventListener("submit", (event) => event.preventDefault()); // Enter in a field: there is nowhere to send it
  new MutationObserver(soon).observe(rail, { attributeFilter: ["data-state"], childList: true, characterData: true, subtree: true });
  soon();

  // --- the game: a page of its own, which comes when its scene is near ---

  const game = document.querySelector(".scene.game .play a");
  const coming = new IntersectionObserver(
    ([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      coming.disconnect();
      const frame = document.createElement("iframe");
      frame.title = document.getElementById("play-title").textContent;
      frame.src = game.getAttribute("href");
      document.querySelector(".scene.game .bench").append(frame);
    },
    { rootMargin: "50%" },
  );
  if (game) coming.observe(game);

  // --- keys, and the folded rail ---

  const fold = (/** @type {boolean} */ shown) => toggle.setAttribute("aria-expanded", String(shown));
  toggle.addEventListener("click", () => fold(toggle.getAttribute("aria-expanded") === "false"));
  rail.addEventListener("click", (event) => event.target.closest("a") && fold(false));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") fold(false);
    const by = { PageDown: 1, PageUp: -1 }[event.key];
    if (!by || !event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const shown = scenes.filter(isShown);
    const next = shown[shown.findIndex(({ id }) => id === here) + by];
    if (next) location.hash = next.id;
  });

  /** Where the address leads; in a frame it has been noted and taken out of the address (embed.js). */
  const arrive = () => {
    const name = wanted() || root.dataset.place;
    if (name) go(false, name);
  };
  // What the address names may be there only once the record has opened it.
  new MutationObserver((_, seen) => {
    if (root.dataset.boot === "loading") return;
    seen.disconnect();
    arrive();
  }).observe(root, { attributes: true, attributeFilter: ["data-boot"] });
  arrive();
})();
