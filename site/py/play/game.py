"""A game: a level's traffic on the engine's servers, taken from tick to tick, with what the player does in between.

Time goes in ticks of 50 ms, and everything that is done happens at one, so that a game can be played again, digit for digit, from
the list of what was done.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import engine
from content.game import FLOOD, Level, Server
from engine import Fleet, PhysicsError, Request, ServerSettings
from play.traffic import Source

TICKS_PER_S = 20
POLICIES = ("continuous", "chunked")  # by the hand's value


@dataclass(frozen=True)
class Catalogue:
    """What the engine needs to know: the node that is played, and the catalogues."""

    server: Server
    models: Mapping[str, engine.Model]
    gpus: Mapping[str, engine.Gpu]
    workloads: Mapping[str, engine.Workload]
    calibrations: tuple[engine.Calibration, ...]

    def deployment(self, bits: int) -> engine.Deployment:
        """A node whose cache has so many bits a value."""
        server = self.server
        model, gpu = self.models[server.model], self.gpus[server.gpu]
        return engine.Deployment(model, gpu, server.gpus, server.weight_bits, bits)


@dataclass(frozen=True)
class Action:
    """What a player did: a hand set to a value, at a tick."""

    tick: int
    hand: str
    value: float


@dataclass
class Node:
    """A server that is paid for. warm_s: when it answers; retired_s: when it was given back; ends_s: when it was lost, or given
    back before it was warm. Infinity where that hasn't happened."""

    number: int
    begins_s: float
    warm_s: float
    retired_s: float = math.inf
    ends_s: float = math.inf


@dataclass(frozen=True)
class Tally:
    """What came of a game. kept: requests within both promises, late: answered, but not within both; turned: turned away.

    gpu_s: GPU-seconds that were paid for. points: requests kept, less those turned away, per 1,000 GPU-seconds.
    """

    kept: int
    late: int
    turned: int
    gpu_s: float

    @property
    def points(self) -> int:
        """What counts."""
        return round(1000 * (self.kept - self.turned) / self.gpu_s) if self.gpu_s else 0


