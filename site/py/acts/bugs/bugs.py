"""Find the bugs: wrong sentences of the lab's earlier draft, and the engine's judgement of what a learner makes of them.

The sentences stand in content/bugs.toml. A correction is the value of a control, which begins with the draft's mistake. Right
is what the engine computes: a number within the bug's tolerance, or the option whose claims hold. No answer is typed anywhere.
"""

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import engine
from acts.bugs.shape import Figure, Queue, Statement
from acts.promises import questions, serving
from acts.promises.shape import Simulation
from acts.wall.shape import Deployment
from acts.wall.users import sizes, users_numbers
from content.course import Course, Scenario
from content.wording import MIB, Number, Quantities
from runs import oracles

UNTOUCHED, LOW, HIGH, WRONG, RIGHT = "untouched", "too_low", "too_high", "wrong", "right"
DECODE_BATCH = 32  # requests of the decode step that is taken apart
MANY_BATCH, MOST_BATCH = 64, 256  # where the gain of speculation is looked at, beside a request alone


def all_of(course: Course) -> dict[str, Figure | Statement]:
    """Every bug by id: those that a number corrects, then those that a choice does."""
    numbers, choices = course.each(Figure, "bugs.numbers"), course.each(Statement, "bugs.choices")
    return {bug.id: bug for bugs in (numbers, choices) for bug in bugs}


def judge(course: Course, id: str, value: object) -> str:
    """UNTOUCHED while the draft's mistake stands, else the engine's verdict."""
    return UNTOUCHED if value == all_of(course)[id].draft else verdict(course, id, value)


def verdict(course: Course, id: str, value: object) -> str:
    """What the engine says of a value: RIGHT, or LOW or HIGH for a number, or WRONG for a choice."""
    bug = all_of(course)[id]
    if isinstance(bug, Statement):
        claims = next(option.claims for option in bug.options if option.id == value)
        return RIGHT if oracles.holds(claims, numbers(course)) else WRONG
    right = _number(numbers(course)[bug.measure])
    difference = _number(value) - right
    if abs(difference) <= bug.within * right:
        return RIGHT
    return LOW if difference < 0 else HIGH


def said(course: Course, id: str, value: object) -> dict[str, Number]:
    """The numbers that a bug's sentences may ask for: the engine's, the draft's mistake, and the learner's correction."""
    bug = all_of(course)[id]
    found: dict[str, Number] = {
        **users_numbers(course, _asked(course)),
        **numbers(course),
        "draft": bug.draft,
        "value": value if isinstance(value, int | float) else None,
    }
    if isinstance(bug, Figure):
        found |= {"draft_share": bug.draft / _number(found[bug.measure])}
    if id == "batch":
        for name, batch in (("own_response", value), ("draft_response", bug.draft)):
            seconds = response_s(course, int(_number(batch)))
            found[name] = seconds if math.isfinite(seconds) else course.at("bugs.endless")
    return found


def response_s(course: Course, batch: int) -> float:
    """Mean response in s of the chapter's server that waits to fill a batch; infinite when it can't keep up."""
    queue = course.read(Queue, "bugs.queue")
    return engine.batched_queue_s(queue.rate_per_s, batch, queue.fixed_s, queue.each_s)


@lru_cache(maxsize=4)
def numbers(course: Course) -> Quantities:
    """Everything that the sentences rest on, for the default context: closed forms, no simulation. s, bytes, FLOP, tokens."""
    context = course.at("course.context.default")
    users = sizes(course, _asked(course))
    start = course.read(Deployment, "act1.deployment")
    model, gpu = course.models[start.model], course.gpus[start.gpu]
    prefill = 2 * model.active_parameters
    return {
        **users,
        "draft_user_bytes": users["kv_user_bytes"] / users["bytes_per_value"],
        "peak": gpu.bf16_flops_per_s,
        "peak_tflops": gpu.bf16_flops_per_s / engine.TFLOP,
        "page_mib": users["block_bytes_real"] / MIB,
        "draft_bytes": _number(all_of(course)["page"].draft) * MIB,
        "prefill_flop": prefill,
        "prefill_gflop": prefill / 1e9,
        **_queue_numbers(course),
        **_decode_numbers(course, context),
        **_tail_numbers(course, context),
        **_speculation_numbers(course, context),
    }


