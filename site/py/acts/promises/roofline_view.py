"""The roofline of Act II as a frame: steps of both sides and one of the learner's own, under the two limits of a GPU.

Everything is a closed form of the step-time model, so it follows a slider at once and waits for no run; only the rings,
the batches that the runs really had, come when the runs do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import charts
import engine
from acts.promises import now, serving
from acts.promises.live import numbers_of
from acts.promises.now import Hand
from content import wording
from content.control import Range
from content.controls import controls
from content.course import Course
from content.wording import Number, Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts

Placed = Mapping[str, float | str]

BATCH, CONTEXT = "act2.roof.batch", "act2.roof.context"
HUES = {"a": "blue", "b": "green"}
INTENSITIES = tuple(float(1 << power) / 4 for power in range(17))  # FLOP/byte at which the roofs are drawn
PLACES = {"a": "bottom right", "b": "top left"}  # of the letters: A's below the path of the steps, B's above it


@dataclass(frozen=True)
class Own:
    """The step that the learner sets with the instrument's own sliders: requests, and tokens in the cache of each."""

    batch: int
    context: int


def own_of(state: store.State) -> Own:
    """The step that the sliders ask for now."""
    return Own(int(state.value(BATCH)), int(state.value(CONTEXT)))


def frame(course: Course, state: store.State) -> Frame:
    """The sentence on the learner's own step, the roofline, and the parts of each step."""
    return _shown(course, now.hand(course, state), own_of(state))


@remembered
def _shown(course: Course, at: Hand, own: Own) -> Frame:
    live = numbers_of(course, at)
    steps = placed(course, at, own, live)
    found = numbers(course, at, own, live, steps)
    words = course.at("insight.roofline")
    fits = float(found["own_needs"] or 0) <= float(live["kv_has"] or 0)
    said = wording.sentences(wording.fill(words[line], found) for line in (["said"] if fits else ["said", "too_large"]))
    return {
        "act2.roof.said": {"text": said, "state": "info" if fits else "warn"},
        "act2.roof.why": {"text": wording.fill(words["why"], found)},
        "act2.roof.key": {"items": [f"{sign} {words[name]}" for name, sign in charts.roofline.KEY.items()]},
        **_roof(course, at, own, steps, found),
        **_parts(course, at, steps, found),
    }


# --- The numbers -------------------------------------------------------------------------------------------------------


def placed(course: Course, at: Hand, own: Own, live: Numbers) -> dict[str, Placed]:
    """Where the engine puts each step, by name: a_prefill, a_decode, a_run (once its run is there), the same of b, and own."""
    cost = _cost(course, at)
    found: dict[str, Placed] = {}
    for side in serving.SIDES:
        prompt, context = _lengths(live, side)
        batches = {"decode": live[f"{side}_max_batch"], "run": at_work(at, side)}
        found[f"{side}_prefill"] = engine.placed(cost, 0, 0, [(0, prompt)])
        for name, batch in batches.items():
            if batch:
                found[f"{side}_{name}"] = engine.placed(cost, int(batch), int(batch) * context)
    found["own"] = _own(cost, own.batch, own.context)
    return found


def at_work(at: Hand, side: str) -> int | None:
    """How many requests wrote a token in the mean decode step of a side's run, idle seats left out; None without a run."""
    result = at.result(side) or {}
    if not result.get("mean_batch"):
        return None
    mean_batch, useful = float(result["mean_batch"]), float(result["useful_seats"])
    return max(1, round(mean_batch * useful))


def numbers(course: Course, at: Hand, own: Own, live: Numbers, steps: Mapping[str, Placed]) -> dict[str, Number]:
    """The act's numbers and those of the steps, for a text: FLOP/byte, FLOP/s, s, bytes, and the walls by their words."""
    words, request = course.at("insight.roofline"), at.requests["a"]
    found: dict[str, Number] = dict(live)
    for name, step in steps.items():
        found[f"{name}_intensity"] = step["intensity"]
        found[f"{name}_flops"] = step["flops_per_s"]
        found[f"{name}_time"] = step["total_s"]
        found[f"{name}_wall"] = words["walls"][step["wall"]]
        found[f"{name}_cache_share"] = float(step["decode_attention_s"]) / float(step["total_s"])
    mine, batch, tokens = steps["own"], own.batch, own.context
    deployment = serving.deployment_of(course, request)
    each = engine.kv_bytes(deployment.model, tokens, deployment.kv_bits) * engine.kv_copies(deployment)
    return found | {
        "ridge": engine.ridge(deployment.gpu, deployment.weight_bits),
        "own_batch": batch,
        "own_context": tokens,
        "own_each": float(mine["total_s"]) / batch,
        "own_weights": float(mine["weights_bytes"]) * request.gpus,
        "own_needs": batch * each,
    }


def _cost(course: Course, at: Hand) -> engine.StepCost:
    """The step-time model of the cluster, which both sides and the learner's own step share."""
    return serving.step_cost(course, at.requests["a"])


def _own(cost: engine.StepCost, batch: int, context: int) -> Placed:
    return engine.placed(cost, batch, batch * context)


