"""Parameters of a shape that was read: all of them, and those that one token uses. Biases and norms are counted too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from physics.hub_families import Family
from physics.hub_layers import BOTH, FULL, STATE, WINDOW, Config
from physics.hub_text import ConfigError


@dataclass(frozen=True)
class Heads:
    """Attention of one kind of layer: numbers of heads, lengths of a query or key and of a value, all in values."""

    query: int
    kv: int
    size: int
    value: int


@dataclass(frozen=True)
class Shape:
    """What is counted: geometry in values, each layer's kind, whether it has experts and whether it owns keys and values."""

    width: int
    vocab: int
    embedding: int
    positions: int
    tied: bool
    full: Heads
    local: Heads
    latent: int
    dense_width: int
    expert_width: int
    shared_width: int
    experts: int
    per_token: int
    kinds: list[str]
    sparse: Sequence[bool]
    owned: Sequence[bool]
    index_dim: int
    indexed: Sequence[bool]


def parameters(config: Config, family: Family, shape: Shape) -> tuple[int, int]:
    """(all, active per token), in weights. A table of embeddings counts as active, as in published figures."""
    width, matrices = shape.width, family.matrices
    norm = width * (2 if family.norm_bias else 1)
    table = shape.vocab * shape.embedding
    fixed = table * (1 if shape.tied else 2) + shape.positions * width + norm
    fixed += shape.vocab if "h" in family.bias else 0
    fixed += 2 * width * shape.embedding if shape.embedding != width else 0
    dense = matrices * width * shape.dense_width + (
        (matrices - 1) * shape.dense_width + width if "f" in family.bias else 0
    )
    narrow = {"letters": "moe_latent_size", "kimi": "routed_expert_hidden_size"}.get(family.layers)
    inner = config.count(narrow, default=0) if narrow else 0  # experts of a narrower vector
    expert = matrices * (inner or width) * shape.expert_width
    expert += (matrices - 1) * shape.expert_width + width if "f" in family.bias else 0
    always = matrices * width * shape.shared_width + width * shape.experts + 2 * width * inner
    idle = 0
    state = STATES[family.state](config, width)[0] if family.state else 0
    indexer = _indexer(config, family, shape) if any(shape.indexed) else 0
    for i, kind in enumerate(shape.kinds):
        fixed += norm * family.norms + (indexer if shape.indexed[i] else 0)
        if kind in (FULL, BOTH, WINDOW):
            fixed += attention(config, family, shape, shape.local if kind == WINDOW else shape.full, shape.owned[i])
        if kind in (STATE, BOTH):
            fixed += state
        if shape.sparse[i]:
            fixed += always + shape.per_token * expert
            idle += (shape.experts - shape.per_token) * expert
        if has_dense(config, family, shape, i):
            wide = 1 if shape.owned[i] or not config.flag("use_double_wide_mlp", False) else 2
            fixed += dense * wide if family.layers != "blocks" else matrices * width * _block_width(config, width, i)
    fixed += _beside(config, family, shape)
    return fixed + idle, fixed


def attention(config: Config, family: Family, shape: Shape, heads: Heads, owned: bool) -> int:
    """Weights of one layer's attention, in weights; a layer that reads another's cache has no keys and values of its own."""
    width = shape.width
    if shape.latent:
        gate = family.layers == "kimi" and config.flag("mla_use_output_gate", False)
        return _latent(config, width, heads) + (width * heads.query * config.count("v_head_dim") if gate else 0)
    queries, keys, values = heads.query * heads.size, heads.kv * heads.size, heads.kv * heads.value
    gated = config.flag("attn_output_gate", family.gate) if family.gate else False
    found = width * queries * (2 if gated else 1) + heads.query * heads.value * width
    one = (
        heads == shape.full and config.flag("attention_k_eq_v", False) if "global_head_dim" in family.absent else False
    )
    found += width * (keys + (0 if one else values)) if owned else 0
    found += width * heads.query if family.layers == "step" and config.flag("use_head_wise_attn_gate", False) else 0
    found += queries + keys + values if "q" in family.bias else 0
    found += width if "o" in family.bias else 0
    return found + {"": 0, "head": 2 * heads.size, "full": queries + keys}[family.qk]


