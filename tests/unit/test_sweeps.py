"""The sweeps: fronts and scores against their definitions, the map against runs of its own, and what is asked for when."""

import copy
import json
from dataclasses import replace
from functools import cache

import plotly.graph_objects
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import acts
import charts
import views
from acts.promises import actions as design_actions
from acts.promises import now, serving, sweeps
from acts.promises.sweeps import HOLDS, MAP_STATES, NEVER, NO_START, QUEUE, SOME, UNSTABLE, WAITING, Point
from state import store
from tests import lab as native

COURSE = native.shipped()
SLO = COURSE.at("act2.targets.ttft_p99_s")
TARGET = COURSE.at("act2.targets.output_tokens_per_s")
REQUEST = now.request(COURSE, native.start(), "a")

few = st.integers(1, 6).map(float)  # few values, so that ties are frequent
pairs = st.lists(st.tuples(few, few), max_size=30)
figures = st.floats(1e-3, 1e4)
points = st.builds(Point, st.just(REQUEST), figures, figures, figures, st.floats(0, 0.9))
sides = st.sampled_from(serving.SIDES)


def beats(one, other):
    """Whether a pair is at most as large in both parts and smaller in one."""
    return one[0] <= other[0] and one[1] <= other[1] and one != other


@given(pairs)
@settings(deadline=None)
def test_the_front_is_what_nothing_beats(found):
    front = [found[at] for at in sweeps.pareto(found)]
    assert set(front) == {pair for pair in found if not any(beats(other, pair) for other in found)}
    assert len(set(front)) == len(front) and front == sorted(front)


@given(sides, points, st.tuples(*[st.floats(0, 1)] * 3), st.lists(points, max_size=8))
@settings(deadline=None)
def test_a_dominated_design_never_scores_higher(side, mine, shares, known):
    """Any point that waits, costs and makes as much, or is better in some of it, scores at least as high."""
    wait, cost, made = shares
    better = mine._replace(
        ttft_s=mine.ttft_s * (1 - wait / 2),
        cost=mine.cost * (1 - cost / 2),
        tokens_per_s=mine.tokens_per_s * (1 + made),
    )
    scores = [sweeps.score(COURSE, side, p, sweeps.cheapest(COURSE, side, known)) for p in (mine, better)]
    assert 0 <= scores[0] <= scores[1] <= 100


@given(sides, points, st.lists(points, min_size=1, max_size=8))
@settings(deadline=None)
def test_a_kept_promise_is_worth_half_and_a_broken_one_less(side, mine, known):
    best, kept = sweeps.cheapest(COURSE, side, known), sweeps.kept_share(COURSE, side, mine) == 1
    score = sweeps.score(COURSE, side, mine, best)
    assert kept == (mine.ttft_s <= SLO if side == "a" else mine.tokens_per_s >= TARGET)
    assert score >= 50 if kept else score < 50
    assert best is None or sweeps.score(COURSE, side, best, best) == 100


loads = st.lists(st.floats(0.1, 20), min_size=1, max_size=12, unique=True).map(sorted)
waits = st.lists(st.floats(0.01, 1), max_size=3)


@given(loads, st.one_of(st.none(), st.floats(0.1, 20)), st.data())
@settings(deadline=None)
def test_no_load_is_better_than_a_lighter_one(loads, most, data):
    days = [data.draw(waits) for _ in loads]
    states = sweeps.column_states(loads, most, days, SLO)
    known = [MAP_STATES.index(state) for state in states if state != WAITING]
    assert known == sorted(known)
    for load, state, met in zip(loads, states, days, strict=True):
        assert (state == WAITING) == (not met and (most is None or load <= most))
        assert (state == UNSTABLE) == (most is not None and load > most)
        assert state not in (HOLDS, SOME) or min(met) <= SLO
        assert state != HOLDS or max(met) <= SLO


MAPPED, SWEPT = design_actions.SweepStarted(sweeps.MAP), design_actions.SweepStarted(sweeps.FRONTIER)


def fake(request, wait_s=0.1):
    """A result without a simulation: what a sweep reads of it, the wait growing with the load."""
    return {
        "runs": 1,
        "ttft_p99_s": wait_s * request.load * request.max_sequence / 2048,
        "throughput_output_tokens_per_s": 100.0 * request.load,
        "gpu_s_per_token": request.gpus / (100.0 * request.load),
        "requests_per_s": 6.0,
        "share_cut": 0.0,
    }


def at_work(context="latency"):
    """A visitor in Act II who wants the map, with everything there but the sweeps."""
    return native.after(native.walked(context, until=3), MAPPED)


