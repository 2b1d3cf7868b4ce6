"""The serving floor: lanes that hold each request once, and a reason for every wait, read off runs that can be read off."""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given, settings

import engine
from engine import PhysicsError, Request
from tests.unit.test_simulate import AMPLE, EXACT, TIGHT, Clockwork, Scenario, close, scenarios, server


def floor(run_settings, requests, blocks=AMPLE, step=0.020):
    run = engine.simulate(Clockwork(step), run_settings, requests, blocks, record=True)
    return engine.Floor(run, run_settings)


@settings(max_examples=200, deadline=None)
@given(scenarios())
@example(TIGHT)
@example(EXACT)
def test_lanes_hold_every_moment_of_every_request_once(scenario: Scenario):
    run = scenario.run(record=True)
    shown = engine.Floor(run, scenario.settings)
    spans = shown.spans()
    for request in range(len(scenario.requests)):
        mine = sorted(s[3:] for s in spans if s.request == request and s.kind != "idle")
        assert mine[0][0] == run.arrival_s[request] and close(mine[-1][1], run.last_s[request])
        assert all(close(end, begin) for (_, end), (begin, _) in pairwise(mine))
    seats = {}
    for span in spans:
        if span.kind in ("seated", "prefill", "decode", "idle"):
            assert span.lane < scenario.settings.max_running
            seats.setdefault(span.lane, []).append((span.begin_s, span.end_s))
    for taken in seats.values():
        assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(taken)))
    idle = math.fsum(s.end_s - s.begin_s for s in spans if s.kind == "idle")
    assert idle == 0 or scenario.settings.policy == "static"


@settings(max_examples=200, deadline=None)
@given(scenarios())
@example(TIGHT)
def test_a_life_adds_up(scenario: Scenario):
    run = scenario.run(record=True)
    shown = engine.Floor(run, scenario.settings)
    for i in range(len(scenario.requests)):
        life = shown.life(i)
        assert close(life.waited_s + life.prompt_s, life.ttft_s)
        assert close(life.ttft_s + life.answer_s, run.last_s[i] - run.arrival_s[i])
        assert (life.cause == "none") == (life.waited_s == 0)
        assert (life.evictions > 0) == (i in run.evicted) and (life.lost_s > 0) == (life.evictions > 0)
        assert life.taken <= scenario.settings.max_running
        assert 0 <= life.stalled_s <= life.answer_s + 1e-9
    assert sum(shown.life(i).evictions for i in range(len(scenario.requests))) == run.preemptions


def test_one_seat_and_three_who_want_it():
    """Steps of 20 ms: the first has the seat for 10 steps, the second waits for it, the third for both."""
    shown = floor(server(seats=1), [Request(0.0, 1, 10), Request(0.05, 1, 5), Request(0.06, 1, 5)])
    first, second, third = (shown.life(i) for i in range(3))
    assert (first.cause, first.waited_s, first.behind) == ("none", 0, None)
    assert (second.cause, second.behind, second.ahead, second.taken) == ("seats", 0, 0, 1)
    assert second.waited_s == pytest.approx(0.15)
    assert (third.cause, third.behind, third.ahead, third.taken) == ("seats", 1, 1, 1)
    assert third.waited_s == pytest.approx(0.24)


def test_who_comes_in_the_middle_of_a_step_waits_for_its_end():
    shown = floor(server(seats=4), [Request(0.0, 1, 10), Request(0.05, 1, 5)])
    life = shown.life(1)
    assert (life.cause, life.ahead, life.taken) == ("step", 0, 1)
    assert life.waited_s == pytest.approx(0.01) and life.prompt_s == pytest.approx(0.02)
    assert shown.life(0).stalled_s == pytest.approx(0.02)  # the second's prompt was read while the first stood still


def test_a_free_seat_without_memory_is_no_seat():
    """Ten blocks; the first holds seven while it writes, the second's prompt needs five."""
    shown = floor(server(seats=4), [Request(0.0, 100, 10), Request(0.05, 70, 5)], 10)
    life = shown.life(1)
    assert (life.cause, life.behind) == ("blocks", 0)
    assert life.waited_s == pytest.approx(0.15)


def test_a_static_batch_fills_runs_to_its_longest_answer_and_keeps_its_seats():
    requests = [Request(0.0, 1, 50), Request(0.0, 1, 200), Request(0.1, 1, 10)]
    shown = floor(server("static", 2), requests)
    early, late = shown.life(0), shown.life(2)
    assert (early.cause, early.waited_s) == ("none", 0)
    assert (late.cause, late.behind, late.ahead, late.taken) == ("batch", 1, 0, 2)
    assert late.waited_s == pytest.approx(4.0 - 0.1)
    (idle,) = [s for s in shown.spans() if s.kind == "idle"]
    assert (idle.request, idle.begin_s, idle.end_s) == (0, pytest.approx(1.0), pytest.approx(4.0))
    alone = floor(server("static", 2), requests[:1]).life(0)
    assert alone.cause == "fill" and alone.waited_s == pytest.approx(0.5)


def test_a_prompt_in_chunks_is_counted_in_chunks():
    shown = floor(server("chunked", token_budget=64), [Request(0.0, 150, 2)])
    assert shown.life(0).chunks == 3
    assert [s.kind for s in shown.spans()] == ["prefill", "prefill", "prefill", "decode"]


def test_an_evicted_request_waits_again_and_is_read_again():
    shown = floor(server(), [Request(0.0, 160, 160), Request(0.0, 160, 160)], 30)
    life = shown.life(1)
    assert life.evictions >= 1 and life.lost_s > 0
    kinds = [s.kind for s in sorted(shown.spans(), key=lambda s: s.begin_s) if s.request == 1]
    assert kinds[:4] == ["prefill", "decode", "evicted", "prefill"] and kinds[-1] == "decode"


def test_the_curves_hold_the_most_of_what_touches_a_cell():
    run = engine.simulate(Clockwork(0.020), server(), [Request(0.0, 1, 10), Request(1.0, 1, 5)], AMPLE, record=True)
    curves = engine.sampled(run.record, 2.0, 20)
    assert curves["batch"] == [1] * 2 + [0] * 8 + [1] * 1 + [0] * 9
    assert curves["step_s"][:3] == [pytest.approx(0.02), pytest.approx(0.02), 0]
    assert curves["blocks"][0] == 1


def test_a_run_without_a_record_can_not_be_replayed():
    with pytest.raises(PhysicsError):
        engine.Floor(engine.simulate(Clockwork(0.02), server(), [Request(0.0, 1, 1)], AMPLE), server())
