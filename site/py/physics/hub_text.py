"""The text of a pasted `config.json`: as it is usually met, mended where its meaning is clear, located where it isn't."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from physics.quantities import PhysicsError

MOST_CHARACTERS = 16_000_000  # the longest of the hub, with tables of labels, have 3 million
MOST_CONFIG_BYTES = 2 * MOST_CHARACTERS  # UTF-16
DEEPEST = 100
LONGEST_NAME = 60
LONGEST_NUMBER = 20  # digits; a longer one is no count, and kept as text
WIDE = (b"\xff\xfe", b"\xfe\xff")  # the marks of UTF-16
TOKEN = re.compile(
    r"""(?P<comment> //[^\n]* | \#[^\n]* | /\*.*?\*/)
      | (?P<double> "(?:[^"\\\n]|\\.)*")
      | (?P<single> '(?:[^'\\\n]|\\.)*' | [“„”][^“”\n]*[“”])
      | (?P<word> [A-Za-z_]\w*)
      | (?P<comma> ,(?=(?:\s|//[^\n]*(?=\n)|\#[^\n]*(?=\n)|/\*.*?\*/)*[}\]]))""",
    re.VERBOSE | re.DOTALL,
)
INSIDE = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[{}]')
WORDS = {"True": "true", "False": "false", "None": "null"}


class ConfigError(PhysicsError):
    """A config.json can't be read. `name` says which sentence tells why (content, refusals.toml, [config]), `facts` what of."""

    def __init__(self, name: str, **facts: str) -> None:
        facts = {key: shown(value) for key, value in facts.items()}
        super().__init__(" ".join([name, *facts.values()]))
        self.name, self.facts = name, facts


def shown(text: str, most: int = LONGEST_NAME) -> str:
    """A foreign text as a name in a sentence: no control, direction or mark-up characters, one line, not too long."""
    kept = "".join(letter if letter.isprintable() and letter not in "*`[]{}\\" else " " for letter in str(text))
    return " ".join(kept.split())[:most].strip()


def table_of(text: str | bytes) -> dict[str, Any]:
    """The object that a config.json holds. Raises ConfigError, which says what is wrong and where."""
    text = config_text(text)
    if len(text) > MOST_CHARACTERS:
        raise ConfigError("too_long")
    text = text.lstrip("\ufeff\u200b\0").rstrip("\ufeff\u200b\0 \t\r\n")  # lines are counted as they stand
    if not text.strip():
        raise ConfigError("empty")
    _measured(text)
    found = _read(text)
    for _ in range(3):  # the text in quotes, as programs print it
        if not isinstance(found, str):
            break
        found = _read(found.strip() or "null")
    if not isinstance(found, dict):
        raise ConfigError("no_object")
    return found


def config_text(data: str | bytes) -> str:
    """A file's bytes as text, by its byte order mark if it has one. Raises ConfigError for what is no text."""
    if isinstance(data, str):
        return data
    if len(data) > MOST_CONFIG_BYTES:
        raise ConfigError("too_long")
    if b"\0" in data[:4] and not data.startswith(WIDE):  # the page's Python knows no coding without its mark
        data = WIDE[data[:1] == b"\0"] + data
    try:
        text = data.decode("utf-16" if data.startswith(WIDE) else "utf-8").removeprefix("\ufeff")
        if "{" not in text and "\0" in text:
            raise ConfigError("no_text")
        return text
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        if any(ord(letter) < 9 for letter in text):
            raise ConfigError("no_text") from None
        return text


def _measured(text: str) -> None:
    """Refuse what is nested deeper than any config: a parser would run out of stack on it."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
        if depth > DEEPEST:
            raise ConfigError("too_deep")


def _read(text: str) -> Any:
    try:
        return _parsed(text)
    except json.JSONDecodeError as mistake:
        where = mistake
    except RecursionError as mistake:
        raise ConfigError("too_deep") from mistake
    start, end = _object(text)
    if start < 0:
        inner = text.strip()
        if inner[:1] in "'\"“„" and inner[-1:] in "'\"“”" and len(inner) > 1:
            return inner[1:-1]
        raise ConfigError("not_json") from where
    inside = re.sub(r"[^\n]", " ", text[:start]) + text[start:end]
    try:
        return _parsed(_mended(inside))
    except json.JSONDecodeError as mistake:
        raise ConfigError("located", line=str(mistake.lineno), column=str(mistake.colno)) from mistake
    except RecursionError as mistake:
        raise ConfigError("too_deep") from mistake


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once, parse_int=_number)


def _number(digits: str) -> Any:
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A table; a key that stands twice with different values says two things, and neither may be guessed."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ConfigError("twice", key=key)
        found[key] = value
    return found


def _object(text: str) -> tuple[int, int]:
    """Where the largest object of a text begins and ends: what stands around it is an explanation, or a fence."""
    best, end = (-1, -1), 0
    while (start := text.find("{", end)) >= 0:
        depth, end = 0, len(text)  # cut short, if nothing closes it: the parser says where
        for token in INSIDE.finditer(text, start):
            depth += {"{": 1, "}": -1}.get(token.group(), 0)
            if not depth:
                end = token.end()
                break
        if end - start > best[1] - best[0]:
            best = (start, end)
    return best


def _mended(text: str) -> str:
    """Python's and JavaScript's way of writing as JSON's, every character where it was as far as that goes."""

    def mend(token: re.Match[str]) -> str:
        found = token.group()
        if token.lastgroup == "comment":
            return re.sub(r"[^\n]", " ", found)
        if token.lastgroup == "single":
            return '"' + re.sub(r'(?<!\\)"', r"\"", found[1:-1].replace("\\'", "'")) + '"'
        if token.lastgroup == "comma":
            return " "
        return WORDS.get(found, found)

    return TOKEN.sub(mend, text)
