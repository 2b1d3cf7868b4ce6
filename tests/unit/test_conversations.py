"""Conversations that take turns, found by lengths alone: who goes on with what, and what a measured server gains by it."""

from random import Random

import pytest

import engine
from acts.promises import tails
from physics.conversations import earlier_turns, users_of
from tests import lab as native

COURSE = native.shipped()
MEMORY_ENDS = 1.2  # requests/s: up to here nothing waits for memory in the measured runs


def talks(users, rounds, seed, most=4000):
    """Requests of users who ask in turn, and for each the request that it goes on with. A long conversation ends."""
    random, found, earlier = Random(seed), [], []
    queue = [(None, random.randrange(100, 900)) for _ in range(users)]
    for _ in range(users * rounds):
        if not queue:
            break
        before, prompt = queue.pop(0)
        output = random.randrange(5, 400)
        found.append(engine.Request(float(len(found)), prompt, output))
        earlier.append(before)
        following = prompt + output + random.randrange(3, 200)
        if following <= most:
            queue.append((len(found) - 1, following))
    return found, earlier


@pytest.mark.parametrize("users", [10, 23, 60])
def test_each_turn_is_known_by_the_lengths_of_the_one_before(users):
    requests, earlier = talks(users, 5, users)
    assert users_of(requests) == users
    assert earlier_turns(requests) == earlier


def test_users_whose_conversation_is_over_are_passed_over():
    requests, earlier = talks(40, 6, 1, most=1500)
    found = earlier_turns(requests)
    assert found is not None and len(requests) < 240
    assert sum(a == b for a, b in zip(found, earlier, strict=True)) > 0.95 * len(requests)


@pytest.mark.parametrize("seed", range(20))
def test_lengths_by_chance_are_no_conversations(seed):
    random = Random(seed)
    requests = [engine.Request(float(i), random.randrange(100, 2000), random.randrange(5, 400)) for i in range(400)]
    assert engine.with_histories(requests) is None


@pytest.mark.parametrize("requests", [0, 5, 300])
def test_equal_or_few_requests_are_no_conversations(requests):
    assert engine.with_histories([engine.Request(float(i), 1000, 200) for i in range(requests)]) is None


@pytest.mark.parametrize(
    "lengths",
    [
        [(200 + 8 * i, 8) for i in range(500)],  # a sweep
        [(300 + 20 * (i % 400), 15) for i in range(500)],
        [(200 + 70 * i, 50) for i in range(100)],  # one user, who goes on and on
    ],
)
def test_prompts_that_only_grow_are_no_conversations_of_many(lengths):
    assert engine.with_histories([engine.Request(float(i), *each) for i, each in enumerate(lengths)]) is None


def test_a_prompt_shares_the_earlier_prompt_and_not_the_generated_answer():
    requests, earlier = talks(12, 3, 7)
    histories = engine.with_histories(requests)
    assert histories is not None
    for request, turn in zip(histories, earlier, strict=True):
        assert sum(length for _, length in request.prefix) == request.prompt_tokens
        if turn is not None:
            assert request.prefix[:-1] == histories[turn].prefix


def test_a_measured_server_s_tail_of_writing_is_met_only_with_what_its_prompts_share():
    """llm-d-benchmark's runs (content/measurements.toml): below capacity the P99 time per token comes within a fifth with the
    histories; with every prompt read whole the runs near capacity are off by more than that."""
    request = tails.request_of(COURSE)
    with_them = tails.tails(COURSE, request)["tpot_p99_s"]
    near = [(row, found) for row, found in zip(tails.rows(COURSE), with_them, strict=True) if row.rate < MEMORY_ENDS]
    assert len(near) == 10 and all(found == pytest.approx(row.tpot_s, rel=0.2) for row, found in near)
    whole = {row.rate: whole_tail(row.rate) / row.tpot_s - 1 for row, _ in near if row.rate > 1.1}
    assert min(whole.values()) > 0.2


def whole_tail(rate):
    """The same run without a prefix cache, P99 time per token in s."""
    measured = COURSE.read(tails.Tails, "measurements.tails")
    deployment = tails.deployment_of(COURSE, measured)
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, COURSE.calibrations))
    pairs = list(zip(measured.prompts, measured.outputs, strict=True))
    settings = engine.ServerSettings(
        "chunked", measured.seats, max(map(sum, pairs)), token_budget=engine.default_token_budget(deployment.gpu)
    )
    traffic = [engine.Request(i / rate, *pair) for i, pair in enumerate(pairs)]
    run = engine.simulate(cost, settings, traffic, measured.kv_tokens // engine.BLOCK_TOKENS)
    return float(engine.summary(run, deployment)["tpot_p99_s"] or 0)
