"""The link to these settings, and the settings that a link has brought, beside the learner's own."""

from dataclasses import replace
from typing import Any

from content import wording
from content.control import Settings
from content.controls import controls
from content.course import Course
from links import share
from page.page import Frame
from page.remembered import remembered
from state import store
from state.store import acts

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


def frame(course: Course, state: store.State) -> Frame:
    """The copy button's answer, and the box of the link that was opened."""
    fragment = _link(course, state.context, state.settings[state.context])
    note = wording.sentences(act.note(course, state) for act in acts(course))
    return {
        "share.note": {"text": note},
        "share.status": {"text": _copied(course, state, fragment)},
        **(EMPTY if state.shared is None else _shared(course, state, state.shared)),
    }


@remembered
def _link(course: Course, context: str, settings: Settings) -> str:
    return share.link(course, context, settings)


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
    label = course.about(theirs.context).label
    rows = _differences(course, theirs, mine)
    names = {"names": wording.listed(shared.strange)}
    notes = [wording.fill(words["strange"], names)] if shared.strange else []
    notes += [words["other_defaults"]] if shared.other_defaults else []
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
        [
            wording.headed(control.side, control.label, "colon") if control.side else control.label,
            control.show(theirs.value(id)),
            control.show(mine.value(id)),
        ]
        for id, control in controls(course).items()
        if theirs.value(id) != mine.value(id)
    ]


def _results(course: Course, theirs: store.State, mine: store.State) -> tuple[list[list[Any]], bool]:
    """What both settings come to, as far as the learner has committed what they think of it; and whether any is held back."""
    rows: list[list[Any]] = []
    held_back = False
    for act in acts(course):
        pair = [act.compared(course, page) for page in (theirs, mine)]
        if pair[0] is None or pair[1] is None:
            held_back = True
        else:
            both = zip(*pair, strict=True)
            rows += [[label, there, here, {"state": "result"}] for (label, there), (_, here) in both]
    return rows, held_back
