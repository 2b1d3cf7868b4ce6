"""A drawing of rectangles, lines and words, and its forms: SVG for screens, PDF for print, PNG for who takes nothing else.

Coordinates are points, (0, 0) is the corner at the top left. The same drawing gives the same bytes, anywhere: no clock, no
compression, no font of this machine.
"""

from __future__ import annotations

import itertools
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

FONTS = "Inter, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
# Advance widths of Helvetica from U+0020 to U+007E in thousandths of its size, from Adobe's metrics of the PDF base fonts.
# fmt: off
HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
    556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
    556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
    500, 500, 500, 334, 260, 334, 584,
)
# fmt: on
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Rectangle:
    """A filled rectangle, its corners rounded by `radius`."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0


@dataclass(frozen=True)
class Line:
    """A straight line one `width` wide."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    width: float = 1


@dataclass(frozen=True)
class Words:
    """Words on a base line, anchored at their start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "start"
    strong: bool = False


Item = Rectangle | Line | Words


@dataclass
class Drawing:
    """What is drawn, in order, and what a reader who can't see it is told."""

    width: float
    height: float
    title: str
    description: str
    items: list[Item] = field(default_factory=list)

    def svg(self) -> bytes:
        """The drawing as a picture of its own, for `<img>` and typst."""
        size = f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" width="{_n(self.width)}" height="{_n(self.height)}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONTS}">',
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(self.description)}</desc>",
            *(_svg(item) for item in self.items),
            "</svg>",
        ]
        return ("\n".join(lines) + "\n").encode()

    @property
    def has_letters(self) -> bool:
        """Whether a PDF's own fonts have all of its letters: Helvetica's, and a Chinese reader's."""
        texts = (item.text for item in self.items if isinstance(item, Words))
        return all(_is_latin(letter) or _is_chinese(letter) for text in texts for letter in _spaced(text))

    def pdf(self) -> bytes:
        """The drawing as one page (PDF 1.4), its words in the viewer's Helvetica, and in its Chinese font where they have Chinese
        letters (`has_letters`). Raises UnicodeError for others."""
        content = "\n".join(_pdf(item, self.height) for item in self.items).encode("cp1252")
        is_chinese = any(not _is_latin(c) for item in self.items if isinstance(item, Words) for c in _spaced(item.text))
        fonts = f"/Font << /F1 5 0 R /F2 6 0 R{' /F3 8 0 R' if is_chinese else ''} >>"
        page = f"/MediaBox [0 0 {_n(self.width)} {_n(self.height)}] /Resources << {fonts} >> /Contents 4 0 R"
        return _pdf_file(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                f"<< /Type /Page /Parent 2 0 R {page} >>".encode(),
                b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
                *(_pdf_font(name) for name in ("Helvetica", "Helvetica-Bold")),
                f"<< /Title {_pdf_string(self.title)} >>".encode("cp1252"),
                *(_CHINESE_FONT if is_chinese else ()),
            ]
        )

    def png(self) -> bytes:
        """The drawing as pixels, a point each, its corners not rounded. Raises ValueError for words: there is no font here."""
        width, height = round(self.width), round(self.height)
        colours = sorted({item.colour for item in self.items} | {"#ffffff"})
        rows = [bytearray([colours.index("#ffffff")]) * width for _ in range(height)]
        for item in self.items:
            if isinstance(item, Words):
                raise ValueError(f"A picture of pixels has no words: {item.text}")
            for left, top, right, bottom in _spans(item):
                for row in rows[max(0, round(top)) : max(0, round(bottom))]:
                    start, end = max(0, round(left)), min(width, max(0, round(right)))
                    row[start:end] = bytes([colours.index(item.colour)]) * max(0, end - start)
        palette = b"".join(bytes.fromhex(colour[1:]) for colour in colours)
        pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
        parts = (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"IDAT", pixels),
            (b"IEND", b""),
        )
        chunks = (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in parts
        )
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _spans(item: Rectangle | Line) -> Iterator[tuple[float, float, float, float]]:
    """What an item covers, as rectangles: left, top, right, bottom; a line that leans in steps of a point."""
    if isinstance(item, Rectangle):
        yield item.x, item.y, item.x + item.width, item.y + item.height
        return
    steps = max(1, round(max(abs(item.x2 - item.x1), abs(item.y2 - item.y1))))
    for i in range(steps + 1):
        x, y = item.x1 + (item.x2 - item.x1) * i / steps, item.y1 + (item.y2 - item.y1) * i / steps
        half = max(item.width, 1) / 2
        yield x - half, y - half, x + half, y + half


