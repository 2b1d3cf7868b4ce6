"""The lab as one file, opened from a folder without any server."""

from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tools import runtimes, single


def test_one_file_is_the_whole_lab(browser, dist, tmp_path):
    place = tmp_path / "kv-cache-lab.html"
    place.write_text(single.fold(dist, runtimes.ROOT / "site"), encoding="utf-8")
    lab = Lab.new(browser, "file://", viewport=DESK)
    lab.page.goto(place.as_uri())
    lab.ready()
    state = native.answered(native.start(), "act1.prediction", "about_50")
    lab.answer("act1.prediction", "about_50")
    lab.shows("act1.prediction.feedback", native.says(state, "act1.prediction.feedback"))
    lab.plot("act1.chart")
    for question in native.QUESTIONS[1:3]:
        lab.answer(question, native.right_option(question, "latency"))
    expect(lab.node("act2.prediction.feedback")).to_have_attribute("data-state", "right", timeout=60_000)
    lab.reload()
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    asked = [url for url in lab.requests if not url.startswith(("blob:", "data:"))]
    assert {url.rpartition("/")[2] for url in asked} <= {place.name, "simulator.mjs"}
    lab.context.close()
    assert [error for error in lab.errors if "simulator.mjs" not in error] == []
