"""Controls, failure states and their ways out: each can be reached, says what the engine says, and can be left."""

import json

import pytest
from playwright.sync_api import expect

import views
from acts.promises import actions as design_actions
from acts.promises import now, serving
from acts.wall import actions as wall_actions
from content import wording
from content.controls import controls
from state import store
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.twin import Twin, document, returned

# Which passing states were simulated on the way, and so noted, is a matter of the machine's speed.
LOG = ("ledger.", "report.check.")
CALCULATOR = {
    "too_small": {"act1.gpus": 1},
    "no_user": {"act1.gpus": 1, "act1.weight_bits": 8, "act1.context": 32768},
    "tight": {"act1.context": 32768},
    "viable": {"act1.context": 8192, "act1.reserve": "real"},
}


def test_the_calculators_states_are_entered_and_left(lab):
    twin = Twin(lab)
    twin.answer("act1.prediction", "about_50")
    for name, settings in CALCULATOR.items():
        twin.set(settings)
        twin.agrees(only="act1.")
        opening = native.shipped().at(f"act1.calculator.states.{name}").split("**")[1]
        expect(lab.node("act1.state").locator("strong")).to_have_text(opening)
        twin.reset("act1")
        twin.agrees(only="act1.")


@pytest.mark.parametrize("context", native.shipped().contexts)
def test_no_start_is_in_failure(context):
    frame = views.frame(native.shipped(), native.walked(context, until=3))
    assert {frame[key]["state"] for key in ("act1.state", "act2.a.state", "act2.b.state")} == {"good"}


@pytest.fixture(scope="module")
def returning(browser, origin):
    """A visitor who comes back to Act II, its prediction committed."""
    text = document(native.walked(until=3))
    lab = Lab.new(browser, origin, document=text, viewport=DESK).open()
    yield Twin(lab, returned(text))
    lab.close()


@pytest.fixture
def designer(returning):
    """The same visitor, with the numbers at the start."""
    yield returning
    returning.reset("act2")


# Side, failure, the sentence that names the cause, and what brings it about.
BREAKS = [
    ("a", serving.TTFT, "ttft_queue", {"act2.a.load": 8}),
    ("a", serving.TTFT, "ttft_prompt", {"act2.a.max_sequence": 4096}),
    ("a", serving.CUT, "cut_why", {"act2.a.max_sequence": 1024}),
    ("a", serving.KV, "kv_paged", {"act2.gpus": 2, "act2.a.max_batch": 64}),
    ("b", serving.LOW, "low_load", {"act2.b.load": 1}),
    ("b", serving.LOW, "low_capacity", {"act2.b.max_batch": 8}),
    ("b", serving.LOW, "low_capacity", {"act2.b.policy": "static"}),
    ("b", serving.KV, "kv_paged", {"act2.gpus": 4, "act2.b.max_batch": 128, "act2.b.max_sequence": 8192}),
    ("b", serving.KV, "kv_static", {"act2.kv_heads": 64, "act2.b.policy": "static"}),
]


def judged(state, side):
    """What the engine makes of a side."""
    return serving.judge(native.shipped(), side, state.results[now.request(native.shipped(), state, side)])


# The columns of the three rows, the promise and the two sides, behind the heading of each.
FIRST_TOKEN, THROUGHPUT, KV_MEMORY = range(3)


def now_row(lab, side):
    """The row of a side among the three."""
    return lab.node("act2.three.body").get_by_role("row").nth(1 + serving.SIDES.index(side))


def fixed_words(text):
    """The longest stretch of a content text that no number interrupts."""
    return max(wording.PLACEHOLDER.sub("\n", native.plain(text)).split("\n"), key=len).strip()


