"""A serving configuration of Act II: what it asks of the engine, what came out, whether it holds, and a way out.

A `RunRequest` is all that a simulated run depends on, so it is also the name of its result: the same request gives the
same numbers anywhere. `served` simulates it; only `tails` starts a run of its own, of a server that was measured.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypedDict

import engine
from acts.promises.shape import Cluster, Deployment, Prediction, Side, Simulation, Targets
from content.common import Limits
from content.controls import controls
from content.course import Course, Kind, Result, Results
from content.wording import Quantity
from record import progress

SIDES = ("a", "b")
MEASURED = "chunked"  # the policy of the servers that the expected errors were found on
CUT_TOLD = 0.01  # of the prompts: who cuts them serves other work than was asked for
OK, NO_WEIGHTS, KV, TTFT, LOW, CUT = STATES = ("ok", "no_weights", "kv", "ttft", "low", "cut")


@dataclass(frozen=True)
class RunRequest:
    """One run: the replica, the policy and its limits, the traffic. Loads per second, lengths in tokens.

    With `users` the loop is closed: so many users, each asking again when answered, and the load means nothing.
    `token_budget` is what a mixed step may compute, `cv` the coefficient of variation of the gaps between arrivals.
    """

    model: str
    gpu: str
    gpus: int
    weight_bits: int
    kv_bits: int
    kv_heads: int
    workload: str
    policy: str
    max_batch: int
    max_sequence: int
    load: float
    requests: int
    seed: int
    users: int = 0
    token_budget: int = 2048
    cv: int = 1


class Varied(TypedDict, total=False):
    """Fields of a run that are set to other values: `replace(request, **varied)`. Units as in RunRequest."""

    model: str
    kv_heads: int
    policy: str
    max_batch: int
    max_sequence: int
    gpus: int
    weight_bits: int


def request_of(course: Course, settings: Mapping[str, float | str], side: str, requests: int) -> RunRequest:
    """What the controls of one side ask for. `requests` is how many are to be simulated."""
    deployment, load = course.read(Deployment, "act2.deployment"), settings[f"act2.{side}.load"]
    return RunRequest(
        model=deployment.model,
        gpu=deployment.gpu,
        gpus=int(settings["act2.gpus"]),
        weight_bits=int(settings["act2.weight_bits"]),
        kv_bits=deployment.kv_bits,
        kv_heads=int(settings["act2.kv_heads"]),
        workload=str(settings[f"act2.{side}.workload"]),
        policy=str(settings[f"act2.{side}.policy"]),
        max_batch=int(settings[f"act2.{side}.max_batch"]),
        max_sequence=int(settings[f"act2.{side}.max_sequence"]),
        load=float(load) if isinstance(load, str) else load,
        requests=requests,
        seed=int(settings["act2.seed"]),
        token_budget=course.at("act2.simulation.token_budget"),
        cv=int(settings["act2.cv"]),
    )


def request_from(course: Course, saved: Mapping[str, object]) -> RunRequest:
    """A request that was saved as plain data. Raises PhysicsError when this course could not have asked it.

    What is saved may come from anyone, by a link or a file, so each field is held to what the controls offer: a run that
    they could ask for takes a moment, any other may take minutes.
    """
    try:
        request = RunRequest(**saved)  # type: ignore[arg-type]  # looked at field by field
        if not offers(course, vars(request), vars(request)):
            raise engine.PhysicsError("A saved run asks for something that this lab doesn't offer.")
        deployment_of(course, request)
    except (TypeError, KeyError) as mistake:
        raise engine.PhysicsError("A saved run is not complete.") from mistake
    return request


SHIPPED_REQUESTS, SHIPPED_BUDGET = (
    4_000,
    2_048,
)  # a class that asks for less still reads a record of the lab as it ships
Offer = frozenset[object] | tuple[float, float]


@lru_cache(maxsize=4)
def _offers(course: Course) -> Mapping[str, Offer]:
    """What each field of a saved scenario may be: one of some values, or a number from the least to the largest. All that the
    controls offer, and what the course's own questions ask for."""
    table, simulation = controls(course), course.read(Simulation, "act2.simulation")
    first, second = course.at("act1.deployment"), course.read(Deployment, "act2.deployment")
    shared = course.read(Cluster, "act2.shared")
    pairs = [own for pair in course.read(Prediction, "act2.prediction").options for own in pair.sides.values()]
    counts = (1, simulation.requests, simulation.quick_requests, SHIPPED_REQUESTS)
    lengths = [course.at("act1.deployment.context_tokens", context) for context in course.contexts]

    def chosen(ids: tuple[str, ...], *own: object) -> Offer:
        return frozenset({*own, *(value for id in ids for value, _ in getattr(table[id], "options", ()))})

    def within(ids: tuple[str, ...], *own: float) -> Offer:
        edges = [getattr(table[id], name) for id in ids for name in ("minimum", "maximum")] + list(own)
        return min(edges), max(edges)

    return {
        "model": frozenset(course.models),
        "gpu": frozenset(course.gpus),
        "gpus": chosen(("act1.gpus", "act2.gpus"), first["gpus"], shared.gpus_default),
        "weight_bits": chosen(("act1.weight_bits",), first["weight_bits"], shared.weight_bits_default),
        "kv_bits": chosen(("act1.kv_bits",), first["kv_bits"], second.kv_bits),
        "kv_heads": within((), 1, first["kv_heads"], *(model.query_heads for model in course.models.values())),
        "context_tokens": within(("act1.context",), *lengths),
        "workload": frozenset(course.workloads),
        "policy": chosen(("act2.a.policy",)),
        "max_batch": within(("act2.a.max_batch", "act2.b.max_batch"), *(own.max_batch for own in pairs)),
        "max_sequence": within(("act2.a.max_sequence", "act2.b.max_sequence"), *(own.max_sequence for own in pairs)),
        "load": within(("act2.a.load", "act2.b.load")),
        "requests": within((), *counts),
        "seed": within(("act2.seed",), simulation.seed),
        "users": frozenset({0}),
        "token_budget": within((), simulation.token_budget, SHIPPED_BUDGET),
        "cv": chosen(("act2.cv",), 1),
    }


