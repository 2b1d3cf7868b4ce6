"""Receipts: the published measurement nearest to a configuration, and the model's own prediction for exactly that case.

The prediction of a measured row is a run like any other: a closed loop of its users on its lengths. `ladder` takes the same
row apart, to show what each part of the step-time model is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from acts.promises import serving
from acts.promises.serving import RunRequest
from acts.promises.shape import Served
from content.course import Course, Result

LARGEST_BATCH, LARGEST_SEQUENCE = 1024, 16384


@dataclass(frozen=True)
class Measured:
    """One measured row: tokens, counts, and mean times in s."""

    prompt_tokens: int
    output_tokens: int
    gpus: int
    users: int
    ttft_s: float
    tpot_s: float


@lru_cache(maxsize=4)
def rows(course: Course) -> tuple[Measured, ...]:
    """Every measured row of the served set."""
    table = course.at("measurements.served.rows")
    return tuple(Measured(int(p), int(o), int(g), int(u), ttft / 1e3, tpot / 1e3) for p, o, g, u, ttft, tpot in table)


@lru_cache(maxsize=64)  # asked for at every event, of the same two runs
def nearest(course: Course, gpus: int, batch: float, prompt_tokens: float) -> Measured:
    """The measured row nearest in GPUs, batch and prompt length: the least product of ratios."""

    def apart(row: Measured) -> float:
        pairs = ((row.gpus, gpus), (row.users, max(1.0, batch)), (row.prompt_tokens, max(1.0, prompt_tokens)))
        product = 1.0
        for one, other in pairs:
            product *= max(one, other) / min(one, other)
        return product

    return min(rows(course), key=apart)


def request_of(course: Course, row: Measured) -> RunRequest:
    """The run that predicts a measured row."""
    served = course.read(Served, "measurements.served")
    return RunRequest(
        model=served.model,
        gpu=served.gpu,
        gpus=row.gpus,
        weight_bits=served.weight_bits,
        kv_bits=served.kv_bits,
        kv_heads=course.models[served.model].kv_heads,
        workload=f"uniform-{row.prompt_tokens}-{row.output_tokens}",
        policy=served.policy,
        max_batch=LARGEST_BATCH,
        max_sequence=LARGEST_SEQUENCE,
        load=1,
        requests=row.users * served.requests_per_user,
        seed=course.at("act2.simulation.seed"),
        users=row.users,
        token_budget=served.token_budget,
    )


def for_side(course: Course, request: RunRequest, result: Result | None) -> Measured | None:
    """The row nearest to a side, None before its run is there or when it can't run."""
    if not result or not result.get("runs"):
        return None
    return nearest(course, request.gpus, float(result["mean_batch"] or 1), float(result["prompt_mean"] or 1))


def ladder(course: Course, row: Measured, result: Result | None) -> Mapping[str, float | None]:
    """Estimates in s of a row's time per token, one part of the model more on each rung; the last is the simulation's."""
    request = request_of(course, row)
    cost = serving.step_cost(course, request)
    deployment = serving.deployment_of(course, request)
    ideal = replace(cost.calibration, compute=1.0, bandwidth=1.0)
    lengths = serving.workload_numbers(course, request)
    context = row.users * (float(lengths["prompt_mean"] or 0) + float(lengths["output_mean"] or 0) / 2)
    terms, peak = cost.step(row.users, context), type(cost)(deployment, ideal).step(row.users, 0)
    overhead = terms["linear_s"] + terms["elementwise_s"] + terms["reduce_s"] + terms["fixed_s"]
    return {
        "ideal": peak["linear_s"],
        "efficiency": terms["linear_s"],
        "overhead": overhead,
        "kv": terms["total_s"],
        "queue": float(result["tpot_mean_s"] or 0) if result else None,
    }
