"""Learners' snapshots, made by the real state machine, and ways in which one could be forged."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from acts.promises import actions as design_actions
from acts.promises import now, serving
from record import ledger
from report import report
from runs import oracles
from state import store
from tests import lab as native

Snapshot = dict[str, Any]
MONDAY = datetime(2025, 3, 3, 8, tzinfo=UTC)
GRADED = "2025-03-07T12:00:00.000Z"

# Designs that learners come to: controls moved before recording. The third and the fifth break something on the way.
DESIGNS: tuple[tuple[tuple[str, object], ...], ...] = (
    (),
    (("act2.a.max_batch", 8),),
    (("act2.b.max_batch", 4), ("act2.b.max_batch", 128)),
    (("act2.b.policy", "chunked"),),
    (("act2.gpus", 1), ("act2.gpus", 8)),
)
# One GPU, on which the model fits at 8 bits a weight, with prompts cut so that a request finds room.
ONE_GPU: tuple[tuple[str, object], ...] = (
    *(("act2.gpus", 1), ("act2.weight_bits", 8), ("act2.a.max_batch", 4), ("act2.a.load", 0.5)),
    *(("act2.a.max_sequence", 1024), ("act2.b.max_batch", 1), ("act2.b.max_sequence", 4096)),
)


class Clock:
    """A learner's clock: each look is a little later than the one before."""

    def __init__(self, random: random.Random, start: datetime) -> None:
        self.random, self.time = random, start

    def __call__(self) -> str:
        """The time now, ISO 8601 in UTC."""
        self.time += timedelta(milliseconds=self.random.randint(5_000, 240_000))
        return self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def learner(seed: int, context: str = "latency") -> store.State:
    """Where a learner has come to on Friday: some are done, some stopped on the way, one in three answers wrong."""
    dice = random.Random(seed)
    clock = Clock(dice, MONDAY + timedelta(minutes=dice.randint(0, 4000)))
    state, course = native.start(context), native.shipped()
    for question in native.QUESTIONS[: 4 if dice.random() < 0.9 else dice.randint(1, 3)]:
        right, every = native.right_option(question, context), native.option_ids(question)
        option = right if dice.random() < 0.66 else dice.choice(every)
        state = native.after(state, store.OptionChosen(question, option), store.AnswerCommitted(question, clock()))
        if question == "act2.prediction":
            for control, value in dice.choice(DESIGNS):
                state = simulated(native.after(state, store.ControlMoved(control, value)), clock)
            state = native.after(simulated(state, clock), design_actions.DesignRecorded(clock()))
    needs = [run for fact in store.facts(state) if fact["kind"] == "answered" for run in _needs(course, fact)]
    return native.after(state, *(store.RunFinished(run, native.ran(run), clock()) for run in needs))


def played(state: store.State, level: str, points: int, at: str, seed: int = 1) -> store.State:
    """The state with a game in the record."""
    return store.with_fact(state, {"kind": ledger.PLAYED, "level": level, "seed": seed, "points": points, "at": at})


def simulated(state: store.State, clock: Clock) -> store.State:
    """The state once the two sides' own runs are there."""
    for run in now.sides(native.shipped(), state).values():
        state = native.after(state, store.RunFinished(run, native.ran(run), clock()))
    return state


def _needs(course: Any, fact: dict[str, Any]) -> list[serving.RunRequest]:
    return oracles.needs(course, fact["question"], fact["scenario"])


def exported(state: store.State, name: str, number: str) -> Snapshot:
    """The snapshot of a state, under a learner's name, an hour after the last deed; plain JSON, as from a file."""
    facts = store.facts(state)
    last = datetime.fromisoformat(facts[-1]["at"]) if facts else MONDAY
    at = (last + timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    named = native.after(state, store.TextWritten("name", name, at), store.RecordNumbered(number, at))
    made: Snapshot = json.loads(json.dumps(report.snapshot(native.shipped(), named, at)))
    return made


# --- Forging -----------------------------------------------------------------------------------------------------------


def told(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The events of a snapshot's chain."""
    return [link["event"] for link in snapshot["metadata"]["consistency_check"]["links"]]


def event(snapshot: Snapshot, kind: str, question: str | None = None) -> dict[str, Any]:
    """The first event of a kind."""
    return next(e for e in told(snapshot) if e["kind"] == kind and question in (None, e.get("question")))


def chained(snapshot: Snapshot, events: list[dict[str, Any]] | None = None) -> None:
    """Make ids, chain and sections whole again after a change, as a forger who has read how would."""
    events, renamed = copy.deepcopy(told(snapshot) if events is None else events), {}
    for one in events:
        if one["kind"] != "revealed":
            renamed[one["id"]] = one["id"] = ledger.fact_id(one)
    for one in events:
        if one["kind"] == "revealed":
            one["of"] = renamed.get(one["of"], one["of"])
    facts = {one["id"]: one for one in events if one["kind"] != "revealed"}
    for entry in (*snapshot["predictions"], *snapshot["reflections"]):
        entry["fact"] = renamed.get(entry["fact"], entry["fact"])
        if entry["fact"] in facts:
            entry |= {key: facts[entry["fact"]][key] for key in ("option", "at")}
    designs = ledger.of_kind(facts.values(), "recorded")
    if designs:
        snapshot["final_decision"] |= {key: designs[-1][key] for key in ("settings", "result")}
    snapshot["metadata"]["consistency_check"]["links"] = report.chain(snapshot["metadata"]["record"], events)


def forged(snapshot: Snapshot, how: Callable[[Snapshot], object]) -> Snapshot:
    """A copy of a snapshot with something changed."""
    made = copy.deepcopy(snapshot)
    how(made)
    return made
