"""Receipts of tails: the P99 that a real server had at several loads, and the model's for the very same requests.

The requests of the measured runs stand in the content, so nothing is drawn by chance. The server's KV memory wasn't recorded:
it is fitted from one of the runs, which is left out here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import engine
from content.course import Course, Kind, Result


@dataclass(frozen=True)
class TailRequest:
    """One measured run: its requests, so many per second, evenly spaced."""

    rate: float
    requests: int


@dataclass(frozen=True)
class Tail:
    """What was measured of it: P99 of the time to first token and per output token, in s."""

    request: TailRequest
    ttft_s: float
    tpot_s: float


def rows(course: Course) -> tuple[Tail, ...]:
    """Every measured run, the slowest first."""
    table = course.at("measurements.tails")
    count = len(table["prompts"])
    return tuple(Tail(TailRequest(rate, count), ttft / 1e3, tpot / 1e3) for rate, ttft, tpot in table["rows"])


def deployment_of(course: Course, table: Mapping[str, Any]) -> engine.Deployment:
    """The measured server."""
    return engine.Deployment(
        course.models[table["model"]], course.gpus[table["gpu"]], table["gpus"], table["weight_bits"], table["kv_bits"]
    )


def tail(course: Course, request: TailRequest) -> Result:
    """The model's figures for a measured run, times in s. Raises PhysicsError where nothing can run."""
    table = course.at("measurements.tails")
    deployment = deployment_of(course, table)
    lengths = list(zip(table["prompts"], table["outputs"], strict=True))[: request.requests]
    traffic = [engine.Request(i / request.rate, *pair) for i, pair in enumerate(lengths)]
    settings = engine.ServerSettings(
        "chunked",
        table["seats"],
        max(map(sum, lengths)),
        token_budget=engine.default_token_budget(deployment.gpu),
    )
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))
    run = engine.simulate(cost, settings, traffic, table["kv_tokens"] // engine.BLOCK_TOKENS)
    figures = engine.summary(run, deployment)
    return {"runs": 1, "ttft_p99_s": figures["ttft_p99_s"], "tpot_p99_s": figures["tpot_p99_s"]}


KINDS = {"tail": Kind(TailRequest, tail)}
