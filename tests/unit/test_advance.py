"""A server taken from moment to moment, with requests sent as they come, does what it does with all of them at once."""

import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import Pages, PhysicsError, Request, Run, ServerSettings, StepCost, simulate
from physics.server import Server
from physics.static import StaticServer
from tests.unit.test_prefix import servers
from tests.unit.test_simulate import (
    AMPLE,
    COSTS,
    COUNTS,
    DRAFT,
    EVICTS,
    SUMS,
    TIMES,
    Clockwork,
    Scenario,
    close,
    scenarios,
    server,
)
from tests.unit.test_windows import SLIDING, WINDOW

CACHED = ("looked_up_tokens", "hit_tokens", "cached_blocks_dropped")


class FrontEnd(Clockwork):
    """A server before which each request spends some time."""

    front_s = 0.07


def empty(
    cost: StepCost, asked: ServerSettings, blocks: int, draft: StepCost | None = None, pages: Pages | None = None
):
    return Server(cost, asked, [], [], blocks, draft, True, pages)


def played(live: Server, requests: tuple[Request, ...], chance: Random, whole: float) -> Run:
    """The run of a server that is looked at now and then, at moments that have nothing to do with its steps."""
    now = 0.0
    for request in requests:
        while chance.random() < 0.7 and now < request.arrival_s:
            now = min(request.arrival_s, now + chance.expovariate(1) * chance.choice((0.003, 0.1, 1)))
            live.advance(now, whole=chance.random() < whole)
        live.submit(request, request.arrival_s)
        if whole < 1:
            live.settle()  # somebody wants to see the figures so far
    while live.outstanding and chance.random() < 0.9:
        now = max(now, live.clock, requests[-1].arrival_s) + chance.expovariate(1) * chance.choice((0.003, 0.1, 1))
        live.advance(now, whole=chance.random() < whole)
    live.advance(math.inf)
    live.settle()
    return live.run


def same(run: Run, plain: Run) -> None:
    """Counts exactly, times and sums but for rounding."""
    assert {n: getattr(run, n) for n in COUNTS + CACHED} == {n: getattr(plain, n) for n in COUNTS + CACHED}
    for name in TIMES:
        assert all(close(a, b) for a, b in zip(getattr(run, name), getattr(plain, name), strict=True)), name
    for name in (*SUMS, "near_reads"):
        assert close(getattr(run, name), getattr(plain, name)), name
    assert sum(n for _, n in run.gaps) == sum(n for _, n in plain.gaps)
    assert close(math.fsum(s * n for s, n in run.gaps), math.fsum(s * n for s, n in plain.gaps))


def same_either_way(scenario: Scenario, seed: int, pages: Pages | None = None) -> None:
    asked, requests = scenario.settings, scenario.requests
    if asked.policy == "static":
        return
    draft = DRAFT if asked.policy == "speculative" else None
    plain = simulate(scenario.cost, asked, requests, scenario.blocks, draft_cost=draft, pages=pages)
    for whole in (0.0, 0.5):
        live = empty(scenario.cost, asked, scenario.blocks, draft, pages)
        same(played(live, requests, Random(seed), whole), plain)
    lazy = played(empty(scenario.cost, asked, scenario.blocks, draft, pages), requests, Random(seed), 1.0)
    assert vars(lazy) == {**vars(plain), "requests": list(requests)}  # nothing was parted: the same digits


@settings(max_examples=300, deadline=None)
@given(scenarios(), st.integers(0, 10**6))
def test_played_in_slices_it_is_the_run_in_one(scenario: Scenario, seed: int) -> None:
    same_either_way(scenario, seed)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(scenarios(), servers()),
    st.integers(0, 10**6),
    st.integers(1, 30),
    st.sampled_from([0, 1, 5, 20]),
    st.integers(0, 300),
)
@example(EVICTS, 7, 1, 1, 60)
def test_with_newcomers_who_are_looked_for_now_and_then_or_wait_for_more(
    scenario: Scenario, seed: int, polls: int, steps: int, tokens: int
) -> None:
    if scenario.settings.policy != "static":
        asked = replace(scenario.settings, poll_steps=polls, wait_steps=steps, wait_tokens=tokens)
        same_either_way(replace(scenario, settings=asked), seed)


@settings(max_examples=200, deadline=None)
@given(servers(), st.integers(0, 10**6))
def test_with_a_prefix_cache(scenario: Scenario, seed: int) -> None:
    same_either_way(scenario, seed)


@settings(max_examples=100, deadline=None)
@given(scenarios(), st.integers(0, 10**6), st.lists(st.integers(-1, 2), min_size=16, max_size=16))
def test_with_priorities_that_nobody_knows_before(scenario: Scenario, seed: int, priorities: list[int]) -> None:
    """The first half has none: the server jumps until it hears of one, and walks from then on."""
    late = len(scenario.requests) // 2
    known = [0] * late + priorities[late:]
    ranked = [r._replace(priority=priority) for r, priority in zip(scenario.requests, known, strict=False)]
    asked, draft = scenario.settings, DRAFT
    if asked.policy == "static":
        return
    plain = simulate(scenario.cost, asked, ranked, scenario.blocks, draft_cost=draft)
    for whole in (0.0, 0.5, 1.0):
        live = empty(scenario.cost, asked, scenario.blocks, draft)
        same(played(live, tuple(ranked), Random(seed), whole), plain)


