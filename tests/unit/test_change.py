"""What an operator changes while a server runs holds from the next step on, and nothing else changes."""

import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Fleet, PhysicsError, Request, ServerSettings, simulate
from physics.server import Server
from tests.unit.test_simulate import AMPLE, Clockwork, Scenario, scenarios, server

CHANGED = ("continuous", "chunked")


def empty(cost, asked: ServerSettings, blocks: int) -> Server:
    return Server(cost, asked, [], [], blocks, None, True)


def mixed(scenario: Scenario) -> bool:
    """One whose server can be changed."""
    return scenario.settings.policy in CHANGED and not getattr(scenario.cost, "window_tokens", 0)


@settings(max_examples=200, deadline=None)
@given(scenarios().filter(mixed), st.integers(0, 10**6))
def test_a_change_to_what_is_set_already_changes_nothing(scenario: Scenario, seed: int) -> None:
    chance, asked = Random(seed), scenario.settings
    plain = simulate(scenario.cost, asked, scenario.requests, scenario.blocks)
    live = empty(scenario.cost, asked, scenario.blocks)
    for request in scenario.requests:
        live.advance(request.arrival_s)
        if chance.random() < 0.5:
            live.change(asked, scenario.cost, scenario.blocks)
        live.submit(request, request.arrival_s)
    live.advance(math.inf)
    assert live.run.preemptions == plain.preemptions
    for found, wanted in ((live.run.first_s, plain.first_s), (live.run.last_s, plain.last_s)):
        assert found == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=200, deadline=None)
@given(scenarios().filter(mixed), scenarios().filter(mixed), st.integers(0, 10**6))
def test_whatever_is_changed_when_all_are_answered_and_nobody_holds_more_than_there_is(
    scenario: Scenario, other: Scenario, seed: int
) -> None:
    chance, live = Random(seed), empty(scenario.cost, scenario.settings, scenario.blocks)
    longest = max(r.prompt_tokens + r.output_tokens for r in scenario.requests)
    least = -(-longest // scenario.settings.block_size)
    for request in scenario.requests:
        live.advance(request.arrival_s)
        live.submit(request, request.arrival_s)
        to = replace(
            scenario.settings,
            policy=chance.choice(CHANGED),
            max_running=chance.randint(1, 8),
            token_budget=other.settings.token_budget,
        )
        live.change(to, other.cost, max(least, chance.randint(1, 2 * scenario.blocks)))
        assert live.ordered or len(live.order) == 1 or live.used_blocks() <= live.blocks
    live.advance(math.inf)
    run = live.run
    assert not live.outstanding and live.used_blocks() == 0
    for arrival_s, start_s, first_s, last_s in zip(run.arrival_s, run.start_s, run.first_s, run.last_s, strict=True):
        assert arrival_s <= start_s <= first_s <= last_s < math.inf
    assert run.outputs == sum(request.output_tokens for request in run.requests)


def test_a_new_seat_is_taken_with_the_next_step() -> None:
    live = empty(Clockwork(1.0), server(seats=1), AMPLE)
    for moment in (0.0, 0.1):
        live.advance(moment)
        live.submit(Request(moment, 10, 100), moment)
    live.advance(10.5)
    assert math.isnan(live.run.start_s[1])
    live.change(server(seats=2), live.cost, AMPLE)
    live.advance(12.5)
    assert live.run.start_s[1] == 11.0  # the step that ran at 10.5 s ended


def test_a_seat_that_is_taken_away_is_kept_until_the_answer_is_there() -> None:
    live = empty(Clockwork(1.0), server(seats=2), AMPLE)
    for length in (5, 10, 5):
        live.submit(Request(0.0, 10, length), 0.0)
    live.advance(2.5)
    live.change(server(seats=1), live.cost, AMPLE)
    live.advance(math.inf)
    assert live.run.preemptions == 0
    assert live.run.start_s[2] == live.run.last_s[1] > live.run.last_s[0]


def test_where_the_memory_shrinks_the_youngest_begin_anew() -> None:
    live = empty(Clockwork(1.0), server(seats=8), 100)
    for _ in range(4):
        live.submit(Request(0.0, 160, 50), 0.0)
    live.advance(5.5)
    live.change(live.settings, live.cost, 25)
    live.advance(6.5)
    assert (len(live.order), live.run.preemptions) == (2, 2) and live.used_blocks() <= 25
    live.advance(math.inf)
    assert not live.outstanding and live.run.outputs == 200


@pytest.mark.parametrize(
    "changes",
    [{"policy": "no_eviction"}, {"policy": "static"}, {"block_size": 32}, {"prefix_cache": True}, {"poll_steps": 3}],
)
def test_what_cant_be_changed_is_refused(changes: dict) -> None:
    live = empty(Clockwork(1.0), server(), AMPLE)
    with pytest.raises(PhysicsError):
        live.change(replace(live.settings, **changes), live.cost, AMPLE)


def test_memory_into_which_somebody_doesnt_fit_is_refused() -> None:
    live = empty(Clockwork(1.0), server(), 100)
    live.submit(Request(0.0, 320, 5), 0.0)
    with pytest.raises(PhysicsError):
        live.change(live.settings, live.cost, 20)


def test_a_retired_replica_answers_what_it_has_and_gets_no_more() -> None:
    asked = [Request(float(i), 10, 10) for i in range(6)]
    fleet = Fleet(Clockwork(1.0), server(seats=8), asked, AMPLE, 2, "least_outstanding", None, True, None, False)
    for i in range(3):
        fleet.send(i, asked[i].arrival_s)
    fleet.retire(0)
    fleet.change(server(seats=4), Clockwork(2.0), AMPLE, 2.5)
    for i in range(3, 6):
        fleet.send(i, asked[i].arrival_s)
    run = fleet.end()
    assert run.answered_by == [0, 1, 0, 1, 1, 1]
    assert all(last_s < math.inf for last_s in run.last_s)
    fleet.start(2, 100.0)
    assert fleet.alive[-1].server.settings.max_running == 4
