"""Metrics: from a run to the figures that people ask for. Computed once, after the run, from what each request met."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from operator import itemgetter

from physics.memory import block_bytes, kv_bytes_per_late_token, kv_copies
from physics.quantities import Deployment
from physics.simulate import Run


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `percent` in a hundred don't exceed. None for none."""
    if not values:
        return None
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def weighted_percentile(values: Sequence[tuple[float, int]], percent: int) -> float | None:
    """The nearest-rank percentile of values that each stand for so many. None for none."""
    ordered = sorted(values, key=itemgetter(0))
    upto = list(accumulate(map(itemgetter(1), ordered)))
    if not upto or not upto[-1]:
        return None
    return ordered[bisect_left(upto, max(1, -(-upto[-1] * percent // 100)))][0]


LEVELS = (*range(10, 1000, 10), 995, 999)  # per mille: the quantiles that describe a distribution, its tail finer
BINS_PER_OCTAVE = 6
LEAST_S, MOST_BINS = 1e-3, 126  # from a millisecond over 21 octaves, to more than half an hour


def quantiles(values: Sequence[float]) -> list[float]:
    """The nearest-rank quantile of `values` at each of LEVELS; empty for none. Same unit as the values."""
    ordered, count = sorted(values), len(values)
    return [ordered[max(0, -(-count * level // 1000) - 1)] for level in LEVELS] if count else []


@cache
def bin_edges() -> tuple[float, ...]:
    """The edges in s of the MOST_BINS bins that `binned` counts in, each a sixth of a doubling above the last.

    The sixth root of 2 is found by halving an interval, and the rest by multiplication, so that the edges are the same
    digits on every platform.
    """
    low, high = 1.0, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        cube = middle * middle * middle
        low, high = (middle, high) if cube * cube < 2 else (low, middle)
    octaves = [LEAST_S * (1 << octave) for octave in range(MOST_BINS // BINS_PER_OCTAVE)]
    steps = [1.0]
    for _ in range(BINS_PER_OCTAVE - 1):
        steps.append(steps[-1] * low)
    return (*(octave * step for octave in octaves for step in steps), octaves[-1] * 2)


def binned(values_s: Sequence[float]) -> list[int]:
    """How many values fall into each bin of `bin_edges`, as [first bin, count, count, ...] without empty bins at the ends.

    A value below the first edge counts into the first bin, one above the last edge into the last. Empty for none.
    """
    edges, counts = bin_edges(), [0] * MOST_BINS
    for value in values_s:
        counts[min(max(0, bisect_right(edges, value) - 1), MOST_BINS - 1)] += 1
    filled = [i for i, count in enumerate(counts) if count]
    return [filled[0], *counts[filled[0] : filled[-1] + 1]] if filled else []


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


def distribution(run: Run) -> dict[str, list[float] | list[int]]:
    """The times to the first token of a run in a few hundred numbers: `ttft_quantiles_s` at LEVELS, `ttft_bins` as `binned`."""
    ttft = [first - arrival for first, arrival in zip(run.first_s, run.arrival_s, strict=True)]
    return {"ttft_quantiles_s": quantiles(ttft), "ttft_bins": binned(ttft)}


def summary(run: Run, deployment: Deployment) -> dict[str, float | None]:
    """A run in figures: s, tokens/s, bytes, shares of 1. None where nothing was measured.

    ttft: first token − arrival. tpot: (last − first) / (n − 1) per request, requests of one token left out. queue: until
    the prompt's first step. throughput: written tokens over the time from the first arrival to the last token. mfu, mbu:
    the model's own FLOP and bytes over the GPUs' peaks in that time. joules_per_token: at the GPUs' rated power all the
    time, so at most. useful_seats: seat-steps of decode that wrote a token. Of several replicas each has the deployment's
    GPUs: costs and peaks are those of all, busy_share is their mean, kv_peak_bytes adds the most that each had in use.
    """
    # In order already, the percentiles below find their rank without sorting once more.
    gaps = sorted(run.gaps, key=itemgetter(0))
    ttft = sorted([first - arrival for first, arrival in zip(run.first_s, run.arrival_s, strict=True)])
    queue = [start - arrival for start, arrival in zip(run.start_s, run.arrival_s, strict=True)]
    tpot = [
        (last - first) / (r.output_tokens - 1)
        for first, last, r in zip(run.first_s, run.last_s, run.requests, strict=True)
        if r.output_tokens > 1
    ]
    span = max(run.last_s) - run.arrival_s[0] if run.requests else 0.0
    written = sum([r.output_tokens for r in run.requests])
    read = sum([r.prompt_tokens for r in run.requests])
    gpus = deployment.gpus * run.replicas
    return {
        "ttft_mean_s": mean(ttft),
        "ttft_p50_s": percentile(ttft, 50),
        "ttft_p99_s": percentile(ttft, 99),
        "tpot_mean_s": mean(tpot),
        "tpot_p99_s": percentile(tpot, 99),
        "itl_p50_s": weighted_percentile(gaps, 50),
        "itl_p99_s": weighted_percentile(gaps, 99),
        "e2e_p99_s": percentile([last - arrival for last, arrival in zip(run.last_s, run.arrival_s, strict=True)], 99),
        "queue_mean_s": mean(queue),
        "throughput_output_tokens_per_s": written / span if span else None,
        "throughput_total_tokens_per_s": (written + read) / span if span else None,
        "requests_per_s": len(run.requests) / span if span else None,
        "gpu_s_per_token": gpus * span / written if written else None,
        "joules_per_token": gpus * deployment.gpu.power_watts * span / written if written else None,
        "mean_batch": run.seat_steps / run.decode_steps if run.decode_steps else None,
        "decode_step_mean_s": run.decode_s / run.decode_steps if run.decode_steps else None,
        "useful_seats": run.useful_seat_steps / run.seat_steps if run.seat_steps else None,
        "busy_share": run.busy_s / (span * run.replicas) if span else None,
        **_utilisation(run, deployment, span),
        "kv_peak_bytes": _peak_bytes(run, deployment),
        "preemptions": run.preemptions,
        "evicted_requests": len(run.evicted),
        **_prefix_figures(run),
    }


def _peak_bytes(run: Run, deployment: Deployment) -> int:
    """Bytes of the most blocks in use, with their copies."""
    size = block_bytes(deployment.model, deployment.kv_bits) * kv_copies(deployment)
    return run.peak_blocks * size // run.pages_a_block


def _prefix_figures(run: Run) -> dict[str, float | None]:
    """What a prefix cache did: the share of prompt tokens that it held, and kept blocks given up. Nothing without one."""
    if not run.looked_up_tokens:
        return {}
    share = run.hit_tokens / run.looked_up_tokens
    return {"prefix_hit_share": share, "cached_blocks_dropped": run.cached_blocks_dropped}


def _utilisation(run: Run, deployment: Deployment, span: float) -> dict[str, float | None]:
    """MFU and MBU from the sums of the run: linear layers and attention; weights and cache."""
    if not span:
        return {"mfu": None, "mbu": None}
    model, gpu = deployment.model, deployment.gpu
    pair_flop = 4 * model.layers * model.query_heads * model.head_dim
    per_token = block_bytes(model, deployment.kv_bits, 1)
    pairs, read = run.context_reads, per_token * (run.context_reads + run.computed_tokens)
    if run.near_reads:  # layers with a window don't read further than it reaches
        late = kv_bytes_per_late_token(model, deployment.kv_bits)
        pairs = (model.full_layers * run.context_reads + model.local_layers * run.near_reads) / model.layers
        read = late * run.context_reads + (per_token - late) * run.near_reads + per_token * run.computed_tokens
    flop = 2 * model.active_parameters * run.computed_tokens + pair_flop * (run.prefill_pairs + pairs)
    moved = run.weight_reads_bytes + read
    gpus = deployment.gpus * run.replicas
    return {
        "mfu": flop / (span * gpus * gpu.flops_per_s(deployment.weight_bits)),
        "mbu": moved / (span * gpus * gpu.bandwidth_bytes_per_s),
    }
