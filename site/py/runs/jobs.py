"""Jobs: the computations that take longer than a frame. A job is a frozen dataclass of plain values and names its own result.

`do` carries one out; `pack` and `unpack` turn it into a text and back, so that it can be done in another place than the
page's own thread. The same job gives the same result wherever it is done. The kinds of jobs stand with their acts.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

from content.course import Course, Job, Kind, Result
from engine import PhysicsError

__all__ = [
    "Job",
    "Outcome",
    "Result",
    "answered",
    "do",
    "is_short",
    "outcome",
    "pack",
    "read_outcome",
    "refused",
    "unpack",
]


@lru_cache(maxsize=4)
def kinds(course: Course) -> Mapping[str, Kind]:
    """Every kind of job by its name."""
    return {name: kind for act in course.acts for name, kind in act.kinds.items()}


def _kind(course: Course, job: Job) -> tuple[str, Kind]:
    return next((name, kind) for name, kind in kinds(course).items() if kind.job is type(job))


def do(course: Course, job: Job) -> Result:
    """The result of a job. Raises PhysicsError when it asks for what can't be."""
    return _kind(course, job)[1].do(course, job)


def refused(course: Course, job: Job) -> Result:
    """What stands in for the result of a job that PhysicsError kept from being done."""
    return _kind(course, job)[1].refused(course, job)


def pack(course: Course, job: Job) -> str:
    """A job as JSON text."""
    return json.dumps([_kind(course, job)[0], vars(job)])


def unpack(course: Course, text: str) -> Job:
    """The job of a packed text. Raises KeyError or TypeError for one that `pack` didn't make."""
    name, fields = json.loads(text)
    made: Job = kinds(course)[name].job(**fields)
    return made


MOST_REQUESTS = 20_000  # of a run that the page's own thread may do: five times what the lab asks for, a few seconds


@dataclass(frozen=True)
class Outcome:
    """What came of a job: its result, or the sentence in which it was refused, or what broke.

    broken: the job failed, and would anywhere; failure: the thread did, so that the job is to be done elsewhere; late: it was
    stopped because it took too long; dropped: because nobody wanted it any more.
    """

    result: Result | None = None
    refusal: str | None = None
    broken: str | None = None
    failure: str | None = None
    late: bool = False
    dropped: bool = False


def is_short(job: Job) -> bool:
    """Whether a job can be done in the page's own thread, where nothing could stop it."""
    return job.requests <= MOST_REQUESTS


def outcome(course: Course, job: Job) -> Outcome:
    """Carry a job out; a refusal is an outcome, and so is a failure."""
    try:
        return Outcome(result=do(course, job))
    except PhysicsError as refusal:
        return Outcome(refusal=str(refusal))
    except Exception as mistake:  # a mistake of ours: the page must go on with its next job
        return Outcome(broken=f"{type(mistake).__name__}: {mistake}"[:200])


def answered(course: Course, packed: str) -> str:
    """The packed outcome of a packed job."""
    return json.dumps(asdict(outcome(course, unpack(course, packed))))


def read_outcome(text: str) -> Outcome:
    """The outcome of a packed one."""
    return Outcome(**json.loads(text))
