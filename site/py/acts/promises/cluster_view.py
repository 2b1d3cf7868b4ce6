"""The design as commands for a real server and its benchmark, what they should then say, and the plan for a load."""

from collections.abc import Mapping
from typing import Any

from acts.promises import cluster, now, reporting, serving
from acts.promises.serving import RunRequest
from content import wording
from content.course import Course, Result
from launch import vllm
from page.page import Frame
from page.remembered import remembered
from state import store
from state.store import Copied
from views import parts

PATH = "report.cluster"
TEXTS = ("serve", "bench")
EXPECTED = (
    ("expect_ttft", "ttft_p99_s", 1e3),
    ("expect_median", "ttft_p50_s", 1e3),
    ("expect_tpot", "tpot_mean_s", 1e3),
    ("expect_throughput", "throughput_output_tokens_per_s", 1.0),
)
PLANNED = (
    ("load", "requests_per_s_wanted", "d"),
    ("hours_row", "hours_a_day", "d"),
    ("replicas", "replicas", "n"),
    ("gpus", "gpus", "n"),
    ("gpu_hours", "gpu_hours_a_day", "n"),
    ("requests", "requests_a_day", "n"),
    ("per_million", "gpu_hours_per_million_requests", "d"),
)


def frame(course: Course, state: store.State) -> Frame:
    """Commands, expectations and plan; nothing of it before the prediction that it would give away is committed."""
    opened = now.is_revealed(course, state)
    found: Frame = {"cluster.gate": {"hidden": opened}, "cluster.open": {"hidden": not opened}}
    if not opened:
        return found
    designs, recorded = reporting.designs(course, state), now.design(state) is not None
    wanted = {side: float(state.value(f"report.load_{side}")) for side in serving.SIDES}
    for side, (run, result) in designs.items():
        found |= _commands(course, side, run, result)
        found |= {
            f"cluster.{side}.{name}.status": {"text": _copied(course, state.copied, found, side, name)}
            for name in TEXTS
        }
    return {
        **found,
        **_intro(course, recorded),
        **parts.control_frames(course, state, "report"),
        **_plan(course, designs, wanted, float(state.value("report.hours"))),
    }


def _intro(course: Course, recorded: bool) -> Frame:
    words = course.at(PATH)
    said = {**words, "basis": words["basis_recorded" if recorded else "basis_current"]}
    return {"cluster.intro": {"text": wording.fill(words["intro"], said)}}


@remembered
def _commands(course: Course, side: str, run: RunRequest, result: Result | None) -> Frame:
    words, model = course.at(PATH), course.models[run.model]
    texts = {
        "serve": vllm.shell(cluster.serve(course, run)),
        "bench": vllm.shell(cluster.bench(course, side, run)),
    }
    found: Frame = {}
    for name, text in texts.items():
        found[f"cluster.{side}.{name}"] = {"verbatim": text}
    named = {"real_kv_heads": model.kv_heads, "max_context_tokens": model.max_context_tokens}
    takes = {"requests": run.requests, "duration": run.requests / run.load}
    return found | {
        f"cluster.{side}.takes": {"text": wording.fill(words["takes"], takes)},
        f"cluster.{side}.head": {"head": words["expect_columns"]},
        f"cluster.{side}.body": {"rows": _expected(words, result)},
        f"cluster.{side}.gaps": {
            "items": [wording.fill(words["gaps"][name], named) for name in cluster.gaps(course, side, run)]
        },
    }


def _copied(course: Course, copied: Copied | None, shown: Frame, side: str, name: str) -> str:
    """What is said beside a command that was copied last."""
    if copied is None or copied.text != shown[f"cluster.{side}.{name}"]["verbatim"]:
        return ""
    return str(course.at(PATH)["copied" if copied.done else "by_hand"])


def _expected(words: Any, result: Result | None) -> list[list[str]]:
    """The lines of the benchmark's output beside the lab's figures, in the benchmark's own units."""
    known = result or {}
    return [
        [words[name], wording.show(None if known.get(key) is None else known[key] * factor, "d")]
        for name, key, factor in EXPECTED
    ]


@remembered
def _plan(
    course: Course, designs: Mapping[str, tuple[RunRequest, Result | None]], wanted: Mapping[str, float], hours: float
) -> Frame:
    words = course.at(f"{PATH}.plan")
    plans = {plan["side"]: plan for plan in reporting.planned(course, designs, wanted, hours)}

    def cells(key: str, form: str) -> list[str]:
        return [wording.show(plans[side][key] if side in plans else None, form) for side in serving.SIDES]

    holds = [
        words["yes" if plans[side]["holds"] else "no"] if side in plans else wording.NOT_YET for side in serving.SIDES
    ]
    rows = [[words[name], *cells(key, form)] for name, key, form in PLANNED]
    return {
        "cluster.plan.head": {"head": words["columns"]},
        "cluster.plan.body": {"rows": [*rows, [words["holds"], *holds]]},
    }
