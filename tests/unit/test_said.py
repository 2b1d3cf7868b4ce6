"""What a screen reader says of a verdict: all of it, once, when it is news."""

import pytest

import views
from record import ledger
from state import store
from tests import lab as native


def said(state, question):
    """What is said of a question's verdict."""
    return native.says(state, f"{question}.said")


@pytest.mark.parametrize("question", native.QUESTIONS)
def test_a_verdict_is_said_when_it_is_there_and_not_on_the_next_visit(question):
    before = native.walked(until=native.QUESTIONS.index(question))
    assert said(before, question) == ""
    asked = native.answered(before, question, native.right_option(question, "latency"))
    waits = views.frame(native.shipped(), asked)[f"{question}.feedback"]["state"] == "waiting"
    assert (said(asked, question) == "") == waits
    there = native.settled(asked)
    assert said(there, question) == native.says(there, f"{question}.feedback") != ""
    text, _ = ledger.write(None, there.record, store.fields(native.shipped(), there), native.AT)
    read = store.LedgerRead(ledger.read(text), store.DEVICE, restore=True)
    back = native.settled(native.after(native.start(), read))
    assert native.says(back, f"{question}.feedback") != "" == said(back, question)


def test_a_verdict_is_not_said_again_when_the_learner_comes_back_from_the_other_side():
    state = native.walked(until=1)
    assert said(state, "act1.prediction") != ""
    there = native.after(state, store.ContextChosen("throughput"))
    back = native.after(there, store.ContextChosen("latency"))
    assert said(there, "act1.prediction") == said(back, "act1.prediction") == ""
