"""A design under its traffic, simulated: what each promise became, and whether that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import engine
from sizing.question import Catalogue, Design, Question

KEPT, CLOSE, BROKEN = "kept", "close", "broken"
ILL_CONDITIONED = 0.85  # of capacity: past this a small error of the step time moves a P99 severalfold
TOGETHER = 4  # replicas that are simulated together; more of them only share the load more evenly
CLAIMED = {"ttft_s": "ttft_p99", "tpot_s": "tpot", "e2e_s": "tpot"}


@dataclass(frozen=True)
class Kept:
    """One promise: the figure that came out and the limit, in s or tokens/s; error, how far the figure is expected to be off, a
    share; state: kept, close where the limit lies within the error, or broken."""

    name: str
    value: float
    limit: float
    error: float
    state: str


@dataclass(frozen=True)
class Judgement:
    """What a simulated run says of a design. state: the worst of its promises'; "memory" where it can't start, with what is
    missing. share: of its capacity that is asked for. figures: those of engine.summary, of the replicas simulated together."""

    state: str
    promises: tuple[Kept, ...]
    share: float
    figures: Mapping[str, float | None]
    together: int

    @property
    def ratio(self) -> float:
        """The largest share of a limit that is used up; above 1 a promise is broken."""
        return max((used(each) for each in self.promises), default=0.0)


MEMORY = Judgement("memory", (), 0.0, {}, 1)


def used(kept: Kept) -> float:
    """How much of a limit a figure uses up, as a share."""
    if kept.name == "tokens_per_s":
        return kept.limit / kept.value if kept.value else float("inf")
    return kept.value / kept.limit


def judged(question: Question, catalogue: Catalogue, design: Design, share: float, count: int, seed: int) -> Judgement:
    """A design judged by `count` requests a replica. share: of its capacity that is asked for, as the bounds have it.

    Where the cache nearly fills its part of the memory, a few per cent of weights or buffers decide: then nothing is promised,
    and a promise is called broken only if it breaks with MORE_MEMORY, too.
    """
    run = simulated(question, catalogue, design, count, seed)
    if run is None:
        return MEMORY
    kept = _kept(question, catalogue, design, share, run)
    states = {each.state for each in kept}
    figures = engine.summary(run, design.deployment)
    if is_tight(question, design, run):
        ample = simulated(question, catalogue, design, count, seed, MORE_MEMORY) if BROKEN in states else None
        judged_again = _kept(question, catalogue, design, share, ample) if ample else ()
        spared = {each.name for each in judged_again if each.state != BROKEN}
        kept = tuple(_tight(each, each.name in spared) for each in kept)
        states = {*(each.state for each in kept), CLOSE}
    state = BROKEN if BROKEN in states else CLOSE if CLOSE in states or share > ILL_CONDITIONED else KEPT
    return Judgement(state, kept, share, figures, run.replicas)


def _kept(question: Question, catalogue: Catalogue, design: Design, share: float, run: engine.Run) -> tuple[Kept, ...]:
    """What became of each promise in a run."""
    promise = question.promise
    values = _figures(question, design, run)
    kept = []
    for name, limit in promise.limits():
        error = error_of(catalogue, design.deployment, name, promise.percent, share)
        kept.append(Kept(name, values[name], limit, error, _state(name, values[name], limit, error)))
    return tuple(kept)


def reached(question: Question, catalogue: Catalogue, design: Design, count: int, seed: int) -> dict[str, float]:
    """The figures of the promises in one run of a design, by name: s, and tokens/s; none where it can't start."""
    run = simulated(question, catalogue, design, count, seed)
    return _figures(question, design, run) if run else {}


def _figures(question: Question, design: Design, run: engine.Run) -> dict[str, float]:
    working = max(1, design.replicas - question.spare)
    return measured(run, question.promise.percent, working, _users(question, design))


TIGHT = 0.9  # of the cache's part of memory: in use at most, so that memory doesn't matter
MORE_MEMORY = 0.1  # of all memory: what weights, buffers or the share that a server may use can be off by
TIGHT_ERROR = 1.0  # where it does: a wait for memory is there or isn't


def _tight(kept: Kept, spared: bool) -> Kept:
    """A promise of a server whose memory is nearly full: not kept for certain, nor broken if a little more would spare it."""
    state = CLOSE if kept.state == KEPT or (kept.state == BROKEN and spared) else kept.state
    return replace(kept, error=max(kept.error, TIGHT_ERROR), state=state)


