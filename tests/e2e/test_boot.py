"""The seconds before Python, and the ways in which it can fail to come."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from state import store
from tests import lab as native
from tests.e2e.conftest import BOOT_MS, DIST, LEDGER, needs_pass
from tests.e2e.twin import Twin, document

WASM = "**/pyodide.asm.wasm"
WATCH_PROGRESS = """
  window.told = [];
  addEventListener('DOMContentLoaded', () => {
    const line = document.querySelector('#boot-line'), note = () => window.told.push(line.textContent);
    note();
    new MutationObserver(note).observe(line, { childList: true, characterData: true, subtree: true });
  });
"""
SLOW_LINE = "Object.defineProperty(navigator, 'connection', { value: { effectiveType: '3g' } });"


def open_but_hold(lab, pattern):
    """Open the page, but keep one file back until the returned function is called."""
    held = []
    # The first request only: the simulator's thread asks for some files again.
    lab.page.route(pattern, lambda route: route.continue_() if held else held.append(route))
    with lab.page.expect_request(pattern, timeout=BOOT_MS):
        lab.page.goto(f"{lab.origin}/")
    return lambda: held[0].continue_()


def top_of(node):
    """Where a node begins on the page, in CSS pixels from its top."""
    return node.evaluate("node => node.getBoundingClientRect().top + scrollY")


@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_is_there_before_python_and_keeps_what_is_pressed(visitor, width):
    lab = visitor(viewport={"width": width, "height": 900})
    release = open_but_hold(lab, WASM)
    question = lab.node("act1.prediction")
    expect(lab.page.get_by_role("heading", level=1)).to_be_visible()
    expect(question.get_by_role("group")).to_contain_text(native.says(native.start(), "act1.prediction.prompt"))
    expect(lab.node("act1.message.text")).to_have_text(native.says(native.start(), "act1.message.text"))
    before = top_of(question)
    question.get_by_role("radio", name="about 5", exact=True).check()
    question.get_by_role("button", name="Commit").click()
    expect(lab.page.locator("#boot-line")).to_contain_text("kept")
    expect(lab.node("act1.revealed")).to_be_hidden()
    assert top_of(question) == pytest.approx(before, abs=1)
    release()
    lab.ready()
    expect(question).to_have_attribute("data-state", "locked")
    twin = Twin(lab, native.settled(native.answered(native.start(), "act1.prediction", "about_5")))
    twin.agrees()
    expect(question.get_by_role("radio", name="about 5", exact=True)).to_be_checked()
    assert top_of(question) == pytest.approx(before, abs=1)


def test_what_is_written_before_python_is_there_joins_what_was_saved(visitor):
    saved = native.after(native.start(), store.TextWritten("log", "Saved.", "2026-01-02T03:04:05Z"))
    lab = visitor(document=document(saved))
    release = open_but_hold(lab, WASM)
    lab.page.get_by_label("Name").fill("Ada")
    lab.node("report.log.area").fill("Saved")  # a part of what is saved is no less written
    release()
    lab.ready()
    expect(lab.node("report.log.area")).to_have_value("Saved.\n\nSaved")
    expect(lab.page.get_by_label("Name")).to_have_value("Ada")
    lab.reload()
    expect(lab.node("report.log.area")).to_have_value("Saved.\n\nSaved")
    expect(lab.page.get_by_label("Name")).to_have_value("Ada")


@pytest.mark.parametrize("leave", ["reload", "de.html"])
def test_what_is_written_before_python_is_there_outlives_the_page(visitor, leave):
    lab = visitor()
    open_but_hold(lab, WASM)
    lab.page.get_by_label("Name").fill("Ada")
    lab.node("report.log.area").fill("Half a thought")
    if leave == "reload":
        lab.page.reload(wait_until="commit")
    else:
        lab.page.goto(f"{lab.origin}/{leave}", wait_until="commit")
    lab.ready()
    expect(lab.node("report.log.area")).to_have_value("Half a thought")
    expect(lab.node("report.name.area")).to_have_value("Ada")
    lab.reload()
    expect(lab.node("report.log.area")).to_have_value("Half a thought")


def test_the_progress_line_counts_bytes(visitor):
    lab = visitor()
    lab.context.add_init_script(WATCH_PROGRESS)
    lab.context.add_init_script(SLOW_LINE)
    held = []
    lab.page.route("**/python_stdlib.zip", lambda route: held.append(route))
    release = open_but_hold(lab, "**/app.zip")
    line = lab.page.locator("#boot-line")
    expect(line).to_contain_text("MB", timeout=BOOT_MS)
    before = line.inner_text()
    held[0].continue_()
    expect(line).not_to_have_text(before)
    release()
    lab.ready()
    said = [text.split(": ")[1].split(" of ") for text in lab.page.evaluate("window.told") if "MB" in text]
    loaded = [float(amount) for amount, _ in said]
    assert loaded == sorted(loaded)
    assert loaded[0] < loaded[-1]
    assert len({total for _, total in said}) == 1
    expect(line).to_have_text("")


COUNT_TURNS = """
  window.turns = -Infinity;
  const { promising } = WebAssembly;
  WebAssembly.promising = (...given) => {
    window.turns = Math.max(window.turns, 0); // Pyodide is linked; from here on Python runs
    return promising(...given);
  };
  const turn = () => (window.turns += 1, setTimeout(turn));
  addEventListener('lab:mounting', () => (window.turnsBeforeMounting = window.turns));
  turn();
