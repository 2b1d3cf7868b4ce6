"""What grows with what: the derivation of Act I as numbers, and factors measured by doubling one thing at a time."""

from __future__ import annotations

from dataclasses import replace

from physics.memory import kv_bytes, kv_bytes_per_token, max_users, memory_plan, weight_bytes
from physics.quantities import NAIVE, Deployment, Model


def worked(deployment: Deployment, context_tokens: int) -> dict[str, float]:
    """The derivation line by line for the naive budget: sizes in bytes, users as a whole number."""
    model, plan = deployment.model, memory_plan(deployment, NAIVE)
    return {
        "layers": model.layers,
        "kv_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "bytes_per_value": deployment.kv_bits / 8,
        "kv_token_bytes": kv_bytes_per_token(model, deployment.kv_bits),
        "kv_user_bytes": kv_bytes(model, context_tokens, deployment.kv_bits),
        "cluster_bytes": plan["total_bytes"],
        "weights_bytes": plan["weights_bytes"],
        "left_bytes": plan["kv_budget_bytes"],
        "users": max_users(deployment, context_tokens, NAIVE),
    }


def growth(deployment: Deployment, context_tokens: int) -> dict[str, float]:
    """Factors: after / before when the length doubles, or the width (twice the heads, feed-forward twice as wide).

    kv_*: one user's cache. weights_*: all weights. users_by_length: users that fit. attention_flops_by_length: the
    arithmetic of attention over a prompt, 4 · layers · query heads · head_dim · n²/2.
    """
    model, bits = deployment.model, deployment.kv_bits
    wider = widened(model)
    before, twice = kv_bytes(model, context_tokens, bits), kv_bytes(model, 2 * context_tokens, bits)
    users = max_users(deployment, context_tokens, NAIVE)
    return {
        "kv_by_length": twice / before,
        "kv_by_width": kv_bytes(wider, context_tokens, bits) / before,
        "weights_by_length": weight_bytes(model, deployment.weight_bits) / weight_bytes(model, deployment.weight_bits),
        "weights_by_width": layer_parameters(wider) / layer_parameters(model),
        "users_by_length": max_users(deployment, 2 * context_tokens, NAIVE) / max(1, users),
        "attention_flops_by_length": attention_flops(model, 2 * context_tokens)
        / attention_flops(model, context_tokens),
    }


def widened(model: Model) -> Model:
    """The model twice as wide: vectors, heads and feed-forward, with heads of the same size."""
    return replace(
        model,
        width=2 * model.width,
        query_heads=2 * model.query_heads,
        kv_heads=2 * model.kv_heads,
        ffn_width=2 * model.ffn_width,
        latent_dim=2 * model.latent_dim,
        local_kv_heads=2 * model.local_kv_heads,
    )


def layer_parameters(model: Model) -> int:
    """Weights of one dense layer: projections of queries, keys, values and output, and a gated feed-forward network."""
    attention = 2 * model.width * model.head_dim * (model.query_heads + model.kv_heads)
    return attention + 3 * model.width * model.ffn_width


def attention_flops(model: Model, tokens: int) -> float:
    """FLOP of causal attention over a prompt: scores and weighted values, half of the square."""
    return 4 * model.layers * model.query_heads * model.head_dim * tokens * tokens / 2
