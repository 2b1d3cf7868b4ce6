"""The event simulation: the jump against the walk, conservation, exact laws of queueing, and hostile questions."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import engine
from engine import GIB, Deployment, PhysicsError, Request, Reserve, Run, ServerSettings, StepCost, simulate
from tests.validation.accuracy import content

MODELS = engine.read_models(content("models"))
GPUS = engine.read_gpus(content("hardware"))
WORKLOADS = engine.read_workloads(content("workloads"))
CALIBRATIONS = engine.read_calibrations(content("calibration")).values()
POLICIES = ("static", "continuous", "chunked", "speculative", "no_eviction")
AMPLE = 10**6


def cost_of(model: str = "llama-3-70b", gpu: str = "h100-sxm", gpus: int = 4, bits: int = 16) -> StepCost:
    deployment = Deployment(
        MODELS[model], GPUS[gpu], gpus, bits, engine="kernels"
    )  # no front end: laws of queues alone
    return StepCost(deployment, engine.calibration_for(deployment, CALIBRATIONS))


class Clockwork:
    """A server whose every step takes `fixed` seconds, and `each` more for every token."""

    front_s = 0.0

    def __init__(self, fixed: float, each: float = 0.0) -> None:
        self.fixed, self.each = fixed, each

    def work_seconds(self, decodes: int, context: float, work: tuple[int, int, float]) -> float:
        return self.fixed + self.each * (decodes + work[1])

    def decode_affine(self, decodes: int, tokens_each: int = 1) -> tuple[float, float]:
        return self.fixed + self.each * decodes * tokens_each, 0.0

    def weights_read(self, tokens: int) -> float:
        return 0.0


@dataclass(frozen=True)
class Scenario:
    """All that a run depends on."""

    settings: ServerSettings
    requests: tuple[Request, ...]
    blocks: int
    cost: StepCost
    users: int | None = None

    def run(self, jump: bool = True, record: bool = False) -> Run:
        draft = DRAFT if self.settings.policy == "speculative" else None
        return simulate(
            self.cost,
            self.settings,
            self.requests,
            self.blocks,
            users=self.users,
            draft_cost=draft,
            jump=jump,
            record=record,
        )


COSTS = [
    cost_of(),
    cost_of("mixtral-8x7b", gpus=2),
    cost_of("gpt-oss-120b", "h200-sxm", 8, 8),
    cost_of("llama-3.1-8b", "l4", 1),
]
DRAFT = cost_of("llama-3.2-1b")


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A small server: few seats, short requests, from just enough blocks for one to plenty."""
    lengths = st.tuples(st.floats(0, 3), st.integers(1, 150), st.integers(1, 150))
    drawn = draw(st.lists(lengths, min_size=1, max_size=16))
    clock, requests = 0.0, []
    for gap, prompt, output in drawn:
        clock += gap if gap > 0.3 else 0.0  # some come together
        requests.append(Request(clock, prompt, output))
    size = draw(st.sampled_from([1, 4, 16]))
    least = -(-max(r.prompt_tokens + r.output_tokens for r in requests) // size)
    policy = draw(st.sampled_from(POLICIES))
    patience = {
        "poll_steps": draw(st.sampled_from([1, 1, 2, 7, 30])),
        "wait_steps": draw(st.sampled_from([0, 0, 1, 5, 20])),
        "wait_tokens": draw(st.integers(0, 300)),
    }
    server = ServerSettings(
        policy,
        draw(st.integers(1, 8)),
        512,
        token_budget=draw(st.integers(1, 300)),
        prefill_budget=draw(st.integers(1, 400)),
        block_size=size,
        speculation_tokens=draw(st.integers(1, 5)),
        acceptance=draw(st.floats(0, 0.95)),
        **(patience if policy != "static" else {}),
    )
    blocks = least + draw(st.one_of(st.integers(0, 12), st.integers(0, 400)))
    users = draw(st.one_of(st.none(), st.integers(1, 10)))
    return Scenario(server, tuple(requests), blocks, draw(st.sampled_from(COSTS)), users)


COUNTS = ("steps", "computed_tokens", "outputs", "decode_steps", "peak_blocks", "preemptions", "evicted")
SUMS = ("busy_s", "decode_s", "context_reads", "prefill_pairs", "weight_reads_bytes", "seat_steps", "useful_seat_steps")
TIMES = ("arrival_s", "start_s", "first_s", "last_s")


def server(policy: str = "continuous", seats: int = 4, **more: float) -> ServerSettings:
    return ServerSettings(policy, seats, 10**9, **more)


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


TIGHT = Scenario(server("speculative", 4), (Request(0, 10, 22), Request(0, 3, 7)), 2, COSTS[0])
EVICTS = Scenario(  # the last is evicted while its prompt waits for a place beside the others' tokens
    server("chunked", 5, token_budget=4, block_size=1, wait_steps=1, wait_tokens=60),
    (
        Request(0, 2, 13),
        Request(0.007, 18, 26),
        Request(0.008, 23, 20),
        Request(0.008, 2, 39),
        Request(0.008, 52, 58),
    ),
    135,
    COSTS[0],
)
EXACT = Scenario(server("no_eviction", 4), (Request(0, 15, 1), Request(0, 9, 7)), 1, COSTS[0])


@settings(max_examples=500, deadline=None)
@given(scenarios())
@example(TIGHT)
@example(EXACT)
@example(EVICTS)
def test_the_jump_lands_where_the_walk_does(scenario: Scenario) -> None:
    fast, plain = scenario.run(), scenario.run(jump=False)
    assert {n: getattr(fast, n) for n in COUNTS} == {n: getattr(plain, n) for n in COUNTS}
    for name in TIMES:
        assert all(close(a, b) for a, b in zip(getattr(fast, name), getattr(plain, name), strict=True)), name
    for name in SUMS:
        assert close(getattr(fast, name), getattr(plain, name)), name
    assert sum(n for _, n in fast.gaps) == sum(n for _, n in plain.gaps)
    assert close(sum(s * n for s, n in fast.gaps), sum(s * n for s, n in plain.gaps))


@settings(max_examples=200, deadline=None)
@given(scenarios())
@example(TIGHT)
@example(EXACT)
def test_a_record_changes_nothing_and_is_the_same_for_jump_and_walk(scenario: Scenario) -> None:
    fast, plain = scenario.run(record=True), scenario.run(jump=False, record=True)
    assert replace(fast, record=None) == scenario.run()
    one, other = fast.record, plain.record
    assert one is not None and other is not None
    for name in ("joined", "evicted", "wrote", "chunks"):
        kept, walked = getattr(one, name), getattr(other, name)
        assert len(kept) == len(walked), name
        assert all(close(a, b) for x, y in zip(kept, walked, strict=True) for a, b in zip(x, y, strict=True)), name
    assert sum(stride[2] for stride in one.strides) == sum(stride[2] for stride in other.strides) == fast.steps
    assert close(sum(end - begin for begin, end, *_ in one.strides), fast.busy_s)


@settings(max_examples=300, deadline=None)
@given(scenarios())
@example(TIGHT)
@example(EXACT)
def test_nothing_is_lost_and_nothing_invented(scenario: Scenario) -> None:
    run = scenario.run()
    assert run.outputs == sum(r.output_tokens for r in scenario.requests)
    for arrival, start, first, last in zip(run.arrival_s, run.start_s, run.first_s, run.last_s, strict=True):
        assert arrival <= start < first <= last < math.inf
    assert 0 < run.peak_blocks <= scenario.blocks
    assert run.busy_s <= max(run.last_s) - run.arrival_s[0] + 1e-9
    assert 0 <= run.useful_seat_steps <= run.seat_steps
    assert run.computed_tokens >= sum(r.prompt_tokens for r in scenario.requests)
    assert len(run.evicted) <= run.preemptions and (run.preemptions == 0) == (not run.evicted)
    if scenario.settings.policy in ("static", "no_eviction"):
        assert run.preemptions == 0


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_the_same_scenario_is_the_same_run(scenario: Scenario) -> None:
    assert scenario.run() == scenario.run()


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_someone_who_comes_alone_waits_for_nobody(scenario: Scenario) -> None:
    first = scenario.requests[0]
    run = replace(scenario, requests=(first,), users=None).run()
    if scenario.settings.policy in ("continuous", "chunked", "no_eviction"):
        assert run.start_s == [first.arrival_s] and run.preemptions == 0
        assert run.busy_s == pytest.approx(run.last_s[0] - first.arrival_s, rel=1e-9)


def test_one_request_step_by_step() -> None:
    cost = COSTS[0]
    run = simulate(cost, server(), [Request(2.0, 100, 4)], AMPLE)
    first = 2.0 + cost.seconds(0, 0, [(0, 100)])
    assert run.first_s == pytest.approx([first])
    assert run.last_s == pytest.approx([first + cost.seconds(1, 101) + cost.seconds(1, 102) + cost.seconds(1, 103)])
    chunked = simulate(cost, server("chunked", token_budget=64), [Request(2.0, 100, 1)], AMPLE)
    assert chunked.last_s == pytest.approx([2.0 + cost.seconds(0, 0, [(0, 64)]) + cost.seconds(0, 0, [(64, 36)])])


def test_memory_pressure_preempts_the_youngest_and_computes_it_again() -> None:
    requests = [Request(0.0, 160, 160), Request(0.0, 160, 160)]
    roomy = simulate(COSTS[0], server(), requests, 40)
    tight = simulate(COSTS[0], server(), requests, 30)
    assert roomy.preemptions == 0 and tight.preemptions >= 1 and tight.evicted == {1}
    assert tight.last_s[1] > roomy.last_s[1] and tight.last_s[0] < roomy.last_s[0]
    assert tight.computed_tokens > roomy.computed_tokens
    patient = simulate(COSTS[0], server("no_eviction"), requests, 30)
    assert patient.preemptions == 0 and patient.start_s[1] == patient.last_s[0]


# --- the chapter's examples ---


def test_static_waits_for_the_longest_and_continuous_does_not() -> None:
    requests = [Request(0.0, 1, n) for n in (50, 200, 100, 150)]
    step = Clockwork(0.020)
    static = simulate(step, server("static"), requests, AMPLE)
    assert max(static.last_s) == pytest.approx(4.000)
    assert engine.static_waste([50, 200, 100, 150]) == 0.375
    assert 1 - static.useful_seat_steps / static.seat_steps == pytest.approx(
        1 - 496 / (4 * 199)
    )  # without the first tokens
    continuous = simulate(step, server("continuous"), requests, AMPLE)
    assert continuous.last_s == pytest.approx([1.0, 4.0, 2.0, 3.0])
    assert statistics.fmean(continuous.last_s) == pytest.approx(2.500)
    assert continuous.useful_seat_steps == continuous.seat_steps


def test_a_static_seat_stays_taken_until_the_batch_is_done() -> None:
    requests = [Request(0.0, 1, n) for n in (50, 200, 100, 150, 10)]
    static = simulate(Clockwork(0.020), server("static"), requests, AMPLE)
    continuous = simulate(Clockwork(0.020), server("continuous"), requests, AMPLE)
    assert static.start_s[4] == pytest.approx(4.000 + 0.5 - 0.5)  # its patience ran out while the batch was running
    assert continuous.start_s[4] == pytest.approx(1.000)


# --- exact laws, within the simulation's own confidence interval ---


def agrees(samples: Sequence[float], exact: float, sigmas: float = 4.0) -> None:
    """The mean of independent runs lies within its own confidence interval around the exact value."""
    mean, spread = statistics.fmean(samples), statistics.stdev(samples) / math.sqrt(len(samples))
    assert abs(mean - exact) <= sigmas * spread, (mean, exact, spread)
    assert spread < 0.05 * exact, "too noisy to tell anything"


def exponential(random: Random, mean: float) -> float:
    return random.expovariate(1 / mean)


def single(seed: int, rate: float, outputs: Callable[[Random], int], step: float, count: int = 3000) -> list[float]:
    """Waits in a queue of one seat: a request of n tokens is n steps long. The first third warms up."""
    random, clock, requests = Random(seed), 0.0, []
    for _ in range(count):
        clock += exponential(random, 1 / rate)
        requests.append(Request(clock, 1, outputs(random)))
    run = simulate(Clockwork(step), server(seats=1), requests, AMPLE)
    return [start - r.arrival_s for start, r in zip(run.start_s, requests, strict=True)][count // 3 :]


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_md1(load: float) -> None:
    waits = [statistics.fmean(single(seed, load, lambda _: 1, 1.0)) for seed in range(40)]
    agrees(waits, engine.md1_wait_s(load, 1.0))


def test_mg1_with_two_kinds_of_requests() -> None:
    share, short, long, load = 0.9, 10, 110, 0.6
    mean = share * short + (1 - share) * long
    square = share * short**2 + (1 - share) * long**2
    rate = load / (mean * 0.01)
    drawn = [
        statistics.fmean(single(seed, rate, lambda r: short if r.random() < share else long, 0.01))
        for seed in range(40)
    ]
    agrees(drawn, engine.mg1_wait_s(rate, mean * 0.01, square * 1e-4))


def test_mm1() -> None:
    step, load = 0.001, 0.6

    def outputs(random: Random) -> int:
        return 1 + math.floor(exponential(random, 1000))

    mean, square = 1000.5 * step, (2 * 1000**2 + 1000 + 1 / 3) * step * step
    drawn = [statistics.fmean(single(seed, load / mean, outputs, step)) for seed in range(40)]
    agrees(drawn, engine.mg1_wait_s(load / mean, mean, square))
    assert engine.mg1_wait_s(load, 1.0, 2.0) == pytest.approx(load / (1 - load))  # M/M/1: ρ/(1 − ρ) services


def erlang_c(servers: int, offered: float) -> float:
    terms = [offered**k / math.factorial(k) for k in range(servers)]
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(terms) + last)


def test_mmc_with_half_a_step_to_get_on_board() -> None:
    """Seats are servers when a step's time doesn't depend on the batch: Erlang C, plus half a step."""
    seats, step, rate = 4, 0.01, 3.0
    waits = []
    for seed in range(25):
        random, clock, requests = Random(seed), 0.0, []
        for _ in range(3000):
            clock += exponential(random, 1 / rate)
            requests.append(Request(clock, 1, 1 + math.floor(exponential(random, 100))))
        run = simulate(Clockwork(step), server("chunked", seats), requests, AMPLE)
        waits.append(statistics.fmean(s - r.arrival_s for s, r in zip(run.start_s, requests, strict=True)))
    service = 100.5 * step
    queue = erlang_c(seats, rate * service) * service / (seats - rate * service)
    busy = 1 - math.exp(-rate * service)  # a step is running nearly always: M/M/∞'s bound from above is enough here
    agrees(waits, queue + step / 2 * busy)


def shared(outputs: Callable[[Random], int], seed: int) -> float:
    """Mean response when all requests share the server equally: a step takes so long as it has tokens."""
    random, clock, requests = Random(seed), 0.0, []
    for _ in range(3000):
        clock += exponential(random, 1 / 0.6)
        requests.append(Request(clock, 1, outputs(random)))
    run = simulate(Clockwork(0.0, 0.01), server("chunked", 10**6, token_budget=10**6), requests, AMPLE)
    return statistics.fmean(last - r.arrival_s for last, r in zip(run.last_s, requests, strict=True))


@pytest.mark.parametrize("outputs", [lambda _: 100, lambda r: 20 if r.random() < 0.9 else 820], ids=["equal", "mixed"])
def test_processor_sharing_does_not_care_how_lengths_are_spread(outputs: Callable[[Random], int]) -> None:
    """Mean response S/(1 − ρ), whatever the distribution of lengths (Kleinrock, 1976)."""
    agrees([shared(outputs, seed) for seed in range(20)], 1.0 / (1 - 0.6))


@pytest.mark.parametrize("policy", ["chunked", "no_eviction"])
def test_littles_law(policy: str) -> None:
    """Requests in the server, counted at each step, are arrivals times the time that each spends there."""
    requests = engine.sample_requests(WORKLOADS["azure-2023-conversation"], 2.0, 500, 7)
    run = simulate(Clockwork(0.02), server(policy, 64, token_budget=10**6), requests, AMPLE)
    inside = run.seat_steps * 0.02  # seat-seconds of writing, counted step by step
    stayed = math.fsum(last - first for first, last in zip(run.first_s, run.last_s, strict=True))
    assert inside == pytest.approx(stayed, rel=1e-9)


@pytest.mark.parametrize("users", [1, 4, 16, 64])
def test_a_closed_loop_keeps_its_users_busy(users: int) -> None:
    """Little's law without thinking time: users = throughput × time in the system, save for the emptying at the end."""
    requests = [Request(0.0, 1, 100)] * (users * 50)
    run = simulate(Clockwork(0.01), server("chunked", 32), requests, AMPLE, users=users)
    response = statistics.fmean(last - arrival for arrival, last in zip(run.arrival_s, run.last_s, strict=True))
    throughput = len(requests) / max(run.last_s)
    assert throughput * response == pytest.approx(users, rel=0.03)
    assert throughput == pytest.approx(min(users, 32) / (100 * 0.01), rel=0.03)


@pytest.mark.parametrize("batch", [2, 8, 32])
def test_static_waste_is_that_of_the_longest_of_b_exponentials(batch: int) -> None:
    """The longest of B exponential answers is H_B times the mean, so 1/H_B of the seat-steps write a token."""
    harmonic = sum(1 / k for k in range(1, batch + 1))
    found = []
    for seed in range(20):
        random = Random(seed)
        requests = [Request(0.0, 1, 1 + math.ceil(exponential(random, 2000))) for _ in range(100 * batch)]
        run = simulate(Clockwork(0.001), server("static", batch), requests, AMPLE)
        found.append(run.seat_steps / run.useful_seat_steps)
    agrees(found, harmonic)


# --- load, chance, hostile questions ---


@pytest.mark.parametrize("policy", POLICIES)
def test_more_load_is_never_faster(policy: str) -> None:
    ttft = []
    for load in (0.5, 2.0, 8.0, 32.0):
        requests = engine.sample_requests(WORKLOADS["azure-2023-conversation"], load, 1000, 3, 8192)
        run = Scenario(server(policy, 16), tuple(requests), 40_000, COSTS[0]).run()
        ttft.append(statistics.fmean(f - a for f, a in zip(run.first_s, run.arrival_s, strict=True)))
    slack = 1.0 if policy != "static" else 3.0  # a static batch fills sooner under load
    assert all(later >= sooner / slack for sooner, later in pairwise(ttft))
    assert ttft[-1] > 2 * ttft[0]


@pytest.mark.parametrize("policy", POLICIES)
def test_no_requests_is_an_empty_run(policy: str) -> None:
    run = Scenario(server(policy), (), 0, COSTS[0]).run()
    assert run.steps == run.outputs == 0 and run.last_s == []
    figures = engine.summary(run, COSTS[0].deployment)
    assert figures["ttft_p99_s"] is None and figures["throughput_output_tokens_per_s"] is None


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("requests", "blocks"),
    [
        ([Request(0.0, 100, 10)], 0),
        ([Request(0.0, 100, 10)], 6),
        ([Request(0.0, 10**9, 10)], 1000),
        ([Request(0.0, 10, 10**9)], 1000),
        ([Request(0.0, 100, 10)], -1),
        ([Request(0.0, 100, 10)], math.nan),
        ([Request(0.0, 100, 10)], math.inf),
        ([Request(0.0, 0, 10)], 100),
        ([Request(0.0, 10, 0)], 100),
        ([Request(0.0, -5, 10)], 100),
        ([Request(0.0, 10, math.nan)], 100),
        ([Request(math.nan, 10, 10)], 100),
        ([Request(math.inf, 10, 10)], 100),
        ([Request(-1.0, 10, 10)], 100),
        ([Request(5.0, 10, 10), Request(1.0, 10, 10)], 100),
    ],
)
def test_questions_without_an_answer(policy: str, requests: list[Request], blocks: int) -> None:
    with pytest.raises(PhysicsError):
        Scenario(server(policy), tuple(requests), blocks, COSTS[0]).run()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_billion_tokens_to_write_is_answered_at_once(policy: str) -> None:
    run = Scenario(server(policy), (Request(0.0, 10, 10**9),), 10**9, COSTS[0]).run()
    assert run.outputs == 10**9 and math.isfinite(run.last_s[0])


