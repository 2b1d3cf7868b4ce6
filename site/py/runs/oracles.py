"""The oracles: for each question, the engine's answer as named numbers, for exactly the scenario that was locked.

A scenario is plain data and is saved with the answer, so that neither a slider moved later nor a changed content file
can change what was right. An option is right when all its claims hold; no right answer is typed anywhere.
`needs` says which simulated runs a question waits for; the closed forms of Act I need none.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import engine
from content.course import QUESTIONS, Course, short_name
from content.wording import Quantity
from runs import serving
from runs.serving import Result, Results, RunRequest

Scenario = dict[str, Any]
Numbers = dict[str, Quantity]

BLOCK_TOKENS = 16
SHIPPED_PAIRS = 4  # of the question as it ships: a class that offers fewer still reads such an answer
TARGETS = ("ttft_p99_s", "output_tokens_per_s", "documents", "document_tokens")
LARGEST_TARGET = 1e9
NAME = re.compile(
    "[A-Za-z0-9_-]{1,60}"
)  # of an option that the question no longer has: it is shown, so it may be no text


@dataclass(frozen=True)
class Oracle:
    """How one kind of question is answered: its scenario, the runs it needs, and its numbers for one option.

    could_ask says whether a saved scenario is one that the course could have asked, for a question and an option of it: what
    it names is offered, and its runs are few and short.
    """

    scenario: Callable[[Course, str], Scenario]
    could_ask: Callable[[Course, str, Scenario, str], bool]
    needs: Callable[[Course, Scenario], list[RunRequest]]
    numbers: Callable[[Course, Scenario, str, Results], Numbers]


def scenario(course: Course, question: str, context: str) -> Scenario:
    """What a question asks about in a context, as plain data that can be saved."""
    return ORACLES[course.at(question)["oracle"]].scenario(course, context)


def needs(course: Course, question: str, asked: Scenario) -> list[RunRequest]:
    """The simulated runs without which the question can't be answered."""
    return ORACLES[course.at(question)["oracle"]].needs(course, asked)


def numbers(course: Course, question: str, asked: Scenario, option: str, results: Results) -> Numbers | None:
    """The numbers behind one option, None while a run is missing."""
    if any(request not in results for request in needs(course, question, asked)):
        return None
    return ORACLES[course.at(question)["oracle"]].numbers(course, asked, option, results)


def holds(claims: list[dict[str, Any]], found: Mapping[str, Quantity]) -> bool:
    """Whether every claim holds: its measure lies between at_least and at_most. A measure that is None holds nothing."""
    for claim in claims:
        value = found[claim["measure"]]
        if value is None:
            return False
        if not claim.get("at_least", float("-inf")) <= value <= claim.get("at_most", float("inf")):
            return False
    return True


def is_right(course: Course, question: str, asked: Scenario, option: str, results: Results) -> bool | None:
    """Whether an option is right, None while a run is missing or when the question no longer has the option."""
    found, table = numbers(course, question, asked, option, results), course.option(question, option)
    return None if found is None or table is None else holds(table["claims"], found)


def understands(course: Course, fact: Mapping[str, Any]) -> bool:
    """Whether a saved fact makes sense to this course: its context, question, scenario and runs can still be computed."""
    try:
        return fact["context"] in course.contexts and UNDERSTANDS[fact["kind"]](course, fact)
    except (engine.PhysicsError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return False


def _understands_answer(course: Course, fact: Mapping[str, Any]) -> bool:
    question, asked, option = fact["question"], fact["scenario"], fact["option"]
    if question not in QUESTIONS or not (course.option(question, option) or NAME.fullmatch(option)):
        return False
    oracle = ORACLES[course.at(question)["oracle"]]
    if not oracle.could_ask(course, question, asked, option):
        return False
    return bool(oracle.needs(course, asked)) or bool(oracle.numbers(course, asked, option, {}))


def _understands_design(course: Course, fact: Mapping[str, Any]) -> bool:
    checkpoints = course.at("report.cluster.checkpoints")
    for side in serving.SIDES:
        run, result = serving.request_from(course, fact["settings"][side]), fact["result"][side]
        if run.model not in checkpoints or result["state"] not in serving.STATES:
            return False
        if not all(_is_number(value) for name, value in result.items() if name != "state"):
            return False
        serving.judge(course, side, result)
    return True


def _understands_failure(course: Course, fact: Mapping[str, Any]) -> bool:
    if "request" in fact:
        serving.request_from(course, fact["request"])
    sizes = fact.get("numbers", {})
    return fact["side"] in serving.SIDES and fact["failure"] in serving.STATES and all(map(_is_number, sizes.values()))


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, int | float)


