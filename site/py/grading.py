"""One snapshot, checked: everything that it says about numbers is computed anew from the facts that it holds.

A snapshot carries its facts (answers, designs, failures, each with its time) as links of a hash chain. `check` follows the
chain, puts the facts through the same engine and the same state as the page, and compares. Each difference is a Flag. A flag
is a question to ask, not a verdict: the check shows that a file agrees with itself and with the engine, never who wrote it.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import jobs
import ledger
import oracles
import serving
import store
from controls import controls
from course import QUESTIONS, Course
from engine import PhysicsError
from serving import Result, RunRequest

Snapshot = dict[str, Any]
Fact = dict[str, Any]

KINDS = ("unreadable", "chain", "changed", "sections", "numbers", "impossible", "times", "same_record", "same_work")
UNREADABLE, CHAIN, CHANGED, SECTIONS, NUMBERS, IMPOSSIBLE, TIMES, SAME_RECORD, SAME_WORK = KINDS

PARTS = {
    "student_id": str,
    "track": str,
    "predictions": list,
    "knob_settings": dict,
    "decisions": list,
    "reflections": list,
    "result_snapshot": dict,
    "incomplete_fields": list,
}
SHARED = ("gpus", "weight_bits", "kv_heads", "cv", "seed")  # what both sides of a design have in common
OWN = ("workload", "policy", "max_batch", "max_sequence", "load")
NEAR = 1e-9  # the share by which two computations of a number may differ: far above rounding, far below any meaning
LEAST_BETWEEN = timedelta(seconds=1)  # nobody reads and answers the next question in less
CLOCK_WRONG = timedelta(days=1)  # a learner's clock may be off, or set to another zone


@dataclass(frozen=True)
class Flag:
    """Something that doesn't fit: which kind, and what exactly, for a person to look at."""

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Checked:
    """A file with what it says and what doesn't fit. `facts` are those of the chain that the lab could have made, in order."""

    file: str
    snapshot: Snapshot = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    flags: tuple[Flag, ...] = ()


class Runs(dict[RunRequest, Result]):
    """Results by request, each simulated when it is asked for the first time: a class asks for many runs again and again."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self.course = course

    def __missing__(self, request: RunRequest) -> Result:
        try:
            self[request] = serving.run(self.course, request)
        except PhysicsError:
            self[request] = jobs.refused(self.course, request)
        return self[request]


def check(course: Course, runs: Runs, file: str, text: str, now: str) -> Checked:
    """A file's text, read and checked. `now` is the time of grading, ISO 8601 in UTC. Never raises: see Checked.flags."""
    try:
        snapshot, events = _read(text)
        facts, flags = _facts(events)
        flags += _chain_flags(snapshot, events)
        flags += _section_flags(snapshot, events)
        flags += _time_flags(facts, snapshot["metadata"]["exported_at"], now)
        sound = [fact for fact in facts if fact["context"] == snapshot["track"] and _is_possible(course, fact)]
        flags += [Flag(IMPOSSIBLE, _name(fact)) for fact in facts if fact not in sound]
        flags += _number_flags(course, runs, snapshot, events, sound)
    except (ledger.LedgerError, PhysicsError, KeyError, TypeError, AttributeError, ValueError) as mistake:
        return Checked(file, flags=(Flag(UNREADABLE, _sentence(course, mistake)),))
    return Checked(file, snapshot, tuple(sound), tuple(dict.fromkeys(flags)))


def _sentence(course: Course, mistake: Exception) -> str:
    if isinstance(mistake, ledger.LedgerError):
        return course.told("ledger", mistake.notes)
    return f"{type(mistake).__name__}: {mistake}"


# --- Reading -----------------------------------------------------------------------------------------------------------


def _read(text: str) -> tuple[Snapshot, list[dict[str, Any]]]:
    """The snapshot and the events of its chain. Raises LedgerError for what is none, KeyError for a part."""
    if len(text) > ledger.MAX_IMPORT_BYTES:
        raise ledger.LedgerError(ledger.Note("snapshot_large"))
    snapshot, _ = ledger.parse(text.removeprefix("\ufeff"))
    about = snapshot.get("metadata") if isinstance(snapshot, dict) else None
    if not isinstance(about, dict) or about.get("lab_id") != ledger.CHAPTER:
        raise ledger.LedgerError(ledger.Note("no_snapshot"))
    wrong = [name for name, kind in PARTS.items() if not isinstance(snapshot.get(name), kind)]
    if wrong or not isinstance(about.get("record"), str):
        raise ledger.LedgerError(ledger.Note("snapshot_part", {"names": ", ".join(wrong) or "record"}))
    links = about["consistency_check"]["links"]
    return snapshot, [dict(link["event"]) for link in links]


