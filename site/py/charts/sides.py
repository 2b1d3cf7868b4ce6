"""The two configurations of Act II against their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, axes
from content import wording

TALLEST = 250.0
GAP = 0.3  # of the room between two groups of bars
AS_MULTIPLE = (
    1000.0  # percent; from here on a label tells how many times the limit, which stays short above a narrow bar
)


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
    percent so that an exploding queue doesn't flatten the rest; the number above the bar is that of the whole bar.
    """
    colour = PALETTES[theme]
    data: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    for at, (name, values, spread, mine, hue, shape) in enumerate(
        zip(names, shares, spreads, own, ("blue", "green"), ("", "/"), strict=True)
    ):
        percent = [None if value is None else round(value * 100, 1) for value in values]
        whisker = _whisker(values, spread, colour["text"])
        shown = ["" if p is None else _label(p) for p in percent]
        if "array" in whisker:  # its number stands above the whisker, not across it
            top = float(percent[0] or 0) + whisker["array"][0]
            named.append(_above(shown[0], (at - (len(names) - 1) / 2) * (1 - GAP) / len(names), top, colour))
        opacity = [1.0 if i in mine else 0.35 for i in range(len(percent))]
        pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": "#FFFFFF", "fgopacity": 0.5}
        data.append(
            {
                "type": "bar",
                "name": name,
                "x": list(bars),
                "y": [None if p is None else min(p, TALLEST) for p in percent],
                "text": ["", *shown[1:]] if "array" in whisker else shown,
                "hovertext": shown,
                "textposition": "outside",
                "textfont": {"size": 12},
                "error_y": whisker,
                "constraintext": "none",
                "cliponaxis": False,
                "marker": {"color": colour[hue], "pattern": pattern, "opacity": opacity},
                "hovertemplate": "%{x}: %{hovertext}",
            }
        )
    layout = axes(colour, "", y)
    layout |= {"barmode": "group", "bargap": GAP, "shapes": [_limit(colour["red"])], "annotations": named}
    layout["xaxis"] |= {"tickangle": 0}
    ends = [spread[1] for spread in spreads if spread]
    top = max([*(value or 0 for values in shares for value in values), *ends], default=1)
    layout["yaxis"] |= {"range": [0, min(max(top * 100, 100), TALLEST) * 1.15], "ticksuffix": " %"}
    return {"data": data, "layout": layout}


def _label(percent: float) -> str:
    """What stands above a bar."""
    return f"{wording.decimals(percent, 0)} %" if percent < AS_MULTIPLE else f"{wording.decimals(percent / 100, 0)}×"


def _whisker(values: Sequence[float | None], spread: tuple[float, float] | None, colour: str) -> dict[str, Any]:
    """The spread of the first measure as an asymmetric error bar in percent; invisible while it isn't known."""
    first = values[0]
    if first is None or spread is None or spread[1] * 100 > TALLEST:
        return {"visible": False}
    above, below = ((spread[1] - first) * 100, (first - spread[0]) * 100)
    rest = [None] * (len(values) - 1)
    arms = {"array": [round(above, 1), *rest], "arrayminus": [round(below, 1), *rest]}
    return {"type": "data", "symmetric": False, **arms, "color": colour, "thickness": 2, "width": 6}


def _above(text: str, x: float, percent: float, colour: Mapping[str, str]) -> dict[str, Any]:
    """A number above a whisker that ends at so many percent; x in groups of bars from the middle of the first.

    It has a ground of its own: the limit's line may run there.
    """
    looks = {"font": {"size": 12, "color": colour["text"]}, "bgcolor": colour["ground"]}
    return {"text": text, "x": x, "y": percent, "yanchor": "bottom", "showarrow": False, **looks}


def _limit(colour: str) -> dict[str, Any]:
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100}
    return {"type": "line", **ends, "line": {"color": colour, "width": 2, "dash": "dash"}}
