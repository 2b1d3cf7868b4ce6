"""Priorities: who joins first, what stays as it was, and the jump against the walk."""

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import PhysicsError, Request, simulate
from tests.unit.test_simulate import AMPLE, COSTS, COUNTS, DRAFT, SUMS, TIMES, Clockwork, close, scenarios, server


def test_the_lower_number_joins_first_and_within_one_who_came_first() -> None:
    priorities = [3, 1, 2, 0, 1, 2]
    requests = [Request(0.1 * i, 1, 10, priority=priority) for i, priority in enumerate(priorities)]
    run = simulate(Clockwork(1.0), server(seats=1), requests, AMPLE)
    order = sorted(range(6), key=lambda i: run.start_s[i])
    assert order == [0, 3, 1, 4, 2, 5]  # the first found the server empty
    assert run.start_s == [0.0, 20.0, 40.0, 10.0, 30.0, 50.0]


def test_who_runs_is_not_sent_away_for_who_is_more_urgent() -> None:
    run = simulate(Clockwork(1.0), server(seats=1), [Request(0.0, 1, 100, priority=9), Request(1.0, 1, 1)], AMPLE)
    assert run.preemptions == 0 and run.start_s[1] == 100.0


@pytest.mark.parametrize("policy", ["continuous", "chunked", "no_eviction"])
def test_who_fits_passes_the_one_whom_the_memory_keeps_waiting(policy: str) -> None:
    """A long prompt of a high number waits for memory; a short one of a low number comes later and joins before it."""
    requests = [Request(0.0, 160, 160), Request(0.1, 400, 4, priority=1), Request(0.2, 16, 4)]
    for jump in (True, False):
        run = simulate(Clockwork(0.01), server(policy), requests, 30, jump=jump)
        assert run.start_s[2] < 0.3 < run.start_s[1]
        equal = simulate(Clockwork(0.01), server(policy), [r._replace(priority=1) for r in requests], 30, jump=jump)
        assert equal.start_s[2] >= equal.start_s[1] > 0.3


def test_little_is_lost_on_the_whole() -> None:
    """With answers equally long, the order of service changes who waits and not how long all wait together."""
    requests = [Request(0.05 * i, 1, 10, priority=i % 3) for i in range(300)]
    ranked = simulate(Clockwork(0.01), server(seats=1), requests, AMPLE)
    plain = simulate(Clockwork(0.01), server(seats=1), [r._replace(priority=0) for r in requests], AMPLE)
    waits = [start - r.arrival_s for start, r in zip(ranked.start_s, requests, strict=True)]
    assert sum(waits) == pytest.approx(sum(s - r.arrival_s for s, r in zip(plain.start_s, requests, strict=True)))
    means = [statistics.fmean(waits[k::3]) for k in range(3)]
    assert means[0] < 0.2 and means[0] < means[1] < means[2]


@settings(max_examples=300, deadline=None)
@given(scenarios(), st.lists(st.integers(-2, 3), min_size=16, max_size=16), st.booleans())
def test_the_jump_lands_where_the_walk_does(scenario, priorities, prefixes) -> None:
    asked = scenario.settings
    if asked.policy == "static":
        return
    asked = engine.ServerSettings(**{**vars(asked), "prefix_cache": prefixes})
    requests = [
        r._replace(priority=priority, prefix=((priority % 2, r.prompt_tokens // 2 + 1),))
        for r, priority in zip(scenario.requests, priorities, strict=False)
    ]
    asking = {"users": scenario.users, "draft_cost": DRAFT}
    fast, plain = (
        simulate(scenario.cost, asked, requests, scenario.blocks, jump=jump, **asking) for jump in (True, False)
    )
    assert {n: getattr(fast, n) for n in COUNTS} == {n: getattr(plain, n) for n in COUNTS}
    for name in TIMES:
        assert all(close(a, b) for a, b in zip(getattr(fast, name), getattr(plain, name), strict=True)), name
    for name in SUMS:
        assert close(getattr(fast, name), getattr(plain, name)), name
    assert fast.outputs == sum(r.output_tokens for r in requests)


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_one_priority_is_none(scenario) -> None:
    ranked = [request._replace(priority=5) for request in scenario.requests]
    asking = {"users": scenario.users, "draft_cost": DRAFT if scenario.settings.policy == "speculative" else None}
    run = simulate(scenario.cost, scenario.settings, ranked, scenario.blocks, **asking)
    plain = scenario.run()
    if not plain.preemptions:
        assert all(close(a, b) for name in TIMES for a, b in zip(getattr(run, name), getattr(plain, name), strict=True))
        assert run.outputs == plain.outputs and run.steps == plain.steps


@pytest.mark.parametrize("priority", [float("nan"), 0.5, "high", None])
def test_a_priority_is_a_whole_number(priority) -> None:
    with pytest.raises(PhysicsError):
        simulate(COSTS[0], server(), [Request(0.0, 10, 10, priority=priority)], AMPLE)