def _lengths(live: Numbers, side: str) -> tuple[int, int]:
    """A side's mean prompt, and what a request has cached on average while it writes: the prompt and half its answer."""
    prompt, output = float(live[f"{side}_prompt_mean"] or 1), float(live[f"{side}_output_mean"] or 0)
    return max(1, round(prompt)), max(1, round(prompt + output / 2))


# --- The roofline ------------------------------------------------------------------------------------------------------


def _roof(course: Course, at: Hand, own: Own, steps: Mapping[str, Placed], numbers: Numbers) -> Frame:
    words = course.at("insight.roofline")
    cost = _cost(course, at)
    gpu, bits = cost.deployment.gpu, cost.deployment.weight_bits
    corners = (INTENSITIES[0], float(numbers["ridge"] or 1), INTENSITIES[-1])
    peak = [(x, engine.roof(gpu, bits, x) / engine.TFLOP) for x in corners]
    reached = [(x, engine.reached(cost, x) / engine.TFLOP) for x in INTENSITIES]
    series = [_series(course, steps, side) for side in HUES]
    trail = _trail(course, own, cost)
    figure = charts.roofline_chart(peak, reached, series, _point(steps["own"]), trail, words, at.theme)
    caption, describe = (wording.fill(words[f"chart_{key}"], numbers) for key in ("caption", "describe"))
    rows = [
        [
            _row_name(course, at, name, numbers),
            wording.show(step["intensity"], "sig"),
            wording.show(step["flops_per_s"], "tflops"),
            wording.show(step["total_s"], "time"),
            words["walls"][step["wall"]],
        ]
        for name, step in steps.items()
    ]
    return parts.chart("act2.roof", words["chart_title"], caption, describe, figure, words["columns"], rows)


def _point(step: Placed) -> tuple[float, float]:
    """A step on the roofline: FLOP/byte, TFLOP/s."""
    return float(step["intensity"]), float(step["flops_per_s"]) / engine.TFLOP


def _series(course: Course, steps: Mapping[str, Placed], side: str) -> dict[str, Any]:
    """The marks of one colour: a side's prefill, full decode and run."""
    words, kinds = (
        course.at("insight.roofline"),
        [kind for kind in charts.roofline.SYMBOLS if f"{side}_{kind}" in steps],
    )
    points = [_point(steps[f"{side}_{kind}"]) for kind in kinds]
    return {
        "name": course.at(f"act2.sides.{side}.title"),
        "hue": HUES[side],
        "xs": [x for x, _ in points],
        "ys": [y for _, y in points],
        "letter": side.upper(),
        "symbols": [charts.roofline.SYMBOLS[kind] for kind in kinds],
        "names": [wording.fill(words[f"{kind}_point"], {"side": side.upper()}) for kind in kinds],
        "places": [PLACES[side]] * len(kinds),
    }


def _trail(course: Course, own: Own, cost: engine.StepCost) -> list[tuple[float, float]]:
    """The learner's step at every doubling of its batch, its context as it is: the path that a growing batch takes."""
    table = controls(course)[BATCH]
    most = int(table.maximum) if isinstance(table, Range) else own.batch
    batches = sorted({own.batch, most, *(1 << power for power in range(most.bit_length()))})
    return [_point(_own(cost, batch, own.context)) for batch in batches]


def _row_name(course: Course, at: Hand, name: str, numbers: Numbers) -> str:
    """The words of a step in the tables: which side, and how large."""
    words = course.at("insight.roofline")
    if name == "own":
        return wording.fill(words["own_row"], {"batch": numbers["own_batch"]})
    side, _, kind = name.partition("_")
    batch = at_work(at, side) if kind == "run" else numbers[f"{side}_max_batch"]
    said: Numbers = {"side": side.upper(), "tokens": numbers[f"{side}_prompt_mean"], "batch": batch}
    return wording.fill(words[f"{kind}_row"], said)


# --- The parts of a step -----------------------------------------------------------------------------------------------


def _parts(course: Course, at: Hand, steps: Mapping[str, Placed], numbers: Numbers) -> Frame:
    words = course.at("insight.roofline")
    shown = {name: step for name, step in steps.items() if not name.endswith("_run")}
    shares = {term: [float(step[term]) / float(step["total_s"]) for step in shown.values()] for term in words["terms"]}
    bars = [_bar_name(words, name, step) for name, step in shown.items()]
    figure = charts.steps_chart(bars, shares, words["terms"], words["steps_x"], at.theme)
    caption, describe = (wording.fill(words[f"steps_{key}"], numbers) for key in ("caption", "describe"))
    head = [words["steps_x"], *(_row_name(course, at, name, numbers) for name in shown)]
    rows = [[words["terms"][term], *(wording.show(s, "pct") for s in each)] for term, each in shares.items()]
    return parts.chart("act2.steps", words["steps_title"], caption, describe, figure, head, rows)


def _bar_name(words: Mapping[str, Any], name: str, step: Placed) -> str:
    side, _, kind = name.partition("_")
    label = words["own"] if name == "own" else wording.fill(words[f"{kind}_point"], {"side": side.upper()})
    return wording.fill(words["steps_label"], {"name": label, "time": step["total_s"]})
