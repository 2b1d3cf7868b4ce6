// Registers the service worker once Python is up, says when the page works without a network, and offers a new version. It
// knows no words: they stand on the page, hidden until they are true.
"use strict";
(() => {
  const PATIENCE_MS = 3000;
  const box = (/** @type {string} */ name) => document.getElementById(name);

  const offer = (/** @type {ServiceWorker} */ waiting) => {
    box("update").hidden = false;
    box("update-now").addEventListener("click", () => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      waiting.postMessage("take over");
    });
  };
  const watch = (/** @type {ServiceWorker} */ worker) =>
    worker.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
    });
  /** Whether every file is kept: what is missing is fetched first (sw.js). @type {(registration: ServiceWorkerRegistration) => Promise<boolean>} */
  const whole = ({ active }) =>
    new Promise((told) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => told(data);
      active.postMessage([document.documentElement.lang], [port2]);
    });
  const say = async (/** @type {ServiceWorkerRegistration} */ registration) => {
    const kept = await whole(registration);
    document.documentElement.dataset.kept = kept ? "whole" : "part";
    const stock = window.labRefuses(); // boot.js: its file isn't kept
    box("stock-code").hidden = !stock;
    if (!kept || stock) return;
    box("offline-ready").hidden = false;
    document.head.append(box("installable").content); // a browser that can install it shows that at once, frame by frame
  };
  const register = async () => {
    try {
      const found = await navigator.serviceWorker.register("sw.js", { updateViaCache: "none" });
      if (found.waiting && navigator.serviceWorker.controller) offer(found.waiting);
      found.addEventListener("updatefound", () => watch(found.installing));
      await say(await navigator.serviceWorker.ready);
    } catch {
      // A browser that allows no service worker here (a file, a strict frame, a private window): the page needs the network.
      // Or there is none just now, and what is kept from an earlier visit holds.
      const earlier = await navigator.serviceWorker.getRegistration().catch(() => /** @type {undefined} */ (undefined));
      if (earlier?.active) say(earlier);
    }
  };
  // A course system keeps the site itself: in its place none of ours may stand (tools/scorm.py).
  const ready = () => ("serviceWorker" in navigator && !document.documentElement.dataset.host ? register() : undefined);
  if (document.documentElement.dataset.boot === "ready") ready();
  else addEventListener("lab:ready", ready, { once: true });

  /** Whether the site can be had anew: its service worker comes, whole, and is no page of the network's own. */
  const canBeHad = async () => {
    const answer = await fetch("sw.js", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await answer.text();
    const whole = text.startsWith("const SITE = ") && text.includes("\n// whole ");
    return answer.ok && /javascript/.test(answer.headers.get("Content-Type")) && whole;
  };
  // A page that can't start may be one whose saved copy is spoilt: reloading then also drops the copy, if another can be had.
  window.labForget = async () => {
    try {
      if (!(await canBeHad())) return;
      for (const found of await navigator.serviceWorker.getRegistrations()) {
        if (location.href.startsWith(found.scope)) await found.unregister();
      }
      for (const name of await caches.keys()) if (name.startsWith(`kv-lab ${new URL(".", location.href).href} `)) await caches.delete(name);
    } catch {
      // No network, or not the site's: what is kept is all there is.
    } finally {
      location.reload();
    }
  };
})();
