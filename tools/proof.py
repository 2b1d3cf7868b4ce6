"""Checks of the content that only running the lab can make, before anyone opens it.

Every text is tried with the numbers that it will be given; every question has exactly one option whose claims hold, in each
context; each option has the feedback that its verdict asks for. The simulations that Act II's questions rest on are run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

SITE = Path(__file__).parents[1] / "site"
GIVEN = SITE / "content/given.json"  # what each text is filled with; tests/given.py finds it out
WALKED = "the walk has a scene or door of this name"
UNWALKED = "the walk has no scene or door of this name; expected a row in the lesson.py of its act"


def problems(course: Any) -> Iterator[str]:
    """A sentence for each text that can't be filled, and each question without exactly one right option."""
    from content.reading import unfilled
    from runs import jobs, oracles

    results: dict[Any, Any] = {}
    for context in course.contexts:
        for question in course.questions:
            asked = oracles.scenario(course, question, context)
            for request in oracles.needs(course, question, asked):
                if request not in results:
                    results[request] = jobs.do(course, request)
            yield from _question_problems(course, question, context, asked, results)
    names = given()
    own = [act.own_texts for act in course.acts if act.own_texts]  # whose numbers the act looks at itself
    for slot, path, text in texts(course):
        if not any(re.fullmatch(pattern, slot) for pattern in own):
            yield from unfilled(text, path, names.get(slot, frozenset()))
    for act in course.acts:
        yield from act.proof(course)


def walk(course: Any, sections: Collection[str]) -> Iterator[str]:
    """A sentence for each scene and each door that lacks its words or its section, and for words and sections without a row.

    `sections` are the ids of those that the page has.
    """
    from content.reading import place
    from views import rail

    stops = rail.stops(course)
    paths = {f"{stop.act.id}.scenes.{stop.scene.name}": stop.address for stop in stops if stop.act and stop.scene}
    paths |= {path: f"why/{door.name}" for door, path in rail.doors(course)}
    tables: dict[str, set[str]] = {}
    for path in paths:
        table, _, name = path.rpartition(".")
        tables.setdefault(table, set()).add(name)
    for table, names in tables.items():
        file, _, key = table.partition(".")
        worded = set(course.at(file).get(key) or ())
        yield from (f"{place(table)}.{name}: is missing; {WALKED}" for name in sorted(names - worded))
        yield from (f"{place(table)}.{name}: {UNWALKED}" for name in sorted(worded - names))
    listed, there = {stop.address for stop in stops} | set(paths.values()), set(sections)
    yield from (f'page.html: section "{id}": is missing; {WALKED}' for id in sorted(listed - there))
    yield from (f'page.html: section "{id}": {UNWALKED}' for id in sorted(there - listed))


def given() -> dict[str, frozenset[str]]:
    """The names that each slot's text may ask for; a slot that isn't there is shown as it is written."""
    found: dict[str, frozenset[str]] = {}
    for path in (GIVEN, *sorted(SITE.glob("py/acts/*/content/given.json"))):
        file = json.loads(path.read_text(encoding="utf-8"))
        found |= {slot: frozenset(names.split()) for slot, names in file["unreached"].items()}
        found |= {slot: frozenset(group["names"].split()) for group in file["reached"] for slot in group["texts"]}
    return found


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
    from content.reading import CATALOGUES

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
    for option in course.question(question).options:
        path = f"{act}.toml: {part}.options.{option.id}"
        numbers = oracles.numbers(course, question, asked, option.id, results) or {}
        missing = [claim.measure for claim in option.claims if claim.measure not in numbers]
        if missing:
            yield f"{path}.claims: the oracle has no measure called {missing[0]!r}; expected one of {', '.join(sorted(numbers))}"
            continue
        verdict = "right" if oracles.holds(option.claims, numbers) else "wrong"
        right += [option.id] if verdict == "right" else []
        if getattr(option, verdict) is None:
            yield f"{path}.{verdict}: is missing; expected a feedback, for in the context {context!r} this option is {verdict}"
    if len(right) != 1:
        found = ", ".join(right) or "none"
        yield f"{act}.toml: {part}.options: expected exactly one option to hold in the context {context!r}, found {found}"
