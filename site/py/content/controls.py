"""The controls of the lab: those of every act, and the makers that an act's own table of them is written with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from content.common import Limits, Named, Picks
from content.control import Choice, Control, Range, Value
from content.course import Course
from content.shapes import of_context

Options = Sequence[tuple[Value, str]]


@lru_cache(maxsize=4)
def controls(course: Course) -> dict[str, Control]:
    """Every control of the lab by id (its act, a dot, its own name), act by act."""
    return {control.id: control for act in course.acts for control in act.controls(course)}


@lru_cache(maxsize=4)
def defaults(course: Course) -> dict[str, dict[str, Value]]:
    """The value of every control at the start, by context and id."""
    table = controls(course)
    return {context: {id: control.defaults[context] for id, control in table.items()} for context in course.contexts}


def choice(course: Course, id: str, label: str, options: Options, default: Value, side: str = "") -> Choice:
    """One of a few values, each with its words, and the same at the start in every context."""
    return Choice(id, label, tuple(options), dict.fromkeys(course.contexts, default), _said(course), side)


def picks(course: Course, id: str, path: str) -> Choice:
    """One of a few named things, whose table stands in the content under `path`."""
    table = course.read(Picks, path)
    starts = {context: of_context(table.default, context) for context in course.contexts}
    return Choice(id, table.label, tuple(named(course, f"{path}.options")), starts, _said(course))


def number(course: Course, id: str, limits: Limits, start: float) -> Range:
    """A number field without a slider."""
    starts = dict.fromkeys(course.contexts, start)
    return replace(_range(course, id, limits, starts), slider=False)


def slider(course: Course, id: str, path: str, default_path: str = "", side: str = "") -> Range:
    """A number field with a slider, whose table stands in the content under `path`."""
    starts = {context: course.at(default_path or f"{path}.default", context) for context in course.contexts}
    return replace(_range(course, id, course.read(Limits, path), starts), side=side)


def named(course: Course, path: str) -> Options:
    """The options of a list in the content, each an id and a text."""
    return [(option.id, option.text) for option in course.each(Named, path)]


def widths(course: Course, *bits: int) -> Options:
    """Numbers of bits as options."""
    return [(width, course.say("words.bits", None, {"bits": width})) for width in bits]


def _range(course: Course, id: str, limits: Limits, starts: Mapping[str, float]) -> Range:
    return Range(id, limits.label, limits.unit, limits.min, limits.max, limits.step, starts, _said(course))


def _said(course: Course) -> Mapping[str, str]:
    said: Mapping[str, str] = course.at("words.typed")
    return said
