"""Where Pyodide's start lets the page have its turn: changed where it stands once, refused where it doesn't."""

import pytest

from tools import patience
from tools.trouble import BuildError

NAME = "pyodide/pyodide.mjs"
PLAIN, WAITING = next(iter(patience.PLACES[NAME].items()))


def test_a_place_is_changed_and_nothing_around_it():
    assert patience.patient(NAME, f"before();{PLAIN}after()") == f"before();{WAITING}after()"


@pytest.mark.parametrize("text", ["before();after()", f"{PLAIN}{PLAIN}"], ids=["gone", "twice"])
def test_a_pyodide_that_starts_otherwise_is_refused_with_the_place_to_look(text):
    with pytest.raises(BuildError, match=r"tools/patience\.py"):
        patience.patient(NAME, text)


@pytest.mark.parametrize("name", patience.PLACES)
def test_no_place_hides_another(name):
    whole = ";".join(patience.PLACES[name])
    assert patience.patient(name, whole) == ";".join(patience.PLACES[name].values())
