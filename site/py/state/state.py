"""The state of the page: everything that it shows follows from this and the course."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from content.control import Settings, Value
from content.controls import defaults
from content.course import Course, Job, Result
from links import share
from record import ledger
from record.keeper import UNKNOWN
from state.actions import Copied

Own = TypeVar("Own")
# How it stands with a page around this one that keeps the learner's work. Reports go out to those in TOLD.
NOBODY, ASKING, LISTENING, SILENT = "", "asking", "listening", "silent"  # silent: it is told, and has said nothing
DECLINED, UNREADABLE = "declined", "unreadable"
# And with a course system, which keeps it in the device's place: all, a part; it doesn't answer; it only shows; there is none.
COURSE, PART, LOST, REVIEW, ABSENT, MUTE = "course", "part", "lost", "review", "absent", "mute"
HOST = "host"  # where the work is that this page alone has and a host that listens
TOLD = (LISTENING, SILENT, COURSE, PART, LOST)


@dataclass(frozen=True)
class State:
    """Everything the page shows follows from this and the course.

    context: the side of the wall; settings: control values by context; chosen: options picked but not committed, by context
    and question; problems: what was wrong with a typed value or a press, by control or question; settled: no slider that a
    run depends on is being dragged; held: the settings as they were when a slider was taken that is still being dragged, None
    while none is; results: finished jobs at hand; own: what an act keeps beside its controls, by act; record: the ledger's facts
    and settings; stored: the record as storage last had it; saved: where that is; notices: sentences that the learner has not
    yet closed; asking: the clear button was pressed once; strange: ids of facts that this version of the course can't make sense
    of, which are kept in the record and left out of everything that is shown; drafts: texts that are being written, by field,
    not yet in the record; shared: the settings of a link, until the learner takes or drops them; copied: what was copied last;
    given_up: jobs that brought nothing; offered: what the record that the address carried would add, until the learner decides;
    fresh: questions whose answers were committed on this visit and in this context, so that their verdicts are still news;
    host: how it stands with a page around this one that keeps the work; hosted: what that page keeps, until the learner decides.
    """

    context: str
    settings: Mapping[str, Settings]
    chosen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    settled: bool = True
    held: Mapping[str, Settings] | None = None
    results: Mapping[Job, Result] = field(default_factory=dict)
    given_up: frozenset[Job] = frozenset()
    own: Mapping[str, object] = field(default_factory=dict)
    record: ledger.Record = field(default_factory=ledger.Record)
    stored: ledger.Record = field(default_factory=ledger.Record)
    saved: str = UNKNOWN
    notices: tuple[str, ...] = ()
    asking: bool = False
    theme: str = "light"
    strange: frozenset[str] = frozenset()
    drafts: Mapping[str, str] = field(default_factory=dict)
    shared: share.Shared | None = None
    copied: Copied | None = None
    offered: ledger.Offer | None = None
    fresh: frozenset[str] = frozenset()
    host: str = NOBODY
    hosted: ledger.Record | None = None

    def value(self, control: str) -> Value:
        """The value of a control in the current context."""
        return self.settings[self.context][control]

    def kept(self, act: str, first: Own) -> Own:
        """What an act keeps beside its controls; `first` as long as nothing has happened to it."""
        found = self.own.get(act)
        return found if isinstance(found, type(first)) else first

    def keeping(self, act: str, kept: object) -> "State":
        """The state with what an act keeps from now on."""
        return replace(self, own={**self.own, act: kept})


def initial(course: Course) -> State:
    """The state of a first visit: what the page is prerendered with."""
    return State(context=course.at("course.context.default"), settings=defaults(course))


def at_rest(state: State) -> State:
    """The state with its sliders where they last rested: for instruments that follow a slider once it is let go."""
    return state if state.held is None else replace(state, settings=state.held)


def with_notice(state: State, sentence: str) -> State:
    """The state with one thing more that the learner should know; the same is said once."""
    return state if sentence in state.notices else replace(state, notices=(*state.notices, sentence))
