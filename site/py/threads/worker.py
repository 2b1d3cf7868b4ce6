"""The start in the simulator's thread: read the content, then answer one packed job after the other."""

from content import shipped
from runs import jobs

COURSE = shipped.course()


def answer(packed: str) -> str:
    """The packed outcome of a packed job."""
    return jobs.answered(COURSE, packed)
