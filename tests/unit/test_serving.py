"""A configuration of Act II in closed form: what its memory needs."""

from dataclasses import replace

import pytest

import engine
from acts.promises import questions, serving
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
