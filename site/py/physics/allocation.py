"""Handing out KV memory: one contiguous stretch for each request, or blocks wherever they are free.

A thought experiment with one clock, the step: the same requests come in the same order, somebody always waits, a request
joins as soon as its memory can be had, and each running request then writes one token a step until its answer is done.
No step time enters, so what differs is the memory alone. Contiguous stretches are found by first fit; how much is reserved
follows the three baselines of Kwon and others (SOSP 2023, section 6.1), which there sit in a buddy allocator.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from physics.memory import BLOCK_TOKENS, WATERMARK
from physics.quantities import PhysicsError, whole
from physics.workload import Request

RESERVATIONS = ("max", "pow2", "oracle")


@dataclass
class Stay:
    """One request in memory, from the step in which it joined to the step in which it left (or will leave).

    tokens: in the cache when it joined, one more with each step; final: when it is done. blocks: those that it holds, in the
    order of its tokens; a contiguous stay holds all of them from the start.
    """

    request: int
    joined: int
    left: int
    tokens: int
    final: int
    blocks: list[int]


@dataclass
class Layout:
    """How one way of handing out memory went. Per step, in token slots: what holds a token now (useful), what is held and
    will hold one later (later), what is held and never will (never); the rest of `slots` is free. Requests in memory,
    requests done. In a paged layout all that is held and still empty is the end of a last block, and counts as later.
    """

    slots: int
    stays: list[Stay] = field(default_factory=list)
    useful: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)
    never: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    preemptions: int = 0

    def note(self, useful: int, later: int, never: int, running: int, finished: int) -> None:
        """Write down one step."""
        self.useful.append(useful)
        self.later.append(later)
        self.never.append(never)
        self.running.append(running)
        self.finished.append(finished)


def reserved_tokens(prompt: int, output: int, reservation: str, max_tokens: int) -> int:
    """Token slots that a contiguous system sets aside for one request. max: the longest sequence there may be; pow2: the
    answer rounded up to a power of two, after the prompt; oracle: exactly what it will need. Raises PhysicsError."""
    if reservation not in RESERVATIONS:
        raise PhysicsError(f"A reservation is one of {', '.join(RESERVATIONS)}, not {reservation!r}.")
    power = 1 << (output - 1).bit_length()
    return {"max": max_tokens, "pow2": min(prompt + power, max_tokens), "oracle": prompt + output}[reservation]


def _blocks(tokens: int) -> int:
    return -(-tokens // BLOCK_TOKENS)


# --- contiguous ----------------------------------------------------------------------------------------------------------


class _Holes:
    """The free stretches of memory, by address: first fit to take one, merged with its neighbours when it comes back."""

    def __init__(self, blocks: int) -> None:
        self.holes: list[tuple[int, int]] = [(0, blocks)] if blocks else []  # (first block, how many)

    def take(self, length: int) -> int | None:
        """The first block of the lowest stretch that is long enough, None without one."""
        for i, (start, size) in enumerate(self.holes):
            if size >= length:
                self.holes[i : i + 1] = [(start + length, size - length)] if size > length else []
                return start
        return None

    def give(self, start: int, length: int) -> None:
        """A stretch comes back."""
        at = bisect_left(self.holes, (start, 0))
        low, high = at, at
        if at and sum(self.holes[at - 1]) == start:
            low, start, length = at - 1, self.holes[at - 1][0], self.holes[at - 1][1] + length
        if at < len(self.holes) and start + length == self.holes[at][0]:
            high, length = at + 1, length + self.holes[at][1]
        self.holes[low:high] = [(start, length)]


def contiguous(requests: Sequence[Request], blocks: int, steps: int, reservation: str, max_tokens: int) -> Layout:
    """`steps` steps with each request in one stretch of `blocks` blocks, reserved whole when it joins.

    Requests have lengths of at most `max_tokens`; their arrival times mean nothing here. Raises PhysicsError for a
    reservation that doesn't exist or lengths that don't fit it.
    """
    whole("The number of steps", steps)
    layout, holes = Layout(whole("The number of blocks", blocks) * BLOCK_TOKENS), _Holes(blocks)
    leaving: dict[int, list[Stay]] = {}
    head = useful = final = held = running = finished = 0
    for step in range(steps):
        for stay in leaving.pop(step, ()):
            holes.give(stay.blocks[0], len(stay.blocks))
            useful, final, held = useful - stay.final, final - stay.final, held - len(stay.blocks) * BLOCK_TOKENS
            running, finished = running - 1, finished + 1
        useful += running
        while head < len(requests):
            _, prompt, output = requests[head][:3]
            if prompt + output > max_tokens:
                raise PhysicsError(f"A request of {prompt + output:,} tokens is longer than {max_tokens:,}.")
            length = _blocks(reserved_tokens(prompt, output, reservation, max_tokens))
            start = holes.take(length)
            if start is None:
                break
            place = list(range(start, start + length))
            stay = Stay(head, step, step + output, prompt + 1, prompt + output, place)
            layout.stays.append(stay)
            leaving.setdefault(stay.left, []).append(stay)
            useful, final, held = useful + stay.tokens, final + stay.final, held + length * BLOCK_TOKENS
            head, running = head + 1, running + 1
        layout.note(useful, final - useful, held - final, running, finished)
    return layout


# --- paged ---------------------------------------------------------------------------------------------------------------


def paged(requests: Sequence[Request], blocks: int, steps: int) -> Layout:
    """`steps` steps with each request in blocks of its own block table, handed out one by one as tokens need them.

    The lowest free blocks go first. When there is none for the next token, the youngest request gives its blocks back and
    waits at the head of the queue with what it has written, to be computed again (vLLM's recompute).
    """
    pager = _Pager(requests, whole("The number of blocks", blocks))
    for step in range(whole("The number of steps", steps)):
        pager.step(step)
    return pager.layout


class _Pager:
    """The state of the paged run."""

    def __init__(self, requests: Sequence[Request], blocks: int) -> None:
        self.layout, self.spare = Layout(blocks * BLOCK_TOKENS), int(blocks * WATERMARK)
        self.free = list(range(blocks))
        heapify(self.free)
        # (request, tokens to compute before the next is written, tokens when done)
        self.queue = deque((i, r.prompt_tokens, r.prompt_tokens + r.output_tokens) for i, r in enumerate(requests))
        self.running: dict[int, Stay] = {}  # by number of the stay, oldest first
        self.leaving: dict[int, list[int]] = {}
        self.growing: dict[int, list[int]] = {}
        self.useful = self.held = self.finished = 0

    def step(self, step: int) -> None:
        """Let those go who are done, let the others grow, let in who fits."""
        for number in self.leaving.pop(step, ()):
            if number in self.running:
                self.drop(number, step, self.running[number].final)
                self.finished += 1
        self.useful += len(self.running)
        for number in sorted(self.growing.pop(step, ())):
            if number in self.running:
                self.grow(number, step)
        self.admit(step)
        self.layout.note(self.useful, self.held * BLOCK_TOKENS - self.useful, 0, len(self.running), self.finished)

    def admit(self, step: int) -> None:
        """First come, first served: the head of the queue joins while there are blocks for its prompt."""
        while self.queue:
            request, tokens, final = self.queue[0]
            needed = _blocks(tokens + 1)
            if needed > len(self.free) - (self.spare if self.running else 0):
                return
            self.queue.popleft()
            place = [heappop(self.free) for _ in range(needed)]
            stay, number = Stay(request, step, step + final - tokens, tokens + 1, final, place), len(self.layout.stays)
            self.layout.stays.append(stay)
            self.running[number] = stay
            self.leaving.setdefault(stay.left, []).append(number)
            self.plan_growth(number, stay, step)
            self.useful, self.held = self.useful + stay.tokens, self.held + needed

    def plan_growth(self, number: int, stay: Stay, step: int) -> None:
        """The step in which the stay needs one block more."""
        room = len(stay.blocks) * BLOCK_TOKENS - (stay.tokens + step - stay.joined)
        if step + room + 1 < stay.left:
            self.growing.setdefault(step + room + 1, []).append(number)

    def grow(self, number: int, step: int) -> None:
        """One block more for a stay; without a free one the youngest is preempted, which may be the stay itself."""
        while not self.free:
            youngest = next(reversed(self.running))
            stay = self.running[youngest]
            tokens = stay.tokens + step - stay.joined
            self.queue.appendleft((stay.request, tokens - 1, stay.final))
            self.drop(youngest, step, tokens)
            self.layout.preemptions += 1
            if youngest == number:
                return
        stay = self.running[number]
        stay.blocks.append(heappop(self.free))
        self.held += 1
        self.plan_growth(number, stay, step)

    def drop(self, number: int, step: int, tokens: int) -> None:
        """A stay that holds so many tokens ends in this step and gives its blocks back."""
        stay = self.running.pop(number)
        stay.left = step
        for block in stay.blocks:
            heappush(self.free, block)
        self.useful, self.held = self.useful - tokens, self.held - len(stay.blocks)
