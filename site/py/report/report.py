"""The report of one context: what was predicted, what the engine said, what was decided, what the learner wrote about it.

`markdown` has the ten headings and `snapshot` the seventeen keys on which the curriculum's labs agreed, in their order; what was
rejected, and what would make the learner decide anew, stand with the log under the decision. Both come from the facts of the
record; a number is prefilled from the engine, a part that isn't there yet is named. The consistency check is a hash chain over
the facts and the reveals: it shows whether a file was changed by hand, and proves nothing about who wrote it.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from content import wording
from content.course import Course, Results
from content.game import PlayFile
from content.shapes import of_context
from page.remembered import remembered
from record import ledger, progress
from runs import oracles
from state import store
from state.act import File as Form
from state.questions import Answer
from state.store import State, acts

SCHEMA = 2  # since 2 the decision has what was rejected and what would change it (REASONS)
NAME = ledger.CHAPTER
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MISSING = "incomplete_fields"
FIGURES = "figures"  # the part that is missing while a run is still being computed
REASONS = ("alternative", "revision")  # texts that stand beside the log
TEXTS = ("log", *REASONS, "takeaway", "risk")


# --- What stands in the report -----------------------------------------------------------------------------------------


def words(text: str) -> int:
    """How many words a text has."""
    return progress.words(text)


def numbers(text: str) -> int:
    """How many numbers a text has: 1,024 and 0.5 count as one each."""
    return len(NUMBER.findall(text))


def facts(state: State) -> list[dict[str, Any]]:
    """The facts of the context at hand, and the games, in order."""
    return ledger.of_context(store.facts(state), state.context)


def missing(course: Course, state: State) -> list[str]:
    """The names of the parts that are not complete: open questions, no recorded design, texts unwritten or too long."""
    answers = {question: store.answer(state, question) for question in course.questions}
    parts = [part for act in acts(course) for part in act.report.missing(course, state)]
    texts = {field: store.written(state, field) for field in TEXTS}
    return [*_missing(course, answers, parts, texts, state.results)]


def points(course: Course, score: progress.Score) -> str:
    """A score as a sentence: how much is done, and what is next."""
    words = course.at("report.score")
    said: dict[str, wording.Number] = {"points": score.points, "most": score.most}
    said["next"] = words["next"][score.next] if score.next else ""
    return wording.fill(words["said" if score.next else "whole"], said)


@remembered
def _missing(
    course: Course, answers: Mapping[str, Answer | None], parts: list[str], texts: Mapping[str, str], results: Results
) -> list[str]:
    found = [question for question, answer in answers.items() if answer is None]
    found += [*parts, *(field for field, text in texts.items() if not text.strip())]
    if words(texts["log"]) > course.at("report.log.most_words"):
        found.append("log_long")
    return found if _is_computed(course, answers, results) else [*found, FIGURES]


def _is_computed(course: Course, answers: Mapping[str, Answer | None], results: Results) -> bool:
    """Whether every simulated run that an answer's verdict rests on is at hand."""
    given = (answer for answer in answers.values() if answer)
    return all(job in results for answer in given for job in oracles.needs(course, answer.question, answer.scenario))


# --- The consistency check ---------------------------------------------------------------------------------------------


