"""A model from the `config.json` that model hubs carry: geometry read, parameters counted from it.

Read are decoder-only transformers with multi-head, grouped-query, multi-query or latent attention, dense or with a mixture
of experts, with layers that attend to all tokens or to a window. What can't be read is named, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from physics.quantities import Model, PhysicsError

MAX_CHARACTERS = 200_000
LARGEST = 10_000_000


class ConfigError(PhysicsError):
    """A config.json can't be read. `name` says which sentence tells why (content, refusals.toml, [config]), `facts` what of."""

    def __init__(self, name: str, **facts: str) -> None:
        super().__init__(" ".join([name, *facts.values()]))
        self.name, self.facts = name, facts


class _Config:
    """A parsed config with readers that name the key when its value can't be used."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table

    def count(self, *names: str, default: int | None = None) -> int:
        """The first of `names` that is set, as a whole number; the default if none is."""
        for name in names:
            value = self.table.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
                raise ConfigError("no_count", key=name, found=repr(str(value)[:40]))
            return value
        if default is None:
            key, *others = names
            raise ConfigError(
                "missing_all" if others else "missing", key=key, **{"others": ", ".join(others)} if others else {}
            )
        return default

    def flag(self, name: str, default: bool) -> bool:
        """A true-or-false value, the default if it isn't one."""
        value = self.table.get(name)
        return value if isinstance(value, bool) else default


def model_from_config(text: str) -> Model:
    """The model that a config.json describes. Raises ConfigError, which names what can't be read."""
    config = _Config(_decoder(_parsed(text)))
    layers, width = config.count("num_hidden_layers", "n_layer"), config.count("hidden_size", "n_embd")
    query_heads = config.count("num_attention_heads", "n_head")
    for name, value in (("layers", layers), ("hidden_size", width), ("num_attention_heads", query_heads)):
        if value < 1:
            raise ConfigError("too_low", key=name, found=str(value))
    kv_heads = 1 if config.flag("multi_query", False) else config.count("num_key_value_heads", default=query_heads)
    if not 1 <= kv_heads <= query_heads:
        raise ConfigError("not_within", key="num_key_value_heads", most=str(query_heads), found=str(kv_heads))
    latent = config.count("kv_lora_rank", default=0)
    local, window = _windows(config, layers)
    experts, per_token = _experts(config)
    vocab = config.count("vocab_size")
    head_dim = config.count("head_dim", default=0) or config.count("qk_nope_head_dim", default=width // query_heads)
    if head_dim < 1:
        raise ConfigError("narrow")
    total, active = _parameters(config, layers, width, query_heads, kv_heads, head_dim, vocab)
    return Model(
        id="pasted",
        name=_name(config.table),
        layers=layers,
        width=width,
        query_heads=query_heads,
        kv_heads=query_heads if latent else kv_heads,
        head_dim=head_dim,
        ffn_width=config.count("moe_intermediate_size", "intermediate_size", default=4 * width),
        vocab=vocab,
        parameters=total,
        active_parameters=active,
        max_context_tokens=config.count("max_position_embeddings", "n_positions", default=LARGEST),
        attention=_family(latent, query_heads, kv_heads),
        latent_dim=latent + config.count("qk_rope_head_dim", default=0) if latent else 0,
        local_layers=local,
        window_tokens=window,
        experts=experts,
        experts_per_token=per_token,
        tied=config.flag("tie_word_embeddings", False),
        source="the config.json that was pasted",
    )


def _parsed(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_CHARACTERS:
        raise ConfigError("too_long")
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as mistake:
        raise ConfigError("not_json") from mistake
    if not isinstance(table, dict):
        raise ConfigError("no_object")
    return table


def _decoder(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part about text: models for pictures and text keep it under text_config."""
    inner = table.get("text_config")
    if table.get("is_encoder_decoder") is True:
        raise ConfigError("encoder")
    return {**table, **inner} if isinstance(inner, dict) else table


def _name(table: Mapping[str, Any]) -> str:
    name = table.get("_name_or_path") or table.get("model_type")
    return str(name).rpartition("/")[2][:60] if isinstance(name, str) and name else "pasted model"


def _family(latent: int, query_heads: int, kv_heads: int) -> str:
    if latent:
        return "mla"
    return "mha" if kv_heads == query_heads else "mqa" if kv_heads == 1 else "gqa"


def _windows(config: _Config, layers: int) -> tuple[int, int]:
    """(layers with a window, the window in tokens), from layer_types, a pattern, or one window for all layers."""
    window = config.count("sliding_window", default=0)
    if not window or not config.flag("use_sliding_window", True):
        return 0, 0
    kinds = config.table.get("layer_types")
    if isinstance(kinds, list):
        return min(layers, sum(kind == "sliding_attention" for kind in kinds)), window
    pattern = config.count("sliding_window_pattern", "_sliding_window_pattern", default=0)
    return (layers - layers // pattern if pattern else layers), window


def _experts(config: _Config) -> tuple[int, int]:
    experts = config.count("num_local_experts", "n_routed_experts", "num_experts", default=0)
    per_token = config.count("num_experts_per_tok", "experts_per_token", default=0) if experts else 0
    if experts and not 1 <= per_token < experts:
        raise ConfigError("not_under", key="num_experts_per_tok", most=str(experts), found=str(per_token))
    return experts, per_token


def _parameters(
    config: _Config, layers: int, width: int, query_heads: int, kv_heads: int, head_dim: int, vocab: int
) -> tuple[int, int]:
    """(all, active per token): embeddings, attention, feed-forward or experts; biases are left out, they are thousandths."""
    tied = config.flag("tie_word_embeddings", False)
    attention = _attention(config, width, query_heads, kv_heads, head_dim)
    dense = 3 * width * config.count("intermediate_size", default=4 * width)
    experts, per_token = _experts(config)
    first_dense = min(layers, config.count("first_k_dense_replace", default=0)) if experts else layers
    expert = 3 * width * config.count("moe_intermediate_size", "intermediate_size", default=4 * width)
    always = config.count("n_shared_experts", default=0) * expert + width * experts
    fixed = vocab * width * (1 if tied else 2) + layers * (attention + 2 * width) + width + first_dense * dense
    mixed = layers - first_dense
    return fixed + mixed * (always + experts * expert), fixed + mixed * (always + per_token * expert)


def _attention(config: _Config, width: int, query_heads: int, kv_heads: int, head_dim: int) -> int:
    latent = config.count("kv_lora_rank", default=0)
    if not latent:
        return 2 * width * head_dim * (query_heads + kv_heads)
    rope, value = config.count("qk_rope_head_dim"), config.count("v_head_dim")
    query = query_heads * (config.count("qk_nope_head_dim") + rope)
    rank = config.count("q_lora_rank", default=0)
    queries = width * rank + rank * query if rank else width * query
    keys = width * (latent + rope) + latent * query_heads * (config.count("qk_nope_head_dim") + value)
    return queries + keys + query_heads * value * width
