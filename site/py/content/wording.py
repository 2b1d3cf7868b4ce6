"""Words and numbers: how a quantity becomes text, and how text becomes runs of plain, strong or code words.

Content files write numbers as placeholders, `{kv_user_bytes:gib}`: a name that the engine computes and a format from
FORMATS. Nothing here knows what the numbers mean. Text may carry four marks: **strong**, *emphasis*, `code` and
[a link](https://...). Everything else in it is shown as it stands, so text can never become markup.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from engine import GB, GIB

MIB, KIB = 2**20, 2**10
NO_BREAK = "\N{NO-BREAK SPACE}"
NARROW_NO_BREAK = "\N{NARROW NO-BREAK SPACE}"

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?::([a-z]+))?\}")
MARK = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|\[([^\]]+)\]\(((?:https://|#|mailto:)[^)\s]*)\)")
MARK_TAGS = ("strong", "em", "code")

ENGLISH = {
    "decimal": ".",
    "thousands": ",",
    "billion": "billion",
    "billion_zeros": "9",
    "bytes": "bytes",
    "no_limit": "no limit",
    "tokens": "tokens",
    "percent": f"{NO_BREAK}%",
    "comma": ", ",
    "semicolon": "; ",
    "colon": ": ",
    "stop": ". ",
    "gap": " ",
}
_habits: dict[str, str] = dict(ENGLISH)

Quantity = float | None  # what the engine computes; None: not known yet
Number = Quantity | str  # what a placeholder may stand for
Quantities = dict[str, Quantity]  # both by their names
Numbers = Mapping[str, Number]
Run = tuple[str, str, str]


class WordingError(ValueError):
    """A text asks for a number or a format that does not exist."""


def use(habits: Mapping[str, str]) -> None:
    """Write numbers from now on by the habits of a language: its marks in numbers, the words among the units, and what stands
    between sentences and the parts of a list.

    A page has one language, so this is said once, before anything is shown: `course.at("words.numbers")`.
    """
    _habits.update(habits)
    _marks.update(_marks_of(_habits))
    show.cache_clear()


def _marks_of(habits: Mapping[str, str]) -> dict[int, str]:
    return str.maketrans({",": habits["thousands"], ".": habits["decimal"], "-": "\N{MINUS SIGN}"})


_marks = _marks_of(_habits)


def decimals(value: float, places: int) -> str:
    """`value` with thousands separators and `places` decimals; a true minus sign."""
    return f"{value:,.{places}f}".translate(_marks)


def listed(parts: Iterable[str], mark: str = "comma") -> str:
    """Parts in a row, with a mark of the language between them: "comma", or "semicolon" where the parts have commas."""
    return _habits[mark].join(parts)


def headed(head: str, text: str, mark: str = "stop") -> str:
    """A text behind what it is about: a title and a full stop, or a name and a "colon"."""
    return f"{head}{_habits[mark]}{text}"


def sentences(parts: Iterable[str]) -> str:
    """Sentences one after the other, those that say something."""
    return _habits["gap"].join(filter(None, parts))


def short(value: float, places: int) -> str:
    """`value` with at most `places` decimals, without zeros that say nothing: 508.6 · 640 · 2.5."""
    text = f"{value:,.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).translate(_marks)


def separators() -> str:
    """The decimal mark and the thousands mark, as plotly.js wants to be told them."""
    return _habits["decimal"] + _habits["thousands"]


def significant(value: float, digits: int = 3) -> str:
    """`value` to about `digits` significant digits, never in exponent form: 1,234 · 123 · 12.3 · 1.23 · 0.123."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    return short(value, max(0, digits - 1 - magnitude))


def united(number: str, unit: str) -> str:
    """A number and its unit, which no line break may part."""
    return f"{number}{NO_BREAK}{unit}"


def percent(number: str = "") -> str:
    """A number of hundredths with the sign for them, as the language sets it; the sign alone, to put behind a number."""
    return number + _habits["percent"]


def in_bytes(value: float) -> str:
    """A memory size in the binary unit that reads best."""
    for size, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if abs(value) >= size:
            return united(significant(value / size), unit)
    return united(decimals(value, 0), _habits["bytes"])


