"""Colours can be told apart by everyone, and are never the only carrier of what they say."""

import math
import re
from itertools import combinations

import pytest

import charts
import views
from acts.promises import sweeps
from state import store
from tests import lab as native

# How the three dichromacies see linear RGB: Machado, Oliveira and Fernandes 2009, table 1, severity 1.0.
SIGHT = {
    "every colour": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)  # D65
TOLD_APART = 10  # CIE 1976 distance; about 2.3 is just noticed side by side
SIDES = ("blue", "green", "text")  # side A, side B, the learner's own: met in one figure, and drawn as small marks


def linear(colour):
    """A #RRGGBB colour as linear light (IEC 61966-2-1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def lab(colour, sight):
    """A colour as such an eye sees it, in CIE L*a*b*."""
    seen = [min(1.0, max(0.0, part)) for part in times(SIGHT[sight], linear(colour))]
    x, y, z = (part / white for part, white in zip(times(XYZ, seen), WHITE, strict=True))
    f = [math.cbrt(t) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def luminance(colour):
    return times(XYZ, linear(colour))[1]


def test_the_measure_knows_what_is_hard_to_tell_apart():
    red, green = "#FF0000", "#00C000"
    assert math.dist(lab(red, "every colour"), lab(green, "every colour")) > 100
    assert math.dist(lab("#B4A000", "deuteranopia"), lab("#D08800", "deuteranopia")) < TOLD_APART
    assert lab("#FFFFFF", "protanopia")[0] == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
@pytest.mark.parametrize("sight", sorted(SIGHT))
def test_the_two_sides_and_the_learners_own_are_told_apart(theme, sight):
    palette = charts.PALETTES[theme]
    for one, other in combinations(SIDES, 2):
        apart = math.dist(lab(palette[one], sight), lab(palette[other], sight))
        assert apart >= TOLD_APART, f"{one} and {other}: {apart:.1f}"


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
def test_every_colour_of_a_mark_stands_out_from_the_page(theme):
    palette = charts.PALETTES[theme]
    for name in ("blue", "green", "orange", "red", "cloud", "text", "muted"):
        bright, dark = sorted((luminance(palette[name]), luminance(palette["ground"])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 3, name  # WCAG 2.2, 1.4.11


def carriers(trace):
    """What tells a trace apart besides its colour: its kind, dash, symbols, size and pattern; None outside the legend."""
    if trace.get("showlegend") is False and not any(trace.get("text", ())):
        return None
    marker, line = trace.get("marker", {}), trace.get("line", {})
    symbols, size = marker.get("symbol", ()), str(marker.get("size"))
    pattern, texts = marker.get("pattern", {}).get("shape", ""), trace.get("text", ())
    return trace["type"], trace.get("mode"), line.get("dash"), tuple(symbols)[:1], size, pattern, tuple(texts)[:3]


def colour(trace):
    return trace.get("line", {}).get("color") if trace.get("mode") == "lines" else trace["marker"]["color"]


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
def test_no_two_traces_differ_by_their_colour_alone(theme):
    frame = views.frame(native.shipped(), native.after(native.walked(until=4), store.ThemeChanged(theme)))
    figures = {key: entry["figure"]["data"] for key, entry in frame.items() if entry.get("figure")}
    assert figures
    for key, traces in figures.items():
        told = [(carriers(trace), colour(trace), trace["name"]) for trace in traces if carriers(trace)]
        for (one, hue, name), (other, its_hue, its_name) in combinations(told, 2):
            assert one != other or hue == its_hue, f"{key}: {name} and {its_name} differ by colour only"


# --- words on figures: 4.5:1 on what they stand on (WCAG 2.2, 1.4.3) ---------------------------------------------------------


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def over(colour, ground, opacity):
    """What is seen where a colour lies over a ground, partly seen through."""
    mixed = (int(colour[i : i + 2], 16) * opacity + int(ground[i : i + 2], 16) * (1 - opacity) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part):02X}" for part in mixed)


def grounds(trace, page):
    """What the letters of a trace stand on: the page, or its bars and the pattern on them."""
    marker = trace.get("marker", {})
    if trace["type"] != "bar" or trace["textposition"] != "inside":
        return [page]
    fill, pattern = marker["color"], marker.get("pattern", {})
    over_fill = [over(pattern["fgcolor"], fill, pattern["fgopacity"])] if pattern.get("fgcolor") else [page]
    return [
        over(seen, page, marker.get("opacity", 1.0)) for seen in (fill, *(over_fill if pattern.get("shape") else ()))
    ]


def words_of(figure, page):
    """Every colour that a figure writes in and what it then stands on: (what, letters, ground)."""
    layout = figure["layout"]
    usual = layout["font"]["color"]
    yield "axes and legend", usual, page
    for text in layout.get("annotations", ()):
        yield text["text"], text.get("font", {}).get("color", usual), text.get("bgcolor", page)
    for name in ("xaxis", "yaxis", "xaxis2", "yaxis2", "legend"):
        yield name, layout.get(name, {}).get("font", {}).get("color", usual), page
    yield "hover", layout["hoverlabel"]["font"]["color"], layout["hoverlabel"]["bgcolor"]
    for trace in figure["data"]:
        if any(trace.get("text", ())):
            for ground in grounds(trace, page):
                yield trace["name"], trace["textfont"].get("color", usual), ground


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
def test_every_word_on_a_figure_can_be_read_on_what_it_stands_on(theme):
    frame = views.frame(native.shipped(), native.after(native.walked(until=4), store.ThemeChanged(theme)))
    figures = {key: entry["figure"] for key, entry in frame.items() if entry.get("figure")}
    states = list(sweeps.MAP_STATES)
    named = {state: state for state in states}
    cells = charts.feasibility_cells([(i, 0, state, "") for i, state in enumerate(states)], named, named, theme)
    figures["every state of the map"] = {**figures["act2.roof.plot"], "data": cells}
    page = charts.PALETTES[theme]["ground"]
    read = [(key, *word) for key, figure in figures.items() for word in words_of(figure, page)]
    assert len({letters for _, _, letters, _ in read}) >= 5  # more than one colour is written in
    assert [word for word in read if contrast(*word[2:]) < 4.5] == []


def tokens(theme):
    """The page's colours by name."""
    css = (native.CONTENT.parent / "css/tokens.css").read_text(encoding="utf-8")
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    return {name: pair[theme == "dark"] for name, *pair in found}


WRITTEN = [(ink, ground) for ink in ("soft", "text") for ground in ("page", "surface")]
WRITTEN += [(ink, "page") for ink in ("bar-weights", "green", "red")]  # words of the wall
WRITTEN += [("floor-decode-ink", "floor-decode"), ("map-holds", "page"), ("map-fails", "page"), ("blue", "page")]


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
def test_what_the_painter_and_the_keys_write_can_be_read_too(theme):
    colours = tokens(theme)
    assert colours["page"].upper() == charts.PALETTES[theme]["ground"]
    assert [pair for pair in WRITTEN if contrast(*(colours[name] for name in pair)) < 4.5] == []
