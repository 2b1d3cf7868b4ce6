"""What a server says beside what the engine says of the same deployment, line by line, each difference explained by its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import engine
from observed.facts import Note, Observed, Start
from observed.known import Known

SAME = 0.02  # relative difference below which two figures are the same: servers print two decimals
FAR = 0.25  # relative difference of weights from which something else ran than was read
ALL = engine.Reserve(1.0, 0.0, served=True)
NEAR_BYTES = 0.05 * engine.GIB  # five parts of a sum, each printed to two decimals


@dataclass(frozen=True)
class Line:
    """One figure. unit: "bytes" (of one GPU), "tokens" or "times". ours is None where the engine has no figure for it."""

    name: str
    unit: str
    said: float
    ours: float | None
    why: tuple[Note, ...] = ()

    @property
    def error(self) -> float | None:
        """The engine's relative error, with its sign; None without a figure, or beside nothing."""
        return self.ours / self.said - 1 if self.ours is not None and self.said > 0 else None


def compare(observed: Observed, known: Known | None = None) -> tuple[Line, ...]:
    """Each figure of the server's memory that the text tells. Without `known` (no config.json yet) the server's alone."""
    start = observed.start or _scraped(observed)
    if start is None:
        return ()
    ours = _ours(start, known) if known else {}
    found = [*_memory(start, known, ours), *_capacity(start, known, ours)]
    return tuple(line for line in found if line is not None)


def _scraped(observed: Observed) -> Start | None:
    """A scrape's capacity, where there is no log."""
    scrape = observed.scrape
    if scrape is None or scrape.kv_tokens is None:
        return None
    return Start(scrape.engine, model=scrape.model, kv_tokens=scrape.kv_tokens)


def _ours(start: Start, known: Known) -> dict[str, float]:
    """The engine's figures, by the names of the lines."""
    deployment = known.deployment
    found = engine.startup_figures(deployment, known.reserve or ALL, known.format)
    ours = {"total": float(deployment.gpu.usable_bytes), "weights": found["weights_bytes"]}
    if known.reserve is None:
        return ours
    ours["kv"] = max(0.0, found["kv_bytes"])
    # With states beside a cache vLLM divides its blocks among groups of layers: its tokens are no capacity.
    if not (start.engine == "vllm" and deployment.model.state_layers):
        ours["kv_tokens"] = max(0.0, found["kv_tokens"] / deployment.attention_dp)
    if buffers := dict(known.reserve.buffers):
        ours["activation"] = sum(size for name, size in buffers.items() if name != "context")
        ours["other"] = buffers["context"]
    longest = start.concurrency_tokens or start.max_tokens
    if longest and longest == int(longest):
        one = engine.request_bytes(deployment, longest)
        ours["concurrency"] = max(0.0, found["kv_bytes"] * deployment.gpus / one / deployment.attention_dp)
        ours["needed"] = one * deployment.attention_dp / deployment.gpus
    return ours


def _memory(start: Start, known: Known | None, ours: dict[str, float]) -> Iterator[Line]:
    """Bytes of one GPU."""
    if start.total_bytes is not None:
        yield Line("total", "bytes", start.total_bytes, ours.get("total"), (Note("why_total"),))
    if start.weights_bytes is not None:
        yield Line("weights", "bytes", start.weights_bytes, ours.get("weights"), tuple(_weights(start, ours)))
    if start.activation_bytes is not None:
        yield Line("activation", "bytes", start.activation_bytes, ours.get("activation"), (Note("why_activation"),))
    if start.other_bytes is not None:
        yield Line("other", "bytes", start.other_bytes, ours.get("other"), (Note("why_other"),))
    if start.graphs_bytes is not None:
        yield Line("graphs", "bytes", start.graphs_bytes, None, (Note("why_graphs"),))
    if start.state_bytes is not None:
        yield Line("state", "bytes", start.state_bytes, None, (Note("why_state"),))
    if start.kv_bytes is not None:
        nothing = () if ours.get("kv") != 0 else (Note("why_nothing"),)
        yield Line("kv", "bytes", start.kv_bytes, ours.get("kv"), (_rest(start), *nothing))
    if start.needed_kv_bytes is not None:
        longest = start.concurrency_tokens or start.max_tokens or 0.0
        yield Line(
            "needed", "bytes", start.needed_kv_bytes, ours.get("needed"), (Note("why_needed", {"tokens": longest}),)
        )


