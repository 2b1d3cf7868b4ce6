"""By keyboard alone, on a phone, in the dark; and the same digits in the browser as here."""

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect

from acts.wall import actions as wall_actions
from state import store
from tests import lab as native
from tests.e2e.conftest import ANSWER_MS, DESK
from tests.e2e.twin import Twin, document
from tests.unit import scenarios
from tools.passes import compiling

# The focused node, whether something shows that it is focused, whether all of it is in the window, and what lies over it: the
# status line, the rail, a bench that sticks.
FOCUS = """() => {
  const node = document.activeElement, shown = node.closest('label') ?? node;
  const box = shown.getBoundingClientRect();
  const over = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2]
    .map(y => document.elementFromPoint((box.left + box.right) / 2, y))
    .filter(found => found && !found.contains(shown) && !shown.contains(found));
  const marked = [node, node.closest('label'), node.nextElementSibling].filter(n => n).some(n => {
    const style = getComputedStyle(n);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  });
  return {
    key: node.dataset.key || node.dataset.action || node.id || node.tagName,
    marked, inside: box.top >= 0 && box.bottom <= innerHeight, over: over.map(found => found.outerHTML.slice(0, 80)),
  };
}"""


class Keyboard:
    """A person without a mouse."""

    def __init__(self, page):
        self.page = page

    def tab_to(self, key):
        """Press Tab until a node has the focus; on the way each focused node must be marked and in sight."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(FOCUS)
            assert focus["marked"], f"nothing shows that {focus['key']} has the focus"
            assert focus["inside"], f"{focus['key']} is out of sight"
            assert focus["over"] == [], f"{focus['key']} hides under {focus['over']}"
            if focus["key"] == key:
                return
        raise AssertionError(f"{key} can't be reached by Tab")

    def press(self, *keys):
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)


def test_the_first_act_by_keyboard_alone(visitor):
    lab = visitor(viewport={"width": 1280, "height": 700}, reduced_motion="reduce").open()
    keyboard, twin = Keyboard(lab.page), Twin(lab)
    keyboard.tab_to("act1.prediction.about_200.input")
    keyboard.press("ArrowDown")
    expect(lab.node("act1.prediction.about_50.input")).to_be_checked()
    keyboard.tab_to("act1.prediction.commit")
    keyboard.press("Enter")
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    keyboard.tab_to("act1.context.range")
    keyboard.press("ArrowRight")
    expect(lab.page.get_by_role("spinbutton", name="Context length")).to_have_value("4608")
    keyboard.tab_to("act1.twist.switch")
    keyboard.press("Space")
    expect(lab.page.get_by_role("switch")).to_be_checked()
    keyboard.tab_to("act1.reflection.run_time.input")
    keyboard.press("Space")
    keyboard.tab_to("act1.reflection.commit")
    keyboard.press("Enter")
    expect(lab.node("act1.reflection")).to_have_attribute("data-state", "locked")
    keyboard.tab_to("act2.prediction.one_for_both.input")
    twin.native(
        store.OptionChosen("act1.prediction", "about_50"),
        store.AnswerCommitted("act1.prediction", twin.at()),
        store.ControlMoved("act1.context", 4608),
        wall_actions.TwistFlipped(True),
        store.OptionChosen("act1.reflection", "run_time"),
        store.AnswerCommitted("act1.reflection", twin.at()),
    )
    twin.agrees()


# What is too low for a thumb, 44 pixels; a link may have room around it.
SMALL = """() => [...document.querySelectorAll('button, select, summary, textarea, label.button, label.option, label.switch, '
  + 'label.choice, input:not([type]), input[type=range], input[type=number], input[type=text], .languages a, .door-head a')]
  .filter(node => {
    const around = parseFloat(getComputedStyle(node, '::after').top) || 0;
    return node.checkVisibility() && node.getBoundingClientRect().height - 2 * around < 43.9;
  }).map(node => node.outerHTML.slice(0, 80))"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_on_a_phone_nothing_is_cut(visitor):
    lab = visitor(viewport={"width": 320, "height": 780}, has_touch=True, is_mobile=True).open()
    twin = Twin(lab)

    def fits(of=""):
        twin.agrees(only=of)
        for width in (390, 320):
            lab.page.set_viewport_size({"width": width, "height": 780})
            # A page that is wider than its window would be shrunk to fit.
            lab.page.wait_for_function("width => innerWidth === width", arg=width)
            assert lab.page.evaluate(WIDE) == 0
            assert lab.page.evaluate(SMALL) == []

    fits()
    for question in native.QUESTIONS:
        twin.answer(question, native.right_option(question, "latency"))
        fits(of=question.partition(".")[0])
    lab.page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true })")
    lab.everything()
    fits()


