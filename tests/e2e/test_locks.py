"""A committed answer can't change: not through the document, a reload, the back button or a second tab."""

import json

import pytest
from playwright.sync_api import expect

QUESTION = "act1.prediction"


@pytest.fixture
def locked(lab):
    lab.answer(QUESTION, "about_200")
    return lab


def facts(lab):
    return json.loads(lab.storage())["history"]["v2_10"]["kv_cache_lab"]["facts"]


def holds(lab, page=None):
    expect(lab.node(f"{QUESTION}.about_200.input", page)).to_be_checked()
    expect(lab.node(QUESTION, page)).to_have_attribute("data-state", "locked")
    assert [fact["option"] for fact in facts(lab) if fact["kind"] == "answered"] == ["about_200"]


def test_not_by_editing_the_document(locked):
    freed = "document.querySelectorAll('[disabled], [hidden]').forEach(n => { n.disabled = false; n.hidden = false })"
    locked.page.evaluate(freed)
    locked.node(f"{QUESTION}.about_50").click()
    locked.node(f"{QUESTION}.commit").click()
    holds(locked)


def test_not_by_reloading(locked):
    locked.page.reload()
    locked.ready()
    holds(locked)


def test_not_by_going_back(locked):
    locked.page.goto(f"{locked.origin}/physics.html")
    locked.page.go_back()
    locked.ready()
    holds(locked)


def test_not_by_a_second_tab_that_was_open_before(lab):
    second = lab.tab()
    lab.open(second)
    lab.choose(QUESTION, "about_50", second)
    lab.answer(QUESTION, "about_200")
    lab.node(f"{QUESTION}.commit", second).dispatch_event("click")  # hidden by now, or in the moment before
    holds(lab, second)
    holds(lab)


def test_pressing_commit_without_a_choice_says_what_is_missing(lab):
    lab.commit(QUESTION)
    expect(lab.node(f"{QUESTION}.next")).to_have_text("Choose an option first.")
    expect(lab.node(QUESTION)).to_have_attribute("data-state", "open")
