"""Runs of load generators: JSON of `vllm bench serve`, SGLang's bench_serving and GuideLLM, and the printed table.

Names of keys: vllm/benchmarks/serve.py, sglang/bench_serving.py, guidellm/benchmark/schemas (0.2 to 0.8). GuideLLM's
inter_token_latency is (end to end - first token) / (n - 1) of a request, which is TPOT here; its time_per_output_token
counts the first token in, and isn't read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any

from observed.facts import Bench, Spread
from observed.lines import LARGEST, Hit, number, values

MOST_RUNS = 500
TIMES = (("ttft", "ttft"), ("tpot", "tpot"), ("itl", "itl"), ("e2e", "e2el"), ("e2e", "e2e_latency"))
STATS = {
    "mean": "mean_s",
    "median": "p50_s",
    "std": "std_s",
    "p50": "p50_s",
    "p90": "p90_s",
    "p95": "p95_s",
    "p99": "p99_s",
}
PRINTED = {"TTFT": "ttft", "TPOT": "tpot", "ITL": "itl", "E2EL": "e2e", "E2E Latency": "e2e"}
GUIDE = (
    ("ttft", "time_to_first_token_ms", 1000),
    ("tpot", "inter_token_latency_ms", 1000),
    ("e2e", "request_latency", 1),
)  # fmt: skip
RATE = re.compile(r"(?:constant|poisson|async)", re.ASCII)


def plain(value: Any, parts: int = 1) -> float | None:
    """A number of a stranger's JSON, over `parts`; None for anything else, and for what is below zero or can't be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = float(value) if abs(value) < LARGEST else math.inf
    return found / parts if 0 <= found < LARGEST else None


def text(value: Any) -> str:
    """A text of a stranger's JSON, cut where nobody reads on."""
    return value[:300] if isinstance(value, str) else ""


