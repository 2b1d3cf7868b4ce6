"""A distribution in a few hundred numbers: exact quantiles, counts that add up, and the figure and table made from them."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
import views
from acts.promises import actions as design_actions
from acts.promises import figures, now, serving, tail_view
from content import wording
from runs import oracles
from state import store
from tests import lab as native

COURSE = native.shipped()
times = st.lists(st.floats(0, 1e5), min_size=1, max_size=300)


@given(times)
def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed(values):
    for level, quantile in zip(engine.LEVELS, engine.quantiles(values), strict=True):
        reached = sum(value <= quantile for value in values)
        before = sum(value < quantile for value in values)
        assert Fraction(before, len(values)) < Fraction(level, 1000) <= Fraction(reached, len(values))


@given(times)
def test_whole_levels_are_the_percentiles(values):
    quantiles = dict(zip(engine.LEVELS, engine.quantiles(values), strict=True))
    for percent in (1, 50, 90, 99):
        assert quantiles[percent * 10] == engine.percentile(values, percent)


@given(times)
def test_every_value_is_counted_once_and_in_its_bin(values):
    first, *counts = engine.binned(values)
    edges = engine.bin_edges()
    assert sum(counts) == len(values)
    assert counts[0] and counts[-1]
    for i, count in enumerate(counts, first):
        low = -math.inf if i == 0 else edges[i]
        high = math.inf if i == len(edges) - 2 else edges[i + 1]
        assert count == sum(low <= value < high for value in values)


def test_the_edges_double_every_six():
    edges = engine.bin_edges()
    assert edges[0] == 1e-3
    for i, edge in enumerate(edges):
        assert edge == pytest.approx(1e-3 * 2 ** (i / 6), rel=1e-14)
    assert all(edges[i + 6] == pytest.approx(2 * edges[i], rel=1e-15) for i in range(len(edges) - 6))


def test_nothing_is_described_by_nothing():
    assert engine.quantiles([]) == [] and engine.binned([]) == []


# --- On the page -------------------------------------------------------------------------------------------------------


def tail(state):
    """What the page shows of the distribution."""
    frame = views.frame(COURSE, state)
    return {key.removeprefix("act2.tail."): value for key, value in frame.items() if key.startswith("act2.tail.")}


def result_of(state, side):
    return state.results[now.request(COURSE, state, side)]


def test_the_curves_pass_through_the_percentiles_of_the_runs():
    state = native.walked(until=3)
    marked = [trace for trace in tail(state)["plot"]["figure"]["data"] if trace["mode"] == "markers+text"]
    for side, trace in zip(serving.SIDES, marked, strict=True):
        result = result_of(state, side)
        assert trace["x"] == [result["ttft_p50_s"], result["ttft_p99_s"]]
        assert trace["y"] == pytest.approx([0.5, 0.01])


def test_the_histogram_holds_every_request():
    outlines = [
        trace for trace in tail(native.walked(until=3))["plot"]["figure"]["data"] if trace.get("fill") == "tozeroy"
    ]
    assert len(outlines) == 2
    for outline in outlines:
        assert math.fsum(outline["y"]) == pytest.approx(100)


def test_the_band_is_the_days_slowest_and_fastest():
    state = native.walked(until=3)
    days = [native.ran(request)["ttft_p99_s"] for request in serving.band(COURSE, now.request(COURSE, state, "a"))]
    waits = tail_view.waits(COURSE, now.hand(COURSE, state), "a", {"a_capacity_share": None})
    assert waits.band(tail_view.P99) == (min(days), max(days))


def fanned(state):
    """The hues of the days that are drawn one by one."""
    traces = tail(state)["plot"]["figure"]["data"]
    return [trace["line"]["color"] for trace in traces if trace.get("line", {}).get("dash") == "dot"]


@pytest.mark.parametrize(
    ("moves", "mark"),
    [
        ({"act2.b.load": 1}, "good"),
        ({}, "warn"),  # B works near its capacity at the start
        ({"act2.b.load": 8}, "warn"),
        ({"act2.gpus": 2, "act2.kv_heads": 64, "act2.a.max_sequence": 4096}, "info"),  # not one request fits
    ],
)
def test_a_tail_that_can_not_be_trusted_is_shown_as_a_fan(moves, mark):
    state = native.walked(until=3)
    state = native.settled(native.after(state, *(store.ControlMoved(*move) for move in moves.items())))
    shown = tail(state)
    assert shown["trust"]["state"] == mark
    limit = COURSE.at("act2.simulation.ill_conditioned")
    requests = {side: now.request(COURSE, state, side) for side in serving.SIDES}
    shares = figures.spread_numbers(COURSE, requests, state.results)
    strained = [side for side in serving.SIDES if (shares[f"{side}_capacity_share"] or 0) > limit]
    assert len(fanned(state)) == len(strained) * (COURSE.at("act2.simulation.days") - 1)
    assert (mark == "warn") == bool(strained)


def test_while_a_slider_is_held_the_quick_run_is_drawn_without_days():
    state = native.after(native.walked(until=3), store.ControlMoved("act2.a.load", "3", settled=False))
    assert tail(state)["trust"]["state"] == "waiting"
    state = native.settled(state)
    assert fanned(state) == []
    assert len([t for t in tail(state)["plot"]["figure"]["data"] if t.get("fill") == "tozeroy"]) == 2


def test_the_table_says_what_the_curves_do():
    state = native.walked(until=3)
    rows = {row[0]: row[1:] for row in tail(state)["body"]["rows"]}
    assert [row.replace("\N{NO-BREAK SPACE}", " ") for row in list(rows)[:4]] == [
        "1 of 2",
        "9 of 10",
        "99 of 100",
        "999 of 1,000",
    ]
    results = views.frame(COURSE, state)["act2.results.body"]["rows"]
    p99, band = results[0], results[1]
    assert all(cell.startswith(rows["99 of 100"][i]) for i, cell in ((0, p99[1]), (2, p99[2])))
    assert rows["99 of 100"][1::2] == band[1:]


def test_a_recorded_design_keeps_figures_and_no_distribution():
    state = native.after(native.walked(until=3), design_actions.DesignRecorded(native.AT))
    kept = now.design(state).results["a"]
    assert "ttft_p99_s" in kept and not any(isinstance(value, list) for value in kept.values())
    assert oracles.understands(COURSE, next(fact for fact in store.facts(state) if fact["kind"] == "recorded"))


# --- How sure ----------------------------------------------------------------------------------------------------------


def bench(state):
    """The rows of the two servers beside their promise."""
    return views.frame(COURSE, state)["act2.three.body"]["rows"]


def test_a_simulated_tail_is_shown_with_its_expected_error_and_where_that_is_known_from():
    state = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.b.load", "1")))
    error = serving.expected(COURSE, now.request(COURSE, state, "a"))["ttft_error"]
    promise, *sides = bench(state)
    assert "±" not in "".join(promise)
    for side, row in zip(serving.SIDES, sides, strict=True):
        shown = wording.show(result_of(state, side)["ttft_p99_s"], "time")
        assert row[1] == f"{shown} ±\u00a0{wording.show(error, 'pct')}"
    told = views.frame(COURSE, state)["act2.known"]["text"]
    waiting = views.frame(COURSE, native.after(state, store.ControlMoved("act2.b.load", "2")))
    assert ("±" in str(waiting["act2.three.body"])) == bool(waiting["act2.known"]["text"])
    stuck = native.settled(native.after(state, store.ControlMoved("act2.gpus", "1")))
    assert views.frame(COURSE, stuck)["act2.known"]["text"] == ""  # no figure stands there
    assert "A100" in told and "H100" in told  # the tail was measured on one, the time per token on the other


def test_near_its_capacity_throughput_has_an_error_and_the_tail_none():
    """With room to spare a server answers what it is asked; without, a small error moves the tail severalfold."""
    crowded = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.b.load", "8")))
    spare = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.b.load", "1")))
    assert ["±" in cell for cell in bench(crowded)[2][1:3]] == [False, True]
    assert ["±" in cell for cell in bench(spare)[2][1:3]] == [True, False]


def test_a_limit_within_the_expected_error_is_called_close():
    start = native.walked(until=3)
    slo, closes = COURSE.at("act2.targets.ttft_p99_s"), set()
    for limit in (1024, 2048, 2816, 3072, 4096):
        state = native.settled(native.after(start, store.ControlMoved("act2.a.max_sequence", str(limit))))
        ttft, error = result_of(state, "a")["ttft_p99_s"], serving.expected(COURSE, now.request(COURSE, state, "a"))
        close = ttft * (1 - error["ttft_error"]) < slo < ttft * (1 + error["ttft_error"])
        said = COURSE.say("act2.failures.close", None, error) in views.frame(COURSE, state)["act2.a.cause"]["text"]
        assert said == close
        closes.add(close)
    assert closes == {True, False}


@pytest.mark.parametrize(
    "moves",
    [
        {"act2.a.policy": "static", "act2.b.policy": "speculative", "act2.b.load": "8"},  # none such was measured
        {"act2.gpus": "1", "act2.weight_bits": "8"},  # memory runs out, requests are evicted
        {"act2.gpus": "4", "act2.kv_heads": "64", "act2.b.max_batch": "128", "act2.b.load": "8"},
    ],
)
def test_no_error_is_claimed_of_a_server_unlike_those_that_were_measured(moves):
    state = native.walked(until=3)
    for control, value in moves.items():
        state = native.after(state, store.ControlMoved(control, value))
    state = native.settled(state)
    for side, row in zip(serving.SIDES, bench(state)[1:], strict=True):
        result = result_of(state, side)
        like = now.request(COURSE, state, side).policy == "chunked" and result["kv_needs"] <= result["kv_has"]
        assert "±" not in "".join(row) or (like and not result["evicted_requests"])
    assert any("±" not in "".join(row) for row in bench(state)[1:])
