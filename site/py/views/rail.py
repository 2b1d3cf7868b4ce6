"""The walk: its scenes on the rail, each done, open or shut, the doors behind them, and the way on from each."""

from collections.abc import Iterator
from dataclasses import dataclass

from content.course import Course, Door, Lesson, Scene
from page.page import Frame
from page.remembered import remembered
from record import ledger
from state import store

DONE, OPEN, SHUT = "done", "open", "shut"
GAME, END = "play", "takeaway"  # the scenes that belong to no act
GAME_MINUTES, END_MINUTES = 3, 12
TITLES = {GAME: "play.page.title", END: "course.end.title"}
END_DOORS = (Door("contents", 2), Door("ledger", 2), Door("check", 1), Door("share", 1), Door("words", 2))


@dataclass(frozen=True)
class Stop:
    """A scene at its address, with the act that it belongs to (the last two have none), its minutes and its doors."""

    address: str
    minutes: int
    doors: tuple[Door, ...]
    act: Lesson | None = None
    scene: Scene | None = None


@remembered
def stops(course: Course) -> tuple[Stop, ...]:
    """The scenes of the walk, in order."""
    own = [
        Stop(f"{act.id}/{scene.name}", scene.minutes, scene.doors, act, scene)
        for act in course.acts
        for scene in act.scenes
    ]
    exercises = tuple(act.door for act in course.acts if act.door)
    return (*own, Stop(GAME, GAME_MINUTES, ()), Stop(END, END_MINUTES, (*exercises, *END_DOORS)))


def doors(course: Course) -> Iterator[tuple[Door, str]]:
    """Every door of the walk, with the path of its question."""
    for stop in stops(course):
        for door in stop.doors:
            owner = next((act.id for act in course.acts if door == act.door), "course")
            yield door, f"{stop.act.id if stop.act else owner}.doors.{door.name}"


def frame(course: Course, state: store.State) -> Frame:
    """The rail's entries and the way on from each scene."""
    return _entries(course, state.context, tuple(mark(course, state, stop) for stop in stops(course)))


@remembered
def _entries(course: Course, context: str, marks: tuple[str, ...]) -> Frame:
    found: Frame = {}
    walk = stops(course)
    titles = [title(course, context, stop) for stop in walk]
    for i, stop in enumerate(walk):
        found[f"rail.{stop.address}"] = {"state": marks[i]}
        label = course.say(f"words.scene_{marks[i]}", None, {"title": titles[i]})
        found[f"rail.{stop.address}.title"] = {"text": titles[i], "label": label}
        found[f"title.{stop.address}"] = {"text": titles[i]}
        found[f"minutes.{stop.address}"] = {"text": minutes(course, stop.minutes)}
        if stop.act is not None and stop.scene is not None:
            aim = course.at(f"{stop.act.id}.scenes.{stop.scene.name}.aim", context)
            found[f"aim.{stop.address}"] = {"text": aim}
        if stop.address == GAME:
            found[f"scene.{GAME}"] = {"hidden": marks[i] == SHUT}
        if i:
            found[f"back.{stop.address}"] = {"text": titles[i - 1]}
        if i + 1 < len(walk):
            found[f"on.{stop.address}"] = {"text": titles[i + 1], "hidden": marks[i + 1] == SHUT}
    for door, path in doors(course):
        question = course.at(path)
        found |= {
            key: {"text": question} for key in (f"door.{door.name}", f"why.{door.name}", f"rail.{door.name}.door")
        }
        found[f"door.{door.name}.minutes"] = {"text": minutes(course, door.minutes)}
    return found


def lists(course: Course) -> dict[str, list[str]]:
    """What the walk's repeated parts are built from: the addresses of all scenes; of each its doors, the one before, the next."""
    walk = stops(course)
    found = {"scenes": [stop.address for stop in walk]}
    for i, stop in enumerate(walk):
        found[f"{stop.address}.doors"] = [door.name for door in stop.doors]
        found[f"{stop.address}.before"] = found["scenes"][i - 1 : i] if i else []
        found[f"{stop.address}.next"] = found["scenes"][i + 1 : i + 2]
    return found


def mark(course: Course, state: store.State, stop: Stop) -> str:
    """Whether a scene is done, open, or still shut. One that asks nothing is done when the next question is answered.

    The game opens with the last act's instruments. The last is never shut: a report can be handed in at any time.
    """
    if stop.address == GAME:
        if not all(store.is_revealed(course, state, act.id) for act in course.acts if act.scenes):
            return SHUT
        return DONE if ledger.best(store.facts(state), course.at("play.levels")[0]["id"]) else OPEN
    if stop.act is None or stop.scene is None:
        return OPEN
    act, scene = stop.act, stop.scene
    opened = store.is_open(course, state, act.id) if scene.open else store.is_revealed(course, state, act.id)
    if not opened:
        return SHUT
    after = act.scenes[act.scenes.index(scene) :]
    part = next((later.asks for later in after if later.asks), "")
    return DONE if part and store.answer(state, f"{act.id}.{part}") else OPEN


def title(course: Course, context: str, stop: Stop) -> str:
    """What a scene asks."""
    if stop.act is None or stop.scene is None:
        return str(course.at(TITLES[stop.address]))
    return str(course.at(f"{stop.act.id}.scenes.{stop.scene.name}.title", context))


def minutes(course: Course, count: int) -> str:
    """How long something takes, as it is said."""
    return course.say("words.minutes", None, {"minutes": count})
