"""The report, the link and the commands on the page: written, saved, shared, printed; and refused by a browser."""

import json

import pytest
from playwright.sync_api import expect

from acts.promises import actions as design_actions
from links import share
from report import report
from tests import lab as native
from tests.e2e.conftest import DESK
from tests.e2e.twin import Twin, document, returned
from views import rail

COURSE = native.shipped()
WORDS = COURSE.at("report")
LOG = "Prompts end at 2,048 tokens because one in a hundred takes 180 ms of the 200 ms. **No mark**, # no heading."
REFUSE_FILES = "() => { URL.createObjectURL = () => { throw new Error('not allowed') } }"
REFUSE_CLIPBOARD = (
    "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => { throw new Error('no') } } })"
)


def field(lab, name, page=None):
    """A field of the report, by its label."""
    return (page or lab.page).get_by_label(WORDS[name]["label"], exact=True)


def saved(lab, button):
    """The file that a button saves."""
    with lab.page.expect_download() as download:
        lab.press(button)
    return download.value.suggested_filename, download.value.path().read_text(encoding="utf-8")


def finished():
    """What a visit left that came to the end and recorded a design."""
    state = native.after(native.walked(until=4), design_actions.DesignRecorded("2026-01-02T03:07:00.000Z"))
    return document(state)


def test_what_is_written_counts_at_once_and_outlives_the_page(lab):
    field(lab, "log").press_sequentially("three numbers: 1, 2 and 3")
    lab.shows("report.log.count", "6 of 200 words")
    expect(lab.node("report.criteria")).to_contain_text("Your text has 3.")
    lab.page.wait_for_function("localStorage.getItem('mlsys_design_ledger')?.includes('three numbers')")  # unasked
    field(lab, "risk").fill("a burst")
    lab.reload()
    expect(field(lab, "log")).to_have_value("three numbers: 1, 2 and 3")
    expect(field(lab, "risk")).to_have_value("a burst")


def test_two_tabs_keep_each_other_s_texts(visitor):
    lab = visitor(viewport=DESK).open()
    other = lab.tab()
    lab.open(other)
    field(lab, "log").fill("from the first")
    field(lab, "log").blur()
    expect(field(lab, "log", other)).to_have_value("from the first")
    field(lab, "risk", other).fill("from the second")
    field(lab, "risk", other).blur()
    expect(field(lab, "risk")).to_have_value("from the second")
    expect(field(lab, "log")).to_have_value("from the first")


def test_the_files_say_what_the_engine_says(visitor):
    text = finished()
    lab = visitor(document=text, viewport=DESK).open()
    twin = Twin(lab, returned(text))
    twin.agrees("cluster.")
    twin.agrees("report.")
    field(lab, "log").fill(LOG)
    lab.page.get_by_label(WORDS["name_label"]).fill("Ada")
    name, snapshot = saved(lab, WORDS["save_snapshot"])
    found = json.loads(snapshot)
    expected = report.snapshot(COURSE, returned(text), native.AT)
    assert name == "v2_10_snapshot.json" and report.verify(found) == []
    for key in ("predictions", "reflections", "final_decision", "evidence_summary", "result_snapshot", "source_trace"):
        assert found[key] == json.loads(json.dumps(expected[key])), key
    assert found["student_id"] == "Ada" and found["decisions"][0]["text"] == LOG
    assert found["incomplete_fields"] == ["alternative", "revision", "takeaway", "risk"]
    name, markdown = saved(lab, WORDS["save_markdown"])
    assert name == "v2_10_report.md" and f"> {LOG}" in markdown and "## Residual Risk" in markdown
    assert saved(lab, WORDS["cluster"]["plan"]["save_csv"])[1].startswith("side,holds,model,")
    plan = json.loads(saved(lab, WORDS["cluster"]["plan"]["save_json"])[1])
    assert plan["commands"]["a"]["serve"] == lab.node("cluster.a.serve").text_content()


def test_a_file_that_the_browser_refuses_stands_as_text_to_copy(visitor):
    lab = visitor(viewport=DESK).open()
    lab.page.evaluate(REFUSE_FILES)
    lab.press(WORDS["save_markdown"])
    area = lab.page.get_by_label(WORDS["text_label"])
    expect(area).to_be_focused()  # the door behind which it stands is opened
    assert area.input_value().startswith("## Lab\n")
    expect(lab.node("notices.list")).to_contain_text(COURSE.at("words.export_failed"))


def test_a_refused_file_leaves_the_door_open_whose_field_has_its_text(visitor):
    lab = visitor(viewport=DESK).open()
    lab.page.evaluate(REFUSE_FILES)
    lab.door("ledger")
    lab.press(COURSE.at("course.ledger.export_dict"))
    expect(lab.node("ledger.text")).to_be_focused()
    assert lab.node("ledger.text").input_value() == lab.node("embed.text").input_value()


