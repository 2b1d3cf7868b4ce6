"""What the exercise teaches, and what must be true of its content. It asks no question of the two that other acts ask."""

from collections.abc import Iterator

from acts.bugs import bugs
from acts.bugs.controls import ID, controls, name
from acts.bugs.shape import FILES, Figure, Statement
from content.controls import controls as all_controls
from content.course import Course, Door, Lesson
from content.reading import unfilled

KINDS = ("numbers", "choices")
SENTENCES = ("claim", "hint", "right")  # each bug has numbers of its own


def _lists(course: Course) -> dict[str, list[str]]:
    return {f"{ID}.{kind}": [bug["id"] for bug in course.at(f"{ID}.{kind}")] for kind in KINDS}


def _proof(course: Course) -> Iterator[str]:
    """A bug's mistake must be one, exactly one option must hold, and its sentences can only ask for numbers that it has."""
    known = set(bugs.numbers(course))
    for id, bug in bugs.all_of(course).items():
        path = f"bugs.toml: {id}"
        missing = [measure for measure in _measures(bug) if measure not in known]
        if missing:
            yield f"{path}: the engine has no measure called {missing[0]!r}; expected one of {', '.join(sorted(known))}"
            continue
        names = frozenset(bugs.said(course, id, bug.draft))
        for key in SENTENCES:
            yield from unfilled(getattr(bug, key), f"{path}.{key}", names)
        yield from _draft_problems(course, id, path)


def _draft_problems(course: Course, id: str, path: str) -> Iterator[str]:
    bug, control = bugs.all_of(course)[id], all_controls(course)[name(id)]
    if control.read(bug.draft, "") != (bug.draft, None):
        yield f"{path}.draft: expected a value that its control offers, found {bug.draft!r}"
    elif bugs.verdict(course, id, bug.draft) == bugs.RIGHT:
        yield f"{path}.draft: expected a mistake, but with this content {bug.draft!r} is right"
    if isinstance(bug, Statement):
        right = [option.id for option in bug.options if bugs.verdict(course, id, option.id) == bugs.RIGHT]
        if len(right) != 1:
            yield f"{path}.options: expected exactly one option to hold, found {', '.join(right) or 'none'}"


def _measures(bug: Figure | Statement) -> list[str]:
    """The engine's numbers that a bug names."""
    if isinstance(bug, Figure):
        return [bug.measure]
    return [claim.measure for option in bug.options for claim in option.claims]


LESSON = Lesson(
    id=ID,
    shapes=FILES,
    controls=controls,
    asks=(),
    door=Door(ID, 10),
    lists=_lists,
    answers=True,
    proof=_proof,
    own_texts=rf"{ID}\.({'|'.join(KINDS)})\[\*\]\.({'|'.join(SENTENCES)})",
)
