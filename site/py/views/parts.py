"""Parts that several acts share: controls, questions, the folded mathematics, charts with their tables."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from charts import Figure
from content import wording
from content.common import Formula
from content.control import Choice, Control, Value
from content.controls import controls
from content.course import Course, Results
from content.shapes import of_context
from content.wording import Numbers
from page.page import Frame
from page.remembered import remembered
from runs import oracles
from state import store
from state.questions import Answer


def filled(words: Any, numbers: Numbers) -> Any:
    """`words` with placeholders filled, through lists and tables."""
    if isinstance(words, str):
        return wording.fill(words, numbers)
    if isinstance(words, list | tuple):
        return [filled(entry, numbers) for entry in words]
    if isinstance(words, dict):
        return {key: filled(entry, numbers) for key, entry in words.items()}
    return words


def choice_lists(course: Course) -> dict[str, list[str]]:
    """The values of every choice, by the name that the choice template repeats over."""
    return {
        f"{control.id}.values": [str(value) for value, _ in control.options]
        for control in controls(course).values()
        if isinstance(control, Choice)
    }


def control_frames(course: Course, state: store.State, act: str) -> Frame:
    """Every control of an act: label, limits, value, and what was wrong with a typed one."""
    here, wrong = state.settings[state.context], state.problems
    return _control_frames(
        [(store.control(course, state, id), here[id], wrong.get(id, "")) for id in _ids(course, act)]
    )


@lru_cache(maxsize=16)
def _ids(course: Course, act: str) -> tuple[str, ...]:
    return tuple(id for id in controls(course) if id.startswith(f"{act}."))


@remembered
def _control_frames(now: Sequence[tuple[Control, Value, str]]) -> Frame:
    return {key: shown for each in now for key, shown in control_frame(*each).items()}


def control_frame(control: Control, value: Value, problem: str) -> Frame:
    """One control: a number field, with or without a slider, or a list to choose from."""
    id = control.id
    if isinstance(control, Choice):
        options = {f"{id}.{option}.option": {"text": words} for option, words in control.options}
        shown = {f"{id}.select": {"value": str(value)}, f"{id}.problem": {"text": problem}}
        return {f"{id}.label": {"text": control.label}, **options, **shown}
    limits = {"min": plain(control.minimum), "max": plain(control.maximum), "step": plain(control.step)}
    found: Frame = {
        f"{id}.label": {"text": control.label},
        f"{id}.unit": {"text": control.unit},
        f"{id}.number": {**limits, "value": plain(value), "invalid": "true" if problem else None},
        f"{id}.problem": {"text": problem},
    }
    if control.slider:
        spoken = {"label": control.label, "spoken": control.show(value)}
        found[f"{id}.range"] = {**limits, "value": plain(value), **spoken}
    return found


def plain(value: Any) -> str:
    """A number as an input field wants it: no separators."""
    return str(int(value)) if isinstance(value, (int, float)) and float(value).is_integer() else str(value)


def question(course: Course, state: store.State, id: str, numbers: Numbers) -> Frame:
    """A question: its prompt, its options, and whether it is still open. `numbers` fill the prompt and the options."""
    picked = state.chosen.get(state.context, {}).get(id)
    return _question(course, state.context, id, store.answer(state, id), picked, state.problems.get(id), numbers)


@remembered
def _question(
    course: Course,
    context: str,
    id: str,
    locked: Answer | None,
    chosen: str | None,
    problem: str | None,
    numbers: Numbers,
) -> Frame:
    picked = locked.option if locked else chosen
    words = course.at("words")
    found: Frame = {} if locked else {f"{id}.said": {"text": ""}}
    found |= {
        id: {"state": "locked" if locked else "open"},
        f"{id}.fieldset": {"disabled": locked is not None},
        f"{id}.prompt": {"text": course.say(f"{id}.prompt", context, numbers)},
        f"{id}.commit": {"hidden": locked is not None},
    }
    for option in course.question(id).options:
        taken = option.id == picked
        found[f"{id}.{option.id}"] = {"state": "chosen" if taken else None}
        found[f"{id}.{option.id}.input"] = {"checked": taken}
        found[f"{id}.{option.id}.text"] = {"text": wording.fill(of_context(option.text, context), numbers)}
    if locked:
        found[f"{id}.next"] = {"text": wording.fill(words["committed_on"], {"at": when(locked.at)})}
    else:
        found[f"{id}.next"] = {"text": problem or course.say(f"{id}.next", context, numbers)}
    return found


def when(at: str) -> str:
    """An ISO 8601 time as a person reads it; the time zone is UTC and says so."""
    return f"{at[:10]} {at[11:16]} UTC"


def feedback(course: Course, state: store.State, id: str) -> Frame:
    """The verdict on a committed answer, and what a screen reader says of it: the same, once, when it is news."""
    return _feedback(course, id, store.answer(state, id), id in state.fresh, state.results)


@remembered
def _feedback(course: Course, id: str, locked: Answer | None, fresh: bool, results: Results) -> Frame:
    verdict = _verdict(course, id, locked, results)
    news = fresh and verdict["state"] != "waiting"
    found: Frame = {f"{id}.feedback": verdict, f"{id}.said": {"text": verdict["text"] if news else ""}}
    if id.endswith(".reflection"):  # a prediction's stands under a heading of its own
        found[f"{id}.verdict"] = {"hidden": verdict["hidden"]}
    return found


def _verdict(course: Course, id: str, locked: Answer | None, results: Results) -> dict[str, Any]:
    """The verdict, from the engine's numbers for the scenario that was locked."""
    if locked is None:
        return {"hidden": True, "text": "", "state": None}
    words = course.at("words")
    option = course.option(id, locked.option)
    if option is None:
        return {"hidden": False, "text": words["option_gone"], "state": None}
    numbers = oracles.numbers(course, id, locked.scenario, locked.option, results)
    if numbers is None:
        return {"hidden": False, "text": words["waiting"], "state": "waiting"}
    right = oracles.holds(option.claims, numbers)
    lead = words["right"] if right else words["not_quite"]
    text = (option.right if right else option.wrong) or lead
    said = wording.fill(of_context(text, locked.context), numbers)
    said = said if said.startswith((words["yes"], lead)) else f"**{lead}** {said}"
    return {"hidden": False, "text": said, "state": "right" if right else "wrong"}


