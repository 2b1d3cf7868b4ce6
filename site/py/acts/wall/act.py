"""Act I as the page has it."""

from typing import Any

from acts.wall import blocks_view, calculator, happens, picture, view, wall_view
from acts.wall.actions import ConfigPasted, TwistFlipped
from acts.wall.controls import ID, MODEL, PASTED
from acts.wall.lesson import LESSON
from acts.wall.users import answered, sizes, users_numbers
from content import wording
from content.course import Course, Scenario
from runs import oracles
from state import store
from state.act import Act, Entry, Reporting, gpus_said
from state.store import State

PREDICTION = f"{ID}.prediction"


def _asked(course: Course, state: State) -> Scenario:
    return store.asked(course, state, PREDICTION)


def _status(course: Course, state: State) -> dict[str, Entry]:
    words = course.at("words")
    found = calculator.numbers(calculator.desk(course, state)) if happens.is_revealed(course, state) else {}
    return {
        "kv": (words["status_kv"], wording.show(found.get("kv_user_bytes"), "bytes"), None),
        "users": (words["status_users"], wording.show(found.get("users"), "n"), None),
    }


def _fields(course: Course, state: State) -> dict[str, Any]:
    """What the curriculum's ledger wants to know of this act: parameters in billions, GB, tokens."""
    asked, locked = _asked(course, state), store.answer(state, PREDICTION)
    return {
        "model_params_b": course.models[asked["model"]].parameters / 1e9,
        "context_length": asked["context_tokens"],
        "kv_cache_gb": sizes(course, asked)["kv_user_bytes"] / 1e9,
        "act1_prediction": locked.option if locked else None,
        "act1_correct": oracles.is_right(course, PREDICTION, asked, locked.option, {}) if locked else None,
    }


def _compared(course: Course, state: State) -> list[tuple[str, str]] | None:
    if not happens.is_revealed(course, state):
        return None
    words, found = course.at("report.shared"), calculator.numbers(calculator.desk(course, state))
    return [
        (words["users"], wording.show(found["users"], "n")),
        (words["kv_user"], wording.show(found["kv_user_bytes"], "bytes")),
    ]


def _note(course: Course, state: State) -> str:
    return str(course.at("report.share.pasted_model")) if state.value(MODEL) == PASTED else ""


def _evidence(course: Course, state: State) -> list[str]:
    if not happens.is_revealed(course, state):
        return []
    return [course.say("report.evidence.memory", None, users_numbers(course, _asked(course, state)))]


def _words(course: Course, asked: Scenario) -> dict[str, wording.Number]:
    return {**users_numbers(course, asked), "gpus": gpus_said(course, asked["gpus"])}


ACT = Act(
    **vars(LESSON),
    frame=view.frame,
    moments={blocks_view.KEY: blocks_view.moment, wall_view.REVEAL: wall_view.moment},
    reducers=happens.REDUCERS,
    presses={
        "twist": lambda course, state, press: TwistFlipped(press.checked),
        "paste": lambda course, state, press: ConfigPasted(press.text),
        "paste-file": lambda course, state, press: ConfigPasted(press.file or b""),
    },
    control=happens.control,
    needed=happens.needed,
    saved=happens.saved,
    restored=happens.restored,
    status=_status,
    synthesis=lambda course, state: answered(users_numbers(course, _asked(course, state))),
    fields=_fields,
    compared=_compared,
    note=_note,
    picture=picture.picture,
    report=Reporting(scenario=_asked, words=_words, evidence=_evidence),
)
