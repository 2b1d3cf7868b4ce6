"""Find the bugs as a frame: the draft's sentences, the learner's corrections, and what the engine says of each."""

from collections.abc import Mapping
from typing import Any

from acts.bugs import bugs
from acts.bugs.controls import ID, name
from content import wording
from content.control import Choice, Control, Value
from content.controls import controls
from content.course import Course
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts


def frame(course: Course, state: store.State) -> Frame:
    """Everything in the exercise. It is empty until the acts before it are committed."""
    opened = store.is_open(course, state, ID)
    found: Frame = {"bugs.gate": {"hidden": opened}, "bugs.open": {"hidden": not opened}}
    if not opened:
        return found
    values = {id: state.value(name(id)) for id in bugs.all_of(course)}
    problems = {id: state.problems.get(name(id), "") for id in values}
    return found | _shown(course, values, problems)


@remembered
def _shown(course: Course, values: Mapping[str, Value], problems: Mapping[str, str]) -> Frame:
    found: Frame = {}
    judged = {id: bugs.judge(course, id, value) for id, value in values.items()}
    for id, value in values.items():
        found |= _correction(controls(course)[name(id)], value, problems[id])
        found |= _verdict(course, id, value, judged[id])
    return found | _count(course, list(judged.values()))


def _correction(control: Control, value: Value, problem: str) -> Frame:
    if not isinstance(control, Choice):
        return parts.control_frame(control, value, problem)
    found: Frame = {}
    for option, words in control.options:
        key = f"{control.id}.{option}"
        found |= {f"{key}.input": {"checked": option == value}, f"{key}.text": {"text": words}}
    return found


def _verdict(course: Course, id: str, value: Any, judged: str) -> Frame:
    """The draft's sentence, and the verdict on a correction: with a hint while it is wrong, with the reason when right."""
    bug, key, said = bugs.all_of(course)[id], name(id), bugs.said(course, id, value)
    found: Frame = {f"{key}.claim": {"text": wording.fill(bug.claim, said)}}
    if judged == bugs.UNTOUCHED:
        return found | {f"{key}.verdict": {"hidden": True, "text": "", "state": None}}
    right = judged == bugs.RIGHT
    text = f"**{course.at(f'bugs.{judged}')}** {bug.right if right else bug.hint}"
    state = "right" if right else "wrong"
    return found | {f"{key}.verdict": {"hidden": False, "text": wording.fill(text, said), "state": state}}


def _count(course: Course, judged: list[str]) -> Frame:
    numbers = {"right": judged.count(bugs.RIGHT), "all": len(judged)}
    done = numbers["right"] == numbers["all"]
    return {
        "bugs.intro": {"text": course.say("bugs.intro", None, numbers)},
        "bugs.count": {
            "text": course.say("bugs.all_right" if done else "bugs.count", None, numbers),
            "state": "good" if done else "info",
        },
    }
