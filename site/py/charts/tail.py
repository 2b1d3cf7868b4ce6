"""Figures of a distribution: how long requests waited for their first token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, Words, axes, curve, faint, ink
from content import wording

TIMES = (0.001, 0.01, 0.1, 1, 10, 100, 1000)
RARER = (0.5, 0.1, 0.01, 0.001)  # shares still without a first token: where the lower scale has its marks
LOWER = {"yaxis": "y2", "showlegend": False}


def tail_chart(
    sides: Sequence[Mapping[str, Any]],
    rarity: Sequence[float],
    slo: float,
    ticks: tuple[Sequence[str], Sequence[str]],
    words: Words,
    theme: str,
) -> Figure:
    """Above, the share of requests (y) in each span of time to the first token (x, s, logarithmic); below, who had it by then.

    A side is {name, hue, dash, edges, shares, served, days, fan, named}: `edges` (s) and `shares` are its histogram; `served`
    the times at which `rarity` is the share still waiting, `days` the same for each day, the run itself first; `fan` whether
    the days are drawn one by one; `named` pairs of a label and its place, by the position in `served`. The lower scale gives
    each level that is ten times as rare the same room. `ticks` are the words for TIMES and for RARER, `slo` the objective in s.
    """
    colour, (times, levels) = PALETTES[theme], ticks
    data = []
    for side in sides:
        hue = colour[side["hue"]]
        data += [_histogram(side, hue), *_days(side, rarity, hue), _served(side, rarity, hue)]
        data.append(_named(side, rarity, hue, ink(theme, side["hue"])))
    tallest = max((share for side in sides for share in side["shares"]), default=1.0)
    above = curve([slo, slo], [0, tallest * 100], words["objective"], colour["red"], dash="dashdot")
    below = curve([slo, slo], [1, rarity[-1]], words["objective"], colour["red"], dash="dashdot")
    layout = axes(colour, words["x"], words["y_share"])
    lower = layout["yaxis"] | {"title": layout["yaxis"]["title"] | {"text": words["y_level"]}}
    layout["xaxis"] |= {"type": "log", "tickvals": list(TIMES), "ticktext": list(times), "anchor": "y2"}
    layout["yaxis"] |= {"domain": [0.62, 1], "rangemode": "tozero", "ticksuffix": wording.percent(), "nticks": 4}
    rare = {
        "type": "log",
        "range": [0, -3.1],
        "tickvals": list(RARER),
        "ticktext": list(levels),
        "tickfont": {"size": 11},
    }
    layout["yaxis2"] = lower | {"domain": [0, 0.54]} | rare
    return {"data": [*data, above, below | LOWER], "layout": layout}


def _histogram(side: Mapping[str, Any], hue: str) -> dict[str, Any]:
    """The histogram as an outline of steps with a faint fill: two of them stay readable on top of each other."""
    edges, percent = side["edges"], [share * 100 for share in side["shares"]]
    trace = curve([edges[0], *edges], [0, *percent, 0], side["name"], hue, dash=side["dash"])
    trace["line"] |= {"shape": "hv", "width": 2}
    return trace | {"fill": "tozeroy", "fillcolor": faint(hue, 0.18)}


def _served(side: Mapping[str, Any], rarity: Sequence[float], hue: str) -> dict[str, Any]:
    return curve(side["served"], rarity, side["name"], hue, dash=side["dash"]) | LOWER


def _days(side: Mapping[str, Any], rarity: Sequence[float], hue: str) -> list[dict[str, Any]]:
    """The days' traffic: a shade between the fastest and the slowest, and each other day by itself where they part."""
    days = side["days"]
    if not days:
        return []
    fastest, slowest = [min(each) for each in zip(*days, strict=True)], [max(each) for each in zip(*days, strict=True)]
    shade = curve([*fastest, *reversed(slowest)], [*rarity, *reversed(rarity)], side["name"], hue)
    shade["line"] = {"color": faint(hue, 0.0), "width": 0}
    found = [shade | LOWER | {"fill": "toself", "fillcolor": faint(hue, 0.22)}]
    for day in days[1:] if side["fan"] else ():
        trace = curve(day, rarity, side["name"], hue, dash="dot") | LOWER
        trace["line"]["width"] = 1.2
        found.append(trace)
    return found


def _named(side: Mapping[str, Any], rarity: Sequence[float], hue: str, words: str) -> dict[str, Any]:
    """The median and the P99, named on the curve."""
    places = list(side["named"])
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": side["name"],
        "x": [side["served"][i] for i in places],
        "y": [rarity[i] for i in places],
        "marker": {"color": hue, "size": 10, "symbol": ["circle", "diamond"][: len(places)]},
        "text": [label for label, _ in side["named"].values()],
        "textposition": [place for _, place in side["named"].values()],
        "textfont": {"size": 11, "color": words},
        "hoverinfo": "skip",
        "cliponaxis": False,
        **LOWER,
    }
