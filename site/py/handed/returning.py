"""Points on their way back: the list of a class, as Canvas or Moodle takes it, filled with what each learner has.

A list that lies among the files is filled; where none does, one is made of those whom the course system's names tell of. Whoever
is on a list and handed in nothing is named, and whoever handed in and is on no list. A column of Canvas's list is filled only if
it alone is called as the lab is, in whichever language.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from content import wording
from content.course import Course
from handed import gradebook, owners
from handed.gradebook import protected, shown
from handed.grading import Checked
from handed.learners import Learner
from handed.owners import BLACKBOARD, CANVAS, MOODLE, Owner
from handed.people import Key, plain, words
from handed.rosters import ABOUT, COMMENT, GRADE, KNOWN_BY, MOST, NAMES, POSSIBLE, SECTION, Roster, column
from report import report

NUMBER = re.compile(r"\s*\(\d+\)\s*$")  # which Canvas writes behind a column's name
ADDRESS = re.compile(r"mail|correo|邮|郵", re.IGNORECASE)  # in the name of a column
MOST_NAMED = 8  # columns that one sentence names


@dataclass(frozen=True)
class Returned:
    """A file for a course system: its name, its text, "" where none can be written; the class's list that it comes of, with the
    names on it of whom nothing is there; what is to be said of its column; and who has points in it and a flag."""

    system: str
    name: str
    text: str
    given: str = ""
    absent: tuple[str, ...] = ()
    note: str = ""
    flagged: tuple[str, ...] = ()


def returned(
    course: Course,
    class_: Sequence[Learner],
    rosters: Sequence[Roster],
    spoken: Sequence[Course] = (),
    column: str = "",
) -> tuple[list[Returned], list[str]]:
    """A file for each list, and for each course system without one; and who is on no list, if there are lists.

    `spoken`: the course in other languages, after whose titles a column may be called, too; `column`: what the column in
    Canvas's list is called, where it isn't called as the lab is.
    """
    titles = [column] if column else _titles(course, spoken)
    files: list[Returned] = []
    known: set[int] = set()
    for roster in rosters:
        found = matched(roster, class_)
        known |= {id(learner) for learner in found.values()}
        absent = tuple(roster.name(row) for row in roster.students if row not in found)
        name, own = _name(roster.system, files), _own(roster, titles)
        unsure = roster.system == CANVAS and (len(own) > 1 or (column and not own))
        text = "" if unsure else filled(course, roster, found, titles[0], own[0] if own else None)
        note = _note(course, roster, own, titles[0], bool(column))
        flagged = _flagged(found.values()) if text else ()
        files.append(Returned(roster.system, name, text, shown(roster.file), absent, note, flagged))
    listed = {roster.system for roster in rosters}
    named = {one.owner.system for one in class_ if one.owner and one.owner.name}
    for system in (CANVAS, MOODLE):
        if system in named - listed:
            flagged = _flagged(one for one in class_ if one.owner and one.owner.system == system)
            files.append(
                Returned(system, _name(system, files), made(course, system, class_, titles[0]), flagged=flagged)
            )
            known |= {id(one) for one in class_ if one.owner and one.owner.system == system and one.owner.name}
    return files, [learner.name for learner in class_ if files and id(learner) not in known]


def said(course: Course, files: Sequence[Returned], strange: Sequence[str]) -> list[str]:
    """What there is to know of columns, who handed in nothing, and who is on no list, a line for each list."""
    words = course.at("grading.report")
    notes = [file.note for file in files if file.note]
    groups = [(wording.fill(words["absent"], {"file": file.given}), file.absent) for file in files]
    groups += [(wording.fill(words["flagged_points"], {"file": file.name}), file.flagged) for file in files]
    return notes + [
        wording.headed(title, wording.listed(map(shown, names), "semicolon"), "colon")
        for title, names in [*groups, (words["strange"], strange)]
        if names
    ]


def _flagged(class_: Iterable[Learner]) -> tuple[str, ...]:
    """Who has points and a flag on any file: the list that is uploaded has no room to say so."""
    return tuple(one.name for one in class_ if one.score and any(row.flags for row in one.rows))


def _titles(course: Course, spoken: Sequence[Course]) -> list[str]:
    """What the lab is called in each language, in English first: what a new column is called goes by no page's language."""
    every = sorted((course, *spoken), key=lambda one: one.at("words.language") != "en")
    return [one.at("course.masthead.title") for one in every]


