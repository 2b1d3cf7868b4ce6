"""What is replayed: memory handed out in two ways, and the floor of a server. As jobs, with results of plain numbers.

Both are computed once and then only painted. Their results are lists of whole numbers, so that they can come from anywhere
as JSON and stay small: places in blocks, times in ms or µs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import engine
from content.controls import PUBLISHED
from content.course import Course
from runs import serving
from runs.serving import RunRequest

Result = Mapping[str, Any]

PAGED = "paged"
LAYOUTS = (*engine.RESERVATIONS, PAGED)
SERIES = ("useful", "later", "never", "running", "finished")
MEANS = ("useful", "later", "never", "free", "running", "finished")
WARM = 4  # the first quarter of the steps, in which memory fills up, counts in no mean
CELLS = 1200  # of the curves under the lanes
PANELS = ("one", "two")
BOTH = "both"


@dataclass(frozen=True)
class BlocksRequest:
    """Memory handed out to one queue of requests: of Act I's cluster, with so many KV heads. Lengths in tokens.

    reservation: how much the contiguous system sets aside (engine.RESERVATIONS). requests: how many stand in the queue.
    """

    kv_heads: int
    workload: str
    max_sequence: int
    reservation: str
    steps: int
    requests: int
    seed: int


@dataclass(frozen=True)
class FloorRequest(RunRequest):
    """A run whose floor is to be replayed; `requests` is how many are shown."""


# --- what is asked for -------------------------------------------------------------------------------------------------


def blocks_request(course: Course, settings: Mapping[str, float | str], context: str) -> BlocksRequest:
    """The memory that the page shows in Act I: the scenario's, with the KV heads of the twist's switch."""
    table, start = course.at("replay.blocks"), course.at("act1.deployment")
    published = settings["act1.kv_heads"] == PUBLISHED
    return BlocksRequest(
        kv_heads=course.models[start["model"]].kv_heads if published else start["kv_heads"],
        workload=course.at("replay.blocks.workload", context),
        max_sequence=course.at("act1.deployment.context_tokens", context),
        reservation=str(settings["act1.reservation"]),
        steps=table["steps_published" if published else "steps"],
        requests=table["requests"],
        seed=course.at("act2.simulation.seed"),
    )


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


# --- memory ------------------------------------------------------------------------------------------------------------


def blocks(course: Course, request: BlocksRequest) -> Result:
    """One contiguous system beside a paged one, step by step, and the shares of all of them over the steps.

    stays of the contiguous one: joined, first block, blocks, tokens when it joined, tokens when done, for request 0, 1, ...
    stays of the paged one: request, joined, left, tokens when it joined. tables: their block tables, one after the other, each
    as its blocks in order; a negative number -n stands for the n blocks that follow the one before it. Raises PhysicsError.
    """
    total = blocks_of(course, request.kv_heads)
    traffic = _queue(course, request.workload, request.max_sequence, request)
    layouts = _layouts(traffic, total, request.steps, request.max_sequence)
    held, pages = layouts[request.reservation], layouts[PAGED]
    return {
        "runs": 1,
        "blocks": total,
        "steps": request.steps,
        "series": {name: _series(layout) for name, layout in (("held", held), (PAGED, pages))},
        "held": [n for s in held.stays for n in (s.joined, s.blocks[0], len(s.blocks), s.tokens, s.final)],
        PAGED: [n for s in pages.stays for n in (s.request, s.joined, s.left, s.tokens)],
        "tables": [n for stay in pages.stays for n in runs(stay.blocks)],
        "table_blocks": [len(stay.blocks) for stay in pages.stays],
        "means": {name: _means(layout) for name, layout in layouts.items()},
        "like_paper": _like_paper(course, request),
    }


def blocks_of(course: Course, kv_heads: int) -> int:
    """The blocks of Act I's cluster: all the memory that the weights leave."""
    start = course.at("act1.deployment")
    model = course.models[start["model"]].with_kv_heads(kv_heads)
    deployment = engine.Deployment(
        model, course.gpus[start["gpu"]], start["gpus"], start["weight_bits"], start["kv_bits"]
    )
    return engine.kv_blocks(deployment, engine.NAIVE)


def _queue(course: Course, workload: str, limit: int, request: BlocksRequest) -> list[engine.Request]:
    return engine.sample_requests(course.workloads[workload], 1.0, request.requests, request.seed, limit)


def _layouts(traffic: Sequence[engine.Request], total: int, steps: int, limit: int) -> dict[str, engine.Layout]:
    found = {name: engine.contiguous(traffic, total, steps, name, limit) for name in engine.RESERVATIONS}
    return {**found, PAGED: engine.paged(traffic, total, steps)}


def _series(layout: engine.Layout) -> dict[str, list[int]]:
    return {name: getattr(layout, name) for name in SERIES}


def _means(layout: engine.Layout) -> dict[str, float]:
    """The mean share of memory in each state once it has filled up, the mean number of requests in it, how many were done."""
    steps = len(layout.useful)
    first = steps // WARM
    counted = (steps - first) * layout.slots
    shares = {name: sum(getattr(layout, name)[first:]) / counted for name in ("useful", "later", "never")}
    running = sum(layout.running[first:]) / (steps - first)
    return {**shares, "free": 1 - sum(shares.values()), "running": running, "finished": layout.finished[-1]}


def _like_paper(course: Course, request: BlocksRequest) -> dict[str, float]:
    """The useful share of each layout for traffic like the paper's: its kind of conversations, its longest sequence."""
    table = course.at("replay.published")
    limit, total = table["max_sequence"], blocks_of(course, course.at("act1.deployment.kv_heads"))
    traffic = _queue(course, table["workload"], limit, request)
    layouts = _layouts(traffic, total, course.at("replay.blocks.steps"), limit)
    return {name: _means(layout)["useful"] for name, layout in layouts.items()}


def runs(table: Sequence[int]) -> Iterator[int]:
    """A block table with its neighbouring blocks drawn together: 5, 6, 7, 9 becomes 5, -2, 9."""
    at = 0
    while at < len(table):
        end = at
        while end + 1 < len(table) and table[end + 1] == table[end] + 1:
            end += 1
        yield table[at]
        if end > at:
            yield at - end
        at = end + 1


# --- the floor ---------------------------------------------------------------------------------------------------------


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
        "blocks": engine.kv_blocks(deployment, serving.reserve_of(course)),
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
        **dict(zip(engine.Request._fields[1:], lengths, strict=True)),
    }
