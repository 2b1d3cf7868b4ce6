"""The course that the build has proven: in English beside the code, in another language in a file that the page fetched."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import acts
from content.course import Course, Lesson, Table
from content.reading import from_proven


class Loader(Protocol):
    """What brought this module here, and can bring the files beside it."""

    def get_data(self, path: str) -> bytes:
        """A file's bytes. Raises OSError for one that isn't there."""


__loader__: Loader


def course(language: str = "en", beside: Mapping[str, Table] | None = None) -> Course:
    """The course, read anew, in a language that the page was built in; `beside`: content files that a page of its own brings."""
    return _course(language, acts.rows(), beside)


def lessons(language: str = "en") -> Course:
    """The course with the acts' lessons alone: all that a thread needs that does their jobs."""
    return _course(language, acts.lessons())


def plain(language: str = "en") -> Course:
    """The course without acts: its words and its catalogues."""
    return _course(language, ())


def _course(language: str, taught: tuple[Lesson, ...], beside: Mapping[str, Table] | None = None) -> Course:
    english = language == "en"
    found = __loader__.get_data("content.json") if english else Path(f"/content.{language}.json").read_bytes()
    return from_proven({**json.loads(found), **(beside or {})}, taught)
