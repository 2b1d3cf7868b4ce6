"""What a run of the simulation leaves: what each request met, the sums over all steps, and its events if they are asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from physics.workload import Request


@dataclass
class Record:
    """What a run did, event by event, in order of time; kept only when asked for. Times in s, requests by number.

    joined, evicted: (s, request), a request that was evicted joins again. chunks: (begin s, end s, request, tokens), a
    prompt or a part of it. wrote: (s, request), each time a request began to write. strides: (begin s, end s, steps, in the
    batch, blocks in use), a step with prompts or a stretch of steps that only wrote.
    """

    joined: list[tuple[float, int]] = field(default_factory=list)
    evicted: list[tuple[float, int]] = field(default_factory=list)
    chunks: list[tuple[float, float, int, int]] = field(default_factory=list)
    wrote: list[tuple[float, int]] = field(default_factory=list)
    strides: list[tuple[float, float, int, int, int]] = field(default_factory=list)


SUMS = (  # of a run: what several servers did together
    *("steps", "busy_s", "computed_tokens", "outputs", "context_reads", "near_reads", "prefill_pairs"),
    *("weight_reads_bytes", "decode_steps", "decode_s", "seat_steps", "useful_seat_steps", "peak_blocks"),
    *("preemptions", "looked_up_tokens", "hit_tokens", "cached_blocks_dropped"),
)


@dataclass
class Run:
    """What happened. Per request, in arrival order: times in s. Sums over all steps: what the hardware did.

    gaps: (s, how many) between two tokens of one request, those of a jumped stretch at its mean. timeline, if it was asked
    for: (s, running, waiting, blocks in use) at the end of each step or stretch. record, if it was asked for: see there.
    With a prefix cache: looked_up_tokens of prompts, each time that a request joined, hit_tokens of them that were there,
    and cached_blocks_dropped, kept blocks that were given up for their room. Blocks in use are those that a running request
    holds, shared ones once. near_reads: like context_reads, of the layers with a window, where a model has some.
    pages_a_block: what a block takes of the memory where blocks are counted in pages. replicas: servers whose sums these are.
    """

    requests: Sequence[Request]
    arrival_s: list[float]
    start_s: list[float]
    first_s: list[float]
    last_s: list[float]
    steps: int = 0
    busy_s: float = 0.0
    computed_tokens: int = 0
    outputs: int = 0
    context_reads: float = 0.0
    prefill_pairs: float = 0.0
    weight_reads_bytes: float = 0.0
    decode_steps: int = 0
    decode_s: float = 0.0
    seat_steps: float = 0.0
    useful_seat_steps: float = 0.0
    peak_blocks: int = 0
    preemptions: int = 0
    looked_up_tokens: int = 0
    hit_tokens: int = 0
    near_reads: float = 0.0
    pages_a_block: int = 1
    replicas: int = 1
    cached_blocks_dropped: int = 0
    evicted: set[int] = field(default_factory=set)
    gaps: list[tuple[float, int]] = field(default_factory=list)
    timeline: list[tuple[float, int, int, int]] = field(default_factory=list)
    record: Record | None = None

    def add_up(self, parts: Sequence[Run]) -> None:
        """Take over the sums of `parts`, and the most blocks that each had in use, all added."""
        for name in SUMS:
            total = math.fsum([getattr(part, name) for part in parts])
            setattr(self, name, type(getattr(self, name))(total))
        self.gaps = [gap for part in parts for gap in part.gaps]