def offers(course: Course, saved: Mapping[str, object], names: Iterable[str]) -> bool:
    """Whether each of these parts of a saved scenario is one that the lab offers. Raises KeyError for one that is missing."""
    return all(_is_offered(name, _offers(course)[name], saved[name]) for name in names)


def _is_offered(name: str, offer: Offer, value: object) -> bool:
    """Whether a saved value is what the lab itself would have written: `true` is no 1, and only a load has a fraction."""
    if isinstance(offer, frozenset):
        return any(value == own and (isinstance(value, str) or type(value) is type(own)) for own in offer)
    whole = type(value) is int or (name == "load" and type(value) is float)
    return whole and offer[0] <= value <= offer[1]  # type: ignore[operator]


@lru_cache(maxsize=64)  # this and the next are asked for at every event, of the same two runs
def band(course: Course, request: RunRequest) -> tuple[RunRequest, ...]:
    """The same configuration on a few days' traffic, its own first: how far its P99 moves by chance alone."""
    return tuple(replace(request, seed=request.seed + day) for day in range(course.at("act2.simulation.days")))


@lru_cache(maxsize=64)
def flood(course: Course, request: RunRequest) -> RunRequest:
    """The same configuration with far more offered than it can do, so that what it does is its capacity."""
    simulation = course.read(Simulation, "act2.simulation")
    return replace(request, load=simulation.flood_load, requests=simulation.flood_requests)


def capacity_share(result: Result | None, flooded: Result | None, load: float) -> float | None:
    """The load as a share of capacity, None while the flooded run is missing or nothing can run."""
    most = flooded.get("requests_per_s") if result and flooded else None
    return load / most if most else None


def deployment_of(course: Course, request: RunRequest) -> engine.Deployment:
    """The engine's deployment for a request: the model with the KV heads asked for, on the GPUs asked for."""
    model = course.models[request.model].with_kv_heads(request.kv_heads)
    return engine.Deployment(model, course.gpus[request.gpu], request.gpus, request.weight_bits, request.kv_bits)


