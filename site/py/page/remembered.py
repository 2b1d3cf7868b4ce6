"""Parts of the frame that are made again only when they are given something else: most events touch one instrument."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Made = TypeVar("Made")
Given = ParamSpec("Given")

KEPT = 4  # calls: a part may be shown for both sides, and for a link's settings beside the learner's own
_kept: list[list[Any]] = []


def forget() -> None:
    """Forget everything: the next frame is made from the state alone."""
    for calls in _kept:
        calls.clear()


def remembered(part: Callable[Given, Made]) -> Callable[Given, Made]:
    """A part that is made again only when it is given something else than in its last few calls.

    What it is given is compared by identity, then by equality, so it should be small or kept by whoever gives it. It is given
    no state: the part reads nothing but what it is given, and the types say what that is.
    """
    calls: list[tuple[tuple[Any, ...], Made]] = []
    _kept.append(calls)

    @wraps(part)
    def wrapper(*given: Given.args, **none: Given.kwargs) -> Made:
        for known, made in calls:
            if all(a is b or a == b for a, b in zip(known, given, strict=True)):
                return made
        made = part(*given, **none)
        calls[:] = [(given, made), *calls[: KEPT - 1]]
        return made

    return wrapper
