"""docs/content.md: every key of the content files, as the types say that the build checks them against.

`PYTHONPATH=site/py:. python3 -m tools.keys` writes it anew; a test holds that it is as these types are.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import acts
from content import checking, common, reading
from content.shapes import fields, is_shape

FILE = Path(__file__).parents[1] / "docs/content.md"
HEAD = """# Every key of the content files

What stands in `site/content`, key by key, with its unit where it has one. The build checks each file against this list: of a key
that is wrong it says the file, the key, what was expected, and the sentence that stands here. How to change something for one
class: [instructors.md](instructors.md). This page is written by `python3 -m tools.keys` from the types in `site/py/content` and
in each act's `shape.py`.

In a key `[]` stands for each entry of a list and `*` for any key. What may be missing is marked with `?`.
"""


def page() -> str:
    """The whole document."""
    parts = [HEAD]
    for name, kind in reading.kinds_of(acts.lessons()).items():
        parts.append("\n".join([f"## {name}.toml", "", *_table(_rows(kind, ""))]))
    parts.append("## What several files have\n")
    for shape in vars(common).values():
        if is_shape(shape) and shape.__module__ == common.__name__:
            parts.append(
                "\n".join([f"### {shape.__name__}", "", inspect.cleandoc(shape.__doc__), "", *_table(_own(shape, ""))])
            )
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


Row = tuple[str, str, str]


def _table(rows: Iterator[Row]) -> list[str]:
    return ["| key | expected | what it is |", "|---|---|---|", *(f"| `{k}` | {e} | {s} |" for k, e, s in rows)]


def _rows(kind: Any, path: str) -> Iterator[Row]:
    """What stands in a value of a kind, key by key. What several files have is named and not repeated."""
    if get_origin(kind) is Mapping and is_shape(get_args(kind)[1]):
        yield from _rows(get_args(kind)[1], f"{path}.*")
    elif get_origin(kind) is tuple and is_shape(get_args(kind)[0]):
        yield from _rows(get_args(kind)[0], f"{path}[]")
    elif is_shape(kind) and not _named(kind):
        yield from _own(kind, path)


def _own(shape: Any, path: str) -> Iterator[Row]:
    said = checking.sentences(shape)
    for key, field in fields(shape).items():
        here = f"{path}.{key}".lstrip(".")
        yield here + "?" * field.optional, _expected(field.kind), said[field.name]
        yield from _rows(field.kind, here)
    if further := checking.further_keys(shape):
        yield f"{path}.*".lstrip("."), _expected(further), "Any further text."


def _named(shape: Any) -> bool:
    return is_shape(shape) and shape.__module__ == common.__name__


def _expected(kind: Any) -> str:
    inner = get_args(kind)
    parts = [part for part in inner if _named(part)]
    if _named(kind):
        return f"a table: {kind.__name__}"
    return f"{checking.expected(kind)}, each: {parts[0].__name__}" if parts else checking.expected(kind)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    print(f"{FILE.name} is written.")
