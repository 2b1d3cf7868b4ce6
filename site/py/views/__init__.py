"""State to frame: what every keyed node of the page says and whether it can be seen. One module per part of the page.

`frame(course, state)` is a pure function; the build prerenders `frame(course, initial(course))` and the page patches the
differences afterwards, so the two can't disagree.
"""

from typing import Any

from content.course import QUESTIONS, Course
from page.page import Frame
from runs import oracles, sweeps
from state import store
from views import (
    act1,
    act2,
    blocks_view,
    bugs_view,
    cluster_view,
    embed,
    floor_view,
    ledger_view,
    parts,
    report_view,
    share_view,
    shell,
)

STATUS = ("context", "act1", "act2", "ttft", "throughput", "kv", "users", "slo", "ledger")


def frame(course: Course, state: store.State) -> Frame:
    """Everything the page shows for a state, key -> properties."""
    return {
        **shell.frame(course, state),
        **act1.frame(course, state),
        **act2.frame(course, state),
        **bugs_view.frame(course, state),
        **ledger_view.frame(course, state),
        **embed.frame(course, state),
        **report_view.frame(course, state),
        **share_view.frame(course, store.at_rest(state)),
        **cluster_view.frame(course, state),
    }


def moment(course: Course, state: store.State, key: str, at: int) -> Frame:
    """What a replay says at a position of its own."""
    return MOMENTS[key](course, state, at)


MOMENTS = {blocks_view.KEY: blocks_view.moment, floor_view.KEY: floor_view.moment}


def lists(course: Course) -> dict[str, list[str]]:
    """The ids that the page's repeated parts are built from, by the name that index.html uses."""
    found = {"contexts": list(course.contexts), "status": list(STATUS), "map.states": list(sweeps.MAP_STATES)}
    found["speeds"] = course.at("replay.player.speeds")
    for question in QUESTIONS:
        found[f"{question}.options"] = [option["id"] for option in course.at(question)["options"]]
    for act in store.ACTS:
        found[f"{act}.math.items"] = [str(i) for i in range(len(course.at(f"{act}.math.items")))]
    for kind in ("numbers", "choices"):
        found[f"bugs.{kind}"] = [bug["id"] for bug in course.at(f"bugs.{kind}")]
    return found | parts.choice_lists(course)


def static_words(course: Course) -> Any:
    """A function path -> words for the parts of the page that never change, numbers of the default scenario filled in."""
    context = course.at("course.context.default")
    numbers = oracles.users_numbers(course, oracles.scenario(course, "act1.prediction", context))

    def words(path: str) -> Any:
        return parts.filled(course.at(path, context), numbers)

    return words
