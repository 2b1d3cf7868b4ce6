"""A model from the `config.json` that model hubs carry: geometry read, parameters counted from it.

Every key that changes attention, layers, experts, state, sharing or precision is either understood or named as the reason of
a refusal: what has been read is noted, and what is left and could matter refuses the file. hub_text reads the text,
hub_families knows the architectures, hub_layers the kinds of layers, hub_counts the weights, hub_weights how they are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from physics.hub_counts import Heads, Shape, has_dense, parameters, state_values
from physics.hub_families import (
    AHEAD,
    BESIDE,
    BY_TYPE,
    CLOSED,
    DECODERS,
    DIFFUSION,
    DRAFT_HEADS,
    ENCODERS,
    GENERAL,
    HARMLESS,
    MATTERS,
    PAIRS,
    PLAIN,
    SENSES,
    SHAPES,
    STATES_ALONE,
    Family,
)
from physics.hub_layers import BOTH, FULL, MOST_LAYERS, NONE, STATE, WINDOW, Config, indexed, kinds, sparse
from physics.hub_text import LONGEST_NUMBER, ConfigError, shown, table_of
from physics.hub_weights import QUANTISED, written
from physics.quantities import ANY_CONTEXT, Model

MOST_PARAMETERS = 10**15
# Keys of the files that lie beside a config.json, and which file that is.
BESIDE_IT = (
    ("weight_map", "model.safetensors.index.json"),
    ("image_processor_type", "preprocessor_config.json"),
    ("feature_extractor_type", "preprocessor_config.json"),
    ("tokenizer_class", "tokenizer_config.json"),
    ("processor_class", "processor_config.json"),
    ("_from_model_config", "generation_config.json"),
    ("producer", "hf_quant_config.json"),
    ("w_bit", "quant_config.json"),
    ("quant_method", "quantize_config.json"),
)
OTHERS = ("vision_config", "audio_config", *QUANTISED)  # read apart
DRAFTS = ("num_nextn_predict_layers", "num_mtp_layers", "_num_mtp_layers", "mtp_num_hidden_layers")
FEW = 0.02  # of the parameters: what may stay unknown
PROJECTIONS, FEEDING = 4, 3  # matrices of a layer: queries, keys, values, output; of each feed-forward network

WIDTH = ("hidden_size", "n_embd", "n_embed", "d_model")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
QUERIES = ("num_attention_heads", "n_head", "n_heads", "num_heads")
KEYS = (
    "num_key_value_heads", "num_kv_heads", "n_head_kv", "kv_n_heads", "num_query_groups", "num_attention_groups",
)  # fmt: skip
SIZES = ("head_dim", "kv_channels", "attention_head_dim")
INNER = ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size")
EXPERTS = ("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts")
CHOSEN = (
    "num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_k", "moe_topk", "moe_top_k", "top_k_experts",
)  # fmt: skip
SHARED = ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert")
OWN = (
    "shared_expert_intermediate_size",
    "moe_shared_expert_intermediate_size",
    "shared_experts_intermediate_size",
    "shared_intermediate_size",
    "share_expert_dim",
)
CONTEXT = (
    "max_position_embeddings", "n_positions", "seq_length", "max_seq_len", "n_ctx", "max_sequence_length", "model_max_length",
    "max_seq_length",
)  # fmt: skip
STRETCHES = ("yarn", "linear", "dynamic")  # of positions; other kinds change no length
__all__ = ["ConfigError", "model_from_config"]


def model_from_config(text: str | bytes) -> Model:
    """The model that a config.json describes. Raises ConfigError, which names what can't be read."""
    whole = table_of(text)
    table, part = _decoder(whole)
    _described(table, str(whole.get("model_type") or ""))
    family = _family(table)
    for name in family.inside:
        inner = table.get(name)
        table = {**(inner if isinstance(inner, dict) else {}), **{key: at for key, at in table.items() if key != name}}
    config = Config(table, {**(family.in_part if table is not whole else {}), **family.absent})
    model = _model(config, family, whole, part)
    _unread(config, table, whole if part else {}, family)
    return model


# --- Which part, which family ------------------------------------------------------------------------------------------


