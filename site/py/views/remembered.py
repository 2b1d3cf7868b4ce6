"""Parts of the frame that are made again only when something they read has changed: most events touch one act."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import store
from course import Course
from page import Frame

Part = Callable[[Course, store.State], Frame]


def remembered(
    controls: str | tuple[str, ...] | None, same: tuple[str, ...], equal: tuple[str, ...]
) -> Callable[[Part], Part]:
    """A part that reads, of the state, the current context's controls whose names begin like `controls`, or like
    one of them, and some fields.

    `same` are large fields that are replaced when they change and compared by identity, `equal` small ones compared by
    value; context and theme are read by all. The part as it was is its `__wrapped__`.
    """

    def read(course: Course, state: store.State) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        here = state.settings[state.context] if controls is not None else {}
        values = tuple(value for id, value in here.items() if id.startswith(controls or ""))
        small = (state.context, state.theme, values, *(getattr(state, name) for name in equal))
        return (course, *(getattr(state, name) for name in same)), small

    def decorate(part: Part) -> Part:
        last: list[Any] = [None, None, {}]

        @wraps(part)
        def wrapper(course: Course, state: store.State) -> Frame:
            large, small = read(course, state)
            unchanged = last[0] is not None and all(a is b for a, b in zip(large, last[0], strict=True))
            if not unchanged or small != last[1]:
                last[:] = [large, small, part(course, state)]
            made: Frame = last[2]
            return made

        return wrapper

    return decorate
