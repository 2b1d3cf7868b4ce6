"""Which rows of a class are one learner's, by whom the course system says that they were handed in, by the names in them and by
their records.

One number of a course system is one learner. A name tells less: it joins two numbers, or a number and a file from elsewhere,
only where both hold one record. So a friend's file stays the friend's, and who hands in twice has copied nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from handed import owners
from handed.grading import Checked

SIGNED, RECORD, FILE = "signed", "record", "file"
# What parts no words of a name by a blank: Han, Hiragana, Katakana, Hangul.
UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")

Key = tuple[
    str, ...
]  # (a course system, its number), (SIGNED, the words of a name), (RECORD, its number) or (FILE, its name)


def plain(name: str) -> str:
    """A name without regard to letter case, blanks and the way in which accents are stored."""
    return unicodedata.normalize("NFKC", " ".join(name.split()).casefold())


def words(name: str) -> Key:
    """A name without the order of its parts: "Lovelace, Ada" is "Ada Lovelace", and "雷, 李" is "李雷", which no blank parts."""
    parts = re.findall(r"[^\s,;]+", plain(name))
    return tuple(sorted("".join(parts) if UNPARTED.fullmatch("".join(parts)) else parts))


def signed(row: Checked) -> str:
    """The name that is in a file, "" without one."""
    return str(row.snapshot.get("student_id") or "").strip()


def record(row: Checked) -> str:
    """The number of a file's record, "" without one."""
    return str(row.snapshot.get("metadata", {}).get("record") or "")


def has_name(row: Checked) -> bool:
    """Whether a course system or the file itself says whose it is."""
    return bool(row.owner or signed(row))


def own(row: Checked) -> Key:
    """What a file by itself says of its learner."""
    if row.owner:
        return row.owner.key
    if words(signed(row)):
        return (SIGNED, *words(signed(row)))
    return (RECORD, record(row)) if record(row) else (FILE, row.file)


def whose(row: Checked) -> Key:
    """What tells a file's learner from the others. See `joined`, which finds it out for a class."""
    return row.learner or own(row)


def is_nobodys(row: Checked) -> bool:
    """Whether nothing tells whose a file is: no name on it or in it, and none on another file of the same record."""
    return whose(row)[0] in (RECORD, FILE)


def joined(rows: Sequence[Checked]) -> list[Checked]:
    """The rows of a class, each with its learner. The time goes with the number of rows."""
    heads: dict[Key, Key] = {}
    by_record: dict[str, dict[Key, Checked]] = defaultdict(dict)
    trusted = _trusted(rows)
    for row in rows:
        if record(row) and has_name(row):
            by_record[record(row)].setdefault((*own(row), signed(row)), row)
    for alike in by_record.values():
        for one, other in _pairs(list(alike.values())):
            if _head(heads, own(one)) != _head(heads, own(other)) and _are_one(one, other, trusted):
                first, second = sorted((_head(heads, own(one)), _head(heads, own(other))), key=_weight)
                heads[second] = first
    named = {key: {_head(heads, own(row)) for row in alike.values()} for key, alike in by_record.items()}
    return [replace(row, learner=_learner(row, heads, named.get(record(row), set()))) for row in rows]


MOST_PAIRS = 40  # files of one record under different names that are held against one another: more are no learner's


def _pairs(rows: list[Checked]) -> Iterable[tuple[Checked, Checked]]:
    return combinations(rows[:MOST_PAIRS], 2)


def _weight(key: Key) -> tuple[bool, Key]:
    """In which order keys stand for a learner: a course system's number first."""
    return key[0] == SIGNED, key


def _head(heads: dict[Key, Key], key: Key) -> Key:
    while key in heads:
        key = heads[key]
    return key


def _learner(row: Checked, heads: dict[Key, Key], of_record: set[Key]) -> Key:
    """Of a file without a name: whoever else handed in the same record, if that is one learner; else all of that record
    without a name are one's. Who saves before typing a name has copied nothing."""
    return next(iter(of_record)) if not has_name(row) and len(of_record) == 1 else _head(heads, own(row))


def _trusted(rows: Iterable[Checked]) -> set[tuple[str, str]]:
    """The names of each course system that are a person's: Moodle calls all alike where it keeps names from who grades, and two
    numbers of one download are two people."""
    numbers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.owner and row.owner.name:
            numbers[row.owner.system, row.owner.name, owners.download(row.file)].add(row.owner.id)
    shared = {(system, name) for (system, name, _), ids in numbers.items() if len(ids) > 1}
    return {(system, name) for system, name, _ in numbers} - shared


def _are_one(one: Checked, other: Checked, trusted: set[tuple[str, str]]) -> bool:
    """Whether two files of one record are one learner's."""
    for row in (one, other):
        if row.owner and (row.owner.system, row.owner.name) not in trusted:
            return False
    if one.owner and other.owner:
        return owners.letters(one.owner.name) == owners.letters(other.owner.name)
    owned, mailed = (one, other) if one.owner else (other, one)
    if not owned.owner:
        return False
    known = [owned.owner.name, *([] if owned.is_anothers else [signed(owned)])]
    return owners.letters(signed(mailed)) in map(owners.letters, known)
