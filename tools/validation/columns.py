"""Measurements as they come: CSV files of several shapes become cases, each a deployment, its traffic and what was measured.

What a row's columns don't say is taken from the command's options, then from the file's name, then from its first comment
line. A row that can't be expressed keeps the reason instead. Columns by shape: docs/validating.md.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import engine
from tools.validation import starting

Row = Mapping[str, str]
GIB = engine.GIB
ENGINES = ("vllm", "sglang", "trtllm", "kernels")
FORMAT_BITS = {"bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "mxfp4": 4, "nvfp4": 4, "fp4": 4, "awq4": 4, "gptq4": 4}
FORMAT_BITS |= {"awq": 4, "gptq": 4, "int4": 4, "16": 16, "8": 8, "4": 4}


class Unexpressed(Exception):
    """A row that the engine can't express, as a reason for a person; with its line, where others stand for it."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Case:
    """One measured row: what ran, what it was asked, and what came out (times in s, sizes in bytes, rates per s).

    kind: "step", "closed", "burst", "rate", "trace", "offline" or "startup". asked: the numbers of its traffic or step.
    """

    line: int
    kind: str
    deployment: engine.Deployment
    measured: Mapping[str, float]
    asked: Mapping[str, float] = field(default_factory=dict)
    trace: tuple[engine.Request, ...] = ()
    kv_tokens: int | None = None
    utilization: float = 0.9
    token_budget: int = 2048
    seats: int = 256
    label: str = ""
    format: str = ""  # of the checkpoint, where the row names one
    cached: float = 0.0  # share of each prompt that the server's prefix cache holds from an earlier run
    apart: str = ""  # why some of the row's figures aren't compared
    start: starting.Start = field(default_factory=lambda: starting.Start("chunked"))  # how its server was started
    assumed: str = ""  # what of that the row doesn't say


@dataclass(frozen=True)
class Refused:
    """A row, or a value of it, that isn't compared, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Known:
    """The catalogues that rows name things from."""

    models: Mapping[str, engine.Model]
    gpus: Mapping[str, engine.Gpu]
    calibrations: Sequence[engine.Calibration]
    workloads: Mapping[str, engine.Workload]


# Names that files use for models of the catalogue beside its own and those of the same sizes.
SHORT = {
    "llama-70b": "llama-3-70b",
    "l3-70b": "llama-3-70b",
    "llama3-8b": "llama-3.1-8b",
    "llama-8b": "llama-3.1-8b",
    "l3.1-8b": "llama-3.1-8b",
    "dsc-v2-lite": "deepseek-v2-lite",
}


def find_model(known: Known, name: str) -> engine.Model:
    """The catalogue's model of this name. Raises Unexpressed for one that isn't there."""
    model = engine.model_named(known.models, name, loose=True) or engine.model_named(
        known.models, name, SHORT, loose=True
    )
    if model is None:
        raise Unexpressed(f"the model {name!r} is not in the catalogue (site/content/models.toml)")
    return model


def find_gpu(known: Known, name: str) -> engine.Gpu:
    """The catalogue's GPU of this name (`engine.gpu_named`). Raises Unexpressed."""
    try:
        return engine.gpu_named(name, known.gpus)
    except engine.UnknownGpu as reason:
        raise Unexpressed(str(reason)) from reason


def hints(known: Known, text: str) -> dict[str, str]:
    """What a file's name or comment says of its rows: a GPU, a model, an engine, a precision, "2x"."""
    found: dict[str, str] = {}
    words = re.findall(r"[a-z0-9.]+", text.lower())
    joined = [
        *words,
        *(a + b for a, b in pairwise(words)),
        *(f"{a}-{b}" for a, b in pairwise(words)),
    ]
    joined += ["".join(words[i : i + 3]) for i in range(len(words) - 2)]
    readers: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("model", lambda word: find_model(known, word)),
        ("gpu", lambda word: find_gpu(known, word)),
    )
    for key, reader in readers:
        for word in sorted(joined, key=len, reverse=True):
            try:
                reader(word)
            except Unexpressed:
                continue
            found[key] = word
            break
    for word in words:
        if word in ENGINES:
            found.setdefault("engine", word)
        if word in FORMAT_BITS and not word.isdigit():
            found.setdefault("weight_dtype", word)
        if re.fullmatch(r"tp\d+", word):
            found.setdefault("tp", word[2:])
        if re.fullmatch(r"\dx", word):
            found.setdefault("tp", word[:-1])
    if "fp8" in text.lower() and re.search(r"fp8 cache", text.lower()):
        found["kv_bits"] = "8"
    return found


