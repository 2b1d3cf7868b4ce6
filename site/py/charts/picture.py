"""The picture that stands for an act where the lab can't run: stacked columns, as numbers. The build draws it."""

from collections.abc import Mapping
from dataclasses import dataclass

from content.wording import Number


@dataclass(frozen=True)
class Picture:
    """Stacked columns. Words stand in the act's content, [figure]: heading, axis, column, one for each part, and alt.

    numbers: what the words may say. columns: the number that each is named by. parts: of each, from the bottom, its colour and
    its height in each column, in units of the axis. step: of the lines across. full: the height of the axis. marked: the
    part that isn't filled yet: hatched, with the content's mark in it. below: whether a line of words names the columns.
    """

    numbers: Mapping[str, Number]
    columns: tuple[int, ...]
    parts: Mapping[str, tuple[str, tuple[float, ...]]]
    step: float
    full: float
    marked: str | None = None
    below: bool = False
