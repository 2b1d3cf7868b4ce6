"""The engine's memory and step time for many designs at once, and what no simulation of them can beat.

The same equations as physics.steptime and physics.memory, over numpy's arrays: a test holds them equal. What is a bound is
one from below: a design whose bound breaks a promise breaks it in any simulation too, or only just keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import engine
from sizing.traffic import Moments

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kinds:
    """Replicas of several kinds as arrays, one entry a kind. Bytes of a replica; rates as engine.Rates.

    shared_bytes: what an engine shares out; weights_bytes; gpus; activation_bytes of one token of the budget and
    fixed_buffer_bytes, sampler_bytes of one seat past SAMPLER_FREE, each a GPU; token_bytes of a token while windows fill,
    late_bytes when they are full; state_bytes of a request.
    """

    rates: engine.Rates[Array]
    shared_bytes: Array
    weights_bytes: Array
    gpus: Array
    activation_bytes: Array
    fixed_buffer_bytes: Array
    sampler_bytes: Array
    token_bytes: Array
    late_bytes: Array
    state_bytes: Array

    def at(self, chosen: NDArray[np.intp]) -> Kinds:
        """The kinds at some places, as often as they are named there."""
        fields = {name: value[chosen] for name, value in vars(self).items() if name != "rates"}
        return Kinds(rates=engine.Rates(*(rate[chosen] for rate in self.rates)), **fields)

    def column(self) -> Kinds:
        """The same as columns, to be set against rows."""
        fields = {name: value[:, None] for name, value in vars(self).items() if name != "rates"}
        return Kinds(rates=engine.Rates(*(rate[:, None] for rate in self.rates)), **fields)


def kinds_of(
    deployments: Sequence[engine.Deployment],
    calibrations: Sequence[engine.Calibration],
    used: float,
    held_back: Sequence[tuple[str, float]] = (),
) -> Kinds:
    """The arrays of some replicas; `used` is the share of the memory that an engine may use, held_back bytes by GPU that it keeps
    further. Raises PhysicsError for a replica whose step can't be estimated."""
    costs = [engine.StepCost(each, engine.calibration_for(each, calibrations)) for each in deployments]
    rows = [_memory_row(each, used, dict(held_back).get(each.gpu.id, 0.0)) for each in deployments]
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    rates = [np.array(column, dtype=float) for column in zip(*(cost.rates() for cost in costs), strict=True)]
    return Kinds(engine.Rates(*rates), *columns)


def _memory_row(deployment: engine.Deployment, used: float, held_back: float) -> tuple[float, ...]:
    """What a replica's memory is made of, from the engine's own answers at few places."""
    model, gpus = deployment.model, deployment.gpus
    few, more = (dict(engine.engine_reserve(deployment, used, tokens).buffers) for tokens in (1, 2))
    fixed = sum(size for name, size in few.items() if name != "activations") + held_back
    seated = dict(engine.engine_reserve(deployment, used, 1, engine.SAMPLER_FREE + 1).buffers)
    plan = engine.memory_plan(deployment, engine.engine_reserve(deployment, used, 1))
    none, one = engine.request_bytes(deployment, 0), engine.request_bytes(deployment, 1)
    full = engine.request_bytes(deployment, model.window_tokens) if model.local_layers else none
    late = engine.request_bytes(deployment, model.window_tokens + 1) - full if model.local_layers else one - none
    return (
        plan["total_bytes"] - plan["outside_utilization_bytes"],
        plan["weights_bytes"],
        gpus,
        more["activations"] - few["activations"],
        fixed,
        seated.get("sampler", 0.0),
        one - none,
        late,
        none,
    )


def kv_budget_bytes(kinds: Kinds, seats: Array, token_budget: Array) -> Array:
    """Bytes for the cache, negative where the weights don't fit: engine.memory_plan with engine.engine_reserve."""
    sampler = kinds.sampler_bytes * np.maximum(0, seats - engine.SAMPLER_FREE)
    each = token_budget * kinds.activation_bytes + kinds.fixed_buffer_bytes + sampler
    return kinds.shared_bytes - kinds.weights_bytes - np.floor(np.maximum(each, 0.0)) * kinds.gpus


def request_bytes(kinds: Kinds, tokens: Array) -> Array:
    """Bytes that a request of so many tokens takes of a replica: engine.request_bytes."""
    filling = np.where(kinds.rates.window_tokens > 0, np.minimum(tokens, kinds.rates.window_tokens), 0.0)
    return kinds.late_bytes * tokens + (kinds.token_bytes - kinds.late_bytes) * filling + kinds.state_bytes