def _latent(config: Config, width: int, heads: Heads) -> int:
    """DeepSeek-AI, 2024, DeepSeek-V2, section 2.1: queries and keys through vectors of low rank."""
    latent, rope = config.count("kv_lora_rank"), config.count("qk_rope_head_dim")
    nope, value, rank = (
        config.count("qk_nope_head_dim"),
        config.count("v_head_dim"),
        config.count("q_lora_rank", default=0),
    )
    query = heads.query * (nope + rope)
    queries = width * rank + rank * query + rank if rank else width * query
    return (
        queries + width * (latent + rope) + latent + latent * heads.query * (nope + value) + heads.query * value * width
    )


def _indexer(config: Config, family: Family, shape: Shape) -> int:
    """What chooses the tokens that a layer attends to (DeepSeek-AI, 2025, DeepSeek-V3.2, section 2.1), in weights."""
    width, size = shape.width, shape.index_dim
    if family.index == "blocks":
        table = config.get("sparse_attention_config")
        heads = config.count("index_n_heads") if table is None else Config(table).count("sparse_num_index_heads")
        return width * size * (heads + 1) + 2 * size
    heads, rank = config.count("index_n_heads"), config.count("q_lora_rank", default=0) or width
    return heads * size * rank + width * (size + heads) + 2 * size


def state_values(config: Config, family: Family, shape: Shape) -> int:
    """What one request keeps in all layers with a state, in values, however long it is."""
    layers = sum(kind in (STATE, BOTH) for kind in shape.kinds)
    return layers * STATES[family.state](config, shape.width)[1] if layers else 0


# --- What stands in for attention: (weights of a layer, values that it keeps of a request) -----------------------------


def _delta(config: Config, width: int) -> tuple[int, int]:
    """Gated DeltaNet (Yang and others, 2025, arXiv:2412.06464), as in Qwen3-Next."""
    values, length = config.count("linear_num_value_heads"), config.count("linear_value_head_dim")
    key = config.count("linear_num_key_heads") * config.count("linear_key_head_dim")
    value = values * length
    kernel, keys = config.count("linear_conv_kernel_dim"), config.count("linear_key_head_dim")
    mixed = width * (2 * key + 2 * value + 2 * values) + kernel * (2 * key + value)
    return mixed + value * width + 2 * values + length, (kernel - 1) * (2 * key + value) + value * keys


