"""What a host keeps, the page around the lab or a course system: the record as the lab's own copy has it.

A course system has room for few characters. For those the text is packed: without what follows from the rest (the facts' ids, the
thirteen fields), compressed (RFC 1951), in letters that every system takes (base64url, RFC 4648). What has no room is left out
from the end of a list that begins with what counts most.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from record import ledger
from record.progress import OK

MAX_TEXT = 600_000  # characters: three times what a long day of work holds
MARK = "kvlab1."  # of a packed text; another way to pack gets another number
RAW_DEFLATE = -15  # zlib's number for: no header, 32 KiB window

Fact = dict[str, Any]
Piece = tuple[str, Any, str]  # a fact, a text with its field, or a setting with its name


def given(text: str | None) -> ledger.Record | None:
    """The record in what a host gives back; an empty one for nothing, None for what can't be read whole."""
    if text is None or text.strip() in ("", "null", "{}"):
        return ledger.Record()
    if text.startswith(MARK):
        text = _unpacked(text.removeprefix(MARK))
    if text is None or len(text) > MAX_TEXT:
        return None
    reading = ledger.read_own(text)
    return None if reading.problem else reading.record


def packed(record: ledger.Record, room: int) -> tuple[str, bool]:
    """The record in at most so many characters, and whether that is all of it."""
    whole = _packed(record)
    if len(whole) <= room:
        return whole, True
    pieces = list(_pieces(record))
    fits, most = 0, len(pieces)
    while fits < most:
        count = (fits + most + 1) // 2
        fits, most = (count, most) if len(_packed(_made(pieces[:count]))) <= room else (fits, count - 1)
    return _packed(_made(pieces[:fits])), False


def _packed(record: ledger.Record) -> str:
    data = json.loads(ledger.own_text(replace(record, fields={})))
    own = data[ledger.OWN]
    own["facts"] = [{name: value for name, value in fact.items() if name != "id"} for fact in own["facts"]]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    made = squeeze.compress(text.encode()) + squeeze.flush()
    return MARK + base64.urlsafe_b64encode(made).decode().rstrip("=")


def _unpacked(letters: str) -> str | None:
    try:
        made = base64.b64decode(letters + "=" * (-len(letters) % 4), "-_", validate=True)
        unpack = zlib.decompressobj(RAW_DEFLATE)
        text = unpack.decompress(made, MAX_TEXT).decode()
    except (binascii.Error, zlib.error, ValueError):
        return None
    return text if unpack.eof else None


def _pieces(record: ledger.Record) -> Iterator[Piece]:
    """What a record consists of, what counts most first: answers, the designs that count, one of each limit met and mended,
    texts, the other facts, the latest first, and where the sliders stand."""
    settings, facts = record.settings, record.facts
    yield from (("setting", settings[name], name) for name in (ledger.NUMBERED, "context") if name in settings)
    first = [*ledger.of_kind(facts, "answered"), *_that_count(facts)]
    yield from (("fact", fact, "") for fact in first)
    yield from (("text", text, field) for field, text in settings.get(ledger.TEXTS, {}).items())
    counted = {fact["id"] for fact in first}
    yield from (("fact", fact, "") for fact in reversed(facts) if fact["id"] not in counted)
    others = (name for name in settings if name not in (ledger.NUMBERED, "context", ledger.TEXTS))
    yield from (("setting", settings[name], name) for name in others)
    yield from (("cleared", count, id) for id, count in record.cleared.items())


def _that_count(facts: tuple[Fact, ...]) -> list[Fact]:
    """Of each context the last design and the last that holds; of each limit the first time that it was met, and mended; of each
    level the best game."""
    found: dict[object, Fact] = {}
    for fact in ledger.of_kind(facts, "recorded"):
        found[fact["context"], "last"] = fact
        if all(side.get("state") == OK for side in fact["result"].values()):
            found[fact["context"], "holds"] = fact
    for kind in ("broke", "mended"):
        for fact in ledger.of_kind(facts, kind):
            found.setdefault((fact["context"], kind, fact["side"], fact["failure"]), fact)
    for level in {fact["level"]: None for fact in ledger.of_kind(facts, ledger.PLAYED)}:
        found[ledger.PLAYED, level] = ledger.best(facts, level) or {}
    return list({fact["id"]: fact for fact in found.values()}.values())


def _made(pieces: list[Piece]) -> ledger.Record:
    """A record of some pieces."""
    facts = tuple(value for kind, value, _ in pieces if kind == "fact")
    settings = {name: value for kind, value, name in pieces if kind == "setting"}
    texts = {field: value for kind, value, field in pieces if kind == "text"}
    cleared = {id: value for kind, value, id in pieces if kind == "cleared"}
    return ledger.Record(facts, {**settings, **({ledger.TEXTS: texts} if texts else {})}, {}, cleared)
