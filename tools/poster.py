"""The picture that is shown beside a link to the lab (Open Graph): the first act's figure without its words, since whoever
shows the link shows its title too. Nobody's prediction is spoilt: beside the weights stands a question mark, as in the figure.
"""

from __future__ import annotations

from typing import Any

from tools import figures
from tools.drawing import Drawing, Rectangle

WIDTH, HEIGHT = 1200, 630  # pixels, what Open Graph's readers show whole
LEFT, TOP, RIGHT, BOTTOM = 90.0, 80.0, 1110.0, 550.0
MARK = (".###.", "#...#", "....#", "...#.", "..#..", ".....", "..#..")  # a question mark
DOT = 38.0


def draw(course: Any) -> Drawing:
    """The poster, from the engine's numbers in the first act's figure."""
    _, picture = next(iter(figures.pictures(course).values()))
    ink, (first, *_) = figures.INKS["dark"], figures.words(course).values()
    drawing = Drawing(WIDTH, HEIGHT, first["title"], first["alt"])
    drawing.items.append(Rectangle(0, 0, WIDTH, HEIGHT, ink["paper"]))
    room, middle = (RIGHT - LEFT) / len(picture.columns), HEIGHT / 2
    for position in range(len(picture.columns)):
        x, below = LEFT + room * (position + 0.1), 0.0
        for part, (colour, heights) in picture.parts.items():
            top, bottom = (
                BOTTOM - (BOTTOM - TOP) * height / picture.full for height in (below + heights[position], below)
            )
            drawing.items.append(Rectangle(x, top, room * 0.8, bottom - top, ink[colour]))
            if part == picture.marked:
                drawing.items += figures.hatch(x, top, room * 0.8, bottom - top, ink)
                drawing.items += figures.edge(x, room * 0.8, ink, TOP, BOTTOM)
                middle = (top + bottom) / 2
            below += heights[position]
    drawing.items += _mark(WIDTH / 2, middle, ink["mark"])
    return drawing


def _mark(x: float, y: float, colour: str) -> list[Rectangle]:
    """A question mark of dots around a point."""
    return [
        Rectangle(x + (column - len(row) / 2) * DOT, y + (line - len(MARK) / 2) * DOT, DOT, DOT, colour)
        for line, row in enumerate(MARK)
        for column, dot in enumerate(row)
        if dot == "#"
    ]
