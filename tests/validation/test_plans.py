"""What the search says of a promise, beside a server that was measured at fourteen rates (content/measurements.toml)."""

import pytest

import engine
from sizing import judge
from sizing.question import Allowed, Design, Promise, Question
from sizing.search import bound_of
from sizing.traffic import Traffic
from tests import lab as native
from tests.unit.sizing_cases import shipped

LIMITS = [1.15**step for step in range(-10, 11)]  # times what was measured: broken below 1, kept above


def judged(row, name, limit):
    """The verdict on a promise of that server at one of its rates."""
    table = native.shipped().at("measurements.tails")
    rate = row[0]
    recorded = tuple(
        engine.Request(i / rate, *lengths)
        for i, lengths in enumerate(zip(table["prompts"], table["outputs"], strict=True))
    )
    known = shipped()
    replica = engine.Deployment(known.models[table["model"]], known.gpus[table["gpu"]], table["gpus"], 16, 16)
    traffic = Traffic(next(iter(known.workloads.values())), 4096, rate_per_s=rate, recorded=recorded)
    promise = Promise(99, **{name: limit})
    question = Question(replica.model, traffic, promise, Allowed((table["gpu"],)))
    design = Design(replica, table["seats"], 2048, 1)
    share = float(bound_of(question, known, design).share[0])
    return judge.judged(question, known, design, share, len(recorded), 0).state


@pytest.mark.parametrize(("name", "column"), [("ttft_s", 1), ("tpot_s", 2)])
def test_what_is_said_for_certain_is_true(name, column):
    said = {True: 0, False: 0}
    for row in native.shipped().at("measurements.tails.rows"):
        truth = row[column] / 1000
        for times in LIMITS:
            state = judged(row, name, truth * times)
            if state != judge.CLOSE:
                said[(state == judge.KEPT) == (times >= 1)] += 1
    certain = said[True] + said[False]
    assert said[True] >= 0.95 * certain
    assert certain > 40, "who says nothing is never wrong"
