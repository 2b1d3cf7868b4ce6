"""Figures of memory: how many users fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charts.parts import PALETTES, Figure, Words, axes, curve, diamond, marks


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
    ]
    ticks = [2**power for power in range(9, 16)]
    layout = axes(colour, words["x"], words["y"])
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [_thousands(t) for t in ticks]}
    layout["yaxis"] |= {"type": "log", "dtick": "D2"}
    layout["shapes"] = [diamond(here[0], max(here[1], 0.5), words["point"], point_colour)]
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
    data = [curve([p["x"] for p in ordered], [p["y"] for p in ordered], words["line"], colour["muted"], dash="dot")]
    for family, (hue, symbol) in families.items():
        mine = [point for point in ordered if point["family"] == family]
        if mine:
            trace = marks(
                [p["x"] for p in mine], [p["y"] for p in mine], family.upper(), colour[hue], [symbol] * len(mine)
            )
            data.append(trace | {"text": [p["name"] for p in mine], "hovertemplate": "%{text}<br>%{x:,} B · %{y:,}"})
    ticks = [2**power for power in range(15, 24)]
    layout = axes(colour, words["x"], words["y"])
    layout["xaxis"] |= {"type": "log", "tickvals": ticks, "ticktext": [_binary(t) for t in ticks]}
    layout["yaxis"] |= {"type": "log", "dtick": "D2"}
    return {"data": data, "layout": layout}


def _thousands(value: float) -> str:
    return f"{value / 1024:.0f}k" if value >= 1024 else f"{value:.0f}"


def _binary(value: float) -> str:
    return f"{value / 2**20:.0f} MiB" if value >= 2**20 else f"{value / 2**10:.0f} KiB"
