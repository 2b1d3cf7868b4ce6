"""What is seen of a game that is under way: who stands where, and the dials, which look back over a while."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import engine
from play.game import Game

CELLS = 200  # of the map of a node's memory
TREND_S = 4  # rising or falling since then, or since the look before
STEADY = 0.1  # a change of less is none
TOKENS_S = 4  # the written tokens are counted over so long, or since the look before


@dataclass
class Map:
    """A node's memory in cells, equal shares of the blocks: who holds which. What grows takes the first that is free."""

    cells: list[int] = field(default_factory=lambda: [-1] * CELLS)
    held: dict[int, list[int]] = field(default_factory=dict)

    def show(self, wanted: dict[int, float]) -> None:
        """wanted: of each request how many cells it fills. It keeps its cells while it fills them, but for less than one."""
        for request in [request for request in self.held if request not in wanted]:
            for cell in self.held.pop(request):
                self.cells[cell] = -1
        for request, share in wanted.items():
            mine = self.held.setdefault(request, [])
            while mine and len(mine) - share >= 1:
                self.cells[mine.pop()] = -1
            while share - len(mine) >= (0.5 if mine else 0.0) and -1 in self.cells:
                cell = self.cells.index(-1)
                self.cells[cell] = request
                mine.append(cell)


@dataclass
class Seen:
    """A node as it is seen: the seat of each request, its map, which requests are open and which have begun to write, by their
    numbers on the server."""

    seats: dict[int, int] = field(default_factory=dict)
    map: Map = field(default_factory=Map)
    open: list[int] = field(default_factory=list)
    begun: set[int] = field(default_factory=set)
    known: int = 0