def with_needed(state):
    """The state with every run that isn't a sweep's there."""
    while missing := [asked for asked in store.needed(COURSE, state) if asked not in state.results]:
        state = native.after(state, store.RunFinished(missing[0], native.ran(missing[0]), native.AT))
    return state


def swept(state, most=10_000):
    """The state after so many made-up runs of its sweeps, and those runs."""
    asked = []
    while len(asked) < most and (request := store.next_run(COURSE, state)) is not None:
        state = native.after(state, store.RunFinished(request, fake(request), native.AT))
        asked.append(request)
    return state, asked


STRICT = [store.ControlMoved("act2.a.policy", "continuous")]
NARROW = [store.ControlMoved("act2.gpus", "2"), store.ControlMoved("act2.a.max_batch", "64")]


@pytest.mark.parametrize("moves", [[], STRICT, NARROW], ids=["start", "whole prompts", "two GPUs"])
def test_the_map_fills_once_and_asks_for_nothing_twice(moves):
    state, asked = swept(with_needed(native.after(at_work(), *moves)))
    assert len(set(asked)) == len(asked)
    table = COURSE.at("sweeps.map")
    assert {request.requests for request in asked} <= {table["requests"], table["capacity_requests"]}
    found = sweeps.feasibility(COURSE, now.sweep(COURSE, state, sweeps.MAP))
    assert WAITING not in {cell.state for column in found for cell in column}


@cache
def real_map(*moves):
    """The map of side A after some moves, all its runs simulated."""
    state = native.settled(native.after(at_work(), *moves))
    sweep = now.sweep(COURSE, state, sweeps.MAP)
    return sweeps.columns(COURSE, sweep.scenario), sweeps.feasibility(COURSE, sweep), sweep


def test_without_a_limit_eight_gpus_in_sixteen_bits_keep_the_promise_at_no_load():
    """One prompt in a hundred has 4,142 tokens or more; reading it takes nearly all of 200 ms, and the rest is waiting."""
    columns, cells, _ = real_map()
    assert not columns[-1].caps and columns[-1].prompt_tokens == 4142
    assert columns[-1].lone_s > 0.9 * SLO
    assert {cell.state for cell in cells[-1]} <= {SOME, QUEUE, UNSTABLE, NEVER}


def test_the_ways_out_are_a_limit_and_eight_bits():
    columns, cells, _ = real_map()
    limited = next(i for i, column in enumerate(columns) if column.limit == 2048)
    assert columns[limited].prompt_tokens <= 2048 and cells[limited][0].state == HOLDS
    assert real_map(store.ControlMoved("act2.weight_bits", "8"))[1][-1][0].state == HOLDS


def test_in_chunks_no_load_is_light_enough_without_a_limit():
    columns, cells, sweep = real_map(*STRICT)
    assert columns[-1].lone_s > SLO and {cell.state for cell in cells[-1]} == {NEVER}
    assert not any(request.max_sequence == columns[-1].limit for request in sweep.results)  # decided without a run
    limit = sweeps.longest_limit(COURSE, sweep.scenario)
    assert limit in range(256, 4097, 256)
    assert [column.lone_s <= SLO for column in columns[:-1]] == [column.limit <= limit for column in columns[:-1]]


def test_an_empty_server_is_never_slower_than_a_loaded_one():
    for moves in ((), tuple(STRICT)):
        columns, cells, _ = real_map(*moves)
        for column, mine in zip(columns, cells, strict=True):
            for cell in mine:
                assert all(ttft > 0.9 * column.lone_s for ttft in cell.ttft_s)  # a sample's P99 scatters


def test_a_server_without_memory_cant_start():
    full = [store.ControlMoved("act2.kv_heads", "64"), store.ControlMoved("act2.a.policy", "static"), NARROW[1]]
    state = with_needed(native.after(at_work(), *full, NARROW[0]))
    cells = sweeps.feasibility(COURSE, now.sweep(COURSE, state, sweeps.MAP))
    assert {cell.state for cell in cells[-1]} == {NO_START}


def test_a_cell_says_what_a_run_of_its_own_says():
    state = native.walked(until=3)
    _, cells, _ = real_map()
    table = COURSE.at("sweeps.map")
    request = now.request(COURSE, state, "a")
    for i, j in ((0, 0), (3, 4), (7, 2)):
        mine = replace(request, load=table["loads"][j], max_sequence=table["limits"][i], requests=table["requests"])
        assert cells[i][j].ttft_s[0] == native.ran(mine)["ttft_p99_s"]
        assert len(cells[i][j].ttft_s) in (1, table["days"])


