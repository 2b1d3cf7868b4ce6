"""The record of what a learner did: facts, what the page keeps between visits, and how two records become one.

Facts are never changed or removed, so two tabs that unite their facts agree, in whatever order they do it. *Clear* leaves
a note of what is gone (Record.cleared), by which every other copy loses it too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from record.facts import PLAYED, Fact, answered, best, checked, fact_id, in_order, of_kind
from record.values import mapping

# What the labs of the curriculum save of themselves. What came of an act is named by the act's number and a part.
_PARTS = (1, "prediction"), (1, "correct"), (2, "result"), (2, "decision")
_ACTS = tuple(f"act{number}_{part}" for number, part in _PARTS)
FIELDS = (
    "context",
    "model_params_b",
    "context_length",
    "max_batch_size",
    "kv_cache_gb",
    "ttft_ms",
    "throughput_tps",
    *_ACTS,
    "constraint_hit",
    "slo_met",
)
# Six of the thirteen are names that every lab of the course uses; the others tell an entry as this lab's.
TELLING = frozenset(FIELDS) - {"context", *_ACTS, "constraint_hit"}
MAX_EDITS = 10_000  # more than a person makes; a count above it counts as this
MAX_CLEARED = 10_000  # ids; the oldest go first


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
    def explored(self) -> Any:
        """The acts that were explored, by context, as the settings hold them."""
        return self.settings.get("moved")


def add(record: Record, fact: Mapping[str, Any]) -> Record:
    """The record with one more fact, which gets its id here.

    Unchanged if the fact is already there, answers a question that is answered in its context, or is a game that came to no
    more points than an earlier one of its level and seed. Raises LedgerError for an unknown kind, a missing part, or a value
    that can't be kept.
    """
    new = checked(fact)
    if new["kind"] == "answered" and answered(record.facts, new["context"], new["question"]):
        return record
    before = best(record.facts, new["level"], new["seed"]) if new["kind"] == PLAYED else None
    if before and before["points"] >= new["points"]:
        return record
    if any(old["id"] == new["id"] for old in record.facts):
        return record
    return replace(
        record, facts=in_order([*record.facts, new]), cleared=_turned(record.cleared, [new["id"]], gone=False)
    )


def merge(ours: Record, theirs: Record) -> Record:
    """Both records as one: every fact of either that neither has cleared; where settings or fields differ, ours win, but
    for what is dated."""
    cleared = _most(theirs.cleared, ours.cleared)
    facts = {fact["id"]: fact for fact in (*theirs.facts, *ours.facts)}
    fields = filled(ours.fields, theirs.fields) if ours.fields or theirs.fields else {}
    merged = in_order(fact for id, fact in facts.items() if not _is_gone(cleared, id))
    # Nothing new is the very same: whoever has read the facts knows at a glance that they needn't be read again.
    kept = ours.facts if merged == ours.facts else merged
    return Record(kept, _settled(ours.settings, theirs.settings, cleared), fields, cleared)


def filled(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """The thirteen: ours, and theirs where ours are None (not yet), unless theirs are of another context."""
    contexts = ours.get("context"), theirs.get("context")
    if None not in contexts and contexts[0] != contexts[1]:
        theirs = {}
    return {name: theirs.get(name) if ours.get(name) is None else ours[name] for name in FIELDS}


def work(record: Record) -> tuple[object, ...]:
    """What of a record must never be lost: facts, texts, what was cleared. The rest is where the sliders stand."""
    return record.facts, record.dated, record.cleared


# --- What was cleared ---------------------------------------------------------------------------------------


def emptied(record: Record) -> Record:
    """The record after *Clear*: nothing but the note of what was in it."""
    return Record(cleared=_turned(record.cleared, _ids(record), gone=True))


def has_cleared(record: Record, other: Record) -> bool:
    """Whether the record has cleared some of what the other holds."""
    return any(_is_gone(record.cleared, id) for id in _ids(other)) if record.cleared else False


def _ids(record: Record) -> list[str]:
    """The ids of all that a record holds: its facts, its texts, its number."""
    dated = [*mapping(record.settings.get(TEXTS)).items(), (NUMBERED, record.settings.get(NUMBERED))]
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


def noted(counts: object) -> dict[str, int]:
    """The note of what was cleared as a text holds it, without what is no count."""
    pairs = mapping(counts).items()
    return _newest({id: n for id, n in pairs if isinstance(n, int) and not isinstance(n, bool) and n > 0})


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
    texts = mapping(record.settings.get(TEXTS))
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
    here = mapping(ours.settings.get(TEXTS))
    texts = mapping(theirs.settings.get(TEXTS))
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


# --- Taken from a file or a link ----------------------------------------------------------------------------


def taken(here: Record, there: Record) -> tuple[Record, int]:
    """Both records as one at the learner's wish, and how many answers were left out, because they are locked here. What
    was cleared here is there again."""
    there, locked = unlocked(here, there)
    awake = replace(here, cleared=_turned(here.cleared, _ids(there), gone=False))
    return merge(awake, there), locked


def unlocked(here: Record, there: Record) -> tuple[Record, int]:
    """A record without the answers that would answer a question otherwise that is locked here, and how many those were."""
    locked = _locked(here, there)
    return replace(there, facts=tuple(fact for fact in there.facts if fact["id"] not in locked)), len(locked)


def _locked(here: Record, there: Record) -> set[str]:
    """The ids of those facts of `there` that would answer a question that `here` answers otherwise."""
    known = {fact["id"] for fact in here.facts}
    answers = {(fact["context"], fact["question"]) for fact in of_kind(here.facts, "answered")}
    answered = of_kind(there.facts, "answered")
    return {f["id"] for f in answered if (f["context"], f["question"]) in answers and f["id"] not in known}
