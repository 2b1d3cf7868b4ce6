"""One snapshot, checked: everything that it says is computed anew from the facts that it holds.

A snapshot carries its facts (answers, designs, failures, each with its time) as links of a hash chain. `check` follows the
chain, puts the facts through the same engine and the same state as the page, has that state exported, and compares the two
files part by part. What is the learner's own (name, texts, positions of controls, time of export) is taken as it stands if
the page could have it. Each difference is a Flag. A flag is a question to ask, not a verdict: the check shows that a file
agrees with itself and with the engine, never who wrote it.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from acts.promises import receipts, reporting, serving
from acts.promises.controls import ID as DESIGN
from acts.promises.serving import RunRequest
from content import wording
from content.controls import controls
from content.course import Course, Result
from engine import PhysicsError
from handed.owners import Owner
from record import ledger
from report import report
from runs import jobs, oracles
from state import store

Snapshot = dict[str, Any]
Fact = dict[str, Any]

KINDS = (
    *("unreadable", "failed", "chain", "changed", "sections", "numbers", "impossible", "unchecked", "times"),
    *("same_record", "two_names", "same_work", "anothers", "nothing"),
)
UNREADABLE, FAILED, CHAIN, CHANGED, SECTIONS, NUMBERS, IMPOSSIBLE, UNCHECKED, TIMES, *OF_THE_CLASS = KINDS
SAME_RECORD, TWO_NAMES, SAME_WORK, ANOTHERS, NOTHING = OF_THE_CLASS

PARTS = {
    "student_id": str,
    "track": str,
    "predictions": list,
    "knob_settings": dict,
    "big_takeaways": list,
    "decisions": list,
    "reflections": list,
    "residual_risk": str,
}
KEYS = {  # what a fact consists of
    "answered": {"kind", "context", "question", "option", "at", "scenario", "id"},
    "recorded": {"kind", "context", "at", "settings", "seed", "result", "id"},
    "broke": {"kind", "context", "side", "failure", "at", "numbers", "request", "id"},
}
KEYS["mended"] = KEYS["broke"]
KEYS[ledger.PLAYED] = {"kind", "level", "seed", "points", "at", "id"}
COMPUTED = {"right", "engine", "result", "result_snapshot", "evidence_summary"}  # parts that are the engine's
SHARED = ("gpus", "weight_bits", "kv_heads", "cv", "seed")  # what both sides of a design have in common
OWN = ("workload", "policy", "max_batch", "max_sequence", "load")
RUN = {field.name for field in fields(RunRequest)}
ONE = re.compile(r"\b1 GPUs\b")  # as an earlier version wrote it
NEAR = 1e-12  # the share by which two computations of a fraction may differ: above rounding, far below any meaning
LEAST_BETWEEN = timedelta(seconds=1)  # nobody reads and answers the next question in less
CLOCK_WRONG = timedelta(days=1)  # a learner's clock may be off, or set to another zone
MOST_TEXT = 20_000  # characters of one text; the page keeps a tenth of it
MOST_RUNS = 200  # that are simulated for one file: more than a learner meets, less than holds a class up
MOST_FOUND = 50  # differences that are looked for


@dataclass(frozen=True)
class Flag:
    """Something that doesn't fit: which kind, and what exactly, for a person to look at."""

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Checked:
    """A file with what it says and what doesn't fit.

    snapshot: what the page would have exported for the facts that it could have made, without the chain and the engine's
    numbers behind each answer; empty if the file can't be read. facts: those facts, in order, without their scenarios.
    again: other files of the same record and learner; besides: of another record of theirs. owner: who handed it in, where a
    course system's name of the file says so; is_doubted: the name looks so and isn't believed; is_anothers: another signed it.
    learner: what tells its learner from the others, once that is known; see people.joined.
    """

    file: str
    snapshot: Snapshot = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    flags: tuple[Flag, ...] = ()
    again: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    owner: Owner | None = None
    is_doubted: bool = False
    is_anothers: bool = False
    learner: tuple[str, ...] = ()


