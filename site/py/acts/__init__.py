"""The acts of the lab. An act is a folder here and its name in ACTS; what the rest of the lab knows of it is its row, `act.py`.

A folder has: `shape.py` (its content as types), `lesson.py` (controls, questions, jobs: all that needs no learner, which is all
that the simulator's thread takes in), `act.py` (its row), `page.html` (its part of the page), and whatever it computes and shows
with. Its content stands in site/content, or in a folder `content` of its own.
"""

from collections.abc import Mapping
from importlib import import_module

from content import reading
from content.course import Course, Lesson, Table

ACTS = ("wall", "promises", "bugs")  # in the order of the page; an act opens when those before it are committed


def lessons() -> tuple[Lesson, ...]:
    """What the acts teach, without their part of the page."""
    return tuple(import_module(f"acts.{name}.lesson").LESSON for name in ACTS)


def rows() -> tuple[Lesson, ...]:
    """The acts with their part of the page."""
    return tuple(import_module(f"acts.{name}.act").ACT for name in ACTS)


def course(tables: Mapping[str, Table]) -> Course:
    """The course from parsed content files, with every act. Raises ContentError with every mistake found."""
    return reading.from_tables(tables, rows())
