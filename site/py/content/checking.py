"""Whether content is as its types say (content/shapes.py). Only the build looks: the page gets what it has looked through."""

import ast
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_origin

from content.shapes import FURTHER, Number, Shape, Text, fields, is_shape, line, pairs


def problems(value: Any, kind: Any, path: str, contexts: tuple[str, ...] = (), sentence: str = "") -> list[str]:
    """Every difference between `value` and a kind as "path: expected ..., found ...". Empty means fine.

    sentence: what the value is, which is said behind what was expected.
    """
    if kind in PER_CONTEXT and isinstance(value, dict) and set(value) != set(contexts):
        wanted = f"one entry for each of {', '.join(contexts)}"
        return [_with(f"{path}: expected {wanted}, found {', '.join(value) or 'none'}", sentence)]
    if not _fits(value, kind):
        return [_with(f"{path}: expected {expected(kind)}, found {_found(value)}", sentence)]
    if is_shape(kind):
        return [p for key, item in value.items() for p in _key_problems(item, kind, path, key, contexts)] + [
            _with(f"{path}.{key}: is missing; expected {expected(field.kind)}", sentences(kind)[field.name])
            for key, field in fields(kind).items()
            if not field.optional and key not in value
        ]
    inside = ((f"{path}{place}", item, inner) for place, item, inner in _entries(value, kind))
    return [p for place, item, inner in inside for p in problems(item, inner, place, contexts, sentence)]


def _key_problems(value: object, shape: Any, path: str, key: str, contexts: tuple[str, ...]) -> list[str]:
    known = fields(shape)
    if key in known:
        return problems(value, known[key].kind, f"{path}.{key}", contexts, sentences(shape)[known[key].name])
    if further := further_keys(shape):
        return problems(value, further, f"{path}.{key}", contexts)
    return [f"{path}.{key}: this key is not known here; expected one of {', '.join(sorted(known))}"]


def _entries(value: Any, kind: Any) -> list[tuple[str, Any, Any]]:
    """What a list or a table of any keys holds: where, what, of which kind."""
    if isinstance(value, list):
        return [(f"[{_name(item, i)}]", item, inner) for i, (item, inner) in enumerate(pairs(value, kind))]
    if isinstance(value, dict):
        inner = PER_CONTEXT[kind] if kind in PER_CONTEXT else get_args(kind)[1]
        return [(f".{key}", item, inner) for key, item in value.items()]
    return []


PLAIN: Mapping[Any, tuple[str, tuple[type, ...]]] = {
    str: ("a text in quotes", (str,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    bool: ("true or false", (bool,)),
    Text: ("a text, or a table with one text per context", (str, dict)),
    Number: ("a number, or a table with one number per context", (int, float, dict)),
}
PER_CONTEXT: Mapping[Any, type] = {Text: str, Number: float}


def expected(kind: Any) -> str:
    """The kind of a value in words."""
    if kind in PLAIN:
        return PLAIN[kind][0]
    if get_origin(kind) is not tuple:
        return "a table"
    inner = get_args(kind)
    return "a list with at least one entry" if inner[-1] is Ellipsis else f"a list of {len(inner)} entries"


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind, whatever it holds. A bool is no number."""
    if kind in PLAIN:
        types = PLAIN[kind][1]
        return isinstance(value, types) and isinstance(value, bool) == (bool in types)
    if get_origin(kind) is not tuple:
        return isinstance(value, dict)
    inner = get_args(kind)
    return isinstance(value, list) and (len(value) > 0 if inner[-1] is Ellipsis else len(value) == len(inner))


def _with(problem: str, sentence: str) -> str:
    return f"{problem}. {sentence}" if sentence else problem


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


def _found(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return repr(value)[:200]


def _name(item: object, index: int) -> str:
    return str(item["id"])[:60] if isinstance(item, dict) and "id" in item else str(index)


@cache
def sentences(shape: Any) -> Mapping[str, str]:
    """What each field of a shape is, by the field's name: the text under it, which stands in the source alone."""
    found: dict[str, str] = {}
    for base in line(shape):
        for field, text in pairwise(_bodies(base.__module__).get(base.__name__, ())):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                found[ast.unparse(field.target)] = ast.literal_eval(text.value)
    return found


@cache
def _bodies(module: str) -> Mapping[str, list[ast.stmt]]:
    """What stands in each class of a module."""
    source = Path(str(import_module(module).__file__)).read_text(encoding="utf-8")
    return {node.name: node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def further_keys(shape: type[Shape]) -> Any:
    """The kind of the keys that a shape allows beside its fields, None if it allows none."""
    return next((FURTHER[base] for base in line(shape) if base in FURTHER), None)
