"""What every figure is made of: the palette, axes and legend, lines and points."""

from collections.abc import Mapping, Sequence
from typing import Any

from content import wording

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
        "cloud": "#6366F1",
        "ground": "#FFFFFF",
    },
    "dark": {
        "blue": "#6BB8E3",
        "green": "#4CC38A",
        "orange": "#FF9A5C",
        "red": "#FF7A82",
        "text": "#F1F5F9",
        "muted": "#B6C2D2",
        "grid": "#334155",
        "cloud": "#A5A7FF",
        "ground": "#0F172A",
    },
}
# What is written in a colour, where the colour itself, made for marks and fills, misses 4.5:1 on the page.
DARKER: Mapping[str, Mapping[str, str]] = {
    "light": {"green": "#00713A", "orange": "#A84400", "cloud": "#4F51D8"},
    "dark": {},
}
FONT = "Inter, system-ui, sans-serif"
TITLE = {"font": {"size": 12}, "standoff": 6}  # of an axis: whole in a window of 320 pixels


def ink(theme: str, hue: str) -> str:
    """A colour of the palette for words."""
    return DARKER[theme].get(hue) or PALETTES[theme][hue]


def faint(colour: str, opacity: float) -> str:
    """A colour of the palette, seen through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def curve(
    xs: Sequence[float | None], ys: Sequence[float | str | None], name: str, colour: str, dash: str = "solid"
) -> dict[str, Any]:
    """A line through points, without marks; it is broken where a point is None."""
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


def marks(
    xs: Sequence[float | None], ys: Sequence[float | None], name: str, colour: str, symbols: list[str]
) -> dict[str, Any]:
    """Points, each with its plotly symbol."""
    marker = {"color": colour, "size": 12, "symbol": symbols, "line": {"color": "#FFFFFF", "width": 1.5}}
    return {"type": "scatter", "mode": "markers", "name": name, "x": list(xs), "y": list(ys), "marker": marker}


def at_point(x: float, y: float | str, path: str) -> dict[str, Any]:
    """A path in pixels around a point, as a shape: it moves without the figure being drawn anew, as one of `marks` could not.

    That holds while it stays out of the legend and both axes have a range of their own; `legend_only` names it there.
    """
    return {"type": "path", "xsizemode": "pixel", "ysizemode": "pixel", "xanchor": x, "yanchor": y, "path": path}


def through(points: Sequence[tuple[float, float]], colour: str, width: float, dash: str = "solid") -> dict[str, Any]:
    """A line through points as a shape: it changes without the figure being drawn anew, as one of `curve` could not."""
    path = "M" + "L".join(f"{x:.4f},{y:.4f}" for x, y in points)
    return {"type": "path", "path": path, "line": {"color": colour, "width": width, "dash": dash}, "layer": "below"}


def diamond(x: float, y: float, colour: str) -> dict[str, Any]:
    """One point as a shape that moves by itself."""
    line = {"color": "#FFFFFF", "width": 1.5}
    return at_point(x, y, "M-8 0L0 -8L8 0L0 8Z") | {"fillcolor": colour, "line": line}


def legend_only(name: str, colour: str, symbol: str) -> dict[str, Any]:
    """A mark that stands in the legend alone: how something is drawn that isn't a trace."""
    return marks([None], [None], name, colour, [symbol])


def axes(colour: Mapping[str, str], x: str, y: str) -> dict[str, Any]:
    """The layout of a figure with titles for its two axes: transparent paper, the page's type, nothing to drag."""
    axis = {"gridcolor": colour["grid"], "zeroline": False, "fixedrange": True, "automargin": True}
    return {
        "autosize": True,
        "separators": wording.separators(),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colour["muted"]},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": colour["ground"],
            "bordercolor": colour["muted"],
            "font": {"family": FONT, "color": colour["text"]},
        },
        "xaxis": {"title": {"text": x} | (TITLE if x else {})} | axis,
        "yaxis": {"title": {"text": y} | (TITLE if y else {})} | axis,
    }
