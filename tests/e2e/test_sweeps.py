"""The sweeps on the page: what they draw is what their tables and the engine say; they can be started, stopped and left."""

import pytest
from playwright.sync_api import expect

from acts.promises import actions as design_actions
from acts.promises import sweeps
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.test_design import fixed_words
from tests.e2e.twin import Twin, document, returned

WORDS = native.shipped().at("sweeps.frontier")


@pytest.fixture(scope="module")
def planner(browser, origin):
    """A visitor who comes back to Act II, its prediction committed."""
    text = document(native.walked(until=3))
    lab = Lab.new(browser, origin, document=text, viewport=DESK).open()
    yield Twin(lab, returned(text))
    lab.close()


def says(lab, name):
    """Wait until the line under the sweep's buttons is the one of that name."""
    expect(lab.node("act2.frontier.status")).to_contain_text(fixed_words(WORDS[name]))


def test_the_map_fills_when_asked_follows_the_settings_and_says_what_the_engine_says(planner):
    planner.agrees(only="act2.map")
    planner.lab.door("map")
    planner.lab.node("act2.map.start").click()
    planner.native(design_actions.SweepStarted(sweeps.MAP))
    planner.agrees(only="act2.map")
    planner.set({"act2.a.policy": "chunked", "act2.a.load": 4})
    planner.agrees(only="act2.map")
    never = native.shipped().at("sweeps.map.states.never")
    expect(planner.lab.node("act2.map.key.never")).to_contain_text(never)
    planner.lab.node("act2.map.cancel").click()
    planner.native(design_actions.SweepCancelled(sweeps.MAP))
    planner.reset("act2")
    planner.agrees(only="act2.map")


def test_the_frontier_is_swept_stopped_and_finished(planner):
    lab = planner.lab
    start, stop = lab.node("act2.frontier.start"), lab.node("act2.frontier.cancel")
    lab.door("frontier")
    planner.set({"act2.sweep_side": "b"})
    expect(lab.node("act2.frontier.results")).to_be_hidden()
    says(lab, "idle")
    expect(stop).to_be_disabled()
    start.click()
    says(lab, "running")
    expect(start).to_be_disabled()
    lab.page.wait_for_function("document.querySelector('[data-key=\"act2.frontier.bar\"]').value > 3")
    stop.click()
    says(lab, "stopped")
    expect(lab.node("act2.frontier.results")).to_be_visible()
    start.click()
    lab.node("context.throughput.input").check()  # away, and back again
    lab.node("context.latency.input").check()
    says(lab, "finished")
    planner.native(design_actions.SweepStarted(sweeps.FRONTIER))
    planner.agrees(only="act2.frontier")
    expect(start).to_be_disabled()


def test_another_load_is_another_sweep(planner):
    planner.set({"act2.b.load": 2})
    says(planner.lab, "idle")
    expect(planner.lab.node("act2.frontier.results")).to_be_hidden()
    planner.set({"act2.b.load": 3})
    says(planner.lab, "finished")
    planner.agrees(only="act2.frontier")


def test_the_one_change_can_be_tried(planner):
    lab = planner.lab
    planner.set({"act2.b.max_batch": 16, "act2.b.policy": "static"})
    planner.agrees(only="act2.frontier")
    lab.reach(lab.node("act2.frontier.change")).get_by_role("button", name=WORDS["take"]).click()
    planner.native(design_actions.ChangeTaken())
    planner.agrees(only="act2.")
