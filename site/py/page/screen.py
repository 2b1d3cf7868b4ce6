"""What the page shows: nodes and the frame in them, plots and scenes; on paper too. The browser's objects are handed in."""

from collections.abc import Callable
from typing import Any

from content.course import Course
from page import focus, page
from page.plots import Plots
from page.stage import Stage


class Screen:
    """The nodes of the page and the frame that they show."""

    def __init__(
        self, course: Course, window: Any, proxied: Callable[[Callable[..., None]], Any], heard: Callable[..., None]
    ) -> None:
        """proxied makes a function that the browser may keep; heard hears what happens on the stage."""
        self.window, self.document = window, window.document
        self.stage = Stage(window, proxied, heard)
        self.nodes = page.index(self.document)
        self.shown: page.Frame = {}
        self.unfolded: list[Any] = []  # what was opened for paper
        self.plots = Plots(window, proxied, self.nodes, course.at("words.chart_missing"))

    def show(self, frame: page.Frame) -> None:
        """Patch what differs, then the plots and the scenes that differ."""
        before, self.shown = self.shown, {**self.shown, **frame}
        changed = dict(page.changes(before, frame))
        losing = focus.losing(self.document, [self.nodes[key] for key, made in changed.items() if focus.may_go(made)])
        page.write(self.document, self.nodes, before, changed)
        if losing:
            focus.keep(self.window, losing)
        self.plots.show({key: made["figure"] for key, made in changed.items() if made.get("figure")})
        for key, properties in changed.items():
            if "scene" in properties or "picked" in properties:
                self.stage.show(key, self.nodes[key], properties)

    def to_paper(self, *_: Any) -> None:
        """The page is about to be printed: figures that fit paper, derivations unfolded."""
        self.plots.fit_paper()
        self.unfolded = [fold for fold in self.document.querySelectorAll("details.math") if not fold.open]
        for fold in self.unfolded:
            fold.open = True

    def from_paper(self, *_: Any) -> None:
        """It has been printed: what the reader had folded is folded again."""
        self.plots.leave_paper()
        for fold in self.unfolded:
            fold.open = False

    def resync(self) -> None:
        """Put every tick box and radio button back to what the state says: the document doesn't decide what is locked."""
        for key, properties in self.shown.items():
            if "checked" in properties and self.nodes[key].checked != properties["checked"]:
                self.nodes[key].checked = properties["checked"]
            if "disabled" in properties and self.nodes[key].disabled != properties["disabled"]:
                self.nodes[key].disabled = properties["disabled"]
