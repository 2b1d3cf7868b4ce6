"""What the grader's thread runs: takes a class file by file, and gives what grade.html shows and saves, as JSON."""

import json
from collections.abc import Iterable
from typing import Any

from acts import shipped
from content import wording
from handed import gradebook, handins
from handed.gradebook import Grader
from handed.grading import Checked
from handed.handins import Unread

COURSE = shipped.course()


def begin(now: str, languages: Iterable[str]) -> Grader:
    """A grader for a class. `now`: ISO 8601 in UTC; `languages`: those in which the page was built beside English."""
    return Grader(COURSE, now, [shipped.course(language) for language in languages])


def most(head: Any) -> int:
    """How many bytes of a file to read, by its first ones."""
    return handins.most(head.to_bytes())


def take(grader: Grader, name: str, data: Any) -> None:
    """A file by its path; `data` is what JavaScript has read of it."""
    grader.take(name, data.to_bytes())


def lost(grader: Grader, name: str, why: str, detail: str) -> None:
    """A file, or an empty folder, that the browser gave no bytes of; `why` is a key of grading.toml, [unread]."""
    grader.leave_out(Unread(name, why, detail))


def said(done: int, every: int) -> str:
    """How far the grader is."""
    return wording.fill(COURSE.at("grading.page.progress"), {"done": done, "all": every})


def outcome(grader: Grader, separator: str) -> str:
    """The class as grade.html shows it. `separator`: what parts the cells of the table to save."""
    rows = grader.rows()
    shown = [_notable(row) for row in rows]
    numbers = {"files": len(rows), "flagged": sum(bool(row.flags) for row in rows)}
    columns = COURSE.at("grading.columns")
    return json.dumps(
        {
            "files": len(rows),
            "said": wording.fill(COURSE.at("grading.report.files"), numbers),
            "head": [columns[name] for name in ("file", "student")] + [COURSE.at("grading.report.flagged")],
            "rows": sorted(filter(None, shown), key=lambda row: row["state"] is None),
            "unread": gradebook.unread(COURSE, grader.unread),
            "histograms": [
                {"title": title, "bars": bars} for title, bars in gradebook.histograms(COURSE, rows) if bars
            ],
            "csv": "\ufeff" + gradebook.csv_text(COURSE, rows, separator),
        }
    )


def _notable(row: Checked) -> dict[str, Any] | None:
    flags, remarks = gradebook.flagged(COURSE, row), gradebook.remarks(COURSE, row)
    cells = [gradebook.shown(text) for text in (row.file, row.snapshot.get("student_id", ""))]
    sentences = "; ".join([*flags, *remarks])
    return {"cells": [*cells, sentences], "state": "fail" if flags else None} if sentences else None
