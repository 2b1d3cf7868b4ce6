"""Workloads: seeded traffic that is the same everywhere, unit exponentials without logarithms, tables reproduced."""

import math
import statistics
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import PhysicsError, Workload
from physics.workload import bursty_gap, cut, length_at, quantile, unit_exponential
from tests.validation.accuracy import content

WORKLOADS = engine.read_workloads(content("workloads"))
CHAT = WORKLOADS["azure-2023-conversation"]
names = st.sampled_from(list(WORKLOADS))


@given(names, st.floats(0.01, 1000), st.integers(0, 10**6))
@settings(max_examples=30)
def test_the_same_seed_is_the_same_traffic(name: str, rate: float, seed: int) -> None:
    first = engine.sample_requests(WORKLOADS[name], rate, 200, seed, 4096)
    assert first == engine.sample_requests(WORKLOADS[name], rate, 200, seed, 4096)
    assert first != engine.sample_requests(WORKLOADS[name], rate, 200, seed + 1, 4096)
    assert all(a.arrival_s <= b.arrival_s for a, b in pairwise(first))
    assert first[:50] == engine.sample_requests(WORKLOADS[name], rate, 50, seed, 4096)  # a longer day begins the same


@given(names, st.integers(0, 1000), st.integers(-6, 6))
@settings(max_examples=30)
def test_two_loads_are_the_same_traffic_at_another_pace(name: str, seed: int, doublings: int) -> None:
    factor = 2.0**doublings
    slow, fast = (engine.sample_requests(WORKLOADS[name], rate, 300, seed) for rate in (3.0, 3.0 * factor))
    assert [r.arrival_s for r in slow] == [r.arrival_s * factor for r in fast]
    assert [r[1:] for r in slow] == [r[1:] for r in fast]
    other = engine.sample_requests(WORKLOADS[name], 7.3, 300, seed)
    assert [r[1:] for r in slow] == [r[1:] for r in other]
    assert [r.arrival_s * 7.3 for r in other] == pytest.approx([r.arrival_s * 3.0 for r in slow], rel=1e-15)


def test_unit_exponentials_have_mean_and_variance_one_and_no_memory() -> None:
    random, count = Random(5), 100_000
    drawn = [unit_exponential(random) for _ in range(count)]
    assert abs(statistics.fmean(drawn) - 1) < 4 / math.sqrt(count)
    assert abs(statistics.variance(drawn) - 1) < 4 * math.sqrt(8 / count)  # the fourth central moment is 9
    for past in (0.5, 1.0, 2.0, 4.0):
        share = sum(x > past for x in drawn) / count
        exact = math.exp(-past)
        assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / count)


@pytest.mark.parametrize("cv", [1.0, 2.0, 4.0])
def test_bursts_keep_the_mean_and_have_their_coefficient_of_variation(cv: float) -> None:
    random = Random(11)
    drawn = [bursty_gap(random, cv) for _ in range(200_000)]
    assert statistics.fmean(drawn) == pytest.approx(1, abs=4 * cv / math.sqrt(len(drawn)))
    assert statistics.stdev(drawn) == pytest.approx(cv, rel=0.05)


def test_bursts_change_arrivals_and_nothing_else() -> None:
    plain, bursty = (engine.sample_requests(CHAT, 5.0, 500, 3, cv=cv) for cv in (1.0, 3.0))
    assert [r[1:] for r in plain] == [r[1:] for r in bursty]
    assert [r.arrival_s for r in plain] != [r.arrival_s for r in bursty]


def test_the_rate_is_the_one_asked_for() -> None:
    requests = engine.sample_requests(CHAT, 8.0, 50_000, 1)
    assert len(requests) / requests[-1].arrival_s == pytest.approx(8.0, rel=4 / math.sqrt(50_000))


@pytest.mark.parametrize("name", WORKLOADS)
def test_quantiles_are_reproduced(name: str) -> None:
    """The share of sampled lengths at or under a tabulated length is its share, within 4.5 standard errors."""
    workload, count = WORKLOADS[name], 10_000
    requests = engine.sample_requests(workload, 1.0, count, 2)
    for table, at in ((workload.prompt_quantiles, 1), (workload.output_quantiles, 2)):
        drawn = [request[at] for request in requests]
        assert min(drawn) >= max(1, math.floor(table[0][1])) and max(drawn) <= math.ceil(table[-1][1])
        for share, tokens in table[1:-1]:
            noise = 4.5 * math.sqrt(share * (1 - share) / count) + 1 / count
            assert sum(d < tokens - 0.5 for d in drawn) / count <= share + noise
            assert sum(d <= tokens + 0.5 for d in drawn) / count >= share - noise


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_tabulated_share_gives_its_length(name: str) -> None:
    for table in (WORKLOADS[name].prompt_quantiles, WORKLOADS[name].output_quantiles):
        for share, _ in table:
            last = max(value for other, value in table if other == share)
            assert quantile(table, share) == pytest.approx(last)
            assert length_at(table, share) == max(1, math.floor(last + 0.5))


