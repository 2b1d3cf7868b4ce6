"""How smoothly the replays play: frames a second over a minute of each, on a desk and on a phone, in the built site.

`python3 build.py bench` prints the table. A frame is late when it comes more than 25 ms after the one before it.
"""

from __future__ import annotations

import os
import statistics
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import store
from tests import lab as native
from tests.e2e.conftest import CHROMIUM, DESK, LEDGER
from tests.e2e.twin import document
from tools import server

SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
PHONE = {"width": 390, "height": 780}

# Milliseconds between frames while a replay plays, begun anew when it ends.
PLAY = """async ([key, seconds]) => {
  const root = document.querySelector(`[data-key="${key}"]`), toggle = root.querySelector('[data-play="toggle"]');
  root.scrollIntoView();
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


def measured(page: Page, key: str) -> str:
    """One line: the median and the worst second's frames, and the share of late ones."""
    gaps = page.evaluate(PLAY, [key, SECONDS])
    late = sum(gap > 25 for gap in gaps) / len(gaps)
    return f"{1000 / statistics.median(gaps):6.1f} {1000 * len(gaps) / sum(gaps):6.1f} {late:8.1%}"


def main() -> None:
    """Print the table, for Act I's larger memory and Act II's default floor."""
    site = server.server(Path(os.environ["LAB_DIST"]))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{site.server_port}"
    text = document(native.after(native.walked(until=3), store.TwistFlipped(True)))
    entry = {"origin": origin, "localStorage": [{"name": LEDGER, "value": text}]}
    print(f"{'replay, width':24} {'median':>6} {'mean':>6} {'late':>8}   frames a second, {SECONDS} s each")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["LAB_BROWSER"], args=CHROMIUM)
        for size in (DESK, PHONE):
            page = browser.new_page(viewport=size, storage_state={"cookies": [], "origins": [entry]})
            page.set_default_timeout(300_000)
            page.goto(origin)
            for key in ("act1.blocks", "act2.replay"):
                page.wait_for_selector(f'[data-key="{key}"][data-scene]:not([data-state="waiting"])')
                print(f"{key + ', ' + str(size['width']):24} {measured(page, key)}", flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
