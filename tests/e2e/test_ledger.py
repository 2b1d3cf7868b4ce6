"""The record: it survives reloads, other labs, corruption; it goes out as a file and comes back."""

import json

import pytest
from playwright.sync_api import expect

from tests import lab as native

OTHERS = {
    "track": "cloud",
    "current_step": 3,
    "history": {"3": {"batch_size": 32}, "vol1_lab2": {"text": "<i>"}},
    "last_updated": "2026-01-01",
}


def returning(visitor, document, **options):
    """A visitor whose browser already holds a document; a later reload doesn't plant it again."""
    lab = visitor(**options)
    lab.page.goto(f"{lab.origin}/physics.html")
    lab.page.evaluate("text => localStorage.setItem('mlsys_design_ledger', text)", document)
    return lab.open()


def test_a_reload_at_each_stage_keeps_everything(lab):
    for question in native.QUESTIONS:
        option = native.right_option(question, "latency")
        lab.choose(question, option)
        lab.page.reload()
        lab.ready()
        expect(lab.node(f"{question}.{option}.input")).to_be_checked()
        expect(lab.node(question)).to_have_attribute("data-state", "open")
        lab.commit(question)
        expect(lab.node(question)).to_have_attribute("data-state", "locked")
        if question == "act1.prediction":
            lab.set("act1.context", 8192)
        lab.page.reload()
        lab.ready()
        expect(lab.node(question)).to_have_attribute("data-state", "locked")
        expect(lab.page.locator("[id='act1.context.number']")).to_have_value("8192")
    lab.shows("status.act2.value", native.shipped().at("words.stage_committed"))


def test_other_labs_entries_survive(visitor):
    lab = returning(visitor, json.dumps(OTHERS))
    lab.answer("act1.prediction", "about_50")
    saved = json.loads(lab.storage())
    assert set(saved) == {"track", "current_step", "history", "last_updated"}
    assert saved["track"] == "cloud"
    assert {key: saved["history"][key] for key in OTHERS["history"]} == OTHERS["history"]


@pytest.mark.parametrize("form", ["Export the ledger", "Export in the older list form"])
def test_out_as_a_file_cleared_and_back(visitor, form, tmp_path):
    lab = returning(visitor, json.dumps(OTHERS))
    lab.answer("act1.prediction", "about_50")
    with lab.page.expect_download() as download:
        lab.page.get_by_role("button", name=form).click()
    file = tmp_path / "ledger.json"
    download.value.save_as(file)
    lab.page.get_by_role("button", name="Clear this lab's record").first.click()
    lab.page.get_by_role("button", name="Yes, clear").click()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    assert "v2_10" not in json.loads(lab.storage())["history"]
    assert json.loads(lab.storage())["history"]["3"] == {"batch_size": 32}
    lab.page.locator("input[data-action=import]").set_input_files(file)
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()


def test_a_file_that_is_no_ledger_is_refused_in_words(lab, tmp_path):
    file = tmp_path / "other.json"
    file.write_text('{"history": 7, "<script>": 1}')
    lab.answer("act1.prediction", "about_50")
    before = lab.storage()
    lab.page.locator("input[data-action=import]").set_input_files(file)
    expect(lab.node("notices.list").get_by_role("listitem")).to_have_count(1)
    assert lab.storage() == before


def test_a_corrupt_document_is_put_aside_and_reported(visitor):
    lab = returning(visitor, "{not json")
    expect(lab.node("notices.box")).to_be_visible()
    lab.answer("act1.prediction", "about_50")
    kept = lab.page.evaluate(
        "Object.keys(localStorage).filter(k => k.includes('set_aside')).map(k => localStorage.getItem(k))"
    )
    assert kept == ["{not json"]
    assert json.loads(lab.storage())["history"]["v2_10"]["act1_prediction"] == "about_50"


def test_a_newer_versions_document_is_never_overwritten(visitor):
    document = json.dumps({**OTHERS, "history": {"v2_10": {"kv_cache_lab": {"schema": 99, "facts": []}}}})
    lab = returning(visitor, document)
    expect(lab.node("notices.box")).to_be_visible()
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_refused"))
    assert lab.storage() == document


def test_entries_that_make_no_sense_here_are_kept_and_not_shown(visitor):
    fact = {"kind": "answered", "context": "latency", "question": "act1.prediction", "option": "about_50"}
    fact |= {"at": native.AT, "scenario": {"model": "a model of another world"}}
    entry = {"kv_cache_lab": {"schema": 1, "facts": [fact], "settings": {}}}
    lab = returning(visitor, json.dumps({**OTHERS, "history": {"v2_10": entry}}))
    expect(lab.node("notices.list")).to_contain_text("another version")
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    lab.answer("act1.prediction", "about_5")
    facts = json.loads(lab.storage())["history"]["v2_10"]["kv_cache_lab"]["facts"]
    assert [f["option"] for f in facts] == ["about_50", "about_5"]
