"""A model as plain data, to be kept between visits, and read back through a check.

Every field of `Model` comes along, whatever fields there are: what a field may hold follows from its annotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from physics.quantities import Model, PhysicsError

LONGEST, LARGEST = 200, 10**24  # letters or parts; more than any count of weights
ABOVE_ZERO = frozenset({"layers", "width", "query_heads", "kv_heads", "head_dim", "parameters"})
PARTS = {"kv_heads": "query_heads", "local_layers": "layers", "active_parameters": "parameters"}  # what is part of what


def model_to_plain(model: Model) -> dict[str, Any]:
    """The model's fields as plain data."""
    return asdict(model)


def model_from_plain(kept: object) -> Model:
    """The model that was kept. Raises PhysicsError for what is no model: a field lost, of a wrong type, out of bounds."""
    model: Model = _table(Model, "model", kept)
    for part, all_of_them in PARTS.items():
        if getattr(model, part) > getattr(model, all_of_them):
            raise PhysicsError(f"A kept model has more {part} than {all_of_them}.")
    return model


def _table(kind: Any, name: str, kept: object) -> Any:
    """A dataclass from the mapping that `asdict` made of it. Fields that are new since then get their defaults."""
    if not isinstance(kept, Mapping):
        raise PhysicsError(f"A kept model's {name} is no table.")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    lost = [
        name for name, field in known.items() if name not in kept and field.default is field.default_factory is MISSING
    ]
    if lost:
        raise PhysicsError(f"A kept model lacks {', '.join(lost)}.")
    return kind(**{name: _read(name, kept[name], hints[name]) for name in known if name in kept})


def _read(name: str, value: object, kind: Any) -> Any:
    """The value of a field, if it is of this kind and within bounds. Raises PhysicsError."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (other,) = (part for part in parts if part is not NoneType)
        return None if value is None else _read(name, value, other)
    if is_dataclass(kind):
        return _table(kind, name, value)
    if origin is tuple and isinstance(value, list | tuple) and len(value) <= LONGEST:
        each = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
        if len(each) == len(value):
            return tuple(_read(name, item, part) for item, part in zip(value, each, strict=True))
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str) and len(value) <= LONGEST:
        return value
    is_number = kind in (int, float) and isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (name in ABOVE_ZERO) <= value <= LARGEST and value == kind(value):  # type: ignore[operator]
        return kind(value)
    raise PhysicsError(f"A kept model has {name} = {str(value)[:40]!r}.")
