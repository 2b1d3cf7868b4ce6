"""What was handed in: bytes as they lie in a folder, as texts to be graded, or named with the reason why they aren't read.

`opened` takes one file. A zip is opened, and a zip in it too; nothing is written anywhere. Nothing vanishes: every file comes
out as a Text, as a Listing or as Unread, and whatever is named like a snapshot as a row of its own. Sentences: [unread] of
content/grading.toml.
"""

import codecs
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from handed import owners
from record import ledger

MOST = ledger.MAX_IMPORT_BYTES  # bytes of a snapshot
MOST_ZIP = 200_000_000  # bytes of a zip
MOST_INDEX = 4_000_000  # bytes of its list of files, which is read at once
MOST_FILES = 10_000  # in a zip, with those in it
MOST_UNPACKED = 400_000_000  # bytes that come out of a zip, whatever it says of itself
LEVELS = 2  # a class's zip, and in it the zips of learners

ZIP, ZIP_END = b"PK", b"PK\x05\x06"
NAMED = re.compile(r"\.(?:json|zip)\b[^/]*$", re.IGNORECASE)  # x.json, x.JSON, x.json.txt, "x.json (1)", x.zip
COMPANION = re.compile(r"(?:^|/)(?:__MACOSX/|\._)")
LISTING = re.compile(rf"(?:\.(?:csv|tsv|xls)|(?:^|/){re.escape(owners.METADATA)})$", re.IGNORECASE)
PAGE = re.compile(r"\.x?html?$", re.IGNORECASE)  # what a learner typed into a course system's field comes as a page
TAG, ENTITY = re.compile(r"<[^>]*>"), re.compile(r"&(#x?[0-9a-fA-F]{1,6}|quot|apos|lt|gt|nbsp|amp);")
ENTITIES = {"quot": '"', "apos": "'", "lt": "<", "gt": ">", "nbsp": " ", "amp": "&"}
REPORT = "## Lab\n"  # how the report begins
DOCUMENT = (
    "[Content_Types].xml",
    "mimetype",
    "META-INF/MANIFEST.MF",
)  # a zip to its maker, a document to everybody else
ARCHIVE = re.compile(r"\.(?:7z|rar|tar|t?gz|t?bz2|t?xz|zst)$", re.IGNORECASE)
ARCHIVED = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")  # whatever they are called
MARKS = {
    ("utf16", "be"): codecs.BOM_UTF16_BE,
    ("utf16", "le"): codecs.BOM_UTF16_LE,
    ("utf32", "be"): codecs.BOM_UTF32_BE,
    ("utf32", "le"): codecs.BOM_UTF32_LE,
}
# What the library raises for bytes that are no zip; it promises BadZipFile, but hostile ones find the others.
SPOILT = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    struct.error,
    OverflowError,
)


@dataclass(frozen=True)
class Text:
    """A file that may be a snapshot, with its text."""

    name: str
    text: str


@dataclass(frozen=True)
class Listing:
    """A file that may be a course system's list of the class, with its text."""

    name: str
    text: str


@dataclass(frozen=True)
class Unread:
    """A file that isn't read: the sentence of grading.toml that says why, and what it is filled with."""

    name: str
    why: str
    detail: str = ""

    @property
    def is_claimed(self) -> bool:
        """Whether the file is named like something that should have been read."""
        return self.why != "companion" and NAMED.search(self.name) is not None


def most(head: bytes) -> int:
    """How many bytes of a file are to be read, by its first ones; one more says that it is too large."""
    return (MOST_ZIP if head[:2] == ZIP else MOST) + 1


class _Left:
    """What may still come out of a zip and the zips in it."""

    def __init__(self) -> None:
        self.bytes, self.files = MOST_UNPACKED, MOST_FILES


def opened(name: str, data: bytes) -> Iterator[Text | Listing | Unread]:
    """The snapshots and lists in a file: itself, or what lies in it as a zip. `data`: at most `most(data)` bytes."""
    yield from _opened(name, data, _Left(), LEVELS)


