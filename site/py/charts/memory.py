"""Figures of memory: how many users fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, Words, at_point, axes, curve, diamond, ink, legend_only, marks, through
from content import wording

USER_TICKS = [step * 10**power for power in range(6) for step in (1, 2, 5)]

NOBODY = 0.5  # where no user is drawn on a logarithmic axis
AIR = 0.03  # decades
ROOM = 0.2  # decades: half the learner's mark


def users_chart(
    contexts: Sequence[float],
    users: Sequence[float],
    here: tuple[float, float],
    viable: float,
    span: Sequence[float],
    words: Words,
    theme: str,
) -> Figure:
    """Most users (y) against context length in tokens (x), both logarithmic, with the point where the learner is.

    `span` are users that the axis holds besides: those of the other precisions, so that it stays while the curve moves.
    """
    colour = PALETTES[theme]
    fitting = [(x, y) for x, y in zip(contexts, users, strict=True) if y > 0]
    point_colour = colour["red"] if here[1] == 0 else colour["orange"] if here[1] < viable else colour["green"]
    data = [
        curve([None], [None], words["curve"], colour["blue"]),  # in the legend; the line itself is a shape
        curve([contexts[0], contexts[-1]], [viable, viable], words["line"], colour["orange"], dash="dash"),
        legend_only(words["point"], colour["text"], "diamond"),  # in one colour: a changed legend is all drawn anew
    ]
    last = max(16, int(contexts[-1]).bit_length())
    ticks = [2**power for power in range(9, last, 1 if last <= 16 else 2)]
    layout = axes(colour, words["x"], words["y"])
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [_thousands(t) for t in ticks]}
    layout["yaxis"] |= {
        "type": "log",
        "tickvals": USER_TICKS,
        "ticktext": [wording.decimals(tick, 0) for tick in USER_TICKS],
    }
    # Where plotly has to find the ends of an axis by itself, it draws all anew for a point that moved.
    layout["xaxis"]["range"] = _logarithmic_ends([*contexts, here[0]])
    at = max(here[1], NOBODY)
    bottom, top = _logarithmic_ends([y for y in (*users, *span, viable, at) if y > 0])
    layout["yaxis"]["range"] = [min(bottom, math.log10(at) - ROOM), top]
    layout["shapes"] = [diamond(here[0], at, point_colour)]
    if fitting:
        layout["shapes"].append(through(fitting, colour["blue"], 2.5))
    return {"data": data, "layout": layout}


def _logarithmic_ends(values: Sequence[float], air: float = AIR) -> list[float]:
    """The ends of a logarithmic axis that holds these values and a little air, in decades."""
    exponents = [math.log10(value) for value in values]
    return [min(exponents) - air, max(exponents) + air]


FAMILIES = {  # hue and plotly symbol
    "mha": ("red", "square"),
    "gqa": ("blue", "circle"),
    "mqa": ("green", "diamond"),
    "mla": ("orange", "star"),
    "window": ("cloud", "triangle-left"),
}
KEY = {"mha": "■", "gqa": "●", "mqa": "◆", "mla": "★", "window": "◀"}  # the same in signs
FILLS = ("", "-open-dot", "-open")  # by precision, the most bits first
LONGEST_NAME = 24
CIRCLE = "M-10 0C-10 -5.5 -5.5 -10 0 -10C5.5 -10 10 -5.5 10 0C10 5.5 5.5 10 0 10C-5.5 10 -10 5.5 -10 0"  # of 10 pixels
SCALE_AIR = 0.3  # decades: the ring has room at both ends, on a phone too


def families_chart(rows: Sequence[Mapping[str, Any]], kinds: Words, words: Words, theme: str) -> Figure:
    """A row for each model: the bytes of cache that a token costs (x, logarithmic) at each precision, and users in figures.

    A row is {name, family, here, sizes} with sizes as pairs (bytes, users), the most bits first, `kinds` the families'
    words. The users of the most bits stand beside its mark: no scale could tell them, since they also pay for copies and
    for states, which the bytes of a token don't hold. A ring marks the row that has `here`.
    """
    colour = PALETTES[theme]
    data = [_spans(rows, colour["muted"])]
    for family, (hue, symbol) in FAMILIES.items():
        mine = [row for row in rows if row["family"] == family]
        if mine:
            data.append(_family(mine, kinds[family], colour[hue], ink(theme, hue), symbol))
    ticks = [2**power for power in range(10, 26)]
    named = ["" if i % 5 else _binary(tick) if i % 10 == 0 else f"{tick // 1024}" for i, tick in enumerate(ticks)]
    names = [row["name"] for row in rows]
    layout = axes(colour, words["families_x"], "")
    layout["margin"]["r"] = 32
    layout["showlegend"] = False  # the page's own key says the same and fits a phone
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": named, "tickangle": 0, "tickfont": {"size": 10}}
    layout["xaxis"]["range"] = _logarithmic_ends([bytes for row in rows for bytes, _ in row["sizes"]], air=SCALE_AIR)
    layout["yaxis"] |= {"type": "category", "tickfont": {"size": 10}}
    layout["yaxis"] |= {"categoryarray": names, "range": [len(names) - 0.5, -0.5]}  # the first on top
    layout["shapes"] = [_ring(row, colour["text"]) for row in rows if row["here"] is not None]
    layout["yaxis"] |= {"tickvals": names, "ticktext": [_short(name) for name in names]}
    return {"data": data, "layout": layout}


def _family(rows: Sequence[Mapping[str, Any]], name: str, colour: str, words: str, symbol: str) -> dict[str, Any]:
    """The marks of one family; how many users fit beside each with the most bits."""
    points = [(x, row["name"], fill) for row in rows for (x, _), fill in zip(row["sizes"], FILLS, strict=True)]
    trace = marks(
        [x for x, _, _ in points], [n for _, n, _ in points], name, colour, [symbol + f for _, _, f in points]
    )
    fit = (users for row in rows for _, users in row["sizes"])
    labels = [
        "" if fill else f"\N{NO-BREAK SPACE} {wording.decimals(users, 0)}"
        for (_, _, fill), users in zip(points, fit, strict=True)
    ]
    look = {"text": labels, "textposition": "middle right", "textfont": {"size": 11, "color": words}}
    trace["marker"] |= {"size": [9 if fill else 12 for _, _, fill in points], "opacity": 1}
    hover = {"hovertemplate": "%{y}: %{x:,.0f} B"}
    return trace | look | hover | {"mode": "markers+text", "showlegend": False, "cliponaxis": False}


def _short(name: str) -> str:
    """A name that leaves room for the marks: a pasted model may be called anything."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"


def _spans(rows: Sequence[Mapping[str, Any]], colour: str) -> dict[str, Any]:
    """A thin line through the precisions of each row."""
    xs = [x for row in rows for x in (row["sizes"][0][0], row["sizes"][-1][0], None)]
    ys = [y for row in rows for y in (row["name"], row["name"], None)]
    line = curve(xs, ys, "", colour) | {"showlegend": False}
    line["line"]["width"] = 1
    return line


def _ring(row: Mapping[str, Any], colour: str) -> dict[str, Any]:
    """A ring around one mark: a shape, like `diamond`, so that it moves by itself."""
    return at_point(row["sizes"][row["here"]][0], row["name"], CIRCLE) | {"line": {"color": colour, "width": 1.5}}


def _thousands(value: float) -> str:
    return f"{value / 1024:.0f}k" if value >= 1024 else f"{value:.0f}"


def _binary(value: float) -> str:
    return f"{value / 2**20:.0f} MiB" if value >= 2**20 else f"{value / 2**10:.0f} KiB"
