"""Prompts on one replica and answers on another: a lone request in closed form, what is kept and what is lost."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import PhysicsError, Request, simulate
from physics.disaggregated import simulate_disaggregated
from tests.unit.test_simulate import AMPLE, COSTS, COUNTS, DRAFT, SUMS, TIMES, Clockwork, close, scenarios, server

READING, WRITING = COSTS[0], COSTS[2]


@pytest.mark.parametrize("policy", ["continuous", "chunked", "no_eviction"])
def test_a_lone_request_in_closed_form(policy: str) -> None:
    """Its prefill, then prompt · transfer + latency, then a step for each further token on the other replica."""
    request = Request(3.0, 1000, 50)
    run = simulate_disaggregated(READING, WRITING, server(policy), [request], AMPLE, AMPLE, 1e-5, 0.004)
    first = 3.0 + READING.seconds(0, 0, [(0, 1000)])
    steps = math.fsum(WRITING.seconds(1, 1001 + k) for k in range(49))
    assert run.first_s == [pytest.approx(first, rel=1e-12)]
    assert run.last_s == [pytest.approx(first + 1000 * 1e-5 + 0.004 + steps, rel=1e-12)]
    assert (run.outputs, run.computed_tokens, run.peak_blocks) == (50, 1000 + 49, 63 + 66)
    assert max(run.gaps) == (pytest.approx(0.014 + WRITING.seconds(1, 1001)), 1)


def test_one_token_is_written_where_the_prompt_was_read() -> None:
    run = simulate_disaggregated(READING, WRITING, server(), [Request(0.0, 100, 1)], AMPLE, 10, 1e-5)
    assert run.last_s == run.first_s and run.outputs == 1 and not run.gaps


def test_the_link_sends_one_cache_after_another() -> None:
    requests = [Request(0.0, 100, 2), Request(0.0, 300, 2)]
    asked = server("continuous", 2, prefill_budget=10**6)
    run = simulate_disaggregated(Clockwork(0.5), Clockwork(0.0), asked, requests, AMPLE, AMPLE, 0.01, 0.25)
    assert run.first_s == [0.5, 0.5]
    assert run.last_s == pytest.approx([0.5 + 1.0 + 0.25, 0.5 + 1.0 + 3.0 + 0.25])


def test_no_prompt_stops_an_answer() -> None:
    """Where prompts and answers share a replica that doesn't mix them, an answer waits for each prompt; apart it doesn't."""
    requests = [Request(0.0, 100, 400), *(Request(0.1 + 0.2 * i, 4000, 2) for i in range(20))]
    apart = simulate_disaggregated(READING, READING, server(seats=64), requests, AMPLE, AMPLE, 0.0)
    together = simulate(READING, server(seats=64), requests, AMPLE)
    assert apart.last_s[0] < together.last_s[0] - 1
    assert engine.weighted_percentile(apart.gaps, 99) < engine.weighted_percentile(together.gaps, 99)


@settings(max_examples=300, deadline=None)
@given(scenarios(), st.floats(0, 0.01), st.floats(0, 0.3), st.booleans())
def test_nothing_is_lost_and_the_jump_lands_where_the_walk_does(scenario, transfer_s, latency_s, prefixes) -> None:
    asked = scenario.settings
    if asked.policy == "static":
        with pytest.raises(PhysicsError):
            simulate_disaggregated(READING, WRITING, asked, scenario.requests, AMPLE, AMPLE, transfer_s)
        return
    asked = engine.ServerSettings(**{**vars(asked), "prefix_cache": prefixes})
    requests = [
        r._replace(prefix=((0, 16), (1, r.prompt_tokens - 16))) if r.prompt_tokens > 16 else r
        for r in scenario.requests
    ]
    given = (scenario.cost, WRITING, asked, requests, scenario.blocks, scenario.blocks, transfer_s, latency_s)
    fast, plain = (simulate_disaggregated(*given, draft_cost=DRAFT, jump=jump) for jump in (True, False))
    assert {n: getattr(fast, n) for n in COUNTS} == {n: getattr(plain, n) for n in COUNTS}
    for name in TIMES:
        assert all(close(a, b) for a, b in zip(getattr(fast, name), getattr(plain, name), strict=True)), name
    for name in SUMS:
        assert close(getattr(fast, name), getattr(plain, name)), name
    assert fast.outputs == sum(r.output_tokens for r in requests)
    assert fast.computed_tokens >= sum(r.prompt_tokens for r in requests) - fast.hit_tokens
    for r, first, last in zip(requests, fast.first_s, fast.last_s, strict=True):
        sent = transfer_s * r.prompt_tokens + latency_s if r.output_tokens > 1 else 0.0
        assert last >= first + sent - 1e-9
    if not fast.preemptions:  # the gaps of a request reach from its first token to its last, the transfer included
        stayed = math.fsum(last - first for first, last in zip(fast.first_s, fast.last_s, strict=True))
        assert close(math.fsum(s * n for s, n in fast.gaps), stayed)


@pytest.mark.parametrize(
    "bad", [{"transfer_s": -1.0}, {"transfer_s": math.inf}, {"latency_s": math.nan}, {"blocks_decode": 6}]
)
def test_what_cannot_be_sent(bad: dict[str, float]) -> None:
    asked = {"blocks_prefill": AMPLE, "blocks_decode": AMPLE, "transfer_s": 1e-5} | bad
    with pytest.raises(PhysicsError):
        simulate_disaggregated(READING, WRITING, server(), [Request(0.0, 100, 20)], **asked)
