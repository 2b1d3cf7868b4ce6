"""Speculation by chance: the steps of an answer against closed forms, and what a run makes of them."""

import itertools
import math
import statistics
from collections.abc import Callable
from dataclasses import replace

import pytest

import engine
from engine import PhysicsError, Request, simulate
from physics.speculation import STEPS, Drafts, OwnHeads, written_by
from tests.unit.test_simulate import AMPLE, COSTS, DRAFT, agrees, server

CASES = [(0.8, 4, 200), (0.5, 1, 40), (0.6, 3, 7), (0.0, 5, 30), (0.95, 8, 500)]


def chances(acceptance: float, guesses: int) -> list[float]:
    """The probabilities of 1, 2, ..., g + 1 tokens a step."""
    return [acceptance**k * (1 - acceptance) for k in range(guesses)] + [acceptance**guesses]


def steps_exactly(acceptance: float, guesses: int, tokens: int) -> tuple[float, float]:
    """Mean and variance of the steps for so many tokens, by recursion over the first step: n(t) = 1 + n(t − what it wrote)."""
    mean, square = [0.0], [0.0]
    for t in range(1, tokens + 1):
        after = [(p, max(0, t - k)) for k, p in enumerate(chances(acceptance, guesses), 1)]
        mean.append(1 + sum(p * mean[left] for p, left in after))
        square.append(sum(p * (1 + 2 * mean[left] + square[left]) for p, left in after))
    return mean[-1], square[-1] - mean[-1] ** 2


def drafts(acceptance: float, guesses: int, seed: int) -> Drafts:
    return Drafts(server("speculative", acceptance=acceptance, speculation_tokens=guesses, speculation_seed=seed))


def sampled(acceptance: float, guesses: int, tokens: int, of: Callable[[list[int]], float]) -> list[float]:
    """A figure of the steps of 300 requests, for each of 40 seeds."""
    found = []
    for seed in range(40):
        drawn = drafts(acceptance, guesses, seed)
        found.append(of([drawn.steps(request, 0, tokens) for request in range(300)]))
    return found


@pytest.mark.parametrize(("acceptance", "guesses", "tokens"), CASES)
def test_the_steps_of_an_answer_have_the_right_mean_and_spread(acceptance: float, guesses: int, tokens: int) -> None:
    mean, variance = steps_exactly(acceptance, guesses, tokens)
    if not acceptance:
        assert drafts(acceptance, guesses, 1).steps(5, 0, tokens) == tokens == mean
        return
    agrees(sampled(acceptance, guesses, tokens, statistics.fmean), mean)
    agrees(sampled(acceptance, guesses, tokens, lambda steps: statistics.pvariance(steps, mean)), variance)


@pytest.mark.parametrize(("acceptance", "guesses", "tokens"), [CASES[0], CASES[4]])
def test_the_recursion_is_renewal_theory(acceptance: float, guesses: int, tokens: int) -> None:
    """Mean (t + E[Y(Y − 1)]/(2μ))/μ and variance near σ²t/μ³ (Feller 1968, chapter XIII), Y tokens a step with mean μ."""
    found = list(enumerate(chances(acceptance, guesses), 1))
    mu = engine.speculation_yield(acceptance, guesses)
    assert sum(k * p for k, p in found) == pytest.approx(mu)
    variance = sum(k * k * p for k, p in found) - mu * mu
    pairs = sum(k * (k - 1) * p for k, p in found)
    mean, spread = steps_exactly(acceptance, guesses, tokens)
    assert mean == pytest.approx((tokens + pairs / (2 * mu)) / mu, rel=1e-6)
    assert spread == pytest.approx(variance * tokens / mu**3, rel=0.05)


def test_what_one_step_writes_has_the_truncated_geometric_distribution() -> None:
    written = written_by(0.7, 3, 5)
    counts = [0] * 5
    for before, after in itertools.pairwise(written):
        counts[after - before] += 1
    for k, p in enumerate(chances(0.7, 3), 1):
        assert abs(counts[k] / STEPS - p) < 4.5 * math.sqrt(p * (1 - p) / STEPS)
    assert counts[0] == 0


def test_the_stream_goes_round() -> None:
    drawn = drafts(0.8, 4, 3)
    total = drawn.written[-1]
    for request in (0, 1, 17, 40_000):
        assert drawn.steps(request, 0, total) == STEPS
        assert drawn.steps(request, 0, 3 * total + 1) == 3 * STEPS + 1
        steps = [drawn.steps(request, 0, tokens) for tokens in range(1, 300)]
        assert steps == sorted(steps) and steps[0] == 1 and all(n <= t for t, n in enumerate(steps, 1))


def test_answers_of_the_same_length_take_different_times() -> None:
    requests = [Request(1000.0 * i, 100, 200) for i in range(60)]
    asked = server("speculative", acceptance=0.8)
    run = simulate(COSTS[0], asked, requests, AMPLE, draft_cost=DRAFT)
    taken = [last - first for first, last in zip(run.first_s, run.last_s, strict=True)]
    mean, variance = steps_exactly(0.8, 4, 199)
    spread = statistics.stdev(taken) / statistics.fmean(taken)
    assert spread == pytest.approx(math.sqrt(variance) / mean, rel=0.35)
    again = simulate(COSTS[0], replace(asked, speculation_seed=1), requests, AMPLE, draft_cost=DRAFT)
    assert again.last_s != run.last_s and again.first_s == run.first_s


def test_own_heads_guess_for_nothing() -> None:
    """A lone request of multi-token prediction: the same steps, each only a check of g + 1 tokens."""
    cost, asked, requests = COSTS[0], server("speculative", acceptance=0.8), [Request(0.0, 100, 200)]
    run = simulate(cost, asked, requests, AMPLE, draft_cost=OwnHeads())
    drafted = simulate(cost, asked, requests, AMPLE, draft_cost=DRAFT)
    base, slope = cost.decode_affine(1, 5)
    assert run.decode_s == pytest.approx(run.decode_steps * base + slope * run.context_reads)
    assert run.decode_steps == drafted.decode_steps and run.decode_s < drafted.decode_s
    assert engine.speculation_speedup(cost, OwnHeads(), 1, 100, 4, 0.8) > engine.speculation_speedup(
        cost, DRAFT, 1, 100, 4, 0.8
    )


@pytest.mark.parametrize("bad", [-1, 0.5, math.nan])
def test_a_seed_is_a_whole_number(bad: float) -> None:
    with pytest.raises(PhysicsError):
        server("speculative", speculation_seed=bad)
