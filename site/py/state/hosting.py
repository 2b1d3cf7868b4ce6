"""The host: a page around the lab that keeps the learner's work and takes the points.

A host may be anybody's page. What it gives back becomes part of the record at once where the page held nothing of the
learner's that the host doesn't know, or where both hold one record, by its number. Else the learner is asked first, and until
then nothing goes out.
"""

from dataclasses import replace

from content.course import Course
from record import ledger
from record.keeper import PAGE
from state.actions import HostAllowed, HostAnswered, HostChanged
from state.saved import with_host, with_record
from state.state import (
    ABSENT,
    ASKING,
    DECLINED,
    HOST,
    LISTENING,
    LOST,
    MUTE,
    PART,
    REVIEW,
    SILENT,
    TOLD,
    UNREADABLE,
    State,
    with_notice,
)


def host_answered(course: Course, state: State, action: HostAnswered) -> State:
    """The host gave back what it keeps. What can't be read is left alone: nothing is reported over it."""
    theirs = action.record
    if theirs is None:
        return replace(state, host=UNREADABLE)
    known = action.fresh or _is_same(state.record, theirs) or not any(added(theirs, state.record).values())
    if state.host in TOLD or (known and not _is_back(state, theirs)):
        state = with_host(course, replace(state, host=SILENT if action.silent else LISTENING))
        return with_record(course, state, theirs)
    return replace(state, host=ASKING, hosted=None if action.silent else theirs)


def host_allowed(course: Course, state: State, action: HostAllowed) -> State:
    """The learner lets the host have the work, and takes what it keeps; or does neither."""
    theirs = state.hosted
    heard = SILENT if theirs is None else LISTENING
    state = with_host(course, replace(state, host=heard if action.allowed else DECLINED, hosted=None))
    if theirs is None or not action.allowed:
        return state
    return with_record(course, state, theirs, again=True)


def host_changed(course: Course, state: State, action: HostChanged) -> State:
    """The host takes what it is told, or doesn't. What costs the learner something is said at once, and as long as it is so."""
    news = {host: course.at(f"embed.host.{host}") for host in (PART, LOST, REVIEW, ABSENT, MUTE)}
    others = tuple(notice for notice in state.notices if notice not in news.values())
    state = replace(state, host=action.host, notices=others)
    return with_notice(state, news[action.host]) if action.host in news else state


def kept_at(state: State) -> str:
    """Where the work is: what this page alone has, a host that listens has too."""
    return HOST if state.saved == PAGE and state.host == LISTENING else state.saved


def added(here: ledger.Record, theirs: ledger.Record) -> dict[str, int]:
    """How many facts and texts a record would add to another."""
    known = {fact["id"] for fact in here.facts}
    facts = sum(fact["id"] not in known for fact in theirs.facts)
    return {"facts": facts, "texts": len(theirs.settings.get(ledger.TEXTS, ()))}


def _is_same(here: ledger.Record, theirs: ledger.Record) -> bool:
    """Whether both have the number of one record."""
    numbers = [ledger.dated(record.settings.get(ledger.NUMBERED))[1] for record in (here, theirs)]
    return numbers[0] == numbers[1] != ""


def _is_back(state: State, theirs: ledger.Record) -> bool:
    """Whether a record holds what was cleared here."""
    return ledger.has_cleared(state.record, theirs)
