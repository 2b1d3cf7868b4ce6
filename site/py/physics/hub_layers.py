"""What each layer of a config is: whether its cache grows, stops at a window, is another layer's, or is a fixed state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from physics.hub_families import Family, names
from physics.hub_text import LONGEST_NUMBER, ConfigError

MOST = 10_000_000
MOST_LAYERS = 10_000
FULL, WINDOW, STATE, BOTH, NONE = "full", "window", "state", "both", "none"
NAMES = {
    "full_attention": FULL, "attention": FULL, "global": FULL, "sliding_attention": WINDOW, "chunked_attention": WINDOW,
    "local": WINDOW, "linear_attention": STATE, "mamba": STATE, "conv": STATE,
}  # fmt: skip
CHOOSING = ("deepseek_sparse_attention", "indexed_attention", "minimax_m3_sparse")  # keep all tokens and read a few


class Config:
    """A parsed config with readers that name the key when its value can't be used, and that note what has been read."""

    def __init__(self, stated: Mapping[str, Any], absent: Mapping[str, Any] | None = None) -> None:
        self.stated, self.table, self.used = stated, {**(absent or {}), **stated}, set[str]()

    def get(self, name: str) -> Any:
        """A value, None where there is none; the key counts as understood."""
        self.used.add(name)
        return self.table.get(name)

    def count(self, *names: str, default: int | None = None, most: int = MOST) -> int:
        """A whole number that goes by one of `names`; the default if none is set. Two names must not say two things."""
        found: dict[str, int] = {}
        stated = [name for name in names if self.stated.get(name) is not None]
        self.used.update(names)
        for name in stated or names:  # what the file says goes before what its family has
            value = self.table.get(name)
            if value is None:
                continue
            if isinstance(value, list) and value:  # one for each layer, all alike
                if any(other != value[0] for other in value):
                    raise ConfigError("varies", key=name)
                value = value[0]
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
                raise ConfigError(
                    "no_count", key=name, found=repr(value if isinstance(value, int | float) else str(value))
                )
            found[name] = value
        if len(set(found.values())) > 1:
            one, first = next(iter(found.items()))
            other, second = next(pair for pair in found.items() if pair[1] != first)
            raise ConfigError("disagree", key=one, found=str(first), other=other, others=str(second))
        if found:
            return next(iter(found.values()))
        if default is None:
            key, *others = names
            raise ConfigError(
                "missing_all" if others else "missing", key=key, **({"others": ", ".join(others)} if others else {})
            )
        return default

    def flag(self, name: str, default: bool) -> bool:
        """A true-or-false value; the default where there is none."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise ConfigError("no_flag", key=name, found=repr(str(value)))
        return value

    def numbers(self, name: str) -> list[int] | None:
        """A list of whole numbers, None where there is none."""
        value = self.get(name)
        if value is None:
            return None
        whole = (
            [int(n) if isinstance(n, float) and n.is_integer() else n for n in value]
            if isinstance(value, list)
            else None
        )
        if whole is None or any(isinstance(n, bool) or not isinstance(n, int) for n in whole):
            raise ConfigError("no_list", key=name)
        return whole


def kinds(config: Config, family: Family, layers: int) -> list[str]:
    """The kind of each layer. What the file says itself and what its family's rule says must be one thing."""
    said = _said(config, family, layers)
    if said is None:
        return RULES[family.layers](config, family, layers)
    before = set(config.used)
    config.get("sliding_window")  # a list without such layers leaves it unused
    ruled = RULES[family.layers](config, family, layers)
    asked = sorted(key for key in (config.used - before) & PATTERNS if config.stated.get(key) is not None)
    if ruled != said and asked:
        raise ConfigError("disagree_layers", key="layer_types", other=asked[0])
    return said


def _said(config: Config, family: Family, layers: int) -> list[str] | None:
    types = config.get("layer_types")
    if types is None:
        return None
    ahead = config.count("num_nextn_predict_layers", default=0) if family.layers == "step" else 0
    if isinstance(types, list) and len(types) == layers + ahead:  # those that guess ahead stand in Step's list, too
        types = types[:layers]
    if not isinstance(types, list) or len(types) != layers:
        raise ConfigError("list_length", key="layer_types", most=str(layers))
    meant = {**NAMES, **dict.fromkeys(CHOOSING, FULL)} if family.index else NAMES
    for kind in types:
        if not isinstance(kind, str) or kind not in meant:
            raise ConfigError("unknown_kind", key="layer_types", found=str(kind))
    return [meant[kind] for kind in types]


