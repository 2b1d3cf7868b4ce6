"""How many blocks the requests hold that write, found without asking each of them."""

from __future__ import annotations

import math

MOST_PHASES = 4096  # tokens a block; larger blocks are counted request by request


def blocks_for(tokens: float, block_size: int) -> int:
    """Blocks that so many tokens take."""
    return math.ceil(tokens / block_size)


class Phases:
    """The blocks of requests that all write one token an iteration, by how far each is into its last block.

    A request with n tokens at iteration i has the lead n − i, which doesn't change while it writes: lead = size · blocks +
    phase. At iteration now it holds ⌈(lead + now) / size⌉ blocks.
    """

    def __init__(self, size: int) -> None:
        self.size, self.blocks, self.count = size, 0, 0
        self.at = [0] * size

    def add(self, lead: int) -> None:
        """A request begins to write."""
        self.blocks += lead // self.size
        self.count += 1
        self.at[lead % self.size] += 1

    def remove(self, lead: int) -> None:
        """A request writes no more."""
        self.blocks -= lead // self.size
        self.count -= 1
        self.at[lead % self.size] -= 1

    def used(self, now: int) -> int:
        """Blocks of all of them at iteration `now`: one begun each, none for those who are at its edge, two past it."""
        turns, past = divmod(now, self.size)
        over = sum(self.at[self.size - past + 1 :]) if past else -self.at[0]
        return self.blocks + self.count * (turns + 1) + over
