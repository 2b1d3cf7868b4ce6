"""Figures of a single step: where it stands under the roofline, and what its time is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, Words, axes, curve, diamond, ink, marks, through
from content import wording

Point = tuple[float, float]
KEY = {
    "peak": "—",
    "reached": "– –",
    "trail": "···",
    "prefill": "■",
    "decode": "●",
    "run": "○",
    "own": "◆",
}  # what is drawn, in signs
SYMBOLS = {"prefill": "square", "decode": "circle", "run": "circle-open"}  # plotly's, by what a step does
READABLE = 15  # percent of a bar: a narrower part has no room for its figure on a phone
AGAINST = {"ground": "text", "text": "ground"}  # a pattern on a bar takes it further from the letters on it
X_TICKS = (1, 10, 100, 1000, 10_000)
X_RANGE = (-0.35, 4.25)  # powers of ten, FLOP/byte: from less than a lone request to the longest prompt
Y_RANGE = (-0.2, 3.55)  # powers of ten, TFLOP/s: from a lone request to the FP8 peak of one GPU


def roofline_chart(
    peak: Sequence[Point],
    reached: Sequence[Point],
    series: Sequence[Mapping[str, Any]],
    own: Point,
    trail: Sequence[Point],
    words: Words,
    theme: str,
) -> Figure:
    """Steps as points, TFLOP/s (y) against FLOP/byte (x), both logarithmic, under the two roofs.

    `peak` and `reached` are the roofs as points; a series is {letter, name, hue, xs, ys, symbols, names, places}: one colour and
    letter, and for each point a plotly symbol, what it is, and where its letter stands. `own` is the learner's step, `trail` the
    same at other batches: shapes both, since they follow a slider.
    """
    colour = PALETTES[theme]
    data = [
        curve(*_columns(peak), words["peak"], colour["text"]),
        curve(*_columns(reached), words["reached"], colour["muted"], dash="dash"),
    ]
    for one in series:
        trace = marks(one["xs"], one["ys"], one["name"], colour[one["hue"]], list(one["symbols"]))
        trace |= {
            "text": [one["letter"]] * len(one["xs"]),
            "textposition": list(one["places"]),
            "textfont": {"size": 12},
        }
        trace |= {"mode": "markers+text", "cliponaxis": False, "hovertext": list(one["names"])}
        trace["hovertemplate"] = "%{hovertext}<br>%{x:.3s} FLOP/byte · %{y:.3s} TFLOP/s"
        trace["textfont"]["color"] = ink(theme, one["hue"])
        data.append(trace)
    layout = axes(colour, words["x"], words["y"])
    layout["showlegend"] = False  # the page's own key says the same and fits a phone
    ticks = [wording.decimals(tick, 0) for tick in X_TICKS]
    layout["xaxis"] |= {"type": "log", "range": list(X_RANGE), "tickvals": list(X_TICKS), "ticktext": ticks}
    layout["yaxis"] |= {"type": "log", "range": list(Y_RANGE), "tickvals": list(X_TICKS[:4]), "ticktext": ticks[:4]}
    corner = peak[1][0]
    layout["shapes"] = [
        _ridge(corner, colour["muted"]),
        through(trail, colour["muted"], 1.5, "dot"),
        diamond(*own, colour["text"]),
    ]
    layout["annotations"] = [
        _side(words["memory_side"], (0.0, 0.99), ("left", "top"), colour),
        _side(words["arithmetic_side"], (1.0, 0.01), ("right", "bottom"), colour),
    ]
    return {"data": data, "layout": layout}


def steps_chart(
    bars: Sequence[str], shares: Mapping[str, Sequence[float]], names: Mapping[str, str], x: str, theme: str
) -> Figure:
    """Stacked bars, one per step: the share of its time that each term takes.

    `bars` are the steps' labels from top to bottom; `shares` holds, per term, a fraction for each bar; `names` the terms' words.
    """
    colour = PALETTES[theme]
    looks = {
        "linear_s": ("blue", "", "ground"),
        "decode_attention_s": ("cloud", "/", "ground"),
        "prefill_attention_s": ("cloud", "x", "ground"),
        "reduce_s": ("muted", "\\", "ground"),
        "elementwise_s": ("muted", ".", "ground"),
        "fixed_s": ("grid", "", "text"),
    }
    data = []
    for term, (hue, shape, letters) in looks.items():
        percent = [round(share * 100, 1) for share in shares[term]]
        pattern = {"shape": shape, "fillmode": "overlay", "fgopacity": 0.3, "size": 7}
        pattern["fgcolor"] = colour[AGAINST[letters]]
        edge = {"color": colour["ground"], "width": 1.5}
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": names[term],
                "x": percent,
                "y": list(bars),
                "marker": {"color": ink(theme, hue), "pattern": pattern, "line": edge},
                "text": [wording.percent(f"{p:.0f}") if p >= READABLE else "" for p in percent],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "constraintext": "none",
                "textfont": {"size": 12, "color": colour[letters]},
                "hovertemplate": f"%{{x}}{wording.percent()}",
            }
        )
    layout = axes(colour, x, "")
    layout |= {"barmode": "stack", "bargap": 0.35}
    layout["xaxis"] |= {"range": [0, 100], "ticksuffix": wording.percent()}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    layout["legend"] |= {"traceorder": "normal"}
    return {"data": data, "layout": layout}


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _ridge(x: float, colour: str) -> dict[str, Any]:
    ends = {"xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
    return {"type": "line", **ends, "line": {"color": colour, "width": 1, "dash": "dot"}, "layer": "below"}


def _side(text: str, at: Point, anchors: tuple[str, str], colour: Mapping[str, str]) -> dict[str, Any]:
    """What a step waits for on one side of the ridge, in the corner that no step comes to."""
    (x, y), (side, edge) = at, anchors
    place = {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": side, "yanchor": edge, "align": side}
    return {
        "text": text,
        **place,
        "showarrow": False,
        "bgcolor": colour["ground"],
        "font": {"size": 11, "color": colour["muted"]},
    }
