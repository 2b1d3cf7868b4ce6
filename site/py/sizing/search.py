"""The search: every design is screened by bounds, the cheapest that may do are simulated, until some are found that do."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

import engine
from sizing import screen
from sizing.judge import ILL_CONDITIONED, KEPT, Judgement, error_of, judged
from sizing.question import Catalogue, Design, Promise, Question, deployments
from sizing.traffic import moments

SLACK = 0.03  # a bound is one of means: a short run may do as much better
CELLS = 1 << 15  # designs that are screened at once: they stay in a processor's cache
TOLD = 1 << 21  # designs after which the screening says how far it is
TRIED = 2  # setups of one kind and number of replicas that are simulated
MOST_BEST, MOST_OTHER = 60, 6  # designs that are simulated for the best answer, and for each other GPU and precision
CHEAPER = 0.9  # of the price of a design that was found past MOST_BEST: what the next one may cost
ANSWERS = 4  # the best and three that trade something
REQUESTS = (400, 1500, 5000)  # of a replica: a first look, a judgement, and another day's traffic
HOPELESS = 1.3  # times its limit: a promise that a first look finds broken so far is broken


@dataclass(frozen=True)
class Screened:
    """Every design that the bounds let pass, a row each, by its cost. kind: place among `kinds`; score: the largest share of a
    limit that is used up at least; sure: with the expected error, past which no promise is kept for certain; share: of its
    capacity. lightest: the smallest share of capacity that is asked of any design
    which holds the longest request, None where none does; least: the shortest first and further token, in s, of those that
    are asked for no more than they can, None where all are."""

    kinds: tuple[engine.Deployment, ...]
    kind: np.ndarray
    seats: np.ndarray
    token_budget: np.ndarray
    replicas: np.ndarray
    score: np.ndarray
    sure: np.ndarray
    share: np.ndarray
    seen: int
    left_out: dict[str, int]
    least: tuple[float, float] | None = None
    lightest: float | None = None

    def design(self, row: int) -> Design:
        """The design of a row."""
        kind, seats, budget, replicas = (
            int(column[row]) for column in (self.kind, self.seats, self.token_budget, self.replicas)
        )
        return Design(self.kinds[kind], seats, budget, replicas)


def screened(question: Question, catalogue: Catalogue) -> Screened:
    """All designs by their bounds; of one kind and number of replicas the TRIED with the lowest score."""
    steps = _screening(question, catalogue)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Screened = end.value
            return found


def _screening(question: Question, catalogue: Catalogue) -> Generator[Answer, None, Screened]:
    """The same, which says now and then how far it is."""
    found, left_out = deployments(question, catalogue)
    parts = list(_parts(question, found))
    seen = sum(part.designs for part in parts)
    if not seen:
        empty = np.zeros(0)
        return Screened(tuple(found), empty, empty, empty, empty, empty, empty, empty, 0, left_out)
    kinds = screen.kinds_of(found, catalogue.calibrations, question.utilization, question.held_back)
    errors = _errors(question, catalogue, found)
    passing, done, told = [], 0, 0
    for part in parts:
        passing.append(_passing(question, kinds, errors, part))
        done += part.designs
        if done - told >= TOLD:
            told = done
            yield Answer(seen=seen, screened=done / seen)
    kind, seats, budgets, replicas, score, sure, share = (
        np.concatenate(each) for each in zip(*(rows for rows, _ in passing), strict=True)
    )
    ttft, tpot, lightest = (min(each) for each in zip(*(least for _, least in passing), strict=True))
    least = (ttft, tpot) if ttft < np.inf else None
    light = lightest if lightest < np.inf else None
    return Screened(tuple(found), kind, seats, budgets, replicas, score, sure, share, seen, left_out, least, light)


@dataclass(frozen=True)
class _Part:
    """Kinds of equally many GPUs, from `first` on, with all seats and budgets (a row each) and numbers of replicas (a column)."""

    kind: np.ndarray
    seats: np.ndarray
    token_budget: np.ndarray
    replicas: np.ndarray
    kinds: int

    @property
    def designs(self) -> int:
        """How many they are."""
        return len(self.kind) * len(self.replicas)


def _parts(question: Question, found: Sequence[engine.Deployment]) -> Iterator[_Part]:
    """All designs of no more than the GPUs that may be used, CELLS of them at once."""
    allowed, first = question.allowed, 0
    seats, budgets = (np.array(each, dtype=float) for each in (allowed.seats, allowed.token_budgets))
    setups = len(seats) * len(budgets)
    while first < len(found):
        gpus = found[first].gpus
        replicas = np.arange(1 + question.spare, allowed.most_gpus // gpus + 1, dtype=float)
        most = max(1, CELLS // max(1, setups * len(replicas)))
        unlike = (at for at, each in enumerate(found[first : first + most]) if each.gpus != gpus)
        count = next(unlike, min(most, len(found) - first))
        if len(replicas):
            kind = np.repeat(np.arange(first, first + count), setups)
            seat = np.tile(np.repeat(seats, len(budgets)), count)
            yield _Part(kind, seat, np.tile(budgets, count * len(seats)), replicas, count)
        first += count


def _passing(
    question: Question, kinds: screen.Kinds, errors: Errors, part: _Part
) -> tuple[tuple[np.ndarray, ...], tuple[float, float, float]]:
    """Of some designs, those that the bounds let pass, the TRIED with the lowest `sure` of each kind and number of replicas: the
    columns of Screened; and the shortest first and further token of all that can do the load, in s, and the least share of
    capacity of all."""
    chosen, traffic, replicas = kinds.at(part.kind).column(), question.traffic, part.replicas
    working = replicas[None, :] - question.spare
    tail = moments(traffic, question.promise.percent)
    load = screen.Load(traffic.rate_per_s / working, traffic.users / working, tail)
    bound = screen.bounds(chosen, part.seats[:, None], part.token_budget[:, None], load)
    score = np.maximum(_scores(question, bound, working, {}), bound.share)
    off = {name: error[part.kind][:, None] for name, error in errors.items()}
    sure = np.maximum(_scores(question, bound, working, off), bound.share)
    holding = np.broadcast_to(bound.rate_per_s > 0, score.shape)
    share = np.broadcast_to(bound.share, score.shape)
    row, column = _few(np.where(holding & (score <= 1 + SLACK), sure, np.inf), part.kinds)
    able = holding & (share <= 1)
    ttft, tpot = (
        np.min(np.broadcast_to(each, score.shape), where=able, initial=np.inf) for each in (bound.ttft_s, bound.tpot_s)
    )
    lightest = np.min(share, where=holding, initial=np.inf)
    setup = (part.kind[row], part.seats[row], part.token_budget[row], replicas[column])
    return (*setup, score[row, column], sure[row, column], share[row, column]), (
        float(ttft),
        float(tpot),
        float(lightest),
    )


def _few(sure: np.ndarray, kinds: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the TRIED lowest of each kind in each column, by kind and column; what is infinite isn't one."""
    left = sure.reshape(kinds, -1, sure.shape[1]).copy()
    found = []
    for _ in range(min(TRIED, left.shape[1])):
        least = np.argmin(left, axis=1, keepdims=True)
        found.append(np.where(np.take_along_axis(left, least, 1) < np.inf, least, -1))
        np.put_along_axis(left, least, np.inf, 1)
    few = np.concatenate(found, axis=1).transpose(0, 2, 1)  # kind, column, the lowest first
    kind, column, _ = np.nonzero(few >= 0)
    return kind * left.shape[1] + few[few >= 0], column


