"""Closed forms against the textbook, and against each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import PhysicsError

loads = st.floats(0.01, 0.99)


@given(loads, st.floats(0.001, 100))
def test_deterministic_services_wait_half_as_long_as_exponential_ones(load: float, service: float) -> None:
    rate = load / service
    exponential = engine.mg1_wait_s(rate, service, 2 * service**2)
    assert exponential == pytest.approx(service * load / (1 - load), rel=1e-6)  # M/M/1
    assert engine.md1_wait_s(rate, service) == pytest.approx(exponential / 2, rel=1e-6)


def test_half_loaded_queues() -> None:
    assert engine.md1_wait_s(0.5, 1.0) == 0.5
    assert engine.mg1_wait_s(0.5, 1.0, 2.0) == 1.0


def test_full_queues_never_end() -> None:
    assert engine.md1_wait_s(1.0, 1.0) == engine.md1_wait_s(2.0, 1.0) == math.inf
    assert engine.batched_queue_s(1000, 4, 0.05, 0.0005) == math.inf


@pytest.mark.parametrize(("batch", "milliseconds"), [(8, 150.1), (16, 154.5), (32, 234.6), (10, 138.6)])
def test_the_batched_queue_of_the_chapter(batch: int, milliseconds: float) -> None:
    """100 requests a second, a batch of B takes 50 + 0.5 · B ms."""
    assert 1000 * engine.batched_queue_s(100, batch, 0.050, 0.0005) == pytest.approx(milliseconds, abs=0.05)


def test_the_best_batch_of_the_chapter_is_ten() -> None:
    responses = {batch: engine.batched_queue_s(100, batch, 0.050, 0.0005) for batch in range(1, 65)}
    assert min(responses, key=responses.__getitem__) == 10


@given(st.floats(0, 1), st.integers(0, 12))
def test_speculation_yields_a_geometric_sum(acceptance: float, tokens: int) -> None:
    found = engine.speculation_yield(acceptance, tokens)
    assert 1 <= found <= tokens + 1
    if acceptance < 0.999:
        assert found == pytest.approx((1 - acceptance ** (tokens + 1)) / (1 - acceptance), rel=1e-9)


def test_four_tokens_at_eighty_percent() -> None:
    assert engine.speculation_yield(0.8, 4) == pytest.approx(3.3616)
    assert engine.speculation_yield(1.0, 4) == 5 and engine.speculation_yield(0.0, 4) == 1


@pytest.mark.parametrize(
    ("outputs", "waste"), [([50, 200, 100, 150], 0.375), ([7], 0), ([5, 5, 5], 0), ([1, 999], 0.5 - 0.5 / 999)]
)
def test_static_waste(outputs: list[int], waste: float) -> None:
    assert engine.static_waste(outputs) == pytest.approx(waste)


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, None])
def test_questions_without_an_answer(bad: float) -> None:
    for ask in (
        lambda: engine.md1_wait_s(bad, 1.0),
        lambda: engine.md1_wait_s(0.5, bad),
        lambda: engine.mg1_wait_s(bad, 1.0, 1.0),
        lambda: engine.batched_queue_s(bad, 8, 0.05, 0.0005),
        lambda: engine.batched_queue_s(100, bad, 0.05, 0.0005),
        lambda: engine.speculation_yield(0.5, -1),
        lambda: engine.speculation_yield(1.5, 4),
        lambda: engine.speculation_yield(math.nan, 4),
        lambda: engine.static_waste([]),
        lambda: engine.static_waste([0, 0]),
        lambda: engine.mg1_wait_s(0.5, 1.0, math.nan),
    ):
        with pytest.raises(PhysicsError):
            ask()
