"""The roofline of Act II as a frame: steps of both sides and one of the learner's own, under the two limits of a GPU.

Everything is a closed form of the step-time model, so it follows a slider at once and waits for no run; only the rings,
the batches that the runs really had, come when the runs do.
"""

from collections.abc import Mapping
from typing import Any

import charts
import engine
from acts.promises import now, serving
from acts.promises.controls import DESIGN
from acts.promises.live import live_numbers
from content import wording
from content.control import Range
from content.controls import controls
from content.course import Course
from content.wording import Number
from page.page import Frame
from state import store
from views import parts
from views.remembered import by_fields

Numbers = Mapping[str, Number]
Placed = Mapping[str, float | str]

BATCH, CONTEXT = "act2.roof.batch", "act2.roof.context"
HUES = {"a": "blue", "b": "green"}
INTENSITIES = tuple(float(1 << power) / 4 for power in range(17))  # FLOP/byte at which the roofs are drawn
SYMBOLS = {"prefill": "square", "decode": "circle", "run": "circle-open"}
PLACES = {  # of the labels, so that the two sides' don't meet
    "a": {"prefill": "bottom left", "decode": "middle right", "run": "bottom right"},
    "b": {"prefill": "bottom center", "decode": "middle right", "run": "bottom right"},
}


@by_fields((*DESIGN, "act2.roof."), same=("results",), equal=("settled",))
def frame(course: Course, state: store.State) -> Frame:
    """The sentence on the learner's own step, the roofline, and the parts of each step."""
    live = live_numbers(course, state)
    steps = placed(course, state, live)
    found = numbers(course, state, live, steps)
    words = course.at("insight.roofline")
    said = wording.fill(words["said"], found)
    fits = float(found["own_needs"] or 0) <= float(live["kv_has"] or 0)
    if not fits:
        said += " " + wording.fill(words["too_large"], found)
    return {
        "act2.roof.said": {"text": said, "state": "info" if fits else "warn"},
        **_roof(course, state, steps, found),
        **_parts(course, state, steps, found),
    }


# --- The numbers -------------------------------------------------------------------------------------------------------


def placed(course: Course, state: store.State, live: Numbers) -> dict[str, Placed]:
    """Where the engine puts each step, by name: a_prefill, a_decode, a_run (once its run is there), the same of b, and own."""
    cost = _cost(course, state)
    found: dict[str, Placed] = {}
    for side in serving.SIDES:
        prompt, context = _lengths(live, side)
        batches = {"decode": live[f"{side}_max_batch"], "run": at_work(course, state, side)}
        found[f"{side}_prefill"] = engine.placed(cost, 0, 0, [(0, prompt)])
        for name, batch in batches.items():
            if batch:
                found[f"{side}_{name}"] = engine.placed(cost, int(batch), int(batch) * context)
    found["own"] = _own(cost, int(state.value(BATCH)), int(state.value(CONTEXT)))
    return found


def at_work(course: Course, state: store.State, side: str) -> int | None:
    """How many requests wrote a token in the mean decode step of a side's run, idle seats left out; None without a run."""
    result = state.results.get(now.request(course, state, side), {})
    if not result.get("mean_batch"):
        return None
    mean_batch, useful = float(result["mean_batch"]), float(result["useful_seats"])
    return max(1, round(mean_batch * useful))


def numbers(course: Course, state: store.State, live: Numbers, steps: Mapping[str, Placed]) -> dict[str, Number]:
    """The act's numbers and those of the steps, for a text: FLOP/byte, FLOP/s, s, bytes, and the walls by their words."""
    words, request = course.at("insight.roofline"), now.request(course, state, "a")
    found: dict[str, Number] = dict(live)
    for name, at in steps.items():
        found[f"{name}_intensity"] = at["intensity"]
        found[f"{name}_flops"] = at["flops_per_s"]
        found[f"{name}_time"] = at["total_s"]
        found[f"{name}_wall"] = words["walls"][at["wall"]]
        found[f"{name}_cache_share"] = float(at["decode_attention_s"]) / float(at["total_s"])
    own, batch, tokens = steps["own"], int(state.value(BATCH)), int(state.value(CONTEXT))
    deployment = serving.deployment_of(course, request)
    each = engine.kv_bytes(deployment.model, tokens, deployment.kv_bits) * engine.kv_copies(deployment)
    return found | {
        "ridge": engine.ridge(deployment.gpu, deployment.weight_bits),
        "own_batch": batch,
        "own_context": tokens,
        "own_each": float(own["total_s"]) / batch,
        "own_weights": float(own["weights_bytes"]) * request.gpus,
        "own_needs": batch * each,
    }


def _cost(course: Course, state: store.State) -> engine.StepCost:
    """The step-time model of the cluster, which both sides and the learner's own step share."""
    return serving.step_cost(course, now.request(course, state, "a"))


def _own(cost: engine.StepCost, batch: int, context: int) -> Placed:
    return engine.placed(cost, batch, batch * context)


