"""By keyboard alone, on a phone, in the dark; and the same digits in the browser as here."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.unit import scenarios


def test_the_first_act_by_keyboard_alone(visitor):
    lab = visitor(viewport={"width": 1280, "height": 700}, reduced_motion="reduce").open()
    page = lab.page

    def focused():
        return page.evaluate("document.activeElement.dataset.key || document.activeElement.dataset.action || ''")

    def tab_to(key):
        for _ in range(60):
            page.keyboard.press("Tab")
            box = page.evaluate(
                "() => { const a = document.activeElement.getBoundingClientRect();"
                " const s = document.querySelector('.status').getBoundingClientRect();"
                " return [a.top, a.bottom, s.top, getComputedStyle(document.activeElement).opacity] }"
            )
            assert box[0] < box[2], "the focused control hides under the status line"
            if focused() == key:
                return
        raise AssertionError(f"{key} can't be reached by Tab")

    tab_to("act1.prediction.about_200.input")
    page.keyboard.press("ArrowDown")
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    tab_to("act1.prediction.commit")
    page.keyboard.press("Enter")
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    tab_to("act1.context.range")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[id='act1.context.number']")).to_have_value("4608")
    tab_to("act1.twist.switch")
    page.keyboard.press("Space")
    expect(lab.node("act1.twist.switch")).to_be_checked()
    tab_to("act1.reflection.run_time.input")
    page.keyboard.press("Space")
    tab_to("act1.reflection.commit")
    page.keyboard.press("Enter")
    expect(lab.node("act1.reflection")).to_have_attribute("data-state", "locked")


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_nothing_is_cut(visitor, width):
    lab = visitor(viewport={"width": width, "height": 780}, has_touch=True, is_mobile=True).open()
    for question in native.QUESTIONS:
        lab.answer(question, native.right_option(question, "latency"))
        lab.shows(
            f"{question}.feedback",
            native.says(native.walked(until=native.QUESTIONS.index(question) + 1), f"{question}.feedback"),
        )
        assert lab.page.evaluate("document.documentElement.scrollWidth") <= width
    small = lab.page.evaluate(
        "[...document.querySelectorAll('button, select, input:not([type=radio], [type=checkbox], .visually-hidden), summary')]"
        ".filter(n => n.offsetParent && n.getBoundingClientRect().height < 24).map(n => n.outerHTML.slice(0, 80))"
    )
    assert small == []


def test_the_dark_page_is_dark_and_its_charts_too(visitor):
    lab = visitor(color_scheme="dark").open()
    lab.answer("act1.prediction", "about_50")
    assert lab.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(15, 23, 42)"
    colour = "() => document.querySelector('[data-key=\"act1.chart.plot\"]').layout?.font?.color"
    dark = lab.page.wait_for_function(colour).json_value()
    lab.page.emulate_media(color_scheme="light")
    lab.page.wait_for_function(f"dark => ({colour})() !== dark", arg=dark)


IN_PAGE = """async (source) => {
  const { loadPyodide } = await import(new URL('runtime/pyodide/pyodide.mjs', location.href).href);
  const python = await loadPyodide({ packages: ['numpy'] });
  python.unpackArchive(await (await fetch('app.zip')).arrayBuffer(), 'zip');
  python.FS.writeFile('scenarios.py', source);
  return python.runPython(`
import json
import course, scenarios
lab = course.from_tables(json.loads(open('content.json').read()))
json.dumps([scenarios.evaluate(scenario, lab) for scenario in scenarios.SCENARIOS])
`);
}"""


def test_cpython_and_pyodide_agree_to_the_last_digit(visitor):
    lab = visitor()
    lab.page.goto(f"{lab.origin}/physics.html")
    lab.page.set_default_timeout(120_000)
    there = json.loads(lab.page.evaluate(IN_PAGE, Path(scenarios.__file__).read_text(encoding="utf-8")))
    here = [scenarios.evaluate(scenario, native.shipped()) for scenario in scenarios.SCENARIOS]
    assert len(here) >= 50
    assert there == json.loads(json.dumps(here))
