"""Layers with a window read at most its tokens of each request: what requests that are shorter spare."""

from __future__ import annotations

from heapq import heappop, heappush

from physics.steptime import StepCost


class Window:
    """What the requests that write don't fill of a window: short = Σ max(0, window − cached tokens), less `pace` a step.

    A step's base time counts every window as full (StepCost.decode_affine); `token_s` is what each missing token takes off.
    """

    def __init__(self, tokens: int, token_s: float) -> None:
        self.tokens, self.token_s = tokens, token_s
        self.short = self.pace = 0.0
        self.filling: dict[int, tuple[float, int, float]] = {}  # request -> (cached tokens, iteration, tokens a step)
        self.fills: list[tuple[float, int, int]] = []  # heap of (iteration when it is full, request, iteration begun)

    def begin(self, request: int, cached: float, iteration: int, stride: float) -> None:
        """A request begins to write."""
        if cached < self.tokens:
            self.filling[request] = cached, iteration, stride
            self.short += self.tokens - cached
            self.pace += stride
            heappush(self.fills, (iteration + -(-(self.tokens - cached) // stride), request, iteration))

    def stop(self, request: int, iteration: int) -> None:
        """A request writes no more, or its window is full."""
        if request in self.filling:
            cached, begun, stride = self.filling.pop(request)
            self.short -= self.tokens - cached - (iteration - begun) * stride
            self.pace -= stride
            if not self.filling:
                self.short = self.pace = 0.0

    def until_full(self, iteration: int, most: int) -> int:
        """At most `most`, but no more iterations than until the next window is full."""
        while self.fills:
            full, request, begun = self.fills[0]
            if request in self.filling and self.filling[request][1] == begun:
                return min(most, int(full) - iteration)
            heappop(self.fills)
        return most

    def advance(self, count: int, iteration: int) -> None:
        """`count` iterations have passed, none of which comes after the next window is full."""
        self.short -= count * self.pace
        while self.fills and self.fills[0][0] <= iteration:
            _, request, begun = heappop(self.fills)
            if request in self.filling and self.filling[request][1] == begun:
                self.stop(request, iteration)

    def missing(self, count: int) -> float:
        """Tokens that `count` iterations don't read, all together: short, and less at each."""
        return count * self.short - self.pace * count * (count - 1) / 2


def windows_of(cost: StepCost, draft: StepCost | None, proposed: int) -> list[Window]:
    """The windows of a model, and of a draft that takes `proposed` steps for one of the model's; none where none is."""
    found = []
    for model, times in ((cost, 1), (draft, proposed)):
        tokens = getattr(model, "window_tokens", 0)
        if tokens:
            found.append(Window(tokens, times * getattr(model, "near_token_s", 0.0)))
    return found


def missing_from(tokens: int, cached: int, steps: int) -> int:
    """Tokens that one request, `cached` tokens long at first, spares a window in so many steps: Σ max(0, tokens − cached − k)."""
    filling = min(steps, max(0, tokens - cached))
    return filling * (tokens - cached) - filling * (filling - 1) // 2
