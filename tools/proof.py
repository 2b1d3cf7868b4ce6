"""Checks of the content that only running the lab can make, before anyone opens it.

Every text is tried with the numbers that it will be given; every question has exactly one option whose claims hold, in each
context; each option has the feedback that its verdict asks for. The simulations that Act II's questions rest on are run.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

GIVEN = Path(__file__).with_name("given.json")  # what each text is filled with; tests/given.py finds it out
BUG_SENTENCES = re.compile(r"bugs\.(numbers|choices)\[\*\]\.(claim|hint|right)")  # each bug has numbers of its own


def problems(course: Any) -> Iterator[str]:
    """A sentence for each text that can't be filled, and each question without exactly one right option."""
    from content.course import QUESTIONS
    from runs import oracles, serving

    results: dict[Any, Any] = {}
    for context in course.contexts:
        for question in QUESTIONS:
            asked = oracles.scenario(course, question, context)
            for request in oracles.needs(course, question, asked):
                if request not in results:
                    results[request] = serving.run(course, request)
            yield from _question_problems(course, question, context, asked, results)
    names = given()
    for slot, path, text in texts(course):
        if not BUG_SENTENCES.fullmatch(slot):
            yield from _text_problems(text, path, names.get(slot, frozenset()))
    yield from _bug_problems(course)


def given() -> dict[str, frozenset[str]]:
    """The names that each slot's text may ask for; a slot that isn't there is shown as it is written."""
    file = json.loads(GIVEN.read_text(encoding="utf-8"))
    reached = {slot: frozenset(group["names"].split()) for group in file["reached"] for slot in group["texts"]}
    return {**{slot: frozenset(names.split()) for slot, names in file["unreached"].items()}, **reached}


def below(value: Any, contexts: tuple[str, ...], slot: str) -> Iterator[tuple[Any, Any, str]]:
    """What a table or list of the content holds: key, value, and its slot, which is one for all entries of a list and for
    both contexts."""
    if isinstance(value, list):
        yield from ((i, inner, f"{slot}[*]") for i, inner in enumerate(value))
    else:
        each = set(value) == set(contexts)
        yield from ((key, inner, f"{slot}.{'*' if each else key}".lstrip(".")) for key, inner in value.items())


def texts(course: Any) -> Iterator[tuple[str, str, str]]:
    """Every text of the content: its slot, its place as a person finds it, and itself."""
    from content.course import CATALOGUES

    def inside(value: Any, slot: str, path: str) -> Iterator[tuple[str, str, str]]:
        if isinstance(value, str):
            yield slot, path, value
        elif isinstance(value, Mapping | list):
            for key, inner, under in below(value, course.contexts, slot):
                if isinstance(value, list):
                    place = f"{path}[{inner.get('id', key) if isinstance(inner, Mapping) else key}]"
                else:
                    place = f"{path}: {key}" if path.endswith(".toml") else f"{path}.{key}"
                yield from inside(inner, under, place)

    for name, table in course.tables.items():
        if name not in CATALOGUES:
            yield from inside(table, name, f"{name}.toml")


def _question_problems(
    course: Any, question: str, context: str, asked: Any, results: Mapping[Any, Any]
) -> Iterator[str]:
    from runs import oracles

    act, _, part = question.partition(".")
    right = []
    for option in course.at(question)["options"]:
        path = f"{act}.toml: {part}.options.{option['id']}"
        numbers = oracles.numbers(course, question, asked, option["id"], results) or {}
        missing = [claim["measure"] for claim in option["claims"] if claim["measure"] not in numbers]
        if missing:
            yield f"{path}.claims: the oracle has no measure called {missing[0]!r}; expected one of {', '.join(sorted(numbers))}"
            continue
        verdict = "right" if oracles.holds(option["claims"], numbers) else "wrong"
        right += [option["id"]] if verdict == "right" else []
        if verdict not in option:
            yield f"{path}.{verdict}: is missing; expected a feedback, for in the context {context!r} this option is {verdict}"
    if len(right) != 1:
        found = ", ".join(right) or "none"
        yield f"{act}.toml: {part}.options: expected exactly one option to hold in the context {context!r}, found {found}"


def _bug_problems(course: Any) -> Iterator[str]:
    """A bug's mistake must be one, exactly one option must hold, and its sentences can only ask for numbers that it has."""
    from acts import bugs
    from content.controls import controls

    known = set(bugs.numbers(course))
    for id, bug in bugs.all_of(course).items():
        path, measures = f"bugs.toml: {id}", [claim["measure"] for o in bug.get("options", ()) for claim in o["claims"]]
        missing = [measure for measure in (*measures, bug.get("measure", "users")) if measure not in known]
        if missing:
            yield f"{path}: the engine has no measure called {missing[0]!r}; expected one of {', '.join(sorted(known))}"
            continue
        sentences = {key: bug[key] for key in ("claim", "hint", "right")}
        names = frozenset(bugs.said(course, id, bug["draft"]))
        for key, sentence in sentences.items():
            yield from _text_problems(sentence, f"{path}.{key}", names)
        control = controls(course)[bugs.control(id)]
        if control.read(bug["draft"], "") != (bug["draft"], None):
            yield f"{path}.draft: expected a value that its control offers, found {bug['draft']!r}"
        elif bugs.verdict(course, id, bug["draft"]) == bugs.RIGHT:
            yield f"{path}.draft: expected a mistake, but with this content {bug['draft']!r} is right"
        right = [o["id"] for o in bug.get("options", ()) if bugs.verdict(course, id, o["id"]) == bugs.RIGHT]
        if "options" in bug and len(right) != 1:
            yield f"{path}.options: expected exactly one option to hold, found {', '.join(right) or 'none'}"


def _text_problems(text: str, path: str, names: frozenset[str]) -> Iterator[str]:
    from content import wording

    for name, form in wording.placeholders(text):
        if name not in names:
            near = difflib.get_close_matches(name, sorted(names), n=5, cutoff=0.3) or sorted(names)
            known = f"expected one of {', '.join(near)}, ..." if near else "this text is shown as it is written"
            yield f"{path}: {{{name}}} is no number that is known here; {known}"
        elif form is not None and form not in wording.FORMATS:
            yield f"{path}: {form!r} is no format; expected one of {', '.join(wording.FORMATS)}"