UNDERSTANDS: Mapping[str, Callable[[Course, Mapping[str, Any]], bool]] = {
    "answered": _understands_answer,
    "recorded": _understands_design,
    "broke": _understands_failure,
    "mended": _understands_failure,
}


# --- Act I: how many users, and what grows -----------------------------------------------------------------------------


def deployment_of(course: Course, asked: Scenario, kv_heads: int | None = None) -> engine.Deployment:
    """The engine's deployment for an Act I scenario; `kv_heads` overrides the scenario's."""
    model = course.models[asked["model"]].with_kv_heads(kv_heads or asked["kv_heads"])
    return engine.Deployment(model, course.gpus[asked["gpu"]], asked["gpus"], asked["weight_bits"], asked["kv_bits"])


def _users_scenario(course: Course, context: str) -> Scenario:
    table = dict(course.at("act1.deployment"))
    return {**table, "context_tokens": course.at("act1.deployment.context_tokens", context)}


def _users_asked(course: Course, question: str, asked: Scenario, option: str) -> bool:
    return set(asked) == {*course.at("act1.deployment")} and serving.offers(course, asked, asked)


def users_numbers(course: Course, asked: Scenario) -> dict[str, float]:
    """Everything that Act I says about one scenario: sizes in bytes, lengths in tokens, users as whole numbers."""
    full, tokens = deployment_of(course, asked), asked["context_tokens"]
    published = course.models[asked["model"]]
    real = deployment_of(course, asked, published.kv_heads)
    reserve = serving.reserve_of(course)
    found = engine.worked(full, tokens)
    return {
        **found,
        "gpus": asked["gpus"],
        "gpu_short": short_name(course.gpus[asked["gpu"]].name),
        "model": published.name,
        "parameters": published.parameters,
        "context_tokens": tokens,
        "query_heads": published.query_heads,
        "real_kv_heads": published.kv_heads,
        "group": published.query_heads // published.kv_heads,
        "kv_user_real": engine.kv_bytes(real.model, tokens, real.kv_bits),
        "users_real": engine.max_users(real, tokens, engine.NAIVE),
        "users_gain": engine.max_users(real, tokens, engine.NAIVE)
        / max(1, engine.max_users(full, tokens, engine.NAIVE)),
        "users_reserved": engine.max_users(full, tokens, reserve),
        "users_real_reserved": engine.max_users(real, tokens, reserve),
        "kv_budget_reserved": engine.memory_plan(full, reserve)["kv_budget_bytes"],
        "utilization": reserve.utilization,
        "activation_bytes": reserve.activation_bytes_per_gpu,
        "half_context_tokens": tokens // 2,
        "users_at_half": engine.max_users(full, tokens // 2, engine.NAIVE),
        "double_context_tokens": tokens * 2,
        "users_at_double": engine.max_users(full, tokens * 2, engine.NAIVE),
        "kv_user_for_200": found["left_bytes"] / 200,
        "kv_user_for_5": found["left_bytes"] / 5,
        "block_tokens": BLOCK_TOKENS,
        "half_block": BLOCK_TOKENS // 2,
        "block_bytes": engine.block_bytes(full.model, full.kv_bits, BLOCK_TOKENS),
        "block_bytes_real": engine.block_bytes(real.model, real.kv_bits, BLOCK_TOKENS),
    }


def growth_numbers(course: Course, asked: Scenario) -> dict[str, float]:
    """Act I's scenario with what grows when the length or the width doubles, as measured factors."""
    factors = engine.growth(deployment_of(course, asked), asked["context_tokens"])
    return users_numbers(course, asked) | factors


# --- Act II: the four pairs, and what a refilled seat is worth ---------------------------------------------------------


def base_request(course: Course, side: str, context: str, **changes: object) -> RunRequest:
    """The run of a side at its defaults, on the default replica, with some fields changed."""
    deployment, shared = course.at("act2.deployment"), course.at("act2.shared")
    table, simulation = course.at(f"act2.sides.{side}"), course.at("act2.simulation")
    fields: dict[str, Any] = {
        "model": deployment["model"],
        "gpu": deployment["gpu"],
        "gpus": shared["gpus_default"],
        "weight_bits": shared["weight_bits_default"],
        "kv_bits": deployment["kv_bits"],
        "kv_heads": course.models[deployment["model"]].kv_heads,
        "workload": table["workload"],
        "policy": table["policy_default"],
        "max_batch": course.at(f"act2.sides.{side}.max_batch.default", context),
        "max_sequence": course.at(f"act2.sides.{side}.max_sequence.default", context),
        "load": course.at(f"act2.sides.{side}.load.default", context),
        "requests": simulation["requests"],
        "seed": simulation["seed"],
        "token_budget": simulation["token_budget"],
    }
    return RunRequest(**(fields | changes))


def _pairs_scenario(course: Course, context: str) -> Scenario:
    pairs = {
        option["id"]: {side: asdict(base_request(course, side, context, **option[side])) for side in serving.SIDES}
        for option in course.at("act2.prediction")["options"]
    }
    return {"pairs": pairs, "targets": dict(course.at("act2.targets"))}


def _pairs_needs(course: Course, asked: Scenario) -> list[RunRequest]:
    return [RunRequest(**pair[side]) for pair in asked["pairs"].values() for side in serving.SIDES]


def _pairs_asked(course: Course, question: str, asked: Scenario, option: str) -> bool:
    pairs = asked["pairs"]
    few = option in pairs and len(pairs) <= max(SHIPPED_PAIRS, len(course.at(question)["options"]))
    runs = [pair[side] for pair in pairs.values() for side in serving.SIDES]
    return few and _are_targets(asked["targets"]) and _are_runs(course, runs)


def _are_runs(course: Course, saved: list[Mapping[str, object]]) -> bool:
    """Whether the course could have asked for each of these runs; PhysicsError says no as well."""
    return all(serving.request_from(course, run) for run in saved)


def _are_targets(targets: Mapping[str, Any]) -> bool:
    """Whether these are limits to measure by: positive, and no larger than any job of a night."""
    return all(_is_number(targets[name]) and 0 < targets[name] <= LARGEST_TARGET for name in TARGETS)


def _pairs_numbers(course: Course, asked: Scenario, option: str, results: Results) -> Numbers:
    pair = asked["pairs"][option]
    a, b = (RunRequest(**pair[side]) for side in serving.SIDES)
    return target_numbers(asked["targets"]) | sides_numbers(asked["targets"], {"a": a, "b": b}, results)


def target_numbers(targets: Mapping[str, Any]) -> Numbers:
    """The two limits and the night's job: s, tokens/s, documents, tokens."""
    return {
        "slo": targets["ttft_p99_s"],
        "target": targets["output_tokens_per_s"],
        "documents": targets["documents"],
        "document_tokens": targets["document_tokens"],
    }


def sides_numbers(targets: Mapping[str, Any], requests: Mapping[str, RunRequest], results: Results) -> Numbers:
    """The live numbers of both sides, prefixed a_ and b_; None for what isn't known or can't run."""
    found: Numbers = {}
    for side, request in requests.items():
        result = results.get(request)
        found |= {f"{side}_{key}": value for key, value in _side_numbers(targets, request, result).items()}
    return found


def _side_numbers(targets: Mapping[str, Any], request: RunRequest, result: Result | None) -> Numbers:
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
        "queue_share": _share(got.get("queue_mean_s"), got.get("ttft_mean_s")),
        "cut": got.get("share_cut"),
        "offered": got.get("offered"),
        "evicted": got.get("evicted_requests"),
        "prompt_mean": got.get("prompt_mean"),
        "prompt_p99": got.get("prompt_p99"),
        "output_mean": got.get("output_mean"),
        "job": job,
        "gpu_hours": job * request.gpus / 3600 if job is not None else None,
    }


