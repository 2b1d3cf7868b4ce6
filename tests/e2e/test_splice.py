"""A book that keeps its readers' work by SPLICE, written from the protocol (cssplice.org): it answers what a frame asks, and
keeps what a frame reports. It is another site than the lab's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from tests import lab as native
from tests.e2e.conftest import BROWSER, CHROMIUM
from tests.e2e.test_embed import BLOCKED, PARTITIONED, Book

WORDS = native.shipped().at("embed.host")
# The host of one frame: its readers' work lives in its own storage, as JSON, as a server would keep it.
HOST = """<script>
heard = [];
speaks = new URLSearchParams(location.search).get("speaks");
addEventListener("message", ({ source, data }) => {
  const frame = [...document.querySelectorAll("iframe")].find(({ contentWindow }) => contentWindow === source);
  heard.push(data);
  if (!frame || !frame.title) return;
  if (data.subject === "lti.frameResize") frame.style.height = `${data.height}px`;
  if (speaks === "nothing") return;
  if (data.subject === "SPLICE.reportScoreAndState")
    localStorage.setItem(frame.src, JSON.stringify({ score: data.score, state: JSON.stringify(data.state) }));
  if (data.subject === "SPLICE.getState") {
    const { state } = JSON.parse(localStorage.getItem(frame.src) ?? "{}");
    source.postMessage({ subject: "SPLICE.getState.response", message_id: data.message_id, state }, "*");
  }
});
</script>"""
KEPT = "() => JSON.parse(localStorage.getItem(document.querySelector('iframe').src) ?? 'null')"
SCORE = f"score => ({KEPT})()?.score === score"


class Host(Book):
    """A book of that kind, and a reader who has it open."""

    @property
    def inside(self) -> FrameLocator:
        """What is in the lab's frame."""
        return self.page.frame_locator("iframe[title=Lab]")

    def read(self, query: str, speaks: str = "") -> Host:
        """Read a page with the lab in a frame."""
        frame = f'<iframe src="{self.lab}/?embed=1&act=1{query}" title="Lab" width="100%" height="400"></iframe>'
        icon = '<link rel="icon" href="data:,">'
        (self.folder / "page.html").write_text(f"<!doctype html><title>A book</title>{icon}{HOST}<body>{frame}")
        self.page.goto(f"{self.origin}/page.html?speaks={speaks}")
        return self

    def spoken(self) -> list[Any]:
        """What the host heard in its protocol."""
        return [
            said for said in self.page.evaluate("heard") if str(said.get("subject")).startswith(("SPLICE.", "lti."))
        ]

    def has(self, score: float) -> dict[str, Any]:
        """Wait until the host has this score; the state that came with it."""
        self.page.wait_for_function(SCORE, arg=score)
        state: dict[str, Any] = json.loads(self.page.evaluate(KEPT)["state"])
        return state

    def is_locked(self) -> None:
        """The first prediction is committed, as it was."""
        expect(self.node("act1.prediction")).to_have_attribute("data-state", "locked")
        expect(self.node("act1.prediction.about_50.input")).to_be_checked()


@pytest.fixture
def host(browser: Browser, origin: str, tmp_path: Path) -> Iterator[Any]:
    """A book with a reader, in a browser whose storage is the site's own, or one that blocks it for frames."""
    made: list[Host] = []
    own = browser.browser_type.launch(executable_path=BROWSER, args=[*CHROMIUM, PARTITIONED])

    def opened(storage: str) -> Host:
        made.append(Host(own, origin, tmp_path))
        if storage == "blocked":
            made[-1].context.add_init_script(BLOCKED)
        return made[-1]

    yield opened
    for each in made:
        each.close()
    own.close()


