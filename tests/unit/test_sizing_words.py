"""Every refusal of a question, a design or a file of requests has its sentence, in every language, with the facts it is given."""

import ast
import re
import tomllib
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import engine
from sizing import plain, trace
from sizing.question import Allowed, Promise
from tests.unit.sizing_cases import shipped

DESIGN = {"gpu": "h100-sxm", "gpus_per_replica": 1, "replicas": 1, "seats": 64}
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


def sizes():
    """What a file of JSON may hold in place of a number, a name or a list."""
    plain_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    named = st.sampled_from(
        ["llama-3.1-8b", "h100-sxm", "vllm", "sharegpt-vicuna", 10**400, -0.0, 1, 8, 99, "mine.csv"]
    )
    return st.recursive(plain_values | named, lambda inner: st.lists(inner, max_size=3) | tables(inner), max_leaves=6)


def tables(inner, known=()):
    """Tables with the keys that are known, and some that aren't."""
    if not known:
        known = [
            *plain.QUESTION,
            *plain.TRAFFIC,
            *plain.DESIGN,
            *plain.TOLD,
            "mean",
            "p99",
            "ttft_s",
            "gpus",
            "best",
            "x",
            "",
        ]
    return st.dictionaries(st.sampled_from(known), inner, max_size=4)


PARTS = {
    "question": plain.QUESTION,
    "traffic": plain.TRAFFIC,
    "promise": [each.name for each in fields(Promise)],
    "allowed": [each.name for each in fields(Allowed)],
    "prices": ["h100-sxm", "h200-sxm"],
}


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.tuples(st.just(name), tables(sizes(), known)) for name, known in PARTS.items()),
    tables(sizes(), plain.DESIGN),
)
@example(("traffic", {"rate_per_s": 10**400}), {})
@example(("traffic", {}), {"seats": 10**400})
def test_any_question_and_any_design_is_read_or_refused(part, other):
    good = {
        "model": "llama-3.1-8b",
        "traffic": {"workload": "sharegpt-vicuna", "rate_per_s": 2},
        "promise": {"ttft_s": 1},
    }
    name, one = part
    asked = {**good, **one} if name == "question" else {**good, name: {**good.get(name, {}), **one}}
    try:
        plain.question_from(asked, shipped())
    except engine.PhysicsError as mistake:
        assert str(mistake)
    question = plain.question_from(good, shipped())
    try:
        plain.design_from({**DESIGN, **other}, question, shipped())
    except engine.PhysicsError as mistake:
        assert str(mistake)
