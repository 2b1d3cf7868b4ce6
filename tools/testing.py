"""Tests by one command: their own environment, a browser, every check, one summary."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from bench import options
from tools.runtimes import ROOT, sha256, venv_python
from tools.trouble import BuildError

SHELL = "chromium-headless-shell"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BRISK = (
    ROOT / "tests/e2e/brisk.toml"
)  # shorter simulations: the page tests are about the page, not about how much it computes
BY_FILE = ("loadfile", "--no-loadscope-reorder")  # in the order of tests/e2e/conftest.py
# A page test that fails is tried once more; what passes only then is named, for whoever looks after the tests.
SECOND_TRY = ("--reruns", "1", "-rR")
PAGES = "tests/e2e/"
# A place among pytest's arguments stands for `testpaths`, and only a deselection takes the other kind of test away from it.
WITHOUT_PAGE = ("--ignore=tests/e2e", f"--deselect={PAGES}")
WITH_PAGE = (
    "--override-ini=testpaths=tests/e2e",
    *(f"--deselect=tests/{each}/" for each in ("unit", "validation", "extension")),
)
UNIT = ("tests/unit", "--ignore=tests/unit/test_build.py")  # that one builds
PATIENCE_S = 300  # for packages that a machine without a network never gets
NONE_CHOSEN = 5  # pytest's status when an argument like -k leaves none over
# The other engines of the page tests: programs that each needs, one of each row, and Debian's packages of them.
ENGINES = {
    "Firefox": ((("firefox-esr", "firefox"), "firefox-esr"),),
    "WebKit": ((("WebKitWebDriver",), "webkit2gtk-driver"), (("Xvfb",), "xvfb")),
}
TYPED = ("site/py", "kvwall", "tools", "bench", "build.py")


def run(
    cache: Path, dist: Path, build: Callable[[], None], build_brisk: Callable[[Path], None], arguments: list[str]
) -> int:
    """Every check: lint, format, types, unit and page tests. Returns 0 only if all passed; none keeps another from running.

    `build` makes the site in `dist`, `build_brisk` one for the page tests with BRISK settings. `arguments` go to pytest: then
    only the tests run that they choose, and nothing is built and no browser looked for unless a page test is among them.
    Raises BuildError when the environment, the browser or a build can't be had, or when `arguments` leave no test over.
    """
    python = environment(cache)
    files = _chosen(python, arguments) if arguments else [PAGES, "tests/unit/"]
    paging = [file.startswith(PAGES) for file in files]
    browser = page_browser(python) if any(paging) else ""
    lacking = lacking_engines() if any(paging) else {}
    if not arguments:
        build()
    records: list[Path] = []
    with tempfile.TemporaryDirectory() as scratch:
        brisk = Path(scratch) / "dist"
        if any(paging):
            build_brisk(brisk)
        variables = {**os.environ, "LAB_BROWSER": browser, "LAB_DIST": str(dist), "PYTHONDONTWRITEBYTECODE": "1"}
        paged = {**variables, "LAB_DIST": str(brisk), "LAB_SETTINGS": str(BRISK)}
        pytest = ["-m", "pytest", "-n", "auto", "--dist"]
        steps: dict[str, Step] = {} if arguments else quick(variables)
        if not all(paging):
            words = [*pytest, "worksteal", *WITHOUT_PAGE, *_recorded(scratch, "tests", records), *arguments]
            steps["tests"] = words, variables
        if any(paging):
            words = [*pytest, *BY_FILE, *SECOND_TRY, *WITH_PAGE, *_recorded(scratch, "pages", records), *arguments]
            steps["page tests"] = words, paged
        rows, failed = _each(python, steps)
        print("\n" + "\n".join([*rows, *(engines(records[-1], lacking) if any(paging) else ())]))
        if not failed and not any(tests_of(record, "ran") for record in records):
            failed = True
            print("Nothing was tested: each test that was chosen was skipped.")
        print(counted(*records), flush=True)
    return int(failed)


Step = tuple[list[str], Mapping[str, str]]  # what the test environment's Python is given, and the variables around it


def quick(variables: Mapping[str, str]) -> dict[str, Step]:
    """The steps that need neither a browser nor a build: lint, format, types."""
    return {
        "lint": (["-m", "ruff", "check", "."], variables),
        "format": (["-m", "ruff", "format", "--check", "."], variables),
        "types": (["-m", "mypy", *TYPED], variables),
        "scripts": (["-m", "tools.scripts"], variables),
    }


def check(cache: Path) -> int:
    """Lint, format, types and unit tests, with no browser and no build. Returns 0 only if all passed. Raises BuildError."""
    python = environment(cache)
    records: list[Path] = []
    with tempfile.TemporaryDirectory() as scratch:
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        tests = ["-m", "pytest", "-n", "auto", "--dist", "worksteal", *UNIT, *_recorded(scratch, "unit", records)]
        rows, failed = _each(python, {**quick(variables), "unit tests": (tests, variables)})
        print("\n" + "\n".join(rows))
        print(counted(*records), flush=True)
    return int(failed)


def _each(python: Path, steps: Mapping[str, Step]) -> tuple[list[str], bool]:
    """Run every step, whatever became of another. Returns a line for each, and whether one failed."""
    rows, failed = [], False
    for name, (command, around) in steps.items():
        print(f"\n== {name} ==", flush=True)
        begun = time.monotonic()
        code = subprocess.run([str(python), *command], cwd=ROOT, env=around).returncode
        passed = code == 0 or (code == NONE_CHOSEN and command[1] == "pytest")
        failed |= not passed
        rows.append(f"{name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - begun:.0f} s")
    return rows, failed


def _chosen(python: Path, arguments: list[str]) -> list[str]:
    """The files of the tests that the arguments choose. pytest looks in seconds, and runs none. Raises BuildError for none."""
    # So many -q outweigh any -v: a line a file, with how many of its tests are chosen.
    command = [str(python), "-m", "pytest", "--collect-only", *arguments, "-qqqqqqqq"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = shlex.join(arguments)
    if found.returncode == NONE_CHOSEN:
        raise BuildError(f"Nothing was tested: no test fits {said}. Look for a misspelt name.")
    if found.returncode:
        print(f"{found.stdout}{found.stderr}".strip(), flush=True)
        raise BuildError(f"Nothing was tested: pytest finds no tests by {said}. Why stands above.")
    return re.findall(r"^(.+): \d+$", found.stdout, re.MULTILINE)


def _recorded(scratch: str, name: str, records: list[Path]) -> list[str]:
    records.append(Path(scratch) / f"{name}.xml")
    return [f"--junit-xml={records[-1]}"]


def tests_of(record: Path, outcome: str) -> list[ElementTree.Element]:
    """The tests in pytest's record that "ran", or that were "skipped"."""
    every = ElementTree.parse(record).iter("testcase") if record.exists() else ()
    return [test for test in every if (test.find("skipped") is None) == (outcome == "ran")]


