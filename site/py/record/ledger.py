"""The record of what a learner did, and the saved document that the labs of the curriculum share: merge, export, import.

Reading order: facts and folds, what was cleared, dated texts, parsing, this lab's entry, read, write, the lab's own copy,
export and import. Everything is a pure function of its arguments. Time comes in as an argument, an ISO 8601 text in UTC
("2026-01-31T09:30:00.000Z"); storage is the caller's business: it hands in the text that storage holds now
and keeps the text that comes back.

The document is {"track", "current_step", "history", "last_updated"} and nothing else: the curriculum's own
reader throws on any other key at the top and starts blank. This lab's entry is history["v2_10"]: thirteen
agreed fields, and one sub-object that is ours, {"schema", "facts", "settings"}. Facts are never changed or
removed, so two tabs that unite their facts agree, in whatever order they do it. *Clear* leaves a note of what is gone
(Record.cleared), by which every other copy loses it too.

Any page of the origin may write that document. So the lab keeps its record in a copy of its own as well (keeper.py):
the same entry, with the note of what was cleared.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

UNKNOWN, SAVING, DEVICE, PAGE = "unknown", "saving", "device", "page"  # where a record is
KEY = "mlsys_design_ledger"
CHAPTER = "v2_10"
NUMBER = 10
OWN = "kv_cache_lab"
SCHEMA = 1

FIELDS = (
    "context",
    "model_params_b",
    "context_length",
    "max_batch_size",
    "kv_cache_gb",
    "ttft_ms",
    "throughput_tps",
    "act1_prediction",
    "act1_correct",
    "act2_result",
    "act2_decision",
    "constraint_hit",
    "slo_met",
)
# Six of the thirteen are names that every lab of the course uses; the others tell an entry as this lab's.
TELLING = frozenset(FIELDS) - {
    "context",
    "act1_prediction",
    "act1_correct",
    "act2_result",
    "act2_decision",
    "constraint_hit",
}

MAX_IMPORT_BYTES = 2_000_000
MAX_DOCUMENT_DEPTH = 64
MAX_DEPTH = 8
MAX_TEXT = 2_000
MAX_NUMBER = 1e24
MAX_EDITS = 10_000  # more than a person makes; a count above it counts as this
MAX_CLEARED = 10_000  # ids; the oldest go first

Fact = dict[str, Any]
History = dict[str, Any] | list[Any]

# From the schema that numbers it to the next: takes and gives our sub-object, whose contents may be anything.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


@dataclass(frozen=True)
class Note:
    """A sentence for a person, by its name in the content (refusals.toml, [ledger]), with what it tells."""

    name: str
    facts: Mapping[str, int | str] = field(default_factory=dict)


class LedgerError(ValueError):
    """Something can't be read, kept or merged. `notes` are the sentences that say so, one after the other."""

    def __init__(self, *notes: Note) -> None:
        super().__init__("; ".join(" ".join([note.name, *map(str, note.facts.values())]) for note in notes))
        self.notes = notes


