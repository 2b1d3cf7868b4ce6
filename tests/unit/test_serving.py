"""A configuration of Act II in closed form: what its memory needs."""

from dataclasses import replace

import pytest

import engine
from acts.promises import questions, serving
from state import store
from tests import lab as native

COURSE = native.shipped()


@pytest.mark.parametrize(("kv_heads", "gpus", "copies"), [(8, 8, 1), (8, 1, 1), (4, 8, 2), (1, 8, 8), (64, 8, 1)])
def test_what_a_full_batch_needs_counts_every_copy_as_the_users_that_fit_do(kv_heads, gpus, copies):
    base = questions.base_request(COURSE, "a", "latency")
    asked = replace(base, kv_heads=kv_heads, gpus=gpus, max_sequence=2048, max_batch=4)
    found = serving.memory(COURSE, asked)
    assert found["kv_needs"] == 4 * 2 * 80 * kv_heads * 128 * 2048 * asked.kv_bits // 8 * copies
    fit = engine.max_users(
        serving.deployment_of(COURSE, asked), 2048, serving.reserve_of(COURSE, serving.deployment_of(COURSE, asked))
    )
    assert found["kv_has"] // (found["kv_needs"] // 4) == fit


@pytest.mark.parametrize(
    ("policy", "reason"), [("chunked", "kv_one"), ("continuous", "kv_one"), ("static", "kv_static")]
)
def test_a_server_that_cant_start_for_want_of_memory_says_whose_fault_that_is(policy, reason):
    """On one H100 in 8 bits not even one document of full length fits; only a static server reserves a whole batch."""
    state = native.walked(until=3)
    for setting, value in (("act2.gpus", 1), ("act2.weight_bits", 8), ("act2.b.policy", policy)):
        state = native.after(state, store.ControlMoved(setting, value))
    words = native.shipped().at("act2.failures")
    assert native.says(native.settled(state), "act2.b.cause").startswith(native.plain(words[reason]))
