"""What Act II adds to the report: the design, the limits that were met, the evidence, the plan for a load."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import engine
from acts.promises import cluster, now, receipts, serving
from acts.promises.figures import sides_numbers, target_numbers
from acts.promises.serving import SIDES, RunRequest
from acts.promises.shape import Served
from content import wording
from content.course import Course, Fact, Result, Scenario
from launch import vllm
from state.act import Reporting, gpus_said
from state.store import State


def designs(course: Course, state: State) -> dict[str, tuple[RunRequest, Result | None]]:
    """Both sides of the design recorded last, or without one of the design at hand, each with its result if that is known."""
    recorded = now.design(state)
    if recorded is None:
        return {side: (run, state.results.get(run)) for side, run in now.sides(course, state).items()}
    return {side: (run, recorded.results[side]) for side, run in recorded.runs.items()}


def limits_met(state: State) -> list[Fact]:
    """The constraints that the learner ran into, each once, the first time: side, failure, what was needed and there."""
    found: dict[tuple[str, str], Fact] = {}
    for broke in now.failures(state):
        found.setdefault((broke.side, broke.failure), broke.fact)
    return list(found.values())


def plans(course: Course, state: State) -> list[dict[str, Any]]:
    """The plan of each side whose figures are known, for the loads and hours that the learner asks for."""
    wanted = {side: float(state.value(f"report.load_{side}")) for side in SIDES}
    return planned(course, designs(course, state), wanted, float(state.value("report.hours")))


def planned(
    course: Course, chosen: Mapping[str, tuple[RunRequest, Result | None]], wanted: Mapping[str, float], hours: float
) -> list[dict[str, Any]]:
    """The same for some designs, requests per s that are wanted of each side, and hours a day."""
    return [
        cluster.plan(course, side, run, result, wanted[side], hours)
        for side, (run, result) in chosen.items()
        if result is not None and "kv_has" in result
    ]


def _scenario(course: Course, state: State) -> Scenario:
    return dict(course.at("act2.targets"))


def _missing(course: Course, state: State) -> list[str]:
    return [] if now.design(state) else ["design"]


def _limit(course: Course, limit: Fact) -> str:
    """A line on a constraint that was met: what was needed and there, where that is what it was about."""
    said = {**limit, "side": str(limit["side"]).upper(), "failure": course.at(f"words.state_{limit['constraint']}")}
    sized = serving.are_told(limit["constraint"], limit)
    return course.say(f"report.evidence.{'limit_sizes' if sized else 'limit'}", None, said)


def _met(course: Course, fact: Fact) -> str:
    said = {"failure": course.at(f"words.state_{fact['failure']}"), "side": str(fact["side"]).upper()}
    return course.say("report.criteria.met_one", None, said)


def _evidence(course: Course, state: State) -> list[str]:
    """The recorded design's figures, and the measurements nearest to it."""
    if now.design(state) is None:
        return []
    chosen, targets = designs(course, state), course.at("act2.targets")
    requests = {side: run for side, (run, _) in chosen.items()}
    known = {run: result for run, result in chosen.values() if result is not None}
    said, found = target_numbers(targets) | sides_numbers(targets, requests, known), []
    for side, (run, result) in chosen.items():
        named = {**said, "policy": run.policy, "gpus": gpus_said(course, run.gpus), "max_sequence": run.max_sequence}
        found.append(course.say(f"report.evidence.{side}", None, named))
        found += _measured(course, state, side, run, result)
    return found


def _measured(course: Course, state: State, side: str, run: RunRequest, result: Result | None) -> Iterator[str]:
    row = receipts.for_side(course, run, result)
    if row is None:
        return
    predicted = state.results.get(receipts.request_of(course, row), {})
    said = {**asdict(row), "side": side.upper(), "model_ttft": predicted.get("ttft_mean_s")}
    said |= {"model_tpot": predicted.get("tpot_mean_s"), "date": course.at("measurements.served.date")}
    yield course.say("report.evidence.measured", None, said)


def _sources(course: Course, state: State) -> list[str]:
    """Where the figures come from: the model, the GPU, the traffic, the constants of the step time, the measurements."""
    found: list[str] = []
    for run, _ in designs(course, state).values():
        deployment = serving.deployment_of(course, run)
        workload = course.workloads[run.workload]
        calibration = engine.calibration_for(deployment, course.calibrations)
        found += [course.models[run.model].source, course.gpus[run.gpu].source]
        found += [workload.source or workload.assumption or "", course.tables["calibration"][calibration.id]["source"]]
    served = course.read(Served, "measurements.served")
    return [*found, f"{served.source}, {served.date}, {served.address}"]


def _decision(course: Course, decided: Fact) -> list[str]:
    policies = {policy["id"]: policy["text"] for policy in course.at("act2.policies")}
    lines = []
    for side in SIDES:
        run, result = decided["settings"][side], decided["result"][side]
        said = {**run, "side": side.upper(), "scheduling": policies.get(run["policy"], run["policy"])}
        said |= {"state": course.at(f"words.state_{result['state']}"), "at": decided["at"]}
        said |= {"rate": course.at(f"act2.sides.{side}.load.unit"), "gpus": gpus_said(course, run["gpus"])}
        cut = serving.told_cut(result)
        told = course.say("act2.failures.cut", None, {"cut": cut}) if cut else ""
        lines.append(wording.sentences([course.say("report.decision_line", None, said), told]))
    return lines


# --- Files -------------------------------------------------------------------------------------------------------------


def _plan_csv(course: Course, state: State, at: str) -> str:
    return cluster.plan_csv(plans(course, state))


def _plan_json(course: Course, state: State, at: str) -> str:
    commands = {
        side: {
            "serve": vllm.shell(cluster.serve(course, run)),
            "bench": vllm.shell(cluster.bench(course, side, run)),
        }
        for side, (run, _) in designs(course, state).items()
    }
    table = course.at("report.cluster")
    about = {"engine": table["engine"], "version": table["version"], "made_at": at}
    found = {"about": about, "plans": plans(course, state), "commands": commands}
    return json.dumps(found, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


REPORT = Reporting(
    scenario=_scenario,
    words=lambda course, targets: {**target_numbers(targets)},
    parts=("design",),
    missing=_missing,
    limits=limits_met,
    limit=_limit,
    met=_met,
    evidence=_evidence,
    sources=_sources,
    decision=_decision,
    files={"plan_csv": ("plan.csv", "text/csv", _plan_csv), "plan_json": ("plan.json", "application/json", _plan_json)},
)
