"""What the world has to do because the state changed: save the record, do a job."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from content.course import Course
from record import ledger
from runs.jobs import Job
from state.act import acts
from state.questions import best_score, is_done
from state.state import TOLD, State
from state.wanted import next_run


@dataclass(frozen=True)
class Save:
    """Write the record, with the thirteen agreed fields, into the saved document. It may wait for the frame that shows what
    changed if that is settings alone: of what a learner committed nothing may be lost."""

    record: ledger.Record
    fields: Mapping[str, Any]
    may_wait: bool


@dataclass(frozen=True)
class Report:
    """Tell the page around this one, which keeps the work: the points as a share of 1, whether every act is done, the record."""

    share: float
    done: bool
    record: ledger.Record


@dataclass(frozen=True)
class Simulate:
    """Do one job and report it with RunFinished."""

    request: Job


Effect = Save | Report | Simulate


def effects(course: Course, before: State, after: State) -> list[Effect]:
    """What has to be done because `before` became `after`. A record that came from storage is not written back, unless
    storage lacks some of the work in it."""
    found: list[Effect] = []
    lacking = after.stored is not before.stored and ledger.work(after.record) != ledger.work(after.stored)
    if lacking or after.record not in (before.record, after.stored):
        found.append(Save(after.record, fields(course, after), after.record.facts is after.stored.facts))
    if after.host in TOLD and (before.host not in TOLD or before.record != after.record):
        done = any(is_done(course, replace(after, context=context)) for context in course.contexts)
        record = replace(after.record, fields=fields(course, after))
        found.append(Report(best_score(course, after).share, done, record))
    run = next_run(course, after)
    if run is not None:
        found.append(Simulate(run))
    return found


def fields(course: Course, state: State) -> dict[str, Any]:
    """The fields that the curriculum's labs agreed on, for the current context; None for what isn't known yet."""
    known: dict[str, Any] = {"context": state.context}
    for act in acts(course):
        known |= act.fields(course, state)
    return {name: known.get(name) for name in ledger.FIELDS}
