"""The record: it survives reloads, other labs, corruption; it goes out as a file and comes back."""

import json

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import DESK, ENTRY
from tests.e2e.twin import Twin

TOP = {"track", "current_step", "history", "last_updated"}
OTHERS = {
    "track": "cloud",
    "current_step": 3,
    "history": {"3": {"batch_size": 32}, "vol1_lab2": {"text": "<i>"}},
    "last_updated": "2026-01-01",
}
LOG = ("ledger.",)  # on the way to its settings the page may note failures that a state reached at once has not met


def returning(visitor, text, **options):
    """A visitor whose browser already holds a document; a later reload doesn't plant it again."""
    return visitor(document=text, viewport=DESK, **options).open()


def test_a_reload_at_each_stage_keeps_everything(lab):
    twin = Twin(lab)
    right = {question: native.right_option(question, "latency") for question in native.QUESTIONS}
    moves = {
        "act1.prediction": {"act1.context": 8192, "act1.weight_bits": 8},
        "act2.prediction": {"act2.a.max_batch": 12, "act2.b.policy": "chunked"},
    }
    for question, following in zip(native.QUESTIONS, [*native.QUESTIONS[1:], None], strict=True):
        twin.answer(question, right[question])
        twin.set(moves.get(question, {}))
        if following:
            twin.choose(following, right[following])
        lab.reload()
        twin.agrees(but=LOG) if following is None else twin.agrees(only=question)
        expect(lab.node(question)).to_have_attribute("data-state", "locked")
        if following:
            expect(lab.node(f"{following}.{right[following]}.input")).to_be_checked()
            expect(lab.node(following)).to_have_attribute("data-state", "open")
    expect(lab.page.locator("[id='act1.context.number']")).to_have_value("8192")


def designs(saved):
    """The designs of a document by step, whichever form its history has."""
    history = saved["history"]
    return history if isinstance(history, dict) else {str(entry["step"]): entry["design"] for entry in history}


@pytest.mark.parametrize(("word", "form"), [("export_dict", dict), ("export_list", list)])
def test_beside_other_labs_out_as_a_file_cleared_and_back(visitor, word, form, tmp_path):
    words = native.shipped().at("course.ledger")
    lab = returning(visitor, json.dumps(OTHERS))
    lab.answer("act1.prediction", "about_50")
    before = json.loads(lab.storage())
    assert set(before) == TOP
    assert before["track"] == OTHERS["track"]
    assert {step: design for step, design in before["history"].items() if step != ENTRY} == OTHERS["history"]
    with lab.page.expect_download() as download:
        lab.press(words[word])
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    exported = json.loads(file.read_text(encoding="utf-8"))
    assert set(exported) == TOP
    assert isinstance(exported["history"], form)
    assert designs(exported) == designs(before)
    lab.press(words["clear"])
    lab.press(words["clear_keep"])
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    assert json.loads(lab.storage()) == before
    lab.press(words["clear"])
    lab.press(words["clear_confirm"])
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    assert designs(json.loads(lab.storage())) == OTHERS["history"]
    lab.page.get_by_label(words["import"]).set_input_files(file)
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    assert designs(json.loads(lab.storage())) == designs(before)


def test_a_file_that_is_no_ledger_is_refused_in_words(lab, tmp_path):
    file = tmp_path / "other.json"
    file.write_text('{"history": 7, "<script>": 1}')
    lab.answer("act1.prediction", "about_50")
    before = lab.storage()
    lab.page.get_by_label(native.shipped().at("course.ledger.import")).set_input_files(file)
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
    assert set(json.loads(lab.storage())) == TOP
    assert lab.entry()["act1_prediction"] == "about_50"


def test_a_newer_versions_document_is_never_overwritten(visitor):
    newer = json.dumps({**OTHERS, "history": {ENTRY: {"kv_cache_lab": {"schema": 99, "facts": []}}}})
    lab = returning(visitor, newer)
    expect(lab.node("notices.box")).to_be_visible()
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_refused"))
    assert lab.storage() == newer


def test_entries_that_make_no_sense_here_are_kept_and_not_shown(visitor):
    fact = {"kind": "answered", "context": "latency", "question": "act1.prediction", "option": "about_50"}
    fact |= {"at": native.AT, "scenario": {"model": "a model of another world"}}
    entry = {"kv_cache_lab": {"schema": 1, "facts": [fact], "settings": {}}}
    lab = returning(visitor, json.dumps({**OTHERS, "history": {ENTRY: entry}}))
    expect(lab.node("notices.list")).to_contain_text("another version")
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    lab.answer("act1.prediction", "about_5")
    facts = lab.entry()["kv_cache_lab"]["facts"]
    assert [f["option"] for f in facts] == ["about_50", "about_5"]
