"""What the lab shows and tells when it stands in another page: where the work is kept, and how far each act is."""

from content.course import Course
from page.page import Frame
from report import report
from state import store


def frame(course: Course, state: store.State) -> Frame:
    """The foot's sentence, and each act's stage as a mark that embed.js reads."""
    stages = {
        f"stage.{act.id}": {
            "state": store.stage(course, state, act.id) if store.is_open(course, state, act.id) else "closed"
        }
        for act in course.acts
        if act.asks
    }
    points = report.points(course, store.best_score(course, state))
    saved = {"text": course.at(f"embed.foot.{state.saved}"), "state": state.saved}
    return {**stages, "embed.saved": saved, "embed.points": {"text": points}}
