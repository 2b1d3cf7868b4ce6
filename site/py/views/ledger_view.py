"""The design ledger as a table that the learner can read, and its buttons."""

from content.course import Course, Fact
from page.page import Frame
from page.remembered import remembered
from record import ledger
from report import report
from state import store
from state.store import acts
from views import parts


def frame(course: Course, state: store.State) -> Frame:
    """The facts of the record, newest last, and the buttons' state."""
    rows = _rows(course, state.record.facts, state.strange)
    return {
        "ledger.head": {"head": course.at("course.ledger.table")},
        "ledger.body": {"rows": rows},
        "ledger.table": {"hidden": not rows},
        "ledger.empty": {"hidden": bool(rows)},
        "ledger.clear": {"hidden": state.asking},
        "ledger.clear_yes": {"hidden": not state.asking},
        "ledger.clear_no": {"hidden": not state.asking},
    }


@remembered
def _rows(course: Course, facts: tuple[Fact, ...], strange: frozenset[str]) -> list[list[str]]:
    return [_row(course, fact) for fact in facts if fact["id"] not in strange]


def _row(course: Course, fact: Fact) -> list[str]:
    context = str(fact.get("context", ""))
    label = course.about(context).label if context in course.contexts else context
    rows = {kind: row for act in acts(course) for kind, row in act.rows.items()}
    what, choice, outcome = {"answered": _answered, ledger.PLAYED: _played, **rows}[fact["kind"]](course, fact)
    return [parts.when(str(fact["at"])), label, what, choice, outcome]


def _answered(course: Course, fact: Fact) -> tuple[str, str, str]:
    words, id = course.at("words"), str(fact["question"])
    option = course.option(id, fact["option"]) if id in course.questions else None
    text = option.text if option else fact["option"]
    text = text if isinstance(text, str) else text.get(fact["context"], "")
    name = report.question_name(course, id) if id in course.questions else id
    return name, text, words["locked_chip"]


def _played(course: Course, fact: Fact) -> tuple[str, str, str]:
    return str(course.at("play.page.title")), *report.game_said(course, fact)
