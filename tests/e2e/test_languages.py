"""The German page: found from the English one, the same record, German words and numbers, also when Python doesn't come."""

import re

import pytest
from playwright.sync_api import expect

import acts
import views
from content import wording
from state import store
from tests import lab as native
from tests.e2e.conftest import BOOT_MS, DESK
from tools import bundle


@pytest.fixture
def german():
    """The German course; afterwards numbers are written in English again."""
    made = acts.course(bundle.translations(native.CONTENT)["de"])
    wording.use(made.at("words.numbers"))
    yield made
    wording.use(native.shipped().at("words.numbers"))


def test_the_german_page_computes_in_german_and_the_english_one_shows_the_same_record(visitor, german):
    lab = visitor(viewport=DESK)
    lab.page.goto(f"{lab.origin}/de.html?theme=dark")
    lab.ready()
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
    for key in ("act1.prediction.feedback", "act1.state", "act1.card.kv_user", "act1.card.left", "status.act1.value"):
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

    lab.page.get_by_role("link", name="English", exact=True).click()
    lab.page.wait_for_url(re.compile(r"/index\.html\?theme=dark#act1/\w+$"))  # where the reader was
    lab.ready()
    expect(lab.page.locator("html")).to_have_attribute("lang", "en")
    expect(lab.node("act1.reflection")).to_have_attribute("data-state", "locked")
    expect(lab.page.get_by_role("spinbutton", name="Context length")).to_have_value("8192")
    expect(lab.node("ledger.body")).to_contain_text("Prediction, Act I")
    expect(lab.door("derivation").get_by_role("heading", name="Where does the number come from?")).to_be_visible()


@pytest.mark.parametrize("part", ["pyodide.asm.wasm", "content.de.json"])
def test_what_does_not_arrive_is_said_in_german(visitor, part):
    lab = visitor(viewport=DESK)
    lab.expects_trouble = True
    lab.page.route(f"**/{part}", lambda route: route.fulfill(status=404))
    lab.page.goto(f"{lab.origin}/de.html")
    alert = lab.page.get_by_role("alert").filter(has_text=f"Der Server antwortete für {part} mit 404.")
    expect(alert).to_be_visible(timeout=BOOT_MS)
    expect(alert.get_by_role("button", name="Seite neu laden")).to_be_visible()
