"""The page: how soon it is there, what it weighs, how it follows a hand. The lab and the bare page take turns throughout.

A fresh visit is a browser with a profile that has seen nothing; a used one comes back to the same profile with a newly started
browser. `python3 build.py bench page` prints the table; docs/performance.md says what each line means.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from bench import bare, browser, held
from bench.figures import Bar, Measure
from bench.host import Host
from bench.interaction import Dragged, Dragging
from bench.link import Link
from bench.sizes import Sizes, total
from bench.subjects import BARE, LAB, Subject

MEASURED = (LAB, BARE)
FULL, SLOW = "full speed", "20 Mbit/s"
LINES = {FULL: (float("inf"), 0.0), SLOW: (20e6, 0.040)}  # bits a second, seconds to and fro
FRESH, USED = "fresh", "used"
TURN_S = 10.0

Samples = dict[tuple[str, ...], list[float]]  # by subject and what was measured


@dataclass(frozen=True)
class Place:
    """Where things lie while measuring: a host for each page, an empty folder for profiles."""

    hosts: dict[str, Host]
    profiles: Path
    brotli: Path | None  # what was once compressed; None: that form isn't weighed

    def profile(self) -> Path:
        """A profile that has seen nothing."""
        return Path(tempfile.mkdtemp(dir=self.profiles))

    def weigh(self, subject: Subject, names: set[str]) -> Sizes:
        """What these files of a page weigh."""
        return total(names, self.hosts[subject.name].folder, self.brotli)


def measure(dist: Path, cache: Path, runs: int, seconds: float, quick: bool = False) -> list[Measure]:
    """Every measure of the page. `runs` visits of each kind, `seconds` of dragging.

    `quick` leaves out the slow line, brotli, what is held, and the thousand moves, and with them their rows.
    """
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright, ExitStack() as stack:
        folders = {LAB.name: dist, BARE.name: bare.make(Path(scratch) / "bare", cache)}
        hosts = {name: stack.enter_context(Host(folder)) for name, folder in folders.items()}
        profiles = Path(scratch) / "profiles"
        profiles.mkdir()
        place = Place(hosts, profiles, None if quick else cache / "brotli-sizes")
        samples: Samples = defaultdict(list)
        for run in range(runs):
            for line in [FULL] if quick else LINES:
                for subject in MEASURED:
                    print(f"visit {run + 1} of {runs} at {line}: {subject.name}", flush=True)
                    fresh_and_used(playwright, place, subject, line, samples)
            for subject in () if quick else MEASURED:
                print(f"what is held, {run + 1} of {runs}: {subject.name}", flush=True)
                there = place.profile(), place.hosts[subject.name]
                samples[subject.name, "held"].append(held.held_bytes(playwright, *there, subject) / 1e6)
        dragged = drag(playwright, place, seconds, samples, thousand=not quick)
    memory = pair("page memory", "MB", samples, "held", bar=Bar(0.9))
    every = [*coming_up(samples), *weight(samples), *following(dragged), memory]
    return [one for one in every if one.lab or not quick]


def fresh_and_used(playwright: Playwright, place: Place, subject: Subject, line: str, samples: Samples) -> None:
    """One visit with a fresh profile, then one more with the same profile, over one line."""
    profile, host = place.profile(), place.hosts[subject.name]
    for state in (FRESH, USED):
        with browser.visit(playwright, profile, subject) as page:
            host.begin(Link(*LINES[line]))
            browser.boot(page, host.address)
            host.wait_until_quiet()
            seen: dict[str, Any] = page.evaluate("() => bench.seen")
        for name in ("first_paint_ms", "choice_ms", "ready_ms"):
            if seen[name] is not None:
                samples[subject.name, name, line, state].append(max(seen[name], seen["first_paint_ms"]) / 1e3)
        samples[subject.name, "layout_shift"].append(seen["layout_shift"])
        if (line, state) == (FULL, FRESH):
            ready_s = (seen["time_origin_ms"] + seen["ready_ms"]) / 1e3
            note(samples, subject, "until ready", place.weigh(subject, host.names(until_s=ready_s)))


def note(samples: Samples, subject: Subject, when: str, found: Sizes) -> None:
    """Keep three weights, MB."""
    for form in ("raw", "gzip", "brotli") if found.brotli else ("raw", "gzip"):
        samples[subject.name, when, form].append(getattr(found, form) / 1e6)


def drag(
    playwright: Playwright, place: Place, seconds: float, samples: Samples, *, thousand: bool
) -> dict[str, Dragged]:
    """Both pages open in browsers of their own, dragged in turns; at the end everything that each page ever asked for."""
    with ExitStack() as stack:
        dragging = {}
        for subject in MEASURED:
            profile, host = place.profile(), place.hosts[subject.name]
            page = stack.enter_context(browser.visit(playwright, profile, subject, browser.TALL))
            host.begin(Link())
            browser.boot(page, host.address)
            host.wait_until_quiet()
            dragging[subject.name] = Dragging(page, subject, browser.Memory(page, profile))
        turns = max(1, round(seconds / TURN_S))
        for turn in range(turns):
            print(f"dragging, turn {turn + 1} of {turns}", flush=True)
            for one in dragging.values():
                one.turn(seconds / turns)
                one.look()
        found = {name: one.end(thousand=thousand) for name, one in dragging.items()}
        for subject in MEASURED:
            note(samples, subject, "in all", place.weigh(subject, place.hosts[subject.name].names()))
    return found


def coming_up(samples: Samples) -> list[Measure]:
    """The way up, by line and profile."""
    bars = {(FULL, FRESH): 0.35, (SLOW, FRESH): 0.5, (FULL, USED): 0.45, (SLOW, USED): 0.45}
    made = []
    for label, name in (
        ("first paint", "first_paint_ms"),
        ("prediction usable", "choice_ms"),
        ("Python ready", "ready_ms"),
    ):
        for (line, state), limit in bars.items():
            bar = {"choice_ms": Bar(0.3, "most"), "ready_ms": Bar(limit)}.get(name)
            lab, floor = (samples.get((subject.name, name, line, state), []) for subject in MEASURED)
            made.append(Measure(f"{label}, {state}, {line}", "s", lab, floor, bar))
    return [*made, pair("layout shift", "", samples, "layout_shift", bar=Bar(0.02, "most"))]


def weight(samples: Samples) -> list[Measure]:
    """What has to be fetched, first until Python answers, then in all."""
    bars = {"until ready": Bar(6, "most"), "in all": Bar(8, "most")}
    return [
        pair(f"bytes {when}, {form}", "MB", samples, when, form, bar=bar if form == "gzip" else None)
        for when, bar in bars.items()
        for form in ("raw", "gzip", "brotli")
    ]


def pair(label: str, unit: str, samples: Samples, *key: str, bar: Bar | None = None) -> Measure:
    """A measure from what both pages' samples hold under a key."""
    lab, floor = (samples[(subject.name, *key)] for subject in MEASURED)
    return Measure(label, unit, lab, floor, bar)


def following(dragged: dict[str, Dragged]) -> list[Measure]:
    """How the page follows a hand."""
    named = {
        "slider to chart, p50": ("ms", "p50_ms", None),
        "slider to chart, p95": ("ms", "p95_ms", Bar(16, "most")),
        "long tasks in a turn": ("", "long_tasks", Bar(0, "most")),
        "longest task over 50 ms": ("ms", "longest_ms", None),
        "JS heap growth over all turns": ("KB", "drag_growth_kb", None),
        "JS heap growth over 1,000 moves": ("KB", "moves_growth_kb", Bar(50, "most")),
        "JS heap in use": ("MB", "heap_mb", None),
        "renderer memory (PSS)": ("MB", "resident_mb", None),
    }
    lab, floor = (dragged[subject.name] for subject in MEASURED)
    return [
        Measure(label, unit, getattr(lab, name), getattr(floor, name), bar)
        for label, (unit, name, bar) in named.items()
    ]
