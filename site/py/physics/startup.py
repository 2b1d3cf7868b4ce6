"""What a server's start-up lines should say: weights, what is left for the cache, and the tokens that it holds."""

from __future__ import annotations

from physics.checkpoints import checkpoint_bytes
from physics.memory import kv_bytes_per_token, kv_copies, memory_plan
from physics.quantities import Deployment, Reserve


def startup_figures(deployment: Deployment, reserve: Reserve, format: str = "") -> dict[str, float]:
    """weights_bytes and kv_bytes of a GPU, kv_tokens of the replica; docs/physics.md has their errors.

    format: of the checkpoint, where it isn't the usual one of so many bits (see FORMATS). kv_tokens counts every token with
    all layers: of a model with windows it is the least that fits, as vLLM's line for the cache's size is.
    """
    plan = memory_plan(deployment, reserve)
    weights = plan["weights_bytes"]
    if format:
        usual = checkpoint_bytes(deployment.model, deployment.weight_bits)
        weights += checkpoint_bytes(deployment.model, deployment.weight_bits, format) - usual
    left = plan["kv_budget_bytes"] + plan["weights_bytes"] - weights
    token = kv_bytes_per_token(deployment.model, deployment.kv_bits) * kv_copies(deployment)
    return {
        "weights_bytes": weights / deployment.gpus,
        "kv_bytes": left / deployment.gpus,
        "kv_tokens": left / token,
    }
