"""The lab without a browser: the shipped course, a state reached by actions, and what the page would then say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import acts
import views
from content import wording
from content.course import Course
from runs import jobs, oracles
from state import store
from tools import bundle

CONTENT = Path(__file__).parents[1] / "site" / "content"
LANGUAGES = ("en", *sorted(folder.name for folder in CONTENT.iterdir() if folder.is_dir()))
QUESTIONS = ("act1.prediction", "act1.reflection", "act2.prediction", "act2.reflection")
AT = "2026-01-02T03:04:05.678Z"


@cache
def shipped() -> Course:
    """The shipped course; for page tests with the settings that their page was built with."""
    return acts.course(bundle.read_content(CONTENT, _settings()))


def _settings() -> Path | None:
    settings = os.environ.get("LAB_SETTINGS")
    return Path(settings) if settings else None


@cache
def contents() -> dict[str, dict[str, Any]]:
    """The shipped content in every language, with the same settings."""
    return {"en": bundle.read_content(CONTENT, _settings()), **bundle.translations(CONTENT, _settings())}


@cache
def in_language(language: str) -> Course:
    """The shipped course in a language."""
    return acts.course(contents()[language])


@contextmanager
def writing(language: str) -> Iterator[Course]:
    """The course in a language, numbers written by its habits; afterwards they are written in English again."""
    made = in_language(language)
    wording.use(made.at("words.numbers"))
    try:
        yield made
    finally:
        wording.use(shipped().at("words.numbers"))


def replays() -> tuple[str, ...]:
    """The keys of the page's replays."""
    return tuple(key for act in store.acts(shipped()) for key in act.moments)


@cache
def ran(request: jobs.Job) -> jobs.Result:
    """A job, done once per test session."""
    return jobs.do(shipped(), request)


def start(context: str = "latency") -> store.State:
    """A first visit, on one side of the wall."""
    return store.reduce(shipped(), store.initial(shipped()), store.ContextChosen(context))


def after(state: store.State, *actions: store.Action) -> store.State:
    """The state after some actions."""
    for action in actions:
        state = store.reduce(shipped(), state, action)
    return state


def answered(state: store.State, question: str, option: str) -> store.State:
    """The state with a question answered."""
    return after(state, store.OptionChosen(question, option), store.AnswerCommitted(question, AT))


def settled(state: store.State, at: str = AT) -> store.State:
    """The state once every run that it wants is there."""
    while (request := store.next_run(shipped(), state)) is not None:
        state = after(state, store.RunFinished(request, ran(request), at))
    return state


def option_ids(question: str) -> list[str]:
    """The options of a question, in order."""
    return [option["id"] for option in shipped().at(question)["options"]]


def right_option(question: str, context: str) -> str:
    """The option whose claims hold, by the engine."""
    asked = oracles.scenario(shipped(), question, context)
    results = {request: ran(request) for request in oracles.needs(shipped(), question, asked)}
    return next(o for o in option_ids(question) if oracles.is_right(shipped(), question, asked, o, results))


def walked(context: str = "latency", until: int = 4, position: int | None = None) -> store.State:
    """A state with the first `until` questions answered, rightly or by the option at a position, and every run there."""
    state = start(context)
    for question in QUESTIONS[:until]:
        option = right_option(question, context) if position is None else option_ids(question)[position]
        state = settled(answered(state, question, option))
    return state


def says(state: store.State, key: str) -> str:
    """What the page shows under a key, as a person reads it: marks gone."""
    return plain(views.frame(shipped(), state)[key]["text"])


def plain(text: str) -> str:
    """A text without its marks, white space as one blank."""
    return " ".join("".join(words for _, words, _ in wording.runs(text)).split())
