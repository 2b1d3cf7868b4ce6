"""A design through the hours of a day, its load against its capacity; and in runs of other traffic, which differ by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sizing.judge import Judgement, judged, reached
from sizing.question import Catalogue, Question
from sizing.search import Candidate

REQUESTS = 1000  # of a replica and a level of load
DAYS, DAYS_BEGIN = 5, 101  # runs of other traffic, and the seed of the first: the judgement's own are far below
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


def days(question: Question, catalogue: Catalogue, candidate: Candidate) -> Iterator[Mapping[str, float]]:
    """The figures of the promises in DAYS runs of other traffic of the same kind, one after the other: what chance moves."""
    for seed in range(DAYS_BEGIN, DAYS_BEGIN + DAYS):
        yield reached(question, catalogue, candidate.design, REQUESTS, seed)
