"""What may come in from outside, and how the rest is refused: JSON, plain values, times.

What storage, files and links hold may be anything. Here it becomes JSON that is neither too deep nor too long, or a
LedgerError with sentences for a person.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

MAX_DOCUMENT_DEPTH = 64
MAX_DEPTH = 8
MAX_TEXT = 2_000
MAX_NUMBER = 1e24


@dataclass(frozen=True)
class Note:
    """A sentence for a person, by its name in the content (refusals.toml, [ledger]), with what it tells."""

    name: str
    facts: Mapping[str, int | str] = field(default_factory=dict)


class LedgerError(ValueError):
    """Something can't be read, kept or merged. `notes` are the sentences that say so, one after the other."""

    def __init__(self, *notes: Note) -> None:
        super().__init__("; ".join(" ".join([note.name, *map(str, note.facts.values())]) for note in notes))
        self.notes = notes


# --- Text to data -------------------------------------------------------------------------------------------

_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def parse(text: str) -> tuple[Any, bool]:
    """The JSON in a text, and whether a number in it (NaN, 1e999) had to become null. Raises LedgerError.

    The depth is measured before the parser starts: in a browser, running out of stack ends the whole page.
    """
    depth = 0
    lost: list[str] = []
    for token in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DOCUMENT_DEPTH:
            raise LedgerError(Note("too_deep", {"levels": MAX_DOCUMENT_DEPTH}))

    def number(literal: str, convert: Callable[[str], float]) -> float | None:
        try:
            value = convert(literal)
        except ValueError:  # an integer with more digits than Python converts
            value = float("inf")
        if isinstance(value, int) or abs(value) < float("inf"):
            return value
        lost.append(literal)
        return None

    try:
        data = json.loads(
            text,
            parse_int=lambda literal: number(literal, int),
            parse_float=lambda literal: number(literal, float),
            parse_constant=lambda literal: number(literal, float),
        )
    except ValueError:
        raise LedgerError(Note("not_json")) from None
    return data, bool(lost)


# --- Plain values -------------------------------------------------------------------------------------------


def plain(value: object, depth: int = MAX_DEPTH) -> Any:
    """A deep copy as plain JSON. Raises LedgerError for what can't be kept or should not be shown."""
    if type(value) is str and len(value) <= MAX_TEXT and value.isascii():
        return value  # nearly everything is
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= MAX_NUMBER:
        return value
    if isinstance(value, str) and len(value) <= MAX_TEXT and not re.search("[\ud800-\udfff]", value):
        return value
    if depth > 0 and isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in value]
    if depth > 0 and isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {plain(key): plain(item, depth - 1) for key, item in value.items()}
    raise LedgerError(Note("not_plain"))


def plain_or_none(value: object) -> Any:
    """A deep copy as plain JSON, None for what can't be kept."""
    try:
        return plain(value)
    except LedgerError:
        return None


def parts(table: Mapping[str, Any], depth: int = MAX_DEPTH) -> dict[str, Any]:
    """A deep copy of what can be kept of a table: whatever can't is left out by itself."""
    kept: dict[str, Any] = {}
    for name, part in table.items():
        try:
            kept[str(plain(name))] = plain(part, depth - 1)
        except LedgerError:
            if isinstance(part, Mapping) and depth > 1 and isinstance(name, str) and len(name) <= MAX_TEXT:
                kept[name] = parts(part, depth - 1)
    return kept


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a table, else an empty one."""
    return value if isinstance(value, Mapping) else {}


# --- Times --------------------------------------------------------------------------------------------------

_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


def moment(at: object) -> datetime:
    """The time in an ISO 8601 text in UTC. Raises LedgerError for anything else."""
    try:
        time = datetime.fromisoformat(at) if isinstance(at, str) and _ISO.match(at) else None
    except ValueError:
        time = None
    if time is None or time.utcoffset() != timedelta(0):
        raise LedgerError(Note("bad_time"))
    return time
