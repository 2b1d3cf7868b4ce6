"""The controls as they are now, and what it means to move one."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from content.control import Control, Settings
from content.controls import controls, defaults
from content.course import Course
from record.values import mapping
from state.act import Act, acts
from state.actions import ControlMoved, ControlsReset
from state.state import State
from state.wanted import live


def control(course: Course, state: State, id: str) -> Control:
    """A control with the limits and options that it has now."""
    act, found = _owners(course)[id], controls(course)[id]
    return act.control(course, state, found) if act.control else found


@lru_cache(maxsize=4)
def _owners(course: Course) -> dict[str, Act]:
    """The act that each control belongs to."""
    return {control.id: act for act in acts(course) for control in act.controls(course)}


def moved(course: Course, state: State, action: ControlMoved) -> State:
    """The state after a control got a new value; one that can't be taken is said and changes nothing."""
    if action.control not in controls(course):
        return state
    value, problem = control(course, state, action.control).read(action.typed, state.value(action.control))
    problems = {key: text for key, text in state.problems.items() if key != action.control}
    if problem and action.settled:
        problems[action.control] = problem
    return with_settings(course, replace(state, problems=problems), {action.control: value}, action.settled)


def reset(course: Course, state: State, action: ControlsReset) -> State:
    """The state with an act's controls back at the scenario's numbers."""
    start = defaults(course)[state.context]
    own = {id: value for id, value in start.items() if id.startswith(f"{action.act}.")}
    return with_settings(course, replace(state, problems={}), own)


def with_settings(course: Course, before: State, values: Settings, settled: bool = True) -> State:
    """The state with some controls of the current context set; the act they belong to counts as explored.

    A side that comes to rest on another run is simulated anew even if that run is at hand: its outcome is a fact, and a
    fact needs the time that only a finished run brings. A slider that no run depends on may be held: the runs stay full.
    """
    here = {**before.settings[before.context], **values}
    state = replace(before, settings={**before.settings, before.context: here})
    untouched = before.settled and live(course, state) == live(course, before)
    held = None if settled else before.held or before.settings
    state = replace(state, settled=settled or untouched, held=held)
    if not settled:
        return state
    new = live(course, state) - live(course, before)
    if new & state.results.keys():
        results = {job: result for job, result in state.results.items() if job not in new}
        state = replace(state, results=results)
    return for_next_visit(course, state, {control.partition(".")[0] for control in values})


def for_next_visit(course: Course, state: State, moved: set[str] | None = None) -> State:
    """The record with what the page keeps between visits: controls, choices, context, and the acts that were explored."""
    before = mapping(state.record.explored)
    explored = {context: sorted(set(before.get(context, ()))) for context in state.settings}
    explored[state.context] = sorted({*explored[state.context], *(moved or ())})
    kept: dict[str, Any] = {
        "context": state.context,
        "controls": {context: dict(values) for context, values in state.settings.items()},
        "chosen": {context: dict(picked) for context, picked in state.chosen.items()},
        "moved": explored,
    }
    for act in acts(course):
        kept |= act.saved(state)
    return replace(state, record=replace(state.record, settings={**state.record.dated, **kept}))