def reserve_of(
    course: Course, deployment: engine.Deployment, token_budget: int | None = None, seats: int = 1
) -> engine.Reserve:
    """What a server of this deployment keeps back; without a token budget with its engine's default."""
    return engine.engine_reserve(deployment, course.at("act2.deployment.utilization"), token_budget, seats)


def memory(course: Course, request: RunRequest) -> dict[str, Quantity]:
    """KV memory in bytes, closed form: what a full batch at full length needs, copies included, and what the replica has."""
    deployment = deployment_of(course, request)
    plan = engine.memory_plan(deployment, reserve_of(course, deployment, request.token_budget, request.max_batch))
    each = engine.kv_bytes(deployment.model, request.max_sequence, request.kv_bits)
    return {
        "weights_bytes": plan["weights_bytes"],
        "usable_bytes": plan["total_bytes"] - plan["outside_utilization_bytes"] - plan["activation_bytes"],
        "kv_has": max(0, plan["kv_budget_bytes"]),
        "kv_needs": request.max_batch * each * engine.kv_copies(deployment),
    }


def run(course: Course, request: RunRequest) -> Result:
    """Simulate one request's traffic. Times in s, sizes in bytes, rates per s; None where nothing can run.

    A static server that can't reserve its memory doesn't start, and neither does one whose weights don't fit; a paged one
    starts if the longest single request fits, and preempts.
    """
    numbers = memory(course, request)
    shape = workload_numbers(course, request)
    if failure_at_start(request, numbers):
        return {**numbers, **shape, "runs": 0}
    outcome = simulated(course, request)
    figures = engine.summary(outcome, deployment_of(course, request))
    return {**numbers, **shape, **figures, **engine.distribution(outcome), "runs": 1}


def server_settings(course: Course, request: RunRequest) -> engine.ServerSettings:
    """What the operator of a request's server sets, and what the content says of every server."""
    simulation = course.read(Simulation, "act2.simulation")
    return engine.ServerSettings(
        policy=request.policy,
        max_running=request.max_batch,
        max_sequence_tokens=request.max_sequence,
        token_budget=request.token_budget,
        form_timeout_s=simulation.form_timeout_s,
        speculation_tokens=simulation.speculation_tokens,
        acceptance=simulation.acceptance,
    )


def figures(result: Result) -> dict[str, Quantity]:
    """The single figures of a result, without its distributions: what the record keeps."""
    return {name: value for name, value in result.items() if not isinstance(value, list)}


def simulated(course: Course, request: RunRequest, record: bool = False) -> engine.Run:
    """The engine's run for a request, with its record if it is to be replayed. Raises PhysicsError when nothing can run."""
    return served(course, request, traffic(course, request), record)


def served(
    course: Course,
    request: RunRequest,
    requests: list[engine.Request],
    record: bool = False,
    prefix_cache: bool = False,
) -> engine.Run:
    """The engine's run of any traffic on a request's server. Raises PhysicsError when nothing can run."""
    settings = replace(server_settings(course, request), prefix_cache=prefix_cache)
    deployment = deployment_of(course, request)
    reserve = reserve_of(course, deployment, request.token_budget, request.max_batch)
    blocks, pages = engine.kv_pages(deployment, reserve, settings.block_size)
    return engine.simulate(
        step_cost(course, request),
        settings,
        requests,
        blocks,
        users=request.users or None,
        draft_cost=draft_cost(course, request),
        record=record,
        pages=pages,
    )


def traffic(course: Course, request: RunRequest) -> list[engine.Request]:
    """The arrivals and lengths of a request: the same seed brings the same traffic to every configuration."""
    workload = course.workloads[request.workload]
    sampled = (workload, request.load, request.requests, request.seed, request.max_sequence)
    return engine.sample_requests(*sampled, cv=request.cv)


def step_cost(course: Course, request: RunRequest) -> engine.StepCost:
    """The step-time model for a request's replica, with the constants measured nearest to it."""
    deployment = deployment_of(course, request)
    return engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))


