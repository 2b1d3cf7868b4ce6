"""What a step takes, by the batch: why both promises can't be kept by one batch size."""

import engine
from acts.promises.shape import Cluster, Deployment
from charts.picture import Picture
from content.course import Course

BATCHES = (1, 2, 4, 8, 16, 32, 64)
STEP_MS = 5


def picture(course: Course) -> Picture:
    """The time of one decoding step by batch size, in three parts; Act II's replica, the model as published."""
    start, shared = course.read(Deployment, "act2.deployment"), course.read(Cluster, "act2.shared")
    tokens = course.at("act2.targets.document_tokens")
    model, bits = course.models[start.model], (shared.weight_bits_default, start.kv_bits)
    deployment = engine.Deployment(model, course.gpus[start.gpu], shared.gpus_default, *bits)
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))
    steps = [cost.step(batch, batch * tokens) for batch in BATCHES]
    linear = [step["linear_s"] for step in steps]
    attention = [step["decode_attention_s"] for step in steps]
    totals = [step["total_s"] for step in steps]
    rest = [total - one - other for total, one, other in zip(totals, linear, attention, strict=True)]
    numbers = {
        "tokens": tokens,
        "model": model.name,
        "first": BATCHES[0],
        "first_s": totals[0],
        "last": BATCHES[-1],
        "last_s": totals[-1],
    }
    colours = (("linear", "blue", linear), ("attention", "mark", attention), ("rest", "grey", rest))
    parts = {part: (colour, tuple(seconds * 1e3 for seconds in times)) for part, colour, times in colours}
    full = STEP_MS * -(-totals[-1] * 1e3 // STEP_MS)
    return Picture(numbers, BATCHES, parts, step=STEP_MS, full=full, below=True)
