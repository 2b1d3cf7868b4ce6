"""A committed answer can't change: not through the document, a reload, the back button or a second tab."""

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import DESK

QUESTION = "act1.prediction"
FREE = (
    "document.querySelectorAll('[disabled], [hidden]').forEach(node => { node.disabled = false; node.hidden = false })"
)
PRETEND = """node => {
  node.disabled = false;
  node.checked = true;
  for (const name of ['click', 'input', 'change']) node.dispatchEvent(new Event(name, { bubbles: true }));
}"""


@pytest.fixture
def locked(lab):
    lab.answer(QUESTION, "about_200")
    return lab


def holds(lab, page=None):
    """The first answer stands: on the page, behind the verdict, and in the saved document."""
    expect(lab.node(f"{QUESTION}.about_200.input", page)).to_be_checked()
    expect(lab.node(f"{QUESTION}.about_50.input", page)).to_be_disabled()
    expect(lab.node(QUESTION, page)).to_have_attribute("data-state", "locked")
    state = native.answered(native.start(), QUESTION, "about_200")
    verdict = lab.node(f"{QUESTION}.feedback", page)
    expect(verdict).to_have_text(native.says(state, f"{QUESTION}.feedback"))
    facts = lab.entry()["kv_cache_lab"]["facts"]
    # Two tabs that commit in the same moment leave two facts; the first is the one that counts.
    assert next(fact["option"] for fact in facts if fact["kind"] == "answered") == "about_200"
    assert lab.entry()["act1_prediction"] == "about_200"


def test_not_by_editing_the_document(locked):
    locked.page.evaluate(FREE)
    locked.node(f"{QUESTION}.about_50").click()
    locked.node(f"{QUESTION}.commit").click()
    holds(locked)
    locked.page.evaluate(FREE)
    locked.node(f"{QUESTION}.about_5.input").evaluate(PRETEND)
    locked.node(f"{QUESTION}.commit").dispatch_event("click")
    holds(locked)


def test_not_by_reloading_and_not_by_going_back(locked):
    locked.reload()
    holds(locked)
    locked.page.goto(f"{locked.origin}/physics.html")
    locked.page.go_back()
    locked.ready()
    holds(locked)


def test_not_by_a_second_tab_that_was_open_before_and_each_sees_the_other(lab):
    second = lab.tab()
    lab.open(second)
    lab.choose(QUESTION, "about_50", second)
    lab.answer(QUESTION, "about_200")
    lab.node(f"{QUESTION}.commit", second).dispatch_event("click")  # hidden by now, or in the moment before
    holds(lab, second)
    holds(lab)
    lab.choose("act1.reflection", "run_time", second)
    lab.commit("act1.reflection", second)
    expect(lab.node("act1.reflection")).to_have_attribute("data-state", "locked")
    expect(lab.node("act2.open")).to_be_visible()


def test_pressing_commit_without_a_choice_says_what_is_missing(lab):
    lab.commit(QUESTION)
    expect(lab.node(f"{QUESTION}.next")).to_have_text(native.shipped().at("words.choose_first"))
    expect(lab.node(QUESTION)).to_have_attribute("data-state", "open")
    lab.answer(QUESTION, "about_200")  # saved at once, with whatever was saved before it
    assert [fact["option"] for fact in lab.entry()["kv_cache_lab"]["facts"]] == ["about_200"]


def test_act_two_stays_shut_until_act_one_is_done(locked):
    expect(locked.page.get_by_text(native.shipped().at("act2.locked"))).to_be_visible()
    locked.page.evaluate(FREE)
    for node in ("act2.prediction.small_and_large.input", "act2.prediction.commit"):
        locked.node(node).dispatch_event("change")
        locked.node(node).dispatch_event("click")
    expect(locked.node("status.act2.value")).to_have_text(native.shipped().at("words.stage_closed"))
    assert {fact["question"] for fact in locked.entry()["kv_cache_lab"]["facts"]} == {QUESTION}


def test_no_address_leads_past_what_is_still_to_be_answered(lab):
    shut = ("act1/twist", "why/derivation", "act2/servers", "why/roofline", "why/cluster")
    for place in shut:
        lab.page.evaluate("place => { location.hash = place }", place)
        expect(lab.page.locator('[id="act1/predict-title"]')).to_be_focused()  # the question that opens it
        expect(lab.page.locator(f'[id="{place}"]')).to_be_hidden()
        lab.page.get_by_role("radio").first.focus()
    lab.answer(QUESTION, "about_200")
    lab.page.evaluate("location.hash = 'act1/twist'")
    expect(lab.page.locator('[id="act1/twist-title"]')).to_be_focused()
    for place in shut[2:]:
        lab.page.evaluate("place => { location.hash = place }", place)
        expect(lab.page.locator('[id="act1/length-title"]')).to_be_focused()
        expect(lab.page.locator(f'[id="{place}"]')).to_be_hidden()
        lab.page.get_by_role("radio").first.focus()


@pytest.mark.parametrize("fragment", ["#%", "#why/", "#act9/nothing", "#why/'\"]<i>"])
def test_an_address_that_names_no_place_leads_nowhere_and_breaks_nothing(visitor, fragment):
    lab = visitor(viewport=DESK)
    lab.page.goto(f"{lab.origin}/{fragment}")
    lab.ready()
    expect(lab.page.locator(".door[data-open]")).to_have_count(0)
    lab.answer(QUESTION, "about_200")
    holds(lab)
