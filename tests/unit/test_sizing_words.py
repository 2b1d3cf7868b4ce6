"""Every refusal of a question, a design or a file of requests has its sentence, in every language, with the facts it is given."""

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from sizing import trace

ROOT = Path(__file__).parents[2]
LANGUAGES = [ROOT / "site/content", *sorted((ROOT / "site/content").glob("*/"))]
RAISERS = [
    file for name in ("site/py/sizing", "site/py/sizer", "kvwall") for file in sorted((ROOT / name).glob("*.py"))
]


def raised():
    """The names that AskError is raised with, each with the facts that every one of its places gives."""
    found = defaultdict(list)
    for file in RAISERS:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            if isinstance(node, ast.Call) and "AskError" in (getattr(called, "id", ""), getattr(called, "attr", "")):
                given = {word.arg for word in node.keywords if word.arg}
                if any(word.arg is None for word in node.keywords):  # **facts, named where they are made
                    given |= {"line", "count", "lines"}
                found[node.args[0].value].append(given)
    return {name: set.intersection(*given) for name, given in found.items()}


def words(folder):
    return tomllib.loads((folder / "size.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", LANGUAGES, ids=lambda folder: folder.name)
def test_each_refusal_has_its_sentence_and_is_given_what_it_asks_for(folder):
    sentences, given = words(folder)["refusals"], raised()
    assert set(sentences) == set(given)
    for name, sentence in sentences.items():
        assert set(re.findall(r"\{(\w+)\}", sentence)) <= given[name], name


@pytest.mark.parametrize("folder", LANGUAGES, ids=lambda folder: folder.name)
def test_each_reason_for_leaving_a_line_out_has_its_words(folder):
    source = Path(trace.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'(?:Unread\(|_skip\(|_count\(.*, )"(\w+)"', source))
    assert {"time", "prompt", "cells", "blocks"} < named
    assert set(words(folder)["trace"]) == named | {trace.FAILED}
