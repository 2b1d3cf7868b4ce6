"""Facts: what each kind must have, the name that follows from its content, and how they are found.

A fact is a dict of plain JSON. It is never changed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from record.values import LedgerError, Note, moment, plain

Fact = dict[str, Any]
PLAYED = "played"  # a game: the one kind that belongs to no context

# What each kind must have besides "kind" and "at". More is allowed, as long as it is plain JSON.
_RUN = {"context": str, "side": str, "failure": str}
SHAPES: Mapping[str, Mapping[str, type]] = {
    "answered": {"context": str, "question": str, "option": str, "scenario": dict},
    "recorded": {"context": str, "settings": dict, "seed": int, "result": dict},
    "broke": _RUN,
    "mended": _RUN,
    PLAYED: {"level": str, "seed": int, "points": int},
}
BY_SIDE = ("settings", "result")
OPTIONAL = ("numbers", "request")


def checked(fact: object) -> Fact:
    """A copy of a well-formed fact with its id. Raises LedgerError. A stored id is never trusted."""
    new = plain(fact)
    kind = new.get("kind") if isinstance(new, dict) else None
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise LedgerError(Note("strange_kind"))
    for name, wanted in shape.items():
        if not isinstance(new.get(name), wanted) or isinstance(new[name], bool):
            raise LedgerError(Note("fact_needs", {"kind": str(kind), "part": name}))
    sides = [side for name in BY_SIDE if name in shape for side in new[name].values()]
    groups = sides + [new[name] for name in OPTIONAL if name in new]
    if not all(isinstance(group, dict) for group in groups):
        raise LedgerError(Note("fact_shape", {"kind": str(kind)}))
    sizes = new.get("numbers", {}).values()
    if any(isinstance(size, bool) or not isinstance(size, int | float | None) for size in sizes):
        raise LedgerError(Note("fact_size", {"kind": str(kind)}))
    moment(new.get("at"))
    return {**new, "id": fact_id(new)}


def fact_id(fact: Mapping[str, Any]) -> str:
    """A short name that follows from a fact's content alone: the same in every tab and every file."""
    return hashlib.sha256(canonical(fact).encode("ascii")).hexdigest()[:16]


def canonical(fact: Mapping[str, Any]) -> str:
    """A fact's content, without its id, as the one text that every program writes for it."""
    content = {key: value for key, value in fact.items() if key != "id"}
    return json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _canonical(value: Any) -> Any:
    """The value with 2.0 written as 2, as browsers do when they rewrite JSON: an id must not change by it."""
    if type(value) is str:
        return value
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def of_kind(facts: Iterable[Fact], kind: str) -> list[Fact]:
    """The facts of a kind, in the order given."""
    return [fact for fact in facts if fact["kind"] == kind]


def answered(facts: Iterable[Fact], context: str, question: str) -> Fact | None:
    """The fact that locked a question in a context: the first by (time, id). None while it is open."""
    found = (f for f in of_kind(facts, "answered") if f["context"] == context and f["question"] == question)
    return min(found, key=_order, default=None)


def of_context(facts: Iterable[Fact], context: str) -> list[Fact]:
    """The facts of a context, and those that belong to none, in the order given."""
    return [fact for fact in facts if fact.get("context", context) == context]


def best(facts: Iterable[Fact], level: str, seed: int | None = None) -> Fact | None:
    """The best game of a level, and of a seed if one is named: the first that came to the most points. None before one."""
    found = (f for f in of_kind(facts, PLAYED) if f["level"] == level and seed in (None, f["seed"]))
    return min(found, key=lambda fact: (-fact["points"], _order(fact)), default=None)


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts by (time, id)."""
    return tuple(sorted(facts, key=_order))


def _order(fact: Fact) -> tuple[datetime, str]:
    return moment(fact["at"]), fact["id"]
