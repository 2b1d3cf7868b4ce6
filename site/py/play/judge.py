"""After a game: the best of the fixed settings that are tried, the decision that cost most, and the question's answer.

All of it is found by playing: the level again with other settings, or the same game without one of the decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import engine
from content.game import Level
from play.game import TICKS_PER_S, Action, Catalogue, Game, Tally, fixed, played

TOGETHER_TICKS = TICKS_PER_S  # what is set again within a second is one decision
MOST_DECISIONS = 40  # the latest of them are looked at
ROUNDS = 2  # through the hands of a level


@dataclass(frozen=True)
class Best:
    """The best fixed setting so far: its hands, what came of it, how many were tried, whether there will be more."""

    values: Mapping[str, float]
    tally: Tally
    tried: int
    more: bool


def swept(level: Level, catalogue: Catalogue, seed: int) -> Iterator[Best]:
    """Fixed settings, each played without a touch: one hand after the other over its values, the others as they were best."""
    sweep = level.sweep or {}
    values: dict[str, float] = {hand: level.start[hand] for hand in sweep}
    known: dict[tuple[float, ...], Tally] = {}
    best = played(level, catalogue, seed, ()).tally()
    known[tuple(values.values())] = best
    for _ in range(min(ROUNDS, len(sweep))):
        before = dict(values)
        for hand, tries in sweep.items():
            for tried in tries:
                asked = {**values, hand: tried}
                key = tuple(asked.values())
                if key not in known:
                    known[key] = played(fixed(level, **asked), catalogue, seed, ()).tally()
                    if known[key].points > best.points:
                        values, best = asked, known[key]
                    yield Best(values, best, len(known), True)
        if values == before:
            break
    yield Best(values, best, len(known), False)


@dataclass(frozen=True)
class Decision:
    """What a player set within a second, of one hand, in the order of the game."""

    actions: tuple[Action, ...]

    @property
    def hand(self) -> str:
        """What was set."""
        return self.actions[0].hand

    @property
    def value(self) -> float:
        """What to: a tap that was held open says how far at first."""
        return self.actions[0 if self.hand == "flood" else -1].value


def decisions(actions: list[Action]) -> list[Decision]:
    """What was done, as decisions: a slider that was dragged is one, and so is a tap that was held open until it was let go."""
    found: list[list[Action]] = []
    latest: dict[str, list[Action]] = {}
    for action in actions:
        mine = latest.get(action.hand)
        held = action.hand == "flood" and not action.value
        if mine and (held or action.tick - mine[-1].tick <= TOGETHER_TICKS):
            mine.append(action)
        else:
            latest[action.hand] = mine = [action]
            found.append(mine)
    return [Decision(tuple(each)) for each in found]


@dataclass(frozen=True)
class Cost:
    """What cost most so far: a decision, or a hand that nobody touched; neither if nothing cost anything.

    points: of the game without the decision, or with `instead` in its place, or with the hand so from the start. left: games
    still to play.
    """

    decision: Decision | None
    omitted: tuple[str, float] | None
    points: int
    left: int
    instead: float | None = None


def costliest(game: Game, best: Mapping[str, float]) -> Iterator[Cost]:
    """The game again: without each decision, and with what the `best` setting has in its place; then with each hand that nobody
    touched set as there."""
    own, actions = game.tally().points, game.actions
    found = Cost(None, None, own, 0)
    made = decisions(actions)[-MOST_DECISIONS:]
    touched = {action.hand for action in actions}
    others = [(hand, best[hand]) for hand in best if hand not in touched and best[hand] != game.level.start[hand]]
    tries = [(each, instead) for each in made for instead in (None, best.get(each.hand)) if instead != each.value]
    tries = [each for i, each in enumerate(tries) if each not in tries[:i]]
    for i, (decision, instead) in enumerate(tries):
        kept = [action for action in actions if action not in decision.actions]
        if instead is not None:
            kept.append(replace(decision.actions[0], value=instead))
        points = played(game.level, game.catalogue, game.seed, kept).tally().points
        if points > found.points:
            found = Cost(decision, None, points, 0, instead)
        yield replace(found, left=len(others) + len(tries) - 1 - i)
    for i, (hand, value) in enumerate(others):
        points = played(fixed(game.level, **{hand: value}), game.catalogue, game.seed, actions).tally().points
        if points > found.points:
            found = Cost(None, (hand, value), points, 0)
        yield replace(found, left=len(others) - 1 - i)


# --- the question: which option is right, and the numbers that say why ---

Answer = tuple[str, dict[str, float]]


def grew_most(game: Game) -> Answer:
    """What ran over when the server got too much: at twice the most that it can do, what is furthest past its promise."""
    level, catalogue = game.level, game.catalogue
    over = played(fixed(level, tap=_most(level)), catalogue, game.seed, ())
    run = over.fleet.lives[0].server.run
    ttft = [first_s - request.arrival_s for first_s, request in zip(run.first_s, run.requests, strict=True)]
    pace = [
        (last_s - first_s) / (request.output_tokens - 1)
        for first_s, last_s, request in zip(run.first_s, run.last_s, run.requests, strict=True)
        if request.output_tokens > 1
    ]
    shares = {
        "ttft": (engine.percentile(ttft, 99) or 0.0) / level.ttft_s,
        "tpot": (engine.percentile(pace, 99) or 0.0) / level.tpot_s,
        "memory": run.peak_blocks / over.fleet.blocks,
    }
    return max(shares, key=lambda name: shares[name]), shares


def _most(level: Level) -> float:
    """The tap wide open, as far as the sweep opens it."""
    return (level.sweep or {})["tap"][-1]


def fits_more(game: Game) -> Answer:
    """How many times as much fits into the memory with 8 bits a value."""
    with_bits = (Game(fixed(game.level, bits=bits), game.catalogue, game.seed).fleet.blocks for bits in (16, 8))
    wide, narrow = with_bits
    ratio = narrow / wide
    return "same" if ratio < 1.25 else "half" if ratio < 1.75 else "twice", {"ratio": ratio}


def after_loss(game: Game) -> Answer:
    """What became of the requests of the lost node."""
    fleet = game.fleet
    numbers = {"resent": float(len(fleet.resent)), "tokens": float(fleet.lost_tokens)}
    return "anew" if fleet.lost_tokens else "on" if fleet.resent else "gone", numbers


QUESTIONS: Mapping[str, Callable[[Game], Answer]] = {
    "queue": grew_most,
    "wall": fits_more,
    "both": after_loss,
}
