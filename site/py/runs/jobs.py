"""Jobs: the computations that take longer than a frame. A job is a frozen dataclass of plain values and names its own result.

`do` carries one out; `pack` and `unpack` turn it into a text and back, so that it can be done in another place than the
page's own thread. The same job gives the same result wherever it is done.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from content.course import Course
from engine import PhysicsError
from runs import replays, serving
from runs.replays import BlocksRequest, FloorRequest
from runs.serving import RunRequest

Job = RunRequest | BlocksRequest | FloorRequest
Result = Mapping[str, Any]
Deed = Callable[[Course, Any], Result]

KINDS: Mapping[str, tuple[type, Deed]] = {
    "run": (RunRequest, serving.run),
    "blocks": (BlocksRequest, replays.blocks),
    "floor": (FloorRequest, replays.floor),
}
NAMES: Mapping[type, str] = {kind: name for name, (kind, _) in KINDS.items()}


def do(course: Course, job: Job) -> Result:
    """The result of a job. Raises PhysicsError when it asks for what can't be."""
    _, deed = KINDS[NAMES[type(job)]]
    return deed(course, job)


def refused(course: Course, job: Job) -> Result:
    """What stands in for the result of a job that PhysicsError kept from being done."""
    known = serving.memory(course, job) if type(job) is RunRequest else {}
    return {**known, "runs": 0}


def pack(job: Job) -> str:
    """A job as JSON text."""
    return json.dumps([NAMES[type(job)], asdict(job)])


def unpack(text: str) -> Job:
    """The job of a packed text. Raises KeyError or TypeError for one that `pack` didn't make."""
    name, fields = json.loads(text)
    kind, _ = KINDS[name]
    made: Job = kind(**fields)
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
    return json.dumps(asdict(outcome(course, unpack(packed))))


def read_outcome(text: str) -> Outcome:
    """The outcome of a packed one."""
    return Outcome(**json.loads(text))
