"""The record on this device while the page is open: saved when something changes, read when somebody else changed it.

`record.keeper` knows the places and what may be said of them; here stands when each of them is written and read.
"""

from collections.abc import Callable
from typing import Any

from loop.loop import Loop, now
from record import ledger
from record.keeper import Keeper, Kept
from state import store

SETTLED_MS = 50  # a control's new value is saved once the frame that shows it is on the screen
BREATH_MS = 1000  # a page that answers each change of the shared ledger with one of its own must not keep this one busy


class Memory:
    """What lives as long as the page: for what a course system keeps, on a computer that many learners use."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none."""
        return self.texts.get(key)

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key."""
        self.texts[key] = text


class LocalStorage:
    """The browser's storage. Touching it may throw when the browser blocks it."""

    def __init__(self, window: Any) -> None:
        self.window = window

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none."""
        text = self.window.localStorage.getItem(key)
        return text if isinstance(text, str) else None

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key."""
        self.window.localStorage.setItem(key, text)


class Keeping:
    """Saves and reads the record, in storage and in the mirror, which is on the disk once it says so (mirror.js)."""

    def __init__(self, loop: Loop, keeper: Keeper, mirror: Any, known: Callable[[], None]) -> None:
        """mirror is None where there is none; known is called once all that this device keeps has been read."""
        self.loop, self.window, self.keeper, self.mirror, self.known = loop, loop.window, keeper, mirror, known
        self.mirroring: str | None = None  # the text that the mirror is taking in
        self.unsaved: store.Save | None = None  # settings that wait for their frame
        self.saving, self.settled = 0, loop.callback(self.save_settings)
        self.rereading, self.reread = 0, loop.callback(self.read)
        self.mirror_read, self.mirror_done = loop.callback(self.hear), loop.callback(self.mirrored)

    def begin(self) -> None:
        """Take in what was kept. As a rule the mirror has been read by now, while Python came; nobody waits for it."""
        if self.mirror:
            self.mirror.read(self.mirror_read)
        if self.loop.state.saved == store.UNKNOWN:
            self.read(restore=True)
        if not self.mirror:
            self.known()

    # --- saving ---

    def save_later(self, effect: store.Save) -> None:
        """Save what may wait for its frame, and for the next one that may."""
        self.unsaved = effect
        self.window.clearTimeout(self.saving)
        self.saving = self.window.setTimeout(self.settled, SETTLED_MS)

    def save_settings(self, *_: Any) -> None:
        """Save the settings that are not saved yet: their frame is over, the page is left, or the document is asked for."""
        if self.unsaved is not None:
            self.save(self.unsaved)

    def save(self, effect: store.Save) -> None:
        """Write the record and report where it is now."""
        self.unsaved = None
        kept = self.keeper.save(effect.record, effect.fields, now())
        self.loop.dispatch(store.SaveFinished(kept.reading.record, kept.saved, self.loop.word(kept.notice)))
        self.have_mirrored()

    def number(self) -> None:
        """Give the record its number, if it has none."""
        drawn = self.window.crypto.getRandomValues(self.window.Uint8Array.new(16)).to_bytes()
        self.loop.dispatch(store.RecordNumbered(ledger.uuid4(drawn), now()))

    def clear(self) -> None:
        """Drop this lab's record and start again."""
        self.unsaved = None
        kept = self.keeper.clear(now())
        self.loop.dispatch(store.Cleared(kept.saved, kept.reading.record))
        self.have_mirrored()

    def say_saved(self) -> None:
        """Show where the record is now."""
        saved, notice = self.keeper.status()
        self.loop.dispatch(store.Saved(saved))
        if notice:
            self.loop.notice(self.loop.word(notice) or "")

    # --- reading ---

    def read(self, *_: Any, restore: bool = False) -> None:
        """Take in what storage holds now."""
        self.window.clearTimeout(self.rereading)
        self.rereading = 0
        self.take(self.keeper.read(), restore)

    def read_soon(self) -> None:
        """Take in what storage holds, once those who write it have come to rest or the time is up."""
        self.rereading = self.rereading or self.window.setTimeout(self.reread, BREATH_MS)

    def take(self, kept: Kept, restore: bool) -> None:
        """Take in a reading of the record, with what there is to say about it."""
        self.loop.dispatch(store.LedgerRead(kept.reading, kept.saved, restore, kept.whole))
        if kept.notice:
            self.loop.notice(self.loop.word(kept.notice) or "")
        self.have_mirrored()

    # --- the mirror ---

    def have_mirrored(self) -> None:
        """Have the mirror take in what it lacks, one text after the other."""
        text = self.keeper.due() if self.mirror and self.mirroring is None else None
        if text is not None:
            self.mirroring = text
            self.mirror.keep(self.keeper.mirror, text, self.mirror_done)

    def mirrored(self, outcome: str, held: Any) -> None:
        """The mirror took the text in ("kept"), holds another tab's that must come in first ("other"), or can't ("lost")."""
        text, self.mirroring = self.mirroring, None
        if outcome == "lost":
            self.keeper.lost()
        else:
            self.keeper.heard(text if outcome == "kept" else held if isinstance(held, str) else None)
        if outcome == "other":
            self.read()
        self.say_saved()
        if outcome != "lost":  # else the next commit tries again
            self.have_mirrored()

    def hear(self, outcome: str, held: Any) -> None:
        """The mirror was read. Only now it is known what the learner has, beside which a link's record would come."""
        if outcome == "lost":
            self.keeper.lost()
        else:
            self.keeper.heard(held if isinstance(held, str) else None)
        self.read(restore=store.is_untouched(self.loop.course, self.loop.state))
        self.known()
