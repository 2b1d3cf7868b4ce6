"""What the learner writes: counted at every key, kept after a pause."""

from typing import Any

from loop.keeping import Keeping
from loop.loop import Loop, now
from state import store

PAUSE_MS = 800  # after so long without a key, what was written is saved


class Writing:
    """The field that is being written in, until its text is in the record."""

    def __init__(self, loop: Loop, keeping: Keeping) -> None:
        self.loop, self.window, self.keeping = loop, loop.window, keeping
        self.field: Any = None
        self.pause, self.paused = 0, loop.callback(self.settle)

    def write(self, field: Any) -> None:
        """A key was pressed in a field: the counts follow at once, the record after a pause."""
        self.field = field
        self.loop.dispatch(store.TextWritten(field.dataset.field, field.value, now(), settled=False))
        self.window.clearTimeout(self.pause)
        self.pause = self.window.setTimeout(self.paused, PAUSE_MS)

    def settle(self, *_: Any) -> None:
        """The text of the field goes into the record: after a pause, when it is left, when the page is."""
        field, self.field = self.field, None
        if field is not None:
            self.loop.dispatch(store.TextWritten(field.dataset.field, field.value, now()))
            self.keeping.save_settings()

    def forget(self) -> None:
        """What is being written goes with the record that is cleared."""
        self.field = None

    def keep_early(self, fields: list[tuple[str, str]]) -> None:
        """What was written into the fields before Python was there: it joins what was saved of each, and replaces a name."""
        for field, text in fields:
            saved = store.written(self.loop.state, field)
            if text.strip() and text != saved:
                whole = text if field == "name" or text.startswith(saved) else f"{saved}\n\n{text}"
                self.loop.dispatch(store.TextWritten(field, whole, now()))
                self.keeping.save_settings()
