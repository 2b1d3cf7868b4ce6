"""The passes: each has the one shape, each can be left out, and one that doesn't fit is named and changes nothing."""

from pathlib import Path

import pytest

from tools import passes
from tools.passes import machine_code, pieces, pyscript, trampolines, turns
from tools.passes.compiling import packed
from tools.passes.shape import APP, LIBRARY, MACHINE_CODE, PLUMBING, SCRIPT, NotHere, Pass
from tools.trouble import BuildError


@pytest.mark.parametrize("each", passes.PASSES, ids=passes.NAMES)
def test_a_pass_says_what_it_does_what_it_brings_and_what_is_without_it(each):
    assert each.does.endswith(".") and each.without.endswith(".")
    assert any(sign.isdigit() for sign in each.gain)  # measured


def changing(name, key):
    """A pass that changes one part."""
    return Pass(name, "It does.", "2 s", "Not without.", lambda parts, _: {key: parts[key] + name.encode()})


def refusing(parts, workshop):
    raise NotHere("these runtimes are built otherwise")


def test_a_pass_that_does_not_fit_is_named_and_the_build_goes_on_without_it(monkeypatch, capsys):
    stuck = Pass("stuck", "It does.", "2 s", "All takes longer.", refusing)
    monkeypatch.setattr(passes, "PASSES", (changing("a", "x"), stuck, changing("b", "x")))
    assert passes.applied({"x": b"", "y": b"y"}, None) == ({"x": b"ab", "y": b"y"}, {"a": ["x"], "b": ["x"]})
    assert (
        capsys.readouterr().out == "Without the pass 'stuck': these runtimes are built otherwise. All takes longer.\n"
    )
    assert passes.applied({"x": b""}, None, without=["a", "stuck"]) == ({"x": b"b"}, {"b": ["x"]})
    assert capsys.readouterr().out == ""


def test_a_pass_that_fails_stops_the_build(monkeypatch):
    def failing(parts, workshop):
        raise BuildError("no Node")

    monkeypatch.setattr(passes, "PASSES", (Pass("failing", "It does.", "2 s", "Slow.", failing),))
    with pytest.raises(BuildError, match="no Node"):
        passes.applied({}, None)


@pytest.mark.parametrize("each", [turns, pieces, machine_code, trampolines, pyscript], ids=lambda each: each.PASS.name)
def test_runtimes_that_are_built_otherwise_are_left_as_they_are(each):
    strange = {
        SCRIPT: b"export {}",
        PLUMBING: b"export {}",
        MACHINE_CODE: b"no module",
        APP: packed({}),
        LIBRARY: packed({}),
    }
    with pytest.raises(NotHere):
        each.PASS.apply(strange, None)
    with pytest.raises(NotHere):
        each.PASS.apply({APP: packed({})}, None)


def test_the_stock_machine_code_stays_beside_the_changed_one():
    module = b"\0asm\1\0\0\0"
    assert trampolines.PASS.apply({MACHINE_CODE: module}, None) == {MACHINE_CODE: module, trampolines.STOCK: module}


def test_the_documents_table_says_of_each_pass_what_the_code_says():
    text = (Path(passes.__file__).parents[2] / "docs/performance.md").read_text(encoding="utf-8")
    rows = [f"| `{each.name}` | {each.does} | {each.gain} |" for each in passes.PASSES]
    assert [line for line in text.splitlines() if line.startswith("| `")] == rows
