"""The list of a class as Canvas or Moodle exports it.

Canvas (lib/gradebook_exporter.rb, gradebook_importer.rb): the gradebook, "Student, ID, …, Section, assignments", or "LastName,
FirstName, ID, …" where the course shows names in two columns; a row says the points possible, and students are known by ID.
Moodle (assignfeedback_offline): the grading worksheet, whose first column is "Participant 4711" in some language; the grade, its
maximum and the comment have columns of their own.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from handed.owners import CANVAS, MOODLE

# Canvas's own columns, its rows that are no student's, and the columns by which it knows one.
NAMES = (("Student",), ("LastName", "FirstName"))
ID, SECTION = "ID", "Section"
KNOWN_BY = (ID, "SIS User ID", "SIS Login ID", "Integration ID")
ABOUT = (*NAMES[0], *NAMES[1], *KNOWN_BY, "Root Account", SECTION)
POSSIBLE, TEST = "Points Possible", "Student, Test"
PARTICIPANT = re.compile(r"(\D+)(\d+)")
SEPARATOR = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)
# In the head of a column that says who somebody is, in the lab's languages and some more.
PERSON = re.compile(
    r"\bname|name\b|student|learner|mail|user|login|matrikel|nombre|apellido|alumn|estudiante|correo|\bnom\b|prénom|courriel|姓名|学号|學號|邮|郵",
    re.IGNORECASE,
)
# What Moodle calls the columns in the lab's languages.
GRADE = ("grade", "bewertung", "calificación", "成绩", "成績")
MOST = ("maximum grade", "bestwertung", "calificación máxima", "最高分", "最高成绩")
COMMENT = ("feedback comments", "feedback als kommentar", "comentarios de retroalimentación", "反馈评论")


@dataclass(frozen=True)
class Roster:
    """A list of a class. students: the numbers of the rows that are a student's, each with the course system's number of it."""

    system: str
    file: str
    separator: str
    head: list[str]
    rows: list[list[str]]
    students: dict[int, str]

    def name(self, row: int) -> str:
        """What the list calls the student in a row."""
        cells = self.rows[row]
        return _called(cells, self.head.index(ID)) if self.system == CANVAS else cells[min(1, len(self.head) - 1)]


def read(file: str, text: str) -> Roster | None:
    """The list in a CSV file; None where it is none of these."""
    separator, cells = _cells(text)
    if not cells:
        return None
    head, *rows = cells
    rows = [row + [""] * (len(head) - len(row)) for row in rows if any(cell.strip() for cell in row)]
    names = next((len(names) for names in NAMES if tuple(map(str.strip, head[: len(names) + 1])) == (*names, ID)), 0)
    if names and SECTION in head[names + 1 :]:
        ids = {i: id for i, row in enumerate(rows) if (id := row[names].strip()) and _is_student(row, names)}
        head[: names + 1] = map(str.strip, head[: names + 1])
        return Roster(CANVAS, file, separator, head, rows, ids)
    found = [PARTICIPANT.fullmatch(row[0].strip()) for row in rows]
    if column(head, GRADE) is not None and found and all(found) and len({one[1] for one in found if one}) == 1:
        return Roster(MOODLE, file, separator, head, rows, {i: one[2] for i, one in enumerate(found) if one})
    return None


def _called(row: Sequence[str], names: int) -> str:
    """A student's name in Canvas's list, whose first columns have it: "Lovelace, Ada", in one or in two."""
    return ", ".join(filter(None, map(str.strip, row[:names])))


def _is_student(row: Sequence[str], names: int) -> bool:
    return row[0].strip() != POSSIBLE and _called(row, names) != TEST


def _cells(text: str) -> tuple[str, list[list[str]]]:
    """What parts the cells of a CSV file, and the cells; none where it is no CSV. A first line "sep=;" is a spreadsheet's."""
    text = text.lstrip("\ufeff")
    if told := SEPARATOR.match(text):
        separator, text = told[1], text[told.end() :]
    else:
        separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        return separator, list(csv.reader(io.StringIO(text), delimiter=separator))
    except (ValueError, csv.Error):
        return separator, []


def is_strange(text: str) -> bool:
    """Whether a CSV file that `read` doesn't know is a list of people all the same, by the heads of its columns."""
    head = (_cells(text)[1] or [[]])[0]
    return len(head) > 2 and any(PERSON.search(name) for name in head)


def column(head: Sequence[str], names: Sequence[str]) -> int | None:
    """The first column that is called by one of these names."""
    return next((i for i, name in enumerate(head) if name.strip().casefold() in names), None)
