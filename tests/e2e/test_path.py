"""A learner's whole path, every option of every question once, compared with the same engine run here."""

import json

import pytest
from playwright.sync_api import expect

from acts.wall import users
from runs import oracles
from state import store
from tests import lab as native
from tests.e2e.twin import Twin

OPTIONS = 4
PATHS = list(zip(list(native.shipped().contexts) * OPTIONS, range(OPTIONS), strict=False))
WHOLE = OPTIONS // 2  # paths, one in each context, on which every node of the page is compared at every step


def test_every_option_is_on_a_path():
    assert {len(native.option_ids(question)) for question in native.QUESTIONS} == {OPTIONS}


@pytest.mark.parametrize(("context", "position"), PATHS)
def test_every_answer_is_met_by_the_engines_own_words(lab, context, position):
    twin = Twin(lab)
    twin.look(context)
    for question in native.QUESTIONS:
        expect(lab.node(question).get_by_role("group")).to_contain_text(native.says(twin.state, f"{question}.prompt"))
        twin.answer(question, native.option_ids(question)[position])
        expect(lab.node(f"{question}.feedback")).to_be_visible()
        if question == "act1.prediction" and position == 0:
            for published in (True, False):
                twin.flip(published)
                twin.agrees()
        twin.agrees(only="" if position < WHOLE else question)  # the question is what another answer changes
    twin.record()
    twin.agrees(only="" if position < WHOLE else "synthesis.")
    expect(lab.node("synthesis.takeaways").get_by_role("listitem").first).to_be_visible()
    agreed = store.fields(native.shipped(), twin.state)
    saved = lab.entry()
    assert len(agreed) == 13
    assert {name: saved[name] for name in agreed} == json.loads(json.dumps(agreed))


@pytest.mark.parametrize(("context", "option"), [("latency", "about_50"), ("throughput", "about_20")])
def test_the_right_answers_are_those_that_were_asked_for(context, option):
    assert native.right_option("act1.prediction", context) == option


def test_the_published_heads_let_about_four_hundred_in():
    asked = oracles.scenario(native.shipped(), "act1.prediction", "latency")
    assert users.users_numbers(native.shipped(), asked)["users_real"] == pytest.approx(400, rel=0.05)


def test_each_side_of_the_wall_keeps_its_own_commitments(lab):
    twin = Twin(lab)
    twin.answer("act1.prediction", "about_50")
    twin.look("throughput")
    twin.agrees()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    twin.answer("act1.prediction", "about_20")
    twin.look("latency")
    twin.agrees()
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")


def test_what_was_right_does_not_move_with_the_sliders(lab):
    twin = Twin(lab)
    twin.answer("act1.prediction", "about_50")
    verdict = native.says(twin.state, "act1.prediction.feedback")
    twin.set({"act1.context": 32768, "act1.gpus": 4})
    twin.agrees()
    lab.shows("act1.prediction.feedback", verdict)
