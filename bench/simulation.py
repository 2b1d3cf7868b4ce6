"""How fast the simulation is: 1,000 to 100,000 requests, in CPython and in the built site's Pyodide."""

from __future__ import annotations

import json
import os
import statistics
import sys
import zipfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.browser import CHROMIUM
from bench.figures import markdown
from bench.host import Host

RUNS = {1_000: 5, 10_000: 5, 100_000: 1}  # by requests
QUICK = {1_000: 1}
PATIENCE_MS = 600_000
TIMED = Path(__file__).parent / "timed.py"
PYTHON = Path(__file__).parents[1] / "site/py"

IN_PAGE = """async ([parts, timed, runs]) => {
  const { startPython } = await import(new URL(`${parts}python.mjs`, location.href).href);
  const python = await startPython();
  python.runPython(timed);
  const content = python.runPython("import json; from acts import shipped; json.dumps(dict(shipped.course().tables))");
  return python.globals.get('timed')(content, runs);
}"""

Taken = dict[str, list[float]]  # seconds of each run, by side and number of requests


def measure(dist: Path, quick: bool) -> dict[str, Taken]:
    """The times of the runs in both places."""
    runs = json.dumps(QUICK if quick else RUNS)
    print("simulating in CPython", flush=True)
    native = in_cpython(dist, runs)
    print("simulating in Pyodide", flush=True)
    return {"CPython": native, "Pyodide": in_pyodide(dist, runs)}


def in_cpython(dist: Path, runs: str) -> Taken:
    """Seconds of each run in this interpreter."""
    sys.path.insert(0, str(PYTHON))
    with zipfile.ZipFile(dist / parts(dist) / "app.zip") as app:
        content = app.read("content.json").decode()
    names: dict[str, Any] = {}
    exec(compile(TIMED.read_text(encoding="utf-8"), TIMED.name, "exec"), names)
    return as_taken(names["timed"](content, runs))


def in_pyodide(dist: Path, runs: str) -> Taken:
    """Seconds of each run in a browser's Pyodide, from the built site's own files."""
    with Host(dist) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["LAB_BROWSER"], args=CHROMIUM)
        page = browser.new_page()
        page.goto(f"{host.address}physics.html")
        page.set_default_timeout(PATIENCE_MS)
        text = page.evaluate(IN_PAGE, [parts(dist), TIMED.read_text(encoding="utf-8"), runs])
        browser.close()
    return as_taken(text)


def parts(dist: Path) -> str:
    """The folder of the built version, as an address below the site's."""
    (found,) = (dist / "v").iterdir()
    return f"v/{found.name}/"


def as_taken(text: str) -> Taken:
    """The times as they came back, as JSON."""
    found: Taken = json.loads(text)
    return found


def table(found: dict[str, Taken]) -> str:
    """Medians beside each other."""
    rows = [("side and requests", "CPython", "Pyodide", "ratio", "µs a request, Pyodide")]
    for key, taken in found["CPython"].items():
        one, other = statistics.median(taken), statistics.median(found["Pyodide"][key])
        each = f"{1e6 * other / int(key.split()[1]):.1f}"
        rows.append((key, f"{one:.3f} s", f"{other:.3f} s", f"{other / one:.1f}×", each))
    return markdown(rows)
