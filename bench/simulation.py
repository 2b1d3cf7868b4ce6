"""How fast the simulation is: 1,000 to 100,000 requests, in CPython and in the built site's Pyodide, median of runs.

`python3 build.py bench` prints the table. Timings are this machine's; read the ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tools import server

SIZES = (1_000, 10_000, 100_000)
RUNS = {1_000: 5, 10_000: 5, 100_000: 1}
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]

# What is timed, the same text in both: sampling is not, the event loop and the metrics are.
TIMED = """
import json, time
from pathlib import Path
import course, engine, oracles, serving
lab = course.from_tables(json.loads(Path(CONTENT).read_text()))
found = {}
for side in serving.SIDES:
    for size, runs in RUNS.items():
        asked = oracles.base_request(lab, side, lab.contexts[0], requests=int(size))
        cost, traffic = serving.step_cost(lab, asked), serving.traffic(lab, asked)
        deployment = serving.deployment_of(lab, asked)
        settings = engine.ServerSettings(asked.policy, asked.max_batch, asked.max_sequence)
        blocks = engine.kv_blocks(deployment, serving.reserve_of(lab))
        taken = []
        for _ in range(runs):
            begun = time.perf_counter()
            engine.summary(engine.simulate(cost, settings, traffic, blocks), deployment)
            taken.append(time.perf_counter() - begun)
        found[f"{side} {size}"] = taken
json.dumps(found)
"""

IN_PAGE = """async ([timed, runs]) => {
  const { loadPyodide } = await import(new URL('runtime/pyodide/pyodide.mjs', location.href).href);
  const python = await loadPyodide({ packages: ['numpy'] });
  python.unpackArchive(await (await fetch('app.zip')).arrayBuffer(), 'zip');
  return python.runPython(`CONTENT = 'content.json'\\nRUNS = ${runs}\\n${timed}`);
}"""


def in_cpython(dist: Path) -> dict[str, list[float]]:
    """Seconds per run in this interpreter, by side and size."""
    import zipfile

    sys.path.insert(0, str(Path(__file__).parent.parent / "site/py"))
    content = dist.parent / ".bench-content.json"
    content.write_bytes(zipfile.ZipFile(dist / "app.zip").read("content.json"))
    names: dict[str, Any] = {"CONTENT": str(content), "RUNS": RUNS}
    exec(TIMED, names)
    content.unlink()
    return names["found"]


def in_pyodide(dist: Path) -> dict[str, list[float]]:
    """Seconds per run in a browser's Pyodide, from the built site's own files."""
    site = server.server(dist)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["LAB_BROWSER"], args=CHROMIUM)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{site.server_port}/boot-manifest.json")
        page.set_default_timeout(300_000)
        text = page.evaluate(IN_PAGE, [TIMED, json.dumps(RUNS)])
        browser.close()
    return json.loads(text)


def main() -> None:
    """Print the table."""
    dist = Path(os.environ["LAB_DIST"])
    begun = time.monotonic()
    native, browser = in_cpython(dist), in_pyodide(dist)
    print(f"{'side and requests':20} {'CPython':>10} {'Pyodide':>10} {'ratio':>7} {'us a request, Pyodide':>22}")
    for key, taken in native.items():
        size = int(key.split()[1])
        one, other = statistics.median(taken), statistics.median(browser[key])
        print(f"{key:20} {one:8.3f} s {other:8.3f} s {other / one:6.1f}x {1e6 * other / size:22.1f}")
    print(f"({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
