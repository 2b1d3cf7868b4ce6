"""What can break under a page: each fault leaves the work safe and a plain sentence (docs/faults.md has the whole list)."""

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import BOOT_MS, DESK

WORDS = native.shipped().at("words")
NO_WASM = "delete window.WebAssembly"
NO_WORKER = "window.Worker = class { constructor() { throw new DOMException('no workers here', 'SecurityError') } }"
DYING_WORKER = """window.Worker = class extends EventTarget {
  postMessage() { setTimeout(() => this.dispatchEvent(new Event('error')), 50); }
  terminate() {}
}"""
CLOCK = "const Real = Date; window.Date = class extends Real { static now() { return Real.now() - 3e10; } }"
THROWING_VIEW = """() => {
  const real = Object.getOwnPropertyDescriptor(Node.prototype, 'textContent');
  Object.defineProperty(Node.prototype, 'textContent', { ...real, set(text) {
    if ((this.dataset ?? this.parentElement?.dataset)?.key === 'act1.card.users') throw new Error('a part of the page is gone');
    real.set.call(this, text);
  } });
}"""


@pytest.fixture
def broken(visitor):
    """Make a visitor in whose browser a script runs before anything of the page does."""

    def visit(script="", **options):
        lab = visitor(viewport=DESK, **options)
        lab.expects_trouble = True
        if script:
            lab.context.add_init_script(script)
        return lab

    return visit


def test_without_webassembly_the_page_can_be_read_and_says_why_it_computes_nothing(broken):
    lab = broken(NO_WASM).begin()
    said = native.shipped().at("words.boot.no_wasm")
    expect(lab.page.get_by_role("alert").filter(has_text=said)).to_be_visible(timeout=BOOT_MS)
    expect(lab.node("act1.prediction.prompt")).to_be_visible()


@pytest.mark.parametrize("script", [NO_WORKER, DYING_WORKER], ids=["forbidden", "dying"])
def test_without_a_worker_the_page_computes_by_itself(broken, script):
    lab = broken(script).open()
    for question in native.QUESTIONS[:3]:
        lab.answer(question, native.right_option(question, "latency"))
    state = native.walked(until=3)
    lab.shows("act2.a.state", native.says(state, "act2.a.state"))
    lab.shows("act2.b.state", native.says(state, "act2.b.state"))


def test_a_part_with_the_wrong_bytes_is_refused_and_named(broken):
    lab = broken()
    lab.page.route("**/app.zip", lambda route: route.fulfill(body=b"PK" + bytes(2_000_000)))
    lab.begin()
    expect(lab.page.get_by_role("alert").filter(has_text="app.zip")).to_be_visible(timeout=BOOT_MS)
    expect(lab.page.get_by_role("button", name="Reload the page")).to_be_visible()


def test_what_the_browser_clears_is_written_again(broken):
    lab = broken().open()
    lab.answer("act1.prediction", "about_50")
    lab.page.evaluate("localStorage.clear()")
    lab.answer("act1.reflection", "run_time")
    options = [fact["option"] for fact in lab.entry()["kv_cache_lab"]["facts"]]
    assert options == ["about_50", "run_time"]


def test_a_clock_that_jumps_back_unlocks_and_loses_nothing(broken):
    lab = broken().open()
    lab.answer("act1.prediction", "about_50")
    lab.context.add_init_script(CLOCK)
    lab.reload()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    lab.answer("act1.reflection", "run_time")
    lab.reload()
    for question in ("act1.prediction", "act1.reflection"):
        expect(lab.node(question)).to_have_attribute("data-state", "locked")
    assert {fact["option"] for fact in lab.entry()["kv_cache_lab"]["facts"]} == {"about_50", "run_time"}


def test_an_error_of_the_page_is_said_once_and_offers_a_report_without_what_was_chosen(broken):
    lab = broken(permissions=["clipboard-read", "clipboard-write"]).open()
    lab.answer("act1.prediction", "about_50")
    before = lab.entry()["kv_cache_lab"]["facts"]
    lab.page.evaluate(THROWING_VIEW)
    lab.node("act1.twist.switch").click()
    lab.node("act1.twist.switch").click()
    lead = WORDS["went_wrong"].partition(" (")[0]
    expect(lab.node("notices.list").get_by_role("listitem").filter(has_text=lead)).to_have_count(1)
    lab.press(WORDS["trouble_copy"])
    expect(lab.page.get_by_text(WORDS["trouble_copied"])).to_be_visible()
    report = lab.page.evaluate("navigator.clipboard.readText()")
    assert "a part of the page is gone" in report
    assert "commit act1.prediction" in report
    assert "about_50" not in report
    assert lab.entry()["kv_cache_lab"]["facts"] == before


def test_a_page_that_does_not_start_offers_the_report_too_and_shows_it_where_there_is_no_clipboard(broken):
    lab = broken("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    lab.page.route("**/app.zip", lambda route: route.fulfill(status=404))
    lab.begin()
    expect(lab.page.get_by_role("alert").filter(has_text="app.zip")).to_be_visible(timeout=BOOT_MS)
    lab.press(WORDS["trouble_copy"])
    text = lab.page.locator("#trouble-text")
    expect(text).to_be_visible()
    report = text.input_value()
    assert "app.zip" in report
    assert "v/" in report
    assert "Chrome" in report