class Game:
    """One game from its start."""

    def __init__(self, level: Level, catalogue: Catalogue, seed: int) -> None:
        self.level, self.catalogue, self.seed = level, catalogue, seed
        self.set: dict[str, float] = {"flood": 0.0, **level.start}
        self.tick, self.actions, self.requests = 0, list[Action](), list[Request]()
        self.turned: list[float] = []  # when somebody was turned away, s
        self.over = False
        longest = catalogue.server.longest_tokens
        self.sources = [
            Source(stream, catalogue.workloads[stream.workload], 100 * seed + i, longest, level.seconds)
            for i, stream in enumerate(level.streams)
        ]
        self.turn_taps(0.0)
        costs, blocks, pages = self.costs()
        self.fleet = Fleet(
            costs, self.settings(), self.requests, blocks, level.nodes, "least_outstanding", None, True, pages, False
        )
        self.nodes = [Node(number, 0.0, 0.0) for number in range(level.nodes)]
        self.moments: deque[tuple[float, str]] = deque()  # what will happen to nodes, in order: (s, what)
        if level.surprise and level.surprise.lost:
            self.moments.append((level.surprise.at_s, "lost"))
        if self.set["spare"]:
            self.order(True)

    # --- what the player sets ---

    @property
    def now_s(self) -> float:
        """The time of the last tick."""
        return self.tick / TICKS_PER_S

    def settings(self) -> ServerSettings:
        """What the operator of each node sets."""
        server = self.catalogue.server
        return ServerSettings(
            policy=POLICIES[int(self.set["policy"])],
            max_running=int(self.set["seats"]),
            max_sequence_tokens=server.longest_tokens,
            token_budget=server.token_budget,
            prefix_cache=any(stream.system_tokens for stream in self.level.streams),
        )

    def costs(self) -> tuple[engine.StepCost, int, engine.Pages]:
        """The step's cost, the blocks of a node, and what a block is in pages."""
        catalogue, server = self.catalogue, self.catalogue.server
        deployment = catalogue.deployment(int(self.set["bits"]))
        # What is kept back is that of the most seats, so that memory doesn't change with them.
        reserve = engine.engine_reserve(deployment, server.utilization, server.token_budget, 1)
        blocks, pages = engine.kv_pages(deployment, reserve, engine.BLOCK_TOKENS)
        return engine.StepCost(deployment, engine.calibration_for(deployment, catalogue.calibrations)), blocks, pages

    def act(self, hand: str, value: float) -> None:
        """The player sets a hand now. Raises PhysicsError for what the level doesn't offer."""
        offered = (*self.level.hands, "flood") if "tap" in self.level.hands else self.level.hands
        if hand not in offered:
            raise PhysicsError(f"This level has no {str(hand)[:40]!r}.")
        if self.over or self.set[hand] == value:
            return
        self.actions.append(Action(self.tick, hand, value))
        self.set[hand] = value
        if hand in ("tap", "flood"):
            self.turn_taps(self.now_s)
        elif hand == "spare":
            self.order(bool(value))
        elif hand in ("seats", "bits", "policy"):
            costs, blocks, _ = self.costs()
            self.fleet.change(self.settings(), costs, blocks, self.now_s)

    def turn_taps(self, at_s: float) -> None:
        """What comes is what the tap lets through."""
        for source in self.sources:
            source.turn(self.flow(), at_s)

    def flow(self) -> float:
        """What the tap lets through, times the curve of each stream."""
        return self.set.get("tap", 1.0) * (FLOOD if self.set["flood"] else 1.0)

    def order(self, wanted: bool) -> None:
        """A further node is ordered, and warms up; or it is given back, once it has answered what it has."""
        spare = self.nodes[-1] if len(self.nodes) > self.level.nodes else None
        if wanted:
            warm_s = self.now_s + self.catalogue.server.warm_s
            self.nodes.append(Node(len(self.nodes), self.now_s, warm_s))
            self.moments = deque(sorted([*self.moments, (warm_s, "warm")]))
        elif spare and spare.warm_s > self.now_s:
            spare.ends_s = self.now_s
            self.moments = deque(moment for moment in self.moments if moment != (spare.warm_s, "warm"))
        elif spare:
            self.fleet.retire(spare.number)
            spare.retired_s = self.now_s

    # --- time ---

    def go(self, ticks: int) -> None:
        """So many ticks pass."""
        self.tick += ticks
        self.pass_until(min(self.now_s, self.level.seconds))
        self.fleet.advance(self.now_s)

    def pass_until(self, until_s: float) -> None:
        """All that comes and happens by then."""
        while True:
            due_s, source = min(((source.due_s(until_s), i) for i, source in enumerate(self.sources)))
            moment_s = self.moments[0][0] if self.moments else math.inf
            if min(due_s, moment_s) > until_s or min(due_s, moment_s) == math.inf:
                return
            if moment_s <= due_s:
                self.happen(*self.moments.popleft())
            else:
                self.arrive(self.sources[source], due_s)

    def happen(self, at_s: float, what: str) -> None:
        """A node is lost, or one that was ordered is warm."""
        if what == "warm":
            self.fleet.start(self.nodes[-1].number, at_s)
        else:
            self.fleet.fail(0, at_s)
            self.nodes[0].ends_s = at_s

    def arrive(self, source: Source, at_s: float) -> None:
        """A request comes: it is turned away, or sent to the node that has the least to do."""
        request = source.take(at_s, lambda: bool(self.set["prefix"]))
        cap, most = self.set["cap"], self.set["admit"]
        if (cap and request.prompt_tokens > cap) or (most and self.waiting(at_s) >= most):
            self.turned.append(at_s)
            return
        self.requests.append(request)
        self.fleet.send(len(self.requests) - 1, at_s)

    def waiting(self, at_s: float) -> int:
        """Requests that have no seat, those on their way to the scheduler too."""
        self.fleet.advance(at_s)
        working = [replica.server for replica in self.fleet.lives if replica.works]
        return sum(server.outstanding - len(server.order) for server in working)

    def paid_gpu_s(self, now_s: float) -> float:
        """GPU-seconds that are paid for by then. A node that was given back is paid until it has answered what it had."""
        ends = []
        for node in self.nodes:
            server = next((life.server for life in self.fleet.lives if life.number == node.number), None)
            end_s = min(node.ends_s, now_s)
            if server and node.retired_s < now_s and not server.outstanding:
                end_s = min(end_s, max([node.retired_s, *server.run.last_s]))
            ends.append(max(0.0, end_s - node.begins_s))
        return self.catalogue.server.gpus * math.fsum(ends)

    def end(self) -> Tally:
        """Nobody comes any more, and all are answered."""
        self.pass_until(self.level.seconds)
        self.fleet.end()
        self.over = True
        return self.tally()

    # --- what came of it ---

    def tally(self) -> Tally:
        """The score of a game that is over."""
        kept = late = 0
        ends_s = self.level.seconds
        for replica in self.fleet.lives:
            for i, last_s in enumerate(replica.server.run.last_s):
                if not math.isnan(last_s):
                    ends_s = max(ends_s, last_s)
                    keeps = self.keeps(replica.server.run, i)
                    kept, late = kept + keeps, late + (not keeps)
        return Tally(kept, late, len(self.turned), self.paid_gpu_s(ends_s))

    def keeps(self, run: engine.Run, i: int) -> bool:
        """Whether a server's request was answered within both promises, from when it first came."""
        request = run.requests[i]
        pace_s = (run.last_s[i] - run.first_s[i]) / max(1, request.output_tokens - 1)
        return run.first_s[i] - request.arrival_s <= self.level.ttft_s and pace_s <= self.level.tpot_s


def played(level: Level, catalogue: Catalogue, seed: int, actions: Iterable[Action]) -> Game:
    """The game in which just this was done, to its end; between two actions without a stop."""
    game = Game(level, catalogue, seed)
    for action in sorted(actions, key=lambda action: action.tick):
        game.go(action.tick - game.tick)
        game.act(action.hand, action.value)
    game.end()
    return game


def fixed(level: Level, **values: float) -> Level:
    """A level that begins with other settings."""
    return Level(**{**vars(level), "start": {**level.start, **values}})