def in_time(value_s: float) -> str:
    """A duration in the unit that reads best: ms below one second, then s, min, h."""
    if abs(value_s) < 1:
        return united(significant(value_s * 1e3), "ms")
    if abs(value_s) < 120:
        return united(significant(value_s), "s")
    if abs(value_s) < 7200:
        return united(significant(value_s / 60), "min")
    return united(significant(value_s / 3600), "h")


FORMATS: Mapping[str, Callable[[float], str]] = {
    "n": lambda value: decimals(value, 0),
    "d": lambda value: short(value, 1),
    "sig": significant,
    "x": lambda value: f"{significant(value, 2)}\N{MULTIPLICATION SIGN}",
    "pct": lambda value: percent(short(value * 100, 0 if abs(value) >= 0.1 else 1)),
    "tenths": lambda value: percent(decimals(value * 100, 1)),
    "billion": lambda value: united(short(value / 10 ** int(_habits["billion_zeros"]), 2), _habits["billion"]),
    "gib": lambda value: united(short(value / GIB, 1), "GiB"),
    "gb": lambda value: united(decimals(value / GB, 0), "GB"),
    "bytes": in_bytes,
    "time": in_time,
    "ms": lambda value: united(short(value * 1e3, 0 if abs(value) >= 0.1 else 1), "ms"),
    "joule": lambda value: united(significant(value), "J"),
    "tps": lambda value: united(decimals(value, 0), f"{_habits['tokens']}/s"),
    "flop": lambda value: united(significant(value / 1e9), "GFLOP"),
    "tflops": lambda value: united(significant(value / 1e12), "TFLOP/s"),
}

NOT_YET = "\N{EM DASH}"


@lru_cache(maxsize=4096)  # from one frame to the next most numbers are the same
def show(value: Number, form: str | None = None) -> str:
    """One quantity as text. None (not known yet) is a dash; a string stands as it is."""
    if value is None:
        return NOT_YET
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return _habits["no_limit"] if value > 0 else NOT_YET
    if form is None:
        return decimals(value, 0) if float(value).is_integer() else significant(value)
    return FORMATS[form](value)


def placeholders(text: str) -> list[tuple[str, str | None]]:
    """The (name, format) pairs that a text asks for, in order."""
    return [(name, form or None) for name, form in PLACEHOLDER.findall(text)]


def fill(text: str, numbers: Mapping[str, Number]) -> str:
    """`text` with each placeholder replaced by its number.

    Raises WordingError for an unknown name or format, so that the build finds a misspelt placeholder.
    """

    words, found = _pieces(text)
    said = [words[0]]
    for (name, form), after in zip(found, words[1:], strict=True):
        if name not in numbers:
            raise WordingError(f"no number is called {{{name}}}; known here: {', '.join(sorted(numbers))}")
        if form is not None and form not in FORMATS:
            raise WordingError(f"no format is called {form!r}; known: {', '.join(FORMATS)}")
        said += [show(numbers[name], form), after]
    return "".join(said)


@lru_cache(maxsize=2048)
def _pieces(text: str) -> tuple[list[str], list[tuple[str, str | None]]]:
    """The words between a text's placeholders, and the placeholders."""
    split = PLACEHOLDER.split(text)
    return split[::3], list(zip(split[1::3], split[2::3], strict=True))


LONGEST_NAME = 60
NOT_NAMING = re.compile(
    r"[^\w .:+-]+"
)  # marks of this module and of Markdown, control characters, changes of direction


def as_name(text: str) -> str:
    """A text from a file as a name that may stand in a sentence: no mark, no link, no character that can't be seen."""
    return " ".join(NOT_NAMING.sub("", text).split())[:LONGEST_NAME]


def runs(text: str) -> list[Run]:
    """A text as runs (tag, words, address): tag is "" for plain words, "strong", "em", "code", or "a" with an address."""
    found: list[Run] = []
    end = 0
    for match in MARK.finditer(text):
        if match.start() > end:
            found.append(("", text[end : match.start()], ""))
        if match.group(4) is not None:
            found.append(("a", match.group(4), match.group(5)))
        else:
            tag, words = next((t, w) for t, w in zip(MARK_TAGS, match.groups(), strict=False) if w is not None)
            found.append((tag, words, ""))
        end = match.end()
    if end < len(text):
        found.append(("", text[end:], ""))
    return found
