"""axe-core finds nothing to mend, in every state of the page and every way of looking at it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e import twin
from tests.e2e.conftest import BOOT_MS, DESK, Lab

PHONE = {"width": 320, "height": 780}
OPEN_ALL = "document.querySelectorAll('details').forEach(node => { node.open = true })"
DRAW_ALL = "dispatchEvent(new Event('beforeprint'))"
# A failing configuration, and the keys of the states that then say so.
FAILURES = {
    "the weights don't fit": ({"act1.gpus": 1, "act2.gpus": 1}, ("act1.state", "act2.a.state", "act2.b.state")),
    "no user fits, and memory runs out": (
        {"act1.gpus": 2, "act1.context": 32768, "act2.kv_heads": 64, "act2.b.policy": "static"},
        ("act1.state", "act2.b.state"),
    ),
    "the objective and the target are missed": (
        {"act1.context": 32768, "act2.a.load": 8, "act2.b.max_batch": 8},
        ("act2.a.state", "act2.b.state"),
    ),
}


def found(page, *within, colours=True):
    """Everything that axe objects to, best practices included: one line a node. Of nodes that match `within`, or of all.

    To look at every colour takes longer than all the rest: not where a page with the same colours is looked at as well.
    """
    asked = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": colours}}}
    violations = Axe().run(page, context=list(within) or None, options=asked).response["violations"]
    return [f"{v['id']}: {' '.join(map(str, n['target']))}: {n['html'][:120]}" for v in violations for n in v["nodes"]]


@pytest.fixture(scope="module")
def revealed(browser, origin):
    """A visitor who answered every question on an earlier visit, everything computed, every fold and every door open."""
    text = twin.document(native.walked(until=4))
    lab = Lab.new(browser, origin, document=text, viewport=DESK, reduced_motion="reduce").open()
    looking = twin.Twin(lab, twin.returned(text))
    lab.page.evaluate(DRAW_ALL)
    looking.agrees(only="act2.b.")
    lab.page.evaluate(OPEN_ALL)
    lab.everything()
    yield looking
    lab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_first_visit(visitor, scheme):
    lab = visitor(viewport=DESK, color_scheme=scheme).open()
    assert found(lab.page, colours=False) == []
    lab.page.set_viewport_size(PHONE)
    lab.commit("act1.prediction")  # without a choice: the page says what is missing
    assert found(lab.page) == []


def test_while_python_is_loading_and_when_it_does_not_come(visitor):
    lab = visitor(viewport=DESK)
    lab.expects_trouble = True
    held = []
    lab.page.route(
        "**/pyodide.asm.wasm", lambda route: route.abort() if held else held.append(route)
    )  # asked for twice
    with lab.page.expect_request("**/pyodide.asm.wasm", timeout=BOOT_MS):
        lab.begin()
    expect(lab.page.locator("#boot-line")).to_be_visible()
    assert found(lab.page) == []
    held[0].abort()
    expect(lab.page.get_by_role("alert").filter(has_text="pyodide.asm.wasm")).to_be_visible(timeout=BOOT_MS)
    assert found(lab.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_when_everything_is_revealed(revealed, scheme):
    page = revealed.lab.page
    page.emulate_media(color_scheme=scheme)
    assert found(page) == []
    if scheme == "light":  # the dark page differs in colours, not in sizes
        page.set_viewport_size(PHONE)
        assert found(page, colours=False) == []
        page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")


def test_in_forced_colours(revealed):
    page = revealed.lab.page
    page.emulate_media(forced_colors="active")  # axe reads colours that the system has replaced, so it is not asked
    for key in ("act1.prediction.about_50", "act1.state", "act2.a.state"):
        edge = revealed.lab.node(key).evaluate("node => getComputedStyle(node).borderLeftStyle")
        assert edge != "none"  # what a fill tells otherwise, an edge tells here
    expect(revealed.lab.node("act1.prediction.about_50.input")).to_be_checked()
    page.emulate_media(forced_colors="none")


SPACED = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }"""
WIDER = """() => [...document.querySelectorAll('main *')]
  .filter(node => node.checkVisibility() && !node.closest('.wide, .formula, .document, svg, .plot, [data-key$=".plot"]'))
  .filter(node => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(node => node.outerHTML.slice(0, 100))"""