def test_sweeps_come_last_and_not_while_a_slider_is_held():
    state = native.walked(until=3)
    state = native.after(state, MAPPED, SWEPT, store.ControlMoved("act2.a.policy", "continuous"))
    wanted, needed = store.wanted(COURSE, state), store.needed(COURSE, state)
    assert wanted[: len(needed)] == needed and len(wanted) > len(needed)
    held = native.after(state, store.ControlMoved("act2.a.load", "3", settled=False))
    assert store.wanted(COURSE, held) == store.needed(COURSE, held)


def test_nothing_is_swept_unasked_and_the_map_follows_the_settings_until_it_is_stopped():
    state = native.walked(until=3)
    assert store.next_run(COURSE, state) is None
    mapped, _ = swept(native.after(state, MAPPED))
    moved = with_needed(native.after(mapped, *STRICT))
    assert store.next_run(COURSE, moved) is not None
    assert store.next_run(COURSE, native.after(moved, design_actions.SweepCancelled(sweeps.MAP))) is None


def test_a_frontier_is_swept_when_asked_and_until_it_is_cancelled():
    state, _ = swept(at_work())
    assert store.next_run(COURSE, state) is None
    state, asked = swept(native.after(state, SWEPT), 30)
    assert len(asked) == 30 and store.next_run(COURSE, state) is not None
    stopped = native.after(state, design_actions.SweepCancelled(sweeps.FRONTIER))
    assert store.next_run(COURSE, stopped) is None
    assert len(now.sweep(COURSE, stopped, sweeps.FRONTIER).results) == 30
    again, rest = swept(native.after(stopped, SWEPT))
    assert not set(rest) & set(asked)
    grid = sweeps.grid(COURSE, now.scenario(COURSE, again, sweeps.FRONTIER))
    assert set(grid) <= set(asked) | set(rest)


def test_another_load_is_another_sweep_and_the_old_one_is_found_again():
    state, _ = swept(native.after(swept(at_work())[0], SWEPT), 20)
    about = now.scenario(COURSE, state, sweeps.FRONTIER)
    moved = with_needed(native.after(state, store.ControlMoved("act2.a.load", "3")))
    assert now.scenario(COURSE, moved, sweeps.FRONTIER) != about and not now.is_sweeping(COURSE, moved)
    assert all(request.requests != about.base.requests for request in swept(moved)[1])
    back = with_needed(native.after(moved, store.ControlMoved("act2.a.load", state.value("act2.a.load"))))
    assert len(now.sweep(COURSE, back, sweeps.FRONTIER).results) == 20 and now.is_sweeping(COURSE, back)
    away = native.after(back, store.ContextChosen("throughput"), store.ContextChosen("latency"))
    assert now.is_sweeping(COURSE, away)


def test_moving_only_the_own_point_keeps_the_sweep():
    state = native.after(at_work(), SWEPT)
    about = now.scenario(COURSE, state, sweeps.FRONTIER)
    for control, value in (("a.max_batch", "20"), ("a.max_sequence", "1280"), ("a.policy", "chunked"), ("gpus", "4")):
        state = native.after(state, store.ControlMoved(f"act2.{control}", value))
        assert now.scenario(COURSE, state, sweeps.FRONTIER) == about


def test_memory_stays_flat():
    known = {}
    for seed in range(3 * sweeps.KEPT):
        scenario = sweeps.map_scenario(COURSE, replace(REQUEST, seed=seed + 1))
        known = sweeps.remembered(known, sweeps.Sweep(scenario))
        assert scenario in known and len(known) <= sweeps.KEPT
    frontier = sweeps.untouched(sweeps.frontier_scenario(COURSE, "a", REQUEST))
    most = len(sweeps.grid(COURSE, frontier.scenario)) + sweeps.MOST_EXTRA
    for batch in range(1, 65):
        asked = {"a": replace(REQUEST, max_batch=batch), "b": REQUEST}
        for request in sweeps.missing(COURSE, frontier, asked):
            frontier = sweeps.noted(COURSE, frontier, asked, request, fake(request))
        assert len(frontier.results) <= most and not sweeps.missing(COURSE, frontier, asked)


@pytest.mark.parametrize("side", serving.SIDES)
def test_every_configuration_of_a_frontier_holds_its_memory(side):
    scenario = sweeps.frontier_scenario(COURSE, side, now.request(COURSE, native.start(), side))
    grid = sweeps.grid(COURSE, scenario)
    assert len(set(grid)) == len(grid) > 100
    for request in grid:
        memory = serving.memory(COURSE, request)
        assert memory["kv_needs"] <= memory["kv_has"] and not serving.failure_at_start(request, memory)