def chain(number: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as links: each hash is the SHA-256 of the one before it and of the event; the first follows the number."""
    links, before = [], hashlib.sha256(number.encode()).hexdigest()
    for event in events:
        before = hashlib.sha256(f"{before} {ledger.canonical(event)}".encode()).hexdigest()
        links.append({"event": event, "hash": before})
    return links


def events(course: Course, facts: Sequence[dict[str, Any]], results: Results) -> list[dict[str, Any]]:
    """The facts of a context with, after each prediction, what the engine revealed."""
    found: list[dict[str, Any]] = []
    for fact in facts:
        found.append(fact)
        if fact["kind"] == "answered" and str(fact["question"]).endswith(".prediction"):
            found.append(
                {"kind": "revealed", "at": fact["at"], "of": fact["id"], **_verdict(course, Answer.of(fact), results)}
            )
    return found


def verify(document: Mapping[str, Any]) -> list[str]:
    """What doesn't fit in a snapshot: "form", "chain" (changed by hand), "order" (times run backwards), "sections" (a part
    tells of other facts than the chain). An empty list says only that the file agrees with itself."""
    try:
        record = document["metadata"]["record"]
        links = document["metadata"]["consistency_check"]["links"]
        linked = [link["event"] for link in links]
        problems = [] if chain(record, linked) == links else ["chain"]
        times = [event["at"] for event in linked]
        problems += [] if times == sorted(times) else ["order"]
        answers = [_answer_core(event) for event in linked if event["kind"] == "answered"]
        shown = [_answer_core(entry) for entry in (*document["predictions"], *document["reflections"])]
        recorded = [event["id"] for event in linked if event["kind"] == "recorded"]
        decided = document["final_decision"]
        agrees = sorted(answers) == sorted(shown) and (decided["fact"] if decided else None) == (recorded or [None])[-1]
        return problems + ([] if agrees else ["sections"])
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return ["form"]


def _answer_core(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(entry["question"]), str(entry["option"]), str(entry["at"])


# --- The snapshot ------------------------------------------------------------------------------------------------------


def snapshot(course: Course, state: State, at: str) -> dict[str, Any]:
    """The report as data, with the curriculum's keys in its order. `at` is the time of export, ISO 8601 in UTC."""
    found = {
        "metadata": _metadata(course, state, at),
        "student_id": store.written(state, "name").strip(),
        "track": state.context,
        "scenario": _scenario(course, state),
        "learning_objectives": [plain(text) for text in course.at("course.briefing.objectives")],
        "predictions": _answers(course, state, "prediction"),
        "knob_settings": dict(state.settings[state.context]),
        "binding_constraints": [_limit(fact) for act in acts(course) for fact in act.report.limits(state)],
        "evidence_summary": [plain(line) for line in evidence(course, state)],
        "final_decision": _decision(state),
        "big_takeaways": [text for text in (store.written(state, "takeaway").strip(),) if text],
        "decisions": _log(state) + [_design(fact) for fact in ledger.of_kind(facts(state), "recorded")],
        "reflections": _answers(course, state, "reflection"),
        "residual_risk": store.written(state, "risk").strip(),
        "source_trace": sources(course, state),
        "result_snapshot": store.fields(course, state),
        MISSING: missing(course, state),
    }
    return {key: _finite(value) for key, value in found.items()}


def _metadata(course: Course, state: State, at: str) -> dict[str, Any]:
    masthead = course.at("course.masthead")
    return {
        "lab_id": NAME,
        "title": masthead["title"],
        "course": masthead["course"],
        "schema": SCHEMA,
        "exported_at": at,
        "record": store.number(state),
        "consistency_check": {
            "says": course.at("report.check.says"),
            "algorithm": "SHA-256",
            "links": chain(
                store.number(state), [_finite(event) for event in events(course, facts(state), state.results)]
            ),
        },
    }


def _scenario(course: Course, state: State) -> dict[str, Any]:
    about_it = course.about(state.context)
    return {
        "context": about_it.label,
        "persona": about_it.persona,
        **{act.id: about for act in acts(course) if (about := act.report.scenario(course, state))},
    }


def _answers(course: Course, state: State, part: str) -> list[dict[str, Any]]:
    return [
        {
            "question": answer.question,
            "option": answer.option,
            "text": option_text(course, answer),
            "at": answer.at,
            "fact": answer.id,
            **_verdict(course, answer, state.results),
        }
        for answer in _answered(course, state, part)
    ]


def _answered(course: Course, state: State, part: str) -> list[Answer]:
    locked = (store.answer(state, question) for question in course.questions if question.endswith(f".{part}"))
    return [answer for answer in locked if answer]


def _verdict(course: Course, answer: Answer, results: Results) -> dict[str, Any]:
    """Whether an answer is right and the engine's numbers behind it; None while a simulated run is missing."""
    about = (course, answer.question, answer.scenario, answer.option, results)
    return {"right": oracles.is_right(*about), "engine": oracles.numbers(*about)}


def option_text(course: Course, answer: Answer) -> str:
    """The words of an answer's option; its id if the question has it no longer."""
    option = course.option(answer.question, answer.option)
    return of_context(option.text, answer.context) if option else answer.option


