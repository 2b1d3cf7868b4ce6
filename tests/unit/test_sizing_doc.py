"""docs/sizing.md: its fields are the code's, its examples run, its functions are the package's."""

import contextlib
import io
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

import kvwall
from kvwall import command
from sizing import plain, trace
from sizing.question import Allowed, Promise

TEXT = (Path(__file__).parents[2] / "docs/sizing.md").read_text(encoding="utf-8")


def section(title):
    """The part of the document under a heading."""
    return re.split(r"^## ", TEXT.partition(f"\n## {title}\n")[2], flags=re.M)[0]


def named(title):
    """What the first column of a section's tables names."""
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_fields_of_a_question_are_those_that_are_known():
    known = [*plain.QUESTION, *(f"traffic.{name}" for name in plain.TRAFFIC)]
    known += [f"promise.{each.name}" for each in fields(Promise)] + [f"allowed.{each.name}" for each in fields(Allowed)]
    assert sorted(named("A question")) == sorted(known)


def test_the_fields_of_a_design_are_those_that_are_known():
    assert sorted(named("A design")) == sorted(plain.DESIGN)


def test_the_functions_are_those_of_the_package():
    told = {name.partition("(")[0] for name in named("In Python")}
    assert told == {name for name in kvwall.__all__ if not name.endswith("Error")}


def test_the_commands_are_those_that_there_are():
    told = {name.removeprefix("kvwall ").split()[0] for name in named("The command")}
    parts = next(action for action in command.parser()._actions if action.choices)
    assert told == set(parts.choices)


def test_the_columns_of_a_file_are_read():
    known = {*trace.TIMES, *(name for names in trace.COLUMNS.values() for name in names)}
    told = re.findall(r"`([^`]+)`", section("A file of requests").partition("\n\n")[0].partition("by the columns")[2])
    columns = [name for name in told if not name.startswith("vllm ")]
    assert len(columns) > 12
    assert {re.sub(r"[^a-z]", "", name.lower()) for name in columns} <= known


@pytest.mark.parametrize("status", [command.HOLDS, command.FAILS, command.MISTAKE, command.CLOSE])
def test_each_exit_status_is_told(status):
    assert re.search(rf"^\| {status} \| ", section("The command"), re.M)


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"^```json (\S+)\n(.*?)^```", TEXT, re.M | re.S):
        (tmp_path / name).write_text(text)
    (lines,) = re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S)
    assert lines.count("\n") > 4
    for line in lines.splitlines():
        first, *words = shlex.split(line)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert first == "kvwall" and command.main(words) == 0, line
        assert said.getvalue()
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(code, "docs/sizing.md", "exec"), {})
    assert said.getvalue().splitlines()[-1] == "kept"
