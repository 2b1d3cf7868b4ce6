"""A class checked on every core: processes that check texts, each with the lab's engine and its own simulations.

Whatever becomes of a process, no file is lost: what it had not finished is checked in this one.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import bundle
from tools.languages import ENGLISH
from tools.runtimes import ROOT
from tools.trouble import BuildError

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
    """A grader that has a crew do the checking, once a class is large. settings: the class's own, for the crew to read, and
    `language` the one that the grader speaks."""

    def __init__(self, now: str, settings: Path | None, language: str = ENGLISH, hands: int = 0) -> None:
        """Raises BuildError for settings or content that can't be read, and for a language that there is not."""
        course, *others = courses(settings, language)
        super().__init__(course, now, others)
        self.language = language
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
                self.hands, initializer=_begin, initargs=(self.now, self.settings, self.language)
            )
            undone = [future for _, future in self.pending.values() if not future.done()]
            if len(undone) >= WAITING * self.hands:
                wait(undone, return_when=FIRST_COMPLETED)
            return self.crew.submit(_check, file)
        except (BrokenExecutor, OSError):
            self.hands = 1
            return None


def _begin(now: str, settings: Path | None, language: str) -> None:
    global _about
    with contextlib.redirect_stdout(io.StringIO()):  # what a translation lacks has been said
        course, *others = courses(settings, language)
    _about = course, Runs(course), now, others


def _check(file: Text) -> Checked:
    course, runs, now, spoken = _about
    return gradebook.row(course, runs, file, now, spoken)


def courses(settings: Path | None, language: str = ENGLISH) -> list[Course]:
    """The course in a language, and after it in every other that a learner may have had it in. Raises BuildError."""
    every = {ENGLISH: bundle.read_content(CONTENT, settings), **bundle.translations(CONTENT, settings)}
    if language not in every:
        raise BuildError(f"There is no language {language!r}. There are {', '.join(every)}.")
    return [acts.course(every[name]) for name in sorted(every, key=lambda name: name != language)]