@settings(max_examples=100, deadline=None)
@given(scenarios(), st.integers(0, 10**6), st.sampled_from([None, Pages(1, 1, WINDOW)]))
def test_with_windows(scenario: Scenario, seed: int, pages: Pages | None) -> None:
    blocks = 2 * scenario.blocks + 2
    same_either_way(Scenario(scenario.settings, scenario.requests, blocks, SLIDING), seed, pages)


@settings(max_examples=100, deadline=None)
@given(scenarios(), st.integers(0, 10**6))
def test_behind_a_front_end(scenario: Scenario, seed: int) -> None:
    cost = FrontEnd(0.01, 0.0001)
    same_either_way(Scenario(scenario.settings, scenario.requests, scenario.blocks, cost), seed)


# --- what is seen at a moment ---


def test_only_steps_that_have_ended_are_done() -> None:
    live = empty(Clockwork(1.0), server(), AMPLE)
    live.submit(Request(0.5, 10, 5), 0.5)
    for until_s, wrote in ((1.4, 0), (1.5, 1), (2.4, 1), (2.5, 2), (4.7, 4), (5.4, 4)):
        live.advance(until_s)
        assert (live.clock, live.outstanding) == (0.5 + wrote, 1)
        assert math.isnan(live.run.first_s[0]) == (wrote == 0) and math.isnan(live.run.last_s[0])
    live.advance(5.5)
    assert live.outstanding == 0 and live.run.last_s == [5.5]


def test_between_two_looks_nobody_is_seen_and_whoever_waits_for_more_joins_in_time() -> None:
    """Steps of a second: a look at 1 s, then at each fifth step; and three steps of waiting for a batch that never grows."""
    for asked, joins_s in ((server(poll_steps=5), 6.0), (server(wait_steps=3, wait_tokens=10**6), 6.0)):
        live = empty(Clockwork(1.0), asked, AMPLE)
        live.submit(Request(0.0, 10, 100), 0.0)
        for until_s in (1.0, 1.5, 2.2):
            live.advance(until_s)
        live.submit(Request(2.5, 10, 1), 2.5)
        live.advance(joins_s - 0.1)
        assert math.isnan(live.run.start_s[1])
        live.advance(20.0)
        assert (live.run.start_s[1], live.run.first_s[1]) == (joins_s, joins_s + 1)


def test_a_whole_stretch_waits_for_its_end() -> None:
    live = empty(Clockwork(1.0), server(), AMPLE)
    live.submit(Request(0.0, 10, 5), 0.0)
    live.advance(4.9, whole=True)
    assert (live.clock, live.outstanding) == (1.0, 1)
    live.submit(Request(4.9, 10, 1), 4.9)
    live.advance(5.0, whole=True)
    assert (live.clock, live.outstanding) == (5.0, 1) and live.run.last_s[0] == 5.0


def test_what_was_put_off_whole_can_be_parted_after_all() -> None:
    live = empty(Clockwork(1.0), server(), AMPLE)
    live.submit(Request(0.0, 10, 5), 0.0)
    live.advance(2.5, whole=True)
    live.advance(3.5)
    assert live.clock == 3.0


@pytest.mark.parametrize("policy", ["continuous", "chunked"])
def test_a_step_that_an_eviction_made_room_for_stays_a_single_one(policy: str) -> None:
    """Also if a request comes while it runs."""
    requests = [Request(0.0, 160, 160)] * 3 + [Request(moment + 0.5, 160, 1) for moment in range(400)]
    batch = simulate(Clockwork(1.0), server(policy), requests, 40, timeline=True)
    live = empty(Clockwork(1.0), server(policy), 40)
    live.watched = True
    for request in requests:
        live.advance(request.arrival_s, whole=True)
        live.submit(request, request.arrival_s)
    live.advance(math.inf)
    assert batch.preemptions and live.run.timeline == batch.timeline


def test_a_list_that_was_given_stays_as_it_was() -> None:
    asked = [Request(0.0, 10, 5)]
    live = Server(Clockwork(1.0), server(), asked, [0.0], AMPLE, None, True)
    live.submit(Request(1.0, 10, 5), 1.0)
    assert len(asked) == 1 and live.outstanding == 2


# --- hostile questions ---


@pytest.mark.parametrize("at_s", [0.9, -1.0, math.nan, math.inf])
def test_nothing_comes_before_what_is_done(at_s: float) -> None:
    live = empty(COSTS[0], server(), AMPLE)
    live.advance(1.0)
    with pytest.raises(PhysicsError):
        live.submit(Request(0.5, 10, 10), at_s)


def test_requests_come_in_order() -> None:
    live = empty(COSTS[0], server(), AMPLE)
    live.submit(Request(2.0, 10, 10), 2.0)
    with pytest.raises(PhysicsError):
        live.submit(Request(1.0, 10, 10), 1.0)


@pytest.mark.parametrize("until_s", [0.5, math.nan])
def test_time_goes_one_way(until_s: float) -> None:
    live = empty(COSTS[0], server(), AMPLE)
    live.advance(1.0)
    with pytest.raises(PhysicsError):
        live.advance(until_s)


def test_what_never_fits_is_refused_as_it_comes() -> None:
    live = empty(COSTS[0], server(), 10)
    with pytest.raises(PhysicsError):
        live.submit(Request(0.0, 1000, 10), 0.0)
    assert live.outstanding == 0


def test_a_static_server_is_not_taken_from_moment_to_moment() -> None:
    live = StaticServer(COSTS[0], server("static"), [], [], AMPLE, None, True)
    with pytest.raises(PhysicsError):
        live.advance(1.0)
    with pytest.raises(PhysicsError):
        live.submit(Request(0.0, 10, 10), 0.0)
