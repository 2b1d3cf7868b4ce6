"""Act I's controls: the calculator's, and what the memory replay shows."""

from dataclasses import replace

from content.control import Control, Value
from content.controls import choice, picks, slider, widths
from content.course import Course

ID = "act1"
FULL, PUBLISHED = "full", "published"
NAIVE, REAL = "naive", "real"
PASTED = "pasted"
CONTEXT, MODEL, KV_HEADS = "act1.context", "act1.model", "act1.kv_heads"
PATH = "act1.calculator"
KV_BITS = (16, 8, 4)


def controls(course: Course) -> list[Control]:
    """Every control of the act, in the order of the page."""
    start = course.at("act1.deployment")
    label = {key: course.at(f"{PATH}.{key}_label") for key in ("model", "gpu", "gpus", "weight_bits", "kv_bits")}
    reserve: list[tuple[Value, str]] = [
        (NAIVE, course.at(f"{PATH}.reserve_naive")),
        (REAL, course.say(f"{PATH}.reserve_real", None, {"utilization": course.at("act2.deployment.utilization")})),
    ]
    heads: list[tuple[Value, str]] = [
        (FULL, course.at(f"{PATH}.kv_heads_full")),
        (PUBLISHED, course.at(f"{PATH}.kv_heads_model")),
    ]
    models: list[tuple[Value, str]] = [(model.id, model.name) for model in course.models.values()]
    models.append((PASTED, course.at(f"{PATH}.paste.choice")))
    gpus: list[tuple[Value, str]] = [(gpu.id, gpu.name) for gpu in course.gpus.values()]
    counts: list[tuple[Value, str]] = [(n, str(n)) for n in (1, 2, 4, 8)]
    return [
        slider(course, CONTEXT, f"{PATH}.context", "act1.deployment.context_tokens"),
        replace(choice(course, MODEL, label["model"], models, start["model"]), private=frozenset({PASTED})),
        choice(course, KV_HEADS, course.at(f"{PATH}.kv_heads_label"), heads, FULL),
        choice(course, "act1.gpu", label["gpu"], gpus, start["gpu"]),
        choice(course, "act1.gpus", label["gpus"], counts, start["gpus"]),
        choice(course, "act1.weight_bits", label["weight_bits"], widths(course, 16, 8, 4), start["weight_bits"]),
        choice(course, "act1.kv_bits", label["kv_bits"], widths(course, *KV_BITS), start["kv_bits"]),
        choice(course, "act1.reserve", course.at(f"{PATH}.reserve_label"), reserve, NAIVE),
        picks(course, "act1.reservation", "replay.blocks.reservation"),
    ]
