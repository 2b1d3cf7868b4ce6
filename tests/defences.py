"""Shows that each fault's test needs its defence: takes the line out of a copy of the project, and the test has to fail.

`python3 build.py defences` tries all of tests/defences.toml, `defences plotly clock` those whose fault has one of these words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests/defences.toml"
LEFT_OUT = shutil.ignore_patterns(".git", "dist", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
FAILED = 1  # pytest: tests ran, and some failed; any other number is no proof
PATIENCE_MS = 30_000  # nothing else runs, so that what has not come by then does not come


@dataclass(frozen=True)
class Defence:
    """A fault, the line that defends against it, what stands there `instead`, and the test that then fails.

    `named`: the tests of that file, as pytest's -k takes it; all of them if empty. `twice`: the fault has a second defence, the
    line in the file of that name, which goes too.
    """

    fault: str
    file: str
    line: str
    instead: str
    test: str
    named: str = ""
    twice: tuple[str, str] | None = None


def defences() -> list[Defence]:
    """The table."""
    return [Defence(**row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["defence"]]


def is_needed(defence: Defence, scratch: Path) -> bool:
    """Whether the test fails without the line. Raises ValueError when the copy can't be built or the test can't run."""
    copy = scratch / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    taken_out = [(defence.file, defence.line, defence.instead)]
    if defence.twice:
        taken_out.append((*defence.twice, ""))
    for file, line, instead in taken_out:
        place = copy / file
        place.write_text(place.read_text(encoding="utf-8").replace(line, instead), encoding="utf-8")
    around = {**os.environ, "PYTHONPATH": f"{copy / 'site/py'}{os.pathsep}{copy}"}
    if defence.test.startswith("tests/e2e/"):
        brisk = copy / "tests/e2e/brisk.toml"
        around |= {"LAB_DIST": str(copy / "dist"), "LAB_SETTINGS": str(brisk), "LAB_PATIENCE_MS": str(PATIENCE_MS)}
        built = _run([sys.executable, "build.py", "--settings", str(brisk), "--out", str(copy / "dist")], copy, around)
        if built.returncode:
            raise ValueError(f"{defence.fault}: the copy can't be built. {built.stderr.strip()}")
    chosen = ["-k", defence.named] if defence.named else []
    tested = _run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", defence.test, *chosen], copy, around
    )
    if tested.returncode not in (0, FAILED):
        raise ValueError(f"{defence.fault}: the test can't run. {tested.stdout[-500:]}")
    return tested.returncode == FAILED


def _run(command: Sequence[str], folder: Path, around: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True)


def main(words: Sequence[str]) -> int:
    """Try those that were asked for, one line each. Returns 1 if a test passed without its defence."""
    chosen = [d for d in defences() if not words or any(word.lower() in d.fault.lower() for word in words)]
    idle = []
    with tempfile.TemporaryDirectory() as scratch:
        for defence in chosen:
            needed = is_needed(defence, Path(scratch))
            print(f"{'needed' if needed else 'NOT NEEDED':10}  {defence.fault}", flush=True)
            idle += [] if needed else [defence]
    print(f"{len(chosen) - len(idle)} of {len(chosen)} tests fail without the line that they are about")
    return int(bool(idle))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
