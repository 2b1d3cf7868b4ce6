"""The serving floor as a frame: two servers' lanes, why a request was slow, and tables that say what the lanes show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import engine
from acts.promises import floor, now, serving
from acts.promises.actions import RequestPicked
from acts.promises.controls import FLOOR
from acts.promises.floor import BOTH, CELLS, PANELS, FloorRequest
from content import wording
from content.controls import controls
from content.course import Course, Result
from content.wording import Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts

PATH, KEY = "replay.floor", "act2.replay"
SECONDS = 60  # that the whole replay lasts at its usual speed
MOMENTS = 6  # key frames and rows of the table of moments, evenly over the time
SLOWEST = 4  # rows of each server in the table of slow requests
SEATED = tuple(engine.KINDS.index(kind) for kind in ("seated", "prefill", "decode"))
QUEUED = tuple(engine.KINDS.index(kind) for kind in ("waits", "evicted"))
IDLE = engine.KINDS.index("idle")


@dataclass(frozen=True)
class Shown:
    """One panel: its run by name, and the run's record once that is at hand."""

    request: FloorRequest
    result: Result | None = field(hash=False)

    @property
    def played(self) -> Result | None:
        """The record, None while it is missing and where nothing can run."""
        return self.result if self.result and self.result["runs"] else None


Floors = Mapping[str, Shown]


def floors(course: Course, state: store.State) -> Floors:
    """The two servers that are shown, by panel, each with its recorded run if that is at hand."""
    requests = floor.floor_requests(course, state.settings[state.context])
    return {panel: Shown(request, state.results.get(request)) for panel, request in requests.items()}


def frame(course: Course, state: store.State) -> Frame:
    """The instrument; its lanes once both runs are recorded."""
    pointed = now.kept(state).picked
    return _shown(course, floors(course, state), str(state.value(FLOOR)), state.settled, pointed)


@remembered
def _shown(course: Course, shown: Floors, which: str, settled: bool, pointed: tuple[str, int] | None) -> Frame:
    known = all(panel.result is not None for panel in shown.values())
    titles = _titles(course, which, shown)
    found: Frame = {
        KEY: {"scene": _scene(course, shown) if known else None, "state": None if known else "waiting"}
        | _picked_mark(pointed, shown),
        f"{KEY}.state": _status(course, settled, shown, titles, known),
        f"{KEY}.legend": {"items": course.at(f"{PATH}.legend")},
        f"{KEY}.caption": {"text": course.at(f"{PATH}.caption")},
        f"{KEY}.stops": {"hidden": not any(panel.played and panel.played["stops"] for panel in shown.values())},
        **parts.player(course, KEY),
    }
    for name, panel in shown.items():
        found[f"{KEY}.{name}.title"] = {"text": titles[name]}
        found[f"{KEY}.{name}.lanes"] = {"hidden": known and not panel.played}
        found[f"{KEY}.{name}.useful"] = {"text": _useful(course, panel)}
        if not known:  # afterwards each moment has a label of its own
            found[f"{KEY}.{name}"] = {"label": found[f"{KEY}.state"]["text"]}
    short = _titles(course, which, shown, short=True).values()
    tables = _tables(course, *shown.values(), *short) if known else _tables(course, None, None, *short)
    return {**found, **_why(course, pointed, shown, titles), **tables}


def _titles(course: Course, which: str, shown: Floors, short: bool = False) -> dict[str, str]:
    """What each panel shows: the side and its scheduling; in short, what tells the two apart."""
    found = {}
    for (name, panel), own in zip(shown.items(), serving.SIDES, strict=True):
        side = own if which == BOTH else which
        policy = controls(course)[f"act2.{side}.policy"].show(panel.request.policy)
        title = course.at(f"act2.sides.{side}.title")
        whole = course.say(f"{PATH}.same", None, {"title": title, "policy": policy})
        found[name] = whole if not short else title if which == BOTH else policy
    return found


