"""Controls, failure states and their ways out: each can be reached, says what the engine says, and can be left."""

import json

import pytest
from playwright.sync_api import expect

import serving
import store
from tests import lab as native

MOVES = {
    "the weights don't fit on one GPU": {"act1.gpus": 1},
    "not one user fits": {"act1.gpus": 1, "act1.weight_bits": 4, "act1.context": 32768},
    "tight": {"act1.context": 32768},
    "viable": {"act1.context": 8192},
}


def moved(state, settings):
    return native.after(state, *(store.ControlMoved(control, value) for control, value in settings.items()))


def test_the_calculators_states_are_entered_and_left(lab):
    lab.answer("act1.prediction", "about_50")
    home = native.walked(until=1)
    for settings in MOVES.values():
        for control, value in settings.items():
            lab.set(control, value)
        state = moved(home, settings)
        lab.shows("act1.state", native.says(state, "act1.state"))
        lab.shows("act1.card.users", native.says(state, "act1.card.users"))
        lab.page.get_by_role("button", name="Back to the scenario's numbers").click()
        lab.shows("act1.state", native.says(home, "act1.state"))


@pytest.fixture(scope="module")
def home():
    return native.walked(until=3)


@pytest.fixture
def designer(lab, home):
    for question in native.QUESTIONS[:3]:
        lab.answer(question, native.right_option(question, "latency"))
    for side in serving.SIDES:
        lab.shows(f"act2.{side}.state", native.says(home, f"act2.{side}.state"))
        expect(lab.node(f"act2.{side}.state")).to_have_attribute("data-state", "good")
    return lab


BREAKS = [
    ("a", serving.TTFT, {"act2.a.load": 8}),
    ("a", serving.TTFT, {"act2.a.max_sequence": 4096}),
    ("a", serving.TTFT, {"act2.a.policy": "static"}),
    ("b", serving.LOW, {"act2.b.load": 1}),
    ("b", serving.LOW, {"act2.b.max_batch": 8}),
    ("a", serving.KV, {"act2.kv_heads": 64, "act2.a.max_batch": 64, "act2.a.max_sequence": 4096}),
    ("b", serving.KV, {"act2.gpus": 4, "act2.b.max_batch": 128, "act2.b.max_sequence": 8192}),
    ("b", serving.KV, {"act2.kv_heads": 64, "act2.b.policy": "static"}),
]


def test_every_failure_of_the_design_is_entered_explained_and_left(designer, home):
    lab = designer
    for side, failure, settings in BREAKS:
        for control, value in settings.items():
            lab.set(control, value)
        broken = native.settled(moved(home, settings))
        assert (
            serving.judge(native.shipped(), side, broken.results[store.request(native.shipped(), broken, side)])
            == failure
        )
        lab.shows(f"act2.{side}.state", native.says(broken, f"act2.{side}.state"))
        expect(lab.node(f"act2.{side}.state")).to_have_attribute("data-state", "fail")
        lab.shows(f"act2.{side}.way.text", native.says(broken, f"act2.{side}.way.text"))
        _leave(lab, side, native.after(broken, store.WayOutTried(side)), broken)
        lab.page.get_by_role("button", name="Back to the numbers at the start").click()
        lab.shows(f"act2.{side}.state", native.says(home, f"act2.{side}.state"))


def _leave(lab, side, mended, broken):
    """Take the offered way out where there is one; it must hold."""
    if mended == broken:
        expect(lab.node(f"act2.{side}.way.apply")).to_be_hidden()
        return
    lab.node(f"act2.{side}.way.apply").click()
    expect(lab.node(f"act2.{side}.state")).to_have_attribute("data-state", "good")


def test_the_slider_and_its_number_are_one_value(lab):
    lab.answer("act1.prediction", "about_50")
    slider, number = (
        lab.page.get_by_role("slider", name="Context length"),
        lab.page.locator("[id='act1.context.number']"),
    )
    slider.focus()
    slider.press("ArrowRight")
    expect(number).to_have_value("4608")
    number.fill("8192")
    number.press("Tab")
    expect(slider).to_have_value("8192")
    for typed, kept in (("99999", "8192"), ("-1", "8192"), ("5000", "5120")):
        number.fill(typed)
        number.press("Tab")
        expect(number).to_have_value(kept)
        expect(lab.node("act1.context.problem")).not_to_be_empty()
    number.fill("4096")
    number.press("Tab")
    expect(lab.node("act1.context.problem")).to_be_empty()


def test_the_chart_follows_while_the_slider_is_dragged(lab):
    lab.answer("act1.prediction", "about_50")
    here = "() => document.querySelector('[data-key=\"act1.chart.plot\"]').data[2].x[0]"
    lab.page.wait_for_function(f"() => ({here})() === 4096")
    slider = lab.page.get_by_role("slider", name="Context length")
    for length in (6144, 12288):
        slider.evaluate(
            "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', {bubbles: true})) }", length
        )
        lab.page.wait_for_function(f"() => ({here})() === {length}")


def test_each_chart_has_the_table_with_its_numbers(lab):
    lab.answer("act1.prediction", "about_50")
    state = native.walked(until=1)
    import views

    frame = views.frame(native.shipped(), state)
    for chart in ("act1.chart", "act1.families"):
        node = lab.node(f"{chart}.plot")
        expect(node.locator(".main-svg").first).to_be_visible()
        assert node.evaluate("node => node.data.length") == len(frame[f"{chart}.plot"]["figure"]["data"])
        lab.node(chart).get_by_text("Show the numbers as a table").click()
        cells = [native.plain(cell) for row in frame[f"{chart}.body"]["rows"] for cell in row]
        expect(lab.node(f"{chart}.body").locator("th, td")).to_have_text(cells)


def test_a_pasted_config_becomes_a_model(lab):
    lab.answer("act1.prediction", "about_50")
    lab.page.get_by_text("Another model").click()
    lab.page.get_by_label("Text of config.json").fill('{"hidden_size": 1}')
    lab.page.get_by_role("button", name="Use this model").click()
    expect(lab.node("act1.paste.note")).to_contain_text("num_hidden_layers")
    shape = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 100}
    config = json.dumps({**shape, "model_type": "<b>tiny</b>"})
    lab.page.get_by_label("Text of config.json").fill(config)
    lab.page.get_by_role("button", name="Use this model").click()
    state = native.after(native.walked(until=1), store.ConfigPasted(config))
    lab.shows("act1.paste.note", native.says(state, "act1.paste.note"))
    lab.shows("act1.state", native.says(state, "act1.state"))
    lab.page.reload()
    lab.ready()
    lab.shows("act1.state", native.says(state, "act1.state"))
