"""The roofline against its closed forms, and what the page says of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
import views
from acts.promises import live, now, roofline_view
from content.controls import controls
from state import store
from tests import lab as native
from tests.unit.test_steptime import ALIKE, CALIBRATIONS, GPUS, MODELS, cost_of

DENSE = [name for name in ALIKE if not MODELS[name].experts and not MODELS[name].latent_dim]
gpus = st.sampled_from([1, 2, 4, 8])
costs = st.builds(cost_of, st.sampled_from(DENSE), st.sampled_from(list(GPUS)), gpus, st.sampled_from([8, 16]))


def test_the_ridge_is_peak_over_bandwidth():
    """989.4 TFLOP/s over 3,350 GB/s (NVIDIA's H100 data sheet): about 295 FLOP a byte in BF16, twice that in FP8."""
    h100 = GPUS["h100-sxm"]
    assert engine.ridge(h100, 16) == pytest.approx(989.4e12 / 3.35e12)
    assert engine.ridge(h100, 8) == pytest.approx(1978.9e12 / 3.35e12)


@given(st.sampled_from(list(GPUS)), st.floats(0.01, 1e6))
def test_the_roof_is_the_lower_of_the_two_limits(name, intensity):
    gpu = GPUS[name]
    corner = engine.ridge(gpu, 16)
    wanted = gpu.bf16_flops_per_s if intensity >= corner else gpu.bandwidth_bytes_per_s * intensity
    assert engine.roof(gpu, 16, intensity) == pytest.approx(wanted, rel=1e-9)


@given(costs, st.floats(0.01, 1e6))
def test_kernels_stay_under_the_roof_and_near_it_far_from_the_corner(cost, intensity):
    gpu, bits, constants = cost.deployment.gpu, cost.deployment.weight_bits, cost.calibration
    assert engine.reached(cost, intensity) < engine.roof(gpu, bits, intensity)
    corner = engine.ridge(gpu, bits)
    slope = engine.reached(cost, corner / 1000) / engine.roof(gpu, bits, corner / 1000)
    flat = engine.reached(cost, corner * 1000) / engine.roof(gpu, bits, corner * 1000)
    assert slope == pytest.approx(constants.bandwidth, rel=1e-3)
    assert flat == pytest.approx(constants.compute, rel=1e-3)


@given(costs, st.integers(1, 64))
def test_without_a_context_decode_does_one_multiplication_for_each_weight_and_request(cost, batch):
    """2 FLOP for each weight and request over so many bytes a weight: the batch itself at 16 bits."""
    at, model = engine.placed(cost, batch, 0), cost.deployment.model
    weights = model.parameters - (0 if model.tied else model.vocab * model.width)
    assert at["intensity"] == pytest.approx(2 * weights * batch / cost.weights_read(batch), rel=0.01)


@given(costs, st.integers(1, 64), st.integers(1, 8192))
def test_the_work_is_what_the_counts_say(cost, batch, context):
    """FLOP and bytes of all GPUs together, from the model's own figures."""
    model, asked = cost.deployment.model, engine.work(cost, batch, batch * context)
    spare = 0 if model.tied else model.vocab * model.width
    weights = model.parameters - spare
    near = min(context, model.window_tokens) if model.local_layers else context
    seen = model.full_layers * context + model.local_layers * near
    pairs = 4 * seen * model.query_heads * model.head_dim * batch
    count = cost.deployment.gpus
    assert asked["flop"] * count == pytest.approx(2 * weights * batch + pairs, rel=1e-9)
    table = 2 * (weights - model.parameters)  # looked up, not read
    read = engine.checkpoint_bytes(model, cost.deployment.weight_bits) + table
    assert asked["weights_bytes"] * count == pytest.approx(read, rel=1e-9)
    cached = batch * engine.kv_bytes(model, context, 16) * engine.kv_copies(cost.deployment) * (context + 1) / context
    assert asked["cache_bytes"] * count == pytest.approx(cached, rel=1e-9)


@given(costs, st.integers(1, 256), st.integers(0, 32768))
def test_no_step_is_above_the_roof(cost, batch, context):
    at = engine.placed(cost, batch, batch * context)
    assert at["flops_per_s"] <= engine.roof(cost.deployment.gpu, cost.deployment.weight_bits, at["intensity"])


def test_a_bigger_batch_raises_the_intensity_and_a_longer_context_bends_it():
    """With an endless context only the cache counts: 2 · group FLOP for each pair of bytes, 8 for Llama-3-70B's groups."""
    cost = cost_of("llama-3-70b", "h100-sxm", 8)
    rising = [engine.placed(cost, batch, batch * 4096)["intensity"] for batch in (1, 2, 4, 8, 16, 32, 64, 128)]
    assert rising == sorted(rising)
    group = 64 / 8
    assert engine.placed(cost, 128, 128 * 10_000_000)["intensity"] == pytest.approx(group, rel=0.01)
    assert engine.placed(cost, 128, 0)["intensity"] > 10 * group


def test_chunks_add_up_to_the_whole_prompt_but_for_what_they_read_again():
    cost = cost_of("llama-3-70b", "h100-sxm", 8)
    whole, halves = engine.work(cost, 0, 0, [(0, 2048)]), engine.work(cost, 0, 0, [(0, 1024), (1024, 1024)])
    assert halves["flop"] == pytest.approx(whole["flop"], rel=1e-3)
    again = (halves["cache_bytes"] - whole["cache_bytes"]) * 8
    assert again == pytest.approx(1024 * engine.kv_bytes_per_token(cost.deployment.model, 16))


def test_the_cache_can_become_the_wall():
    textbook = engine.Deployment(MODELS["llama-3-70b"].with_kv_heads(64), GPUS["h100-sxm"], 8)
    cost = engine.StepCost(textbook, CALIBRATIONS["h100-vllm-bf16"])
    walls = [engine.placed(cost, 40, 40 * context)["wall"] for context in (256, 8192)]
    assert walls == ["weights", "kv"]
    assert engine.placed(cost, 0, 0, [(0, 4096)])["wall"] == "compute"


def test_a_step_of_nothing_has_no_place():
    cost = cost_of("llama-3-70b", "h100-sxm", 8)
    for decodes, prefills in ((0, []), (-1, []), (1.5, []), (math.nan, [])):
        with pytest.raises(engine.PhysicsError):
            engine.placed(cost, decodes, 0, prefills)
    with pytest.raises(engine.PhysicsError):
        engine.roof(GPUS["h100-sxm"], 16, 0)


# --- On the page -------------------------------------------------------------------------------------------------------


def shown(state):
    """The steps, and the frame, of a state."""
    course = native.shipped()
    at, own = now.hand(course, state), roofline_view.own_of(state)
    return roofline_view.placed(course, at, own, live.numbers_of(course, at)), views.frame(course, state)


def test_the_drawn_points_are_those_of_the_table():
    steps, frame = shown(native.walked(until=3))
    figure = frame["act2.roof.plot"]["figure"]
    marks = [x for trace in figure["data"] if trace.get("text") for x in trace["x"]]
    own = [shape["xanchor"] for shape in figure["layout"]["shapes"] if "xanchor" in shape]
    assert sorted(marks + own) == sorted(at["intensity"] for at in steps.values())
    assert len(frame["act2.roof.body"]["rows"]) == len(steps) == 7
    for trace in frame["act2.steps.plot"]["figure"]["data"]:
        row = next(row for row in frame["act2.steps.body"]["rows"] if row[0] == trace["name"])
        printed = [float(cell.split()[0]) for cell in row[1:]]
        assert printed == pytest.approx(trace["x"], abs=0.51)


def test_the_parts_of_a_step_are_the_whole():
    _, frame = shown(native.walked(until=3))
    for bar in zip(*(trace["x"] for trace in frame["act2.steps.plot"]["figure"]["data"]), strict=True):
        assert math.fsum(bar) == pytest.approx(100, abs=0.4)


def test_a_slider_of_ones_own_moves_ones_own_step_only_and_asks_for_no_run():
    before = native.walked(until=3)
    held = native.after(before, store.ControlMoved(roofline_view.BATCH, "100", settled=False))
    assert store.next_run(native.shipped(), held) is None
    assert held.results == before.results and held.settled
    (old, _), (new, frame) = shown(before), shown(held)
    assert {name for name in old if old[name] != new[name]} == {"own"}
    assert "With 100 in the batch" in native.plain(frame["act2.roof.why"]["text"]).replace("\N{NO-BREAK SPACE}", " ")


def test_a_slider_held_while_another_is_at_rest_leaves_quick_runs_quick():
    held = native.after(native.walked(until=3), store.ControlMoved("act2.a.load", "3", settled=False))
    still = native.after(held, store.ControlMoved("act2.a.load", "3", settled=False))
    assert not held.settled and not still.settled


def test_the_sides_follow_their_controls_before_any_run_is_there():
    state = native.after(native.walked(until=3), store.ControlMoved("act2.b.max_batch", "8"))
    before, after = shown(native.walked(until=3))[0], shown(state)[0]
    assert after["b_decode"]["intensity"] < before["b_decode"]["intensity"]
    assert "b_run" not in after and after["a_decode"] == before["a_decode"]


def test_a_batch_that_does_not_fit_says_so():
    moves = (store.ControlMoved(roofline_view.BATCH, 128), store.ControlMoved(roofline_view.CONTEXT, 32768))
    _, frame = shown(native.after(native.walked(until=3), *moves))
    assert frame["act2.roof.said"]["state"] == "warn"
    assert shown(native.walked(until=3))[1]["act2.roof.said"]["state"] == "info"


def test_static_batching_keeps_fewer_at_work_than_it_seats():
    static = store.ControlMoved("act2.b.policy", "static")
    state = native.settled(native.after(native.walked(until=3), static))
    result = state.results[now.request(native.shipped(), state, "b")]
    at_work = roofline_view.at_work(now.hand(native.shipped(), state), "b")
    assert at_work < 0.9 * result["mean_batch"]


def test_the_own_step_is_offered_by_two_sliders():
    table = controls(native.shipped())
    for name in (roofline_view.BATCH, roofline_view.CONTEXT):
        control = table[name]
        assert control.read(control.maximum, control.minimum) == (control.maximum, None)
