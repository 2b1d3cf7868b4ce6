"""What frames the acts: notices, the two contexts, the status line, the synthesis."""

from content import wording
from content.course import Course
from content.wording import Quantity
from page.page import Frame
from page.remembered import remembered
from state import hosting, store
from state.act import Entry
from state.state import HOST
from state.store import acts

SAVED = {
    store.UNKNOWN: "saved_unknown",
    store.SAVING: "saved_saving",
    store.DEVICE: "saved_device",
    store.PAGE: "saved_page",
    store.COURSE: "saved_course",
    HOST: "saved_host",
}


def frame(course: Course, state: store.State) -> Frame:
    """Notices, contexts, status line and synthesis."""
    return {
        **notices(state),
        **_offer(course, state),
        **_contexts(course, state.context),
        **_status(course, state),
        **_synthesis(course, state),
    }


def notices(state: store.State) -> Frame:
    """What the learner should know, as sentences; it needs nothing that could be missing."""
    return {"notices.box": {"hidden": not state.notices}, "notices.list": {"items": list(state.notices)}}


def _offer(course: Course, state: store.State) -> Frame:
    """The question whether a record that came with the address shall be added to the learner's own."""
    text, offer = course.at("embed.foot.offered"), state.offered
    filled = wording.fill(text, {"facts": offer.facts, "texts": offer.texts}) if offer else ""
    return {"offer.box": {"hidden": not state.offered}, "offer.text": {"text": filled}}


@remembered
def _contexts(course: Course, here: str) -> Frame:
    found: Frame = {}
    for id in course.contexts:
        context = course.about(id)
        numbers = {key: value for act in course.acts for key, value in act.words(course, id).items()}
        found[f"context.{id}"] = {"state": "chosen" if id == here else None}
        found[f"context.{id}.input"] = {"checked": id == here}
        found[f"context.{id}.label"] = {"text": f"{context.label} · {context.persona}"}
        found[f"context.{id}.text"] = {"text": wording.fill(context.text, numbers)}
    return found


def _status(course: Course, state: store.State) -> Frame:
    found: Frame = {}
    for key, (label, value, mark) in status(course, state).items():
        found[f"status.{key}.label"] = {"text": label}
        found[f"status.{key}.value"] = {"text": value, "state": mark}
    return found


def status(course: Course, state: store.State) -> dict[str, Entry]:
    """The entries of the status line: the context, how far each act is, what the acts say of themselves, the record."""
    words = course.at("words")
    found: dict[str, Entry] = {"context": (words["status_context"], course.about(state.context).label, None)}
    for act in acts(course):
        if act.asks:
            stage = store.stage(course, state, act.id) if store.is_open(course, state, act.id) else "closed"
            found[act.id] = (course.at(f"{act.id}.name"), words[f"stage_{stage}"], None)
    for act in acts(course):
        found |= act.status(course, state)
    said = {"points": (score := store.score(course, state)).points, "most": score.most}
    found["points"] = (words["status_points"], course.say("report.score.short", None, said), None)
    place = hosting.kept_at(state)
    return found | {"ledger": (words["status_ledger"], words[SAVED[place]], "warn" if place == store.PAGE else None)}


def _synthesis(course: Course, state: store.State) -> Frame:
    if not store.is_done(course, state):
        return _takeaways(course, None)
    numbers: dict[str, Quantity] = {}
    for act in acts(course):
        numbers |= act.synthesis(course, state)
    return _takeaways(course, numbers)


@remembered
def _takeaways(course: Course, numbers: dict[str, Quantity] | None) -> Frame:
    """The synthesis with its numbers; None: it isn't open yet."""
    texts = [] if numbers is None else course.at("course.synthesis.takeaways")
    return {
        "synthesis.gate": {"hidden": numbers is not None},
        "synthesis.open": {"hidden": numbers is None},
        "synthesis.takeaways": {"items": [wording.fill(text, numbers or {}) for text in texts]},
    }
