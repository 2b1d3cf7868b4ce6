"""JSON objects out of a text that comes in pieces, without what nobody reads: a benchmark keeps every request and its text.

An object begins with a line that begins with a brace. What is kept of it is parsed when it ends.
"""

from __future__ import annotations

import json
import re
from typing import Any

NEXT = re.compile(r"\s{0,64},\s{0,64}\{")  # a further object of a list
DEEPEST = 60
MOST_KEPT = 4_000_000  # characters of one object, without what is skipped
MOST_OBJECTS = 2_000
LONGEST_NUMBER = 20
# Lists of every request, and curves of distributions.
SKIPPED = {
    "requests", "input_lens", "output_lens", "ttfts", "itls", "generated_texts", "errors", "pdf", "cdf", "start_times",
    "request_samples", "iterations", "cumulative_distribution_function", "output_details",
}  # fmt: skip
TOKEN = re.compile(r'["{}\[\]]')
INSIDE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
COLON = re.compile(r"\s{0,40}:\s{0,40}\Z")
BEGIN = re.compile(r"^[ \t]{0,8}(?:\[\s{0,8})?\{(?=\s*[\"}]|\s*\Z)", re.MULTILINE)


def parsed(text: str) -> Any:
    """A JSON text as data; None for what is none. Numbers that no float holds, and long whole ones, become None."""

    def whole(digits: str) -> int | None:
        return int(digits) if len(digits) <= LONGEST_NUMBER else None

    try:
        return json.loads(text, parse_int=whole)
    except (ValueError, RecursionError):
        return None


class Sieve:
    """Finds objects. `objects` are those that ended and could be read, `broken` whether one couldn't, or didn't end."""

    def __init__(self) -> None:
        self.objects: list[dict[str, Any]] = []
        self.broken = False
        self.over = False
        self._reset()
        self.fresh = True  # whether what has been seen ends with a new line

    def _reset(self) -> None:
        self.depth, self.skipping = 0, -1
        self.kept: list[str] = []
        self.size = 0
        self.string: str | None = None  # the beginning of a string that hasn't ended
        self.key, self.since = "", ""  # the last string, and what followed it

    def feed(self, text: str) -> None:
        """Take a piece."""
        at = 0
        while at < len(text) and not self.over:
            if self.depth:
                at = self._inside(text, at)
                continue
            begin = at if at or self.fresh else text.find("\n") + 1 or len(text)
            found = (NEXT.match(text, at) if at and self.objects else None) or BEGIN.search(text, begin)
            if not found:
                break
            at, self.depth = found.end(), 1
            self._keep("{")
        last = text[text.rfind("\n") + 1 :]
        self.fresh = not last.strip() and (len(last) < len(text) or self.fresh)

    def close(self) -> None:
        """The text is over."""
        if self.depth:
            self.broken = True

    def _keep(self, text: str) -> None:
        if self.skipping < 0 and text:
            self.kept.append(text)
            self.size += len(text)

    def _inside(self, text: str, at: int) -> int:
        """Go on within an object, to its end or the piece's."""
        start = at
        while self.depth:
            if self.string is not None:
                at = self._string(text, at)
                if self.string is not None:
                    break
            token = TOKEN.search(text, at)
            if not token:
                self.since = (self.since + text[at:])[-64:]
                at = len(text)
                break
            mark, where = token.group(), token.start()
            self.since = (self.since + text[at:where])[-64:]
            at = where + 1
            if mark == '"':
                self.string = ""
            elif mark in "{[":
                if self.skipping < 0 and self.key in SKIPPED and COLON.match(self.since):
                    self._keep(text[start:where] + "null")
                    self.skipping = self.depth
                self.depth += 1
                self.key = ""
            else:
                self.depth -= 1
                if self.depth == self.skipping:
                    self.skipping, start = -1, at
                self.key = ""
            if self.depth > DEEPEST or self.size > MOST_KEPT:
                self.broken = self.over = True
                self._reset()
                return at
        self._keep(text[start:at])
        if not self.depth:
            self._ended()
        return at

    def _string(self, text: str, at: int) -> int:
        """Go on within a string, whose beginning may have been in an earlier piece."""
        assert self.string is not None
        escaped = self.string.endswith("\\") and (len(self.string) - len(self.string.rstrip("\\"))) % 2
        begin = at
        if escaped and at < len(text):
            at += 1
        match = INSIDE.match(text, at)
        end = match.end() if match else at
        if end < len(text) and text[end] == '"':
            self.key, self.since, self.string = (self.string + text[begin:end])[:64], "", None
            return end + 1
        self.string = (self.string[:64] + text[begin:])[:64] + ("\\" if _hanging(text, end) else "")
        return len(text)

    def _ended(self) -> None:
        text = "".join(self.kept)
        self._reset()
        found = parsed(text)
        if isinstance(found, dict):
            self.objects.append(found)
            self.over = len(self.objects) >= MOST_OBJECTS
        else:
            self.broken = True


def _hanging(text: str, end: int) -> bool:
    """Whether a string's text breaks off behind a backslash that escapes what comes next."""
    return end == len(text) - 1 and text[end] == "\\"
