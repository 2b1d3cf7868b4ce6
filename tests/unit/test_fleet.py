"""Several replicas: against one server, against what the router sees, in closed forms, with a failure, hostile questions."""

import math
import statistics
from dataclasses import fields
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import FleetRun, PhysicsError, Request, Run, simulate, simulate_fleet
from physics.fleet import PrefixAffine, Replica
from physics.run import SUMS as ADDED
from tests.unit.test_advance import FrontEnd
from tests.unit.test_prefix import servers
from tests.unit.test_simulate import (
    AMPLE,
    COSTS,
    DRAFT,
    TIMES,
    WORKLOADS,
    Clockwork,
    Scenario,
    erlang_c,
    scenarios,
    server,
)

ROUTINGS = ("round_robin", "least_outstanding", "prefix_affine")
CHAT = engine.Workload("chat", "chat", ((0, 20), (1, 200)), ((0, 10), (1, 300)))


def of(scenario: Scenario, replicas: int, **more: object) -> FleetRun:
    draft = DRAFT if scenario.settings.policy == "speculative" else None
    return simulate_fleet(
        scenario.cost, scenario.settings, scenario.requests, scenario.blocks, replicas, draft_cost=draft, **more
    )


def plain(run: Run) -> dict[str, object]:
    """All that a run of one server says, with its requests as a list."""
    found = {field.name: getattr(run, field.name) for field in fields(Run)}
    return {**found, "requests": list(run.requests), "record": None, "replicas": 1}


# --- against one server ---


@settings(max_examples=200, deadline=None)
@given(st.one_of(scenarios(), servers()), st.sampled_from(ROUTINGS))
def test_one_replica_is_the_server(scenario: Scenario, routing: str) -> None:
    if scenario.settings.policy != "static":
        draft = DRAFT if scenario.settings.policy == "speculative" else None
        alone = simulate(scenario.cost, scenario.settings, scenario.requests, scenario.blocks, draft_cost=draft)
        assert plain(of(scenario, 1, routing=routing)) == plain(alone)


@settings(max_examples=200, deadline=None)
@given(st.one_of(scenarios(), servers()), st.integers(1, 5))
def test_in_turn_each_replica_serves_its_own_requests_as_if_alone(scenario: Scenario, replicas: int) -> None:
    if scenario.settings.policy == "static":
        return
    draft = DRAFT if scenario.settings.policy == "speculative" else None
    run = of(scenario, replicas, routing="round_robin")
    assert run.answered_by == [i % replicas for i in range(len(scenario.requests))]
    for number, life in run.lives:
        mine = scenario.requests[number::replicas]
        assert plain(life) == plain(simulate(scenario.cost, scenario.settings, mine, scenario.blocks, draft_cost=draft))
        for name in TIMES:
            assert getattr(run, name)[number::replicas] == getattr(life, name)
    assert run.replicas == replicas
    for name in ADDED:
        assert getattr(run, name) == pytest.approx(math.fsum(getattr(life, name) for _, life in run.lives))


# --- against what the router could see ---


@settings(max_examples=300, deadline=None)
@given(st.one_of(scenarios(), servers()), st.integers(1, 5))
def test_the_router_sends_to_whoever_has_the_fewest_at_that_moment(scenario: Scenario, replicas: int) -> None:
    """From the finished run: whoever was sent a request before and answers it later is counted."""
    if scenario.settings.policy == "static":
        return
    run = of(scenario, replicas)
    for i, at_s in enumerate(run.arrival_s):
        outstanding = [0] * replicas
        for j in range(i):
            outstanding[run.answered_by[j]] += run.last_s[j] > at_s
        assert run.answered_by[i] == outstanding.index(min(outstanding))


def test_a_front_end_is_passed_at_every_replica() -> None:
    requests = [Request(1.0, 10, 3), Request(1.0, 10, 3), Request(1.05, 10, 3)]
    run = simulate_fleet(FrontEnd(1.0), server(), requests, AMPLE, 2)
    assert run.answered_by == [0, 1, 0]
    assert run.start_s == pytest.approx([1.07, 1.07, 2.07]) and run.last_s == pytest.approx([5.07, 4.07, 5.07])


