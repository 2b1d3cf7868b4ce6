"""What Gradescope's autograder is told of one submission: its results.json (Autograder Specifications, "Output format").

Each part of the score is a test. What the learner sees are points and what is next, never a flag: that is a question for the
instructor, and stands in the output of the command, which Gradescope shows to nobody else.
"""

import json
from collections.abc import Sequence
from typing import Any

from content import wording
from content.course import Course
from handed import gradebook
from handed.grading import FAILED
from handed.learners import Learner
from record.progress import Part
from report import report


def text(course: Course, learner: Learner, unread: Sequence[str] = ()) -> str:
    """The results of all that one learner handed in, as JSON; "" where the grader itself failed, and a 0 would be no
    learner's. `unread`: a sentence for each file that was not read."""
    if not learner.score and any(flag.kind == FAILED for row in learner.rows for flag in row.flags):
        return ""
    found = _scored(course, learner) if learner.score and learner.best else _nothing(course, learner, unread)
    return json.dumps({"visibility": "visible", "output_format": "text", **found}, ensure_ascii=False, indent=1) + "\n"


def _scored(course: Course, learner: Learner) -> dict[str, Any]:
    assert learner.score and learner.best
    said = [report.points(course, learner.score)]
    if len(learner.rows) > 1:
        said.append(wording.fill(course.at("grading.results")["best"], {"file": gradebook.shown(learner.best.file)}))
    return {
        "score": round(learner.score.points, 2),
        "output": "\n".join(said),
        "tests": [_test(course, part) for part in learner.score.parts],
    }


def _test(course: Course, part: Part) -> dict[str, Any]:
    words = course.at("report.score")
    return {
        "name": words["parts"][part.name],
        "score": round(part.points, 2),
        "max_score": part.weight,
        "status": "passed" if part.is_done else "failed",
        "output": "" if part.is_done else words["next"][part.name],
    }


def _nothing(course: Course, learner: Learner, unread: Sequence[str]) -> dict[str, Any]:
    """Why nothing could be judged. There is a 0 all the same: results without any score are none to Gradescope."""
    said = [course.at("grading.results")["unread"]]
    said += [f"{gradebook.shown(row.file)}: {'; '.join(gradebook.flagged(course, row))}" for row in learner.rows]
    return {"score": 0, "output": "\n".join([*said, *unread]), "tests": []}
