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
  const DATA = "cmi.suspend_data", DONE = ["completed", "passed", "failed"];
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
  const there = tried(() => scorm.initialize(), false);
  const get = (/** @type {string} */ name) => tried(() => scorm.get(name), "");
  const mode = there ? get(NAMES.mode) : "";
  const isKept = there && !["review", "browse"].includes(mode);
  const wasDone = there && DONE.includes(get(NAMES.status));

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

  window.labHost = {
    alone: there,
    room: NAMES.room,
    read: (told) => {
      if (!there) return told("absent", null);
      told(isKept ? "state" : "review", get(DATA) || null);
      const place = get(NAMES.place);
      if (!/^[\w/.-]{1,80}$/.test(place)) return;
      requestAnimationFrame(() => requestAnimationFrame(() => location.replace(`#${place}`))); // once what was done is shown
    },
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