def _decoder(whole: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """(the part about text, whether there are others): models for pictures, sound and text keep it in a table of its own."""
    table, part = whole, False
    for _ in range(3):
        named = [name for name in DECODERS if isinstance(table.get(name), dict) and table[name]]
        if not named:
            break
        inner = table[named[0]]
        outer = {
            key: table[key] for key in ("tie_word_embeddings", "torch_dtype", "dtype") if table.get(key) is not None
        }
        both = [
            at.get("tie_word_embeddings") for at in (table, inner) if isinstance(at.get("tie_word_embeddings"), bool)
        ]
        if len(set(both)) == 2:
            raise ConfigError(
                "disagree", key="tie_word_embeddings", found=str(both[0]), other=named[0], others=str(both[1])
            )
        if not inner.get("model_type") and not inner.get("architectures"):
            outer["model_type"] = table.get("model_type")
        table, part = {**outer, **inner}, True
    return table, part or any(key.startswith(("vision_config", "audio_config")) and table[key] for key in table)


def _described(table: Mapping[str, Any], outer: str) -> None:
    """Refuse what is no decoder, each for its own reason. PaliGemma reads picture and prompt both ways, and then writes."""
    kind, names = str(table.get("model_type") or "").lower(), table.get("architectures")
    heads = [str(name) for name in names] if isinstance(names, list) else []
    if table.get("peft_type"):
        raise ConfigError("other_adapter")
    if table.get("_class_name"):
        raise ConfigError("other_pipeline")
    for key, file in BESIDE_IT:
        if table.get(key) and not any(name in table for name in (*LAYERS, *WIDTH)):
            raise ConfigError("other_file", file=file)
    if any(map(DRAFT_HEADS.search, (*heads, *table))) or (
        kind == "llama" and "bias" in table and table.get(LAYERS[0]) == 1  # the first EAGLE's
    ):
        raise ConfigError("draft_head")
    if table.get("is_encoder_decoder") is True or kind in PAIRS or {"encoder_layers", "decoder_layers"} <= set(table):
        raise ConfigError("encoder")
    one_way = table.get("is_decoder") is True or any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in heads)
    both_ways = table.get("use_bidirectional_attention") in (True, "all") and outer != "paligemma"
    both_ways = both_ways or table.get("is_causal") is False or DIFFUSION.fullmatch(kind) is not None
    if both_ways or (kind in ENCODERS and not one_way) or (heads and all("ForMaskedLM" in name for name in heads)):
        raise ConfigError("no_cache")
    if kind in CLOSED or (kind in STATES_ALONE and table.get("attn")):  # some layers of it attend
        raise ConfigError("closed", type=kind)
    if kind in STATES_ALONE:
        raise ConfigError("state_alone")
    if not any(key in table for key in ("vocab_size", "padded_vocab_size", *LAYERS)) and any(map(SENSES.search, table)):
        raise ConfigError("no_text_part")


def _family(table: Mapping[str, Any]) -> Family:
    kind = table.get("model_type")
    if isinstance(kind, str) and kind:
        return BY_TYPE.get(kind.lower()) or BY_TYPE.get(f"{kind.lower()}_text") or PLAIN
    names = table.get("architectures")
    for name in names if isinstance(names, list) else []:
        short = str(name).lower().partition("for")[0].partition("lmhead")[0]
        for known, family in BY_TYPE.items():
            if known.replace("_", "").removesuffix("text") == short:
                return family
    return PLAIN


# --- The model ---------------------------------------------------------------------------------------------------------


