"""The serving floor: a recorded run as lanes of spans on a time axis, and for each request why it took as long as it did.

Everything here is read off the run's own record (physics.simulate.Record); nothing is simulated again.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from physics.quantities import PhysicsError
from physics.schedulers import POLICIES, ServerSettings
from physics.simulate import Record, Run

KINDS = WAITS, SEATED, PREFILL, DECODE, IDLE, EVICTED = ("waits", "seated", "prefill", "decode", "idle", "evicted")
CAUSES = NONE, STEP, SEATS, BLOCKS, FILL, BATCH = ("none", "step", "seats", "blocks", "fill", "batch")


class Span(NamedTuple):
    """What a request did from begin to end, in s. lane: its seat, or its place among those who wait (waits, evicted)."""

    kind: str
    request: int
    lane: int
    begin_s: float
    end_s: float


class Stay(NamedTuple):
    """One request in its seat: from joining until the seat is free again, in s. done_s: when it left or was evicted."""

    request: int
    joined_s: float
    done_s: float
    free_s: float


@dataclass(frozen=True)
class Life:
    """A request's way through the server. Times in s; counts of requests, chunks, tokens.

    waited_s: until it first joined. ahead: who waited before it when it came; taken: seats taken then. cause: why it had to
    wait (one of CAUSES): STEP, the running step had to end; SEATS, all were taken; BLOCKS, a seat was free and the memory
    was not; FILL, its static batch waited to fill; BATCH, the static batch before it had to end. behind: the request that
    left last before it joined, None if nobody did. prompt_s: from joining to the first token. lost_s: from each eviction
    until it wrote again. stalled_s: while it wrote, steps that computed nothing but others' prompts.
    """

    request: int
    waited_s: float
    ahead: int
    taken: int
    cause: str
    behind: int | None
    prompt_s: float
    chunks: int
    ttft_s: float
    answer_s: float
    evictions: int
    lost_s: float
    stalled_s: float


class Floor:
    """The spans and lives of one recorded run. Raises PhysicsError for a run without a record."""

    def __init__(self, run: Run, settings: ServerSettings) -> None:
        if run.record is None:
            raise PhysicsError("Only a recorded run can be replayed.")
        self.run, self.settings, self.record = run, settings, run.record
        self.continuous = POLICIES[settings.policy].continuous
        self.stays = _stays(run, run.record, self.continuous)
        self.waits = _waits(run, run.record)
        self.chunks: dict[int, list[tuple[float, float]]] = {}
        for begin, end, request, _ in run.record.chunks:
            self.chunks.setdefault(request, []).append((begin, end))
        self.frees = sorted((stay.free_s, stay.done_s, stay.request) for stay in self.stays)
        self.stops = _stops(run.record) if not POLICIES[settings.policy].mixed else []

    def spans(self) -> list[Span]:
        """Every span, seats and waiting places as low as they can be."""
        found = []
        places = _lanes((begin, end) for _, _, begin, end in self.waits)
        for lane, (kind, request, begin, end) in zip(places, self.waits, strict=True):
            found.append(Span(kind, request, lane, begin, end))
        seats = _lanes((stay.joined_s, stay.free_s) for stay in self.stays)
        for seat, stay in zip(seats, self.stays, strict=True):
            found += self._seat_spans(stay, seat)
        return found

    def _seat_spans(self, stay: Stay, seat: int) -> Iterable[Span]:
        """One stay from joining to leaving: in its seat, prompts computed in between, then writing, then perhaps idle."""
        at = stay.joined_s
        for begin, end in self.chunks.get(stay.request, ()):
            if stay.joined_s <= begin < stay.done_s:
                if begin > at:
                    yield Span(SEATED, stay.request, seat, at, begin)
                yield Span(PREFILL, stay.request, seat, begin, end)
                at = end
        if stay.done_s > at:
            wrote = _wrote_after(self.record, stay.request, at)
            yield Span(DECODE if wrote <= at else SEATED, stay.request, seat, at, stay.done_s)
        if stay.free_s > stay.done_s:
            yield Span(IDLE, stay.request, seat, stay.done_s, stay.free_s)

    def life(self, request: int) -> Life:
        """Why a request took as long as it did."""
        run = self.run
        arrival, start, first, last = (
            times[request] for times in (run.arrival_s, run.start_s, run.first_s, run.last_s)
        )
        evicted = [s for s, who in self.record.evicted if who == request]
        wrote = [s for s, who in self.record.wrote if who == request]
        left = bisect_right(self.frees, (start, math.inf)) - 1
        behind = self.frees[left][2] if left >= 0 and self.frees[left][0] > arrival else None
        return Life(
            request=request,
            waited_s=start - arrival,
            ahead=sum(begin <= arrival < end for _, who, begin, end in self.waits if who != request),
            taken=sum(stay.joined_s <= arrival < stay.free_s for stay in self.stays),
            cause=self._cause(arrival, start),
            behind=behind,
            prompt_s=first - start,
            chunks=sum(end <= first for _, end in self.chunks[request]),
            ttft_s=first - arrival,
            answer_s=last - first,
            evictions=len(evicted),
            lost_s=math.fsum(min([s for s in [*wrote, last] if s > gone], default=gone) - gone for gone in evicted),
            stalled_s=math.fsum(max(0.0, min(end, last) - max(begin, first)) for begin, end in self.stops),
        )

    def _cause(self, arrival: float, start: float) -> str:
        if start <= arrival:
            return NONE
        before = sum(stay.joined_s < start <= stay.free_s for stay in self.stays)
        if not self.continuous:
            return BATCH if before else FILL
        if before >= self.settings.max_running:
            return SEATS
        strides = self.record.strides
        running = bisect_right(strides, (arrival, math.inf)) - 1
        return STEP if running >= 0 and start <= strides[running][1] else BLOCKS


def _stays(run: Run, record: Record, continuous: bool) -> list[Stay]:
    """Every stay, in order of joining. The seats of a static batch are free when its longest answer is done."""
    gone: dict[int, list[float]] = {}
    for s, request in record.evicted:
        gone.setdefault(request, []).append(s)
    found = []
    for joined, request in record.joined:
        done = next((s for s in gone.get(request, ()) if s >= joined), run.last_s[request])
        found.append(Stay(request, joined, done, done))
    if continuous:
        return found
    ends: dict[float, float] = {}
    for stay in found:
        ends[stay.joined_s] = max(ends.get(stay.joined_s, 0.0), stay.done_s)
    return [stay._replace(free_s=ends[stay.joined_s]) for stay in found]


def _waits(run: Run, record: Record) -> list[tuple[str, int, float, float]]:
    """Every wait that took time, (kind, request, begin s, end s), in order of its begin."""
    found = [
        (WAITS, i, arrival, start)
        for i, (arrival, start) in enumerate(zip(run.arrival_s, run.start_s, strict=True))
        if start > arrival
    ]
    joined: dict[int, list[float]] = {}
    for s, request in record.joined:
        joined.setdefault(request, []).append(s)
    for s, request in record.evicted:
        again = next((back for back in joined[request] if back > s), s)
        found += [(EVICTED, request, s, again)] if again > s else []
    return sorted(found, key=lambda wait: (wait[2], wait[1]))


def _lanes(intervals: Iterable[tuple[float, float]]) -> list[int]:
    """A lane for each interval, given in order of their begins: the lowest that is free by then."""
    taken: list[tuple[float, int]] = []  # heap of (end, lane)
    free: list[int] = []
    found: list[int] = []
    for begin, end in intervals:
        while taken and taken[0][0] <= begin:
            heappush(free, heappop(taken)[1])
        lane = heappop(free) if free else len(taken)
        heappush(taken, (end, lane))
        found.append(lane)
    return found


def _stops(record: Record) -> list[tuple[float, float]]:
    """The steps that computed prompts and nothing else, (begin s, end s)."""
    return sorted({(begin, end) for begin, end, _, _ in record.chunks})


def _wrote_after(record: Record, request: int, s: float) -> float:
    """When a request began to write at or after a time; never is infinity."""
    return min((at for at, who in record.wrote if who == request and at >= s), default=math.inf)


def sampled(record: Record, end_s: float, cells: int) -> dict[str, list[float]]:
    """The strides on a grid of `cells` equal cells from 0 to end_s: most in the batch, longest step in s and most blocks in
    use of the strides that touch a cell; 0 where the server was idle."""
    found = {"batch": [0.0] * cells, "step_s": [0.0] * cells, "blocks": [0.0] * cells}
    for begin, end, steps, batch, blocks in record.strides:
        if not steps or begin >= end_s:
            continue
        first = math.floor(begin / end_s * cells)
        last = min(cells - 1, max(first, math.ceil(end / end_s * cells) - 1))
        for name, value in (("batch", batch), ("step_s", (end - begin) / steps), ("blocks", blocks)):
            row = found[name]
            for cell in range(first, last + 1):
                row[cell] = max(row[cell], value)
    return found
