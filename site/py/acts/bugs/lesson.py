"""What the exercise teaches: the shape of its content. It asks no question of the two that other acts ask."""

from collections.abc import Iterator

from acts.bugs import bugs
from acts.bugs.controls import ID, controls, name
from content.controls import controls as all_controls
from content.course import Course, Door, Lesson
from content.reading import unfilled
from content.shapes import CLAIM, COUNT, NUMBER, TEXT, Shape

BUG = {"id": TEXT, "claim": TEXT, "hint": TEXT, "right": TEXT}
ACT: Shape = {
    "queue": {"rate_per_s": NUMBER, "fixed_s": NUMBER, "each_s": NUMBER, "largest_batch": COUNT},
    "numbers": [
        BUG
        | {"measure": TEXT, "within": NUMBER, "draft": NUMBER, "label": TEXT, "unit": TEXT}
        | {"min": NUMBER, "max": NUMBER, "step": NUMBER}
    ],
    "choices": [BUG | {"draft": TEXT, "options": [{"id": TEXT, "text": TEXT, "claims": [CLAIM]}]}],
    "doors": {"*": TEXT},
    "*": TEXT,
}
KINDS = ("numbers", "choices")
SENTENCES = ("claim", "hint", "right")  # each bug has numbers of its own


def _lists(course: Course) -> dict[str, list[str]]:
    return {f"{ID}.{kind}": [bug["id"] for bug in course.at(f"{ID}.{kind}")] for kind in KINDS}


def _proof(course: Course) -> Iterator[str]:
    """A bug's mistake must be one, exactly one option must hold, and its sentences can only ask for numbers that it has."""
    known = set(bugs.numbers(course))
    for id, bug in bugs.all_of(course).items():
        path, measures = f"bugs.toml: {id}", [claim["measure"] for o in bug.get("options", ()) for claim in o["claims"]]
        missing = [measure for measure in (*measures, bug.get("measure", "users")) if measure not in known]
        if missing:
            yield f"{path}: the engine has no measure called {missing[0]!r}; expected one of {', '.join(sorted(known))}"
            continue
        names = frozenset(bugs.said(course, id, bug["draft"]))
        for key in SENTENCES:
            yield from unfilled(bug[key], f"{path}.{key}", names)
        yield from _draft_problems(course, id, path)


def _draft_problems(course: Course, id: str, path: str) -> Iterator[str]:
    bug, control = bugs.all_of(course)[id], all_controls(course)[name(id)]
    if control.read(bug["draft"], "") != (bug["draft"], None):
        yield f"{path}.draft: expected a value that its control offers, found {bug['draft']!r}"
    elif bugs.verdict(course, id, bug["draft"]) == bugs.RIGHT:
        yield f"{path}.draft: expected a mistake, but with this content {bug['draft']!r} is right"
    right = [o["id"] for o in bug.get("options", ()) if bugs.verdict(course, id, o["id"]) == bugs.RIGHT]
    if "options" in bug and len(right) != 1:
        yield f"{path}.options: expected exactly one option to hold, found {', '.join(right) or 'none'}"


LESSON = Lesson(
    id=ID,
    shapes={ID: ACT},
    controls=controls,
    asks=(),
    door=Door(ID, 10),
    lists=_lists,
    answers=True,
    proof=_proof,
    own_texts=rf"{ID}\.({'|'.join(KINDS)})\[\*\]\.({'|'.join(SENTENCES)})",
)
