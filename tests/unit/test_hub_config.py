"""A pasted config.json becomes the model that its makers publish, or a sentence that names what could not be read."""

import json
import random
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
import views
from acts.wall import actions as wall_actions
from acts.wall.controls import PASTED
from state import store
from tests import lab as native

DATA = Path(__file__).parent / "data"
# The figures of each case: from the model that it is shaped like, and its class in transformers 5.
CASES = json.loads((DATA / "config_cases.json").read_text(encoding="utf-8"))
# Every class of transformers 5.24 that can be read, as its own defaults, with the weights that the class itself makes.
CLASSES = json.loads((DATA / "architectures.json").read_text(encoding="utf-8"))

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
TINY = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
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


def read(config):
    """The model that a table describes."""
    return engine.model_from_config(json.dumps(config))


def refused(config):
    """The sentence that refuses a table or a text."""
    with pytest.raises(engine.ConfigError) as refusal:
        engine.model_from_config(config if isinstance(config, str | bytes) else json.dumps(config))
    return native.shipped().told("config", [refusal.value])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_kind_is_read_right_or_refused_with_its_reason(case):
    if case["refused"]:
        assert "keeps no KV cache" in refused(case["config"])
        return
    model = read(case["config"])
    assert engine.kv_bytes_per_late_token(model, 16) == case["growing_token_bytes"]
    assert engine.kv_bytes(model, 131_072, 16) == case["bytes_at_131072"]
    if case["parameters"]:
        assert model.parameters == pytest.approx(case["parameters"], rel=0.002)
        assert model.active_parameters == pytest.approx(case["active_parameters"], rel=0.002)


@pytest.mark.parametrize("known", CLASSES, ids=[known["type"] for known in CLASSES])
def test_every_class_has_the_weights_and_layers_that_it_makes_itself(known):
    model = read(known["config"])
    assert model.parameters == pytest.approx(known["parameters"], rel=0.01)
    assert (model.full_layers, model.local_layers) == (known["full_layers"], known["local_layers"])


def test_multi_query_is_one_head():
    config = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
    assert read({**config, "model_type": "gpt_bigcode"}).attention == "mqa"
    assert "multi_query" in refused({**LLAMA, "multi_query": True})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "There is no text"),
        (" \n\ufeff", "There is no text"),
        ("{", "line 1, column 2"),
        ("num_hidden_layers: 4", "JSON"),
        ("[1]", "object"),
        ("null", "object"),
        (json.dumps({**LLAMA, "num_hidden_layers": "many"}), "num_hidden_layers"),
        (json.dumps({**LLAMA, "num_hidden_layers": 0}), "layers"),
        (json.dumps({**LLAMA, "num_hidden_layers": 10**6}), "num_hidden_layers"),
        (json.dumps({**LLAMA, "hidden_size": -1}), "hidden_size"),
        (json.dumps({**LLAMA, "vocab_size": None}), "vocab_size"),
        (json.dumps({**LLAMA, "num_key_value_heads": 65}), "num_key_value_heads"),
        (json.dumps({**LLAMA, "num_key_value_heads": 7}), "divide"),
        (json.dumps({**LLAMA, "num_attention_heads": 60, "num_key_value_heads": 4}), "head_dim"),
        (json.dumps({**MIXTRAL, "num_experts_per_tok": 9}), "num_experts_per_tok"),
        (json.dumps({**LLAMA, "is_encoder_decoder": True}), "encoder-decoder"),
        (json.dumps({**LLAMA, "hidden_size": 1})[:-1] + ', "hidden_size": 8192}', "hidden_size stands twice"),
        ('{"hidden_size": ' + "9" * 6000 + "}", "num_hidden_layers"),
        ("[" * 100_000, "JSON"),
        ('{"a": ' * 100_000, "JSON"),
        (b"GGUF\x03\x00\x00\x00\xff\xfe\x90", "UTF-8"),
        ('{"weight_map": {"a": "b"}}', "safetensors.index.json"),
        ('{"processor_class": "WhisperProcessor", "sampling_rate": 16000}', "processor_config.json"),
        ('{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}}', "hf_quant_config.json"),
        ('{"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": false}', "quantize_config.json"),
        ('{"_class_name": "UNet2DConditionModel", "sample_size": 128}', "pipeline"),
        ('{"peft_type": "PREFIX_TUNING", "num_layers": 32}', "adapter"),
        (json.dumps({**LLAMA, "architectures": ["LlamaForCausalLMEagle3"]}), "draft head"),
        (json.dumps({**LLAMA, "num_hidden_layers": 1, "bias": False}), "draft head"),
        (json.dumps({**LLAMA, "draft_vocab_size": 32000}), "draft head"),
        (
            json.dumps(
                {**GEMMA["text_config"], "model_type": "gemma4_text", "num_hidden_layers": 4, "num_kv_shared_layers": 4}
            ),
            "draft head",
        ),
        (json.dumps({**LLAMA, "model_type": "Dream", "mask_token_id": 151666}), "no KV cache"),
        (json.dumps({**LLAMA, "model_type": "a2d-qwen3", "architectures": ["A2DQwen3LMHeadModel"]}), "no KV cache"),
        (
            '{"model_type": "siglip", "text_config": {"model_type": "siglip_text_model", "hidden_size": 1152}}',
            "no KV cache",
        ),
        (
            json.dumps({**LLAMA, "model_type": "deepseek_v4", "compress_ratios": [0, 4]}),
            "can't count a model of the type",
        ),
        (json.dumps({**LLAMA, "model_type": "rwkv7", "attn": {"layers": [5, 11], "num_heads": 32}}), "rwkv7"),
        (
            json.dumps({"model_type": "multi_modality", "language_config": LLAMA, "gen_head_config": {"n_embed": 8}}),
            "multi_modality",
        ),
        ('{"peft_type": "LORA", "r": 8}', "adapter"),
        ('{"model_type": "siglip_vision_model", "image_size": 224, "patch_size": 14}', "no KV cache"),
        ('{"model_type": "mamba", "hidden_size": 768, "num_hidden_layers": 24}', "fixed size"),
        (
            json.dumps({**GEMMA["text_config"], "model_type": "gemma3_text", "use_bidirectional_attention": True}),
            "no KV cache",
        ),
        ("x" * 16_000_001, "too long"),
    ],
)
def test_what_cannot_be_read_is_named(text, named):
    assert named in refused(text)