@dataclass(frozen=True)
class Record:
    """What this lab knows of the learner.

    facts: in order of (time, id); settings: whatever the page keeps between visits; fields: the thirteen, as
    saved; cleared: of a fact or a dated text, by id, how often it was cleared and taken back again: while that is odd, it
    is gone.
    """

    facts: tuple[Fact, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    cleared: dict[str, int] = field(default_factory=dict)

    @property
    def dated(self) -> dict[str, Any]:
        """What the settings hold beside the page's own: the learner's texts, and the record's number."""
        return {name: self.settings[name] for name in DATED if name in self.settings}

    @property
    def moved(self) -> Any:
        """The acts that were explored, by context, as the settings hold them."""
        return self.settings.get("moved")


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


# --- Facts --------------------------------------------------------------------------------------------------

# What each kind must have besides "kind" and "at". More is allowed, as long as it is plain JSON.
_RUN = {"context": str, "side": str, "failure": str}
SHAPES: Mapping[str, Mapping[str, type]] = {
    "answered": {"context": str, "question": str, "option": str, "scenario": dict},
    "recorded": {"context": str, "settings": dict, "seed": int, "result": dict},
    "broke": _RUN,
    "mended": _RUN,
}
BY_SIDE = ("settings", "result")
OPTIONAL = ("numbers", "request")


def add(record: Record, fact: Mapping[str, Any]) -> Record:
    """The record with one more fact, which gets its id here.

    Unchanged if the fact is already there, or answers a question that is answered in its context. Raises
    LedgerError for an unknown kind, a missing part, or a value that can't be kept.
    """
    new = _checked(fact)
    if new["kind"] == "answered" and answered(record.facts, new["context"], new["question"]):
        return record
    if any(old["id"] == new["id"] for old in record.facts):
        return record
    return replace(
        record, facts=_sorted([*record.facts, new]), cleared=_turned(record.cleared, [new["id"]], gone=False)
    )


def merge(ours: Record, theirs: Record) -> Record:
    """Both records as one: every fact of either that neither has cleared; where settings or fields differ, ours win, but
    for what is dated."""
    cleared = _most(theirs.cleared, ours.cleared)
    facts = {fact["id"]: fact for fact in (*theirs.facts, *ours.facts)}
    fields = _filled(ours.fields, theirs.fields) if ours.fields or theirs.fields else {}
    merged = _sorted(fact for id, fact in facts.items() if not _is_gone(cleared, id))
    # Nothing new is the very same: whoever has read the facts knows at a glance that they needn't be read again.
    kept = ours.facts if merged == ours.facts else merged
    return Record(kept, _settled(ours.settings, theirs.settings, cleared), fields, cleared)


def work(record: Record) -> tuple[object, ...]:
    """What of a record must never be lost: facts, texts, what was cleared. The rest is where the sliders stand."""
    return record.facts, record.dated, record.cleared


def answered(facts: Iterable[Fact], context: str, question: str) -> Fact | None:
    """The fact that locked a question in a context: the first by (time, id). None while it is open."""
    found = (f for f in of_kind(facts, "answered") if f["context"] == context and f["question"] == question)
    return min(found, key=_order, default=None)


def latest(facts: Iterable[Fact], kind: str, context: str) -> Fact | None:
    """The last fact of a kind in a context, None if there is none."""
    return max((f for f in of_kind(facts, kind) if f["context"] == context), key=_order, default=None)


def of_kind(facts: Iterable[Fact], kind: str) -> list[Fact]:
    """The facts of a kind, in the order given."""
    return [fact for fact in facts if fact["kind"] == kind]


def fact_id(fact: Mapping[str, Any]) -> str:
    """A short name that follows from a fact's content alone: the same in every tab and every file."""
    return hashlib.sha256(canonical(fact).encode("ascii")).hexdigest()[:16]


def canonical(fact: Mapping[str, Any]) -> str:
    """A fact's content, without its id, as the one text that every program writes for it."""
    content = {key: value for key, value in fact.items() if key != "id"}
    return json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), allow_nan=False)


# --- What was cleared ---------------------------------------------------------------------------------------


def emptied(record: Record) -> Record:
    """The record after *Clear*: nothing but the note of what was in it."""
    return Record(cleared=_turned(record.cleared, _ids(record), gone=True))


def has_cleared(record: Record, other: Record) -> bool:
    """Whether the record has cleared some of what the other holds."""
    return any(_is_gone(record.cleared, id) for id in _ids(other)) if record.cleared else False


def _ids(record: Record) -> list[str]:
    """The ids of all that a record holds: its facts, its texts, its number."""
    dated = [*_mapping(record.settings.get(TEXTS)).items(), (NUMBERED, record.settings.get(NUMBERED))]
    return [fact["id"] for fact in record.facts] + [_edition_id(name, entry) for name, entry in dated if entry]