@pytest.mark.parametrize(
    ("name", "is_there"), [("size", "#designs label"), ("run", "body[data-state=ready]"), ("grade", "h1:not(:empty)")]
)
def test_the_other_pages_are_pressed_by_a_thumb_too(visitor, name, is_there):
    lab = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    lab.page.goto(f"{lab.origin}/{name}.html")
    expect(lab.page.locator(is_there).first).to_be_visible(timeout=ANSWER_MS)
    lab.page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true })")
    for width in (390, 320):
        lab.page.set_viewport_size({"width": width, "height": 844})
        assert lab.page.evaluate(WIDE) == 0 and lab.page.evaluate(SMALL) == []


CHARTS = ("act1.chart", "act1.families", "act2.chart", "act2.roof", "act2.steps", "act2.tail")
LARGE = """percent => {
  document.documentElement.style.fontSize = `calc(${percent / 100} * clamp(1rem, 0.95rem + 0.25vw, 1.125rem))`;
}"""
# What can't be read of the status line: cut off within, or out of the window; and whether it says where the work is kept.
STATUS = """() => {
  const nodes = [...document.querySelectorAll('.status dl, .status dl > div, .status dt, .status dd')]
    .filter(node => node.checkVisibility());
  const cut = node => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
  const out = ({ left, right, top, bottom }) => left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
  const saved = document.querySelector('[data-key="status.ledger.value"]');
  return [nodes.filter(node => cut(node) || out(node.getBoundingClientRect())).map(node => node.textContent.trim()),
    saved.checkVisibility() && saved.textContent !== ''];
}"""


