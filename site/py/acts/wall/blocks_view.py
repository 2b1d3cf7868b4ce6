"""The block map as a frame: the same memory handed out in stretches and in blocks, its table, and what others measured."""

from collections.abc import Mapping
from typing import Any

import engine
from acts.wall import blocks
from acts.wall.blocks import LAYOUTS, PAGED, BlocksRequest
from acts.wall.shape import Deployment
from content import wording
from content.course import Course, Result
from content.wording import Number, Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts

PATH, KEY = "replay.blocks", "act1.blocks"
HALVES = ("held", PAGED)
SECONDS = 40  # that the whole replay lasts at its usual speed
KEYS = 8  # key frames, evenly over the steps


def request_now(course: Course, state: store.State) -> BlocksRequest:
    """The memory that is shown now."""
    return blocks.request_of(course, state.settings[state.context], state.context)


def frame(course: Course, state: store.State) -> Frame:
    """The instrument, still empty while its memory is being filled."""
    request = request_now(course, state)
    return _shown(course, request, state.results.get(request))


@remembered
def _shown(course: Course, request: BlocksRequest, result: Result | None) -> Frame:
    words = course.at(PATH)
    known = result if result is not None and result["runs"] else None
    numbers = numbers_of(course, request, known)
    ready = wording.fill(words["ready"], numbers) if known else words["waiting"]
    return {
        KEY: {"scene": _scene(request, known) if known else None, "state": None if known else "waiting"},
        f"{KEY}.state": {"text": ready, "state": "info" if known else "waiting"},
        f"{KEY}.caption": {"text": wording.fill(words["caption"], numbers)},
        f"{KEY}.describe": {"text": wording.fill(words["describe"], numbers)},
        f"{KEY}.table": {"text": wording.fill(words["table_caption"], numbers)},
        f"{KEY}.head": {"head": words["table"]},
        f"{KEY}.body": {"rows": _rows(words, known) if known else []},
        f"{KEY}.published.head": {"head": course.at("replay.published.columns")},
        f"{KEY}.published.body": {"rows": _published(course, known) if known else []},
        f"{KEY}.why": {"text": course.say("replay.published.why", None, course.at("replay.published"))},
        **parts.player(course, KEY),
        **({} if known else {f"{KEY}.{half}": {"label": words["waiting"]} for half in HALVES}),
    }


def numbers_of(course: Course, request: BlocksRequest, result: Result | None) -> Numbers:
    """What the sentences around the maps may say: counts, bytes, and the two halves' means as held_ and paged_."""
    start = course.read(Deployment, "act1.deployment")
    model = course.models[start.model].with_kv_heads(request.kv_heads)
    found: dict[str, Number] = {
        "blocks": result["blocks"] if result else None,
        "block_tokens": engine.BLOCK_TOKENS,
        "block_bytes": engine.block_bytes(model, start.kv_bits),
        "steps": request.steps,
    }
    for half, layout in zip(HALVES, (request.reservation, PAGED), strict=True):
        means: Mapping[str, Number] = result["means"][layout] if result else dict.fromkeys(blocks.MEANS)
        found |= {f"{half}_{name}": value for name, value in means.items()}
    return found


def _scene(request: BlocksRequest, result: Result) -> dict[str, Any]:
    steps = request.steps
    return {
        "painter": "blocks",
        "name": "-".join(map(str, (request.workload, request.kv_heads, request.reservation))),
        "data": result,
        "block_tokens": engine.BLOCK_TOKENS,
        "seconds": SECONDS,
        "start": steps * 2 // 3,
        "keys": [steps * (i + 1) // KEYS - 1 for i in range(KEYS)],
    }


def _rows(words: Mapping[str, Any], result: Result) -> list[list[str]]:
    found = []
    for layout in LAYOUTS:
        means = result["means"][layout]
        shares = [wording.show(means[name], "pct") for name in ("useful", "later", "never", "free")]
        counts = [wording.show(means[name], "n") for name in ("running", "finished")]
        found.append([words["layouts"][layout], *shares, *counts])
    return found


def _published(course: Course, result: Result) -> list[list[str]]:
    """The useful share of each layout here, with the paper's kind of traffic, and as published."""
    shares, names = course.at("replay.published.shares"), course.at(f"{PATH}.layouts")
    rows = []
    for layout in LAYOUTS:
        values = (result["means"][layout]["useful"], result["like_paper"][layout], shares[layout])
        rows.append([names[layout], *(wording.show(value, "tenths") for value in values)])
    return rows


# --- the moment that is shown ------------------------------------------------------------------------------------------


def moment(course: Course, state: store.State, step: int) -> Frame:
    """The sentences of one step: shares of the memory in each half, requests in it and answered. Empty without a result."""
    request = request_now(course, state)
    result, words = state.results.get(request), course.at(PATH)
    if result is None or not result["runs"]:
        return {}
    step = min(step, request.steps - 1)
    found: Frame = {}
    for half in HALVES:
        numbers = _at(result, half, step)
        found[f"{KEY}.{half}"] = {"label": wording.fill(words[f"{half}_label"], numbers)}
        found[f"{KEY}.{half}.now"] = {"items": [wording.fill(text, numbers) for text in words["now"]]}
        found[f"{KEY}.{half}.count"] = {"text": wording.fill(words["now_requests"], numbers)}
    time = wording.fill(words["time"], {"step": step + 1, "steps": request.steps})
    return {**found, f"{KEY}.time": {"text": time}, f"{KEY}.position": {"spoken": time}}


def _at(result: Result, half: str, step: int) -> Numbers:
    """One half in one step: shares of its token slots, requests in memory and answered, blocks in all."""
    series, slots = result["series"][half], result["blocks"] * engine.BLOCK_TOKENS
    counts = {name: series[name][step] for name in blocks.SERIES}
    held = {name: counts[name] / slots for name in ("useful", "later", "never")}
    free = 1 - (counts["useful"] + counts["later"] + counts["never"]) / slots
    return {**counts, **held, "free": free, "blocks": result["blocks"]}