def _status(course: Course, settled: bool, shown: Floors, titles: Mapping[str, str], known: bool) -> dict[str, Any]:
    if not known:
        return {"text": course.at(f"{PATH}.{'waiting' if settled else 'held_slider'}"), "state": "waiting"}
    closed = [titles[name] for name, panel in shown.items() if not panel.played]
    if closed:
        return {
            "text": course.say(f"{PATH}.cannot", None, {"title": wording.listed(closed, "semicolon")}),
            "state": "warn",
        }
    request = shown[PANELS[0]].request
    numbers = {"requests": request.requests, "seconds": end_ms(*shown.values()) / 1e3, "load": request.load}
    return {"text": course.say(f"{PATH}.arrivals", None, numbers), "state": "info"}


def _useful(course: Course, panel: Shown) -> str:
    share = panel.played["useful_seats"] if panel.played else None
    return "" if share is None else course.say(f"{PATH}.useful", None, {"useful": share})


def _scene(course: Course, shown: Floors) -> dict[str, Any]:
    words = course.at(PATH)
    axes = {"seats": "seat", "queue": "queue", "batch": "batch", "step_us": "step", "blocks": "kv"}
    length = end_ms(*shown.values())
    return {
        "painter": "floor",
        "name": " ".join("-".join(map(str, vars(panel.request).values())) for panel in shown.values()),
        "panels": {name: panel.result for name, panel in shown.items()},
        "end_ms": length,
        "seconds": SECONDS,
        "start": length * 2 // 3,
        "keys": moments(length),
        "words": {name: words[f"{word}_axis"] for name, word in axes.items()} | {"second": words["second"]},
    }


def end_ms(*shown: Shown) -> int:
    """How long both servers can be watched, in ms; 1 when neither runs."""
    return min((panel.played["end_ms"] for panel in shown if panel.played), default=1)


