"""The prefix cache as a frame: one step of the played conversation on its block map, all steps as a table, and a whole chat."""

from collections.abc import Mapping

import engine
from acts.promises import chat, now, prefix, serving
from acts.promises.chat import ChatRequest
from acts.promises.controls import PREFIX_STEP
from acts.promises.prefix import SIZE, STATES, SYSTEM, Step
from acts.promises.serving import RunRequest
from content import wording
from content.course import Course, Result
from content.wording import Number, Numbers
from page.page import Frame
from page.remembered import remembered
from state import store

PATH, KEY = "insight.prefix", "act2.prefix"
CARDS = ("there", "computed", "time", "so_far")


def frame(course: Course, state: store.State) -> Frame:
    """The step that the slider stands at, on side A's replica, and the chat there."""
    settings = state.settings[state.context]
    replica, talk = now.request(course, state, "a"), chat.request_of(course, settings)
    shown = _played(course, replica, int(settings[PREFIX_STEP]))
    return {**shown, **_chat(course, talk, state.results.get(talk), state.settled)}


@remembered
def _played(course: Course, replica: RunRequest, at: int) -> Frame:
    words, cost = course.at(PATH), serving.step_cost(course, replica)
    each = [numbers_of(cost, number) for number in range(1, len(prefix.steps()) + 1)]
    step, numbers = prefix.steps()[at - 1], each[at - 1]
    cards = (
        words["cards"] if step.prompt else dict.fromkeys(CARDS, words["nobody"]) | {"so_far": words["cards"]["so_far"]}
    )
    found: Frame = {
        f"{KEY}.intro": {"text": wording.fill(words["intro"], numbers)},
        f"{KEY}.said": {"text": wording.fill(words["events"][step.name], numbers), "state": "info"},
        f"{KEY}.map": {"label": wording.fill(words["describe"], numbers)},
        f"{KEY}.head": {"head": words["columns"]},
        f"{KEY}.body": {"rows": [_row(course, *pair) for pair in zip(prefix.steps(), each, strict=True)]},
    }
    found |= {f"{KEY}.{name}": {"text": wording.fill(cards[name], numbers)} for name in CARDS}
    found |= {f"{KEY}.key.{name}": {"text": wording.fill(words["states"][name], numbers)} for name in STATES}
    places = {f"{KEY}.place.{i}": {"text": who, "state": mark} for i, (mark, who) in enumerate(step.places)}
    return found | places


def numbers_of(cost: engine.StepCost, at: int) -> Numbers:
    """What may be said of a step, the first being 1: counts of blocks and tokens, and times to read its prompt in s.

    with_s: past what was there; without_s: all of it. so_far: of all tokens that were asked for until then, the share that was
    there. Where nobody asks, the prompt's numbers are None.
    """
    step, before = prefix.steps()[at - 1], prefix.steps()[:at]
    marks = [mark for mark, _ in step.places]
    found: dict[str, Number] = {
        "step": at,
        "steps": len(prefix.steps()),
        "blocks": len(marks),
        "block_tokens": SIZE,
        "system": SYSTEM[1],
        "dropped": step.dropped,
        "saved": step.saved,
        "so_far": sum([each.hit for each in before]) / sum([each.prompt for each in before]),
        **{f"{name}_blocks": marks.count(name) for name in STATES},
    }
    if not step.prompt:
        return found | dict.fromkeys(("prompt", "hit", "computed", "hit_share", "with_s", "without_s"))
    return found | {
        "prompt": step.prompt,
        "hit": step.hit,
        "computed": step.prompt - step.hit,
        "hit_share": step.hit / step.prompt,
        "with_s": cost.seconds(0, 0, [(step.hit, step.prompt - step.hit)]),
        "without_s": cost.seconds(0, 0, [(0, step.prompt)]),
    }


def _row(course: Course, step: Step, numbers: Mapping[str, Number]) -> list[str]:
    """One step in the table: who does what, then its numbers."""
    forms = (("prompt", "n"), ("hit", "n"), ("computed", "n"), ("with_s", "ms"), ("without_s", "ms"), ("dropped", "n"))
    title = course.say(f"{PATH}.row", None, {**numbers, "title": course.at(f"{PATH}.titles.{step.name}")})
    return [title, *(wording.show(numbers[name], form) for name, form in forms)]


@remembered
def _chat(course: Course, talk: ChatRequest, result: Result | None, settled: bool) -> Frame:
    words = course.at(f"{PATH}.chat")
    named = {name: words[name] for name in ("conversations", "turns", "system_tokens", "think_s")}
    basis = {**named, "name": course.workloads[talk.workload].name, "load": talk.load}
    if result is None:
        text, mark = words["waiting" if settled else "held"], "waiting"
    elif not result["runs"]:
        text, mark = words["nothing"], "warn"
    else:
        text, mark = wording.fill(words["told"], result), "info"
    return {
        f"{KEY}.chat": {"text": text, "state": mark},
        f"{KEY}.chat.basis": {"text": wording.fill(words["basis"], basis)},
    }
