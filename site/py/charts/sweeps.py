"""The feasibility map and the frontier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, Words, axes, curve, ink, marks

Cloud = tuple[Sequence[float], Sequence[float], str, Sequence[str]]
TICKS = [m * 10**e if e >= 0 else m / 10**-e for e in range(-3, 5) for m in (1, 2, 5)]

# Each state of the map has a colour, an opacity, a pattern and (from the content) a mark, so that no state is told by
# colour alone. Only a field that holds is solid.
STYLES: Mapping[str, tuple[str, float, str]] = {
    "holds": ("green", 1.0, ""),
    "some": ("orange", 0.55, ""),
    "queue": ("red", 0.3, ""),
    "unstable": ("red", 0.6, "/"),
    "never": ("muted", 0.5, "x"),
    "no_start": ("muted", 0.5, "-"),
    "waiting": ("grid", 0.35, ""),
}
PAPER = {"light": "#FFFFFF", "dark": "#0F172A"}  # what the page is printed on


def feasibility_cells(
    cells: Sequence[tuple[int, int, str, str]], marks_of: Words, names: Words, theme: str
) -> list[dict[str, Any]]:
    """One bar trace for each state of the map: a cell is (column, row, state, hover), a bar of height one on its row."""
    colour, found = PALETTES[theme], []
    for state, (hue, opacity, shape) in STYLES.items():
        mine = [cell for cell in cells if cell[2] == state]
        if not mine:
            continue
        letters = PAPER[theme] if state == "holds" else colour["text"]
        found.append(
            {
                "type": "bar",
                "name": names[state],
                "x": [column for column, _, _, _ in mine],
                "y": [1] * len(mine),
                "base": [row - 0.5 for _, row, _, _ in mine],
                "width": [0.94] * len(mine),
                "text": [marks_of[state]] * len(mine),
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "constraintext": "none",
                "textfont": {"color": letters, "size": 13},
                "hovertext": [hover for _, _, _, hover in mine],
                "hoverinfo": "text",
                "marker": {
                    "color": ink(theme, hue) if state == "holds" else colour[hue],
                    "opacity": opacity,
                    "pattern": {"shape": shape, "size": 7, "solidity": 0.25},
                    "line": {"width": 2, "color": PAPER[theme]},
                },
            }
        )
    return found


def feasibility_chart(
    cells: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    rows: Sequence[str],
    here: tuple[float, float],
    words: Words,
    theme: str,
) -> Figure:
    """The map of limits (x) and loads (y) by position, its cells already drawn, with the point where the learner is."""
    colour = PALETTES[theme]
    point = marks([here[0]], [here[1]], words["point"], colour["blue"], ["diamond"])
    point["marker"] |= {"size": 18, "line": {"color": PAPER[theme], "width": 2.5}}
    point["hoverinfo"] = "name"
    layout = axes(colour, words["x"], words["y"])
    layout |= {"barmode": "overlay", "bargap": 0, "showlegend": False}
    for axis, ticks in (("xaxis", columns), ("yaxis", rows)):
        fixed = {"range": [-0.5, len(ticks) - 0.5], "showgrid": False, "tickangle": 0}
        layout[axis] |= {"tickvals": list(range(len(ticks))), "ticktext": list(ticks), **fixed}
    return {"data": [*cells, point], "layout": layout}


def frontier_chart(
    clouds: Sequence[Cloud],
    front: Cloud,
    own: Sequence[Cloud],
    limit_s: float | None,
    words: Words,
    theme: str,
    log_x: bool,
) -> Figure:
    """Wait in s (y, logarithmic) against x, each group of points as (xs, ys, name, hovers).

    clouds: the configurations that keep the promise and those that don't; own: the learner's, and the other side's; limit_s:
    the promise as a line. The axis ends at `highest`: a queue that grows without end would flatten all the rest.
    """
    colour = PALETTES[theme]
    looks = (("green", "circle", 0.55), ("muted", "x-thin-open", 0.6))
    data = []
    for (xs, ys, name, hovers), (hue, symbol, opacity) in zip(clouds, looks, strict=True):
        trace = marks(xs, ys, name, colour[hue], [symbol] * len(xs))
        trace["marker"] |= {"size": 8, "opacity": opacity, "line": {"width": 1, "color": colour[hue]}}
        data.append(trace | {"hovertext": list(hovers), "hoverinfo": "text"})
    xs, ys, name, hovers = front
    line = curve(xs, ys, name, colour["green"])
    line |= {"mode": "lines+markers", "hovertext": list(hovers), "hoverinfo": "text"}
    line["line"] |= {"shape": "hv"}  # between two configurations there is none: what is to be had is the one before
    data.append(line | {"marker": {"color": colour["green"], "size": 9, "symbol": "square"}})
    every = [x for group in (*clouds, *own) for x in group[0]]
    if limit_s is not None:
        data.append(curve([min(every), max(every)], [limit_s] * 2, words["limit"], colour["red"], dash="dash"))
    for (xs, ys, name, _), symbol in zip(own, ("diamond", "diamond-open"), strict=True):
        trace = marks(xs, ys, name, colour["blue"], [symbol] * len(xs))
        edge = PAPER[theme] if symbol == "diamond" else colour["blue"]
        trace["marker"] |= {"size": 17, "line": {"color": edge, "width": 2.5}}
        data.append(trace | {"hoverinfo": "name"})
    layout = axes(colour, words["x"], words["y"])
    lowest = min(y for group in (*clouds, front, *own) for y in group[1])
    ends = [math.log10(lowest / 1.4), math.log10(highest(front, own, limit_s))]
    layout["yaxis"] |= {"type": "log", "range": ends, "tickvals": TICKS, "ticktext": [_seconds(t) for t in TICKS]}
    layout["xaxis"] |= {"type": "log", "tickvals": TICKS, "ticktext": TICKS} if log_x else {"rangemode": "tozero"}
    layout["showlegend"] = False  # the page's own key says the same and fits a phone
    return {"data": data, "layout": layout}


def highest(front: Cloud, own: Sequence[Cloud], limit_s: float | None) -> float:
    """Where the axis of waits ends, in s: well above the frontier, the learner's points and the promise."""
    return 3 * max([*front[1], *(y for group in own for y in group[1]), limit_s or 0.0])


def _seconds(value: float) -> str:
    return f"{value:g} s" if value >= 1 else f"{value * 1e3:g} ms"
