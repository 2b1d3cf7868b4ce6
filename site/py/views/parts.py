"""Parts that several acts share: controls, questions, the folded mathematics, charts with their tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from charts import Figure
from content import wording
from content.control import Choice, Control
from content.controls import controls
from content.course import Course
from content.wording import Number
from page.page import Frame
from runs import oracles
from state import store

Numbers = Mapping[str, Number]


def filled(words: Any, numbers: Numbers) -> Any:
    """`words` with placeholders filled, through lists and tables."""
    if isinstance(words, str):
        return wording.fill(words, numbers)
    if isinstance(words, list):
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
    found: Frame = {}
    for id in controls(course):
        if id.startswith(f"{act}."):
            found |= control_frame(store.control(course, state, id), state)
    return found


def control_frame(control: Control, state: store.State) -> Frame:
    """One control: a number field, with or without a slider, or a list to choose from."""
    value, id = state.value(control.id), control.id
    problem = state.problems.get(id, "")
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
    locked = store.answer(state, id)
    picked = locked.option if locked else state.chosen.get(state.context, {}).get(id)
    words = course.at("words")
    found: Frame = {} if locked else {f"{id}.said": {"text": ""}}
    found |= {
        id: {"state": "locked" if locked else "open"},
        f"{id}.fieldset": {"disabled": locked is not None},
        f"{id}.prompt": {"text": course.say(f"{id}.prompt", state.context, numbers)},
        f"{id}.commit": {"hidden": locked is not None},
    }
    for option in course.at(id)["options"]:
        chosen = option["id"] == picked
        found[f"{id}.{option['id']}"] = {"state": "chosen" if chosen else None}
        found[f"{id}.{option['id']}.input"] = {"checked": chosen}
        text = option["text"] if isinstance(option["text"], str) else option["text"][state.context]
        found[f"{id}.{option['id']}.text"] = {"text": wording.fill(text, numbers)}
    if locked:
        found[f"{id}.next"] = {"text": wording.fill(words["committed_on"], {"at": when(locked.at)})}
    else:
        found[f"{id}.next"] = {"text": state.problems.get(id) or course.say(f"{id}.next", state.context, numbers)}
    return found


def when(at: str) -> str:
    """An ISO 8601 time as a person reads it; the time zone is UTC and says so."""
    return f"{at[:10]} {at[11:16]} UTC"


def feedback(course: Course, state: store.State, id: str) -> Frame:
    """The verdict on a committed answer, and what a screen reader says of it: the same, once, when it is news."""
    verdict = _verdict(course, state, id)
    news = id in state.fresh and verdict["state"] != "waiting"
    found: Frame = {f"{id}.feedback": verdict, f"{id}.said": {"text": verdict["text"] if news else ""}}
    if id.endswith(".reflection"):  # a prediction's stands under a heading of its own
        found[f"{id}.verdict"] = {"hidden": verdict["hidden"]}
    return found


def _verdict(course: Course, state: store.State, id: str) -> dict[str, Any]:
    """The verdict, from the engine's numbers for the scenario that was locked."""
    locked = store.answer(state, id)
    if locked is None:
        return {"hidden": True, "text": "", "state": None}
    words = course.at("words")
    option = course.option(id, locked.option)
    if option is None:
        return {"hidden": False, "text": words["option_gone"], "state": None}
    numbers = oracles.numbers(course, id, locked.scenario, locked.option, state.results)
    if numbers is None:
        return {"hidden": False, "text": words["waiting"], "state": "waiting"}
    right = oracles.holds(option["claims"], numbers)
    text = option.get("right" if right else "wrong") or words["right" if right else "not_quite"]
    text = text if isinstance(text, str) else text[state.context]
    lead = words["right"] if right else words["not_quite"]
    said = wording.fill(text, numbers)
    said = said if said.startswith((words["yes"], lead)) else f"**{lead}** {said}"
    return {"hidden": False, "text": said, "state": "right" if right else "wrong"}


def mathematics(course: Course, act: str, numbers: Numbers) -> Frame:
    """The folded mathematics of an act: each formula, its terms, and the line with the live numbers."""
    found: Frame = {}
    for i, item in enumerate(course.at(f"{act}.math.items")):
        key = f"{act}.math.{i}"
        found[f"{key}.title"] = {"text": item["title"]}
        found[f"{key}.formula"] = {"text": wording.fill(item["formula"], numbers)}
        found[f"{key}.terms"] = {"rows": filled(item["terms"], numbers)}
        found[f"{key}.live"] = {"text": wording.fill(item["live"], numbers)}
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
        f"{id}.plot": {"figure": figure, "label": f"{title}. {describe}"},
        f"{id}.caption": {"text": caption},
        f"{id}.describe": {"text": describe},
        f"{id}.head": {"head": list(head)},
        f"{id}.body": {"rows": [list(row) for row in rows]},
    }
