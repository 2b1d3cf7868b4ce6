"""A server's start-up log, line by line, as the starts that it holds: of several, the last one counts.

Each line says which process wrote it. What a GPU has is kept by process, so that the most and the least of all can be told;
what an engine has (its KV tokens) by data-parallel rank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from typing import Any

from observed.facts import Note, Start
from observed.lines import Hit, number, values

# Keys of the engines' settings, as they stand in their logs: the field, and its unit.
KEYS: Mapping[str, tuple[str, str]] = {
    "model": ("model", "text"),
    "model_tag": ("model", "text"),
    "model_path": ("model", "text"),
    "dtype": ("dtype", "text"),
    "quantization": ("quantization", "text"),
    "kv_cache_dtype": ("kv_dtype", "text"),
    "max_model_len": ("max_tokens", "n"),
    "max_seq_len": ("max_tokens", "n"),
    "context_length": ("max_tokens", "n"),
    "tensor_parallel_size": ("tp", "n"),
    "tp_size": ("tp", "n"),
    "pipeline_parallel_size": ("pp", "n"),
    "pp_size": ("pp", "n"),
    "data_parallel_size": ("dp", "n"),
    "dp_size": ("dp", "n"),
    "enable_dp_attention": ("attention_dp", "flag"),
    "gpu_memory_utilization": ("utilization", "n"),
    "mem_fraction_static": ("utilization", "n"),
    "max_num_batched_tokens": ("token_budget", "n"),
    "chunked_prefill_size": ("token_budget", "n"),
    "max_num_seqs": ("max_running", "n"),
    "max_running_requests": ("max_running", "n"),
    "block_size": ("block_tokens", "n"),
    "page_size": ("block_tokens", "n"),
    "speculative_config": ("draft", "text"),
    "speculative_model": ("draft", "text"),
    "speculative_algorithm": ("draft", "text"),
}
TOLD = {name for name, _ in KEYS.values()}
SETTING = re.compile(
    r"(?<![\w.'\"-])['\"]?(\w{2,40})['\"]?[=:] {0,2}"
    r"('(?:[^'\\\n]|\\.){0,400}'|\"(?:[^\"\\\n]|\\.){0,400}\"|[^\s,(){}\[\]'\"]{1,200}|\{)",
    re.ASCII,
)
UNSET = {"None", "auto", "null", "", "[]", "{}"}
PROCESS = re.compile(
    r"\(([A-Za-z]\w{1,30}(?:[ _=][^()\n]{0,60})?)\)|\[[0-9][0-9 :.,T-]{6,30} ((?:[A-Z]{2}[0-9]{1,4} ?){1,6})\]",
    re.ASCII,
)
RANK = re.compile(r"(?:^|[ _])DP([0-9]{1,4})", re.ASCII)
PID = re.compile(r"\bpid=[0-9]{1,9}", re.ASCII)
HEAD = 240  # characters in which a line says who wrote it

DEFAULT_BLOCK = 16  # vLLM's on NVIDIA and AMD
LEAST = {"kv_bytes", "left_bytes", "free_bytes", "total_bytes", "kv_tokens", "blocks", "capacity_tokens", "concurrency"}
ADDED = {("sglang", "weights_bytes"), ("sglang", "kv_bytes"), ("sglang", "graphs_bytes")}  # a draft model's come on top
MEASURED = {"weights_bytes", "kv_bytes", "kv_tokens", "blocks", "capacity_tokens", "total_bytes"}


def process(line: str) -> tuple[str, str]:
    """Who wrote a line: the process, and the data-parallel rank of its engine ("" without one)."""
    found = [a or b for a, b in PROCESS.findall(line[:HEAD])]
    ranks = [match[1] for name in found if (match := RANK.search(name))]
    return " ".join(found), ranks[0] if ranks else ""


def settings(line: str) -> dict[str, float | str]:
    """What a line of settings says, by our fields: `key=value` or `'key': value`; of a key that stands twice, the first."""
    found: dict[str, float | str] = {}
    for key, text in SETTING.findall(line):
        if key not in KEYS:
            continue
        name, unit = KEYS[key]
        plain = text[1:-1] if text[:1] in "'\"" else text
        if plain in UNSET or name in found:
            continue
        if unit == "flag":
            found[name] = float(plain == "True")
        elif unit == "text":
            found[name] = plain
        elif (value := number(plain)) is not None and value > 0:
            found[name] = value
    return found


class Opened:
    """One start, as its lines come."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.told: dict[str, float | str] = {}
        self.weak: dict[str, float] = {}
        self.seen: dict[str, dict[str, list[float]]] = {}  # field, process or engine, values
        self.begun: set[str] = set()

    @property
    def measured(self) -> bool:
        """Whether it got as far as measuring memory."""
        return bool(self.seen.keys() & MEASURED or self.weak)

    def note(self, hit: Hit, name: str, value: float) -> None:
        """Keep a number: by process, or by engine if it is one of an engine."""
        who, rank = process(hit.line)
        key = rank if name in ("kv_tokens", "concurrency", "blocks", "capacity_tokens") else who
        self.seen.setdefault(name, {}).setdefault(key, []).append(value)

    def figure(self, name: str) -> float | None:
        """A field of all processes together: the least of what is left or shared out, else the most."""
        least = name in LEAST
        each = self.seen.get(name)
        if not each:
            return self.weak.get(name)
        added = (self.engine, name) in ADDED
        own = [sum(found) if added else min(found) if least else found[-1] for found in each.values()]
        return min(own) if least else max(own)


