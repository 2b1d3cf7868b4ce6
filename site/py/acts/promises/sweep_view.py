"""The two sweeps as a frame: where the promise can be kept, and how far the learner's design is from the frontier.

Everything that follows from a sweep alone is computed once for each result that comes in; what moves with a slider is only
the learner's own point.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import charts
from acts.promises import now, sweeps
from acts.promises.serving import RunRequest
from acts.promises.sweeps import Point, Sweep
from content import wording
from content.controls import controls
from content.course import Course
from content.wording import Number, Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts

PATH = "sweeps"


def frame(course: Course, state: store.State) -> Frame:
    """The feasibility map and the frontier."""
    sides, kept = now.sides(course, state), now.kept(state)
    return {
        **_map(course, now.sweep(course, state, sweeps.MAP), sides, kept.mapping, state.theme),
        **_frontier(
            course, now.sweep(course, state, sweeps.FRONTIER), sides, now.is_sweeping(course, state), state.theme
        ),
    }


# --- The feasibility map -------------------------------------------------------------------------------------------------


@remembered
def _map(course: Course, whole: Sweep, sides: sweeps.Sides, wanted: bool, theme: str) -> Frame:
    table, own = course.at(f"{PATH}.map"), sides["a"]
    sweep = sweeps.shown(course, whole, sides)
    numbers = map_numbers(course, sweep)
    here = (_position(table["limits"], own.max_sequence), _position(table["loads"], own.load))
    cells = _map_cells(course, sweep, theme)
    columns = [_short_limit(course, column) for column in sweeps.columns(course, sweep.scenario)]
    loads = [wording.show(load) for load in table["loads"]]
    figure = charts.feasibility_chart(cells, columns, loads, here, table, theme)
    describe = wording.fill(table["describe"], {**numbers, "counts": _counts(table, numbers)})
    head, rows = _map_table(course, sweep)
    return {
        **parts.chart("act2.map", table["chart_title"], table["caption"], describe, figure, head, rows),
        "act2.map.findings": {"items": _map_findings(course, sweep, own)},
        "act2.map.basis": {"text": wording.fill(table["basis"], numbers)},
        **_map_progress(course, whole, sides, wanted, numbers),
        **{
            f"act2.map.key.{state}": {"text": f"{table['marks'][state]} {words}"}
            for state, words in table["states"].items()
        },
    }


def _counts(table: Mapping[str, Any], numbers: Numbers) -> str:
    """How many fields are in which state, those that occur."""
    found = [(words, numbers[state]) for state, words in table["states"].items() if numbers[state]]
    return wording.listed(
        (wording.fill(table["count"], {"state": words, "count": count}) for words, count in found), "semicolon"
    )


def _map_progress(course: Course, sweep: Sweep, sides: sweeps.Sides, wanted: bool, numbers: Numbers) -> Frame:
    left = numbers["waiting"] or sweeps.missing(course, sweep, sides)
    status = "finished" if not left else "running" if wanted else "stopped" if sweep.results else "idle"
    return {
        "act2.map.status": {"text": course.say(f"{PATH}.map.{status}", None, numbers)},
        "act2.map.said": {"text": course.at(f"{PATH}.said.{status}")},
        "act2.map.bar": {"value": numbers["done"], "max": str(numbers["total"]), "label": course.at(f"{PATH}.bar")},
        "act2.map.start": {"disabled": wanted},
        "act2.map.cancel": {"disabled": not wanted},
    }


@lru_cache(maxsize=4)
def map_numbers(course: Course, sweep: Sweep) -> Numbers:
    """How many cells of the map are in which state, and what a cell stands for."""
    states = [cell.state for column in sweeps.feasibility(course, sweep) for cell in column]
    table = course.at(f"{PATH}.map")
    return {
        **{state: states.count(state) for state in sweeps.MAP_STATES},
        "total": len(states),
        "done": len(states) - states.count(sweeps.WAITING),
        "slo": course.at("act2.targets.ttft_p99_s"),
        "requests": table["requests"],
        "days": table["days"],
        "seed": sweep.scenario.base.seed,
    }


@lru_cache(maxsize=4)
def _map_cells(course: Course, sweep: Sweep, theme: str) -> list[dict[str, Any]]:
    table, found = course.at(f"{PATH}.map"), []
    names = [_limit(course, column) for column in sweeps.columns(course, sweep.scenario)]
    for i, column in enumerate(sweeps.feasibility(course, sweep)):
        for j, cell in enumerate(column):
            hover = table["states"][cell.state]
            if cell.ttft_s:
                said = {"limit": names[i], "load": wording.show(table["loads"][j]), "ttft": _days(course, cell)}
                hover = wording.fill(table["hover"], {**said, "state": hover})
            found.append((i, j, cell.state, hover))
    return charts.feasibility_cells(found, table["marks"], table["states"], theme)


@lru_cache(maxsize=4)
def _map_table(course: Course, sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    """Heaviest load first, as on the map; what the server can do above, what it takes when empty below."""
    table, columns = course.at(f"{PATH}.map"), sweeps.columns(course, sweep.scenario)
    head = [table["head"], *(_limit(course, column) for column in columns)]
    states, marks = sweeps.feasibility(course, sweep), table["marks"]
    most = (sweeps.capacity(course, sweep, i) for i in range(len(columns)))
    rows = [[table["capacity_row"], *(wording.show(value, "d") for value in most)]]
    for j, load in reversed(list(enumerate(table["loads"]))):
        cells = (column[j] for column in states)
        rows.append([wording.show(load), *(f"{marks[cell.state]} {_days(course, cell)}".strip() for cell in cells)])
    rows.append([table["lone_row"], *(wording.show(column.lone_s, "time") for column in columns)])
    return head, rows


def _days(course: Course, cell: sweeps.Cell) -> str:
    """The P99 of a cell, of several days the span; nothing for a cell that was not simulated."""
    if not cell.ttft_s:
        return ""
    low, high = min(cell.ttft_s) * 1e3, max(cell.ttft_s) * 1e3
    if wording.show(low, "n") == wording.show(high, "n"):
        return wording.show(cell.ttft_s[0], "time")
    return course.say(f"{PATH}.map.days_cell", None, {"low": low, "high": high})


def _limit(course: Course, column: sweeps.Column) -> str:
    return wording.show(column.limit, "n") if column.caps else str(course.at(f"{PATH}.map.no_limit"))


def _short_limit(course: Course, column: sweeps.Column) -> str:
    """A limit as a tick: in units of 1,024 tokens, so that nine of them stand side by side on a phone."""
    return f"{wording.short(column.limit / 1024, 2)}k" if column.caps else _limit(course, column)


def _position(values: Sequence[float], value: float) -> float:
    """Where a value stands between the positions 0, 1, ... of rising values; before the first and past the last at the
    pace of the nearest two."""
    at = min(max(sum(known <= value for known in values) - 1, 0), len(values) - 2)
    place = at + (value - values[at]) / (values[at + 1] - values[at])
    return max(-0.5, min(place, len(values) - 0.5))


def _map_findings(course: Course, sweep: Sweep, own: RunRequest) -> list[str]:
    """What the map says in sentences: the empty server, the longest limit that could do, the heaviest load at the own one."""
    path, columns = f"{PATH}.map", sweeps.columns(course, sweep.scenario)
    slo, free = course.at("act2.targets.ttft_p99_s"), columns[-1]
    said: Numbers = {"prompt": free.prompt_tokens, "lone": free.lone_s, "slo": slo}
    if free.lone_s is None:
        found = [course.say(f"{path}.no_room")]
    else:
        found = [course.say(f"{path}.{'empty' if free.lone_s <= slo else 'empty_never'}", None, said)]
    if free.lone_s is None or free.lone_s > slo:
        limit = sweeps.longest_limit(course, sweep.scenario)
        found.append(course.say(f"{path}.{'empty_way' if limit else 'empty_none'}", None, {"limit": limit}))
    return [*found, *_heaviest(course, sweep, own)]


def _heaviest(course: Course, sweep: Sweep, own: RunRequest) -> list[str]:
    """The heaviest load that is kept in the column nearest to the learner's limit; nothing before it is simulated."""
    loads, columns = course.at(f"{PATH}.map.loads"), sweeps.columns(course, sweep.scenario)
    near = min(range(len(columns) - 1), key=lambda i: abs(columns[i].limit - own.max_sequence))
    states, most = (
        [cell.state for cell in sweeps.feasibility(course, sweep)[near]],
        sweeps.capacity(course, sweep, near),
    )
    if most is None or sweeps.WAITING in states:
        return []
    held = [load for load, state in zip(loads, states, strict=True) if state == sweeps.HOLDS]
    said: Numbers = {"limit": columns[near].limit, "load": held[-1] if held else loads[0], "most": most}
    return [course.say(f"{PATH}.map.{'heaviest' if held else 'heaviest_none'}", None, said)]


