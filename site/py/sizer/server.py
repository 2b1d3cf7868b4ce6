"""What a pasted text says of a server, as a part of the page: its figures beside the engine's, and what recalibrates it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import engine
import observed
from content import wording
from content.course import Course
from content.wording import Number, show
from sizer.markup import Html, tag, together
from sizing.question import Catalogue

FORMS = {"bytes": "gib", "tokens": "n", "times": "d"}
TIMES = ("step_s", "sequence_s", "front_s")  # of constants: those that a server's own times stand in
LONGEST_S = 600.0


@dataclass(frozen=True)
class Measured:
    """What recalibrates the engine: bytes of each GPU of one kind that its plan has too many for the cache, and the constants
    of that server with its own times in them. model: of which it was told."""

    gpu: str
    model: str
    too_many_bytes: float
    constants: engine.Calibration | None

    def __str__(self) -> str:
        """As it stands in the form, and so in a link: whoever opens it reckons with the same numbers."""
        mine = self.constants
        times = [mine.id, *(getattr(mine, name) for name in TIMES)] if mine else []
        return json.dumps([self.gpu, self.model, self.too_many_bytes, *times], separators=(",", ":"))

    @classmethod
    def read(cls, text: str, known: Catalogue) -> Measured | None:
        """What such a text says; None where it isn't one, or names what isn't known."""
        try:
            gpu, model, too_many, *times = json.loads(text)
            if model not in known.models or not _within(too_many, known.gpus[gpu].memory_bytes):
                return None
            if not times:
                return cls(gpu, model, too_many, None)
            id, step, sequence, front = times
            if not all(_within(each, LONGEST_S) and each >= 0 for each in (step, sequence, front)):
                return None
            constants = next(each for each in known.calibrations if each.id == id)
            return cls(gpu, model, too_many, replace(constants, step_s=step, sequence_s=sequence, front_s=front))
        except (ValueError, TypeError, KeyError, OverflowError, StopIteration, RecursionError):
            return None

    def what(self, course: Course, memory: bool = True, times: bool = True) -> str:
        """What it changes, in words; without its memory or its times where a design doesn't take them. Empty for nothing."""
        name = "less" if self.too_many_bytes > 0 else "more"  # than the engine's plan gives the cache
        size = {"bytes": abs(self.too_many_bytes)}
        parts = [
            course.say(f"size.server.{name}", None, size) if memory and self.too_many_bytes else "",
            course.at("size.server.times") if times and self.constants else "",
        ]
        return wording.listed(filter(None, parts))

    def offered(self, course: Course, known: Catalogue) -> str:
        """What can be reckoned with, in a sentence; empty for nothing."""
        gpu, what = known.gpus[self.gpu].name, self.what(course)
        alike = course.at("size.server.alike") if self.constants else ""
        return (
            wording.sentences([course.say("size.server.offered", None, {"gpu": gpu, "what": what}), alike])
            if what
            else ""
        )

    def is_timing(self, deployment: engine.Deployment, known: Catalogue) -> bool:
        """Whether a design takes its times: those whose constants are that server's. known: with them in it."""
        return self.constants is not None and engine.calibration_for(deployment, known.calibrations) == self.constants

    def catalogue(self, known: Catalogue) -> Catalogue:
        """The catalogue with the measured constants in the place of the predicted ones."""
        if self.constants is None:
            return known
        mine = self.constants
        return known._replace(calibrations=tuple(mine if each.id == mine.id else each for each in known.calibrations))


def _within(value: object, most: float) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) <= most
    )


def _rounded(constants: engine.Calibration) -> engine.Calibration:
    """Times in as many digits as a link carries: with them the sender reckons, too."""
    step, sequence, front = (float(f"{getattr(constants, name):.6g}") for name in TIMES)
    return replace(constants, step_s=step, sequence_s=sequence, front_s=front)


