"""The walk: its scenes on the rail, each done, open or shut, and the way on from each of them."""

from dataclasses import dataclass

from content.course import Course, Lesson, Scene
from page.page import Frame
from state import store

DONE, OPEN, SHUT = "done", "open", "shut"
END = "takeaway"  # the last scene, which belongs to no act


@dataclass(frozen=True)
class Stop:
    """A scene at its address, with the act that it belongs to; the last one has none."""

    address: str
    act: Lesson | None = None
    scene: Scene | None = None


def stops(course: Course) -> tuple[Stop, ...]:
    """The scenes of the walk, in order."""
    own = [Stop(f"{act.id}/{scene.name}", act, scene) for act in course.acts for scene in act.scenes]
    return (*own, Stop(END))


def doors(course: Course) -> dict[str, str]:
    """Every door by name, with the path of its question."""
    return {name: f"{act.id}.doors.{name}" for act in course.acts for scene in act.scenes for name in scene.doors}


def frame(course: Course, state: store.State) -> Frame:
    """The rail's entries and the way on from each scene."""
    found: Frame = {}
    walk = stops(course)
    marks = [mark(course, state, stop) for stop in walk]
    titles = [title(course, state, stop) for stop in walk]
    for i, stop in enumerate(walk):
        found[f"rail.{stop.address}"] = {"state": marks[i]}
        found[f"rail.{stop.address}.title"] = {"text": titles[i]}
        found[f"title.{stop.address}"] = {"text": titles[i]}
        if stop.act is not None and stop.scene is not None:
            aim = course.at(f"{stop.act.id}.scenes.{stop.scene.name}.aim", state.context)
            found[f"aim.{stop.address}"] = {"text": aim}
        if i and stop.act is not None:
            found[f"back.{stop.address}"] = {"text": titles[i - 1]}
        if i + 1 < len(walk):
            found[f"on.{stop.address}"] = {"text": titles[i + 1], "hidden": marks[i + 1] == SHUT}
    for name, path in doors(course).items():
        found |= {f"door.{name}": {"text": course.at(path)}, f"why.{name}": {"text": course.at(path)}}
    return found


def lists(course: Course) -> dict[str, list[str]]:
    """The addresses that the walk's repeated parts are built from: all scenes, and of each its doors, the one before, the next."""
    walk = [stop.address for stop in stops(course)]
    found = {"scenes": walk}
    for i, stop in enumerate(stops(course)):
        found[f"{stop.address}.doors"] = list(stop.scene.doors) if stop.scene else []
        found[f"{stop.address}.before"] = walk[i - 1 : i] if i else []
        found[f"{stop.address}.next"] = walk[i + 1 : i + 2]
    return found


def mark(course: Course, state: store.State, stop: Stop) -> str:
    """Whether a scene is done, open, or still shut. One that asks nothing is done when the next question is answered."""
    if stop.act is None or stop.scene is None:
        return OPEN if store.is_done(course, state) else SHUT
    act, scene = stop.act, stop.scene
    opened = store.is_open(course, state, act.id) if scene.open else store.is_revealed(course, state, act.id)
    if not opened:
        return SHUT
    after = act.scenes[act.scenes.index(scene) :]
    part = next((later.asks for later in after if later.asks), "")
    return DONE if part and store.answer(state, f"{act.id}.{part}") else OPEN


def title(course: Course, state: store.State, stop: Stop) -> str:
    """What a scene asks."""
    if stop.act is None or stop.scene is None:
        return str(course.at("course.synthesis.title"))
    return str(course.at(f"{stop.act.id}.scenes.{stop.scene.name}.title", state.context))
