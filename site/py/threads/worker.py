"""The start in the simulator's thread: read the content, then answer one packed job after the other."""

from acts import shipped
from runs import jobs

COURSE = shipped.lessons()


def answer(packed: str) -> str:
    """The packed outcome of a packed job."""
    return jobs.answered(COURSE, packed)
