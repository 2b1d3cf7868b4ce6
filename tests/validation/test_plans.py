"""What the search says of a promise, beside a server that was measured at fourteen rates (content/measurements.toml)."""

import re
from pathlib import Path

import pytest

import engine
from sizing import judge, plain
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


# --- the cases of docs/sizing.md ---

DOCUMENT = Path(__file__).parents[2] / "docs/sizing.md"
RATES = {0: 0.5, 1: 0.9}  # of the first rows
SERVED = {"engine": "vllm", "replicas": 1, "seats": 256}


def cases():
    """The rows of the table under "Three cases"."""
    part = DOCUMENT.read_text(encoding="utf-8").partition("## Three cases")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", part, re.M)[2:]]


def asked_of(place):
    """The question and the design of a row, and how many requests judge it."""
    ask = {"ttft_s": 10, "tpot_s": 0.1, "percent": 50}
    if place < 2:
        table = native.shipped().at("measurements.tails")
        lengths = zip(table["prompts"], table["outputs"], strict=True)
        recorded = [engine.Request(i / RATES[place], *each) for i, each in enumerate(lengths)]
        traffic = {"rate_per_s": RATES[place], "longest_tokens": 4096}
        gpu = {"gpu": "a100-sxm", "gpus_per_replica": 2, "weight_bits": 16, "kv_bits": 16, "token_budget": 2048}
        return "llama-3.1-70b", traffic, {"ttft_s": 1.0, "tpot_s": 0.1}, gpu, recorded, len(recorded)
    if place < 4:
        traffic = {"workload": "uniform-8192-1024", "users": 64, "longest_tokens": 9216}
        gpu = {
            "gpu": "h100-sxm",
            "gpus_per_replica": 2 * (place - 1),
            "weight_bits": 8,
            "kv_bits": 16,
            "token_budget": 8192,
        }
        return "llama-3.1-70b", traffic, ask, gpu, [], 640
    lengths = {"prompt": {"mean": 207.5, "p99": 600}, "output": {"mean": 198.3, "p99": 780}}
    traffic = {**lengths, "rate_per_s": 0.5, "longest_tokens": 8192}
    gpu = {"gpu": "h200-sxm", "gpus_per_replica": 1, "weight_bits": 8, "kv_bits": 8, "token_budget": 8192}
    return "llama-3.1-70b", traffic, {"ttft_s": 0.3, "tpot_s": 0.03}, gpu, [], 3000


@pytest.mark.parametrize("place", range(5))
def test_the_cases_of_the_document_are_what_the_engine_says(place):
    model, traffic, promise, gpu, recorded, count = asked_of(place)
    plain_question = {"model": model, "traffic": traffic, "promise": promise, "allowed": {"gpus": [gpu["gpu"]]}}
    question = plain.question_from(plain_question, shipped(), recorded)
    design = plain.design_from({**SERVED, **gpu}, question, shipped())
    share = float(bound_of(question, shipped(), design).share[0])
    judgement = judge.judged(question, shipped(), design, share, count, 1)
    *_, here, said, _ = cases()[place]
    assert said == judgement.state
    names = ("ttft_mean_s", "tpot_mean_s") if "mean" in here else ("ttft_s", "tpot_s")
    values = {each.name: each.value for each in judgement.promises} | dict(judgement.figures)
    told = [
        float(value.replace(",", "")) * (0.001 if unit == "ms" else 1)
        for value, unit in re.findall(r"([\d.,]+) (ms|s)", here)
    ]
    assert told == pytest.approx([values[name] for name in names], rel=0.01)