def test_every_failure_of_the_design_is_entered_explained_and_left(designer):
    lab, words = designer.lab, native.shipped().at("act2.failures")
    designer.agrees(but=LOG)
    for side, failure, cause, settings in BREAKS:
        designer.set(settings)
        assert judged(designer.state, side) == failure
        designer.agrees(only=f"act2.{side}.")
        told = lab.node(f"act2.{side}.state")
        expect(told).to_have_attribute("data-state", "fail")
        expect(lab.node(f"act2.{side}.cause")).to_contain_text(fixed_words(words[cause]))
        if cause == "kv_static":
            expect(now_row(lab, side).get_by_role("cell").nth(THROUGHPUT)).to_have_text(wording.NOT_YET)
        mended = native.after(designer.state, design_actions.WayOutTried(side))
        if mended != designer.state:
            lab.node(f"act2.{side}.way").get_by_role("button", name=words["way_apply"]).click()
            designer.native(design_actions.WayOutTried(side))
            assert judged(designer.state, side) == serving.OK
            expect(told).to_have_attribute("data-state", "good")
        else:
            expect(lab.node(f"act2.{side}.way.apply")).to_be_hidden()
        designer.reset("act2")
        expect(told).to_have_attribute("data-state", "good")
        expect(lab.node(f"act2.{side}.cause")).to_be_hidden()
        expect(lab.node(f"act2.{side}.way")).to_be_hidden()


def test_every_failure_can_be_reached():
    """Each state of a side, by the controls that are offered: those in BREAKS, and weights that don't fit."""
    reached = {failure for _, failure, _, _ in BREAKS} | {serving.OK}
    table, home = controls(native.shipped()), native.start()
    for gpus, _ in table["act2.gpus"].options:
        for bits, _ in table["act2.weight_bits"].options:
            moves = (store.ControlMoved("act2.gpus", gpus), store.ControlMoved("act2.weight_bits", bits))
            asked = now.request(native.shipped(), native.after(home, *moves), "a")
            reached |= {serving.NO_WEIGHTS} if not serving.memory(native.shipped(), asked)["kv_has"] else set()
    assert reached == set(serving.STATES)


def test_a_side_can_be_seen_while_it_is_dragged_and_settles_when_it_is_let_go(designer):
    lab, words = designer.lab, native.shipped().at("act2.design")
    slider = lab.page.get_by_role("slider", name="Max batch").first
    slider.evaluate(DRAG, 20)
    expect(lab.node("act2.runs")).to_contain_text(fixed_words(words["quick"]))
    state = native.after(designer.state, store.ControlMoved("act2.a.max_batch", "20", settled=False))
    told = views.frame(native.shipped(), state)["act2.three.body"]["rows"]
    before = views.frame(native.shipped(), designer.state)["act2.three.body"]["rows"]
    assert told[1][1 + KV_MEMORY] != before[1][1 + KV_MEMORY]
    expect(now_row(lab, "a").get_by_role("cell").nth(KV_MEMORY)).to_have_text(told[1][1 + KV_MEMORY])
    slider.dispatch_event("change")
    designer.native(store.ControlMoved("act2.a.max_batch", "20"))
    designer.agrees(but=LOG)
    expect(lab.page.locator("[id='act2.a.max_batch.number']")).to_have_value("20")


DRAG = "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', { bubbles: true })) }"


# Scrolled to the top edge, a control lies under nothing.
AT_THE_TOP = """node => {
  node.scrollIntoView({ block: 'start' });
  const { x, y, width, height } = node.getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2) === node;
}"""


def test_the_slider_and_its_number_are_one_value(lab):
    twin = Twin(lab)
    twin.answer("act1.prediction", "about_50")
    slider = lab.page.get_by_role("slider", name="Context length")
    number = lab.page.get_by_role("spinbutton", name="Context length")
    lab.page.wait_for_function(AT_THE_TOP, arg=slider.element_handle())
    slider.press("ArrowRight")
    expect(number).to_have_value("4608")
    number.fill("8192")
    number.press("Tab")
    expect(slider).to_have_value("8192")
    twin.native(store.ControlMoved("act1.context", "8192"))
    for typed in ("99999", "-1", "0", "5000", ""):
        number.fill(typed)
        number.press("Tab")
        twin.native(store.ControlMoved("act1.context", typed))
        problem = twin.state.problems["act1.context"]
        expect(lab.page.get_by_role("alert").filter(has_text=problem)).to_be_visible()
        twin.agrees()
    number.fill("4096")
    number.press("Tab")
    expect(lab.node("act1.context.problem")).to_be_empty()


