// Registers the service worker once Python is up, says when the page works without a network, and offers a new version. It
// knows no words: they stand on the page, hidden until they are true.
"use strict";
(() => {
  const box = (name) => document.getElementById(name);

  const offer = (waiting) => {
    box("update").hidden = false;
    box("update-now").addEventListener("click", () => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      waiting.postMessage("take over");
    });
  };
  const watch = (worker) =>
    worker.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
    });
  const register = async () => {
    try {
      const found = await navigator.serviceWorker.register("sw.js", { updateViaCache: "none" });
      if (found.waiting && navigator.serviceWorker.controller) offer(found.waiting);
      found.addEventListener("updatefound", () => watch(found.installing));
      await navigator.serviceWorker.ready;
      box("offline-ready").hidden = false;
      document.head.append(box("installable").content); // a browser that can install it shows that at once, frame by frame
    } catch {
      // A browser that allows no service worker here (a file, a strict frame, a private window): the page needs the network.
    }
  };
  const ready = () => ("serviceWorker" in navigator ? register() : undefined);
  if (document.documentElement.dataset.boot === "ready") ready();
  else addEventListener("lab:ready", ready, { once: true });

  // A page that can't start may be one whose saved copy is spoilt: reloading then also drops the copy.
  window.labForget = async () => {
    try {
      for (const found of await navigator.serviceWorker.getRegistrations()) {
        if (location.href.startsWith(found.scope)) await found.unregister();
      }
      for (const name of await caches.keys()) if (name.startsWith(`kv-lab ${new URL(".", location.href).href} `)) await caches.delete(name);
    } finally {
      location.reload();
    }
  };
})();