def moments(length: int) -> list[int]:
    """The key frames, in ms."""
    return [length * (i + 1) // MOMENTS for i in range(MOMENTS)]


# --- one request -------------------------------------------------------------------------------------------------------


def picked(pointed: tuple[str, int] | None, shown: Floors) -> tuple[str, int] | None:
    """The panel and request that is explained: the one that was picked, else the slowest of the first server that runs."""
    running = {name: panel.played for name, panel in shown.items() if panel.played}
    if pointed and pointed[0] in running and 0 <= pointed[1] < len(running[pointed[0]]["lives"]):
        return pointed
    return next(((name, result["slowest"][0]) for name, result in running.items()), None)


def _picked_mark(pointed: tuple[str, int] | None, shown: Floors) -> dict[str, Any]:
    mark = picked(pointed, shown)
    return {"picked": f"{mark[0]} {mark[1]}" if mark else None}


def pick(course: Course, state: store.State, move: str) -> RequestPicked:
    """The action of a button: the slowest request of a panel (its name), or the one before or after the picked one."""
    shown = floors(course, state)
    running = {name: panel.played for name, panel in shown.items() if panel.played}
    before = picked(now.kept(state).picked, shown)
    if move in running:
        return RequestPicked(move, running[move]["slowest"][0])
    if move in PANELS or before is None:
        return RequestPicked(PANELS[0], None)
    name, request = before
    last = len(running[name]["lives"]) - 1
    return RequestPicked(name, min(max(request + {"earlier": -1, "later": 1}[move], 0), last))


def _why(course: Course, pointed: tuple[str, int] | None, shown: Floors, titles: Mapping[str, str]) -> Frame:
    explained = picked(pointed, shown)
    played = shown[explained[0]].played if explained else None
    if explained is None or played is None:
        return {f"{KEY}.why": {"live": "off", "text": ""}, f"{KEY}.life": {"label": course.at(f"{PATH}.why.title")}}
    name, request = explained
    said = life_in_words(course, titles[name], floor.life_of(played, request))
    label = course.say(f"{PATH}.why.life_label", None, {"said": _unmarked(said)})
    live = "polite" if pointed else "off"  # spoken to whoever points at requests, and to nobody else
    return {f"{KEY}.why": {"live": live, "text": said}, f"{KEY}.life": {"label": label}}


def _unmarked(text: str) -> str:
    return "".join(words for _, words, _ in wording.runs(text))


def life_in_words(course: Course, title: str, life: Mapping[str, Any]) -> str:
    """A request's way in words: what it waited for, how its prompt was read, what held it up later."""
    words = course.at(f"{PATH}.why")
    numbers = {**life, "title": title, "whole_s": life["ttft_s"] + life["answer_s"]}
    keys = ["head", _cause(life), "prompt_one" if life["chunks"] == 1 else "prompt_many"]
    if life["evictions"]:
        keys.append("evicted_once" if life["evictions"] == 1 else "evicted_often")
    if life["stalled_s"] > 0:
        keys.append("stalled")
    elif not life["evictions"]:
        keys.append("smooth")
    return wording.sentences(wording.fill(words[key], numbers) for key in keys)


def _cause(life: Mapping[str, Any]) -> str:
    alone = life["cause"] in (engine.SEATS, engine.BLOCKS) and not life["ahead"]
    return f"{life['cause']}_first" if alone else str(life["cause"])


# --- tables ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _tables(course: Course, one: Shown | None, two: Shown | None, *titles: str) -> Frame:
    """The slow requests of both servers and the floor at a few moments. Kept, since counting takes longer than a frame."""
    panels = [panel for panel in (one, two) if panel]
    running = {name: p.played for name, p in zip(PANELS, panels, strict=False) if p.played}
    slow = [row for name, result in running.items() for row in _slow_rows(course, titles[PANELS.index(name)], result)]
    rows = [_moment_row(course, running, at) for at in moments(end_ms(*panels))] if running else []
    named = dict(zip(PANELS, titles, strict=True))
    return {
        f"{KEY}.slow.head": {"head": course.at(f"{PATH}.why.table")},
        f"{KEY}.slow.body": {"rows": slow},
        f"{KEY}.moments.describe": {"text": course.say(f"{PATH}.moments.describe", None, named)},
        f"{KEY}.moments.head": {"head": course.at(f"{PATH}.moments.columns")},
        f"{KEY}.moments.body": {"rows": rows},
    }


def _slow_rows(course: Course, title: str, result: Result) -> list[list[str]]:
    causes = course.at(f"{PATH}.causes")
    found = []
    for request in result["slowest"][:SLOWEST]:
        life = floor.life_of(result, request)
        times = [wording.show(life[name], "time") for name in ("ttft_s", "waited_s")]
        found.append([f"{title}, {request}", *times, causes[life["cause"]]])
    return found


def _moment_row(course: Course, running: Mapping[str, Result], at: int) -> list[str]:
    moments = {panel: at_moment(result, at) for panel, result in running.items()}
    cells = []
    for name, form in (("batch", "n"), ("idle", "n"), ("waiting", "n"), ("step", "ms"), ("kv", "pct")):
        values = {panel: wording.show(moments[panel][name] if panel in moments else None, form) for panel in PANELS}
        cells.append(course.say(f"{PATH}.moments.cell", None, values))
    return [wording.show(at / 1e3, "time"), *cells]


def at_moment(result: Result, at: int) -> Numbers:
    """A server at a moment in ms: requests in their seats and waiting, seats taken idly, the step in s, share of memory."""
    kinds = [kind for kind, begin, end in _open(result["spans"]) if begin <= at < end]
    cell = min(at * CELLS // result["end_ms"], CELLS - 1)
    curves = result["curves"]
    return {
        "at": at / 1e3,
        "seats": result["seats"],
        "batch": sum(kind in SEATED for kind in kinds),
        "idle": kinds.count(IDLE),
        "waiting": sum(kind in QUEUED for kind in kinds),
        "step": curves["step_us"][cell] / 1e6,
        "kv": curves["blocks"][cell] / result["blocks"],
    }


def _open(spans: list[int]) -> Any:
    return zip(spans[0::5], spans[3::5], spans[4::5], strict=True)


def moment(course: Course, state: store.State, at: int) -> Frame:
    """The sentences of one moment, in ms."""
    found: Frame = {}
    shown = floors(course, state)
    titles = _titles(course, str(state.value(FLOOR)), shown)
    for name, panel in shown.items():
        text = course.say(f"{PATH}.now", None, at_moment(panel.played, at)) if panel.played else ""
        found[f"{KEY}.{name}.now"] = {"text": text}
        label = course.say(f"{PATH}.lanes_label", None, {"title": titles[name], "said": text})
        found[f"{KEY}.{name}"] = {"label": label}
    time = wording.show(at / 1e3, "time")
    return {**found, f"{KEY}.time": {"text": time}, f"{KEY}.position": {"spoken": time}}
