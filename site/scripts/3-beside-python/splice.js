// SPLICE (cssplice.org): the page around the frame keeps the learner's work and takes the points. This script asks it for what it
// keeps and tells it what changed; whether anything may go there is Python's to decide (state/hosting.py).
"use strict";
(() => {
  const PATIENCE_MS = 15000; // a page that keeps nothing may answer nothing
  const id = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
  let asked = 0;
  /** @type {string} */
  let origin = null; // of the host: nothing about the learner goes anywhere else

  /** What a host gives back, as text; hosts keep objects, some of them as JSON. Throws for what is neither. @param {unknown} state */
  const text = (state) => (typeof state === "string" ? state : state === undefined ? null : JSON.stringify(state));

  const guessed = () => {
    try {
      return location.ancestorOrigins?.[0] ?? new URL(document.referrer).origin;
    } catch {
      return null; // a host that says nothing of itself gets nothing
    }
  };

  window.labHost = {
    read: (told) => {
      const waited = setTimeout(() => {
        origin ??= guessed();
        if (/^https?:/.test(origin)) told("silent", null);
      }, PATIENCE_MS);
      addEventListener("message", ({ source, origin: theirs, data }) => {
        if (source !== parent || !/^https?:/.test(theirs) || !data) return;
        if (data.subject !== "SPLICE.getState.response" || data.message_id !== id) return;
        clearTimeout(waited);
        origin = theirs;
        try {
          if (data.error) throw data.error;
          told("state", text(data.state));
        } catch {
          told("lost", null);
        }
      });
      parent.postMessage({ subject: "SPLICE.getState", message_id: id }, "*");
    },

    report: (score, state) => {
      const message_id = `${id}-${++asked}`;
      parent.postMessage({ subject: "SPLICE.reportScoreAndState", message_id, score, state: JSON.parse(state) }, origin);
    },
  };
  dispatchEvent(new Event("lab:host"));
})();