def bound_of(question: Question, catalogue: Catalogue, design: Design) -> screen.Bounds:
    """The bounds of one design."""
    used, kept = question.utilization, question.held_back
    kind = screen.kinds_of([design.deployment], catalogue.calibrations, used, kept)
    working = np.array([float(max(1, design.replicas - question.spare))])
    tail = moments(question.traffic, question.promise.percent)
    load = screen.Load(question.traffic.rate_per_s / working, question.traffic.users / working, tail)
    return screen.bounds(kind, np.array([float(design.seats)]), np.array([float(design.token_budget)]), load)


Errors = dict[
    str, np.ndarray
]  # by the promise: how far a figure is expected to be off, a share, of each kind of deployment


def _errors(question: Question, catalogue: Catalogue, found: Sequence[engine.Deployment]) -> Errors:
    """The expected errors of what is promised, below ILL_CONDITIONED of capacity."""
    percent = question.promise.percent
    return {
        name: np.array([error_of(catalogue, each, name, percent, 0.0) for each in found])
        for name, _ in question.promise.limits()
    }


def _scores(question: Question, bound: screen.Bounds, working: np.ndarray, errors: Errors) -> np.ndarray:
    """The largest share of a limit that each design uses up at least, should figures be off by `errors`."""
    most: np.ndarray = np.zeros(1)
    for name, promised in question.promise.limits():
        limit = (
            promised * (1 + errors.get(name, 0.0)) if name == "tokens_per_s" else promised / (1 + errors.get(name, 0.0))
        )
        if name == "tokens_per_s":
            asked = np.minimum(bound.share, 1.0) * bound.rate_per_s * working
            output = moments(question.traffic, question.promise.percent).output
            most = np.maximum(most, limit / np.maximum(asked * output, 1e-9))
        else:
            most = np.maximum(most, getattr(bound, name) / limit)
    return np.broadcast_to(most, np.broadcast_shapes(most.shape, bound.share.shape, bound.tpot_s.shape))


