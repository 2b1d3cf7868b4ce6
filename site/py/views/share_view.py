"""The link to these settings, and the settings that a link has brought, beside the learner's own."""

from dataclasses import replace
from typing import Any

from content import wording
from content.controls import PASTED, controls
from content.course import Course
from links import share
from page.page import Frame
from state import store
from views import calculator
from views.live import live_numbers
from views.remembered import remembered

EMPTY: Frame = {
    "shared.box": {"hidden": True},
    "shared.text": {"text": ""},
    "shared.notes": {"items": []},
    "shared.table": {"hidden": True},
    "shared.head": {"head": []},
    "shared.body": {"rows": []},
    "shared.take": {"hidden": True},
    "shared.drop": {"text": ""},
}


@remembered("", same=("record.facts", "results", "pasted"), equal=("strange", "settled", "shared", "copied"))
def frame(course: Course, state: store.State) -> Frame:
    """The copy button's answer, and the box of the link that was opened."""
    fragment = share.link(course, state.context, state.settings[state.context])
    note = course.at("report.share.pasted_model") if state.value("act1.model") == PASTED else ""
    return {
        "share.note": {"text": note},
        "share.status": {"text": _copied(course, state, fragment)},
        **(EMPTY if state.shared is None else _shared(course, state, state.shared)),
    }


def _copied(course: Course, state: store.State, fragment: str) -> str:
    if state.copied is None or state.copied.text != fragment:
        return ""
    said = "copied" if state.copied.done else "by_hand"
    return course.say(f"report.share.{said}", None, {"characters": len(fragment)})


def _shared(course: Course, state: store.State, shared: share.Shared) -> Frame:
    words, theirs = course.at("report.shared"), store.beside(course, state)
    if theirs is None:
        said = words[shared.problem or "broken"]
        return EMPTY | {
            "shared.box": {"hidden": False},
            "shared.text": {"text": said},
            "shared.drop": {"text": words["close"]},
        }
    mine = replace(state, context=theirs.context)
    label = next(c["label"] for c in course.at("course.contexts") if c["id"] == theirs.context)
    rows = _differences(course, theirs, mine)
    names = {"names": ", ".join(shared.strange)}
    notes = [wording.fill(words["strange"], names)] if shared.strange else []
    notes += [words["moved"]] if shared.moved else []
    notes += [] if rows else [words["same"]]
    results, hidden = _results(course, theirs, mine)
    notes += [words["hidden"]] if hidden and rows else []
    return {
        "shared.box": {"hidden": False},
        "shared.text": {"text": wording.fill(words["text"], {"context": label})},
        "shared.notes": {"items": notes},
        "shared.table": {"hidden": not rows},
        "shared.head": {"head": words["columns"]},
        "shared.body": {"rows": rows and [*rows, *results]},
        "shared.take": {"hidden": not rows},
        "shared.drop": {"text": words["drop" if rows else "close"]},
    }


def _differences(course: Course, theirs: store.State, mine: store.State) -> list[list[Any]]:
    """The controls whose values differ, with both values in words."""
    return [
        [_named(course, id, control.label), control.show(theirs.value(id)), control.show(mine.value(id))]
        for id, control in controls(course).items()
        if theirs.value(id) != mine.value(id)
    ]


def _named(course: Course, id: str, label: str) -> str:
    """A control's label, with its side where both sides have one like it."""
    act, _, rest = id.partition(".")
    side = rest.partition(".")[0]
    return f"{side.upper()}: {label}" if act == "act2" and side in ("a", "b") else label


def _results(course: Course, theirs: store.State, mine: store.State) -> tuple[list[list[Any]], bool]:
    """What both settings come to, as far as the learner has committed what they think of it; and whether any is held back."""
    words, rows = course.at("report.shared"), []
    first = store.answer(theirs, "act1.prediction") is not None
    second = store.is_open(theirs, "act2") and store.answer(theirs, "act2.prediction") is not None
    if first:
        sums = [calculator.numbers(calculator.desk(course, page)) for page in (theirs, mine)]
        rows.append([words["users"], *(wording.show(found["users"], "n") for found in sums)])
        rows.append([words["kv_user"], *(wording.show(found["kv_user_bytes"], "bytes") for found in sums)])
    if second:
        both = [live_numbers(course, page) for page in (theirs, mine)]
        rows.append([words["ttft"], *(wording.show(found["a_ttft"], "time") for found in both)])
        rows.append([words["throughput"], *(wording.show(found["b_throughput"], "tps") for found in both)])
    return [[*row, {"state": "result"}] for row in rows], not (first and second)
