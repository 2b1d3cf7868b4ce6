"""Memory: what a token leaves behind, what fits beside the weights, how blocks are handed out. All in bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from physics.blocks import Pages
from physics.checkpoints import checkpoint_bytes, expert_bytes
from physics.quantities import Deployment, Model, PhysicsError, Reserve, positive, whole

BLOCK_TOKENS = 16
WATERMARK = 0.01  # share of the blocks that stays free when a request joins, as in vLLM: less churn by preemption
SCALED = 128  # values that share a 32-bit scale


def kv_bytes_per_token(model: Model, kv_bits: int) -> int:
    """Bytes that one more token adds to the cache while no window is full.

    Layers · KV heads · (key + value) · bytes; MLA keeps layers · latent_dim · bytes instead (DeepSeek-AI, 2024, DeepSeek-V2,
    section 2.1). Layers with a fixed state, without attention or with another layer's cache add nothing.
    """
    full, local = layer_values(model)
    return (model.full_layers * full + model.local_layers * local) * kv_bits // 8 + sparse_bytes(model, kv_bits)


def sparse_bytes(model: Model, kv_bits: int) -> int:
    """Bytes that a token leaves behind for a sparse attention, beside the cache (DeepSeek-AI 2025, DeepSeek-V3.2).

    Over a latent the indexer's keys have 8 bits and a 32-bit scale for each 128, whatever the cache has; an 8-bit latent has such
    scales, too, and its rotary part stays at 16 bits: 132 and 656 bytes a layer (vLLM's and SGLang's fp8_ds_mla). An index of
    blocks has the cache's precision.
    """
    if not model.latent_dim:
        return model.index_dim * model.index_layers * kv_bits // 8
    index = model.index_layers * (model.index_dim + 4 * -(-model.index_dim // SCALED))
    wide = model.rope_dim + 4 * -(-model.latent_rank // SCALED) if model.index_layers and kv_bits == 8 else 0
    return index + model.full_layers * wide


def kv_bytes_per_late_token(model: Model, kv_bits: int) -> int:
    """Bytes that one more token adds to the cache when every window is full: only the full layers grow."""
    return model.full_layers * layer_values(model)[0] * kv_bits // 8 + sparse_bytes(model, kv_bits)


def kv_bytes(model: Model, tokens: float, kv_bits: int) -> int:
    """Bytes of one request's cache at a length of `tokens`; layers with a window stop growing when it is full."""
    tokens = whole("The number of tokens", tokens)
    full, local = layer_values(model)
    kept = model.full_layers * full * tokens + model.local_layers * local * min(tokens, model.window_tokens)
    return kept * kv_bits // 8 + sparse_bytes(model, kv_bits) * tokens


STATE_BYTES = 2  # vLLM keeps a state at the model's 16 bits; a file may ask for 32, which takes up to twice as much


def state_bytes(model: Model) -> int:
    """Bytes of what one request keeps in layers with a state, however long it is and whatever the cache's precision."""
    return model.state_values * STATE_BYTES


def request_bytes(deployment: Deployment, tokens: float) -> int:
    """Bytes that one request of so many tokens takes of a replica: each copy of its cache, and its state, which is shared out."""
    model, bits, copies = deployment.model, deployment.kv_bits, kv_copies(deployment)
    windowed = model.local_layers * layer_values(model)[1] * min(whole("The length", tokens), model.window_tokens)
    fewer = windowed * bits // 8 * (copies - window_copies(deployment))
    return kv_bytes(model, tokens, bits) * copies - fewer + state_bytes(model)


def layer_values(model: Model) -> tuple[int, int]:
    """Values that a token leaves behind in a full layer, and in one with a window."""
    if model.latent_dim:
        return model.latent_dim, model.latent_dim
    full = model.kv_heads * (model.head_dim + (model.value_dim or model.head_dim))
    size, heads = model.local_head_dim or model.head_dim, model.local_kv_heads or model.kv_heads
    return full, heads * (size + (model.value_dim or size))