def test_where_the_frames_storage_is_blocked_the_host_gives_the_work_back(host):
    """The host stores objects as text and gives them back so; an id of the frame is all that it knows of it."""
    read = host("blocked").read("&splice=1").ready()
    expect(read.node("embed.points")).to_contain_text("keeps your work and gets your points: 0 of 10")
    read.answer("act1.prediction", "about_50")
    state = read.has(0.1)
    expect(read.node("embed.saved")).to_contain_text("The page around the lab keeps your work")
    assert "only" not in read.node("notices.box").inner_text()  # nothing is lost when the page is closed
    assert [fact["option"] for fact in state["kv_cache_lab"]["facts"]] == ["about_50"]
    read.page.wait_for_function(
        "heard.at(-1).height === document.querySelector('iframe').clientHeight || heard.at(-1).score"
    )
    assert read.page.evaluate("document.querySelector('iframe').clientHeight") > 1000
    read.page.reload()
    read.ready().is_locked()
    read.answer("act1.reflection", native.right_option("act1.reflection", "latency"))
    assert len(read.has(0.2)["kv_cache_lab"]["facts"]) == 2
    assert {said["subject"] for said in read.spoken()} <= {
        "SPLICE.getState",
        "SPLICE.reportScoreAndState",
        "lti.frameResize",
    }


def test_a_book_that_keeps_nothing_is_not_said_to(host):
    """A PreTeXt book on a plain server sets the frame's height, and answers nothing else."""
    read = host("partitioned").read("&splice=1", speaks="nothing").ready()
    read.page.wait_for_function("document.querySelector('iframe').clientHeight > 1000")
    expect(read.node("embed.points")).to_contain_text("hasn't said that it keeps them")
    read.answer("act1.prediction", "about_50")
    read.page.wait_for_function("heard.some(({ score }) => score === 0.1)")


FORGED = """<script>
const texts = { name: { text: "forged", at: "2026-01-01T00:00Z", edits: 9 } };
const state = { kv_cache_lab: { schema: 1, facts: [], settings: { texts } } };
for (let i = 0; i < parent.length; i++) for (const message_id of [undefined, null, "1", parent.heard?.[0]?.message_id])
  parent[i].postMessage({ subject: "SPLICE.getState.response", message_id, state }, "*");
parent.forged = true;
</script>"""


def test_a_host_that_speaks_first_is_answered_and_nobody_else(host):
    """Another frame of the same page knows even the question's id; the host itself answers to a question that nobody asked."""
    read = host("partitioned").read("", speaks="nothing").ready()
    assert read.spoken() == []
    read.page.evaluate("document.querySelector('iframe').contentWindow.postMessage({ subject: 'SPLICE.hello' }, '*')")
    read.page.wait_for_function("heard.some(({ subject }) => subject === 'SPLICE.getState')")
    read.page.evaluate("heard = heard.filter(({ subject }) => subject === 'SPLICE.getState')")
    read.page.evaluate(
        "page => document.body.append(Object.assign(document.createElement('iframe'), { srcdoc: page }))", FORGED
    )
    read.page.wait_for_function("window.forged")
    read.page.evaluate(
        """() => { for (const message_id of [undefined, "1", 1, {}])
          frames[0].postMessage({ subject: "SPLICE.getState.response", message_id, state: "x" }, "*") }"""
    )
    read.choose("act1.prediction.about_50.input")
    expect(read.node("embed.points")).to_have_text("0 of 10 points. Next: commit a prediction.")
    assert read.node("report.name.area").input_value() == ""
    assert not any(said["subject"].startswith("SPLICE.report") for said in read.spoken())
    read.page.evaluate(
        """() => { speaks = ""; const { message_id } = heard[0];
          frames[0].postMessage({ subject: "SPLICE.getState.response", message_id, state: null }, "*") }"""
    )
    expect(read.node("embed.points")).to_contain_text("gets your points: 0 of 10")
    read.answer("act1.prediction", "about_50")
    read.has(0.1)


def test_work_that_the_host_has_never_seen_goes_there_only_if_the_reader_says_so(host):
    read = host("partitioned").read("").ready()
    read.answer("act1.prediction", "about_50")
    read.read("&splice=1").ready()
    expect(read.node("embed.host.box")).to_be_visible()
    read.is_locked()
    assert read.page.evaluate(KEPT) is None
    read.inside.get_by_role("button", name=WORDS["allow"]).click()
    expect(read.node("embed.host.box")).to_be_hidden()
    assert len(read.has(0.1)["kv_cache_lab"]["facts"]) == 1