def test_the_least_loaded_waits_less_than_in_turn() -> None:
    """In the mean of many cases: in a single one the future can favour the one who didn't look."""
    waits: dict[str, list[float]] = {routing: [] for routing in ROUTINGS[:2]}
    for seed in range(40):
        random = Random(seed)
        replicas, seats = random.randint(2, 6), random.randint(2, 12)
        policy = random.choice(["continuous", "chunked", "no_eviction"])
        rate = replicas * random.uniform(0.5, 3)
        requests = engine.sample_requests(WORKLOADS["azure-2023-conversation"], rate, 300, seed, 4096)
        for routing, found in waits.items():
            run = simulate_fleet(COSTS[0], server(policy, seats), requests, 2000, replicas, routing=routing)
            found.append(statistics.fmean(s - a for s, a in zip(run.start_s, run.arrival_s, strict=True)))
    looked, blind = waits["least_outstanding"], waits["round_robin"]
    assert statistics.fmean(looked) < statistics.fmean(blind)
    pairs = list(zip(looked, blind, strict=True))
    assert sum(a < b for a, b in pairs) > 2 * sum(a > b for a, b in pairs)


# --- closed forms ---


def mean_waits(answer, load: float, replicas: int, service_s: float, routing: str) -> tuple[float, float]:
    """The mean wait at replicas of one seat and its standard error, over independent runs without their first third."""
    means = []
    for seed in range(20):
        random, clock, requests = Random(seed), 0.0, []
        for _ in range(3000):
            clock += random.expovariate(load * replicas / service_s)
            requests.append(Request(clock, 1, answer(random)))
        run = simulate_fleet(Clockwork(0.01), server(seats=1), requests, AMPLE, replicas, routing=routing)
        means.append(statistics.fmean([s - a for s, a in zip(run.start_s, run.arrival_s, strict=True)][1000:]))
    return statistics.fmean(means), statistics.stdev(means) / math.sqrt(len(means))


@pytest.mark.parametrize("routing", ROUTINGS[:2])
@pytest.mark.parametrize(("load", "replicas"), [(0.8, 2), (0.85, 4)])
def test_with_equal_answers_the_wait_lies_between_one_fast_server_and_a_random_choice(
    routing: str, load: float, replicas: int
) -> None:
    """Lower: c seats hold at least the work that one seat c times as fast would, E[V] ≥ ρS/(2(1 − ρ)) (Pollaczek-Khinchine).
    Of it λWS waits (Little) and λS²/2 is in service, so W ≥ S/(2c(1 − ρ)) − S/2 (Brumelle 1971). Upper: who chooses by lot
    makes c queues M/D/1 of each λ/c."""
    service = 1.0
    wait, error = mean_waits(lambda _: 100, load, replicas, service, routing)
    assert wait - 4 * error > service / (2 * replicas * (1 - load)) - service / 2
    assert wait + 4 * error < engine.md1_wait_s(load, service)


def test_with_exponential_answers_the_wait_lies_between_one_queue_for_all_and_a_random_choice() -> None:
    """Lower: one queue for all seats, where none is idle while somebody waits (Erlang C). Upper: M/M/1 by lot (Winston 1977)."""
    load, replicas, service = 0.8, 4, 1.005  # answers of 1 + floor of an exponential of mean 100, at 0.01 s a token
    wait, error = mean_waits(
        lambda r: 1 + math.floor(r.expovariate(0.01)), load, replicas, service, "least_outstanding"
    )
    assert wait - 4 * error > erlang_c(replicas, load * replicas) * service / (replicas * (1 - load))
    assert wait + 4 * error < load * service / (1 - load)


# --- figures of all replicas together ---


def test_two_replicas_that_do_the_same_cost_what_one_costs() -> None:
    """Everyone comes twice and each replica serves one of each pair: tokens a second double, nothing else changes."""
    requests = engine.sample_requests(WORKLOADS["azure-2023-conversation"], 2.0, 200, 3, 8192)
    cost, asked = COSTS[0], server("chunked", 16)
    alone = simulate(cost, asked, requests, 5000)
    run = simulate_fleet(cost, asked, [r for r in requests for _ in range(2)], 5000, 2, routing="round_robin")
    one, both = engine.summary(alone, cost.deployment), engine.summary(run, cost.deployment)
    for name in ("throughput_output_tokens_per_s", "throughput_total_tokens_per_s", "requests_per_s", "kv_peak_bytes"):
        assert both.pop(name) == pytest.approx(2 * one.pop(name))
    assert both.pop("preemptions") == 2 * one.pop("preemptions")
    assert both.pop("evicted_requests") == 2 * one.pop("evicted_requests")
    assert both == pytest.approx(one)
    assert engine.distribution(run)["ttft_quantiles_s"] == engine.distribution(alone)["ttft_quantiles_s"]


