"""State to frame: what every keyed node of the page says and whether it can be seen. One module per part of the page.

`frame(course, state)` is a pure function; the build prerenders `frame(course, initial(course))` and the page patches the
differences afterwards, so the two can't disagree. Each act has its own frame, which stands with the act.
"""

from typing import Any

from content.course import Course
from content.wording import Number
from page.page import Frame
from state import store
from state.store import acts
from views import embed, ledger_view, parts, rail, report_view, share_view, shell


def frame(course: Course, state: store.State) -> Frame:
    """Everything the page shows for a state, key -> properties."""
    found = {**shell.frame(course, state), **rail.frame(course, state)}
    for act in acts(course):
        found = {**found, **act.frame(course, state)}
    return {
        **found,
        **ledger_view.frame(course, state),
        **embed.frame(course, state),
        **report_view.frame(course, state),
        **share_view.frame(course, store.at_rest(state)),
    }


def moment(course: Course, state: store.State, key: str, at: int) -> Frame:
    """What a replay says at a position of its own."""
    return next(act.moments[key] for act in acts(course) if key in act.moments)(course, state, at)


def lists(course: Course) -> dict[str, list[str]]:
    """The ids that the page's repeated parts are built from, by the name that the page uses."""
    found = {"contexts": list(course.contexts), "status": list(shell.status(course, store.initial(course)))}
    found["speeds"] = course.at("replay.player.speeds")
    for question in course.questions:
        found[f"{question}.options"] = [option.id for option in course.question(question).options]
    for act in course.acts:
        items = course.at(act.id).get("math", {}).get("items", ())
        found[f"{act.id}.math.items"] = [str(i) for i in range(len(items))]
        found |= act.lists(course)
    return found | rail.lists(course) | parts.choice_lists(course)


def static_words(course: Course) -> Any:
    """A function path -> words for the parts of the page that never change, numbers of the default scenario filled in."""
    context = course.at("course.context.default")
    numbers: dict[str, Number] = {
        key: value for act in course.acts for key, value in act.words(course, context).items()
    }

    def words(path: str) -> Any:
        return parts.filled(course.at(path, context), numbers)

    return words
