"""Points on their way back: the list of a class, as Canvas or Moodle takes it, filled with what each learner has.

A list that lies among the files is filled; where none does, one is made of those whom the course system's names tell of. Whoever
is on a list and handed in nothing is named, and whoever handed in and is on no list.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from content import wording
from content.course import Course
from handed.gradebook import protected, shown
from handed.learners import Learner
from handed.owners import CANVAS, MOODLE
from handed.rosters import ABOUT, COMMENT, GRADE, MOST, POSSIBLE, Roster, column
from report import report


@dataclass(frozen=True)
class Returned:
    """A file for a course system: its name, its text; names on the list of whom nothing is there."""

    system: str
    name: str
    text: str
    absent: tuple[str, ...] = ()


def returned(course: Course, class_: Sequence[Learner], rosters: Sequence[Roster]) -> tuple[list[Returned], list[str]]:
    """A file for each list, and for each course system without one; and who is on no list, if there are lists."""
    files: list[Returned] = []
    known: set[int] = set()
    for roster in rosters:
        found = matched(roster, class_)
        known |= {id(learner) for learner in found.values()}
        absent = tuple(roster.name(row) for row in roster.students if row not in found)
        files.append(Returned(roster.system, _name(roster.system, files), filled(course, roster, found), absent))
    listed = {roster.system for roster in rosters}
    named = {one.owner.system for one in class_ if one.owner and one.owner.name}
    for system in (CANVAS, MOODLE):
        if system in named - listed:
            files.append(Returned(system, _name(system, files), made(course, system, class_)))
    return files, [learner.name for learner in class_ if rosters and id(learner) not in known]


def said(course: Course, files: Sequence[Returned], strange: Sequence[str]) -> list[str]:
    """Who handed in nothing, and who is on no list, a line for each list."""
    words = course.at("grading.report")
    groups = [(wording.fill(words["absent"], {"file": file.name}), file.absent) for file in files]
    return [
        f"{title}: {', '.join(map(shown, names))}" for title, names in [*groups, (words["strange"], strange)] if names
    ]


def _name(system: str, files: Sequence[Returned]) -> str:
    before = sum(file.system == system for file in files)
    return f"{system.casefold()}{f'-{before + 1}' if before else ''}.csv"


def matched(roster: Roster, class_: Sequence[Learner]) -> dict[int, Learner]:
    """The learners by the rows of a list: by the course system's number, else by a name, login or address that only one has."""
    numbers = {one.owner.id: one for one in class_ if one.owner and one.owner.system == roster.system}
    found = {row: numbers[id] for row, id in roster.students.items() if id in numbers}
    known = [(key, one) for one in class_ if not one.owner for key in _keys([one.name])]
    rows = [(key, row) for row in roster.students if row not in found for key in _keys(_who(roster, row))]
    here, there = (Counter(key for key, _ in pairs) for pairs in (known, rows))
    named = {key: one for key, one in known if here[key] == 1}
    return found | {row: named[key] for key, row in rows if there[key] == 1 and key in named}


def _who(roster: Roster, row: int) -> list[str]:
    columns = range(len(ABOUT) - 1) if roster.system == CANVAS else range(1, 3)
    return [roster.rows[row][i] for i in columns if i < len(roster.head) and roster.head[i] != ABOUT[-1]]


def _keys(names: Iterable[str]) -> set[frozenset[str]]:
    """Names without the order of their parts: "Lovelace, Ada" is "Ada Lovelace"."""
    return {frozenset(re.findall(r"[^\s,;]+", name.casefold())) for name in names if name.strip()}


def filled(course: Course, roster: Roster, found: dict[int, Learner]) -> str:
    """The list with the points of those who have some, as CSV. Whoever has none keeps what stood there."""
    return _canvas(course, roster, found) if roster.system == CANVAS else _moodle(course, roster, found)


def _canvas(course: Course, roster: Roster, found: dict[int, Learner]) -> str:
    title = course.at("course.masthead.title")
    own = next((i for i, name in enumerate(roster.head) if name.startswith(title)), None)
    about = [i for i, name in enumerate(roster.head) if name in ABOUT]
    possible = next((row for row in roster.rows if POSSIBLE in row[0]), None)
    most = _number(possible[own]) if own is not None and possible else None
    lines = [[*(roster.head[i] for i in about), title if own is None else roster.head[own]]]
    if possible:
        lines.append([*(possible[i] for i in about), _written(_full(found) if most is None else most)])
    for i in roster.students:
        before = roster.rows[i][own] if own is not None else ""
        lines.append([*(roster.rows[i][j] for j in about), _points(found.get(i), most, before)])
    return _csv(lines, roster.separator)


def _moodle(course: Course, roster: Roster, found: dict[int, Learner]) -> str:
    grade, most, comment = (column(roster.head, names) for names in (GRADE, MOST, COMMENT))
    assert grade is not None
    lines = [roster.head]
    for i, row in enumerate(roster.rows):
        line, learner = list(row), found.get(i)
        line[grade] = _points(learner, _number(row[most]) if most is not None else None, row[grade])
        if comment is not None and learner and learner.score and not row[comment].strip():
            line[comment] = report.points(course, learner.score)
        lines.append(line)
    return _csv(lines, roster.separator)


def made(course: Course, system: str, class_: Sequence[Learner]) -> str:
    """A list of those whom a course system's names tell of, where the class's own list is not at hand."""
    mine = {one.owner.id: one for one in class_ if one.owner and one.owner.system == system and one.owner.name}
    if system == CANVAS:
        head = [*ABOUT[:4], ABOUT[-1]]
        rows = [[protected(one.name), id, "", "", ""] for id, one in mine.items()]
        possible = [[f"    {POSSIBLE}", "", "", "", ""]]
    else:
        head = ["Identifier", "Full name", "Grade", "Last modified (grade)", "Feedback comments"]
        rows = [[f"Participant {id}", protected(one.name), "", "-", ""] for id, one in mine.items()]
        possible = []
    students = dict(enumerate(mine, start=len(possible)))
    roster = Roster(system, "", ",", head, possible + rows, students)
    return filled(course, roster, {row: mine[id] for row, id in students.items()})


def _points(learner: Learner | None, most: float | None, before: str) -> str:
    """A learner's points, on the scale of those that a course system gives."""
    if learner is None or learner.score is None:
        return before
    return _written(learner.score.points if most is None else learner.score.share * most)


def _full(found: dict[int, Learner]) -> float:
    return max((one.score.most for one in found.values() if one.score), default=0)


def _written(points: float) -> str:
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _number(cell: str) -> float | None:
    """The number in a cell, 0 and what is none as None: a scale that ends there is none."""
    try:
        return float(cell.strip().replace(",", ".")) or None
    except ValueError:
        return None


def _csv(lines: list[list[str]], separator: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\r\n").writerows(lines)
    return written.getvalue()
