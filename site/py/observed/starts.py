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
    r"('(?:[^'\\\n]|\\.){0,400}'|\"(?:[^\"\\\n]|\\.){0,400}\"|[^\s,(){}\[\]'\"=]{1,300}(?=[\s,()}\]])|\{)",
    re.ASCII,
)
UNSET = {"None", "auto", "null", "", "[]", "{}"}
PROCESS = re.compile(
    r"\(([A-Za-z]\w{1,30}(?:[ _=][^()\n]{0,60})?)\)|\[[0-9][0-9 :.,T-]{6,30} ((?:[A-Z]{2}[0-9]{1,4} ?){1,6})\]",
    re.ASCII,
)
RANK = re.compile(r"(?:^|[ _])DP([0-9]{1,4})|^EngineCore_([0-9]{1,4})", re.ASCII)
STAMP = re.compile(r"[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
PID = re.compile(r"\bpid=[0-9]{1,9}", re.ASCII)
HEAD = 240  # characters in which a line says who wrote it

DEFAULT_BLOCK = 16  # vLLM's on NVIDIA and AMD
FIRST = {"free_bytes", "total_bytes"}  # as it was before anything came
LEAST = {"kv_bytes", "left_bytes", "free_bytes", "total_bytes", "kv_tokens", "blocks", "capacity_tokens", "concurrency"}
ADDED = {
    ("sglang", "weights_bytes"),
    ("sglang", "kv_bytes"),
    ("sglang", "graphs_bytes"),
    ("sglang", "state_bytes"),
}  # a draft model's come on top
OF_ENGINE = {"kv_tokens", "concurrency", "blocks", "capacity_tokens"}
ONCE = {"kv_tokens", "kv_bytes", "total_bytes", "blocks"}  # a process of vLLM says them once in a start
AGAIN = 0.1  # relative difference from which a process that says them again is another start; GPUs of one engine differ by less
MEASURED = {"weights_bytes", "kv_bytes", "kv_tokens", "blocks", "capacity_tokens", "total_bytes"}


def process(line: str) -> tuple[str, str]:
    """Who wrote a line: the process, and the data-parallel rank of its engine ("" without one)."""
    found = [a or b for a, b in PROCESS.findall(line[:HEAD])]
    ranks = [match[1] or match[2] for name in found if (match := RANK.search(name))]
    return " ".join(found), ranks[0] if ranks else ""


def stamp(line: str) -> str:
    """When a line was written, as it is compared within a year; "" where it doesn't say."""
    match = STAMP.search(line[:HEAD])
    return match[0] if match else ""


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
        self.ranks: set[str] = set()
        self.stamp = ""  # when the first figure was written
        self.failed = False

    @property
    def measured(self) -> bool:
        """Whether it got as far as measuring memory."""
        return bool(self.seen.keys() & MEASURED or self.weak)

    def note(self, hit: Hit, name: str, value: float) -> None:
        """Keep a number: by process, or by engine if it is one of an engine."""
        who, rank = process(hit.line)
        self.ranks.add(rank)
        self.stamp = self.stamp or stamp(hit.line)
        self.seen.setdefault(name, {}).setdefault(rank if name in OF_ENGINE else who, []).append(value)

    def ended(self, hit: Hit, name: str, value: float) -> bool:
        """Whether a figure can't be of this start any more, for the same process has told it before."""
        who, rank = process(hit.line)
        before = self.seen.get(name, {}).get(rank if name in OF_ENGINE else who)
        if self.engine == "sglang":
            return name in ("free_bytes", "weights_bytes", "after_bytes") and "capacity_tokens" in self.seen
        if name == "weights_bytes":
            return before is not None and bool(self.seen.keys() & ONCE)
        return (
            name in ONCE and before is not None and abs(value - before[-1]) > AGAIN * max(abs(value), abs(before[-1]))
        )

    def figure(self, name: str) -> float | None:
        """A field of all processes together: the least of what is left or shared out, else the most."""
        least = name in LEAST
        each = self.seen.get(name)
        if not each:
            return self.weak.get(name)
        added = (self.engine, name) in ADDED
        first = name in FIRST
        own = [sum(v) if added else v[0] if first else min(v) if least else v[-1] for v in each.values()]
        return min(own) if least else max(own)


class Starts:
    """Reads the lines of vLLM's and SGLang's logs; `close` gives the last start."""

    def __init__(self) -> None:
        self.opened: list[Opened] = []
        self.strange = ""  # the first line with a number that can't be
        self.readers: dict[str, Callable[[Hit, re.Match[str]], None]] = {
            "vllm.begin": self._begin,
            "vllm.args": self._settings,
            "vllm.engine": self._engine,
            "vllm.profile": self._profile,
            "vllm.failed": self._failed,
            "vllm": self._figures,
            "sglang.args": self._settings,
            "sglang.load": self._figures,
            "sglang.pool": self._pool,
            "sglang.graphs": self._figures,
            "sglang.state": self._state,
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
        name, rank = process(hit.line)
        who = f"{hit.row.what} {name if hit.row.what == 'vllm.profile' else PID.sub('', name)}"
        later = start.measured and hit.row.what != "vllm.profile" and (not rank or rank in start.ranks)
        if later and start.stamp and "" < stamp(hit.line) <= start.stamp:
            later = False  # a report that tells its figures first and its settings then
        if who in start.begun or later:
            start = self._another(engine)
        start.begun.add(who)
        return start

    def _another(self, engine: str) -> Opened:
        self.opened.append(Opened(engine))
        return self.opened[-1]

    def _profile(self, hit: Hit, match: re.Match[str]) -> None:
        """The table of December 2024 has no other line that only a new start writes."""
        self._fresh(hit).told["v0"] = 1.0

    def _failed(self, hit: Hit, match: re.Match[str]) -> None:
        self._current("vllm").failed = True

    def _begin(self, hit: Hit, match: re.Match[str]) -> None:
        self._fresh(hit).told |= dict(values(hit.row, match))  # type: ignore[arg-type]  # texts

    def _engine(self, hit: Hit, match: re.Match[str]) -> None:
        start = self._fresh(hit)
        start.told |= dict(values(hit.row, match))  # type: ignore[arg-type]  # texts
        start.told["v0"] = float("V1" not in match[0])
        start.told |= settings(hit.line[match.end() :])

    def _settings(self, hit: Hit, match: re.Match[str]) -> None:
        start = self._fresh(hit)
        start.told |= settings(hit.line[match.end() :])
        if "non-default" in match[0] and hit.line.rstrip().endswith("}"):
            start.told.setdefault("tp", 1.0)  # what isn't among them is as it is by default

    def _pool(self, hit: Hit, match: re.Match[str]) -> None:
        """A pool of SGLang: keys and values apart, together, or without sizes. A second one is a draft's, or a window's."""
        start = self._current("sglang")
        found = [(name, value) for name, value in values(hit.row, match) if isinstance(value, float)]
        if sizes := [value for name, value in found if name == "kv_bytes"]:
            start.note(hit, "kv_bytes", sum(sizes))
        for name, value in found:
            if name == "kv_tokens" and not start.seen.get(name, {}).get(process(hit.line)[1]):
                start.note(hit, name, value)

    def _state(self, hit: Hit, match: re.Match[str]) -> None:
        """States of layers that keep one instead of a cache."""
        sizes = [value for _, value in values(hit.row, match) if isinstance(value, float)]
        self._current("sglang").note(hit, "state_bytes", sum(sizes))

    def _figures(self, hit: Hit, match: re.Match[str]) -> None:
        start = self._current(hit.row.what.partition(".")[0])
        for name, value in values(hit.row, match):
            if value is None:
                self.strange = self.strange or hit.line
            elif name in TOLD or isinstance(value, str):
                start.told[name] = value
            elif hit.row.weak:
                start.weak[name] = value
            else:
                start = self._another(start.engine) if start.ended(hit, name, value) else start
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
        elif starts[-1].failed:
            notes.append(Note("failed"))
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
    for name in made.keys() & {"tp", "pp", "dp"}:
        made[name] = int(min(made[name], 10_000))
    for name in made.keys() & {"attention_dp", "draft", "v0"}:
        made[name] = bool(made[name])
    if (capacity := opened.figure("capacity_tokens")) is not None:
        made["kv_tokens"] = capacity  # what SGLang's scheduler goes by
    if made.get("kv_tokens") is None and made.get("blocks") is not None:
        made["kv_tokens"] = made["blocks"] * made.get("block_tokens", DEFAULT_BLOCK)
    begun, after = opened.seen.get("free_bytes", {}), opened.seen.get("after_bytes", {})
    if "weights_bytes" not in made and (both := begun.keys() & after.keys()):
        made["weights_bytes"] = max(sum(begun[who]) - sum(after[who]) for who in both)
    engines = opened.seen.get("kv_tokens") or opened.seen.get("capacity_tokens") or opened.seen.get("blocks") or {}
    made["engines"] = max(1, len(engines))
    return Start(**made)
