"""From a design to a real cluster: the vLLM server that is set up alike, the benchmark that would test its figures, a plan.

Commands are lists of words, as a shell would take them apart; launch.vllm makes them of flags, of the version that is named in
content/report.toml too, whose pages are linked from there. What has no equal is named by `gaps`.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from acts.promises import serving
from acts.promises.serving import OK, RunRequest
from content.course import Course, Result
from content.wording import Number
from launch import vllm


def serve(course: Course, request: RunRequest) -> list[str]:
    """The words of the `vllm serve` command that sets a server up like this request's."""
    table = course.at("report.cluster")
    settings = serving.server_settings(course, request)
    chunked = request.policy in table["chunked_policies"]
    # Without chunks a step must hold the longest prompt whole, or vLLM doesn't start.
    budget = request.token_budget if chunked else max(settings.prefill_budget, request.max_sequence)
    model, utilization = course.models[request.model], course.at("act2.deployment.utilization")
    words = ["vllm", "serve", model.checkpoint, "--tensor-parallel-size", str(request.gpus)]
    words += [*vllm.precision(request.weight_bits, model.checkpoint_bits), *vllm.cache(request.kv_bits)]
    words += vllm.limits(utilization, request.max_sequence, request.max_batch, max(budget, request.max_batch))
    words += ["--enable-chunked-prefill" if chunked else "--no-enable-chunked-prefill", "--no-enable-prefix-caching"]
    if request.policy == "speculative":
        draft = course.models[course.at("act2.simulation.draft_model")].checkpoint
        config = {"method": "draft_model", "model": draft, "num_speculative_tokens": settings.speculation_tokens}
        words += ["--speculative-config", json.dumps(config)]
    return words


def bench(course: Course, side: str, request: RunRequest) -> list[str]:
    """The words of the `vllm bench serve` command that would test the figures of a side: its load, lengths, and bursts."""
    checkpoint, load = course.models[request.model].checkpoint, vllm.open_load(request.load, request.cv)
    words = vllm.bench(checkpoint, lengths(course, request), load, request.requests, request.seed, "50,99")
    if side == "a":
        words += ["--goodput", f"ttft:{course.at('act2.targets.ttft_p99_s') * 1e3:g}"]
    return words


def lengths(course: Course, request: RunRequest) -> tuple[int, int, float]:
    """Mean prompt and answer in tokens, and the spread around both (see vllm.lengths)."""
    shape = serving.workload_numbers(course, request)
    prompt, p99, output = (float(shape[name] or 1) for name in ("prompt_mean", "prompt_p99", "output_mean"))
    return vllm.lengths(prompt, p99, output, request.max_sequence)


def gaps(course: Course, side: str, request: RunRequest) -> list[str]:
    """The names of what the commands can't say about a design; each has a sentence in content/report.toml."""
    model = course.models[request.model]
    holds = {
        "static": request.policy == "static",
        "no_eviction": request.policy == "no_eviction",
        "mixed": request.policy in ("continuous", "speculative"),
        "acceptance": request.policy == "speculative",
        "kv_heads": request.kv_heads != model.kv_heads,
        "context": request.max_sequence > model.max_context_tokens,
        "bursts": request.cv != 1,
        "tail": side == "a",
        "lengths": side != "a",
    }
    return [name for name, applies in holds.items() if applies]


# --- The plan ------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "side",
    "holds",
    "model",
    "gpu",
    "gpus_per_replica",
    "policy",
    "max_batch",
    "max_sequence_tokens",
    "weight_bits",
    "requests_per_s_tested",
    "ttft_p99_s",
    "output_tokens_per_s",
    "requests_per_s_wanted",
    "replicas",
    "gpus",
    "hours_a_day",
    "gpu_hours_a_day",
    "requests_a_day",
    "gpu_hours_per_million_requests",
)


def plan(course: Course, side: str, request: RunRequest, result: Result, wanted: float, hours: float) -> dict[str, Any]:
    """What it takes to serve `wanted` requests per s for `hours` a day with replicas of one design, keys as in COLUMNS.

    Each replica gets the load that the design was simulated at and no more, since only there its figures are known.
    `holds` says whether the design keeps its objective there. A spare replica for failures is not counted.
    """
    replicas = math.ceil(wanted / request.load)
    gpu_hours, requests = replicas * request.gpus * hours, wanted * hours * 3600
    values = (
        side,
        serving.judge(course, side, result) == OK,
        request.model,
        request.gpu,
        request.gpus,
        request.policy,
        request.max_batch,
        request.max_sequence,
        request.weight_bits,
        request.load,
        result.get("ttft_p99_s"),
        result.get("throughput_output_tokens_per_s"),
        wanted,
        replicas,
        replicas * request.gpus,
        hours,
        gpu_hours,
        requests,
        gpu_hours / requests * 1e6,
    )
    return dict(zip(COLUMNS, values, strict=True))


def plan_csv(rows: Sequence[Mapping[str, Number]]) -> str:
    """Plans as a table of comma-separated values, a line each; nothing stands for what isn't known."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([["" if row[name] is None else row[name] for name in COLUMNS] for row in rows])
    return text.getvalue()