class Server:
    """One text, read piece by piece, then told."""

    def __init__(self, course: Course, catalogue: Catalogue) -> None:
        self.course, self.catalogue = course, catalogue
        self.reader = observed.Reader()
        self.found: observed.Observed | None = None

    def feed(self, piece: str) -> None:
        """Take in a piece of the text."""
        self.reader.feed(piece)

    def told(self, model: str, gpu: str, tp: int | None) -> tuple[Html, Measured | None]:
        """What the text says, with the engine's figures for the model, the GPU and how many of them share it where they are given
        or the text names them; and what recalibrates."""
        try:
            self.found = self.found or self.reader.close()
        except observed.Unread as refusal:
            return tag("p", self._word("refusals.observed", refusal), class_="state", data_state="fail"), None
        known, refused = None, None
        given = self.catalogue.models.get(model), self.catalogue.gpus.get(gpu)
        try:
            known = observed.known_of(self.found, self.catalogue.models, self.catalogue.gpus, *given, tp)
        except observed.Unread as refusal:
            refused = tag("p", self._word("refusals.observed", refusal), class_="state", data_state="warn")
        except engine.PhysicsError as mistake:
            refused = tag("p", str(mistake), class_="state", data_state="warn")
        lines = observed.compare(self.found, known)
        notes = [*self.found.notes, *(known.notes if known else ())]
        said = [tag("li", self._word("server.notes", note)) for note in notes]
        parts = [
            refused,
            self._table(lines),
            *self._runs(),
            *self._scraped(),
            tag("ul", *said, class_="told") if said else None,
        ]
        return together(*parts), self._measured(known, lines)

    def _word(self, table: str, note: Any) -> str:
        return self.course.say(f"{table}.{note.name}", None, note.facts)

    def say(self, name: str, **numbers: Number) -> str:
        """A text of this part of the page."""
        return self.course.say(f"size.server.{name}", None, numbers)

    def _table(self, lines: tuple[observed.Line, ...]) -> Html | None:
        rows = [row for line in lines for row in self._line(line)]
        if not rows:
            return None
        head = tag("tr", *(tag("th", self.say(name), scope="col") for name in ("figure", "says", "ours", "off")))
        return tag("div", tag("table", tag("thead", head), tag("tbody", *rows), class_="promises"), class_="wide")

    def _line(self, line: observed.Line) -> Iterator[Html]:
        form, error = FORMS[line.unit], line.error
        cells = [show(line.said, form), show(line.ours, form), show(error, "pct") if error is not None else ""]
        name = self.course.at(f"server.lines.{line.name}")
        why = wording.sentences(self._word("server.why", note) for note in line.why)
        yield tag("tr", tag("th", name, scope="row"), *(tag("td", cell) for cell in cells))
        if why:
            yield tag("tr", tag("td", why, colspan=4, class_="soft"))

    def _runs(self) -> Iterator[Html]:
        """The runs of a load generator, a line each."""
        for run in self.found.benches if self.found else ():
            lengths = {"prompt": run.prompt_tokens, "output": run.output_tokens}
            yield from self._told(
                "run",
                ("run_rate", {"rate": run.requests_per_s}),
                ("run_lengths", lengths),
                ("run_ttft", {"ttft": run.ttft.mean_s}),
                ("run_ttft_tail", {"ttft": run.ttft.p99_s}),
                ("run_tpot", {"tpot": run.tpot.mean_s}),
                ("run_tpot_tail", {"tpot": run.tpot.p99_s}),
            )

    def _scraped(self) -> Iterator[Html]:
        """A scrape, in a line."""
        scrape = self.found.scrape if self.found else None
        if scrape:
            yield from self._told(
                "scrape",
                ("scrape_running", {"running": scrape.running}),
                ("scrape_waiting", {"waiting": scrape.waiting}),
                ("scrape_used", {"used": scrape.kv_usage}),
                ("scrape_hits", {"hits": scrape.hit_share}),
            )

    def _told(self, name: str, *parts: tuple[str, Mapping[str, Number]]) -> Iterator[Html]:
        """A line of what a text tells; of what it doesn't nothing is said."""
        told = [self.say(part, **numbers) for part, numbers in parts if None not in numbers.values()]
        if told:
            yield tag("p", self.say(name, what=wording.listed(told, "semicolon")))

    def _measured(self, known: observed.Known | None, lines: tuple[observed.Line, ...]) -> Measured | None:
        """What recalibrates: the cache's bytes, and the times of a run; None where the text tells neither."""
        if known is None or self.found is None:
            return None
        cache = next((line for line in lines if line.name == "kv" and line.ours is not None), None)
        too_many = cache.ours - cache.said if cache and cache.ours is not None else 0.0
        constants = engine.calibration_for(known.deployment, self.catalogue.calibrations)
        changed = constants
        for kind in ("host", "front"):
            try:
                changed = observed.anchor(self.found, kind, known, [changed]).constants(changed)
            except (observed.Unread, engine.PhysicsError):
                continue  # the text has no run, or none that this explains
        if not cache and changed == constants:
            return None
        own = _rounded(changed) if changed != constants else None
        return Measured(known.deployment.gpu.id, known.deployment.model.id, round(too_many), own)
