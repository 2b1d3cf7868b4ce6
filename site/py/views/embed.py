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
    points = report.points(course, store.best_score(course, state))
    is_asking = state.host == ASKING
    host = asked(course, state) if is_asking else points
    if state.host and not is_asking:
        host = course.say(f"embed.host.{state.host}", None, {"points": points})
    asks: Frame = {
        "embed.host.box": {"hidden": not is_asking},
        "embed.host.text": {"text": host if is_asking else ""},
    }
    place = hosting.kept_at(state)
    saved = {"text": course.at(f"embed.foot.{place}"), "state": place}
    return {**stages, **asks, "embed.saved": saved, "embed.points": {"text": host}}


def asked(course: Course, state: store.State) -> str:
    """What the learner is asked before a host gets the work. Of a host that would bring nothing: whose work lies here."""
    theirs = state.hosted or ledger.Record()
    brought = hosting.added(state.record, theirs)
    if any(brought.values()):
        return course.say("embed.host.asking", None, brought)
    return course.say("embed.host.whose", None, hosting.added(theirs, state.record))
