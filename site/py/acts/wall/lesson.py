"""What Act I teaches: its checks, its questions."""

from collections.abc import Iterator

from acts.wall import blocks, users
from acts.wall.controls import ID, controls
from acts.wall.shape import FILES
from content.course import Course, Door, Lesson, Scene
from content.reading import out_of, unknown

# What the replay may be asked for: more would keep a phone busy for minutes, or bring no figures.
COUNTS = {
    "replay.blocks.requests": (10, 20_000),
    "replay.blocks.steps": (10, 5_000),
    "replay.blocks.steps_published": (10, 5_000),
}


def _problems(course: Course) -> Iterator[str]:
    yield from out_of(course, COUNTS)
    yield from unknown(course, "act1.deployment.model", course.models)
    yield from unknown(course, "act1.deployment.gpu", course.gpus)


def _lists(course: Course) -> dict[str, list[str]]:
    return {"act1.gpus": [str(i + 1) for i in range(course.at("act1.deployment")["gpus"])]}


SCENES = (
    Scene("predict", 3, asks="prediction", open=True, doors=(Door("cache", 2), Door("briefing", 2))),
    Scene("wall", 1),
    Scene("calculator", 4, doors=(Door("derivation", 3), Door("config", 2))),
    Scene("twist", 1, doors=(Door("families", 3), Door("blocks", 5))),
    Scene("length", 2, asks="reflection", doors=(Door("memory-formula", 3),)),
)
LESSON = Lesson(
    id=ID,
    scenes=SCENES,
    shapes=FILES,
    problems=_problems,
    controls=controls,
    oracles=users.ORACLES,
    kinds=blocks.KINDS,
    words=users.default_numbers,
    lists=_lists,
)