def expected(course: Course, request: RunRequest) -> dict[str, float]:
    """How far a run's P99 time to first token and its time per output token are expected to be off, as shares."""
    deployment = deployment_of(course, request)
    claims = {"ttft_error": "ttft_p99", "tpot_error": "tpot"}
    return {name: engine.expected_error(deployment, course.calibrations, c)[0] for name, c in claims.items()}


def claimed(course: Course, request: RunRequest, result: Result | None, share: Quantity) -> dict[str, Quantity]:
    """The same as far as it may be claimed of a run at a share of its capacity, None where it may not.

    The measured servers chunked their prompts and had memory to spare. Below capacity throughput is what is asked for; near it
    and past it a small error moves the tail severalfold.
    """
    found: dict[str, Quantity] = {"ttft_error": None, "tpot_error": None}
    if result is None or share is None or not result.get("runs") or request.policy != MEASURED:
        return found
    if not result["evicted_requests"] and result["kv_needs"] <= result["kv_has"]:
        name = "ttft_error" if share <= course.at("act2.simulation.ill_conditioned") else "tpot_error"
        found[name] = expected(course, request)[name]
    return found


def draft_cost(course: Course, request: RunRequest) -> engine.StepCost | None:
    """The step-time model of the draft, on the same GPUs, for speculative decoding only."""
    if request.policy != "speculative":
        return None
    return step_cost(course, replace(request, **draft_of(course)))


def draft_of(course: Course) -> Varied:
    """The fields of a RunRequest that turn its replica into the draft's."""
    draft = course.models[course.at("act2.simulation.draft_model")]
    return {"model": draft.id, "kv_heads": draft.kv_heads}


def workload_numbers(course: Course, request: RunRequest) -> dict[str, Quantity]:
    """The traffic before any server meets it: lengths in tokens, the share of prompts cut, the output offered per s."""
    workload = course.workloads[request.workload]
    shape = engine.lengths(workload, request.max_sequence)
    return {**shape, "offered": request.load * float(shape["output_mean"])}


def failure_at_start(request: RunRequest, numbers: Mapping[str, Quantity]) -> bool:
    """Whether the server can't start at all: no room beside the weights, or a static reservation that doesn't fit."""
    has, needs = float(numbers["kv_has"] or 0), float(numbers["kv_needs"] or 0)
    one = needs / request.max_batch
    return has < one or (request.policy == "static" and needs > has)


def judge(course: Course, side: str, result: Result) -> str:
    """The state of a side, worst first: the weights, the KV memory, then the side's own objective, which nobody
    keeps by cutting most of the prompts.

    A run that the engine refused for want of blocks counts as memory too: rounding to whole blocks can cost the last one.
    """
    targets = course.read(Targets, "act2.targets")
    if not result["kv_has"]:
        return NO_WEIGHTS
    if result["kv_needs"] > result["kv_has"] or not result.get("runs"):
        return KV
    if side == "a" and result["ttft_p99_s"] > targets.ttft_p99_s:
        return TTFT
    if side == "b" and result["throughput_output_tokens_per_s"] < targets.output_tokens_per_s:
        return LOW
    return CUT if (result.get("share_cut") or 0) > progress.MOST_CUT else OK


def told_cut(result: Result) -> float:
    """The share of the prompts that a server cuts; 0 where it is too small to be told or wasn't kept yet."""
    cut = float(result.get("share_cut") or 0)
    return cut if cut >= CUT_TOLD else 0.0


def runs(result: Result | None) -> bool:
    """Whether a result is of a server that started, so that it has figures."""
    return bool(result and result.get("runs"))


def sizes(failure: str, result: Result) -> dict[str, Quantity]:
    """What is needed and what is there, in bytes: of the replica's memory where the weights don't fit, else of KV memory."""
    needs, has = ("weights_bytes", "usable_bytes") if failure == NO_WEIGHTS else ("kv_needs", "kv_has")
    return {"needs": result[needs], "has": result[has]}


def are_told(failure: str, known: Mapping[str, Quantity]) -> bool:
    """Whether a saved failure is told with its sizes: one of memory. Where the weights didn't fit an earlier version kept those
    of KV memory, of which nothing was there."""
    return failure in (KV, NO_WEIGHTS) and known.get("needs") is not None and bool(known.get("has"))


