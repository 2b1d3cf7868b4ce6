"""Memory and growth against the field's own figures: what a token leaves behind, what fits, what doubling does."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import GIB, NAIVE, Deployment, PhysicsError, Reserve
from tests.validation.accuracy import content

MODELS = engine.read_models(content("models"))
GPUS = engine.read_gpus(content("hardware"))
LLAMA = MODELS["llama-3-70b"]
TEXTBOOK = LLAMA.with_kv_heads(64)
H100 = GPUS["h100-sxm"]
RESERVE = Reserve(0.9, 2.5 * GIB)

# Bytes that a token leaves at 16 bits, from the models' config files: 2 · layers · KV heads · head_dim · 2, or for
# DeepSeek-V3 layers · (512 + 64) · 2 (DeepSeek-AI, 2024, section 2.1).
KAPPA = {
    "llama-2-7b": 524_288,
    "llama-2-13b": 819_200,
    "llama-2-70b": 327_680,
    "llama-3-70b": 327_680,
    "llama-3.1-8b": 131_072,
    "llama-3.1-405b": 516_096,
    "llama-3.2-1b": 32_768,
    "mistral-7b": 131_072,
    "mixtral-8x7b": 131_072,
    "qwen2.5-72b": 327_680,
    "qwen3-32b": 262_144,
    "qwen3-235b-a22b": 192_512,
    "gemma-2-27b": 376_832,
    "gemma-3-27b": 507_904,
    "deepseek-v3": 70_272,
    "gpt-oss-120b": 73_728,
    "falcon-7b": 8_192,
    "llama-3.1-70b": 327_680,
    "llama-4-scout": 196_608,
    "llama-4-maverick": 196_608,
    "mistral-small-24b": 163_840,
    "mixtral-8x22b": 229_376,
    "qwen2-7b": 57_344,
    "qwen2.5-7b": 57_344,
    "qwen2.5-32b": 262_144,
    "qwen3-0.6b": 114_688,
    "qwen3-8b": 147_456,
    "qwen3-14b": 163_840,
    "qwen3-30b-a3b": 98_304,
    "gemma-3-12b": 393_216,
    "deepseek-v2-lite": 31_104,
    "kimi-k2": 70_272,
    "gpt-oss-20b": 49_152,
    "minimax-m2.5": 253_952,
    "glm-4.5-air": 188_416,
    "phi-4": 204_800,
    "qwen3-next-80b-a3b": 24_576,
    "qwen3.5-27b": 65_536,
    "gemma-4-26b-a4b": 225_280,
    "nemotron-3-nano": 6_144,
    "granite-4-h-small": 16_384,
}

deployments = st.builds(
    Deployment,
    st.sampled_from(list(MODELS.values())),
    st.sampled_from(list(GPUS.values())),
    st.sampled_from([1, 2, 4, 8, 16]),
    st.sampled_from([4, 8, 16]),
    st.sampled_from([4, 8, 16]),
)
reserves = st.builds(Reserve, st.floats(0.01, 1), st.floats(0, 20 * GIB))


@pytest.mark.parametrize("name", MODELS)
def test_a_token_leaves_what_the_config_says(name: str) -> None:
    assert engine.kv_bytes_per_token(MODELS[name], 16) == KAPPA[name]
    assert engine.kv_bytes_per_token(MODELS[name], 8) * 2 == KAPPA[name]


def test_a_user_of_the_textbook_shape_takes_10_gib() -> None:
    assert engine.kv_bytes(TEXTBOOK, 4096, 16) == 10 * GIB == 10_737_418_240
    assert engine.kv_bytes(LLAMA, 4096, 16) == 1.25 * GIB


@pytest.mark.parametrize(
    ("model", "tokens", "reserve", "users"),
    [
        (TEXTBOOK, 4096, NAIVE, 50),
        (TEXTBOOK, 8192, NAIVE, 25),
        (LLAMA, 4096, NAIVE, 406),
        (TEXTBOOK, 4096, RESERVE, 42),
        (LLAMA, 4096, RESERVE, 339),
    ],
)
def test_users_on_eight_h100s(model: engine.Model, tokens: int, reserve: Reserve, users: int) -> None:
    assert engine.max_users(Deployment(model, H100, 8), tokens, reserve) == users


def test_the_derivation_carries_the_same_numbers() -> None:
    lines = engine.worked(Deployment(TEXTBOOK, H100, 8), 4096)
    product = 2 * lines["layers"] * lines["kv_heads"] * lines["head_dim"] * lines["bytes_per_value"]
    assert lines["kv_token_bytes"] == product == 2_621_440
    assert lines["cluster_bytes"] == 640 * GIB
    assert lines["left_bytes"] == lines["cluster_bytes"] - lines["weights_bytes"]
    assert lines["users"] == lines["left_bytes"] // lines["kv_user_bytes"] == 50


@given(deployments, reserves)
def test_the_plan_is_a_partition(deployment: Deployment, reserve: Reserve) -> None:
    plan = engine.memory_plan(deployment, reserve)
    assert plan["total_bytes"] == deployment.gpu.memory_bytes * deployment.gpus
    assert sum(value for name, value in plan.items() if name != "total_bytes") == plan["total_bytes"]
    assert min(value for name, value in plan.items() if name != "kv_budget_bytes") >= 0


@given(deployments, reserves, st.integers(1, 200_000))
def test_users_that_fit_do_fit_and_one_more_does_not(deployment: Deployment, reserve: Reserve, tokens: int) -> None:
    budget = engine.memory_plan(deployment, reserve)["kv_budget_bytes"]
    each = engine.request_bytes(deployment, tokens)
    users = engine.max_users(deployment, tokens, reserve)
    assert users >= 0 and (users == 0 or users * each <= budget) and (users + 1) * each > budget


def test_a_state_is_counted_beside_the_cache_and_does_not_grow() -> None:
    """Nemotron 3 Nano by hand: 23 layers of Mamba 2 with 64 heads of 64 · 128 and 3 inputs of a convolution over 6,144."""
    model = MODELS["nemotron-3-nano"]
    state = 23 * (64 * 64 * 128 + 3 * (64 * 64 + 2 * 8 * 128)) * 2
    assert engine.state_bytes(model) == state
    node = Deployment(model, H100, 1)
    cache = 6 * 2 * 2 * 128 * 2 * 4096
    assert engine.request_bytes(node, 4096) == cache + state and engine.request_bytes(node, 8192) == 2 * cache + state
    left = engine.memory_plan(node, NAIVE)["kv_budget_bytes"]
    assert engine.max_users(node, 4096, NAIVE) == left // (cache + state)
    copied = Deployment(model, H100, 8)  # two KV heads on eight GPUs: four copies of the cache, but one state
    assert engine.request_bytes(copied, 4096) == 4 * cache + state


def test_layers_with_a_window_are_copied_by_their_own_heads() -> None:
    """Gemma 4 26B on eight GPUs: its 2 full heads are on four GPUs each, its 8 window heads on one each."""
    node = Deployment(MODELS["gemma-4-26b-a4b"], H100, 8)
    full, windowed = 5 * 2 * 2 * 512 * 2 * 4096, 25 * 2 * 8 * 256 * 2 * 1024
    assert engine.request_bytes(node, 4096) == 4 * full + windowed == (4 * 80 + 200) * 2**20


@given(deployments, reserves, st.lists(st.integers(1, 1_000_000), min_size=1, max_size=20))
def test_the_curve_passes_through_every_point(deployment: Deployment, reserve: Reserve, contexts: list[int]) -> None:
    curve = engine.users_over_context(deployment, contexts, reserve)
    assert curve == [engine.max_users(deployment, tokens, reserve) for tokens in contexts]


def test_the_curve_knows_caches_of_more_than_two_gib() -> None:
    deployment = Deployment(TEXTBOOK, H100, 8)
    contexts = [512, 819, 820, 4096, 8192, 200_000]
    assert engine.kv_bytes(TEXTBOOK, 820, 16) > 2**31 > engine.kv_bytes(TEXTBOOK, 819, 16)
    points = [engine.max_users(deployment, tokens, NAIVE) for tokens in contexts]
    assert engine.users_over_context(deployment, contexts, NAIVE) == points
    assert points[3:5] == [50, 25] and points[0] > 8 * 50 - 8


@pytest.mark.parametrize(
    ("name", "per_token", "ceiling"),
    [
        ("gemma-3-27b", 81_920, 416 * 2**20),  # 10 global layers; 52 local ones hold at most 1,024 tokens
        ("gpt-oss-120b", 36_864, 4.5 * 2**20),  # every other layer looks back 128 tokens
        ("gemma-2-27b", 188_416, 23 * 8192 * 4096),  # one to one, 4,096 tokens
    ],
)
def test_a_full_window_stops_growing(name: str, per_token: int, ceiling: float) -> None:
    model = MODELS[name]
    for tokens in (model.window_tokens, 10_000, 100_000):
        assert engine.kv_bytes(model, tokens, 16) == per_token * tokens + ceiling
    assert engine.kv_bytes(model, 100, 16) == KAPPA[name] * 100
    after = engine.kv_bytes(model, 5_001, 16) - engine.kv_bytes(model, 5_000, 16)
    assert after == per_token < KAPPA[name]


def test_latent_attention_is_71_times_smaller_than_full_heads() -> None:
    model = MODELS["deepseek-v3"]
    full = 61 * 128 * (128 + 64 + 128) * 2  # every head's own key, with its rotary part, and value
    assert full / engine.kv_bytes_per_token(model, 16) == pytest.approx(71.1, abs=0.05)
    assert model.attention == "mla"


@pytest.mark.parametrize(
    ("name", "gpus", "copies"),
    [
        ("llama-3-70b", 8, 1),
        ("llama-3-70b", 16, 2),
        ("qwen3-235b-a22b", 8, 2),  # 4 KV heads on 8 GPUs
        ("falcon-7b", 4, 4),
        ("deepseek-v3", 8, 8),  # the latent can't be split by heads
    ],
)
def test_the_cache_is_replicated_past_its_heads(name: str, gpus: int, copies: int) -> None:
    deployment = Deployment(MODELS[name], GPUS["b200-sxm"], gpus)
    assert engine.kv_copies(deployment) == copies
    budget = engine.memory_plan(deployment, NAIVE)["kv_budget_bytes"]
    one = engine.kv_bytes(deployment.model, 1000, 16)
    assert engine.max_users(deployment, 1000, NAIVE) == max(0, budget // (one * copies))


def test_a_block_spans_all_layers() -> None:
    assert engine.block_bytes(TEXTBOOK, 16) == 40 * 2**20
    assert engine.block_bytes(LLAMA, 16) == 5 * 2**20
    assert engine.block_bytes(TEXTBOOK, 16) // TEXTBOOK.layers == 512 * 2**10  # what one layer keeps


@given(deployments, reserves)
def test_blocks_fill_the_budget(deployment: Deployment, reserve: Reserve) -> None:
    budget = engine.memory_plan(deployment, reserve)["kv_budget_bytes"]
    each = engine.block_bytes(deployment.model, deployment.kv_bits) * engine.kv_copies(deployment)
    blocks = engine.kv_blocks(deployment, reserve)
    assert (blocks == 0 and budget < each) or blocks * each <= budget < (blocks + 1) * each


def test_reservations_in_closed_form() -> None:
    lengths = [100, 600, 2000]
    assert engine.contiguous_share(lengths, "max", 2048) == 2700 / (3 * 2048)
    assert engine.contiguous_share(lengths, "pow2", 2048) == 2700 / (128 + 1024 + 2048)
    assert engine.contiguous_share(lengths, "oracle", 2048) == 1
    assert engine.paged_share(lengths) == 2700 / (112 + 608 + 2000)
    assert engine.contiguous_share([1, 2, 1024], "pow2", 2048) == 1  # powers of two stay as they are


@given(st.lists(st.integers(1, 2048), min_size=1))
def test_pages_waste_less_than_a_block_and_max_wastes_most(lengths: list[int]) -> None:
    shares = [engine.contiguous_share(lengths, kind, 2048) for kind in ("max", "pow2", "oracle")]
    assert shares == sorted(shares)
    assert engine.paged_share(lengths) >= sum(lengths) / (sum(lengths) + 15 * len(lengths))


@pytest.mark.parametrize("bad", [0, -1, 1.5, math.nan, math.inf, -math.inf, True, 1e400, "many", None])
def test_lengths_that_cannot_be(bad: float) -> None:
    for ask in (
        lambda: engine.max_users(Deployment(LLAMA, H100, 8), bad, NAIVE),
        lambda: engine.block_bytes(LLAMA, 16, bad),
        lambda: Deployment(LLAMA, H100, bad),
        lambda: LLAMA.with_kv_heads(bad),
        lambda: engine.growth(Deployment(LLAMA, H100, 8), bad),
    ):
        with pytest.raises(PhysicsError):
            ask()


def test_a_number_past_every_float_has_no_answer() -> None:
    with pytest.raises(PhysicsError):
        engine.max_users(Deployment(LLAMA, H100, 8), 10**400, NAIVE)


@pytest.mark.parametrize("utilization", [0, -0.5, 1.01, math.nan, math.inf])
def test_reserves_that_cannot_be(utilization: float) -> None:
    with pytest.raises(PhysicsError):
        Reserve(utilization, 0)
    with pytest.raises(PhysicsError):
        Reserve(0.9, math.nan if utilization else -1)


def test_other_questions_without_an_answer() -> None:
    for ask in (
        lambda: Deployment(LLAMA, H100, 8, weight_bits=2),
        lambda: Deployment(LLAMA, H100, 8, kv_bits=32),
        lambda: LLAMA.with_kv_heads(7),
        lambda: LLAMA.with_kv_heads(128),
        lambda: engine.contiguous_share([1], "half", 2048),
        lambda: engine.contiguous_share([], "max", 2048),
        lambda: engine.paged_share([]),
        lambda: engine.kv_bytes(LLAMA, -1, 16),
    ):
        with pytest.raises(PhysicsError):
            ask()


def test_a_billion_tokens_and_weights_that_do_not_fit_have_answers() -> None:
    assert engine.max_users(Deployment(LLAMA, H100, 8), 10**9, NAIVE) == 0
    alone = Deployment(LLAMA, H100, 1)
    assert engine.memory_plan(alone, NAIVE)["kv_budget_bytes"] < 0
    assert engine.max_users(alone, 1, NAIVE) == engine.kv_blocks(alone, NAIVE) == 0
    assert engine.users_over_context(alone, [1, 10**9], NAIVE) == [0, 0]


# --- growth ---


def test_doubling_in_closed_form() -> None:
    factors = engine.growth(Deployment(TEXTBOOK, H100, 8), 4096)
    assert factors == {
        "kv_by_length": 2,  # linear in the tokens
        "kv_by_width": 2,  # linear in the heads
        "weights_by_length": 1,
        "weights_by_width": 4,  # each matrix is width × width
        "users_by_length": 0.5,  # 25 of 50
        "attention_flops_by_length": 4,  # each token looks at each before it
    }


@given(st.sampled_from(list(MODELS.values())), st.integers(1, 100_000))
def test_growth_of_every_model(model: engine.Model, tokens: int) -> None:
    factors = engine.growth(Deployment(model, GPUS["b200-sxm"], 8), tokens)
    assert factors["weights_by_width"] == 4 and factors["attention_flops_by_length"] == 4
    assert factors["kv_by_width"] == 2
    each, windowed = engine.layer_values(model)
    full, local, window = model.full_layers * each, model.local_layers * windowed, model.window_tokens
    before, after = (full * n + local * min(n, window) for n in (tokens, 2 * tokens))
    assert factors["kv_by_length"] == pytest.approx(after / before, rel=1e-12)
    assert 1 <= factors["kv_by_length"] <= 2 and factors["users_by_length"] <= 1


def test_an_indexer_keeps_its_own_values_beside_the_cache() -> None:
    """DeepSeek-V3.2, 61 layers: vLLM, SGLang and TensorRT-LLM keep 128 keys at 8 bits and a 32-bit scale beside 512 + 64 latent
    values, of which an 8-bit cache keeps 512 in 8 bits with four such scales and 64 in 16: 656 bytes."""
    plain = replace(MODELS["deepseek-v3"], latent_rank=512, rope_dim=64)
    sparse = replace(plain, index_dim=128, index_layers=61)
    assert engine.kv_bytes_per_token(sparse, 16) == 61 * (2 * 576 + 132)
    assert engine.kv_bytes(sparse, 1000, 8) == 1000 * 61 * (656 + 132)
    assert engine.kv_bytes_per_late_token(sparse, 8) == 61 * (656 + 132)
    assert engine.kv_bytes_per_token(plain, 8) == 61 * 576
    blocks = replace(MODELS["llama-3.1-8b"], index_dim=128, index_layers=30)  # MiniMax-M3's kind
    assert engine.kv_bytes_per_token(blocks, 16) == 32 * 2 * 8 * 128 * 2 + 30 * 128 * 2
    deployment = Deployment(sparse, H100, 8)
    with pytest.raises(PhysicsError):
        engine.StepCost(deployment, next(iter(engine.read_calibrations(content("calibration")).values())))
