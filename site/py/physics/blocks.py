"""How many blocks the requests hold that write, found without asking each of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from physics.quantities import PhysicsError, whole

MOST_PHASES = 4096  # tokens a block; larger blocks are counted request by request


def blocks_for(tokens: float, block_size: int) -> int:
    """Blocks that so many tokens take."""
    return math.ceil(tokens / block_size)


@dataclass(frozen=True)
class Pages:
    """What a block of tokens takes of the memory, in pages: `full` for the layers that keep all, `near` for those with a window.

    Layers with a window of `window_tokens` keep the blocks that it touches and give the others back, as vLLM's hybrid
    manager does: at most ⌈window / block⌉ and one more, for it slides. An ordinary model's block is one page.
    """

    full: int = 1
    near: int = 0
    window_tokens: int = 0

    def __post_init__(self) -> None:
        if whole("full", self.full) + whole("near", self.near) < 1:
            raise PhysicsError("A block takes at least one page.")
        whole("window_tokens", self.window_tokens, 1 if self.near else 0)

    def most_near(self, block_size: int) -> int:
        """Blocks that a layer with a window keeps at most."""
        return blocks_for(self.window_tokens, block_size) + 1

    def of(self, tokens: float, block_size: int) -> int:
        """Pages of a request of so many tokens."""
        blocks = blocks_for(tokens, block_size)
        return self.full * blocks + (self.near * min(blocks, self.most_near(block_size)) if self.near else 0)


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
