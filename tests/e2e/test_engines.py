"""The way through the lab in Firefox and in WebKit, with the numbers of the engine run beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from record import ledger
from state import store
from tests import lab as native
from tests.e2e.conftest import LEDGER
from tests.e2e.engines import ANSWER_S, Firefox, MissingBrowser, WebKit, started, until

ENGINES = {"Firefox": Firefox, "WebKit": WebKit}
FAILED: dict[type, str] = {}  # engines that did not start, and why: none is tried twice
NODE = 'const node = document.querySelector(`[data-key="${arguments[0]}"]`); '


class Visit:
    """A page in some browser, and the state that it should be in."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address = browser, address
        self.state = native.start()

    def open(self) -> None:
        """Open the lab and wait until Python answers."""
        self.browser.goto(self.address)
        booted = "return document.documentElement.dataset.boot !== 'loading' && document.documentElement.dataset.boot"
        assert until(lambda: self.browser.run(booted), ANSWER_S, "Python") == "ready"

    def reads(self, key: str) -> str:
        """What a node says."""
        return " ".join(self.browser.run(NODE + "return node.textContent", key).split())

    def answer(self, question: str, option: str) -> None:
        """Pick an option and commit it, on both sides."""
        self.browser.run(NODE + "node.click()", f"{question}.{option}.input")
        until(lambda: self.browser.run(NODE + "return node.checked", f"{question}.{option}.input"), 10, option)
        self.browser.run(NODE + "node.click()", f"{question}.commit")
        self.is_locked(question)
        self.state = native.settled(native.answered(self.state, question, option))

    def is_locked(self, question: str) -> None:
        """Wait until a question is committed."""
        locked = NODE + "return node.dataset.state === 'locked'"
        until(lambda: self.browser.run(locked, question), ANSWER_S, f"{question} locked")

    def set(self, control: str, value: object) -> None:
        """Type a number, on both sides."""
        typed = NODE + "node.value = arguments[1]; node.dispatchEvent(new Event('change', { bubbles: true }))"
        self.browser.run(typed, f"{control}.number", str(value))
        self.state = native.settled(native.after(self.state, store.ControlMoved(control, value)))

    def agrees(self, *keys: str) -> None:
        """Wait until some nodes say what the engine run beside it says."""
        for key in keys:
            wanted = native.says(self.state, key)
            until(lambda key=key, wanted=wanted: self.reads(key) == wanted, ANSWER_S, f"{key}: {wanted}")


@pytest.fixture(params=ENGINES)
def visit(request: pytest.FixtureRequest, origin: str) -> Iterator[Visit]:
    """A visit in each of the browsers; one that isn't on this machine, or doesn't start here, is skipped with the reason."""
    try:
        browser = started(ENGINES[request.param], FAILED)
    except MissingBrowser as missing:
        pytest.skip(str(missing))
    yield Visit(browser, f"{origin}/")
    browser.close()


@pytest.mark.parametrize(("programs", "starts"), [(("firefox-esr",), Firefox), (("WebKitWebDriver", "Xvfb"), WebKit)])
def test_a_browser_that_does_not_start_is_no_failure_but_a_reason(programs, starts, tmp_path, monkeypatch):
    """Stand-ins that end at once, as a browser does where it may not run; the second asking doesn't try again."""
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\nexit 7\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    failed: dict[type, str] = {}
    with pytest.raises(MissingBrowser, match=r"does not start: .*ended at once, with status 7"):
        started(starts, failed)
    with pytest.raises(MissingBrowser, match="status 7"):
        started(starts, failed)


def test_from_the_first_prediction_to_a_reload(visit):
    visit.open()
    right = {question: native.right_option(question, "latency") for question in native.QUESTIONS}
    visit.answer("act1.prediction", right["act1.prediction"])
    visit.set("act1.context", 8192)
    visit.agrees("act1.card.users", "act1.card.kv_user", "act1.reality.physics")
    visit.answer("act1.reflection", right["act1.reflection"])
    visit.answer("act2.prediction", right["act2.prediction"])
    visit.agrees("act2.a.state", "act2.b.state", "status.ttft.value", "act2.prediction.feedback")
    text = visit.browser.run("return localStorage.getItem(arguments[0])", LEDGER)
    questions = {fact["question"] for fact in ledger.of_kind(ledger.read(text).record.facts, "answered")}
    assert questions == {"act1.prediction", "act1.reflection", "act2.prediction"}
    visit.open()
    visit.is_locked("act2.prediction")
    visit.agrees("status.act1.value", "act1.card.users")
    assert visit.reads("status.ledger.value") == native.shipped().at("words.saved_device")
