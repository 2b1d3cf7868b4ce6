"""Figures in the narrowest window, in the language with the longest words: every word is whole, and none lies on another."""

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import ANSWER_MS
from tests.e2e.twin import document

CHARTS = ("act1.chart", "act1.families", "act2.chart", "act2.roof", "act2.steps", "act2.tail", "act2.map")
CLASHES = """plot => {
  const room = plot.getBoundingClientRect();
  const words = [...plot.querySelectorAll('.main-svg text')].filter(node => node.textContent.trim() && node.checkVisibility())
    .map(node => ({ said: node.textContent, at: node.getBoundingClientRect() })).filter(({ at }) => at.width);
  const out = at => Math.max(room.left - at.left, at.right - room.right, room.top - at.top, at.bottom - room.bottom);
  const cut = words.filter(({ at }) => out(at) > 1);
  const shared = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);
  const over = (a, b) => shared(a, b, 'left', 'right') > 2 && shared(a, b, 'top', 'bottom') > 3;
  return [words.length > 2 ? [] : ['no words'], cut.map(({ said }) => `${said} is cut`),
    words.flatMap((a, i) => words.slice(i + 1).filter(b => over(a.at, b.at)).map(b => `${a.said} on ${b.said}`))].flat();
}"""


@pytest.mark.parametrize(("name", "size"), [("de.html", (320, 640)), ("", (320, 640)), ("", (667, 375))], ids=str)
def test_no_word_of_a_figure_is_cut_or_lies_on_another(visitor, name, size):
    lab = visitor(
        document=document(native.walked(until=4)),
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
    )
    lab.page.goto(f"{lab.origin}/{name}")
    lab.ready()
    found = []
    for key in CHARTS:
        plot = lab.plot(key)
        expect(plot.locator(".main-svg text").first).to_be_attached()
        lab.page.wait_for_function(
            "([plot, size]) => plot.querySelector('.main-svg').getBoundingClientRect().height <= plot.clientHeight + 1",
            arg=[plot.element_handle(), size],
            timeout=ANSWER_MS,
        )
        found += [f"{key}: {clash}" for clash in plot.evaluate(CLASHES)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=str)
def test_the_rooflines_picture_keeps_its_size_while_its_words_grow(visitor, size):
    """A picture that changes its size is all drawn anew, too late for a hand on a slider."""
    lab = visitor(document=document(native.walked(until=4)), viewport={"width": size[0], "height": size[1]}).open()
    plot, said = lab.plot("act2.roof"), lab.node("act2.roof.said")
    heights = {}
    for batch, context in ((1, 512), (128, 32_768)):  # the second doesn't fit, and says so
        lab.set("act2.roof.batch", batch)
        lab.set("act2.roof.context", context)
        expect(said).to_have_attribute("data-state", "warn" if batch > 1 else "info")
        heights[batch] = plot.evaluate("node => node.getBoundingClientRect().height")
    assert heights[1] == heights[128]


def test_only_a_bar_with_days_of_its_own_has_a_whisker(visitor):
    lab = visitor(document=document(native.walked(until=4)), viewport={"width": 1280, "height": 800}).open()
    plot = lab.plot("act2.chart")
    whiskers = "node => node.data.flatMap(trace => trace.error_y.array ?? [])"
    lab.page.wait_for_function(f"node => ({whiskers})(node).length > 0", arg=plot.element_handle(), timeout=ANSWER_MS)
    arms = plot.evaluate(whiskers)
    expect(plot.locator(".errorbar path.yerror")).to_have_count(len(arms))
    assert len(arms) <= 2 < len(plot.evaluate("node => node.data.flatMap(trace => trace.y)"))
