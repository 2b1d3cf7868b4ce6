"""Metrics: from a run to the figures that people ask for. Computed once, after the run, from what each request met."""

from __future__ import annotations

import math
from collections.abc import Sequence

from physics.memory import block_bytes, kv_copies
from physics.quantities import Deployment
from physics.simulate import Run


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `percent` in a hundred don't exceed. None for none."""
    if not values:
        return None
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def weighted_percentile(values: Sequence[tuple[float, int]], percent: int) -> float | None:
    """The nearest-rank percentile of values that each stand for so many. None for none."""
    total = sum(count for _, count in values)
    rank, seen = -(-total * percent // 100), 0
    for value, count in sorted(values):
        seen += count
        if seen >= rank and count:
            return value
    return None


def goodput(run: Run, ttft_s: float, tpot_s: float) -> float:
    """Requests a second that meet both objectives: TTFT, and the mean time per output token (none for a single token)."""
    good = 0
    for arrival, first, last, lengths in zip(run.arrival_s, run.first_s, run.last_s, run.requests, strict=True):
        pace = (last - first) / (lengths.output_tokens - 1) if lengths.output_tokens > 1 else 0.0
        good += first - arrival <= ttft_s and pace <= tpot_s
    span = max(run.last_s) - run.arrival_s[0] if run.requests else 0.0
    return good / span if span else 0.0


def mean(values: Sequence[float]) -> float | None:
    """The mean, None for no values."""
    return math.fsum(values) / len(values) if values else None


def summary(run: Run, deployment: Deployment) -> dict[str, float | None]:
    """A run in figures: s, tokens/s, bytes, shares of 1. None where nothing was measured.

    ttft: first token − arrival. tpot: (last − first) / (n − 1) per request, requests of one token left out. queue: until
    the prompt's first step. throughput: written tokens over the time from the first arrival to the last token. mfu, mbu:
    the model's own FLOP and bytes over the GPUs' peaks in that time. joules_per_token: at the GPUs' rated power all the
    time, so at most. useful_seats: seat-steps of decode that wrote a token.
    """
    ttft = [first - arrival for first, arrival in zip(run.first_s, run.arrival_s, strict=True)]
    queue = [start - arrival for start, arrival in zip(run.start_s, run.arrival_s, strict=True)]
    tpot = [
        (last - first) / (r.output_tokens - 1)
        for first, last, r in zip(run.first_s, run.last_s, run.requests, strict=True)
        if r.output_tokens > 1
    ]
    span = max(run.last_s) - run.arrival_s[0] if run.requests else 0.0
    written = sum(r.output_tokens for r in run.requests)
    read = sum(r.prompt_tokens for r in run.requests)
    return {
        "ttft_mean_s": mean(ttft),
        "ttft_p50_s": percentile(ttft, 50),
        "ttft_p99_s": percentile(ttft, 99),
        "tpot_mean_s": mean(tpot),
        "tpot_p99_s": percentile(tpot, 99),
        "itl_p50_s": weighted_percentile(run.gaps, 50),
        "itl_p99_s": weighted_percentile(run.gaps, 99),
        "e2e_p99_s": percentile([last - arrival for last, arrival in zip(run.last_s, run.arrival_s, strict=True)], 99),
        "queue_mean_s": mean(queue),
        "throughput_output_tokens_per_s": written / span if span else None,
        "throughput_total_tokens_per_s": (written + read) / span if span else None,
        "requests_per_s": len(run.requests) / span if span else None,
        "gpu_s_per_token": deployment.gpus * span / written if written else None,
        "joules_per_token": deployment.gpus * deployment.gpu.power_watts * span / written if written else None,
        "mean_batch": run.seat_steps / run.decode_steps if run.decode_steps else None,
        "decode_step_mean_s": run.decode_s / run.decode_steps if run.decode_steps else None,
        "useful_seats": run.useful_seat_steps / run.seat_steps if run.seat_steps else None,
        "busy_share": run.busy_s / span if span else None,
        **_utilisation(run, deployment, span),
        "kv_peak_bytes": run.peak_blocks * block_bytes(deployment.model, deployment.kv_bits) * kv_copies(deployment),
        "preemptions": run.preemptions,
        "evicted_requests": len(run.evicted),
    }


def _utilisation(run: Run, deployment: Deployment, span: float) -> dict[str, float | None]:
    """MFU and MBU from the sums of the run: linear layers and attention; weights and cache."""
    if not span:
        return {"mfu": None, "mbu": None}
    model, gpu = deployment.model, deployment.gpu
    pair_flop = 4 * model.layers * model.query_heads * model.head_dim
    flop = 2 * model.active_parameters * run.computed_tokens + pair_flop * (run.prefill_pairs + run.context_reads)
    per_token = block_bytes(model, deployment.kv_bits, 1)
    moved = run.weight_reads_bytes + per_token * (run.context_reads + run.computed_tokens)
    return {
        "mfu": flop / (span * deployment.gpus * gpu.flops_per_s(deployment.weight_bits)),
        "mbu": moved / (span * deployment.gpus * gpu.bandwidth_bytes_per_s),
    }