# --- prefixes ---


def hit_share(run: Run) -> float:
    return run.hit_tokens / run.looked_up_tokens


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("blocks", [600, AMPLE])
def test_conversations_that_stay_find_more_in_the_cache(seed: int, blocks: int) -> None:
    requests = engine.sample_chat(CHAT, 2.0, 60, seed, turns=6, think_s=5.0, system_tokens=200)
    asked = server("chunked", 16, prefix_cache=True)
    found = {r: simulate_fleet(COSTS[0], asked, requests, blocks, 4, routing=r) for r in ROUTINGS}
    assert hit_share(found["prefix_affine"]) > hit_share(found["round_robin"])
    assert hit_share(found["prefix_affine"]) > hit_share(found["least_outstanding"])


def test_a_conversation_stays_where_it_began_and_the_system_prompt_sends_nobody_anywhere() -> None:
    requests = engine.sample_chat(CHAT, 2.0, 60, 1, turns=6, think_s=5.0, system_tokens=200)
    run = simulate_fleet(
        COSTS[0], server("chunked", 16, prefix_cache=True), requests, AMPLE, 4, routing="prefix_affine"
    )
    places: dict[int, set[int]] = {}
    for request, replica in zip(requests, run.answered_by, strict=True):
        places.setdefault(request.prefix[1][0], set()).add(replica)
    assert all(len(place) == 1 for place in places.values())
    begun = [next(iter(place)) for place in places.values()]
    assert min(begun.count(replica) for replica in range(4)) >= 5


def test_nobody_follows_a_conversation_to_an_overloaded_replica() -> None:
    """Half of the requests begin alike and write for ever; the others are done at once. 64 more than the other is too many."""
    requests = []
    for i in range(160):
        requests.append(Request(2.0 * i, 10, 10**6, ((7, 5),)))
        requests.append(Request(2.0 * i + 1, 10, 1, ((8 + i, 5),)))
    run = simulate_fleet(Clockwork(0.1), server("chunked", 1000), requests, AMPLE, 2, routing="prefix_affine")
    assert run.answered_by[0:130:2] == [0] * 65 and run.answered_by[130] == 1


def test_a_router_does_not_know_the_answer_before_it_is_written() -> None:
    router, places = PrefixAffine(2), [Replica(number, None) for number in range(2)]
    asked = [Request(0.0, 10, 5, ((1, 10), (answer, 5))) for answer in (2, 3)]
    for request, place in zip(asked, places, strict=True):
        router.remember(request, place)
    assert router.last[router.deepest(asked[0])] is places[1]


def test_without_prefixes_it_is_the_least_loaded() -> None:
    requests = engine.sample_requests(WORKLOADS["azure-2023-conversation"], 6.0, 200, 3, 8192)
    asked = [COSTS[0], server("chunked", 4), requests, 5000, 3]
    runs = [plain(simulate_fleet(*asked, routing=routing)) for routing in ROUTINGS[1:]]
    assert runs[0] == runs[1]


# --- a failure ---