def _is_gone(cleared: Mapping[str, int], id: str) -> bool:
    return cleared.get(id, 0) % 2 == 1


def _turned(cleared: dict[str, int], ids: Iterable[str], gone: bool) -> dict[str, int]:
    """The note with these ids gone, or there again. Counting on rather than taking out is what other copies agree on."""
    turned = {id: cleared.get(id, 0) + 1 for id in ids if _is_gone(cleared, id) != gone}
    return _newest({**cleared, **turned}) if turned else cleared


def _most(theirs: dict[str, int], ours: dict[str, int]) -> dict[str, int]:
    """Both notes as one: of each id the higher count."""
    if theirs == ours or not theirs:
        return ours
    return _newest({id: max(theirs.get(id, 0), ours.get(id, 0)) for id in {**theirs, **ours}})


def _newest(cleared: dict[str, int]) -> dict[str, int]:
    return dict(list(cleared.items())[-MAX_CLEARED:])


# --- What is dated ------------------------------------------------------------------------------------------

# What the learner writes is a setting too, but a dated one: {"text": ..., "at": ..., "edits": ...}. Two tabs keep of each
# field the text that was edited more often, then the later one, so that a clock set back can't make an old text win. Of two
# numbers that a record was given they keep the earlier, which others may have seen already.
DATED = TEXTS, NUMBERED = "texts", "numbered"


def uuid4(drawn: bytes) -> str:
    """Sixteen bytes of chance as a random UUID (RFC 9562, version 4). The browser's own exists on secure pages only."""
    drawn = drawn[:6] + bytes([drawn[6] & 0x0F | 0x40, drawn[7], drawn[8] & 0x3F | 0x80]) + drawn[9:]
    return "-".join(drawn[start:end].hex() for start, end in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 16)))


def dated(entry: object) -> tuple[str, str]:
    """The time and the text of something dated; both are "" where there is nothing of that form."""
    at, text = (entry.get("at"), entry.get("text")) if isinstance(entry, Mapping) else (None, None)
    return (at, text) if isinstance(at, str) and isinstance(text, str) else ("", "")


def edits(entry: object) -> int:
    """How often something dated was changed, at most MAX_EDITS; 0 for what says nothing about it."""
    count = entry.get("edits") if isinstance(entry, Mapping) else None
    return min(count, MAX_EDITS) if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0


def edited(record: Record, name: str, text: str, at: str) -> Record:
    """The record with what the learner wrote into a field. What claims more edits than can be made is cleared instead."""
    texts = _mapping(record.settings.get(TEXTS))
    before = texts.get(name)
    if dated(before)[1] == text:
        return record
    count, cleared = edits(before) + 1, record.cleared
    if count > MAX_EDITS:
        count, cleared = 1, _turned(cleared, [_edition_id(name, before)], gone=True)
    entry = {"text": text, "at": at, "edits": count}
    cleared = _turned(cleared, [_edition_id(name, entry)], gone=False)
    return replace(record, settings={**record.settings, TEXTS: {**texts, name: entry}}, cleared=cleared)


def guest(theirs: Record, ours: Record) -> Record:
    """A record of a place that anybody may write to, without what would take the place of our texts or our number."""
    here = _mapping(ours.settings.get(TEXTS))
    texts = _mapping(theirs.settings.get(TEXTS))
    new = {name: entry for name, entry in texts.items() if dated(here.get(name)) == ("", "")}
    left_out = {TEXTS, NUMBERED} if dated(ours.settings.get(NUMBERED)) != ("", "") else {TEXTS}
    settings = {name: value for name, value in theirs.settings.items() if name not in left_out}
    return replace(theirs, settings={**settings, TEXTS: new} if new else settings)


def _edition(entry: object) -> tuple[int, tuple[str, str]]:
    return edits(entry), dated(entry)


def _edition_id(name: str, entry: object) -> str:
    return fact_id({"name": name, "entry": entry})