@pytest.mark.parametrize("name", ["", "de.html"])
def test_with_text_at_150_and_200_percent_the_page_fits_and_its_status_can_be_read(visitor, name):
    lab = visitor(document=document(native.walked(until=4)), viewport=DESK, reduced_motion="reduce")
    lab.page.goto(f"{lab.origin}/{name}")
    page = lab.ready().page
    for chart in CHARTS:
        lab.plot(chart)
    page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true })")
    lab.everything()
    for width in (1280, 1024, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for percent in (100, 150, 200):
            page.evaluate(LARGE, percent)
            page.wait_for_function(f"() => ({WIDE})() === 0", timeout=ANSWER_MS)  # the plots follow when they get to it
            assert page.evaluate(STATUS) == [[], True], f"{width} pixels, {percent} %"


# Every word that plotly has drawn, with its contrast against what it stands on: its bar and the pattern on that, or the page.
FAINT = """() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const over = (colour, ground, opacity = 1) => {
    const [r, g, b, alpha = 1] = numbers(colour);
    return `rgb(${[r, g, b].map((part, i) => part * alpha * opacity + numbers(ground)[i] * (1 - alpha * opacity)).join()})`;
  };
  const bright = colour => numbers(colour).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (one, other) => {
    const [dark, light] = [bright(one), bright(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const page = getComputedStyle(document.documentElement).backgroundColor;
  const grounds = text => {
    const bar = text.classList.contains('bartext-inside') && text.closest('.point').querySelector('path');
    const box = text.closest('.annotation')?.querySelector('.bg');
    if (box) return [over(getComputedStyle(box).fill, page)];
    if (!bar) return [page];
    const { fill, opacity } = getComputedStyle(bar), drawn = fill.match(/#([^"]+)/);
    if (!drawn) return [over(fill, page, opacity)];
    const shapes = [...document.getElementById(drawn[1]).children].map(shape => getComputedStyle(shape));
    let seen = page;
    return shapes.map(style => {
      const [rgb, faint] = style.stroke === 'none' ? [style.fill, style.fillOpacity] : [style.stroke, style.strokeOpacity];
      return over(seen = over(rgb, seen, faint), page, opacity);
    });
  };
  const words = [...document.querySelectorAll('.plot .main-svg text')].filter(text => text.textContent.trim());
  const read = words.flatMap(text => grounds(text).map(ground => {
    const { fill, fillOpacity, opacity } = getComputedStyle(text);
    return [Math.round(100 * contrast(over(fill, ground, fillOpacity * opacity), ground)) / 100, text.textContent, fill, ground];
  }));
  return [new Set(words.map(text => text.closest('.plot').dataset.key)).size, read.filter(([found]) => found < 4.5)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_that_plotly_draws_can_be_read(visitor, scheme):
    lab = visitor(document=document(native.walked(until=4)), viewport=DESK, color_scheme=scheme).open()
    lab.reach(lab.node("act2.map.start")).press("Enter")
    for chart in (*CHARTS, "act2.map"):
        lab.plot(chart)
    expect(lab.node("act2.map.plot").locator(".bartext").first).to_be_visible()
    drawn, faint = lab.page.evaluate(FAINT)
    assert drawn == len(CHARTS) + 1
    assert faint == []


INK = """() => ['html', '[data-key="act1.message.text"]', '[data-key="act1.chart.plot"] .xtitle']
  .map(name => getComputedStyle(document.querySelector(name)))
  .map(style => style.fill === 'rgb(0, 0, 0)' ? style.color : style.fill)"""
PAPER = "() => getComputedStyle(document.documentElement).backgroundColor"


def brightness(colour):
    """The mean of a CSS colour's three parts, 0 to 255."""
    return sum(float(part) for part in re.findall(r"[0-9.]+", colour)[:3]) / 3


def test_the_dark_page_is_dark_and_its_charts_too(visitor):
    lab = visitor(color_scheme="dark", viewport=DESK).open()
    lab.answer("act1.prediction", "about_50")
    expect(lab.plot("act1.chart").locator(".xtitle")).to_be_visible()
    ink, paper = lab.page.evaluate(INK), lab.page.evaluate(PAPER)
    assert min(map(brightness, ink)) > 127 > brightness(paper)
    lab.page.emulate_media(color_scheme="light")
    lab.page.wait_for_function(f"before => ({INK})().every((colour, i) => colour !== before[i])", arg=ink)
    ink, paper = lab.page.evaluate(INK), lab.page.evaluate(PAPER)
    assert max(map(brightness, ink)) < 127 < brightness(paper)


# What paper shows of the walk, from top to bottom, with the edges of each part; and what of a bench would lie over the rest.
ON_PAPER = """() => {
  const shown = [...document.querySelectorAll('.scene, .door')].filter(node => node.checkVisibility());
  const sticking = [...document.querySelectorAll('.seen')].filter(node => getComputedStyle(node).position !== 'static');
  const edges = shown.map(node => node.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]);
  return { names: shown.map(({ id }) => id), edges, sticking: sticking.length };
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_paper_shows_the_scenes_that_are_revealed_and_the_doors_that_were_opened_in_order(visitor, width):
    lab = visitor(document=document(native.walked(until=1)), viewport={"width": width, "height": 800}).open()
    for name in ("blocks", "derivation", "words"):  # one at a time: only the last still stands open
        lab.door(name)
    lab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    lab.page.emulate_media(media="print")
    found = lab.page.evaluate(ON_PAPER)
    scenes = [
        "act1/predict",
        "act1/wall",
        "act1/calculator",
        "why/derivation",
        "act1/twist",
        "why/blocks",
        "act1/length",
    ]
    assert found["names"] == [*scenes, "takeaway", "why/words"]
    assert found["sticking"] == 0
    assert all(below[0] >= above[1] for above, below in pairwise(found["edges"]))
    assert lab.page.evaluate(WIDE) == 0
    for hidden in (".rail", ".status", ".doors", ".onward", ".door-head .shut", ".controls input"):
        assert not any(node.is_visible() for node in lab.page.locator(hidden).all()), hidden
    for kept in ("act1.card.users", "act1.blocks.body", "act1.wall.reveal.picture", "act1.chart.plot"):
        expect(lab.node(kept)).to_be_visible()


IN_PAGE = """async ([parts, code, files]) => {
  const { startPython } = await import(parts + 'python.mjs');
  const python = await startPython();
  for (const [name, text] of Object.entries(files)) python.FS.writeFile(name, text);
  return python.runPython(code);
}"""
EVALUATED = """
import json
import scenarios, views
from acts import shipped
from state import store
from threads import methods
assert not methods.unknown, methods.unknown  # the build knew every method that a dataclass here is given
json.dumps([scenarios.evaluate(scenario, shipped.course()) for scenario in scenarios.SCENARIOS])
"""
IMPORTED = """
import importlib, json, sys, zipfile
failed = {}
names = [name for name in zipfile.ZipFile('/lib/python314.zip').namelist() if name.endswith('.pyc')]
for name in [*json.loads(wanted), *(n[:-4].removesuffix('/__init__').replace('/', '.') for n in names)]:
    try:
        importlib.import_module(name)
    except BaseException as failure:
        failed[name] = repr(failure)
json.dumps([len(names), failed])
"""
REMEMBERED = """
import json, marshal, zipfile
from types import CodeType
def every(code):
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from every(part)
found = {}
for place in ('/app.zip', '/lib/python314.zip'):
    with zipfile.ZipFile(place) as archive:
        names = [name for name in archive.namelist() if name.endswith('.pyc')]
        for code in (code for name in names for code in every(marshal.loads(archive.read(name)[16:]))):
            seen = found.setdefault(place, {'lines': 0, 'columns': 0})
            seen['lines'] += any(line for *_, line in code.co_lines())
            seen['columns'] += any(column is not None for *_, column, _ in code.co_positions())
json.dumps(found)
"""


def in_python(lab, code, files):
    """What a Python in the page, started as the lab starts it, makes of some code, beside files of its own."""
    lab.page.goto(f"{lab.origin}/physics.html")
    lab.page.set_default_timeout(120_000)
    return json.loads(lab.page.evaluate(IN_PAGE, [lab.parts(), code, files]))


def test_cpython_and_pyodide_agree_to_the_last_digit(visitor):
    there = in_python(visitor(), EVALUATED, {"scenarios.py": Path(scenarios.__file__).read_text(encoding="utf-8")})
    here = [scenarios.evaluate(scenario, native.shipped()) for scenario in scenarios.SCENARIOS]
    assert len(here) >= 50
    assert there == json.loads(json.dumps(here))


def test_the_trimmed_library_lacks_nothing_that_the_lab_or_its_tests_in_the_page_import(visitor):
    sources = [*(native.CONTENT.parent / "py").rglob("*.py"), Path(scenarios.__file__)]
    imported = compiling.needed({str(file): file.read_bytes() for file in sources})
    wanted = sorted(name for name in imported if name in sys.stdlib_module_names and name != "__future__")
    kept, failed = in_python(visitor(), f"wanted = {json.dumps(wanted)!r}\n{IMPORTED}", {})
    assert failed == {}
    assert 100 < kept < 300


def test_what_comes_compiled_knows_its_lines_and_no_columns(visitor):
    found = in_python(visitor(), REMEMBERED, {})
    assert len(found) == 2  # functions and modules, of the application and of the library
    assert all(seen["lines"] > 1000 and seen["columns"] == 0 for seen in found.values()), found
