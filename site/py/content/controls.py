"""The controls a learner can move: for each its limits, its default in each context, and how a typed value is read.

One table for the calculator of Act I, the two sides of Act II and the draft's bugs; store, views and the prerendered page
all read it.
A value is an int, a float or a str. `read` never raises: it returns the value to keep and, where the typed one can't be
taken as it is, a sentence that says what was done instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from content import wording
from content.course import Course

Value = int | float | str
FULL = "full"
PUBLISHED = "published"
NAIVE = "naive"
REAL = "real"
PASTED = "pasted"
CONTEXT = "act1.context"


@dataclass(frozen=True)
class Range:
    """A number between two limits, in steps from the lower one."""

    id: str
    label: str
    unit: str
    minimum: float
    maximum: float
    step: float
    defaults: Mapping[str, float]
    said: Mapping[str, str]  # the sentences of `read`, words.toml, [typed]
    slider: bool = True  # beside the number field

    def read(self, typed: object, kept: Value) -> tuple[Value, str | None]:
        """The nearest value on the grid for what was typed, or `kept` with a sentence when it is not in the range."""
        number = _decimal(typed)
        if number is None:
            return kept, self._say("no_number", kept=kept)
        if not Decimal(str(self.minimum)) <= number <= Decimal(str(self.maximum)):
            return kept, self._say("outside", low=self.minimum, high=self.maximum, kept=kept)
        step = Decimal(str(self.step))
        low = Decimal(str(self.minimum))
        # The grid starts at a multiple of the step for every range we have, except ranges that start at 1.
        origin = low if low % step else Decimal(0)
        snapped = origin + ((number - origin) / step).to_integral_value(ROUND_HALF_EVEN) * step
        snapped = min(max(snapped, low), Decimal(str(self.maximum)))
        value: Value = int(snapped) if snapped == snapped.to_integral_value() else float(snapped)
        if snapped != number:
            return value, self._say("between", step=self.step, taken=value)
        return value, None

    def reaching(self, *values: float) -> "Range":
        """The same control up to the greatest of `values`, where that lies above its own limit."""
        return replace(self, maximum=max(self.maximum, *values))

    def _say(self, name: str, **values: Value) -> str:
        shown = {key: self.show(value) for key, value in values.items()}
        return wording.fill(self.said[name], {"label": self.label, **shown})

    def show(self, value: Value) -> str:
        """A value with the control's unit."""
        return wording.united(wording.show(value), self.unit) if self.unit else wording.show(value)


@dataclass(frozen=True)
class Choice:
    """One of a few named values."""

    id: str
    label: str
    options: tuple[tuple[Value, str], ...]
    defaults: Mapping[str, Value]
    said: Mapping[str, str]

    def read(self, typed: object, kept: Value) -> tuple[Value, str | None]:
        """The option whose value reads like `typed`, or `kept` with a sentence when there is none."""
        for value, _ in self.options:
            if str(value) == str(typed):
                return value, None
        return kept, wording.fill(self.said["not_offered"], {"label": self.label, "kept": self.show(kept)})

    def show(self, value: Value) -> str:
        """The words for a value."""
        return next((words for option, words in self.options if option == value), str(value))


Control = Range | Choice


@lru_cache(maxsize=4)
def controls(course: Course) -> dict[str, Control]:
    """Every control of the lab by id (`act1.context`, `act2.a.max_batch`, ...), in the order of the page."""
    found = [*_calculator(course), *_shared(course), *_replays(course), *_corrections(course)]
    for side in ("a", "b"):
        found += _side(course, side)
    found += [
        _range(course, f"act2.roof.{name}", f"insight.roofline.{name}", f"insight.roofline.{name}.default")
        for name in ("batch", "context")
    ]
    planned = ("load_a", "load_b", "hours")
    found += [
        _range(course, f"report.{name}", f"report.cluster.plan.{name}", f"report.cluster.plan.{name}.default")
        for name in planned
    ]
    return {control.id: control for control in found}


@lru_cache(maxsize=4)
def defaults(course: Course) -> dict[str, dict[str, Value]]:
    """The value of every control at the start, by context and id."""
    table = controls(course)
    return {context: {id: control.defaults[context] for id, control in table.items()} for context in course.contexts}


def _choice(course: Course, id: str, label: str, options: list[tuple[Value, str]], default: Value) -> Choice:
    return Choice(id, label, tuple(options), dict.fromkeys(course.contexts, default), _said(course))


def _range(course: Course, id: str, path: str, default_path: str) -> Range:
    table = course.at(path)
    starts = {context: course.at(default_path, context) for context in course.contexts}
    limits = (table["min"], table["max"], table["step"])
    return Range(id, table["label"], table["unit"], *limits, starts, _said(course))


def _said(course: Course) -> Mapping[str, str]:
    said: Mapping[str, str] = course.at("words.typed")
    return said