def _settled(ours: Mapping[str, Any], theirs: Mapping[str, Any], cleared: Mapping[str, int]) -> dict[str, Any]:
    """The settings of two records: ours where both have them, but of dated ones the one that counts and isn't cleared."""
    both = {**theirs, **ours}

    def there(name: str, entry: object) -> object:
        return None if cleared and _is_gone(cleared, _edition_id(name, entry)) else entry

    tables = [settings[TEXTS] for settings in (ours, theirs) if isinstance(settings.get(TEXTS), Mapping)]
    if tables:
        names = sorted({name for table in tables for name in table})
        texts = {n: max((there(n, table.get(n)) for table in tables), key=_edition) for n in names}
        both[TEXTS] = {name: entry for name, entry in texts.items() if entry is not None}
        both = both if both[TEXTS] else {name: value for name, value in both.items() if name != TEXTS}
    numbers = [there(NUMBERED, settings[NUMBERED]) for settings in (ours, theirs) if NUMBERED in settings]
    known = [number for number in numbers if dated(number) != ("", "")]
    others = {name: value for name, value in both.items() if name != NUMBERED}
    return {**others, NUMBERED: min(known, key=dated)} if known else others


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _canonical(value: Any) -> Any:
    """The value with 2.0 written as 2, as browsers do when they rewrite JSON: an id must not change by it."""
    if type(value) is str:
        return value
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _checked(fact: object) -> Fact:
    """A copy of a well-formed fact with its id. Raises LedgerError. A stored id is never trusted."""
    plain = _plain(fact)
    kind = plain.get("kind") if isinstance(plain, dict) else None
    shape = SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise LedgerError(Note("strange_kind"))
    for name, wanted in shape.items():
        if not isinstance(plain.get(name), wanted) or isinstance(plain[name], bool):
            raise LedgerError(Note("fact_needs", {"kind": str(kind), "part": name}))
    sides = [side for name in BY_SIDE if name in shape for side in plain[name].values()]
    groups = sides + [plain[name] for name in OPTIONAL if name in plain]
    if not all(isinstance(group, dict) for group in groups):
        raise LedgerError(Note("fact_shape", {"kind": str(kind)}))
    sizes = plain.get("numbers", {}).values()
    if any(isinstance(size, bool) or not isinstance(size, int | float | None) for size in sizes):
        raise LedgerError(Note("fact_size", {"kind": str(kind)}))
    _time(plain.get("at"))
    return {**plain, "id": fact_id(plain)}


def _plain(value: object, depth: int = MAX_DEPTH) -> Any:
    """A deep copy as plain JSON. Raises LedgerError for what can't be kept or should not be shown."""
    if type(value) is str and len(value) <= MAX_TEXT and value.isascii():
        return value  # nearly everything is
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= MAX_NUMBER:
        return value
    if isinstance(value, str) and len(value) <= MAX_TEXT and not re.search("[\ud800-\udfff]", value):
        return value
    if depth > 0 and isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    if depth > 0 and isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_plain(key): _plain(item, depth - 1) for key, item in value.items()}
    raise LedgerError(Note("not_plain"))


def _parts(table: Mapping[str, Any], depth: int = MAX_DEPTH) -> dict[str, Any]:
    """A deep copy of what can be kept of a table: whatever can't is left out by itself."""
    kept: dict[str, Any] = {}
    for name, part in table.items():
        try:
            kept[str(_plain(name))] = _plain(part, depth - 1)
        except LedgerError:
            if isinstance(part, Mapping) and depth > 1 and isinstance(name, str) and len(name) <= MAX_TEXT:
                kept[name] = _parts(part, depth - 1)
    return kept


_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


def _time(at: object) -> datetime:
    """A time in UTC. Raises LedgerError for anything else."""
    try:
        time = datetime.fromisoformat(at) if isinstance(at, str) and _ISO.match(at) else None
    except ValueError:
        time = None
    if time is None or time.utcoffset() != timedelta(0):
        raise LedgerError(Note("bad_time"))
    return time


