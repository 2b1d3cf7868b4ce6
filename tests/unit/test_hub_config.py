"""A pasted config.json becomes the model that its makers publish, or a sentence that names what could not be read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from tests import lab as native

LLAMA = {
    "_name_or_path": "meta-llama/Meta-Llama-3-70B",
    "model_type": "llama",
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "intermediate_size": 28672,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}
DEEPSEEK = {
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "first_k_dense_replace": 3,
    "kv_lora_rank": 512,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 129280,
    "max_position_embeddings": 163840,
}
MIXTRAL = {
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 32000,
}
GEMMA = {
    "model_type": "gemma3",
    "text_config": {
        "num_hidden_layers": 62,
        "hidden_size": 5376,
        "num_attention_heads": 32,
        "num_key_value_heads": 16,
        "head_dim": 128,
        "intermediate_size": 21504,
        "vocab_size": 262208,
        "sliding_window": 1024,
        "sliding_window_pattern": 6,
        "tie_word_embeddings": True,
    },
}


@pytest.mark.parametrize(
    ("config", "billions", "active", "kv_bytes"),
    [
        (LLAMA, 70.6, 70.6, 327_680),
        (DEEPSEEK, 671.0, 37.6, 70_272),
        (MIXTRAL, 46.7, 12.9, 131_072),
        (GEMMA, 27.0, 27.0, 507_904),
    ],
    ids=["dense", "latent attention and experts", "experts", "windows"],
)
def test_size_and_cache_are_the_published_ones(config, billions, active, kv_bytes):
    model = engine.model_from_config(json.dumps(config))
    assert model.parameters / 1e9 == pytest.approx(billions, rel=0.002)
    assert model.active_parameters / 1e9 == pytest.approx(active, rel=0.003)
    assert engine.kv_bytes_per_token(model, 16) == kv_bytes


def test_windows_stop_growing():
    model = engine.model_from_config(json.dumps(GEMMA))
    assert (model.local_layers, model.window_tokens) == (52, 1024)
    long, longer = (engine.kv_bytes(model, tokens, 16) for tokens in (100_000, 200_000))
    assert longer < 1.99 * long


def test_multi_query_is_one_head():
    config = {**LLAMA, "multi_query": True}
    assert engine.model_from_config(json.dumps(config)).attention == "mqa"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[1]", "object"),
        (json.dumps({**LLAMA, "num_hidden_layers": "many"}), "num_hidden_layers"),
        (json.dumps({**LLAMA, "num_hidden_layers": 0}), "layers"),
        (json.dumps({**LLAMA, "hidden_size": -1}), "hidden_size"),
        (json.dumps({**LLAMA, "vocab_size": None}), "vocab_size"),
        (json.dumps({**LLAMA, "num_key_value_heads": 65}), "num_key_value_heads"),
        (json.dumps({**MIXTRAL, "num_experts_per_tok": 9}), "num_experts_per_tok"),
        (json.dumps({**LLAMA, "is_encoder_decoder": True}), "encoder-decoder"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_what_cannot_be_read_is_named(text, named):
    with pytest.raises(engine.ConfigError) as refusal:
        engine.model_from_config(text)
    assert named in native.shipped().told("config", [refusal.value])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(DEEPSEEK)), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted({**DEEPSEEK, **LLAMA, "sliding_window": 0, "layer_types": 0})), JSON))
def test_a_strange_config_is_refused_in_words_or_gives_a_model(changes):
    try:
        model = engine.model_from_config(json.dumps({**LLAMA, **changes}))
    except engine.PhysicsError:
        return
    assert model.parameters > 0
    assert engine.kv_bytes_per_token(model, 16) > 0