MOST = 1e10  # of anything that a row counts or measures, in its own unit
MOST_REQUESTS = 200_000  # that are simulated for one row


def number(row: Row, *names: str) -> float | None:
    """The first of these columns that holds a number, from 0 to MOST; None if none does. Raises Unexpressed for any other."""
    for name in names:
        text = (row.get(name) or "").strip()
        if text:
            try:
                value = float(text)
            except ValueError as mistake:
                raise Unexpressed(f"{name} is no number: {text[:30]!r}") from mistake
            if not 0 <= value <= MOST:
                raise Unexpressed(f"{name} can't be {text[:30]}")
            return value
    return None


def needed(row: Row, *names: str, least: float = 0) -> float:
    """The same for a column that a row can't do without, and of at least so much."""
    value = number(row, *names)
    if value is None:
        raise Unexpressed(f"has no {' or '.join(names)}")
    if value < least:
        raise Unexpressed(f"{names[0]} must be at least {least:g}, not {value:g}")
    return value


def count(row: Row, *names: str, least: int = 1) -> int:
    """The same for what is counted in whole numbers."""
    value = needed(row, *names, least=least)
    if value != int(value):
        raise Unexpressed(f"{names[0]} is counted in whole numbers, not {value:g}")
    return int(value)


def replica_gpus(row: Row) -> int:
    """GPUs of a replica. Where tensor and expert parallelism stand side by side, the experts' own division tells."""
    tp = count(row, "tp", "tensor_parallel", "gpus")
    experts = max(int(number(row, "moe_tp") or 1), int(number(row, "ep") or 1))
    return tp if experts == 1 else experts