def test_a_billion_tokens_to_read_by_the_spoonful_is_refused() -> None:
    with pytest.raises(PhysicsError):
        simulate(COSTS[0], server("chunked", token_budget=1), [Request(0.0, 10**9, 1)], 10**9)


@pytest.mark.parametrize("name", ["max_running", "max_sequence_tokens", "token_budget", "prefill_budget", "block_size"])
@pytest.mark.parametrize("bad", [0, -1, 1.5, math.nan, math.inf])
def test_settings_that_cannot_be(name: str, bad: float) -> None:
    with pytest.raises(PhysicsError):
        replace(server(), **{name: bad})


@pytest.mark.parametrize(
    "bad",
    [
        {"policy": "magic"},
        {"acceptance": 1.0},
        {"acceptance": math.nan},
        {"form_timeout_s": 0},
        {"speculation_tokens": 0},
    ],
)
def test_other_settings_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(PhysicsError):
        replace(server(), **bad)


def test_speculation_without_a_draft_and_a_loop_without_users() -> None:
    with pytest.raises(PhysicsError):
        simulate(COSTS[0], server("speculative"), [Request(0.0, 10, 10)], 100)
    with pytest.raises(PhysicsError):
        simulate(COSTS[0], server(), [Request(0.0, 10, 10)], 100, users=0)


