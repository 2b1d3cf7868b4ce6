"""The report as a frame: what the learner writes, what a reader looks for, what is complete, and the consistency check."""

from collections.abc import Sequence
from typing import Any

from content import wording
from content.course import Course, Results
from page.page import Frame
from page.remembered import remembered
from record import ledger, progress
from report import report
from state import store
from state.store import acts


def frame(course: Course, state: store.State) -> Frame:
    """Everything in the report but the link and the commands, which follow the sliders and have files of their own."""
    return {**_written(course, state), **_check(course, store.number(state), report.facts(state), state.results)}


def _written(course: Course, state: store.State) -> Frame:
    label = course.about(state.context).label
    name = store.written(state, "name")
    score = store.score(course, state)
    return {
        "report.intro": {"text": course.say("report.intro", None, {"track": label})},
        "report.points": {"text": report.points(course, score)},
        **_points(course, score),
        "report.name.area": {"value": name},
        "report.name.printed": {"verbatim": name},
        **{key: value for field in report.TEXTS for key, value in _writing(course, state, field).items()},
        "report.criteria": {"items": _criteria(course, state)},
        **_contents(course, [*report.missing(course, state), *_short(course, store.written(state, "log"))]),
    }


def _writing(course: Course, state: store.State, field: str) -> Frame:
    text, table = store.written(state, field), course.at(f"report.{field}")
    said = {"words": report.words(text), "most_words": table.get("most_words")}
    said["least_words"] = course.at("report.score.least_words")
    too_long = said["most_words"] is not None and said["words"] > said["most_words"]
    count = wording.fill(table["too_long" if too_long else "count"], said) if "count" in table else ""
    full = len(text) + sum(char > "\uffff" for char in text) >= ledger.MAX_TEXT  # as a browser counts
    if full:
        count = f"{count} {course.say('report.full', None, {'most': ledger.MAX_TEXT})}".strip()
    return {
        f"report.{field}.help": {"text": wording.fill(table["help"], said)},
        f"report.{field}.area": {"value": text, "invalid": "true" if too_long else None},
        f"report.{field}.count": {"text": count, "state": "warn" if too_long or full else None},
        f"report.{field}.printed": {"verbatim": text},
    }


def _short(course: Course, log: str) -> list[str]:
    """The log's own parts while it has too few words to count, if it counts."""
    rule = course.at("report.score")
    return ["log", "log_short"] if rule["weights"]["log"] and 0 < report.words(log) < rule["least_words"] else []


def _criteria(course: Course, state: store.State) -> list[str]:
    words = course.at("report.criteria")
    met = [act.report.met(course, fact) for act in acts(course) for fact in act.report.limits(state)]
    limits = wording.fill(words["met_some"], {"limits": wording.listed(met)}) if met else words["met_none"]
    found = report.numbers(store.written(state, "log"))
    wanted = course.at("report.log.wanted_numbers")
    return [
        wording.fill(words["evidence"], {"found": found, "wanted": wanted}),
        words["causal"],
        wording.fill(words["constraint"], {"met": limits}),
    ]


@remembered
def _points(course: Course, score: progress.Score) -> Frame:
    """What counts for the score, part by part."""
    words = course.at("report.score")
    rows: list[list[Any]] = []
    for part in score.parts:
        said = {"done": part.done, "wanted": part.wanted, "points": part.points, "most": part.weight}
        mark = {"state": "good" if part.is_done else "warn"}
        rows.append(
            [words["parts"][part.name], *(wording.fill(words[column], said) for column in ("done", "worth")), mark]
        )
    return {"report.score.head": {"head": words["columns"]}, "report.score.body": {"rows": rows}}


@remembered
def _contents(course: Course, lacks: list[str]) -> Frame:
    """The parts of the report, each complete or missing; two more are named only when they are in the way."""
    words = course.at("report")
    rows: list[list[Any]] = []
    parts = (*course.questions, *(part for act in acts(course) for part in act.report.parts), *report.TEXTS)
    for name in (*parts, *(name for name in lacks if name not in parts)):
        there = name not in lacks
        mark = {"state": "good" if there else "warn"}
        said = words["contents_there" if there else "contents_missing"]
        rows.append([report.part_name(course, name), said if name in parts else "", mark])
    return {"report.contents.head": {"head": words["contents_columns"]}, "report.contents.body": {"rows": rows}}


@remembered
def _check(course: Course, number: str, facts: Sequence[dict[str, Any]], results: Results) -> Frame:
    links = report.chain(number, report.events(course, facts, results))
    last = links[-1]["hash"] if links else wording.NOT_YET
    return {
        "report.check.text": {"text": course.say("report.check.text", None, {"links": len(links)})},
        "report.check.last": {"text": last},
    }
