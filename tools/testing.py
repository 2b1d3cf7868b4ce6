"""Tests by one command: their own environment, a browser, every check, one summary."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from bench import options
from tools.runtimes import ROOT, sha256, venv_python
from tools.trouble import BuildError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BRISK = (
    ROOT / "tests/e2e/brisk.toml"
)  # shorter simulations: the page tests are about the page, not about how much it computes
WITHOUT_PAGE, WITH_PAGE = ("tests", "--ignore=tests/e2e"), ("tests/e2e",)
NONE_CHOSEN = 5  # pytest's status when an argument like -k leaves none over
TYPED = ("site/py", "tools", "bench", "build.py")


def run(
    cache: Path, dist: Path, build: Callable[[], None], build_brisk: Callable[[Path], None], arguments: list[str]
) -> int:
    """Every check: lint, format, types, unit and page tests. Returns 0 only if all passed; none keeps another from running.

    `build` makes the site in `dist`, `build_brisk` one for the page tests with BRISK settings. `arguments` go to pytest.
    Raises BuildError when the environment, the browser or a build can't be had.
    """
    python = environment(cache)
    browser = find_browser(python)
    build()
    rows: list[str] = []
    records: list[Path] = []
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        brisk = Path(scratch) / "dist"
        build_brisk(brisk)
        variables = {**os.environ, "LAB_BROWSER": browser, "LAB_DIST": str(dist), "PYTHONDONTWRITEBYTECODE": "1"}
        paged = {**variables, "LAB_DIST": str(brisk), "LAB_SETTINGS": str(BRISK)}
        pytest = ["-m", "pytest", "-n", "auto", "--dist"]
        steps = {
            "lint": (["-m", "ruff", "check", "."], variables),
            "format": (["-m", "ruff", "format", "--check", "."], variables),
            "types": (["-m", "mypy", *TYPED], variables),
            "tests": (
                [*pytest, "worksteal", *WITHOUT_PAGE, *_recorded(scratch, "tests", records), *arguments],
                variables,
            ),
            "page tests": ([*pytest, "loadfile", *WITH_PAGE, *_recorded(scratch, "pages", records), *arguments], paged),
        }
        for name, (command, around) in steps.items():
            print(f"\n== {name} ==", flush=True)
            begun = time.monotonic()
            code = subprocess.run([str(python), *command], cwd=ROOT, env=around).returncode
            passed = code == 0 or (code == NONE_CHOSEN and command[1] == "pytest")
            failed |= not passed
            rows.append(f"{name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - begun:.0f} s")
        print("\n" + "\n".join(rows))
        print(counted(*records), flush=True)
    return int(failed)


def _recorded(scratch: str, name: str, records: list[Path]) -> list[str]:
    records.append(Path(scratch) / f"{name}.xml")
    return [f"--junit-xml={records[-1]}"]


def counted(*records: Path) -> str:
    """The closing line, "N passed, N failed, N skipped", from pytest's records. One that is missing counts as a failure."""
    suites = [suite for record in records if record.exists() for suite in ElementTree.parse(record).iter("testsuite")]
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    missing = sum(not record.exists() for record in records)
    passed, failed = max(0, tests - failures - errors - skipped), failures + errors + missing
    return f"{passed} passed, {failed} failed, {skipped} skipped"


def validate(cache: Path) -> int:
    """Print how near the physics comes to published measurements, from figures kept in the repository."""
    return module(environment(cache), "tests.validation")


def bench(cache: Path, dist: Path, build: Callable[[], None], arguments: list[str]) -> int:
    """Build, measure and print: `arguments` are those of bench/options.py. Returns 1 if a part couldn't be measured."""
    options.read(arguments)  # a mistake is told before anything is built
    python = environment(cache)
    browser = find_browser(python)
    build()
    return module(python, "bench", *arguments, LAB_BROWSER=browser, LAB_DIST=str(dist))


def defences(cache: Path, words: list[str]) -> int:
    """Take out each line that defends against a fault and see its test fail; `words` choose faults by their names."""
    python = environment(cache)
    return module(python, "tests.defences", *words, LAB_BROWSER=find_browser(python))


def module(python: Path, name: str, *arguments: str, **variables: str) -> int:
    """Run one of the project's modules in the test environment. Returns its exit status."""
    path = f"{ROOT / 'site/py'}{os.pathsep}{ROOT}"
    around = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run([str(python), "-m", name, *arguments], cwd=ROOT, env=around).returncode


def environment(cache: Path) -> Path:
    """The Python of a virtual environment with the pinned requirements, made anew when they change. Raises BuildError."""
    requirements = ROOT / "requirements-test.txt"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / f"test-{version}-{sha256(requirements)[:16]}"
    python = venv_python(folder)
    if (folder / "complete").exists():
        return python
    print("Making the test environment (once) ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as mistake:
        raise BuildError(
            f"No virtual environment could be made in {folder}: {mistake}. On Debian install python3-venv."
        ) from mistake
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise BuildError(f"The test requirements could not be installed: {lines[-1]} Check the network and try again.")
    (folder / "complete").touch()
    return python


def find_browser(python: Path) -> str:
    """The path of a Chromium: LAB_BROWSER, one on PATH, Playwright's own, or Debian's package. Raises BuildError."""
    chosen = os.environ.get("LAB_BROWSER")
    if chosen:
        program = shutil.which(chosen)  # Playwright wants a path, not a bare name
        if program is None:
            raise BuildError(
                f"LAB_BROWSER names {chosen}, and there is no such program. Name a Chromium or leave it out."
            )
        return program
    on_path = next((found for found in map(shutil.which, BROWSERS) if found), None)
    return on_path or _playwrights_own(python) or _debians() or _no_browser()


def _playwrights_own(python: Path) -> str | None:
    asked = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    path = subprocess.run([str(python), "-c", asked], capture_output=True, text=True).stdout.strip()
    if path and not Path(path).exists():
        print("Fetching a browser for the tests (once) ...", flush=True)
        subprocess.run([str(python), "-m", "playwright", "install", "chromium"], capture_output=True)
    return path if path and Path(path).exists() else None


def _debians() -> str | None:
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    print("Installing Debian's chromium for the tests (once) ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], capture_output=True, env=quiet)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], capture_output=True, env=quiet
    )
    return shutil.which("chromium")


def _no_browser() -> str:
    raise BuildError(
        "No browser was found for the page tests. Install Chromium or Chrome, or set LAB_BROWSER to the path of one."
    )
