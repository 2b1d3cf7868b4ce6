"""Where the ledger's document is kept: the browser's storage while it lets us, else the memory of this page.

`storage` is anything with get(key) -> str | None and set(key, text); either may raise whatever it likes (blocked, full,
sandboxed). Nothing raises out of here but LedgerError, and nothing that can't be read is ever overwritten: it is put
aside under a key of its own first.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import ledger
import store

ASIDE = f"{ledger.KEY}_set_aside_"
BLOCKED, FULL = "storage_blocked", "storage_full"  # words of the content


class Storage(Protocol):
    """A place for texts by key. Both methods may raise."""

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none."""

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key."""


@dataclass(frozen=True)
class Kept:
    """What came of reading or writing: the reading, where the document is now, and which word of the content to say."""

    reading: ledger.Reading
    saved: str
    notice: str | None = None


class Keeper:
    """Reads and writes the one document. What storage refuses lives in `memory` until the page is closed."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.memory: str | None = None

    def text(self) -> tuple[str | None, bool]:
        """The document's text, and whether it came from storage."""
        if self.memory is not None:
            return self.memory, False
        try:
            return self.storage.get(ledger.KEY), True
        except Exception:  # a blocked storage throws whatever the browser likes; the page lives on in memory
            return None, False

    def read(self) -> Kept:
        """The document as it stands."""
        text, stored = self.text()
        told = stored or self.memory is not None
        return Kept(ledger.read(text), store.DEVICE if stored else store.PAGE, None if told else BLOCKED)

    def save(self, record: ledger.Record, fields: Mapping[str, Any], now: str) -> Kept:
        """Read, merge, write, read back. `now` is ISO 8601, UTC. Raises LedgerError if a newer version wrote the document."""
        text, _ = self.text()
        made, reading = ledger.write(text, record, dict(fields), now)
        return self._keep(made, reading)

    def import_(self, incoming: str, now: str) -> Kept:
        """Take an exported file in. Raises LedgerError when it can't be read."""
        text, _ = self.text()
        made, reading = ledger.import_(text, incoming, now)
        return self._keep(made, reading)

    def export(self, form: str, now: str) -> str:
        """The whole document as text, its history as a "dict" or a "list"."""
        return ledger.export(self.text()[0], form, now)

    def clear(self, now: str) -> Kept:
        """Drop this lab's entry; the other labs' stay."""
        text, _ = self.text()
        made, reading = ledger.clear(text, now)
        return self._keep(made, reading)

    def _keep(self, made: str, reading: ledger.Reading) -> Kept:
        try:
            if aside := reading.set_aside:
                self.storage.set(ASIDE + hashlib.sha256(aside.encode()).hexdigest()[:8], aside)
            self.storage.set(ledger.KEY, made)
            if self.storage.get(ledger.KEY) != made:
                raise OSError("what was written did not read back")
        except Exception:
            notice = self._why() if self.memory is None else None
            self.memory = made
            return Kept(reading, store.PAGE, notice)
        self.memory = None
        return Kept(reading, store.DEVICE)

    def _why(self) -> str:
        """What to say of a storage that didn't keep a text: where nothing can be read either, the browser blocks it."""
        try:
            self.storage.get(ledger.KEY)
        except Exception:
            return BLOCKED
        return FULL
