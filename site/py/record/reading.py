"""Texts to records: the shared document, the lab's own copy, a file, a link.

The shared document is {"track", "current_step", "history", "last_updated"} and nothing else: the curriculum's own reader
throws on any other key at the top and starts blank. Any page of the origin may write it. So the lab keeps its record in a
copy of its own as well (keeper.py): the same entry, with the note of what was cleared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from record.facts import Fact, checked, in_order
from record.history import OWN, History, migrated, split
from record.records import (
    FIELDS,
    NUMBERED,
    TEXTS,
    Record,
    dated,
    guest,
    has_cleared,
    merge,
    noted,
    unlocked,
)
from record.values import LedgerError, Note, mapping, parse, parts, plain_or_none

KEY = "mlsys_design_ledger"
MAX_IMPORT_BYTES = 2_000_000

_TOP = ("track", "current_step", "current_chapter", "history", "last_updated")
_TYPES = {
    "track": str,
    "current_step": int | float | str,
    "current_chapter": int | float | str,
    "last_updated": str,
}
_NEWER = Note("newer")
_NOT_FINITE = Note("not_finite")


@dataclass(frozen=True)
class Reading:
    """A document that was read, or that is to be kept.

    document: with exactly the four keys at its top; problem: what could not be read as it stood, nothing if
    all could; set_aside: the original text, to be kept under another key before the document is overwritten;
    writable: False if a newer version of the lab wrote it.
    """

    document: dict[str, Any]
    record: Record
    problem: tuple[Note, ...] = ()
    set_aside: str | None = None
    writable: bool = True


def read(text: str | None) -> Reading:
    """Read a document as storage holds it; None or "" is a first visit. Never raises: see Reading.problem."""
    if text is None or not text.strip():
        return Reading(_document({}), Record())
    try:
        data, lost = parse(text)
        history = _history(data)
    except LedgerError as reason:
        problem = (Note("unreadable"), *reason.notes, Note("begun"))
        return Reading(_document({}), Record(), problem, text)
    record, notes, newer = _record(split(history)[1])
    if lost:
        notes.insert(0, _NOT_FINITE)
    unknown = len(set(data) - set(_TOP))
    if unknown:
        notes.append(Note("strange_top", {"count": unknown}))
    document = _document({**data, "history": history})
    if newer:
        return Reading(document, Record(), (_NEWER,), writable=False)
    if not notes:
        return Reading(document, record)
    problem = (Note("in_part"), *notes, Note("kept_aside"))
    return Reading(document, record, problem, text)


def writable(text: str | None) -> Reading:
    """As `read`, for a document that is to be changed. Raises LedgerError if a newer version of the lab wrote it."""
    reading = read(text)
    if not reading.writable:
        raise LedgerError(_NEWER)
    return reading


def _history(data: object) -> History:
    """The history of a document, empty if it has none. Raises LedgerError for what is no ledger."""
    if not isinstance(data, dict):
        raise LedgerError(Note("no_ledger"))
    history = data.get("history")
    if history is None:
        return {}
    if not isinstance(history, dict | list):
        raise LedgerError(Note("no_history"))
    return history


def _document(data: Mapping[str, Any]) -> dict[str, Any]:
    """The four keys. An older document's current_chapter is read as current_step."""
    step = data.get("current_step")
    return {
        "track": data.get("track"),
        "current_step": data.get("current_chapter") if step is None else step,
        "history": data.get("history", {}),
        "last_updated": data.get("last_updated", ""),
    }


def _record(designs: list[Any]) -> tuple[Record, list[Note], bool]:
    """The record in this lab's designs, what could not be read, and whether a newer version wrote one."""
    record, newer = Record(), False
    notes: list[Note] = []
    for design in designs:
        if not isinstance(design, dict):
            notes.append(Note("no_table"))
            continue
        own, note, is_newer = migrated(design)
        newer |= is_newer
        facts, saved = _facts(own.get("facts", [])), own.get("settings", {})
        settings = parts(mapping(saved))
        fields = {name: plain_or_none(design[name]) for name in FIELDS if name in design}
        skipped = sum(fact is None for fact in facts)
        if note:
            notes.append(note)
        if skipped:
            notes.append(Note("skipped", {"count": skipped}))
        if any(fields[name] is None is not design[name] for name in fields):
            notes.append(Note("strange_fields"))
        if settings != saved:
            notes.append(Note("strange_settings"))
        record = merge(Record(in_order(fact for fact in facts if fact), settings, fields), record)
    return record, notes, newer


def _facts(values: object) -> list[Fact | None]:
    """Each fact with its id, None for one without a known form."""
    found: list[Fact | None] = []
    for value in values if isinstance(values, list) else [None]:
        try:
            found.append(checked(value))
        except LedgerError:
            found.append(None)
    return found


# --- The lab's own copy -------------------------------------------------------------------------------------


def read_own(text: str | None) -> Reading:
    """The lab's own copy; None or "" for none. Never raises: see Reading.problem. Its document is empty."""
    if not text:
        return Reading({}, Record())
    try:
        data, _ = parse(text)
    except LedgerError:
        data = None
    own = data.get(OWN) if isinstance(data, dict) else None
    record, notes, newer = _record([data if isinstance(own, dict) else {OWN: None}])
    record = merge(replace(record, cleared=noted(mapping(own).get("cleared"))), Record())
    return Reading({}, record, (Note("own_damaged"),), text) if notes or newer else Reading({}, record)


# --- A file, a link -----------------------------------------------------------------------------------------


def from_file(text: str) -> Reading:
    """A file as a reading. Raises LedgerError unless every part of it that this lab knows can be read."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_IMPORT_BYTES:
        raise _not_imported(Note("file_large"))
    text = text.removeprefix("\ufeff")
    try:
        data, lost = parse(text)
        history = _history(data)
    except LedgerError as reason:
        raise _not_imported(Note("file_unreadable"), *reason.notes) from None
    if not set(data) & set(_TOP):
        raise _not_imported(Note("file_no_ledger"))
    for name, kinds in _TYPES.items():
        if not isinstance(data.get(name), kinds | None):
            raise _not_imported(Note("file_type", {"part": name}))
    record, notes, newer = _record(split(history)[1])
    if newer:
        raise _not_imported(Note("file_newer"))
    if lost or notes:
        raise _not_imported(*[_NOT_FINITE] * lost, *notes)
    unknown = len(set(data) - set(_TOP))
    left_out = (Note("file_strange_top", {"count": unknown}),) if unknown else ()
    return Reading(_document({**data, "history": history}), record, left_out)


def _not_imported(*why: Note) -> LedgerError:
    return LedgerError(Note("not_imported"), *why)


@dataclass(frozen=True)
class Offer:
    """What a link would add to a record: so many facts and texts. again: some of it was cleared here before."""

    record: Record
    facts: int
    texts: int
    again: bool


def offer(here: Record, incoming: str) -> Offer:
    """What the document in a link would add to a record. Raises LedgerError as `import_` does.

    Anybody can write a link, so it carries facts, and texts for fields that are empty here; no number, and nothing of
    other labs.
    """
    theirs = from_file(incoming).record
    settings = {name: value for name, value in guest(theirs, here).settings.items() if name != NUMBERED}
    theirs, _ = unlocked(here, replace(theirs, settings=settings))
    known = {fact["id"] for fact in here.facts}
    texts = sum(dated(entry)[1] != "" for entry in mapping(settings.get(TEXTS)).values())
    return Offer(theirs, sum(fact["id"] not in known for fact in theirs.facts), texts, has_cleared(here, theirs))