def indexed(config: Config, family: Family, kind: Sequence[str]) -> tuple[int, list[bool]]:
    """What an indexer keeps of a token in a layer, in values, and the layers that have one; others use an earlier one's."""
    if family.index == "blocks":
        return _blocks_chosen(config, kind)
    if not family.index:
        return 0, [False] * len(kind)
    config.count("index_topk", default=2048)
    for key in ("index_share_for_mtp_iteration", "indexer_rope_interleave"):
        config.get(key)
    size = config.count("index_head_dim")
    if size < 1:
        raise ConfigError("too_low", key="index_head_dim", found=str(size))
    often, first = config.count("index_topk_freq", default=1) or 1, config.count("index_skip_topk_offset", default=2)
    ruled = [max(i - first + 1, 0) % often == 0 for i in range(len(kind))]
    pattern = config.get("index_topk_pattern")
    for key, found in (("indexer_types", config.get("indexer_types")), ("index_topk_pattern", pattern)):
        if found is None:
            continue
        if not isinstance(found, list | str) or len(found) != len(kind):
            raise ConfigError("list_length", key=key, most=str(len(kind)))
        strange = [str(at) for at in found if at not in ("full", "shared", "F", "S")]
        if strange:
            raise ConfigError("unknown_kind", key=key, found=strange[0])
        ruled = [at in ("full", "F") for at in found]
        break
    if not ruled[0]:
        raise ConfigError("unknown_kind", key="indexer_types", found="shared")
    return size, ruled


def _blocks_chosen(config: Config, kind: Sequence[str]) -> tuple[int, list[bool]]:
    """MiniMax-M3's: a table says for each layer whether it chooses blocks of tokens, and by keys alone."""
    table = config.get("sparse_attention_config")
    if table is None:  # as transformers writes it
        types = config.get("layer_types")
        for key in ("index_n_heads", "index_block_size", "index_topk_blocks", "index_local_blocks"):
            config.get(key)
        if not isinstance(types, list):
            raise ConfigError("missing_all", key="layer_types", others="sparse_attention_config")
        return config.count("index_head_dim"), [named == "minimax_m3_sparse" for named in types]
    inner = Config(table if isinstance(table, dict) else {})
    chosen = inner.numbers("sparse_attention_freq")
    if not inner.flag("use_sparse_attention", True) or chosen is None:
        raise ConfigError("missing", key="sparse_attention_config.sparse_attention_freq")
    keys_alone = inner.numbers("sparse_disable_index_value") or []
    for key, numbers in (("sparse_attention_freq", chosen), ("sparse_disable_index_value", keys_alone)):
        if len(numbers) != len(kind) or set(numbers) - {0, 1}:
            raise ConfigError("list_length", key=f"sparse_attention_config.{key}", most=str(len(kind)))
    if any(on and not alone for on, alone in zip(chosen, keys_alone, strict=True)):
        raise ConfigError("unknown_kind", key="sparse_attention_config.sparse_disable_index_value", found="0")
    return inner.count("sparse_index_dim"), [bool(on) for on in chosen]


def _plain(config: Config, family: Family, layers: int) -> list[str]:
    if not config.table.get("sliding_window") or config.table.get("use_sliding_window") is False:
        config.get("max_window_layers")  # says where windows begin, and there are none
    return [FULL] * layers


def _window(config: Config, family: Family, layers: int) -> list[str]:
    on = config.get("sliding_window") and config.flag("use_sliding_window", True)
    if config.table.get("full_attn_mod") == 1:
        config.get("full_attn_mod")  # each layer like the others
    return [WINDOW if on else FULL] * layers


def _upper(config: Config, family: Family, layers: int) -> list[str]:
    """Qwen's: with use_sliding_window, layers from max_window_layers on."""
    config.get("sliding_window")
    first = config.count("max_window_layers", default=28)
    on = config.flag("use_sliding_window", False)
    if on and not config.get("sliding_window") and config.table.get("layer_types") is None:
        raise ConfigError("missing", key="sliding_window")
    return [WINDOW if on and i >= first else FULL for i in range(layers)]


