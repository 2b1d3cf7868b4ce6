"""The times to the first token of both sides, whole: a histogram, the share that had it by then, and the days beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import charts
import engine
from acts.promises import now, serving
from acts.promises.live import numbers_of
from acts.promises.now import Hand
from charts.tail import RARER, TIMES
from content import wording
from content.course import Course, Result
from content.wording import Number, Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts

LOOKS = {"a": ("blue", "solid"), "b": ("green", "dash")}
PLACES = {
    "a": ("top left", "bottom left"),
    "b": ("bottom right", "top left"),
}  # of the labels of the median and the P99
WHOLE = 1000  # engine.LEVELS are per mille
RARITY = tuple((WHOLE - level) / WHOLE for level in engine.LEVELS)
ROWS = tuple(engine.LEVELS.index(level) for level in (500, 900, 990, 999))
MEDIAN, P99 = ROWS[0], ROWS[2]


@dataclass(frozen=True)
class Waits:
    """The waits of one side: times in s at engine.LEVELS, the same for each day (its own first, none until all are there),
    its histogram as edges in s and shares, and its load as a share of its capacity."""

    served: list[float]
    days: list[list[float]]
    edges: list[float]
    shares: list[float]
    capacity_share: Number

    def band(self, level: int) -> tuple[float, float] | None:
        """The fastest and the slowest day at a level, None until every day is there."""
        return (min(day[level] for day in self.days), max(day[level] for day in self.days)) if self.days else None


def frame(course: Course, state: store.State) -> Frame:
    """The distribution of each side whose run is there, and a sentence on how far it may be trusted."""
    return _shown(course, now.hand(course, state))


@remembered
def _shown(course: Course, at: Hand) -> Frame:
    live = numbers_of(course, at)
    words, found = course.at("insight.tail"), numbers(course, live)
    known = {side: waits(course, at, side, live) for side in serving.SIDES}
    text, mark = _trust(course, at, found)
    caption, describe = (wording.fill(words[f"chart_{key}"], found) for key in ("caption", "describe"))
    head = [wording.fill(column, found) for column in words["columns"]]
    figure = _figure(course, known, found, at.theme)
    return {
        "act2.tail.trust": {"text": text, "state": mark},
        **parts.chart("act2.tail", words["chart_title"], caption, describe, figure, head, _rows(course, known)),
    }


def numbers(course: Course, live: Numbers) -> dict[str, Number]:
    """The act's numbers, and the words of the level that the P99 stands for."""
    shares = {f"{side}_share": live[f"{side}_capacity_share"] for side in serving.SIDES}
    return {**live, **shares, "level_99": level_words(course, RARITY[P99])}


def level_words(course: Course, rarity: float) -> str:
    """A share that has its first token, from the share that hasn't, in the smallest whole numbers: 9 of 10, 99 of 100."""
    whole = round(1 / rarity)
    return course.say("insight.tail.level", None, {"part": whole - 1, "whole": whole})


def waits(course: Course, at: Hand, side: str, live: Numbers) -> Waits | None:
    """The waits of a side's run; None while it is missing and when nothing could run."""
    run = at.requests[side]
    result: Result = at.result(side) or {}
    if not result.get("ttft_bins"):
        return None
    first, *counts = result["ttft_bins"]
    edges, total = engine.bin_edges()[first : first + len(counts) + 1], sum(counts)
    band = serving.band(course, run)
    known = (at.results.get(day, {}).get("ttft_quantiles_s") for day in band)
    days: list[list[float]] = [each for each in known if each]
    return Waits(
        served=result["ttft_quantiles_s"],
        days=days if at.settled and len(days) == len(band) else [],
        edges=list(edges),
        shares=[count / total for count in counts],
        capacity_share=live[f"{side}_capacity_share"],
    )


# --- What is drawn -----------------------------------------------------------------------------------------------------


def _figure(course: Course, known: Mapping[str, Waits | None], numbers: Numbers, theme: str) -> charts.Figure:
    """The figure of the sides that are known; without any, the axes and the objective."""
    sides = [_drawn(course, side, each) for side, each in known.items() if each]
    ticks = ([wording.show(time, "time") for time in TIMES], [level_words(course, rarity) for rarity in RARER])
    slo = float(numbers["slo"] or 0)
    return charts.tail_chart(sides, RARITY, slo, ticks, course.at("insight.tail"), theme)


def _drawn(course: Course, side: str, known: Waits) -> dict[str, Any]:
    """One side as the figure wants it."""
    words, (hue, dash) = course.at("insight.tail"), LOOKS[side]
    limit = course.at("act2.simulation.ill_conditioned")
    labels = [
        wording.fill(words[key], {"side": side.upper(), "value": known.served[level]})
        for level, key in ((MEDIAN, "p50"), (P99, "p99"))
    ]
    return {
        "name": course.at(f"act2.sides.{side}.title"),
        "hue": hue,
        "dash": dash,
        "edges": known.edges,
        "shares": known.shares,
        "served": known.served,
        "days": known.days,
        "fan": known.capacity_share is not None and float(known.capacity_share) > limit,
        "named": dict(zip((MEDIAN, P99), zip(labels, PLACES[side], strict=True), strict=True)),
    }


def _trust(course: Course, at: Hand, numbers: Numbers) -> tuple[str, str]:
    """How far the tails may be trusted, by the side that works nearest to its capacity."""
    results = [at.result(side) for side in serving.SIDES]
    running = [side for side, result in zip(serving.SIDES, results, strict=True) if result is None or result["runs"]]
    known = {side: float(numbers[f"{side}_share"] or 0) for side in running if numbers[f"{side}_share"] is not None}
    if not running:
        return course.at("insight.tail.nothing"), "info"
    if not at.settled or len(known) < len(running):
        return course.say("insight.tail.measuring", None, numbers), "waiting"
    side = max(known, key=lambda side: known[side])
    said = {**numbers, "which": course.at(f"act2.sides.{side}.title"), "share": known[side]}
    if known[side] <= course.at("act2.simulation.ill_conditioned"):
        return course.say("insight.tail.steady", None, said), "good"
    return course.say(f"insight.tail.{'over' if known[side] > 1 else 'near'}", None, said), "warn"


def _rows(course: Course, known: Mapping[str, Waits | None]) -> list[list[str]]:
    """The table: for some levels when each side's requests had their first token, on this day and on all; the fullest bin."""
    found = []
    for level in ROWS:
        cells = [level_words(course, RARITY[level])]
        for each in known.values():
            cells += _cells(course, each, level)
        found.append(cells)
    fullest = [_fullest(course, each) for each in known.values()]
    last = [course.at("insight.tail.histogram_row"), *(cell for text in fullest for cell in (text, ""))]
    return [*found, last]


def _cells(course: Course, known: Waits | None, level: int) -> list[str]:
    band = known.band(level) if known else None
    spread = course.say("insight.tail.band", None, {"low": band[0], "high": band[1]}) if band else wording.NOT_YET
    return [wording.show(known.served[level] if known else None, "time"), spread]


def _fullest(course: Course, known: Waits | None) -> str:
    """The fullest bin of a side's histogram, in words."""
    if known is None:
        return wording.NOT_YET
    at = max(range(len(known.shares)), key=lambda i: known.shares[i])
    spans = {"low": known.edges[at], "high": known.edges[at + 1], "share": known.shares[at]}
    return course.say("insight.tail.histogram_cell", None, spans)