class Runs(dict[jobs.Job, Result]):
    """Figures by request, each simulated when it is asked for the first time: a class asks for many runs again and again.

    What the engine refuses to simulate has the figures that the page keeps of it. `patience` is how many more may be simulated.
    """

    def __init__(self, course: Course) -> None:
        super().__init__()
        self.course = course
        self.patience = MOST_RUNS

    def __missing__(self, request: jobs.Job) -> Result:
        if not self.patience:
            raise TooManyRuns
        self.patience -= 1
        self[request] = simulated(self.course, request)
        return self[request]


def simulated(course: Course, request: jobs.Job) -> Result:
    """The figures of one request, or what the page keeps where the engine refuses it."""
    try:
        result = jobs.do(course, request)
    except PhysicsError:
        result = jobs.refused(course, request)
    return serving.figures(result)


class TooManyRuns(Exception):
    """A file asks for more runs than a learner would meet."""


def check(course: Course, runs: Runs, file: str, text: str, now: str, spoken: Sequence[Course] = ()) -> Checked:
    """A file's text, read and checked. `now` is the time of grading, ISO 8601 in UTC; `spoken` the course in other languages,
    in which a snapshot may have been exported. Whatever the text is, there is an outcome: see Checked.flags."""
    runs.patience = MOST_RUNS
    try:
        snapshot, events = _read(course, text)
        facts, flags = _facts(events)
    except ledger.LedgerError as mistake:
        return Checked(file, flags=(Flag(UNREADABLE, course.told("ledger", mistake.notes)),))
    flags += _chain_flags(snapshot, events)
    flags += _time_flags(course, facts, snapshot["metadata"]["exported_at"], now)
    sound: dict[str, Fact] = {}
    for fact in facts:
        if fact.get("context", snapshot["track"]) != snapshot["track"] or not _is_possible(course, fact):
            flags.append(Flag(IMPOSSIBLE, _name(fact)))
        elif fact["id"] in sound:
            flags.append(Flag(SECTIONS, "consistency_check.links"))
        else:
            sound[fact["id"]] = fact
    try:
        known = [_corrected(course, runs, fact) for fact in sound.values()]
        flags += [
            Flag(NUMBERS, _name(fact)) for fact, right in zip(sound.values(), known, strict=True) if fact != right
        ]
        honest, found = _compared(course, runs, snapshot, events, known, spoken)
        if report.FIGURES in honest[report.MISSING]:  # exported before they were computed: they are now
            honest = _exported(course, runs, snapshot, set(), known)
    except TooManyRuns:
        return Checked(file, flags=(*dict.fromkeys(flags), Flag(UNCHECKED, str(MOST_RUNS))))
    flags += found
    return Checked(file, _lean(honest), tuple(map(_lean, known)), tuple(dict.fromkeys(flags)))


def _lean(made: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot or a fact with what a class's table and bars need of it: a thousand whole ones fill a memory."""
    heavy = ("scenario", "request", "numbers", "learning_objectives", "binding_constraints", "source_trace")
    lean = {key: value for key, value in made.items() if key not in heavy}
    if "metadata" in lean:
        lean["metadata"] = {key: made["metadata"][key] for key in ("exported_at", "record")}
        for part in ("predictions", "reflections"):
            lean[part] = [{"question": entry["question"], "right": entry["right"]} for entry in made[part]]
        lean["decisions"] = [entry for entry in made["decisions"] if entry["kind"] in ("log", *report.REASONS)]
        lean |= {"evidence_summary": (), "final_decision": None}
    return lean


# --- Reading -----------------------------------------------------------------------------------------------------------


def _read(course: Course, text: str) -> tuple[Snapshot, list[dict[str, Any]]]:
    """The snapshot and the events of its chain, of a form that nothing below stumbles over. Raises LedgerError."""
    if len(text) > ledger.MAX_IMPORT_BYTES:
        raise _refusal("snapshot_large")
    if not text.strip("\ufeff\0 \t\r\n"):
        raise _refusal("snapshot_empty")
    text = text.removeprefix("\ufeff")
    snapshot, lost = ledger.parse(text)
    if lost:
        raise _refusal("not_finite")
    about = snapshot.get("metadata") if isinstance(snapshot, dict) else None
    if not isinstance(about, dict) or about.get("lab_id") != ledger.CHAPTER:
        if isinstance(snapshot, dict) and "history" in snapshot:
            raise _refusal("ledger_no_snapshot")
        raise _refusal("no_snapshot")
    if not _is_plain(snapshot):
        raise _refusal("not_plain")
    if twice := _said_twice(text):
        raise _refusal("snapshot_twice", name=twice)
    wrong = [name for name, kind in PARTS.items() if not isinstance(snapshot.get(name), kind)]
    wrong += [name for name in ("record", "exported_at") if not isinstance(about.get(name), str)]
    wrong += ["track"] if not wrong and snapshot["track"] not in course.contexts else []
    chain = about.get("consistency_check")
    links = chain.get("links") if isinstance(chain, dict) else None
    if wrong or not isinstance(links, list) or not all(map(_is_link, links)):
        raise _refusal("snapshot_part", names=", ".join(wrong) or "consistency_check")
    if _moment(about["exported_at"]) is None:
        raise _refusal("bad_time")
    return snapshot, [dict(link["event"]) for link in links]


def _refusal(name: str, /, **facts: str) -> ledger.LedgerError:
    return ledger.LedgerError(ledger.Note(name, facts))


def _is_plain(value: Any) -> bool:
    """Whether a value holds only what an export may: no number that no engine computes, no text that can't be written."""
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, str):
        return len(value) <= MOST_TEXT and not re.search("[\ud800-\udfff]", value)
    return not _is_number(value) or abs(value) <= ledger.MAX_NUMBER