def test_the_chart_follows_while_the_slider_is_dragged(lab):
    lab.answer("act1.prediction", "about_50")
    here = "() => document.querySelector('[data-key=\"act1.chart.plot\"]').layout.shapes[0].xanchor"
    lab.plot("act1.chart")
    lab.page.wait_for_function(f"() => ({here})() === 4096")
    slider = lab.page.get_by_role("slider", name="Context length")
    for length in (6144, 12288):
        slider.evaluate(DRAG, length)
        lab.page.wait_for_function(f"() => ({here})() === {length}")


def table_of(lab, chart):
    """The table with a chart's numbers, unfolded; it stands with the chart or below it."""
    fold = lab.page.locator("details", has=lab.node(f"{chart}.body"))
    fold.get_by_text(native.shipped().at("words.show_table")).click()
    expect(fold.get_by_role("table")).to_be_visible()
    expect(lab.node(f"{chart}.caption")).to_be_visible()


def test_each_chart_has_the_table_with_its_numbers(designer):
    lab = designer.lab
    designer.agrees(but=LOG)  # every table and every figure's points are the native ones
    for chart in ("act1.chart", "act1.families", "act2.chart"):
        lab.plot(chart)
        table_of(lab, chart)
    curve = lab.plot("act1.chart").evaluate("node => node.layout.shapes[1].path")
    points = (map(float, point.split(",")) for point in curve[1:].split("L"))
    users = {wording.show(x, "n"): wording.show(y, "n") for x, y in points}
    rows = (
        lab.node("act1.chart.body")
        .get_by_role("row")
        .evaluate_all("rows => rows.map(row => [row.cells[0].textContent, row.cells[2].textContent])")
    )
    assert rows
    assert all(users[length] == fit for length, fit in rows)


def test_a_pasted_config_becomes_a_model(lab):
    lab.answer("act1.prediction", "about_50")
    lab.page.get_by_role("link", name="Is your model missing?").click()
    lab.page.get_by_label("Text of config.json").fill('{"hidden_size": 1}')
    lab.page.get_by_role("button", name="Use this model").click()
    expect(lab.node("act1.paste.note")).to_contain_text("num_hidden_layers")
    shape = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 100}
    shape |= {"intermediate_size": 128, "tie_word_embeddings": True}
    config = json.dumps({**shape, "model_type": "<b>tiny</b>"})
    lab.page.get_by_label("Text of config.json").fill(config)
    lab.page.get_by_role("button", name="Use this model").click()
    state = native.after(native.walked(until=1), wall_actions.ConfigPasted(config))
    lab.shows("act1.paste.note", native.says(state, "act1.paste.note"))
    lab.shows("act1.state", native.says(state, "act1.state"))
    lab.reload()
    lab.shows("act1.state", native.says(state, "act1.state"))


def test_a_chosen_config_may_be_written_in_any_coding_and_the_slider_reaches_its_limit(lab):
    """The page's Python knows fewer codings than the one that runs the unit tests."""
    lab.answer("act1.prediction", "about_50")
    lab.page.get_by_role("link", name="Is your model missing?").click()
    shape = {"_name_or_path": "modèle", "model_type": "llama", "hidden_size": 64, "num_attention_heads": 4}
    shape |= {"intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 1_048_576}
    for layers, coding in enumerate(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1"), start=2):
        text = json.dumps({**shape, "num_hidden_layers": layers}, ensure_ascii=False)
        file = {"name": "config.json", "mimeType": "application/json", "buffer": text.encode(coding)}
        lab.page.get_by_label("Choose the file").set_input_files(file)
        expect(lab.node("act1.paste.note")).to_contain_text(f"{layers} layers")
    expect(lab.node("act1.context.range")).to_have_attribute("max", "1048576")
