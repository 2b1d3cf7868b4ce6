"""One measured number in the place of a predicted one: fitted from one measurement, applied to the others, and taken back.

An anchor is a value beside the predictions and changes none of them: whoever predicts asks it for the number that it holds,
and without it predicts as before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from physics.quantities import PhysicsError
from physics.steptime import Calibration

ANCHORS = ("kv", "host", "front")
LIMITS = {"host": (0.0, 50.0), "front": (0.0, 10.0)}
HALVINGS = 30


@dataclass(frozen=True)
class Anchor:
    """kind: "kv" tokens that a replica's cache holds, "host" a factor on the host's times, "front" seconds before the first
    token outside of the model's steps."""

    kind: str
    value: float

    def __post_init__(self) -> None:
        if self.kind not in ANCHORS:
            raise PhysicsError(f"An anchor is one of {', '.join(ANCHORS)}, not {self.kind!r}.")
        if not 0 <= self.value < math.inf:
            raise PhysicsError(f"An anchor can't be {self.value}.")

    def constants(self, predicted: Calibration) -> Calibration:
        """The constants with this number in its place."""
        if self.kind == "host":
            return replace(
                predicted, step_s=predicted.step_s * self.value, sequence_s=predicted.sequence_s * self.value
            )
        return replace(predicted, front_s=self.value) if self.kind == "front" else predicted

    def kv_tokens(self, predicted: int) -> int:
        """The KV tokens with this number in its place."""
        return round(self.value) if self.kind == "kv" else predicted


def fitted(
    kind: str, measured: float, predict: Callable[[Anchor], float], limits: tuple[float, float] | None = None
) -> Anchor:
    """The anchor with which `predict` gives what was measured, or the end of its limits that is nearest to it.

    predict: rises with host and front, falls with kv. limits: needed for "kv", which is searched by ratios.
    """
    low, high = limits or LIMITS[kind]
    rising = kind != "kv"
    for _ in range(HALVINGS):
        more = predict(Anchor(kind, _middle(kind, low, high))) < measured
        middle = _middle(kind, low, high)
        low, high = (middle, high) if more == rising else (low, middle)
    return Anchor(kind, _middle(kind, low, high))


def _middle(kind: str, low: float, high: float) -> float:
    return math.sqrt(low * high) if kind == "kv" else (low + high) / 2