def test_summary_of_a_run_that_can_be_read_off() -> None:
    deployment = Deployment(MODELS["llama-3-70b"], GPUS["h100-sxm"], 8)
    requests = [Request(0.0, 1, n) for n in (50, 200, 100, 150)]
    figures = engine.summary(simulate(Clockwork(0.020), server(), requests, AMPLE), deployment)
    assert figures["ttft_mean_s"] == figures["ttft_p99_s"] == pytest.approx(0.020)
    assert figures["tpot_mean_s"] == pytest.approx(0.020)
    assert figures["e2e_p99_s"] == pytest.approx(4.0)
    assert figures["queue_mean_s"] == 0
    assert figures["throughput_output_tokens_per_s"] == pytest.approx(500 / 4.0)
    assert figures["requests_per_s"] == pytest.approx(1.0)
    assert figures["busy_share"] == pytest.approx(1.0)
    assert figures["decode_step_mean_s"] == pytest.approx(0.020)


def test_percentiles_by_nearest_rank() -> None:
    assert engine.percentile([15, 20, 35, 40, 50], 30) == 20
    assert engine.percentile(list(range(1, 101)), 99) == 99
    assert engine.percentile([7], 1) == engine.percentile([7], 99) == 7
    assert engine.percentile([], 50) is None


@pytest.mark.parametrize("policy", POLICIES)
def test_hardware_is_never_used_beyond_its_peak(policy: str) -> None:
    cost = COSTS[0]
    blocks = engine.kv_blocks(cost.deployment, Reserve(0.9, 2.5 * GIB))
    requests = engine.sample_requests(WORKLOADS["azure-2023-conversation"], 50.0, 500, 1, 4096)
    figures = engine.summary(Scenario(server(policy, 256), tuple(requests), blocks, cost).run(), cost.deployment)
    assert 0 < figures["mfu"] < 1 and 0 < figures["mbu"] < 1 and figures["mfu"] + figures["mbu"] > 0.3
    assert figures["kv_peak_bytes"] <= engine.memory_plan(cost.deployment, Reserve(0.9, 2.5 * GIB))["kv_budget_bytes"]
