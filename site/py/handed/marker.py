"""What the grader's thread runs: takes a class file by file, and gives what grade.html shows and saves, as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from acts import shipped
from content import wording
from handed import gradebook, handins, learners, results, returning
from handed.gradebook import Grader
from handed.grading import Checked
from handed.handins import Unread
from handed.learners import Learner

COURSE = shipped.course()


def begin(now: str, languages: Iterable[str]) -> Grader:
    """A grader for a class. `now`: ISO 8601 in UTC; `languages`: those in which the page was built beside English."""
    return Grader(COURSE, now, [shipped.course(language) for language in languages])


def most(head: Any) -> int:
    """How many bytes of a file to read, by its first ones."""
    return handins.most(head.to_bytes())


def take(grader: Grader, name: str, data: Any) -> Iterator[int]:
    """A file by its path, as Grader.taking does; `data` is what JavaScript has read of it."""
    return grader.taking(name, data.to_bytes())


def lost(grader: Grader, name: str, why: str, detail: str) -> None:
    """A file, or an empty folder, that the browser gave no bytes of; `why` is a key of grading.toml, [unread]."""
    grader.leave_out(Unread(name, why, detail))


def said(done: int, every: int, inside: int) -> str:
    """How far the grader is: which file of all, and how many it has read in that one."""
    words = COURSE.at("grading.page")
    return wording.fill(
        words["progress_inside" if inside > 1 else "progress"], {"done": done, "all": every, "inside": inside}
    )


def outcome(grader: Grader, separator: str) -> str:
    """The class as grade.html shows it, and the files to save. `separator`: what parts the cells of the table."""
    rows = grader.rows()
    class_ = learners.learners(COURSE, rows)
    files, strange = returning.returned(COURSE, class_, grader.rosters)
    numbers = {"files": len(rows), "flagged": sum(bool(row.flags) for row in rows)}
    columns, words = COURSE.at("grading.columns"), COURSE.at("grading.page")
    heads = (columns["file"], columns["student"], words["points"], words["next"], COURSE.at("grading.report.flagged"))
    table = "\ufeff" + gradebook.csv_text(COURSE, rows, separator)
    return json.dumps(
        {
            "files": len(rows),
            "said": wording.fill(COURSE.at("grading.report.files"), numbers),
            "head": heads,
            "rows": sorted(map(_shown, rows), key=lambda row: ("fail", "note", None).index(row["state"])),
            "unread": gradebook.unread(COURSE, grader.unread),
            "lists": returning.said(COURSE, files, strange),
            "histograms": [
                {"title": title, "bars": bars} for title, bars in gradebook.histograms(COURSE, rows) if bars
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
                ),
                *_results(class_, grader),
            ],
        }
    )


def _results(class_: Sequence[Learner], grader: Grader) -> list[dict[str, str]]:
    """Gradescope's results, where one learner's files were given."""
    if len(class_) != 1:
        return []
    text = results.text(COURSE, class_[0], gradebook.unread(COURSE, grader.unread))
    return [{"label": COURSE.at("grading.page.save_results"), "name": "results.json", "text": text}]


def _shown(row: Checked) -> dict[str, Any]:
    """A row of the page's table: whose file, how far, what is next, what to look at."""
    flags, remarks, score = (
        gradebook.flagged(COURSE, row),
        gradebook.remarks(COURSE, row),
        gradebook.points(COURSE, row),
    )
    who = row.snapshot.get("student_id") or (row.owner.name if row.owner else "")
    far = wording.fill(COURSE.at("grading.report.points"), {"points": score.points, "most": score.most})
    step = COURSE.at("report.score.next")[score.next] if score.next else ""
    cells = [gradebook.shown(row.file), gradebook.shown(who), *((far, step) if row.snapshot else ("", ""))]
    return {"cells": [*cells, "; ".join([*flags, *remarks])], "state": "fail" if flags else "note" if remarks else None}
