"""How smoothly the game plays: frames over a minute at the most seats, on a desk and on a phone, how long until it can be begun,
and what ten games leave on JavaScript's heap."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.browser import CHROMIUM, Memory
from bench.figures import markdown
from bench.frames import SIZES
from bench.host import Host

GAMES = 10
LONG_MS = 50
PATIENCE_MS = 120_000

# The gaps between frames in ms while the free game runs with all seats and the tap open.
PLAY = """async (seconds) => {
  for (const [id, at] of [["seats", 15], ["tap", 17]]) {
    const hand = document.getElementById(id);
    hand.value = at;
    hand.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const gaps = [], begun = performance.now();
  let before = begun;
  while (before - begun < seconds * 1000) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - before);
    before = now;
  }
  return gaps.slice(2);
}"""
READY = "body[data-state=ready]"


def measure(dist: Path, seconds: float) -> dict[str, Any]:
    """The gaps between frames at each width; s until the game can be begun, cold and warm; bytes of the heap after each game."""
    found: dict[str, Any] = {"frames": [], "start_s": [], "heap_bytes": []}
    with Host(dist) as host, sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=os.environ["LAB_BROWSER"], args=CHROMIUM, service_workers="block"
        )
        page = context.pages[0]
        page.set_default_timeout(PATIENCE_MS)
        address = f"{host.address}run.html"
        for size in SIZES:
            print(f"playing at {size['width']} pixels", flush=True)
            page.set_viewport_size(size)
            found["start_s"].append(opened(page, f"{address}#level=free"))
            found["frames"].append({"width": size["width"], "gaps_ms": page.evaluate(PLAY, seconds)})
        print(f"{GAMES} games", flush=True)
        found["start_s"].append(opened(page, f"{address}#level=queue"))
        memory = Memory(page, Path(folder))
        for _ in range(GAMES):
            game(page)
            found["heap_bytes"].append(memory.heap_bytes())
        context.close()
    return found


def opened(page: Page, address: str) -> float:
    """Open the game anew. Returns s until it can be begun."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    page.wait_for_selector(READY)
    taken_s: float = page.evaluate("performance.now() / 1000")
    return taken_s


def game(page: Page) -> None:
    """One game at the highest speed, to its end, and the next one opened."""
    page.select_option("#speed", "20")
    page.click("#start")
    page.wait_for_selector("body[data-state=over]")
    page.wait_for_selector("#cost:not(:empty)")
    page.click("#again")
    page.wait_for_selector(READY)


def table(found: dict[str, Any]) -> str:
    """Frames a second and the longest gap by width; the starts; how much the heap grew over the games."""
    rows = [("the game with 256 seats", "frames/s, median", f"frames over {LONG_MS} ms", "longest")]
    for one in found["frames"]:
        gaps = one["gaps_ms"]
        long = sum(gap > LONG_MS for gap in gaps)
        rows.append(
            (
                f"{one['width']} px",
                f"{1000 / statistics.median(gaps):.1f}",
                f"{long} of {len(gaps)}",
                f"{max(gaps):.0f} ms",
            )
        )
    cold, *warm = found["start_s"]
    heap = found["heap_bytes"]
    said = f"\n\nCan be begun after {cold:.1f} s, then {min(warm):.1f} s. Heap {heap[1] / 1e6:.1f} MB after two games, "
    return markdown(rows) + said + f"{heap[-1] / 1e6:.1f} MB after {len(heap)}."