def _limit(fact: Mapping[str, Any]) -> dict[str, Any]:
    return {"constraint": fact["failure"], "side": fact["side"], "at": fact["at"], **fact.get("numbers", {})}


def _design(fact: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "design",
        "fact": fact["id"],
        "at": fact["at"],
        "settings": fact["settings"],
        "result": fact["result"],
    }


def _decision(state: State) -> dict[str, Any] | None:
    recorded = ledger.of_kind(facts(state), "recorded")
    return _design(recorded[-1]) if recorded else None


def _log(state: State) -> list[dict[str, Any]]:
    texts = {field: store.written(state, field).strip() for field in ("log", *REASONS)}
    counted = {"words": words(texts["log"]), "numbers": numbers(texts["log"])}
    return [
        {"kind": field, "text": text, **(counted if field == "log" else {})} for field, text in texts.items() if text
    ]


def _finite(value: Any) -> Any:
    """The value with what JSON can't write, an infinite number, as None."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- Evidence and sources ----------------------------------------------------------------------------------------------


def evidence(course: Course, state: State) -> list[str]:
    """The engine's figures as sentences, act by act, and the best game of each level."""
    lines = [line for act in acts(course) for line in act.report.evidence(course, state)]
    games = ledger.of_kind(facts(state), ledger.PLAYED)
    best = (ledger.best(games, level.id) for level in (course.read(PlayFile, "play").levels if games else ()))
    title = course.at("play.page.title")
    return lines + [wording.headed(title, wording.listed(game_said(course, game)), "colon") for game in best if game]


def game_said(course: Course, game: Mapping[str, Any]) -> tuple[str, str]:
    """What was played, with the seed where it isn't the level's own, and what it came to."""
    level = next(level for level in course.read(PlayFile, "play").levels if level.id == game["level"])
    own = game["seed"] == level.seed
    what = level.title if own else f"{level.title} · {course.say('play.said.traffic', None, game)}"
    return what, course.say("play.said.score", None, game)


def sources(course: Course, state: State) -> list[str]:
    """Where the figures come from, each source once."""
    found = (text for act in acts(course) for text in act.report.sources(course, state))
    return list(dict.fromkeys(plain(text) for text in found if text))


# --- The report as text ------------------------------------------------------------------------------------------------


def markdown(course: Course, state: State, at: str) -> str:
    """The report as Markdown with the curriculum's headings. `at` is the time of export, ISO 8601 in UTC."""
    found = snapshot(course, state, at)
    parts = {name: list(lines(course, state, found)) for name, lines in SECTIONS.items()}
    said = course.at("report.headings")
    texts = [f"## {said[name]}\n\n" + "\n".join(lines) for name, lines in parts.items() if lines or name != MISSING]
    return plain_spaces("\n\n".join(texts) + "\n")


