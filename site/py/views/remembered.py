"""Parts of the frame that are made again only when something they read has changed: most events touch one instrument."""

from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import Any, ParamSpec, TypeVar

from content.course import Course
from state import store

Made = TypeVar("Made")
Given = ParamSpec("Given")
Part = Callable[[Course, store.State], Made]

_kept: list[list[Any]] = []


def forget() -> None:
    """Forget everything: the next frame is made from the state alone."""
    for last in _kept:
        last.clear()


def by_fields(
    controls: str | tuple[str, ...] | None, same: tuple[str, ...] = (), equal: tuple[str, ...] = ()
) -> Callable[[Part[Made]], Part[Made]]:
    """A part that reads, of the state, the current context's controls whose names begin like `controls`, or like
    one of them, and some fields; a dot leads to a field of a field.

    `same` are large fields that are replaced when they change and compared by identity, `equal` small ones compared by
    value; context and theme are read by all.
    """
    large_of = [attrgetter(name) for name in same]
    small_of = [attrgetter(name) for name in ("context", "theme", *equal)]

    def decorate(part: Part[Made]) -> Part[Made]:
        last: list[Any] = []
        ids: list[str] = []  # of the controls that the part reads: every state of a course has the same controls
        asked: list[Course] = []
        _kept.append(last)

        @wraps(part)
        def wrapper(course: Course, state: store.State) -> Made:
            here = state.settings[state.context]
            if controls is not None and asked != [course]:
                asked[:], ids[:] = [course], [id for id in here if id.startswith(controls)]
            values = [here[id] for id in ids]
            large, small = [course, *(of(state) for of in large_of)], [values, *(of(state) for of in small_of)]
            if not (last and small == last[1] and all(a is b for a, b in zip(large, last[0], strict=True))):
                last[:] = [large, small, part(course, state)]
            made: Made = last[2]
            return made

        return wrapper

    return decorate


KEPT = 4  # calls: a part may be shown for both sides, and for a link's settings beside the learner's own


def remembered(part: Callable[Given, Made]) -> Callable[Given, Made]:
    """A part that is made again only when it is given something else than in its last few calls.

    What it is given is compared by identity, then by equality, so it should be small or kept by whoever gives it. The part reads
    nothing else: it is given no state.
    """
    calls: list[Any] = []
    _kept.append(calls)

    @wraps(part)
    def wrapper(*given: Given.args, **named: Given.kwargs) -> Made:
        for known, of, made in calls:
            if (
                len(known) == len(given)
                and all(a is b or a == b for a, b in zip(known, given, strict=True))
                and of == named
            ):
                kept: Made = made
                return kept
        made = part(*given, **named)
        calls[:] = [(given, named, made), *calls[: KEPT - 1]]
        return made

    return wrapper
