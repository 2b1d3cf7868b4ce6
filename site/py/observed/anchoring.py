"""The one measured number that recalibrates the engine: KV tokens from a log, the host's times or the front end from a run.

`anchor` gives an engine.Anchor, a value that is applied where it is handed in and undone by leaving it out. The host and the
front end are fitted by simulating the run, which takes seconds: a job, not a frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random

import engine
from observed.facts import Bench, Observed, Unread
from observed.known import Known

SEED = 2026
MOST_REQUESTS = 400  # of a run that are simulated: their means tell the same
LEAST_REQUESTS = 8
MISS = 0.02  # how far from the measured time the fitted one may end: beyond it no value of this number explains it


def anchor(
    observed: Observed, kind: str, known: Known | None = None, calibrations: Iterable[engine.Calibration] = ()
) -> engine.Anchor:
    """The anchor of this kind ("kv", "host" or "front"; see engine.Anchor). Raises Unread when the text doesn't tell it, or
    when no value of it explains what was measured.

    kv: tokens of a replica, of all its data-parallel engines together. host, front: need `known`, with the constants among
    which its own are found; of several runs the one with the fewest at once is taken, where waiting tells least.
    """
    if kind not in engine.ANCHORS:
        raise Unread("no_anchor", kind=kind)
    if kind == "kv":
        return engine.Anchor("kv", float(_kv_tokens(observed, known)))
    if known is None:
        raise Unread("needs_model")
    time = "tpot" if kind == "host" else "ttft"
    runs = [run for run in observed.benches if _usable(run) and (getattr(run, time).mean_s or 0) > 0]
    if not runs:
        raise Unread("no_run")
    run = min(runs, key=lambda run: getattr(run, time).mean_s or math.inf)
    constants = engine.calibration_for(known.deployment, calibrations)
    blocks = _blocks(observed, known)

    def predict(found: engine.Anchor) -> float:
        return timed(run, known, found.constants(constants), blocks)[f"{time}_mean_s"]

    measured = getattr(run, time).mean_s or 0.0
    found = engine.fitted(kind, measured, predict)
    reached = predict(found)
    if abs(reached / measured - 1) > MISS:
        raise Unread("no_fit", measured_s=measured, reached_s=reached)
    return found


def _kv_tokens(observed: Observed, known: Known | None) -> int:
    start, scrape = observed.start, observed.scrape
    tokens = start.kv_tokens if start and start.kv_tokens else scrape.kv_tokens if scrape else None
    if not tokens:
        raise Unread("no_kv_tokens")
    if known and known.deployment.model.local_layers:
        raise Unread("windowed")
    return round(tokens * (known.deployment.attention_dp if known else 1))


def _blocks(observed: Observed, known: Known) -> int:
    """KV blocks of the server: as it says, or by the engine's plan."""
    try:
        return _kv_tokens(observed, known) // engine.BLOCK_TOKENS
    except Unread:
        if known.reserve is None:
            raise
        return engine.kv_blocks(known.deployment, known.reserve)


def _usable(run: Bench) -> bool:
    """Whether a run's traffic is known."""
    told = run.prompt_tokens and run.output_tokens and run.requests and run.output_tokens >= 2
    return bool(told) and (run.requests or 0) >= LEAST_REQUESTS


def timed(run: Bench, known: Known, constants: engine.Calibration, blocks: int) -> dict[str, float]:
    """The engine's times of a run: so many users at once, a rate, or everything at the start. Lengths are the run's means.

    Raises PhysicsError when a request doesn't fit.
    """
    count = max(LEAST_REQUESTS, min(MOST_REQUESTS, int(run.requests or 0)))
    prompt, output = max(1, round(run.prompt_tokens or 1)), max(2, round(run.output_tokens or 2))
    random, at, requests = Random(SEED), 0.0, []
    for _ in range(count):
        requests.append(engine.Request(at, prompt, output))
        if run.rate_per_s:
            at += engine.unit_exponential(random) / run.rate_per_s
    users = int(run.users) if run.users and not run.rate_per_s else None
    settings = engine.ServerSettings("chunked", known.seats, prompt + output, token_budget=known.token_budget)
    done = engine.simulate(engine.StepCost(known.deployment, constants), settings, requests, blocks, users=users)
    figures = engine.summary(done, known.deployment)
    return {name: float(figures[name] or 0) for name in ("ttft_mean_s", "tpot_mean_s", "ttft_p99_s", "tpot_p99_s")}
