"""The design ledger as a table that the learner can read, and its buttons."""

from typing import Any

from content import wording
from content.course import QUESTIONS, Course
from page.page import Frame
from runs import serving
from state import store
from views import parts
from views.remembered import remembered


@remembered(None, same=("record.facts",), equal=("asking", "strange"))
def frame(course: Course, state: store.State) -> Frame:
    """The facts of the record, newest last, and the buttons' state."""
    rows = [_row(course, fact) for fact in store.facts(state)]
    return {
        "ledger.head": {"head": course.at("course.ledger.table")},
        "ledger.body": {"rows": rows},
        "ledger.table": {"hidden": not rows},
        "ledger.empty": {"hidden": bool(rows)},
        "ledger.clear": {"hidden": state.asking},
        "ledger.clear_yes": {"hidden": not state.asking},
        "ledger.clear_no": {"hidden": not state.asking},
    }


def _row(course: Course, fact: dict[str, Any]) -> list[str]:
    context = next(
        (c["label"] for c in course.at("course.contexts") if c["id"] == fact["context"]), str(fact["context"])
    )
    what, choice, outcome = DESCRIBE[fact["kind"]](course, fact)
    return [parts.when(str(fact["at"])), context, what, choice, outcome]


def _answered(course: Course, fact: dict[str, Any]) -> tuple[str, str, str]:
    words, id = course.at("words"), str(fact["question"])
    option = course.option(id, fact["option"]) if id in QUESTIONS else None
    text = option["text"] if option else fact["option"]
    text = text if isinstance(text, str) else text.get(fact["context"], "")
    return words.get(f"question_{id.replace('.', '_')}", id), text, words["locked_chip"]


def _recorded(course: Course, fact: dict[str, Any]) -> tuple[str, str, str]:
    words, result = course.at("words"), fact["result"]
    sides = []
    for side in serving.SIDES:
        run = fact["settings"][side]
        sides.append(f"{side.upper()}: {run['policy']}, {run['max_batch']} × {run['max_sequence']}, {run['load']}/s")
    ttft = wording.show(result["a"].get("ttft_p99_s"), "time")
    throughput = wording.show(result["b"].get("throughput_output_tokens_per_s"), "tps")
    states = " · ".join(f"{side.upper()} {words['state_' + result[side]['state']]}" for side in serving.SIDES)
    return words["record_recorded"], "; ".join(sides), f"{ttft} · {throughput} · {states}"


def _broke(course: Course, fact: dict[str, Any]) -> tuple[str, str, str]:
    words = course.at("words")
    sizes = fact.get("numbers", {})
    had = f"{wording.show(sizes.get('needs'), 'gib')} / {wording.show(sizes.get('has'), 'gib')}"
    what = wording.fill(words[f"record_{fact['kind']}"], {"side": str(fact["side"]).upper()})
    return what, had, words.get(f"state_{fact['failure']}", str(fact["failure"]))


DESCRIBE = {"answered": _answered, "recorded": _recorded, "broke": _broke, "mended": _broke}