def is_tight(question: Question, design: Design, run: engine.Run) -> bool:
    """Whether the cache nearly filled its part of the memory, or requests were evicted."""
    budget = engine.memory_plan(design.deployment, design.reserve(question))["kv_budget_bytes"]
    peak = (engine.summary(run, design.deployment)["kv_peak_bytes"] or 0.0) / run.replicas
    return bool(run.evicted) or peak > TIGHT * budget


TAIL_ERROR = 0.10  # of a P99 of the time per token: 1 to 9 % on the server of the receipts, up to 85 % of its capacity
# Past that: the first token was 43 % low to 67 % high there, a further one 13 to 34 % high.
NEAR_ERRORS = {"ttft_s": 1.0, "tpot_s": 0.35, "e2e_s": 0.35}


def error_of(catalogue: Catalogue, deployment: engine.Deployment, name: str, percent: int, share: float) -> float:
    """How far a figure is expected to be off, as a share; what no P99 was measured of is taken as TAIL_ERROR at least."""
    error = engine.expected_error(deployment, catalogue.calibrations, CLAIMED.get(name, "tpot"))[0]
    if share > ILL_CONDITIONED:
        error = max(error, NEAR_ERRORS.get(name, 0.0))
    return max(error, TAIL_ERROR) if percent > 50 and name in ("tpot_s", "e2e_s") else error


def _state(name: str, value: float, limit: float, error: float) -> str:
    if name == "tokens_per_s":
        value, limit = limit, value  # more is better
    return KEPT if value * (1 + error) <= limit else CLOSE if value <= limit * (1 + error) else BROKEN


def measured(run: engine.Run, percent: int, replicas: int, users: int = 0) -> dict[str, float]:
    """The figures that promises are made of, from a run of some of the replicas: s, and tokens/s of all.

    users: of a closed loop. All of them ask first at its start, a crowd that comes once, so the times of that are left out.
    """
    times = list(zip(run.requests, run.arrival_s, run.first_s, run.last_s, strict=True))
    later = [each for each in times if each[1] > 0] if users else times
    ttft = [first - arrival for _, arrival, first, _ in later]
    paces = [
        (last - first) / (request.output_tokens - 1) for request, _, first, last in later if request.output_tokens > 1
    ]
    whole = [last - arrival for _, arrival, _, last in later]
    written = sum(request.output_tokens for request in run.requests)
    span = max(run.last_s) - run.arrival_s[0]
    return {
        "ttft_s": engine.percentile(ttft, percent) or 0.0,
        "tpot_s": engine.percentile(paces, percent) or 0.0,
        "e2e_s": engine.percentile(whole, percent) or 0.0,
        "tokens_per_s": replicas / run.replicas * written / span if span else 0.0,
    }


def _users(question: Question, design: Design) -> int:
    """Users at once of one replica of a design; 0 where requests come when they come."""
    working = max(1, design.replicas - question.spare)
    return max(1, round(question.traffic.users / working)) if question.traffic.users else 0


def simulated(
    question: Question, catalogue: Catalogue, design: Design, count: int, seed: int, more: float = 0.0
) -> engine.Run | None:
    """A run of a design's replicas behind their router, of TOGETHER of them at most, with their part of the traffic; None where
    it can't start. `count` is the requests of a replica that stands alone; of those together each gets fewer.

    more: memory that the cache has beside its part, as a share of all. Users that ask again are divided among the replicas:
    one of them is simulated.
    """
    deployment, settings = design.deployment, design.settings(question)
    blocks, pages = engine.kv_pages(deployment, design.reserve(question), settings.block_size)
    if more:
        plan = engine.memory_plan(deployment, design.reserve(question))
        blocks = int(blocks * (1 + more * plan["total_bytes"] / plan["kv_budget_bytes"]))
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, catalogue.calibrations))
    working, traffic = max(1, design.replicas - question.spare), question.traffic
    together = 1 if traffic.users else min(working, TOGETHER)
    users = _users(question, design)
    requests = traffic.sample(together / working, count * (1 + together) // 2 + users, seed)
    try:
        if together == 1:
            return engine.simulate(cost, settings, requests, blocks, users=users or None, pages=pages)
        return engine.simulate_fleet(cost, settings, requests, blocks, together, routing=question.routing, pages=pages)
    except engine.PhysicsError:
        return None
