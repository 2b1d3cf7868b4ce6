"""Several replicas of one server behind a router, each with a queue of its own: who gets a request is settled as it comes.

The replicas are simulated together: at each arrival those that the router looks at stand where they are at that moment. A
stretch of steps that the moment falls into is put off until it is known whether its replica gets the request; on the others
nothing changes, for what the router sees, the requests sent and not yet answered, changes only where a stretch ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from physics.blocks import Pages
from physics.checks import check
from physics.quantities import PhysicsError, whole
from physics.run import Record, Run
from physics.schedulers import POLICIES, ServerSettings
from physics.server import Server
from physics.steptime import StepCost
from physics.workload import Request

# A replica is overloaded that has so many requests more than another, and so many times as many: the defaults of SGLang's
# cache-aware router (balance_abs_threshold, balance_rel_threshold). It asks of the fleet whether any is; this, of the chosen.
MORE_REQUESTS, TIMES_MORE = 64, 1.5


class Replica:
    """A replica from its start, or its return, to its death: a server, and the numbers in the fleet of the requests it got."""

    def __init__(self, number: int, server: Server) -> None:
        self.number, self.server = number, server
        self.sent: list[int] = []
        self.alive = self.works = True  # the router may send it requests; it answers those that it has


class Router(Protocol):
    """Chooses among the replicas that are alive, in order of their numbers, the one that gets a request."""

    def choose(self, request: Request, alive: Sequence[Replica], at_s: float) -> Replica:
        """The replica that gets the request."""
        ...


class RoundRobin:
    """Each in turn, and whoever is dead is passed over."""

    def __init__(self, replicas: int) -> None:
        self.turn = 0

    def choose(self, request: Request, alive: Sequence[Replica], at_s: float) -> Replica:
        """The next in turn."""
        chosen = next((replica for replica in alive if replica.number >= self.turn), alive[0])
        self.turn = chosen.number + 1
        return chosen


class LeastOutstanding:
    """The one with the fewest requests that were sent and not answered; of several, that of the lowest number."""

    def __init__(self, replicas: int) -> None:
        pass

    def choose(self, request: Request, alive: Sequence[Replica], at_s: float) -> Replica:
        """The least loaded."""
        return least_loaded(alive, at_s)


class PrefixAffine:
    """The one that was last sent what the request begins with, if it isn't overloaded; else the least loaded.

    Like SGLang's cache-aware router it keeps a tree of what it has sent where, and asks no replica what its cache still holds.
    Of a prompt it takes the longest beginning that it knows: of a conversation's next turn, all turns before. What more than a
    replica's share of all requests begin with, as with a system prompt, is no reason to go anywhere: whoever went by it would
    send everyone to one replica.
    """

    def __init__(self, replicas: int) -> None:
        self.replicas, self.requests = replicas, 0
        self.nodes: dict[tuple[int, tuple[int, int]], int] = {}  # (what came before, piece) -> what both are together
        self.times = [0]  # that a request began with it
        self.last: list[Replica | None] = [None]  # who was sent the latest of them

    def choose(self, request: Request, alive: Sequence[Replica], at_s: float) -> Replica:
        """Where its beginning is, or the least loaded."""
        least = least_loaded(alive, at_s)
        known = self.last[self.deepest(request)]
        chosen = known if known and known.alive and not overloaded(known, least) else least
        self.remember(request, chosen)
        return chosen

    def deepest(self, request: Request) -> int:
        """The longest known beginning of a prompt; 0, nothing, where too many requests share it."""
        node, tokens = 0, 0
        for piece in request.prefix:
            following = self.nodes.get((node, piece))
            if following is None or tokens >= request.prompt_tokens:
                break
            node, tokens = following, tokens + piece[1]
        popular = (
            self.times[node] * self.replicas > self.requests + self.replicas
        )  # one more, or the first had no second
        return 0 if popular else node

    def remember(self, request: Request, replica: Replica) -> None:
        """The request, and in time its answer, is there."""
        self.requests += 1
        node = 0
        for piece in request.prefix:
            node = self.nodes.setdefault((node, piece), len(self.times))
            if node == len(self.times):
                self.times.append(0)
                self.last.append(None)
            self.times[node] += 1
            self.last[node] = replica


def least_loaded(alive: Sequence[Replica], at_s: float) -> Replica:
    """The replica with the fewest requests that were sent and not answered; of several, that of the lowest number."""
    least, fewest = alive[0], math.inf
    for replica in alive:
        server = replica.server
        if server.put_off_s <= at_s:  # else nothing ends by then
            server.advance(at_s, whole=True)
        if server.outstanding < fewest:
            least, fewest = replica, server.outstanding
    return least


def overloaded(replica: Replica, least: Replica) -> bool:
    """Whether a replica has far more to do than the least loaded one, both in requests and in proportion."""
    mine, fewest = replica.server.outstanding, least.server.outstanding
    return mine - fewest > MORE_REQUESTS and mine > TIMES_MORE * fewest


ROUTINGS: dict[str, Callable[[int], Router]] = {
    "round_robin": RoundRobin,
    "least_outstanding": LeastOutstanding,
    "prefix_affine": PrefixAffine,
}


@dataclass
class FleetRun(Run):
    """A run of several replicas, and who did what.

    answered_by: the replica that answered each request. lives: (replica, its own run), in order of their starts; one that
    failed and came back has two, and in the first the requests that it left have no end (NaN). resent: requests that were
    sent again after a failure, lost_tokens: what had been written of their answers, counted in `outputs` too.
    """

    answered_by: list[int] = field(default_factory=list)
    lives: list[tuple[int, Run]] = field(default_factory=list)
    resent: set[int] = field(default_factory=set)
    lost_tokens: int = 0


class Fleet:
    """The replicas that are alive, those that were, and the router before them."""

    def __init__(
        self,
        cost: StepCost,
        settings: ServerSettings,
        requests: Sequence[Request],
        blocks: int,
        replicas: int,
        routing: str,
        draft: StepCost | None,
        jump: bool,
        pages: Pages | None,
        record: bool,
    ) -> None:
        self.cost, self.settings, self.requests, self.blocks = cost, settings, requests, blocks
        self.draft, self.jump, self.pages, self.record = draft, jump, pages, record
        self.router: Router = ROUTINGS[routing](replicas)
        self.alive: list[Replica] = []
        self.lives: list[Replica] = []
        self.resent: set[int] = set()
        self.lost_tokens = 0
        for number in range(replicas):
            self.start(number, 0.0)

    def start(self, number: int, at_s: float) -> None:
        """A replica begins, empty."""
        server = Server(self.cost, self.settings, [], [], self.blocks, self.draft, self.jump, self.pages)
        server.advance(at_s)
        server.record = server.run.record = Record() if self.record else None
        replica = Replica(number, server)
        self.lives.append(replica)
        self.alive = sorted([*self.alive, replica], key=lambda living: living.number)

    def send(self, number: int, at_s: float) -> None:
        """The router sends a request to a replica."""
        request = self.requests[number]
        replica = self.router.choose(request, self.alive, at_s)
        replica.sent.append(number)
        replica.server.receive(request, at_s)

    def fail(self, number: int, at_s: float) -> None:
        """A replica dies: what it has not answered is sent again, in the order in which it came."""
        dead = next(replica for replica in self.alive if replica.number == number)
        self.alive.remove(dead)
        dead.alive = dead.works = False
        dead.server.advance(at_s)
        dead.server.settle()
        left = {dead.sent[request]: written for request, written in dead.server.lose().items()}
        self.resent |= set(left)
        self.lost_tokens += sum(left.values())
        for request in sorted(left):
            self.send(request, at_s)

    def retire(self, number: int) -> None:
        """A replica gets no more requests; those that it has it answers."""
        retired = next(replica for replica in self.alive if replica.number == number)
        self.alive.remove(retired)
        retired.alive = False

    def change(self, settings: ServerSettings, cost: StepCost, blocks: int, at_s: float) -> None:
        """All replicas are changed at once, and those that start later are like them. See Server.change."""
        self.advance(at_s)
        self.settings, self.cost, self.blocks = settings, cost, blocks
        for replica in self.lives:
            if replica.works:
                replica.server.change(settings, cost, blocks)

    def advance(self, at_s: float) -> None:
        """Every replica stands where it is at that moment."""
        for replica in self.lives:
            if replica.works:
                replica.server.advance(at_s)

    def end(self) -> FleetRun:
        """All that was sent is answered. Returns the run of all replicas."""
        for replica in (living for living in self.lives if living.works):
            replica.server.advance(math.inf, whole=True)
            replica.server.settle()
        return self.together()

    def together(self) -> FleetRun:
        """One run of all lives: of each request the times of the replica that answered it, from when it first came."""
        count, lives = len(self.requests), [(replica.number, replica.server.run) for replica in self.lives]
        start_s, first_s, last_s = ([math.nan] * count for _ in range(3))
        arrival_s = [request.arrival_s for request in self.requests]
        run = FleetRun(self.requests, arrival_s, start_s, first_s, last_s, answered_by=[0] * count, lives=lives)
        for replica in self.lives:
            part = replica.server.run
            for at, start, first, last in zip(replica.sent, part.start_s, part.first_s, part.last_s, strict=True):
                if not math.isnan(last):
                    start_s[at], first_s[at], last_s[at] = start, first, last
                    run.answered_by[at] = replica.number
            run.evicted |= {replica.sent[request] for request in part.evicted}
        run.add_up([part for _, part in lives])
        run.pages_a_block = lives[0][1].pages_a_block
        run.replicas = 1 + max(number for number, _ in lives)
        run.resent, run.lost_tokens = self.resent, self.lost_tokens
        return run


def simulate_fleet(
    cost: StepCost,
    settings: ServerSettings,
    requests: Sequence[Request],
    blocks: int,
    replicas: int,
    *,
    routing: str = "least_outstanding",
    draft_cost: StepCost | None = None,
    jump: bool = True,
    record: bool = False,
    pages: Pages | None = None,
    failure: tuple[int, float, float] | None = None,
) -> FleetRun:
    """Serve `requests` (in order of arrival) with so many replicas, each with `blocks` KV blocks, as one run.

    routing: one of ROUTINGS. failure: (replica, at s, back s): it dies, its requests are sent to the others at once and begin
    anew there, and it comes back empty; it may never (infinity). record: each life's run has its own. Raises PhysicsError as
    simulate does, for static batching, and for a failure that can't be.
    """
    check(requests, settings, blocks, pages)
    policy = POLICIES[settings.policy]
    if not policy.continuous:
        raise PhysicsError("A static batch is settled whole, before its router could know how it ends.")
    if policy.draft and draft_cost is None:
        raise PhysicsError("Speculative decoding needs a draft model.")
    if routing not in ROUTINGS:
        raise PhysicsError(f"A routing is one of {', '.join(ROUTINGS)}, not {str(routing)[:40]!r}.")
    whole("The number of replicas", replicas, 1)
    fleet = Fleet(cost, settings, requests, blocks, replicas, routing, draft_cost, jump, pages, record)
    number, at_s, back_s = _checked(failure, replicas) if failure else (0, math.inf, math.inf)
    moments = [(at_s, fleet.fail), (back_s, fleet.start)]
    for i, request in enumerate(requests):
        while moments and moments[0][0] <= request.arrival_s:
            moment_s, happens = moments.pop(0)
            happens(number, moment_s)
        fleet.send(i, request.arrival_s)
    for moment_s, happens in moments:
        if moment_s < math.inf:
            happens(number, moment_s)
    return fleet.end()


def _checked(failure: tuple[int, float, float], replicas: int) -> tuple[int, float, float]:
    """A failure that can be. Raises PhysicsError otherwise."""
    number, at_s, back_s = failure
    if whole("The number of the replica that fails", number) >= replicas:
        raise PhysicsError(f"There is no replica {number} among {replicas}.")
    if replicas < 2:
        raise PhysicsError("When the only replica fails there is none to send its requests to.")
    if not 0 <= at_s < back_s:
        raise PhysicsError(f"A replica that fails at {at_s} s comes back later than that, not at {back_s} s.")
    return number, at_s, back_s
