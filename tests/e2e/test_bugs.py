"""Find the bugs in the page: what a learner corrects is judged as the native engine judges it."""

from playwright.sync_api import expect

from state import store
from tests import lab as native
from tests.e2e.conftest import DESK
from tests.e2e.twin import Twin, document, returned

DOOR = native.shipped().at("bugs.doors.bugs")


def asks(lab):
    """Press the question behind which the exercise stands."""
    lab.page.locator(".scene-foot").get_by_role("link", name=DOOR).click()


def test_a_learner_corrects_the_draft_and_comes_back(visitor):
    text = document(native.walked(until=4))
    lab = visitor(document=text, viewport=DESK).open()
    twin = Twin(lab, returned(text))
    exercise = lab.page.locator('[id="why/bugs"]')
    expect(exercise.get_by_role("spinbutton").first).to_be_hidden()
    asks(lab)
    expect(lab.page.get_by_role("region", name=DOOR)).to_be_visible()
    expect(exercise.get_by_role("spinbutton").first).to_be_visible()
    twin.set({"bugs.users": 49, "bugs.batch": 5, "bugs.peak": 1000})
    twin.agrees(only="bugs.")
    twin.set({"bugs.users": 50, "bugs.batch": 10})
    for choice, option in (("decode", "all"), ("p99", "margin")):
        radio = exercise.get_by_role("radio", name=native_option(choice, option))
        radio.focus()
        radio.press("Space")
        twin.native(store.ControlMoved(f"bugs.{choice}", option))
    twin.agrees(only="bugs.")
    lab.reload()
    twin.agrees(only="bugs.")
    expect(exercise.get_by_role("spinbutton").first).to_be_visible()  # the address says which door stands open
    lab.press(native.shipped().at("bugs.again"))
    twin.native(store.ControlsReset("bugs"))
    twin.agrees(only="bugs.")


def native_option(choice, option):
    """The words of an option."""
    bug = next(bug for bug in native.shipped().at("bugs.choices") if bug["id"] == choice)
    return next(o["text"] for o in bug["options"] if o["id"] == option)


def test_it_stays_closed_before_the_second_act_is_committed(lab):
    asks(lab)
    expect(lab.node("bugs.gate")).to_be_visible()
    expect(lab.node("bugs.open")).to_be_hidden()