def _own(roster: Roster, titles: Sequence[str]) -> list[int]:
    """The columns of Canvas's list with one of these names, with or without the number behind it."""
    wanted = {plain(title) for title in titles}
    names = ((i, name) for i, name in enumerate(roster.head) if roster.system == CANVAS and name not in ABOUT)
    return [i for i, name in names if {plain(name), plain(NUMBER.sub("", name))} & wanted]


def _note(course: Course, roster: Roster, own: Sequence[int], title: str, is_named: bool) -> str:
    """What is to be said of a list's column: that it is a new one, or that none is filled since several have the name, or none
    has the one that was asked for."""
    if roster.system != CANVAS or len(own) == 1:
        return ""
    columns = [name for i, name in enumerate(roster.head) if (i in own if own else NUMBER.search(name))]
    listed = "; ".join(f"“{shown(' '.join(name.split()))}”" for name in columns[:MOST_NAMED])
    said = {
        "file": shown(roster.file),
        "title": title,
        "columns": f"{listed or '–'}{' …' * (len(columns) > MOST_NAMED)}",
    }
    said["most"] = _written(full(course))
    which = "many_columns" if own else "no_column" if is_named else "new_column"
    return wording.fill(course.at("grading.report")[which], said)


def _name(system: str, files: Sequence[Returned]) -> str:
    before = sum(file.system == system and bool(file.text) for file in files)
    return f"{system.casefold()}{f'-{before + 1}' if before else ''}.csv"


def matched(roster: Roster, class_: Sequence[Learner]) -> dict[int, Learner]:
    """The learners by the rows of a list: by the course system's number, else by their names, else by a login or an address.
    A row that two may be, and a learner who may be in two rows, stay alone."""
    numbers = {owner.id: one for one in class_ for owner in _owners(one) if owner.system == roster.system}
    found = {row: numbers[id] for row, id in roster.students.items() if id in numbers}
    names = {row: roster.name(row) for row in roster.students}
    # A login may be another's name: "ada" is one's who isn't called so.
    common = Counter(word for name in names.values() for word in set(words(name)))
    known_by = {
        row: {key for key in map(words, _who(roster, row)) if _tells(key, common, name)} for row, name in names.items()
    }
    for called, listed in (
        ({id(one): {words(one.name)} for one in class_}, {row: {words(name)} for row, name in names.items()}),
        ({id(one): {_bare(one.name)} for one in class_}, {row: {_bare(name)} for row, name in names.items()}),
        ({id(one): set(map(words, _called(one))) for one in class_}, known_by),
    ):
        there = set(map(id, found.values()))
        free = [(one, called[id(one)]) for one in class_ if id(one) not in there]
        found |= _alone({row: keys for row, keys in listed.items() if row not in found}, free)
    return found


def _tells(key: Key, common: Mapping[str, int], name: str) -> bool:
    """Whether what a list knows somebody by is no word of another's name."""
    return len(key) > 1 or all(common[word] <= (word in words(name)) for word in key)


def _alone(rows: Mapping[int, set[Key]], class_: Sequence[tuple[Learner, set[Key]]]) -> dict[int, Learner]:
    """The learners by rows with a key of theirs, where neither has one of another's."""
    at: dict[Key, list[int]] = defaultdict(list)
    for row, keys in rows.items():
        for key in keys:
            at[key].append(row)
    fits = [(one, {row for key in keys if key for row in at.get(key, ())}) for one, keys in class_]
    claimed = Counter(row for _, found in fits for row in found)
    return {row: one for one, found in fits if len(found) == 1 for row in found if claimed[row] == 1}


def _owners(one: Learner) -> Iterable[Owner]:
    """Whom course systems call a learner: in two downloads of one of them it may have two numbers."""
    return (row.owner for row in one.rows if row.owner)