@cache
def finished(side="a"):
    """A state with a finished frontier, its results made up but unequal."""
    state = native.after(swept(at_work())[0], store.ControlMoved("act2.sweep_side", side), SWEPT)
    state = with_needed(state)
    while (request := store.next_run(COURSE, state)) is not None:
        wait = 0.4 * {"static": 9, "continuous": 1, "chunked": 1.1, "speculative": 0.9}[request.policy] / request.gpus
        result = fake(request, wait * request.weight_bits / 8 * (1 + 4 / request.max_batch))
        state = native.after(state, store.RunFinished(request, result, native.AT))
    return state


@pytest.mark.parametrize("side", serving.SIDES)
def test_the_change_that_helps_most_is_found_by_trying_each(side):
    state = finished(side)
    sweep = now.sweep(COURSE, state, sweeps.FRONTIER)
    own = now.request(COURSE, state, side)
    known = sweeps.cheapest(COURSE, side, sweeps.points(COURSE, sweep))
    tried = {change: sweeps.point(sweep, change.request) for change in sweeps.changes(COURSE, sweep.scenario, own)}
    assert None not in tried.values()
    mine = sweeps.point(sweep, sweeps.in_sweep(sweep.scenario, own))
    scores = {change: sweeps.score(COURSE, side, p, known) for change, p in tried.items()}
    best = sweeps.best_change(COURSE, sweep, own)
    if best is None:
        assert max(scores.values()) < sweeps.score(COURSE, side, mine, known) + sweeps.LEAST_GAIN
    else:
        assert scores[best[0]] == max(scores.values())
        taken = native.after(state, design_actions.ChangeTaken())
        assert taken.value(best[0].setting) == best[0].value
        asked = sweeps.in_sweep(sweep.scenario, now.request(COURSE, taken, side))
        assert asked == best[0].request


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
@pytest.mark.parametrize("side", serving.SIDES)
def test_the_figures_are_what_plotly_takes_and_their_tables_say_the_same(side, theme):
    state = native.after(finished(side), store.ThemeChanged(theme))
    frame = views.frame(COURSE, state)
    for name in ("map", "frontier.cost", "frontier.throughput"):
        figure = frame[f"act2.{name}.plot"]["figure"]
        json.dumps(figure, allow_nan=False)
        assert plotly.graph_objects.Figure(figure, skip_invalid=False).to_plotly_json()["data"] == figure["data"]
        assert all(len(trace["x"]) == len(trace["y"]) for trace in figure["data"])
        head, rows = frame[f"act2.{name}.head"]["head"], frame[f"act2.{name}.body"]["rows"]
        assert all(len(row) == len(head) for row in rows)
    cells = [trace for trace in frame["act2.map.plot"]["figure"]["data"] if trace["type"] == "bar"]
    drawn = {
        (x, round(base + 0.5)): mark
        for trace in cells
        for x, base, mark in zip(trace["x"], trace["base"], trace["text"], strict=True)
    }
    rows = frame["act2.map.body"]["rows"][1:-1][::-1]
    assert drawn == {(i, j): row[i + 1][0] for j, row in enumerate(rows) for i in range(len(row) - 1)}


def test_an_unfinished_sweep_is_drawn_in_batches_and_a_finished_one_whole():
    state = native.after(swept(at_work())[0], SWEPT)
    for _ in range(60):
        request = store.next_run(COURSE, state)
        state = native.after(state, store.RunFinished(request, fake(request), native.AT))
        sweep, asked = now.sweep(COURSE, state, sweeps.FRONTIER), now.sides(COURSE, state)
        shown = sweeps.shown(COURSE, sweep, asked)
        assert len(shown.results) == len(sweep.results) // sweeps.BATCH * sweeps.BATCH
        assert list(shown.results.items()) == list(sweep.results.items())[: len(shown.results)]
    state = finished()
    sweep = now.sweep(COURSE, state, sweeps.FRONTIER)
    assert sweeps.shown(COURSE, sweep, now.sides(COURSE, state)) is sweep


def test_another_promise_is_another_map():
    """What the objective is stands in the content: with twice the time, a column without a limit is no longer hopeless."""
    tables = copy.deepcopy(dict(COURSE.tables))
    tables["act2"]["targets"]["ttft_p99_s"] = 2 * SLO
    lenient = acts.course(tables)
    scenario = sweeps.map_scenario(lenient, replace(REQUEST, policy="chunked"))
    states = [cell.state for cell in sweeps.feasibility(lenient, sweeps.untouched(scenario))[-1]]
    assert set(states) == {WAITING}
    scenario = sweeps.map_scenario(COURSE, replace(REQUEST, policy="chunked"))
    assert {cell.state for cell in sweeps.feasibility(COURSE, sweeps.untouched(scenario))[-1]} == {NEVER}
