"""What the grader's thread runs: a class of files in, and out what grade.html shows and saves, both as JSON."""

import json
from collections.abc import Callable

import gradebook
import shipped
import wording

COURSE = shipped.course()


def answer(asked: str, tell: Callable[[str], None]) -> str:
    """The outcome for `{"files": {name: text}, "now": time}`; `tell` hears a sentence after each file."""
    question = json.loads(asked)
    files, words = question["files"], COURSE.at("grading.page")

    def count(done: int) -> None:
        tell(wording.fill(words["progress"], {"done": done, "all": len(files)}))

    rows = gradebook.grade(COURSE, files, question["now"], count)
    notable = [(row, gradebook.flagged(COURSE, row), gradebook.remarks(COURSE, row, rows)) for row in rows]
    shown = [
        {
            "cells": [row.file, str(row.snapshot.get("student_id", "")), "; ".join([*flags, *remarks])],
            "state": "fail" if flags else None,
        }
        for row, flags, remarks in notable
        if flags or remarks
    ]
    numbers = {"files": len(rows), "flagged": sum(bool(flags) for _, flags, _ in notable)}
    columns = COURSE.at("grading.columns")
    return json.dumps(
        {
            "said": wording.fill(COURSE.at("grading.report.files"), numbers),
            "head": [columns[name] for name in ("file", "student")] + [COURSE.at("grading.report.flagged")],
            "rows": sorted(shown, key=lambda row: row["state"] is None),
            "histograms": [
                {"title": title, "bars": bars} for title, bars in gradebook.histograms(COURSE, rows) if bars
            ],
            "csv": "\ufeff" + gradebook.csv_text(COURSE, rows),
        }
    )