def _model(config: Config, family: Family, whole: Mapping[str, Any], part: bool) -> Model:
    shape = _shape(config, family)
    total, active = parameters(config, family, shape)
    _bounded(config, family, shape, total)
    attends = [(kind, own) for kind, own in zip(shape.kinds, shape.owned, strict=True) if kind in (FULL, BOTH, WINDOW)]
    cached = [kind for kind, own in attends if own]
    if not cached:
        raise ConfigError("state_alone")
    full, local, windows = shape.full, shape.local, cached.count(WINDOW)
    window, context = _window(config, family, shape.kinds) if windows else 0, _context(config)
    if window >= context and windows == len(cached) and full == local:  # a window that no text of the model's fills
        windows = window = 0
    model = Model(
        id="pasted",
        name=_name(whole, config.table),
        layers=len(shape.kinds),
        width=shape.width,
        query_heads=full.query,
        kv_heads=full.query if shape.latent else full.kv,
        head_dim=full.size,
        ffn_width=shape.expert_width or shape.dense_width,
        vocab=shape.vocab,
        parameters=total,
        active_parameters=active,
        max_context_tokens=context,
        attention="mla" if shape.latent else "mha" if full.kv == full.query else "mqa" if full.kv == 1 else "gqa",
        latent_dim=shape.latent + config.count("qk_rope_head_dim") if shape.latent else 0,
        local_layers=windows,
        window_tokens=window,
        experts=shape.experts,
        experts_per_token=shape.per_token,
        tied=shape.tied,
        source="the config.json that was pasted",
        value_dim=full.value if full.value != full.size else 0,
        local_kv_heads=local.kv if windows and local.kv != full.kv else 0,
        local_head_dim=local.size if windows and local.size != full.size else 0,
        shared_layers=len(attends) - len(cached),
        text_part=part,
    )
    return replace(model, **_weights(whole, config.table, model), **_further(config, family, shape))


