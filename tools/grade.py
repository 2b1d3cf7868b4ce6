"""A folder of snapshots, checked with the lab's own engine: `python3 -m tools.grade FOLDER --csv class.csv`.

Every file below the folder is read, zips too, or named with the reason why not. On the screen: what to look at, and histograms of
the class's predictions and designs. With --csv: a row for each file. With --points: the points as Canvas and Moodle take them
back, in the class's own list if that lies in the folder. With --gradescope: the results of one submission. Without a folder: with
--autograder the zip that Gradescope grades with, with --key the right answers, computed. Python's standard library is enough.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tools import autograder, bundle, crew
from tools.languages import ENGLISH
from tools.runtimes import ROOT
from tools.trouble import BuildError

if TYPE_CHECKING:
    from handed.gradebook import Grader

PYTHON = str(ROOT / "site/py")
if PYTHON not in sys.path:
    sys.path.insert(0, PYTHON)


def main(arguments: list[str]) -> int:
    """Run the grader. Returns 0, or 1 with a sentence on stderr when there is nothing to grade or to write."""
    from content import wording
    from handed import gradebook

    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that knows few letters
    options = parser().parse_args(arguments)
    try:
        settings = Path(options.settings) if options.settings else None
        with bundle.blamed(settings):
            grader = crew.Grader(now(), settings, options.language)
        wording.use(grader.course.at("words.numbers"))
        if options.key:
            print(gradebook.key(grader.course))
        elif options.autograder:
            autograder.write(Path(options.autograder), settings, options.language)
        elif options.folder is None:
            parser().error("name a folder of snapshots, or --key, or --autograder")
        else:
            take_all(grader, Path(options.folder))
            give(grader, options)
    except (OSError, ValueError, BuildError) as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


def give(grader: Grader, options: argparse.Namespace) -> None:
    """Print what came of a class, and write what was asked for. Raises OSError, and ValueError for nothing to write."""
    from content import wording
    from handed import gradebook, learners, results, returning

    course, rows = grader.course, grader.rows()
    words = course.at("grading.command")
    print(gradebook.summary(course, rows, grader.unread))
    if options.gradescope:
        text = results.text(course, learners.of(course, rows), gradebook.unread(course, grader.unread))
        if not text:
            raise ValueError(words["no_result"])
        Path(options.gradescope).write_text(text, encoding="utf-8")
        return
    class_ = learners.learners(course, rows)
    files, strange = returning.returned(course, class_, grader.rosters, grader.spoken, options.column)
    print("".join(f"{line}\n" for line in returning.said(course, files, strange)), end="")
    if not rows:
        raise ValueError(wording.fill(words["no_snapshot"], {"place": options.folder}))
    if options.csv:
        text = "\ufeff" + gradebook.csv_text(course, rows, ";" if options.semicolon else ",")
        Path(options.csv).write_text(text, encoding="utf-8")
    if options.points:
        systems = sorted({one.owner.system for one in class_ if one.owner})
        if not files:
            said = words["no_list_for" if systems else "no_system"]
            print(wording.fill(said, {"systems": wording.listed(systems)}), file=sys.stderr)
            return
        if not any(file.text for file in files):
            raise ValueError(wording.fill(words["no_list"], {"place": options.points}))
        Path(options.points).mkdir(parents=True, exist_ok=True)
        for file in (file for file in files if file.text):
            (Path(options.points) / file.name).write_text(file.text, encoding="utf-8", newline="")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python3 -m tools.grade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("folder", nargs="?", help="the folder, or the zip, with the snapshots that were handed in")
    made.add_argument("--csv", help="write a row for each file here")
    made.add_argument(
        "--semicolon", action="store_true", help="for spreadsheets that write 0,5: cells parted by semicolons"
    )
    made.add_argument(
        "--points", metavar="FOLDER", help="write the points here, a file for each course system and list of a class"
    )
    made.add_argument(
        "--column",
        default="",
        metavar="NAME",
        help="the column of Canvas's list to fill, where it isn't called as the lab is",
    )
    made.add_argument("--gradescope", metavar="FILE", help="write the results of one submission here, for Gradescope")
    made.add_argument("--autograder", metavar="ZIP", help="write the zip here that Gradescope grades with")
    made.add_argument("--key", action="store_true", help="print the right answers instead")
    made.add_argument(
        "--language", default=ENGLISH, help="of what is said and of the comments that go back: en, de, es, zh"
    )
    made.add_argument("--settings", help="the file of settings that the class's lab was built with")
    return made


def take_all(grader: Grader, folder: Path) -> None:
    """Have the grader take every file of a folder, or one file. Raises ValueError where there is none of that name."""
    from content import wording
    from handed import handins

    if not folder.exists():
        raise ValueError(wording.fill(grader.course.at("grading.command.no_folder"), {"place": str(folder)}))
    places = [folder] if folder.is_file() else list(below(folder))
    for done, place in enumerate(places, start=1):
        name = shown_name(place.relative_to(folder.parent if folder.is_file() else folder))
        found = data_of(place)
        if isinstance(found, bytes):
            for inside in grader.taking(name, found):
                progress(done, len(places), inside)
        else:
            grader.leave_out(handins.Unread(name, *found))
    if places and sys.stderr.isatty():
        print(file=sys.stderr)


def below(folder: Path) -> Iterator[Path]:
    """Everything below a folder that isn't a folder with something in it, in order. Links to folders are not followed."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            is_folder = place == folder or (place.is_dir() and not place.is_symlink())
            inside = sorted(place.iterdir(), reverse=True) if is_folder else []
        except OSError:
            inside = []
        if inside:
            waiting += inside
        elif place != folder:
            yield place


def data_of(place: Path) -> bytes | tuple[str, ...]:
    """As many of a file's bytes as the grader wants, or why there are none: a key of grading.toml, [unread], and a detail."""
    from handed import handins

    try:
        if not stat.S_ISREG(kind := place.stat().st_mode):
            return folder_of(place) if stat.S_ISDIR(kind) else ("special",)
        # A pipe that took the file's place in between must not hold the grader up.
        with os.fdopen(
            os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb"
        ) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ("special",)
            head = file.read(4)
            return head + file.read(handins.most(head) - len(head))
    except FileNotFoundError:
        return ("dangling",)
    except (OSError, ValueError) as mistake:
        return ("refused", getattr(mistake, "strerror", None) or str(mistake))


def folder_of(place: Path) -> tuple[str, ...]:
    """Why nothing was read of a folder. Raises OSError for one that can't be opened."""
    os.listdir(place)
    return ("folder_link" if place.is_symlink() else "folder_empty",)


def shown_name(place: Path) -> str:
    """A path as text, bytes that are no UTF-8 spelt out."""
    return os.fsencode(place.as_posix()).decode("utf-8", "backslashreplace")


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def progress(done: int, all_files: int, inside: int) -> None:
    """One line on stderr that counts, where a person looks on: which file of all, and how many were read in it."""
    if sys.stderr.isatty():
        within = f", {inside} read in it" if inside > 1 else ""
        print(f"\r{done} of {all_files}{within} ...   ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
