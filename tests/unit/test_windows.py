"""Layers with a window in the server: what a step reads, what a request keeps, and the jump against the walk."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import PhysicsError, Request, simulate
from physics.blocks import Pages, Phases
from physics.windows import missing_from
from tests.unit.test_simulate import (
    AMPLE,
    COSTS,
    COUNTS,
    DRAFT,
    SUMS,
    TIMES,
    Clockwork,
    close,
    cost_of,
    scenarios,
    server,
)

SLIDING = cost_of("gpt-oss-120b", "h200-sxm", 8, 8)
WINDOW = SLIDING.window_tokens


class Reading(Clockwork):
    """A server whose steps take a second for each cached token in reach of a window, and nothing else."""

    near_token_s = 1.0

    def __init__(self, window: int) -> None:
        super().__init__(0.0)
        self.window_tokens = window

    def work_seconds(self, decodes: int, context: float, work: tuple[int, int, float]) -> float:
        return min(context, decodes * self.window_tokens)

    def decode_affine(self, decodes: int, tokens_each: int = 1) -> tuple[float, float]:
        return float(decodes * self.window_tokens), 0.0


def test_one_request_step_by_step() -> None:
    run = simulate(SLIDING, server(), [Request(0.0, WINDOW - 10, 30)], AMPLE)
    steps = [SLIDING.seconds(1, WINDOW - 9 + k) for k in range(29)]
    assert run.last_s[0] - run.first_s[0] == pytest.approx(math.fsum(steps), rel=1e-12)
    assert run.near_reads == sum(min(WINDOW, WINDOW - 9 + k) for k in range(29))
    assert run.context_reads == sum(WINDOW - 9 + k for k in range(29))


@pytest.mark.parametrize("policy", ["static", "continuous", "chunked", "no_eviction"])
@pytest.mark.parametrize("window", [1, 10, 37, 1000])
def test_each_request_reads_its_own_window(policy: str, window: int) -> None:
    """What is read is Σ min(cached tokens, window), not the window of all contexts together."""
    requests = [Request(0.0, 5, 20), Request(0.0, 30, 9), Request(0.0, 60, 33)]
    run = simulate(Reading(window), server(policy, 3, token_budget=10**6), requests, AMPLE)
    if policy == "static":  # all padded to 60 tokens, all until the longest is done
        expected = sum(3 * min(window, 61 + k) for k in range(32))
    else:
        expected = sum(min(window, r.prompt_tokens + 1 + k) for r in requests for k in range(r.output_tokens - 1))
    assert run.near_reads == expected and run.decode_s == pytest.approx(expected, rel=1e-12)


def test_a_prompt_beside_them_changes_nothing_about_what_they_read() -> None:
    requests = [Request(0.0, 5, 40), Request(0.0, 500, 40), Request(300.0, 900, 2)]
    run = simulate(Reading(50), server("chunked", 3, token_budget=302), requests, AMPLE)
    lone = sum(min(50, r.prompt_tokens + 1 + k) for r in requests for k in range(r.output_tokens - 1))
    assert run.near_reads == pytest.approx(lone) and run.decode_s == pytest.approx(lone)


@given(st.integers(1, 60), st.integers(1, 80), st.integers(0, 90))
def test_what_a_window_spares_in_closed_form(window: int, cached: int, steps: int) -> None:
    assert missing_from(window, cached, steps) == sum(max(0, window - cached - k) for k in range(steps))


# --- pages ---


@given(st.integers(0, 5), st.integers(1, 5), st.integers(1, 100), st.integers(0, 500), st.sampled_from([1, 4, 16]))
def test_pages_cover_every_token_that_is_kept(full: int, near: int, window: int, tokens: int, size: int) -> None:
    pages = Pages(full, near, window)
    blocks = -(-tokens // size)
    touched = blocks - max(0, tokens - window) // size  # blocks from the first token in reach to the last
    assert pages.of(tokens, size) >= full * blocks + near * touched
    assert pages.of(tokens, size) <= full * blocks + near * min(blocks, touched + 1)
    assert Pages().of(tokens, size) == blocks


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 100)), max_size=20), st.integers(100, 400))
def test_blocks_by_phase_are_those_of_each_request(begun: list[tuple[int, int]], now: int) -> None:
    phases = Phases(16)
    for tokens, iteration in begun:
        phases.add(tokens - iteration)
    assert phases.used(now) == sum(-(-(tokens + now - iteration) // 16) for tokens, iteration in begun)
    for tokens, iteration in begun:
        phases.remove(tokens - iteration)
    assert phases.used(now) == 0


def test_a_request_past_its_window_holds_no_more_of_it() -> None:
    for tokens, kept in ((16, 2), (33, 6), (64, 8), (65, 5 + 5), (640, 40 + 5)):
        run = simulate(COSTS[0], server(), [Request(0.0, tokens - 1, 1)], AMPLE, pages=Pages(1, 1, 64))
        assert run.peak_blocks == kept, tokens
    with pytest.raises(PhysicsError):
        simulate(COSTS[0], server(), [Request(0.0, 639, 1)], 44, pages=Pages(1, 1, 64))


def test_the_memory_of_a_run_in_bytes() -> None:
    """gpt-oss has as many layers with a window as without: a block of both is two pages."""
    requests = [Request(0.0, 16 * 1000, 16)]
    run = simulate(SLIDING, server("chunked"), requests, AMPLE, pages=Pages(1, 1, WINDOW))
    figures = engine.summary(run, SLIDING.deployment)
    model = SLIDING.deployment.model
    assert run.peak_blocks == 1001 + WINDOW // 16 + 1
    assert figures["kv_peak_bytes"] == pytest.approx(engine.kv_bytes(model, 16 * 1001, 16), rel=0.01)
    whole = simulate(SLIDING, server("chunked"), requests, AMPLE)
    assert engine.summary(whole, SLIDING.deployment)["kv_peak_bytes"] > 1.9 * figures["kv_peak_bytes"]


@settings(max_examples=300, deadline=None)
@given(scenarios(), st.integers(0, 3), st.integers(1, 3), st.integers(1, 200), st.integers(0, 200), st.booleans())
def test_the_jump_lands_where_the_walk_does(scenario, full, near, window, more, prefixes) -> None:
    pages, asked, size = Pages(full, near, window), scenario.settings, scenario.settings.block_size
    if prefixes and full and asked.policy != "static":
        asked = engine.ServerSettings(**{**vars(asked), "prefix_cache": True})
    longest = max(r.prompt_tokens + r.output_tokens for r in scenario.requests)
    blocks = pages.of(longest, size) + more
    draft = (SLIDING if window % 2 else DRAFT) if asked.policy == "speculative" else None
    asking = {"users": scenario.users, "draft_cost": draft, "pages": pages}
    fast, plain = (simulate(SLIDING, asked, scenario.requests, blocks, jump=jump, **asking) for jump in (True, False))
    assert {n: getattr(fast, n) for n in COUNTS} == {n: getattr(plain, n) for n in COUNTS}
    for name in TIMES:
        assert all(close(a, b) for a, b in zip(getattr(fast, name), getattr(plain, name), strict=True)), name
    for name in (*SUMS, "near_reads"):
        assert close(getattr(fast, name), getattr(plain, name)), name
    assert fast.outputs == sum(r.output_tokens for r in scenario.requests)
    assert 0 < fast.peak_blocks <= blocks and fast.near_reads <= fast.context_reads * (1 + 1e-12)


@pytest.mark.parametrize("bad", [(0, 0, 0), (1, 1, 0), (-1, 1, 5), (1, -1, 5), (1, 1, math.nan), (1.5, 0, 0)])
def test_pages_that_cannot_be(bad: tuple[int, int, int]) -> None:
    with pytest.raises(PhysicsError):
        Pages(*bad)


def test_a_prefix_cache_needs_layers_that_keep_all() -> None:
    with pytest.raises(PhysicsError):
        simulate(COSTS[0], server(prefix_cache=True), [Request(0.0, 10, 10)], AMPLE, pages=Pages(0, 1, 64))
