"""Sweeps: many small runs that together answer one question about a scenario.

The feasibility map: for which limits on the sequence, and up to which load, does side A keep its promise? The frontier:
of all the configurations that Act II offers, which could not be had faster without paying more? A sweep is computed in the
background, one small run at a time; `missing` says which runs are still to do, most urgent first, and everything that is
shown is computed from the results at hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

import engine
from acts.promises import serving
from acts.promises.serving import Change, RunRequest, Varied
from acts.promises.shape import Frontier, Map, Swept, Targets
from content.common import Limits
from content.course import Course, Result

MAP, FRONTIER = "map", "frontier"
KEPT = 8  # sweeps that are remembered: going back to a scenario finds it as it was left
MOST_EXTRA = 100  # results beside a frontier's grid: the learner's own configurations and their neighbours
AHEAD = 4  # runs that a sweep asks for at a time
BATCH = 8  # results that a picture waits for while a sweep is under way: drawing costs more than a run
NEAR = 1.25  # a P99 of one day within this factor of the objective may lie on its other side on another day
STRIDE = 11  # a frontier's grid is gone through in so many passes
FULL_SCORE = 100.0
LEAST_GAIN = 1.0  # points of the score: a change that brings less is not worth naming

# What a sweep remembers of a run: hundreds of whole results would fill a phone's memory.
FIGURES = (
    "runs",
    "ttft_p99_s",
    "throughput_output_tokens_per_s",
    "gpu_s_per_token",
    "requests_per_s",
    "share_cut",
)
Results = Mapping[RunRequest, Result]
Sides = Mapping[str, RunRequest]


@dataclass(frozen=True)
class Scenario:
    """What a sweep is about: its kind, the side, and the run whose other fields it varies."""

    kind: str
    side: str
    base: RunRequest


@dataclass(frozen=True, eq=False)
class Sweep:
    """A scenario and the results that are at hand for it."""

    scenario: Scenario
    results: Results = field(default_factory=dict)


@lru_cache(maxsize=4 * KEPT)
def untouched(scenario: Scenario) -> Sweep:
    """The sweep of a scenario before its first run."""
    return Sweep(scenario)


def missing(course: Course, sweep: Sweep, sides: Sides) -> tuple[RunRequest, ...]:
    """The runs that a sweep still needs, most urgent first. `sides` is what the learner's two sides ask for now."""
    if sweep.scenario.kind == MAP:
        return _map_missing(course, sweep)
    return _frontier_missing(course, sweep, around(course, sweep.scenario, sides))


def noted(course: Course, sweep: Sweep, sides: Sides, request: RunRequest, result: Result) -> Sweep:
    """The sweep with a result more. Results of configurations that the learner has left go when they get too many."""
    results = {**sweep.results, request: {name: result.get(name) for name in FIGURES}}
    scenario = sweep.scenario
    if scenario.kind == FRONTIER and len(results) > len(grid(course, scenario)) + MOST_EXTRA:
        needed = {*grid(course, scenario), *around(course, scenario, sides)}
        results = {run: figures for run, figures in results.items() if run in needed}
    return Sweep(scenario, results)


def shown(course: Course, sweep: Sweep, sides: Sides) -> Sweep:
    """The sweep as it is drawn: whole batches of results while much is missing, else everything."""
    count = len(sweep.results)
    if not count % BATCH or len(missing(course, sweep, sides)) <= BATCH:
        return sweep
    return _first(sweep, count - count % BATCH)


@lru_cache(maxsize=4)
def _first(sweep: Sweep, count: int) -> Sweep:
    return Sweep(sweep.scenario, dict(islice(sweep.results.items(), count)))


def remembered(sweeps: Mapping[Scenario, Sweep], sweep: Sweep) -> dict[Scenario, Sweep]:
    """The sweeps at hand with this one as the latest; the oldest go."""
    others = [known for scenario, known in sweeps.items() if scenario != sweep.scenario]
    return {known.scenario: known for known in [*others[1 - KEPT :], sweep]}


# --- The feasibility map: a limit on the sequence by a load --------------------------------------------------------------

HOLDS, SOME, QUEUE, UNSTABLE, NEVER, NO_START, WAITING = MAP_STATES = (
    "holds",
    "some",
    "queue",
    "unstable",
    "never",
    "no_start",
    "waiting",
)


