"""A pasted or dropped text, in pieces of any size, to what it says of a server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from observed.cards import Cards
from observed.facts import Bench, Note, Observed, Unread, shown
from observed.lines import Hit, Lines, hits
from observed.results import Printed, benches
from observed.rows import ROWS
from observed.scrapes import Scrapes
from observed.sieve import Sieve
from observed.starts import Starts

MOST_CHARACTERS = 400_000_000
MOST_ROWS = 5_000
PIECE = 1_000_000  # characters that are looked at in one go


class Reader:
    """Reads a text: `feed` its pieces in order, then `close`. A piece of a million characters takes well under 200 ms."""

    def __init__(self) -> None:
        self.lines, self.sieve = Lines(), Sieve()
        self.starts, self.printed, self.scrapes, self.cards = Starts(), Printed(), Scrapes(), Cards()
        self.length, self.crowded = 0, False
        self.readers: dict[str, Callable[[Hit, re.Match[str]], None]] = {
            "vllm": self.starts.read,
            "sglang": self.starts.read,
            "bench": self.printed.read,
            "card": self.cards.read,
            "scrape": self.scrapes.read,
        }

    def feed(self, text: str) -> None:
        """Take the next piece. Raises Unread when the whole is longer than any log that is read here."""
        self.length += len(text)
        if self.length > MOST_CHARACTERS:
            raise Unread("too_long")
        for at in range(0, len(text), PIECE):
            self._read(self.lines.feed(text[at : at + PIECE]), text[at : at + PIECE])

    def close(self) -> Observed:
        """All that was said. Raises Unread when nothing was understood."""
        self._read(self.lines.close(), "\n")
        self.sieve.close()
        start, count, notes = self.starts.close()
        scrape, more = self.scrapes.close()
        runs = [run for found in self.sieve.objects for run in benches(found) or []] + self.printed.close()
        cards = self.cards.close()
        notes = [*notes, *more, *self._notes(start is not None, runs)]
        if not (start or scrape or runs or cards):
            raise self._refusal()
        return Observed(start, count, tuple(runs), scrape, cards, tuple(notes))

    def _read(self, text: str, raw: str) -> None:
        self.sieve.feed(raw.replace("\0", "").replace("\ufeff", ""))
        if self.cards.heads and text:
            self._rows(text, 0)
        found, crowded = hits(ROWS, text)
        self.crowded = self.crowded or crowded
        for hit in found:
            if match := hit.row.pattern.search(hit.line):
                self.readers[hit.row.what.partition(".")[0]](hit, match)
                if hit.row.what in ("card.heads", "card.query"):
                    self._rows(text, hit.after)

    def _rows(self, text: str, at: int) -> None:
        """The rows below the heading of a CSV."""
        for _ in range(MOST_ROWS):
            if at >= len(text):
                return
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            if text[at:end].strip() and not self.cards.row(text[at:end]):
                return
            at = end + 1
        self.crowded = True

    def _notes(self, started: bool, runs: list[Bench]) -> list[Note]:
        notes = [Note("strange_number", {"line": shown(self.starts.strange)})] if self.starts.strange else []
        if self.crowded:
            notes.append(Note("crowded"))
        if self.sieve.broken and not started and not runs:
            notes.append(Note("broken_json"))
        return notes

    def _refusal(self) -> Unread:
        """Why nothing was understood."""
        if not self.lines.first:
            return Unread("empty")
        if self.sieve.objects:
            keys = [shown(str(key), 24) for key in list(self.sieve.objects[-1])[:5]]
            return Unread("other_json", keys=", ".join(keys))
        if self.sieve.broken:
            return Unread("broken_json")
        return Unread("unknown", line=self.lines.first)


def read(data: str | bytes) -> Observed:
    """What a whole text says, or the bytes of a file. Raises Unread."""
    text = data if isinstance(data, str) else decoded(data)
    reader = Reader()
    reader.feed(text)
    return reader.close()


def decoded(data: bytes) -> str:
    """A file's bytes as text: UTF-16 by its byte order mark, else UTF-8, with a mark for what is neither."""
    wide: Any = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return data.decode("utf-16" if wide else "utf-8", errors="replace")
