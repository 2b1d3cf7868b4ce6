"""The wall as a picture (wall_view.py) before the users are in: the weights and the question. A reader has not predicted yet."""

import engine
from acts.wall.shape import Deployment
from charts.picture import Picture
from content.course import Course, short_name
from content.wording import Number


def picture(course: Course) -> Picture:
    """What Act I's message tells: GPUs, their memory and the weights."""
    start = course.read(Deployment, "act1.deployment")
    model, gpu, gpus = course.models[start.model], course.gpus[start.gpu], start.gpus
    weights = engine.weight_bytes(model, start.weight_bits) / gpus
    numbers: dict[str, Number] = {
        "gpus": gpus,
        "gpu_short": short_name(gpu.name),
        "model": model.name,
        "gpu_bytes": gpu.memory_bytes,
        "weights_gpu_bytes": weights,
    }
    parts = {
        "weights": ("blue", (weights / engine.GIB,) * gpus),
        "room": ("free", ((gpu.memory_bytes - weights) / engine.GIB,) * gpus),
    }
    full = gpu.memory_bytes / engine.GIB
    return Picture(numbers, tuple(range(1, gpus + 1)), parts, step=20, full=full, marked="room")
