"""The seconds before Python, and the ways in which it can fail to come."""

import pytest
from playwright.sync_api import expect

from tests import lab as native

WASM = "**/pyodide.asm.wasm"


def open_but_hold(lab, pattern):
    """Open the page, but keep one file back until the returned function is called."""
    held = []
    lab.page.route(pattern, lambda route: held.append(route))
    with lab.page.expect_request(pattern, timeout=60_000):
        lab.page.goto(f"{lab.origin}/")
    return lambda: held[0].continue_()


def top_of(node):
    """Where a node begins on the page, in CSS pixels from its top."""
    return node.evaluate("node => node.getBoundingClientRect().top + scrollY")


def test_the_page_is_there_before_python_and_keeps_what_is_pressed(visitor):
    lab = visitor(viewport={"width": 1280, "height": 900})
    release = open_but_hold(lab, WASM)
    expect(lab.node("act1.prediction.prompt")).to_have_text(native.says(native.start(), "act1.prediction.prompt"))
    expect(lab.node("act1.message.text")).to_have_text(native.says(native.start(), "act1.message.text"))
    before = top_of(lab.node("act1.prediction"))
    lab.choose("act1.prediction", "about_5")
    lab.commit("act1.prediction")
    expect(lab.page.get_by_role("status").first).to_contain_text("kept")
    expect(lab.node("act1.revealed")).to_be_hidden()
    release()
    lab.ready()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    state = native.answered(native.start(), "act1.prediction", "about_5")
    lab.shows("act1.prediction.feedback", native.says(state, "act1.prediction.feedback"))
    assert top_of(lab.node("act1.prediction")) == pytest.approx(before, abs=1)


def test_the_progress_line_counts_bytes(visitor):
    lab = visitor()
    release = open_but_hold(lab, "**/app.zip")
    expect(lab.page.locator("#boot-line")).to_contain_text("MB", timeout=60_000)
    lab.page.wait_for_function(
        "() => /[1-9][0-9.]* of [0-9.]+ MB/.test(document.querySelector('#boot-line').textContent)"
    )
    release()
    lab.ready()
    expect(lab.page.locator("#boot-line")).to_have_text("")


BROKEN = {
    "pyodide.asm.wasm is missing": ("**/pyodide.asm.wasm", {"status": 404}, "pyodide.asm.wasm"),
    "python_stdlib.zip is cut short": (
        "**/python_stdlib.zip",
        {"body": b"PK\x03\x04 not all of it"},
        "python_stdlib.zip",
    ),
    "app.zip is missing": ("**/app.zip", {"status": 404}, "app.zip"),
    "the numpy wheel is another file": ("**/*.whl", {"body": b"something else"}, "numpy"),
    "PyScript is missing": ("**/runtime/pyscript/core.js", {"status": 404}, "PyScript"),
    "the manifest is missing": ("**/boot-manifest.json", {"status": 404}, "boot-manifest.json"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_part_that_does_not_arrive_is_named_with_what_to_do(visitor, case):
    pattern, answer, named = BROKEN[case]
    lab = visitor()
    lab.page.route(pattern, lambda route: route.fulfill(**answer))
    lab.page.goto(f"{lab.origin}/")
    alert = lab.page.locator("#boot-failure")
    expect(alert).to_be_visible(timeout=60_000)
    expect(alert).to_contain_text(named)
    expect(alert.get_by_role("button", name="Reload")).to_be_visible()
    expect(lab.page.locator("html")).to_have_attribute("data-boot", "failed")
    assert "Traceback" not in lab.page.locator("body").inner_text()
    lab.errors.clear()  # the browser reports the failed request itself


def test_without_plotly_the_tables_say_it_all(visitor):
    lab = visitor()
    lab.page.route("**/plotly-basic.min.js", lambda route: route.fulfill(status=404))
    lab.open()
    lab.answer("act1.prediction", "about_50")
    expect(lab.node("act1.chart.plot")).to_contain_text("table")
    expect(lab.node("act1.chart.body").get_by_role("row", include_hidden=True)).to_have_count(7)
    lab.errors.clear()


def test_without_storage_the_lab_works_and_says_where_the_work_lives(visitor):
    lab = visitor()
    lab.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    lab.open()
    expect(lab.node("notices.list")).to_contain_text("this page only")
    lab.answer("act1.prediction", "about_50")
    lab.shows("status.ledger.value", native.shipped().at("words.saved_page"))
