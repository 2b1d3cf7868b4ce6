"""A learner's whole path, every option of every question once, compared with the same engine run here."""

import json

import pytest
from playwright.sync_api import expect

import store
from tests import lab as native

PATHS = [(context, position) for context in native.shipped().contexts for position in range(4)]


@pytest.mark.parametrize(("context", "position"), PATHS)
def test_every_answer_is_met_by_the_engines_own_words(visitor, context, position):
    lab = visitor(viewport={"width": 1280, "height": 900}).open()
    lab.node(f"context.{context}.input").check()
    state = native.start(context)
    for question in native.QUESTIONS:
        option = native.option_ids(question)[position]
        expect(lab.node(f"{question}.prompt")).to_have_text(native.says(state, f"{question}.prompt"))
        lab.answer(question, option)
        state = native.settled(native.answered(state, question, option))
        lab.shows(f"{question}.feedback", native.says(state, f"{question}.feedback"))
    for key in (
        "act1.reality.said",
        "act1.reality.physics",
        "act1.reality.ratio",
        "act1.reality.reserve",
        "act1.twist.outcome",
    ):
        lab.shows(key, native.says(state, key))
    for key in (
        "status.act1.value",
        "status.act2.value",
        "status.ttft.value",
        "status.users.value",
        "status.slo.value",
    ):
        lab.shows(key, native.says(state, key))
    _tables_agree(lab, state, "act1.derivation", "act2.pairs.body", "act2.results.body", "act2.receipts.body")
    lab.page.get_by_role("button", name="Record this pair").click()
    state = native.after(state, store.DesignRecorded(native.AT))
    lab.shows("act2.recorded", native.says(state, "act2.recorded"))
    items = lab.node("synthesis.takeaways").get_by_role("listitem")
    expect(items).to_have_text(_takeaways(state))
    saved = json.loads(lab.storage())["history"]["v2_10"]
    expected = store.fields(native.shipped(), state)
    assert {name: saved[name] for name in expected} == json.loads(json.dumps(expected))


def _takeaways(state):
    import views

    items = views.frame(native.shipped(), state)["synthesis.takeaways"]["items"]
    assert items
    return [native.plain(text) for text in items]


def _tables_agree(lab, state, *keys):
    import views

    frame = views.frame(native.shipped(), state)
    for key in keys:
        rows = [[native.plain(c) for c in row if isinstance(c, str)] for row in frame[key]["rows"]]
        shown = lab.node(key).get_by_role("row", include_hidden=True)
        expect(shown).to_have_count(len(rows))
        expect(shown.locator("th, td")).to_have_text([cell for row in rows for cell in row])


def test_the_twist_is_one_switch_and_eight_times_the_users(lab):
    lab.answer("act1.prediction", "about_50")
    state = native.walked(until=1)
    lab.page.get_by_role("switch").check()
    flipped = native.after(state, store.TwistFlipped(True))
    lab.shows("act1.twist.outcome", native.says(flipped, "act1.twist.outcome"))
    lab.shows("act1.card.users", native.says(flipped, "act1.card.users"))
    lab.page.get_by_role("switch").uncheck()
    lab.shows("act1.card.users", native.says(state, "act1.card.users"))


def test_each_side_of_the_wall_keeps_its_own_commitments(lab):
    lab.answer("act1.prediction", "about_50")
    lab.node("context.throughput.input").check()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    lab.answer("act1.prediction", "about_20")
    lab.node("context.latency.input").check()
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
