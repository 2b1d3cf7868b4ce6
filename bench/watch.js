// What is observed inside a page, the same way in every page that is measured. It runs before the page's own scripts;
// `benchSubject` names the nodes: {choice, slider, chart}, CSS selectors, `choice` null where a page has none.
"use strict";
(() => {
  const { choice, slider, chart } = benchSubject;
  /** @type {Record<string, number>} */
  const seen = { first_paint_ms: null, choice_ms: null, ready_ms: null, layout_shift: 0, time_origin_ms: performance.timeOrigin };
  /** @type {(type: string, deed: (entry: any) => void) => void} */
  const observe = (type, deed) => new PerformanceObserver((list) => list.getEntries().forEach(deed)).observe({ type, buffered: true });

  // --- the way up ---
  observe("paint", ({ name, startTime }) => {
    if (name === "first-contentful-paint") seen.first_paint_ms = startTime;
  });
  observe("layout-shift", ({ hadRecentInput, value }) => {
    if (!hadRecentInput) seen.layout_shift += value;
  });
  // The choice is there in the first frame that has it laid out and enabled.
  const look = () => {
    const node = document.querySelector(choice);
    if (node && !node.disabled && node.getClientRects().length) seen.choice_ms = performance.now();
    else if (seen.ready_ms === null) requestAnimationFrame(look);
  };
  if (choice) requestAnimationFrame(look);
  new MutationObserver(() => {
    if (seen.ready_ms === null && document.documentElement?.dataset.boot === "ready") seen.ready_ms = performance.now();
  }).observe(document, { subtree: true, attributeFilter: ["data-boot"] });

  // --- one turn at the slider ---
  const afterThisTask = (/** @type {() => void} */ deed) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = deed;
    port2.postMessage(null);
  };

  /**
   * Time every input event of the slider, from the event's own timestamp until the frame is done in which the chart changed
   * and its single point stands where that event, or a later one, put the slider. Returns a function that ends the turn and
   * gives {latencies_ms, unanswered, long_tasks_ms}.
   */
  function turn() {
    const node = document.querySelector(slider);
    const plot = document.querySelector(chart);
    /** @type {number[]} */
    const latencies_ms = [];
    /** @type {number[]} */
    const long_tasks_ms = [];
    /** @type {{at: number, value: number}[]} */
    let unanswered = [];
    let on = true;
    let inFrame = false; // between the frame's first callback and the task after its painting

    const frame = () => {
      if (!on) return;
      inFrame = true;
      afterThisTask(() => (inFrame = false));
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);

    const moved = (/** @type {Event} */ { target, timeStamp }) => {
      if (target === node) unanswered.push({ at: timeStamp, value: Number(node.value) });
    };
    const changed = new MutationObserver(() => {
      const point = plot.layout?.shapes?.find((shape) => shape.xanchor !== undefined)?.xanchor ?? plot.data?.find((trace) => trace.x?.length === 1)?.x[0];
      const last = unanswered.findLastIndex(({ value }) => value === point);
      const answered = unanswered.splice(0, last + 1);
      const painted = () => latencies_ms.push(...answered.map(({ at }) => performance.now() - at));
      if (inFrame) afterThisTask(painted);
      else requestAnimationFrame(() => afterThisTask(painted));
    });
    const tasks = new PerformanceObserver((list) => long_tasks_ms.push(...list.getEntries().map(({ duration }) => duration)));
    addEventListener("input", moved, true);
    changed.observe(plot, { subtree: true, childList: true, attributes: true, characterData: true });
    tasks.observe({ type: "longtask" });

    return () => {
      on = false;
      removeEventListener("input", moved, true);
      changed.disconnect();
      tasks.disconnect();
      return { latencies_ms, unanswered: unanswered.length, long_tasks_ms };
    };
  }

  const nextFrame = () => new Promise((done) => requestAnimationFrame(done));

  /** Move the slider `count` times, one move a frame, back and forth over its whole length. @param {number} count */
  async function move(count) {
    const node = document.querySelector(slider);
    const [low, high, step] = [node.min, node.max, node.step].map(Number);
    const places = Math.round((high - low) / step);
    for (let i = 0; i < count; i += 1) {
      const there = i % (2 * places);
      node.value = low + step * Math.min(there, 2 * places - there);
      node.dispatchEvent(new Event("input", { bubbles: true }));
      await nextFrame();
    }
    await nextFrame();
  }

  globalThis.bench = { seen, turn, move };
})();
