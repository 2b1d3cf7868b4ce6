"""The floor of Act II's servers: a run's lanes, the curves under them, each request's way, as a job.

It is computed once and then only painted. Its result is lists of whole numbers, so that it can come from anywhere as JSON and
stay small: times in ms or µs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import engine
from acts.promises import serving
from acts.promises.serving import RunRequest
from content.course import Course, Kind, Result

CELLS = 1200  # of the curves under the lanes
PANELS = ("one", "two")
BOTH = "both"


@dataclass(frozen=True)
class FloorRequest(RunRequest):
    """A run whose floor is to be replayed; `requests` is how many are shown."""


def floor_requests(course: Course, settings: Mapping[str, float | str]) -> dict[str, FloorRequest]:
    """The two servers that the floor shows, by panel: a side beside static batching, or A beside B."""
    count, shown = course.at("replay.floor.requests"), str(settings["act2.floor"])
    if shown == BOTH:
        return {panel: _floor(course, settings, side, count) for panel, side in zip(PANELS, serving.SIDES, strict=True)}
    own = _floor(course, settings, shown, count)
    other = "continuous" if own.policy == "static" else "static"
    return dict(zip(PANELS, (own, replace(own, policy=other)), strict=True))


def _floor(course: Course, settings: Mapping[str, float | str], side: str, count: int) -> FloorRequest:
    return FloorRequest(**vars(serving.request_of(course, settings, side, count)))


def floor(course: Course, request: FloorRequest) -> Result:
    """A run's lanes, curves under them up to its last arrival, and each request's way in numbers.

    spans: kind (number in engine.KINDS), request, lane, begin, end in ms. curves: `CELLS` cells up to end_ms, steps in µs.
    lives: a row per request, see `life_of`; slowest: their numbers, longest time to the first token first. A server that
    can't start has `runs` 0 and nothing else.
    """
    if serving.failure_at_start(request, serving.memory(course, request)):
        return {"runs": 0}
    run, settings = serving.simulated(course, request, record=True), serving.server_settings(course, request)
    shown, end_s = engine.Floor(run, settings), run.arrival_s[-1]
    if run.record is None:
        raise engine.PhysicsError("A run without its record can't be replayed.")
    curves = engine.sampled(run.record, end_s, CELLS)
    deployment = serving.deployment_of(course, request)
    lives = [_life(shown.life(i), run.requests[i]) for i in range(len(run.requests))]
    return {
        "runs": 1,
        "seats": request.max_batch,
        "blocks": engine.kv_blocks(
            deployment, serving.reserve_of(course, deployment, request.token_budget, request.max_batch)
        ),
        "end_ms": _ms(end_s),
        "stops": request.policy in ("continuous", "speculative"),
        "spans": [n for span in shown.spans() for n in _span(span)],
        "curves": {
            "batch": [int(n) for n in curves["batch"]],
            "step_us": [_us(s) for s in curves["step_s"]],
            "blocks": [int(n) for n in curves["blocks"]],
        },
        "lives": lives,
        "slowest": sorted(range(len(lives)), key=lambda i: (-lives[i][TTFT], i)),
        "useful_seats": _useful_seats(run),
    }


def _useful_seats(run: engine.Run) -> float | None:
    return run.useful_seat_steps / run.seat_steps if run.seat_steps else None


def _span(span: engine.Span) -> tuple[int, ...]:
    return engine.KINDS.index(span.kind), span.request, span.lane, _ms(span.begin_s), _ms(span.end_s)


def _ms(seconds: float) -> int:
    return round(seconds * 1e3)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


LIFE_TIMES = ("waited_s", "prompt_s", "ttft_s", "answer_s", "lost_s", "stalled_s")
TTFT = LIFE_TIMES.index("ttft_s")
LIFE_COUNTS = ("ahead", "taken", "chunks", "evictions")


def _life(life: engine.Life, lengths: engine.Request) -> list[int]:
    times = [_us(getattr(life, name)) for name in LIFE_TIMES]
    counts = [getattr(life, name) for name in LIFE_COUNTS]
    behind = -1 if life.behind is None else life.behind
    sizes = [lengths.prompt_tokens, lengths.output_tokens]
    return [*times, *counts, engine.CAUSES.index(life.cause), behind, *sizes]


def life_of(result: Result, request: int) -> dict[str, Any]:
    """One row of `lives` by name: times in s, counts, the cause by name, who left last before it joined or None, all seats."""
    row = result["lives"][request]
    times = {name: us / 1e6 for name, us in zip(LIFE_TIMES, row, strict=False)}
    counts = dict(zip(LIFE_COUNTS, row[len(LIFE_TIMES) :], strict=False))
    cause, behind, *lengths = row[-4:]
    named = {"cause": engine.CAUSES[cause], "behind": None if behind < 0 else behind, "seats": result["seats"]}
    return {
        **times,
        **counts,
        **named,
        "request": request,
        **dict(zip(engine.Request._fields[1:3], lengths, strict=True)),
    }


KINDS = {"floor": Kind(FloorRequest, floor)}