# --- The frontier --------------------------------------------------------------------------------------------------------


@remembered
def _frontier(course: Course, whole: Sweep, sides: sweeps.Sides, running: bool, theme: str) -> Frame:
    sweep, side = sweeps.shown(course, whole, sides), whole.scenario.side
    own = sweeps.in_sweep(sweep.scenario, sides[side])
    other = sweeps.in_sweep(sweep.scenario, sides[_other(side)])
    return {
        **_progress(course, whole, sides, running),
        **_standing(course, sweep, own),
        **_charts(course, sweep, own, other, theme),
        "act2.frontier.key": {"items": parts.filled(course.at(f"{PATH}.frontier.key"), {"side": _other(side).upper()})},
    }


def _other(side: str) -> str:
    return "b" if side == "a" else "a"


def _progress(course: Course, sweep: Sweep, sides: sweeps.Sides, running: bool) -> Frame:
    words = course.at(f"{PATH}.frontier")
    total = sweeps.size(course, sweep.scenario, sides)
    done = total - len(sweeps.missing(course, sweep, sides)) if sweep.results else 0
    numbers: Numbers = {"done": done, "total": total}
    status = "finished" if done == total else "running" if running else "stopped" if done else "idle"
    tried = {"total": sweeps.tried(course, sweep.scenario), **_basis(sweep)}
    return {
        "act2.frontier.results": {"hidden": not sweep.results},
        "act2.frontier.intro": {"text": wording.fill(words["intro"], tried)},
        "act2.frontier.status": {"text": wording.fill(words[status], numbers)},
        "act2.frontier.said": {"text": course.at(f"{PATH}.said.{status}")},
        "act2.frontier.bar": {"value": done, "max": str(total), "label": course.at(f"{PATH}.bar")},
        "act2.frontier.start": {"disabled": running or done == total},
        "act2.frontier.cancel": {"disabled": not running or done == total},
    }


