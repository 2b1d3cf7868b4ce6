"""The door of the state: what callers ask of it, and the one function that changes it.

`reduce(course, state, action)` gives the next state and changes nothing else; `effects(course, before, after)` compares
two states and says what the world has to do: save, simulate. Time and chance come in with the action. What is locked,
open or reached is computed from the facts of the ledger's record, never stored beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from content.course import Course
from links import share
from record.keeper import DEVICE, PAGE, SAVING, UNKNOWN
from runs import oracles
from state import hosting, saved, settings
from state.act import acts, handler
from state.actions import (
    Action,
    AnswerCommitted,
    ClearAsked,
    Cleared,
    ContextChosen,
    ControlMoved,
    ControlsReset,
    Copied,
    HostAllowed,
    HostAnswered,
    HostChanged,
    LedgerRead,
    LinkAnswered,
    LinkOpened,
    NoticeClosed,
    Noticed,
    OptionChosen,
    RecordNumbered,
    RecordOffered,
    RecordTaken,
    RunFinished,
    RunGivenUp,
    Saved,
    SaveFinished,
    TextWritten,
    ThemeChanged,
)
from state.effects import Effect, Report, Save, Simulate, effects, fields
from state.questions import (
    COMMITTED,
    EXPLORE,
    LOCKED,
    PREDICT,
    Facts,
    answer,
    answered_needs,
    asked,
    beside,
    best_score,
    can_answer,
    facts,
    is_done,
    is_open,
    is_revealed,
    number,
    score,
    stage,
    written,
)
from state.saved import is_untouched, with_fact
from state.settings import control, for_next_visit, with_settings
from state.state import COURSE, LOST, PART, REVIEW, TOLD, UNREADABLE, State, at_rest, initial, with_notice
from state.wanted import needed, next_run, wanted

__all__ = [
    "COMMITTED",
    "COURSE",
    "DEVICE",
    "EXPLORE",
    "LOCKED",
    "LOST",
    "PAGE",
    "PART",
    "PREDICT",
    "REVIEW",
    "SAVING",
    "TOLD",
    "UNKNOWN",
    "UNREADABLE",
    "Action",
    "AnswerCommitted",
    "ClearAsked",
    "Cleared",
    "ContextChosen",
    "ControlMoved",
    "ControlsReset",
    "Copied",
    "Effect",
    "Facts",
    "HostAllowed",
    "HostAnswered",
    "HostChanged",
    "LedgerRead",
    "LinkAnswered",
    "LinkOpened",
    "NoticeClosed",
    "Noticed",
    "OptionChosen",
    "RecordNumbered",
    "RecordOffered",
    "RecordTaken",
    "Report",
    "RunFinished",
    "RunGivenUp",
    "Save",
    "SaveFinished",
    "Saved",
    "Simulate",
    "State",
    "TextWritten",
    "ThemeChanged",
    "acts",
    "answer",
    "answered_needs",
    "asked",
    "at_rest",
    "beside",
    "best_score",
    "can_answer",
    "control",
    "effects",
    "facts",
    "fields",
    "for_next_visit",
    "initial",
    "is_done",
    "is_open",
    "is_revealed",
    "is_untouched",
    "needed",
    "next_run",
    "number",
    "score",
    "stage",
    "wanted",
    "with_fact",
    "with_notice",
    "with_settings",
    "written",
]


def reduce(course: Course, state: State, action: Action) -> State:
    """The state after an action. Raises KeyError for an action that is not on the list: a bug, never a learner's doing."""
    reducer = REDUCERS.get(type(action)) or handler(course, type(action))
    if reducer is None:
        raise KeyError(type(action))
    return reducer(course, state, action)


def _context_chosen(course: Course, state: State, action: ContextChosen) -> State:
    if action.context not in course.contexts:
        return state
    return for_next_visit(course, replace(state, context=action.context, problems={}, fresh=frozenset()))


def _option_chosen(course: Course, state: State, action: OptionChosen) -> State:
    if answer(state, action.question) or course.option(action.question, action.option) is None:
        return state
    here = {**state.chosen.get(state.context, {}), action.question: action.option}
    problems = {key: text for key, text in state.problems.items() if key != action.question}
    return for_next_visit(course, replace(state, chosen={**state.chosen, state.context: here}, problems=problems))


def _answer_committed(course: Course, state: State, action: AnswerCommitted) -> State:
    option = state.chosen.get(state.context, {}).get(action.question)
    if answer(state, action.question) or not can_answer(course, state, action.question):
        return state
    if option is None:
        return replace(state, problems={**state.problems, action.question: course.at("words.choose_first")})
    fact = {
        "kind": "answered",
        "context": state.context,
        "question": action.question,
        "option": option,
        "at": action.at,
        "scenario": oracles.scenario(course, action.question, state.context),
    }
    return with_fact(replace(state, fresh=state.fresh | {action.question}), fact)


def _run_finished(course: Course, state: State, action: RunFinished) -> State:
    keep = set(needed(course, state))
    if action.request in keep:
        results = {job: result for job, result in state.results.items() if job in keep}
        state = replace(state, results={**results, action.request: action.result})
    for act in acts(course):
        state = act.came(course, state, action)
    return state


def _link_opened(course: Course, state: State, action: LinkOpened) -> State:
    return replace(state, shared=share.read(course, action.fragment))


def _link_answered(course: Course, state: State, action: LinkAnswered) -> State:
    theirs = beside(course, state) if action.take else None
    state = replace(state, shared=None)
    if theirs is None:
        return state
    state = replace(state, context=theirs.context, problems={})
    here = state.settings[theirs.context]
    return with_settings(
        course, state, {id: value for id, value in theirs.settings[theirs.context].items() if here[id] != value}
    )


REDUCERS: Mapping[type[Action], Callable[[Course, State, Any], State]] = {
    ContextChosen: _context_chosen,
    ThemeChanged: lambda course, state, action: replace(state, theme=action.theme),
    OptionChosen: _option_chosen,
    AnswerCommitted: _answer_committed,
    ControlMoved: settings.moved,
    ControlsReset: settings.reset,
    RunFinished: _run_finished,
    RunGivenUp: lambda course, state, action: replace(state, given_up=state.given_up | {action.request}),
    TextWritten: saved.text_written,
    RecordNumbered: saved.record_numbered,
    LinkOpened: _link_opened,
    LinkAnswered: _link_answered,
    Copied: lambda course, state, action: replace(state, copied=action),
    LedgerRead: saved.ledger_read,
    SaveFinished: saved.save_finished,
    Noticed: lambda course, state, action: saved.noticed(course, state, action.sentence),
    NoticeClosed: lambda course, state, action: replace(state, notices=()),
    RecordOffered: saved.record_offered,
    RecordTaken: saved.record_taken,
    HostAnswered: hosting.host_answered,
    HostAllowed: hosting.host_allowed,
    HostChanged: hosting.host_changed,
    Saved: lambda course, state, action: replace(state, saved=action.saved),
    ClearAsked: lambda course, state, action: replace(state, asking=action.ask),
    Cleared: saved.cleared,
}
