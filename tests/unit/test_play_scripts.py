"""The game's scripts know no physics: they move what Python has computed, and paint it."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "site/scripts/7-playing-page"
SCRIPTS = sorted(FOLDER.glob("*.mjs"))
# What the engine reckons with. Strings are left out of the search: they name texts, nodes and colours.
PHYSICS = re.compile(r"ttft|tpot|token|prompt|arriv|blocks|bytes|batch|gpu|percentile|p99|random", re.I)
LEFT_OUT = re.compile(r"//[^\n]*|/\*.*?\*/|`[^`]*`|\"[^\"\n]*\"", re.S)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_script_of_the_game_names_what_the_engine_reckons_with(file):
    assert PHYSICS.findall(LEFT_OUT.sub("", file.read_text(encoding="utf-8"))) == []


def test_a_script_that_did_would_be_found():
    assert SCRIPTS
    assert PHYSICS.search(LEFT_OUT.sub("", 'const wait = firstToken - arrival; // a "comment"'))
