"""What a class found hard: questions answered otherwise, limits met and not mended, parts that are not there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from content.course import Course
from handed.grading import Checked
from report import report

MOST_SHOWN = 12


def hard(course: Course, rows: Sequence[Checked]) -> list[tuple[str, int]]:
    """For the readable rows of a context: a label and of how many it is true, the most frequent first."""
    counts = Counter(label for row in rows for label in _of(course, row))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_SHOWN]


def _of(course: Course, row: Checked) -> Iterator[str]:
    for entry in (*row.snapshot["predictions"], *row.snapshot["reflections"]):
        if entry["right"] is False:
            name = report.question_name(course, entry["question"])
            yield course.say("grading.report.otherwise", None, {"question": name})
    for side, failure in sorted(_unmended(row.facts)):
        said = {"side": side.upper(), "failure": course.at("words").get(f"state_{failure}", failure)}
        yield course.say("grading.report.unmended", None, said)
    for part in row.snapshot[report.MISSING]:
        yield course.say("grading.report.lacking", None, {"part": report.part_name(course, part)})


def _unmended(facts: Iterable[dict[str, str]]) -> set[tuple[str, str]]:
    """Sides that broke and were not mended afterwards, each with how it broke last."""
    broken: dict[str, str] = {}
    for fact in facts:
        if fact["kind"] == "broke":
            broken[fact["side"]] = fact["failure"]
        elif fact["kind"] == "mended":
            broken.pop(fact["side"], None)
    return set(broken.items())