def _chain_flags(snapshot: Snapshot, events: list[dict[str, Any]]) -> list[Flag]:
    """The first link that doesn't follow from the one before: SHA-256 of that one's hash and the event; the first follows
    the record's number."""
    links = snapshot["metadata"]["consistency_check"]["links"]
    before = hashlib.sha256(snapshot["metadata"]["record"].encode()).hexdigest()
    for i, (link, event) in enumerate(zip(links, events, strict=True), start=1):
        before = hashlib.sha256(f"{before} {ledger.canonical(event)}".encode()).hexdigest()
        if link["hash"] != before:
            return [Flag(CHAIN, f"{i} / {len(links)}: {_name(event)}")]
    return []


def _facts(events: list[dict[str, Any]]) -> tuple[list[Fact], list[Flag]]:
    """The events that are facts, with the ids that follow from their contents, and those whose own id doesn't."""
    facts, flags = [], []
    for event in events:
        if event["kind"] == "revealed":
            continue
        fact = ledger.add(ledger.Record(), event).facts[0]
        facts.append(fact)
        flags += [Flag(CHANGED, _name(fact))] if fact["id"] != event.get("id") else []
    return facts, flags


def _name(fact: Mapping[str, Any]) -> str:
    """What a person calls a fact: the question, or the kind and the side."""
    return str(fact.get("question") or " ".join([str(fact["kind"]), str(fact.get("side", ""))]).strip())


# --- Does it agree with itself? ----------------------------------------------------------------------------------------


def _section_flags(snapshot: Snapshot, events: list[dict[str, Any]]) -> list[Flag]:
    """Where the parts that a person reads tell of other facts than the chain."""
    told = {str(event["id"]): event for event in events if event["kind"] == "answered"}
    flags = []
    for part in ("predictions", "reflections"):
        for entry in snapshot[part]:
            fact = told.pop(str(entry["fact"]), None)
            agrees = fact and all(entry[key] == fact[key] for key in ("question", "option", "at"))
            flags += [] if agrees else [Flag(SECTIONS, str(entry["question"]))]
    flags += [Flag(SECTIONS, str(event["question"])) for event in told.values() if not _is_again(event, events)]
    designs = [event for event in events if event["kind"] == "recorded"]
    decided, last = snapshot["final_decision"], designs[-1] if designs else None
    if (decided is None) != (last is None) or (decided and last and _differs(last, decided, ("settings", "result"))):
        flags.append(Flag(SECTIONS, "final_decision"))
    return flags


def _is_again(event: Mapping[str, Any], events: list[dict[str, Any]]) -> bool:
    """Whether an answer came after another to the same question: two tabs can do that, and only the first counts."""
    first = next(e for e in events if e["kind"] == "answered" and e["question"] == event["question"])
    return first is not event


