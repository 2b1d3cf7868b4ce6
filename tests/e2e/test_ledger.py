"""The record: it survives reloads, other labs, corruption; it goes out as a file and comes back."""

import json
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import DESK, ENTRY, LEDGER, Lab
from tests.e2e.twin import Twin
from tests.unit.test_kept_model import LONG

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
        twin.state = replace(twin.state, fresh=frozenset())  # a verdict is news on one visit alone
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


def test_what_a_newer_version_or_another_page_wrote_is_never_overwritten_and_blocks_nothing(visitor):
    newer = json.dumps({**OTHERS, "history": {ENTRY: {"kv_cache_lab": {"schema": 99, "facts": []}}}})
    lab = returning(visitor, newer)
    expect(lab.node("notices.list")).to_contain_text(native.shipped().at("refusals.ledger.newer"))
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_device"))
    lab.reload()
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    clear(lab)
    lab.reload()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")
    assert lab.storage() == newer


def clear(lab):
    """Press *Clear*, and mean it."""
    words = native.shipped().at("course.ledger")
    lab.press(words["clear"])
    lab.press(words["clear_confirm"])
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "open")


# --- neighbours, tabs, and a browser that forgets ------------------------------------------------------------------------

SPOILT = {
    "gone": "localStorage.removeItem(KEY)",
    "blank": "localStorage.setItem(KEY, '')",
    "all gone": "localStorage.clear()",
    "garbage": "localStorage.setItem(KEY, '{not json')",
    "overwritten": """localStorage.setItem(KEY, '{"track": "x", "history": {"1": {"a": 1}}, "last_updated": ""}')""",
    "all garbage": "for (const key of Object.keys(localStorage)) localStorage.setItem(key, '{not json')",
}
WHOLE = f"""() => {{ try {{
  return JSON.parse(localStorage.getItem('{LEDGER}')).history.{ENTRY}.kv_cache_lab.facts.length === 1;
}} catch {{ return false; }} }}"""


def neighbour(lab, spoil, leave=True):
    """Another page of the origin, such as every other project of a user's Pages is, does something to the storage."""
    page = lab.tab()
    body = '<!doctype html><title>another project</title><link rel="icon" href="icon.svg">'
    page.route("**/neighbour.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{lab.origin}/neighbour.html")
    page.evaluate(f"KEY => {{ {spoil} }}", LEDGER)
    if leave:
        page.close()
    return page


@pytest.fixture(scope="module")
def resident(browser, origin):
    lab = Lab.new(browser, origin, viewport=DESK).open()
    lab.answer("act1.prediction", "about_50")
    yield lab
    lab.close()


@pytest.fixture
def answered(resident):
    """A visitor with the lab open and one answer saved: the same one each time, since nothing that is done here may last."""
    expect(resident.node("act1.prediction")).to_have_attribute("data-state", "locked")
    resident.shows("status.ledger.value", native.shipped().at("words.saved_device"))
    assert resident.page.evaluate(WHOLE)
    yield resident
    resident.check()


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_another_page_does_to_the_storage_while_the_lab_is_open_loses_nothing(answered, spoil):
    lab = answered
    neighbour(lab, spoil)
    lab.page.wait_for_function(WHOLE)  # unasked
    lab.page.goto("about:blank")
    lab.open()
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_another_page_does_to_the_storage_while_the_lab_is_closed_loses_nothing(answered, spoil):
    lab = answered
    lab.page.goto("about:blank")
    neighbour(lab, spoil)
    lab.open()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    lab.page.wait_for_function(WHOLE)


def test_a_page_that_answers_each_change_with_one_of_its_own_keeps_the_lab_not_busy(visitor):
    lab = visitor(viewport=DESK).open()
    lab.answer("act1.prediction", "about_50")
    answering = """let writes = 0; addEventListener('storage', ({ key }) => {
      if (key === KEY) localStorage.setItem(KEY, '{"history": {"1": {"n": ' + ++writes + '}}}');
    }); window.count = () => writes; localStorage.removeItem(KEY);"""
    page = neighbour(lab, answering, leave=False)
    page.wait_for_function("count() >= 2")
    started = page.evaluate("[performance.now(), count()]")
    page.wait_for_function("n => count() >= n", arg=started[1] + 3)
    ended = page.evaluate("[performance.now(), count()]")
    assert (ended[0] - started[0]) / (ended[1] - started[1]) > 500  # ms for each
    page.close()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")


def test_what_is_cleared_in_one_tab_is_cleared_in_the_other_and_comes_back_by_import_alone(visitor, tmp_path):
    lab = visitor(viewport=DESK).open()
    lab.answer("act1.prediction", "about_50")
    words = native.shipped().at("course.ledger")
    with lab.page.expect_download() as download:
        lab.press(words["export_dict"])
    file = tmp_path / "kept.json"
    download.value.save_as(file)
    second = lab.tab()
    lab.open(second)
    expect(lab.node("act1.prediction", second)).to_have_attribute("data-state", "locked")
    clear(lab)
    expect(lab.node("act1.prediction", second)).to_have_attribute("data-state", "open")
    lab.node("context.throughput.input", second).check()
    lab.choose("act1.prediction", "about_20", second)
    lab.commit("act1.prediction", second)
    expect(lab.node("act1.prediction", second)).to_have_attribute("data-state", "locked")
    lab.reload()
    lab.node("context.throughput.input").check()
    expect(lab.node("act1.prediction.about_20.input")).to_be_checked()
    assert [fact["option"] for fact in lab.entry()["kv_cache_lab"]["facts"]] == ["about_20"]
    lab.page.get_by_label(words["import"]).set_input_files(file)
    lab.page.wait_for_function(WHOLE.replace("=== 1", "=== 2"))
    lab.node("context.latency.input", second).check()
    expect(lab.node("act1.prediction.about_50.input", second)).to_be_checked()
    expect(lab.node("act1.prediction", second)).to_have_attribute("data-state", "locked")


def test_where_the_browser_keeps_no_database_the_lab_goes_on_without(visitor):
    lab = visitor(viewport=DESK)
    lab.context.add_init_script("Object.defineProperty(window, 'indexedDB', { configurable: true, value: undefined })")
    lab.open()
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_device"))
    lab.reload()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")


def test_a_database_that_never_answers_holds_nothing_up(visitor):
    lab = visitor(viewport=DESK)
    lab.context.add_init_script("IDBFactory.prototype.open = () => ({})")
    lab.open()
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_device"))


def test_a_storage_that_is_full_costs_nothing_where_the_database_keeps_the_record(visitor):
    lab = visitor(viewport=DESK)
    lab.context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"
    )
    lab.open()
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_device"))
    expect(lab.node("notices.box")).to_be_hidden()
    lab.reload()
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()


def test_a_long_config_json_blocks_no_commit(visitor):
    lab = visitor(viewport=DESK).open()
    lab.answer("act1.prediction", "about_50")
    act1 = native.shipped().at("act1.calculator.paste")
    lab.door("config")
    lab.page.locator("#paste-text").fill(LONG)
    lab.press(act1["use"])
    lab.answer("act1.reflection", "run_time")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_device"))
    lab.reload()
    expect(lab.node("act1.reflection")).to_have_attribute("data-state", "locked")
    expect(lab.page.locator("[id='act1.model.select']")).to_have_value("pasted")


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
