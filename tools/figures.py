"""The figures that stand where the lab can't run: before it is opened, on paper, in an e-book. Every number in them is the
engine's, every word stands in the content, and each is drawn for light and dark screens and for print."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from tools.drawing import Drawing, Line, Rectangle, Words

WIDTH = 640.0
LEFT, TOP, RIGHT, BOTTOM = 64.0, 84.0, 616.0, 262.0
MADE = {"light": ("svg",), "dark": ("svg",), "print": ("svg", "pdf")}

HATCH = 7.0  # points from one stroke to the next

# The lab's own colours (css/tokens.css): the weights blue, free memory hatched; on paper they stand on white.
INKS: Mapping[str, Mapping[str, str]] = {
    "light": {
        "paper": "#f8fafc",
        "text": "#0f172a",
        "soft": "#475569",
        "grid": "#dfe6ee",
        "blue": "#006395",
        "free": "#f4f7fa",
        "hatch": "#b9c5d3",
        "edge": "#64748b",
        "grey": "#8090a6",
        "mark": "#00713a",
    },
    "dark": {
        "paper": "#162136",
        "text": "#f1f5f9",
        "soft": "#c3cfde",
        "grid": "#2c3a52",
        "blue": "#3f9ccf",
        "free": "#18233a",
        "hatch": "#3c4d68",
        "edge": "#8b9bb3",
        "grey": "#71829c",
        "mark": "#63d39b",
    },
}
INKS = {**INKS, "print": {**INKS["light"], "paper": "#ffffff"}}

Ink = Mapping[str, str]
Texts = Mapping[str, str]


def pictures(course: Any) -> dict[str, tuple[str, Any]]:
    """The acts that have a picture: the act's id and the picture, by the number that a page asks for the act with."""
    from state.act import acts

    asking = [act for act in acts(course) if act.asks]
    return {str(n): (act.id, act.picture(course)) for n, act in enumerate(asking, 1) if act.picture}


def files(course: Any) -> dict[str, bytes]:
    """Every figure by file name: "act", its act's number, the look, the kind; no PDF where its fonts lack the letters. Raises
    WordingError for a word that asks for no number."""
    made: dict[str, bytes] = {}
    for number, (act, picture) in pictures(course).items():
        for look, kinds in MADE.items():
            drawing = draw(course, act, picture, look)
            there = (kind for kind in kinds if kind != "pdf" or drawing.has_letters)
            made |= {f"act{number}-{look}.{kind}": getattr(drawing, kind)() for kind in there}
    return made


def words(course: Any) -> dict[str, dict[str, str]]:
    """Title, caption and alternative text of each choice of acts, "1", "2" ... and "all", numbers filled in."""
    known = pictures(course)
    first = next(iter(known))
    found = {}
    for choice, number in {**{number: number for number in known}, "all": first}.items():
        texts = _texts(course, *known[number])
        if choice == "all":
            texts |= course.at("embed.figures.all")
        found[choice] = {"figure": number, **{key: texts[key] for key in ("title", "caption", "alt")}}
    return found


def draw(course: Any, act: str, picture: Any, look: str) -> Drawing:
    """An act's picture in one look."""
    texts, ink = _texts(course, act, picture), INKS[look]
    drawing = Drawing(WIDTH, 0, texts["heading"], texts["alt"])
    drawing.items.append(Words(24, 42, texts["heading"], 20, ink["text"], strong=True))
    _scale(drawing, picture.full, picture.step, texts["axis"], ink)
    for position, number in enumerate(picture.columns):
        _draw_column(drawing, picture, texts, position, number, ink)
    if picture.below:
        drawing.items.append(Words((LEFT + RIGHT) / 2, BOTTOM + 36, texts["below"], 12, ink["soft"], "middle"))
    named = [(colour, texts[part]) for part, (colour, _) in picture.parts.items()]
    _key(drawing, BOTTOM + (66 if picture.below else 48), named[::-1], ink)
    drawing.items.insert(0, Rectangle(0, 0, drawing.width, drawing.height, ink["paper"], 12))
    return drawing


def _texts(course: Any, act: str, picture: Any) -> dict[str, str]:
    from content import wording

    known = {**picture.numbers, "number": "{number}"}  # filled in for each column
    return {key: wording.fill(text, known) for key, text in course.at(f"{act}.figure").items()}


def _draw_column(drawing: Drawing, picture: Any, texts: Texts, position: int, number: int, ink: Ink) -> None:
    x, width = _column(position, len(picture.columns))
    below = 0.0
    for part, (colour, heights) in picture.parts.items():
        above = below + heights[position]
        top, bottom = _height(above, picture.full), _height(below, picture.full)
        drawing.items.append(Rectangle(x, top, width, bottom - top, ink[colour]))
        if part == picture.marked:
            drawing.items += hatch(x, top, width, bottom - top, ink)
            drawing.items += edge(x, width, ink, TOP, BOTTOM)
            middle = (top + bottom) / 2 + 14
            drawing.items.append(Words(x + width / 2, middle, texts["mark"], 40, ink["mark"], "middle", strong=True))
        below = above
    name = texts["column"].replace("{number}", str(number))
    drawing.items.append(Words(x + width / 2, BOTTOM + 18, name, 12, ink["soft"], "middle"))


def hatch(x: float, y: float, width: float, height: float, ink: Ink) -> list[Line]:
    """Strokes from the lower left to the upper right, as far as a rectangle goes."""
    strokes = []
    for i in range(1, int((width + height) / HATCH) + 1):
        low = i * HATCH  # where the stroke meets the left edge, or would below it, from the top
        left, right = max(0.0, low - height), min(width, low)
        strokes.append(Line(x + left, y + low - left, x + right, y + low - right, ink["hatch"]))
    return strokes


def edge(x: float, width: float, ink: Ink, top: float, bottom: float) -> list[Line]:
    """The edges of a column that is as high as the scale."""
    corners = ((x, bottom), (x, top), (x + width, top), (x + width, bottom))
    return [Line(*one, *other, ink["edge"], 1.5) for one, other in itertools.pairwise((*corners, corners[0]))]


# --- What both are made of ----------------------------------------------------------------------------------------------


def _height(value: float, full: float) -> float:
    """Where a value stands on the upright scale whose top is `full`."""
    return BOTTOM - (BOTTOM - TOP) * value / full


def _column(position: int, count: int) -> tuple[float, float]:
    """Left edge and width of one of `count` columns."""
    room = (RIGHT - LEFT) / count
    return LEFT + room * (position + 0.16), room * 0.68


def _scale(drawing: Drawing, full: float, step: float, name: str, ink: Ink) -> None:
    """Lines across at every `step`, numbered, and the name of the scale above them."""
    drawing.items.append(Words(24, TOP - 14, name, 12, ink["soft"]))
    for i in range(int(full // step) + 1):
        y = _height(i * step, full)
        drawing.items.append(Line(LEFT, y, RIGHT, y, ink["grid"]))
        drawing.items.append(Words(LEFT - 8, y + 4, f"{i * step:g}", 12, ink["soft"], "end"))


def _key(drawing: Drawing, y: float, entries: Sequence[tuple[str, str]], ink: Ink) -> None:
    """What each colour means, in the order of the stack, and the end of the drawing below it."""
    for colour, text in entries:
        drawing.items += [Rectangle(LEFT, y - 10, 11, 11, ink[colour], 2), Words(LEFT + 18, y, text, 12, ink["text"])]
        drawing.items += hatch(LEFT, y - 10, 11, 11, ink) if colour == "free" else []
        y += 21
    drawing.height = y
