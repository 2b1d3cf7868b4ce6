"""No text of the content can ask for a number that it isn't given: what the build allows is what the views give."""

import pytest

from tests import given
from tests import lab as native
from tools import proof

ALLOWED = proof.given()
NAMES = frozenset().union(*ALLOWED.values())


@pytest.fixture(scope="module")
def found():
    return given.walked()


def test_the_build_allows_a_text_no_name_that_a_view_does_not_give_it(found):
    wrong = [
        (slot, name) for slot in found for name in NAMES if name in ALLOWED.get(slot, ()) and name not in found[slot]
    ]
    assert wrong == [], "python -m tests.given writes tools/given.json anew"


def test_what_the_build_allows_is_found_by_the_walks_or_named_as_not_reached(found):
    file = given.read()
    reached = {slot for group in file["reached"] for slot in group["texts"]}
    assert reached <= set(found) and not set(file["unreached"]) & set(found)


def test_a_text_that_no_walk_reaches_may_ask_for_what_it_asks_for_now():
    asked = {}
    for slot, _, text in proof.texts(native.shipped()):
        asked.setdefault(slot, set()).update(given.names_in(text))
    assert all(names <= asked[slot] for slot, names in ALLOWED.items() if slot in given.read()["unreached"])