class Watch:
    """Looks at a game after each stretch of ticks. Times in s."""

    def __init__(self, game: Game) -> None:
        self.game, self.window_s = game, game.catalogue.server.window_s
        self.seen: list[Seen] = []
        self.first: deque[tuple[float, float]] = deque()  # (first token, time to it)
        self.last: deque[tuple[float, float, bool]] = deque()  # (last token, time per token, kept)
        self.written: deque[tuple[float, float]] = deque()  # (when, tokens written by then)
        self.trend: deque[tuple[float, float]] = deque()  # (when, P99 of the first token)
        self.done: list[tuple[int, bool]] = []  # answered since the last look: request, kept
        self.kept = self.late = 0
        self.finished_tokens = 0.0

    def look(self) -> None:
        """Take in what has happened."""
        self.done = []
        lives, now_s = self.game.fleet.lives, self.game.now_s
        self.seen += [Seen() for _ in lives[len(self.seen) :]]
        under_way = math.fsum([self.follow(life, seen) for life, seen in zip(lives, self.seen, strict=True)])
        for times in (self.first, self.last):
            while times and times[0][0] < now_s - self.window_s:
                times.popleft()
        self.written.append((now_s, self.finished_tokens + under_way))
        if (p99_s := self.ttft_s()) is not None:
            self.trend.append((now_s, p99_s))
        for looks, reach_s in ((self.written, TOKENS_S), (self.trend, TREND_S)):
            while len(looks) > 2 and looks[1][0] <= now_s - reach_s:  # a turn may be longer than they reach
                looks.popleft()

    def follow(self, life: engine.Replica, seen: Seen) -> float:
        """What the requests of one server have come to. Returns the tokens that are written of answers under way."""
        server, run = life.server, life.server.run
        seen.open += range(seen.known, len(run.requests))
        seen.known = len(run.requests)
        still, written = [], 0.0
        for i in seen.open:
            if i not in seen.begun and not math.isnan(run.first_s[i]):
                seen.begun.add(i)
                self.first.append((run.first_s[i], run.first_s[i] - run.requests[i].arrival_s))
            if not math.isnan(run.last_s[i]):
                self.answered(life, i)
            elif life.works:
                still.append(i)
                decodes = i in server.decoding
                written += server.cached(i) - run.requests[i].prompt_tokens if decodes else server.written[i]
        seen.open = still
        return written

    def answered(self, life: engine.Replica, i: int) -> None:
        """A request has its last token."""
        run = life.server.run
        request, kept = run.requests[i], self.game.keeps(run, i)
        pace_s = (run.last_s[i] - run.first_s[i]) / max(1, request.output_tokens - 1)
        self.last.append((run.last_s[i], pace_s, kept))
        self.finished_tokens += request.output_tokens
        self.kept, self.late = self.kept + kept, self.late + (not kept)
        self.done.append((life.sent[i], kept))

    # --- the dials ---

    def ttft_s(self) -> float | None:
        """The 99th percentile of the time to the first token, of those that came while the dials look back."""
        return engine.percentile([ttft_s for _, ttft_s in self.first], 99)

    def tpot_s(self) -> float | None:
        """The 99th percentile of the time per further token, of the answers that ended."""
        return engine.percentile([pace_s for _, pace_s, _ in self.last], 99)

    def kept_per_s(self) -> float:
        """Answers a second within both promises."""
        return sum([kept for *_, kept in self.last]) / max(1.0, min(self.game.now_s, self.window_s))

    def tokens_per_s(self) -> float:
        """Tokens written a second."""
        (then_s, before), (now_s, after) = self.written[0], self.written[-1]
        return max(0.0, after - before) / (now_s - then_s) if now_s > then_s else 0.0

    def memory(self) -> float:
        """The share of the blocks of all working nodes that is in use."""
        servers = self.working()
        return sum([server.used_blocks() for server in servers]) / max(1, sum([server.blocks for server in servers]))

    def direction(self) -> int:
        """Whether the P99 rises (1), falls (-1) or neither."""
        if len(self.trend) < 2:
            return 0
        (_, before), (_, after) = self.trend[0], self.trend[-1]
        return (after > before * (1 + STEADY)) - (after < before * (1 - STEADY))

    def points(self) -> int:
        """The score so far: answers alone count."""
        gpu_s = self.game.paid_gpu_s(self.game.now_s)
        return round(1000 * (self.kept - len(self.game.turned)) / gpu_s) if gpu_s else 0

    def working(self) -> list[engine.Server]:
        """The servers that answer."""
        return [life.server for life in self.game.fleet.lives if life.works]

    # --- the floor ---

    def floor(self) -> list[dict[str, Any]]:
        """Each node in numbers, from the first."""
        return [self.node(node.number) for node in self.game.nodes]

    def node(self, number: int) -> dict[str, Any]:
        """A node as the painter wants it.

        queue: requests that wait, in order, as -1 less their number where the promised time is over. seats: (seat, request,
        whether it writes, how far in thousandths) of each that has one, flat. cells: who holds each, -1 for nobody.
        """
        game, node = self.game, self.game.nodes[number]
        at = next((i for i, life in enumerate(game.fleet.lives) if life.number == number), None)
        if at is None or not game.fleet.lives[at].works:
            state = "lost" if at is not None else "warming" if node.ends_s == math.inf else "gone"
            warm = 1 - (node.warm_s - game.now_s) / max(1e-9, node.warm_s - node.begins_s)
            return {"state": state, "warm": warm, "queue": [], "seats": [], "cells": [], "most": 0, "used": 0.0}
        life, seen = game.fleet.lives[at], self.seen[at]
        server = life.server
        state = "on" if life.alive else "leaving" if server.outstanding else "gone"
        stops = bool(server.step and not server.step[1] and server.decoding)
        return {
            "state": state,
            "stops": stops,
            "most": server.settings.max_running,
            "used": server.used_blocks() / server.blocks,
            "step_ms": round(1000 * self.step_s(server)),
            "evicted": server.run.preemptions,
            "queue": self.queue(life),
            "seats": self.seats(life, seen),
            "cells": self.cells(life, seen),
        }

    def step_s(self, server: engine.Server) -> float:
        """How long the step at hand takes."""
        if server.step:
            return server.step[3]
        return server.stretch[3] if server.stretch else 0.0

    def queue(self, life: engine.Replica) -> list[int]:
        """Who waits, those on their way to the scheduler last."""
        server, limit_s = life.server, self.game.level.ttft_s
        waits = [*server.waiting, *range(server.arrived, len(server.requests))]
        overdue = [
            math.isnan(server.run.first_s[i]) and self.game.now_s - server.requests[i].arrival_s > limit_s
            for i in waits
        ]
        return [-1 - life.sent[i] if late else life.sent[i] for i, late in zip(waits, overdue, strict=True)]

    def seats(self, life: engine.Replica, seen: Seen) -> list[int]:
        """Who sits where, and how far each has come. A seat is kept while its request has it."""
        server, sitting = life.server, set(life.server.order)
        seen.seats = {i: seat for i, seat in seen.seats.items() if i in sitting}
        taken = set(seen.seats.values())
        free = (seat for seat in range(len(sitting) + len(taken) + 1) if seat not in taken)
        flat = []
        for i in server.order:
            seat = seen.seats[i] if i in seen.seats else seen.seats.setdefault(i, next(free))
            request, writes = server.requests[i], i in server.decoding
            if writes:
                done = (server.cached(i) - request.prompt_tokens) / request.output_tokens
            else:
                done = server.computed[i] / server.target(i)
            flat += [seat, life.sent[i], int(writes), round(1000 * min(1.0, done))]
        return flat

    def cells(self, life: engine.Replica, seen: Seen) -> list[int]:
        """Who holds which cell of the memory. What several share is divided among them."""
        server = life.server
        blocks = {
            life.sent[i]: server.blocks_of(
                math.ceil(server.cached(i)) if i in server.decoding else server.target(i) + 1
            )
            for i in server.order
        }
        shrunk = CELLS / server.blocks * server.used_blocks() / max(1, sum(blocks.values()))
        seen.map.show({request: count * shrunk for request, count in blocks.items()})
        return list(seen.map.cells)