class Column(NamedTuple):
    """One limit of the map, in tokens: whether it caps anything, the P99 prompt under it, and the P99 TTFT of an empty
    server, in s; None where the server can't start."""

    limit: int
    caps: bool
    prompt_tokens: int
    lone_s: float | None


class Cell(NamedTuple):
    """One load of one column: its state, and the P99 TTFT in s of each day that was simulated."""

    state: str
    ttft_s: tuple[float, ...]


def map_scenario(course: Course, run: RunRequest) -> Scenario:
    """The map that belongs to what side A asks for: the same for every load and every limit on the sequence."""
    table = course.read(Map, "sweeps.map")
    first = replace(run, load=table.loads[0], max_sequence=table.limits[0], requests=table.requests)
    return Scenario(MAP, "a", first)


@lru_cache(maxsize=KEPT)
def columns(course: Course, scenario: Scenario) -> tuple[Column, ...]:
    """The map's columns, from closed forms alone; the last has no limit."""
    base, found = scenario.base, []
    workload = course.workloads[base.workload]
    longest = int(workload.prompt_quantiles[-1][1] + workload.output_quantiles[-1][1])
    for limit in (*course.at("sweeps.map.limits"), longest):
        run = replace(base, max_sequence=limit)
        caps = limit < longest
        prompt = engine.prompt_at(workload, 0.99, limit if caps else None)
        starts = not serving.failure_at_start(run, serving.memory(course, run))
        found.append(Column(limit, caps, prompt, lone_s(course, run, prompt) if starts else None))
    return tuple(found)


def lone_s(course: Course, request: RunRequest, prompt_tokens: int) -> float:
    """TTFT in s of a request with such a prompt on an empty server."""
    return engine.lone_ttft_s(
        serving.step_cost(course, request), serving.server_settings(course, request), prompt_tokens
    )


@lru_cache(maxsize=KEPT)
def cells(course: Course, scenario: Scenario) -> Mapping[tuple[int, int, int], RunRequest]:
    """The run of each (column, load, day) of the map, by position."""
    table, base = course.read(Map, "sweeps.map"), scenario.base
    return {
        (i, j, day): replace(base, max_sequence=column.limit, load=load, seed=base.seed + day)
        for i, column in enumerate(columns(course, scenario))
        for j, load in enumerate(table.loads)
        for day in range(table.days)
    }


@lru_cache(maxsize=KEPT)
def floods(course: Course, scenario: Scenario) -> tuple[RunRequest | None, ...]:
    """The run that finds each column's capacity; None where no load is worth asking about."""
    slo, count = course.at("act2.targets.ttft_p99_s"), course.at("sweeps.map.capacity_requests")
    return tuple(
        None
        if column.lone_s is None or column.lone_s > slo
        else replace(serving.flood(course, replace(scenario.base, max_sequence=column.limit)), requests=count)
        for column in columns(course, scenario)
    )


def capacity(course: Course, sweep: Sweep, column: int) -> float | None:
    """What a column's server can do, in requests/s; None while unknown."""
    flood = floods(course, sweep.scenario)[column]
    found = sweep.results.get(flood, {}).get("requests_per_s") if flood else None
    return None if found is None else float(found)


def column_states(
    loads: Sequence[float], most: float | None, days_s: Sequence[Sequence[float]], slo_s: float
) -> list[str]:
    """The state of one column's cells from light to heavy: `most` is its capacity, `days_s` the P99 TTFT of each day known.

    A load is never better than a lighter one: a P99 of few requests is uncertain, and a promise that breaks at some load
    isn't kept at a heavier one by good luck.
    """
    found, worst = [], HOLDS
    for load, days in zip(loads, days_s, strict=True):
        if most is not None and load > most:
            own = UNSTABLE
        elif not days:
            found.append(WAITING)
            continue
        else:
            kept = sum(ttft <= slo_s for ttft in days)
            own = HOLDS if kept == len(days) else SOME if kept else QUEUE
        worst = max(worst, own, key=MAP_STATES.index)
        found.append(worst)
    return found


