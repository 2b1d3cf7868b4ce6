"""Act II's questions: which of four pairs keeps both promises, and what a seat that is filled again is worth."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import engine
from acts.promises import serving
from acts.promises.figures import share, sides_numbers, target_numbers
from acts.promises.serving import RunRequest
from acts.promises.shape import Cluster, Deployment, Prediction, Side, Simulation
from content.course import Course, Fact, Oracle, Results, Scenario
from content.wording import Quantities
from runs.oracles import is_number

SHIPPED_PAIRS = 4  # of the question as it ships: a class that offers fewer still reads such an answer
TARGETS = ("ttft_p99_s", "output_tokens_per_s", "documents", "document_tokens")
LARGEST_TARGET = 1e9


def base_request(course: Course, side: str, context: str, **changes: object) -> RunRequest:
    """The run of a side at its defaults, on the default replica, with some fields changed."""
    deployment, shared = course.read(Deployment, "act2.deployment"), course.read(Cluster, "act2.shared")
    own, simulation = course.read(Side, f"act2.sides.{side}"), course.read(Simulation, "act2.simulation")
    fields: dict[str, Any] = {
        "model": deployment.model,
        "gpu": deployment.gpu,
        "gpus": shared.gpus_default,
        "weight_bits": shared.weight_bits_default,
        "kv_bits": deployment.kv_bits,
        "kv_heads": course.models[deployment.model].kv_heads,
        "workload": own.workload,
        "policy": own.policy_default,
        "max_batch": course.at(f"act2.sides.{side}.max_batch.default", context),
        "max_sequence": course.at(f"act2.sides.{side}.max_sequence.default", context),
        "load": course.at(f"act2.sides.{side}.load.default", context),
        "requests": simulation.requests,
        "seed": simulation.seed,
        "token_budget": simulation.token_budget,
    }
    return RunRequest(**(fields | changes))


def _pairs_scenario(course: Course, context: str) -> Scenario:
    pairs = {
        pair.id: {side: asdict(base_request(course, side, context, **vars(own))) for side, own in pair.sides.items()}
        for pair in course.read(Prediction, "act2.prediction").options
    }
    return {"pairs": pairs, "targets": dict(course.at("act2.targets"))}


def _pairs_needs(course: Course, asked: Scenario) -> list[RunRequest]:
    return [RunRequest(**pair[side]) for pair in asked["pairs"].values() for side in serving.SIDES]


def _pairs_could_ask(course: Course, question: str, asked: Scenario, option: str) -> bool:
    pairs = asked["pairs"]
    few = option in pairs and len(pairs) <= max(SHIPPED_PAIRS, len(course.question(question).options))
    runs = [pair[side] for pair in pairs.values() for side in serving.SIDES]
    return few and _are_targets(asked["targets"]) and _are_runs(course, runs)


def _are_runs(course: Course, saved: list[Mapping[str, object]]) -> bool:
    """Whether the course could have asked for each of these runs; PhysicsError says no as well."""
    return all(serving.request_from(course, run) for run in saved)


def _are_targets(targets: Mapping[str, Any]) -> bool:
    """Whether these are limits to measure by: positive, and no larger than any job of a night."""
    return all(is_number(targets[name]) and 0 < targets[name] <= LARGEST_TARGET for name in TARGETS)


def _pairs_numbers(course: Course, asked: Scenario, option: str, results: Results) -> Quantities:
    pair = asked["pairs"][option]
    a, b = (RunRequest(**pair[side]) for side in serving.SIDES)
    return target_numbers(asked["targets"]) | sides_numbers(asked["targets"], {"a": a, "b": b}, results)


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


def _refill_could_ask(course: Course, question: str, asked: Scenario, option: str) -> bool:
    runs = asked["runs"]
    named = set(runs) == {"static", "continuous", "overload"}
    return named and _are_targets(asked["targets"]) and _are_runs(course, list(runs.values()))


def _refill_numbers(course: Course, asked: Scenario, option: str, results: Results) -> Quantities:
    runs = {name: RunRequest(**run) for name, run in asked["runs"].items()}
    static, continuous, overload = (results[runs[name]] for name in ("static", "continuous", "overload"))
    model = serving.deployment_of(course, runs["static"]).model
    found: Quantities = {
        "kv_token_bytes": engine.kv_bytes_per_token(model, runs["static"].kv_bits),
        "kv_token_ratio": 1.0,
    }
    for name, result in (("static", static), ("continuous", continuous)):
        found[f"{name}_throughput"] = result.get("throughput_output_tokens_per_s")  # None where nothing can run
        found[f"{name}_useful"] = result.get("useful_seats")
        found[f"{name}_step"] = result.get("decode_step_mean_s")
    return found | {
        "throughput_ratio": share(found["continuous_throughput"], found["static_throughput"]),
        "useful_seats_ratio": share(found["continuous_useful"], found["static_useful"]),
        "step_ratio": share(found["continuous_step"], found["static_step"]),
        "documents_load": runs["static"].load,
        "overload_load": runs["overload"].load,
        "overload_ttft": overload.get("ttft_p99_s"),
        "overload_ttft_share": share(overload.get("ttft_p99_s"), asked["targets"]["ttft_p99_s"]),
    }


ORACLES = {
    "pairs": Oracle(_pairs_scenario, _pairs_could_ask, _pairs_numbers, _pairs_needs),
    "refill": Oracle(_refill_scenario, _refill_could_ask, _refill_numbers, _refill_needs),
}


# --- Facts that Act II adds to the record --------------------------------------------------------------------------------


def _understands_design(course: Course, fact: Fact) -> bool:
    for side in serving.SIDES:
        run, result = serving.request_from(course, fact["settings"][side]), fact["result"][side]
        if run.model not in course.models or result["state"] not in serving.STATES:
            return False
        if not all(is_number(value) for name, value in result.items() if name != "state"):
            return False
        serving.judge(course, side, result)
    return True


def _understands_failure(course: Course, fact: Fact) -> bool:
    if "request" in fact:
        serving.request_from(course, fact["request"])
    sizes = fact.get("numbers", {})
    return fact["side"] in serving.SIDES and fact["failure"] in serving.STATES and all(map(is_number, sizes.values()))


FACTS = {"recorded": _understands_design, "broke": _understands_failure, "mended": _understands_failure}
