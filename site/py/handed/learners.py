"""The learners of a class: everything that one handed in, and the file that counts, the one with the most points."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from content.course import Course
from handed import gradebook, people
from handed.grading import Checked
from handed.owners import Owner
from record.progress import Score


@dataclass(frozen=True)
class Learner:
    """Who handed something in. name: as the course system or the file says it; best: the file that counts, with its score;
    None where no file can be read. Of two files with as many points the one exported last counts."""

    name: str
    owner: Owner | None
    rows: tuple[Checked, ...]
    best: Checked | None
    score: Score | None


def learners(course: Course, rows: Sequence[Checked]) -> list[Learner]:
    """The learners behind the rows of a class, in the order of their first files."""
    groups: dict[object, list[Checked]] = defaultdict(list)
    for row in rows:
        groups[people.whose(row)].append(row)
    return [of(course, group) for group in groups.values()]


def of(course: Course, rows: Sequence[Checked]) -> Learner:
    """One learner, from all that they handed in."""
    scored = [(gradebook.points(course, row), row) for row in rows if row.snapshot]
    best = max(scored, key=lambda pair: (pair[0].points, pair[1].snapshot["metadata"]["exported_at"]), default=None)
    owner = next((row.owner for row in rows if row.owner), None)
    names = [owner.name] if owner else []
    names += [str(row.snapshot["student_id"]) for row in rows if row.snapshot]
    name = next(filter(None, names), rows[0].file if rows else "")
    return Learner(name, owner, tuple(rows), *((best[1], best[0]) if best else (None, None)))
