"""A page around this one that keeps the record too, or alone: it is asked for what it keeps, and told what changed."""

from typing import Any

from links import host
from loop.keeping import Keeping
from loop.loop import Loop
from record import ledger
from state import store

REPORT_PAUSE_MS = 500  # what follows one another within this time is reported together
RETRY_MS = 10_000  # a host that did not take a report is told again after so long


def is_alone(window: Any) -> bool:
    """Whether a host keeps the work, and nobody else."""
    return bool(getattr(getattr(window, "labHost", None), "alone", False))


class Hosting:
    """What the host (`window.labHost`: splice.js, scorm.js) is asked and told."""

    def __init__(self, loop: Loop, keeping: Keeping) -> None:
        self.loop, self.window, self.keeping = loop, loop.window, keeping
        self.alone = is_alone(loop.window)
        self.host: Any = None
        self.untold: store.Report | None = None  # what the host hasn't been told yet
        self.telling, self.due = 0, loop.callback(self.tell_now)

    def meet(self) -> None:
        """Ask the host for what it keeps, once, when there is one. What this device keeps has been read."""
        if self.host is None and getattr(self.window, "labHost", None) is not None:
            self.host = self.window.labHost
            fresh = store.is_untouched(self.loop.course, self.loop.state)
            self.host.read(self.loop.callback(lambda outcome, text: self.said(outcome, text, fresh)))

    def said(self, outcome: str, text: Any, fresh: bool) -> None:
        """The host gave back what it keeps ("state"; no text for nothing), can't ("lost"), has said nothing ("silent"), only
        shows it ("review"), can't be asked ("mute"), or there is none ("absent")."""
        if outcome not in ("absent", "mute"):
            text = text if isinstance(text, str) else None
            theirs = None if outcome == "lost" else host.given(text)
            self.loop.dispatch(store.HostAnswered(theirs, fresh, silent=outcome == "silent"))
        if outcome in ("absent", "review", "mute"):
            self.loop.dispatch(store.HostChanged(outcome))
        if self.alone and self.loop.state.host not in store.TOLD:
            self.say_place(store.PAGE)

    def say_place(self, place: str) -> None:
        """Say where a record is that this device doesn't keep."""
        self.keeping.keeper.place = place
        self.keeping.say_saved()

    def tell(self, effect: store.Report) -> None:
        """Tell the host soon, together with what follows within a moment."""
        self.untold = effect
        if self.alone:
            self.say_place(store.SAVING)
        self.telling = self.telling or self.window.setTimeout(self.due, REPORT_PAUSE_MS)

    def tell_now(self, *_: Any) -> None:
        """Tell the host what it hasn't been told yet."""
        self.window.clearTimeout(self.telling)
        effect, self.untold, self.telling = self.untold, None, 0
        if effect is None or self.loop.state.host not in store.TOLD:
            return
        if not self.alone:
            self.host.report(effect.share, ledger.own_text(effect.record), effect.done)
            return
        text, whole = host.packed(effect.record, self.host.room)
        kept = self.host.report(effect.share, text, effect.done)
        if not kept:
            self.untold = effect  # with the next change, when the page is left, and in a while
            self.telling = self.window.setTimeout(self.due, RETRY_MS)
        self.say_place(store.COURSE if kept else store.PAGE)
        outcome = store.LOST if not kept else store.COURSE if whole else store.PART
        if outcome != self.loop.state.host:
            self.loop.dispatch(store.HostChanged(outcome))

    def leave(self) -> None:
        """The page goes: a host that keeps the work alone is told so."""
        if self.alone and self.host is not None:
            self.host.leave()
