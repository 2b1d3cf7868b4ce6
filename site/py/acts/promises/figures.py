"""The numbers that Act II says of its two sides: what was promised, what came out, how far it moves from day to day."""

from collections.abc import Mapping
from typing import Any

from acts.promises import serving
from acts.promises.serving import RunRequest
from content.course import Course, Result, Results
from content.wording import Quantities, Quantity


def target_numbers(targets: Mapping[str, Any]) -> Quantities:
    """The two limits and the night's job: s, tokens/s, documents, tokens."""
    return {
        "slo": targets["ttft_p99_s"],
        "target": targets["output_tokens_per_s"],
        "documents": targets["documents"],
        "document_tokens": targets["document_tokens"],
    }


def sides_numbers(targets: Mapping[str, Any], requests: Mapping[str, RunRequest], results: Results) -> Quantities:
    """The live numbers of both sides, prefixed a_ and b_; None for what isn't known or can't run."""
    found: Quantities = {}
    for side, request in requests.items():
        result = results.get(request)
        found |= {f"{side}_{key}": value for key, value in _side_numbers(targets, request, result).items()}
    return found


def _side_numbers(targets: Mapping[str, Any], request: RunRequest, result: Result | None) -> Quantities:
    got: Mapping[str, Quantity] = result or {}
    ttft, throughput = got.get("ttft_p99_s"), got.get("throughput_output_tokens_per_s")
    needs, has = got.get("kv_needs"), got.get("kv_has")
    per_second = got.get("requests_per_s")
    job = targets["documents"] / per_second if per_second else None
    return {
        "load": request.load,
        "max_batch": request.max_batch,
        "ttft": ttft,
        "ttft_p50": got.get("ttft_p50_s"),
        "ttft_share": ttft / targets["ttft_p99_s"] if ttft is not None else None,
        "throughput": throughput,
        "throughput_share": None if throughput is None else throughput / targets["output_tokens_per_s"],
        "kv_needs": needs,
        "kv_share": needs / has if needs is not None and has else None,
        "kv_peak": got.get("kv_peak_bytes"),
        "tpot": got.get("tpot_mean_s"),
        "itl": got.get("itl_p99_s"),
        "gpu_time": _times(got.get("gpu_s_per_token"), 1e6 / 3600),
        "energy": got.get("joules_per_token"),
        "batch": got.get("mean_batch"),
        "mfu": got.get("mfu"),
        "mbu": got.get("mbu"),
        "queue_share": share(got.get("queue_mean_s"), got.get("ttft_mean_s")),
        "cut": got.get("share_cut"),
        "offered": got.get("offered"),
        "evicted": got.get("evicted_requests"),
        "prompt_mean": got.get("prompt_mean"),
        "prompt_p99": got.get("prompt_p99"),
        "output_mean": got.get("output_mean"),
        "job": job,
        "gpu_hours": job * request.gpus / 3600 if job is not None else None,
    }


def spread_numbers(course: Course, requests: Mapping[str, RunRequest], results: Results) -> Quantities:
    """How far each side's P99 moves from day to day, and its load as a share of its capacity; None until it is known."""
    found: Quantities = {}
    for side, request in requests.items():
        results_s = (results[day].get("ttft_p99_s") for day in serving.band(course, request) if day in results)
        days = [ttft_s for ttft_s in results_s if ttft_s is not None]
        known = len(days) == course.at("act2.simulation.days")
        flooded = results.get(serving.flood(course, request))
        found[f"{side}_ttft_low"] = min(days) if known else None
        found[f"{side}_ttft_high"] = max(days) if known else None
        load = serving.capacity_share(results.get(request), flooded, request.load)
        found[f"{side}_capacity_share"] = load
        errors = serving.claimed(course, request, results.get(request), load)
        found |= {f"{side}_{name}": error for name, error in errors.items()}
    return found


def _times(value: Quantity, factor: float) -> float | None:
    return None if value is None else value * factor


def share(part: Quantity, whole: Quantity) -> float | None:
    """A part of a whole, None where one is missing."""
    return part / whole if part is not None and whole else None
