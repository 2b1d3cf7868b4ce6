// The lab as a SCORM package: the course system keeps the learner's work and takes the points. The build puts the wrapper around
// the system's own functions before this script (tools/scorm.py); what the texts mean, and what has room, is Python's to know.
"use strict";
(() => {
  const { scorm } = window.labScorm;
  const root = document.documentElement;
  const version = root.dataset.host; // "1.2" or "2004"
  const NAMES = {
    "1.2": {
      room: 4096, mode: "cmi.core.lesson_mode", status: "cmi.core.lesson_status", place: "cmi.core.lesson_location",
      score: "cmi.core.score", time: "cmi.core.session_time", exit: "cmi.core.exit",
    },
    2004: {
      room: 64000, mode: "cmi.mode", status: "cmi.completion_status", place: "cmi.location",
      score: "cmi.score", time: "cmi.session_time", exit: "cmi.exit",
    },
  }[version];
  const API = version === "1.2" ? "API" : "API_1484_11";
  const DATA = "cmi.suspend_data", DONE = ["completed", "passed", "failed"];
  const FINE = [0, 201, 401, 402, 403]; // no error; or the system doesn't know that name, or has no value under it yet
  const AGAIN_MS = [1000, 2000, 4000]; // after so long a system that can't be asked is asked once more
  const begun = performance.now();

  /** What comes of a call; a system that throws is one that isn't there. @template T @param {() => T} call @param {T} otherwise */
  const tried = (call, otherwise) => {
    try {
      return call();
    } catch {
      return otherwise;
    }
  };
  scorm.configure({ version });
  scorm.isDebugActive = scorm.handleCompletionStatus = scorm.handleExitMode = false;
  /** @type {(win: any) => boolean} */
  const around = (win) => Boolean(win[API]) || (win.parent !== win && around(win.parent));
  /** Whether there is a course system around this page, whether it answers or not. */
  const isAround = tried(() => around(window), false) || tried(() => around(window.top.opener), false);
  const initialized = () => scorm.isActive || tried(() => scorm.initialize(), false);
  initialized();
  /** What the system has under a name, null where it can't be asked. @returns {string | null} */
  const get = (/** @type {string} */ name) =>
    tried(() => {
      const value = scorm.get(name);
      if (!["", "null", "undefined"].includes(value)) return value;
      return FINE.includes(scorm.getLastError()) ? "" : null;
    }, null);
  let isKept = false, wasDone = false;

  /** The time of this visit, as the standard writes it. */
  const time = () => {
    const seconds = (performance.now() - begun) / 1000;
    if (version === "2004") return `PT${seconds.toFixed(2)}S`;
    const two = (/** @type {number} */ number, digits = 0) => number.toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
    return `${two(Math.floor(seconds / 3600)).padStart(4, "0")}:${two(Math.floor((seconds / 60) % 60))}:${two(seconds % 60, 2)}`;
  };
  /** @param {[string, string][]} values */
  const set = (values) => values.map(([name, value]) => tried(() => scorm.set(name, value), false)).every(Boolean);
  const leave = () => {
    if (!scorm.isActive) return;
    const here = document.querySelector(".rail a[aria-current]")?.getAttribute("href").slice(1);
    if (isKept) set([...(here ? [/** @type {[string, string]} */ ([NAMES.place, here])] : []), [NAMES.time, time()], [NAMES.exit, "suspend"]]);
    scorm.commit = () => true; // to end is to commit, and a page that is left may not wait for an answer
    tried(() => scorm.terminate(), false);
  };

  /** Ask for what the system keeps. What can't be read may be a whole course's work: then nothing is set over it.
      @param {Told} told @param {number} [tries] */
  const read = (told, tries = 0) => {
    if (!isAround) return told("absent", null);
    const [mode, status, data] = initialized() ? [NAMES.mode, NAMES.status, DATA].map(get) : [null, null, null];
    if (mode === null || status === null || data === null) {
      if (tries < AGAIN_MS.length) setTimeout(read, AGAIN_MS[tries], told, tries + 1);
      else told("mute", null);
      return;
    }
    isKept = !["review", "browse"].includes(mode);
    wasDone = DONE.includes(status);
    told(isKept ? "state" : "review", data || null);
    const place = get(NAMES.place);
    if (place === null || !/^[\w/.-]{1,80}$/.test(place)) return;
    requestAnimationFrame(() => requestAnimationFrame(() => location.replace(`#${place}`))); // once what was done is shown
  };

  window.labHost = {
    alone: isAround,
    room: NAMES.room,
    read,
    report: (share, text, done) => {
      if (!isKept || !scorm.isActive) return true;
      const points = String(Math.round(share * 1e4) / 100);
      const scaled = String(Math.round(share * 1e7) / 1e7); // seven decimals are what every system takes
      /** @type {[string, string][]} */
      const more = version === "2004" ? [["cmi.score.scaled", scaled], ["cmi.progress_measure", scaled]] : [];
      if (!wasDone || done) more.push([NAMES.status, done ? "completed" : "incomplete"]);
      return (
        set([
          [DATA, text],
          [`${NAMES.score}.min`, "0"],
          [`${NAMES.score}.max`, "100"],
          [`${NAMES.score}.raw`, points],
          ...more,
        ]) && tried(() => scorm.commit(), false)
      );
    },
    leave,
  };
  // A page that Python never took over has nothing to report, and says goodbye itself.
  addEventListener("pagehide", () => root.dataset.boot !== "ready" && leave());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
})();
