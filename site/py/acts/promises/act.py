"""Act II as the page has it."""

from collections.abc import Mapping
from typing import Any

from acts.promises import cluster_view, floor_view, happens, now, picture, view
from acts.promises.actions import (
    ChangeTaken,
    DesignRecorded,
    RequestPicked,
    SweepCancelled,
    SweepStarted,
    WayOutTried,
)
from acts.promises.lesson import LESSON
from acts.promises.live import live_numbers, recorded_numbers
from acts.promises.reporting import REPORT
from acts.promises.serving import CUT, NO_WEIGHTS, OK, SIDES, RunRequest, are_told, judge
from content import wording
from content.course import Course, Fact, Result
from content.wording import Quantity
from page.page import Frame
from state.act import Act, Entry
from state.store import State


def _frame(course: Course, state: State) -> Frame:
    return {**view.frame(course, state), **cluster_view.frame(course, state)}


def _status(course: Course, state: State) -> dict[str, Entry]:
    words = course.at("words")
    sides = live_numbers(course, state) if now.is_revealed(course, state) else {}
    share = sides.get("a_ttft_share")
    met = None if share is None else share <= 1
    slo = {None: words["slo_unknown"], True: words["slo_met"], False: words["slo_missed"]}[met]
    mark = {None: None, True: "good", False: "fail"}[met]
    result = now.hand(course, state).result("a") if now.is_revealed(course, state) else None
    state_a = judge(course, "a", result) if result is not None else OK
    if state_a in (NO_WEIGHTS, CUT):
        slo, mark = words[f"state_{state_a}"], "fail"
    return {
        "ttft": (words["status_ttft"], wording.show(sides.get("a_ttft"), "time"), mark),
        "throughput": (words["status_throughput"], wording.show(sides.get("b_throughput"), "tps"), None),
        "slo": (words["status_slo"], slo, mark),
    }


def _synthesis(course: Course, state: State) -> dict[str, Quantity]:
    """The numbers of the design that was recorded last, which is what the learner takes away; without one of that at hand."""
    design = now.design(state)
    if design is None:
        return live_numbers(course, state)
    return recorded_numbers(course, design)


def _compared(course: Course, state: State) -> list[tuple[str, str]] | None:
    if not now.is_revealed(course, state):
        return None
    words, found = course.at("report.shared"), live_numbers(course, state)
    return [
        (words["ttft"], wording.show(found["a_ttft"], "time")),
        (words["throughput"], wording.show(found["b_throughput"], "tps")),
    ]


# --- What the curriculum's ledger wants to know of this act --------------------------------------------------------------


def _fields(course: Course, state: State) -> dict[str, Any]:
    recorded = now.design(state)
    side = SIDES[course.contexts.index(state.context) % len(SIDES)]
    found: dict[str, Any] = {"constraint_hit": bool(now.failures(state))}
    if recorded is None:
        return found
    result = recorded.results
    return found | {
        "max_batch_size": recorded.runs[side].max_batch,
        "ttft_ms": _times(result["a"], "ttft_p99_s", 1e3),
        "throughput_tps": _times(result["b"], "throughput_output_tokens_per_s", 1),
        "act2_result": {name: result[name]["state"] for name in SIDES},
        "act2_decision": _decision(recorded.runs),
        "slo_met": result["a"]["state"] == OK,
    }


def _times(result: Result, key: str, factor: float) -> float | None:
    value = result.get(key)
    return None if value is None else value * factor


def _decision(runs: Mapping[str, RunRequest]) -> str:
    sides = (runs[side] for side in SIDES)
    return " | ".join(f"{s.policy}, batch {s.max_batch}, {s.max_sequence} tokens, {s.load}/s" for s in sides)


# --- Its facts in the ledger's table -------------------------------------------------------------------------------------


def _recorded(course: Course, fact: Fact) -> tuple[str, str, str]:
    words, result = course.at("words"), fact["result"]
    sides = [wording.headed(side.upper(), _side(course, side, fact["settings"][side]), "colon") for side in SIDES]
    ttft = wording.show(result["a"].get("ttft_p99_s"), "time")
    throughput = wording.show(result["b"].get("throughput_output_tokens_per_s"), "tps")
    states = " · ".join(f"{side.upper()} {words['state_' + result[side]['state']]}" for side in SIDES)
    return words["record_recorded"], wording.listed(sides, "semicolon"), f"{ttft} · {throughput} · {states}"


def _broke(course: Course, fact: Fact) -> tuple[str, str, str]:
    words, side, sizes = course.at("words"), str(fact["side"]), fact.get("numbers", {})
    what = wording.fill(words[f"record_{fact['kind']}"], {"side": side.upper()})
    state = words.get(f"state_{fact['failure']}", str(fact["failure"]))
    if fact["kind"] == "broke" and are_told(fact["failure"], sizes):
        sizes_said = f"{wording.show(sizes['needs'], 'gib')} > {wording.show(sizes.get('has'), 'gib')}"
        state = wording.headed(state, sizes_said, "colon")
    # A record from before requests were kept doesn't say what was broken.
    return what, _side(course, side, fact["request"]) if "request" in fact else wording.NOT_YET, state


def _side(course: Course, side: str, run: Mapping[str, Any]) -> str:
    """A side's configuration in a cell: policy, batch × tokens, load."""
    policies = {policy["id"]: policy["text"] for policy in course.at("act2.policies")}
    design = [policies.get(run["policy"], run["policy"]), f"{run['max_batch']} × {run['max_sequence']}"]
    return wording.listed([*design, f"{run['load']} {course.at(f'act2.sides.{side}.load.unit')}"])


ACT = Act(
    **vars(LESSON),
    frame=_frame,
    moments={floor_view.KEY: floor_view.moment},
    pointed={floor_view.KEY: RequestPicked},
    reducers=happens.REDUCERS,
    presses={
        "way-out": lambda course, state, press: WayOutTried(press.data.side),
        "record": lambda course, state, press: DesignRecorded(press.at),
        "sweep": lambda course, state, press: SweepStarted(press.data.kind),
        "sweep-cancel": lambda course, state, press: SweepCancelled(press.data.kind),
        "take-change": lambda course, state, press: ChangeTaken(),
        "pick": lambda course, state, press: floor_view.pick(course, state, press.data.move),
    },
    live=now.live,
    needed=now.needed,
    spare=now.spare,
    came=happens.came,
    status=_status,
    synthesis=_synthesis,
    fields=_fields,
    compared=_compared,
    rows={"recorded": _recorded, "broke": _broke, "mended": _broke},
    picture=picture.picture,
    report=REPORT,
)
