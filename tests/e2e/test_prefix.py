"""The prefix cache's door: its steps by keyboard, a map that says in words what it shows, and the same numbers as natively."""

import re

import pytest
from playwright.sync_api import expect

from acts.promises import prefix
from acts.promises.controls import PREFIX_STEP
from state import store
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.twin import Twin, document, returned

KEY = "act2.prefix"
WORDS = native.shipped().at("insight.prefix")


@pytest.fixture(scope="module")
def asking(browser, origin):
    """A visitor who comes back to Act II, its prediction committed, and opens the door."""
    text = document(native.walked(until=3))
    lab = Lab.new(browser, origin, document=text, viewport=DESK).open()
    yield Twin(lab, returned(text))
    lab.close()


def test_the_conversation_is_walked_by_keyboard_and_each_step_is_said(asking):
    lab = asking.lab
    door = lab.door("prefix")
    expect(door.get_by_role("heading", name=native.shipped().at("act2.doors.prefix"))).to_be_visible()
    expect(door.get_by_role("slider", name=WORDS["step"])).to_have_attribute("max", str(len(prefix.EVENTS)))
    asking.agrees(only=KEY)
    said = []
    for number, step in enumerate(prefix.steps(), 1):
        if number > 1:
            door.get_by_role("slider", name=WORDS["step"]).press("ArrowRight")
            asking.native(store.ControlMoved(PREFIX_STEP, str(number)))
            asking.agrees(only=KEY)
        said.append(door.get_by_role("status").inner_text())
        found = sum(mark == prefix.HIT for mark, _ in step.places)
        expect(door.get_by_role("img")).to_have_accessible_name(re.compile(f"step {number} of .* {found} just found"))
        shown = door.locator(".places > span").evaluate_all(
            "spans => spans.map(span => [span.dataset.state, span.innerText])"
        )
        assert [tuple(place) for place in shown] == list(step.places)
    assert len(set(said)) == len(prefix.EVENTS)
    lab.set(PREFIX_STEP, 1)
    asking.native(store.ControlMoved(PREFIX_STEP, "1"))


def test_the_chat_follows_side_a_and_says_when_nothing_is_kept(asking):
    lab = asking.lab
    asking.set({"act2.a.policy": "static"})
    expect(lab.node(f"{KEY}.chat")).to_have_attribute("data-state", "warn")
    asking.agrees(only=KEY)
    asking.reset("act2")
    expect(lab.node(f"{KEY}.chat")).to_have_attribute("data-state", "info")
    asking.agrees(only=KEY)


def test_each_block_can_be_seen_on_a_small_phone(asking):
    lab = asking.lab
    lab.page.set_viewport_size({"width": 390, "height": 844})
    door = lab.door("prefix")
    places = door.locator(".places > span")
    door.get_by_role("slider", name=WORDS["step"]).scroll_into_view_if_needed()
    sticks = door.locator(".seen").evaluate("node => node.scrollHeight <= node.clientHeight + 1")
    assert sticks and places.last.bounding_box()["width"] > 12
    lab.page.set_viewport_size(DESK)
