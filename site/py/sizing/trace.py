"""Real requests from a file, CSV or JSON by the line: when each came, how long its prompt and its answer were.

Read in pieces, so that a page stays alive over a large file: `feed` takes text as it comes, `close` gives the requests. A line
that can't be read is counted with its reason and never guessed at; too many of them and the whole file is refused. Columns go
by the names of the traces that are published (COLUMNS). What a time means is decided once, by this rule: a name that says its
unit (`_ms`, `_s` ...) is believed; a `timestamp` beside `hash_ids` is in ms, as in Mooncake's traces; a number from 10⁹ on is a
clock's (s, then ms, then µs, then ns, by its size); any other number is in s, as BurstGPT's are; a text is ISO 8601, in UTC where
it names no zone. Refused are numbers that nothing names seconds and that would be fewer than SPARSE a second.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import engine
from sizing.plain import LONGEST_TOKENS, AskError

# What is read, by the names that files have for it, letters alone. Azure's traces of 2023 and 2024: TIMESTAMP, ContextTokens,
# GeneratedTokens. BurstGPT: Timestamp, Request tokens, Response tokens. Mooncake and NVIDIA's Dynamo and AIPerf: timestamp,
# input_length, output_length, hash_ids. `vllm bench serve --save-detailed`: start_times, input_lens, output_lens.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "arrival": ("arrival", "arrivaltime", "arrivedat", "timestamp", "time", "starttime", "starttimes"),
    "prompt": (
        "prompt",
        "prompttokens",
        "promptlen",
        "contexttokens",
        "requesttokens",
        "inputtokens",
        "inputlength",
        "inputlen",
        "inputlens",
        "numprefilltokens",
    ),
    "output": (
        "output",
        "outputtokens",
        "completiontokens",
        "generatedtokens",
        "responsetokens",
        "outputlength",
        "outputlen",
        "outputlens",
        "numdecodetokens",
    ),
    "hashes": ("hashids",),
    "prefix": ("prefix", "prefixhash", "prefixid"),
    "prefix_tokens": ("prefixtokens", "prefixlength", "prefixlen"),
}
TIMES = ("created", "createdat", "datetime", "date", "ts")  # an arrival, where no column has a name of its own for it
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}
CLOCKS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e9, "s"))  # a number from here on counts since 1970 in this unit
SPARSE = 0.1  # requests a second: fewer, at numbers without a unit, may as well be ms
BLOCK_TOKENS = 512  # of one of Mooncake's hashes
MOST_REQUESTS, MOST_LINE, MOST_ARRAYS = (
    1_000_000,
    1_000_000,
    64_000_000,
)  # requests; characters of a line, of a file of arrays
MOST_UNREAD = 0.1  # of all lines: past it a file is of another kind than it seems
FAILED = "no_output"  # the reason of a request that was asked and got no answer: no fault of the file's
SHOWN = 5
DEEPEST = 3  # of the objects in an object that are looked into


class Skip(NamedTuple):
    """Lines that were left out for one reason: how many, and the numbers of the first."""

    reason: str
    times: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Trace:
    """What a file holds. unit: how its times were read, one of UNITS or "iso"; columns: what was read from which; span_s: from
    the first request to the last; skipped: what was left out and why; unordered: requests that stood after a later one."""

    requests: tuple[engine.Request, ...]
    unit: str
    columns: Mapping[str, str]
    span_s: float
    skipped: tuple[Skip, ...]
    unordered: int


class Unread(Exception):
    """A line that can't be read; its text is the reason's name (content, size.toml, [trace])."""


class Reader:
    """Takes a file as text, in pieces of any size. unit: that of its times, where the rule above would be wrong."""

    def __init__(self, unit: str = "") -> None:
        if unit and unit not in UNITS:
            raise AskError("trace_unit", found=unit, known=", ".join(UNITS))
        self.unit = self._asked = unit
        self._usual = ""  # what the kind of file says, where no name and no clock does
        self._guessed = False  # whether nothing but the rule's last line says that times are in s
        self.columns: dict[str, str] = {}
        self.lines = self.read = 0  # lines so far, and characters: for progress
        self._rest = self._form = ""
        self._begun: list[str] = []  # a row of CSV whose quote hasn't ended, and its characters
        self._held = 0
        self._whole: list[str] = []  # the pieces of a file that isn't by the line
        self._header: list[str] = []
        self._delimiter = ","
        self._found: list[tuple[float, int, int, tuple[tuple[int, int], ...]]] = []
        self._skipped: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}
        self._contents: dict[object, int] = {}
        self._first: datetime | None = None

    def feed(self, text: str) -> None:
        """Take a piece. Raises AskError for a file that can't be one of requests."""
        self.read += len(text)
        if self._form == "arrays":
            if self.read > MOST_ARRAYS:
                raise AskError("trace_long", most=MOST_ARRAYS)
            self._whole.append(text)
            return
        *lines, rest = (self._rest + text).split("\n")
        for number, line in enumerate(lines):
            self._line(line)
            if self._form == "arrays":
                self._whole, self._rest = ["\n".join([*lines[number:], rest])], ""
                return
        self._rest = rest
        if len(rest) > MOST_LINE:
            if self.lines or not rest.lstrip("\ufeff \t\r").startswith("{"):  # no line of requests is so long
                raise AskError("trace_line", line=self.lines + 1)
            self._form, self._whole, self._rest = "arrays", [rest], ""

    def close(self) -> Trace:
        """The requests, in order of arrival, the first at 0 s. Raises AskError where there are none, or too few of the lines."""
        if self._rest.strip():
            self._line(self._rest)
            self._whole.append(self._rest)
        if self._form == "arrays":
            self._arrays("".join(self._whole))
        if self._begun:  # a quote that never ended
            self._skip("quote", self.lines)
        unread = sum(count for reason, count in self._counts.items() if reason != FAILED)
        if unread > MOST_UNREAD * (unread + len(self._found)):
            reason = max((r for r in self._counts if r != FAILED), key=lambda r: self._counts[r])
            facts = {"line": self._skipped[reason][0], "count": unread, "lines": unread + len(self._found)}
            raise AskError("trace_unread", reason=reason, **facts)
        if not self._found:
            raise AskError("trace_empty")
        return self._trace()

    def _trace(self) -> Trace:
        unordered = sum(b[0] < a[0] for a, b in zip(self._found, self._found[1:], strict=False))
        self._found.sort(key=lambda row: row[0])
        first = self._found[0][0]
        span = self._found[-1][0] - first
        if self._guessed and len(self._found) < SPARSE * span:
            raise AskError("trace_whole", found=self.columns["arrival"], seconds=round(span / len(self._found)))
        requests = tuple(
            engine.Request(at - first, prompt, output, prefix) for at, prompt, output, prefix in self._found
        )
        skipped = tuple(Skip(name, count, tuple(self._skipped[name])) for name, count in self._counts.items())
        return Trace(requests, self.unit, self.columns, requests[-1].arrival_s, skipped, unordered)

    def _skip(self, reason: str, line: int) -> None:
        self._counts[reason] = self._counts.get(reason, 0) + 1
        if len(known := self._skipped.setdefault(reason, [])) < SHOWN:
            known.append(line)

    # --- a line ---

    def _line(self, line: str) -> None:
        self.lines += 1
        if self.lines == 1:
            line = line.lstrip("\ufeff")
        line = line.removesuffix("\r")
        if not line.strip() and not self._begun:
            return
        if not self._form and line.lstrip().startswith(("{", "[")):
            self._form = "json"
        if self._form == "json":
            self._object(line)
        else:
            self._row(line)
        if len(self._found) > MOST_REQUESTS:
            raise AskError("trace_many", most=MOST_REQUESTS)

    def _row(self, line: str) -> None:
        """A line of CSV, which goes on where a quote hasn't ended."""
        if (line.count('"') % 2 == 1) != bool(self._begun):  # it ends within quotes
            self._begun.append(line)
            self._held += len(line) + 1
            if self._held > MOST_LINE:
                raise AskError("trace_line", line=self.lines)
            return
        line, self._begun, self._held = "\n".join([*self._begun, line]), [], 0
        if not self._form:
            self._delimiter = max(",;\t", key=line.count)
        try:  # most lines have no quotes, and are read in half of the time
            quoted = '"' in line
            cells = next(csv.reader([line], delimiter=self._delimiter)) if quoted else line.split(self._delimiter)
        except (csv.Error, StopIteration):
            self._skip("csv", self.lines)
            return
        if not self._form:
            self._form, self._header = "csv", [cell.strip() for cell in cells]
            self._choose(self._header)
        elif len(cells) != len(self._header):
            self._skip("cells", self.lines)
        else:
            self._take(dict(zip(self._header, cells, strict=True)), self.lines)

    def _object(self, line: str) -> None:
        """A line of JSON. The first may hold the whole file, as arrays or as a list of requests."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = [] if self.lines == 1 else None  # an object, or a list, over several lines
        if not isinstance(row, dict):
            if isinstance(row, list) and self.lines == 1:
                self._form = "arrays"
            else:
                self._skip("json", self.lines)
            return
        row = _flat(row)
        if not self.columns:
            if any(isinstance(row.get(name), list) for name in row if _plain(name) in COLUMNS["prompt"]):
                self._columns_of(row)
                return
            self._choose(*_by_kind(row))
        self._take(row, self.lines)

    def _arrays(self, text: str) -> None:
        """A whole file of JSON that isn't by the line: an object of arrays, or a list of requests."""
        try:
            found = json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError) as mistake:
            raise AskError("trace_json", line=getattr(mistake, "lineno", 1)) from mistake
        if isinstance(found, dict):
            self._columns_of(found)
            return
        for number, row in enumerate(found if isinstance(found, list) else (), 1):
            if not isinstance(row, dict):
                self._skip("json", number)
                continue
            row = _flat(row)
            if not self.columns:
                self._choose(*_by_kind(row))
            self._take(row, number)

    def _columns_of(self, table: Mapping[str, Any]) -> None:
        """Requests whose values stand in arrays, one for each column, as `vllm bench serve` saves them."""
        self._choose([name for name, values in table.items() if isinstance(values, list)])
        arrays = {name: table[name] for name in self.columns.values()}
        if len({len(values) for values in arrays.values()}) > 1:
            raise AskError("trace_arrays", known=", ".join(f"{name} {len(values)}" for name, values in arrays.items()))
        for number, values in enumerate(zip(*arrays.values(), strict=True), 1):
            self._take(dict(zip(arrays, values, strict=True)), number)

    # --- what stands in it ---

    def _choose(self, names: Sequence[str], texts: Sequence[str] = ()) -> None:
        """Which column is what, and the unit of its times as far as its name says it. texts: columns of words, which are none of
        numbers where another is. Raises AskError for one that lacks."""
        units: dict[str, str] = {}
        known = (
            COLUMNS if any(_parted(name)[0] in COLUMNS["arrival"] for name in names) else {**COLUMNS, "arrival": TIMES}
        )
        for name in (*names, *texts):
            plain, unit = _parted(name)
            for what in (what for what, said in known.items() if plain in said):
                if what in self.columns and name in texts:
                    continue
                if what in self.columns:
                    raise AskError("trace_twice", found=self.columns[what], other=name)
                self.columns[what], units[what] = name, unit
        for what in ("arrival", "prompt", "output"):
            if what not in self.columns:
                there = ", ".join(str(name) for name in (*names, *texts))[:200]
                raise AskError(
                    "trace_column",
                    what=what,
                    found=there,
                    known=", ".join((*COLUMNS[what], *(TIMES if what == "arrival" else ()))),
                )
        if "prefix" in self.columns and "prefix_tokens" not in self.columns:
            raise AskError("trace_column", what="prefix_tokens", found=self.columns["prefix"], known="prefix_tokens")
        stamped = _plain(self.columns["arrival"]) == "timestamp"
        mooncake, burst = "hashes" in self.columns, _plain(self.columns["prompt"]) == "requesttokens"
        self.unit = self._asked or units["arrival"]
        self._usual = ("ms" if mooncake else "s" if burst else "") if stamped else ""

    def _take(self, row: Mapping[str, Any], line: int) -> None:
        try:
            cells = {what: row.get(name) for what, name in self.columns.items()}
            at = self._time(cells["arrival"])
            prompt, output = _count(cells["prompt"], "prompt"), _count(cells["output"], "output")
            if not output:
                raise Unread(FAILED)
            if not prompt:
                raise Unread("prompt")
            self._found.append((at, prompt, output, self._prefix(cells, prompt)))
        except Unread as reason:
            self._skip(str(reason), line)

    def _time(self, cell: object) -> float:
        """A time in s. The first one decides how all are read."""
        value = None if self.unit == "iso" else _number(_pointed(cell, self._delimiter))
        if not self.unit:
            clock = next((unit for least, unit in CLOCKS if value is not None and abs(value) >= least), "")
            self.unit = "iso" if value is None else clock or self._usual or "s"
            self._guessed = value is not None and not clock and not self._usual
        if self.unit != "iso":
            if value is None:
                raise Unread("time")
            return value * UNITS[self.unit]
        try:
            found = datetime.fromisoformat(str(cell).strip())
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            self._first = self._first or found
            return (found - self._first).total_seconds()
        except (ValueError, OverflowError) as mistake:
            if not self._found:
                self.unit = ""  # a first line that can't be read decides nothing
            raise Unread("time") from mistake

    def _prefix(self, cells: Mapping[str, Any], prompt: int) -> tuple[tuple[int, int], ...]:
        """The pieces of a prompt that others may share, by their names in the file."""
        if "hashes" in cells:
            names = _listed(cells["hashes"])
            if names and len(names) not in (prompt // BLOCK_TOKENS, -(-prompt // BLOCK_TOKENS)):
                raise Unread("blocks")
            sizes = [min(BLOCK_TOKENS, prompt - i * BLOCK_TOKENS) for i in range(len(names))]
            return tuple((self._content(name), size) for name, size in zip(names, sizes, strict=True))
        if cells.get("prefix") in (None, ""):
            return ()
        tokens = _count(cells["prefix_tokens"], "prefix")
        if tokens > prompt:
            raise Unread("prefix")
        return ((self._content(str(cells["prefix"])), tokens),) if tokens else ()

    def _content(self, name: object) -> int:
        return self._contents.setdefault(name, len(self._contents))


def _flat(row: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """An object's values, those of objects within it by their path: usage.prompt_tokens, as logs of OpenAI's form have it."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and path.count(".") < DEEPEST:
            found |= _flat(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = value
    return found


def _by_kind(row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The names of an object's values: those that are numbers or times, and those of prompts and answers in words."""
    lengths = {*COLUMNS["prompt"], *COLUMNS["output"]}
    words = [
        name
        for name, value in row.items()
        if _parted(name)[0] in lengths
        and not isinstance(value, list)
        and _number(value) is None
        and _thousands(value) is None
    ]
    return [name for name in row if name not in words], words


def _thousands(cell: object) -> int | None:
    """A whole number whose thousands are parted by commas, "1,234"; None for anything else."""
    return (
        int(cell.replace(",", "")) if isinstance(cell, str) and re.fullmatch(r"\s*\d{1,3}(,\d{3})+\s*", cell) else None
    )


def _pointed(cell: object, delimiter: str) -> object:
    """A decimal comma as a point. "1,234" has one in a file of semicolons, as spreadsheets write where commas are decimal."""
    is_decimal = isinstance(cell, str) and re.fullmatch(r"\s*[+-]?\d+,\d+\s*", cell)
    return str(cell).replace(",", ".") if is_decimal and (delimiter == ";" or _thousands(cell) is None) else cell


def _plain(name: object) -> str:
    """A column's name without signs and size of letters."""
    return re.sub(r"[^a-z]", "", str(name).lower())


def _parted(name: object) -> tuple[str, str]:
    """A column's name and the unit that it ends in, if it does: "arrival_ms", "Timestamp (s)"."""
    last = re.sub(r"^(?:\w+\.)+(?=\w+$)", "", str(name).strip())  # of a path
    match = re.fullmatch(r"(.+?)[\s_]*[_(\[ ](ns|us|ms|s|sec|seconds)[)\]]?", last, re.IGNORECASE)
    return (_plain(match[1]), match[2].lower()) if match else (_plain(last), "")


def _number(cell: object) -> float | None:
    """A finite number, None for anything else."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    if isinstance(cell, str) and (len(cell) > 40 or "_" in cell):
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _count(cell: object, reason: str) -> int:
    """A whole number of tokens from 0. Raises Unread, also for "1.000", which may be a thousand."""
    parted = _thousands(cell)
    value = _number(cell) if parted is None else parted
    if isinstance(cell, str) and re.fullmatch(r"\s*[1-9]\d{0,2}(\.\d{3})+\s*", cell):
        raise Unread(reason)
    if value is None or value != int(value) or not 0 <= value <= LONGEST_TOKENS:
        raise Unread(reason)
    return int(value)


def _listed(cell: object) -> list[object]:
    """The hashes of a cell: a list, or its members written one after the other. Raises Unread."""
    if isinstance(cell, str):
        return list(re.findall(r"[^\s,;\[\]]+", cell))
    if cell is None:
        return []
    if not isinstance(cell, list) or any(not isinstance(each, int | str) for each in cell):
        raise Unread("blocks")
    return list(cell)
