"""What the act's content looks like."""

from collections.abc import Mapping

from content.common import ActWords, Limits, Question
from content.shapes import Shape


class Step(Shape):
    """The step that the questions are about."""

    batch: int
    """Requests of the step's batch."""
    context_tokens: int
    """The context of each, in tokens."""


class Instrument(Shape, others=str):
    """The act's one instrument."""

    batch: Limits
    """The slider of the batch, in requests."""


class Act(ActWords):
    """The act."""

    step: Step
    """The step that the questions are about."""
    instrument: Instrument
    """The act's one instrument."""
    prediction: Question
    """The first question."""
    reflection: Question
    """The last question."""
    figure: Mapping[str, str]
    """The picture that stands for the act where the lab can't run."""


FILES: Mapping[str, type[Shape]] = {"act3": Act}