def _asked(course: Course) -> Scenario:
    """Act I's scenario for the default context."""
    return oracles.scenario(course, "act1.prediction", course.at("course.context.default"))


def _queue_numbers(course: Course) -> Quantities:
    queue = course.read(Queue, "bugs.queue")
    best = min(range(1, queue.largest_batch + 1), key=lambda batch: response_s(course, batch))
    return {
        "queue_rate": queue.rate_per_s,
        "queue_fixed": queue.fixed_s,
        "queue_each": queue.each_s,
        "best_batch": best,
        "best_response": response_s(course, best),
    }


def _context_tokens(course: Course, context: str) -> int:
    return int(course.at("act1.deployment.context_tokens", context))


def _decode_numbers(course: Course, context: str) -> Quantities:
    """A decode step of the assistant's replica, taken apart: what it reads, against what is there to be read."""
    request = questions.base_request(course, "a", context)
    cost, deployment = serving.step_cost(course, request), serving.deployment_of(course, request)
    tokens = DECODE_BATCH * _context_tokens(course, context)
    cached = deployment.gpus / engine.kv_copies(deployment)

    def read(context_tokens: int) -> tuple[float, float]:
        work = engine.work(cost, DECODE_BATCH, context_tokens)
        return work["weights_bytes"] * deployment.gpus, work["cache_bytes"] * cached

    weights, cache = read(tokens)
    kept = tokens * engine.kv_bytes_per_token(deployment.model, deployment.kv_bits)
    return {
        "decode_batch": DECODE_BATCH,
        "decode_weights": weights,
        "decode_cache": cache,
        "decode_cache_share": cache / kept,
        "decode_weights_reads": weights / engine.weight_bytes(deployment.model, deployment.weight_bits),
        "decode_growth": sum(read(2 * tokens)) / (weights + cache),
    }


def _tail_numbers(course: Course, context: str) -> Quantities:
    """Prefill on an empty server: of the mean prompt of the assistant's traffic, and of one that one in a hundred reaches."""
    request = questions.base_request(course, "a", context)
    cost, settings = serving.step_cost(course, request), serving.server_settings(course, request)
    lengths = engine.lengths(course.workloads[request.workload], None)
    mean, long = (engine.lone_ttft_s(cost, settings, round(lengths[f"prompt_{which}"])) for which in ("mean", "p99"))
    return {
        "prompt_mean": lengths["prompt_mean"],
        "prompt_p99": lengths["prompt_p99"],
        "mean_prefill": mean,
        "long_prefill": long,
        "tail_ratio": long / mean,
    }


def _speculation_numbers(course: Course, context: str) -> Quantities:
    """Tokens a second with a draft over those without (Leviathan, 2023): a request alone, and two batches, with the
    assistant's mean prompt in the cache."""
    simulation = course.read(Simulation, "act2.simulation")
    request = questions.base_request(course, "a", context)
    tokens = round(engine.lengths(course.workloads[request.workload], None)["prompt_mean"])
    cost = serving.step_cost(course, request)
    draft = serving.step_cost(course, replace(request, **serving.draft_of(course)))

    def speedup(batch: int) -> float:
        proposed = (simulation.speculation_tokens, simulation.acceptance)
        return engine.speculation_speedup(cost, draft, batch, batch * tokens, *proposed)

    alone, most = speedup(1), speedup(MOST_BATCH)
    return {
        "speedup_one": alone,
        "speedup_many": speedup(MANY_BATCH),
        "speedup_most": most,
        "speedup_gain": most / alone,
        "many_batch": MANY_BATCH,
        "most_batch": MOST_BATCH,
    }


def _number(value: Any) -> float:
    return float(value)
