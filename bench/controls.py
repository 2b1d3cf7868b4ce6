"""Whether each instrument answers its own controls within a frame, with its data at hand.

One frame of a screen is 16.7 ms: an answer whose work takes less stands in the next one. A control that starts a simulation isn't
here: what follows is the simulation's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from bench.figures import markdown, percentile
from bench.frames import learners

MOVES = 20
FRAME_MS = 1000 / 60


@dataclass(frozen=True)
class Control:
    """An instrument's control and what it changes, as CSS selectors; `event` is what a hand at it makes."""

    name: str
    control: str
    changes: str
    event: str = "input"


def keyed(key: str) -> str:
    """The node with this key."""
    return f'[data-key="{key}"]'


CONTROLS = (
    Control("calculator: context", keyed("act1.context.range"), keyed("act1.card.users")),
    Control("calculator: cache precision", "[id='act1.kv_bits.select']", keyed("act1.card.kv_user"), "change"),
    Control("block map: position", keyed("act1.blocks.position"), keyed("act1.blocks")),
    Control("serving floor: position", keyed("act2.replay.position"), keyed("act2.replay")),
    Control("serving floor: request", '[data-action="pick"][data-move="later"]', keyed("act2.replay.why"), "click"),
    Control("roofline: batch", keyed("act2.roof.batch.range"), keyed("act2.roof.plot")),
    Control("roofline: context", keyed("act2.roof.context.range"), keyed("act2.roof.plot")),
    Control("step's parts: context", keyed("act2.roof.context.range"), keyed("act2.steps.body")),
    Control("frontier: side", "[id='act2.sweep_side.select']", keyed("act2.frontier.intro"), "change"),
)

# Milliseconds of work for each event of a control: what the page does at the event, and the whole of the next frame, style,
# layout and paint included. What the page waits for the screen between the two isn't counted, since a real hand's moves come just
# before a frame. If what the control changes (nodes below it, or a canvas that was painted) hasn't changed by then, it counts
# until it has.
ANSWERS = """async ([control, changes, event, moves]) => {
  const node = document.querySelector(control), target = document.querySelector(changes);
  const frame = () => new Promise(requestAnimationFrame);
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const shut = node.closest(".door:not([data-open])");
  if (shut) location.hash = `#${shut.id}`;
  await rest(500);
  node.scrollIntoView({ block: "center", behavior: "instant" });
  await rest(500);
  let changed = () => {};
  const observer = new MutationObserver(() => changed());
  observer.observe(target, { subtree: true, childList: true, attributes: true, characterData: true });
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (target.contains(this.canvas)) changed();
    return clear.apply(this, box);
  };
  const afterThisTask = () => new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
  });
  const taken = [];
  for (let i = 0; i < moves; i += 1) {
    if (node.type === "range") {
      const [low, high, step] = [node.min, node.max, node.step].map(Number);
      const places = Math.max(1, Math.round((high - low) / step));
      const value = low + step * Math.round((places * ((i * 7) % moves)) / moves);
      if (String(value) === node.value) continue;
      node.value = value;
    } else if (node.options) {
      node.selectedIndex = (node.selectedIndex + 1) % node.options.length;
    }
    await frame();
    await afterThisTask(); // the frame before is over
    let seen = 0;
    changed = () => (seen += 1);
    const next = frame().then(() => performance.now()); // asked for first, so it is called before what the page asks for
    const begun = performance.now();
    if (event === "click") node.click();
    else node.dispatchEvent(new Event(event, { bubbles: true }));
    const handled = performance.now() - begun;
    const drawing = await next;
    await afterThisTask();
    const drawn = performance.now() - drawing;
    if (seen) {
      taken.push(handled + drawn);
    } else {
      const there = new Promise((done) => (changed = () => done(true)));
      if (await Promise.race([there, rest(3000)])) taken.push(performance.now() - begun);
    }
    changed = () => {};
    await rest(node.type === "range" ? 0 : 150);
  }
  if (node.type === "range") node.dispatchEvent(new Event("change", { bubbles: true }));
  observer.disconnect();
  CanvasRenderingContext2D.prototype.clearRect = clear;
  return taken;
}"""


def measure(dist: Path) -> list[dict[str, Any]]:
    """The times of each control at each width, of a visitor who is in Act II, everything simulated."""
    found = []
    for size, page in learners(dist):
        page.wait_for_selector(f"{keyed('act2.replay')}[data-scene]:not([data-state=waiting])")
        for one in CONTROLS:
            print(f"{one.name} at {size['width']} pixels", flush=True)
            found.append({"control": one.name, "width": size["width"], "taken_ms": answers(page, one)})
    return found


def answers(page: Page, one: Control) -> list[float]:
    """The times of one control; those moves are missing after which nothing changed within three seconds."""
    taken: list[float] = page.evaluate(ANSWERS, [one.control, one.changes, one.event, MOVES])
    page.wait_for_timeout(3000)  # what it started besides is over
    return taken


def table(found: list[dict[str, Any]]) -> str:
    """Medians and slowest of each, and how many came within a frame."""
    rows = [("instrument and control", "width", "moves", "p50", "p95", f"within {FRAME_MS:.1f} ms")]
    for one in found:
        taken = one["taken_ms"] or [float("nan")]
        within = sum(ms <= FRAME_MS for ms in taken) / len(taken)
        p50, p95 = percentile(taken, 0.50), percentile(taken, 0.95)
        size = f"{one['width']} px"
        rows.append((one["control"], size, str(len(taken)), f"{p50:.1f} ms", f"{p95:.1f} ms", f"{100 * within:.0f} %"))
    return markdown(rows)
