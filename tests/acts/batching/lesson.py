"""What the act teaches: its one slider, the oracle of its questions. Closed forms, no jobs."""

from collections.abc import Iterator

import engine
from acts.batching.shape import FILES
from content.control import Control
from content.controls import slider
from content.course import Course, Door, Lesson, Oracle, Scenario, Scene
from content.reading import out_of
from content.wording import Numbers

ID = "act3"
BATCH = f"{ID}.batch"


def cost(course: Course) -> engine.StepCost:
    """The step-time model of the first act's node."""
    start = course.at("act1.deployment")
    bits = (start["weight_bits"], start["kv_bits"])
    deployment = engine.Deployment(course.models[start["model"]], course.gpus[start["gpu"]], start["gpus"], *bits)
    return engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))


def numbers(course: Course, batch: int, tokens: int) -> Numbers:
    """A step's time in s with a batch, over that of a request alone, and what a request costs of that."""
    seconds, alone = (cost(course).seconds(n, n * tokens, []) for n in (batch, 1))
    return {"batch": batch, "step": seconds, "ratio": seconds / alone, "share": seconds / alone / batch}


def _scenario(course: Course, context: str) -> Scenario:
    return dict(course.at(f"{ID}.step"))


def _could_ask(course: Course, question: str, asked: Scenario, option: str) -> bool:
    return set(asked) == {"batch", "context_tokens"} and all(0 < asked[name] <= 4096 for name in asked)


def _controls(course: Course) -> list[Control]:
    return [slider(course, BATCH, f"{ID}.instrument.batch")]


def _problems(course: Course) -> Iterator[str]:
    yield from out_of(course, {f"{ID}.step.batch": (1, 64), f"{ID}.step.context_tokens": (1, 4096)})


STEP = Oracle(
    _scenario,
    _could_ask,
    lambda course, asked, option, results: numbers(course, asked["batch"], asked["context_tokens"]),
)
SCENES = (
    Scene("predict", 1, asks="prediction", open=True, doors=(Door("step", 1),)),
    Scene("batch", 1),
    Scene("reason", 1, asks="reflection"),
)
LESSON = Lesson(id=ID, scenes=SCENES, shapes=FILES, problems=_problems, controls=_controls, oracles={"step": STEP})