def _calculator(course: Course) -> list[Control]:
    start = course.at("act1.deployment")
    label = {
        key: course.at(f"act1.calculator.{key}_label") for key in ("model", "gpu", "gpus", "weight_bits", "kv_bits")
    }
    reserve: list[tuple[Value, str]] = [
        (NAIVE, course.at("act1.calculator.reserve_naive")),
        (REAL, course.say("act1.calculator.reserve_real", None, reserve_numbers(course))),
    ]
    heads: list[tuple[Value, str]] = [
        (FULL, course.at("act1.calculator.kv_heads_full")),
        (PUBLISHED, course.at("act1.calculator.kv_heads_model")),
    ]
    models: list[tuple[Value, str]] = [(model.id, model.name) for model in course.models.values()]
    models.append((PASTED, course.at("act1.calculator.paste.choice")))
    gpus: list[tuple[Value, str]] = [(gpu.id, gpu.name) for gpu in course.gpus.values()]
    counts: list[tuple[Value, str]] = [(n, str(n)) for n in (1, 2, 4, 8)]
    return [
        _range(course, "act1.context", "act1.calculator.context", "act1.deployment.context_tokens"),
        _choice(course, "act1.model", label["model"], models, start["model"]),
        _choice(course, "act1.kv_heads", course.at("act1.calculator.kv_heads_label"), heads, FULL),
        _choice(course, "act1.gpu", label["gpu"], gpus, start["gpu"]),
        _choice(course, "act1.gpus", label["gpus"], counts, start["gpus"]),
        _choice(course, "act1.weight_bits", label["weight_bits"], _bits(course, 16, 8, 4), start["weight_bits"]),
        _choice(course, "act1.kv_bits", label["kv_bits"], _bits(course, 16, 8, 4), start["kv_bits"]),
        _choice(course, "act1.reserve", course.at("act1.calculator.reserve_label"), reserve, NAIVE),
    ]


def _shared(course: Course) -> list[Control]:
    shared = course.at("act2.shared")
    model = course.models[course.at("act2.deployment.model")]
    gpus: list[tuple[Value, str]] = [(n, str(n)) for n in shared["gpus"]]
    heads: list[tuple[Value, str]] = [(n, str(n)) for n in sorted({model.kv_heads, model.query_heads})]
    seed = Range(
        "act2.seed",
        shared["seed_label"],
        "",
        1,
        999,
        1,
        dict.fromkeys(course.contexts, course.at("act2.simulation.seed")),
        _said(course),
        slider=False,
    )
    return [
        _choice(course, "act2.gpus", shared["gpus_label"], gpus, shared["gpus_default"]),
        _choice(
            course, "act2.weight_bits", shared["weight_bits_label"], _bits(course, 16, 8), shared["weight_bits_default"]
        ),
        _choice(course, "act2.kv_heads", shared["kv_heads_label"], heads, model.kv_heads),
        seed,
        _choice(
            course,
            "act2.cv",
            shared["cv_label"],
            [(c["cv"], wording.fill(c["text"], c)) for c in shared["arrivals"]],
            1,
        ),
        _swept_side(course),
    ]


def _swept_side(course: Course) -> Choice:
    """The side whose traffic the frontier is swept for: at first the side that the context speaks of."""
    sides = ("a", "b")
    options = tuple((side, course.at(f"act2.sides.{side}.title")) for side in sides)
    starts = {context: sides[i % len(sides)] for i, context in enumerate(course.contexts)}
    return Choice("act2.sweep_side", course.at("sweeps.frontier.side_label"), options, starts, _said(course))


def _replays(course: Course) -> list[Control]:
    """What the two replays show, chosen by name."""
    reservation, floor = course.at("replay.blocks.reservation"), course.at("replay.floor.shown")
    return [
        _choice(course, id, table["label"], [(option["id"], option["text"]) for option in table["options"]], default)
        for id, table, default in (
            ("act1.reservation", reservation, reservation["default"]),
            ("act2.floor", floor, floor["default"]),
        )
    ]


def _side(course: Course, side: str) -> list[Control]:
    path = f"act2.sides.{side}"
    policies: list[tuple[Value, str]] = [(policy["id"], policy["text"]) for policy in course.at("act2.policies")]
    scheduling = course.at("act2.design.policy_label")
    offered = course.at("act2.design.workloads")
    workloads: list[tuple[Value, str]] = [(id, course.workloads[id].name) for id in offered]
    traffic = course.at("act2.design.workload_label")
    ranges = [
        _range(course, f"act2.{side}.{name}", f"{path}.{name}", f"{path}.{name}.default")
        for name in ("max_batch", "max_sequence", "load")
    ]
    return [
        _choice(course, f"act2.{side}.workload", traffic, workloads, course.at(f"{path}.workload")),
        _choice(course, f"act2.{side}.policy", scheduling, policies, course.at(f"{path}.policy_default")),
        *ranges,
    ]


def _corrections(course: Course) -> list[Control]:
    """The learner's corrections of the draft's bugs: each begins with the draft's mistake."""
    found: list[Control] = []
    for bug in course.at("bugs.numbers"):
        starts = dict.fromkeys(course.contexts, bug["draft"])
        limits = (bug["min"], bug["max"], bug["step"])
        name, words = f"bugs.{bug['id']}", (bug["label"], bug["unit"])
        found.append(Range(name, *words, *limits, starts, _said(course), slider=False))
    for bug in course.at("bugs.choices"):
        options: list[tuple[Value, str]] = [(option["id"], option["text"]) for option in bug["options"]]
        found.append(_choice(course, f"bugs.{bug['id']}", course.at("bugs.asked"), options, bug["draft"]))
    return found


def reserve_numbers(course: Course) -> dict[str, wording.Number]:
    """The reserve of a real engine as numbers for a text."""
    deployment = course.at("act2.deployment")
    return {
        "utilization": deployment["utilization"],
        "activation_bytes": deployment["activation_gib_per_gpu"] * wording.GIB,
    }


def _bits(course: Course, *widths: int) -> list[tuple[Value, str]]:
    return [(bits, course.say("words.bits", None, {"bits": bits})) for bits in widths]


def _decimal(typed: object) -> Decimal | None:
    """What a person typed as an exact number, None if it is none. A comma or space between thousands is accepted."""
    try:
        number = Decimal(str(typed).strip().replace(",", "").replace(" ", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