@dataclass(frozen=True, eq=False)
class Candidate:
    """A design with what it costs an hour and how it was judged."""

    design: Design
    hourly: float
    judgement: Judgement


@dataclass(frozen=True)
class Answer:
    """What was found. best: the cheapest that keeps every promise even if the engine errs as expected, None for none; others:
    further ones that trade something, cheapest first; failing: the nearest to its promises of those tried that doesn't keep them.
    half: the best of those at half of the price. seen: designs that were screened; passed: of these by the bounds and their
    expected errors; runs that were simulated, and tried, what became of them; untried: cheaper ones (all, where there is no best)
    that may do by their bounds and weren't simulated. least, lightest: see Screened. screened: the share of `seen` that is;
    stands: no cheaper design is looked for any more, only others; done: nothing more is coming."""

    best: Candidate | None = None
    others: tuple[Candidate, ...] = ()
    failing: Candidate | None = None
    half: Candidate | None = None
    seen: int = 0
    passed: int = 0
    runs: int = 0
    untried: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    tried: tuple[Candidate, ...] = ()
    least: tuple[float, float] | None = None
    lightest: float | None = None
    screened: float = 1.0
    stands: bool = False
    done: bool = False


def search(question: Question, catalogue: Catalogue, found: Screened | None = None) -> Iterator[Answer]:
    """The answer so far, after each run, and at last with `done`. Raises PhysicsError for a question that can't be.

    First the cheapest design of all that keeps its promises (`_in_turn`); then for other GPUs and precisions, by the price at
    which their bounds begin, the cheapest of each.
    """
    if found is None:
        found = yield from _screening(question, catalogue)
    queue = _queue(question, found, found.sure <= 1 + SLACK)
    passed = int(np.count_nonzero(found.sure <= 1 + SLACK))
    answer = Answer(seen=found.seen, passed=passed, left_out=found.left_out, least=found.least, lightest=found.lightest)
    kept: list[Candidate] = []
    for rows, hourly in _in_turn(question, found, queue, kept):
        tried = _tried(question, catalogue, found, rows, hourly)
        answer = replace(answer, runs=answer.runs + 1, tried=(*answer.tried, tried))
        if tried.judgement.state == KEPT:
            kept[:] = [tried]
        else:
            answer = replace(answer, failing=_nearer(tried, answer.failing))
        in_turn = bool(queue) and answer.runs <= MOST_BEST  # all that are cheaper were tried before
        yield replace(answer, best=kept[0] if kept else None, stands=bool(kept) and in_turn)
    limit = kept[0].hourly if kept else float("inf")
    cheaper = sum(hourly < limit for _, hourly in queue) - sum(each.hourly < limit for each in answer.tried)
    answer = replace(answer, untried=max(0, cheaper), stands=bool(kept))
    left: dict[tuple[str, int], int] = {}
    answered = {_signature(each.design) for each in kept}
    for rows, hourly in queue:
        signature = _signature(found.design(rows[0]))
        if not kept or len(kept) == ANSWERS:
            break
        if signature in answered or hourly < kept[0].hourly or left.setdefault(signature, MOST_OTHER) == 0:
            continue
        left[signature] -= 1
        tried = _tried(question, catalogue, found, rows, hourly)
        if tried.judgement.state == KEPT:
            kept.append(tried)
            answered.add(signature)
        answer = replace(
            answer, runs=answer.runs + 1, tried=(*answer.tried, tried), best=kept[0], others=tuple(kept[1:])
        )
        yield answer
    answer = replace(answer, best=kept[0] if kept else None, others=tuple(kept[1:]))
    yield replace(answer, half=_half(question, catalogue, answer), done=True)


