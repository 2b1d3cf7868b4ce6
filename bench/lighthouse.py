"""Lighthouse's four scores for the built site, on a phone and on a desk.

The tool is fetched for this alone, into the cache; nobody who uses or builds the site needs it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.figures import Bar, Measure
from bench.host import Host
from tools.trouble import BuildError

VERSION = "12.8.2"  # the last that runs on Node 18 and 20
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
DEVICES = {"phone": [], "desk": ["--preset=desktop"]}  # a slow phone on a slow network is Lighthouse's own default
CHROME = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-sync --no-first-run"
PATIENCE_MS = 120_000


def measure(dist: Path, cache: Path, runs: int) -> list[Measure]:
    """The scores, 0 to 100, one sample a run. Raises BuildError when Lighthouse can't be installed or doesn't finish."""
    program = installed(cache)
    scores: dict[str, list[float]] = defaultdict(list)
    with Host(dist) as host:
        for run in range(runs):
            for device, options in DEVICES.items():
                print(f"Lighthouse, run {run + 1} of {runs}: {device}", flush=True)
                for category, score in scored(program, host.address, options).items():
                    scores[f"{category}, {device}"].append(score)
    return [Measure(name, "", found, bar=Bar(95, "least")) for name, found in scores.items()]


def scored(program: Path, address: str, options: list[str]) -> dict[str, float]:
    """One run's scores by category."""
    command = [
        *("node", str(program), address, *options, "--output=json", "--quiet", "--no-enable-error-reporting"),
        *(
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags={CHROME}",
            f"--max-wait-for-load={PATIENCE_MS}",
        ),
    ]
    environment = {**os.environ, "CHROME_PATH": os.environ["LAB_BROWSER"]}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise BuildError(f"Lighthouse did not finish: {last_line(done.stderr)}")
    report = json.loads(done.stdout)
    for sentence in costly(report):
        print(f"  {sentence}", flush=True)
    return {category: round(100 * report["categories"][category]["score"]) for category in CATEGORIES}


def costly(report: dict[str, Any]) -> list[str]:
    """What costs points, a sentence for each: the category, the audit's own title, and its figure where it has one."""
    return [
        f"{category}: {audit['title']} {audit.get('displayValue', '')}".strip()
        for category in CATEGORIES
        for part in report["categories"][category]["auditRefs"]
        if part["weight"] and (audit := report["audits"][part["id"]])["score"] not in (None, 1)
    ]


def installed(cache: Path) -> Path:
    """Lighthouse's command-line program in the cache, fetched by npm if it isn't there. Raises BuildError if it can't be."""
    folder = cache / f"lighthouse-{VERSION}"
    program = folder / "node_modules/lighthouse/cli/index.js"
    if (folder / "complete").exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("Lighthouse was not measured: it comes by npm, and npm is not on this machine.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asked = ["install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", f"lighthouse@{VERSION}"]
    done = subprocess.run([npm, *asked], capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"Lighthouse was not measured: npm could not install it ({last_line(done.stderr)}).")
    (folder / "complete").touch()
    return program


def last_line(text: str) -> str:
    """The last line that a program said."""
    return (text.strip().splitlines() or ["no reason given"])[-1]