def _every(config: Config, family: Family, layers: int) -> list[str]:
    """Every n-th layer is full. A pattern of letters, "LLLG", says the same; its last layer is full."""
    names = ("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers", "layer_switch")
    order = config.get("order_of_interleaved_layers")
    if order not in (None, "local_attn_first"):
        raise ConfigError("unknown_kind", key="order_of_interleaved_layers", found=str(order))
    letters = config.get(names[0])
    if not config.get("sliding_window"):
        config.used.update(names)  # a pattern of windows, and there are none
        return [FULL] * layers
    if isinstance(letters, str):
        if not letters or set(letters) - {"L", "G"}:
            raise ConfigError("unknown_kind", key=names[0], found=letters)
        return [WINDOW if letters[i % len(letters)] == "L" and i < layers - 1 else FULL for i in range(layers)]
    every = config.count(*names, default=family.every)
    return [FULL if every and (i + 1) % every == 0 else WINDOW for i in range(layers)]


def _every_last(config: Config, family: Family, layers: int) -> list[str]:
    """As before, and the last layer is full."""
    return [*_every(config, family, layers)[:-1], FULL]


def _first(config: Config, family: Family, layers: int) -> list[str]:
    on = config.get("sliding_window")
    return [WINDOW if on and i % family.every else FULL for i in range(layers)]


def _chunks(config: Config, family: Family, layers: int) -> list[str]:
    """Llama 4: layers with rotary positions attend within a chunk, the others to all."""
    config.get("attention_chunk_size")
    rotary = config.numbers("no_rope_layers")
    every = config.count("no_rope_layer_interval", default=family.every)
    if rotary and len(rotary) != layers:
        raise ConfigError("list_length", key="no_rope_layers", most=str(layers))
    turned = rotary or [int(not every or (i + 1) % every != 0) for i in range(layers)]
    return [WINDOW if on and config.table.get("attention_chunk_size") else FULL for on in turned]


def _period(config: Config, family: Family, layers: int) -> list[str]:
    period, offset = config.count("attn_layer_period"), config.count("attn_layer_offset")
    return [FULL if period and i % period == offset else STATE for i in range(layers)]


def _interval(config: Config, family: Family, layers: int) -> list[str]:
    every = config.count("full_attention_interval", default=family.every)
    return [FULL if every and (i + 1) % every == 0 else STATE for i in range(layers)]


def _listed(config: Config, family: Family, layers: int) -> list[str]:
    """The layers that attend are listed by number; the others keep a state."""
    named = config.numbers("attn_layer_indices")
    chosen = config.numbers("full_attn_idxs")
    if named is None and chosen is None:
        if config.table.get("layer_types") is None:
            raise ConfigError("missing_all", key="layer_types", others="attn_layer_indices, full_attn_idxs")
        return [STATE] * layers
    return _placed("attn_layer_indices" if chosen is None else "full_attn_idxs", named or chosen or [], layers)


def _placed(key: str, chosen: Sequence[int], layers: int) -> list[str]:
    if any(not 0 <= i < layers for i in chosen):
        raise ConfigError("list_range", key=key, most=str(layers - 1))
    places = set(chosen)
    return [FULL if i in places else STATE for i in range(layers)]


def _both(config: Config, family: Family, layers: int) -> list[str]:
    if (
        config.table.get("mamba_use_mlp") is True
    ):  # a feed-forward network in each layer, as wide as intermediate_size says
        config.used.update(("mamba_use_mlp", "mlp_expansion_factor"))
    return [BOTH] * layers


def _letters(config: Config, family: Family, layers: int) -> list[str]:
    """Nemotron-H: a letter a layer, M(amba), *, -(feed-forward), E(xperts); feed-forward layers keep nothing."""
    letters = config.get("hybrid_override_pattern")
    words = config.get("layers_block_type")
    known = {"M": STATE, "*": FULL, "-": NONE, "E": NONE}
    named = {
        "linear_attention": STATE,
        "mamba": STATE,
        "full_attention": FULL,
        "attention": FULL,
        "mlp": NONE,
        "moe": NONE,
    }
    key, found, meant = (
        ("hybrid_override_pattern", letters, known) if letters is not None else ("layers_block_type", words, named)
    )
    if not isinstance(found, list | str) or not found:
        raise ConfigError("missing_all", key="hybrid_override_pattern", others="layers_block_type")
    if len(found) != layers:
        raise ConfigError("list_length", key=key, most=str(layers))
    for kind in found:
        if not isinstance(kind, str) or kind not in meant:
            raise ConfigError("unknown_kind", key=key, found=str(kind))
    return [meant[kind] for kind in found]


