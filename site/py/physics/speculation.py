"""Speculative decoding: how many steps an answer takes when a draft's guesses are kept or not by chance."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from random import Random

from physics.schedulers import ServerSettings
from physics.steptime import StepCost

STEPS = 1 << 16  # of the stream that all requests of a run read, each from a place of its own
SPREAD = 40_503  # 65,536 over the golden ratio: the places of few requests lie far apart (Knuth 1998, section 6.4)


@lru_cache(maxsize=8)
def written_by(acceptance: float, guesses: int, seed: int) -> tuple[int, ...]:
    """Tokens that a request has written after 0, 1, 2, ... STEPS steps of the stream.

    A step writes one token more than the guesses it keeps. Each guess is kept with probability a until the first is not:
    k < g with probability aᵏ(1 − a), all g with aᵍ (Leviathan and others, ICML 2023, section 2).
    """
    stream, kept, power = Random(seed), [], 1.0
    for _ in range(guesses):
        power *= acceptance
        kept.append(1 - power)  # the probability that at most so many are kept
    return (0, *accumulate(_steps(stream, kept)))


def _steps(stream: Random, kept: list[float]) -> Iterator[int]:
    """What each step writes: one token, and the guesses that it keeps."""
    for _ in range(STEPS):
        yield 1 + bisect_right(kept, stream.random())


class Drafts:
    """The luck of a run. A request's depends on the seed and on its number alone, so that two servers see the same."""

    def __init__(self, settings: ServerSettings) -> None:
        self.written = written_by(settings.acceptance, settings.speculation_tokens, settings.speculation_seed)

    def steps(self, request: int, done: int, tokens: int) -> int:
        """Steps that a request takes for so many tokens, `done` having been written before."""
        place = (request + 31 * done) * SPREAD % STEPS
        rounds, left = divmod(tokens - 1, self.written[-1])
        goal = self.written[place] + left + 1
        if goal > self.written[-1]:  # the stream begins again
            return rounds * STEPS + STEPS - place + bisect_left(self.written, goal - self.written[-1])
        return rounds * STEPS + bisect_left(self.written, goal) - place


class OwnHeads(StepCost):
    """A model that guesses with heads of its own (multi-token prediction): the guesses take no time, checking them does."""

    window_tokens = 0

    def __init__(self) -> None:
        """Nothing to measure."""

    def decode_affine(self, decodes: int, tokens_each: int = 1) -> tuple[float, float]:
        """No time for any number of guesses."""
        return 0.0, 0.0
