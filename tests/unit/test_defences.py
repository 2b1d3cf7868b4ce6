"""The table of defences is that of docs/faults.md, and each line that it would take out still stands, once."""

import pytest

from tests.defences import ROOT, defences

TABLE = defences()


def test_every_fault_of_the_documentation_has_its_line():
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1].strip() for row in text.splitlines() if row.startswith("| ") and "|---" not in row]
    assert rows[1:] == [defence.fault for defence in TABLE]


@pytest.mark.parametrize("defence", TABLE, ids=lambda defence: defence.fault)
def test_the_line_stands_once_and_would_change(defence):
    assert (ROOT / defence.file).read_text(encoding="utf-8").count(defence.line) == 1
    assert defence.line != defence.instead
    if defence.twice:
        file, line = defence.twice
        assert (ROOT / file).read_text(encoding="utf-8").count(line) == 1
    assert (ROOT / defence.test).exists()
