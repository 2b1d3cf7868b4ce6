"""`python3 build.py bench`: run the parts that were asked for, print their tables, keep every sample if that is wanted."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import controls, figures, frames, levers, lighthouse, options, page, play, search, simulation
from tools import runtimes
from tools.trouble import BuildError

# Parts whose result is plain data: how each is measured, and its table.
SIMPLE: dict[str, tuple[Callable[[Path, Path, Any], Any], Callable[[Any], str]]] = {
    "simulation": (lambda dist, cache, asked: simulation.measure(dist, asked.quick), simulation.table),
    "search": (lambda dist, cache, asked: search.measure(dist), search.table),
    "controls": (lambda dist, cache, asked: controls.measure(dist), controls.table),
    "passes": (lambda dist, cache, asked: levers.measure(cache, asked.runs), levers.table),
    "replay": (lambda dist, cache, asked: frames.measure(dist, asked.seconds), frames.table),
    "play": (lambda dist, cache, asked: play.measure(dist, asked.seconds), play.table),
}


def main(arguments: list[str]) -> int:
    """Measure. Returns 1 if a part couldn't be, with a sentence; the others are measured all the same."""
    asked = options.read(arguments)
    dist, cache = Path(os.environ["LAB_DIST"]), runtimes.cache_folder()
    record: dict[str, Any] = {"machine": machine()}
    minutes = max(1, round(options.expected_s(asked) / 60))
    print(f"Measuring {', '.join(asked.parts)}: about {minutes} minutes on two quiet processors.", flush=True)
    tables, troubles, begun = [], [], time.monotonic()
    for part in asked.parts:
        try:
            if part in SIMPLE:
                measure, table = SIMPLE[part]
                record[part] = measure(dist, cache, asked)
                tables.append(table(record[part]))
                continue
            if part == "page":
                measures = page.measure(dist, cache, asked.runs, asked.seconds, asked.quick)
            else:
                measures = lighthouse.measure(dist, cache, asked.runs)
            record[part] = [measure.record() for measure in measures]
            tables.append(figures.table(measures))
        except (BuildError, RuntimeError) as trouble:
            troubles.append(str(trouble))
    record["seconds"] = round(time.monotonic() - begun)
    print("\n", "\n\n".join([described(record), *tables, *troubles]), sep="")
    if asked.json:
        asked.json.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(bool(troubles))


def machine() -> dict[str, Any]:
    """What was measured on, and how busy it was with other things beforehand."""
    browser = subprocess.run([os.environ["LAB_BROWSER"], "--version"], capture_output=True, text=True).stdout.strip()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processors": os.cpu_count(), "system": platform.platform(), "browser": browser, "load_before": load}


def described(record: dict[str, Any]) -> str:
    """The machine in one sentence."""
    on = record["machine"]
    load = "" if on["load_before"] is None else f", load {on['load_before']:.1f} beforehand"
    return f"{on['browser']} on {on['processors']} processors{load}; {record['seconds']} s of measuring."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
