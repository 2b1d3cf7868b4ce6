"""No text of the content can ask for a number that it isn't given: what the build allows is what the views give."""

import ast
import re

import pytest

from tests import given
from tests import lab as native
from tools import proof

ALLOWED = proof.given()
NAMES = frozenset().union(*ALLOWED.values())


@pytest.fixture(scope="module")
def walked():
    return given.walked()


@pytest.fixture
def found(walked):
    return walked[0]


def test_the_build_allows_a_text_no_name_that_a_view_does_not_give_it(found):
    wrong = [
        (slot, name) for slot in found for name in NAMES if name in ALLOWED.get(slot, ()) and name not in found[slot]
    ]
    assert wrong == [], "python -m tests.given writes site/content/given.json anew"


def test_what_the_build_allows_is_found_by_the_walks_or_named_as_not_reached(found):
    file = given.read()
    reached = {slot for group in file["reached"] for slot in group["texts"]}
    assert reached <= set(found) and not set(file["unreached"]) & set(found)


def test_a_text_that_no_walk_reaches_may_ask_for_what_it_asks_for_now():
    asked = {}
    for slot, _, text in proof.texts(native.shipped()):
        asked.setdefault(slot, set()).update(given.names_in(text))
    assert all(names <= asked[slot] for slot, names in ALLOWED.items() if slot in given.read()["unreached"])


SITE = native.CONTENT.parent
SOURCES = [
    file
    for folder in (SITE, SITE.parent / "kvwall", SITE.parent / "tools", SITE.parent / "_extensions")
    for file in folder.rglob("*")
    if file.suffix in (".py", ".js", ".mjs", ".html", ".lua")
    and file.name not in ("shape.py", "common.py", "shared.py")  # which only list the keys
]


def words_of_the_code():
    """Every word of the sources, and a pattern for each name that is put together."""
    words, patterns = set(), set()
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        words |= set(re.findall(r"\w+", text))
        for node in ast.walk(ast.parse(text)) if file.suffix == ".py" else ():
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                patterns |= {name for name in "".join(parts).split(".") if re.fullmatch(r"\0?\w{4,}\0?", name)}
    return words, [re.compile(name.replace("\0", r"\w+")) for name in patterns]


def test_every_word_of_the_content_is_read(walked):
    words, patterns = words_of_the_code()
    names = {
        slot: slot.removesuffix(".*").rpartition(".")[2]
        for slot, _, _ in proof.texts(native.shipped())
        if slot[-1] != "]"
    }
    unread = [slot for slot, name in names.items() if slot not in walked[1] and name not in words]
    assert [slot for slot in unread if not any(pattern.fullmatch(names[slot]) for pattern in patterns)] == []
