"""Where the focus goes and what is said when the pressed control is gone: nobody is thrown back to the page's beginning."""

import pytest
from playwright.sync_api import expect

import acts
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.test_axe import HEAR
from tests.e2e.twin import Twin, document, returned
from tools import bundle
from views import rail

DOORS = [door.name for door, _ in rail.doors(native.shipped())]
GERMAN = acts.course(bundle.translations(native.CONTENT)["de"])
SAVED = {"index": native.shipped().at("words.saved_device"), "de": GERMAN.at("words.saved_device")}
# After the next frame: what has the focus, whether that is shown, and whether it can be seen: its middle lies under nothing.
FOCUS = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  const node = document.activeElement, box = node.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const { key, action, play } = node.dataset;
  done({
    name: node.id || key || action || play || node.getAttribute('href') || node.tagName, lost: node === document.body,
    usable: node.checkVisibility() && !node.matches(':disabled'), marked: node.matches(':focus-visible'),
    seen: !!there && (node.contains(there) || there.contains(node)),
  });
})))"""
BUTTONS = """() => [...document.querySelectorAll('main button, .embed-foot button')]
  .filter(node => node.checkVisibility() && !node.disabled)
  .map(node => (node.closest('.player')?.querySelector('[data-key]').dataset.key ?? '') + [...node.attributes]
    .filter(({ name }) => /^data-/.test(name)).map(({ name, value }) => `[${name}="${value}"]`).join(''))"""


def focus(lab):
    """What has the focus after the next frame. Whatever it is, a person must see it and be able to go on from it."""
    found = lab.page.evaluate(FOCUS)
    assert not found["lost"], "the focus is on nothing"
    assert found["usable"] and found["marked"] and found["seen"], found
    return found["name"]


def reached(lab, key):
    """The node under a key, the door opened behind which it stands."""
    return lab.reach(lab.node(key))


def returned_to_all(lab, text):
    """The page of a visitor who answered everything on an earlier visit, everything computed and every fold open."""
    twin = Twin(lab.open(), returned(text))
    twin.agrees(only="act2.b.")
    lab.page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true })")
    return twin


@pytest.fixture(scope="module")
def back(browser, origin):
    """One such visitor for tests that go on from one another; the one that clears everything is the last."""
    text = document(native.walked(until=4))
    lab = Lab.new(browser, origin, document=text, viewport=DESK, reduced_motion="reduce")
    yield returned_to_all(lab, text)
    lab.close()


@pytest.mark.parametrize("question", native.QUESTIONS)
def test_a_commit_leads_to_its_verdict_which_is_said_once(visitor, question):
    before = native.QUESTIONS.index(question)
    text = document(native.walked(until=before)) if before else None
    lab = visitor(document=text, viewport=DESK, reduced_motion="reduce").open()
    option = native.right_option(question, "latency")
    lab.choose(question, option)
    lab.page.evaluate(HEAR)
    lab.node(f"{question}.commit").press("Enter")
    expect(lab.node(question)).to_have_attribute("data-state", "locked")
    assert focus(lab) == f"{question}.verdict"
    expect(lab.node(f"{question}.feedback")).to_have_attribute("data-state", "right")
    lab.page.keyboard.press("Tab")
    verdict = lab.node(f"{question}.feedback").text_content()
    lab.set("act1.context", 2048)  # further frames say nothing more
    lab.shows(f"{question}.said", verdict)
    heard = [words for key, words in lab.page.evaluate("heard") if key == f"{question}.said"]
    assert heard == [verdict]
    lab.reload()
    expect(lab.node(f"{question}.feedback")).to_have_text(verdict)
    expect(lab.node(f"{question}.said")).to_be_empty()


def test_on_a_phone_a_commit_leads_to_its_verdict_also_where_that_was_in_sight(visitor):
    phone = {"width": 390, "height": 844}
    lab = visitor(document=document(native.walked(until=2)), viewport=phone, reduced_motion="reduce").open()
    lab.choose("act2.prediction", "same_small")
    lab.page.evaluate(
        "scrollTo(0, scrollY + document.querySelector('[id=\"act2/predict\"]').getBoundingClientRect().bottom - 700)"
    )
    lab.commit("act2.prediction")
    expect(lab.page.locator('.rail a[href="#act2/verdict"]')).to_have_attribute("aria-current", "step")


@pytest.mark.parametrize("language", ["index", "de"])
def test_on_a_phone_the_verdict_stands_clear_of_the_status_line_whatever_that_says_next(visitor, language):
    lab = visitor(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    lab.page.goto(f"{lab.origin}/{language}.html")
    for key, pressed in (("about_200.input", "Space"), ("commit", "Enter")):  # the browser scrolls, not the test
        lab.node(f"act1.prediction.{key}").focus()
        lab.page.keyboard.press(pressed)
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    assert focus(lab) == "act1.prediction.verdict"
    expect(lab.node("status.ledger.value")).to_have_text(SAVED[language])
    verdict = lab.page.locator('[id="act1.prediction.verdict"]').bounding_box()
    assert verdict["y"] >= 0
    assert verdict["y"] + verdict["height"] <= lab.page.locator(".status").bounding_box()["y"]


def test_a_press_before_python_is_there_leads_to_the_verdict_too(visitor):
    lab = visitor(viewport=DESK, reduced_motion="reduce")
    lab.begin()
    lab.choose("act1.prediction", "about_50")
    lab.node("act1.prediction.commit").press("Enter")
    lab.ready()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    assert focus(lab) == "act1.prediction.verdict"


def test_a_way_out_that_was_taken_leads_to_its_side(back):
    back.set({"act2.a.load": 8})
    expect(back.lab.node("act2.a.way.apply")).to_be_visible()
    back.lab.node("act2.a.way.apply").press("Enter")
    assert focus(back.lab) == "side-a-title"


def test_a_sweep_that_ends_by_itself_leaves_the_focus_in_its_part(back):
    lab = back.lab
    reached(lab, "act2.frontier.start").press("Enter")
    assert focus(lab) == "act2.frontier.cancel"
    expect(lab.node("act2.frontier.cancel")).to_be_disabled()
    assert focus(lab) == "why/frontier-title"


def test_no_button_of_the_page_loses_the_focus(visitor):
    text = document(native.walked(until=4))
    lab = returned_to_all(visitor(document=text, viewport=DESK, reduced_motion="reduce"), text).lab
    lab.page.evaluate("() => { window.print = () => {}; window.open = () => null; }")
    pressed = set()
    for door in (None, *DOORS):
        if door:
            lab.door(door)
        while left := [
            button for button in lab.page.evaluate(BUTTONS) if button not in pressed and "clear-yes" not in button
        ]:
            pressed.add(left[0])
            player, _, rest = left[0].partition("[")
            within = lab.page.locator(".player", has=lab.node(player)) if player else lab.page.locator("body")
            within.locator(f"[{rest}:visible").press("Enter")
            focus(lab)
    assert len(pressed) > 25
    assert {"again", "clear-no", "sweep-cancel", "record"} <= {
        button.partition('"')[2].partition('"')[0] for button in pressed
    }


def test_each_door_is_opened_and_shut_by_keyboard_and_nobody_loses_their_place(back):
    lab = back.lab
    opened = lab.page.locator(".door[data-open]")
    for door in DOORS:
        question = lab.page.locator(f'.doors a[href="#why/{door}"]')
        question.press("Enter")
        expect(opened).to_have_attribute("id", f"why/{door}")  # and no other
        assert focus(lab) == f"why/{door}-title"
        expect(question).to_have_attribute("aria-expanded", "true")
        opened.locator("[data-shut]").press("Enter")
        expect(opened).to_have_count(0)
        assert focus(lab) == f"#why/{door}"
        expect(question).to_have_attribute("aria-expanded", "false")


def test_what_is_cleared_leaves_the_focus_where_it_was_asked_for(back):
    lab = back.lab
    reached(lab, "ledger.clear").press("Enter")
    assert focus(lab) == "ledger.clear_no"
    lab.page.keyboard.press("Enter")
    assert focus(lab) == "ledger.clear"
    lab.page.keyboard.press("Enter")
    assert focus(lab) == "ledger.clear_no"
    lab.node("ledger.clear_yes").press("Enter")
    assert focus(lab) == "ledger.clear"


def test_a_notice_a_link_and_an_offer_are_left_without_losing_the_place(visitor):
    lab = visitor(document="{not json", viewport=DESK, reduced_motion="reduce")
    lab.page.goto(f"{lab.origin}/")
    lab.ready()
    lab.node("notices.box").get_by_role("button").press("Enter")
    assert focus(lab) == "act1-title"
    lab.page.evaluate("location.hash = '#s=1.broken'")
    expect(lab.node("shared.box")).to_be_visible()
    lab.node("shared.drop").press("Enter")
    assert focus(lab) == "act1-title"


def test_the_skip_link_leads_to_the_first_act(lab):
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Enter")
    expect(lab.page.locator("#act1-title")).to_be_in_viewport()  # the page scrolls there smoothly
    assert focus(lab) == "act1-title"


def test_the_rest_of_an_embedded_lab_is_opened_where_it_begins(visitor):
    lab = visitor(viewport=DESK, reduced_motion="reduce")
    lab.page.goto(f"{lab.origin}/?embed=1&act=1")
    lab.ready()
    lab.page.locator("[data-embed-show]").press("Enter")
    assert focus(lab) == "act2-title"
