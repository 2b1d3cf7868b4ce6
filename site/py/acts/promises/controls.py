"""Act II's controls: the replica that both sides share, each side's own, and those of its instruments."""

from dataclasses import replace

from acts.promises import prefix
from acts.promises.serving import SIDES
from acts.promises.shape import Arrivals, Side
from content import wording
from content.common import Limits
from content.control import Choice, Control, Range, Value
from content.controls import choice, named, number, picks, slider, widths
from content.course import Course

ID = "act2"
FLOOR, SWEEP_SIDE, PREFIX_STEP = "act2.floor", "act2.sweep_side", "act2.prefix.step"
LIMITS = ("max_batch", "max_sequence", "load")


def controls(course: Course) -> list[Control]:
    """Every control of the act, in the order of the page."""
    return [
        *_shared(course),
        picks(course, FLOOR, "replay.floor.shown"),
        *(control for side in SIDES for control in _side(course, side)),
        *(slider(course, f"act2.roof.{name}", f"insight.roofline.{name}") for name in ("batch", "context")),
        _prefix_step(course),
        *(slider(course, f"report.{name}", f"report.cluster.plan.{name}") for name in ("load_a", "load_b", "hours")),
    ]


def _shared(course: Course) -> list[Control]:
    shared = course.at("act2.shared")
    model = course.models[course.at("act2.deployment.model")]
    gpus: list[tuple[Value, str]] = [(n, str(n)) for n in shared["gpus"]]
    heads: list[tuple[Value, str]] = [(n, str(n)) for n in sorted({model.kv_heads, model.query_heads})]
    bursts: list[tuple[Value, str]] = [
        (how.cv, wording.fill(how.text, {"cv": how.cv})) for how in course.each(Arrivals, "act2.shared.arrivals")
    ]
    bits = widths(course, 16, 8)
    days = Limits(label=shared["seed_label"], unit="", min=1, max=999, step=1)
    return [
        choice(course, "act2.gpus", shared["gpus_label"], gpus, shared["gpus_default"]),
        choice(course, "act2.weight_bits", shared["weight_bits_label"], bits, shared["weight_bits_default"]),
        choice(course, "act2.kv_heads", shared["kv_heads_label"], heads, model.kv_heads),
        number(course, "act2.seed", days, course.at("act2.simulation.seed")),
        choice(course, "act2.cv", shared["cv_label"], bursts, 1),
        _swept_side(course),
    ]


def _swept_side(course: Course) -> Choice:
    """The side whose traffic the frontier is swept for: at first the side that the context speaks of."""
    options = tuple((side, course.at(f"act2.sides.{side}.title")) for side in SIDES)
    starts: dict[str, Value] = {context: SIDES[i % len(SIDES)] for i, context in enumerate(course.contexts)}
    return Choice(SWEEP_SIDE, course.at("sweeps.frontier.side_label"), options, starts, course.at("words.typed"))


def _prefix_step(course: Course) -> Range:
    """Which step of the played conversation is shown."""
    limits = Limits(label=course.at("insight.prefix.step"), unit="", min=1, max=len(prefix.EVENTS), step=1)
    return replace(number(course, PREFIX_STEP, limits, 1), slider=True)


def _side(course: Course, side: str) -> list[Control]:
    path, design, key = f"act2.sides.{side}", course.at("act2.design"), side.upper()
    workloads: list[tuple[Value, str]] = [(id, course.workloads[id].name) for id in design["workloads"]]
    own, policies = course.read(Side, path), named(course, "act2.policies")
    return [
        choice(course, f"act2.{side}.workload", design["workload_label"], workloads, own.workload, key),
        choice(course, f"act2.{side}.policy", design["policy_label"], policies, own.policy_default, key),
        *(slider(course, f"act2.{side}.{name}", f"{path}.{name}", side=key) for name in LIMITS),
    ]