PLAIN = json.dumps(LLAMA, indent=1)
PYTHON = repr({**LLAMA, "use_cache": True, "rope_scaling": None, "note": "it's"})


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{PLAIN}\n```",
        f"Here's Maya's config (it's {{new}}):\n\n{PLAIN}\n\nIt's the published one.",
        f"LlamaConfig {PLAIN}",
        json.dumps(PLAIN),
        f"'{json.dumps(LLAMA)}'",
        PLAIN.rstrip("}\n ") + ",\n}",
        PYTHON,
        PLAIN.replace('"hidden_size"', '// the width\n /* in values */ "hidden_size"').replace("{", "{ # begins", 1),
        PLAIN.replace('"', "\u201d"),
        "\ufeff" + PLAIN,
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        json.dumps({**LLAMA, "id2label": {str(i): f"LABEL {i}" for i in range(120_000)}}),
    ],
    ids=[
        "fenced",
        "explained",
        "printed",
        "string",
        "quoted",
        "comma",
        "python",
        "comments",
        "curly",
        "mark",
        "utf8",
        "bom",
        "utf16",
        "utf16le",
        "large",
    ],
)
def test_the_text_is_mended_where_its_meaning_is_clear(text):
    assert replace(engine.model_from_config(text), precision="") == read(LLAMA)


def test_a_fault_in_the_text_is_located():
    broken = PLAIN.replace('"hidden_size": 8192,', '"hidden_size" 8192,')
    line = broken[: broken.index('"hidden_size"')].count("\n") + 1
    assert f"line {line}, column 16" in refused(broken)
    assert f"line {line + 2}, column 16" in refused("Look:\n\n" + broken)
    assert f"line {PLAIN.count(chr(10))}" in refused(PLAIN[:-1])
    assert f"line {line + 2}, column 16" in refused("\n\n" + broken)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("meta-llama/Meta-Llama-3-70B", "Meta-Llama-3-70B"),
        ("models/tiny/", "tiny"),
        ("C:\\models\\tiny", "tiny"),
        ("///", "llama"),
        ("[click](https://example.org/x)", "x)"),
        ("a**b**`c` {users:n}\u202e\x00\n d", "a b c users:n d"),
        ("x" * 5000, "x" * 60),
        (7, "llama"),
    ],
)
def test_a_name_is_clean(path, name):
    assert read({**LLAMA, "_name_or_path": path}).name == name


SIGNIFICANT = {
    "sliding_window": 4096, "layer_types": ["linear_attention"] * 80, "num_kv_shared_layers": 20,
    "cross_attention_layers": [3, 8],
    "kv_lora_rank": 512, "attention_chunk_size": 8192, "index_topk": 2048, "cla_share_factor": 2,
    "num_kv_heads": 4, "n_head_kv": 4, "multi_query": True, "mamba_d_state": 16, "attn_layer_period": 8, "block_configs": [{}],
    "full_attention_interval": 4, "linear_attn_config": {"full_attn_layers": [4]}, "hybrid_override_pattern": "M*",
    "v_head_dim": 64,
    "num_attention_heads_per_layer": [64] * 80, "per_layer_config": {"1": {"head_dim": 64}}, "head_dim": 64, "n_layer": 40,
    "kv_channels": 64, "hidden_size_per_layer_input": 256, "moe_intermediate_size": 2048, "n_shared_experts": 1,
    "some_new_attention_window": 128, "kv_cache_compression_ratio": 4, "recurrent_depth": 4, "num_loops": 3, "n_embd": 4096,
    "expert_interval": 2, "share_every": 2, "state_size": 16, "lightning_attn_layers": [1], "dense_attention_every_n_layers": 2,
    "tie_word_embeddings": True, "num_memory_tokens": 8, "sparse_attention": {"block": 64}, "skip_layers": [2],
    "ssm_cfg": {"d": 1},
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(SIGNIFICANT))
def test_a_key_that_matters_changes_the_figures_or_refuses_by_name(key):
    before = read(LLAMA)
    try:
        after = read({**LLAMA, key: SIGNIFICANT[key]})
    except engine.ConfigError as refusal:
        assert key in " ".join(refusal.facts.values())
        return
    figures = [(engine.kv_bytes(model, 100_000, 16), model.parameters) for model in (before, after)]
    assert figures[0] != figures[1]


@pytest.mark.parametrize("known", CLASSES, ids=[known["type"] for known in CLASSES])
def test_a_renamed_key_is_missed_or_refused_by_name(known):
    """No number of a class may be lost without a word: renamed, it is the family's default, or the file is refused."""
    before, config = read(known["config"]), known["config"]
    for key, value in config.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 3:
            continue
        renamed = {
            ("x_" + at if at == key else at): 2 * number if at == key else number for at, number in config.items()
        }
        try:
            after = read(renamed)
        except engine.ConfigError:
            continue
        without = read({at: number for at, number in config.items() if at != key})
        assert replace(after, name=before.name) == replace(without, name=before.name), key


@pytest.mark.parametrize(
    "key", ["vision_config", "rope_theta", "attention_dropout", "initializer_range", "bos_token_id", "torch_dtype"]
)
def test_a_key_of_no_matter_changes_nothing(key):
    value = {"vision_config": {"hidden_size": 8}, "torch_dtype": "bfloat16"}.get(key, 5)
    after = read({**LLAMA, key: value})
    assert replace(after, text_part=False, precision="") == read(LLAMA)


@pytest.mark.parametrize(
    "key",
    ["residual_moe", "attention_dropout_layers", "_hidden_layers_twice", "rope_head_dim", "ffn_dim_multiplier", "loss_free_heads",
     "moe_router_enable_shared_expert", "layer_norm_window", "pruned_heads", "cache_rotary_rank", "kv_cache_scale_groups",
     "expert_activation_rank", "num_labels_per_layer", "attention_bias_rank", "sink_token_id_heads"],
)  # fmt: skip
def test_a_key_of_shape_with_a_harmless_word_in_it_is_refused_by_name(key):
    """The last word of a key says what it is: layers and ranks stay layers and ranks, whatever stands before them."""
    assert key in refused({**LLAMA, key: 2})


@pytest.mark.parametrize(
    "key",
    ["attn_pdrop", "hidden_dropout_prob", "embd_pdrop", "router_aux_loss_coef", "moe_router_enable_expert_bias", "lm_head_bias",
     "attention_softmax_in_fp32", "apply_query_key_layer_scaling", "_attn_implementation_autoset", "layer_norm_epsilon",
     "rotary_emb_base", "attn_logit_softcapping", "num_labels", "mamba_ssm_cache_dtype", "hidden_activation", "layernorm_1p",
     "bias_dropout_fusion", "mup_attn_multiplier", "router_jitter_noise", "embedding_multiplier_scale", "decoder_start_token_id"],
)  # fmt: skip
def test_what_real_files_say_of_training_and_running_is_harmless(key):
    assert read({**LLAMA, key: 2}) == read(LLAMA)


MIXED = {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}


@pytest.mark.parametrize(
    ("quantised", "said"),
    [
        ({"quant_method": "fp8"}, "FP8"),
        ({"quant_method": "awq", "bits": 4}, "awq, 4 bit"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes, 4 bit"),
        ({"quant_method": "mxfp4"}, "MXFP4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "NVFP4"),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 8}}}},
            "compressed-tensors, 8 bit",
        ),
        ({"load_in_4bit": True}, "bitsandbytes, 4 bit"),
        ({"bits": 4, "group_size": 128, "desc_act": False}, "4 bit"),
        (MIXED | {"quantized_layers": {"a": {"quant_algo": "MXFP8"}, "b": {"quant_algo": "NVFP4"}}}, "MXFP8 and NVFP4"),
        (MIXED | {"quantized_layers": {**{f"{i}": {"quant_algo": "NVFP4"} for i in range(99)}, "a": {}}}, "NVFP4"),
    ],
)
def test_the_precision_of_the_file_is_understood(quantised, said):
    assert read({**LLAMA, "torch_dtype": "bfloat16", "quantization_config": quantised}).precision == said


@pytest.mark.parametrize(
    ("quantised", "bits"),
    [
        ({"quant_method": "exl2", "bits": 4.65}, 8),
        ({"quant_method": "exl3", "bits": 3.5}, 4),
        ({"quant_method": "bitnet"}, 4),
        ({"quant_method": "modelopt", "quant_algo": "W4A16_AWQ"}, 4),
        (MIXED | {"quantized_layers": {"a": {"quant_algo": "MXFP8"}, "b": {"quant_algo": "NVFP4"}}}, 8),
        ({"quant_method": "gptq", "bits": 8}, 8),
    ],
)
def test_no_server_has_the_weights_wider_than_their_file(quantised, bits):
    """At the next width above: half a bit more than four is no four."""
    assert engine.published_bits(read({**LLAMA, "quantization_config": quantised})) == bits


@pytest.mark.parametrize(
    ("quantised", "bits", "told"),
    [
        ({"quant_method": "gptq", "bits": 2, "group_size": 128}, 4, "2"),
        ({"quant_method": "gptq", "bits": 3, "group_size": 128}, 4, "3"),
        ({"quant_method": "exl3", "bits": 3.5}, 4, "3.5"),
        ({"quant_method": "exl2", "bits": 4.65}, 8, "4.65"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 4, "4"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 8, "8"),  # sized as something that the file isn't
        ({"quant_method": "fp8"}, 8, "8"),
    ],
)
def test_weights_are_called_by_the_bits_that_their_file_says(quantised, bits, told):
    assert engine.told_bits(read({**LLAMA, "quantization_config": quantised}), bits) == told


FULL_OF_K3 = [*range(4, 93, 4), 93]
K3 = {
    "model_type": "kimi_linear",
    "activation_situ_linear_beta": 25.0,
    "attn_res_block_size": 12,
    "first_k_dense_replace": 1,
    "hidden_act": "situ",
    "hidden_size": 7168,
    "intermediate_size": 33792,
    "kv_lora_rank": 512,
    "latent_moe_use_norm": True,
    "linear_attn_config": {
        "full_attn_layers": FULL_OF_K3,
        "head_dim": 128,
        "num_heads": 96,
        "short_conv_kernel_size": 4,
        "use_full_rank_gate": True,
    },
    "max_position_embeddings": 1048576,
    "mla_use_nope": True,
    "mla_use_output_gate": True,
    "moe_intermediate_size": 3072,
    "num_attention_heads": 96,
    "num_experts": 896,
    "num_experts_per_token": 16,
    "num_hidden_layers": 93,
    "num_key_value_heads": 96,
    "num_shared_experts": 2,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "routed_expert_hidden_size": 3584,
    "tie_word_embeddings": False,
    "v_head_dim": 128,
    "vocab_size": 163840,
    "quantization_config": {
        "quant_method": "compressed-tensors",
        "format": "mxfp4-pack-quantized",
        "config_groups": {
            "group_0": {"weights": {"num_bits": 4, "type": "float", "group_size": 32, "symmetric": True}}
        },
        "ignore": ["re:.*self_attn.*", "re:.*shared_experts.*", "re:.*lm_head.*"],
    },
}
STEP = {
    "model_type": "step3p5",
    "att_impl_type": "GQA",
    "attention_other_setting": {
        "attention_type": "sliding_attention",
        "head_dim": 128,
        "num_attention_groups": 8,
        "num_attention_heads": 96,
        "true_head_dim": 128,
    },
    "head_dim": 128,
    "hidden_size": 4096,
    "intermediate_size": 11264,
    "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "sliding_attention"] * 12,
    "max_seq_len": 262144,
    "moe_every_n_layer": 1,
    "moe_intermediate_size": 1280,
    "moe_layer_offset": 0,
    "moe_layers_enum": ",".join(map(str, range(3, 45))),
    "moe_num_experts": 288,
    "moe_top_k": 8,
    "norm_expert_weight": True,
    "num_attention_groups": 8,
    "num_attention_heads": 64,
    "num_hidden_layers": 45,
    "num_nextn_predict_layers": 3,
    "share_expert_dim": 1280,
    "sliding_window": 512,
    "tie_word_embeddings": False,
    "use_head_wise_attn_gate": True,
    "use_moe": True,
    "vocab_size": 128896,
}


def test_kimi_k3_has_the_weights_and_bytes_of_its_files():
    """By the shapes of the tensors in moonshotai/Kimi-K3: 1,453.7 GiB with 0.9 GiB of the part for pictures."""
    routed = 92 * 896 * 3 * 3072 * 3584
    linear = 69 * (5 * 12288 * 7168 + 128 * 7168 + 12288 * 128 + 96 * 7168 + 3 * 12288 * 4)
    latent = 24 * (2 * 12288 * 7168 + 576 * 7168 + 24576 * 512 + 1536 * 7168 + 18432 * 1536)
    beside = 92 * (896 * 7168 + 2 * 3584 * 7168 + 3 * 7168 * 6144) + 3 * 7168 * 33792 + 2 * 163840 * 7168
    model = read({"model_type": "kimi_k3", "text_config": K3, "vision_config": {"vt_hidden_size": 1024}})
    assert model.parameters == pytest.approx(routed + linear + latent + beside, rel=1e-5)
    assert model.active_parameters == pytest.approx(routed * 16 / 896 + linear + latent + beside, rel=1e-4)
    assert engine.kv_bytes_per_token(model, 16) == 24 * 576 * 2
    assert (model.full_layers, model.state_layers) == (24, 69)
    assert engine.checkpoint_bytes(model, 4) / engine.GIB == pytest.approx(1453.7 - 0.9, rel=1e-3)


def test_step_has_other_heads_in_its_windows_and_a_gate_for_each():
    """stepfun-ai/Step-3.7-Flash: 196 billion for text, 11 billion of them active without the two tables."""
    attention = sum(count * 4096 * (2 * heads * 128 + 2 * 8 * 128 + heads) for count, heads in ((12, 64), (33, 96)))
    tables, router = 2 * 128896 * 4096, 42 * 288 * 4096
    dense, expert = 3 * 3 * 4096 * 11264, 42 * 3 * 4096 * 1280
    model = read({"model_type": "step3p7", "text_config": STEP, "vision_config": {"width": 1536}})
    assert model.parameters == pytest.approx(attention + tables + router + dense + 289 * expert, rel=1e-5)
    assert model.parameters / 1e9 == pytest.approx(196, rel=0.01)
    assert (model.active_parameters - tables) / 1e9 == pytest.approx(11, rel=0.01)
    assert (model.full_layers, model.local_layers, model.window_tokens, model.draft_layers) == (12, 33, 512, 3)
    assert engine.kv_bytes_per_late_token(model, 16) == 12 * 2 * 8 * 128 * 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"att_impl_type": "MFA"}, "att_impl_type"),
        ({"moe_layers_enum": None}, "moe_layers_enum"),
        ({"moe_layers_enum": "3,four"}, "moe_layers_enum"),
        ({"layer_types": None}, "layer_types"),
        ({"layer_types": ["full_attention"] * 46}, "layer_types"),
        ({"attention_other_setting": {"attention_type": "linear_attention"}}, "attention_other_setting"),
        ({"attention_other_setting": {"num_attention_groups": 0}}, "attention_other_setting"),
        ({"share_q_dim": 2048}, "share_q_dim"),
    ],
)
def test_another_step_is_refused_by_name(change, named):
    assert named in refused({**STEP, **change})


TORCHAO = {"quant_method": "torchao"}


def of_torchao(kind, **data):
    """torchao's own way to write a class and its arguments."""
    return {**TORCHAO, "quant_type": {"default": {"_type": kind, "_version": 1, "_data": data}}}


def of_quark(weights, **others):
    return {"quant_method": "quark", "global_quant_config": {"weight": weights}, "exclude": ["lm_head"], **others}


# The form of each file, the bits of a weight by its name, and with its scales by the form's definition.
FORMS = [
    ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["lm_head"]}, "FP8", 8),
    ({"quant_method": "mxfp8"}, "MXFP8", 8.25),
    ({"quant_method": "modelopt", "quantization": {"quant_algo": "FP8", "exclude_modules": ["lm_head"]}}, "FP8", 8),
    ({"quant_method": "bitnet", "quantization_mode": "offline"}, "1.58 bit", 2),
    ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "gptq, 4 bit", 4 + (16 + 4) / 128),
    ({"quant_method": "gptq", "bits": 3, "group_size": 32}, "gptq, 3 bit", 3 + (16 + 3) / 32),
    ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "gptq, 8 bit", 8),
    ({"quant_method": "awq", "w_bit": 4, "q_group_size": 64}, "awq, 4 bit", 4 + 20 / 64),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes, 4 bit", 4.5),
    (
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True},
        "bitsandbytes, 4 bit",
        4 + 8 / 64 + 32 / (64 * 256),
    ),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}}, "hqq, 4 bit", 4.5),
    (
        {
            "quant_method": "hqq",
            "quant_config": {
                "weight_quant_params": {"nbits": 2, "group_size": 16},
                "scale_quant_params": {"nbits": 8},
                "zero_quant_params": {"nbits": 8},
            },
        },
        "hqq, 2 bit",
        2 + 16 / 16,
    ),
    (
        {
            "quant_method": "hqq",
            "quant_config": {
                "self_attn.q_proj": {"weight_quant_params": {"nbits": 8, "group_size": 64}},
                "mlp.up_proj": {"weight_quant_params": {"nbits": 4, "group_size": 64}},
            },
        },
        "hqq, 4 and 8 bit",
        0,
    ),
    (of_quark({"dtype": "fp8_e4m3", "qscheme": "per_tensor"}), "quark, 8 bit", 8),
    (of_quark({"dtype": "fp4", "qscheme": "per_group", "group_size": 32, "scale_format": "e8m0"}), "quark, 4 bit", 4.25),
    (of_quark({"dtype": "int4", "qscheme": "per_group", "group_size": 128}), "quark, 4 bit", 4 + 16 / 128),
    (of_quark([{"dtype": "fp8_e4m3"}, {"dtype": "int4", "qscheme": "per_channel"}]), "quark, 4 bit", 4),
    (
        of_quark({"dtype": "fp8_e4m3"}, layer_quant_config={"*experts*": {"weight": {"dtype": "fp4", "group_size": 32}}}),
        "quark, 4 and 8 bit",
        0,
    ),
    ({**TORCHAO, "quant_type": "int4_weight_only", "quant_type_kwargs": {"group_size": 64}}, "torchao, 4 bit", 4.5),
    ({**TORCHAO, "quant_type": "int8_dynamic_activation_int8_weight"}, "torchao, 8 bit", 8),
    ({**TORCHAO, "quant_type": "autoquant"}, "torchao", 0),
    (of_torchao("Int4WeightOnlyConfig", group_size=128), "torchao, 4 bit", 4.25),
    (of_torchao("Float8DynamicActivationFloat8WeightConfig"), "torchao, 8 bit", 8),
    (of_torchao("Int8DynamicActivationInt4WeightConfig", group_size=32), "torchao, 4 bit", 0),
    (of_torchao("NVFP4DynamicActivationNVFP4WeightConfig"), "torchao, 4 bit", 4.5),
    (
        of_torchao("IntxWeightOnlyConfig", weight_dtype={"_type": "torch.dtype", "_data": "int3"}),
        "torchao, 3 bit",
        0,
    ),
    (
        of_torchao(
            "ModuleFqnToConfig",
            module_fqn_to_config={
                "_default": {"_type": "Int4WeightOnlyConfig", "_data": {"group_size": 128}},
                "model.embed_tokens": {"_type": "Int8WeightOnlyConfig", "_data": {}},
            },
        ),
        "torchao, 4 and 8 bit",
        0,
    ),
    ({"quant_method": "quanto", "weights": "int4"}, "quanto, 4 bit", 4.25),
    ({"quant_method": "eetq", "weights": "int8"}, "eetq, 8 bit", 8),
    ({"quant_method": "higgs", "bits": 4, "group_size": 256}, "higgs, 4 bit", 4 + 16 / 256),
    ({"quant_method": "spqr", "bits": 3, "beta1": 16}, "spqr, 3 bit", 0),
    ({"quant_method": "experts_int8"}, "experts_int8, 8 bit", 0),
    (
        {
            "quant_method": "vptq",
            "config_for_layers": {
                "model.layers.0.mlp.up_proj": {
                    "vector_lens": [-1, 8], "num_centroids": [-1, 65536], "num_res_centroids": [-1, 256],
                }
            },
        },
        "vptq, 3 bit",
        3 + (65536 + 256) * 8 * 16 / (68.45e9 / 560),
    ),
    (
        {"quant_method": "aqlm", "num_codebooks": 1, "nbits_per_codebook": 16, "in_group_size": 8, "out_group_size": 1},
        "aqlm, 2 bit",
        2 + 65536 * 8 * 16 / (68.45e9 / 560),
    ),
    (
        {
            "quant_method": "compressed-tensors",
            "config_groups": {"g": {"weights": {"num_bits": 4, "type": "float", "group_size": 16, "strategy": "tensor_group"}}},
        },
        "compressed-tensors, 4 bit",
        4.5,
    ),
    (
        {
            "quant_method": "compressed-tensors",
            "config_groups": {"g": {"weights": {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": False}}},
        },
        "compressed-tensors, 4 bit",
        4 + 20 / 128,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("quantised", "said", "bits"), FORMS)
def test_a_form_is_told_with_what_a_weight_takes(quantised, said, bits):
    model = read({**LLAMA, "quantization_config": quantised})
    assert model.precision == said
    assert model.file_bits == pytest.approx(bits, rel=2e-3)


@pytest.mark.parametrize(
    ("left", "wide"),
    [
        (["lm_head"], ""),
        (["lm_head", "re:.*self_attn.*"], "attention"),
        (["model.layers.*.self_attn", "model.layers.*.mlp.router"], "attention"),
        ([f"model.layers.{i}.self_attn.{name}_proj" for i in range(80) for name in "qkvo"], "attention"),
        ([f"model.layers.{i}.self_attn*" for i in range(3)], ""),
        (["re:.*visual.*attn.*", "model.layers.3.linear_attn"], ""),
    ],
)
def test_attention_that_a_file_leaves_out_weighs_16_bits(left, wide):
    """By hand: FP8 has a byte for each weight, and one more for those of tables, head and what is left out."""
    model = read({**LLAMA, "quantization_config": {"quant_method": "fp8", "modules_to_not_convert": left}})
    attention = 80 * (2 * 8192 * 8192 + 2 * 8192 * 1024) if wide else 0
    assert model.wide_part == wide
    assert engine.checkpoint_bytes(model, 8) == pytest.approx(
        model.parameters + 2 * 128256 * 8192 + attention, rel=1e-9
    )


def test_each_expert_has_code_books_of_its_own():
    """ISTA-DASLab/Mixtral-8x7b-AQLM-2Bit-1x16-hf: 6.55 billion numbers of 16 bits."""
    books = {
        "quant_method": "aqlm",
        "num_codebooks": 1,
        "nbits_per_codebook": 16,
        "in_group_size": 8,
        "out_group_size": 1,
    }
    model = read({**MIXTRAL, "model_type": "mixtral", "quantization_config": books})
    assert engine.checkpoint_bytes(model, 4) / 2e9 == pytest.approx(6.55, rel=0.005)


def test_mlx_takes_tables_and_head_too():
    """mlx-community/Meta-Llama-3.1-8B-Instruct-4bit: one file of 4.52 GB."""
    shape = {
        **LLAMA,
        "num_hidden_layers": 32,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "intermediate_size": 14336,
    }
    model = read({**shape, "quantization": {"group_size": 64, "bits": 4}})
    assert engine.checkpoint_bytes(model, 4) / 1e9 == pytest.approx(4.52, rel=0.002)


@pytest.mark.parametrize(
    "quantised",
    [
        {"quant_method": "bitnet", "quantization_mode": "online"},
        {"quant_method": "modelopt", "quant_algo": None, "kv_cache_scheme": "FP8", "config_groups": {}},
    ],
)
def test_weights_that_no_form_touches_are_kept_at_16_bits(quantised):
    assert read({**LLAMA, "torch_dtype": "bfloat16", "quantization_config": quantised}).precision == "BF16"


def test_a_name_may_say_what_the_file_does_not():
    named = {**LLAMA, "_name_or_path": "nvidia/Llama-3.1-70B-Instruct-NVFP4", "torch_dtype": "bfloat16"}
    model = read(named)
    assert model.precision == "BF16 (its name: NVFP4)"
    assert engine.published_bits(model) == 16 and not engine.bits_unknown(model)


@pytest.mark.parametrize("name", ["rotary-3", "fouroversix", ""])
def test_a_model_in_a_form_whose_bits_are_unknown_is_read_and_its_form_named(name):
    model = read({**LLAMA, "quantization_config": {"quant_method": name, "rotations": 3}})
    assert replace(model, precision="") == read(LLAMA)
    assert (name or "quantization_config") in model.precision
    assert engine.bits_unknown(model) and not model.file_bits


@pytest.mark.parametrize("key", ["nbits_per_codebook", "num_codebooks", "in_group_size"])
def test_a_code_book_larger_than_any_is_refused_by_name(key):
    assert key in refused({**LLAMA, "quantization_config": {"quant_method": "aqlm", key: 2**24}})
    assert key in refused({**LLAMA, "quantization_config": {"quant_method": "aqlm", "in_group_size": 0, key: "8"}})


def test_a_form_without_a_number_of_bits_is_refused_by_name():
    assert "quantization_config.bits" in refused(
        {**LLAMA, "quantization_config": {"quant_method": "gptq", "bits": "x"}}
    )


@pytest.mark.parametrize("kept", ["bfloat16", "torch.float16", "float32", None])
def test_weights_that_are_not_quantised_leave_nothing_unknown(kept):
    assert not engine.bits_unknown(read({**LLAMA, "torch_dtype": kept}))


@pytest.mark.parametrize("bits", ["4", -4, True, 4.5, 0, 64, [4, 8]])
@pytest.mark.parametrize("key", ["bits", "w_bit", "num_bits"])
def test_what_is_no_number_of_bits_is_named(key, bits):
    said = {"config_groups": {"g": {"weights": {key: bits}}}} if key == "num_bits" else {key: bits}
    told = refused({**LLAMA, "quantization_config": {"quant_method": "gptq", "quant_algo": "W4A16", **said}})
    assert "bits" in told or key in told
    assert "quant_method" not in told and "gptq" not in told


def test_a_number_is_whole_by_its_value_and_never_a_text():
    quantised = {"quantization_config": {"quant_method": "gptq", "bits": 4.0}}
    assert read({**LLAMA, **quantised}).precision == "gptq, 4 bit"
    whole = {key: float(value) for key, value in DEEPSEEK.items() if isinstance(value, int)}
    assert read({**DEEPSEEK, **whole}) == read(DEEPSEEK)
    assert read({**DEEPSEEK, "moe_layer_freq": [0.0] * 3 + [1.0] * 58}) == read(DEEPSEEK)
    for key, value in DEEPSEEK.items():
        if isinstance(value, int):
            assert f"{key} should be a whole number" in refused({**DEEPSEEK, key: str(value)})
    assert "use_sliding_window" in refused({**LLAMA, "model_type": "mistral", "use_sliding_window": "true"})
    assert "load_in_4bit" in refused({**LLAMA, "quantization_config": {"quant_method": "b", "load_in_4bit": "true"}})


def test_dense_layers_are_no_more_than_there_are_layers():
    assert "first_k_dense_replace should be" in refused({**DEEPSEEK, "first_k_dense_replace": 62})
    dense = read({**DEEPSEEK, "first_k_dense_replace": 61})
    assert (dense.experts, dense.parameters) == (0, dense.active_parameters)
    assert dense.ffn_width == 18432


def test_two_places_that_disagree_are_named():
    assert "tie_word_embeddings" in refused({**GEMMA, "tie_word_embeddings": False})
    assert "num_hidden_layers" in refused({**GEMMA, "num_hidden_layers": 4})
    assert "shared_window_layers" in refused({**GEMMA, "shared_window_layers": 4})
    assert read({**GEMMA, "image_token_index": 7, "mm_tokens_per_image": 256, "vocab_size": 262208}) == read(GEMMA)


NEMOTRON = {
    **LLAMA, "model_type": "nemotron-nas", "num_hidden_layers": 3, "num_key_value_heads": None, "intermediate_size": None,
    "block_configs": [
        {"attention": {"n_heads_in_group": 8, "no_op": False}, "ffn": {"ffn_mult": 5.25, "no_op": False}},
        {"attention": {"n_heads_in_group": None, "no_op": True}, "ffn": {"ffn_mult": 1.0, "no_op": False}},
        {"attention": {"n_heads_in_group": 8, "no_op": False}, "ffn": {"ffn_mult": None, "no_op": True}},
    ],
}  # fmt: skip


def test_layers_that_do_nothing_cost_nothing():
    model = read(NEMOTRON)
    assert (model.layers, model.bare_layers, model.kv_heads) == (3, 1, 8)
    assert engine.kv_bytes_per_token(model, 16) == 2 * 2 * 8 * 128 * 2
    attention, table = 2 * 8192 * 128 * (64 + 8), 2 * 128256 * 8192
    assert model.parameters == pytest.approx(table + 2 * attention + 3 * 8192 * (28672 + 5632), rel=0.001)


def test_heads_of_other_sizes_are_counted_each():
    model = read({**TINY, "model_type": "mimo_v2_flash", "num_key_value_heads": 2, "head_dim": 24, "v_head_dim": 16,
                  "swa_num_key_value_heads": 4, "hybrid_layer_pattern": [0, 1], "sliding_window": 128})  # fmt: skip
    assert engine.layer_values(model) == (2 * (24 + 16), 4 * (24 + 16))
    assert engine.kv_bytes(model, 1000, 16) == 2 * (80 * 1000 + 160 * 128)
    with pytest.raises(engine.PhysicsError, match="can't be estimated"):
        course = native.shipped()
        gpu = next(iter(course.gpus.values()))
        engine.StepCost(engine.Deployment(model, gpu, 1), course.calibrations[0])


def pasted(*texts):
    """The page after texts were pasted one after the other."""
    return native.after(native.walked(until=1), *(wall_actions.ConfigPasted(text) for text in texts))


def test_the_note_says_what_was_understood():
    case = next(case for case in CASES if "linear" in case["name"])
    said = native.says(pasted(json.dumps({**case["config"], "dtype": "bfloat16"})), "act1.paste.note")
    assert "6 layers keep a state" in said and "BF16" in said
    said = native.says(pasted(json.dumps(MIXTRAL)), "act1.paste.note")
    assert "2 of 8 experts" in said and "12.88 billion" in said
    said = native.says(pasted(json.dumps(GEMMA)), "act1.paste.note")
    assert "52 layers keep the last 1,024 tokens" in said


def test_a_refusal_says_nothing_of_the_model_before():
    state = pasted(json.dumps({**LLAMA, "_name_or_path": "the-first"}), json.dumps({**LLAMA, "kv_lora_rank": 8}))
    assert native.says(state, "act1.paste.note") == state.problems[PASTED]
    assert "the-first" not in native.says(state, "act1.paste.note") and "kv_lora_rank" in state.problems[PASTED]


def test_a_form_whose_bits_are_unknown_says_what_follows_from_the_choice():
    told = {
        name: native.says(
            pasted(json.dumps({**LLAMA, "quantization_config": {"quant_method": name}})), "act1.paste.note"
        )
        for name in ("rotary-3", "fp8")
    }
    assert "rotary-3" in told["rotary-3"] and "isn't known here" in told["rotary-3"]
    assert "FP8" in told["fp8"] and "isn't known here" not in told["fp8"]


def test_the_context_reaches_as_far_as_the_model_says():
    far = pasted(json.dumps({**LLAMA, "max_position_embeddings": 1_048_576}))
    state = native.after(far, store.ControlMoved("act1.context", "1048576", True))
    frame = views.frame(native.shipped(), state)
    assert state.value("act1.context") == 1_048_576 and frame["act1.context.range"]["max"] == "1048576"
    assert "beyond" not in frame["act1.state"]["text"]
    beyond = native.after(state, store.ControlMoved("act1.context", "1048577", True))
    assert beyond.value("act1.context") == 1_048_576 and "1,048,576" in beyond.problems["act1.context"]
    other = native.after(state, store.ControlMoved("act1.model", "llama-3-70b", True))
    assert "8,192" in views.frame(native.shipped(), other)["act1.state"]["text"]
    unsaid = {key: value for key, value in LLAMA.items() if key != "max_position_embeddings"}
    assert store.control(native.shipped(), pasted(json.dumps(unsaid)), "act1.context").maximum == 32768


@pytest.mark.parametrize("unsaid", [None, 0, 10**30, 1e30, 10**9])
def test_a_context_that_no_file_names_is_no_limit_and_the_page_says_so(unsaid):
    config = {**LLAMA, "max_position_embeddings": unsaid}
    assert read(config).max_context_tokens == engine.ANY_CONTEXT
    assert read({**config, "n_positions": 2048}).max_context_tokens == 2048
    assert "names no longest context" in native.says(pasted(json.dumps(config)), "act1.paste.note")
    assert "names no longest context" not in native.says(pasted(json.dumps(LLAMA)), "act1.paste.note")


@pytest.mark.parametrize(
    ("rope", "tokens"),
    [
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 131072),
        ({"rope_type": "yarn", "factor": 2}, 65536),
        ({"rope_type": "yarn", "factor": 40, "original_max_position_embeddings": 512}, 32768),
        ({"type": "linear", "factor": 8.0}, 262144),
        ({"rope_type": "dynamic", "factor": 2.0}, 65536),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, 32768),
        ({"type": "longrope", "factor": 8.0}, 32768),
        ({"rope_type": "default"}, 32768),
        ({"type": "linear", "factor": None}, 32768),
        ({"type": "linear", "factor": "8"}, 32768),
        ({"type": "linear", "factor": 1e300}, 32768),
        ([8], 32768),
    ],
)
def test_stretched_positions_are_as_long_as_engines_take_them(rope, tokens):
    config = {**LLAMA, "max_position_embeddings": 32768}
    for name in ("rope_scaling", "rope_parameters"):
        assert read({**config, name: rope}).max_context_tokens == tokens
    assert read({**config, "model_type": "gemma3_text", "rope_scaling": rope}).max_context_tokens == 32768


@pytest.mark.parametrize("wrong", ["4096", -1, True, 4096.5, [1, 2], {}])
def test_a_context_that_is_no_number_is_named(wrong):
    assert "max_position_embeddings" in refused({**LLAMA, "max_position_embeddings": wrong})
    assert read({**LLAMA, "max_position_embeddings": 4096.0}).max_context_tokens == 4096


def test_mutated_classes_are_refused_in_words_or_within_bounds():
    chance, kept = random.Random(5), 0
    strange = [None, True, -1, 0, 1, 2, 3, 7.0, 2**70, "x", [], {}, [1], {"a": 1}, [0] * 8, "*" * 70]
    numbers = {field.name for field in fields(engine.Model) if field.type == "int"}
    for _ in range(10_000):
        config = dict(chance.choice(CLASSES)["config"])
        for _ in range(chance.randrange(1, 4)):
            key = chance.choice(sorted(config))
            config[key] = chance.choice([*strange, config[key], chance.choice(list(config.values()))])
        try:
            model = read(config)
        except engine.ConfigError as refusal:
            assert native.shipped().told("config", [refusal]).endswith(".")
            continue
        kept += 1
        assert all(0 <= getattr(model, name) <= 10**15 for name in numbers), config
        assert 0 < model.active_parameters <= model.parameters and model.full_layers >= 0
        assert 0 < engine.kv_bytes(model, 512, 16) <= engine.kv_bytes(model, 131_072, 16)
    assert 1000 < kept < 9000


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


EVERY = {"vocab_size": 32000, "tie_word_embeddings": False, "max_position_embeddings": 8192}
SIZES = {"hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8, "num_key_value_heads": 2} | EVERY
HEADS = {**SIZES, "head_dim": 64}
EXPERTS = {"num_local_experts": 8, "num_experts_per_tok": 2}


@pytest.mark.parametrize(
    ("extra", "base"),
    [
        ({"sliding_window_size": 256}, {"model_type": "gemma2", "sliding_window": 256, **HEADS}),
        ({"layer_switch": 4, "order_of_interleaved_layers": "local_attn_first", "use_gated_activation": True},
         {"model_type": "cohere2", "sliding_window": 256, **HEADS}),
        ({"attn_type_list": [1] * 4, "mlp_intermediate_size": 4096, "num_mtp_modules": 3, "mtp_transformer_layers": 1},
         {"model_type": "minimax_m2", **EXPERTS, **HEADS}),
        ({"max_window_layers": 2, "use_sliding_window": False}, {"model_type": "smollm3", **SIZES}),
        ({"full_attn_mod": 1}, {"model_type": "phi3", **SIZES}),
        ({"mamba_use_mlp": True, "mlp_expansion_factor": 8}, {"model_type": "falcon_h1", "mamba_d_ssm": 1024, **HEADS}),
        ({"num_expert_groups": 1, "num_limited_groups": 1}, {"model_type": "llama", **SIZES}),
        ({"skip_bias_add": True, "bias_dropout_fusion": True}, {"model_type": "bloom", **SIZES, "num_key_value_heads": 8}),
    ],
    ids=lambda part: part.get("model_type"),
)  # fmt: skip
def test_what_real_files_say_beside_their_shape_changes_nothing(extra, base):
    base = {**base, "num_hidden_layers": 4}
    assert engine.model_from_config(json.dumps({**base, **extra})) == engine.model_from_config(json.dumps(base))


@pytest.mark.parametrize(
    ("other", "base"),
    [
        ({"sliding_window_size": 128}, {"model_type": "gemma2", "sliding_window": 256, **HEADS}),
        ({"order_of_interleaved_layers": "global_attn_first"}, {"model_type": "cohere2", "sliding_window": 256, **HEADS}),
        ({"attn_type_list": [0, 1, 1, 1]}, {"model_type": "minimax_m2", **EXPERTS, **HEADS}),
        ({"full_attn_mod": 2}, {"model_type": "phi3", **SIZES}),
    ],
    ids=lambda part: part.get("model_type"),
)  # fmt: skip
def test_the_same_keys_with_another_meaning_are_refused_by_name(other, base):
    with pytest.raises(engine.ConfigError, match=next(iter(other))):
        engine.model_from_config(json.dumps({**base, "num_hidden_layers": 4, **other}))


@pytest.mark.parametrize("off", [{"use_mla": False}, {"kv_lora_rank": None}, {"kv_lora_rank": 0}])
@pytest.mark.parametrize("sizes", [{}, {"qk_nope_head_dim": 0, "qk_rope_head_dim": 0, "v_head_dim": 0}])
def test_a_file_that_switches_its_latent_off_has_ordinary_heads(off, sizes):
    """DeepSeek-OCR's: 12 layers of 10 heads with 128 values each."""
    text = {"model_type": "deepseek_v2", **SIZES, "hidden_size": 1280, "num_attention_heads": 10} | {
        "num_key_value_heads": 10, "num_hidden_layers": 12, "q_lora_rank": None, **off, **sizes,
    }  # fmt: skip
    model = engine.model_from_config(json.dumps(text))
    assert (model.attention, model.kv_heads, model.head_dim, model.latent_dim) == ("mha", 10, 128, 0)


def test_a_latent_without_values_is_refused_by_name():
    with pytest.raises(engine.ConfigError, match="v_head_dim"):
        engine.model_from_config(json.dumps({**DEEPSEEK, "v_head_dim": 0}))


@pytest.mark.parametrize(
    "key", ["kv_mask_layers", "shared_select_layers", "no_patch_cache", "cache_grid_dim", "global_view_window_size"]
)
def test_a_key_with_a_word_of_pictures_in_it_is_refused_by_name(key):
    """Beside a part for text, whole keys are known: a word of pictures somewhere in a key makes it no key of theirs."""
    assert key in refused({**GEMMA, key: 4})


MAMBA2 = {"mamba_d_conv": 4, "mamba_d_state": 16, "mamba_expand": 2, "mamba_n_groups": 2, "mamba_n_heads": 64}
MAMBA2 |= {"mamba_d_head": 16}
DELTA = {"linear_conv_kernel_dim": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 16}
DELTA |= {"linear_num_key_heads": 2, "linear_num_value_heads": 4}
KDA = {"full_attn_layers": [4], "num_heads": 4, "head_dim": 16, "short_conv_kernel_size": 4}
LATENT = {"kv_lora_rank": 16, "q_lora_rank": None, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16}
CONV = {"layer_types": ["conv", "full_attention"] * 2, "conv_L_cache": 3}
JAMBA = {"attn_layer_period": 4, "attn_layer_offset": 2, "num_experts": 4, "mamba_d_state": 8}
H1 = {"mamba_d_ssm": 1024}
LETTERS = {"hybrid_override_pattern": "M*-M", "mamba_num_heads": 64, "mamba_head_dim": 16, "n_groups": 2}
LETTERS |= {"ssm_state_size": 16, "conv_kernel": 4}


@pytest.mark.parametrize(
    ("kind", "keys", "layers", "convolution", "recurrent"),
    [
        ("qwen3_5_text", DELTA, 3, 96, 4 * 8 * 16),
        ("jamba", JAMBA, 3, 1024, 1024 * 8),
        ("bamba", {**MAMBA2, "attn_layer_indices": [2]}, 3, 1088, 64 * 16 * 16),
        ("falcon_h1", {**MAMBA2, **H1}, 4, 1088, 64 * 16 * 16),
        ("nemotron_h", LETTERS, 2, 1088, 64 * 16 * 16),
        ("lfm2", CONV, 2, 512, 0),
        ("minimax", {**EXPERTS, "attn_type_list": [0, 1, 0, 1]}, 2, 0, 8 * 64 * 64),
        ("kimi_linear", {**LATENT, "linear_attn_config": KDA}, 3, 3 * 64, 4 * 16 * 16),
        ("llama", {}, 0, 0, 0),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_a_request_keeps_in_layers_with_a_state(kind, keys, layers, convolution, recurrent):
    """Channels of a convolution and the recurrent state as the classes of transformers make them; vLLM keeps a convolution's
    last inputs alone, one fewer than it is long."""
    own = {"head_dim": 64} if kind in ("minimax", "nemotron_h") else {}
    model = read({"model_type": kind, "num_hidden_layers": 4, **SIZES, **own, **keys})
    kernel = 3 if kind == "lfm2" else 4
    assert model.state_values == layers * ((kernel - 1) * convolution + recurrent)


def test_what_a_step_reads_is_known():
    model = read({**DEEPSEEK, "ep_size": 1, "num_nextn_predict_layers": 1})
    assert (model.expert_width, model.shared_expert_width) == (2048, 2048)
    assert (model.dense_layers, model.dense_width, model.draft_layers) == (3, 18432, 1)
    assert (model.query_rank, model.latent_rank, model.rope_dim) == (1536, 512, 64)
    layers = model.layers - model.dense_layers
    idle = layers * (model.experts - model.experts_per_token) * 3 * model.width * model.expert_width
    assert idle == model.parameters - model.active_parameters
    plain = read(LLAMA)
    assert (plain.expert_width, plain.dense_layers, plain.latent_rank, plain.draft_layers) == (0, 0, 0, 0)
    assert read({**DEEPSEEK, "q_lora_rank": None}).query_rank == 0
    several = read({**DEEPSEEK, "n_shared_experts": 2})
    assert several.shared_expert_width == 2 * 2048


def test_a_sparse_attention_keeps_its_indexs_keys_beside_the_latent():
    """DeepSeek-V3.2: 128 values in each layer. GLM-5.2: in those layers alone that choose for themselves."""
    sparse = {**DEEPSEEK, "model_type": "deepseek_v32", "index_head_dim": 128, "index_n_heads": 64, "index_topk": 2048}
    model = read(sparse)
    assert (model.latent_dim, model.index_dim, model.index_layers) == (576, 128, 61)
    indexer = 64 * 128 * 1536 + 7168 * (128 + 64) + 2 * 128
    assert model.parameters == read(DEEPSEEK).parameters + 61 * indexer
    glm = {**sparse, "model_type": "glm_moe_dsa", "num_hidden_layers": 6}
    types = ["full", "full", "shared", "shared", "full", "shared"]
    assert read({**glm, "indexer_types": types}).index_layers == 3
    assert read({**glm, "index_topk_pattern": "FFSSFS"}) == read({**glm, "indexer_types": types})
    assert read({**glm, "index_topk_freq": 4, "index_skip_topk_offset": 3}).index_layers == 3
    assert read({**glm, "layer_types": ["deepseek_sparse_attention"] * 6}).index_layers == 6
    assert "indexer_types" in refused({**glm, "indexer_types": ["shared", *types[1:]]})
    assert "indexer_types" in refused({**glm, "indexer_types": ["none", *types[1:]]})
    assert "layer_types" in refused({**DEEPSEEK, "layer_types": ["deepseek_sparse_attention"] * 61})


BLOCKS = {"use_sparse_attention": True, "sparse_attention_freq": [0, 1, 1, 1], "sparse_index_dim": 16}
BLOCKS |= {"sparse_num_index_heads": 4, "sparse_disable_index_value": [0, 1, 1, 1]}


def test_an_index_of_blocks_keeps_its_keys_and_no_values():
    """MiniMax-M3's; a layer whose index kept values too would keep more than is counted."""
    base = {"model_type": "minimax_m3", "num_hidden_layers": 4, "moe_layer_freq": [0, 1, 1, 1], **EXPERTS, **HEADS}
    model = read({**base, "dense_intermediate_size": 2048, "sparse_attention_config": BLOCKS})
    assert (model.index_dim, model.index_layers, model.dense_layers, model.dense_width) == (16, 3, 1, 2048)
    for key, wrong in (("sparse_disable_index_value", [0, 1, 0, 1]), ("sparse_attention_freq", [1, 1])):
        told = refused({**base, "dense_intermediate_size": 2048, "sparse_attention_config": {**BLOCKS, key: wrong}})
        assert key in told


FALCON = {"n_layer": 60, "hidden_size": 8192, "n_head": 128, "vocab_size": 65024, "parallel_attn": True, "bias": False}


def test_falcons_first_form_keeps_as_many_heads_as_it_says():
    """Falcon-40B's first config.json: 60 layers with 8 KV heads of 64 values, and no word of how many share them."""
    model = read({**FALCON, "model_type": "RefinedWeb", "n_head_kv": 8})
    assert engine.kv_bytes_per_token(model, 16) == 60 * 8 * 2 * 64 * 2
    assert model.parameters == pytest.approx(41.3e9, rel=0.002)
    assert (
        engine.kv_bytes_per_token(read({**FALCON, "model_type": "RefinedWebModel", "multi_query": True}), 16)
        == 60 * 256
    )
    assert "num_key_value_heads" in refused({**FALCON, "model_type": "falcon", "num_kv_heads": 8})


def test_exaone_without_its_defaults_is_tied_and_has_a_key_for_each_query():
    """EXAONE-3.5-2.4B as its class writes it again, without what is its default: 2.405 billion parameters."""
    small = {"model_type": "exaone", "hidden_size": 2560, "num_layers": 30, "num_attention_heads": 32, "head_dim": 80}
    small |= {"intermediate_size": 7168, "vocab_size": 102400, "max_position_embeddings": 32768}
    assert read({**small, "num_key_value_heads": 8}).parameters == pytest.approx(2.405e9, rel=0.001)
    assert read(small).kv_heads == 32


def test_llama_4s_kind_without_experts_has_the_width_of_its_dense_layers():
    """MobileLLM-R1-950M: 22 layers, tied, 0.949 billion parameters; a width of experts stands there, too."""
    mobile = {"model_type": "llama4_text", "hidden_size": 1536, "num_hidden_layers": 22, "num_attention_heads": 24}
    mobile |= {"num_key_value_heads": 6, "head_dim": 64, "vocab_size": 128256, "tie_word_embeddings": True}
    mobile |= {"num_local_experts": 0, "intermediate_size": 6144, "intermediate_size_mlp": 6144}
    attention = 1536 * 64 * (24 + 6) * 2
    assert read(mobile).parameters == pytest.approx(128256 * 1536 + 22 * (attention + 3 * 1536 * 6144), rel=0.001)


def test_what_a_block_of_nemotron_says_besides_is_refused_by_name():
    block = {"attention": {"n_heads_in_group": 8, "window_length": 8192}, "ffn": {"ffn_mult": 5.25}}
    shape = {**LLAMA, "model_type": "nemotron-nas", "num_hidden_layers": 2, "num_key_value_heads": None}
    assert "block_configs.attention.window_length" in refused({**shape, "block_configs": [block] * 2})


MISTRAL_PART = {"num_key_value_heads": 8, "intermediate_size": 14336, "sliding_window": None, "model_type": "mistral"}


@pytest.mark.parametrize(
    ("part", "billions", "kv_bytes"),
    [
        ({"model_type": "llama", "vocab_size": 32064, "max_position_embeddings": 4096}, 6.739, 2 * 32 * 32 * 128 * 2),
        ({**MISTRAL_PART, "vocab_size": 32064}, 7.242, 2 * 32 * 8 * 128 * 2),
        ({**MISTRAL_PART, "hidden_size": 5120, "head_dim": 128, "num_hidden_layers": 40, "vocab_size": 131072},
         12.248, 2 * 40 * 8 * 128 * 2),
    ],
    ids=["LLaVA 1.5 7B", "LLaVA 1.6 Mistral 7B", "Pixtral 12B"],
)  # fmt: skip
def test_a_part_for_text_may_say_only_where_it_differs_from_its_class(part, billions, kv_bytes):
    """The parts for text as these three were published; a file for text alone that says as little is refused."""
    model = read({"model_type": "llava", "text_config": part, "vision_config": {"hidden_size": 1024}})
    assert model.parameters / 1e9 == pytest.approx(billions, rel=0.001)
    assert engine.kv_bytes_per_token(model, 16) == kv_bytes
    assert "is missing" in refused({**part, "hidden_act": "silu"})


def test_the_feed_forward_width_of_lfm2_goes_by_its_own_name():
    """LFM2-1.2B as it was first published: 1.17 billion parameters, six layers that attend."""
    lfm = {
        "model_type": "lfm2",
        "hidden_size": 2048,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "block_dim": 2048,
    }
    lfm |= {
        "num_key_value_heads": 8,
        "vocab_size": 65536,
        "full_attn_idxs": [2, 5, 8, 10, 12, 14],
        "block_ff_dim": 12288,
    }
    model = read({**lfm, "block_auto_adjust_ff_dim": True, "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256})
    assert model.parameters / 1e9 == pytest.approx(1.170, rel=0.002)
    assert engine.kv_bytes_per_token(model, 16) == 6 * 2 * 8 * 64 * 2


def test_a_gate_that_no_key_names_is_counted():
    """Muse Glimmer's attention has a gate as wide as its queries: 52 layers of 32 heads of 128 values, 13 of them full."""
    muse = {"model_type": "muse_glimmer_text", "hidden_size": 6656, "intermediate_size": 19968, "vocab_size": 202048}
    muse |= {"num_hidden_layers": 52, "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128}
    types = (["sliding_attention"] * 3 + ["full_attention"]) * 13
    model = read({"model_type": "muse_glimmer", "text_config": {**muse, "layer_types": types, "sliding_window": 2048}})
    gate, rest = 6656 * 32 * 128, 2 * 6656 * (32 + 2) * 128 + 3 * 6656 * 19968
    assert model.parameters == pytest.approx(2 * 202048 * 6656 + 52 * (gate + rest), rel=0.001)
    assert engine.kv_bytes_per_late_token(model, 16) == 13 * 2 * 2 * 128 * 2


@pytest.mark.parametrize("key", ["qk_scale_factor", "output_multiplier", "post_norm_eps2", "swizzle"])
def test_a_type_that_is_not_known_says_nothing_of_its_own(key):
    """Whatever else it says is its own way, which may come with weights that no key names."""
    plain = {
        **TINY,
        "model_type": "a_new_one",
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "architectures": ["A"],
    }
    assert read(plain).layers == 2
    told = refused({**plain, key: 3.87})
    assert key in told and "a_new_one" in told


def test_pictures_beside_a_part_for_text_change_nothing():
    """Kimi-K2.5 says so of its pictures, MiniCPM-V 4.6 and Muse Glimmer of theirs."""
    beside = {"use_unified_vision_chunk": True, "insert_layer_id": 6, "out_hidden_size": 1536}
    assert read({**GEMMA, **beside}) == read(GEMMA)


def test_an_encoder_of_proteins_keeps_no_cache():
    assert "no KV cache" in refused({**TINY, "model_type": "esmc", "hidden_act": "silu", "tie_word_embeddings": True})
