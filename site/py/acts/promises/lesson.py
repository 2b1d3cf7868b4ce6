"""What Act II teaches: its checks, its questions and runs."""

from collections.abc import Iterator

from acts.promises import chat, floor, prefix, questions, serving, sweeps, tails
from acts.promises.controls import ID, LIMITS, controls
from acts.promises.serving import SIDES
from acts.promises.shape import FILES
from content.common import Limits
from content.course import Course, Door, Lesson, Scene
from content.reading import out_of, place, unknown

# What a simulation may be asked for: more would keep a phone busy for minutes, or bring no figures.
COUNTS = {
    "act2.simulation.requests": (100, 20_000),
    "act2.simulation.quick_requests": (10, 5_000),
    "act2.simulation.flood_requests": (100, 20_000),
    "act2.simulation.token_budget": (256, 65_536),
    "act2.simulation.days": (1, 20),
    "act2.simulation.speculation_tokens": (1, 64),
    "sweeps.map.requests": (10, 5_000),
    "sweeps.map.capacity_requests": (10, 5_000),
    "sweeps.map.days": (1, 20),
    "sweeps.frontier.requests": (10, 5_000),
    "replay.floor.requests": (10, 2_000),
    "insight.prefix.chat.conversations": (1, 500),
    "insight.prefix.chat.turns": (1, 20),
    "insight.prefix.chat.system_tokens": (1, 100_000),
    "measurements.served.requests_per_user": (1, 100),
}
LARGEST = 1e6  # of a target or a load


def _problems(course: Course) -> Iterator[str]:
    yield from out_of(course, COUNTS)
    for path in (
        "act2.targets.ttft_p99_s",
        "act2.targets.output_tokens_per_s",
        "act2.simulation.flood_load",
        "insight.prefix.chat.think_s",
    ):
        if not 0 < course.at(path) <= LARGEST:
            yield f"{place(path)}: expected a number above 0 and up to {LARGEST:.0f}, found {course.at(path)}"
    checkpoints = [id for id, model in course.models.items() if model.checkpoint]
    for path, known in (
        ("act2.deployment.model", course.models),
        ("act2.deployment.gpu", course.gpus),
        ("act2.simulation.draft_model", course.models),
        ("act2.deployment.model", checkpoints),
        ("act2.simulation.draft_model", checkpoints),
        ("insight.prefix.chat.workload", course.workloads),
        *((f"act2.sides.{side}.workload", course.workloads) for side in SIDES),
    ):
        yield from unknown(course, path, known)
    for workload in course.at("act2.design.workloads"):
        if workload not in course.workloads:
            yield f"act2.toml.design.workloads: expected names from {', '.join(course.workloads)}, found {workload!r}"
    for side in SIDES:
        yield from _range_problems(course, side)


def _range_problems(course: Course, side: str) -> Iterator[str]:
    for control in LIMITS:
        path = f"act2.sides.{side}.{control}"
        limits = course.read(Limits, path)
        for default in (course.at(f"{path}.default", context) for context in course.contexts):
            if not limits.min <= default <= limits.max:
                yield f"{place(path)}.default: expected a number from {limits.min} to {limits.max}, found {default}"


def _lists(course: Course) -> dict[str, list[str]]:
    return {
        "map.states": list(sweeps.MAP_STATES),
        "prefix.places": [str(place) for place in range(prefix.BLOCKS)],
        "prefix.states": list(prefix.STATES),
        "act2.pairs": [option.id for option in course.question("act2.prediction").options],
    }


SCENES = (
    Scene("predict", 3, asks="prediction", open=True, doors=(Door("lives", 2),)),
    Scene("verdict", 2),
    Scene("floor", 4, doors=(Door("moments", 3),)),
    Scene(
        "servers",
        10,
        doors=(
            Door("figures", 3),
            Door("roofline", 5),
            Door("tail", 4),
            Door("prefix", 4),
            Door("receipts", 5),
            Door("map", 5),
            Door("frontier", 5),
            Door("cluster", 5),
        ),
    ),
    Scene("batching", 2, asks="reflection", doors=(Door("latency-formula", 4),)),
)
LESSON = Lesson(
    id=ID,
    scenes=SCENES,
    shapes=FILES,
    problems=_problems,
    controls=controls,
    oracles=questions.ORACLES,
    kinds={**serving.KINDS, **floor.KINDS, **chat.KINDS, **tails.KINDS},
    facts=questions.FACTS,
    lists=_lists,
)
