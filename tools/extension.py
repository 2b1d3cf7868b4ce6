"""The Quarto extension's made parts: its figures, their words and the element's script, from the engine and from site/.

`quarto add` copies a folder out of a repository without building anything, so what is made is kept in _extensions/kvlab/
beside what is written by hand, and a test holds that it is what this makes. `python3 build.py extension` makes it anew, in the
test environment: the picture for Word is print's, painted by PDFium.
"""

from __future__ import annotations

import hashlib
import struct
import tomllib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import bundle, figures, languages

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "_extensions" / "kvlab"
PNG_SCALE = 3  # pixels to a point: 216 to the inch
HEAD = "-- Made by `python3 build.py extension` from site/content/embed.toml and the engine. Don't edit it here.\n"


def made(course: Any, site: Path) -> dict[str, bytes]:
    """Every made file by its path in the extension's folder, but for the painted pictures; figures and words in every language.

    Where a PDF's fonts lack a language's letters, paper gets the English figure under words of that language.
    """
    import acts
    from content import wording

    every = {languages.ENGLISH: course.tables, **bundle.translations(site / "content")}
    element = languages.spoken((site / bundle.FIXED / bundle.ELEMENT).read_text(encoding="utf-8"), every)
    found, said = {bundle.ELEMENT: element.encode()}, {}
    for language, tables in every.items():
        own = course if language == languages.ENGLISH else acts.course(tables)
        wording.use(own.at("words.numbers"))
        drawn, folder = figures.files(own), "" if language == languages.ENGLISH else f"{language}/"
        found |= {f"figures/{folder}{name}": data for name, data in drawn.items()}
        painted = folder if any(name.endswith(".pdf") for name in drawn) else ""
        own_words = {"drawn": folder, "painted": painted, "open": str(own.at("words.astray.open"))}
        said[language] = {**own_words, **figures.words(own)}
    wording.use(course.at("words.numbers"))
    return found | {"words.lua": _lua({"version": version(), **said})}


def _lua(table: Mapping[str, Any]) -> bytes:
    """A table of texts and such tables as a Lua file."""
    return f"{HEAD}\nreturn {_value(table)}\n".encode()


def _value(value: Any, indent: str = "") -> str:
    if isinstance(value, str):
        return _quoted(value)
    lines = (f"{indent}  [{_quoted(key)}] = {_value(inner, indent + '  ')},\n" for key, inner in value.items())
    return f"{{\n{''.join(lines)}{indent}}}"


def version() -> str:
    """The project's version, as in pyproject.toml."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def painted(pdf: bytes) -> tuple[int, int, bytes]:
    """The one page of a PDF as width, height and rows of red, green, blue. Needs pypdfium2, of the test environment."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    bitmap = document[0].render(scale=PNG_SCALE, rev_byteorder=True, no_smoothtext=False)
    assert bitmap.n_channels == 3
    rows = bytes(bitmap.buffer)
    kept = (rows[i * bitmap.stride : i * bitmap.stride + bitmap.width * 3] for i in range(bitmap.height))
    return bitmap.width, bitmap.height, b"".join(kept)


def source(pdf: bytes) -> bytes:
    """What a painted picture says of the PDF it was painted from: fonts and painters differ from machine to machine."""
    return b"Source\0sha256 " + hashlib.sha256(pdf).hexdigest().encode()


def png(width: int, height: int, rgb: bytes, note: bytes) -> bytes:
    """A PNG of rows of red, green, blue, with its true size on paper and a note, keyword\\0text (PNG, third edition)."""
    rows = b"".join(b"\0" + rgb[y * width * 3 : (y + 1) * width * 3] for y in range(height))
    per_metre = round(72 * PNG_SCALE / 0.0254)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"tEXt", note),
        (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_part(name, data) for name, data in parts)


def _png_part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write(folder: Path = FOLDER, site: Path = ROOT / "site") -> None:
    """Make everything anew in the extension's folder."""
    import acts

    files = made(acts.course(bundle.read_content(site / "content")), site)
    for name in sorted(name.removesuffix("-print.pdf") for name in files if name.endswith("-print.pdf")):
        pdf = files[f"{name}-print.pdf"]
        files[f"{name}.png"] = png(*painted(pdf), source(pdf))
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    write()
