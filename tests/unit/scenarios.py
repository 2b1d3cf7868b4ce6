"""Fifty questions to the engine, answered in plain numbers: CPython and Pyodide must give the same digits.

`evaluate(scenario, course)` needs the engine and the course's catalogues, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import engine

Numbers = dict[str, float | int | None]


def _memory() -> Iterable[dict[str, Any]]:
    for model, gpu, gpus, weight_bits, kv_bits, context in (
        ("llama-3-70b", "h100-sxm", 8, 16, 16, 4096),
        ("llama-2-13b", "a100-sxm", 1, 16, 16, 2048),
        ("gemma-3-27b", "h200-sxm", 2, 8, 8, 100_000),
        ("gpt-oss-120b", "b200-sxm", 1, 4, 8, 65_536),
        ("deepseek-v3", "mi300x", 8, 8, 16, 32_768),
        ("qwen3-235b-a22b", "h200-sxm", 8, 16, 4, 10_000),
        ("falcon-7b", "l4", 1, 16, 16, 2048),
        ("llama-3.1-405b", "h100-sxm", 8, 16, 16, 8192),
    ):
        yield {
            "kind": "memory",
            "model": model,
            "gpu": gpu,
            "gpus": gpus,
            "weight_bits": weight_bits,
            "kv_bits": kv_bits,
            "context": context,
        }


def _growth() -> Iterable[dict[str, Any]]:
    for model, kv_heads, context in (
        ("llama-3-70b", 64, 4096),
        ("llama-3-70b", 8, 8192),
        ("gemma-2-27b", 16, 3000),
        ("gpt-oss-120b", 8, 100),
    ):
        base = {"kind": "growth", "model": model, "gpu": "h100-sxm", "gpus": 8, "kv_heads": kv_heads}
        yield {**base, "context": context}


def _steps() -> Iterable[dict[str, Any]]:
    for model, gpu, gpus, weight_bits, decodes, context, prefills in (
        ("llama-3-70b", "h100-sxm", 8, 16, 1, 100, []),
        ("llama-3-70b", "h100-sxm", 4, 8, 64, 131_072, [[0, 512]]),
        ("llama-3-70b", "a100-sxm", 4, 16, 0, 0, [[0, 4142]]),
        ("mixtral-8x7b", "h100-sxm", 2, 16, 33, 70_001, [[511, 513], [0, 77]]),
        ("deepseek-v3", "h200-sxm", 8, 8, 128, 1_000_003, []),
        ("qwen3-32b", "l40s", 4, 8, 7, 12_345, []),
        ("gpt-oss-120b", "mi300x", 1, 4, 256, 300_000, [[0, 2048]]),
        ("llama-3.2-1b", "rtx-4090", 1, 16, 3, 999, []),
    ):
        yield {
            "kind": "step",
            "model": model,
            "gpu": gpu,
            "gpus": gpus,
            "weight_bits": weight_bits,
            "decodes": decodes,
            "context": context,
            "prefills": prefills,
        }


def _workloads() -> Iterable[dict[str, Any]]:
    for workload, rate, seed, limit, cv in (
        ("azure-2023-conversation", 5.53, 1, None, 1.0),
        ("azure-2023-conversation", 8.0, 20, 4096, 2.5),
        ("azure-2023-code", 2.57, 3, 8192, 1.0),
        ("openorca-mlperf", 40.0, 4, 1024, 4.0),
        ("documents-4096", 0.3, 5, 5000, 1.0),
    ):
        yield {"kind": "workload", "workload": workload, "rate": rate, "seed": seed, "limit": limit, "cv": cv}


def _queues() -> Iterable[dict[str, Any]]:
    yield {"kind": "queue", "rate": 100, "batch": 8, "fixed_s": 0.05, "each_s": 0.0005, "acceptance": 0.8, "tokens": 4}
    yield {"kind": "queue", "rate": 7.7, "batch": 3, "fixed_s": 0.02, "each_s": 0.013, "acceptance": 0.55, "tokens": 9}


def _runs() -> Iterable[dict[str, Any]]:
    places = (
        ("llama-3-70b", "h100-sxm", 4, 16, "azure-2023-conversation", 3.0),
        ("llama-3-70b", "a100-sxm", 8, 16, "azure-2023-code", 2.5),
        ("llama-3.1-8b", "l4", 1, 8, "openorca-mlperf", 4.0),
        ("mixtral-8x7b", "h200-sxm", 2, 8, "documents-4096", 1.5),
    )
    for policy in ("static", "continuous", "chunked", "speculative"):
        for seed, (model, gpu, gpus, weight_bits, workload, rate) in enumerate(places):
            run = {
                "kind": "run",
                "policy": policy,
                "model": model,
                "gpu": gpu,
                "gpus": gpus,
                "weight_bits": weight_bits,
            }
            yield {
                **run,
                "workload": workload,
                "rate": rate,
                "seed": seed,
                "requests": 300,
                "seats": 24,
                "blocks": None,
            }
    tight = {"kind": "run", "model": "llama-3-70b", "gpu": "h100-sxm", "gpus": 4, "weight_bits": 16, "seats": 32}
    chat = {"workload": "azure-2023-conversation", "rate": 4.0, "seed": 8, "requests": 250}
    for policy in ("continuous", "chunked", "speculative", "no_eviction"):
        yield {**tight, **chat, "policy": policy, "blocks": 700}  # scarce: requests are preempted, or wait
    for policy in ("static", "chunked", "no_eviction"):
        yield {**tight, **chat, "policy": policy, "blocks": None, "users": 20}


def _ways() -> Iterable[dict[str, Any]]:
    for blocks in (None, 900):
        yield {"kind": "chat", "model": "gpt-oss-120b", "gpu": "h200-sxm", "gpus": 2, "blocks": blocks, "seed": 3}
    yield {"kind": "apart", "model": "llama-3-70b", "gpu": "h100-sxm", "gpus": 4, "seed": 5, "rate": 3.0}


def _replays() -> Iterable[dict[str, Any]]:
    for layout in ("max", "pow2", "oracle", "paged"):
        yield {"kind": "layout", "layout": layout, "workload": "azure-2023-conversation", "blocks": 3000, "seed": 4}
    for policy in ("static", "continuous", "chunked"):
        yield {"kind": "floor", "policy": policy, "workload": "azure-2023-conversation", "rate": 4.0, "seed": 8}


SCENARIOS: list[dict[str, Any]] = [
    *_memory(),
    *_growth(),
    *_steps(),
    *_workloads(),
    *_queues(),
    *_runs(),
    *_ways(),
    *_replays(),
]


def evaluate(scenario: Mapping[str, Any], course: Any) -> Numbers:
    """The engine's answer to one scenario, flat and ready for JSON."""
    return EVALUATE[scenario["kind"]](scenario, course)


