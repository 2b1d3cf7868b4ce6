"""What a table of the content is in Python: a type whose fields say in a sentence what they are.

    class Claim(Shape):
        measure: str
        "One of the numbers of the question's oracle."
        at_least: float | None = None
        "The least of it with which the claim holds."

The build checks every table against its type (content/checking.py) and says the sentence of a field that is wrong; `read` makes
the object of a table that was checked. A field is a str, a float (any number), an int (a whole one) or a bool; Text or Number, of
which each context may have its own; a tuple[X, ...], which is a list of one entry or more, or a tuple[X, Y] of just two; a
Mapping[str, X] with any keys; or another Shape. A field with a default may be missing. A key that Python has a use for gets an
underscore: `from_`. In a class's head `others=X` allows any further keys, each an X: texts that a view reads by key.
"""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, NamedTuple, NoReturn, TypeVar, Union, dataclass_transform, get_args, get_origin

Text = str | Mapping[str, str]  # one for all, or one for each context
Number = float | Mapping[str, float]


@dataclass_transform(eq_default=False, frozen_default=True, kw_only_default=True)
class Shape:
    """A table of the content as an object: frozen fields, given by name.

    To whoever reads or checks the code it is a dataclass. But it writes no methods, so that to define one takes a hundredth of
    the time: a start defines fifty.
    """

    def __init_subclass__(cls, others: Any = None) -> None:
        if others is not None:
            FURTHER[cls] = others

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} can't be changed")


FURTHER: dict[type[Shape], Any] = {}  # the kind of the keys beside the fields, of shapes that allow any
Read = TypeVar("Read", bound=Shape)


class Field(NamedTuple):
    """A key of a table: its name in Python, the kind of its value, whether it may be missing."""

    name: str
    kind: Any
    optional: bool


_fields: dict[type[Shape], Mapping[str, Field]] = {}


def fields(shape: type[Shape]) -> Mapping[str, Field]:
    """The fields of a shape by their keys in the file, those of the shapes that it goes on from first."""
    if shape not in _fields:
        _fields[shape] = {
            name.removesuffix("_"): Field(name, _one_kind(hint), hasattr(shape, name))
            for base in line(shape)
            for name, hint in base.__annotations__.items()
        }
    return _fields[shape]


def line(shape: type[Shape]) -> list[type[Shape]]:
    """The shapes that a shape goes on from, and itself at last."""
    return [base for base in reversed(shape.__mro__) if issubclass(base, Shape) and base is not Shape]


def _one_kind(hint: Any) -> Any:
    """A kind without the None that stands for a missing key."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    first, *rest = (kind for kind in get_args(hint) if kind is not NoneType)
    for kind in rest:
        first |= kind
    return first


def read(shape: type[Read], table: Mapping[str, Any]) -> Read:
    """A table that was checked, as an object. What no field names is left out."""
    known = fields(shape).items()
    return shape(**{field.name: _read(field.kind, table[key]) for key, field in known if key in table})


def _read(kind: Any, value: Any) -> Any:
    if is_shape(kind):
        return read(kind, value)
    if isinstance(value, list):
        return tuple(_read(inner, item) for item, inner in pairs(value, kind))
    if isinstance(value, dict) and get_origin(kind) is Mapping:
        return {key: _read(get_args(kind)[1], item) for key, item in value.items()}
    return value


def is_shape(kind: Any) -> bool:
    """Whether a kind is a table with fields."""
    return isinstance(kind, type) and issubclass(kind, Shape)


def pairs(value: list[Any], kind: Any) -> list[tuple[Any, Any]]:
    """The entries of a list, each with its kind."""
    inner = get_args(kind)
    return list(zip(value, inner[:1] * len(value) if inner[-1] is Ellipsis else inner, strict=True))


def of_context(text: Text, context: str) -> str:
    """A text as it reads in a context."""
    return text if isinstance(text, str) else text[context]
