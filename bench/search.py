"""How fast the search for a design is, in CPython and in the built site's Pyodide, with the time to load numpy beside it."""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.browser import CHROMIUM
from bench.figures import markdown
from bench.host import Host
from bench.simulation import PATIENCE_MS, PYTHON, parts

RUNS = 5
TIMED = Path(__file__).parent / "timed_search.py"

IN_PAGE = """async ([parts, timed, content, runs]) => {
  const { here, startPython } = await import(new URL(`${parts}python.mjs`, location.href).href);
  const python = await startPython({}, ["size.zip", "size-library.zip"]);
  python.runPython('import sys; sys.path[1:1] = ["/size.zip", "/size-library.zip"]');
  const wheel = await (await fetch(here("runtime/numpy.whl"))).arrayBuffer();
  const begun = performance.now();
  python.unpackArchive(wheel, "wheel");
  python.runPython("import numpy");
  const loaded = (performance.now() - begun) / 1000;
  python.runPython(timed);
  return [python.globals.get("timed")(content, runs), loaded];
}"""

Taken = dict[str, Any]  # by question what timed_search gives, and "numpy_s"


def measure(dist: Path) -> dict[str, Taken]:
    """What both places took."""
    with zipfile.ZipFile(dist / parts(dist) / "app.zip") as app:
        content = app.read("content.json").decode()
    print("searching in CPython", flush=True)
    native = in_cpython(content)
    print("searching in Pyodide", flush=True)
    return {"CPython": native, "Pyodide": in_pyodide(dist, content)}


def in_cpython(content: str) -> Taken:
    """In this interpreter."""
    sys.path.insert(0, str(PYTHON))
    begun = time.perf_counter()
    __import__("numpy")
    loaded = time.perf_counter() - begun
    names: dict[str, Any] = {}
    exec(compile(TIMED.read_text(encoding="utf-8"), TIMED.name, "exec"), names)
    return {**json.loads(names["timed"](content, RUNS)), "numpy_s": loaded}


def in_pyodide(dist: Path, content: str) -> Taken:
    """In a browser's Pyodide, from the built site's own files."""
    with Host(dist) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["LAB_BROWSER"], args=CHROMIUM)
        page = browser.new_page()
        page.goto(f"{host.address}physics.html")
        page.set_default_timeout(PATIENCE_MS)
        text, loaded = page.evaluate(IN_PAGE, [parts(dist), TIMED.read_text(encoding="utf-8"), content, RUNS])
        browser.close()
    return {**json.loads(text), "numpy_s": loaded}


def table(found: dict[str, Taken]) -> str:
    """Designs a second at best, whole searches, and numpy's start, beside each other."""
    rows = [("what", "CPython", "Pyodide", "ratio")]
    one, other = found["CPython"], found["Pyodide"]
    for name in (key for key in one if key != "numpy_s"):
        fast, slow = (each[name]["designs"] / min(each[name]["screening_s"]) / 1e6 for each in (one, other))
        rows.append((f"designs screened, {name}", f"{fast:.1f} M/s", f"{slow:.1f} M/s", f"{fast / slow:.1f}×"))
        here, there = (each[name]["search_s"] for each in (one, other))
        rows.append((f"a whole search, {name}", f"{here:.1f} s", f"{there:.1f} s", f"{there / here:.1f}×"))
    ratio = other["numpy_s"] / one["numpy_s"]
    rows.append(("numpy, once it is here", f"{one['numpy_s']:.2f} s", f"{other['numpy_s']:.2f} s", f"{ratio:.1f}×"))
    return markdown(rows)