def _lab(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
    about, student = document["metadata"], document["student_id"] or course.at("report.no_name")
    check = about["consistency_check"]["links"]
    last = check[-1]["hash"][:16] if check else wording.NOT_YET
    said = {"title": about["title"], "course": about["course"], "lab": NAME, "student": _one_line(student)}
    said |= {
        "at": about["exported_at"],
        "record": about["record"] or wording.NOT_YET,
        "links": len(check),
        "hash": last,
        "points": points(course, store.score(course, state)),
    }
    yield from (wording.fill(line, said) for line in course.at("report.lab_lines"))


def _track(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
    about = document["scenario"]
    said: dict[str, wording.Number] = {"track": about["context"], "persona": about["persona"]}
    for act in acts(course):
        said |= act.report.words(course, about[act.id]) if act.id in about else {}
    yield from (wording.fill(line, said) for line in course.at("report.scenario_lines"))


def _said_answers(part: str) -> Any:
    def section(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
        entries = {entry["question"]: entry for entry in document[f"{part}s"]}
        for question in (question for question in course.questions if question.endswith(f".{part}")):
            entry = entries.get(question)
            verdict = {None: "waiting", True: "right", False: "wrong"}[entry["right"] if entry else None]
            name = question_name(course, question)
            answer = entry["text"].rstrip(".。") if entry else ""  # the line has a full stop of its own
            said = {"question": name, "answer": answer, "at": entry["at"] if entry else ""}
            said |= {"verdict": course.at(f"report.verdicts.{verdict}")}
            yield course.say("report.answer_line" if entry else "report.answer_missing", None, said)
            if entry and entry["engine"]:
                yield f"  - {course.say(f'{question}.engine', None, entry['engine'])}"

    return section


def _evidence_lines(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"- {line}" for line in evidence(course, state))
    for act in acts(course):
        for fact in act.report.limits(state):
            yield f"- {act.report.limit(course, _limit(fact))}"
    if not document["evidence_summary"]:
        yield course.at("report.nothing")


def _decision_lines(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
    decided = document["final_decision"]
    for act in acts(course) if decided else ():
        yield from (f"- {line}" for line in act.report.decision(course, decided))
    text = store.written(state, "log").strip()
    said = {"words": words(text), "most": course.at("report.log.most_words"), "numbers": numbers(text)}
    yield "" if decided else course.at("report.no_design")
    yield course.say("report.log_line", None, said)
    yield ""
    yield from _quoted(course, text)
    for field in REASONS:
        yield from ("", f"{part_name(course, field)}:", "", *_quoted(course, store.written(state, field)))


def _quoted(course: Course, text: str) -> Iterator[str]:
    """What the learner wrote, as a quotation, so that no line of it can be taken for a heading of the report."""
    yield from (f"> {line}" for line in (text.strip() or course.at("report.nothing")).splitlines())


def _source_lines(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"- {line}" for line in document["source_trace"])


def _missing_lines(course: Course, state: State, document: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"- {part_name(course, name)}" for name in document[MISSING])


SECTIONS = {
    "lab": _lab,
    "track": _track,
    "objectives": lambda course, state, found: [f"- {text}" for text in found["learning_objectives"]],
    "predictions": _said_answers("prediction"),
    "evidence": _evidence_lines,
    "decision": _decision_lines,
    "takeaways": lambda course, state, found: _quoted(course, store.written(state, "takeaway")),
    "reflections": _said_answers("reflection"),
    "risk": lambda course, state, found: _quoted(course, found["residual_risk"]),
    "sources": _source_lines,
    MISSING: _missing_lines,
}


def question_name(course: Course, question: str) -> str:
    """A question as the ledger and the report call it."""
    act, _, part = question.partition(".")
    return course.say(f"words.question_{part}", None, {"act": course.at(f"{act}.name")})


def part_name(course: Course, part: str) -> str:
    """A part of the report as the list of what is there and what is missing calls it."""
    act, dot, kind = part.partition(".")
    words: Mapping[str, str] = course.at("report.parts")
    return wording.fill(words[kind], {"act": course.at(f"{act}.name")}) if dot else words[part]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def plain(text: str) -> str:
    """A text without its marks and with ordinary spaces."""
    return plain_spaces("".join(said for _, said, _ in wording.runs(text)))


def plain_spaces(text: str) -> str:
    """A text whose no-break spaces, wide and narrow, are ordinary ones, as a file is better off with."""
    return text.replace(wording.NO_BREAK, " ").replace(wording.NARROW_NO_BREAK, " ")


# --- Files -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A file to be downloaded: its name, its kind (a MIME type), its text."""

    name: str
    kind: str
    text: str


def forms(course: Course) -> dict[str, Form]:
    """Every file that can be saved, by the form that a button names."""
    more = {form: file for act in acts(course) for form, file in act.report.files.items()}
    return {
        "markdown": ("report.md", "text/markdown", markdown),
        "snapshot": ("snapshot.json", "application/json", _snapshot_json),
        **more,
    }


def file(course: Course, state: State, form: str, at: str) -> File:
    """The file of a form, as `forms` names them. Raises KeyError for another form."""
    name, kind, text = forms(course)[form]
    return File(f"{NAME}_{name}", kind, text(course, state, at))


def saved(course: Course, state: State, name: str) -> str:
    """What is said once a report or snapshot is saved: under which name, and whether to save it again."""
    early = FIGURES in missing(course, state)
    return course.say("report.saved_early" if early else "report.saved", None, {"name": name})


def _snapshot_json(course: Course, state: State, at: str) -> str:
    return json.dumps(snapshot(course, state, at), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
