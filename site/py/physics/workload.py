"""Workloads: when requests arrive and how long they are, from quantile tables and a seed.

The same seed gives the same traffic on every platform, digit for digit: uniforms come from random.Random (Mersenne
Twister), unit exponentials from comparisons of uniforms only, lengths from linear interpolation. Gaps are unit
exponentials divided by the rate, so that two loads see the same traffic at another pace.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from physics.quantities import PhysicsError, positive, whole

Quantiles = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Workload:
    """Lengths as quantile tables ((share of requests, tokens), ...), rising from share 0 to share 1."""

    id: str
    name: str
    prompt_quantiles: Quantiles
    output_quantiles: Quantiles
    source: str = ""
    assumption: str = ""

    def __post_init__(self) -> None:
        for table in (self.prompt_quantiles, self.output_quantiles):
            shares, tokens = [share for share, _ in table], [value for _, value in table]
            rising = all(a <= b for values in (shares, tokens) for a, b in pairwise(values))
            whole_range = len(table) > 1 and shares[0] == 0 and shares[-1] == 1
            if not whole_range or not rising or not 0 <= tokens[0] <= tokens[-1] < math.inf:
                raise PhysicsError(f"Workload {self.id}: a quantile table must rise from share 0 to share 1.")


class Request(NamedTuple):
    """One request: when it arrives, in s, and its lengths in tokens.

    prefix: what its sequence holds, as pieces (content, tokens) from its start, for a server with a prefix cache: two
    requests with the same first pieces share those tokens. Pieces past the prompt name the answer, which a later prompt may
    hold as a piece. What no piece names is the request's own. A content is a whole number from 0. priority: who waits with a
    lower number joins first, and within one number who came first.
    """

    arrival_s: float
    prompt_tokens: int
    output_tokens: int
    prefix: tuple[tuple[int, int], ...] = ()
    priority: int = 0


def unit_exponential(random: Random) -> float:
    """One draw from the exponential distribution with mean 1, by comparisons alone (von Neumann, 1951).

    A run of falling uniforms u1 > u2 > ... that stops at an even place accepts u1; each rejected run adds 1. No logarithm,
    whose last digit differs between platforms.
    """
    rounds = 0
    while True:
        first = previous = random.random()
        length = 1
        while (following := random.random()) < previous:
            previous = following
            length += 1
        if length % 2:
            return rounds + first
        rounds += 1


def bursty_gap(random: Random, cv: float) -> float:
    """One gap with mean 1 and a coefficient of variation `cv` ≥ 1, from two exponentials with balanced means.

    With probability p = (1 + √((cv² − 1)/(cv² + 1))) / 2 the gap is short, mean 1/(2p), else long, mean 1/(2(1 − p)): the
    hyperexponential of the queueing textbooks (Tijms, 2003, appendix B). cv = 1 is the Poisson process.
    """
    if cv == 1:
        return unit_exponential(random)
    square = cv * cv
    short = (1 + math.sqrt((square - 1) / (square + 1))) / 2
    share = short if random.random() < short else 1 - short
    return unit_exponential(random) / (2 * share)


def quantile(table: Quantiles, share: float) -> float:
    """The value at a share of the distribution, by linear interpolation in the table."""
    at = min(max(bisect_right(table, (share, math.inf)), 1), len(table) - 1)
    (low, below), (high, above) = table[at - 1], table[at]
    return below + (above - below) * ((share - low) / (high - low)) if high > low else above


def length_at(table: Quantiles, share: float) -> int:
    """A whole length of at least one token at a share of the distribution."""
    return max(1, math.floor(quantile(table, share) + 0.5))


def share_within(table: Quantiles, value: float) -> float:
    """The share of the distribution that is at most `value`: the inverse of `quantile`."""
    at = bisect_right([tokens for _, tokens in table], value)
    if at in (0, len(table)):
        return float(at > 0)
    (low, below), (high, above) = table[at - 1], table[at]
    return low + (high - low) * ((value - below) / (above - below))


@lru_cache(maxsize=256)
def prompt_at(workload: Workload, share: float, max_sequence_tokens: int | None = None) -> int:
    """The smallest length in tokens that at least a share of the prompts don't exceed, once they are cut to fit a limit.

    A cut prompt is longer than x when the prompt is and its answer leaves more than x of the limit, and the two are drawn
    independently: P(cut > x) = P(prompt > x) · P(answer < limit − x). The answer keeps at most half of the limit.
    """

    def longer(tokens: int) -> float:
        whole_prompts = 1 - share_within(workload.prompt_quantiles, tokens + 0.5)
        if max_sequence_tokens is None or max_sequence_tokens - tokens > max_sequence_tokens // 2:
            return whole_prompts
        return whole_prompts * share_within(workload.output_quantiles, max_sequence_tokens - tokens - 0.5)

    low, high = 1, length_at(workload.prompt_quantiles, 1.0)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if longer(middle) <= 1 - share else (middle + 1, high)
    return low


def cut(prompt: int, output: int, max_sequence_tokens: int | None) -> tuple[int, int]:
    """Lengths that fit a limit: the answer keeps at most half of it, the prompt's oldest tokens are dropped."""
    if max_sequence_tokens is None:
        return prompt, output
    output = min(output, max_sequence_tokens // 2)
    return min(prompt, max_sequence_tokens - output), output


def sample_requests(
    workload: Workload,
    rate_per_s: float,
    count: int,
    seed: int,
    max_sequence_tokens: int | None = None,
    *,
    cv: float = 1.0,
) -> list[Request]:
    """`count` requests arriving at `rate_per_s`, lengths cut to `max_sequence_tokens` (prompt + output).

    Arrivals are Poisson, or burstier with the gaps' coefficient of variation `cv` above 1. Raises PhysicsError for a rate
    that isn't positive, a `cv` under 1, or a limit under two tokens.
    """
    if not 1 <= cv < math.inf:
        raise PhysicsError(f"Arrivals can be Poisson (1) or burstier, not {cv}.")
    return list(_requests(workload, positive("The load", rate_per_s), count, seed, max_sequence_tokens, cv))


def _requests(
    workload: Workload, rate: float, count: int, seed: int, limit: int | None, cv: float
) -> Iterator[Request]:
    if limit is not None:
        whole("The longest sequence", limit, 2)
    for clock, prompt, output in _drawn(workload, whole("The number of requests", count), seed, cv):
        yield Request(clock / rate, *cut(prompt, output, limit))


@lru_cache(maxsize=4)
def _drawn(workload: Workload, count: int, seed: int, cv: float) -> list[tuple[float, int, int]]:
    """The chance in it, whatever the load and the limit: when each request comes at one a second, its prompt, its answer."""
    gaps, sizes = Random(2 * seed), Random(2 * seed + 1)
    clock, found = 0.0, []
    for _ in range(count):
        clock += bursty_gap(gaps, cv)
        prompt = length_at(workload.prompt_quantiles, sizes.random())
        found.append((clock, prompt, length_at(workload.output_quantiles, sizes.random())))
    return found


def sample_chat(
    workload: Workload,
    sessions_per_s: float,
    sessions: int,
    seed: int,
    *,
    turns: int,
    think_s: float,
    system_tokens: int,
    max_sequence_tokens: int | None = None,
) -> list[Request]:
    """Conversations in order of arrival: each prompt is the whole history, the system prompt that all share first.

    The workload's prompts are the users' messages, its outputs the answers. Sessions begin as a Poisson process at
    `sessions_per_s`, each of at most `turns` turns; it ends sooner where a turn would exceed `max_sequence_tokens`. A turn
    comes an exponential time of mean `think_s`, in s, after the one before it came. Raises PhysicsError for counts and times
    that can't be.
    """
    rate, pause = positive("The load", sessions_per_s), positive("The time to think", think_s)
    whole("The number of turns", turns, 1), whole("The system prompt", system_tokens, 1)
    gaps, sizes = Random(2 * seed), Random(2 * seed + 1)
    begun, found, contents = 0.0, [], 1
    for _ in range(whole("The number of sessions", sessions)):
        begun += unit_exponential(gaps) / rate
        history: tuple[tuple[int, int], ...] = ((0, system_tokens),)
        arrival, tokens = begun, system_tokens
        for turn in range(turns):
            arrival += pause * unit_exponential(gaps) if turn else 0.0
            message = length_at(workload.prompt_quantiles, sizes.random())
            answer = length_at(workload.output_quantiles, sizes.random())
            history += ((contents, message), (contents + 1, answer))
            tokens, contents = tokens + message + answer, contents + 2
            if max_sequence_tokens is None or tokens <= max_sequence_tokens:
                found.append(Request(arrival, tokens - answer, answer, history))
    return sorted(found, key=itemgetter(0))


@lru_cache(maxsize=256)
def lengths(workload: Workload, max_sequence_tokens: int | None = None) -> Mapping[str, float]:
    """The lengths in closed form: mean and 99th percentile of prompts and outputs in tokens, and the share of prompts cut.

    Means are over 1,000 equal steps of each table; a prompt is counted as cut against the output of median length.
    """
    shares = [(i + 0.5) / 1000 for i in range(1000)]
    median = length_at(workload.output_quantiles, 0.5)
    whole_prompts = [length_at(workload.prompt_quantiles, share) for share in shares]
    prompts = [cut(prompt, median, max_sequence_tokens)[0] for prompt in whole_prompts]
    outputs = [cut(1, length_at(workload.output_quantiles, share), max_sequence_tokens)[1] for share in shares]
    found = {
        "prompt_mean": sum(prompts) / 1000,
        "prompt_p99": prompts[989],
        "output_mean": sum(outputs) / 1000,
        "output_p99": outputs[989],
        "share_cut": sum(a < b for a, b in zip(prompts, whole_prompts, strict=True)) / 1000,
    }
    return MappingProxyType(found)