def _weights(start: Start, ours: dict[str, float]) -> Iterator[Note]:
    yield Note("why_weights")
    if "weights" in ours and start.weights_bytes and abs(ours["weights"] / start.weights_bytes - 1) > FAR:
        yield Note("why_another")
    elif start.draft:
        yield Note("why_draft")
    elif "weights" in ours and start.weights_bytes and start.weights_bytes > (1 + SAME) * ours["weights"]:
        yield Note("why_more_weights")


def _rest(start: Start) -> Note:
    """How the cache's bytes came about: what is left of a share of all, where the log has every part of it."""
    parts = (start.total_bytes, start.utilization, start.weights_bytes, start.activation_bytes, start.other_bytes)
    if start.engine == "sglang":
        return Note("why_static", {"share": start.utilization}) if start.utilization else Note("why_share")
    if any(part is None for part in parts):
        return Note("why_rest")
    total, share, weights, activation, other = (part or 0.0 for part in parts)
    aside = start.aside_bytes or 0.0
    rest = total * share - weights - activation - other - aside
    if start.kv_bytes is None or abs(rest - start.kv_bytes) > NEAR_BYTES + SAME * abs(start.kv_bytes):
        return Note("why_rest")  # the server counted in another way
    facts = {
        "total_bytes": total,
        "share": share,
        "weights_bytes": weights,
        "activation_bytes": activation,
        "other_bytes": other,
        "aside_bytes": aside,
        "rest_bytes": rest,
    }
    return Note("why_sum_aside", facts) if aside else Note("why_sum", facts)


def _capacity(start: Start, known: Known | None, ours: dict[str, float]) -> Iterator[Line]:
    """Tokens and requests of one engine."""
    if start.kv_tokens is not None:
        yield Line("kv_tokens", "tokens", start.kv_tokens, ours.get("kv_tokens"), tuple(_tokens(start, known)))
    if start.concurrency is not None and start.concurrency_tokens:
        yield Line("concurrency", "times", start.concurrency, ours.get("concurrency"), (_ratio(start, known),))


def _tokens(start: Start, known: Known | None) -> Iterator[Note]:
    """Why the cache holds so many tokens: its bytes over those of one token, beside the engine's."""
    if start.engines > 1:
        yield Note("why_engines", {"engines": start.engines})
    if known and (known.deployment.model.local_layers or known.deployment.model.state_layers):
        yield Note("why_windows")
        return
    if start.kv_bytes is None or not start.kv_tokens or start.kv_bytes <= 0:
        return
    if known is None:
        if start.tp is not None:
            said = start.kv_bytes * start.tp / start.kv_tokens
            yield Note("why_token", {"token_bytes": said, "kv_bytes": start.kv_bytes, "gpus": start.tp})
        return
    deployment = known.deployment
    gpus = deployment.gpus // deployment.attention_dp
    said = start.kv_bytes * gpus / start.kv_tokens
    token = engine.kv_bytes_per_token(deployment.model, deployment.kv_bits) * engine.kv_copies(deployment)
    ratio = said / token
    if abs(ratio - 1) <= SAME:
        yield Note("why_token", {"token_bytes": said, "kv_bytes": start.kv_bytes, "gpus": gpus})
    elif bits := next((bits for bits in (4, 8, 16) if abs(ratio * deployment.kv_bits / bits - 1) <= SAME), None):
        yield Note("why_precision", {"said_bytes": said, "ours_bytes": token, "bits": bits})
    else:
        yield Note("why_other_token", {"said_bytes": said, "ours_bytes": token})


def _ratio(start: Start, known: Known | None) -> Note:
    """What the number of requests at once is: tokens over the longest request, or bytes over its bytes."""
    facts = {
        "said": start.concurrency or 0.0,
        "kv_tokens": start.kv_tokens or 0.0,
        "longest_tokens": start.concurrency_tokens or 0.0,
    }
    if start.kv_tokens is None:
        return Note("why_times", facts)
    if known and (known.deployment.model.local_layers or known.deployment.model.state_layers):
        return Note("why_times_windows", facts)
    quotient = start.kv_tokens / (start.concurrency_tokens or 1.0)
    if abs(quotient - facts["said"]) <= 0.006 + SAME * quotient:  # two decimals, and a request's last block
        return Note("why_times_ratio", facts)
    return Note("why_times_other", facts | {"quotient": quotient})
