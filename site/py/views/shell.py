"""What frames the acts: notices, the two contexts, the status line, the synthesis."""

from content import wording
from content.course import Course
from content.wording import Quantity
from page.page import Frame
from runs import oracles, serving
from state import store
from views.live import live_numbers
from views.remembered import DESIGN, remembered

SAVED = {
    store.UNKNOWN: "saved_unknown",
    store.SAVING: "saved_saving",
    store.DEVICE: "saved_device",
    store.PAGE: "saved_page",
}


@remembered(
    DESIGN,
    same=("record.facts", "results"),
    equal=("record.moved", "settled", "strange", "saved", "notices", "offered"),
)
def frame(course: Course, state: store.State) -> Frame:
    """Notices, contexts, status line and synthesis."""
    return {
        **notices(state),
        **_offer(course, state),
        **_contexts(course, state),
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


def _contexts(course: Course, state: store.State) -> Frame:
    found: Frame = {}
    for context in course.at("course.contexts"):
        id = context["id"]
        numbers = {"context_tokens": course.at("act1.deployment.context_tokens", id)}
        found[f"context.{id}"] = {"state": "chosen" if id == state.context else None}
        found[f"context.{id}.input"] = {"checked": id == state.context}
        found[f"context.{id}.label"] = {"text": f"{context['label']} · {context['persona']}"}
        found[f"context.{id}.text"] = {"text": wording.fill(context["text"], numbers)}
    return found


def _status(course: Course, state: store.State) -> Frame:
    words = course.at("words")
    values = _status_values(course, state)
    found: Frame = {}
    for key, (value, mark) in values.items():
        found[f"status.{key}.label"] = {"text": words[f"status_{key}"]}
        found[f"status.{key}.value"] = {"text": value, "state": mark}
    return found


def _status_values(course: Course, state: store.State) -> dict[str, tuple[str, str | None]]:
    words = course.at("words")
    context = next(c for c in course.at("course.contexts") if c["id"] == state.context)
    revealed = store.answer(state, "act1.prediction") is not None
    sizes = oracles.users_numbers(course, store.asked(course, state, "act1.prediction")) if revealed else {}
    sides = live_numbers(course, state) if store.answer(state, "act2.prediction") else {}
    ttft, throughput = sides.get("a_ttft"), sides.get("b_throughput")
    share = sides.get("a_ttft_share")
    met = None if share is None else share <= 1
    slo = {None: words["slo_unknown"], True: words["slo_met"], False: words["slo_missed"]}[met]
    mark = {None: None, True: "good", False: "fail"}[met]
    acts = {
        act: words[f"stage_{store.stage(state, act)}" if store.is_open(state, act) else "stage_closed"]
        for act in store.ACTS
    }
    return {
        "context": (context["label"], None),
        "act1": (acts["act1"], None),
        "act2": (acts["act2"], None),
        "ttft": (wording.show(ttft, "time"), mark),
        "throughput": (wording.show(throughput, "tps"), None),
        "kv": (wording.show(sizes.get("kv_user_bytes"), "bytes"), None),
        "users": (wording.show(sizes.get("users"), "n"), None),
        "slo": (slo, mark),
        "ledger": (words[SAVED[state.saved]], "warn" if state.saved == store.PAGE else None),
    }


def _synthesis(course: Course, state: store.State) -> Frame:
    done = store.stage(state, "act2") == store.COMMITTED and store.is_open(state, "act2")
    found: Frame = {"synthesis.gate": {"hidden": done}, "synthesis.open": {"hidden": not done}}
    takeaways: list[str] = []
    if done:
        numbers: dict[str, Quantity] = dict(
            oracles.users_numbers(course, store.asked(course, state, "act1.prediction"))
        )
        numbers |= _recorded_numbers(course, state) or live_numbers(course, state)
        takeaways = [wording.fill(text, numbers) for text in course.at("course.synthesis.takeaways")]
    return found | {"synthesis.takeaways": {"items": takeaways}}


def _recorded_numbers(course: Course, state: store.State) -> dict[str, Quantity] | None:
    """The numbers of the design that was recorded last, which is what the learner takes away; None without one."""
    design = store.design(state)
    if design is None:
        return None
    requests = {side: serving.RunRequest(**design["settings"][side]) for side in serving.SIDES}
    results = {requests[side]: design["result"][side] for side in serving.SIDES}
    return oracles.sides_numbers(course.at("act2.targets"), requests, results)