"""
CHOOSE_LAST = """
  addEventListener('lab:mounting', () => document.querySelector('input[value="about_5"]').click());
"""
FEW = 20  # what is between the few parts of a start in one go; in pieces of some milliseconds there are a hundred


def test_the_page_has_its_turn_while_python_starts(visitor):
    needs_pass("pieces")
    lab = visitor()
    if not lab.page.evaluate("'Suspending' in WebAssembly"):
        pytest.skip("this browser starts Python in one go")
    lab.context.add_init_script(COUNT_TURNS)
    lab.open()
    assert lab.page.evaluate("window.turnsBeforeMounting") > FEW


def test_the_simulator_takes_the_machine_code_that_the_page_has(visitor):
    needs_pass("machine-code")
    lab = visitor()
    asked = []
    lab.context.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    lab.open()
    for question in native.QUESTIONS[:3]:
        lab.answer(question, native.right_option(question, "latency"))
    lab.shows("act2.a.state", native.says(native.walked(until=3), "act2.a.state"))
    assert asked.count("python_stdlib.zip") > 1  # the thread's requests are seen; it may have come, gone and come again
    assert asked.count("pyodide.asm.wasm") == 1


def test_what_is_chosen_last_before_the_lab_takes_over_is_kept(visitor):
    lab = visitor()
    lab.context.add_init_script(CHOOSE_LAST)
    lab.open()
    question = lab.node("act1.prediction")
    expect(question.get_by_role("radio", name="about 5", exact=True)).to_be_checked()
    question.get_by_role("button", name="Commit").click()
    expect(question).to_have_attribute("data-state", "locked")
    Twin(lab, native.settled(native.answered(native.start(), "act1.prediction", "about_5"))).agrees()


def cut(route):
    """The first half of what the server would have sent."""
    whole = route.fetch().body()
    route.fulfill(body=whole[: len(whole) // 2])


def refuse(route):
    """The server doesn't have it."""
    route.fulfill(status=404)