def spread_numbers(course: Course, requests: Mapping[str, RunRequest], results: Results) -> Numbers:
    """How far each side's P99 moves from day to day, and its load as a share of its capacity; None until it is known."""
    found: Numbers = {}
    for side, request in requests.items():
        results_s = (results[day].get("ttft_p99_s") for day in serving.band(course, request) if day in results)
        days = [ttft_s for ttft_s in results_s if ttft_s is not None]
        known = len(days) == course.at("act2.simulation.days")
        flooded = results.get(serving.flood(course, request))
        found[f"{side}_ttft_low"] = min(days) if known else None
        found[f"{side}_ttft_high"] = max(days) if known else None
        found[f"{side}_capacity_share"] = serving.capacity_share(results.get(request), flooded, request.load)
    return found


def _times(value: Quantity, factor: float) -> float | None:
    return None if value is None else value * factor


def _share(part: Quantity, whole: Quantity) -> float | None:
    return part / whole if part is not None and whole else None


def _refill_scenario(course: Course, context: str) -> Scenario:
    # More documents than either can serve, so that no seat is empty for lack of work.
    documents, overload = (course.at(f"act2.sides.{side}.load.max") for side in ("b", "a"))
    runs = {
        "static": base_request(course, "b", context, policy="static", load=documents),
        "continuous": base_request(course, "b", context, policy="continuous", load=documents),
        "overload": base_request(course, "a", context, load=overload),
    }
    return {"runs": {name: asdict(run) for name, run in runs.items()}, "targets": dict(course.at("act2.targets"))}