class Starts:
    """Reads the lines of vLLM's and SGLang's logs; `close` gives the last start."""

    def __init__(self) -> None:
        self.opened: list[Opened] = []
        self.strange: list[str] = []
        self.readers: dict[str, Callable[[Hit, re.Match[str]], None]] = {
            "vllm.begin": self._begin,
            "vllm.args": self._settings,
            "vllm.engine": self._engine,
            "vllm": self._figures,
            "sglang.args": self._settings,
            "sglang.load": self._figures,
            "sglang.pool": self._pool,
            "sglang.graphs": self._figures,
            "sglang": self._figures,
        }

    def read(self, hit: Hit, match: re.Match[str]) -> None:
        """Take one line. The row's `what` begins with the engine's name."""
        self.readers[hit.row.what](hit, match)

    def _current(self, engine: str) -> Opened:
        if not self.opened or self.opened[-1].engine != engine:
            self.opened.append(Opened(engine))
        return self.opened[-1]

    def _fresh(self, hit: Hit) -> Opened:
        """The start to which a line belongs that only a new start writes: another one if this process wrote it before."""
        engine = hit.row.what.partition(".")[0]
        start = self._current(engine)
        who = f"{hit.row.what} {PID.sub('', process(hit.line)[0])}"
        later = hit.row.what.endswith((".begin", ".args")) and start.measured
        if who in start.begun or later:
            start = Opened(engine)
            self.opened.append(start)
        start.begun.add(who)
        return start

    def _begin(self, hit: Hit, match: re.Match[str]) -> None:
        self._fresh(hit).told["version"] = match[1]

    def _engine(self, hit: Hit, match: re.Match[str]) -> None:
        start = self._fresh(hit)
        start.told["version"] = match[1]
        start.told |= settings(hit.line[match.end() :])

    def _settings(self, hit: Hit, match: re.Match[str]) -> None:
        start = self._fresh(hit)
        start.told |= settings(hit.line[match.end() :])

    def _pool(self, hit: Hit, match: re.Match[str]) -> None:
        """A pool of SGLang: keys and values apart, together, or without sizes. A second one is a draft's, or a window's."""
        start = self._current("sglang")
        found = [(name, value) for name, value in values(hit.row, match) if isinstance(value, float)]
        if sizes := [value for name, value in found if name == "kv_bytes"]:
            start.note(hit, "kv_bytes", sum(sizes))
        for name, value in found:
            if name == "kv_tokens" and not start.seen.get(name, {}).get(process(hit.line)[1]):
                start.note(hit, name, value)

    def _figures(self, hit: Hit, match: re.Match[str]) -> None:
        start = self._current(hit.row.what.partition(".")[0])
        for name, value in values(hit.row, match):
            if not isinstance(value, float):
                self.strange.append(hit.line)
            elif name in TOLD:
                start.told[name] = value
            elif hit.row.weak:
                start.weak[name] = value
            else:
                start.note(hit, name, value)

    def close(self) -> tuple[Start | None, int, list[Note]]:
        """The last start, how many there were, and what is to be said of them."""
        starts = [start for start in self.opened if start.told or start.measured]
        if not starts:
            return None, 0, []
        last = _made(starts[-1])
        notes = []
        if len(starts) > 1:
            notes.append(Note("several_starts", {"count": len(starts)}))
        if last.needed_kv_bytes is not None:
            notes.append(
                Note("did_not_start", {"needed_bytes": last.needed_kv_bytes, "kv_bytes": last.kv_bytes or 0.0})
            )
        elif last.kv_tokens is None and last.kv_bytes is None:
            notes.append(Note("incomplete"))
        return last, len(starts), notes


def _made(opened: Opened) -> Start:
    """The start as its lines tell it."""
    told = dict(opened.told)
    made: dict[str, Any] = {"engine": opened.engine}
    for field in fields_of(Start):
        if field.name in told:
            made[field.name] = told[field.name]
        elif (value := opened.figure(field.name)) is not None:
            made[field.name] = value
    for name in ("tp", "pp", "dp"):
        made[name] = int(min(made.get(name, 1), 10_000))
    made["attention_dp"], made["draft"] = bool(made.get("attention_dp")), bool(made.get("draft"))
    if (capacity := opened.figure("capacity_tokens")) is not None:
        made["kv_tokens"] = capacity  # what SGLang's scheduler goes by
    if made.get("kv_tokens") is None and made.get("blocks") is not None:
        made["kv_tokens"] = made["blocks"] * made.get("block_tokens", DEFAULT_BLOCK)
    engines = opened.seen.get("kv_tokens") or opened.seen.get("capacity_tokens") or opened.seen.get("blocks") or {}
    made["engines"] = max(1, len(engines))
    return Start(**made)
