"""What a content file must look like, written as data, and a checker that names the file, the key and what was expected.

A shape is one of: a Kind (text, number, ...), a list [shape] of any length ≥ 1, a dict of required keys ("key?" is
optional, "*" stands for any key), or PER_CONTEXT for a text that may differ between the contexts.
"""

from dataclasses import dataclass
from typing import Any

Shape = Any


@dataclass(frozen=True)
class Kind:
    """One kind of value: its name for the message, and the Python types that it accepts (a bool is never a number)."""

    expected: str
    types: tuple[type, ...]

    def accepts(self, value: object) -> bool:
        """Whether `value` is of this kind."""
        if isinstance(value, bool):
            return bool in self.types
        return isinstance(value, self.types)


TEXT = Kind("a text in quotes", (str,))
NUMBER = Kind("a number", (int, float))
COUNT = Kind("a whole number", (int,))
PER_CONTEXT = Kind("a text, or a table with one text per context", (str, dict))
NUMBER_PER_CONTEXT = Kind("a number, or a table with one number per context", (int, float, dict))


def problems(value: object, shape: Shape, path: str, contexts: tuple[str, ...] = ()) -> list[str]:
    """Every difference between `value` and `shape` as a sentence "path: expected ..., found ...". Empty means fine."""
    if isinstance(shape, Kind):
        return _kind_problems(value, shape, path, contexts)
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{path}: expected a list with at least one entry, found {_found(value)}"]
        return [
            p for i, item in enumerate(value) for p in problems(item, shape[0], f"{path}[{_name(item, i)}]", contexts)
        ]
    if not isinstance(value, dict):
        return [f"{path}: expected a table, found {_found(value)}"]
    return _table_problems(value, shape, path, contexts)


LARGEST = 10**15  # of any number in the content; a model's parameters are some 10**12
DEEPEST = 12  # tables within tables


def out_of_bounds(value: object, path: str, least: float = -LARGEST, depth: int = 0) -> list[str]:
    """A sentence for every number that is none or not from `least` to LARGEST, and for tables that are nested too deeply."""
    if depth > DEEPEST:
        return [f"{path}: expected at most {DEEPEST} tables or lists within one another"]
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in out_of_bounds(item, f"{path}.{key}", least, depth + 1)]
    if isinstance(value, list):
        each = ((f"{path}[{_name(item, i)}]", item) for i, item in enumerate(value))
        return [p for place, item in each for p in out_of_bounds(item, place, least, depth + 1)]
    if isinstance(value, int | float) and not least <= value <= LARGEST:
        found = "none" if value != value else "a larger one" if value > 0 else "a negative one"
        return [f"{path}: expected a number up to {LARGEST}, found {found}"]
    return []


def _table_problems(value: dict[str, Any], shape: dict[str, Shape], path: str, contexts: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    known = {key.rstrip("?"): inner for key, inner in shape.items()}
    for key, inner in value.items():
        if key in known:
            found += problems(inner, known[key], f"{path}.{key}", contexts)
        elif "*" in known:
            found += problems(inner, known["*"], f"{path}.{key}", contexts)
        else:
            found.append(f"{path}.{key}: this key is not known here; expected one of {', '.join(sorted(known))}")
    for key, inner in shape.items():
        if key != "*" and not key.endswith("?") and key not in value:
            found.append(f"{path}.{key}: is missing; expected {_expected(inner)}")
    return found


def _kind_problems(value: object, kind: Kind, path: str, contexts: tuple[str, ...]) -> list[str]:
    if not kind.accepts(value):
        return [f"{path}: expected {kind.expected}, found {_found(value)}"]
    if isinstance(value, dict):
        if set(value) != set(contexts):
            return [f"{path}: expected one entry for each of {', '.join(contexts)}, found {', '.join(value) or 'none'}"]
        inner = TEXT if kind is PER_CONTEXT else NUMBER
        return [p for key, item in value.items() for p in _kind_problems(item, inner, f"{path}.{key}", contexts)]
    return []


def _expected(shape: Shape) -> str:
    if isinstance(shape, Kind):
        return shape.expected
    return "a list" if isinstance(shape, list) else "a table"


def _found(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return repr(value)[:200]


def _name(item: object, index: int) -> str:
    return str(item["id"])[:60] if isinstance(item, dict) and "id" in item else str(index)


# --- What files of several kinds are made of ---------------------------------------------------------------------------

CLAIM = {"measure": TEXT, "at_least?": NUMBER, "at_most?": NUMBER}
WORDS = {"*": PER_CONTEXT}
NAMED = [{"id": TEXT, "text": TEXT}]
CHOICE = {"label": TEXT, "default": TEXT, "options": NAMED}
RANGE = {"label": TEXT, "unit": TEXT, "min": NUMBER, "max": NUMBER, "step": NUMBER, "default?": NUMBER_PER_CONTEXT}
MATH = {"title": TEXT, "intro": TEXT, "items": [{"title": TEXT, "formula": TEXT, "terms": [[TEXT]], "live": TEXT}]}
OPTION = {"id": TEXT, "text": PER_CONTEXT, "claims": [CLAIM], "right?": PER_CONTEXT, "wrong?": PER_CONTEXT}


def question(option: dict[str, Shape] | None = None) -> dict[str, Shape]:
    """A question, with what its options say beside their text, claims and feedback."""
    return {
        "oracle": TEXT,
        "engine": TEXT,
        "title": TEXT,
        "commit": TEXT,
        "prompt": PER_CONTEXT,
        "next": PER_CONTEXT,
        "options": [{**OPTION, **(option or {})}],
        "formula?": TEXT,
    }


ACT = {
    "id": TEXT,
    "kicker": TEXT,
    "name": TEXT,
    "title": TEXT,
    "duration": TEXT,
    "opening?": TEXT,
    "scenario": [PER_CONTEXT],
    "message": {"*": {"from": TEXT, "text": TEXT}},
    "scenes?": {"*": {"title": PER_CONTEXT, "aim": PER_CONTEXT}},
    "doors?": {"*": TEXT},
}