def _basis(sweep: Sweep) -> Numbers:
    return {"requests": sweep.scenario.base.requests, "seed": sweep.scenario.base.seed}


@lru_cache(maxsize=4)
def _standing(course: Course, sweep: Sweep, own: RunRequest) -> Frame:
    """The score and what it is made of, how far off the design is, and the one change that helps most."""
    words, side = course.at(f"{PATH}.frontier"), sweep.scenario.side
    best, mine = sweeps.reference(course, sweep), sweeps.point(sweep, own)
    score = sweeps.score(course, side, mine, best) if mine and best else None
    kept = mine is not None and sweeps.kept_share(course, side, mine) == 1
    mark = None if mine is None else "good" if kept else "fail"
    said: Numbers = {"score": score, "full": sweeps.FULL_SCORE}
    shown = wording.NOT_YET if score is None else wording.fill(words["score_value"], said)
    return {
        "act2.frontier.score": {"text": shown, "state": mark},
        "act2.frontier.wait": {"text": wording.show(mine.ttft_s if mine else None, "time")},
        "act2.frontier.own_cost": {"text": wording.show(mine.cost if mine else None, "sig")},
        "act2.frontier.best_cost": {"text": wording.show(best.cost if best else None, "sig")},
        "act2.frontier.findings": {"items": _findings(course, sweep, own, mine)},
        **_change(course, sweep, own, score),
    }


