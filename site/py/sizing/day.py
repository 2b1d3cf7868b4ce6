"""A design through the hours of a day: the load of each against capacity, and the hours in which a promise breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sizing.judge import Judgement, judged
from sizing.question import Catalogue, Question
from sizing.search import Candidate

REQUESTS = 1000  # of a replica and a level of load
LEVELS = 20  # hours whose loads differ by less than one in so many are simulated once


@dataclass(frozen=True)
class Hour:
    """One hour: load, as a share of the busiest hour's, and how the design was judged at it."""

    hour: int
    load: float
    judgement: Judgement


def hours(question: Question, catalogue: Catalogue, candidate: Candidate) -> Iterator[Hour]:
    """The hours of the question's day, one after the other as they are simulated; none for an even day."""
    levels: dict[int, Judgement] = {}
    for hour, load in enumerate(question.traffic.daily):
        level = max(1, round(load * LEVELS))
        if level not in levels:
            share = candidate.judgement.share * level / LEVELS
            rate, users = question.traffic.rate_per_s * level / LEVELS, question.traffic.users * level // LEVELS
            part = replace(question.traffic, rate_per_s=rate, users=max(users, min(1, question.traffic.users)))
            asked = replace(question, traffic=part)
            levels[level] = judged(asked, catalogue, candidate.design, share, REQUESTS, 1)
        yield Hour(hour, load, levels[level])