def step_s(
    rates: engine.Rates[Array],
    decodes: Array,
    context_tokens: Array,
    prompts: Array,
    prompt_tokens: Array,
    pairs: Array,
) -> Array:
    """One step's seconds: engine.StepCost.seconds. The counts may be means, so none of them has to be whole.

    decodes: requests that write; context_tokens: cached by all of them; prompts, prompt_tokens, pairs: engine.prompt_work.
    """
    r = rates
    tokens, sequences = decodes + prompt_tokens, decodes + prompts
    compute = (r.flop_per_token * tokens + r.flop_per_output * sequences) * r.compute_s
    read = r.dense_bytes * r.weights_s
    seconds: Array = np.sqrt(compute * compute + read * read) + (r.element_s + r.reduce_token_s) * tokens
    if np.any(np.asarray(r.chosen) > 0):
        seconds = seconds + experts_s(r, tokens)
    seconds = seconds + r.reduce_s + r.layers_s + r.sequence_s * sequences
    seconds = seconds + r.attention_s * np.minimum(decodes, 1.0) + r.context_token_s * context_tokens
    seconds = seconds + r.attention_s * np.minimum(prompts, 1.0) + r.pair_s * pairs + r.prefill_io_s * prompt_tokens
    if np.any(np.asarray(r.window_tokens) > 0):
        seconds = seconds + r.near_token_s * np.minimum(context_tokens, decodes * r.window_tokens)
        seconds = seconds + r.near_pair_s * np.minimum(pairs, prompt_tokens * r.window_tokens)
    return seconds


def experts_s(rates: engine.Rates[Array], tokens: Array) -> Array:
    """Experts' part of the linear layers, in s; nothing for a dense model."""
    share = 1 - (1 - rates.chosen) ** tokens
    tiles = rates.expert_tile * share * rates.experts_per_choice
    compute = np.maximum(tokens + 0.5 * tiles, tiles) * rates.expert_compute_s
    read = share * rates.expert_weights_s
    found: Array = np.sqrt(compute * compute + read * read)
    return found


@dataclass(frozen=True)
class Load:
    """What one replica is asked for: so many requests a second, or so many users at once (the other is 0), of some lengths."""

    rate_per_s: Array
    users: Array
    moments: Moments


@dataclass(frozen=True)
class Bounds:
    """What no run of a design beats, as arrays. rate_per_s: requests a second of a replica at most, 0 where the longest request
    doesn't fit; seats: requests that write at once at that rate; share: of that rate that is asked for; tpot_s, ttft_s and
    e2e_s: at least so long at the percentile that the lengths were taken at."""

    rate_per_s: Array
    seats: Array
    share: Array
    tpot_s: Array
    ttft_s: Array
    e2e_s: Array


def most_seats(kinds: Kinds, seats: Array, token_budget: Array, moments: Moments) -> Array:
    """Requests that can write at once: as many as seats, memory and the budget of a step allow; 0 where the longest doesn't fit.

    Of `seats` requests each step writes a token and reads seats · prompt / output tokens of prompts, or soon none would be left
    to write.
    """
    budget = kv_budget_bytes(kinds, seats, token_budget)
    held = budget / request_bytes(kinds, np.array(moments.context))
    mixed = token_budget * moments.output / (moments.output + moments.prompt)
    fits = budget >= request_bytes(kinds, np.array(float(moments.longest)))
    return np.where(fits, np.minimum(np.minimum(seats, held), mixed), 0.0)


def capacity_per_s(kinds: Kinds, seats: Array, moments: Moments) -> Array:
    """Requests a second that a replica with so many requests writing at once can do, at most."""
    begun = seats / moments.output  # prompts that each step has to read to keep them so many
    seconds = mean_step_s(kinds.rates, seats, begun, moments)
    return np.where(seats > 0, begun / np.where(seats > 0, seconds, 1.0), 0.0)


def mean_step_s(rates: engine.Rates[Array], writing: Array, begun: Array, moments: Moments) -> Array:
    """Seconds of a step at least, in the mean over steps in which so many requests write and so many prompts are begun.

    Prompts come in few large chunks, and a step reads few experts where few tokens choose: so experts take what the tokens
    that are written take, or the arithmetic of all.
    """
    dense = rates._replace(chosen=np.zeros(1))
    read = begun * moments.prompt
    seconds = step_s(dense, writing, writing * moments.context, begun, read, begun * moments.pairs)
    if np.any(rates.chosen > 0):
        seconds = seconds + _experts_at_least_s(rates, writing, read)
    return seconds