def deployment_of(known: Known, row: Row) -> engine.Deployment:
    """What ran. Raises Unexpressed when the row doesn't say, or names what the catalogue lacks."""
    for key in ("model", "gpu"):
        if not row.get(key):
            raise Unexpressed(f"doesn't say which {key}: add a column or --{key}")
    model, gpu, gpus = find_model(known, row["model"]), find_gpu(known, row["gpu"]), replica_gpus(row)
    precision = (row.get("weight_bits") or row.get("weight_dtype") or "16").lower()
    if precision not in FORMAT_BITS:
        raise Unexpressed(f"the precision {precision!r} is not known")
    served_by = row.get("engine") or "vllm"
    asked = int(number(row, "attention_dp") or 1)
    groups = min(asked, gpus)  # some write the groups of all experts' GPUs together
    if gpus % groups or model.query_heads % (gpus // groups):
        raise Unexpressed(f"{model.query_heads} heads can't be divided among {gpus} GPUs with attention_dp {groups}")
    made = engine.Deployment(model, gpu, gpus, FORMAT_BITS[precision], 16, served_by, groups)
    kv_bits = number(row, "kv_bits")
    if kv_bits is None:
        constants = engine.calibration_for(made, known.calibrations)
        kv_bits = constants.kv_bits if constants.gpu == gpu.id else 16
    return replace(made, kv_bits=int(kv_bits))


DRAFTS, NO_DRAFT = ("speculation", "spec_decoding", "mtp"), ("", "0", "no", "none", "off", "false")


def _served(known: Known, row: Row, kind: str, line: int, measured: dict[str, float | None], **more: object) -> Case:
    """A case of a server, with what its engine was started with."""
    if any((row.get(name) or "").strip().lower() not in NO_DRAFT for name in DRAFTS) or "eagle" in row.get("run", ""):
        raise Unexpressed(
            "runs with a draft model or heads of its own, and how many of their tokens are kept isn't given"
        )
    deployment = deployment_of(known, row)
    seats = 256 if "V0" in row.get("note", "") else engine.default_seats(deployment.gpu)
    kept = {name: value for name, value in measured.items() if value}
    if not kept:
        raise Unexpressed("has nothing measured")
    kv_tokens = number(row, "kv_tokens") if kind != "startup" else None
    return Case(
        line,
        kind,
        deployment,
        kept,
        kv_tokens=int(kv_tokens) if kv_tokens else None,
        utilization=number(row, "util", "gpu_memory_utilization") or 0.9,
        token_budget=int(
            number(row, "token_budget", "max_num_batched_tokens") or engine.default_token_budget(deployment.gpu)
        ),
        format=row["weight_dtype"].lower() if row.get("weight_dtype", "").lower() in engine.FORMATS else "",
        start=starting.by_itself(deployment),
        seats=int(number(row, "max_num_seqs", "seats") or seats),
        **more,  # type: ignore[arg-type]  # the fields of Case
    )


def _ms(row: Row, *names: str) -> float | None:
    value = number(row, *names)
    return None if value is None or value <= 0 else value / 1000


def few_enough(requests: float) -> None:
    """Refuse more requests than can be simulated in a while."""
    if requests > MOST_REQUESTS:
        raise Unexpressed(f"{requests:,.0f} requests are more than the {MOST_REQUESTS:,} that are simulated for a row")


def read_closed(known: Known, row: Row, line: int) -> Case:
    """A closed loop of users: means of the time to the first token and per output token."""
    gap = row.get("protocol") == "gap"
    measured = {"ttft_mean_s": None if gap else _ms(row, "mean_ttft_ms"), "tpot_mean_s": _ms(row, "mean_tpot_ms")}
    asked = {
        "prompt": needed(row, "prompt_tokens", "isl", least=1),
        "output": needed(row, "output_tokens", "osl", least=1),
        "users": count(row, "concurrency", "users"),
        "least": 1.0 if gap else number(row, "least_share") or 0.8,
        "each": number(row, "requests_per_user") or 10,
    }
    few_enough(asked["users"] * asked["each"])
    if asked["output"] < 2 and measured["tpot_mean_s"]:
        raise Unexpressed("after a single output token there is no time per output token")
    apart = "its first token isn't compared: this protocol doesn't record how it was measured" if gap else ""
    case = _served(known, row, "closed", line, measured, asked=asked, apart=apart)
    start, told = _started(case, row)
    return replace(case, start=start, assumed="" if told else start.said)


PROTOCOLS = ("", "infx")  # closed loops whose servers InferenceMAX's scripts started


def _started(case: Case, row: Row) -> tuple[starting.Start, bool]:
    """How a closed loop's server was started: as its row says (then True), or as the benchmark's scripts do, or by itself."""
    own = starting.by_itself(case.deployment)
    poll, steps, tokens = (number(row, name) for name in ("poll_steps", "wait_steps", "wait_tokens"))
    if (poll, steps, tokens) != (None, None, None):
        return replace(own, poll_steps=int(poll or 1), wait_steps=int(steps or 0), wait_tokens=int(tokens or 0)), True
    if row.get("protocol", "") not in PROTOCOLS:
        return own, True
    asked = case.asked
    start = starting.by_script(case.deployment, asked["prompt"], asked["output"], int(asked["users"]))
    if number(row, "token_budget", "max_num_batched_tokens"):
        start = replace(start, token_budget=case.token_budget)
    return start, False


# The deployments of a source that numbers its tests (github.com/dennislee22/vLLM-benchmarking): its own start-up lines.
TESTS: dict[str, dict[str, str]] = {
    "4": {"tp": "1", "kv_tokens": "93872", "gpu": "A100-80"},
}
REPEATED = 75  # that source sends the same prompts again: up to so many at once its first tokens are prefix hits


def read_burst(known: Known, row: Row, line: int) -> Case:
    """Everything at once: percentiles of both times, and throughput."""
    test = row.get("test", "")
    if not row.get("tp"):
        if test not in TESTS:
            raise Unexpressed(
                f"the deployment of test {test} isn't known, or its link not: add columns gpu, tp and kv_tokens"
            )
        row = {**row, **TESTS[test]}
    n = count(row, "n", "requests")
    few_enough(n)
    done = number(row, "ok") or n
    if done < n:
        raise Unexpressed(f"{n - done:.0f} of {n} requests failed, and nobody knows when")
    prompt = (number(row, "tin") or n * needed(row, "isl")) / done
    output = (number(row, "tout") or n * needed(row, "osl")) / done
    first = test == "" or n > REPEATED
    measured = {
        "ttft_mean_s": _ms(row, "ttft") if first else None,
        "ttft_p99_s": _ms(row, "p99ttft") if first else None,
        "tpot_mean_s": _ms(row, "tpot"),
        "tpot_p99_s": _ms(row, "p99tpot") if first else None,
        "throughput": (number(row, "tout") or 0) / needed(row, "dur", least=1e-6) if row.get("dur") else None,
    }
    asked = {"n": n, "prompt": max(1, prompt), "output": max(1, output)}
    again = f"its first tokens aren't compared: this source sends its prompts again, and up to {REPEATED} hit the prefix cache"
    return _served(known, row, "burst", line, measured, asked=asked, apart="" if first else again)


# What a run's name may say of how its server was started, and the columns that say it: "phase1-seqs128", "batch16k", "mem095".
NAMED_SETTINGS = (
    (("max_num_seqs", "seats"), r"seqs([1-9]\d{0,5})", lambda found: found),
    (("token_budget", "max_num_batched_tokens"), r"batch([1-9]\d{0,3})k", lambda found: str(1024 * int(found))),
    (("util", "gpu_memory_utilization"), r"mem0([5-9]\d?)", lambda found: f"0.{found}"),
)
BY_NAME = "{} as the run's name tells"


def named_settings(row: Row) -> dict[str, str]:
    """The settings that a run's name tells, and no column does."""
    run, found = row.get("run", "").lower().replace("_", " "), {}
    for columns, pattern, told in NAMED_SETTINGS:
        if (match := re.search(rf"\b{pattern}\b", run)) and not any((row.get(name) or "").strip() for name in columns):
            found[columns[0]] = told(match[1])
    return found


def read_rate(known: Known, row: Row, line: int) -> Case:
    """An open loop at one rate: means, medians and percentiles."""
    measured = {
        "ttft_mean_s": _ms(row, "mean_ttft_ms"),
        "ttft_p50_s": _ms(row, "median_ttft_ms"),
        "ttft_p99_s": _ms(row, "p99_ttft_ms"),
        "tpot_mean_s": _ms(row, "mean_tpot_ms"),
        "tpot_p99_s": _ms(row, "p99_tpot_ms"),
    }
    asked = {
        "rate": needed(row, "rate_per_s", "rate"),
        "n": count(row, "completed", "requests"),
        "prompt": needed(row, "mean_prompt", least=1),
        "output": needed(row, "mean_output", least=1),
    }
    few_enough(asked["n"])
    cached = number(row, "prefix_cached_share") or float((row.get("repeats") or "").lower() in YES)
    if cached > 1:
        raise Unexpressed(f"prefix_cached_share is a share of the prompt, from 0 to 1, not {cached:g}")
    label = row.get("workload", "")
    named = named_settings(row)
    said = BY_NAME.format(", ".join(f"{key} {value}" for key, value in named.items())) if named else ""
    row = {"tp": "1", **{key: value for key, value in row.items() if value}, **named}
    return _served(known, row, "rate", line, measured, asked=asked, label=label, cached=cached, assumed=said)


YES = ("1", "yes", "true")


def repeated(rows: Sequence[tuple[int, Row]]) -> set[int]:
    """The lines of a sweep of rates that sent the prompts of an earlier rate again.

    Rows of one run and workload with the same mean prompt to the last digit sent the same texts (a benchmark draws them from
    a seed), and an engine that caches prefixes has them from the lowest rate on. Lengths that are fixed, a whole mean, say
    nothing of the texts. A row that says so itself, in the column "repeats" or "prefix_cached_share", is left as it is.
    """
    sweeps: dict[tuple[str, str, str], list[tuple[float, int]]] = {}
    for line, row in rows:
        rate, mean = (row.get("rate_per_s") or "").strip(), (row.get("mean_prompt") or "").strip()
        told = (row.get("repeats") or "").strip() or (row.get("prefix_cached_share") or "").strip()
        try:
            drawn = float(mean) % 1 != 0
            at = float(rate)
        except ValueError:
            continue
        if drawn and not told:
            sweeps.setdefault((row.get("run", ""), row.get("workload", ""), mean), []).append((at, line))
    return {line for sweep in sweeps.values() for at, line in sweep if at > min(sweep)[0]}


UNNAMED = "80GB"  # a source that tells the memory of its cards alone: A100 and H100 show the same


def read_startup(known: Known, row: Row, line: int) -> Case:
    """What a server said when it started: bytes of weights and of the cache for each GPU, and tokens."""
    unnamed = row.get("gpu") == UNNAMED
    if unnamed:
        row = {**row, "gpu": "a100-80" if row.get("weight_dtype") != "fp8" else "h100"}
    measured = {
        "weights": (number(row, "weights_gib_per_gpu") or 0) * GIB,
        "kv_bytes": (number(row, "available_kv_gib_per_gpu") or 0) * GIB,
        "kv_tokens": number(row, "kv_tokens"),
    }
    apart = ""
    if unnamed and number(row, "max_num_seqs", "seats") is None:
        apart = "its cache isn't compared: the source doesn't name the card, and vLLM takes 256 seats on one, 1,024 on another"
        measured |= {"kv_bytes": None, "kv_tokens": None}
        if not measured["weights"]:
            raise Unexpressed(apart)
    made = _served(known, row, "startup", line, measured, apart=apart)
    if made.deployment.model.local_layers and "kv_tokens" in made.measured:
        kept = {name: value for name, value in made.measured.items() if name != "kv_tokens"}
        return replace(made, measured=kept)  # for windows the logged tokens are no capacity
    return made


PHASES = ("context", "prefill", "decode", "mixed")


def read_step(known: Known, row: Row, line: int) -> Case:
    """One step of a scheduler, or composed of kernels: what it computed, and how long it took."""
    if row.get("phase") not in PHASES:
        raise Unexpressed(f"a phase is one of {', '.join(PHASES)}, not {row.get('phase')!r}")
    if "latency_ms" in row:
        asked = {
            "prompts": count(row, "ctx_requests", least=0),
            "prompt_tokens": count(row, "ctx_tokens", least=0),
            "prompt_cached": needed(row, "ctx_kv_tokens"),
            "decodes": count(row, "decode_requests", least=0),
            "context": needed(row, "decode_kv_tokens"),
        }
        if not asked["prompt_tokens"] + asked["decodes"]:
            raise Unexpressed("computes nothing")
        if asked["prompt_tokens"] and not asked["prompts"]:
            raise Unexpressed("has tokens of prompts and no prompts")
        return _served(known, row, "step", line, {f"step_{row['phase']}_s": _ms(row, "latency_ms")}, asked=asked)
    batch, tokens = count(row, "batch"), count(row, "context_or_prompt_tokens", "tokens")
    reads = row.get("phase") == "prefill"
    asked = {
        "prompts": batch if reads else 0,
        "prompt_tokens": batch * tokens if reads else 0,
        "prompt_cached": 0,
        "decodes": 0 if reads else batch,
        "context": 0 if reads else batch * tokens,
    }
    row = {"engine": "kernels", **row}
    return _served(known, row, "step", line, {f"step_{row['phase']}_s": _ms(row, "step_ms")}, asked=asked)


def read_offline(known: Known, row: Row, line: int) -> list[Case]:
    """Throughput with everything submitted at once, a column for each GPU."""
    cases = []
    for name in row:
        if match := re.fullmatch(r"([a-z0-9]+)_(fp16|bf16|fp8)_tokens_per_s", name):
            asked = {"prompt": needed(row, "prompt_tokens", least=1), "output": needed(row, "output_tokens", least=1)}
            named = {**row, "gpu": match[1], "weight_dtype": match[2], "engine": "trtllm"}
            cases.append(_served(known, named, "offline", line, {"throughput": number(row, name)}, asked=asked))
    return cases


OF_A_SERVER = (
    *(
        "model",
        "gpu",
        "tp",
        "engine",
        "weight_bits",
        "weight_dtype",
        "kv_bits",
        "kv_tokens",
        "util",
        "gpu_memory_utilization",
    ),
    *(
        "token_budget",
        "max_num_batched_tokens",
        "max_num_seqs",
        "seats",
        "moe_tp",
        "ep",
        "attention_dp",
        "run",
        *DRAFTS,
    ),
)


def _checked(rows: Sequence[tuple[int, Row]]) -> None:
    """Refuse a run of which one request can't be read, or whose requests tell of different servers; names the line."""
    before = rows[0][1]
    for line, row in rows:
        try:
            for name in ("arrival_s", "ttft_s", "generation_s"):
                needed(row, name)
            for name in ("prompt_tokens", "output_tokens"):
                count(row, name)
        except Unexpressed as reason:
            raise Unexpressed(
                f"{reason}; its run of {len(rows):,} requests isn't compared without it", line
            ) from reason
        for name in OF_A_SERVER:
            if (row.get(name) or "").strip() != (before.get(name) or "").strip():
                raise Unexpressed(f"tells another {name} than the first request of its run", line)


def read_trace(known: Known, rows: Sequence[tuple[int, Row]]) -> Case:
    """One row a request: arrivals, lengths and times of one rate together."""
    requests, ttft, tpot = [], [], []
    few_enough(len(rows))
    _checked(rows)
    for _, row in in_order(rows):
        prompt, output = count(row, "prompt_tokens"), count(row, "output_tokens")
        requests.append(engine.Request(needed(row, "arrival_s"), prompt, output))
        ttft.append(needed(row, "ttft_s"))
        if output > 1:
            tpot.append(needed(row, "generation_s") / (output - 1))
    line, row = rows[0]
    measured = {
        "ttft_mean_s": sum(ttft) / len(ttft),
        "ttft_p50_s": engine.percentile(ttft, 50),
        "ttft_p99_s": engine.percentile(ttft, 99),
        "tpot_mean_s": sum(tpot) / len(tpot) if tpot else None,
        "tpot_p99_s": engine.percentile(tpot, 99),
    }
    first = requests[0].arrival_s
    trace = tuple(request._replace(arrival_s=request.arrival_s - first) for request in requests)
    return _served(known, row, "trace", line, measured, trace=trace, label=f"{row.get('rate_per_s', '')}/s")


QUICK, FEW = 0.6, 0.02  # of a prompt's own time; of the requests
UNREAD = "some first tokens came before the prompt could be read: what its requests share in a prefix cache isn't told"
TALKS = (
    "first tokens come before prompts could be read, and prompts go on with earlier ones and their answers: they are taken"
    " for conversations before a prefix cache"
)


def unread(known: Known, case: Case, ttft: Sequence[float]) -> float:
    """The share of first tokens that came before their prompt could be read: a prefix cache had it."""
    cost = engine.StepCost(case.deployment, engine.calibration_for(case.deployment, known.calibrations))
    alone = [cost.front_s + cost.seconds(0, 0, [(0, request.prompt_tokens)]) for request in case.trace]
    return sum(took < QUICK * least for took, least in zip(ttft, alone, strict=True)) / len(ttft)


SLACK_S = 0.3  # by which a later request's first token may come before an earlier one's where both waited in one queue
QUEUES = (
    "first tokens come out of order: from several queues ({} would do), or long prompts that let others pass; it is"
    " compared as one server"
)


def queues(requests: Sequence[engine.Request], ttft: Sequence[float]) -> int:
    """The least number of queues, each first come first served, that give these first tokens; by arrival."""
    latest: list[float] = []
    for request, took in zip(requests, ttft, strict=True):
        first_s = request.arrival_s + took
        fits = [last_s for last_s in latest if first_s >= last_s - SLACK_S]
        if fits:
            latest.remove(max(fits))
        latest.append(max([first_s, *fits]))
    return len(latest)


def with_cache(runs: Sequence[tuple[Case, float]]) -> list[Case]:
    """The runs of one server, each with the share of its first tokens that came too soon: what their prompts share in a
    prefix cache, where lengths tell it."""
    found, requests = [], sum(len(case.trace) for case, _ in runs)
    cached = sum(len(case.trace) * share for case, share in runs) >= FEW * requests
    for case, share in runs:
        histories = engine.with_histories(case.trace) if cached else None
        if histories:
            found.append(replace(case, trace=tuple(histories), assumed=TALKS))
        else:
            found.append(replace(case, assumed=UNREAD if share >= FEW else ""))
    return found


Reader = Callable[[Known, Row, int], "Case | list[Case]"]
# What marks a shape, and who reads it; the first that fits.
SHAPES: tuple[tuple[frozenset[str], Reader], ...] = (
    (frozenset({"phase", "latency_ms"}), read_step),
    (frozenset({"phase", "step_ms"}), read_step),
    (frozenset({"p99ttft", "dur"}), read_burst),
    (frozenset({"rate_per_s", "mean_ttft_ms"}), read_rate),
    (frozenset({"concurrency", "mean_tpot_ms"}), read_closed),
    (frozenset({"weights_gib_per_gpu"}), read_startup),
)
TRACE = frozenset({"arrival_s", "ttft_s", "generation_s"})


def read(known: Known, name: str, text: str, options: Mapping[str, str]) -> tuple[list[Case], list[Refused]]:
    """The cases of a CSV file's text, and what couldn't be read. Raises Unexpressed when no shape is known for its columns."""
    lines = text.splitlines()
    notes = [line for line in lines if line.startswith("#")]
    body = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not body:
        raise Unexpressed("The file holds no rows.")
    defaults = {**hints(known, " ".join(notes[:1])), **hints(known, Path(name).stem), **options}
    heading = next(csv.reader([body[0][1]]))
    if twice := sorted({name for name in heading if heading.count(name) > 1}):
        raise Unexpressed(f"The column {twice[0]!r} stands twice.")
    table = list(csv.DictReader(line for _, line in body))
    rows = [
        (at, {**{k: v for k, v in defaults.items() if not (row.get(k) or "").strip()}, **_filled(row, defaults)})
        for (at, _), row in zip(body[1:], table, strict=False)
    ]
    columns = frozenset(heading)
    if columns >= TRACE:
        return _traces(known, rows)
    reader = next((reader for needs, reader in SHAPES if columns >= needs), None)
    if reader is None and any(column.endswith("_tokens_per_s") for column in columns):
        reader = read_offline
    if reader is None:
        raise Unexpressed(f"No shape of measurements is known for the columns {', '.join(sorted(columns))}.")
    cases: list[Case] = []
    refused: list[Refused] = []
    again = repeated(rows) if reader is read_rate else set()
    for line, row in rows:
        try:
            made = reader(known, {**row, "repeats": "yes"} if line in again else row, line)
        except (Unexpressed, engine.PhysicsError) as reason:
            refused.append(Refused(line, str(reason)))
        else:
            cases += made if isinstance(made, list) else [made]
    return cases, refused


def _filled(row: Row, defaults: Mapping[str, str]) -> dict[str, str]:
    """A row's own cells, without those that are empty where a default is known."""
    return {
        key: (value or "").strip()
        for key, value in row.items()
        if key and ((value or "").strip() or key not in defaults)
    }


def _traces(known: Known, rows: Sequence[tuple[int, Row]]) -> tuple[list[Case], list[Refused]]:
    """Requests gathered into one case for each set and rate."""
    groups: dict[tuple[str, str], list[tuple[int, Row]]] = {}
    for line, row in rows:
        groups.setdefault((row.get("set", ""), row.get("rate_per_s", "")), []).append((line, row))
    cases: list[Case] = []
    refused: list[Refused] = []
    servers: dict[str, list[tuple[Case, float]]] = {}
    most: dict[str, int] = {}
    for (server, _), group in groups.items():
        try:
            case = read_trace(known, group)
            ttft = [needed(row, "ttft_s") for _, row in in_order(group)]
            early, lines = unread(known, case, ttft), queues(case.trace, ttft)
        except (Unexpressed, engine.PhysicsError) as reason:
            refused.append(Refused(getattr(reason, "line", None) or group[0][0], str(reason)))
        else:
            servers.setdefault(server, []).append((case, early))
            most[server] = max(lines, most.get(server, 1))
    for server, runs in servers.items():
        said = QUEUES.format(most[server]) if most[server] > 1 else ""
        cases += [replace(case, assumed="; ".join(filter(None, (case.assumed, said)))) for case in with_cache(runs)]
    return cases, refused


def in_order(rows: Sequence[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """Requests as they arrived."""
    return sorted(rows, key=lambda pair: needed(pair[1], "arrival_s"))
