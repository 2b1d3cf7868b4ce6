"""Records to texts: the shared document, the lab's own copy, a file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from record.facts import checked
from record.history import CHAPTER, NUMBER, OWN, as_dict, as_list, combined, entry_of, is_newer, joined, missing, split
from record.reading import Reading, from_file, read, writable
from record.records import FIELDS, Record, filled, guest, merge, taken
from record.values import LedgerError, Note, moment, parts, plain_or_none

_BLANK = Record()


def write(
    text_now: str | None, record: Record, fields: Mapping[str, Any], now: str, known: Reading | None = None
) -> tuple[str, Reading]:
    """The text to keep, and what it says: `record` and its `fields` merged into what storage holds now.

    Where only the time would change, the text stays as it was, so that two tabs don't wake each other for ever. known:
    what `read` gave for that text, if it was read already: it may be megabytes. A setting or a field that can't be kept
    is left out by itself. The reading's problem and set_aside tell of `text_now`. Raises LedgerError if a newer version
    of the lab wrote it, for a strange fact or field, or a bad time.
    """
    reading = writable(text_now) if known is None else known
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise LedgerError(Note("no_such_field", {"names": ", ".join(sorted(unknown))}))
    old = {fact["id"] for fact in reading.record.facts}
    facts = tuple(fact if fact.get("id") in old else checked(fact) for fact in record.facts)
    kept = {name: plain_or_none(value) for name, value in fields.items()}
    ours = Record(facts, parts(record.settings), kept, record.cleared)
    return _kept(text_now, reading, merge(ours, guest(reading.record, ours)), now)


def clear(text_now: str | None, now: str) -> tuple[str, Reading]:
    """The text without this lab's entry; the other labs' stay. Raises LedgerError as `write` does."""
    reading = writable(text_now)
    history = split(reading.document["history"])[0]
    document = {**reading.document, "history": history, "last_updated": _utc(now)}
    return _dumped(document), replace(reading, document=document, record=Record())


def _kept(text_now: str | None, reading: Reading, record: Record, now: str) -> tuple[str, Reading]:
    """The text of a reading's document with a record in it, and the reading of that.

    The history is saved as a dict whatever it was: the curriculum's reader throws on a list whose step is a name, starts
    blank, and would wipe the other labs' entries with its next save.
    """
    others, designs = split(reading.document["history"])
    record = replace(record, fields=filled(record.fields, {}))
    document = {
        **reading.document,
        "current_step": _progress(reading.document["current_step"]),
        "history": joined(as_dict(others), entry_of(designs, record)),
    }
    if _dumped(document) == text_now:
        return text_now, replace(reading, document=document, record=record)
    document["last_updated"] = _utc(now)
    return _dumped(document), replace(reading, document=document, record=record)


def _progress(step: object) -> object:
    """The step reached, never lowered: of a number and 10 the larger, a lab's name as it is, else ours."""
    if isinstance(step, int | float) and not isinstance(step, bool):
        return max(step, NUMBER)
    return step if isinstance(step, str) and step else CHAPTER


def _utc(now: str) -> str:
    moment(now)
    return now


def _dumped(document: Mapping[str, Any], indent: int | None = None) -> str:
    return json.dumps(document, allow_nan=False, indent=indent)


# --- The lab's own copy -------------------------------------------------------------------------------------


def own_text(record: Record) -> str:
    """The record as the lab keeps it in a place of its own: this lab's entry, with the note of what was cleared."""
    entry = entry_of([], replace(record, settings=parts(record.settings), fields=parts(record.fields)))
    return _dumped({**entry, OWN: {**entry[OWN], "cleared": record.cleared}})


# --- Export and import --------------------------------------------------------------------------------------


def export(text_now: str | None, form: str, now: str, own: Record = _BLANK) -> str:
    """The whole document as a file, its history as a "dict" or a "list"; `now` becomes its last_updated. `own` is the
    lab's own copy of its record, and goes along.

    What a newer version wrote is exported too, unless this version has work of its own for that place. Raises
    LedgerError for another form or a bad time.
    """
    if form not in ("dict", "list"):
        raise LedgerError(Note("no_such_form"))
    reading = read(text_now)
    record = merge(own, guest(reading.record, own))
    others, designs = split(reading.document["history"])
    others = as_dict(others) if form == "dict" else as_list(others)
    has_work = bool(record.facts or record.dated)
    if reading.writable:
        ours: dict[str, Any] | None = entry_of(designs, record) if designs or has_work else None
    else:
        ours = entry_of([], record) if has_work else combined(sorted(designs, key=is_newer))
    history = joined(others, ours)
    return _dumped({**reading.document, "history": history, "last_updated": _utc(now)}, indent=2) + "\n"


def import_(text_now: str | None, incoming: str, now: str, own: Record = _BLANK) -> tuple[str, Reading]:
    """An exported file merged into what storage holds now and the lab's own copy: the text to keep, and what it says.

    Facts are united, but a question that is locked here stays as it is; what was cleared here comes back. Other labs'
    entries come in where there are none here. All or nothing: raises LedgerError for a file that is too large
    (over 2 MB), too deep, no ledger, from a newer version, or that can't be read whole; and as `write` does.
    """
    reading, theirs = writable(text_now), from_file(incoming)
    united, locked = taken(merge(own, guest(reading.record, own)), theirs.record)
    others, designs = split(reading.document["history"])
    arrived, their_designs = split(theirs.document["history"])
    document = {
        **reading.document,
        "track": _first(reading.document["track"], theirs.document["track"]),
        "current_step": _first(reading.document["current_step"], theirs.document["current_step"]),
        "history": joined(missing(others, arrived), combined([*their_designs, *designs])),
    }
    merged = replace(reading, document=document)
    made, result = _kept(text_now, merged, united, now)
    left_out = (Note("file_locked", {"count": locked}),) if locked else ()
    return made, replace(result, problem=(*reading.problem, *theirs.problem, *left_out))


def _first(here: object, there: object) -> object:
    return there if here in (None, "") else here
