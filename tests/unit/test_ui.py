"""The loop of the page, with a browser that does nothing."""

import importlib
import sys
from types import ModuleType
from unittest.mock import MagicMock

import pytest

from state import store
from tests import lab as native


@pytest.fixture
def app(monkeypatch):
    """The application's loop, before its first event."""
    for name, things in (
        ("js", ("console", "document", "window")),
        ("pyodide", ()),
        ("pyodide.ffi", ("create_proxy",)),
    ):
        module = ModuleType(name)
        for thing in things:
            setattr(module, thing, MagicMock())
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "ui", raising=False)
    made = importlib.import_module("ui").App(native.shipped())
    monkeypatch.delitem(sys.modules, "ui")
    return made


def committed(app):
    """The action that has a record to save and a run to simulate."""
    app.state = native.after(native.walked(until=2), store.OptionChosen("act2.prediction", "one_for_both"))
    return store.AnswerCommitted("act2.prediction", native.AT)


def test_what_an_effect_leads_to_waits_until_the_other_effects_are_done(app, monkeypatch):
    log = []

    def carry_out(effect):
        log.append((type(effect), app.state.notices))
        if isinstance(effect, store.Save):
            app.dispatch(store.Noticed("Kept."))

    monkeypatch.setattr(app, "carry_out", carry_out)
    app.dispatch(committed(app))
    assert log == [(store.Save, ()), (store.Simulate, ()), (store.Simulate, ("Kept.",))]


def test_after_an_effect_that_failed_actions_are_taken_in_again(app, monkeypatch):
    monkeypatch.setattr(app, "carry_out", MagicMock(side_effect=OSError))
    with pytest.raises(OSError):
        app.take_in(committed(app))
    monkeypatch.setattr(app, "carry_out", MagicMock())
    app.take_in(store.Noticed("So it is."))
    assert app.state.notices == ("So it is.",) and app.carry_out.call_args.args[0].request