def _said_twice(text: str) -> str | None:
    """The name that stands twice in one table of a JSON text: a person may read the one, a program the other."""
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in items}) < len(items):
            found.append(Counter(name for name, _ in items).most_common(1)[0][0])

    json.loads(text, object_pairs_hook=pairs, parse_int=len, parse_float=len)
    return found[0] if found else None


def _is_link(link: object) -> bool:
    """Whether a link has its two parts, and its event a kind, a time, and what its kind needs beside."""
    if not isinstance(link, dict) or link.keys() != {"event", "hash"} or not isinstance(link["event"], dict):
        return False
    event = link["event"]
    kind = event.get("kind")
    named = isinstance(kind, str) and (kind == "revealed" or kind in KEYS)
    return named and isinstance(event.get("of" if kind == "revealed" else "id"), str)


def _moment(text: object) -> datetime | None:
    """A time in UTC, None for anything else."""
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time if time is not None and time.utcoffset() == timedelta(0) else None


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
    return str(
        fact.get("question") or " ".join([str(fact["kind"]), str(fact.get("side", fact.get("level", "")))]).strip()
    )


# --- When was it done? -------------------------------------------------------------------------------------------------


def _time_flags(course: Course, facts: list[Fact], exported: str, now: str) -> list[Flag]:
    """Times that can't be: after the export, in the future, backwards, or faster than anybody reads."""
    at = {fact["id"]: datetime.fromisoformat(fact["at"]) for fact in facts}
    times, end = list(at.values()), datetime.fromisoformat(exported)
    flags = [Flag(TIMES, exported)] if end > datetime.fromisoformat(now) + CLOCK_WRONG else []
    if times != sorted(times) or (times and times[-1] > end):
        flags.append(Flag(TIMES, f"{facts[-1]['at']} … {exported}"))
    answers = [fact for fact in (_answer(facts, question) for question in course.questions) if fact]
    for before, after in pairwise(answers):
        if at[after["id"]] - at[before["id"]] < LEAST_BETWEEN:
            flags.append(Flag(TIMES, f"{_name(before)} {before['at']}, {_name(after)} {after['at']}"))
    opened = _answer(facts, f"{DESIGN}.prediction")
    for fact in facts:
        if fact["kind"] not in ("answered", ledger.PLAYED) and (opened is None or at[fact["id"]] < at[opened["id"]]):
            flags.append(Flag(TIMES, f"{_name(fact)} {fact['at']}"))
    return flags


def _answer(facts: list[Fact], question: str) -> Fact | None:
    return next((fact for fact in facts if fact["kind"] == "answered" and fact["question"] == question), None)


# --- Could the lab have made it? ---------------------------------------------------------------------------------------


