"""Samples to figures: medians, spreads, percentiles, ratios, and the table that shows them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

FORMATS = {"s": ".2f", "ms": ".1f", "MB": ".2f", "KB": ".0f", "": ".3g"}


@dataclass(frozen=True)
class Bar:
    """What is aimed at: the most that the ratio to the bare page may be, or the most or the least for the lab's median."""

    limit: float
    of: Literal["ratio", "most", "least"] = "ratio"

    def met(self, ratio: float | None, median: float) -> bool | None:
        """Whether it is met; None when it speaks of a ratio and there is none."""
        if self.of == "ratio":
            return None if ratio is None else ratio <= self.limit
        return median <= self.limit if self.of == "most" else median >= self.limit

    def shown(self, unit: str) -> str:
        """The bar in a table: "≤ 0.35×", "≤ 16 ms"."""
        sign = "≥" if self.of == "least" else "≤"
        return f"{sign} {self.limit:g}×" if self.of == "ratio" else f"{sign} {self.limit:g} {unit}".strip()


@dataclass(frozen=True)
class Measure:
    """One thing measured on both pages, turn by turn; `bare` is empty where the bare page has no such thing."""

    name: str
    unit: str
    lab: Sequence[float]
    bare: Sequence[float] = ()
    bar: Bar | None = None

    @property
    def ratio(self) -> float | None:
        """Lab to bare: the median of the ratios of neighbours in time, so that a machine that slows down cancels out.

        None where there is nothing to compare, or where a growth turned out to be none.
        """
        if not self.bare or min(self.bare) <= 0 or min(self.lab) < 0:
            return None
        return statistics.median(lab / bare for lab, bare in zip(self.lab, self.bare, strict=True))

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one or without samples."""
        return None if self.bar is None or not self.lab else self.bar.met(self.ratio, statistics.median(self.lab))

    def record(self) -> dict[str, Any]:
        """The measure as plain data, samples and all."""
        bar = None if self.bar is None else asdict(self.bar)
        return {**asdict(self), "bar": bar, "ratio": self.ratio, "met": self.met}


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of the values don't exceed (nearest rank). Raises ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values, no percentile")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Sequence[float], unit: str) -> str:
    """A median with the least and the greatest: "1.20 s (1.10 to 1.50)"; a dash for no values."""
    if not values:
        return "–"
    middle, least, greatest = (
        format(value, FORMATS[unit]) for value in (statistics.median(values), min(values), max(values))
    )
    shown = f"{middle} {unit}".strip()
    return shown if least == greatest else f"{shown} ({least} to {greatest})"


def table(measures: Iterable[Measure]) -> str:
    """The measures as a Markdown table: lab beside bare, the ratio, the bar and whether it is met."""
    rows = [("measure", "the lab", "bare page", "ratio", "bar", "met")]
    rows += [
        (
            measure.name,
            spread(measure.lab, measure.unit),
            spread(measure.bare, measure.unit),
            "–" if measure.ratio is None else f"{measure.ratio:.2f}×",
            "" if measure.bar is None else measure.bar.shown(measure.unit),
            {None: "", True: "yes", False: "no"}[measure.met],
        )
        for measure in measures
    ]
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table whose columns line up; the first row heads it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