def _weights(whole: Mapping[str, Any], table: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """How the file's weights are written."""
    tables = model.vocab * model.width * (1 if model.tied else 2)
    matrices = model.layers * (PROJECTIONS + FEEDING * max(1, model.experts))
    matrix = max(1.0, (model.parameters - tables) / matrices)
    found = written(whole, table, model.layers, matrix)
    return {"precision": found.said, "file_bits": found.bits, "wide_part": found.left}


def _further(config: Config, family: Family, shape: Shape) -> dict[str, Any]:
    """Fields of the model that a step reads and the cache doesn't."""
    dense = len(shape.sparse) - sum(shape.sparse) if shape.experts else 0
    beside = shape.dense_width if shape.experts and config.get("enable_moe_block") is True else 0  # Gemma 4's
    plain = any(has_dense(config, family, shape, i) for i in range(len(shape.kinds))) and not beside
    rank = config.count("q_lora_rank", default=0) if shape.latent else 0
    return {
        "state_layers": shape.kinds.count(STATE),
        "bare_layers": shape.kinds.count(NONE),
        "expert_width": shape.expert_width if shape.experts else 0,
        "shared_expert_width": shape.shared_width + beside,
        "dense_layers": dense,
        "dense_width": shape.dense_width if dense and plain else 0,
        "query_rank": rank,
        "latent_rank": shape.latent,
        "rope_dim": config.count("qk_rope_head_dim") if shape.latent else 0,
        "draft_layers": config.count(*DRAFTS, default=0, most=MOST_LAYERS),
        "state_values": state_values(config, family, shape),
        "index_dim": shape.index_dim if any(shape.indexed) else 0,
        "index_layers": sum(shape.indexed),
    }


def _bounded(config: Config, family: Family, shape: Shape, total: int) -> None:
    """Refuse more weights than any model has, and a table that an unknown family may or may not have twice."""
    if total > MOST_PARAMETERS:
        raise ConfigError("too_many")
    if family is PLAIN and config.get("tie_word_embeddings") is None and shape.vocab * shape.width > FEW * total:
        raise ConfigError("missing", key="tie_word_embeddings")


def _shape(config: Config, family: Family) -> Shape:
    layers = config.count(*LAYERS, most=MOST_LAYERS, **_letters(config, family))
    width, queries = config.count(*WIDTH), config.count(*QUERIES)
    for key, value in ((LAYERS[0], layers), (WIDTH[0], width), (QUERIES[0], queries)):
        if value < 1:
            raise ConfigError("too_low", key=key, found=str(value))
    kind = kinds(config, family, layers)
    if STATE in kind and not family.state:
        raise ConfigError("unknown_kind", key="layer_types", found="linear_attention")
    full, local = _heads(config, family, width, queries, kind)
    experts, per_token, placed = _experts(config, family, layers)
    size, chosen = indexed(config, family, kind)
    return Shape(
        width=width,
        vocab=_vocab(config),
        embedding=config.count("word_embed_proj_dim", default=width) or width,
        positions=_positions(config, family),
        tied=config.flag("tie_word_embeddings", False),
        full=full,
        local=local,
        latent=_latent(config, family),
        experts=experts,
        per_token=per_token,
        kinds=kind,
        sparse=placed,
        owned=_owned(config, family, layers),
        index_dim=size,
        indexed=chosen,
        **_inner(config, family, width, placed),
    )


def _letters(config: Config, family: Family) -> dict[str, int]:
    """Nemotron-H's layers may be known by their list alone."""
    found = (
        config.get("hybrid_override_pattern") or config.get("layers_block_type") if family.layers == "letters" else None
    )
    return {"default": len(found)} if isinstance(found, list | str) and found else {}


def _owned(config: Config, family: Family, layers: int) -> list[bool]:
    """Which layers keep keys and values of their own: the last ones may read an earlier layer's, or every n-th one's."""
    shared = config.count("num_kv_shared_layers", default=0)
    if shared == layers:  # all read another model's cache
        raise ConfigError("draft_head")
    if shared > layers:
        raise ConfigError("not_under", key="num_kv_shared_layers", most=str(layers), found=str(shared))
    factor = 1
    if "hunyuan" in family.types:
        factor = config.count("cla_share_factor", default=1)
        factor = factor if config.flag("use_cla", False) else 1
    if factor < 1:
        raise ConfigError("too_low", key="cla_share_factor", found=str(factor))
    return [i < layers - shared and i % factor == 0 for i in range(layers)]


def _latent(config: Config, family: Family) -> int:
    """The numbers of the one vector that all heads share, 0 without one: files of such a family may switch it off."""
    if "kv_lora_rank" not in family.absent:
        return 0
    rank = config.count("kv_lora_rank", default=0)
    return rank if config.flag("use_mla", True) else 0


def _heads(config: Config, family: Family, width: int, queries: int, kind: list[str]) -> tuple[Heads, Heads]:
    """Heads of full layers and of layers with a window."""
    kv = _kv_heads(config, family, queries)
    size, latent = config.count(*SIZES, default=0), _latent(config, family)
    if not size and not latent:
        if width < queries:
            raise ConfigError("narrow")
        if width % queries:
            raise ConfigError("uneven", key=WIDTH[0], found=str(width), most=str(queries))
        size = width // queries
    if latent:
        size = config.count("qk_nope_head_dim", default=0) or size or 1
        if config.count("v_head_dim", default=size) < 1:
            raise ConfigError("too_low", key="v_head_dim", found="0")
        config.get("qk_head_dim")
    value = config.count("v_head_dim", default=size) if family.layers == "mimo" else size
    heads = Heads(queries, kv, size, value)
    if family.layers == "mimo":
        return heads, _local(config, heads)
    if family.layers == "step":
        return heads, _sliding(config, heads)
    return (_global(config, heads, kind) if "global_head_dim" in family.absent else heads), heads


def _local(config: Config, full: Heads) -> Heads:
    """MiMo's: other heads in the layers with a window."""
    local = Heads(
        config.count("swa_num_attention_heads", default=full.query),
        config.count("swa_num_key_value_heads", default=full.kv),
        config.count("swa_head_dim", default=full.size),
        config.count("swa_v_head_dim", default=full.value),
    )
    if local.value != full.value or not 1 <= local.kv <= local.query or local.size < 1:
        raise ConfigError(
            "disagree", key="v_head_dim", found=str(full.value), other="swa_v_head_dim", others=str(local.value)
        )
    return local


def _sliding(config: Config, full: Heads) -> Heads:
    """Step's: other heads in the layers with a window, in a table of their own."""
    table = config.get("attention_other_setting")
    if table is None:
        return full
    if not isinstance(table, dict) or table.get("attention_type", "sliding_attention") != "sliding_attention":
        raise ConfigError("unknown_kind", key="attention_other_setting", found=str(table))
    part = Config(table)
    query, kv = (
        part.count(name, default=same)
        for name, same in (("num_attention_heads", full.query), ("num_attention_groups", full.kv))
    )
    size = part.count("head_dim", "true_head_dim", default=full.size)
    if not 1 <= kv <= query or size < 1:
        raise ConfigError("not_within", key="attention_other_setting", most=str(query), found=str(kv))
    return Heads(query, kv, size, size)


def _global(config: Config, local: Heads, kind: list[str]) -> Heads:
    """Gemma 4's: longer heads, and perhaps fewer, in the full layers."""
    size, kv = config.count("global_head_dim"), config.count("num_global_key_value_heads", default=0)
    kv = kv if kv and config.flag("attention_k_eq_v", True) else local.kv
    layers = config.get("per_layer_config")
    if layers is not None:
        wanted = {i for i, at in enumerate(kind) if at == FULL}
        parts = list(layers.values()) if isinstance(layers, dict) else []
        numbers = {int(key) for key in layers if str(key).isdecimal()} if isinstance(layers, dict) else set()
        alike = parts and all(part == parts[0] for part in parts) and isinstance(parts[0], dict)
        if numbers != wanted or not alike or set(parts[0]) - {"head_dim", "num_key_value_heads"}:
            raise ConfigError("varies", key="per_layer_config")
        part = Config(parts[0])
        size, kv = part.count("head_dim", default=local.size), part.count("num_key_value_heads", default=kv)
    if not 1 <= kv <= local.query or size < 1:
        raise ConfigError("not_within", key="num_global_key_value_heads", most=str(local.query), found=str(kv))
    return Heads(local.query, kv, size, size)


def _kv_heads(config: Config, family: Family, queries: int) -> int:
    said = config.count(*KEYS, default=queries)
    stated = any(config.table.get(name) is not None for name in KEYS)
    one = config.get("multi_query") is True or config.get("attn_type") == "multiquery_attention"
    if family.types.startswith("falcon "):
        told = [config.stated.get(name) is not None for name in ("multi_query", "new_decoder_architecture")]
        if said not in (1, queries) and not any(
            told
        ):  # the class would have one head for all; whoever wrote this hadn't
            raise ConfigError("disagree", key=KEYS[0], found=str(said), other="multi_query", others="true")
        said = 1 if config.flag("multi_query", True) and not config.flag("new_decoder_architecture", False) else said
    elif config.flag("multi_query_attention", False):
        said, stated, one = config.count("multi_query_group_num"), True, False
    elif one:
        if stated and said != 1:
            raise ConfigError("disagree", key=KEYS[0], found=str(said), other="multi_query", others="true")
        said = 1
    config.get("multi_query_group_num")
    if family.layers == "blocks":
        parts = [block["attention"] for block in config.get("block_configs")]
        groups = {
            part.get("n_heads_in_group")
            for part in parts
            if not part.get("no_op") and not part.get("replace_with_linear")
        }
        each = groups.pop() if len(groups) == 1 else None
        if isinstance(each, bool) or not isinstance(each, int) or each < 1 or queries % each:
            raise ConfigError("varies", key="block_configs")
        said = queries // each
    if not 1 <= said <= queries:
        raise ConfigError("not_within", key=KEYS[0], most=str(queries), found=str(said))
    if queries % said:
        raise ConfigError("no_divisor", key=KEYS[0], found=str(said), most=str(queries))
    return said


def _window(config: Config, family: Family, kind: Sequence[str]) -> int:
    """The window in tokens, which a model with such layers must say."""
    key = {"chunks": "attention_chunk_size", "gpt_neo": "window_size"}.get(family.layers, "sliding_window")
    if family.layers == "gpt_neo" and config.get(key) is None:
        return 256
    if config.get("use_sliding_window") is False:
        raise ConfigError("disagree_layers", key="layer_types", other="use_sliding_window")
    others = {"sliding_window": ("sliding_window_size",)}.get(key, ())
    window = config.count(
        key, *others, *(("attention_chunk_size",) if family.layers == "mimo" else ()), most=ANY_CONTEXT
    )
    if window < 1:
        raise ConfigError("too_low", key=key, found=str(window))
    return window


def _experts(config: Config, family: Family, layers: int) -> tuple[int, int, list[bool]]:
    """(experts, experts a token, the layers that have them). One expert is a dense network by another name."""
    hints = [name for name in (*CHOSEN, *SHARED, *OWN, "moe_intermediate_size") if config.stated.get(name)]
    if hints and all(config.table.get(name) is None for name in EXPERTS):
        raise ConfigError("no_experts", key=hints[0], others=", ".join(EXPERTS))
    experts = config.count(*EXPERTS, **({} if "moe" in str(config.get("model_type")) else {"default": 0}))
    if config.get("enable_moe_block") is False or experts < 2:
        config.used.update(CHOSEN, SHARED)
        return 0, 0, [False] * layers
    per_token = config.count(*CHOSEN)
    if not 1 <= per_token < experts:
        key = next(name for name in CHOSEN if config.table.get(name) is not None)
        raise ConfigError("not_under", key=key, most=str(experts), found=str(per_token))
    placed = sparse(config, family, layers)
    if family.layers == "letters":
        named = config.get("hybrid_override_pattern") or config.get("layers_block_type")
        placed = [letter in ("E", "moe") for letter in named]
    if not any(placed):  # each layer is dense: nothing that is said of experts matters
        config.used.update(CHOSEN, SHARED, OWN, ("moe_intermediate_size",))
        return 0, 0, placed
    return experts, per_token, placed


def _inner(config: Config, family: Family, width: int, placed: list[bool]) -> dict[str, int]:
    """Widths of the feed-forward networks: dense, of an expert, of what every token passes beside the experts."""
    plain = {"default": 4 * width} if family.fourfold else {}
    ratio = config.get("expansion_ratio")
    if ratio is not None:
        plain = {"default": config.count("expansion_ratio") * width}
    own = config.count("moe_intermediate_size", "expert_ffn_hidden_size", default=0) if any(placed) else 0
    if any(placed) and not own:
        if not family.one_width:
            raise ConfigError("missing", key="moe_intermediate_size")
        own = config.count(*INNER, **plain)
    own_dense = config.count("intermediate_size_mlp", "dense_intermediate_size", default=0)
    if own and own_dense and family.one_width:  # the plain name then is one of the two, said again
        again = config.count(*INNER, default=own)
        if again not in (own, own_dense):
            raise ConfigError(
                "disagree", key=INNER[0], found=str(again), other="moe_intermediate_size", others=str(own)
            )
    unneeded = all(placed) or family.layers == "blocks"
    inner = (*INNER, "block_ff_dim") if family.state == "conv" else INNER  # LFM2's own name
    dense = own_dense or config.count(*inner, **({"default": 0} if unneeded else plain))
    if family.state == "conv":  # LFM2's own names say the same again
        config.used.update(("block_use_swiglu", "block_use_xavier_init", "conv_use_xavier_init"))
        config.count(*WIDTH, "block_dim", "conv_dim", "conv_dim_out")
    if family.state == "conv" and config.flag(
        "block_auto_adjust_ff_dim", family.types.startswith("lfm2") and not any(placed)
    ):
        dense = _adjusted(config, dense)
    if own_dense and not any(placed):  # Llama-4 without experts says theirs all the same
        config.count(*INNER, default=0)
    if family.types == "qwen":  # the first Qwen names the width of gate and input together
        dense //= 2
    beside, several = config.count(*OWN, default=0), config.count(*SHARED, default=0)
    if beside and several > 1:
        raise ConfigError("varies", key=next(name for name in SHARED if config.table.get(name)))
    shared = beside or several * own
    if family.types.startswith("granitemoe") and not any(placed):
        dense = config.count(*OWN, default=0) or dense
    if (dense < 1 and not unneeded) or (own < 1 and any(placed)):
        raise ConfigError("too_low", key=INNER[0], found="0")
    return {"dense_width": dense, "expert_width": own, "shared_width": shared if any(placed) else 0}


def _adjusted(config: Config, inner: int) -> int:
    """LFM2's: two thirds, times a factor, up to a multiple."""
    multiple, times = config.count("block_multiple_of", default=256) or 1, config.get("block_ffn_dim_multiplier")
    inner = 2 * inner // 3
    if times is not None:
        if isinstance(times, bool) or not isinstance(times, int | float) or not 0 < times < 100:
            raise ConfigError("no_count", key="block_ffn_dim_multiplier", found=repr(str(times)))
        inner = int(times * inner)
    return -(-inner // multiple) * multiple


def _vocab(config: Config) -> int:
    vocab = config.count("padded_vocab_size", "vocab_size")
    if vocab < 1:
        raise ConfigError("too_low", key="vocab_size", found=str(vocab))
    return vocab


def _positions(config: Config, family: Family) -> int:
    if family.positions is None or config.get("alibi") is True or config.get("learned_pos_emb") is False:
        return 0
    return config.count(*CONTEXT[:2], "max_seq_len", default=0) + family.positions


def _context(config: Config) -> int:
    """The most tokens that an engine takes by the file: what it says, or what it stretches positions to where that is more."""
    said = _said_context(config)
    return said if said == ANY_CONTEXT else min(ANY_CONTEXT, max(said, _stretched(config, said)))


def _stretched(config: Config, said: int) -> int:
    """Tokens that positions are stretched to, as vLLM reckons them: YaRN from what the model was first trained for, "linear" and
    "dynamic" from what the file says. 0 without such a stretch; Gemma-3's files say what it has made of them."""
    rope = config.get("rope_scaling") or config.get("rope_parameters")
    if not isinstance(rope, Mapping) or "gemma3" in str(config.get("model_type")):
        return 0
    kind, factor = rope.get("rope_type", rope.get("type")), rope.get("factor")
    begin = rope.get("original_max_position_embeddings", said) if kind == "yarn" else said
    if kind not in STRETCHES or not isinstance(factor, int | float) or not isinstance(begin, int | float):
        return 0
    return int(begin * factor) if 0 < begin < ANY_CONTEXT and 0 < factor < ANY_CONTEXT else 0


def _said_context(config: Config) -> int:
    """The most tokens that the file says; of several figures the first name's, as vLLM takes it. Null and 0 say nothing, and
    what is beyond all bounds no more. Raises ConfigError for what is no number of tokens."""
    for name in CONTEXT:
        found = config.get(name)
        if isinstance(found, str) and found.isdecimal() and len(found) > LONGEST_NUMBER:
            continue
        if found is not None and not (isinstance(found, int | float) and found >= ANY_CONTEXT):
            tokens = Config({name: found}).count(name, most=ANY_CONTEXT)
            if tokens:
                return tokens
    return ANY_CONTEXT


# --- Name ------------------------------------------------------------------------------------------------------------


def _name(whole: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    """The last part of the path that the file was saved under, else its type; never mark-up, never empty."""
    for name in (
        whole.get("_name_or_path"),
        table.get("_name_or_path"),
        whole.get("model_type"),
        table.get("model_type"),
    ):
        if isinstance(name, str):
            parts = [shown(part) for part in name[:2000].replace("\\", "/").split("/")]
            if any(parts):
                return [part for part in parts if part][-1]
    return "config.json"


# --- What nobody has read ----------------------------------------------------------------------------------------------


def _unread(config: Config, table: Mapping[str, Any], whole: Mapping[str, Any], family: Family) -> None:
    """Refuse a key that could change a figure and that no reader has asked for."""
    for name in AHEAD:
        config.get(name)
    if config.table.get("hidden_size_per_layer_input") == 0:
        config.get("vocab_size_per_layer_input")  # of tables that there are none of
    kind = str(table.get("model_type") or whole.get("model_type") or "")
    for key, value in table.items():
        if key in config.used or not _says(value) or key in DECODERS:
            continue
        if key in OTHERS:
            continue
        if _matters(key) or (family is PLAIN and key not in GENERAL and not HARMLESS.fullmatch(key)):
            raise ConfigError(
                "unread" if family is not PLAIN else "unread_type" if kind else "unread_plain", key=key, type=kind
            )
    _activation(config, family, kind)
    for key, value in whole.items():
        if (key in table and table[key] == value) or not _says(value) or key in DECODERS or key in OTHERS:
            continue
        if BESIDE.fullmatch(key):
            continue
        if key in config.used and config.table.get(key) is not None and key not in ("model_type", "architectures"):
            raise ConfigError(
                "disagree", key=key, found=str(value), other=f"text_config.{key}", others=str(config.table[key])
            )
        if _matters(key):
            raise ConfigError("unread", key=key, type=str(whole.get("model_type") or kind))


def _matters(key: str) -> bool:
    """Whether a key could change a figure, by its name."""
    return key in SHAPES or (MATTERS.search(key) is not None and not HARMLESS.fullmatch(key))


def _activation(config: Config, family: Family, kind: str) -> None:
    """An unknown family's feed-forward network is gated if its activation is; another one leaves two matrices or three open."""
    if family is not PLAIN:
        return
    for key in ("hidden_act", "hidden_activation", "activation_function"):
        named = config.get(key)
        if named not in (None, "silu", "swish", "swiglu"):
            raise ConfigError("unknown_kind", key=key, found=str(named))


def _says(value: Any) -> bool:
    """Whether a value says anything: null, false, 0 and empty ones switch a thing off."""
    return value is not None and value is not False and value != 0 and value not in ("", [], {})
