"""A folder of snapshots, checked with the lab's own engine: `python3 -m tools.grade FOLDER --csv class.csv`.

Every `*.json` below the folder is read. On the screen: what to look at, and histograms of the class's predictions and designs.
With --csv: a row for each file. With --key and no folder: the right answers, computed. Python's standard library is enough.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from tools import bundle
from tools.runtimes import ROOT
from tools.trouble import BuildError

PYTHON = str(ROOT / "site/py")
if PYTHON not in sys.path:
    sys.path.insert(0, PYTHON)


def main(arguments: list[str]) -> int:
    """Run the grader. Returns 0, or 1 with a sentence on stderr when there is nothing to grade or to write."""
    import course as course_module
    import gradebook

    options = parser().parse_args(arguments)
    try:
        settings = Path(options.settings) if options.settings else None
        with bundle.blamed(settings):
            course = course_module.from_tables(bundle.read_content(ROOT / "site/content", settings))
        if options.key:
            print(gradebook.key(course))
            return 0
        if options.folder is None:
            parser().error("name a folder of snapshots, or --key")
        files = texts(Path(options.folder))
        rows = gradebook.grade(course, files, now(), lambda done: progress(done, len(files)))
        if options.csv:
            Path(options.csv).write_text("\ufeff" + gradebook.csv_text(course, rows), encoding="utf-8")
        print(gradebook.summary(course, rows))
    except (OSError, ValueError, BuildError) as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python3 -m tools.grade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("folder", nargs="?", help="the folder with the snapshots that were handed in")
    made.add_argument("--csv", help="write a row for each file here")
    made.add_argument("--key", action="store_true", help="print the right answers instead")
    made.add_argument("--settings", help="the file of settings that the class's lab was built with")
    return made


def texts(folder: Path) -> dict[str, str]:
    """Every JSON file below a folder by its path in it. Raises ValueError with a sentence when there is none."""
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*.json"))}
    if not files:
        raise ValueError(f"There is no .json file in {folder}. Collect the learners' v2_10_snapshot.json files there.")
    return {name: file.read_text(encoding="utf-8", errors="replace") for name, file in files.items()}


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def progress(done: int, all_files: int) -> None:
    """One line on stderr that counts, where a person looks on."""
    if sys.stderr.isatty():
        print(f"\r{done} of {all_files} ...", end="" if done < all_files else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