def _lengths(live: Numbers, side: str) -> tuple[int, int]:
    """A side's mean prompt, and what a request has cached on average while it writes: the prompt and half its answer."""
    prompt, output = float(live[f"{side}_prompt_mean"] or 1), float(live[f"{side}_output_mean"] or 0)
    return max(1, round(prompt)), max(1, round(prompt + output / 2))


# --- The roofline ------------------------------------------------------------------------------------------------------


def _roof(course: Course, state: store.State, steps: Mapping[str, Placed], found: Numbers) -> Frame:
    words = course.at("insight.roofline")
    cost = _cost(course, state)
    gpu, bits = cost.deployment.gpu, cost.deployment.weight_bits
    corners = (INTENSITIES[0], float(found["ridge"] or 1), INTENSITIES[-1])
    peak = [(x, engine.roof(gpu, bits, x) / engine.TFLOP) for x in corners]
    reached = [(x, engine.reached(cost, x) / engine.TFLOP) for x in INTENSITIES]
    series = [_series(course, steps, side) for side in HUES]
    trail = _trail(course, state, cost)
    figure = charts.roofline_chart(peak, reached, series, _point(steps["own"]), trail, words, state.theme)
    caption, describe = (wording.fill(words[f"chart_{key}"], found) for key in ("caption", "describe"))
    rows = [
        [
            _row_name(course, state, name, found),
            wording.show(at["intensity"], "sig"),
            wording.show(at["flops_per_s"], "tflops"),
            wording.show(at["total_s"], "time"),
            words["walls"][at["wall"]],
        ]
        for name, at in steps.items()
    ]
    return parts.chart("act2.roof", words["chart_title"], caption, describe, figure, words["columns"], rows)


def _point(at: Placed) -> tuple[float, float]:
    """A step on the roofline: FLOP/byte, TFLOP/s."""
    return float(at["intensity"]), float(at["flops_per_s"]) / engine.TFLOP


def _series(course: Course, steps: Mapping[str, Placed], side: str) -> dict[str, Any]:
    """The marks of one colour: a side's prefill, full decode and run."""
    words, kinds = course.at("insight.roofline"), [kind for kind in SYMBOLS if f"{side}_{kind}" in steps]
    points = [_point(steps[f"{side}_{kind}"]) for kind in kinds]
    return {
        "name": course.at(f"act2.sides.{side}.title"),
        "hue": HUES[side],
        "xs": [x for x, _ in points],
        "ys": [y for _, y in points],
        "symbols": [SYMBOLS[kind] for kind in kinds],
        "labels": [wording.fill(words[f"{kind}_point"], {"side": side.upper()}) for kind in kinds],
        "places": [PLACES[side][kind] for kind in kinds],
    }


def _trail(course: Course, state: store.State, cost: engine.StepCost) -> list[tuple[float, float]]:
    """The learner's step at every doubling of its batch, its context as it is: the path that a growing batch takes."""
    table, own = controls(course)[BATCH], int(state.value(BATCH))
    most = int(table.maximum) if isinstance(table, Range) else own
    batches = sorted({own, most, *(1 << power for power in range(most.bit_length()))})
    return [_point(_own(cost, batch, int(state.value(CONTEXT)))) for batch in batches]


def _row_name(course: Course, state: store.State, name: str, found: Numbers) -> str:
    """The words of a step in the tables: which side, and how large."""
    words = course.at("insight.roofline")
    if name == "own":
        return wording.fill(words["own_row"], {"batch": found["own_batch"]})
    side, _, kind = name.partition("_")
    batch = at_work(course, state, side) if kind == "run" else found[f"{side}_max_batch"]
    said: Numbers = {"side": side.upper(), "tokens": found[f"{side}_prompt_mean"], "batch": batch}
    return wording.fill(words[f"{kind}_row"], said)


# --- The parts of a step -----------------------------------------------------------------------------------------------


def _parts(course: Course, state: store.State, steps: Mapping[str, Placed], found: Numbers) -> Frame:
    words = course.at("insight.roofline")
    shown = {name: at for name, at in steps.items() if not name.endswith("_run")}
    shares = {term: [float(at[term]) / float(at["total_s"]) for at in shown.values()] for term in words["terms"]}
    bars = [_bar_name(words, name, at) for name, at in shown.items()]
    figure = charts.steps_chart(bars, shares, words["terms"], words["steps_x"], state.theme)
    caption, describe = (wording.fill(words[f"steps_{key}"], found) for key in ("caption", "describe"))
    head = [words["steps_x"], *(_row_name(course, state, name, found) for name in shown)]
    rows = [[words["terms"][term], *(wording.show(s, "pct") for s in each)] for term, each in shares.items()]
    return parts.chart("act2.steps", words["steps_title"], caption, describe, figure, head, rows)


def _bar_name(words: Mapping[str, Any], name: str, at: Placed) -> str:
    side, _, kind = name.partition("_")
    label = words["own"] if name == "own" else wording.fill(words[f"{kind}_point"], {"side": side.upper()})
    return wording.fill(words["steps_label"], {"name": label, "time": at["total_s"]})