BROKEN = {
    "the wasm is missing": ("**/pyodide.asm.wasm", refuse, "pyodide.asm.wasm"),
    "the network is gone": ("**/pyodide.asm.wasm", lambda route: route.abort(), "pyodide.asm.wasm"),
    "the standard library is cut short": ("**/python_stdlib.zip", cut, "python_stdlib.zip"),
    "PyScript is missing": ("**/runtime/pyscript/core.js", refuse, "core.js"),
    "the manifest is missing": ("**/boot-manifest.json", refuse, "boot-manifest.json"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_part_that_does_not_arrive_is_named_with_what_to_do(visitor, case):
    pattern, answer, named = BROKEN[case]
    lab = visitor()
    lab.expects_trouble = True
    lab.page.route(pattern, answer)
    lab.page.goto(f"{lab.origin}/")
    expect(lab.page.locator("html")).to_have_attribute("data-boot", "failed", timeout=BOOT_MS)
    alert = lab.page.get_by_role("alert").filter(has_text=named)
    expect(alert).to_be_visible()
    expect(alert).to_contain_text("eload the page")
    expect(alert.get_by_role("button", name="Reload the page")).to_be_visible()
    expect(lab.node("act1.prediction.prompt")).to_be_visible()
    assert "Traceback" not in lab.page.locator("body").inner_text()


def behind(lab):
    """The lab's page as a browser may have kept it: of a version whose files are gone. Asked for anew it is today's."""
    old = re.sub("v/[0-9a-f]{12}/", "v/000000000000/", (DIST / "index.html").read_text(encoding="utf-8"))
    lab.expects_trouble = True
    lab.page.route(f"{lab.origin}/", lambda route: route.fulfill(body=old, content_type="text/html"), times=1)
    lab.page.goto(f"{lab.origin}/", wait_until="commit")


def test_a_page_of_an_older_version_loads_todays_by_itself(visitor):
    lab = visitor()
    behind(lab)
    lab.ready()
    assert "000000000000" not in lab.page.locator("html").get_attribute("data-parts")


def test_where_something_would_be_lost_a_page_of_an_older_version_says_so(visitor):
    lab = visitor()
    held = []
    lab.page.route("**/v/000000000000/**", lambda route: held.append(route))
    behind(lab)
    lab.node("act1.prediction").get_by_role("radio", name="about 50", exact=True).check()
    lab.page.route("**/v/000000000000/**", refuse)
    for route in held:
        refuse(route)
    alert = lab.page.get_by_role("alert").filter(has_text="older version")
    expect(alert).to_be_visible(timeout=BOOT_MS)
    lab.page.unroute_all()
    alert.get_by_role("button", name="Reload the page").click()
    lab.ready()


def test_when_the_labs_own_code_is_missing_a_later_reload_is_enough(visitor):
    lab = visitor()
    lab.expects_trouble = True
    lab.page.route("**/app.zip", refuse)
    lab.page.goto(f"{lab.origin}/")
    expect(lab.page.get_by_role("alert").filter(has_text="app.zip")).to_be_visible(timeout=BOOT_MS)
    expect(lab.page.locator("html")).to_have_attribute("data-boot", "failed")
    lab.page.unroute_all()
    lab.page.get_by_role("button", name="Reload the page").click()
    lab.ready()
    expect(lab.page.locator("#boot-failure")).to_be_hidden()


def test_without_plotly_the_tables_say_it_all(visitor):
    lab = visitor()
    lab.expects_trouble = True
    lab.page.route("**/plotly-basic.min.js", refuse)
    lab.open()
    lab.answer("act1.prediction", "about_50")
    state = native.walked(until=1)
    expect(lab.node("act1.chart.plot")).to_have_text(native.shipped().at("words.chart_missing"))
    lab.node("act1.chart").get_by_text(native.shipped().at("words.show_table")).click()
    expect(lab.node("act1.chart").get_by_role("table")).to_be_visible()
    lab.set("act1.context", 8192)
    state = native.after(state, store.ControlMoved("act1.context", 8192))
    lab.shows("act1.state", native.says(state, "act1.state"))
    expect(lab.node("act1.chart.plot")).to_have_text(native.shipped().at("words.chart_missing"))


IN_SIGHT = """node => new Promise(done => new IntersectionObserver((entries, seen) => {
  if (!entries[0].isIntersecting) return;
  seen.disconnect();
  done();
}).observe(node))"""


def test_a_chart_that_is_looked_at_is_drawn_as_soon_as_plotly_comes(visitor):
    lab = visitor(document=document(native.walked(until=1)))
    let_come = open_but_hold(lab, "**/plotly-basic.min.js")
    chart = lab.node("act1.chart.plot")
    chart.scroll_into_view_if_needed()
    chart.evaluate(IN_SIGHT)
    expect(chart).to_be_empty()
    let_come()
    expect(chart.locator(".main-svg").first).to_be_visible()


def test_a_page_that_is_printed_before_plotly_came_has_its_charts_once_it_comes(visitor):
    lab = visitor(document=document(native.walked(until=1)))
    let_come = open_but_hold(lab, "**/plotly-basic.min.js")
    lab.ready()
    lab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    lab.page.emulate_media(media="print")
    chart = lab.node("act1.chart.plot")
    expect(chart).to_be_empty()
    let_come()
    expect(chart).to_be_visible()
    expect(chart.locator(".main-svg").first).to_have_attribute("viewBox", re.compile(r"0 0 \d+ \d+"))


BLOCKED = """for (const name of ['localStorage', 'indexedDB'])
  Object.defineProperty(window, name, { configurable: true, get() { throw new DOMException('no', 'SecurityError') } })"""
FULL = """Storage.prototype.setItem = IDBFactory.prototype.open =
  () => { throw new DOMException('full', 'QuotaExceededError') }"""


@pytest.mark.parametrize(
    ("storage", "word"), [(BLOCKED, "storage_blocked"), (FULL, "storage_full")], ids=["blocked", "full"]
)
def test_without_storage_the_lab_works_and_says_where_the_work_lives(visitor, storage, word):
    lab = visitor()
    lab.context.add_init_script(storage)
    lab.open()
    lab.answer("act1.prediction", "about_50")
    lab.shows("act1.prediction.feedback", native.says(native.walked(until=1), "act1.prediction.feedback"))
    expect(lab.page.get_by_role("alert").filter(has_text=native.shipped().at(f"words.{word}"))).to_be_visible()
    lab.shows("status.ledger.value", native.shipped().at("words.saved_page"))
    with lab.page.expect_download() as download:
        lab.press(native.shipped().at("course.ledger.export_dict"))
    assert "about_50" in Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename == f"{LEDGER}.json"
