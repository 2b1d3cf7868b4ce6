"""What the exercise's content looks like."""

from collections.abc import Mapping

from content.common import Claim, Limits
from content.shapes import Shape


class Queue(Shape):
    """A queue before a batch that takes fixed_s + each_s · B."""

    rate_per_s: float
    """Requests that arrive a second."""
    fixed_s: float
    """What a batch takes whatever its size, in s."""
    each_s: float
    """What each of its requests adds, in s."""
    largest_batch: int
    """Requests of the largest batch."""


class Bug(Shape):
    """A sentence of the lab's first draft that is wrong."""

    id: str
    """The name under which its correction is kept; it never changes."""
    claim: str
    """The sentence as the draft had it."""
    hint: str
    """What helps to find the mistake."""
    right: str
    """What is said once it is corrected."""


class Figure(Bug, Limits):
    """A figure to correct."""

    measure: str
    """The engine's number that should stand there."""
    within: float
    """The share by which a corrected figure may differ from it."""
    draft: float
    """The wrong figure, in its unit."""


class Sentence(Shape):
    """A sentence that may take the wrong one's place."""

    id: str
    """The name under which the choice is kept; it never changes."""
    text: str
    """The sentence."""
    claims: tuple[Claim, ...]
    """What it says about the engine's numbers; it is right if all of it holds."""


class Statement(Bug):
    """A statement to correct."""

    draft: str
    """The id of the option that the draft had."""
    options: tuple[Sentence, ...]
    """The sentences to choose from; exactly one must hold."""


class Bugs(Shape, others=str):
    """The exercise."""

    queue: Queue
    """The queue that some of the sentences are about."""
    numbers: tuple[Figure, ...]
    """Figures to correct."""
    choices: tuple[Statement, ...]
    """Statements to correct."""
    doors: Mapping[str, str]
    """The question that the exercise's door answers."""


FILES: Mapping[str, type[Shape]] = {"bugs": Bugs}
