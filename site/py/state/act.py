"""An act: a lesson and what it does with a learner. Its row is all that the rest of the application knows of it.

Every field but the lesson's and `frame` has a default that does nothing: a small act names what it has and no more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from charts.picture import Picture
from content.control import Control
from content.course import Course, Fact, Job, Lesson, Scenario
from content.wording import Number, Quantity
from page.page import Frame
from state.actions import Action, RunFinished
from state.questions import answered_needs
from state.state import State

Reducer = Callable[[Course, State, Any], State]
Row = tuple[str, str, str]  # a fact in the ledger's table: what, the choice, the outcome
Entry = tuple[str, str, str | None]  # of the status line: label, value, mark
File = tuple[str, str, Callable[[Course, State, str], str]]  # its name's end, its kind (MIME), its text at a time


@dataclass(frozen=True)
class Press:
    """A node of an act's page was pressed or changed: its data-attributes, the time, and what is in it or in its field."""

    data: Any
    at: str
    text: str = ""
    checked: bool = False
    file: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """What an act adds to the report of a context.

    scenario: what its questions are about; words: what may be said of that. parts: what a report needs beside answers and texts;
    missing: those that it lacks. limits: the constraints that the learner ran into, as facts, each once; limit and met: a line
    on one, and its name. evidence, sources: lines. decision: lines on a design that was recorded. files: more to save, by form.
    """

    scenario: Callable[[Course, State], Scenario] = lambda course, state: {}
    words: Callable[[Course, Scenario], Mapping[str, Number]] = lambda course, asked: {}
    parts: tuple[str, ...] = ()
    missing: Callable[[Course, State], list[str]] = lambda course, state: []
    limits: Callable[[State], list[Fact]] = lambda state: []
    limit: Callable[[Course, Fact], str] = lambda course, fact: ""
    met: Callable[[Course, Fact], str] = lambda course, fact: ""
    evidence: Callable[[Course, State], list[str]] = lambda course, state: []
    sources: Callable[[Course, State], list[str]] = lambda course, state: []
    decision: Callable[[Course, Fact], list[str]] = lambda course, fact: []
    files: Mapping[str, File] = field(default_factory=dict)


def gpus_said(course: Course, gpus: int) -> str:
    """A number of GPUs as a report says it, in the singular where it is one."""
    return course.say(f"report.gpus_{'one' if gpus == 1 else 'some'}", None, {"gpus": gpus})


@dataclass(frozen=True, kw_only=True)
class Act(Lesson):
    """A lesson with its part of the page.

    frame: everything that its part shows. moments: what a replay says at a position, by the replay's key; pointed: what it means
    to point at something in it. reducers: its own actions. presses: the action that a node of its page stands for, by
    data-action. control: one of its controls as it is now.
    live: the jobs that follow its controls, for which a slider waits. needed: the jobs without which it has something empty,
    most urgent first; spare: those that may wait for all others. came: what a finished job changes beside the results.
    saved and restored: what it keeps between visits. status, synthesis, fields, compared, note: its part of the status line, of
    the numbers that the synthesis may say, of the curriculum's agreed fields, of a link's comparison (None before it may be
    seen), and what a link leaves out. rows: its facts as rows of the ledger's table. picture: what stands for it elsewhere.
    """

    frame: Callable[[Course, State], Frame]
    moments: Mapping[str, Callable[[Course, State, int], Frame]] = field(default_factory=dict)
    pointed: Mapping[str, Callable[[str, int], Action]] = field(default_factory=dict)
    reducers: Mapping[type[Action], Reducer] = field(default_factory=dict)
    presses: Mapping[str, Callable[[Course, State, Press], Action]] = field(default_factory=dict)
    control: Callable[[Course, State, Control], Control] | None = None
    live: Callable[[Course, State], Iterable[Job]] = lambda course, state: ()
    needed: Callable[[Course, State], list[Job]] | None = None
    spare: Callable[[Course, State], list[Job]] = lambda course, state: []
    came: Callable[[Course, State, RunFinished], State] = lambda course, state, action: state
    saved: Callable[[State], Mapping[str, Any]] = lambda state: {}
    restored: Callable[[State, Mapping[str, Any]], State] = lambda state, saved: state
    status: Callable[[Course, State], Mapping[str, Entry]] = lambda course, state: {}
    synthesis: Callable[[Course, State], Mapping[str, Quantity]] = lambda course, state: {}
    fields: Callable[[Course, State], Mapping[str, Any]] = lambda course, state: {}
    compared: Callable[[Course, State], list[tuple[str, str]] | None] = lambda course, state: []
    note: Callable[[Course, State], str] = lambda course, state: ""
    rows: Mapping[str, Callable[[Course, Fact], Row]] = field(default_factory=dict)
    picture: Callable[[Course], Picture] | None = None
    report: Reporting = Reporting()

    def wants(self, course: Course, state: State) -> list[Job]:
        """The jobs without which it has something empty: as a rule those that its answers' verdicts rest on."""
        return self.needed(course, state) if self.needed else answered_needs(course, state, self.id)


@lru_cache(maxsize=4)
def acts(course: Course) -> tuple[Act, ...]:
    """The acts of the page, in its order."""
    return tuple(act for act in course.acts if isinstance(act, Act))


def handler(course: Course, action: type[Action]) -> Reducer | None:
    """What an act does when something happens that can happen in it alone, None if no act knows it."""
    return next((act.reducers[action] for act in acts(course) if action in act.reducers), None)