def _minimax(config: Config, family: Family, layers: int) -> list[str]:
    numbers = config.numbers("attn_type_list")
    if numbers is None:
        return [STATE if i % 2 else FULL for i in range(layers)]
    if len(numbers) != layers or set(numbers) - {0, 1}:
        raise ConfigError("list_length", key="attn_type_list", most=str(layers))
    return [FULL if kind else STATE for kind in numbers]


def _minimax_m2(config: Config, family: Family, layers: int) -> list[str]:
    """MiniMax-M2: every layer attends to all; the file may say so, and keeps the width of a network that it doesn't have."""
    if config.get("attn_type_list") is not None and STATE in _minimax(config, family, layers):
        raise ConfigError("unknown_kind", key="attn_type_list", found="0")
    config.get("mlp_intermediate_size")
    return [FULL] * layers


def _kimi(config: Config, family: Family, layers: int) -> list[str]:
    """Kimi Linear and K3: the layers that attend to all are listed, counted from 1."""
    config.used.update(("activation_situ_linear_beta", "latent_moe_use_norm"))
    table = config.get("linear_attn_config")
    chosen = table.get("full_attn_layers") if isinstance(table, dict) else None
    if not isinstance(chosen, list) or any(not isinstance(i, int) or isinstance(i, bool) for i in chosen):
        if config.table.get("layer_types") is None:
            raise ConfigError("missing", key="linear_attn_config.full_attn_layers")
        return [STATE] * layers
    return _placed("linear_attn_config.full_attn_layers", [i - 1 for i in chosen], layers)


def _mimo(config: Config, family: Family, layers: int) -> list[str]:
    numbers = config.numbers("hybrid_layer_pattern")
    if numbers is None:
        if config.table.get("layer_types") is None:
            raise ConfigError("missing_all", key="layer_types", others="hybrid_layer_pattern")
        return [FULL] * layers
    if len(numbers) != layers or set(numbers) - {0, 1}:
        raise ConfigError("list_length", key="hybrid_layer_pattern", most=str(layers))
    return [WINDOW if kind else FULL for kind in numbers]


def _step(config: Config, family: Family, layers: int) -> list[str]:
    """Step 3.5's and 3.7's kinds are listed; a single latent query (MFA) is an older Step's."""
    if config.table.get("layer_types") is None:
        raise ConfigError("missing", key="layer_types")
    if config.get("att_impl_type") not in (None, "GQA"):
        raise ConfigError("unknown_kind", key="att_impl_type", found=str(config.get("att_impl_type")))
    config.used.update(("need_fp32_gate", "use_rope_layers", "norm_expert_weight", "use_moe"))
    return [FULL] * layers


def _enumerated(config: Config) -> list[int] | None:
    """Step's layers with experts: a list, or a text of numbers with commas."""
    found = config.get("moe_layers_enum")
    if isinstance(found, str):
        parts = [part.strip() for part in found.split(",")]
        if not all(part.isdecimal() and len(part) < LONGEST_NUMBER for part in parts):
            raise ConfigError("no_list", key="moe_layers_enum")
        found = [int(part) for part in parts]
    if found is None:
        raise ConfigError("missing", key="moe_layers_enum")
    config.used.update(("moe_every_n_layer", "moe_layer_offset"))  # what the list was made of
    return Config({"moe_layers_enum": found}).numbers("moe_layers_enum")


def _gpt_neo(config: Config, family: Family, layers: int) -> list[str]:
    """GPT-Neo: kinds in turn, [[["global", "local"], 12]], or one after the other; no window is kept for the local ones."""
    found = config.get("attention_layers")
    pairs = config.get("attention_types")
    if found is None:
        try:
            found = [kind for kinds, times in pairs for _ in range(min(int(times), MOST_LAYERS)) for kind in kinds]
        except (TypeError, ValueError):
            raise ConfigError("no_list", key="attention_types") from None
    if not isinstance(found, list) or len(found) != layers:
        raise ConfigError("list_length", key="attention_layers", most=str(layers))
    for kind in found:
        if kind not in ("global", "local"):
            raise ConfigError("unknown_kind", key="attention_layers", found=str(kind))
    return [NAMES[kind] for kind in found]


