"""What a pasted text says of a server, in SI units: bytes, seconds, tokens, shares. None: the text doesn't say.

Sentences live in the content (server.toml, refusals.toml): here are their names, and the values that fill them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine import PhysicsError

LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Note:
    """A sentence for a person, by its name in the content, with what it tells."""

    name: str
    facts: Mapping[str, float | str] = field(default_factory=dict)


class Unread(PhysicsError):
    """A text says nothing that is known here, or not what was asked of it: the one refusal of this folder.

    `name` says which sentence tells why (content, refusals.toml, [observed]), `facts` what of.
    """

    def __init__(self, name: str, **facts: float | str) -> None:
        self.name = name
        self.facts = {key: shown(value) if isinstance(value, str) else value for key, value in facts.items()}
        super().__init__(" ".join([name, *map(str, self.facts.values())]))


def shown(text: str, most: int = LONGEST_SHOWN) -> str:
    """A stranger's text as it may stand in a sentence: one line, no mark-up, nothing that can't be seen, not too long."""
    kept = "".join(letter if letter.isprintable() and letter not in "*`[]{}\\" else " " for letter in text[: 4 * most])
    return " ".join(kept.split())[:most].strip()


@dataclass(frozen=True)
class Start:
    """One start of a server, from its log. Bytes are of one GPU: the most of any for what is taken, the least for what is left.

    engine: "vllm" or "sglang". v0: whether it is vLLM's first engine. tp: None where the text doesn't say. utilization: vLLM's
    gpu_memory_utilization, SGLang's mem_fraction_static. weights: as loaded, a draft model's included. kv: what is given to the
    cache. activation: the peak of a trial step. other: outside of PyTorch. graphs: CUDA graphs, captured after the cache was
    sized; aside: estimated for them ahead of it (vLLM since 0.21). total: what the driver shows; free: before the weights came;
    left: at the end. state: of layers that keep one instead of a cache. kv_tokens and concurrency are of one engine, of which
    there are `engines` (data parallelism); concurrency counts requests of concurrency_tokens. needed_kv: what one request would
    have needed where the server gave up.
    """

    engine: str
    version: str = ""
    model: str = ""
    dtype: str = ""
    quantization: str = ""
    kv_dtype: str = ""
    max_tokens: float | None = None
    tp: int | None = None
    pp: int = 1
    dp: int = 1
    attention_dp: bool = False
    utilization: float | None = None
    token_budget: float | None = None
    max_running: float | None = None
    block_tokens: float | None = None
    draft: bool = False
    v0: bool | None = None
    weights_bytes: float | None = None
    kv_bytes: float | None = None
    activation_bytes: float | None = None
    other_bytes: float | None = None
    graphs_bytes: float | None = None
    total_bytes: float | None = None
    free_bytes: float | None = None
    left_bytes: float | None = None
    aside_bytes: float | None = None
    state_bytes: float | None = None
    needed_kv_bytes: float | None = None
    load_s: float | None = None
    graphs_s: float | None = None
    blocks: float | None = None
    kv_tokens: float | None = None
    concurrency: float | None = None
    concurrency_tokens: float | None = None
    engines: int = 1


@dataclass(frozen=True)
class Spread:
    """How a time spreads over requests, in seconds."""

    mean_s: float | None = None
    p50_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    std_s: float | None = None


@dataclass(frozen=True)
class Bench:
    """One run of a load generator. tool: "vllm", "sglang" or "guidellm". prompt_tokens, output_tokens: means of a request.

    rate_per_s: as asked for; None where it was unlimited. users: at once, None where nothing limited them. tpot: per request,
    without its first token; itl: each gap.
    """

    tool: str
    model: str = ""
    rate_per_s: float | None = None
    users: float | None = None
    requests: float | None = None
    failed: float | None = None
    duration_s: float | None = None
    prompt_tokens: float | None = None
    output_tokens: float | None = None
    requests_per_s: float | None = None
    output_tokens_per_s: float | None = None
    ttft: Spread = Spread()
    tpot: Spread = Spread()
    itl: Spread = Spread()
    e2e: Spread = Spread()


@dataclass(frozen=True)
class Histogram:
    """A Prometheus histogram: upper bounds in seconds, the last one infinite, and how many were at most so long."""

    bounds_s: tuple[float, ...]
    counts: tuple[float, ...]
    count: float
    sum_s: float | None

    @property
    def mean_s(self) -> float | None:
        """The mean; None of nothing, or where the sum is missing."""
        return self.sum_s / self.count if self.count and self.sum_s is not None else None

    def between(self, share: float) -> tuple[float, float] | None:
        """The bounds in seconds between which the quantile lies; None of nothing. A histogram knows no more than that."""
        low = 0.0
        for bound, count in zip(self.bounds_s, self.counts, strict=True):
            if count and count >= share * self.count:
                return low, bound
            low = bound
        return (low, math.inf) if self.count else None


@dataclass(frozen=True)
class Scrape:
    """A Prometheus scrape of one server. Shares from 0 to 1; counters since its start. itl: each gap between tokens."""

    engine: str
    model: str = ""
    running: float | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    kv_tokens: float | None = None
    prompt_tokens: float | None = None
    output_tokens: float | None = None
    preemptions: float | None = None
    prefix_queries: float | None = None
    prefix_hits: float | None = None
    hit_rate: float | None = None
    utilization: float | None = None
    kv_dtype: str = ""
    ttft: Histogram | None = None
    tpot: Histogram | None = None
    itl: Histogram | None = None
    e2e: Histogram | None = None

    @property
    def hit_share(self) -> float | None:
        """Share of prompt tokens that the prefix cache had: counted, else as the server says."""
        return (
            self.prefix_hits / self.prefix_queries
            if self.prefix_queries and self.prefix_hits is not None
            else self.hit_rate
        )


@dataclass(frozen=True)
class Card:
    """One GPU, from nvidia-smi or a list of GPUs."""

    index: int
    name: str
    total_bytes: float | None = None
    used_bytes: float | None = None
    busy: float | None = None
    power_watts: float | None = None
    limit_watts: float | None = None


@dataclass(frozen=True)
class Observed:
    """All that a text says. starts: how many starts of a server it holds, of which `start` is the last."""

    start: Start | None = None
    starts: int = 0
    benches: tuple[Bench, ...] = ()
    scrape: Scrape | None = None
    cards: tuple[Card, ...] = ()
    notes: tuple[Note, ...] = ()
