"""The jobs that the page wants done, and in which order."""

from content.course import Course
from runs.jobs import Job
from state.act import acts
from state.state import State


def live(course: Course, state: State) -> set[Job]:
    """The jobs that follow the controls: while a slider of theirs is held they are quick ones."""
    return {job for act in acts(course) for job in act.live(course, state)}


def needed(course: Course, state: State) -> list[Job]:
    """The jobs that the page can't do without now, most urgent first: the act that was opened last comes first."""
    return list(dict.fromkeys(job for act in reversed(acts(course)) for job in act.wants(course, state)))


def spare(course: Course, state: State) -> list[Job]:
    """The next few jobs of what the learner set going, which may wait for everything else."""
    return [job for act in acts(course) for job in act.spare(course, state)] if state.settled else []


def wanted(course: Course, state: State) -> list[Job]:
    """All of them."""
    return [*needed(course, state), *spare(course, state)]


def next_run(course: Course, state: State) -> Job | None:
    """The next job to do, None when everything wanted is at hand."""
    done = (state.results, state.given_up)
    urgent = next((job for job in needed(course, state) if not any(job in known for known in done)), None)
    return urgent or next(iter(spare(course, state)), None)
