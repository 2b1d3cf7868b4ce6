"""What can happen in Act II alone."""

from dataclasses import dataclass

from state.actions import Action


@dataclass(frozen=True)
class WayOutTried(Action):
    """The learner takes the change that the page offered for a failing side."""

    side: str


@dataclass(frozen=True)
class RequestPicked(Action):
    """The learner points at a request of a replayed server; None for the slowest one."""

    panel: str
    request: int | None


@dataclass(frozen=True)
class DesignRecorded(Action):
    """The learner records both sides with their results, at a time."""

    at: str


@dataclass(frozen=True)
class SweepStarted(Action):
    """The learner asks for the map, from now on, or for the frontier of the scenario at hand."""

    kind: str


@dataclass(frozen=True)
class SweepCancelled(Action):
    """The learner has seen enough of it."""

    kind: str


@dataclass(frozen=True)
class ChangeTaken(Action):
    """The learner takes the one change that the frontier names."""