def _is_possible(course: Course, fact: Fact) -> bool:
    """Whether the lab offers what a fact says was chosen: the option and its scenario, or the settings of its runs."""
    kind = fact["kind"]
    if fact.keys() != KEYS[kind]:
        return False
    if kind == ledger.PLAYED:
        return oracles.understands(course, fact)
    context = fact["context"]
    if context not in course.contexts:
        return False
    if kind == "answered":
        known = fact["question"] in course.questions and course.option(fact["question"], fact["option"]) is not None
        return known and same(fact["scenario"], oracles.scenario(course, fact["question"], context))
    if kind != "recorded":
        return fact["side"] in serving.SIDES and _is_offered(course, fact["side"], fact["request"])
    settings = fact["settings"]
    if settings.keys() != set(serving.SIDES) or not all(_is_offered(course, side, settings[side]) for side in settings):
        return False
    one, other = (settings[side] for side in serving.SIDES)
    joint = all(same(one[name], other[name]) for name in (*SHARED, "requests"))
    return joint and same(fact["seed"], one["seed"])


def _is_offered(course: Course, side: str, saved: object) -> bool:
    """Whether the controls of a side can be set so that they ask for this run."""
    if not isinstance(saved, Mapping) or saved.keys() != RUN:
        return False
    settings = {f"{DESIGN}.{name}": saved[name] for name in SHARED}
    settings |= {f"{DESIGN}.{side}.{name}": saved[name] for name in OWN}
    simulated = course.at(f"{DESIGN}.simulation")
    counts = (simulated["requests"], simulated["quick_requests"])
    if _offered(course, settings).keys() != settings.keys() or saved["requests"] not in counts:
        return False
    offered = asdict(serving.request_of(course, settings, side, saved["requests"]))
    return all(name == "load" or type(saved[name]) is type(offered[name]) for name in offered) and same(saved, offered)


# --- Are the numbers the engine's? -------------------------------------------------------------------------------------


def _corrected(course: Course, runs: Runs, fact: Fact) -> Fact:
    """A fact as the engine would have it; the very same where its numbers are the engine's. Raises TooManyRuns."""
    if fact["kind"] in ("answered", ledger.PLAYED):
        return fact
    if fact["kind"] == "recorded":
        outcome = {side: _outcome(course, runs, side, fact["settings"][side]) for side in serving.SIDES}
        return (
            fact
            if same(fact["result"], outcome) or same(fact["result"], _earlier(outcome))
            else {**fact, "result": outcome}
        )
    result = runs[serving.request_from(course, fact["request"])]
    failure = serving.judge(course, fact["side"], result)
    found = {
        "kind": "mended" if failure == serving.OK else "broke",
        "failure": failure,
        "numbers": serving.sizes(failure, result),
    }
    earlier = found | {"numbers": serving.sizes(serving.KV, result)}  # kept KV memory where the weights didn't fit, too
    said = {name: fact[name] for name in found}
    if failure == serving.CUT and same(said, found | {"kind": "mended", "failure": serving.OK}):
        return fact  # an earlier version called that mended
    return fact if same(said, found) or same(said, earlier) else {**fact, **found}


