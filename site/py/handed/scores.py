"""How a class played: the best score that each learner has of each level of the game, as bars."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from content.course import Course
from content.game import PlayFile
from content.wording import Number
from record import ledger

MOST_BARS = 8


def histograms(
    course: Course, everybody: Collection[Sequence[Mapping[str, Any]]]
) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """For each level that somebody played a title, and (label, learners) pairs. `everybody`: each learner's facts."""
    for level in course.read(PlayFile, "play").levels:
        games = (ledger.best([dict(fact) for fact in facts], level.id) for facts in everybody)
        points = [int(game["points"]) for game in games if game]
        if points:
            said: dict[str, Number] = {"level": level.title, "players": len(points)}
            yield course.say("grading.report.scores", None, said), list(_bars(course, points))


def _bars(course: Course, points: Sequence[int]) -> Iterator[tuple[str, int]]:
    """How many have so many points, in steps of one, two or five times a power of ten, none left out between."""
    steps = (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))
    step = next(step for step in steps if max(points) // step - min(points) // step < MOST_BARS)
    counts = Counter(each // step for each in points)
    for place in range(min(counts), max(counts) + 1):
        said = {"low": place * step, "high": (place + 1) * step - 1}
        yield course.say(f"grading.report.{'score' if step > 1 else 'score_one'}", None, said), counts[place]