@lru_cache(maxsize=KEPT)
def feasibility(course: Course, sweep: Sweep) -> tuple[tuple[Cell, ...], ...]:
    """The map as far as it is known: by column, the cells from the lightest load to the heaviest."""
    table, slo = course.read(Map, "sweeps.map"), course.at("act2.targets.ttft_p99_s")
    loads, runs = table.loads, cells(course, sweep.scenario) if sweep.results else {}
    found = []
    for i, column in enumerate(columns(course, sweep.scenario)):
        if column.lone_s is None or column.lone_s > slo:
            state = NO_START if column.lone_s is None else NEVER
            found.append(tuple(Cell(state, ()) for _ in loads))
            continue
        places = [[(i, j, day) for day in range(table.days)] for j in range(len(loads))]
        days = [_days(sweep.results, [runs[place] for place in days if runs]) for days in places]
        states = column_states(loads, capacity(course, sweep, i), days, slo)
        found.append(tuple(map(Cell, states, days)))
    return tuple(found)


def longest_limit(course: Course, scenario: Scenario) -> int | None:
    """The longest limit that side A can set under which an empty server keeps the promise, None if none is short enough."""
    limits, slo = course.read(Limits, "act2.sides.a.max_sequence"), course.at("act2.targets.ttft_p99_s")
    settable = range(int(limits.min), int(limits.max) + 1, int(limits.step))
    return _longest(course, scenario, tuple(settable), slo)


@lru_cache(maxsize=KEPT)
def _longest(course: Course, scenario: Scenario, limits: tuple[int, ...], slo_s: float) -> int | None:
    workload = course.workloads[scenario.base.workload]
    for limit in reversed(limits):
        run = replace(scenario.base, max_sequence=limit)
        starts = not serving.failure_at_start(run, serving.memory(course, run))
        if starts and lone_s(course, run, engine.prompt_at(workload, 0.99, limit)) <= slo_s:
            return limit
    return None


def _days(results: Results, runs: Sequence[RunRequest]) -> tuple[float, ...]:
    known = (results.get(request, {}).get("ttft_p99_s") for request in runs)
    return tuple(float(ttft) for ttft in known if ttft is not None)


@lru_cache(maxsize=4)
def _map_missing(course: Course, sweep: Sweep) -> tuple[RunRequest, ...]:
    return tuple(_map_runs(course, sweep))


def _map_runs(course: Course, sweep: Sweep) -> Iterator[RunRequest]:
    """Capacities first, then one day coarse to fine, then the other days near the objective."""
    scenario, results = sweep.scenario, sweep.results
    yield from (flood for flood in floods(course, scenario) if flood and flood not in results)
    runs, loads = cells(course, scenario), course.at("sweeps.map.loads")
    most = [capacity(course, sweep, i) or 0.0 for i in range(len(columns(course, scenario)))]
    for day in range(course.at("sweeps.map.days")):
        for i, j in _coarse_to_fine(course):
            request = runs[i, j, day]
            if loads[j] <= most[i] and request not in results and (day == 0 or _near(course, sweep, i, j)):
                yield request


@lru_cache(maxsize=4)
def _coarse_to_fine(course: Course) -> tuple[tuple[int, int], ...]:
    """Every position of the map: each fourth row and second column, then each second, then all."""
    table = course.read(Map, "sweeps.map")
    positions = [(i, j) for j in range(len(table.loads)) for i in range(len(table.limits) + 1)]
    return tuple(sorted(positions, key=lambda at: (at[0] % 2 > 0 or at[1] % 4 > 0, at[1] % 2 > 0)))


def _near(course: Course, sweep: Sweep, i: int, j: int) -> bool:
    """Whether another day may well say otherwise: the first day's P99 is near the objective, or the next load up or down
    is on its other side."""
    slo, runs = course.at("act2.targets.ttft_p99_s"), cells(course, sweep.scenario)

    def first(row: int) -> float | None:
        ttft_s: float | None = sweep.results.get(runs.get((i, row, 0), runs[i, j, 0]), {}).get("ttft_p99_s")
        return ttft_s

    here, beside = first(j), [first(j - 1), first(j + 1)]
    if here is None:
        return False
    edge = any(ttft is not None and (ttft <= slo) != (here <= slo) for ttft in beside)
    return edge or slo / NEAR <= here <= slo * NEAR


# --- The frontier: wait against cost and throughput ----------------------------------------------------------------------


class Point(NamedTuple):
    """What a configuration achieves. ttft_s: its P99, over all requests. Of throughput and cost only the tokens of prompts
    that were read whole count. cost: GPU-hours per million of them. cut: the share of prompts that were cut."""

    request: RunRequest
    ttft_s: float
    cost: float
    tokens_per_s: float
    cut: float


