"""What files weigh: as they are, and as a web server that compresses would send them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import brotli

# What GitHub Pages compresses, seen from the pages here; archives, wheels and fonts go as they are.
COMPRESSED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".wasm", ".webmanifest"}
GZIP_LEVEL = 6  # what web servers compress with while they answer


@dataclass(frozen=True)
class Sizes:
    """Bytes: as they are, with gzip, with brotli. What a server would not compress counts as it is in all three."""

    raw: int = 0
    gzip: int = 0
    brotli: int = 0

    def __add__(self, other: Sizes) -> Sizes:
        return Sizes(self.raw + other.raw, self.gzip + other.gzip, self.brotli + other.brotli)


def zipped(name: str, content: bytes) -> bytes | None:
    """The gzip form in which a file is sent; None for one that is sent as it is."""
    if Path(name).suffix not in COMPRESSED:
        return None
    return gzip.compress(content, GZIP_LEVEL, mtime=0)


def sizes(name: str, content: bytes, kept: Path | None) -> Sizes:
    """What one file weighs. Brotli at its best takes half a minute for a large file, so `kept` remembers by hash; None: 0."""
    small = zipped(name, content)
    sent = len(content) if small is None else len(small)
    if kept is None:
        return Sizes(len(content), sent)
    if small is None:
        return Sizes(len(content), sent, sent)
    note = kept / hashlib.sha256(content).hexdigest()
    if not note.exists():
        kept.mkdir(parents=True, exist_ok=True)
        note.write_text(str(len(brotli.compress(content, quality=11))), encoding="ascii")
    return Sizes(len(content), sent, int(note.read_text(encoding="ascii")))


def total(names: Iterable[str], folder: Path, kept: Path | None) -> Sizes:
    """What the files of `folder` under these names weigh together, each counted once however often it was asked for."""
    return sum((sizes(name, (folder / name).read_bytes(), kept) for name in sorted(set(names))), Sizes())
