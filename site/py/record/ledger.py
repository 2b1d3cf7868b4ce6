"""The door to the record of what a learner did, and to the document that the labs of the curriculum share.

values   what may come in from outside, and how the rest is refused
facts    what a fact must have, its name, how facts are found
records  the record: facts and settings; how two become one, what was cleared, what is dated
history  this lab's entry in the shared document
reading  texts to records: the shared document, the lab's own copy, a file, a link
writing  records to texts

Everything here is a pure function of its arguments. Time comes in as an argument, an ISO 8601 text in UTC
("2026-01-31T09:30:00.000Z"); storage is the caller's business: it hands in the text that storage holds now and keeps the
text that comes back. keeper.py, above this door, is such a caller.
"""

from record.facts import PLAYED, SHAPES, Fact, answered, best, canonical, fact_id, of_context, of_kind
from record.history import CHAPTER, OWN, SCHEMA
from record.reading import KEY, MAX_IMPORT_BYTES, Offer, Reading, offer, read, read_own
from record.records import (
    FIELDS,
    MAX_EDITS,
    NUMBERED,
    TEXTS,
    Record,
    add,
    dated,
    edited,
    emptied,
    guest,
    has_cleared,
    merge,
    taken,
    unlocked,
    uuid4,
    work,
)
from record.values import MAX_NUMBER, MAX_TEXT, LedgerError, Note, parse
from record.writing import clear, export, import_, own_text, write

__all__ = [
    "CHAPTER",
    "FIELDS",
    "KEY",
    "MAX_EDITS",
    "MAX_IMPORT_BYTES",
    "MAX_NUMBER",
    "MAX_TEXT",
    "NUMBERED",
    "OWN",
    "PLAYED",
    "SCHEMA",
    "SHAPES",
    "TEXTS",
    "Fact",
    "LedgerError",
    "Note",
    "Offer",
    "Reading",
    "Record",
    "add",
    "answered",
    "best",
    "canonical",
    "clear",
    "dated",
    "edited",
    "emptied",
    "export",
    "fact_id",
    "guest",
    "has_cleared",
    "import_",
    "merge",
    "of_context",
    "of_kind",
    "offer",
    "own_text",
    "parse",
    "read",
    "read_own",
    "taken",
    "unlocked",
    "uuid4",
    "work",
    "write",
]
