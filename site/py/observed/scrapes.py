"""A Prometheus scrape of vLLM (v1/metrics/loggers.py, engine/metrics.py) or SGLang (srt/metrics/collector.py).

Series that shards of one engine repeat (tp_rank and the like) count once; those of several engines are added, or, where they
are shares, averaged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from observed.facts import Histogram, Note, Scrape
from observed.lines import LARGEST, Hit

# Metrics by name without the engine's prefix: the field, and how engines make one: "sum" or "mean".
GAUGES: Mapping[str, tuple[str, str]] = {
    "num_requests_running": ("running", "sum"),
    "num_running_reqs": ("running", "sum"),
    "num_requests_waiting": ("waiting", "sum"),
    "num_queue_reqs": ("waiting", "sum"),
    "kv_cache_usage_perc": ("kv_usage", "mean"),
    "gpu_cache_usage_perc": ("kv_usage", "mean"),
    "token_usage": ("kv_usage", "mean"),
    "max_total_num_tokens": ("kv_tokens", "mean"),
    "prompt_tokens_total": ("prompt_tokens", "sum"),
    "generation_tokens_total": ("output_tokens", "sum"),
    "num_preemptions_total": ("preemptions", "sum"),
    "prefix_cache_queries_total": ("prefix_queries", "sum"),
    "prefix_cache_hits_total": ("prefix_hits", "sum"),
    "prefix_cache_queries": ("prefix_queries", "sum"),
    "prefix_cache_hits": ("prefix_hits", "sum"),
    "gpu_prefix_cache_queries_total": ("prefix_queries", "sum"),
    "gpu_prefix_cache_hits_total": ("prefix_hits", "sum"),
    "gpu_prefix_cache_hit_rate": ("hit_rate", "mean"),
    "cache_hit_rate": ("hit_rate", "mean"),
}
# vLLM observed each gap as time_per_output_token before it called it inter_token_latency; SGLang did the same.
HISTOGRAMS: Mapping[str, str] = {
    "time_to_first_token_seconds": "ttft",
    "time_per_output_token_seconds": "itl",
    "inter_token_latency_seconds": "itl",
    "request_time_per_output_token_seconds": "tpot",
    "e2e_request_latency_seconds": "e2e",
}
SHARDS = {"tp_rank", "pp_rank", "moe_ep_rank", "ep_rank", "le", "model_name", "name", "engine_type"}
KNOWN = (*GAUGES, *HISTOGRAMS)
LABEL = re.compile(r'([a-zA-Z_]\w{0,60})="((?:[^"\\\n]|\\.){0,600})"', re.ASCII)
MOST_MODELS = 1_000
ENDINGS = ("_bucket", "_sum", "_count")
Series = tuple[tuple[str, str], ...]


def sample(written: str) -> float | None:
    """A sample's value; None for what is no number or can't be."""
    try:
        value = float(written) if written.isascii() and "_" not in written else math.nan
    except ValueError:
        return None
    return value if abs(value) <= LARGEST or value == math.inf else None


class Scrapes:
    """Reads samples; of a series that comes twice, the later counts."""

    def __init__(self) -> None:
        self.gauges: dict[str, dict[Series, float]] = {}  # field, engine
        self.buckets: dict[str, dict[float, dict[Series, float]]] = {}  # field, bound, engine
        self.sums: dict[str, dict[Series, float]] = {}
        self.counts: dict[str, dict[Series, float]] = {}
        self.seen: set[tuple[str, Series]] = set()
        self.engine, self.twice = "", False
        self.models: dict[str, None] = {}
        self.info: dict[str, str] = {}

    def read(self, hit: Hit, match: re.Match[str]) -> None:
        """Take one line."""
        name, written, value = match[1], match[2] or "", sample(match[3])
        if value is None:
            return
        engine, _, metric = name.replace(":", "_").partition("_")
        if metric != "cache_config_info" and not any(metric.startswith(known) for known in KNOWN):
            return
        self.engine = engine
        labels = dict(LABEL.findall(written))
        model = labels.get("model_name", labels.get("name"))
        if model is not None and len(self.models) < MOST_MODELS:
            self.models[model[:300]] = None
        if metric == "cache_config_info":
            self.info = labels
            return
        whole = (name, tuple(sorted(labels.items())))
        self.twice = self.twice or whole in self.seen
        self.seen.add(whole)
        self._keep(metric, labels, value)

    def _keep(self, metric: str, labels: Mapping[str, str], value: float) -> None:
        series = tuple(sorted((key, text) for key, text in labels.items() if key not in SHARDS))
        base, ending = next(((metric.removesuffix(end), end) for end in ENDINGS if metric.endswith(end)), (metric, ""))
        field, _ = GAUGES.get(metric, ("", ""))
        if field in ("kv_usage", "hit_rate") and not 0 <= value <= 1:
            return  # percent, in versions that are gone: not taken for a share
        if metric in GAUGES and value < math.inf:
            self.gauges.setdefault(field, {})[series] = value
        elif base in HISTOGRAMS and ending:
            field = HISTOGRAMS[base]
            if ending == "_bucket":
                bound = sample(labels.get("le", "").replace("+Inf", "inf"))
                if bound is not None and bound == bound:
                    self.buckets.setdefault(field, {}).setdefault(bound, {})[series] = value
            else:
                (self.sums if ending == "_sum" else self.counts).setdefault(field, {})[series] = value

    def close(self) -> tuple[Scrape | None, list[Note]]:
        """The scrape, and what is to be said of it."""
        made: dict[str, Any] = {}
        for field, way in dict(GAUGES.values()).items():
            found = list(self.gauges.get(field, {}).values())
            if found:
                made[field] = math.fsum(found) / (len(found) if way == "mean" else 1)
        for field in dict.fromkeys(HISTOGRAMS.values()):
            if histogram := self._histogram(field):
                made[field] = histogram
        made |= self._info()
        if not made:
            return None, []
        notes = [Note("several_scrapes")] if self.twice else []
        if len(self.models) > 1:
            notes.append(Note("several_models", {"count": len(self.models)}))
        return Scrape(self.engine, model=next(iter(self.models), ""), **made), notes

    def _histogram(self, field: str) -> Histogram | None:
        bounds = sorted(self.buckets.get(field, {}))
        counts = [math.fsum(self.buckets[field][bound].values()) for bound in bounds]
        whole = list(self.counts.get(field, {}).values())
        if not whole and not (bounds and bounds[-1] == math.inf):
            return None  # cut: nobody says how many there are
        count = math.fsum(whole) if whole else counts[-1]
        if counts != sorted(counts) or (counts and not 0 <= counts[-1] <= count) or not math.isfinite(count):
            return None
        total = list(self.sums.get(field, {}).values())
        added = math.fsum(total) if total and all(math.isfinite(each) for each in total) else None
        return Histogram(tuple(bounds), tuple(counts), count, added)

    def _info(self) -> dict[str, Any]:
        """What the labels of cache_config_info say: blocks and their size, or the tokens themselves."""

        def of(*names: str) -> float | None:
            return next((value for name in names if (value := sample(self.info.get(name, ""))) is not None), None)

        made: dict[str, Any] = {}
        blocks, size = of("num_gpu_blocks", "num_pages"), of("block_size", "page_size")
        tokens = of("kv_cache_size_tokens") or (blocks * size if blocks and size else None)
        if tokens and tokens <= LARGEST:
            made["kv_tokens"] = tokens
        if (share := of("gpu_memory_utilization")) is not None and 0 < share <= 1:
            made["utilization"] = share
        if self.info.get("cache_dtype", "auto") != "auto":
            made["kv_dtype"] = self.info["cache_dtype"][:60]
        return made