def helvetica_width(text: str, size: float) -> float:
    """How wide a text is in Helvetica, in points; a Chinese letter is as wide as high, another beyond ASCII counts as a digit."""
    return sum(map(_width, text)) * size / 1000


def _width(letter: str) -> int:
    if 32 <= ord(letter) < 127:
        return HELVETICA[ord(letter) - 32]
    return 278 if letter == "\xa0" else 1000 if unicodedata.east_asian_width(letter) in "WF" else 556


def _n(value: float) -> str:
    """A coordinate to a hundredth of a point, without zeros that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _svg(item: Item) -> str:
    if isinstance(item, Rectangle):
        place = f'x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" height="{_n(item.height)}"'
        rounded = f' rx="{_n(item.radius)}"' if item.radius else ""
        return f'<rect {place}{rounded} fill="{item.colour}"/>'
    if isinstance(item, Line):
        ends = f'x1="{_n(item.x1)}" y1="{_n(item.y1)}" x2="{_n(item.x2)}" y2="{_n(item.y2)}"'
        return f'<line {ends} stroke="{item.colour}" stroke-width="{_n(item.width)}"/>'
    anchor = "" if item.anchor == "start" else f' text-anchor="{item.anchor}"'
    weight = ' font-weight="650"' if item.strong else ""
    place = f'x="{_n(item.x)}" y="{_n(item.y)}" font-size="{_n(item.size)}"'
    return f'<text {place}{anchor}{weight} fill="{item.colour}">{escape(item.text, quote=False)}</text>'


def _pdf(item: Item, height: float) -> str:
    """One item as PDF operators; there, (0, 0) is the corner at the bottom left, and corners are not rounded."""
    red, green, blue = (int(item.colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    colour = f"{red:.3f} {green:.3f} {blue:.3f}"
    if isinstance(item, Rectangle):
        low = height - item.y - item.height
        return f"{colour} rg {_n(item.x)} {_n(low)} {_n(item.width)} {_n(item.height)} re f"
    if isinstance(item, Line):
        ends = f"{_n(item.x1)} {_n(height - item.y1)} m {_n(item.x2)} {_n(height - item.y2)} l"
        return f"{colour} RG {_n(item.width)} w {ends} S"
    left = item.x - ANCHORS[item.anchor] * helvetica_width(item.text, item.size)
    runs = (
        _pdf_run("".join(run), item, is_latin) for is_latin, run in itertools.groupby(_spaced(item.text), _is_latin)
    )
    return f"BT {colour} rg {colour} RG {_n(left)} {_n(height - item.y)} Td {' '.join(runs)} ET"


def _pdf_run(text: str, item: Words, is_latin: bool) -> str:
    """Letters of one font. There is no strong Chinese font: its letters get a rim."""
    if is_latin:
        return f"/{'F2' if item.strong else 'F1'} {_n(item.size)} Tf {_pdf_string(text)} Tj"
    text.encode("gbk")  # what the font is sure to have
    shown = f"/F3 {_n(item.size)} Tf <{text.encode('utf-16-be').hex()}> Tj"
    return f"{_n(item.size / 40)} w 2 Tr {shown} 0 Tr" if item.strong else shown


def _spaced(text: str) -> str:
    """A text with a space that every font has."""
    return text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")


def _is_latin(letter: str) -> bool:
    return letter.encode("cp1252", "ignore") != b""


def _is_chinese(letter: str) -> bool:
    return letter.encode("gbk", "ignore") != b""


def _pdf_string(text: str) -> str:
    """A text as PDF writes it: in Windows-1252, or else in UTF-16."""
    text = _spaced(text)
    if not all(map(_is_latin, text)):
        return f"<feff{text.encode('utf-16-be').hex()}>"
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"({escaped})"


# The viewer's own Chinese font, letter by letter in UTF-16 (PDF 1.4, 5.6.5 and 5.6.4). Every viewer knows this name, most have
# another font for it.
_CHINESE_FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [9 0 R] >>",
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /FontDescriptor 10 0 R"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>",
    b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880"
    b" /Descent -120 /CapHeight 880 /StemV 80 >>",
)


def _pdf_font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _pdf_file(objects: list[bytes]) -> bytes:
    """A file of numbered objects, the catalogue first and the title seventh, with the table of where each one begins."""
    made, begins = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        begins.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % begin for begin in begins)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        count,
        len(made),
    )
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer
