"""Figures of memory: how many users fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, Words, at_point, axes, curve, diamond, ink, legend_only, marks
from content import wording

USER_TICKS = [step * 10**power for power in range(6) for step in (1, 2, 5)]

NOBODY = 0.5  # where no user is drawn on a logarithmic axis
AIR = 0.03  # decades


def users_chart(
    contexts: Sequence[float],
    users: Sequence[float],
    here: tuple[float, float],
    viable: float,
    words: Words,
    theme: str,
) -> Figure:
    """Most users (y) against context length in tokens (x), both logarithmic, with the point where the learner is."""
    colour = PALETTES[theme]
    fitting = [(x, y) for x, y in zip(contexts, users, strict=True) if y > 0]
    xs, ys = [x for x, _ in fitting], [y for _, y in fitting]
    point_colour = colour["red"] if here[1] == 0 else colour["orange"] if here[1] < viable else colour["green"]
    data = [
        curve(xs, ys, words["curve"], colour["blue"]),
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
    layout["yaxis"]["range"] = _logarithmic_ends([*ys, viable, max(here[1], NOBODY)])
    layout["shapes"] = [diamond(here[0], max(here[1], NOBODY), point_colour)]
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
FILLS = ("", "-open-dot", "-open")  # by precision, the most bits first
LONGEST_NAME = 24
RING = 10  # pixels
CIRCLE = (
    "M-10 0C-10 -5.5 -5.5 -10 0 -10C5.5 -10 10 -5.5 10 0C10 5.5 5.5 10 0 10C-5.5 10 -10 5.5 -10 0"  # of that radius
)
SCALE_AIR = 0.3  # decades: the ring has room at both ends, on a phone too
DECADES = tuple(float(10**power) for power in range(7))


def families_chart(
    rows: Sequence[Mapping[str, Any]], bits: Sequence[str], room: float, kinds: Words, words: Words, theme: str
) -> Figure:
    """A row for each model: the bytes of cache that a token costs (x, logarithmic) at each precision, and users above.

    A row is {name, family, here, sizes} with sizes as pairs (bytes, users), `bits` the precisions in words, `kinds` the families'
    words. The upper scale is the same axis read as users: `room` bytes a token of context over the bytes of x. A ring marks
    the row that has `here`.
    """
    colour = PALETTES[theme]
    data = [_spans(rows, colour["muted"])]
    for family, (hue, symbol) in FAMILIES.items():
        mine = [row for row in rows if row["family"] == family]
        if mine:
            data.append(_family(mine, kinds[family], colour[hue], ink(theme, hue), symbol))
    data += [legend_only(name, colour["muted"], "circle" + fill) for name, fill in zip(bits, FILLS, strict=True)]
    ring = legend_only(words["families_here"], colour["text"], "circle-open")
    ring["marker"]["size"] = 2 * RING
    data.append(ring)
    ticks = [2**power for power in range(10, 26)]
    named = [_binary(tick) if i % 5 == 0 else "" for i, tick in enumerate(ticks)]
    names = [row["name"] for row in rows]
    layout = axes(colour, words["families_x"], "")
    layout["margin"] |= {"t": 104, "r": 40}
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": named, "tickangle": 0}
    layout["xaxis"]["range"] = _logarithmic_ends([bytes for row in rows for bytes, _ in row["sizes"]], air=SCALE_AIR)
    layout["yaxis"] |= {"type": "category", "tickfont": {"size": 11}}
    layout["yaxis"] |= {"categoryarray": names, "range": [len(names) - 0.5, -0.5]}  # the first on top
    layout["shapes"] = [_ring(row, colour["text"]) for row in rows if row["here"] is not None]
    layout["yaxis"] |= {"tickvals": names, "ticktext": [_short(name) for name in names]}
    layout["legend"] |= {"xref": "container", "yref": "container", "y": 1, "yanchor": "top"}
    if room > 0:
        data.append(_unseen(rows))
        layout["xaxis2"] = layout["xaxis"] | _users_axis(room, words["families_y"])
    return {"data": data, "layout": layout}


def _family(rows: Sequence[Mapping[str, Any]], name: str, colour: str, words: str, symbol: str) -> dict[str, Any]:
    """The marks of one family, its name beside the one with the most bits."""
    points = [(x, row["name"], fill) for row in rows for (x, _), fill in zip(row["sizes"], FILLS, strict=True)]
    trace = marks(
        [x for x, _, _ in points], [n for _, n, _ in points], name, colour, [symbol + f for _, _, f in points]
    )
    labels = ["" if fill else f"\N{NO-BREAK SPACE} {name}" for _, _, fill in points]
    look = {"text": labels, "textposition": "middle right", "textfont": {"size": 11, "color": words}}
    trace["marker"] |= {"size": [9 if fill else 12 for _, _, fill in points], "opacity": 1}
    hover = {"hovertemplate": "%{y}: %{x:,.0f} B"}
    return trace | look | hover | {"mode": "markers+text", "showlegend": False, "cliponaxis": False}


def _short(name: str) -> str:
    """A name that leaves room for the marks: a pasted model may be called anything."""
    name = name.replace(", ", "<br>")
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


def _unseen(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first row once more, unseen: plotly draws an axis only if something stands on it."""
    row = rows[0]
    trace = curve([row["sizes"][0][0]], [row["name"]], "", "rgba(0,0,0,0)")
    return trace | {"xaxis": "x2", "showlegend": False}


def _users_axis(room: float, title: str) -> dict[str, Any]:
    """The upper scale: users grow to the left, each tick where that many would use the room up."""
    ticks = {"tickvals": [room / users for users in DECADES], "ticktext": [_count(users) for users in DECADES]}
    place = {"overlaying": "x", "side": "top", "matches": "x", "showgrid": False}
    return {"title": {"text": title, "standoff": 4}, **ticks, **place}


def _thousands(value: float) -> str:
    return f"{value / 1024:.0f}k" if value >= 1024 else f"{value:.0f}"


def _count(value: float) -> str:
    return f"{wording.decimals(value / 1000, 0)}k" if value >= 1000 else f"{value:.0f}"


def _binary(value: float) -> str:
    return f"{value / 2**20:.0f} MiB" if value >= 2**20 else f"{value / 2**10:.0f} KiB"
