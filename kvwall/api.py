"""The functions of the package: plain data in, plain data out. Units as in kvwall: bytes, s, tokens, shares of 1."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import engine
from kvwall import content
from sizing import plain
from sizing.question import POLICIES, UTILIZATION, Catalogue, Design, Question
from sizing.trace import Reader, Trace

PIECE = 1 << 20  # characters of a file that are read at once
ModelName = str | bytes | Mapping[str, Any] | os.PathLike[str]
File = str | os.PathLike[str]


class Replica(TypedDict, total=False):
    """What else makes a replica. weight_bits: 16, 8 or 4; kv_bits: 16 or 8; engine: vllm, sglang or trtllm;
    attention_groups: groups of GPUs among which requests are divided, for a mixture of experts."""

    weight_bits: int
    kv_bits: int
    engine: str
    attention_groups: int


def catalogue() -> Catalogue:
    """What is known: `models`, `gpus` and `workloads` by id, and the measured constants, `calibrations`.

    >>> catalogue().models["llama-3.1-8b"].layers
    32
    """
    return content.catalogue()


def model(name: ModelName) -> engine.Model:
    """A model by its name in the catalogue, or from a config.json: its text, its bytes, its object, or a path to it.

    Raises AskError for a name that isn't known, ConfigError for a config.json that can't be read, OSError for a file.

    >>> model("qwen3-30b-a3b").experts
    128
    >>> model({"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    ...        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256}).kv_heads
    8
    """
    if isinstance(name, os.PathLike):
        return engine.model_from_config(Path(name).read_bytes())
    if isinstance(name, bytes) or (isinstance(name, str) and "{" in name):
        return engine.model_from_config(name)
    return plain.model_from(name, catalogue())


def _deployment(name: ModelName, gpu: str, gpus: int, other: Replica) -> engine.Deployment:
    known = catalogue().gpus[plain.named("gpu", gpu, catalogue().gpus)]
    groups = other.get("attention_groups", 1)
    served = plain.named("engine", other.get("engine", "vllm"), POLICIES)
    bits = other.get("weight_bits", 16), other.get("kv_bits", 16)
    made = engine.Deployment(model(name), known, gpus, *bits, served, groups)
    if made.model.query_heads % made.tp:
        raise plain.AskError("heads", gpus=gpus, groups=groups, heads=made.model.query_heads)
    return made


def fit(
    name: ModelName,
    gpu: str,
    gpus: int = 1,
    *,
    context_tokens: int = 8192,
    seats: int = 256,
    token_budget: int | None = None,
    utilization: float = UTILIZATION,
    **other: Unpack[Replica],
) -> dict[str, Any]:
    """What fits into the memory of one replica: where its bytes go, whole requests of `context_tokens`, and tokens of those.

    seats, token_budget, utilization: vLLM's max_num_seqs, max_num_batched_tokens (None: its default) and
    gpu_memory_utilization. Without numpy. Raises PhysicsError.

    >>> found = fit("llama-3.1-8b", "h100-sxm", context_tokens=8192)
    >>> found["kv_bytes_per_token"], found["users"] == found["kv_tokens"] // 8192
    (131072, True)
    """
    made = _deployment(name, gpu, gpus, other)
    reserve = engine.engine_reserve(made, utilization, token_budget, seats)
    memory = engine.memory_plan(made, reserve)
    each = engine.request_bytes(made, engine.whole("The context", context_tokens, 1))
    users = engine.max_users(made, context_tokens, reserve)
    return {
        "model": made.model.name,
        "gpu": made.gpu.id,
        "gpus": gpus,
        **memory,
        "buffers_bytes_per_gpu": dict(reserve.buffers),
        "kv_bytes_per_token": engine.kv_bytes_per_token(made.model, made.kv_bits) * engine.kv_copies(made),
        "context_tokens": context_tokens,
        "request_bytes": each,
        "users": users,
        "kv_tokens": max(0, int(memory["kv_budget_bytes"] * context_tokens // each)),
    }


def step_time(
    name: ModelName,
    gpu: str,
    gpus: int = 1,
    *,
    decodes: int = 0,
    context_tokens: float = 0,
    prompts: Sequence[tuple[int, int]] = (),
    **other: Unpack[Replica],
) -> dict[str, Any]:
    """How long one step takes: `decodes` requests that write a token each, `context_tokens` cached by each of them, and chunks
    of `prompts` as (tokens read before, tokens read now).

    seconds: in all; parts_s: of what; wall: what it meets; error: how far a mean time per token is expected to be off, a share,
    and error_from: the measured case that says so; known_from: the constants; carried_over: what they weren't measured with.
    Raises PhysicsError.

    >>> one, many = (step_time("llama-3.1-8b", "h100-sxm", decodes=n, context_tokens=1000)["seconds"] for n in (1, 64))
    >>> one < many < 4 * one
    True
    """
    made = _deployment(name, gpu, gpus, other)
    constants = engine.calibration_for(made, catalogue().calibrations)
    cost = engine.StepCost(made, constants)
    count = engine.whole("The number of requests that write", decodes)
    parts = cost.step(count, count * context_tokens, prompts)
    tokens = count + sum(now for _, now in prompts)
    error, ground = engine.expected_error(made, catalogue().calibrations, "tpot")
    return {
        "seconds": cost.seconds(count, count * context_tokens, prompts),
        "parts_s": parts,
        "wall": engine.binding(parts, cost, tokens, count + len(prompts)),
        "error": error,
        "error_from": ground.id,
        "known_from": constants.id,
        "carried_over": list(engine.how_known(made, constants)),
    }


def simulate(
    name: ModelName,
    gpu: str,
    gpus: int = 1,
    *,
    workload: str = "azure-2023-conversation",
    rate_per_s: float = 0.0,
    users: int = 0,
    requests: int = 1000,
    seed: int = 1,
    longest_tokens: int = 8192,
    seats: int = 256,
    token_budget: int | None = None,
    trace: Trace | None = None,
    **other: Unpack[Replica],
) -> dict[str, float | None]:
    """One replica under traffic, event by event: open at `rate_per_s`, or closed with `users` at once.

    Returns means, P50, P99 and more of the times to the first token, per token and in all, in s, tokens/s, and what was busy.
    Raises PhysicsError, also where the replica can't start.

    >>> found = simulate("llama-3.1-8b", "h100-sxm", rate_per_s=4, requests=200)
    >>> 0 < found["ttft_p50_s"] <= found["ttft_p99_s"]
    True
    """
    made = _deployment(name, gpu, gpus, other)
    budget = token_budget or engine.default_token_budget(made.gpu)
    asked: dict[str, Any] = {"model": name, "traffic": {"longest_tokens": longest_tokens}}
    asked["traffic"] |= {"users": users} if users else {}
    asked["traffic"] |= {"rate_per_s": rate_per_s} if rate_per_s or not (users or trace) else {}
    asked["traffic"] |= {} if trace else {"workload": workload}
    question = _question({**asked, "model": "llama-3.1-8b"}, trace)
    design = Design(made, engine.whole("The number of seats", seats, 1), budget, 1)
    from sizing.judge import simulated

    run = simulated(replace(question, model=made.model), catalogue(), design, requests, seed)
    if run is None:
        raise plain.AskError("no_start", gpu=made.gpu.id, gpus=gpus)
    return engine.summary(run, made)


def _question(asked: object, trace: Trace | None) -> Question:
    return plain.question_from(asked, catalogue(), trace.requests if trace else ())


def _read(asked: object, trace: Trace | File | None) -> tuple[Question, Trace | None]:
    """A question with the trace that it names, or that is given beside it."""
    if trace is None and isinstance(asked, Mapping) and isinstance(traffic := asked.get("traffic"), Mapping):
        named = traffic.get("trace")
        trace = named if isinstance(named, str) else None
    found = read_trace(trace) if isinstance(trace, str | os.PathLike) else trace
    return _question(asked, found), found


def plan(
    asked: Mapping[str, Any], *, trace: Trace | File | None = None, progress: Callable[[int], object] | None = None
) -> dict[str, Any]:
    """The cheapest design that keeps every promise of a question, with further ones that trade something; plain data.

    asked: docs/sizing.md has its fields. trace: real requests, or a path to them; a path in `traffic.trace` does the same.
    progress: called with the designs simulated so far. Needs numpy. Raises AskError for a question that can't be read, else
    PhysicsError, and OSError for a file.

    >>> question = {"model": "llama-3.1-8b", "traffic": {"workload": "sharegpt-vicuna", "rate_per_s": 2},
    ...             "promise": {"ttft_s": 1.0}, "allowed": {"gpus": ["h100-sxm"], "seats": [64], "token_budgets": [2048]}}
    >>> best = plan(question)["best"]
    >>> best["gpus"], best["state"]
    (1, 'kept')
    """
    from sizing import explain, search

    question, found = _read(asked, trace)
    answer = search.Answer()
    for answer in search.search(question, catalogue()):
        if progress:
            progress(answer.runs)
    told = explain.answer_to_plain(question, catalogue(), answer)
    return told | ({"trace": _told(found, question)} if found else {})


def check(asked: Mapping[str, Any], design: object, *, trace: Trace | File | None = None) -> dict[str, Any]:
    """One design judged under a question's traffic: does it hold? The keys are those of a plan's design.

    design: an object with gpu, replicas, gpus_per_replica, seats (docs/sizing.md), or a whole answer of `plan`, whose best is
    meant. state: "kept", "close" where a limit lies within the expected error or the load near capacity, "broken", or "memory"
    where it can't start. Raises AskError, PhysicsError, OSError.

    >>> question = {"model": "llama-3.1-8b", "traffic": {"workload": "sharegpt-vicuna", "rate_per_s": 2},
    ...             "promise": {"ttft_s": 0.001}}
    >>> check(question, {"gpu": "h100-sxm", "gpus_per_replica": 1, "replicas": 1, "seats": 64})["state"]
    'broken'
    """
    from sizing import explain, search

    question, found = _read(asked, trace)
    if not list(question.promise.limits()):
        raise plain.AskError("no_promise")
    made = plain.design_from(design, question, catalogue())
    if question.prices and made.deployment.gpu.id not in dict(question.prices):
        question = replace(question, prices=())  # what it costs isn't known
    told = explain.facts(question, catalogue(), search.checked(question, catalogue(), made))
    return told | ({"trace": _told(found, question)} if found else {})


def commands(asked: Mapping[str, Any], design: object, *, trace: Trace | File | None = None) -> dict[str, str]:
    """A design to take along, texts by the names of their files: the server's command, a benchmark, a manifest for Kubernetes, a
    notebook, the question, the design.

    What isn't known, such as a checkpoint at other bits, is a name in capitals that begins with YOUR. Raises as `check` does.

    >>> question = {"model": "llama-3.1-8b", "traffic": {"workload": "sharegpt-vicuna", "rate_per_s": 2}}
    >>> found = commands(question, {"gpu": "h100-sxm", "gpus_per_replica": 1, "replicas": 1, "seats": 64})
    >>> found["serve.sh"].splitlines()[2]
    'vllm serve meta-llama/Llama-3.1-8B-Instruct \\\\'
    """
    from sizing.commands import files

    question, _ = _read(asked, trace)
    return files(question, plain.design_from(design, question, catalogue()), asked)


def read_trace(file: File, *, unit: str = "", progress: Callable[[int], object] | None = None) -> Trace:
    """Real requests from a file, CSV or JSON by the line; sizing.trace has the columns and the rule for times.

    unit: that of its times, "s", "ms" ..., where the rule would be wrong. progress: called with the characters read so far.
    What was left out, and why, stands in `skipped`. Raises AskError for a file that holds no requests, OSError.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = file.write_text("arrival_ms,prompt,output\\n0,100,20\\n500,300,0\\n1500,200,10\\n")
    >>> found = read_trace(file)
    >>> len(found.requests), found.span_s, found.skipped[0].reason
    (2, 1.5, 'no_output')
    """
    reader = Reader(unit)
    with Path(file).open(encoding="utf-8-sig", newline="") as text:
        try:
            while piece := text.read(PIECE):
                reader.feed(piece)
                if progress:
                    progress(reader.read)
        except UnicodeDecodeError as mistake:
            raise plain.AskError("trace_text", found=Path(file).name) from mistake
    return reader.close()


def _told(trace: Trace, question: Question) -> dict[str, Any]:
    """What was read of a trace, and what the server's longest sequence cut off it."""
    longest = question.traffic.longest_tokens
    return {
        "requests": len(trace.requests),
        "span_s": trace.span_s,
        "unit": trace.unit,
        "columns": dict(trace.columns),
        "skipped": [skip._asdict() for skip in trace.skipped],
        "unordered": trace.unordered,
        "cut": sum(r.prompt_tokens + r.output_tokens > longest for r in trace.requests),
        "rate_per_s": question.traffic.rate_per_s,
    }


def validate(text: str, name: str = "measured.csv", **options: str) -> dict[str, Any]:
    """Anybody's measurements beside the engine's figures: rows of CSV as docs/validating.md has them.

    options: what rows don't say, such as gpu="h100-sxm", tp="8". Returns `rows` (measured, predicted, error, a share), `errors`
    over groups of them, and `refused` with reasons. Raises PhysicsError for a text with no such rows.

    >>> columns = "model,gpu,tp,concurrency,prompt_tokens,output_tokens,mean_tpot_ms"
    >>> found = validate(f"{columns}\\nllama-3.1-8b,h100_sxm,1,8,512,128,8.0\\n")
    >>> [row["figure"] for row in found["rows"]], len(found["refused"])
    (['tpot_mean_s'], 0)
    """
    from tools.validation import __main__ as validation
    from tools.validation import columns, predicting

    known = columns.Known(catalogue().models, catalogue().gpus, catalogue().calibrations, catalogue().workloads)
    try:
        cases, refused = columns.read(known, name, text, options)
    except columns.Unexpressed as reason:
        raise engine.PhysicsError(str(reason)) from reason
    rows, more = validation.compare(cases, lambda case: predicting.predict(known, case))
    found = [{**asdict(row), "error": row.error} for row in rows]
    return {
        "rows": found,
        "errors": [{"figure": figure, "of": group, **errors} for figure, group, errors in validation.summaries(rows)],
        "refused": [asdict(row) for row in [*refused, *more]],
    }


def read_log(
    text: str | bytes, *, name: ModelName | None = None, gpu: str | None = None, gpus: int | None = None
) -> dict[str, Any]:
    """What a server says of itself: a start-up log of vLLM or SGLang, a benchmark's result, a scrape, nvidia-smi's table.

    said: the figures, in bytes, s and tokens. lines: each figure of its memory beside the engine's, with its relative error and
    the names of the reasons. lacking: what has to be told by `name`, `gpu` and `gpus` (of one tensor-parallel group) before the
    engine can speak, None if nothing. Raises PhysicsError for a text in which nothing is known.

    >>> read_log("nothing that a server says")
    Traceback (most recent call last):
      ...
    observed.facts.Unread: unknown nothing that a server says
    """
    import observed

    found = observed.read(text)
    chosen = catalogue().gpus[plain.named("gpu", gpu, catalogue().gpus)] if gpu else None
    known, lacking = None, None
    try:
        of = (model(name) if name else None, chosen, gpus)
        known = observed.known_of(found, catalogue().models, catalogue().gpus, *of)
    except observed.Unread as mistake:
        lacking = sentence(mistake)
    lines = observed.compare(found, known)
    return {
        "said": asdict(found),
        "lines": [{**asdict(line), "error": line.error} for line in lines],
        "lacking": lacking,
    }


def sentence(mistake: Exception) -> str:
    """What a mistake says to a person, in English.

    >>> try:
    ...     model("llama-9")
    ... except engine.PhysicsError as mistake:
    ...     print(sentence(mistake))
    “llama-9” isn't known for model. Near it: llama-2-7b, llama-3-70b, llama-2-70b, llama-2-13b.
    """
    known = {}
    if isinstance(mistake, plain.AskError):
        known = content.tables("size")["refusals"]
    elif isinstance(mistake, engine.ConfigError):
        known = content.tables("refusals")["config"]
    elif type(mistake).__name__ == "Unread":  # of observed, which isn't loaded for this
        known = content.tables("refusals")["observed"]
    if not known:
        return str(mistake)
    facts: dict[str, str] = mistake.facts  # type: ignore[attr-defined]
    if "reason" in facts:
        facts = facts | {"reason": content.tables("size")["trace"][facts["reason"]]}
    said = {key: value if isinstance(value, str) else f"{value:.6g}" for key, value in facts.items()}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: said.get(found[1], found[0]), known[mistake.name])  # type: ignore[attr-defined]
