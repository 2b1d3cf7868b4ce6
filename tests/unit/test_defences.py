"""The table of defences is that of docs/faults.md, and each line that it would take out still stands, once."""

import re

import pytest

from tests.defences import ROOT, defences

TABLE = defences()


TEXT = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
ROWS = [row.strip("| ").split(" | ") for row in TEXT.splitlines() if row.startswith("| ") and "|---" not in row][1:]


def test_every_fault_of_the_documentation_has_its_line():
    assert [fault for fault, *_ in ROWS] == [defence.fault for defence in TABLE]


def named(tests):
    """The tests that a row names: each its file, words of its name, and one of its cases."""
    for file, said in re.findall(r"`(\w+/test_\w+\.py)`([^`]*)", re.sub(r"\([^)]*\)", "", tests)):
        for words in re.split("[;,]", said):
            yield file, *re.fullmatch(r"[^\w[]*(?:and )?(.*?)\W*(?:\[(.*)\])?\s*", words).groups()


@pytest.mark.parametrize(("fault", "tests"), [(row[0], row[2]) for row in ROWS], ids=lambda part: part[:40])
def test_the_tests_that_a_row_names_are_there(fault, tests):
    found = list(named(tests))
    assert found, fault
    for file, words, case in found:
        source = (ROOT / "tests" / file).read_text(encoding="utf-8")
        name = re.sub(r"\W+", "_", words.lower())
        assert re.search(rf"def test_\w*{name}", source), (file, words)
        assert case is None or f'"{case}"' in source, (file, case)


@pytest.mark.parametrize("defence", TABLE, ids=lambda defence: defence.fault)
def test_the_line_stands_once_and_would_change(defence):
    assert (ROOT / defence.file).read_text(encoding="utf-8").count(defence.line) == 1
    assert defence.line != defence.instead
    if defence.twice:
        file, line = defence.twice
        assert (ROOT / file).read_text(encoding="utf-8").count(line) == 1
    assert (ROOT / defence.test).exists()
