"""This lab's entry in the history of the document that the labs of the curriculum share, whichever form the history has.

The entry is history["v2_10"]: thirteen agreed fields, and one sub-object that is ours, {"schema", "facts", "settings"}.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from record.records import TELLING, Record
from record.values import Note

CHAPTER = "v2_10"
NUMBER = 10
OWN = "kv_cache_lab"
SCHEMA = 1

History = dict[str, Any] | list[Any]

# From the schema that numbers it to the next: takes and gives our sub-object, whose contents may be anything.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def split(history: History) -> tuple[History, list[Any]]:
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


def joined(others: History, design: dict[str, Any] | None) -> History:
    """The other labs' entries with this lab's at the end, None for none; the form stays (a list only in an export)."""
    if design is None:
        return others
    if isinstance(others, dict):
        return {**others, CHAPTER: design}
    return [*others, {"step": CHAPTER, "design": design}]


def missing(here: History, there: History) -> History:
    """`here` with those entries of `there` whose step it lacks."""
    if isinstance(here, dict):
        return {**here, **{key: design for key, design in as_dict(there).items() if key not in here}}
    steps = {str(_step(entry)) for entry in here if _step(entry) is not None}
    new = (entry for entry in as_list(there) if str(_step(entry)) not in steps and entry not in here)
    return [*here, *new]


def as_list(history: History) -> list[Any]:
    """A dict as a list."""
    if isinstance(history, list):
        return history
    return [{"step": _int_like(key), "design": design} for key, design in history.items()]


def as_dict(history: History) -> dict[str, Any]:
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


def _int_like(key: str) -> int | str:
    return int(key) if re.fullmatch("0|[1-9][0-9]{0,8}", key) else key


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


# --- What stands in the entry -------------------------------------------------------------------------------


def entry_of(designs: list[Any], record: Record) -> dict[str, Any]:
    """This lab's entry: what else stood in it, the thirteen fields, our sub-object."""
    own = {"schema": SCHEMA, "facts": list(record.facts), "settings": record.settings}
    kept = {key: value for key, value in combined(designs).items() if key != OWN}
    return {**kept, **record.fields, OWN: own}


def combined(designs: list[Any]) -> dict[str, Any]:
    """Several entries as one, field by field; the last one counts most."""
    return {key: value for design in designs if isinstance(design, dict) for key, value in design.items()}


def migrated(design: Mapping[str, Any]) -> tuple[dict[str, Any], Note | None, bool]:
    """Our sub-object of an entry in the form of today, what is wrong with it, and whether it is newer than that."""
    own = design.get(OWN, {"schema": SCHEMA})
    schema = own.get("schema") if isinstance(own, dict) else None
    if not isinstance(own, dict) or not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        return {}, Note("no_schema"), False
    if schema > SCHEMA:
        return {}, None, True
    for number in range(schema, SCHEMA):
        own = MIGRATIONS[number](own)
    return own, None, False


def is_newer(design: object) -> bool:
    """Whether a newer version wrote a design: of several for one step it is the one that stays."""
    return isinstance(design, dict) and migrated(design)[2]
