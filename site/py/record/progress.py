"""Progress as points: what was done, by weights that the course or a class chooses. No part of it is being right.

One function counts for the page, the report, the grader and whoever the lab reports to. It knows no act: a question is open or
answered, a fact is there or not, and a design holds when each of its sides is in the state that the acts call ok.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from record.facts import Fact, of_context, of_kind

PREDICTIONS, MET, MENDED, RECORDED, HOLDS, REFLECTIONS, LOG = PARTS = (
    *("predictions", "met", "mended", "recorded", "holds", "reflections", "log"),
)
OK = "ok"
MOST_CUT = (
    0.5  # of the prompts: whoever cuts most of them keeps no promise, since other work is served than was asked for
)
# A word is what stands between blanks; where a script has none, each of its signs (Han, Kana) counts as one.
WORD = re.compile("[\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\\s\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True)
class Part:
    """One part of a score: how much of it is done, and what all of it is worth in points."""

    name: str
    weight: int
    done: int
    wanted: int

    @property
    def points(self) -> float:
        """What is done of it, in points."""
        return self.weight * self.done / self.wanted

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is open."""
        return self.done == self.wanted


@dataclass(frozen=True)
class Score:
    """The parts that count, in their order, and the one to do next; next is None when all are done."""

    parts: tuple[Part, ...]
    next: str | None

    @property
    def points(self) -> float:
        """The points reached."""
        return sum(part.points for part in self.parts)

    @property
    def most(self) -> int:
        """The points that can be reached."""
        return sum(part.weight for part in self.parts)

    @property
    def share(self) -> float:
        """The points reached, from 0 to 1; exactly 1 when all is done."""
        return self.points / self.most if self.next else 1.0


def score(
    facts: Iterable[Fact],
    context: str,
    questions: Sequence[str],
    log: str,
    weights: Mapping[str, int],
    least_words: int,
) -> Score:
    """The score of a context.

    facts: of any contexts, those that the course understands; questions: their names, in the course's order, each its act and
    its part; log: the decision log as it is written; weights: the points of each part, 0 for one that doesn't count;
    least_words: from how many words on the log counts as written.
    """
    mine = of_context(facts, context)
    answered = {fact["question"] for fact in of_kind(mine, "answered")}
    recorded = of_kind(mine, "recorded")
    asked = {
        part: [name for name in questions if name.endswith(f".{part[:-1]}")] for part in (PREDICTIONS, REFLECTIONS)
    }
    done = {
        MET: bool(of_kind(mine, "broke")),
        MENDED: bool(of_kind(mine, "mended")),
        RECORDED: bool(recorded),
        HOLDS: any(_holds(fact) for fact in recorded),
        LOG: words(log) >= least_words,
    }
    counts = {name: (int(there), 1) for name, there in done.items()}
    counts |= {part: (sum(name in answered for name in names), len(names)) for part, names in asked.items()}
    parts = tuple(Part(name, weights[name], *counts[name]) for name in PARTS if weights[name] and counts[name][1])
    return Score(parts, _next(parts, [name for name in questions if name not in answered]))


def _holds(design: Fact) -> bool:
    """Whether each side of a recorded design kept its promise."""
    sides = design["result"].values()  # an earlier version called a side ok that cut every prompt
    return all(side.get("state") == OK and (side.get("share_cut") or 0) <= MOST_CUT for side in sides)


def _next(parts: Sequence[Part], unanswered: Sequence[str]) -> str | None:
    """The part to do next: questions in the course's order while a prediction is open, then the parts in theirs."""
    open_parts = [part.name for part in parts if not part.is_done]
    if PREDICTIONS in open_parts:
        asked = (f"{name.rpartition('.')[2]}s" for name in unanswered)
        return next(part for part in asked if part in open_parts)
    return next(iter(open_parts), None)


def words(text: str) -> int:
    """How many words a text has, in scripts with blanks between them and without."""
    return len(WORD.findall(text))