def _refill_needs(course: Course, asked: Scenario) -> list[RunRequest]:
    return [RunRequest(**run) for run in asked["runs"].values()]


def _refill_asked(course: Course, question: str, asked: Scenario, option: str) -> bool:
    runs = asked["runs"]
    named = set(runs) == {"static", "continuous", "overload"}
    return named and _are_targets(asked["targets"]) and _are_runs(course, list(runs.values()))


def _refill_numbers(course: Course, asked: Scenario, option: str, results: Results) -> Numbers:
    runs = {name: RunRequest(**run) for name, run in asked["runs"].items()}
    static, continuous, overload = (results[runs[name]] for name in ("static", "continuous", "overload"))
    model = serving.deployment_of(course, runs["static"]).model
    found: Numbers = {"kv_token_bytes": engine.kv_bytes_per_token(model, runs["static"].kv_bits), "kv_token_ratio": 1.0}
    for name, result in (("static", static), ("continuous", continuous)):
        found[f"{name}_throughput"] = result.get("throughput_output_tokens_per_s")  # None where nothing can run
        found[f"{name}_useful"] = result.get("useful_seats")
        found[f"{name}_step"] = result.get("decode_step_mean_s")
    return found | {
        "throughput_ratio": _share(found["continuous_throughput"], found["static_throughput"]),
        "useful_seats_ratio": _share(found["continuous_useful"], found["static_useful"]),
        "step_ratio": _share(found["continuous_step"], found["static_step"]),
        "documents_load": runs["static"].load,
        "overload_load": runs["overload"].load,
        "overload_ttft": overload.get("ttft_p99_s"),
        "overload_ttft_share": _share(overload.get("ttft_p99_s"), asked["targets"]["ttft_p99_s"]),
    }


def _no_runs(course: Course, asked: Scenario) -> list[RunRequest]:
    return []


ORACLES: Mapping[str, Oracle] = {
    "users": Oracle(
        _users_scenario,
        _users_asked,
        _no_runs,
        lambda course, asked, option, results: {**users_numbers(course, asked)},
    ),
    "growth": Oracle(
        _users_scenario,
        _users_asked,
        _no_runs,
        lambda course, asked, option, results: {**growth_numbers(course, asked)},
    ),
    "pairs": Oracle(_pairs_scenario, _pairs_asked, _pairs_needs, _pairs_numbers),
    "refill": Oracle(_refill_scenario, _refill_asked, _refill_needs, _refill_numbers),
}
