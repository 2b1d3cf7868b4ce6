"""Over plain http from any host, a school's intranet say: pages from which browsers keep some of their APIs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import lab as native
from tests.e2e.conftest import ANSWER_MS, BROWSER, CHROMIUM, DESK, Lab
from tests.e2e.test_size import quick

RULES = "--host-resolver-rules=MAP lab.test 127.0.0.1"


@pytest.fixture
def intranet(browser: Browser, origin: str) -> Iterator[Lab]:
    """A visitor to the same server under a name that isn't localhost."""
    found = browser.browser_type.launch(executable_path=BROWSER, args=[*CHROMIUM, RULES])
    address = origin.replace("127.0.0.1", "lab.test")
    lab = Lab.new(found, address, viewport=DESK, service_workers="allow")
    yield lab
    lab.close()
    found.close()


def pasted(lab: Lab) -> str:
    """What the clipboard holds, as a person finds out."""
    field = lab.node("report.log.area")
    field.fill("")
    field.press("Control+v")
    return field.input_value()


def test_the_short_path_works_without_a_secure_context(intranet):
    lab = intranet.open()
    assert not lab.page.evaluate("isSecureContext")
    lab.answer("act1.prediction", "about_50")
    number = lab.entry()["kv_cache_lab"]["settings"]["numbered"]["text"]
    lab.reload()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    with lab.page.expect_download() as found:
        lab.press(native.shipped().at("report.save_markdown"))
    assert number in found.value.path().read_text(encoding="utf-8")
    assert lab.page.locator("#offline-ready").is_hidden()


def test_what_cannot_be_copied_by_the_page_is_selected_to_be_copied_by_keyboard(intranet):
    lab = intranet.open()
    lab.press(native.shipped().at("report.share.copy"))
    field = lab.node("share.field")
    expect(field).to_be_focused()
    lab.page.keyboard.press("Control+c")
    assert pasted(lab) == field.input_value() != ""


def test_an_error_report_that_the_page_cannot_copy_is_selected_too(intranet):
    lab = intranet.open()
    lab.page.evaluate("labTrouble('broken on purpose')")
    lab.press(native.shipped().at("words.trouble_copy"))
    expect(lab.page.locator("#trouble-text")).to_be_focused()
    lab.page.keyboard.press("Control+c")
    assert "broken on purpose" in pasted(lab)


def test_what_reloads_a_page_that_cannot_start_works_without_a_saved_copy(intranet):
    lab = intranet
    lab.expects_trouble = True
    lab.page.route("**/pyodide.asm.wasm", lambda route: route.abort())
    lab.begin()
    expect(lab.page.locator("#boot-failure")).to_be_visible()
    lab.page.unroute_all()
    lab.press(native.shipped().at("words.boot.reload"))
    lab.ready()


def test_the_page_for_engineers_works_without_a_secure_context(intranet):
    intranet.page.goto(f"{intranet.origin}/size.html")
    quick(intranet.page)
    say = native.shipped().at("size.page")
    intranet.page.get_by_role("button", name=say["copy_link"]).click()
    expect(intranet.page.locator("#copied")).to_have_text(intranet.page.url)


def test_the_game_works_without_a_secure_context(intranet):
    intranet.page.goto(f"{intranet.origin}/run.html#level=free")
    expect(intranet.page.locator("body[data-state=ready]")).to_have_count(1, timeout=ANSWER_MS)
    intranet.page.locator("#speed").select_option("20")
    intranet.page.locator("#start").click()
    expect(intranet.page.locator("body[data-state=over]")).to_have_count(1, timeout=ANSWER_MS)
    intranet.page.get_by_role("button", name=native.shipped().at("play.page.copy")).click()
    expect(intranet.page.locator("#copied")).to_contain_text("run.html#level=free&seed=1")


def test_what_a_teacher_pastes_can_be_selected_without_a_secure_context(intranet):
    page = intranet.page
    page.goto(f"{intranet.origin}/instructors.html")
    expect(page.locator("pre").first).to_contain_text(f'src="{intranet.origin}/?embed=1')
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
