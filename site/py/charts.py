"""Results as figures: plain dicts {"data", "layout"} of lists for plotly.js, and nothing a browser would be needed for.

Each function gets numbers that are already computed and words that are already written; it only places them. Colours mean
the same everywhere: blue informs, green is good, orange warns, red fails.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Figure = dict[str, Any]
Words = Mapping[str, str]

PALETTES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "blue": "#006395",
        "green": "#008F45",
        "orange": "#CC5500",
        "red": "#CB202D",
        "text": "#0F172A",
        "muted": "#475569",
        "grid": "#E2E8F0",
    },
    "dark": {
        "blue": "#6BB8E3",
        "green": "#4CC38A",
        "orange": "#FF9A5C",
        "red": "#FF7A82",
        "text": "#F1F5F9",
        "muted": "#B6C2D2",
        "grid": "#334155",
    },
}
TALLEST = 250.0
FONT = "Inter, system-ui, sans-serif"


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
        _line(xs, ys, words["curve"], colour["blue"]),
        _line([contexts[0], contexts[-1]], [viable, viable], words["line"], colour["orange"], dash="dash"),
        _points([here[0]], [max(here[1], 0.5)], words["point"], point_colour, ["diamond"]),
    ]
    ticks = [2**power for power in range(9, 16)]
    layout = _layout(colour, words["x"], words["y"])
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [_thousands(t) for t in ticks]}
    layout["yaxis"] |= {"type": "log", "dtick": "D2"}
    return {"data": data, "layout": layout}


def families_chart(points: Sequence[Mapping[str, Any]], words: Words, theme: str) -> Figure:
    """Users a node holds (y) against the KV bytes a token leaves (x), logarithmic; a point is {name, family, x, y}."""
    colour = PALETTES[theme]
    families = {
        "mha": ("red", "square"),
        "gqa": ("blue", "circle"),
        "mqa": ("green", "diamond"),
        "mla": ("orange", "star"),
    }
    ordered = sorted(points, key=lambda point: point["x"])
    data = [_line([p["x"] for p in ordered], [p["y"] for p in ordered], words["line"], colour["muted"], dash="dot")]
    for family, (hue, symbol) in families.items():
        mine = [point for point in ordered if point["family"] == family]
        if mine:
            trace = _points(
                [p["x"] for p in mine], [p["y"] for p in mine], family.upper(), colour[hue], [symbol] * len(mine)
            )
            data.append(trace | {"text": [p["name"] for p in mine], "hovertemplate": "%{text}<br>%{x:,} B · %{y:,}"})
    ticks = [2**power for power in range(15, 24)]
    layout = _layout(colour, words["x"], words["y"])
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [_binary(t) for t in ticks]}
    layout["yaxis"] |= {"type": "log", "dtick": "D2"}
    return {"data": data, "layout": layout}


def sides_chart(
    names: Sequence[str],
    bars: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    spreads: Sequence[tuple[float, float] | None],
    own: Sequence[set[int]],
    y: str,
    theme: str,
) -> Figure:
    """Grouped bars, one group per measure and one bar per side, in percent of each measure's limit or target.

    `shares` holds, per side, one fraction per measure; None leaves the bar out. `spreads` holds, per side, the lowest and
    highest share of the first measure over several days, drawn as a whisker, None while it isn't known. `own` holds, per
    side, the positions of the measures that are the side's own limits; the others are drawn pale. Bars end at TALLEST
    percent so that an exploding queue doesn't flatten the rest; the number above the bar is whole, and so is the table
    beside the chart.
    """
    colour = PALETTES[theme]
    data = []
    for name, values, spread, mine, hue, shape in zip(
        names, shares, spreads, own, ("blue", "green"), ("", "/"), strict=True
    ):
        percent = [None if value is None else round(value * 100, 1) for value in values]
        opacity = [1.0 if i in mine else 0.35 for i in range(len(percent))]
        pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": "#FFFFFF", "fgopacity": 0.5}
        data.append(
            {
                "type": "bar",
                "name": name,
                "x": list(bars),
                "y": [None if p is None else min(p, TALLEST) for p in percent],
                "text": ["" if p is None else f"{p:,.0f} %" for p in percent],
                "textposition": "outside",
                "textfont": {"size": 12},
                "error_y": _whisker(values, spread, colour["text"]),
                "constraintext": "none",
                "cliponaxis": False,
                "marker": {"color": colour[hue], "pattern": pattern, "opacity": opacity},
                "hovertemplate": "%{x}: %{text}",
            }
        )
    layout = _layout(colour, "", y)
    layout |= {"barmode": "group", "bargap": 0.3, "shapes": [_limit(colour["red"])]}
    layout["xaxis"] |= {"tickangle": 0}
    top = max((value or 0 for values in shares for value in values), default=1)
    layout["yaxis"] |= {"range": [0, min(max(top * 100, 100), TALLEST) * 1.15], "ticksuffix": " %"}
    return {"data": data, "layout": layout}


def _whisker(values: Sequence[float | None], spread: tuple[float, float] | None, colour: str) -> dict[str, Any]:
    """The spread of the first measure as an asymmetric error bar in percent; invisible while it isn't known."""
    first = values[0]
    if first is None or spread is None or spread[1] * 100 > TALLEST:
        return {"visible": False}
    above, below = ((spread[1] - first) * 100, (first - spread[0]) * 100)
    rest = [0.0] * (len(values) - 1)
    arms = {"array": [round(above, 1), *rest], "arrayminus": [round(below, 1), *rest]}
    return {"type": "data", "symmetric": False, **arms, "color": colour, "thickness": 2, "width": 6}


def _limit(colour: str) -> dict[str, Any]:
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100}
    return {"type": "line", **ends, "line": {"color": colour, "width": 2, "dash": "dash"}}


def _line(xs: Sequence[float], ys: Sequence[float], name: str, colour: str, dash: str = "solid") -> dict[str, Any]:
    line = {"color": colour, "width": 2.5, "dash": dash}
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(xs),
        "y": list(ys),
        "line": line,
        "hoverinfo": "skip",
    }


def _points(xs: Sequence[float], ys: Sequence[float], name: str, colour: str, symbols: list[str]) -> dict[str, Any]:
    marker = {"color": colour, "size": 12, "symbol": symbols, "line": {"color": "#FFFFFF", "width": 1.5}}
    return {"type": "scatter", "mode": "markers", "name": name, "x": list(xs), "y": list(ys), "marker": marker}


def _layout(colour: Mapping[str, str], x: str, y: str) -> dict[str, Any]:
    axis = {"gridcolor": colour["grid"], "zeroline": False, "fixedrange": True, "automargin": True}
    return {
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colour["muted"]},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "dragmode": False,
        "hoverlabel": {"font": {"family": FONT}},
        "xaxis": {"title": {"text": x}} | axis,
        "yaxis": {"title": {"text": y}} | axis,
    }


def _thousands(value: float) -> str:
    return f"{value / 1024:.0f}k" if value >= 1024 else f"{value:.0f}"


def _binary(value: float) -> str:
    return f"{value / 2**20:.0f} MiB" if value >= 2**20 else f"{value / 2**10:.0f} KiB"