def kv_copies(deployment: Deployment) -> int:
    """How many times the cache is held: once, unless a request's GPUs are more than the KV heads; MLA's latent is on each."""
    if deployment.model.latent_dim:
        return deployment.tp
    return max(1, deployment.tp // deployment.model.kv_heads)


def window_copies(deployment: Deployment) -> int:
    """The same of layers with a window, which may have another number of KV heads."""
    heads = deployment.model.local_kv_heads
    return max(1, deployment.tp // heads) if heads else kv_copies(deployment)


def weight_bytes(model: Model, bits: int) -> int:
    """Bytes of all weights at so many bits each."""
    return model.parameters * bits // 8


def nominal_weight_bytes(deployment: Deployment) -> int:
    """Bytes of the weights as a textbook counts them: parameters times bits."""
    return weight_bytes(deployment.model, deployment.weight_bits)


def replica_weight_bytes(deployment: Deployment) -> int:
    """Bytes of the checkpoint over all GPUs of a replica; what isn't an expert is there once for each attention group."""
    model, bits = deployment.model, deployment.weight_bits
    whole_checkpoint = checkpoint_bytes(model, bits)
    return whole_checkpoint + (deployment.attention_dp - 1) * round(whole_checkpoint - expert_bytes(model, bits))


def memory_plan(deployment: Deployment, reserve: Reserve) -> dict[str, float]:
    """Where the memory of a replica goes, in bytes: total = outside_utilization + weights + activation + kv_budget.

    kv_budget_bytes is negative when the weights don't fit. The split follows vLLM's `gpu_memory_utilization`; what the
    driver keeps to itself counts as outside, if the reserve is a server's.
    """
    total = deployment.gpu.memory_bytes * deployment.gpus
    shared_out = deployment.gpu.usable_bytes * deployment.gpus if reserve.served else total
    outside = total - math.floor(shared_out * reserve.utilization)
    weights = replica_weight_bytes(deployment) if reserve.served else nominal_weight_bytes(deployment)
    activation = math.floor(reserve.activation_bytes_per_gpu) * deployment.gpus
    return {
        "total_bytes": total,
        "outside_utilization_bytes": outside,
        "weights_bytes": weights,
        "activation_bytes": activation,
        "kv_budget_bytes": total - outside - weights - activation,
    }


def max_users(deployment: Deployment, context_tokens: float, reserve: Reserve) -> int:
    """How many requests of `context_tokens` fit whole beside the weights; 0 if none does."""
    tokens = whole("The context length", context_tokens, 1)
    budget = math.floor(memory_plan(deployment, reserve)["kv_budget_bytes"])
    return max(0, budget // request_bytes(deployment, tokens))


def users_over_context(deployment: Deployment, contexts: Sequence[int], reserve: Reserve) -> list[int]:
    """`max_users` for each of many context lengths in tokens; what doesn't depend on the length is computed once."""
    budget = max(0, math.floor(memory_plan(deployment, reserve)["kv_budget_bytes"]))
    return [budget // request_bytes(deployment, tokens) for tokens in contexts]


def block_bytes(model: Model, kv_bits: int, block_tokens: int = BLOCK_TOKENS) -> int:
    """Bytes of one block: `block_tokens` tokens of all layers, not of one (Kwon and others, SOSP 2023)."""
    return kv_bytes_per_token(model, kv_bits) * whole("The block size", block_tokens, 1)


def kv_blocks(deployment: Deployment, reserve: Reserve, block_tokens: int = BLOCK_TOKENS) -> int:
    """Whole blocks that the KV budget holds; 0 when the weights leave none."""
    each = block_bytes(deployment.model, deployment.kv_bits, block_tokens) * kv_copies(deployment)
    return max(0, math.floor(memory_plan(deployment, reserve)["kv_budget_bytes"]) // each)


def common_divisor(one: int, other: int) -> int:
    """The greatest number that divides both."""
    while other:
        one, other = other, one % other
    return one


def kv_pages(deployment: Deployment, reserve: Reserve, block_tokens: int = BLOCK_TOKENS) -> tuple[int, Pages]:
    """What the simulation takes: whole pages of the KV budget, and how many a block of tokens takes.

    A model with windows keeps its layers in groups of equal size, one page for each block of a group, as vLLM's hybrid manager
    does; of any other model a page is a block.
    """
    model = deployment.model
    if not model.local_layers or layer_values(model)[0] != layer_values(model)[1]:
        return kv_blocks(deployment, reserve, block_tokens), Pages()
    group = common_divisor(model.full_layers, model.local_layers)
    pages = Pages(model.full_layers // group, model.local_layers // group, model.window_tokens)
    page = group * layer_values(model)[0] * deployment.kv_bits // 8 * whole("The block size", block_tokens, 1)
    budget = math.floor(memory_plan(deployment, reserve)["kv_budget_bytes"])
    return max(0, budget // (page * kv_copies(deployment))), pages


def contiguous_share(lengths: Sequence[int], reservation: str, max_tokens: int) -> float:
    """The share of reserved token slots that hold a token at the end, when each request reserves one contiguous stretch.

    reservation: "max" reserves max_tokens, "pow2" the next power of two, "oracle" exactly the final length; `lengths` are
    final lengths in tokens. Raises PhysicsError for another name.
    """
    if reservation not in ("max", "pow2", "oracle"):
        raise PhysicsError(f"A reservation is max, pow2 or oracle, not {reservation!r}.")
    reserved = 0
    for length in lengths:
        power = 1 << max(0, length - 1).bit_length()
        reserved += {"max": max_tokens, "pow2": min(power, max_tokens), "oracle": length}[reservation]
    return sum(lengths) / positive("The number of reserved slots", reserved)


def paged_share(lengths: Sequence[int], block_tokens: int = BLOCK_TOKENS) -> float:
    """The share of paged token slots that hold a token: only the last block of each request is partly empty."""
    slots = sum(-(-length // block_tokens) * block_tokens for length in lengths)
    return sum(lengths) / positive("The number of slots", slots)
