"""Dragging the slider: how soon the chart follows, what blocks the page, what is left behind in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import Page

from bench.browser import Memory
from bench.figures import percentile
from bench.subjects import Subject

MOVES_PER_S = 60  # as often as most screens show a frame
SWEEP_S = 4.0  # there and back
MOVES = 1000
WARM_UP_MOVES = 600  # until then engines and caches still fill up, in the bare page too
REST_MS = 1500


@dataclass
class Dragged:
    """What the turns at one page's slider gave: one entry a turn, and growth over all of them."""

    p50_ms: list[float] = field(default_factory=list)
    p95_ms: list[float] = field(default_factory=list)
    long_tasks: list[float] = field(default_factory=list)
    longest_ms: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    heap_mb: list[float] = field(default_factory=list)
    drag_growth_kb: list[float] = field(default_factory=list)
    moves_growth_kb: list[float] = field(default_factory=list)


class Dragging:
    """One page at whose slider someone drags, turn by turn."""

    def __init__(self, page: Page, subject: Subject, memory: Memory) -> None:
        self.page, self.subject, self.memory = page, subject, memory
        self.found = Dragged()
        self.slider = page.locator(subject.slider)
        subject.to_slider(page)
        self.slider.evaluate("node => node.scrollIntoView({ block: 'start', behavior: 'instant' })")
        page.evaluate("count => bench.move(count)", WARM_UP_MOVES)
        self.rest()
        self.heap_before = memory.heap_bytes()

    def rest(self) -> None:
        """Let the page finish what follows when the slider comes to rest."""
        self.page.wait_for_timeout(REST_MS)

    def turn(self, seconds: float) -> None:
        """Drag with the mouse for so long, and note what was seen. Raises RuntimeError when the chart doesn't follow."""
        self.page.evaluate("() => void (bench.end = bench.turn())")
        drag(self.page, self.subject, seconds)
        self.rest()
        seen = self.page.evaluate("() => bench.end()")
        if seen["unanswered"] or not seen["latencies_ms"]:
            raise RuntimeError(
                f"{self.subject.name}: the chart left {seen['unanswered']} moves of the slider unanswered"
            )
        self.found.p50_ms.append(percentile(seen["latencies_ms"], 0.50))
        self.found.p95_ms.append(percentile(seen["latencies_ms"], 0.95))
        self.found.long_tasks.append(len(seen["long_tasks_ms"]))
        self.found.longest_ms.append(max(seen["long_tasks_ms"], default=0.0))

    def look(self) -> None:
        """Note what the page holds now."""
        self.found.heap_mb.append(self.memory.heap_bytes() / 1e6)
        if (resident := self.memory.resident_bytes()) is not None:
            self.found.resident_mb.append(resident / 1e6)

    def end(self, *, thousand: bool) -> Dragged:
        """Growth over all turns, then over a `thousand` moves if that is wanted; and everything found."""
        before = self.memory.heap_bytes()
        self.found.drag_growth_kb.append((before - self.heap_before) / 1e3)
        if thousand:
            self.page.evaluate("count => bench.move(count)", MOVES)
            self.rest()
            self.found.moves_growth_kb.append((self.memory.heap_bytes() - before) / 1e3)
        return self.found


def drag(page: Page, subject: Subject, seconds: float) -> None:
    """Press the mouse on the slider, sweep it back and forth, let go."""
    box = page.locator(subject.slider).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1, y)
    page.mouse.down()
    for share in sweep(seconds):
        page.mouse.move(box["x"] + share * box["width"], y)
    page.mouse.up()


def sweep(seconds: float) -> Iterator[float]:
    """Where a hand has the slider, as a share of its length, sixty times a second or as often as the page keeps up."""
    begun = due = time.monotonic()
    while (now := time.monotonic()) - begun < seconds:
        phase = (now - begun) % SWEEP_S / SWEEP_S
        yield 1 - abs(2 * phase - 1)
        due = max(due + 1 / MOVES_PER_S, now)
        time.sleep(max(0.0, due - time.monotonic()))
