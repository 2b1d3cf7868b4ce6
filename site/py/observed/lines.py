"""From a text in pieces to the lines that matter: a row of a table has a mark, and only lines that hold one are looked at.

Everything is linear in the text's length: marks are found by plain search, patterns have no unbounded repeats, a line is
looked at up to LONGEST_LINE, and of lines that crowd one piece only the first and the last `most` of a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine import GIB

LONGEST_LINE = 65_536
MOST_HITS = 2_000
LARGEST = 1e15  # of anything: bytes, tokens, seconds
MIB = 2**20
COLOUR = re.compile(r"\x1b(?:\[[0-9;?]{0,24}[A-Za-z]|\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\))")

CUT = "\x1a"  # stands behind a last line that nothing ends: a number or a name before it may be half of one
# Numbers as logs write them: ASCII digits only, never the middle of a longer one.
END = r"(?![,.]?[0-9]|[eE][-+]?[0-9]|[,.]?\x1a)"
NUMBER = r"(-?[0-9]{1,15}(?:\.[0-9]{1,20})?|-?[0-9]{1,3}(?:,[0-9]{3}){1,5}(?:\.[0-9]{1,20})?)" + END
COUNT = r"([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,5})" + END
SCALES = {"gib": GIB, "mib": MIB}  # what a unit is multiplied by, and divided by, to be SI
PARTS = {"ms": 1000, "percent": 100}


@dataclass(frozen=True)
class Row:
    """One line that a tool prints. fields: what the pattern's groups are, as (field, unit).

    A unit is "text", of SCALES or PARTS, or SI.
    what: who reads it. weak: counts only where no other line says it. most: of its lines at either end of a piece.
    """

    what: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    fields: tuple[tuple[str, str], ...] = ()
    weak: bool = False
    most: int = MOST_HITS


class Hit(NamedTuple):
    """A line that holds the mark of a row; `after` is what follows it in the piece."""

    row: Row
    line: str
    after: int


def row(what: str, marks: str | Sequence[str], pattern: str, *fields: tuple[str, str], weak: bool = False) -> Row:
    """A row from its texts. In a pattern, <n> stands for a number and <c> for a count of whole things."""
    written = pattern.replace("<n>", NUMBER).replace("<c>", COUNT)
    return Row(what, (marks,) if isinstance(marks, str) else tuple(marks), re.compile(written, re.ASCII), fields, weak)


def number(text: str, unit: str = "n") -> float | None:
    """A number in SI units, None for what can't be: no number, or beyond LARGEST."""
    try:
        value = float(text.replace(",", "")) * SCALES.get(unit, 1) / PARTS.get(unit, 1)
    except ValueError:
        return None
    return value if abs(value) <= LARGEST else None


def values(row: Row, match: re.Match[str]) -> Iterator[tuple[str, float | str | None]]:
    """What a matching line says: fields, and values in SI units (None where a number can't be)."""
    for (name, unit), text in zip(row.fields, match.groups(), strict=False):
        if text is not None and CUT not in text:
            yield name, text if unit == "text" else number(text, unit)


def capped(line: str) -> str:
    """A line up to what is looked at of it; what is cut may end in the middle of a number."""
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + CUT


class Lines:
    """A text that comes in pieces, as pieces of whole lines without colours, carriage returns, NUL bytes or byte order marks."""

    def __init__(self) -> None:
        self.tail, self.first = "", ""

    def feed(self, text: str) -> str:
        """The whole lines that this piece completes. A line beyond LONGEST_LINE loses what is too long."""
        text = text.replace("\0", "").replace("\ufeff", "").replace("\r", "\n")
        end = text.rfind("\n") + 1
        if not end:
            self.tail = capped(self.tail + text[: LONGEST_LINE + 1])
            return ""
        whole, self.tail = self.tail + text[:end], capped(text[end : end + LONGEST_LINE + 1])
        return self._plain(whole)

    def close(self) -> str:
        """The last line, which nothing ended."""
        whole, self.tail = f"{self.tail}{CUT}\n" if self.tail else "", ""
        return self._plain(whole)

    def _plain(self, text: str) -> str:
        if "\x1b" in text:
            text = COLOUR.sub("", text)
        if not self.first:
            begin = text[:LONGEST_LINE].replace(CUT, "").lstrip()
            self.first = begin.partition("\n")[0][:400]
        return text


def hits(rows: Iterable[Row], text: str) -> tuple[list[Hit], bool]:
    """The lines of `text` that hold a row's mark, in their order, and whether there were too many to look at all."""
    found: list[tuple[int, int, int, Row]] = []
    crowded = False
    for order, row in enumerate(rows):
        for mark in row.marks:
            places, cut = _places(text, mark, row.most)
            found += [(begin, order, end, row) for begin, end in places]
            crowded = crowded or cut
    found.sort(key=lambda hit: hit[:2])
    return [
        Hit(row, capped(text[begin : min(end, begin + LONGEST_LINE + 1)]), end + 1) for begin, _, end, row in found
    ], crowded


def _places(text: str, mark: str, most: int) -> tuple[list[tuple[int, int]], bool]:
    """Where the lines begin and end that hold a mark: the first and the last `most`, and whether some were left out."""
    front: list[tuple[int, int]] = []
    at = text.find(mark)
    while at >= 0 and len(front) < most:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        front.append((text.rfind("\n", 0, at) + 1, end))
        at = text.find(mark, end)
    if at < 0:
        return front, False
    back: list[tuple[int, int]] = []
    upto = len(text)
    while len(back) < most and (last := text.rfind(mark, at, upto)) >= 0:
        end = text.find("\n", last)
        upto = text.rfind("\n", 0, last) + 1
        back.append((upto, len(text) if end < 0 else end))
    return front + back[::-1], upto > at
