"""What a `config.json` doesn't say because its family knows it: one row a family, as in transformers 5 and vLLM.

A row tells what its layers are made of, and what holds when a key is absent. A family that isn't here is read only if its
file has nothing but a plain transformer's keys; `CLOSED` are those that are known and can't be expressed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def _keys(**absent: Any) -> Mapping[str, Any]:
    return MappingProxyType(absent)


@dataclass(frozen=True)
class Family:
    """One architecture.

    types: its names in `model_type`. absent: what a key is when the file lacks it. layers: the rule by which its layers
    differ (hub_layers.RULES), and every: the rule's period. state: what a layer without growing cache is made of
    (hub_counts.STATES). matrices of the feed-forward network, 3 if it is gated. norms: width-long norms a layer, and whether
    they have a bias. bias: which linear layers have one, of q(ueries, keys and values), o(utput), f(eed-forward), h(ead).
    qk: whether queries and keys are normed, by "head" or over the "full" vector. positions: rows of a position table beyond
    the context, None if there is none. gate: the queries' projection is doubled by an output gate. inside: tables within
    the file whose keys belong to the model. fourfold: without a figure the feed-forward network is four times as wide.
    one_width: experts are as wide as intermediate_size says, where a width of their own isn't given. index: how a file says
    which layers choose their tokens by an index, a cache of its own: of "tokens" or of "blocks". in_part: what a key is when
    a part for text lacks it, which many files write down only where it differs from its class.
    """

    types: str
    absent: Mapping[str, Any] = field(default_factory=_keys)
    layers: str = "plain"
    every: int = 0
    state: str = ""
    matrices: int = 3
    norms: int = 2
    norm_bias: bool = False
    bias: str = ""
    qk: str = ""
    positions: int | None = None
    gate: bool = False
    inside: tuple[str, ...] = ()
    fourfold: bool = False
    one_width: bool = False
    index: str = ""
    in_part: Mapping[str, Any] = field(default_factory=_keys)


TIED = _keys(tie_word_embeddings=True)
QWEN_LINEAR = {"linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16} | {
    "linear_value_head_dim": 128,
    "linear_num_value_heads": 32,
}
MAMBA2 = {"mamba_d_conv": 4, "mamba_d_state": 256, "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 128}
LLAMA = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
MLA = {"kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}

# A file of no family, or of one that isn't known: a plain transformer, gated, or nothing.
PLAIN = Family("", one_width=True)

FAMILIES = (
    # Plain ones, gated unless two matrices are said
    Family("llama", in_part=LLAMA),
    Family("yi aquila hyperclovax diffllama emu3_text_model granite4_vision_text"),
    Family("aria_text", one_width=True),
    Family("iquestcoder", _keys(num_key_value_heads=8, head_dim=128)),
    Family("helium", _keys(num_key_value_heads=20, head_dim=128)),
    Family("internlm3", _keys(num_key_value_heads=2, head_dim=128)),
    Family("internlm internlm2 baichuan xverse orion"),
    Family("exaone", TIED),
    Family("mistral", _keys(num_key_value_heads=8, sliding_window=4096), "window", in_part={**LLAMA, "intermediate_size": 14336}),
    Family("ministral3", _keys(num_key_value_heads=8, head_dim=128)),
    Family("ministral", _keys(num_key_value_heads=8, sliding_window=4096), "window"),
    Family("qwen2 mimo qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text qwen2_5_omni_text", _keys(), "upper", bias="q"),
    Family("qwen", bias="q"),
    Family("qwen3 qwen3_vl_text", _keys(head_dim=128), "upper", qk="head"),
    Family("gemma", _keys(**TIED, num_key_value_heads=16, head_dim=256)),
    Family("phi3", _keys(), "window"),
    Family("phi", _keys(), matrices=2, norms=1, norm_bias=True, bias="qofh"),
    Family("stablelm", _keys(num_key_value_heads=32), norm_bias=True),
    Family("starcoder2", _keys(**TIED, num_key_value_heads=2), "window", matrices=2, norm_bias=True, bias="qof"),
    Family("cohere", TIED, norms=1),
    Family("granite"),
    Family("olmo2", qk="full"),
    Family("olmo", norms=0),
    Family("smollm3", _keys(**TIED, num_key_value_heads=4)),
    Family("seed_oss", _keys(num_key_value_heads=8, head_dim=128), bias="q"),
    Family("ernie4_5", _keys(**TIED, num_key_value_heads=2, head_dim=128)),
    Family("glm", _keys(num_key_value_heads=2, head_dim=128), bias="q"),
    Family("glm4", _keys(num_key_value_heads=2, head_dim=128), norms=4, bias="q"),
    Family("hunyuan_v1_dense hunyuan_v1_moe hunyuan", qk="head", one_width=True),
    Family("minicpm", TIED),
    Family("bitnet", _keys(num_key_value_heads=5), norms=3),
    Family("arcee apertus", matrices=2),
    Family("nanochat", matrices=2, norms=0),
    Family("nemotron", matrices=2, norm_bias=True),
    Family("jais2", matrices=2, norm_bias=True, bias="qof"),
    Family("persimmon", matrices=2, norm_bias=True, bias="qof", qk="head"),
    Family("chatglm", bias="q"),
    # Before the gate: two matrices, four times as wide
    Family("gpt2 gpt-sw3", TIED, matrices=2, norm_bias=True, bias="qof", positions=0, fourfold=True),
    Family(
        "gpt_bigcode", _keys(**TIED, multi_query=True), matrices=2, norm_bias=True, bias="qof", positions=0, fourfold=True
    ),
    Family("gpt_neo", TIED, "gpt_neo", matrices=2, norm_bias=True, bias="of", positions=0, fourfold=True),
    Family("gpt_neox", matrices=2, norm_bias=True, bias="qof"),
    Family("gptj codegen", matrices=2, norms=1, norm_bias=True, bias="fh", fourfold=True),
    Family("opt", TIED, matrices=2, norm_bias=True, bias="qof", positions=2),
    Family("bloom", TIED, matrices=2, norm_bias=True, bias="qof", fourfold=True),
    Family("mpt", TIED, matrices=2, inside=("attn_config",), positions=0, fourfold=True),
    Family("falcon refinedwebmodel", TIED, matrices=2, norm_bias=True, fourfold=True),
    Family("refinedweb", TIED, matrices=2, norm_bias=True, fourfold=True),  # Falcon-40B's first form: as many KV heads as it says
    # Windows by a pattern of the family's
    Family("gemma2 vaultgemma", _keys(**TIED, num_key_value_heads=4, head_dim=256, sliding_window=4096), "every", 2, norms=4),
    Family(
        "gemma3_text",
        _keys(
            **TIED, num_attention_heads=8, num_key_value_heads=4, head_dim=256, sliding_window=4096, vocab_size=262208,
            hidden_size=2304, intermediate_size=9216, num_hidden_layers=26, max_position_embeddings=131072,
        ),
        "every", 6, norms=4, qk="head",
    ),
    Family("cohere2", _keys(**TIED, sliding_window=4096), "every", 4, norms=1),
    Family(
        "muse_glimmer_text", _keys(num_key_value_heads=2, head_dim=128, sliding_window=2048), "every", 4, norms=4, gate=True
    ),
    Family("exaone4 exaone4_5_text", _keys(num_key_value_heads=32, sliding_window=4096), "every", 4, qk="head"),
    Family("olmo3", _keys(sliding_window=4096), "every", 4, qk="full"),
    Family(
        "exaone_moe", _keys(num_key_value_heads=32, sliding_window=4096, num_shared_experts=1, first_k_dense_replace=1),
        "every", 4, qk="head",
    ),
    Family("cwm", _keys(num_key_value_heads=8, head_dim=128, sliding_window=8192), "first", 4),
    Family("granite_swa", _keys(**TIED, num_key_value_heads=4, sliding_window=128), "first", 4),
    # Experts
    Family("mixtral", _keys(num_key_value_heads=8, num_local_experts=8, num_experts_per_tok=2), "window", one_width=True),
    Family("qwen2_moe", _keys(num_key_value_heads=16, shared_expert_intermediate_size=5632), "upper", bias="q"),
    Family("qwen3_moe qwen3_vl_moe_text", _keys(num_key_value_heads=4), "upper", qk="head"),
    Family("olmoe", qk="full", one_width=True),
    Family("flex_olmo", qk="full", one_width=True),
    Family("granitemoe granitemoeshared", _keys(num_local_experts=8, num_experts_per_tok=2), one_width=True),
    Family(
        "phimoe", _keys(num_key_value_heads=8, num_local_experts=16, num_experts_per_tok=2),
        "window", norm_bias=True, one_width=True,
    ),
    Family("sarvam_moe", _keys(num_key_value_heads=4, head_dim=64, first_k_dense_replace=1, n_shared_experts=1)),
    Family("glm4_moe", _keys(num_key_value_heads=8, first_k_dense_replace=1, n_shared_experts=1)),
    Family("solar_open", _keys(num_key_value_heads=8, head_dim=128, n_shared_experts=1)),
    Family("dots1", _keys(num_key_value_heads=32), "upper", qk="head"),
    Family("minimax_m2", _keys(num_key_value_heads=8, head_dim=128), "minimax_m2", qk="full", one_width=True),
    Family(
        "ernie4_5_moe",
        _keys(
            **TIED, num_key_value_heads=4, moe_k=6, moe_num_experts=64, moe_num_shared_experts=2, moe_layer_start_index=1,
            moe_layer_interval=1,
        ),
    ),
    Family("hy_v3", _keys(num_key_value_heads=8, head_dim=128, first_k_dense_replace=1, num_shared_experts=1), qk="head"),
    Family("dbrx", norms=2, inside=("attn_config", "ffn_config"), one_width=True),
    Family(
        "gpt_oss", _keys(num_key_value_heads=8, head_dim=64, sliding_window=128, num_local_experts=128),
        "every", 2, bias="qof", one_width=True
    ),
    Family("afmoe", _keys(head_dim=128, sliding_window=1024, num_dense_layers=1), "every", 4, norms=4, qk="head", gate=True),
    Family(
        "llama4_text",
        _keys(num_key_value_heads=8, head_dim=128, attention_chunk_size=8192, interleave_moe_layer_step=1, n_shared_experts=1),
        "chunks", 4, one_width=True,
    ),
    Family(
        "mimo_v2_flash",
        _keys(
            num_key_value_heads=4, head_dim=192, v_head_dim=128, swa_num_key_value_heads=8, first_k_dense_replace=1,
        ),
        "mimo",
    ),
    Family("step3p5 step3p7", layers="step", qk="head"),
    # One latent vector for all heads
    Family("deepseek_v2", _keys(**MLA, first_k_dense_replace=0, n_shared_experts=2)),
    Family("deepseek_v3 kimi_k2", _keys(**MLA, first_k_dense_replace=3, n_shared_experts=1)),
    Family(
        "deepseek_v32", _keys(**MLA, first_k_dense_replace=3, n_shared_experts=1, index_head_dim=128, index_n_heads=64),
        index="tokens",
    ),
    Family(
        "glm_moe_dsa",
        _keys(
            **{**MLA, "q_lora_rank": 2048, "qk_nope_head_dim": 192, "v_head_dim": 256},
            first_k_dense_replace=3, n_shared_experts=1, index_head_dim=128, index_n_heads=32,
        ),
        index="tokens",
    ),
    Family(
        "minimax_m3 minimax_m3_sparse minimax_m3_vl minimax_m3_vl_text", _keys(num_key_value_heads=4, head_dim=128),
        qk="head", one_width=True, index="blocks",
    ),
    Family("mistral4", _keys(**{**MLA, "q_lora_rank": 1024, "kv_lora_rank": 256, "qk_nope_head_dim": 64}, n_shared_experts=1)),
    Family(
        "minicpm3",
        _keys(**TIED, kv_lora_rank=256, q_lora_rank=768, qk_nope_head_dim=64, qk_rope_head_dim=32, v_head_dim=64),
    ),
    Family("axk1", _keys(**MLA, first_k_dense_replace=1, n_shared_experts=1)),
    Family("sarvam_mla", _keys(**{**MLA, "q_lora_rank": None}, first_k_dense_replace=1, n_shared_experts=1)),
    Family("glm4_moe_lite", _keys(**{**MLA, "q_lora_rank": 768}, first_k_dense_replace=1, n_shared_experts=1)),
    Family("youtu", _keys(**MLA, **TIED)),
    Family("deepseek", _keys(first_k_dense_replace=0)),
    # Layers without a growing cache
    Family(
        "qwen3_next", _keys(**QWEN_LINEAR, shared_expert_intermediate_size=512, num_key_value_heads=2, head_dim=256),
        "interval", 4, "delta", qk="head", gate=True,
    ),
    Family(
        "qwen3_5_text", _keys(**QWEN_LINEAR, num_key_value_heads=4, head_dim=256),
        "interval", 4, "delta", qk="head", gate=True,
    ),
    Family(
        "qwen3_5_moe_text", _keys(**QWEN_LINEAR, num_key_value_heads=2, head_dim=256, shared_expert_intermediate_size=512),
        "interval", 4, "delta", qk="head", gate=True,
    ),
    Family(
        "jamba",
        _keys(
            num_key_value_heads=8, attn_layer_period=8, attn_layer_offset=4, expert_layer_period=2, expert_layer_offset=1,
            num_experts=16, num_experts_per_tok=2, mamba_d_state=16, mamba_d_conv=4, mamba_expand=2,
        ),
        "period", 0, "mamba", one_width=True,
    ),
    Family("olmo_hybrid", _keys(), "interval", 4, "delta", qk="full"),
    Family("bamba", _keys(**MAMBA2, num_key_value_heads=8), "listed", 0, "mamba2"),
    Family(
        "granitemoehybrid", _keys(**MAMBA2, num_local_experts=8, num_experts_per_tok=2),
        "listed", 0, "mamba2", one_width=True,
    ),
    Family("falcon_h1", _keys(**MAMBA2, num_key_value_heads=8), "both", 0, "mamba2"),
    Family(
        "nemotron_h", _keys(num_key_value_heads=8, head_dim=128, expand=2), "letters", 0, "mamba2", matrices=2, norms=1
    ),
    Family("lfm2 lfm2_moe", _keys(**TIED, num_key_value_heads=8, conv_L_cache=3), "listed", 0, "conv", qk="head"),
    Family("minimax minimax_text_01 minimax_m1", _keys(num_key_value_heads=8), "minimax", 0, "lightning", one_width=True),
    Family("kimi_linear kimi_k3", _keys(**{**MLA, "q_lora_rank": None}, first_k_dense_replace=1), "kimi", 0, "kda"),
    Family("nemotron-nas", layers="blocks"),
    # The last layers read an earlier one's cache; tables of embeddings for each layer
    Family(
        "gemma3n_text",
        _keys(
            **TIED, num_key_value_heads=2, head_dim=256, sliding_window=512, num_kv_shared_layers=15,
            vocab_size_per_layer_input=262144, hidden_size_per_layer_input=256, laurel_rank=64, altup_num_inputs=4,
            max_position_embeddings=32768,
        ),
        "every", 5, norms=8, qk="head",
    ),
    Family(
        "gemma4_text",
        _keys(
            **TIED, num_key_value_heads=4, head_dim=256, global_head_dim=512, sliding_window=512, num_kv_shared_layers=0,
            vocab_size_per_layer_input=262144, hidden_size_per_layer_input=256, attention_k_eq_v=False,
            max_position_embeddings=131072,
        ),
        "every_last", 6, norms=5, qk="head",
    ),
    Family(
        "gemma4_unified_text",
        _keys(
            **TIED, num_key_value_heads=4, head_dim=256, global_head_dim=512, sliding_window=1024, num_kv_shared_layers=0,
            attention_k_eq_v=False, max_position_embeddings=262144,
        ),
        "every_last", 6, norms=4, qk="head",
    ),
)  # fmt: skip

BY_TYPE = {name: family for family in FAMILIES for name in family.types.split()}

# Where models for pictures, sound and text keep the part for text.
DECODERS = ("text_config", "llm_config", "language_config", "language_model_config", "thinker_config")

# What keeps no cache that grows with the text, by the name of the sentence that says so.
ENCODERS = names(
    "albert bert bert-generation big_bird camembert canine convbert data2vec-text deberta deberta-v2 distilbert electra ernie "
    "esm esmc eurobert flaubert fnet funnel gte ibert layoutlm layoutlmv2 layoutlmv3 longformer luke megatron-bert mobilebert "
    "modernbert mpnet mra neobert nezha nomic_bert nystromformer perceiver qdqbert rembert retribert roberta "
    "roberta-prelayernorm roc_bert roformer splinter squeezebert tapas new xlm xlm-roberta xlm-roberta-xl xmod yoso "
    "jina_bert bge xlnet clip_text_model clap_text_model siglip_text_model siglip2_text_model"
)
# Models that write by filling masks, with attention both ways.
DIFFUSION = re.compile(r"dream|llada\w*|a2d\W\w+")
# Parts that guess ahead for another model, in architectures or as keys of their own.
DRAFT_HEADS = re.compile(
    r"eagle|medusa|dflash|dspark|speculator|draft_vocab_size|target_(hidden_size|layer_ids)|num_target_layers|backbone_hidden_size",
    re.IGNORECASE,
)
PAIRS = names(
    "bart bigbird_pegasus blenderbot blenderbot-small encoder-decoder fsmt led longt5 m2m_100 marian mbart moonshine mt5 mvp "
    "nllb-moe nougat pegasus pegasus_x plbart pop2piano prophetnet seamless_m4t speech_to_text speecht5 switch_transformers t5 "
    "t5gemma t5gemma2 trocr udop umt5 vision-encoder-decoder whisper xlm-prophetnet musicgen musicgen_melody"
)
STATES_ALONE = names("mamba mamba2 falcon_mamba rwkv rwkv5 rwkv6 rwkv7 xlstm retnet hgrn")
# Known decoders that neither a row nor a plain transformer's keys can tell right.
CLOSED = names(
    "beam biogpt blt cohere_compass_text deepseek_v4 dory flint granitemoe_swa hrm_text kolibri1 lara_mini "
    "cpmant ctrl git gpt_neox_japanese jetmoe longcat_flash mllama mllama_text_model openai-gpt recurrent_gemma reformer "
    "xglm zamba zamba2"
)
SENSES = re.compile(r"image_size|patch_size|num_mel_bins|sampling_rate|num_channels|feat_extract|depths|out_features")

# Keys that say how a model is trained, written or run, and nothing of its shape. Whole keys: the last word of a key says what it
# is, so that an attention_dropout is a dropout and attention_dropout_layers are layers.
HARMLESS = re.compile(
    r"""(\w+_)?(dropout(_rate|_prob|_p)?|p?drop|layer_?drop|drop_rate|jitter(_noise|_eps)?)
    | (\w+_)?loss(_coef+|_weight|_alpha|_lambda|_gamma|_scale|_scaling_factor|_type|_function|_free)?
    | (\w+_)?(token_(id|ids|index)|(bos|eos|eod|pad|sep|cls|mask|image|video|audio)_(id|index)|dtype|eps|epsilon)
    | (\w+_)?act(ivation)?(_fn|_func|_function)?
    | (\w+_)?(layer_?norm|rms_?norm|qk_norm)s?(_1p|_type|_init|_before|_embedding|_elementwise_affine|_eps_moe_gate)?
    | (\w+_)?init(ializer)?(_range|_std|_method|_method_std|_value|_scale|_factor|_floor|_device|_fn)?
    | (\w+_)?(std|bias|bias_linear|soft_?cap(ping)?|(alpha|beta)_factor|fp32(_combine)?) | _?attn_impl(ementation)?\w*
    | (embed(ding)?s?|residual|attention(_in|_out)?|logits?(_mup_width)?|lm_head|ssm(_in|_out)?|key|mlp|width|depth)_multipliers?
    | (embedding|output|attn_output|router)_multiplier_scale
    | (attn|attention(_value)?|embed(ding)?s?|emb|router?|routed|layer|hidden_size|softmax|logits?|residual|lm_head)_scale
    | (\w+_)?(rope|router?|routed|attention|attn|logits?|layer|depth)_scaling(_factor)?
    | scale_(attn|attention|emb|embedding|depth|sqrt_depth|width|lm_head)(_weights|_by_inverse_layer_idx)?
    | mup_(\w+_)?(multiplier|scale|scaling|alpha|by_d)
    | (\w+_)?rope_(theta|base|scaling|parameters|type|interleaved?|pct|percent|ratio|local_base_freq|layers?)
    | no_rope_layers | no_rope_layer_interval | rope_scaling_layers | (original_)?rotary_\w+ | use_rotary_embedding
    | original_max_position_embeddings | position_embedding_type | _?output_(attentions|hidden_states|scores|router_logits|past)
    | use_(cache|flash_attn|flash_attention)\w* | use_(mamba_kernels|mambapy|logn_attn|cache_quantization|cache_kernel)
    | use_(mem_eff_path|associative_scan|parallel_residual|grouped_mm|grouped_topk) | use_kernels\w*
    | use_(embedding_sharing|gated_activation|parallel_(block|embedding)) | _flash_attn_2_enabled | _experts_implementation\w*
    | num_(labels|beams|beam_groups|return_sequences|logits_to_keep) | (encoder_)?no_repeat_ngram_size
    | norm_topk_prob | topk_(method|group) | n_group | num_(expert|limited)_groups? | router_bias_update_(rate|speed|factor)
    | moe_(norm_min|renormalize|normalize_expert_weights|drop_tokens|shared_expert_overlap|capacity|capacity_factor|gate)
    | moe_(use_aux_free|apply_router_weight_on_input|implementation|layer_use_gmm|router_score_function|router_use_sigmoid)
    | shared_moe_mode | use_mixed_mlp_moe | dense_list | query_pre_attn_scalar | time_step_rank
    | summary_(use_proj|proj_to_labels) | chunk_size(_feed_forward)? | top_k | cross_attention_hidden_size | add_cross_attention
    | tie_encoder_decoder | is_decoder | is_causal | use_bidirectional_attention | reorder_and_upcast_attn
    | mamba_(chunk_size|norm_before_gate|rms_norm|dt_(rank|min|max|limit)) | attn_(temperature_tuning|uses_sequence_id) | clip_qkv
    | apply_residual_connection\w* | deterministic_flash_attn | parallel_attn | (\w+_)?fusion | swiglu_limits?(_shared)?
    | layernorm_(full_attention|linear_attention|mlp)_(alpha|beta) | attn_rotary_emb | type_vocab_size | org_vocab_size
    | anyres_\w+ | pool_type | group_limited_greedy | ep_size | output_gate_type | n_ctx | block_size | embedding_fraction
    | activation_sparsity_pattern | linear_a_log_(min|max) | linear_dt_(min|max) | linear_allow_neg_eigval | dim_model_base
    | cache_implementation | learnable_sink | interpolate_pos_encoding | (lm|rm)_head | num_image_tokens | num_media_embeds
    | num_mem_blocks_none | num_ln_in_parallel_attn | skip_bias_add(_qkv)?
    """,
    re.VERBOSE,
)

# What any file may say of itself: how it is written, loaded, asked. A type that isn't known may have these and no others beside
# the harmless ones: what else it says is its own way, and could come with weights that no key names.
GENERAL = names(
    "architectures auto_map _name_or_path transformers_version torchscript id2label label2id problem_type return_dict "
    "return_dict_in_generate pruned_heads bad_words_ids begin_suppress_tokens suppress_tokens diversity_penalty length_penalty "
    "repetition_penalty exponential_decay_length_penalty do_sample early_stopping finetuning_task max_length min_length "
    "is_encoder_decoder prefix remove_invalid_values task_specific_params temperature top_p typical_p tokenizer_class "
    "use_bfloat16 gradient_checkpointing pretraining_tp partial_rotary_factor unsloth_version unsloth_fixed name license verbose"
)

# Keys of shape in transformers and vLLM, whatever they look like: each is read by its family's rules or refuses the file.
SHAPES = names(
    "kv_lora_rank q_lora_rank qk_rope_head_dim qk_nope_head_dim v_head_dim num_key_value_heads num_kv_heads n_head_kv kv_n_heads "
    "head_dim kv_channels num_experts num_local_experts n_routed_experts moe_num_experts num_experts_per_tok moe_topk moe_k "
    "n_shared_experts num_shared_experts shared_expert_intermediate_size shared_intermediate_size moe_intermediate_size "
    "first_k_dense_replace layer_types mlp_layer_types sliding_window sliding_window_pattern attention_chunk_size "
    "num_kv_shared_layers use_cla cla_share_factor multi_query multi_query_group_num linear_attn_config mamba_d_state "
    "attn_layer_period expert_layer_period full_attention_interval attn_type_list hybrid_override_pattern layers_block_type "
    "block_configs num_nextn_predict_layers per_layer_config cross_attention_layers index_topk num_attention_heads_per_layer "
    "attention_layers attention_types global_head_dim num_global_key_value_heads attention_k_eq_v hidden_size "
    "num_hidden_layers num_attention_heads intermediate_size vocab_size use_sliding_window n_layer n_head n_embd"
)

# Read on purpose, and not counted: heads that predict further tokens are loaded for speculation alone.
AHEAD = (
    "num_nextn_predict_layers",
    "num_mtp_layers",
    "_num_mtp_layers",
    "mtp_share_layers",
    "mtp_num_hidden_layers",
    "mtp_layers_block_type",
    "mtp_hybrid_override_pattern",
    "mtp_transformer_layers",
    "num_mtp_modules",
    "use_mtp",
)

# What could matter by its name. A key like this that nobody has read refuses the file, by name.
MATTERS = re.compile(
    r"""layer | attn | attention | head | expert | moe | window | sliding | chunk | kv | key_value | cache | rank | lora
    | latent | state | ssm | mamba | conv | linear | recur | rwkv | delta | quant | share | mtp | nextn | predict
    | depth | block | intermediate | ffn | mlp | hidden | width | dim | vocab | embed | proj | loop | cycle | pattern
    | interval | period | stride | every | sparse | index | compress | memory | hybrid | group | skip | cross
    | encoder | decoder | bidirection | causal | tie | ^n_ | ^num_ | max_pos | global | local | topk | top_k | ngram
    | adapter | exit | router | gate | gating | bits | per_layer | size
    """,
    re.VERBOSE,
)

# Around a part for text: whole keys of the parts for pictures and sound, and of what joins them to it.
BESIDE = re.compile(
    r"""((batch|drop|dynamic|extra|force|has|init|max|min|num|skip|understand|unified|use)_)*
      (vision|visual|image|img|video|audio|speech|mm|multi_?modal|sam|vit|q_?former|perceiver|resampler|projector|projection|aligner
        |alignment|connector|talker|token2wav|code2wav|patch|pixel|tile|crop|spatial|temporal|deepstack|slice
        |(acoustic|semantic)_tokenizer)(_\w+)?
    | (use|tie|has)_(backbone|llm|vision|audio)_lora | (seconds|position_id|tokens|image_tokens)_per_\w+
    | num_(channels|query_tokens) | query_num | (min|max)_dynamic_patch | downsample_(ratio|mode|rate|factor)
    | encoder_patch_size | select_(layer|feature) | merge_kernel_size | merged_hidden_size | ignore_index | global_view_pos
    | use_(newline|pooling)\w* | use_decoder_only_language_model | out_hidden_size | insert_layer_id
    | llm_attn_implementation | (boi|eoi|boa|eoa)_\w+
    """,
    re.VERBOSE,
)
