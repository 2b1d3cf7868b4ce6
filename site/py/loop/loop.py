"""The loop: an action becomes a new state, what follows from it is done, and the next frame shows it."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from content import wording
from content.course import Course
from state import hosting, store


def now() -> str:
    """The time, ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Loop:
    """Takes actions in, one after the other. Who derives from it carries effects out, and shows the state."""

    def __init__(self, course: Course, window: Any, proxied: Callable[[Callable[..., None]], Any]) -> None:
        """proxied makes a function that the browser may keep."""
        self.course, self.window, self.proxied = course, window, proxied
        self.state = store.initial(course)
        self.coming: list[store.Action] = []  # actions that are still to be taken in
        self.taking = False

    def carry_out(self, effect: store.Effect) -> None:
        """Do what an effect says."""
        raise NotImplementedError

    def show_soon(self, *_: Any) -> None:
        """Show the state at the next frame."""
        raise NotImplementedError

    def dispatch(self, action: store.Action) -> None:
        """Take one action: reduce it, carry out its effects, ask for a frame."""
        self.take_in(action)
        self.show_soon()

    def take_in(self, action: store.Action) -> None:
        """Reduce an action and carry out its effects; what it changes isn't shown yet. What an effect leads to comes after."""
        self.coming.append(action)
        if self.taking:
            return
        self.taking = True
        try:
            while self.coming:
                before = self.state
                self.state = store.reduce(self.course, before, self.coming.pop(0))
                for effect in store.effects(self.course, before, self.state):
                    self.carry_out(effect)
        finally:
            self.taking = False

    def notice(self, sentence: str) -> None:
        """Say a sentence on the page."""
        self.dispatch(store.Noticed(sentence))

    def word(self, name: str | None) -> str | None:
        """A sentence of the content by its name."""
        return None if name is None else self.course.at(f"words.{name}")

    def callback(self, deed: Callable[..., None]) -> Any:
        """The deed as something that the browser may call."""
        return self.proxied(self.guarded(deed))

    def guarded(self, deed: Callable[..., None]) -> Callable[..., None]:
        """The deed, and a sentence on the page if it fails: an error that only the console sees helps nobody."""

        def guarded_deed(*arguments: Any) -> None:
            try:
                deed(*arguments)
            except Exception as failure:
                trace = "".join(traceback.format_exception(failure))
                self.window.console.error(trace)
                self.window.labTrouble(trace)
                reason = f"{type(failure).__name__}: {failure}"
                name = "went_wrong_unsaved" if hosting.kept_at(self.state) == store.PAGE else "went_wrong"
                sentence = wording.fill(self.course.at(f"words.{name}"), {"reason": reason})
                if sentence not in self.state.notices:  # said once: what fails at every frame would ask for the next
                    self.notice(sentence)

        return guarded_deed