def _findings(course: Course, sweep: Sweep, own: RunRequest, mine: Point | None) -> list[str]:
    """How far the design is from the frontier, in each of the two directions."""
    path, known = f"{PATH}.frontier", sweeps.points(course, sweep)
    basis = course.say(f"{path}.basis", None, _basis(sweep))
    if not known:
        return []
    if mine is None:
        missing = "waiting_own" if own not in sweep.results else "cut_all"
        return [course.say(f"{path}.{missing if sweeps.holds_memory(course, own) else 'own_fails'}"), basis]
    cost = min((p.cost for p in known if p.ttft_s <= mine.ttft_s), default=mine.cost)
    wait = min((p.ttft_s for p in known if p.cost <= mine.cost), default=mine.ttft_s)
    cheaper = "cheaper" if cost < mine.cost else "cheapest_already"
    sooner = "sooner" if wait < mine.ttft_s else "soonest_already"
    return [
        course.say(f"{path}.{cheaper}", None, {"best": cost, "own": mine.cost}),
        course.say(f"{path}.{sooner}", None, {"best": wait, "own": mine.ttft_s}),
        basis,
    ]


def _change(course: Course, sweep: Sweep, own: RunRequest, score: float | None) -> Frame:
    path, key = f"{PATH}.frontier", "act2.frontier.change"
    tried = sweeps.changes(course, sweep.scenario, own)
    if not sweeps.points(course, sweep) or not any(change.request in sweep.results for change in tried):
        return {key: {"hidden": True}, f"{key}.text": {"text": ""}, f"{key}.take": {"hidden": True}}
    if any(change.request not in sweep.results for change in tried):
        text, best = course.say(f"{path}.change_waiting"), None
    else:
        best = sweeps.best_change(course, sweep, own)
        text = _change_text(course, sweep, best, score) if best else course.say(f"{path}.no_change")
    return {key: {"hidden": False}, f"{key}.text": {"text": text}, f"{key}.take": {"hidden": best is None}}


def _change_text(course: Course, sweep: Sweep, best: tuple[Any, Point], score: float | None) -> str:
    change, then = best
    name = change.setting.rpartition(".")[2]
    value: Number = controls(course)[change.setting].show(change.value) if name == "policy" else change.value
    said: Numbers = {
        "change": course.say(f"act2.failures.change_{name}", None, {"value": value}),
        "score": sweeps.score(course, sweep.scenario.side, then, sweeps.reference(course, sweep)),
        "own_score": score if score is not None else 0,
        "ttft": then.ttft_s,
        "cost": then.cost,
    }
    text = course.say(f"{PATH}.frontier.change", None, said)
    both = name in ("gpus", "weight_bits")
    return wording.sentences([text, course.say(f"{PATH}.frontier.change_both") if both else ""])


# --- Its two charts ------------------------------------------------------------------------------------------------------


def _charts(course: Course, sweep: Sweep, own: RunRequest, other: RunRequest, theme: str) -> Frame:
    mine, theirs = sweeps.point(sweep, own), sweeps.point(sweep, other)
    return {key: value for name in AXES for key, value in _chart(course, name, sweep, mine, theirs, theme).items()}


AXES: Mapping[str, Any] = {
    "cost": (sweeps.cost_frontier, lambda point: point.cost),
    "throughput": (sweeps.throughput_frontier, lambda point: point.tokens_per_s),
}


