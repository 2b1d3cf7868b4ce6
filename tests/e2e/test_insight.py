"""The roofline, the time to the first token and the attention families: they follow their controls, and say what is drawn."""

import pytest
from playwright.sync_api import expect

from state import store
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.test_design import DRAG, LOG, table_of
from tests.e2e.twin import Twin, document, returned

CHARTS = ("act1.families", "act2.roof", "act2.steps", "act2.tail")


@pytest.fixture(scope="module")
def looking(browser, origin):
    """A visitor who comes back to Act II, its prediction committed."""
    text = document(native.walked(until=3))
    lab = Lab.new(browser, origin, document=text, viewport=DESK).open()
    yield Twin(lab, returned(text))
    lab.close()


def test_each_figure_and_its_table_are_the_native_ones(looking):
    lab = looking.lab
    looking.agrees(but=LOG)
    for chart in CHARTS:
        lab.plot(chart)
        expect(lab.node(f"{chart}.plot")).to_have_attribute("role", "img")
        table_of(lab, chart)


def test_the_learners_own_step_moves_while_its_slider_is_held(looking):
    lab = looking.lab
    own = "() => document.querySelector('[data-key=\"act2.roof.plot\"]').layout.shapes.at(-1).xanchor"
    lab.plot("act2.roof")
    runs = lab.reads("act2.runs")
    slider = lab.page.get_by_role("slider", name="Requests in your step")
    seen = [lab.page.evaluate(own)]
    for batch in (64, 128):
        slider.evaluate(DRAG, batch)
        lab.page.wait_for_function(f"before => ({own})() > before", arg=seen[-1])
        seen.append(lab.page.evaluate(own))
        assert lab.reads("act2.runs") == runs
    slider.dispatch_event("change")
    looking.native(store.ControlMoved("act2.roof.batch", "128"))
    looking.agrees(but=LOG)
    looking.set({"act2.roof.context": 32768})
    expect(lab.node("act2.roof.said")).to_have_attribute("data-state", "warn")
    looking.agrees(but=LOG)
    looking.reset("act2")
    looking.agrees(but=LOG)


def test_a_queue_near_its_capacity_is_drawn_as_a_fan(looking):
    lab = looking.lab
    for load, state in ((1, "good"), (8, "warn")):
        looking.set({"act2.b.load": load})
        expect(lab.node("act2.tail.trust")).to_have_attribute("data-state", state)
        looking.agrees(but=LOG)
    looking.reset("act2")


def test_windows_move_left_as_the_context_grows(looking):
    lab = looking.lab
    windows = "() => document.querySelector('[data-key=\"act1.families.plot\"]').data.find(t => t.name === 'window').x"
    lab.plot("act1.families")
    before = lab.page.evaluate(windows)
    looking.set({"act1.context": 32768})
    lab.plot("act1.families")
    lab.page.wait_for_function(f"before => ({windows})().every((x, i) => x < before[i])", arg=before)
    looking.agrees(only="act1.families")
    looking.reset("act1")