def _in_turn(
    question: Question, found: Screened, queue: Sequence[Queued], kept: Sequence[Candidate]
) -> Iterator[Queued]:
    """What is tried for the best answer, `kept` being what keeps its promises so far: the MOST_BEST cheapest, until one does. If
    none does, the strongest of the others; from one of those that does, ever cheaper ones. Where no design is sure by its bounds,
    those that are nearest to being so."""
    for each in queue[:MOST_BEST]:
        yield each
        if kept:
            return
    others = queue[MOST_BEST:] if queue else _queue(question, found, found.score <= 1 + SLACK)
    strongest = sorted(others, key=lambda each: float(found.sure[each[0][0]]))
    for each in strongest[:MOST_OTHER]:
        yield each
        if kept:
            break
    best = None
    while kept and kept[0] is not best:
        best = kept[0]
        yield from [each for each in strongest if each[1] <= CHEAPER * best.hourly][:1]


def _tried(question: Question, catalogue: Catalogue, found: Screened, rows: Sequence[int], hourly: float) -> Candidate:
    """The first of some designs that keeps the promises, or the nearest to them: each is judged by few requests, and by many
    only if those don't break a promise by far."""
    nearest: Candidate | None = None
    for row in rows:
        design = found.design(row)
        tried = Candidate(design, hourly, settled(question, catalogue, design, float(found.share[row])))
        if tried.judgement.state == KEPT:
            return tried
        nearest = _nearer(tried, nearest)
    assert nearest
    return nearest


def settled(question: Question, catalogue: Catalogue, design: Design, share: float) -> Judgement:
    """A design judged by few requests, and by ever more of another day's unless those break a promise."""
    for seed, count in enumerate(REQUESTS, 1):
        judgement = judged(question, catalogue, design, share, count, seed)
        if judgement.state != KEPT and not (count == REQUESTS[0] and judgement.ratio < HOPELESS):
            break
    return judgement


def checked(question: Question, catalogue: Catalogue, design: Design) -> Candidate:
    """One design judged as the search judges, whether it may be used or not: does it hold?"""
    share = float(bound_of(question, catalogue, design).share[0])
    priced = not question.prices or design.deployment.gpu.id in dict(question.prices)
    hourly = question.hourly(design.deployment.gpu, design.gpus) if priced else 0.0
    return Candidate(design, hourly, settled(question, catalogue, design, share))


Queued = tuple[tuple[int, ...], float]  # rows of Screened, and what they cost an hour