def _blocks(config: Config, family: Family, layers: int) -> list[str]:
    """Nemotron NAS: a table a layer; some have no attention at all."""
    blocks = config.get("block_configs")
    if not isinstance(blocks, list) or len(blocks) != layers:
        raise ConfigError("list_length", key="block_configs", most=str(layers))
    parts = [_part(block, "attention") for block in blocks]
    return [NONE if part.get("no_op") or part.get("replace_with_linear") else FULL for part in parts]


def _part(block: Any, name: str) -> Mapping[str, Any]:
    found = block.get(name) if isinstance(block, dict) else None
    if not isinstance(found, dict):
        raise ConfigError("no_list", key="block_configs")
    strange = [
        key for key, value in found.items() if value and key not in ("n_heads_in_group", "no_op", "replace_with_linear")
    ]
    if strange:
        raise ConfigError("unread", key=f"block_configs.{name}.{strange[0]}", type="nemotron-nas")
    return found


RULES: Mapping[str, Callable[[Config, Family, int], list[str]]] = {
    "plain": _plain, "window": _window, "upper": _upper, "every": _every, "every_last": _every_last,
    "first": _first, "chunks": _chunks, "period": _period,
    "interval": _interval, "listed": _listed, "both": _both, "letters": _letters, "minimax": _minimax, "minimax_m2": _minimax_m2,
    "kimi": _kimi, "mimo": _mimo, "step": _step, "gpt_neo": _gpt_neo, "blocks": _blocks,
}  # fmt: skip
PATTERNS = names(
    "sliding_window_pattern _sliding_window_pattern global_attn_every_n_layers layer_switch use_sliding_window no_rope_layers "
    "no_rope_layer_interval attn_layer_period attn_layer_offset full_attention_interval attn_layer_indices full_attn_idxs "
    "hybrid_override_pattern layers_block_type attn_type_list linear_attn_config hybrid_layer_pattern attention_layers"
)


def sparse(config: Config, family: Family, layers: int) -> list[bool]:
    """Which layers have experts: those of which every rule of the file says so, or its list of kinds alone."""
    ruled = _ruled(config, family, layers)
    types = config.get("mlp_layer_types")
    if types is None:
        return ruled
    if not isinstance(types, list) or len(types) != layers:
        raise ConfigError("list_length", key="mlp_layer_types", most=str(layers))
    strange = [str(kind) for kind in types if kind not in ("dense", "sparse")]
    if strange:
        raise ConfigError("unknown_kind", key="mlp_layer_types", found=strange[0])
    said = [kind == "sparse" for kind in types]
    asked = sorted(key for key in PLACES if config.stated.get(key) is not None)
    if asked and said != ruled:
        raise ConfigError("disagree_layers", key="mlp_layer_types", other=asked[0])
    return said


def _ruled(config: Config, family: Family, layers: int) -> list[bool]:
    listed = isinstance(config.get("moe_layer_freq"), list)
    frequency = config.numbers("moe_layer_freq") if listed else None
    if frequency is not None and len(frequency) != layers:
        raise ConfigError("list_length", key="moe_layer_freq", most=str(layers))
    first = config.count("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index", default=0, most=layers)
    interval = config.count("moe_layer_interval", *(() if listed else ("moe_layer_freq",)), default=1)
    last = layers if config.get("moe_layer_end_index") == -1 else config.count("moe_layer_end_index", default=layers)
    step = config.count("decoder_sparse_step", "interleave_moe_layer_step", default=1)
    period, offset = config.count("expert_layer_period", default=1), config.count("expert_layer_offset", default=0)
    dense = set(config.numbers("mlp_only_layers") or [])
    placed = _enumerated(config) if family.layers == "step" else config.numbers("moe_layers")
    shift = int("moe_layer_start_index" in family.absent)  # ERNIE counts from 1
    return [
        first <= i <= last
        and (interval <= 1 or (i + shift) % interval == 0)
        and (step > 0 and (i + 1) % step == 0)
        and i not in dense
        and (period <= 1 or i % period == offset)
        and (placed is None or i in placed)
        and (frequency is None or bool(frequency[i]))
        for i in range(layers)
    ]


PLACES = names(
    "moe_layer_freq first_k_dense_replace num_dense_layers moe_layer_start_index moe_layer_interval moe_layer_end_index "
    "decoder_sparse_step interleave_moe_layer_step expert_layer_period expert_layer_offset mlp_only_layers moe_layers"
)
