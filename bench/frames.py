"""How smoothly the replays play: frames a second over a while of each, on a desk and on a phone, in the built site.

A frame is late when it comes more than 25 ms after the one before it.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, sync_playwright

from acts.wall.actions import TwistFlipped
from bench.browser import CHROMIUM
from bench.figures import markdown
from bench.host import Host
from tests import lab as native
from tests.e2e.twin import document

SIZES: tuple[ViewportSize, ...] = ({"width": 1280, "height": 900}, {"width": 390, "height": 780})
REPLAYS = ("act1.blocks", "act2.replay")
LATE_MS = 25
PATIENCE_MS = 300_000

# Milliseconds between frames while a replay plays, begun anew when it ends.
PLAY = """async ([key, seconds]) => {
  const root = document.querySelector(`[data-key="${key}"]`), toggle = root.querySelector('[data-play="toggle"]');
  root.scrollIntoView({ behavior: "instant" });
  const gaps = [];
  const begun = performance.now();
  let before = begun;
  while (before - begun < seconds * 1000) {
    if (root.dataset.playing !== "true") toggle.click();
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - before);
    before = now;
  }
  toggle.click();
  return gaps.slice(2);
}"""


def measure(dist: Path, seconds: float) -> list[dict[str, Any]]:
    """The gaps between frames in ms, of Act I's larger memory and Act II's floor as it starts, at each width."""
    found = []
    for size, page in learners(dist):
        for key in REPLAYS:
            print(f"playing {key} at {size['width']} pixels", flush=True)
            found.append({"replay": key, "width": size["width"], "gaps_ms": played(page, key, seconds)})
    return found


def learners(dist: Path) -> Iterator[tuple[ViewportSize, Page]]:
    """At each width the built site as somebody meets it who comes back to Act II, with Act I's twist flipped."""
    text = document(native.after(native.walked(until=3), TwistFlipped(True)))
    with Host(dist) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["LAB_BROWSER"], args=CHROMIUM)
        for size in SIZES:
            page = browser.new_page(viewport=size, service_workers="block")
            page.set_default_timeout(PATIENCE_MS)
            page.add_init_script(f"localStorage.setItem('mlsys_design_ledger', {text!r})")
            page.goto(host.address)
            yield size, page
            page.close()
        browser.close()


def played(page: Page, key: str, seconds: float) -> list[float]:
    """The gaps between the frames of one replay."""
    page.wait_for_selector(f'[data-key="{key}"][data-scene]:not([data-state="waiting"])')
    gaps: list[float] = page.evaluate(PLAY, [key, seconds])
    return gaps


def table(found: list[dict[str, Any]]) -> str:
    """Frames a second, and how many came late."""
    rows = [("replay", "width", "frames/s, median", "mean", f"later than {LATE_MS} ms")]
    for one in found:
        gaps = one["gaps_ms"]
        late = sum(gap > LATE_MS for gap in gaps) / len(gaps)
        median, mean = 1000 / statistics.median(gaps), 1000 * len(gaps) / sum(gaps)
        rows.append((one["replay"], f"{one['width']} px", f"{median:.1f}", f"{mean:.1f}", f"{100 * late:.1f} %"))
    return markdown(rows)