def _opened(name: str, data: bytes, left: _Left, levels: int) -> Iterator[Text | Listing | Unread]:
    if COMPANION.search(name):
        yield Unread(name, "companion")
    elif data[:2] == ZIP:
        yield from _unpacked(name, data, left, levels)
    elif ARCHIVE.search(name) or data.startswith(ARCHIVED):
        yield Unread(name, "archive")
    elif NAMED.search(name) or _looks_like_one(data):
        yield Text(name, decoded(data))
    elif LISTING.search(name):
        yield Listing(name, decoded(data))
    elif PAGE.search(name) and (typed := _typed(decoded(data))):
        yield Text(name, typed)
    else:
        yield Unread(name, "report" if decoded(data[:2000]).startswith(REPORT) else "no_snapshot")


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 or UTF-32 with or without a mark, else what old editors write. Never raises."""
    if len(data) > MOST:
        return data.decode("latin-1")  # a character for each byte: whoever reads on sees that it is too large
    # In the page Python has the codings that begin with a mark, and no other.
    coding, _, order = json.detect_encoding(data).replace("utf-", "utf", 1).partition("-")
    mark = MARKS.get((coding, order), b"")
    try:
        return (mark + data).decode(coding.replace("utf", "utf-")).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _looks_like_one(data: bytes) -> bool:
    """Whether a file with any other name holds what a snapshot begins with: a learner may have renamed it."""
    text = decoded(data[:2000])
    return text.lstrip().startswith("{") and '"metadata"' in text


def _typed(page: str) -> str:
    """The snapshot that was pasted into a page: its text from the first brace to the last; "" where there is none."""
    text = ENTITY.sub(_character, TAG.sub("", page)).replace("\xa0", " ")
    text = text[text.find("{") : text.rfind("}") + 1]
    return text if '"metadata"' in text else ""


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    if not name.startswith("#"):
        return ENTITIES[name]
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:]) if name[1:].isdigit() else -1
    return chr(number) if 0 <= number <= sys.maxunicode else entity[0]


# --- Zips --------------------------------------------------------------------------------------------------------------


def _unpacked(name: str, data: bytes, left: _Left, levels: int) -> Iterator[Text | Listing | Unread]:
    if not levels:
        yield Unread(name, "zip_deep")
        return
    if len(data) > MOST_ZIP or _index_bytes(data) > MOST_INDEX:
        yield Unread(name, "zip_large")
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        every = archive.infolist()
        filled = {entry.filename.rstrip("/").rpartition("/")[0] for entry in every}
        entries = [entry for entry in every if not entry.is_dir() or entry.filename.rstrip("/") not in filled]
    except (*SPOILT, NotImplementedError) as mistake:
        yield Unread(name, "zip_broken", str(mistake))
        return
    if any(entry.filename in DOCUMENT for entry in entries):
        is_table = any(entry.filename == "xl/workbook.xml" for entry in entries)
        yield Unread(name, "spreadsheet" if is_table else "no_snapshot")
    elif all(entry.is_dir() for entry in entries):
        yield Unread(name, "zip_empty")
    else:
        yield from _entries(name, archive, entries, left, levels)


def _index_bytes(data: bytes) -> int:
    """How long a zip says its list of files is; 0 where it doesn't say so in the usual place."""
    at = data.rfind(ZIP_END, max(0, len(data) - 65_557))
    return int.from_bytes(data[at + 12 : at + 16], "little") if at >= 0 else 0


def _entries(
    name: str, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], left: _Left, levels: int
) -> Iterator[Text | Listing | Unread]:
    known: Counter[str] = Counter()
    for entry in entries:
        if not left.files:
            yield Unread(name, "zip_large")
            return
        left.files -= 1
        place = f"{name}/{entry.filename}"
        known[place] += 1
        place += f" ({known[place]})" if known[place] > 1 else ""
        if COMPANION.search(place):
            yield Unread(place, "companion")
            continue
        if entry.is_dir():
            yield Unread(place.rstrip("/"), "folder_empty")
            continue
        try:
            data = _read(archive, entry, left)
        except (*SPOILT, RuntimeError) as mistake:  # RuntimeError: without the password, or the method
            yield Unread(place, "zip_locked" if entry.flag_bits & 1 else "zip_broken", str(mistake))
        else:
            yield from _opened(place, data, left, levels - 1) if left.bytes else [Unread(place, "zip_large")]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: _Left) -> bytes:
    """What lies in an entry, no more than may be a snapshot, or a zip; unpacked as it is read, never at once."""
    with archive.open(entry) as file:
        data = file.read(min(4, left.bytes))
        data += file.read(max(0, min(most(data), left.bytes) - len(data)))
    left.bytes -= len(data)
    return data
