"""Where Pyodide's start lets the page have its turn: changed where it stands once, refused where it doesn't."""

import pytest

from tools.passes import turns
from tools.passes.shape import SCRIPT as NAME
from tools.passes.shape import NotHere

PLAIN, WAITING = next(iter(turns.PLACES[NAME].items()))


def test_a_place_is_changed_and_nothing_around_it():
    assert turns.patient(NAME, f"before();{PLAIN}after()") == f"before();{WAITING}after()"


@pytest.mark.parametrize("text", ["before();after()", f"{PLAIN}{PLAIN}"], ids=["gone", "twice"])
def test_a_pyodide_that_starts_otherwise_is_refused_with_the_place_to_look(text):
    with pytest.raises(NotHere, match="instead of once"):
        turns.patient(NAME, text)


@pytest.mark.parametrize("name", turns.PLACES)
def test_no_place_hides_another(name):
    whole = ";".join(turns.PLACES[name])
    assert turns.patient(name, whole) == ";".join(turns.PLACES[name].values())
