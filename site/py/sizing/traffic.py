"""The traffic of a question: lengths, when requests come, how the load moves over a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import engine

MOMENT_SEED, MOMENT_REQUESTS = 1, 4000


@dataclass(frozen=True)
class Traffic:
    """Who asks: requests of a workload, or those of a file; open at `rate_per_s`, or closed with `users` at once.

    rate_per_s: at the busiest hour. cv: coefficient of variation of the gaps, 1 for Poisson. daily: the load of each hour as a
    share of the busiest, empty for an even day. recorded: the requests of a file in order of arrival, which replace the
    workload's; they are served at their own times, faster or slower as the rate asks. longest_tokens: prompt and answer
    together that the server takes; longer requests are cut, of the recorded ones so many as `cut` says.
    """

    workload: engine.Workload
    longest_tokens: int
    rate_per_s: float = 0.0
    users: int = 0
    cv: float = 1.0
    daily: tuple[float, ...] = ()
    recorded: tuple[engine.Request, ...] = ()
    cut: int = 0

    def sample(self, share: float, count: int, seed: int) -> list[engine.Request]:
        """`count` requests at a share of the rate. Closed traffic has no times; its users ask when they were answered."""
        if self.recorded:
            return _replayed(self.recorded, self.rate_per_s * share, count, seed)
        rate = (self.rate_per_s or 1.0) * share
        return engine.sample_requests(self.workload, rate, count, seed, self.longest_tokens, cv=self.cv)


def _replayed(recorded: tuple[engine.Request, ...], rate: float, count: int, seed: int) -> list[engine.Request]:
    """The recorded requests at another pace, again and again until there are enough; a seed begins at another place."""
    first, last = recorded[0].arrival_s, recorded[-1].arrival_s
    span = (last - first) * len(recorded) / max(1, len(recorded) - 1)  # a gap more, to the first of the next round
    begin, pace = (seed * 7919) % len(recorded), len(recorded) / span / rate if rate and span else 1.0
    found = []
    for i in range(begin, begin + count):
        lap, at = divmod(i, len(recorded))
        clock = (recorded[at].arrival_s - first + lap * span) * pace
        found.append(replace_arrival(recorded[at], clock))
    start = found[0].arrival_s if found else 0.0
    return [replace_arrival(request, request.arrival_s - start) for request in found]


def replace_arrival(request: engine.Request, at_s: float) -> engine.Request:
    """The same request at another time."""
    return request._replace(arrival_s=at_s)


HOUR_S = 3600.0


def busiest_per_s(recorded: Sequence[engine.Request]) -> float:
    """The rate of recorded requests over the hour in which most of them came, or over all of it if it is shorter; 0 where it
    has no length."""
    times = [request.arrival_s for request in recorded]
    span = (times[-1] - times[0]) * len(times) / max(1, len(times) - 1)  # a gap more, as when it is replayed
    if span <= HOUR_S:
        return len(times) / span if span else 0.0
    most = begin = 0
    for end, at in enumerate(times):
        while at - times[begin] >= HOUR_S:
            begin += 1
        most = max(most, end - begin + 1)
    return most / HOUR_S


@dataclass(frozen=True)
class Moments:
    """What the bounds need of the lengths, in tokens: means, half the mean square of the prompts (the pairs that attention
    compares), the mean context of a request while it writes, prompt and output at the percentile of the promise, the longest."""

    prompt: float
    pairs: float
    output: float
    context: float
    prompt_tail: int
    output_tail: int
    longest: int


def moments(traffic: Traffic, percent: int) -> Moments:
    """The moments of a traffic's lengths, over its recorded requests or a sample of some thousand."""
    return _moments(
        replace(traffic, rate_per_s=1.0, users=0, cv=1.0, daily=()), percent
    )  # lengths know nothing of these


@lru_cache(maxsize=64)
def _moments(traffic: Traffic, percent: int) -> Moments:
    requests = traffic.recorded or traffic.sample(1.0, MOMENT_REQUESTS, MOMENT_SEED)
    prompts, outputs = [r.prompt_tokens for r in requests], [r.output_tokens for r in requests]
    count, written = len(requests), sum(outputs)
    held = math.fsum(r.output_tokens * (r.prompt_tokens + r.output_tokens / 2) for r in requests)
    return Moments(
        prompt=sum(prompts) / count,
        pairs=math.fsum(p * p / 2 for p in prompts) / count,
        output=written / count,
        context=held / written,
        prompt_tail=int(engine.percentile(prompts, percent) or 1),
        output_tail=int(engine.percentile(outputs, percent) or 1),
        longest=max(r.prompt_tokens + r.output_tokens for r in requests),
    )


@lru_cache(maxsize=64)
def cut_share(traffic: Traffic) -> float:
    """The share of requests that are longer than the server takes, of the recorded ones or of a sample of some thousand."""
    if traffic.recorded:
        return traffic.cut / len(traffic.recorded)
    whole = engine.sample_requests(traffic.workload, 1.0, MOMENT_REQUESTS, MOMENT_SEED)
    return sum(r.prompt_tokens + r.output_tokens > traffic.longest_tokens for r in whole) / len(whole)


# Standard normal quantiles: the log-normal that a mean and a tail describe (Abramowitz and Stegun 1964, table 26.1).
NORMAL = (
    (0.0, -3.09),
    (0.01, -2.3263),
    (0.05, -1.6449),
    (0.1, -1.2816),
    (0.2, -0.8416),
    (0.3, -0.5244),
    (0.4, -0.2533),
    (0.5, 0.0),
    (0.6, 0.2533),
    (0.7, 0.5244),
    (0.8, 0.8416),
    (0.9, 1.2816),
    (0.95, 1.6449),
    (0.99, 2.3263),
    (0.999, 3.0902),
    (1.0, 3.09),
)


def lengths_of(mean: float, tail: float) -> engine.Quantiles:
    """A quantile table of lengths with this mean and 99th percentile, in tokens: a log-normal, as traces of prompts and answers
    roughly are. Raises PhysicsError for a tail under the mean, or one that no log-normal has.

    From exp(m + s²/2) = mean and exp(m + 2.3263 s) = tail follows s² / 2 - 2.3263 s + ln(tail / mean) = 0, the smaller root.
    """
    mean, tail = engine.positive("The mean length", mean), engine.positive("The 99th percentile", tail)
    if tail == mean:
        return ((0.0, mean), (1.0, mean))
    z = 2.3263
    ratio = math.log(tail / mean)
    if not 0 < ratio < z * z / 2:
        raise engine.PhysicsError(
            f"The 99th percentile must lie above the mean and below {mean * math.exp(z * z / 2):.0f} tokens, not at {tail:g}."
        )
    spread = z - math.sqrt(z * z - 2 * ratio)
    middle = math.log(mean) - spread * spread / 2
    values = [(share, math.exp(middle + spread * min(at, 3.09))) for share, at in NORMAL]
    scale = mean / _mean(values)  # the straight lines between the table's points add a little
    return tuple((share, max(1.0, round(value * scale, 1))) for share, value in values)


def _mean(table: Sequence[tuple[float, float]]) -> float:
    """The mean of a quantile table whose points are joined by straight lines."""
    return math.fsum((b - a) * (low + high) / 2 for (a, low), (b, high) in pairwise(table))
