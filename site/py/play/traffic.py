"""What comes while somebody plays: requests at a rate that changes over the time and by the player's tap.

Arrivals are a Poisson process: each waits for a unit exponential of expected arrivals. A stream draws its lengths in the order of
arrival, so the n-th request of a seed is the same one whatever the player does.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from random import Random

import engine
from content.game import Stream
from engine import Request, Workload

STEPS_PER_S = 2  # the curve's rate holds for half a second


def rate_at(stream: Stream, at_s: float) -> float:
    """Requests a second that the curve of a stream asks for, the same for half a second."""
    middle = (math.floor(at_s * STEPS_PER_S) + 0.5) / STEPS_PER_S
    times = [time for time, _ in stream.curve]
    after = bisect_right(times, middle)
    if after in (0, len(times)):
        return stream.curve[max(0, after - 1)][1]
    (low, below), (high, above) = stream.curve[after - 1], stream.curve[after]
    return below + (above - below) * (middle - low) / (high - low)


class Source:
    """One stream from its seed: when its next request comes, and what that is."""

    def __init__(self, stream: Stream, workload: Workload, seed: int, longest: int, ends_s: float) -> None:
        self.stream, self.workload, self.longest, self.ends_s = stream, workload, longest, ends_s
        self.gaps, self.sizes = Random(2 * seed), Random(2 * seed + 1)
        self.since_s, self.left = 0.0, engine.unit_exponential(self.gaps)
        self.flow = 1.0  # the tap

    def due_s(self, until_s: float) -> float:
        """When the next request comes, infinity if not by `until_s`."""
        at_s, left, ends_s = self.since_s, self.left, min(until_s, self.ends_s)
        while at_s < ends_s:
            edge_s = min((math.floor(at_s * STEPS_PER_S) + 1) / STEPS_PER_S, ends_s)
            rate = self.flow * rate_at(self.stream, at_s)
            if rate and left <= rate * (edge_s - at_s):
                return at_s + left / rate
            left -= rate * (edge_s - at_s)
            at_s = edge_s
        return math.inf

    def turn(self, flow: float, at_s: float) -> None:
        """The player turns the tap: from then on `flow` times the curve comes."""
        at = self.since_s
        while at < min(at_s, self.ends_s):
            edge_s = min((math.floor(at * STEPS_PER_S) + 1) / STEPS_PER_S, at_s, self.ends_s)
            self.left -= self.flow * rate_at(self.stream, at) * (edge_s - at)
            at = edge_s
        self.since_s, self.flow = at_s, flow

    def take(self, at_s: float, shares: Callable[[], bool]) -> Request:
        """The request that is due. shares: whether it may use what others' prompts begin with."""
        self.since_s, self.left = at_s, engine.unit_exponential(self.gaps)
        system = self.stream.system_tokens
        prompt = system + engine.length_at(self.workload.prompt_quantiles, self.sizes.random())
        output = engine.length_at(self.workload.output_quantiles, self.sizes.random())
        prompt, output = engine.cut(prompt, output, self.longest)
        prefix = ((0, system),) if 0 < system < prompt and shares() else ()
        return Request(at_s, prompt, output, prefix)