@lru_cache(maxsize=8)
def _chart(course: Course, name: str, sweep: Sweep, mine: Point | None, theirs: Point | None, theme: str) -> Frame:
    """One chart of the frontier; computed again only when a result came in or the learner's own points moved."""
    words, id = course.at(f"{PATH}.frontier"), f"act2.frontier.{name}"
    known, front = sweeps.points(course, sweep), AXES[name][0](sweeps.points(course, sweep))
    title, caption = words[f"{name}_title"], words[f"{name}_caption"]
    if not known:
        return parts.chart(id, title, caption, words["nothing_yet"], {}, words["columns"], [])
    side = sweep.scenario.side
    groups = {
        keeps: [p for p in known if (sweeps.kept_share(course, side, p) == 1) == keeps] for keeps in (True, False)
    }
    clouds = [_group(course, name, words["kept" if keeps else "missed"], group) for keeps, group in groups.items()]
    line = _group(course, name, words["front"], front)
    named = ((words["mine"], mine), (wording.fill(words["other"], {"side": _other(side).upper()}), theirs))
    points = [_group(course, name, text, [p] if p else []) for text, p in named]
    limit = course.at("act2.targets.ttft_p99_s") if side == "a" else None
    axes = {**words, "x": words[f"{name}_x"]}
    figure = charts.frontier_chart(clouds, line, points, limit, axes, theme, name == "cost")
    beyond = sum(p.ttft_s > charts.highest(line, points, limit) for p in known)
    describe = _describe(course, name, known, front, mine, beyond)
    return parts.chart(
        id, title, caption, describe, figure, words["columns"], _rows(course, sweep, front, mine, theirs)
    )


def _group(course: Course, name: str, label: str, group: Sequence[Point]) -> charts.Cloud:
    hovers = [_configuration(course, p.request) for p in group]
    return [AXES[name][1](p) for p in group], [p.ttft_s for p in group], label, hovers


def _describe(
    course: Course, name: str, known: Sequence[Point], front: Sequence[Point], mine: Point | None, beyond: int
) -> str:
    path, x_of = f"{PATH}.frontier", AXES[name][1]
    low, high = sorted((front[0], front[-1]), key=x_of)
    own: Numbers = {"own_ttft": mine.ttft_s, "own_cost": mine.cost, "own_tokens": mine.tokens_per_s} if mine else {}
    said: Numbers = {"known": len(known), "front": len(front), "least": x_of(low), "most": x_of(high)}
    tails = {
        "own": course.say(f"{path}.own_at", None, own) if mine else "",
        "beyond": course.say(f"{path}.beyond", None, {"count": beyond}) if beyond else "",
    }
    ends = {"least_ttft": low.ttft_s, "most_ttft": high.ttft_s}
    return course.say(f"{path}.{name}_describe", None, {**said, **ends, **tails})


def _rows(
    course: Course, sweep: Sweep, front: Sequence[Point], mine: Point | None, theirs: Point | None
) -> list[list[str]]:
    """The learner's own points, then the frontier."""
    path, side = f"{PATH}.frontier", sweep.scenario.side
    found = []
    for p, row in ((mine, "yours_row"), (theirs, "other_row"), *((p, None) for p in front)):
        if p is None:
            continue
        name = _configuration(course, p.request)
        said = {"configuration": name, "side": _other(side).upper()}
        score = sweeps.score(course, side, p, sweeps.reference(course, sweep))
        cells = ((p.ttft_s, "time"), (p.cost, "sig"), (p.tokens_per_s, "n"), (p.cut, "pct"), (score, "n"))
        title = course.say(f"{path}.{row}", None, said) if row else name
        found.append([title, *(wording.show(value, form) for value, form in cells)])
    return found


@lru_cache(maxsize=4096)
def _configuration(course: Course, request: RunRequest) -> str:
    said: Numbers = {
        "policy": next(p["text"] for p in course.at("act2.policies") if p["id"] == request.policy),
        "batch": request.max_batch,
        "limit": request.max_sequence,
        "gpus": request.gpus,
        "bits": request.weight_bits,
    }
    return course.say(f"{PATH}.frontier.configuration", None, said)