@dataclass(frozen=True)
class Change:
    """One setting moved: the control's id, its new value, and the run that it would ask for."""

    setting: str
    value: float | str
    request: RunRequest


def way_out(
    course: Course, side: str, request: RunRequest, results: Results
) -> tuple[Change | None, RunRequest | None]:
    """The first single change, smallest first, whose run holds; or the next run that has to be simulated to know.

    Returns (change, None) when found, (None, request) when that run is still missing, (None, None) when nothing helps.
    """
    for change in changes(course, side, request, judge(course, side, results[request])):
        result = results.get(change.request)
        if result is None:
            return None, change.request
        if judge(course, side, result) == OK:
            return change, None
    return None, None


def changes(course: Course, side: str, request: RunRequest, failure: str) -> Iterator[Change]:
    """The changes worth trying for a failure, in the order in which a person would rather give something up."""
    limits = course.read(Side, f"act2.sides.{side}")
    if failure == KV:
        yield from _lower(side, request, "max_batch", limits.max_batch, (0.75, 0.5, 0.25))
        yield from _lower(side, request, "max_sequence", limits.max_sequence, (0.75, 0.5, 0.25))
    if failure == TTFT:
        yield from _raise(side, request, "max_batch", limits.max_batch)
        yield from _policies(side, request)
        yield from _lower(side, request, "load", limits.load, (0.75, 0.5, 0.25))
        yield from _lower(side, request, "max_sequence", limits.max_sequence, (0.75, 0.5, 0.25))
    if failure == LOW:
        yield from _raise(side, request, "load", limits.load)
        yield from _raise(side, request, "max_batch", limits.max_batch)
        yield from _policies(side, request)
    if failure == CUT:
        yield from _raise(side, request, "max_sequence", limits.max_sequence)
    else:
        yield from _cluster(course, request)


def _on_grid(value: float, limits: Limits) -> float:
    snapped = min(max(round(value / limits.step) * limits.step, limits.min), limits.max)
    return int(snapped) if float(snapped).is_integer() else snapped


Limit = Literal["max_batch", "max_sequence", "load"]


def _set_to(side: str, request: RunRequest, field: Limit, value: float) -> Change:
    if field == "load":
        changed = replace(request, load=value)
    elif field == "max_batch":
        changed = replace(request, max_batch=int(value))
    else:
        changed = replace(request, max_sequence=int(value))
    return Change(f"act2.{side}.{field}", value, changed)


def _lower(side: str, request: RunRequest, field: Limit, limits: Limits, shares: tuple[float, ...]) -> Iterator[Change]:
    now: float = getattr(request, field)
    for share in shares:
        value = _on_grid(now * share, limits)
        if value < now:
            yield _set_to(side, request, field, value)


def _raise(side: str, request: RunRequest, field: Limit, limits: Limits) -> Iterator[Change]:
    now: float = getattr(request, field)
    for factor in (1.5, 2, 4):
        value = _on_grid(now * factor, limits)
        if value > now:
            yield _set_to(side, request, field, value)


def _policies(side: str, request: RunRequest) -> Iterator[Change]:
    for policy in ("continuous", "chunked"):
        if policy != request.policy:
            yield Change(f"act2.{side}.policy", policy, replace(request, policy=policy))


def _cluster(course: Course, request: RunRequest) -> Iterator[Change]:
    published = course.models[request.model].kv_heads
    if request.kv_heads != published:
        yield Change("act2.kv_heads", published, replace(request, kv_heads=published))
    for gpus in sorted(course.at("act2.shared.gpus")):
        if gpus > request.gpus:
            yield Change("act2.gpus", gpus, replace(request, gpus=gpus))
    if request.weight_bits > 8:
        yield Change("act2.weight_bits", 8, replace(request, weight_bits=8))


def _refused(course: Course, request: RunRequest) -> Result:
    return {**memory(course, request), "runs": 0}


KINDS = {"run": Kind(RunRequest, run, _refused)}
