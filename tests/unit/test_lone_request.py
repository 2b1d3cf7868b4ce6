"""The first token of a lone request in closed form, and the prompt that one in a hundred exceeds once prompts are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from physics.schedulers import POLICIES
from physics.workload import cut, share_within
from tests.validation.accuracy import content

WORKLOADS = engine.read_workloads(content("workloads"))
MODEL = engine.read_models(content("models"))["llama-3-70b"]
GPU = engine.read_gpus(content("hardware"))["h100-sxm"]
CALIBRATIONS = engine.read_calibrations(content("calibration")).values()


def step_cost(gpus: int = 8, weight_bits: int = 16) -> engine.StepCost:
    deployment = engine.Deployment(MODEL, GPU, gpus, weight_bits, 16)
    return engine.StepCost(deployment, engine.calibration_for(deployment, CALIBRATIONS))


@given(st.sampled_from(sorted(POLICIES)), st.integers(1, 9000), st.sampled_from([1, 8]), st.integers(100, 5000))
@settings(max_examples=60, deadline=None)
def test_a_request_alone_waits_exactly_as_long_as_the_closed_form_says(policy, prompt, seats, budget):
    cost, alone = step_cost(), [engine.Request(1.0, prompt, 5)]
    server = engine.ServerSettings(policy, seats, 10_000, token_budget=budget)
    run = engine.simulate(cost, server, alone, 10_000, draft_cost=cost if policy == "speculative" else None)
    assert run.first_s[0] - run.arrival_s[0] == pytest.approx(engine.lone_ttft_s(cost, server, prompt), rel=1e-12)


@given(st.sampled_from(sorted(POLICIES)), st.integers(1, 8000), st.integers(1, 8000))
@settings(deadline=None)
def test_a_longer_prompt_never_comes_sooner(policy, one, other):
    cost, server = step_cost(), engine.ServerSettings(policy, 8, 10_000)
    short, long = sorted((one, other))
    assert engine.lone_ttft_s(cost, server, short) <= engine.lone_ttft_s(cost, server, long)


@given(st.sampled_from(sorted(WORKLOADS)), st.sampled_from([None, 256, 1000, 2048, 4096, 9000]), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_cut_prompts_percentile_is_that_of_the_sampled_traffic(name, limit, seed):
    workload, count = WORKLOADS[name], 4000
    prompts = [r.prompt_tokens for r in engine.sample_requests(workload, 1.0, count, seed, limit)]
    for share in (0.5, 0.9, 0.99):
        at = engine.prompt_at(workload, share, limit)
        allowed = 4.5 * (share * (1 - share) / count) ** 0.5  # standard errors of a share of so many
        assert sum(prompt <= at for prompt in prompts) / count >= share - allowed
        assert sum(prompt < at for prompt in prompts) / count <= share + allowed


def test_the_published_percentile_of_the_conversations_comes_back():
    """Azure's conversations of 2023: one prompt in a hundred has more than 4,142 tokens."""
    assert engine.prompt_at(WORKLOADS["azure-2023-conversation"], 0.99) == 4142


@given(st.sampled_from(sorted(WORKLOADS)), st.integers(2, 9000), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_limit_only_shortens_and_a_larger_one_shortens_less(name, limit, share):
    workload = WORKLOADS[name]
    assert engine.prompt_at(workload, share, limit) <= engine.prompt_at(workload, share, limit + 7)
    assert engine.prompt_at(workload, share, limit) <= min(limit, engine.prompt_at(workload, share))


def test_shares_within_a_table():
    table = ((0.0, 10.0), (0.5, 20.0), (0.5, 30.0), (1.0, 30.0))
    assert [share_within(table, value) for value in (9, 10, 15, 25, 29.9, 30)] == [0, 0, 0.25, 0.5, 0.5, 1]
    assert cut(100, 60, 100) == (50, 50)
