"""What the grader's thread runs: takes a class file by file, and gives what grade.html shows and saves, as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from acts import shipped
from content import wording
from content.course import Course
from handed import gradebook, handins, learners, owners, results, returning
from handed.gradebook import Grader
from handed.grading import Checked
from handed.handins import Unread
from handed.learners import Learner

__loader__: shipped.Loader


def begin(now: str, language: str, others: Iterable[str]) -> Grader:
    """A grader for a class. `now`: ISO 8601 in UTC; `language`: the page's; `others`: those in which the lab was built beside."""
    course = _course(language)
    wording.use(course.at("words.numbers"))
    return Grader(course, now, [_course(other) for other in others])


@cache
def _course(language: str) -> Course:
    """The course with the grader's own words, which travel with the grader: no learner waits for them."""
    return shipped.course(language, {"grading": json.loads(__loader__.get_data(f"grading.{language}.json"))})


def most(head: Any) -> int:
    """How many bytes of a file to read, by its first ones."""
    return handins.most(head.to_bytes())


def take(grader: Grader, name: str, data: Any) -> Iterator[int]:
    """A file by its path, as Grader.taking does; `data` is what JavaScript has read of it."""
    return grader.taking(name, data.to_bytes())


def lost(grader: Grader, name: str, why: str, detail: str) -> None:
    """A file, or an empty folder, that the browser gave no bytes of; `why` is a key of grading.toml, [unread]."""
    grader.leave_out(Unread(name, why, detail))


def said(grader: Grader, done: int, every: int, inside: int) -> str:
    """How far the grader is: which file of all, and how many it has read in that one."""
    words = grader.course.at("grading.page")
    return wording.fill(
        words["progress_inside" if inside > 1 else "progress"], {"done": done, "all": every, "inside": inside}
    )


def outcome(grader: Grader, separator: str) -> str:
    """The class as grade.html shows it, and the files to save. `separator`: what parts the cells of the table."""
    course, rows = grader.course, grader.rows()
    class_ = learners.learners(course, rows)
    files, strange = returning.returned(course, class_, grader.rosters, grader.spoken)
    flagged = sum(bool(row.flags and row.snapshot) for row in rows)
    words = course.at("grading.page")
    heads = (words["file"], words["student"], words["points"], words["next"], course.at("grading.report.flagged"))
    table = "\ufeff" + gradebook.csv_text(course, rows, separator)
    return json.dumps(
        {
            "files": len(rows),
            "said": gradebook.counted(course, rows, grader.unread),
            "head": heads,
            "rows": [_shown(course, row) for row in gradebook.first(rows)],
            "unreadTitle": gradebook.unread_title(course, grader.unread),
            "counted": course.say("grading.report.counted", None, {"flagged": flagged}) if flagged else "",
            "unread": gradebook.unread(course, grader.unread),
            "lists": returning.said(course, files, strange),
            "histograms": [
                {"title": title, "bars": bars} for title, bars in gradebook.histograms(course, rows) if bars
            ],
            "saves": [
                {"label": words["save"], "name": "class.csv", "text": table},
                *(
                    {
                        "label": wording.fill(words["save_points"], {"system": file.system}),
                        "name": file.name,
                        "text": file.text,
                    }
                    for file in files
                    if file.text
                ),
                *_results(grader, class_),
            ],
        }
    )


def _results(grader: Grader, class_: Sequence[Learner]) -> list[dict[str, str]]:
    """Gradescope's results, where one learner's files were given."""
    course = grader.course
    text = results.text(course, class_[0], gradebook.unread(course, grader.unread)) if len(class_) == 1 else ""
    if not text:
        return []
    return [{"label": course.at("grading.page.save_results"), "name": "results.json", "text": text}]


def _who(course: Course, row: Checked) -> str:
    """Whose file it is: the name in it, and who handed it in where that is another."""
    name, owner = str(row.snapshot.get("student_id") or ""), row.owner.name if row.owner else ""
    if name and owner and owners.letters(name) != owners.letters(owner):  # Canvas: "lovelaceada"
        return wording.fill(course.at("grading.report.signed"), {"owner": owner, "name": name})
    return name or owner or (course.at("report.no_name") if row.snapshot else "")


def _shown(course: Course, row: Checked) -> dict[str, Any]:
    """A row of the page's table: whose file, how far, what is next, what to look at."""
    flags, remarks, score = (
        gradebook.flagged(course, row),
        gradebook.remarks(course, row),
        gradebook.points(course, row),
    )
    who = _who(course, row)
    far = wording.fill(course.at("grading.report.points"), {"points": score.points, "most": score.most})
    step = course.at("report.score.next")[score.next] if score.next else ""
    cells = [gradebook.shown(row.file), gradebook.shown(who), *((far, step) if row.snapshot else ("", ""))]
    return {
        "cells": cells,
        "flags": wording.listed(flags, "semicolon"),
        "remarks": wording.headed(course.at("grading.report.remarks"), wording.listed(remarks, "semicolon"), "colon")
        if remarks
        else "",
        "state": "fail" if flags else "note" if remarks else None,
    }