def frontier_scenario(course: Course, side: str, run: RunRequest) -> Scenario:
    """The frontier that belongs to what a side asks for: the same for every setting that the sweep varies."""
    table = course.read(Frontier, "sweeps.frontier")
    base = replace(run, requests=table.requests)
    for choices in axes(course, side).values():
        base = replace(base, **choices[0])
    return Scenario(FRONTIER, side, base)


def axes(course: Course, side: str) -> Mapping[str, Sequence[Varied]]:
    """The fields of a run that a sweep varies, and each of their values."""
    table, swept = course.read(Frontier, "sweeps.frontier"), course.read(Swept, f"sweeps.frontier.sides.{side}")
    return {
        "policy": [{"policy": policy} for policy in table.policies],
        "max_batch": [{"max_batch": requests} for requests in swept.max_batch],
        "max_sequence": [{"max_sequence": tokens} for tokens in swept.max_sequence],
        "gpus": [{"gpus": gpus} for gpus in sorted(course.at("act2.shared.gpus"))],
        "weight_bits": [{"weight_bits": bits} for bits in table.weight_bits],
    }


@lru_cache(maxsize=KEPT)
def grid(course: Course, scenario: Scenario) -> tuple[RunRequest, ...]:
    """Every configuration of the sweep whose memory holds a full batch at full length, spread out so that the frontier's
    shape comes early."""
    base = scenario.base
    held = _held(course, scenario.side, _at_rest(base))
    return tuple(replace(request, load=base.load, seed=base.seed) for request in held)


def _at_rest(request: RunRequest) -> RunRequest:
    """A configuration with no particular load or day: what fits into memory doesn't depend on them."""
    return replace(request, load=1, seed=1)


@lru_cache(maxsize=KEPT)
def _held(course: Course, side: str, base: RunRequest) -> tuple[RunRequest, ...]:
    found = [base]
    for choices in axes(course, side).values():
        found = [replace(request, **choice) for request in found for choice in choices]
    held = [request for request in found if holds_memory(course, request)]
    return tuple(chain.from_iterable(held[start::STRIDE] for start in range(STRIDE)))


def holds_memory(course: Course, request: RunRequest) -> bool:
    """Whether a full batch at full length fits beside the weights. Closed form."""
    memory = serving.memory(course, request)
    return 0 < float(memory["kv_needs"] or 0) <= float(memory["kv_has"] or 0)


@lru_cache(maxsize=4 * KEPT)
def changes(course: Course, scenario: Scenario, own: RunRequest) -> tuple[Change, ...]:
    """Every single setting moved to another value of the sweep, the rest left as the learner has it."""
    mine, found = in_sweep(scenario, own), []
    for name, choices in axes(course, scenario.side).items():
        shared = name in ("gpus", "weight_bits")
        setting = f"act2.{name}" if shared else f"act2.{scenario.side}.{name}"
        for choice in choices:
            changed = replace(mine, **choice)
            if changed != mine and holds_memory(course, changed):
                found.append(Change(setting, getattr(changed, name), changed))
    return tuple(found)


def in_sweep(scenario: Scenario, own: RunRequest) -> RunRequest:
    """A configuration as the sweep runs it: on the scenario's traffic, with its number of requests."""
    base = scenario.base
    return replace(own, workload=base.workload, load=base.load, requests=base.requests)


def around(course: Course, scenario: Scenario, sides: Sides) -> tuple[RunRequest, ...]:
    """The learner's own configuration, its neighbours by one change, and the other side's settings: those that can run."""
    other = next(request for side, request in sides.items() if side != scenario.side)
    return _around(course, scenario, sides[scenario.side], other)


@lru_cache(maxsize=4 * KEPT)
def _around(course: Course, scenario: Scenario, own: RunRequest, other: RunRequest) -> tuple[RunRequest, ...]:
    mine, theirs = in_sweep(scenario, own), in_sweep(scenario, other)
    neighbours = (change.request for change in changes(course, scenario, own))
    return tuple(request for request in (mine, *neighbours, theirs) if holds_memory(course, request))


def tried(course: Course, scenario: Scenario) -> int:
    """How many configurations a frontier's grid has."""
    return len(_held(course, scenario.side, _at_rest(scenario.base)))


def size(course: Course, scenario: Scenario, sides: Sides) -> int:
    """How many runs a frontier's sweep has in all."""
    held = _held(course, scenario.side, _at_rest(scenario.base))
    return len({*held, *map(_at_rest, around(course, scenario, sides))})


