"""What each pass of the build brings: the lab as it is, beside the lab without the one pass, visit by visit in turns."""

from __future__ import annotations

import statistics
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench import page
from bench.figures import spread
from bench.host import Host
from bench.subjects import LAB
from tools import bundle, passes, runtimes

WHOLE, PLAIN = "all", "none"
WORTH = 1.03  # a pass that brings less than this on every line is not worth its keep
Ready = dict[str, dict[str, list[float]]]  # seconds until Python is ready, by site and kind of visit


def measure(cache: Path, runs: int) -> Ready:
    """Seconds until Python is ready, of the whole site, of one without each pass, and of one without any."""
    sites = {WHOLE: (), **{name: (name,) for name in passes.NAMES}, PLAIN: passes.NAMES}
    samples: page.Samples = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright, ExitStack() as stack:
        hosts = {}
        for name, without in sites.items():
            folder = Path(scratch) / name
            bundle.build(runtimes.ROOT / "site", folder, cache, without=without)
            hosts[name] = stack.enter_context(Host(folder))
        profiles = Path(scratch) / "profiles"
        profiles.mkdir()
        place = page.Place(hosts, profiles, cache)
        for run in range(runs):
            for name in sites:
                print(f"visit {run + 1} of {runs}: {'whole' if name == WHOLE else f'without {name}'}", flush=True)
                for line in page.LINES:
                    page.fresh_and_used(playwright, place, replace(LAB, name=name), line, samples)
    kinds = [(line, state) for line in page.LINES for state in (page.FRESH, page.USED)]
    return {
        name: {f"{state}, {line}": samples[name, "ready_ms", line, state] for line, state in kinds} for name in sites
    }


def table(found: Ready) -> str:
    """A row per pass: how many times as long Python takes without it, on each kind of visit; the whole site in seconds."""
    kinds = list(found[WHOLE])
    rows = [["Python ready", *kinds], ["-"] * (len(kinds) + 1)]
    rows.append(["whole", *(spread(found[WHOLE][kind], "s") for kind in kinds)])
    for name in (*passes.NAMES, PLAIN):
        label = "without any" if name == PLAIN else f"without `{name}`"
        rows.append([label, *(f"{times(found, name, kind):.2f}×" for kind in kinds)])
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    idle = [name for name in passes.NAMES if all(times(found, name, kind) < WORTH for kind in kinds)]
    return f"{text}\n\n{_verdict(idle)}"


def _verdict(idle: list[str]) -> str:
    """What the table says of passes that bring nothing here."""
    if not idle:
        return "Each pass brings 3 % or more on some kind of visit."
    return f"Under 3 % on every kind of visit: {', '.join(idle)}. What a pass brings elsewhere stands in tools/passes."


def times(found: Ready, name: str, kind: str) -> float:
    """How many times as long it takes without a pass: the median of the ratios of neighbours in time."""
    pairs = zip(found[name][kind], found[WHOLE][kind], strict=True)
    return statistics.median(without / whole for without, whole in pairs)
