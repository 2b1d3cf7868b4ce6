"""Receipts of tails: the P99 that a real server had at several loads, and the model's for the very same requests.

The requests of the measured runs stand in the content, so nothing is drawn by chance. They are conversations, and what their
prompts share is found by their lengths. The server's KV memory wasn't recorded: it is fitted from one of the runs, which is
left out here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import engine
from acts.promises.shape import Tails
from content.course import Course, Kind, Result
from content.wording import Quantity

FIGURES = ("ttft_p99_s", "tpot_p99_s")


@dataclass(frozen=True)
class TailsRequest:
    """All measured runs, one after the other; `requests` is how many requests of each are replayed."""

    requests: int


@dataclass(frozen=True)
class Tail:
    """One measured run: requests per second, evenly spaced; P99 of the time to first token and per output token, in s."""

    rate: float
    ttft_s: float
    tpot_s: float


@lru_cache(maxsize=4)
def rows(course: Course) -> tuple[Tail, ...]:
    """Every measured run, the slowest first."""
    table = course.at("measurements.tails.rows")
    return tuple(Tail(rate, ttft / 1e3, tpot / 1e3) for rate, ttft, tpot in table)


@lru_cache(maxsize=4)
def request_of(course: Course) -> TailsRequest:
    """The job that replays them all."""
    return TailsRequest(len(course.at("measurements.tails.prompts")))


def deployment_of(course: Course, measured: Tails) -> engine.Deployment:
    """The measured server."""
    model, gpu = course.models[measured.model], course.gpus[measured.gpu]
    return engine.Deployment(model, gpu, measured.gpus, measured.weight_bits, measured.kv_bits)


def tails(course: Course, request: TailsRequest) -> Result:
    """The model's figures for the measured runs, a list of each in the order of `rows`, times in s. Raises PhysicsError."""
    found = [tail(course, row.rate, request.requests) for row in rows(course)]
    return {"runs": len(found), **{name: [figures[name] for figures in found] for name in FIGURES}}


def tail(course: Course, rate: float, requests: int) -> Mapping[str, Quantity]:
    """The figures of one run's first requests at a rate."""
    measured = course.read(Tails, "measurements.tails")
    deployment = deployment_of(course, measured)
    lengths = list(zip(measured.prompts, measured.outputs, strict=True))[:requests]
    settings = engine.ServerSettings(
        "chunked",
        measured.seats,
        max(map(sum, lengths)),
        token_budget=engine.default_token_budget(deployment.gpu),
        prefix_cache=True,
    )
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))
    traffic = [engine.Request(i / rate, *pair) for i, pair in enumerate(lengths)]
    traffic = engine.with_histories(traffic) or traffic
    run = engine.simulate(cost, settings, traffic, measured.kv_tokens // engine.BLOCK_TOKENS)
    return engine.summary(run, deployment)


KINDS = {"tails": Kind(TailsRequest, tails)}