def test_published_lengths_of_the_azure_conversations() -> None:
    """Medians and 99th percentiles as counted in the published trace of 2023."""
    table = engine.lengths(CHAT)
    assert length_at(CHAT.prompt_quantiles, 0.5) == 1020 and length_at(CHAT.output_quantiles, 0.5) == 129
    assert table["prompt_p99"] == pytest.approx(4142, rel=0.01) and table["output_p99"] == pytest.approx(601, rel=0.01)
    assert table["prompt_mean"] == pytest.approx(1155, rel=0.01) and table["output_mean"] == pytest.approx(
        211, rel=0.01
    )


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 10**6))
def test_lengths_are_cut_to_the_limit(prompt: int, output: int, limit: int) -> None:
    kept_prompt, kept_output = cut(prompt, output, limit)
    assert 1 <= kept_prompt <= prompt and 1 <= kept_output <= output
    assert kept_prompt + kept_output <= limit
    assert kept_output == min(output, limit // 2)
    if prompt + output <= limit and output <= limit // 2:
        assert (kept_prompt, kept_output) == (prompt, output)
    elif kept_prompt < prompt:
        assert kept_prompt + kept_output == limit  # the prompt is cut no more than it must be


def test_without_a_limit_nothing_is_cut() -> None:
    assert cut(10**9, 10**9, None) == (10**9, 10**9)
    assert cut(5000, 100, 4096) == (3996, 100)
    assert cut(100, 5000, 4096) == (100, 2048)


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("limit", [None, 2048, 8192])
def test_lengths_in_closed_form_agree_with_samples(name: str, limit: int | None) -> None:
    closed = engine.lengths(WORKLOADS[name], limit)
    requests = engine.sample_requests(WORKLOADS[name], 1.0, 8_000, 9, limit)
    for at, kind in ((1, "prompt"), (2, "output")):
        drawn = [request[at] for request in requests]
        noise = 5 * statistics.stdev(drawn) / math.sqrt(len(drawn))
        # Prompts are cut against the median answer in the closed form, against their own in the samples.
        median = 0 if limit is None or kind == "output" else 0.05 * limit
        assert closed[f"{kind}_mean"] == pytest.approx(statistics.fmean(drawn), abs=noise + median + 0.5)
    whole = engine.sample_requests(WORKLOADS[name], 1.0, 8_000, 9)
    share = sum(a.prompt_tokens < b.prompt_tokens for a, b in zip(requests, whole, strict=True)) / len(whole)
    assert closed["share_cut"] == pytest.approx(share, abs=0.08 if limit else 0)
    assert (closed["share_cut"] == 0) if limit is None else closed["prompt_p99"] < limit


@pytest.mark.parametrize(
    "table",
    [
        (),
        ((0, 5),),
        ((0, 5), (0.9, 10)),
        ((0.1, 5), (1, 10)),
        ((0, 5), (0.5, 3), (1, 10)),
        ((0, 5), (0.6, 6), (0.5, 7), (1, 10)),
        ((0, -1), (1, 10)),
        ((0, 1), (1, math.nan)),
        ((0, math.nan), (1, 1)),
        ((0, 1), (1, math.inf)),
    ],
)
def test_tables_that_cannot_be(table: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(PhysicsError):
        Workload("w", "W", table, ((0, 1), (1, 2)))
    with pytest.raises(PhysicsError):
        Workload("w", "W", ((0, 1), (1, 2)), table)


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, 10**400, None, "fast"])
def test_loads_that_cannot_be(bad: float) -> None:
    with pytest.raises(PhysicsError):
        engine.sample_requests(CHAT, bad, 10, 1)


@pytest.mark.parametrize(
    "bad", [{"count": -1}, {"count": 1.5}, {"max_sequence_tokens": 1}, {"cv": 0.5}, {"cv": math.nan}]
)
def test_other_traffic_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(PhysicsError):
        engine.sample_requests(CHAT, **{"rate_per_s": 1.0, "count": 10, "seed": 1, **bad})


def test_no_requests_are_an_empty_list() -> None:
    assert engine.sample_requests(CHAT, 1.0, 0, 1) == []