def _mamba(config: Config, width: int) -> tuple[int, int]:
    """Mamba (Gu and Dao, 2023, arXiv:2312.00752), as in Jamba, with its three norms."""
    inner, state = config.count("mamba_expand") * width, config.count("mamba_d_state")
    rank = -(-width // 16) if config.get("mamba_dt_rank") in (None, "auto") else config.count("mamba_dt_rank")
    mixed = width * 2 * inner + inner * (config.count("mamba_d_conv") + 1) + inner * (rank + 2 * state)
    weights = mixed + rank * inner + inner + inner * state + inner + inner * width + rank + 2 * state
    return weights, inner * (config.count("mamba_d_conv") - 1 + state)


def _mamba2(config: Config, width: int) -> tuple[int, int]:
    """Mamba 2 (Dao and Gu, 2024, arXiv:2405.21060), as in Bamba, Falcon-H1 and Nemotron-H."""
    heads = config.count("mamba_n_heads", "mamba_num_heads")
    size = 0 if config.get("mamba_d_head") == "auto" else config.count("mamba_d_head", "mamba_head_dim", default=0)
    inner = config.count("mamba_d_ssm", default=0) or (heads * size or config.count("mamba_expand", "expand") * width)
    config.get("mamba_expand"), config.get("expand")
    states = config.count("mamba_n_groups", "n_groups") * config.count("mamba_d_state", "ssm_state_size")
    kernel = config.count("mamba_d_conv", "conv_kernel")
    mixed = width * (2 * inner + 2 * states + heads) + (inner + 2 * states) * (kernel + 1)
    kept = (kernel - 1) * (inner + 2 * states) + inner * config.count("mamba_d_state", "ssm_state_size")
    return mixed + inner * width + inner + 3 * heads, kept


def _conv(config: Config, width: int) -> tuple[int, int]:
    """A short gated convolution, as in LFM2."""
    kernel = config.count("conv_L_cache")
    return 4 * width * width + kernel * width, (kernel - 1) * width


def _lightning(config: Config, width: int) -> tuple[int, int]:
    """Lightning attention, as in MiniMax-01 (arXiv:2501.08313): queries, keys, values, output and a gate."""
    heads = config.count("num_attention_heads")
    size = config.count("head_dim", default=0) or width // heads
    return 5 * heads * size * width + heads * size, heads * size * size


def _kda(config: Config, width: int) -> tuple[int, int]:
    """Kimi Delta Attention (arXiv:2510.26692)."""
    table = config.get("linear_attn_config")
    inner = Config(table if isinstance(table, dict) else {})
    heads = inner.count("num_heads", default=0) or config.count("linear_num_heads")
    size = inner.count("head_dim", default=0) or config.count("linear_head_dim")
    kernel = inner.count("short_conv_kernel_size", default=0) or config.count("linear_conv_kernel_dim", default=4)
    whole = heads * size
    narrow = width * size + size * whole
    gate = width * whole if inner.flag("use_full_rank_gate", False) else narrow
    mixed = 4 * width * whole + 3 * kernel * whole + narrow + gate
    return mixed + width * heads + whole + heads + size, whole * (3 * (kernel - 1) + size)


STATES: Mapping[str, Callable[[Config, int], tuple[int, int]]] = {
    "delta": _delta, "mamba": _mamba, "mamba2": _mamba2, "conv": _conv, "lightning": _lightning, "kda": _kda,
}  # fmt: skip


# --- What few families have --------------------------------------------------------------------------------------------


def has_dense(config: Config, family: Family, shape: Shape, layer: int) -> bool:
    """Whether a layer has a plain feed-forward network: Gemma 4's have one beside experts, Nemotron-H's are one thing each."""
    if family.layers == "letters":
        found = config.get("hybrid_override_pattern") or config.get("layers_block_type")
        return found[layer] in ("-", "mlp")
    return not shape.sparse[layer] or config.get("enable_moe_block") is True


def _block_width(config: Config, width: int, layer: int) -> int:
    """The feed-forward width of a Nemotron NAS layer: two thirds of ffn_mult times twice the width, up to a multiple of 256."""
    part = config.get("block_configs")[layer].get("ffn")
    if not isinstance(part, dict):
        raise ConfigError("no_list", key="block_configs")
    if part.get("no_op"):
        return 0
    times = part.get("ffn_mult")
    if (
        isinstance(times, bool)
        or not isinstance(times, int | float)
        or not 0 < times < 100
        or part.get("replace_with_linear")
    ):
        raise ConfigError("unknown_kind", key="block_configs", found="ffn")
    return -(-int(2 * times * width / 3) // 256) * 256


def _beside(config: Config, family: Family, shape: Shape) -> int:
    """Gemma 3n's and 4's tables of embeddings for each layer; 3n's low-rank path and its four streams."""
    width, layers = shape.width, len(shape.kinds)
    each, found = (
        config.count("hidden_size_per_layer_input", default=0) if "num_kv_shared_layers" in family.absent else 0,
        0,
    )
    if each:
        found += (config.count("vocab_size_per_layer_input") + width) * layers * each + 2 * layers * width * each
    if family.layers == "kimi" and config.count("attn_res_block_size", default=0):  # K3 weighs what earlier blocks made
        found += (4 * layers + 2) * width
    if "laurel_rank" in family.absent:
        streams = config.count("altup_num_inputs")
        found += 2 * layers * width * config.count("laurel_rank") + 2 * max(0, streams - 1) * width * width
    return found
