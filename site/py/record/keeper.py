"""Where the record is kept, and what may be said of that.

It lies in three places, and reading unites them (`ledger.merge`):

- the lab's own copy in the browser's storage: all of it, with the sliders. This is what the lab goes by;
- the ledger that the course's labs share, also in the browser's storage: what was committed, for the other labs to read. Any
  page of the origin may blank or spoil it. Its texts never take the place of the learner's;
- a mirror of the own copy (IndexedDB, mirror.js). Browsers write their storage some seconds late; what the mirror has taken
  in is on the disk. Its promises are the caller's business: `due` is what to write, `heard` and `lost` are what came of it.

`storage` is anything with get(key) -> str | None and set(key, text); either may raise whatever it likes (blocked, full,
sandboxed). Nothing raises out of here but LedgerError, for a file that can't be imported. What can't be read is put aside
under a key of its own before it is overwritten, or isn't overwritten.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from record import ledger

UNKNOWN, SAVING, DEVICE, PAGE = "unknown", "saving", "device", "page"  # where the record is
OWN_KEY = f"kv_cache_lab_record_{ledger.SCHEMA}"  # a newer version has a key of its own, and reads this one too
ASIDE = f"{ledger.KEY}_set_aside_"
MAX_ASIDE, MAX_ASIDE_LETTERS = 4, 200_000
PLACES = (OWN_KEY, *(f"{ASIDE}{number}" for number in range(1, MAX_ASIDE + 1)))  # the own copy, and what was put aside
BLOCKED, FULL = "storage_blocked", "storage_full"  # words of the content


class Storage(Protocol):
    """A place for texts by key. Both methods may raise."""

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none."""

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key."""


@dataclass(frozen=True)
class Kept:
    """What came of reading or writing: the record of all places, where it is now, which word of the content to say, and
    whether each place that can be written has all that was committed."""

    reading: ledger.Reading
    saved: str
    notice: str | None = None
    whole: bool = True


class Keeper:
    """Reads and writes the record. What storage refuses lives in `memory` until the page is closed."""

    def __init__(self, storage: Storage, has_mirror: bool = False, place: str = DEVICE) -> None:
        self.storage = storage
        self.place = place  # where storage keeps what it takes
        self.has_mirror = has_mirror  # until it is lost
        self.mirror: str | None = None  # the text that it held when it was last heard of
        self.memory: str | None = None
        self.why: str | None = None  # why storage holds nothing of ours, as a word of the content
        self.said: str | None = None
        self.record = ledger.Record()  # all places united
        # What was last read or written, so that a text that is as it was needn't be read again: it may be megabytes.
        self._own: tuple[str | None, ledger.Reading] = (None, ledger.read_own(None))
        self._shared: tuple[str | None, ledger.Reading] = (None, ledger.read(None))
        self._mirrored = ledger.Record()
        self._published: object = None  # the work that the shared ledger has

    def read(self) -> Kept:
        """The record, from all places."""
        own, shared = self._read_own(), self._read_shared()
        ours = ledger.merge(own.record, self._mirrored)
        self.record = ledger.merge(ours, ledger.guest(shared.record, ours))
        held = ledger.work(own.record) == ledger.work(self.record)
        whole = held and (self._published == _public(self.record) or not shared.writable)
        return self._kept((*own.problem, *shared.problem), whole or self.why is not None)

    def save(self, record: ledger.Record, fields: Mapping[str, Any], now: str) -> Kept:
        """Keep a record with its fields, united with what is there: in the own copy always, in the shared ledger if that
        lacks something that was committed. `now` is ISO 8601, UTC."""
        own = self._read_own()
        self.record = ledger.merge(replace(record, fields=dict(fields)), own.record)
        if self._published == _public(self.record):
            self._keep()
            return self._kept()
        shared = self._read_shared()
        self.record = ledger.merge(self.record, ledger.guest(shared.record, self.record))
        self._keep()
        self._published = _public(self.record)
        if shared.writable:
            self._publish(*ledger.write(self._shared[0], self.record, fields, now, shared))
        return self._kept((*own.problem, *shared.problem))

    def keep(self, record: ledger.Record) -> None:
        """Keep a record in the own copy alone, united with what is there: for pages that have no acts, and so no fields. The
        shared ledger has it from the lab's next visit on."""
        self.record = ledger.merge(record, self._read_own().record)
        self._keep()

    def import_(self, incoming: str, now: str) -> Kept:
        """Take an exported file in. Raises LedgerError when it can't be read."""
        self.read()
        text, shared = self._shared
        made, reading = ledger.import_(text if shared.writable else None, incoming, now, self.record)
        self.record = reading.record
        self._keep()
        if shared.writable:
            self._publish(made, reading)
        return self._kept(reading.problem)

    def export(self, form: str, now: str) -> str:
        """The whole document as text, its history as a "dict" or a "list"."""
        self.read()
        return ledger.export(self._shared[0], form, now, self.record)

    def clear(self, now: str) -> Kept:
        """Drop this lab's record everywhere; the other labs' entries stay."""
        self.read()
        text, shared = self._shared
        self.record = ledger.emptied(self.record)
        self._keep()
        if shared.writable:
            self._publish(*ledger.clear(text, now))
        return self._kept()

    # --- the mirror ---

    def due(self) -> str | None:
        """What the mirror has to take in, None if it has all that was committed."""
        has_all = ledger.work(self.record) == ledger.work(self._mirrored)
        return None if has_all else ledger.own_text(self.record)

    def heard(self, text: str | None) -> None:
        """The mirror holds this text: it was read, it was taken in, or another tab was quicker."""
        self.has_mirror, self.mirror = True, text
        self._mirrored = ledger.read_own(text).record

    def lost(self) -> None:
        """No mirror is to be had, or it did not take something in."""
        self.has_mirror = False

    def status(self) -> tuple[str, str | None]:
        """Where the record is, and what there is to say about that, once."""
        if self.has_mirror:
            return (DEVICE if self.due() is None else SAVING), None
        notice = self.why if self.why != self.said else None
        self.said = self.why
        return (self.place if self.why is None else PAGE), notice

    # --- the browser's storage ---

    def _kept(self, problem: tuple[ledger.Note, ...] = (), whole: bool = True) -> Kept:
        return Kept(ledger.Reading({}, self.record, problem), *self.status(), whole)

    def _read_own(self) -> ledger.Reading:
        text = self._get(OWN_KEY) if self.memory is None else self.memory
        if text != self._own[0]:
            self._own = text, ledger.read_own(text)
        return self._own[1]

    def _read_shared(self) -> ledger.Reading:
        text = self._get(ledger.KEY)
        if text != self._shared[0]:
            self._shared = text, ledger.read(text)
        self._published = _public(self._shared[1].record)
        return self._shared[1]

    def _get(self, key: str) -> str | None:
        try:
            text = self.storage.get(key)
        except Exception:  # a blocked storage throws whatever the browser likes; the page lives on in memory
            self.why = BLOCKED
            return None
        self.why = None if self.memory is None else self.why
        return text

    def _keep(self) -> None:
        """Write the own copy."""
        made = ledger.own_text(self.record)
        spoilt, self._own = self._own[1].set_aside, (made, ledger.Reading({}, self.record))
        try:
            self.storage.set(OWN_KEY, made)
            if self.storage.get(OWN_KEY) != made:
                raise OSError("what was written did not read back")
        except Exception:
            self.memory = made
            self._get(OWN_KEY)  # nobody is sent to make room where the browser lets nothing be read either
            self.why = self.why or FULL
        else:
            self.memory, self.why, self.said = None, None, None
            with suppress(Exception):  # in the lab's own place nothing may be in the way of the record
                self._put_aside(spoilt and spoilt[:MAX_ASIDE_LETTERS])

    def _publish(self, made: str, reading: ledger.Reading) -> None:
        """Write the shared ledger. Where that can't be, or what can't be read in it finds no place aside, it is left as it
        is until somebody changes it: tabs that tried again at each reading would keep each other awake."""
        text, shared = self._shared
        if made == text:
            return
        try:
            self._put_aside(reading.set_aside)
            self.storage.set(ledger.KEY, made)
        except Exception:
            self._shared = text, replace(shared, writable=False)
        else:
            self._shared = made, replace(reading, problem=(), set_aside=None)

    def _put_aside(self, text: str | None) -> None:
        """Keep what can't be read: the first ones, and of the others the latest. Raises where there is no room for it."""
        if text is None:
            return
        places = PLACES[1:]
        held = [self.storage.get(place) for place in places]
        if len(text) > MAX_ASIDE_LETTERS:
            raise OSError("there is no room for so much that can't be read")
        if text not in held:
            self.storage.set(places[held.index(None) if None in held else -1], text)


def _public(record: ledger.Record) -> object:
    """What the shared ledger says of a record's work."""
    return record.facts, record.dated
