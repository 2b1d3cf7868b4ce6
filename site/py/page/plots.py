"""Figures on the page: those in sight are drawn by plotly.js, the others wait until they are scrolled to or printed.

The browser's objects are handed in. A figure crosses into the browser once, as JSON. Where only its shapes moved, only those are
drawn anew, which takes a tenth of the time. While such a point follows a hand, the figures that have to be drawn as a whole
wait until the hand rests: they would make the point late.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Figure = Mapping[str, Any]

CONFIG = {"displayModeBar": False, "responsive": False, "scrollZoom": False}
MARGIN = "400px"  # drawn this far ahead of scrolling
REST_MS = 120  # a hand that has not moved for so long rests


class Plots:
    """The plots of the page by key: what each should show, and what it shows."""

    def __init__(self, window: Any, proxy: Callable[[Any], Any], nodes: Mapping[str, Any], missing: str) -> None:
        """proxy makes a Python function callable for the browser; missing is said where plotly didn't come."""
        self.window, self.nodes, self.missing = window, nodes, missing
        self.wanted: dict[str, Figure] = {}
        self.drawn: dict[str, Figure] = {}
        self.in_sight: set[str] = set()
        self.rest, self.rested = 0, proxy(self.draw_sighted)
        self.on_paper = False
        keys = [key for key in nodes if key.endswith(".plot")]
        if not hasattr(window, "IntersectionObserver"):
            self.in_sight.update(keys)
            return
        options = window.JSON.parse(json.dumps({"rootMargin": MARGIN}))
        self.observer = window.IntersectionObserver.new(proxy(self.sighted), options)
        self.rooms = window.ResizeObserver.new(proxy(self.resized))
        for key in keys:
            self.observer.observe(nodes[key])
            self.rooms.observe(nodes[key])

    def sighted(self, entries: Any, *_: Any) -> None:
        """Plots came into sight or left it."""
        for entry in entries:
            key = entry.target.getAttribute("data-key")
            if entry.isIntersecting:
                self.in_sight.add(key)
                self.update(key)
            else:
                self.in_sight.discard(key)

    def resized(self, entries: Any, *_: Any) -> None:
        """The rooms of plots changed: what is drawn follows, whatever changed them. plotly.js itself minds the window alone."""
        for entry in entries:
            key = entry.target.getAttribute("data-key")
            if key in self.drawn and entry.contentRect.width and not self.on_paper:
                self.window.Plotly.Plots.resize(entry.target)

    def show(self, figures: Mapping[str, Figure]) -> None:
        """Plots should show these figures from now on."""
        self.wanted |= figures
        shown = [key for key in figures if key in self.in_sight or self.lacking()]
        reshaped = [key for key in shown if _is_reshaped(self.drawn.get(key), figures[key])]
        for key in reshaped or shown:
            self.update(key)
        if reshaped and len(reshaped) < len(shown):
            self.window.clearTimeout(self.rest)
            self.rest = self.window.setTimeout(self.rested, REST_MS)

    def draw_sighted(self, *_: Any) -> None:
        """Draw what is in sight and isn't drawn yet; of a page that is being printed, all of it."""
        for key in self.wanted if self.on_paper else self.in_sight:
            self.update(key)

    def lacking(self) -> bool:
        """Whether plotly will not come."""
        return bool(self.window.document.documentElement.getAttribute("data-plotly") == "missing")

    def show_all(self, *_: Any) -> None:
        """Draw every figure, in sight or not: the page is being printed; or say for each that plotly failed to arrive."""
        for key in self.wanted:
            self.update(key)

    def fit_paper(self) -> None:
        """Draw every figure, and let each scale with its box from now on: paper is narrower than most windows.

        plotly.js draws for a size in pixels; with that size as its view box a drawing takes the width that print.css gives it.
        """
        self.show_all()
        self.on_paper = True
        for key in self.drawn:
            self.fit(key)

    def fit(self, key: str) -> None:
        """Let what is drawn of one figure scale with its box."""
        for drawing in self.nodes[key].querySelectorAll(".main-svg"):
            width, height = drawing.getAttribute("width"), drawing.getAttribute("height")
            drawing.setAttribute("viewBox", f"0 0 {width} {height}")
            self.nodes[key].style.aspectRatio = f"{width} / {height}"
            self.nodes[key].style.setProperty("--drawn", f"{width}px")

    def leave_paper(self) -> None:
        """Let the window give the sizes again."""
        self.on_paper = False
        for key in self.drawn:
            self.nodes[key].style.aspectRatio = ""

    def update(self, key: str) -> None:
        """Draw what a plot should show, if that isn't there yet; without plotly say where its numbers stand."""
        figure, before = self.wanted.get(key), self.drawn.get(key)
        if not figure or figure == before:
            return
        if not hasattr(self.window, "Plotly"):
            if self.lacking():
                self.nodes[key].textContent = self.missing
            else:
                self.window.labPlotly()
            return
        self.drawn[key] = figure
        if _is_reshaped(before, figure):
            shapes = {"shapes": figure["layout"].get("shapes", [])}
            self.window.Plotly.relayout(self.nodes[key], self.window.JSON.parse(json.dumps(shapes, allow_nan=False)))
            return
        made = self.window.JSON.parse(json.dumps({**figure, "config": CONFIG}, allow_nan=False))
        self.window.Plotly.react(self.nodes[key], made.data, made.layout, made.config)
        if self.on_paper:
            self.fit(key)


def _is_reshaped(before: Figure | None, after: Figure) -> bool:
    """Whether a figure differs from what is drawn in its shapes alone."""
    return before is not None and _without_shapes(before) == _without_shapes(after)


def _without_shapes(figure: Figure) -> tuple[Any, dict[str, Any]]:
    return figure["data"], {name: value for name, value in figure["layout"].items() if name != "shapes"}
