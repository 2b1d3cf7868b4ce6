"""What follows from the facts of the record: answers, what a learner wrote, how far each act is. Nothing of it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from content.course import Course, Fact, Scenario
from links import share
from page.remembered import remembered
from record import ledger, progress
from record.values import mapping
from runs import oracles
from runs.jobs import Job
from state.state import State

PREDICT, LOCKED, EXPLORE, COMMITTED = "predict", "locked", "explore", "committed"

Facts = list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """A committed answer: the option's id, when (ISO 8601, UTC), and what was asked about, as it was then."""

    id: str
    context: str
    question: str
    option: str
    at: str
    scenario: Scenario

    @classmethod
    def of(cls, fact: Fact) -> "Answer":
        """The answer that a fact tells, one that the course understands."""
        return cls(*(fact[name] for name in ("id", "context", "question", "option", "at", "scenario")))


@dataclass(frozen=True)
class _Known:
    """The facts that the course understands, in order, and the answer to each question of a
    context, for which a view asks again and again."""

    record: tuple[dict[str, Any], ...]
    strange: frozenset[str]
    facts: Facts
    answers: Mapping[tuple[str, str], Answer]


_looked_through: list[_Known] = []  # the last few records: a frame asks fifty times, of one


def _known(state: State) -> _Known:
    """The facts of the record, looked through once."""
    record, strange = state.record.facts, state.strange
    for known in _looked_through:
        if known.record is record and known.strange is strange:
            return known
    facts = [fact for fact in record if fact["id"] not in strange]  # in order of (time, id)
    answers = {(f["context"], f["question"]): Answer.of(f) for f in reversed(ledger.of_kind(facts, "answered"))}
    _looked_through[:] = [_Known(record, strange, facts, answers), *_looked_through[:3]]
    return _looked_through[0]


def facts(state: State) -> Facts:
    """The facts of the record that this course understands, in order."""
    return [*_known(state).facts]


def answer(state: State, question: str, context: str | None = None) -> Answer | None:
    """The answer that locked a question in a context (the current one if not named), None while it is open."""
    return _known(state).answers.get((context or state.context, question))


def written(state: State, field: str) -> str:
    """What the learner has written into a field of the report, "" for nothing."""
    texts, key = mapping(state.record.settings.get(ledger.TEXTS)), place(state, field)
    return state.drafts.get(key, ledger.dated(texts.get(key))[1])


def score(course: Course, state: State) -> progress.Score:
    """What has been done in the context at hand, in points."""
    return _score(course, _known(state).facts, state.context, written(state, "log"))


@remembered
def _score(course: Course, facts: Facts, context: str, log: str) -> progress.Score:
    rule = course.at("report.score")
    return progress.score(facts, context, course.questions, log, rule["weights"], rule["least_words"])


def best_score(course: Course, state: State) -> progress.Score:
    """The score of the context in which most has been done: one context is one pass of the lab."""
    every = (score(course, replace(state, context=context)) for context in course.contexts)
    return max(every, key=lambda found: found.share)


def number(state: State) -> str:
    """The number that the record was given, "" before its first commit."""
    return ledger.dated(state.record.settings.get(ledger.NUMBERED))[1]


def place(state: State, field: str) -> str:
    """Where a text is kept: the name once, everything else by context."""
    return field if field == "name" else f"{state.context}.{field}"


def beside(course: Course, state: State) -> State | None:
    """The page as the settings of the opened link would have it, None without one."""
    shared = state.shared
    if shared is None or shared.context is None:
        return None
    theirs = {**state.settings[shared.context], **share.carried(course, shared.context), **shared.values}
    here = {**state.settings, shared.context: theirs}
    return replace(state, context=shared.context, settings=here)


def asked(course: Course, state: State, question: str) -> Scenario:
    """The scenario of a question: the one that was locked, or the one that it asks about in this context."""
    locked = answer(state, question)
    return locked.scenario if locked else oracles.scenario(course, question, state.context)


# --- How far each act is -----------------------------------------------------------------------------------------------


def is_open(course: Course, state: State, act: str) -> bool:
    """Whether an act can be entered: the first always, another when those before it are committed that ask something."""
    ids = [lesson.id for lesson in course.acts]
    before = course.acts[: ids.index(act)]
    return all(stage(course, state, lesson.id) == COMMITTED for lesson in before if lesson.asks)


def stage(course: Course, state: State, act: str) -> str:
    """The one stage machine of every act: predict -> locked -> explore -> committed; one that asks nothing skips the ends."""
    asks = next(lesson.asks for lesson in course.acts if lesson.id == act)
    if "prediction" in asks and answer(state, f"{act}.prediction") is None:
        return PREDICT
    if "reflection" in asks and answer(state, f"{act}.reflection") is not None:
        return COMMITTED
    return EXPLORE if _has_explored(state, act) else LOCKED


def is_revealed(course: Course, state: State, act: str) -> bool:
    """Whether what lies behind an act's prediction may be seen."""
    return is_open(course, state, act) and stage(course, state, act) != PREDICT


def is_done(course: Course, state: State) -> bool:
    """Whether every act that asks something is committed."""
    return all(stage(course, state, act.id) == COMMITTED for act in course.acts if act.asks)


def _has_explored(state: State, act: str) -> bool:
    explored = state.record.explored
    return isinstance(explored, Mapping) and act in explored.get(state.context, ())


def can_answer(course: Course, state: State, question: str) -> bool:
    """Whether a question may be answered now: its act is open, and a reflection only after the act's prediction."""
    act, _, part = question.partition(".")
    return is_open(course, state, act) and (part == "prediction" or stage(course, state, act) != PREDICT)


def answered_needs(course: Course, state: State, act: str) -> list[Job]:
    """The jobs on which the verdicts on an act's answers rest."""
    locked = (answer(state, question) for question in course.questions if question.startswith(f"{act}."))
    return [job for fact in locked if fact for job in oracles.needs(course, fact.question, fact.scenario)]