def _earlier(outcome: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What became of a design as an earlier version wrote it, which called a side ok that cuts most prompts."""
    cut = serving.CUT
    return {side: {**told, "state": serving.OK} if told["state"] == cut else told for side, told in outcome.items()}


def _outcome(course: Course, runs: Runs, side: str, saved: Mapping[str, Any]) -> dict[str, Any]:
    result = runs[serving.request_from(course, saved)]
    return {"state": serving.judge(course, side, result), **result}


# --- Is it what the page would have exported? --------------------------------------------------------------------------


def _compared(
    course: Course,
    runs: Runs,
    snapshot: Snapshot,
    events: list[dict[str, Any]],
    sound: list[Fact],
    spoken: Sequence[Course],
) -> tuple[Snapshot, list[Flag]]:
    """What the page would have exported for the sound facts, and where the snapshot differs from it: of all languages the
    one in which it differs least."""
    # An answer whose run the page was still waiting for has no verdict yet, and says so.
    waiting = {event["of"] for event in events if event["kind"] == "revealed" and event.get("engine") is None}
    answers = [entry for entry in (*snapshot["predictions"], *snapshot["reflections"]) if isinstance(entry, dict)]
    waiting |= {str(entry.get("fact")) for entry in answers if entry.get("engine") is None}
    best: tuple[Snapshot, list[Flag]] | None = None
    for language in (course, *spoken):
        with _speaking(language, course):
            honest = _exported(language, runs, snapshot, waiting, sound)
            made = honest["metadata"].pop("consistency_check")
            found = list(islice(_differences(language, runs, snapshot, honest, made, sound), MOST_FOUND))
            if len(sound) == sum(event["kind"] != "revealed" for event in events):
                computed = [link["event"] for link in made["links"]]
                found += _differing_events(events, computed)
        if best is None or len(found) < len(best[1]):
            best = honest, found
        if not found:
            break
    assert best is not None
    return best


@contextmanager
def _speaking(language: Course, usual: Course) -> Iterator[None]:
    """Numbers written by the habits of a language, and afterwards as usual."""
    if language is not usual:
        wording.use(language.at("words.numbers"))
    try:
        yield
    finally:
        if language is not usual:
            wording.use(usual.at("words.numbers"))


def _exported(course: Course, runs: Runs, snapshot: Snapshot, waiting: set[str], sound: list[Fact]) -> Snapshot:
    """The snapshot that the page exports for these facts, with what is the learner's own taken from the one at hand. `waiting`:
    the answers whose runs it is still waiting for."""
    context, at = snapshot["track"], snapshot["metadata"]["exported_at"]
    start = store.initial(course)
    knobs = {**start.settings[context], **_offered(course, snapshot["knob_settings"])}
    known: dict[jobs.Job, Result] = {
        run: runs[run]
        for fact in ledger.of_kind(sound, "answered")
        if fact["id"] not in waiting
        for run in oracles.needs(course, fact["question"], fact["scenario"])
    }
    state = replace(
        start,
        context=context,
        settings={**start.settings, context: knobs},
        record=ledger.Record(_sorted(sound), _written(snapshot)),
        results=known,
    )
    return _as_written_then(report.snapshot(course, state, at), snapshot["metadata"].get("schema"))


def _as_written_then(made: Snapshot, schema: object) -> Snapshot:
    """A snapshot as an earlier version of the page wrote it: before 2 it didn't ask for the reasons beside the log."""
    if schema != 1 or type(schema) is not int:
        return made
    asked = [part for part in made[report.MISSING] if part not in report.REASONS]
    decided = [entry for entry in made["decisions"] if entry["kind"] not in report.REASONS]
    return made | {"metadata": made["metadata"] | {"schema": 1}, report.MISSING: asked, "decisions": decided}


def _sorted(facts: list[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: (datetime.fromisoformat(fact["at"]), fact["id"])))


def _written(snapshot: Snapshot) -> dict[str, Any]:
    """The settings of a record with the learner's own texts, and the record's number."""
    about, context = snapshot["metadata"], snapshot["track"]
    decided = [entry for entry in snapshot["decisions"] if isinstance(entry, dict)]
    beside = ("log", *report.REASONS)
    written = {
        "name": snapshot["student_id"],
        **{f"{context}.{kind}": next((e.get("text") for e in decided if e.get("kind") == kind), "") for kind in beside},
        f"{context}.takeaway": next(iter(snapshot["big_takeaways"]), ""),
        f"{context}.risk": snapshot["residual_risk"],
    }
    at = about["exported_at"]
    texts = {key: {"text": str(text or "")[: ledger.MAX_TEXT], "at": at, "edits": 1} for key, text in written.items()}
    return {ledger.TEXTS: texts, ledger.NUMBERED: {"text": about["record"], "at": at}}


def _offered(course: Course, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The positions of controls that the controls can have."""
    table, found = controls(course), {}
    for id in table.keys() & stated.keys():
        taken, problem = table[id].read(stated[id], "")
        if problem is None and same(stated[id], taken):
            found[id] = taken
    return found


def _differences(
    course: Course, runs: Runs, stated: Snapshot, honest: Snapshot, check: Mapping[str, Any], sound: list[Fact]
) -> Iterator[Flag]:
    """Where a snapshot says something else than the page would, each place by its keys."""
    about = stated["metadata"]
    chain = {key: value for key, value in about["consistency_check"].items() if key != "links"}
    rest = {key: value for key, value in about.items() if key != "consistency_check"}
    evidence = honest["evidence_summary"]
    if isinstance(lines := stated.get("evidence_summary"), list):
        stated = stated | {
            "evidence_summary": [ONE.sub("1 GPU", line) if type(line) is str else line for line in lines]
        }
    if not same(stated.get("evidence_summary"), evidence):
        evidence = _measured(course, runs, stated.get("evidence_summary"), evidence, sound)
    pairs = (
        (stated | {"metadata": rest}, honest | {"evidence_summary": evidence}, ""),
        (chain, {key: value for key, value in check.items() if key != "links"}, "consistency_check"),
    )
    for one, other, path in pairs:
        for place in _apart(one, other, path):
            yield Flag(NUMBERS if COMPUTED & set(place.split(".")) else SECTIONS, place)


def _apart(stated: Any, honest: Any, path: str) -> Iterator[str]:
    """The paths at which two values differ."""
    if same(stated, honest):
        return
    if isinstance(stated, dict) and isinstance(honest, Mapping):
        for key in (*honest, *(key for key in stated if key not in honest)):
            within = f"{path}.{key}" if path else str(key)
            if key in stated and key in honest:
                yield from _apart(stated[key], honest[key], within)
            else:
                yield within
    elif isinstance(stated, list) and isinstance(honest, list | tuple) and len(stated) == len(honest):
        for i, (one, other) in enumerate(zip(stated, honest, strict=True), start=1):
            yield from _apart(one, other, f"{path}.{i}")
    else:
        yield path


def _measured(course: Course, runs: Runs, stated: object, evidence: list[str], sound: list[Fact]) -> list[str]:
    """The evidence with the model's own prediction of a measured row wherever the file has it: the page says it only while
    it happens to know it, and what it happened to know stands in no fact."""
    designs = [fact for fact in sound if fact["kind"] == "recorded"]
    if not isinstance(stated, list) or len(stated) != len(evidence) or not designs:
        return evidence
    record = ledger.Record(tuple(designs))
    state = replace(store.initial(course), context=designs[-1]["context"], record=record)
    known: dict[jobs.Job, Result] = {}
    for run, result in reporting.designs(course, state).values():
        row = receipts.for_side(course, run, result)
        predicting = receipts.request_of(course, row) if row else None
        known |= {predicting: runs[predicting]} if predicting else {}
    computed = [report.plain(line) for line in report.evidence(course, replace(state, results=known))]
    return [one if one in computed else other for one, other in zip(stated, evidence, strict=True)]


def _differing_events(events: list[dict[str, Any]], honest: list[dict[str, Any]]) -> Iterator[Flag]:
    """Where the chain tells of other events than the page would write: what was revealed, and in which order."""
    if len(events) != len(honest):
        yield Flag(SECTIONS, "consistency_check.links")
        return
    for stated, made in zip(events, honest, strict=True):
        if stated["kind"] == "revealed" == made["kind"]:
            for place in _apart(stated, made, "revealed"):
                yield Flag(NUMBERS if COMPUTED & set(place.split(".")) else SECTIONS, place)
        elif (stated["kind"], stated["at"], _name(stated)) != (made["kind"], made["at"], _name(made)):
            yield Flag(SECTIONS, "consistency_check.links")


def same(stated: Any, computed: Any) -> bool:
    """Whether two plain values agree: fractions within NEAR, an infinite one written as null, all else exactly."""
    if isinstance(stated, Mapping) and isinstance(computed, Mapping):
        return stated.keys() == computed.keys() and all(same(stated[key], computed[key]) for key in stated)
    if isinstance(stated, list | tuple) and isinstance(computed, list | tuple):
        return len(stated) == len(computed) and all(map(same, stated, computed))
    if type(stated) is int and type(computed) is int:
        return stated == computed
    if _is_number(stated) and _is_number(computed) and math.isfinite(computed):
        return bool(abs(stated - computed) <= NEAR * abs(computed))
    if isinstance(computed, float) and not math.isfinite(computed):
        return stated is None
    return bool(type(stated) is type(computed) and stated == computed)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