def mathematics(course: Course, act: str, numbers: Numbers) -> Frame:
    """The folded mathematics of an act: each formula, its terms, and the line with the live numbers."""
    found: Frame = {}
    for i, item in enumerate(course.each(Formula, f"{act}.math.items")):
        key = f"{act}.math.{i}"
        found[f"{key}.title"] = {"text": item.title}
        found[f"{key}.formula"] = {"text": wording.fill(item.formula, numbers)}
        found[f"{key}.terms"] = {"rows": filled(item.terms, numbers)}
        found[f"{key}.live"] = {"text": wording.fill(item.live, numbers)}
    return found


def player(course: Course, id: str) -> Frame:
    """The buttons of a replay; where it stands is the painter's own."""
    words = course.at("replay.player")
    speeds = {f"{id}.speed.{s}": {"text": wording.fill(words["speed_text"], {"speed": s})} for s in words["speeds"]}
    return {f"{id}.position": {"label": words["position"]}, f"{id}.speed": {"value": "1"}, **speeds}


def chart(
    id: str, title: str, caption: str, describe: str, figure: Figure, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> Frame:
    """A chart, its one-sentence description, and the table that says the same."""
    return {
        f"{id}.title": {"text": title},
        f"{id}.plot": {"figure": figure, "label": wording.headed(title, describe)},
        f"{id}.caption": {"text": caption},
        f"{id}.describe": {"text": describe},
        f"{id}.head": {"head": list(head)},
        f"{id}.body": {"rows": [list(row) for row in rows]},
    }
