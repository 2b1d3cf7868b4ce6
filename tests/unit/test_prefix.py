"""The prefix cache: against one that knows each block by name, in closed forms, and in a server under pressure."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import PhysicsError, Request, ServerSettings, simulate
from physics.prefix import PrefixCache
from physics.server import Server
from physics.workload import sample_chat
from tests.unit.test_simulate import AMPLE, COSTS, COUNTS, DRAFT, SUMS, TIMES, Clockwork, Scenario, close, server

SYSTEM = 0
CHAT = engine.Workload("chat", "chat", ((0, 20), (1, 200)), ((0, 10), (1, 300)))


class Named:
    """A prefix cache without any cleverness: a dict from the name of each block to who holds it and when it was let go."""

    def __init__(self, requests, size):
        self.requests, self.size = requests, size
        self.users, self.stamps, self.held, self.known = {}, {}, {}, {}
        self.read = set()  # names of blocks that somebody who left had computed
        self.clock = self.dropped = 0

    def name(self, request, block):
        """A block's name: the pieces up to the one that its last token lies in, and its number."""
        asked, end, pieces, at = self.requests[request], (block + 1) * self.size, (), 0
        own = asked.prompt_tokens + asked.output_tokens - sum(n for _, n in asked.prefix)
        for piece in (*asked.prefix, (-1 - request, own)):
            pieces, at = (*pieces, piece), at + piece[1]
            if at >= end:
                return pieces, block
        raise AssertionError("past the end")

    def hold(self, request, block):
        """Hold one block. Whether it was there already."""
        name = self.name(request, block)
        there = name in self.users
        self.users.setdefault(name, set()).add(request)
        self.held[request].append(name)
        return there

    def join(self, request, tokens):
        self.held[request] = []
        self.known[request] = sum([self.hold(request, block) for block in range(tokens // self.size)])
        return min(self.known[request], (tokens - 1) // self.size) * self.size

    def leave(self, request, computed):
        keep = max(computed // self.size, self.known[request])
        for block in range(len(self.held[request]), computed // self.size):
            self.hold(request, block)
        self.clock += 1
        for number, name in enumerate(self.held.pop(request)):
            self.users[name].discard(request)
            self.stamps[name] = (self.clock, -number)
            self.read |= {name} if number < computed // self.size else set()
            if number >= keep and name not in self.read:
                del self.users[name], self.stamps[name]

    def evict_to(self, room):
        free = sorted([self.stamps[name], name] for name, users in self.users.items() if not users)
        for _, name in free[: max(0, len(free) - room)]:
            del self.users[name], self.stamps[name]
            self.read.discard(name)
            self.dropped += 1

    def counts(self):
        in_use = sum([bool(users) for users in self.users.values()])
        held = sum(map(len, self.held.values()))
        return len(self.users) - in_use, in_use, held - in_use, self.dropped


pieces = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([1, 3, 8, 16, 21, 40])), max_size=6)


@st.composite
def contents(draw, most=12):
    """Requests that come together, some of whose pieces are the same."""
    found = []
    for drawn in draw(st.lists(pieces, min_size=1, max_size=most)):
        named = sum(n for _, n in drawn)
        output = draw(st.integers(1, 60))
        prompt = max(1, named + draw(st.integers(-min(named, 50), 50)))
        found.append(Request(0.0, max(prompt, named - output), output, tuple(drawn)))
    return found


@settings(max_examples=400, deadline=None)
@given(contents(), st.sampled_from([1, 4, 16]), st.data())
def test_runs_of_blocks_are_the_same_as_blocks_by_name(requests, size, data):
    cache, named = PrefixCache(requests, size), Named(requests, size)
    waiting, running = list(range(len(requests))), []
    written, hits, read = [0] * len(requests), {}, set()
    for _ in range(data.draw(st.integers(1, 40))):
        deed = data.draw(st.sampled_from(["join", "done", "evicted", "unread", "room"]))
        if deed == "join" and waiting:
            who = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
            tokens = requests[who].prompt_tokens + written[who]
            there = [named.name(who, block) in named.users for block in range(tokens // size)]
            used = [bool(named.users.get(named.name(who, block))) for block in range(tokens // size)]
            assert there == sorted(there, reverse=True) and cache.shared(who, tokens) == sum(used)
            hits[who] = named.join(who, tokens)
            assert cache.join(who, tokens) == hits[who]
            running.append(who)
        elif deed == "room":
            room = data.draw(st.integers(0, 20))
            cache.evict_to(room)
            named.evict_to(room)
        elif deed != "join" and running:
            unread = deed == "unread" and running[-1] not in read
            at = len(running) - 1 if unread else data.draw(st.integers(0, len(running) - 1))
            who = running.pop(at)
            whole = requests[who].prompt_tokens + requests[who].output_tokens
            low = requests[who].prompt_tokens + written[who]
            low, high = (hits[who], low) if unread else (low, whole - 1)
            computed = whole - 1 if deed == "done" else data.draw(st.integers(low, high))
            if computed > hits[who] or not unread:
                read |= set(running[:at])  # prompts are read in order of joining
            cache.leave(who, computed)
            named.leave(who, computed)
            written[who] = max(written[who], computed - requests[who].prompt_tokens)
            waiting += [who] if deed != "done" else []
            read.discard(who)
        assert (cache.free, cache.in_use, cache.saved, cache.dropped) == named.counts()


def test_a_block_that_another_computed_meanwhile_is_not_forgotten():
    """An answer fills the block that a prompt still waits to read; the prompt goes unread, and the block stays."""
    requests = [Request(0.0, 2, 3, ((0, 3),)), Request(0.0, 3, 1, ((0, 3),)), Request(0.0, 4, 1, ((0, 3),))]
    cache = PrefixCache(requests, 1)
    assert cache.join(0, 2) == 0 and cache.join(1, 3) == 2
    cache.leave(0, 4)
    cache.leave(1, 2)
    assert (cache.free, cache.in_use) == (4, 0) and cache.join(2, 4) == 3


# --- a server with a prefix cache ---


@st.composite
def servers(draw):
    """A small server whose requests share what they hold, from just enough blocks for one to plenty."""
    clock, requests = 0.0, []
    for request in draw(contents(16)):
        gap = draw(st.floats(0, 3))
        clock += gap if gap > 0.3 else 0.0
        requests.append(request._replace(arrival_s=clock))
    size = draw(st.sampled_from([1, 4, 16]))
    least = -(-max(r.prompt_tokens + r.output_tokens for r in requests) // size)
    settings = ServerSettings(
        draw(st.sampled_from(["continuous", "chunked", "no_eviction", "speculative"])),
        draw(st.integers(1, 8)),
        512,
        poll_steps=draw(st.sampled_from([1, 1, 2, 7, 30])),
        wait_steps=draw(st.sampled_from([0, 0, 1, 5, 20])),
        wait_tokens=draw(st.integers(0, 300)),
        token_budget=draw(st.integers(1, 300)),
        prefill_budget=draw(st.integers(1, 400)),
        block_size=size,
        prefix_cache=True,
    )
    blocks = least + draw(st.one_of(st.integers(0, 12), st.integers(0, 400)))
    users = draw(st.one_of(st.none(), st.integers(1, 10)))
    return Scenario(settings, tuple(requests), blocks, draw(st.sampled_from(COSTS)), users)


MORE_COUNTS = (*COUNTS, "looked_up_tokens", "hit_tokens", "cached_blocks_dropped")


@settings(max_examples=300, deadline=None)
@given(servers())
def test_the_jump_lands_where_the_walk_does(scenario):
    fast, plain = scenario.run(), scenario.run(jump=False)
    assert {n: getattr(fast, n) for n in MORE_COUNTS} == {n: getattr(plain, n) for n in MORE_COUNTS}
    for name in TIMES:
        assert all(close(a, b) for a, b in zip(getattr(fast, name), getattr(plain, name), strict=True)), name
    for name in SUMS:
        assert close(getattr(fast, name), getattr(plain, name)), name


class Watched(Server):
    """A server that looks at its blocks after each step."""

    def write(self, count):
        super().write(count)
        cache = self.prefixes
        assert cache.in_use + cache.saved == sum(tip.start + tip.count for tip in cache.tips.values())
        assert self.draft or self.used_blocks() + cache.free <= self.blocks
        assert set(cache.tips) == set(self.order)


@settings(max_examples=300, deadline=None)
@given(servers())
def test_nothing_is_lost_and_every_block_is_free_in_the_end(scenario):
    draft = DRAFT if scenario.settings.policy == "speculative" else None
    arrivals = [request.arrival_s for request in scenario.requests]
    watched = Watched(scenario.cost, scenario.settings, scenario.requests, arrivals, scenario.blocks, draft, True)
    watched.serve()
    run, cache = watched.run, watched.prefixes
    assert run.outputs == sum(r.output_tokens for r in scenario.requests)
    assert (cache.in_use, cache.saved, cache.tips, watched.used_blocks()) == (0, 0, {}, 0)
    assert cache.free <= scenario.blocks and run.peak_blocks <= scenario.blocks
    nodes, kept = [cache.root], 0
    while nodes:
        node = nodes.pop()
        assert node.users == 0 and (node.count or node is cache.root)
        assert all(child.start == node.start + node.count for child in node.children.values())
        kept += node.count
        nodes += node.children.values()
    assert kept == cache.free
    assert 0 <= run.hit_tokens < run.looked_up_tokens
    if not draft:
        wanted = run.outputs - len(arrivals) + sum(r.prompt_tokens for r in scenario.requests)
        assert run.computed_tokens >= wanted - run.hit_tokens
    if not run.preemptions:
        assert run.looked_up_tokens == sum(r.prompt_tokens for r in scenario.requests)


@settings(max_examples=100, deadline=None)
@given(servers())
def test_who_shares_nothing_is_served_as_without_a_cache(scenario):
    own = replace(scenario, requests=tuple(request._replace(prefix=()) for request in scenario.requests))
    run, plain = own.run(), replace(own, settings=replace(own.settings, prefix_cache=False)).run()
    if not plain.preemptions:
        assert run.hit_tokens == 0
        assert replace(run, looked_up_tokens=0, cached_blocks_dropped=0) == plain


# --- closed forms ---


@pytest.mark.parametrize(("prompt", "hit"), [(100, 96), (96, 80), (97, 96), (16, 0), (5, 0)])
@pytest.mark.parametrize("policy", ["continuous", "chunked", "no_eviction"])
def test_the_same_prompt_again_costs_its_last_block_only(policy, prompt, hit):
    requests = [Request(100.0 * i, prompt, 10, ((7, prompt),)) for i in range(5)]
    run = simulate(COSTS[0], server(policy, prefix_cache=True), requests, AMPLE)
    assert run.hit_tokens == 4 * hit and run.looked_up_tokens == 5 * prompt
    assert run.computed_tokens == 5 * (prompt + 9) - 4 * hit
    first, again = (run.first_s[i] - run.arrival_s[i] for i in (0, 4))
    assert first == pytest.approx(COSTS[0].seconds(0, 0, [(0, prompt)]))
    assert again == pytest.approx(COSTS[0].seconds(0, 0, [(hit, prompt - hit)]))
    assert engine.summary(run, COSTS[0].deployment)["prefix_hit_share"] == pytest.approx(4 * hit / (5 * prompt))


@pytest.mark.parametrize("together", [1, 3, 8])
def test_a_shared_system_prompt_is_kept_once(together):
    requests = [Request(0.0, 320 + 40, 8, ((SYSTEM, 320),)) for _ in range(together)]
    run = simulate(COSTS[0], server("chunked", 8, prefix_cache=True), requests, AMPLE)
    assert run.peak_blocks == 20 + 3 * together  # 40 + 8 tokens of their own
    assert run.hit_tokens == 320 * (together - 1)
    assert simulate(COSTS[0], server("chunked", 8), requests, AMPLE).peak_blocks == 23 * together


def test_an_earlier_answer_is_part_of_the_next_prompt():
    history = ((SYSTEM, 50), (1, 30), (2, 21))
    turns = [Request(0.0, 80, 21, history), Request(50.0, 111, 9, (*history, (3, 10)))]
    run = simulate(COSTS[0], server("chunked", prefix_cache=True), turns, AMPLE)
    assert run.hit_tokens == (80 + 21 - 1) // 16 * 16  # the last token was written and never read
    short = [turns[0], turns[1]._replace(prefix=((SYSTEM, 50), (1, 30), (4, 21), (3, 10)))]
    assert simulate(COSTS[0], server("chunked", prefix_cache=True), short, AMPLE).hit_tokens == 80


@pytest.mark.parametrize(
    ("blocks", "hits"),
    [
        (11, [0, 0, 0, 0, 0]),
        (20, [0, 0, 0, 144, 0]),
        (21, [0, 0, 0, 160, 0]),
        (25, [0, 0, 0, 160, 64]),
        (31, [0, 0, 0, 160, 160]),
    ],
)
def test_the_least_recently_used_goes_first(blocks, hits):
    """Three prompts of 10 full blocks in turn, then the second and the first again: 11 blocks each while it is served."""
    order = [1, 2, 3, 2, 1]
    requests = [Request(100.0 * i, 165, 1, ((content, 165),)) for i, content in enumerate(order)]
    got = [
        simulate(COSTS[0], server(prefix_cache=True), requests[: i + 1], blocks).hit_tokens for i in range(len(order))
    ]
    assert [b - a for a, b in pairwise([0, *got])] == hits


def test_the_longer_chain_loses_its_end_first():
    """With one block too few for all that is kept, the end of the chain that was used longest ago is gone, not its beginning."""
    requests = [Request(0.0, 170, 1, ((1, 170),)), Request(50.0, 90, 1, ((2, 90),)), Request(99.0, 170, 1, ((1, 170),))]
    run = simulate(COSTS[0], server(prefix_cache=True), requests, 13)
    assert run.hit_tokens == 16 * (10 - 3) and run.cached_blocks_dropped >= 3  # 13 − 6 in use leaves 7 of the 10 kept


def test_whoever_was_evicted_finds_its_own_blocks_again():
    requests = [Request(0.0, 160, 160), Request(0.0, 160, 160)]
    plain = simulate(COSTS[0], server(), requests, 30)
    cached = simulate(COSTS[0], server(prefix_cache=True), requests, 30)
    assert plain.preemptions and cached.preemptions and cached.hit_tokens > 0
    assert cached.computed_tokens < plain.computed_tokens


@pytest.mark.parametrize(
    "prefix", [((0, 0),), ((0, 200),), ((-1, 5),), ((0, 1.5),), ((0, math.nan),), ((0, 60), (1, 60))]
)
def test_pieces_that_cannot_be(prefix):
    with pytest.raises(PhysicsError):
        simulate(Clockwork(0.02), server(prefix_cache=True), [Request(0.0, 100, 10, prefix)], AMPLE)


def test_a_static_server_has_no_prefix_cache():
    with pytest.raises(PhysicsError):
        server("static", prefix_cache=True)


# --- conversations ---


def test_conversations_grow_turn_by_turn():
    chat = sample_chat(CHAT, 2.0, 50, 3, turns=4, think_s=10.0, system_tokens=500)
    assert len(chat) == 200 and all(a.arrival_s <= b.arrival_s for a, b in pairwise(chat))
    assert chat == sample_chat(CHAT, 2.0, 50, 3, turns=4, think_s=10.0, system_tokens=500)
    first = [r for r in chat if len(r.prefix) == 3]
    assert len(first) == 50 and all(r.prefix[0] == (SYSTEM, 500) for r in chat)
    for one in chat:
        assert one.prompt_tokens + one.output_tokens == sum(n for _, n in one.prefix)
        if len(one.prefix) > 3:  # the turn before it came before it
            assert any(r.prefix == one.prefix[:-2] and r.arrival_s <= one.arrival_s for r in chat)
    short = sample_chat(CHAT, 2.0, 50, 3, turns=4, think_s=10.0, system_tokens=500, max_sequence_tokens=900)
    assert 0 < len(short) < 200 and max(r.prompt_tokens + r.output_tokens for r in short) <= 900
    assert set(short) <= set(chat)


def test_a_conversation_reads_only_what_is_new():
    """With room for all and time to think, a turn misses its message and at most the block that the answer began."""
    chat = sample_chat(CHAT, 0.05, 20, 1, turns=5, think_s=200.0, system_tokens=512)
    run = simulate(Clockwork(1e-4), server("chunked", prefix_cache=True), chat, AMPLE)
    new = sum(r.prefix[-2][1] for r in chat)
    missed = run.looked_up_tokens - run.hit_tokens - 512
    assert new <= missed <= new + 17 * len(chat)


@pytest.mark.parametrize(
    "bad", [{"turns": 0}, {"think_s": 0}, {"system_tokens": 0}, {"sessions": -1}, {"sessions_per_s": 0}]
)
def test_conversations_that_cannot_be(bad):
    asked = {"sessions_per_s": 1.0, "sessions": 5, "seed": 1, "turns": 2, "think_s": 1.0, "system_tokens": 10} | bad
    with pytest.raises(PhysicsError):
        sample_chat(CHAT, **asked)
