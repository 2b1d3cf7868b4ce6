"""The act as the page has it: a question, a slider that answers, a question."""

from acts.batching.lesson import BATCH, ID, LESSON, cost, numbers
from charts.picture import Picture
from content import wording
from content.course import Course, Scenario
from page.page import Frame
from state import store
from state.act import Act, Entry, Reporting
from state.store import State
from views import parts

BATCHES = (1, 8, 64)


def _now(course: Course, state: State) -> dict[str, float | None]:
    return numbers(course, int(state.value(BATCH)), course.at(f"{ID}.step.context_tokens"))


def _frame(course: Course, state: State) -> Frame:
    opened, revealed = store.is_open(course, state, ID), store.is_revealed(course, state, ID)
    found: Frame = {
        f"{ID}.gate": {"hidden": opened},
        f"{ID}.open": {"hidden": not opened},
        f"{ID}.revealed": {"hidden": not revealed},
    }
    if not opened:
        return found
    message, asked = course.at(f"{ID}.message.{state.context}"), {"batch": course.at(f"{ID}.step.batch")}
    found |= {
        f"{ID}.message.from": {"text": message["from"]},
        f"{ID}.message.text": {"text": wording.fill(message["text"], asked)},
        **parts.question(course, state, f"{ID}.prediction", asked),
    }
    if not revealed:
        return found
    return {
        **found,
        **parts.feedback(course, state, f"{ID}.prediction"),
        **parts.control_frames(course, state, ID),
        f"{ID}.said": {"text": course.say(f"{ID}.instrument.said", None, _now(course, state))},
        **parts.question(course, state, f"{ID}.reflection", asked),
        **parts.feedback(course, state, f"{ID}.reflection"),
    }


def _status(course: Course, state: State) -> dict[str, Entry]:
    shown = _now(course, state)["step"] if store.is_revealed(course, state, ID) else None
    return {"step": (course.at(f"{ID}.instrument.title"), wording.show(shown, "ms"), None)}


def _scenario(course: Course, state: State) -> Scenario:
    return store.asked(course, state, f"{ID}.prediction")


def _picture(course: Course) -> Picture:
    model, tokens = cost(course), course.at(f"{ID}.step.context_tokens")
    times_ms = tuple(model.seconds(n, n * tokens, []) * 1e3 for n in BATCHES)
    numbers = {"first_s": times_ms[0] / 1e3, "last": BATCHES[-1], "last_s": times_ms[-1] / 1e3}
    return Picture(numbers, BATCHES, {"all": ("blue", times_ms)}, step=10, full=times_ms[-1])


ACT = Act(**vars(LESSON), frame=_frame, status=_status, picture=_picture, report=Reporting(scenario=_scenario))
