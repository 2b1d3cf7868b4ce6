"""What happens in Act II: a way out is tried, a run comes back, a design is recorded, a sweep is asked for."""

from dataclasses import asdict, replace
from typing import Any

from acts.promises import now, serving, sweeps
from acts.promises.actions import (
    ChangeTaken,
    DesignRecorded,
    RequestPicked,
    SweepCancelled,
    SweepStarted,
    WayOutTried,
)
from acts.promises.controls import ID
from acts.promises.now import kept, request, scenario, sides, sweep, under_way
from content.course import Course
from state import store
from state.act import Reducer
from state.store import Action, RunFinished, State


def _keeping(state: State, **changes: Any) -> State:
    return state.keeping(ID, replace(kept(state), **changes))


def _way_out_tried(course: Course, state: State, action: WayOutTried) -> State:
    run = request(course, state, action.side)
    if run not in state.results:
        return state
    change, _ = serving.way_out(course, action.side, run, state.results)
    return state if change is None else store.with_settings(course, state, {change.setting: change.value})


def came(course: Course, state: State, action: RunFinished) -> State:
    """The state after one of its runs came back: a sweep grows by it, a side breaks or is mended by it."""
    return _failures_noted(course, _sweeps_noted(course, state, action), action)


def _sweeps_noted(course: Course, state: State, action: RunFinished) -> State:
    """The state with a run that a sweep runs for taken into it."""
    for asking in under_way(course, state) if state.settled else ():
        runs = sides(course, state)
        if action.request in sweeps.missing(course, asking, runs):
            grown = sweeps.noted(course, asking, runs, action.request, action.result)
            state = _keeping(state, swept=sweeps.remembered(kept(state).swept, grown))
    return state


def _failures_noted(course: Course, state: State, action: RunFinished) -> State:
    """The first time a side breaks, and each time it changes between broken and mended, is a fact of the record."""
    if not (state.settled and now.is_revealed(course, state)):
        return state
    for side, run in sides(course, state).items():
        if run != action.request:
            continue
        failure = serving.judge(course, side, action.result)
        last = _last_state(state, side)
        if failure != last:
            kind = "mended" if failure == serving.OK else "broke"
            fact = {"kind": kind, "context": state.context, "side": side, "failure": failure, "at": action.at}
            found = {"numbers": serving.sizes(failure, action.result), "request": asdict(run)}
            state = store.with_fact(state, fact | found)
    return state


def _last_state(state: State, side: str) -> str:
    states = [change.failure for change in now.failures(state, "broke", "mended") if change.side == side]
    return states[-1] if states else serving.OK


def _design_recorded(course: Course, state: State, action: DesignRecorded) -> State:
    runs = sides(course, state)
    if not all(serving.runs(state.results.get(run)) for run in runs.values()):
        return state
    outcome = {
        side: {"state": serving.judge(course, side, state.results[run]), **serving.figures(state.results[run])}
        for side, run in runs.items()
    }
    fact = {
        "kind": "recorded",
        "context": state.context,
        "at": action.at,
        "settings": {side: asdict(run) for side, run in runs.items()},
        "seed": runs["a"].seed,
        "result": outcome,
    }
    return store.with_fact(state, fact)


def _sweep_started(course: Course, state: State, action: SweepStarted) -> State:
    if action.kind == sweeps.MAP:
        return _keeping(state, mapping=True)
    return _keeping(state, sweeping=scenario(course, state, sweeps.FRONTIER))


def _sweep_cancelled(course: Course, state: State, action: SweepCancelled) -> State:
    return _keeping(state, mapping=False) if action.kind == sweeps.MAP else _keeping(state, sweeping=None)


def _change_taken(course: Course, state: State, action: ChangeTaken) -> State:
    known = sweep(course, state, sweeps.FRONTIER)
    own = request(course, state, known.scenario.side)
    best = sweeps.best_change(course, known, own)
    return store.with_settings(course, state, {best[0].setting: best[0].value}) if best else state


def _request_picked(course: Course, state: State, action: RequestPicked) -> State:
    return _keeping(state, picked=None if action.request is None else (action.panel, action.request))


REDUCERS: dict[type[Action], Reducer] = {
    WayOutTried: _way_out_tried,
    RequestPicked: _request_picked,
    DesignRecorded: _design_recorded,
    SweepStarted: _sweep_started,
    SweepCancelled: _sweep_cancelled,
    ChangeTaken: _change_taken,
}