def test_the_text_is_there_for_who_gets_no_file(lab):
    lab.press(WORDS["show_text"])
    expect(lab.page.get_by_label(WORDS["text_label"])).to_be_visible()
    assert "## Incomplete Fields" in lab.page.get_by_label(WORDS["text_label"]).input_value()


def test_a_save_is_said_beside_its_button(lab):
    with lab.page.expect_download() as download:
        lab.press(WORDS["save_snapshot"])
    expect(lab.node("report.saved")).to_contain_text(download.value.suggested_filename)
    expect(lab.node("report.saved")).to_be_visible()


def test_a_copied_link_brings_the_settings_to_somebody_else(visitor):
    sender = visitor(viewport=DESK, permissions=["clipboard-read", "clipboard-write"]).open()
    sender.answer("act1.prediction", "about_50")
    sender.set("act1.context", 8192)
    sender.press(WORDS["share"]["copy"])
    expect(sender.node("share.status")).to_contain_text("Copied")
    link = sender.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{sender.origin}/#s=1.") and len(link) < 160
    friend = visitor(document=document(native.walked(until=1)), viewport=DESK)
    friend.page.goto(link)
    friend.ready()
    box = friend.page.get_by_role("region", name=WORDS["shared"]["title"])
    expect(box).to_contain_text("8,192")
    expect(friend.page.locator("[id='act1.context.number']")).to_have_value("4096")
    friend.press(WORDS["shared"]["take"])
    expect(friend.page.locator("[id='act1.context.number']")).to_have_value("8192")
    expect(box).to_be_hidden()
    assert "#s=" not in friend.page.url
    assert [fact["option"] for fact in friend.entry()["kv_cache_lab"]["facts"]] == ["about_50"]


def test_without_a_clipboard_the_link_is_selected(visitor):
    lab = visitor(viewport=DESK).open()
    lab.page.evaluate(REFUSE_CLIPBOARD)
    lab.press(WORDS["share"]["copy"])
    chosen = lab.page.get_by_label(WORDS["share"]["field_label"])
    expect(chosen).to_be_focused()
    start = native.start()
    link = share.link(COURSE, "latency", start.settings["latency"])
    assert chosen.input_value() == f"{lab.origin}/{link}"
    assert lab.page.evaluate("getSelection().toString()") == f"{lab.origin}/{link}"


@pytest.mark.parametrize(
    ("fragment", "problem"),
    [("#s=1.<script>alert(1)</script>", "broken"), ("#s=9.abc", "newer"), (f"#s=1.{'W1tb' * 900}", "broken")],
)
def test_a_hostile_link_ends_in_a_sentence_and_costs_nothing(visitor, fragment, problem):
    lab = visitor(document=document(native.walked(until=1)), viewport=DESK)
    lab.page.goto(f"{lab.origin}/{fragment}")
    lab.ready()
    lab.shows("shared.text", WORDS["shared"][problem])
    lab.press(WORDS["shared"]["close"])
    expect(lab.node("shared.box")).to_be_hidden()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")


def test_on_paper_answers_charts_and_derivations_stay_and_controls_go(visitor):
    lab = visitor(document=finished(), viewport=DESK).open()
    for door, _ in rail.doors(COURSE):
        if door.name != "tail":
            lab.door(door.name)  # one at a time; paper shows them all
    lab.door("map")
    lab.node("act2.map.start").click()
    lab.page.wait_for_function("document.querySelector('[data-key=\"act2.map.bar\"]').value > 0")
    field(lab, "log").fill(LOG)
    folds = lab.page.locator("details.math")
    lab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    lab.page.emulate_media(media="print")
    expect(lab.node("report.log.printed")).to_be_visible()
    expect(lab.node("report.log.printed")).to_have_text(LOG)
    expect(lab.node("act1.derivation")).to_be_visible()
    expect(lab.node("act1.math.0.formula")).to_be_visible()
    expect(lab.node("act2.results.body")).to_be_visible()
    expect(lab.node("act2.tail.plot")).to_be_hidden()  # nobody asked
    for question in native.QUESTIONS:
        expect(lab.node(f"{question}.feedback")).to_be_visible()
    for gone in ("button", "input[type=range]", "select", "textarea", ".status", ".rail", ".scene-foot", "[data-shut]"):
        assert lab.page.locator(gone).filter(visible=True).count() == 0, gone
    lab.page.set_viewport_size({"width": 680, "height": 900})  # about an A4 page between its margins
    wide = "nodes => nodes.filter(n => n.getBoundingClientRect().right > innerWidth + 1).map(n => n.className)"
    assert lab.page.locator(".plot, .main-svg, table, pre").evaluate_all(wide) == []
    lab.page.emulate_media(media="screen")
    lab.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folds.evaluate_all("nodes => nodes.map(n => n.open)") == [False, False]
    assert lab.page.pdf(format="A4").startswith(b"%PDF")