def _order(fact: Fact) -> tuple[datetime, str]:
    return _time(fact["at"]), fact["id"]


def _sorted(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=_order))


def _filled(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """The thirteen: ours, and theirs where ours are None (not yet), unless theirs are of another context."""
    contexts = ours.get("context"), theirs.get("context")
    if None not in contexts and contexts[0] != contexts[1]:
        theirs = {}
    return {name: theirs.get(name) if ours.get(name) is None else ours[name] for name in FIELDS}


# --- Text to data -------------------------------------------------------------------------------------------

_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_NOT_FINITE = Note("not_finite")


def parse(text: str) -> tuple[Any, bool]:
    """The JSON in a text, and whether a number in it (NaN, 1e999) had to become null. Raises LedgerError.

    The depth is measured before the parser starts: in a browser, running out of stack ends the whole page.
    """
    depth = 0
    lost: list[str] = []
    for token in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DOCUMENT_DEPTH:
            raise LedgerError(Note("too_deep", {"levels": MAX_DOCUMENT_DEPTH}))

    def number(literal: str, convert: Callable[[str], float]) -> float | None:
        try:
            value = convert(literal)
        except ValueError:  # an integer with more digits than Python converts
            value = float("inf")
        if isinstance(value, int) or abs(value) < float("inf"):
            return value
        lost.append(literal)
        return None

    try:
        data = json.loads(
            text,
            parse_int=lambda literal: number(literal, int),
            parse_float=lambda literal: number(literal, float),
            parse_constant=lambda literal: number(literal, float),
        )
    except ValueError:
        raise LedgerError(Note("not_json")) from None
    return data, bool(lost)


# --- This lab's entry in a history, whichever form the history has ------------------------------------------


def _step(entry: object) -> object:
    """The step that an entry of a list belongs to, None if it doesn't say."""
    return entry.get("step", entry.get("chapter")) if isinstance(entry, dict) else None


def _is_ours(key: object, design: object) -> bool:
    """Whether an entry is this lab's. Other labs have the number 10 too: there, the contents tell ours."""
    if key == CHAPTER:
        return True
    if key not in (NUMBER, str(NUMBER)) or not isinstance(design, dict):
        return False
    return OWN in design or any(name in TELLING for name in design)


def _split(history: History) -> tuple[History, list[Any]]:
    """The other labs' entries, untouched, and this lab's designs; the one that counts most is last."""
    pairs: list[tuple[object, Any]]
    if isinstance(history, dict):
        pairs = list(history.items())
        others: History = {key: design for key, design in history.items() if not _is_ours(key, design)}
    else:
        pairs = [(_step(entry), entry.get("design")) if isinstance(entry, dict) else (None, None) for entry in history]
        others = [entry for entry, pair in zip(history, pairs, strict=True) if not _is_ours(*pair)]
    ours = [pair for pair in pairs if _is_ours(*pair)]
    return others, [design for key, design in sorted(ours, key=lambda pair: pair[0] == CHAPTER)]


def _joined(others: History, design: dict[str, Any] | None) -> History:
    """The other labs' entries with this lab's at the end, None for none; the form stays (a list only in an export)."""
    if design is None:
        return others
    if isinstance(others, dict):
        return {**others, CHAPTER: design}
    return [*others, {"step": CHAPTER, "design": design}]


def _as_list(history: History) -> list[Any]:
    if isinstance(history, list):
        return history
    return [{"step": _int_like(key), "design": design} for key, design in history.items()]


def _int_like(key: str) -> int | str:
    return int(key) if re.fullmatch("0|[1-9][0-9]{0,8}", key) else key


def _as_dict(history: History) -> dict[str, Any]:
    """A list as a dict. What doesn't fit (no step, more than a design, a step again) is kept as "entry n"."""
    if isinstance(history, dict):
        return history
    found: dict[str, Any] = {}
    for position, entry in enumerate(history, start=1):
        step = _step(entry)
        named = isinstance(step, int | str) and not isinstance(step, bool)
        fits = named and len(entry) == 2 and "design" in entry
        if fits and str(step) not in found:
            found[str(step)] = entry["design"]
            continue
        name = f"entry {position}"
        while name in found:
            name += "'"
        found[name] = entry
    return found


def _missing(here: History, there: History) -> History:
    """`here` with those entries of `there` whose step it lacks."""
    if isinstance(here, dict):
        return {**here, **{key: design for key, design in _as_dict(there).items() if key not in here}}
    steps = {str(_step(entry)) for entry in here if _step(entry) is not None}
    new = (entry for entry in _as_list(there) if str(_step(entry)) not in steps and entry not in here)
    return [*here, *new]


# --- Reading ------------------------------------------------------------------------------------------------

_TOP = ("track", "current_step", "current_chapter", "history", "last_updated")
_NEWER = Note("newer")


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
    record, notes, newer = _record(_split(history)[1])
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
        own, note, is_newer = _migrated(design.get(OWN, {"schema": SCHEMA}))
        newer |= is_newer
        facts, saved = _facts(own.get("facts", [])), own.get("settings", {})
        settings = _parts(_mapping(saved))
        fields = {name: _plain_or_none(design[name]) for name in FIELDS if name in design}
        skipped = sum(fact is None for fact in facts)
        if note:
            notes.append(note)
        if skipped:
            notes.append(Note("skipped", {"count": skipped}))
        if any(fields[name] is None is not design[name] for name in fields):
            notes.append(Note("strange_fields"))
        if settings != saved:
            notes.append(Note("strange_settings"))
        record = merge(Record(_sorted(fact for fact in facts if fact), settings, fields), record)
    return record, notes, newer


def _migrated(own: object) -> tuple[dict[str, Any], Note | None, bool]:
    """Our sub-object in the form of today, what is wrong with it, and whether it is newer than that."""
    schema = own.get("schema") if isinstance(own, dict) else None
    if not isinstance(own, dict) or not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        return {}, Note("no_schema"), False
    if schema > SCHEMA:
        return {}, None, True
    for number in range(schema, SCHEMA):
        own = MIGRATIONS[number](own)
    return own, None, False


def _facts(values: object) -> list[Fact | None]:
    """Each fact with its id, None for one without a known form."""
    found: list[Fact | None] = []
    for value in values if isinstance(values, list) else [None]:
        try:
            found.append(_checked(value))
        except LedgerError:
            found.append(None)
    return found


def _plain_or_none(value: object) -> Any:
    try:
        return _plain(value)
    except LedgerError:
        return None


# --- Writing ------------------------------------------------------------------------------------------------


def write(
    text_now: str | None, record: Record, fields: Mapping[str, Any], now: str, known: Reading | None = None
) -> tuple[str, Reading]:
    """The text to keep, and what it says: `record` and its `fields` merged into what storage holds now.

    Where only the time would change, the text stays as it was, so that two tabs don't wake each other for ever. known:
    what `read` gave for that text, if it was read already: it may be megabytes. A setting or a field that can't be kept
    is left out by itself. The reading's problem and set_aside tell of `text_now`. Raises LedgerError if a newer version
    of the lab wrote it, for a strange fact or field, or a bad time.
    """
    reading = _writable(text_now) if known is None else known
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise LedgerError(Note("no_such_field", {"names": ", ".join(sorted(unknown))}))
    old = {fact["id"] for fact in reading.record.facts}
    facts = tuple(fact if fact.get("id") in old else _checked(fact) for fact in record.facts)
    kept = {name: _plain_or_none(value) for name, value in fields.items()}
    ours = Record(facts, _parts(record.settings), kept, record.cleared)
    return _kept(text_now, reading, merge(ours, guest(reading.record, ours)), now)


def clear(text_now: str | None, now: str) -> tuple[str, Reading]:
    """The text without this lab's entry; the other labs' stay. Raises LedgerError as `write` does."""
    reading = _writable(text_now)
    history = _split(reading.document["history"])[0]
    document = {**reading.document, "history": history, "last_updated": _utc(now)}
    return _dumped(document), replace(reading, document=document, record=Record())


def _writable(text: str | None) -> Reading:
    reading = read(text)
    if not reading.writable:
        raise LedgerError(_NEWER)
    return reading


def _kept(text_now: str | None, reading: Reading, record: Record, now: str) -> tuple[str, Reading]:
    """The text of a reading's document with a record in it, and the reading of that.

    The history is saved as a dict whatever it was: the curriculum's reader throws on a list whose step is a name, starts
    blank, and would wipe the other labs' entries with its next save.
    """
    others, designs = _split(reading.document["history"])
    record = replace(record, fields=_filled(record.fields, {}))
    document = {
        **reading.document,
        "current_step": _progress(reading.document["current_step"]),
        "history": _joined(_as_dict(others), _entry(designs, record)),
    }
    if _dumped(document) == text_now:
        return text_now, replace(reading, document=document, record=record)
    document["last_updated"] = _utc(now)
    return _dumped(document), replace(reading, document=document, record=record)


def _entry(designs: list[Any], record: Record) -> dict[str, Any]:
    """This lab's entry: what else stood in it, the thirteen fields, our sub-object."""
    own = {"schema": SCHEMA, "facts": list(record.facts), "settings": record.settings}
    kept = {key: value for key, value in _combined(designs).items() if key != OWN}
    return {**kept, **record.fields, OWN: own}


def _combined(designs: list[Any]) -> dict[str, Any]:
    """Several entries as one, field by field; the last one counts most."""
    return {key: value for design in designs if isinstance(design, dict) for key, value in design.items()}


def _progress(step: object) -> object:
    """The step reached, never lowered: of a number and 10 the larger, a lab's name as it is, else ours."""
    if isinstance(step, int | float) and not isinstance(step, bool):
        return max(step, NUMBER)
    return step if isinstance(step, str) and step else CHAPTER


def _utc(now: str) -> str:
    _time(now)
    return now


def _dumped(document: Mapping[str, Any], indent: int | None = None) -> str:
    return json.dumps(document, allow_nan=False, indent=indent)


# --- The lab's own copy -------------------------------------------------------------------------------------


def own_text(record: Record) -> str:
    """The record as the lab keeps it in a place of its own: this lab's entry, with the note of what was cleared."""
    own = {"schema": SCHEMA, "facts": list(record.facts), "settings": _parts(record.settings)}
    return _dumped({**_parts(record.fields), OWN: {**own, "cleared": record.cleared}})


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
    counts = _mapping(_mapping(own).get("cleared"))
    cleared = {id: n for id, n in counts.items() if isinstance(n, int) and not isinstance(n, bool) and n > 0}
    record = merge(replace(record, cleared=_newest(cleared)), Record())
    return Reading({}, record, (Note("own_damaged"),), text) if notes or newer else Reading({}, record)


# --- Export and import --------------------------------------------------------------------------------------


def export(text_now: str | None, form: str, now: str, own: Record = Record()) -> str:
    """The whole document as a file, its history as a "dict" or a "list"; `now` becomes its last_updated. `own` is the
    lab's own copy of its record, and goes along.

    What a newer version wrote is exported too, unless this version has work of its own for that place. Raises
    LedgerError for another form or a bad time.
    """
    if form not in ("dict", "list"):
        raise LedgerError(Note("no_such_form"))
    reading = read(text_now)
    record = merge(own, guest(reading.record, own))
    others, designs = _split(reading.document["history"])
    others = _as_dict(others) if form == "dict" else _as_list(others)
    has_work = bool(record.facts or record.dated)
    if reading.writable:
        ours: dict[str, Any] | None = _entry(designs, record) if designs or has_work else None
    else:
        ours = _entry([], record) if has_work else _combined(sorted(designs, key=_is_newer))
    history = _joined(others, ours)
    return _dumped({**reading.document, "history": history, "last_updated": _utc(now)}, indent=2) + "\n"


def _is_newer(design: object) -> bool:
    """Whether a newer version wrote a design: of several for one step it is the one that stays."""
    return isinstance(design, dict) and _migrated(design.get(OWN, {"schema": SCHEMA}))[2]


def import_(text_now: str | None, incoming: str, now: str, own: Record = Record()) -> tuple[str, Reading]:
    """An exported file merged into what storage holds now and the lab's own copy: the text to keep, and what it says.

    Facts are united, but a question that is locked here stays as it is; what was cleared here comes back. Other labs'
    entries come in where there are none here. All or nothing: raises LedgerError for a file that is too large
    (over 2 MB), too deep, no ledger, from a newer version, or that can't be read whole; and as `write` does.
    """
    reading, theirs = _writable(text_now), _incoming(incoming)
    united, locked = taken(merge(own, guest(reading.record, own)), theirs.record)
    others, designs = _split(reading.document["history"])
    arrived, their_designs = _split(theirs.document["history"])
    document = {
        **reading.document,
        "track": _first(reading.document["track"], theirs.document["track"]),
        "current_step": _first(reading.document["current_step"], theirs.document["current_step"]),
        "history": _joined(_missing(others, arrived), _combined([*their_designs, *designs])),
    }
    merged = replace(reading, document=document)
    made, result = _kept(text_now, merged, united, now)
    left_out = (Note("file_locked", {"count": locked}),) if locked else ()
    return made, replace(result, problem=(*reading.problem, *theirs.problem, *left_out))


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
    theirs = _incoming(incoming).record
    settings = {name: value for name, value in guest(theirs, here).settings.items() if name != NUMBERED}
    theirs, _ = _unlocked(here, replace(theirs, settings=settings))
    known = {fact["id"] for fact in here.facts}
    texts = sum(dated(entry)[1] != "" for entry in _mapping(settings.get(TEXTS)).values())
    return Offer(theirs, sum(fact["id"] not in known for fact in theirs.facts), texts, has_cleared(here, theirs))


def taken(here: Record, there: Record) -> tuple[Record, int]:
    """Both records as one at the learner's wish, and how many answers were left out, because they are locked here. What
    was cleared here is there again."""
    there, locked = _unlocked(here, there)
    awake = replace(here, cleared=_turned(here.cleared, _ids(there), gone=False))
    return merge(awake, there), locked


def _unlocked(here: Record, there: Record) -> tuple[Record, int]:
    """A record without the answers that would answer a question otherwise that is locked here, and how many those were."""
    locked = _locked(here, there)
    return replace(there, facts=tuple(fact for fact in there.facts if fact["id"] not in locked)), len(locked)


def _first(here: object, there: object) -> object:
    return there if here in (None, "") else here


def _locked(here: Record, there: Record) -> set[str]:
    """The ids of those facts of `there` that would answer a question that `here` answers otherwise."""
    known = {fact["id"] for fact in here.facts}
    answers = {(fact["context"], fact["question"]) for fact in of_kind(here.facts, "answered")}
    asked = of_kind(there.facts, "answered")
    return {f["id"] for f in asked if (f["context"], f["question"]) in answers and f["id"] not in known}


_TYPES = {
    "track": str,
    "current_step": int | float | str,
    "current_chapter": int | float | str,
    "last_updated": str,
}


def _incoming(text: str) -> Reading:
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
    record, notes, newer = _record(_split(history)[1])
    if newer:
        raise _not_imported(Note("file_newer"))
    if lost or notes:
        raise _not_imported(*[_NOT_FINITE] * lost, *notes)
    unknown = len(set(data) - set(_TOP))
    left_out = (Note("file_strange_top", {"count": unknown}),) if unknown else ()
    return Reading(_document({**data, "history": history}), record, left_out)


def _not_imported(*why: Note) -> LedgerError:
    return LedgerError(Note("not_imported"), *why)