def _experts_at_least_s(rates: engine.Rates[Array], writing: Array, read: Array) -> Array:
    """Experts' seconds of a step at least, in the mean; 0 for a dense model."""
    alone = experts_s(rates, np.minimum(writing, MOST_TOKENS))
    return np.maximum(alone, (writing + read) * rates.expert_compute_s)


ROUNDS = 3  # of experts' share of a step, each from the step before: from below, so that each is a bound


def loaded_step_s(kinds: Kinds, rate_per_s: Array, moments: Moments) -> Array:
    """The mean step of a replica at a rate it can do, in s; infinite at one that it can't.

    In a step of t seconds rate · output · t requests write and rate · prompt · t tokens of prompts are read (Little's law), so
    that all parts of a step but one are affine in t: t = √((a t)² + w²) + b t + c, a quadratic. Steps that differ take longer
    in the mean, since the root is convex.
    """
    r, m = kinds.rates, moments
    written, read = rate_per_s * m.output, rate_per_s * m.prompt
    a = (r.flop_per_token * (written + read) + r.flop_per_output * (written + rate_per_s)) * r.compute_s
    w = r.dense_bytes * r.weights_s
    b = (r.element_s + r.reduce_token_s) * (written + read) + r.sequence_s * (written + rate_per_s)
    b = b + r.context_token_s * written * m.context + (r.pair_s * m.pairs + r.prefill_io_s * m.prompt) * rate_per_s
    c = r.reduce_s + r.layers_s + r.attention_s
    if np.any(r.window_tokens > 0):
        reach, near = np.minimum(m.context, r.window_tokens), np.minimum(m.pairs, m.prompt * r.window_tokens)
        b = b + r.near_token_s * written * reach + r.near_pair_s * near * rate_per_s
    seconds = _root(a, b, c, w)
    if np.any(r.chosen > 0):
        for _ in range(ROUNDS):
            spent = np.minimum(seconds, MOST_SECONDS)
            seconds = _root(a, b, c + _experts_at_least_s(r, written * spent, read * spent), w)
    return seconds


MOST_TOKENS, MOST_SECONDS = 1e6, 1e3  # of a step: past this a step without an end is no number to go on with


def _root(a: Array, b: Array, c: Array, w: Array) -> Array:
    """The t with t = √((a t)² + w²) + b t + c; infinite where there is none: the work comes faster than it is done."""
    left = 1 - b
    square = left * left - a * a
    possible = (left > 0) & (square > 0)
    square = np.where(possible, square, 1.0)
    inner = np.maximum(c * c * left * left - square * (c * c - w * w), 0.0)
    return np.where(possible, (c * left + np.sqrt(inner)) / square, np.inf)


def bounds(kinds: Kinds, seats: Array, token_budget: Array, load: Load) -> Bounds:
    """What no run of designs beats; `kinds`, `seats`, `token_budget` and `load` fit one another as numpy's arrays do."""
    m = load.moments
    most = most_seats(kinds, seats, token_budget, m)
    rate = capacity_per_s(kinds, most, m)
    if np.any(load.users > 0):
        writing = np.minimum(np.maximum(load.users, 1.0), np.maximum(most, 1.0))
        asked = np.minimum(capacity_per_s(kinds, writing, m), rate)  # 0 where the longest request doesn't fit
        share = load.users / np.maximum(most, 1e-9)
        seconds = np.where(asked > 0, writing / np.where(asked > 0, asked * m.output, 1.0), np.inf)
    else:
        asked = load.rate_per_s
        share = asked / np.where(rate > 0, rate, 1e-9)
        seconds = loaded_step_s(kinds, asked, m)
        writing = np.minimum(np.maximum(asked * m.output * seconds, 1.0), np.maximum(most, 1.0))
    alone = step_s(kinds.rates, np.array(1.0), np.array(m.context), np.array(0.0), np.array(0.0), np.array(0.0))
    tpot = np.maximum(alone, seconds)
    ttft = first_token_s(kinds, writing, token_budget, m)
    return Bounds(rate, most, share, tpot, ttft, kinds.rates.front_s + tpot * m.output_tail)


def first_token_s(kinds: Kinds, writing: Array, token_budget: Array, moments: Moments) -> Array:
    """The time to the first token of a prompt at the percentile that nobody waits before, in s: its chunks, beside the others'
    tokens. A chunk's mean stands for each: a step's time is convex in its tokens."""
    chunks = np.ceil(moments.prompt_tail / np.maximum(token_budget - writing, 1.0))
    tokens, pairs = moments.prompt_tail / chunks, moments.prompt_tail * moments.prompt_tail / 2 / chunks
    one = np.ones_like(chunks)
    step = step_s(kinds.rates, writing, writing * moments.context, one, tokens, pairs)
    return kinds.rates.front_s + chunks * step
