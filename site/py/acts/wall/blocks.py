"""Act I's memory handed out in two ways, step by step: a contiguous system beside a paged one, as a job.

It is computed once and then only painted. Its result is lists of whole numbers, so that it can come from anywhere as JSON and
stay small: places in blocks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import engine
from acts.wall.controls import PUBLISHED
from acts.wall.shape import Blocks, Deployment, Published
from content.course import Course, Kind, Result

PAGED = "paged"
LAYOUTS = (*engine.RESERVATIONS, PAGED)
SERIES = ("useful", "later", "never", "running", "finished")
MEANS = ("useful", "later", "never", "free", "running", "finished")
WARM = 4  # the first quarter of the steps, in which memory fills up, counts in no mean


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


def request_of(course: Course, settings: Mapping[str, float | str], context: str) -> BlocksRequest:
    """The memory that the page shows in Act I: the scenario's, with the KV heads of the twist's switch."""
    table, start = course.read(Blocks, "replay.blocks"), course.read(Deployment, "act1.deployment")
    published = settings["act1.kv_heads"] == PUBLISHED
    return BlocksRequest(
        kv_heads=course.models[start.model].kv_heads if published else start.kv_heads,
        workload=course.at("replay.blocks.workload", context),
        max_sequence=course.at("act1.deployment.context_tokens", context),
        reservation=str(settings["act1.reservation"]),
        steps=table.steps_published if published else table.steps,
        requests=table.requests,
        seed=course.at("act2.simulation.seed"),
    )


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
    start = course.read(Deployment, "act1.deployment")
    model = course.models[start.model].with_kv_heads(kv_heads)
    deployment = engine.Deployment(model, course.gpus[start.gpu], start.gpus, start.weight_bits, start.kv_bits)
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
    published = course.read(Published, "replay.published")
    limit, total = published.max_sequence, blocks_of(course, course.at("act1.deployment.kv_heads"))
    traffic = _queue(course, published.workload, limit, request)
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


KINDS = {"blocks": Kind(BlocksRequest, blocks)}
