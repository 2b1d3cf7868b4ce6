"""The pages in other languages: found from one another, one record, their own words, also when Python does not come."""

import re

import pytest
from playwright.sync_api import expect

import views
from state import store
from tests import lab as native
from tests.e2e.conftest import BOOT_MS, DESK
from tests.e2e.test_axe import OPEN_ALL, found
from tests.e2e.test_walk import WIDE, WORDS
from tests.e2e.twin import document
from tools import languages

SMALL, PHONE = {"width": 320, "height": 640}, {"width": 390, "height": 844}
# A page that its font reaches too late does without it (font-display: optional), and is higher then.
FONT = """async () => {
  const rules = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]);
  const { style } = rules.find(rule => rule instanceof CSSFontFaceRule && rule.style.fontFamily.includes('Inter'));
  document.fonts.add(await new FontFace('Inter', style.getPropertyValue('src'), { weight: '100 900' }).load());
}"""
CONTENT = re.compile(r"/content(?:\.\w+)?\.json")


def test_the_german_page_computes_in_german_and_the_spanish_one_shows_the_same_record(visitor):
    lab = visitor(viewport=DESK)
    lab.page.goto(f"{lab.origin}/de.html?theme=dark")
    lab.ready()
    with native.writing("de") as german:
        expect(lab.page.locator("html")).to_have_attribute("lang", "de")
        lab.choose("act1.prediction", "about_50")
        lab.press(german.at("act1.prediction.commit"))
        expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
        lab.set("act1.context", 99_999)
        expect(lab.node("act1.context.problem")).to_contain_text("Möglich ist 512")
        lab.set("act1.context", 8192)
        answered = native.answered(native.start(), "act1.prediction", "about_50")
        state = native.after(answered, store.ControlMoved("act1.context", 8192))
        frame = views.frame(german, state)
        lab.door("derivation")
        expect(lab.page.get_by_role("heading", name=german.at("act1.doors.derivation"))).to_be_visible()
        for key in (
            "act1.prediction.feedback",
            "act1.state",
            "act1.card.kv_user",
            "act1.card.left",
            "status.act1.value",
        ):
            lab.shows(key, native.plain(frame[key]["text"]))
        expect(lab.node("act1.card.left")).to_have_text("508,6 GiB")
        lab.plot("act1.chart")
        lab.choose("act1.reflection", "run_time")
        lab.press(german.at("act1.reflection.commit"))
        expect(lab.page.get_by_role("heading", name=german.at("act2.title"))).to_be_visible()
        prompt = views.frame(german, native.answered(state, "act1.reflection", "run_time"))["act2.prediction.prompt"][
            "text"
        ]
        lab.shows("act2.prediction.prompt", native.plain(prompt))

    lab.page.get_by_role("link", name="Español", exact=True).click()
    lab.page.wait_for_url(re.compile(r"/es\.html\?theme=dark#why/derivation$"))
    lab.ready()
    expect(lab.page.locator("html")).to_have_attribute("lang", "es")
    expect(lab.node("act1.reflection")).to_have_attribute("data-state", "locked")
    expect(lab.page.get_by_role("spinbutton", name="Longitud del contexto")).to_have_value("8192")
    expect(lab.node("ledger.body")).to_contain_text("Predicción, Acto I")
    expect(lab.page.get_by_role("heading", name="¿De dónde sale el número?")).to_be_visible()  # the door is open
    with native.writing("es") as spanish:
        lab.shows("act1.card.kv_user", native.plain(views.frame(spanish, state)["act1.card.kv_user"]["text"]))


@pytest.mark.parametrize("language", native.LANGUAGES[1:])
def test_a_page_in_another_language_is_short_whole_on_the_smallest_phone_and_without_barriers(visitor, language):
    lab = visitor(document=document(native.walked(until=4)), viewport=PHONE, reduced_motion="reduce", has_touch=True)
    lab.page.goto(f"{lab.origin}/{languages.page(language)}")
    page = lab.ready().page
    asked = [address for address in lab.requests if CONTENT.search(address)]
    assert asked and all(address.endswith(languages.content_file(language)) for address in asked)
    assert page.evaluate(WORDS) <= 2400
    page.evaluate(FONT)
    assert page.evaluate("document.documentElement.scrollHeight") <= 22 * PHONE["height"]
    page.evaluate(OPEN_ALL)
    lab.everything()
    assert found(page, colours=False) == []
    page.set_viewport_size(SMALL)
    page.wait_for_function(f"() => innerWidth === {SMALL['width']} && ({WIDE})()[0] <= 0", timeout=BOOT_MS)
    assert page.evaluate(WIDE) == [0, []]


def test_who_is_lost_is_told_so_in_the_language_of_the_browser_and_led_to_its_page(visitor):
    lab = visitor(viewport=PHONE, locale="es-MX")
    lab.expects_trouble = True
    lab.page.goto(f"{lab.origin}/404.html")
    expect(lab.page.get_by_role("heading")).to_have_text(native.contents()["es"]["words"]["astray"]["title"])
    expect(lab.page.locator("html")).to_have_attribute("lang", "es")
    lab.page.get_by_role("link", name=native.contents()["es"]["words"]["astray"]["open"]).click()
    lab.page.wait_for_url(f"{lab.origin}/es.html")


@pytest.mark.parametrize("part", ["pyodide.asm.wasm", "content.de.json"])
def test_what_does_not_arrive_is_said_in_german(visitor, part):
    lab = visitor(viewport=DESK)
    lab.expects_trouble = True
    lab.page.route(f"**/{part}", lambda route: route.fulfill(status=404))
    lab.page.goto(f"{lab.origin}/de.html")
    alert = lab.page.get_by_role("alert").filter(has_text=f"Der Server antwortete für {part} mit 404.")
    expect(alert).to_be_visible(timeout=BOOT_MS)
    expect(alert.get_by_role("button", name="Seite neu laden")).to_be_visible()