def test_enlarged_and_with_wider_spaced_text_nothing_runs_out_of_the_page(revealed):
    page = revealed.lab.page
    page.set_viewport_size({"width": 640, "height": 450})  # 200 % of a window of 1,280
    style = page.add_style_tag(content=SPACED)
    assert page.evaluate(WIDER) == []
    style.evaluate("node => node.remove()")
    page.set_viewport_size(DESK)


def test_on_paper(revealed):
    page = revealed.lab.page
    page.emulate_media(media="print")
    objections = found(page)
    page.emulate_media(media="screen")  # whatever they are, the tests that follow look at a screen
    assert objections == []


@pytest.mark.parametrize("case", FAILURES)
def test_when_a_configuration_fails(revealed, case):
    settings, states = FAILURES[case]
    looking = revealed
    looking.set(settings)
    for key in states:
        looking.agrees(only=key)
    marks = {looking.lab.node(key).get_attribute("data-state") for key in states}
    assert marks <= {"fail", "warn"}
    assert found(looking.lab.page, ".status", *(f'[data-key="{key}"]' for key in states)) == []
    for act in ("act1", "act2"):
        looking.reset(act)


def test_when_the_page_has_something_to_say(visitor):
    lab = visitor(document="{not json", viewport=DESK, color_scheme="dark").open()
    expect(lab.node("notices.box")).to_be_visible()
    lab.press(native.shipped().at("course.ledger.clear"))
    assert found(lab.page) == []


@pytest.mark.parametrize("acts", ["1", "2", "all"])
def test_inside_another_page(visitor, acts):
    lab = visitor(document=twin.document(native.walked(until=4)), viewport=DESK)
    lab.page.goto(f"{lab.origin}/?embed=1&act={acts}")
    lab.ready()
    assert found(lab.page, colours=acts == "all") == []  # while the simulations are still under way
    lab.everything()
    assert found(lab.page, colours=False) == []


@pytest.mark.parametrize(
    "name", ["physics.html", "instructors.html", "grade.html", "grade.zh.html", "start.html", "404.html"]
)
def test_on_the_pages_beside_it(visitor, name):
    lab = visitor(viewport=PHONE)
    lab.expects_trouble = name == "404.html"  # it has no icon
    lab.page.goto(f"{lab.origin}/{name}")
    assert found(lab.page) == []


# --- what a screen reader hears ------------------------------------------------------------------------------------------

HEAR = """() => {
  window.heard = [];
  const regions = '[role=status], [role=alert], [aria-live=polite]';
  new MutationObserver(records => {
    const spoken = new Set(records.map(({ target }) => (target.nodeType === 3 ? target.parentElement : target).closest(regions)));
    for (const region of spoken) {
      if (region?.checkVisibility() && region.textContent.trim()) window.heard.push([region.dataset.key, region.textContent]);
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""


def test_a_change_is_announced_once_and_briefly(revealed):
    looking, page = revealed, revealed.lab.page
    looking.agrees(only="act2.replay.")  # nothing of the tests before is still to be said
    page.evaluate(HEAR)
    for setting, region in (({"act2.a.load": 8}, "act2.said"), ({"act1.context": 2048}, "act1.state")):
        page.evaluate("heard.length = 0")
        looking.set(setting)
        looking.agrees(only=region)
        looking.agrees(only="act2.replay.")  # whatever else could have been said
        heard = page.evaluate("heard")
        assert [key for key, _ in heard] == [region]
        assert len(heard[0][1]) < 120
        assert " ".join(heard[0][1].split()) == native.says(looking.state, region)


def test_what_is_too_wide_can_be_scrolled_by_keyboard_and_what_fits_is_no_stop(visitor):
    lab = visitor(document=twin.document(native.walked(until=1)), viewport=DESK).open()
    page = lab.page
    lab.door("ledger")
    table = page.locator(".wide").filter(has=page.locator('[data-key="ledger.body"]'))
    expect(table).not_to_have_attribute("tabindex", "0")
    page.set_viewport_size(PHONE)
    expect(table).to_have_attribute("tabindex", "0")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
