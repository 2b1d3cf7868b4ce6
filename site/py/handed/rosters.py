"""The list of a class as Canvas or Moodle exports it.

Canvas (lib/gradebook_importer.rb): the gradebook, "Student, ID, …, Section, assignments"; a row says the points possible, and
students are known by ID. Moodle (assignfeedback_offline): the grading worksheet, whose first column is "Participant 4711" in some
language; the grade, its maximum and the comment have columns of their own.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from handed.owners import CANVAS, MOODLE

# Canvas's own columns, and its rows that are no student's.
ABOUT = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")
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
        return self.rows[row][0 if self.system == CANVAS else min(1, len(self.head) - 1)]


def read(file: str, text: str) -> Roster | None:
    """The list in a CSV file; None where it is none of these."""
    separator, cells = _cells(text)
    if not cells:
        return None
    head, *rows = cells
    rows = [row + [""] * (len(head) - len(row)) for row in rows if any(cell.strip() for cell in row)]
    if len(head) > 3 and head[0].strip() == ABOUT[0] and head[1].strip() == ABOUT[1] and ABOUT[-1] in head:
        own = (TEST, POSSIBLE)
        ids = {i: row[1].strip() for i, row in enumerate(rows) if row[1].strip() and row[0].strip() not in own}
        return Roster(CANVAS, file, separator, head, rows, ids)
    found = [PARTICIPANT.fullmatch(row[0].strip()) for row in rows]
    if column(head, GRADE) is not None and found and all(found) and len({one[1] for one in found if one}) == 1:
        return Roster(MOODLE, file, separator, head, rows, {i: one[2] for i, one in enumerate(found) if one})
    return None


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
