"""What the lab shows and tells when it stands in another page: where the work is kept, and how far each act is."""

from content.course import Course
from page.page import Frame
from record import ledger
from report import report
from state import hosting, store
from state.state import ASKING


def frame(course: Course, state: store.State) -> Frame:
    """The foot's sentence, and each act's stage as a mark that embed.js reads."""
    stages: Frame = {
        f"stage.{act.id}": {
            "state": store.stage(course, state, act.id) if store.is_open(course, state, act.id) else "closed"
        }
        for act in course.acts
        if act.asks
    }
    added = hosting.added(state.record, state.hosted or ledger.Record())
    points = report.points(course, store.best_score(course, state))
    host = course.say(f"embed.host.{state.host}", None, {"points": points, **added}) if state.host else points
    is_asking = state.host == ASKING
    asks: Frame = {
        "embed.host.box": {"hidden": not is_asking},
        "embed.host.text": {"text": host if is_asking else ""},
    }
    saved = {"text": course.at(f"embed.foot.{state.saved}"), "state": state.saved}
    return {**stages, **asks, "embed.saved": saved, "embed.points": {"text": host}}