def _queue(question: Question, found: Screened, which: np.ndarray) -> list[Queued]:
    """Designs, of those `which` says, of each kind and number of replicas with their price, cheapest first; at one price
    those of less power first, as where GPUs cost nothing."""
    rows = np.flatnonzero((found.share <= ILL_CONDITIONED) & which)
    if not len(rows):
        return []
    rows = rows[np.lexsort((found.score[rows], found.replicas[rows], found.kind[rows]))]
    group = found.kind[rows] * (found.replicas.max() + 1) + found.replicas[rows]
    begins = np.flatnonzero(np.diff(group, prepend=-1.0))
    first = rows[begins]
    hourly, power = _hourly(question, found)[first], _hourly(replace(question, prices=()), found)[first]
    few = [tuple(each) for each in _split(rows.tolist(), begins.tolist())]
    order = np.lexsort((first, found.score[first], power, hourly))
    return [(few[at], cost) for at, cost in zip(order.tolist(), hourly[order].tolist(), strict=True)]


def _split(rows: list[int], begins: list[int]) -> Iterator[list[int]]:
    """Rows by the groups that begin at some places."""
    for begin, end in pairwise([*begins, len(rows)]):
        yield rows[begin:end]


def _hourly(question: Question, found: Screened) -> np.ndarray:
    """What each row costs an hour."""
    costs = np.zeros(len(found.kind))
    ends = np.searchsorted(found.kind, np.arange(len(found.kinds) + 1))
    for kind, (begin, end) in zip(found.kinds, pairwise(ends), strict=True):
        costs[begin:end] = question.hourly(kind.gpu, 1) * (kind.gpus * found.replicas[begin:end])
    return costs


def _priced(question: Question) -> list[str]:
    """The GPUs that designs are made of: those with a price, or all where none has one."""
    return [id for id in question.allowed.gpus if not question.prices or id in dict(question.prices)]


def _signature(design: Design) -> tuple[str, int]:
    """What makes two answers differ for a person: the GPU, and the precision of the weights."""
    return design.deployment.gpu.id, design.deployment.weight_bits


def _nearer(tried: Candidate, other: Candidate | None) -> Candidate:
    """Of two designs that fail the one that is nearer to its promises."""
    if other is None or 0 < tried.judgement.ratio < other.judgement.ratio or not other.judgement.ratio:
        return tried
    return other


def _half(question: Question, catalogue: Catalogue, answer: Answer) -> Candidate | None:
    """The nearest to its promises of all designs at no more than half of the best one's price, by the bounds; judged. None where
    nothing is promised, or nothing costs anything."""
    if answer.best is None or not answer.best.hourly or not any(question.promise.limits()):
        return None
    most = answer.best.hourly / 2
    each = [question.hourly(catalogue.gpus[id], 1) for id in _priced(question)]
    gpus = min((most / least for least in [min(each)] if least), default=float("inf"))
    allowed = replace(question.allowed, most_gpus=int(min(question.allowed.most_gpus, gpus + 1)))
    rows = screened(replace(question, promise=_loosened(question.promise), allowed=allowed), catalogue)
    costs = _hourly(question, rows)
    cheap = np.flatnonzero((costs <= most) & (rows.share <= 1))
    if not len(cheap):
        return None
    row = int(cheap[np.argmin(rows.score[cheap])])
    judgement = judged(question, catalogue, rows.design(row), float(rows.share[row]), REQUESTS[1], 1)
    return Candidate(rows.design(row), float(costs[row]), judgement)


LOOSE = 20.0  # how far a promise is loosened to see what less money buys


def _loosened(promise: Promise) -> Promise:
    """The promise with every time LOOSE times as long, and no tokens promised."""
    times = {name: limit * LOOSE for name, limit in promise.limits()}
    return Promise(promise.percent, times.get("ttft_s"), times.get("tpot_s"), times.get("e2e_s"))
