"""The lab with one more act that is a folder and a row: built as its makers ship Pyodide, and walked by a person."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.acts import with_act
from tests.e2e.conftest import Lab
from tests.e2e.twin import document
from tools import server
from tools.testing import BRISK


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The address of a lab with the act in it."""
    folder = with_act(tmp_path_factory.mktemp("house"))
    command = [sys.executable, "build.py", "--plain", "--settings", str(BRISK), "--out", str(folder / "dist")]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]
    site = server.server(folder / "dist")
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()


def test_it_is_walked_to_its_end_and_the_lab_ends_after_it(browser, house):
    lab = Lab.new(browser, house, document(native.walked(until=4)))
    lab.open()
    expect(lab.page.get_by_role("heading", name="One step for many")).to_be_visible()
    assert lab.node("synthesis.open").is_hidden()
    rail = lab.page.get_by_role("navigation", name=native.shipped().at("words.walk"))
    rail.get_by_role("link", name="What does a batch cost?").click()
    expect(lab.page).to_have_url(f"{house}/#act3/predict")
    expect(lab.page.get_by_role("heading", name="What does a batch cost?")).to_be_focused()
    assert lab.door("step").get_by_text("A step reads all weights").is_visible()
    lab.answer("act3.prediction", "same")
    expect(lab.node("act3.prediction.feedback")).to_contain_text("the weights are read once for all")
    lab.page.get_by_role("link", name="A step, by its batch").and_(lab.page.locator(".next")).click()
    expect(lab.page).to_have_url(f"{house}/#act3/batch")
    before = lab.node("act3.said").inner_text()
    lab.set("act3.batch", 64)
    expect(lab.node("act3.said")).to_contain_text("With 64 requests")
    assert lab.node("act3.said").inner_text() != before
    lab.answer("act3.reflection", "weights")
    expect(lab.node("status.act3.value")).to_have_text("done")
    expect(lab.node("synthesis.open")).to_be_visible()
    for scene in ("predict", "batch", "reason"):
        expect(lab.node(f"rail.act3/{scene}")).to_have_attribute("data-state", "done")
    lab.page.get_by_role("link", name="Why is it so cheap?").and_(lab.page.locator(".back")).click()
    expect(lab.page.get_by_role("heading", name="Why is it so cheap?")).to_be_focused()
    lab.page.go_back()
    expect(lab.page).not_to_have_url(f"{house}/#act3/reason")
    expect(lab.door("ledger").get_by_role("row", name="Prediction, Act III")).to_be_visible()
    lab.reload()
    expect(lab.node("act3.said")).to_contain_text("With 64 requests")
    lab.close()


@pytest.mark.parametrize("asked", ["3", "2"])
def test_a_frame_shows_the_act_that_it_asks_for_and_no_other(browser, house, asked):
    lab = Lab.new(browser, house)
    lab.page.goto(f"{house}/?embed=1&act={asked}")
    lab.ready()
    shown = [number for number in "123" if lab.page.locator(f'.act[data-number="{number}"] .act-title').is_visible()]
    assert shown == [asked]
    lab.close()
