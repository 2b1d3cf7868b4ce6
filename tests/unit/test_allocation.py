"""Memory handed out in stretches and in blocks: nothing is lost, the waste has its closed form, published figures are near."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import BLOCK_TOKENS, RESERVATIONS, PhysicsError, Request
from physics.allocation import Layout, reserved_tokens
from tests.validation.accuracy import content

WORKLOADS = engine.read_workloads(content("workloads"))
LIMIT = 300


def queue(*lengths: tuple[int, int]) -> list[Request]:
    return [Request(0.0, prompt, output) for prompt, output in lengths]


queues = st.lists(st.tuples(st.integers(1, 150), st.integers(1, 150)), min_size=1, max_size=40).map(
    lambda lengths: queue(*lengths)
)
blocks = st.integers(math.ceil(LIMIT / BLOCK_TOKENS), 120)
kinds = st.sampled_from((*RESERVATIONS, "paged"))


def layout(kind: str, requests: list[Request], total: int, steps: int, limit: int = LIMIT) -> Layout:
    if kind == "paged":
        return engine.paged(requests, total, steps)
    return engine.contiguous(requests, total, steps, kind, limit)


@settings(max_examples=150, deadline=None)
@given(kinds, queues, blocks)
def test_every_slot_is_in_one_state_and_every_block_in_one_hand(kind, requests, total):
    steps = 120
    found = layout(kind, requests, total, steps)
    assert found.slots == total * BLOCK_TOKENS
    for step in range(steps):
        held, useful = {}, 0
        for number, stay in enumerate(found.stays):
            if stay.joined <= step < stay.left:
                tokens = stay.tokens + step - stay.joined
                useful += tokens
                used = stay.blocks if kind != "paged" else stay.blocks[: -(-tokens // BLOCK_TOKENS)]
                for block in used:
                    assert 0 <= block < total
                    assert held.setdefault(block, number) == number
        free = found.slots - found.useful[step] - found.later[step] - found.never[step]
        assert found.useful[step] == useful
        assert free == found.slots - len(held) * BLOCK_TOKENS
        assert min(found.useful[step], found.later[step], found.never[step], free) >= 0


@settings(max_examples=100, deadline=None)
@given(kinds, queues, blocks)
def test_every_request_is_answered_once_and_whole(kind, requests, total):
    found = layout(kind, requests, total, 150 * len(requests) + 1)
    assert found.finished[-1] == len(requests) and found.running[-1] == 0
    for i, request in enumerate(requests):
        mine = [stay for stay in found.stays if stay.request == i]
        last = mine[-1]
        assert last.final == request.prompt_tokens + request.output_tokens
        assert last.tokens + last.left - last.joined - 1 == last.final
        # An evicted request loses the step in which it had no room; what it wrote before is there again.
        for before, after in pairwise(mine):
            assert after.tokens == before.tokens + before.left - before.joined
    assert found.preemptions == len(found.stays) - len(requests)
    assert kind == "paged" or found.preemptions == 0


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(RESERVATIONS), queues, blocks)
def test_the_waste_inside_a_reservation_in_closed_form(kind, requests, total):
    """A request of n tokens to write holds its stretch for n steps: the never-used part all that time, the part still to come
    n(n − 1)/2 slot-steps in all, the useful part n(prompt) + n(n + 1)/2."""
    found = layout(kind, requests, total, 150 * len(requests) + 1)
    useful = later = never = 0
    for _, prompt, output, *_ in requests:
        slots = math.ceil(reserved_tokens(prompt, output, kind, LIMIT) / BLOCK_TOKENS) * BLOCK_TOKENS
        useful += output * prompt + output * (output + 1) // 2
        later += output * (output - 1) // 2
        never += output * (slots - prompt - output)
    assert (sum(found.useful), sum(found.later), sum(found.never)) == (useful, later, never)


@settings(max_examples=50, deadline=None)
@given(queues, blocks)
def test_paging_keeps_less_than_a_block_for_each_request(requests, total):
    found = engine.paged(requests, total, 100)
    assert all(later < BLOCK_TOKENS * max(1, n) for later, n in zip(found.later, found.running, strict=True))


def test_what_is_reserved():
    assert [reserved_tokens(100, 25, kind, 2048) for kind in ("max", "pow2", "oracle")] == [2048, 132, 125]
    assert reserved_tokens(100, 32, "pow2", 2048) == 132
    assert reserved_tokens(2000, 40, "pow2", 2048) == 2048
    with pytest.raises(PhysicsError):
        reserved_tokens(1, 1, "half", 2048)
    with pytest.raises(PhysicsError):
        engine.contiguous(queue((200, 200)), 100, 1, "max", LIMIT)


def test_equal_lengths_waste_what_the_closed_form_says():
    requests, limit = queue(*[(100, 60)] * 500), 256
    found = engine.contiguous(requests, 1600, 60, "max", limit)
    assert found.running[-1] == 1600 * BLOCK_TOKENS // limit
    share = (found.useful[-1] + found.later[-1]) / (found.useful[-1] + found.later[-1] + found.never[-1])
    assert share == engine.contiguous_share([160], "max", limit)


def test_holes_that_are_too_small_stop_a_stretch_and_no_block_table():
    """Four requests of one block each; the first and the third end; then one comes that needs two."""
    lengths = queue((8, 2), (8, 8), (8, 2), (8, 8), (20, 8))
    stretches = engine.contiguous(lengths, 4, 4, "oracle", 64)
    assert stretches.running == [4, 4, 2, 2]
    tables = engine.paged(lengths, 4, 4)
    assert tables.running == [4, 4, 3, 3]
    assert tables.stays[-1].blocks == [0, 2]


def test_the_youngest_makes_room_and_comes_back_with_what_it_wrote():
    found = engine.paged(queue((16, 40), (15, 40)), 4, 120)
    assert found.preemptions == 1
    first, second, again = found.stays
    assert (first.request, second.request, again.request) == (0, 1, 1)
    assert first.left == 40 and again.joined == first.left
    assert again.tokens == second.tokens + second.left - second.joined
    assert found.finished[-1] == 2


PUBLISHED = {"max": 0.204, "pow2": 0.268, "oracle": 0.382, "paged": 0.963}  # Kwon and others, SOSP 2023, figure 2


def test_published_utilisation():
    """With conversations of the paper's data set and its longest sequence. Full reservations and pages come within three
    points; the two in between are higher here, where stretches needn't be powers of two, as the page says."""
    requests = engine.sample_requests(WORKLOADS["sharegpt-vicuna"], 1.0, 4000, 10, 2048)
    steps, total = 600, 13_019
    shares = {}
    for kind in PUBLISHED:
        found = layout(kind, requests, total, steps, 2048)
        counted = found.useful[steps // 4 :]
        shares[kind] = sum(counted) / len(counted) / found.slots
    assert list(shares.values()) == sorted(shares.values())
    for kind in ("max", "paged"):
        assert shares[kind] == pytest.approx(PUBLISHED[kind], abs=0.03)
    for kind in ("pow2", "oracle"):
        assert PUBLISHED[kind] < shares[kind] < 0.5
