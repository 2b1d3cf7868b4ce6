"""The learner's corrections of the draft's bugs: each begins with the draft's mistake."""

from acts.bugs.shape import Figure, Statement
from content.control import Control
from content.controls import choice, number
from content.course import Course

ID = "bugs"


def name(bug: str) -> str:
    """The id of the control that holds the learner's correction."""
    return f"{ID}.{bug}"


def controls(course: Course) -> list[Control]:
    """A control for each bug: those that a number corrects, then those that a choice does."""
    question = course.at("bugs.asked")
    return [
        *(number(course, name(bug.id), bug, bug.draft) for bug in course.each(Figure, "bugs.numbers")),
        *(
            choice(course, name(bug.id), question, [(option.id, option.text) for option in bug.options], bug.draft)
            for bug in course.each(Statement, "bugs.choices")
        ),
    ]