def test_a_failure_step_by_step() -> None:
    """Three tokens are written, then the replica dies in its fourth step; the other writes all five."""
    run = simulate_fleet(
        Clockwork(1.0), server(), [Request(0.0, 10, 5), Request(6.0, 10, 1)], AMPLE, 2, failure=(0, 3.5, 5.0)
    )
    assert (run.arrival_s, run.start_s, run.first_s, run.last_s) == ([0.0, 6.0], [3.5, 6.0], [4.5, 7.0], [8.5, 7.0])
    assert run.answered_by == [1, 0] and run.resent == {0} and run.lost_tokens == 3 and run.outputs == 3 + 6
    first = run.lives[0][1]
    assert first.busy_s == 3.0 and math.isnan(first.last_s[0])  # the step that the failure broke off leaves nothing


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(scenarios(), servers()),
    st.integers(2, 4),
    st.sampled_from(ROUTINGS),
    st.floats(0, 20),
    st.one_of(st.just(math.inf), st.floats(0.001, 10)),
)
def test_every_request_is_answered_once_whoever_dies(
    scenario: Scenario, replicas: int, routing: str, at_s: float, down_s: float
) -> None:
    if scenario.settings.policy == "static":
        return
    run = of(scenario, replicas, routing=routing, failure=(1, at_s, at_s + down_s))
    assert run.outputs == sum(r.output_tokens for r in scenario.requests) + run.lost_tokens
    for arrival, start, first, last in zip(run.arrival_s, run.start_s, run.first_s, run.last_s, strict=True):
        assert arrival <= start < first <= last < math.inf
    answers = [last for _, life in run.lives for last in life.last_s if not math.isnan(last)]
    assert sorted(answers) == sorted(run.last_s)
    dead = next(life for number, life in run.lives if number == 1)
    assert sum(math.isnan(last) for last in dead.last_s) == len(run.resent)
    assert all(math.isnan(last) or last <= at_s for last in dead.last_s) and (run.lost_tokens == 0 or run.resent)
    starts = [run.start_s[i] for i in sorted(run.resent)]
    assert all(start >= at_s for start in starts) and (replicas > 2 or starts == sorted(starts))
    away = [i for i, a in enumerate(run.arrival_s) if at_s <= a < at_s + down_s]
    assert all(run.answered_by[i] != 1 for i in away)
    assert dead.busy_s <= at_s + 1e-9


@pytest.mark.parametrize("routing", ROUTINGS)
def test_a_failure_while_nobody_is_there_changes_nothing(routing: str) -> None:
    early = engine.sample_requests(WORKLOADS["azure-2023-conversation"], 6.0, 60, 3, 4096)
    requests = [*early, *(r._replace(arrival_s=r.arrival_s + 1000) for r in early)]
    asked = [COSTS[0], server("chunked", 4), requests, 5000, 3]
    calm = simulate_fleet(*asked, routing=routing)
    broken = simulate_fleet(*asked, routing=routing, failure=(0, 900.0, 900.001))
    assert not broken.resent and len(broken.lives) == 4
    for name in (*TIMES, "answered_by"):
        assert getattr(broken, name) == getattr(calm, name), name
    for name in ADDED:
        if name != "peak_blocks":  # what a life had at most is added, and one more lived
            assert getattr(broken, name) == pytest.approx(getattr(calm, name), rel=1e-12), name


def test_whoever_comes_back_has_lost_its_cache() -> None:
    turn = ((0, 160), (1, 160))
    requests = [Request(100.0 * i, 330, 10, turn) for i in range(4)]
    asked = [COSTS[0], server("chunked", prefix_cache=True), requests, AMPLE, 2]
    calm = simulate_fleet(*asked, routing="prefix_affine")
    broken = simulate_fleet(*asked, routing="prefix_affine", failure=(0, 150.0, 150.1))
    assert calm.hit_tokens == 3 * 320 and broken.hit_tokens == 2 * 320
    assert calm.answered_by == broken.answered_by == [0, 0, 0, 0]


# --- hostile questions ---


@pytest.mark.parametrize(
    "asked",
    [
        {"replicas": 0},
        {"replicas": 1.5},
        {"routing": "random"},
        {"settings": server("static")},
        {"settings": server("speculative")},
        {"requests": [Request(1.0, 10, 10), Request(0.0, 10, 10)]},
        {"blocks": 1},
        {"failure": (2, 1.0, 2.0)},
        {"failure": (-1, 1.0, 2.0)},
        {"failure": (0, 2.0, 2.0)},
        {"failure": (0, -1.0, 2.0)},
        {"failure": (0, math.nan, 2.0)},
        {"failure": (0, 1.0, math.nan)},
        {"failure": (0, 1.0, 2.0), "replicas": 1},
    ],
)
def test_questions_without_an_answer(asked: dict[str, object]) -> None:
    usual = {"cost": COSTS[0], "settings": server(), "requests": [Request(0.0, 100, 10)], "blocks": 100, "replicas": 2}
    simulate_fleet(**usual)
    with pytest.raises(PhysicsError):
        simulate_fleet(**{**usual, **asked})


def test_no_requests_is_an_empty_run() -> None:
    run = simulate_fleet(COSTS[0], server(), [], 0, 3)
    assert run.last_s == [] and run.replicas == 3 and run.outputs == 0
    assert engine.summary(run, COSTS[0].deployment)["ttft_p99_s"] is None
