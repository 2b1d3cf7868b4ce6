"""Step times: named terms that sum, the affine shortcut, and how near they come to measured kernels."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import Deployment, PhysicsError, StepCost
from tests.validation import accuracy

MODELS = engine.read_models(accuracy.content("models"))
GPUS = engine.read_gpus(accuracy.content("hardware"))
CALIBRATIONS = engine.read_calibrations(accuracy.content("calibration"))


def cost_of(
    model: str, gpu: str, gpus: int, weight_bits: int = 16, kv_bits: int = 16, engine_name: str = "vllm"
) -> StepCost:
    deployment = Deployment(MODELS[model], GPUS[gpu], gpus, weight_bits, kv_bits, engine_name)
    return StepCost(deployment, engine.calibration_for(deployment, CALIBRATIONS.values()))


# A step is estimated where every layer keeps the same cache.
ALIKE = [
    name
    for name, model in MODELS.items()
    if model.full_layers + model.local_layers == model.layers and not model.local_head_dim
]
costs = st.builds(
    cost_of,
    st.sampled_from(ALIKE),
    st.sampled_from(list(GPUS)),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([4, 8, 16]),
    st.sampled_from([4, 8, 16]),
)
counts = st.integers(0, 500)
chunks = st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 4096)), max_size=4)


@pytest.mark.parametrize("gpu", ["h100", "a100"])
def test_steps_of_measured_kernels_within_four_percent(gpu: str) -> None:
    found = accuracy.accuracy(gpu, accuracy.model)
    assert found.rows > 300
    assert found.mape <= 0.04
    assert abs(found.bias) <= 0.01
    assert found.worst <= 0.20


@pytest.mark.parametrize("gpu", ["h100", "a100"])
@pytest.mark.parametrize("simple", [accuracy.roofline, accuracy.rule_of_thumb])
def test_simpler_answers_are_far_worse(gpu: str, simple: accuracy.Predict) -> None:
    assert accuracy.accuracy(gpu, simple).mape > 4 * accuracy.accuracy(gpu, accuracy.model).mape


@given(costs, counts, st.integers(0, 1_000_000), chunks)
def test_the_terms_sum(cost: StepCost, decodes: int, context: int, prefills: list[tuple[int, int]]) -> None:
    terms = cost.step(decodes, context, prefills)
    parts = [seconds for name, seconds in terms.items() if name != "total_s"]
    assert min(parts) >= 0
    assert terms["total_s"] == pytest.approx(math.fsum(parts), rel=1e-12)
    assert cost.seconds(decodes, context, prefills) == pytest.approx(terms["total_s"], rel=1e-12)


def test_a_step_of_nothing_takes_no_time() -> None:
    assert cost_of("llama-3-70b", "h100-sxm", 4).step(0, 0)["total_s"] == 0


@given(costs, st.integers(1, 500), st.integers(0, 1_000_000))
def test_a_decode_step_is_affine_in_the_cached_tokens(cost: StepCost, decodes: int, context: int) -> None:
    base, slope = cost.decode_affine(decodes)
    context += decodes * cost.window_tokens  # every window is full
    assert base + slope * context == pytest.approx(cost.step(decodes, context)["total_s"], rel=1e-12)


@given(costs, counts, st.integers(0, 1_000_000), chunks, st.integers(1, 100))
def test_more_work_takes_longer(
    cost: StepCost, decodes: int, context: int, prefills: list[tuple[int, int]], more: int
) -> None:
    before = cost.seconds(decodes, context, prefills)
    assert cost.seconds(decodes + more, context, prefills) > before
    assert cost.seconds(decodes, context, [*prefills, (0, more)]) > before
    if decodes:
        assert cost.seconds(decodes, context + 1000 * more, prefills) > before
    if prefills:
        (start, length), *rest = prefills
        assert cost.seconds(decodes, context, [(start, length + more), *rest]) > before
        assert cost.seconds(decodes, context, [(start + 1000 * more, length), *rest]) > before


@given(costs, st.integers(1, 300), st.integers(1, 8))
def test_verifying_a_draft_costs_at_least_a_plain_step(cost: StepCost, decodes: int, each: int) -> None:
    assert cost.decode_affine(decodes, each + 1)[0] > cost.decode_affine(decodes, each)[0]
    assert cost.decode_affine(decodes, each)[1] == cost.decode_affine(decodes)[1]


def test_one_decode_step_is_bounded_by_reading_the_weights() -> None:
    cost = cost_of("llama-3-70b", "h100-sxm", 8)
    reading = cost.weights_read_bytes / (8 * 3.35e12)
    assert reading < cost.seconds(1, 100) < 3 * reading
    terms = cost.step(1, 100)
    assert engine.binding(terms, cost, 1, 1) == "weights"


def test_a_long_prompt_is_bounded_by_arithmetic() -> None:
    cost = cost_of("llama-3-70b", "h100-sxm", 4)
    arithmetic = 2 * 70.554e9 * 8192 / (4 * 989.4e12)
    seconds = cost.seconds(0, 0, [(0, 8192)])
    assert arithmetic < seconds < 2.5 * arithmetic
    assert engine.binding(cost.step(0, 0, [(0, 8192)]), cost, 8192, 1) == "compute"


def test_each_wall_can_bind() -> None:
    textbook = Deployment(MODELS["llama-3-70b"].with_kv_heads(64), GPUS["h100-sxm"], 8)
    cost = StepCost(textbook, CALIBRATIONS["h100-vllm-bf16"])
    assert engine.binding(cost.step(40, 40 * 8192), cost, 40, 40) == "kv"
    small = cost_of("llama-3.2-1b", "h100-sxm", 8)
    assert engine.binding(small.step(1, 100), small, 1, 1) == "overhead"
    slow_link = cost_of("llama-2-70b", "h100-pcie", 8)
    terms = slow_link.step(0, 0, [(0, 512)])
    assert engine.binding(terms, slow_link, 512, 1) == "links"


def test_mixture_of_experts_reads_more_as_tokens_choose() -> None:
    cost = cost_of("mixtral-8x7b", "h100-sxm", 2)
    one, many = cost.weights_read(1), cost.weights_read(1000)
    head = 2 * 32000 * 4096
    assert one == pytest.approx(2 * 12.9e9 - head, rel=1e-9)  # the two experts of one token, and everything shared
    assert many == pytest.approx(2 * 46.7e9 - head, rel=1e-9)
    experts = 2 * (46.7e9 - 12.9e9) / (1 - 2 / 8)
    assert many - cost.weights_read(3) == pytest.approx(experts * 0.75**3, rel=1e-9)


def test_a_step_reads_the_checkpoint_but_for_the_table_that_is_looked_up() -> None:
    """8-bit weights with head and tables at 16 bits (Llama-3.1-70B FP8: 67.7 GiB in vLLM's start-up lines)."""
    cost = cost_of("llama-3-70b", "h100-sxm", 8, 8, 8)
    table = 2 * 128256 * 8192
    assert cost.weights_read(64) == pytest.approx(
        (70.554e9 - table) + table, rel=1e-9
    )  # one table at 2 bytes, one not read
    assert cost.weights_read(64) + table == engine.checkpoint_bytes(MODELS["llama-3-70b"], 8)
    assert cost.decode_affine(1)[1] * 2 == pytest.approx(
        cost_of("llama-3-70b", "h100-sxm", 8, 8, 16).decode_affine(1)[1]
    )


def test_a_full_window_spares_what_it_forgets() -> None:
    """gpt-oss: every other layer reads 128 tokens, so that a long context costs half."""
    cost = cost_of("gpt-oss-120b", "h200-sxm", 1, 4)
    terms = [cost.step(1, context)["decode_attention_s"] for context in (100, 101, 100_000, 100_001)]
    assert terms[1] - terms[0] == pytest.approx(2 * (terms[3] - terms[2]), rel=1e-6)


def test_attention_groups_divide_requests_and_hold_attention_once_each() -> None:
    """Data-parallel attention: the same arithmetic a GPU, a group's whole cache and all of attention's weights."""
    plain = Deployment(MODELS["deepseek-v3"], GPUS["h200-sxm"], 8, 8, 8)
    grouped = replace(plain, attention_dp=8)
    assert engine.kv_copies(plain) == 8 and engine.kv_copies(grouped) == 1
    constants = engine.calibration_for(plain, CALIBRATIONS.values())
    one, eight = StepCost(plain, constants), StepCost(grouped, constants)
    assert eight.decode_affine(64)[1] * 2 < one.decode_affine(64)[1]  # latents are on every GPU, or divided
    assert eight.weights_read_bytes > one.weights_read_bytes


def test_cache_reads_stop_splitting_past_the_heads() -> None:
    def slope(model: str, gpus: int) -> float:
        return cost_of(model, "h100-sxm", gpus).decode_affine(1)[1]

    assert slope("llama-3-70b", 8) * 8 == pytest.approx(slope("llama-3-70b", 1), rel=1e-12)
    assert slope("qwen3-235b-a22b", 8) == pytest.approx(slope("qwen3-235b-a22b", 4), rel=1e-12)
    assert slope("deepseek-v3", 8) == pytest.approx(slope("deepseek-v3", 4), rel=1e-12)  # the latent can't be split
    assert slope("deepseek-v3", 1) > slope("deepseek-v3", 4)  # there the heads' arithmetic takes longer than reading


@pytest.mark.parametrize(
    ("model", "gpu", "engine_name", "weight_bits", "chosen", "carried"),
    [
        ("llama-3-70b", "h100-sxm", "vllm", 16, "h100-vllm-bf16", ()),
        ("llama-3-70b", "h100-sxm", "kernels", 16, "h100-kernels-bf16", ()),
        ("llama-3-70b", "h100-sxm", "vllm", 8, "h100-vllm-fp8", ()),
        ("llama-3-70b", "h100-sxm", "vllm", 4, "h100-vllm-bf16", ("weights",)),  # widened to 16 bits
        ("llama-3-70b", "a100-sxm", "vllm", 8, "a100-vllm-bf16", ("weights", "count")),  # an A100 has no FP8
        ("llama-3-70b", "h200-sxm", "trtllm", 8, "h200-trtllm-fp8", ("cache",)),
        ("llama-3-70b", "h200-sxm", "vllm", 16, "h100-vllm-bf16", ("gpu",)),  # precision before GPU
        ("llama-3-70b", "mi300x", "vllm", 16, "h100-vllm-bf16", ("gpu",)),
        ("llama-3-70b", "l4", "vllm", 8, "h100-vllm-fp8", ("gpu", "links")),
        ("gpt-oss-120b", "h200-sxm", "vllm", 4, "h200-vllm-mxfp4", ()),
        ("gpt-oss-120b", "h100-sxm", "vllm", 4, "h200-vllm-mxfp4", ("gpu",)),
        ("llama-3-70b", "b200-sxm", "vllm", 4, "b200-vllm-fp4", ("cache",)),
        ("deepseek-v3", "h200-sxm", "sglang", 8, "h200-sglang-latent-fp8", ()),
        ("deepseek-v3", "h200-sxm", "vllm", 8, "h200-sglang-latent-fp8", ("engine",)),
        ("deepseek-v3", "mi300x", "vllm", 16, "h100-vllm-bf16", ("gpu", "experts", "latent")),
    ],
)
def test_the_nearest_constants_are_taken(
    model: str, gpu: str, engine_name: str, weight_bits: int, chosen: str, carried: tuple[str, ...]
) -> None:
    cost = cost_of(model, gpu, 8, weight_bits, 16, engine_name)
    assert cost.calibration.id == chosen
    assert cost.carried == carried


def test_an_expected_error_is_that_of_the_nearest_case_that_claims_one() -> None:
    known = CALIBRATIONS.values()
    fp8 = Deployment(MODELS["llama-3-70b"], GPUS["h100-sxm"], 4, 8)
    error, case = engine.expected_error(fp8, known, "ttft")
    assert (case.id, error) == ("h100-vllm-fp8", case.expected[1] / 100) and not engine.how_known(fp8, case)
    wide = replace(fp8, weight_bits=16)
    assert engine.calibration_for(wide, known).id == "h100-vllm-bf16"
    _, other = engine.expected_error(wide, known, "ttft")  # its own first tokens were never measured
    assert other.expected[1] > 0 and engine.how_known(wide, other)
    for claim in ("tpot", "ttft", "ttft_p99"):
        assert 0 < engine.expected_error(wide, known, claim)[0] < 1
    with pytest.raises(PhysicsError):
        engine.expected_error(wide, [replace(case, expected=())], "tpot")


def test_a_mixture_s_error_is_wider_than_a_dense_model_s_and_another_count_of_gpus_counts() -> None:
    known = list(CALIBRATIONS.values())
    dense, mixture = (Deployment(MODELS[m], GPUS["mi300x"], 8, 8, 8) for m in ("llama-3-70b", "qwen3-235b-a22b"))
    for claim in ("tpot", "ttft", "ttft_p99"):
        assert engine.expected_error(dense, known, claim)[0] < engine.expected_error(mixture, known, claim)[0]
    grouped = replace(mixture, attention_dp=8)
    assert engine.expected_error(grouped, known, "tpot")[0] >= engine.expected_error(mixture, known, "tpot")[0]
    measured, other = (Deployment(MODELS["qwen3-32b"], GPUS["b300-sxm"], gpus, 16, 16) for gpus in (2, 8))
    narrow, wide = (engine.expected_error(d, known, "tpot") for d in (measured, other))
    assert narrow[1] == wide[1] and narrow[0] < wide[0]
    assert "count" in engine.how_known(other, wide[1]) and not engine.how_known(measured, narrow[1])


@pytest.mark.parametrize(
    ("gpu", "tokens"),
    [("h100-sxm", 8192), ("mi300x", 8192), ("gb10", 8192), ("a100-sxm", 2048), ("l40s", 2048), ("rtx-5090", 2048)],
)
def test_the_default_token_budget_is_vllm_s(gpu: str, tokens: int) -> None:
    assert engine.default_token_budget(GPUS[gpu]) == tokens


def test_the_nearest_measured_all_reduce_is_taken() -> None:
    measured = replace(CALIBRATIONS["h100-vllm-bf16"], reduce_s=((2, 1.0), (4, 2.0), (8, 3.0)))
    assert [measured.all_reduce_s(n) for n in (1, 2, 4, 8, 16)] == [1.0, 1.0, 2.0, 3.0, 3.0]
    assert cost_of("llama-3-70b", "h100-sxm", 1).step(5, 100)["reduce_s"] == 0


def test_questions_without_an_answer() -> None:
    cost = cost_of("llama-3-70b", "h100-sxm", 8)
    with pytest.raises(PhysicsError):
        engine.calibration_for(cost.deployment, [])
    for decodes, prefills in ((-1, []), (1.5, []), (math.nan, []), (0, [(0, 0)]), (0, [(0, -5)]), (0, [(0, math.inf)])):
        with pytest.raises(PhysicsError):
            cost.step(decodes, 0, prefills)


def test_a_billion_is_finite() -> None:
    cost = cost_of("llama-3-70b", "h100-sxm", 8)
    assert math.isfinite(cost.seconds(10**9, 10**12, [(10**9, 10**9)]))


def test_speculation_pays_at_small_batches_only() -> None:
    """Llama-3-70B on 8 H100s, a 1B draft, 4 tokens at 80 %: twice as fast alone, a loss at 256 (Leviathan, 2023)."""
    cost, draft = cost_of("llama-3-70b", "h100-sxm", 8), cost_of("llama-3.2-1b", "h100-sxm", 8)
    gains = [engine.speculation_speedup(cost, draft, b, 200 * b, 4, 0.8) for b in (1, 32, 64, 128, 256)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 2 and gains[-1] < 1
    assert gains[0] < engine.speculation_yield(0.8, 4)