def _called(one: Learner) -> list[str]:
    """What a learner may be known by: the name, and what Blackboard writes before "_attempt_", whose end is the login."""
    logins = [owner.id.split("_") for owner in _owners(one) if owner.system == BLACKBOARD]
    return [one.name, *("_".join(parts[at:]) for parts in logins for at in range(1, len(parts)))]


def _bare(name: str) -> Key:
    """A name without accents."""
    return tuple(sorted(owners.words(name)))


def _who(roster: Roster, row: int) -> list[str]:
    """What a list knows a student by. In Moodle's: what stands between the number and the grade, and every address."""
    if roster.system == CANVAS:
        columns = [i for i, name in enumerate(roster.head) if name in KNOWN_BY]
    else:
        grade = column(roster.head, GRADE) or 0
        columns = [i for i, name in enumerate(roster.head) if 0 < i < grade or ADDRESS.search(name)]
    return [roster.name(row), *(roster.rows[row][i] for i in columns)]


def filled(course: Course, roster: Roster, found: dict[int, Learner], title: str, own: int | None = None) -> str:
    """The list with the points of those who have some, as CSV: in Canvas's in the column `own`, or in a new one of that title.
    Whoever has none keeps what stood there."""
    return _canvas(course, roster, found, title, own) if roster.system == CANVAS else _moodle(course, roster, found)


def _canvas(course: Course, roster: Roster, found: dict[int, Learner], title: str, own: int | None) -> str:
    about = [i for i, name in enumerate(roster.head) if name in ABOUT]
    possible = next((row for row in roster.rows if POSSIBLE in row[0]), None)
    most = _number(possible[own]) if own is not None and possible else None
    lines = [[*(roster.head[i] for i in about), title if own is None else roster.head[own]]]
    if possible:
        lines.append([*(possible[i] for i in about), _written(full(course) if most is None else most)])
    for i in roster.students:
        before = roster.rows[i][own] if own is not None else ""
        lines.append([*(roster.rows[i][j] for j in about), _points(found.get(i), most, before)])
    return _csv(lines, roster.separator)


def _moodle(course: Course, roster: Roster, found: dict[int, Learner]) -> str:
    grade, most, comment = (column(roster.head, names) for names in (GRADE, MOST, COMMENT))
    assert grade is not None
    # A list whose own numbers have a decimal comma gets such.
    commas = any("," in row[at] for row in roster.rows for at in (grade, most) if at is not None)
    lines = [roster.head]
    for i, row in enumerate(roster.rows):
        line, learner = list(row), found.get(i)
        points = _points(learner, _number(row[most]) if most is not None else None, row[grade])
        line[grade] = points.replace(".", ",") if commas else points
        if comment is not None and learner and learner.score and not row[comment].strip():
            line[comment] = report.points(course, learner.score)
        lines.append(line)
    return _csv(lines, roster.separator)


def made(course: Course, system: str, class_: Sequence[Learner], title: str) -> str:
    """A list of those whom a course system's names tell of, where the class's own list is not at hand."""
    mine = {one.owner.id: one for one in class_ if one.owner and one.owner.system == system and one.owner.name}
    if system == CANVAS:
        head = [*NAMES[0], *KNOWN_BY[:3], SECTION]
        rows = [[protected(one.name), id, "", "", ""] for id, one in mine.items()]
        possible = [[f"    {POSSIBLE}", "", "", "", ""]]
    else:
        head = ["Identifier", "Full name", "Grade", "Last modified (grade)", "Feedback comments"]
        rows = [[f"Participant {id}", protected(one.name), "", "-", ""] for id, one in mine.items()]
        possible = []
    students = dict(enumerate(mine, start=len(possible)))
    roster = Roster(system, "", ",", head, possible + rows, students)
    return filled(course, roster, {row: mine[id] for row, id in students.items()}, title)


def _points(learner: Learner | None, most: float | None, before: str) -> str:
    """A learner's points, on the scale of those that a course system gives."""
    if learner is None or learner.score is None:
        return before
    return _written(learner.score.points if most is None else learner.score.share * most)


def full(course: Course) -> float:
    """How many points there are."""
    return gradebook.points(course, Checked("")).most


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