def table(value: Any) -> Mapping[str, Any]:
    """A table of a stranger's JSON, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def benches(found: Mapping[str, Any]) -> list[Bench] | None:
    """The runs that a JSON object holds; None when it is no result of a tool that is known here."""
    if isinstance(found.get("benchmarks"), list):
        runs = [run for each in found["benchmarks"][:MOST_RUNS] if (run := _guided(table(each), found))]
        return runs or None
    if any(key in found for key in ("mean_ttft_ms", "median_ttft_ms", "output_throughput")) and "completed" in found:
        return [_served(found)]
    return None


def _served(found: Mapping[str, Any]) -> Bench:
    """A result of vLLM's or SGLang's client; a rate of "inf" is no limit."""
    done = plain(found.get("completed"))
    each: dict[str, Spread] = {}
    for name, key in TIMES:
        said = {stat: plain(found.get(f"{word}_{key}_ms"), 1000) for word, stat in STATS.items()}
        if any(value is not None for value in said.values()):
            said["p50_s"] = plain(found.get(f"median_{key}_ms"), 1000) or said["p50_s"]
            each[name] = Spread(**said)
    rate = found.get("request_rate")
    sglang = "mean_e2e_latency_ms" in found or str(found.get("backend")).startswith("sglang")
    return Bench(
        "sglang" if sglang else "vllm",
        model=text(found.get("model_id") or found.get("model") or found.get("tokenizer_id")),
        rate_per_s=number(rate) if isinstance(rate, str) else plain(rate),
        users=plain(found.get("max_concurrency")),
        requests=done,
        failed=plain(found.get("failed")),
        duration_s=plain(found.get("duration")),
        prompt_tokens=_mean(plain(found.get("total_input_tokens")), done),
        output_tokens=_mean(plain(found.get("total_output_tokens")), done),
        requests_per_s=plain(found.get("request_throughput")),
        output_tokens_per_s=plain(found.get("output_throughput")),
        **each,
    )


def _mean(total: float | None, count: float | None) -> float | None:
    return total / count if total is not None and count else None


def _guided(run: Mapping[str, Any], report: Mapping[str, Any]) -> Bench | None:
    """One benchmark of a GuideLLM report: `args.strategy` until 0.3, `config.strategy` from 0.4 on."""
    metrics = table(run.get("metrics"))
    if not metrics:
        return None
    config, args = table(run.get("config")), table(run.get("args"))
    strategy = table(config.get("strategy") or args.get("strategy"))
    kind = text(strategy.get("type_") or strategy.get("kind"))
    totals = table(
        metrics.get("request_totals") or run.get("request_totals") or table(run.get("run_stats")).get("requests_made")
    )
    backend, worker = table(config.get("backend")), table(run.get("worker"))
    spec = table(table(table(report.get("config")).get("spec")).get("backend"))  # since 0.7
    model = (
        table(report.get("args")).get("model")
        or spec.get("model")
        or backend.get("model")
        or worker.get("backend_model")
        or args.get("model")
    )
    users = strategy.get("streams", strategy.get("max_concurrency"))
    span = plain(run.get("duration"))
    begin, end = plain(run.get("start_time")), plain(run.get("end_time"))
    return Bench(
        "guidellm",
        model=text(model),
        rate_per_s=plain(strategy.get("rate")) if RATE.match(kind) else None,
        users=1.0 if kind == "synchronous" else plain(users) if kind in ("concurrent", "throughput") else None,
        requests=plain(totals.get("successful")),
        failed=plain(totals.get("errored")),
        duration_s=span if span is not None else end - begin if begin is not None and end is not None else None,
        prompt_tokens=_of(metrics, "prompt_token_count"),
        output_tokens=_of(metrics, "output_token_count"),
        requests_per_s=_of(metrics, "requests_per_second"),
        output_tokens_per_s=_of(metrics, "output_tokens_per_second"),
        **dict(_spreads(metrics)),
    )


def _of(metrics: Mapping[str, Any], name: str) -> float | None:
    """The mean over successful requests."""
    return plain(table(table(metrics.get(name)).get("successful")).get("mean"))


def _spreads(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Spread]]:
    for name, key, parts in GUIDE:
        found = table(table(metrics.get(key)).get("successful"))
        if not found.get("count", 1):
            continue
        shares = table(found.get("percentiles"))
        said = {f"{word}_s": plain(shares.get(word), parts) for word in ("p50", "p90", "p95", "p99")}
        said["p50_s"] = plain(found.get("median"), parts) or said["p50_s"]
        yield name, Spread(plain(found.get("mean"), parts), std_s=plain(found.get("std_dev"), parts), **said)


class Printed:
    """The tables that clients print, line by line."""

    def __init__(self) -> None:
        self.runs: list[Bench] = []
        self.before: dict[str, float | str] = {}  # what is printed ahead of a table
        self.totals: dict[str, float] = {}

    def read(self, hit: Hit, match: re.Match[str]) -> None:
        """Take one line."""
        what = hit.row.what
        if what == "bench.begin":
            self._end()
            self.runs = [*self.runs[-MOST_RUNS:], Bench("vllm", **self.before)]  # type: ignore[arg-type]  # floats
            self.before = {}
        elif what == "bench.before" and (not self.runs or self._full()):
            self.before |= {name: value for name, value in values(hit.row, match) if value is not None}
        elif not self.runs:
            return
        elif what == "bench.time":
            self._time(match[1], match[2], match[3])
        else:
            self._figures(hit, match)

    def _figures(self, hit: Hit, match: re.Match[str]) -> None:
        names = {field.name for field in fields_of(Bench)}
        for name, value in values(hit.row, match):
            if name == "tool":
                self.runs[-1] = replace(self.runs[-1], tool="sglang")  # its client alone names the backend
            elif isinstance(value, float) and name in names:
                self.runs[-1] = replace(self.runs[-1], **{name: value})  # type: ignore[arg-type]  # floats
            elif isinstance(value, float):
                self.totals[name] = value

    def _full(self) -> bool:
        """Whether the last table is printed to its end, so that what comes belongs to the next."""
        return self.runs[-1].itl != Spread() or self.runs[-1].tpot != Spread()

    def _time(self, stat: str, name: str, said: str) -> None:
        field, value = PRINTED[name], number(said.rstrip(".,"), "ms")
        word = STATS.get(stat.lower())
        if word and value is not None:
            spread = replace(getattr(self.runs[-1], field), **{word: value})
            self.runs[-1] = replace(self.runs[-1], **{field: spread})

    def _end(self) -> None:
        """The means of the last table's requests."""
        if self.runs:
            done = self.runs[-1].requests
            prompt, output = (_mean(self.totals.get(name), done) for name in ("prompts", "outputs"))
            self.runs[-1] = replace(self.runs[-1], prompt_tokens=prompt, output_tokens=output)
        self.totals = {}

    def close(self) -> list[Bench]:
        """The tables that say anything."""
        self._end()
        return [run for run in self.runs if run.requests is not None or run.ttft != Spread()]
