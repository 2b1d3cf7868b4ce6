"""What a pasted text says of a server, as a part of the page: its figures beside the engine's, and what recalibrates it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import engine
import observed
from content import wording
from content.course import Course
from content.wording import Number, show
from sizer.markup import Html, tag, together
from sizing.question import Catalogue

FORMS = {"bytes": "gib", "tokens": "n", "times": "d"}


@dataclass(frozen=True)
class Measured:
    """What recalibrates the engine: bytes of each GPU of one kind that its plan has too many for the cache, and the constants
    of that server with its own times in them."""

    gpu: str
    too_many_bytes: float
    constants: engine.Calibration | None

    def catalogue(self, known: Catalogue) -> Catalogue:
        """The catalogue with the measured constants in the place of the predicted ones."""
        if self.constants is None:
            return known
        mine = self.constants
        return known._replace(calibrations=tuple(mine if each.id == mine.id else each for each in known.calibrations))


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
            told: Mapping[str, Number] = {
                "rate": run.requests_per_s,
                "prompt": run.prompt_tokens,
                "output": run.output_tokens,
                "ttft": run.ttft.mean_s,
                "ttft_tail": run.ttft.p99_s,
                "tpot": run.tpot.mean_s,
                "tpot_tail": run.tpot.p99_s,
            }
            yield tag("p", self.say("run", **told))

    def _scraped(self) -> Iterator[Html]:
        """A scrape, in a line."""
        scrape = self.found.scrape if self.found else None
        if scrape:
            told: Mapping[str, Number] = {
                "running": scrape.running,
                "waiting": scrape.waiting,
                "used": scrape.kv_usage,
                "hits": scrape.hit_share,
            }
            yield tag("p", self.say("scrape", **told))

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
        return Measured(known.deployment.gpu.id, too_many, changed if changed != constants else None)
