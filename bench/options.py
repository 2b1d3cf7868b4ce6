"""The command line of the benchmark, read before anything is built or installed."""

from __future__ import annotations

import argparse
from pathlib import Path

PARTS = ("page", "simulation", "search", "controls", "replay", "play", "lighthouse")
ASKED_FOR = ("passes",)  # only when named
RUNS, SECONDS = 5, 60.0
QUICK_PARTS, QUICK_RUNS, QUICK_SECONDS = ("page", "simulation"), 1, 5.0

ABOUT = """Measure the built site.

  page         the way up, bytes, dragging and memory, beside a bare page of Pyodide, numpy and Plotly
  simulation   1,000 to 100,000 requests, in CPython and in the browser
  search       designs a second, and whole searches, of the page for engineers
  controls     how soon each instrument answers its own controls
  replay       frames a second while the block map and the serving floor play
  play         frames a second of the game with 256 seats, its start, and the heap after ten games
  lighthouse   Lighthouse's four scores
  passes       what each pass of the build brings; measured only when it is named

Timings are this machine's: read the ratios. docs/performance.md says what each line means."""


def read(arguments: list[str]) -> argparse.Namespace:
    """The options: parts, runs, seconds, quick, json. Ends the program with a sentence when they can't be understood."""
    parser = argparse.ArgumentParser(
        prog="build.py bench", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="which parts, by the names above (default: all)")
    parser.add_argument("--runs", type=int, help=f"visits of each kind, and runs of Lighthouse (default {RUNS})")
    parser.add_argument("--seconds", type=float, help=f"how long to drag, and to play (default {SECONDS:g})")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="two minutes: page and simulation, one visit of each kind at full speed, short dragging, no page memory",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there as well")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in (*PARTS, *ASKED_FOR)]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; the parts are {', '.join((*PARTS, *ASKED_FOR))}")
    options.parts = options.parts or list(QUICK_PARTS if options.quick else PARTS)
    options.runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    if options.runs < 1 or options.seconds <= 0:
        parser.error("--runs and --seconds must be more than 0")
    return options


def expected_s(options: argparse.Namespace) -> float:
    """About how long these parts take to measure, in seconds, as seen on two processors with nothing else to do."""
    visits, held, thousand = (1, 0, 0) if options.quick else (2, 1, 1)
    parts = {
        "page": options.runs * (16 * visits + 50 * held) + 50 + 2 * options.seconds + 35 * thousand,
        "simulation": 15 if options.quick else 90,
        "search": 90,
        "controls": 120,
        "replay": 60 + 4 * options.seconds,
        "play": 120 + 2 * options.seconds,
        "lighthouse": options.runs * 60,
        "passes": 60 + options.runs * 10 * 16 * 2,
    }
    return float(sum(parts[part] for part in options.parts))
