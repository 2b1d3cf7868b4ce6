"""Roofline: where a step stands between the two walls, arithmetic and bandwidth (Williams and others, CACM 2009).

A step does so many FLOP and moves so many bytes; their ratio, the arithmetic intensity, decides which of the two takes longer.
Left of the ridge it is the bytes, right of it the arithmetic. All figures are those of one GPU of the replica.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from physics.memory import kv_copies
from physics.quantities import Gpu, positive
from physics.steptime import Chunk, StepCost, binding


def ridge(gpu: Gpu, weight_bits: int) -> float:
    """The intensity at which both walls take equally long, in FLOP/byte: peak FLOP/s over peak bytes/s."""
    return gpu.flops_per_s(weight_bits) / gpu.bandwidth_bytes_per_s


def roof(gpu: Gpu, weight_bits: int, intensity: float) -> float:
    """The most FLOP/s that the data sheet's peaks allow at an intensity in FLOP/byte: min(F, intensity · BW)."""
    reading = positive("The intensity", intensity) * gpu.bandwidth_bytes_per_s
    return min(gpu.flops_per_s(weight_bits), reading)


def reached(cost: StepCost, intensity: float) -> float:
    """FLOP/s of linear layers of this intensity in FLOP/byte, at the shares of the peaks that kernels were measured to reach.

    The step-time model's smooth corner: 1/√((1/cF)² + (1/(intensity · b · BW))²).
    """
    gpu, constants = cost.deployment.gpu, cost.calibration
    arithmetic = 1 / (constants.compute * gpu.flops_per_s(cost.deployment.weight_bits))
    reading = 1 / (positive("The intensity", intensity) * constants.bandwidth * gpu.bandwidth_bytes_per_s)
    return 1 / math.sqrt(arithmetic * arithmetic + reading * reading)


def work(cost: StepCost, decodes: int, context_tokens: float, prefills: Sequence[Chunk] = ()) -> dict[str, float]:
    """What one step asks of one GPU: `flop`, `weights_bytes` and `cache_bytes` (read and written), as counts.

    The inputs are those of `StepCost.step`. FLOP: 2 per weight and token, and 4 · layers · heads · size per pair of tokens
    that attention compares. Activations between the layers are left out, as in the usual reckoning of intensity.
    """
    gpus = cost.deployment.gpus
    tokens, outputs = decodes + sum(length for _, length in prefills), decodes + len(prefills)
    pairs = context_tokens + math.fsum(length * (start + length / 2) for start, length in prefills)
    cached = context_tokens + tokens + sum(start for start, _ in prefills)
    near = (
        min(1.0, tokens * cost.window_tokens / pairs) if cost.window_tokens and pairs else 1.0
    )  # in reach of a window
    token_bytes = (cost.late_token_bytes + (cost.kv_token_bytes - cost.late_token_bytes) * near) * kv_copies(
        cost.deployment
    )
    flop: float = cost.flop_per_token * tokens + cost.flop_per_output * outputs
    flop += cost.pair_flop * pairs * (1 - cost.local_share * (1 - near))
    return {
        "flop": flop / gpus,
        "weights_bytes": (cost.weights_read(tokens) if tokens else 0.0) / gpus,
        "cache_bytes": token_bytes * cached / gpus,
    }


def placed(
    cost: StepCost, decodes: int, context_tokens: float, prefills: Sequence[Chunk] = ()
) -> dict[str, float | str]:
    """One step as a point of the roofline: its work, the terms of its time, and where it stands.

    `intensity` in FLOP/byte, `flops_per_s` what one GPU achieves over the whole step, `total_s` the step in s with its terms
    by name, `wall` the one that binds. Raises PhysicsError for a step of nothing and for counts that can't be.
    """
    terms = cost.step(decodes, context_tokens, prefills)
    asked = work(cost, decodes, context_tokens, prefills)
    tokens, outputs = decodes + sum(length for _, length in prefills), decodes + len(prefills)
    seconds = positive("The step time", terms["total_s"])
    return {
        **asked,
        **terms,
        "intensity": asked["flop"] / (asked["weights_bytes"] + asked["cache_bytes"]),
        "flops_per_s": asked["flop"] / seconds,
        "wall": binding(terms, cost, tokens, outputs),
    }