def _differs(one: Mapping[str, Any], other: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    return any(not same(one[key], other[key]) for key in keys)


def _time_flags(facts: list[Fact], exported: str, now: str) -> list[Flag]:
    """Times that can't be: after the export, in the future, backwards, or faster than anybody reads."""
    at = {fact["id"]: datetime.fromisoformat(fact["at"]) for fact in facts}
    times, end = list(at.values()), datetime.fromisoformat(exported)
    flags = [Flag(TIMES, exported)] if end > datetime.fromisoformat(now) + CLOCK_WRONG else []
    if times != sorted(times) or (times and times[-1] > end):
        flags.append(Flag(TIMES, f"{facts[-1]['at']} … {exported}"))
    answers = [fact for fact in (_answer(facts, question) for question in QUESTIONS) if fact]
    for before, after in pairwise(answers):
        if at[after["id"]] - at[before["id"]] < LEAST_BETWEEN:
            flags.append(Flag(TIMES, f"{_name(before)} {before['at']}, {_name(after)} {after['at']}"))
    opened = _answer(facts, "act2.prediction")
    for fact in facts:
        if fact["kind"] != "answered" and (opened is None or at[fact["id"]] < at[opened["id"]]):
            flags.append(Flag(TIMES, f"{_name(fact)} {fact['at']}"))
    return flags


def _answer(facts: list[Fact], question: str) -> Fact | None:
    return next((fact for fact in facts if fact["kind"] == "answered" and fact["question"] == question), None)


# --- Could the lab have made it? ---------------------------------------------------------------------------------------


def _is_possible(course: Course, fact: Fact) -> bool:
    """Whether the lab offers what a fact says was chosen: the option and its scenario, or the settings of its runs."""
    context = fact["context"]
    if context not in course.contexts:
        return False
    if fact["kind"] == "answered":
        known = fact["question"] in QUESTIONS and course.option(fact["question"], fact["option"]) is not None
        return known and same(fact["scenario"], oracles.scenario(course, fact["question"], context))
    if fact["kind"] == "recorded":
        return all(_is_offered(course, side, fact["settings"].get(side)) for side in serving.SIDES)
    return fact["side"] in serving.SIDES and _is_offered(course, fact["side"], fact.get("request"))


def _is_offered(course: Course, side: str, saved: object) -> bool:
    """Whether the controls of a side can be set so that they ask for this run."""
    try:
        run = serving.request_from(course, saved if isinstance(saved, Mapping) else {})
    except PhysicsError:
        return False
    settings = {f"act2.{name}": getattr(run, name) for name in SHARED}
    settings |= {f"act2.{side}.{name}": getattr(run, name) for name in OWN}
    table, simulated = controls(course), course.at("act2.simulation")
    grid = all(table[id].read(value, "") == (value, None) for id, value in settings.items())
    counts = (simulated["requests"], simulated["quick_requests"])
    return grid and run.requests in counts and serving.request_of(course, settings, side, run.requests) == run


# --- Are the numbers the engine's? -------------------------------------------------------------------------------------


def _number_flags(
    course: Course, runs: Runs, snapshot: Snapshot, events: list[dict[str, Any]], sound: list[Fact]
) -> Iterator[Flag]:
    """Every number that the snapshot states, against the engine's, for the facts that the lab could have made."""
    facts = {fact["id"]: fact for fact in sound}
    verdicts = [(event["of"], event) for event in events if event["kind"] == "revealed"]
    verdicts += [(entry["fact"], entry) for part in ("predictions", "reflections") for entry in snapshot[part]]
    for id, stated in verdicts:
        if id in facts and stated["engine"] is not None and not _is_verdict(course, runs, facts[id], stated):
            yield Flag(NUMBERS, _name(facts[id]))
    for fact in sound:
        if fact["kind"] == "recorded":
            outcome = {side: _outcome(course, runs, side, fact["settings"][side]) for side in serving.SIDES}
            if not same(fact["result"], outcome):
                yield Flag(NUMBERS, _name(fact))
        elif fact["kind"] != "answered" and not _is_failure(course, runs, fact):
            yield Flag(NUMBERS, _name(fact))
    known = _fields(course, snapshot["track"], sound)
    stated = snapshot["result_snapshot"]
    for name in (name for name in ledger.FIELDS if not same(stated.get(name), known[name])):
        yield Flag(NUMBERS, name)


def _is_verdict(course: Course, runs: Runs, fact: Fact, stated: Mapping[str, Any]) -> bool:
    question, asked = fact["question"], fact["scenario"]
    known = {run: runs[run] for run in oracles.needs(course, question, asked)}
    answer = (course, question, asked, fact["option"], known)
    return stated["right"] == oracles.is_right(*answer) and same(stated["engine"], oracles.numbers(*answer))


def _outcome(course: Course, runs: Runs, side: str, saved: Mapping[str, Any]) -> dict[str, Any]:
    result = runs[serving.request_from(course, saved)]
    return {"state": serving.judge(course, side, result), **serving.figures(result)}


def _is_failure(course: Course, runs: Runs, fact: Fact) -> bool:
    """Whether a run broke or mended its side as the fact says, with the memory that it says."""
    result = runs[serving.request_from(course, fact["request"])]
    found = {"needs": result["kv_needs"], "has": result["kv_has"]}
    failure = serving.judge(course, fact["side"], result)
    kind = "mended" if failure == serving.OK else "broke"
    return (fact["kind"], fact["failure"]) == (kind, failure) and same(fact.get("numbers"), found)


def _fields(course: Course, context: str, facts: list[Fact]) -> dict[str, Any]:
    """The thirteen agreed fields as the page computes them from these facts."""
    record = ledger.Record(tuple(facts))
    return store.fields(course, replace(store.initial(course), context=context, record=record))


def same(stated: Any, computed: Any) -> bool:
    """Whether two plain values agree: numbers within NEAR, an infinite one written as null, all else exactly."""
    if isinstance(stated, Mapping) and isinstance(computed, Mapping):
        return stated.keys() == computed.keys() and all(same(stated[key], computed[key]) for key in stated)
    if isinstance(stated, list | tuple) and isinstance(computed, list | tuple):
        return len(stated) == len(computed) and all(map(same, stated, computed))
    if _is_number(stated) and _is_number(computed) and math.isfinite(computed):
        return bool(abs(stated - computed) <= NEAR * abs(computed))
    if isinstance(computed, float) and not math.isfinite(computed):
        return stated is None
    return bool(type(stated) is type(computed) and stated == computed)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
