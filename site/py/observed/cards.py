"""GPUs, from what `nvidia-smi` prints: its table, `--query-gpu=… --format=csv` with its heading or its command, or `-L`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from observed.facts import Card
from observed.lines import Hit, number

# Columns of --query-gpu: the field, and the unit that the heading names.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "index": ("index", "n"),
    "name": ("name", "text"),
    "gpu_name": ("name", "text"),
    "memory.total": ("total_bytes", "mib"),
    "memory.used": ("used_bytes", "mib"),
    "utilization.gpu": ("busy", "percent"),
    "power.draw": ("power_watts", "watt"),
    "power.draw.instant": ("power_watts", "watt"),
    "power.limit": ("limit_watts", "watt"),
}
UNITS = {"mib": "MiB", "percent": "%", "watt": "W", "n": ""}
POWER = re.compile(r"([0-9]{1,5})W {0,3}/ {1,6}([0-9]{1,5})W", re.ASCII)
BUSY = re.compile(r"MiB \| {1,10}([0-9]{1,3})% ", re.ASCII)
MOST_CARDS = 4_096


class Cards:
    """Reads lines; a card that comes again, as with `nvidia-smi -l`, is the later."""

    def __init__(self) -> None:
        self.cards: dict[int, Card] = {}
        self.open: int | None = None  # the card whose second line is awaited
        self.heads: list[tuple[str, str] | None] = []
        self.headed = False  # whether rows were read by their heading

    def read(self, hit: Hit, match: re.Match[str]) -> None:
        """Take one line."""
        what = hit.row.what
        if what == "card.name":
            self.open = self._card(int(match[1]), match[2].strip())
        elif what == "card.use":
            self._use(hit.line, match)
        elif what == "card.list" and int(match[1]) not in self.cards:
            self._card(int(match[1]), match[2].strip())
        elif what == "card.bare" and not self.headed:  # which memory that is nobody says: the name alone
            self._card(int(match[1]) if match[1] else len(self.cards), match[2].strip())
        elif what == "card.query":
            self.heads = [COLUMNS.get(name) for name in match[1].split(",")[:60]]
        elif what == "card.heads":
            names = [cell.strip().strip('"').partition(" [")[0] for cell in hit.line.split(",")]
            self.heads = [COLUMNS.get(name) for name in names[:60]]

    def _card(self, index: int, name: str) -> int | None:
        if len(self.cards) < MOST_CARDS or index in self.cards:
            self.cards[index] = Card(index, name)
            return index
        return None

    def _use(self, line: str, match: re.Match[str]) -> None:
        if self.open is None:
            return
        card, self.open = self.cards[self.open], None
        power, busy = POWER.search(line), BUSY.search(line)
        self.cards[card.index] = replace(
            card,
            used_bytes=number(match[1], "mib"),
            total_bytes=number(match[2], "mib"),
            power_watts=float(power[1]) if power else None,
            limit_watts=float(power[2]) if power else None,
            busy=float(busy[1]) / 100 if busy else None,
        )

    def row(self, line: str) -> bool:
        """Take a line below the heading of a CSV; False when it is none of its rows."""
        cells = [cell.strip().strip('"') for cell in line[:4_000].split(",")]
        if not self.heads or len(cells) != len(self.heads) or "[MiB]" in line:
            self.heads = []
            return False
        found: dict[str, float | str] = {}
        for head, cell in zip(self.heads, cells, strict=True):
            if head and head[1] == "text":
                found[head[0]] = cell[:60]
            elif head and (value := number(cell.removesuffix(UNITS[head[1]]).strip(), head[1])) is not None:
                found[head[0]] = value
        self.headed = True
        index = int(min(float(found.pop("index", len(self.cards))), 1e6))
        if index >= 0 and (len(self.cards) < MOST_CARDS or index in self.cards):
            name = str(found.pop("name", ""))
            self.cards[index] = replace(Card(index, name), **found)  # type: ignore[arg-type]  # numbers by their fields
        return True

    def close(self) -> tuple[Card, ...]:
        """The cards by index."""
        return tuple(self.cards[index] for index in sorted(self.cards))