def _deployment(scenario: Mapping[str, Any], course: Any) -> engine.Deployment:
    model = course.models[scenario["model"]]
    model = model.with_kv_heads(scenario.get("kv_heads", model.kv_heads))
    bits = scenario.get("weight_bits", 16), scenario.get("kv_bits", 16)
    return engine.Deployment(model, course.gpus[scenario["gpu"]], scenario["gpus"], *bits)


def _cost(deployment: engine.Deployment, course: Any) -> engine.StepCost:
    known = course.calibrations
    return engine.StepCost(deployment, engine.calibration_for(deployment, getattr(known, "values", lambda: known)()))


def _evaluate_memory(scenario: Mapping[str, Any], course: Any) -> Numbers:
    deployment, context = _deployment(scenario, course), scenario["context"]
    reserve = engine.Reserve(0.9, 2.5 * engine.GIB)
    contexts = [context * k for k in (1, 2, 3, 5, 8)]
    curve = engine.users_over_context(deployment, contexts, engine.NAIVE)
    return {
        **engine.memory_plan(deployment, reserve),
        **engine.worked(deployment, context),
        "users": engine.max_users(deployment, context, reserve),
        "blocks": engine.kv_blocks(deployment, reserve),
        "block_bytes": engine.block_bytes(deployment.model, deployment.kv_bits),
        "copies": engine.kv_copies(deployment),
        **{f"users_at_{tokens:.0f}": float(users) for tokens, users in zip(contexts, curve, strict=True)},
    }


def _evaluate_growth(scenario: Mapping[str, Any], course: Any) -> Numbers:
    return dict(engine.growth(_deployment(scenario, course), scenario["context"]))


def _evaluate_step(scenario: Mapping[str, Any], course: Any) -> Numbers:
    cost = _cost(_deployment(scenario, course), course)
    prefills = [(start, length) for start, length in scenario["prefills"]]
    base, slope = cost.decode_affine(max(1, scenario["decodes"]), 3)
    terms = cost.step(scenario["decodes"], scenario["context"], prefills)
    place = engine.placed(cost, scenario["decodes"], scenario["context"], prefills)
    terms |= {key: place[key] for key in ("intensity", "flops_per_s", "cache_bytes")}
    terms["reached"] = engine.reached(cost, 77.7)
    return {**terms, "base_s": base, "slope_s": slope, "weights": cost.weights_read(17)}


def _evaluate_workload(scenario: Mapping[str, Any], course: Any) -> Numbers:
    workload, limit = course.workloads[scenario["workload"]], scenario["limit"]
    requests = engine.sample_requests(workload, scenario["rate"], 200, scenario["seed"], limit, cv=scenario["cv"])
    sampled: Numbers = {}
    for i in (0, 1, 2, 50, 199):
        arrival, prompt, output = requests[i][:3]
        sampled |= {f"arrival_{i}": arrival, f"prompt_{i}": prompt, f"output_{i}": output}
    total = {"prompts": sum(r.prompt_tokens for r in requests), "outputs": sum(r.output_tokens for r in requests)}
    return {**sampled, **total, **engine.lengths(workload, limit)}


def _evaluate_queue(scenario: Mapping[str, Any], course: Any) -> Numbers:
    batch = scenario["batch"]
    return {
        "batched_s": engine.batched_queue_s(scenario["rate"], batch, scenario["fixed_s"], scenario["each_s"]),
        "md1_s": engine.md1_wait_s(scenario["rate"], 0.7 / scenario["rate"]),
        "yield": engine.speculation_yield(scenario["acceptance"], scenario["tokens"]),
        "waste": engine.static_waste([37 * i % 101 + 1 for i in range(batch)]),
        "pow2": engine.contiguous_share([37 * i % 101 + 1 for i in range(batch)], "pow2", 128),
        "paged": engine.paged_share([37 * i % 101 + 1 for i in range(batch)]),
    }


def _evaluate_run(scenario: Mapping[str, Any], course: Any) -> Numbers:
    deployment, limit = _deployment(scenario, course), 6000
    settings = engine.ServerSettings(scenario["policy"], scenario["seats"], limit, token_budget=1024)
    requests = engine.sample_requests(
        course.workloads[scenario["workload"]], scenario["rate"], scenario["requests"], scenario["seed"], limit
    )
    blocks = scenario["blocks"] or engine.kv_blocks(deployment, engine.Reserve(0.95, engine.GIB))
    draft = None
    if scenario["policy"] == "speculative":
        small = engine.Deployment(
            course.models["llama-3.2-1b"], deployment.gpu, deployment.gpus, deployment.weight_bits
        )
        draft = _cost(small, course)
    run = engine.simulate(
        _cost(deployment, course), settings, requests, blocks, users=scenario.get("users"), draft_cost=draft
    )
    times = {f"last_{i}_s": run.last_s[i] for i in (0, 1, len(requests) // 2, len(requests) - 1)}
    counts = {"steps": run.steps, "outputs": run.outputs, "computed": run.computed_tokens}
    spread = {f"quantile_{i}": value for i, value in enumerate(engine.distribution(run)["ttft_quantiles_s"])}
    bins = {f"bin_{i}": count for i, count in enumerate(engine.distribution(run)["ttft_bins"])}
    edges = {f"edge_{i}": edge for i, edge in enumerate(engine.bin_edges())}
    return {**engine.summary(run, deployment), **spread, **bins, **edges, **times, **counts}


def _evaluate_chat(scenario: Mapping[str, Any], course: Any) -> Numbers:
    """Conversations of two urgencies with a prefix cache, on a model with windows."""
    deployment, workload = _deployment(scenario, course), course.workloads["openorca-mlperf"]
    asked = {"turns": 4, "think_s": 5.0, "system_tokens": 700, "max_sequence_tokens": 6000}
    chat = engine.sample_chat(workload, 1.0, 60, scenario["seed"], **asked)
    requests = [request._replace(priority=i % 2) for i, request in enumerate(chat)]
    settings = engine.ServerSettings("chunked", 24, 6000, token_budget=1024, prefix_cache=True)
    blocks = scenario["blocks"] or 100_000
    pages = engine.Pages(1, 1, deployment.model.window_tokens)
    run = engine.simulate(_cost(deployment, course), settings, requests, blocks, pages=pages)
    counts = {"steps": run.steps, "hits": run.hit_tokens, "near": run.near_reads}
    return {**engine.summary(run, deployment), **counts, "last_s": max(run.last_s)}


def _evaluate_apart(scenario: Mapping[str, Any], course: Any) -> Numbers:
    """Prompts on one replica and answers, guessed by the model's own heads, on another."""
    deployment, workload = _deployment(scenario, course), course.workloads["azure-2023-conversation"]
    requests = engine.sample_requests(workload, scenario["rate"], 200, scenario["seed"], 6000)
    settings, cost = engine.ServerSettings("speculative", 24, 6000), _cost(deployment, course)
    run = engine.simulate_disaggregated(
        cost, cost, settings, requests, 3000, 3000, 1e-6, 0.002, draft_cost=engine.OwnHeads()
    )
    return {**engine.summary(run, deployment), "steps": run.steps, "last_s": max(run.last_s)}


def _evaluate_layout(scenario: Mapping[str, Any], course: Any) -> Numbers:
    limit, steps = 4096, 150
    requests = engine.sample_requests(course.workloads[scenario["workload"]], 1.0, 600, scenario["seed"], limit)
    if scenario["layout"] == "paged":
        found = engine.paged(requests, scenario["blocks"], steps)
    else:
        found = engine.contiguous(requests, scenario["blocks"], steps, scenario["layout"], limit)
    sums = {name: sum(getattr(found, name)) for name in ("useful", "later", "never", "running")}
    return {**sums, "finished": found.finished[-1], "stays": len(found.stays), "preemptions": found.preemptions}


def _evaluate_floor(scenario: Mapping[str, Any], course: Any) -> Numbers:
    deployment = engine.Deployment(course.models["llama-3-70b"], course.gpus["h100-sxm"], 4)
    workload, settings = course.workloads[scenario["workload"]], engine.ServerSettings(scenario["policy"], 24, 4096)
    requests = engine.sample_requests(workload, scenario["rate"], 120, scenario["seed"], 4096)
    run = engine.simulate(_cost(deployment, course), settings, requests, 700, record=True)
    floor = engine.Floor(run, settings)
    lives = {
        f"{name}_{i}": getattr(floor.life(i), name) for i in (3, 60, 119) for name in ("ttft_s", "stalled_s", "lost_s")
    }
    return {**lives, "spans": len(floor.spans()), "ahead": sum(floor.life(i).ahead for i in range(120))}


EVALUATE = {
    "chat": _evaluate_chat,
    "apart": _evaluate_apart,
    "layout": _evaluate_layout,
    "floor": _evaluate_floor,
    "memory": _evaluate_memory,
    "growth": _evaluate_growth,
    "step": _evaluate_step,
    "workload": _evaluate_workload,
    "queue": _evaluate_queue,
    "run": _evaluate_run,
}
