"""The two configurations of Act II against their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, axes
from content import wording

TALLEST = 250.0
GAP = 0.3  # of the room between two groups of bars
HEAD = 34  # pixels above the bars, for two lines on the tallest


def sides_chart(
    names: Mapping[str, str],
    bars: Sequence[str],
    shares: Sequence[Sequence[float | None]],
    spreads: Sequence[tuple[float, float] | None],
    y: str,
    theme: str,
) -> Figure:
    """Grouped bars, one group per measure and one bar per side, in percent of each measure's limit or target.

    `names` holds, per side, the letter that stands on its bars and its whole name. `shares` holds, per side, one fraction per
    measure; None leaves the bar out, as where a side promised nothing. `spreads` holds, per side, the lowest and highest share of
    the first measure over several days, drawn as a whisker, None while it isn't known. Bars end at TALLEST percent so that an
    exploding queue doesn't flatten the rest; the number above the bar is that of the whole bar.
    """
    colour = PALETTES[theme]
    data: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    for at, ((letter, name), values, spread, hue, shape) in enumerate(
        zip(names.items(), shares, spreads, ("blue", "green"), ("", "/"), strict=True)
    ):
        percent = [None if value is None else value * 100 for value in values]
        whisker = _whisker(values, spread, colour["text"])
        tops = [None if p is None else min(round(p, 1), TALLEST) for p in percent]
        shown = ["" if p is None else wording.decimals(p, 0) for p in percent]
        beside = (at - (len(names) - 1) / 2) * (1 - GAP) / len(names)
        for i, top in enumerate(tops):
            if top is not None:  # the first stands above its whisker, not across it
                end = top + (whisker["array"][0] if i == 0 and "array" in whisker else 0)
                # no mark around the letter: plotly.js would write a style into the page, which its policy forbids
                named.append(_above(f"{letter}<br>{shown[i]}", i + beside, end, colour))
        pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": "#FFFFFF", "fgopacity": 0.5}
        data.append(
            {
                "type": "bar",
                "name": name,
                "x": list(bars),
                "y": tops,
                "hovertext": ["" if p is None else wording.decimals(p, 0) for p in percent],
                "error_y": whisker,
                "marker": {"color": colour[hue], "pattern": pattern},
                "hovertemplate": f"%{{x}}: %{{hovertext}}{wording.percent()}",
            }
        )
    layout = axes(colour, "", y)
    layout |= {"barmode": "group", "bargap": GAP, "shapes": [_limit(colour["red"])], "annotations": named}
    layout |= {"showlegend": False}  # each bar has its letter
    layout["margin"]["t"] = HEAD
    layout["minreducedheight"] = 20  # px: in a flat window the bars shrink, not what stands above them
    layout["xaxis"] |= {"tickangle": 0, "tickfont": {"size": 11}}
    # plotly drops words that stand above the axis, by however little
    top = max([100.0, *(words["y"] for words in named)])
    layout["yaxis"] |= {"range": [0, top], "nticks": 4, "tickfont": {"size": 11}}
    return {"data": data, "layout": layout}


def _whisker(values: Sequence[float | None], spread: tuple[float, float] | None, colour: str) -> dict[str, Any]:
    """The spread of the first measure as an asymmetric error bar in percent; invisible while it isn't known."""
    first = values[0]
    if first is None or spread is None or spread[1] * 100 > TALLEST:
        return {"visible": False}
    above, below = ((spread[1] - first) * 100, (first - spread[0]) * 100)
    arms = {
        "array": [round(above, 1)],
        "arrayminus": [round(below, 1)],
    }  # of the first alone: None would be an arm of length 0
    if not any(arms["array"] + arms["arrayminus"]):
        return {"visible": False}  # the days agree: no end of an arm across the bar
    return {"type": "data", "symmetric": False, **arms, "color": colour, "thickness": 2, "width": 6}


def _above(text: str, x: float, percent: float, colour: Mapping[str, str]) -> dict[str, Any]:
    """What stands above a bar or a whisker that ends at so many percent; x in groups of bars from the middle of the first.

    It has a ground of its own: the limit's line may run there.
    """
    looks = {"font": {"size": 11, "color": colour["text"]}, "bgcolor": colour["ground"]}
    return {"text": text, "x": x, "y": percent, "yanchor": "bottom", "showarrow": False, **looks}


def _limit(colour: str) -> dict[str, Any]:
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100}
    return {"type": "line", **ends, "line": {"color": colour, "width": 2, "dash": "dash"}}