@lru_cache(maxsize=4)
def _frontier_missing(course: Course, sweep: Sweep, own: tuple[RunRequest, ...]) -> tuple[RunRequest, ...]:
    runs = dict.fromkeys((*own, *grid(course, sweep.scenario)))
    return tuple(request for request in runs if request not in sweep.results)


def point(sweep: Sweep, request: RunRequest) -> Point | None:
    """What a configuration achieved; None while it is unknown, can't run, or cuts every prompt."""
    result = sweep.results.get(request)
    if not result or not result["runs"]:
        return None
    ttft, made, each, cut = (
        float(result[name] or 0)
        for name in ("ttft_p99_s", "throughput_output_tokens_per_s", "gpu_s_per_token", "share_cut")
    )
    read_whole = 1 - cut
    return Point(request, ttft, each * 1e6 / 3600 / read_whole, made * read_whole, cut) if read_whole > 0 else None


@lru_cache(maxsize=KEPT)
def points(course: Course, sweep: Sweep) -> tuple[Point, ...]:
    """The configurations of the grid that are known."""
    found = (point(sweep, request) for request in (grid(course, sweep.scenario) if sweep.results else ()))
    return tuple(known for known in found if known)


def pareto(pairs: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the pairs that no other pair beats, both parts the smaller the better, from the smallest first part on.

    A pair beats another when it is at most as large in both parts and smaller in one. Of equal pairs the first stays.
    """
    found: list[int] = []
    least = float("inf")
    for at in sorted(range(len(pairs)), key=lambda at: (pairs[at], at)):
        if pairs[at][1] < least:
            found.append(at)
            least = pairs[at][1]
    return found


def cost_frontier(known: Sequence[Point]) -> list[Point]:
    """The points that none beats in both wait and cost, cheapest first."""
    return [known[at] for at in pareto([(p.cost, p.ttft_s) for p in known])]


def throughput_frontier(known: Sequence[Point]) -> list[Point]:
    """The points that none beats in both wait and throughput, the most throughput first."""
    return [known[at] for at in pareto([(-p.tokens_per_s, p.ttft_s) for p in known])]


def kept_share(course: Course, side: str, mine: Point) -> float:
    """How much of its promise a configuration keeps, 1 when it keeps it: A's limit over its wait, B's output over the target."""
    targets = course.read(Targets, "act2.targets")
    slo_s, tokens_per_s = float(targets.ttft_p99_s), float(targets.output_tokens_per_s)
    return min(1.0, slo_s / mine.ttft_s if side == "a" else mine.tokens_per_s / tokens_per_s)


def cheapest(course: Course, side: str, known: Sequence[Point]) -> Point | None:
    """The cheapest point that keeps the side's promise, None if none does."""
    keeping = [p for p in known if kept_share(course, side, p) == 1]
    return min(keeping, key=lambda p: (p.cost, p.ttft_s), default=None)


@lru_cache(maxsize=KEPT)
def reference(course: Course, sweep: Sweep) -> Point | None:
    """The configuration that a sweep's scores are measured by: the cheapest of its grid that keeps the promise."""
    return cheapest(course, sweep.scenario.side, points(course, sweep))


def score(course: Course, side: str, mine: Point, best: Point | None) -> float:
    """A design's score, 0 to 100: fifty points for the promise, and only when it is kept fifty more for the price.

    50 · min(1, limit / wait) + 50 · min(1, cost of `best`, the cheapest that keeps the promise / own cost), for B with
    output / target. A design that is better in wait, cost or throughput and worse in none never scores
    lower: each term only grows with it, and the second can't be lost.
    """
    half, kept = FULL_SCORE / 2, kept_share(course, side, mine)
    if kept < 1:
        return half * kept
    return half + half * (min(1.0, best.cost / mine.cost) if best else 1.0)


def best_change(course: Course, sweep: Sweep, own: RunRequest) -> tuple[Change, Point] | None:
    """The one change that raises the score most, as simulated; None if none does. Of equals the shorter wait."""
    scenario, best = sweep.scenario, reference(course, sweep)
    mine = point(sweep, in_sweep(scenario, own))
    floor = score(course, scenario.side, mine, best) if mine else 0.0
    tried = ((change, point(sweep, change.request)) for change in changes(course, scenario, own))
    rated = [(score(course, scenario.side, p, best), -p.ttft_s, change, p) for change, p in tried if p]
    most = max(rated, key=lambda entry: entry[:2], default=None)
    return (most[2], most[3]) if most and most[0] >= floor + LEAST_GAIN else None