def engines(record: Path, lacking: Mapping[str, str]) -> list[str]:
    """A line for each browser engine: in how many page tests it ran, or why in none and what would help.

    `record` is pytest's of the page tests; `lacking` says what an engine needs that this machine doesn't have.
    """
    ran, skipped = tests_of(record, "ran"), tests_of(record, "skipped")
    lines = [f"engine Chromium: ran {sum(not _engine(test) for test in ran)} page tests"]
    for name in ENGINES:
        count = sum(_engine(test) == name for test in ran)
        reasons = [test.find("skipped").get("message", "") for test in skipped if _engine(test) == name]  # type: ignore[union-attr]
        why = lacking.get(name) or next(iter(reasons), "none of its tests was chosen")
        lines.append(f"engine {name}: " + (f"ran {count} page tests" if count else f"did not run: {why}"))
    return lines


def _engine(test: ElementTree.Element) -> str | None:
    """The engine that a test names in its brackets; None for Chromium's."""
    chosen = test.get("name", "").partition("[")[2].rstrip("]").split("-")
    return next((name for name in ENGINES if name in chosen), None)


def lacking_engines() -> dict[str, str]:
    """What each engine needs and this machine lacks, as a sentence by engine; got first from Debian, where that can be done."""
    missing = _missing()
    if missing:
        _debians(*(package for packages in missing.values() for package in packages))
    return {
        name: f"install Debian's {' and '.join(packages)}, or what fits your system."
        for name, packages in _missing().items()
    }


def _missing() -> dict[str, list[str]]:
    """Debian's packages for the programs that aren't on this machine, by engine."""
    found = {
        name: [package for programs, package in needs if not any(map(shutil.which, programs))]
        for name, needs in ENGINES.items()
    }
    return {name: packages for name, packages in found.items() if packages}


def counted(*records: Path) -> str:
    """The closing line, "N passed, N failed, N skipped", from pytest's records. One that is missing counts as a failure."""
    suites = [suite for record in records if record.exists() for suite in ElementTree.parse(record).iter("testsuite")]
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    missing = sum(not record.exists() for record in records)
    passed, failed = max(0, tests - failures - errors - skipped), failures + errors + missing
    return f"{passed} passed, {failed} failed, {skipped} skipped"


def validate(cache: Path, words: list[str]) -> int:
    """Print how near the physics comes to published measurements kept in the repository, or to those that `words` name."""
    if not words:
        return module(environment(cache), "tests.validation")
    whole = [str(Path(word).resolve()) if Path(word).is_file() else word for word in words]
    return module(Path(sys.executable), "tools.validation", *whole)  # it needs nothing that isn't in Python


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
    return module(python, "tests.defences", *words, LAB_BROWSER=page_browser(python))


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


def page_browser(python: Path) -> str:
    """The browser of the page tests: Chromium's shell where it can be had, else find_browser's. Raises BuildError.

    The shell is the same browser without the window around the page, which nobody sees and which takes two fifths of the work.
    """
    if not os.environ.get("LAB_BROWSER"):
        if shutil.which(SHELL) is None:
            _debians(SHELL)
        shell = shutil.which(SHELL)
        if shell:
            return shell
    return find_browser(python)


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
    return on_path or _playwrights_own(python) or _debians_chromium() or _no_browser()


def _playwrights_own(python: Path) -> str | None:
    asked = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    path = subprocess.run([str(python), "-c", asked], capture_output=True, text=True).stdout.strip()
    if path and not Path(path).exists():
        print("Fetching a browser for the tests (once) ...", flush=True)
        subprocess.run([str(python), "-m", "playwright", "install", "chromium"], capture_output=True)
    return path if path and Path(path).exists() else None


def _debians_chromium() -> str | None:
    _debians("chromium")
    return shutil.which("chromium")


def _debians(*packages: str) -> None:
    """Install Debian's packages where this may be done; what doesn't come is told by whoever needs it."""
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    print(f"Installing Debian's {', '.join(packages)} for the tests (once) ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for asked in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["apt-get", *asked], capture_output=True, env=quiet, timeout=PATIENCE_S)


def _no_browser() -> str:
    raise BuildError(
        "No browser was found for the page tests. Install Chromium or Chrome, or set LAB_BROWSER to the path of one."
    )
