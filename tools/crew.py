"""A class checked on every core: processes that check texts, each with the lab's engine and its own simulations.

Whatever becomes of a process, no file is lost: what it had not finished is checked in this one.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import bundle
from tools.runtimes import ROOT

PYTHON = str(ROOT / "site/py")
if PYTHON not in sys.path:
    sys.path.insert(0, PYTHON)

import acts  # noqa: E402  it lies there
from handed import gradebook  # noqa: E402
from handed.grading import Checked, Runs  # noqa: E402
from handed.handins import Text  # noqa: E402

if TYPE_CHECKING:
    from content.course import Course

CONTENT = ROOT / "site/content"
MOST_HANDS = 6  # of some 60 MB each
ALONE = 40  # files that are checked before it is worth a second's start of others
WAITING = 4  # texts a process that may wait for their turn, each of 2 MB at most
_about: tuple[Any, ...] = ()  # in a process of the crew: what it checks with


class Grader(gradebook.Grader):
    """A grader that has a crew do the checking, once a class is large. settings: the class's own, for the crew to read."""

    def __init__(
        self, course: Course, now: str, spoken: Sequence[Course], settings: Path | None, hands: int = 0
    ) -> None:
        super().__init__(course, now, spoken)
        self.settings, self.hands = settings, hands or min(os.cpu_count() or 1, MOST_HANDS)
        self.crew: ProcessPoolExecutor | None = None
        self.pending: dict[int, tuple[Text, Future[Checked]]] = {}  # by their places among the rows

    def row(self, file: Text) -> Checked:
        """A file's row; one that is being checked elsewhere has its name alone until `rows` asks for it."""
        if self.hands > 1 and len(self.checked) >= ALONE and (future := self._given(file)):
            self.pending[len(self.checked)] = file, future
            return Checked(file.name)
        return super().row(file)

    def rows(self) -> list[Checked]:
        """Every row, those of the crew too. See gradebook.Grader."""
        for place, (file, future) in self.pending.items():
            try:
                self.checked[place] = future.result()
            except (BrokenExecutor, OSError):
                self.checked[place] = super().row(file)
        self.pending.clear()
        if self.crew:
            self.crew.shutdown()
            self.crew = None
        return super().rows()

    def _given(self, file: Text) -> Future[Checked] | None:
        """A file on its way through the crew, none where processes can't be had."""
        try:
            self.crew = self.crew or ProcessPoolExecutor(
                self.hands, initializer=_begin, initargs=(self.settings, self.now)
            )
            undone = [future for _, future in self.pending.values() if not future.done()]
            if len(undone) >= WAITING * self.hands:
                wait(undone, return_when=FIRST_COMPLETED)
            return self.crew.submit(_check, file)
        except (BrokenExecutor, OSError):
            self.hands = 1
            return None


def _begin(settings: Path | None, now: str) -> None:
    global _about
    with contextlib.redirect_stdout(io.StringIO()):  # what a translation lacks has been said
        course = acts.course(bundle.read_content(CONTENT, settings))
        _about = course, Runs(course), now, spoken(settings)


def _check(file: Text) -> Checked:
    course, runs, now, spoken = _about
    return gradebook.row(course, runs, file, now, spoken)


def spoken(settings: Path | None) -> list[Course]:
    """The course in every other language that a learner may have had it in."""
    return [acts.course(tables) for tables in bundle.translations(CONTENT, settings).values()]
