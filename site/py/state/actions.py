"""The actions: what can happen to the page whatever its acts are. What can happen in an act alone stands with the act.

This is the table of contents of the lab's behaviour. An action is a fact about what a person, a simulation or storage did;
time comes in with it, as ISO 8601 in UTC.
"""

from dataclasses import dataclass, field

from content.course import Job, Result
from record import ledger


class Action:
    """Something that happened. Nothing else changes the page."""


@dataclass(frozen=True)
class ContextChosen(Action):
    """The learner looks at the wall from the other side."""

    context: str


@dataclass(frozen=True)
class ThemeChanged(Action):
    """The page turned light or dark; charts follow."""

    theme: str


@dataclass(frozen=True)
class OptionChosen(Action):
    """An option was picked. Nothing is committed by it."""

    question: str
    option: str


@dataclass(frozen=True)
class AnswerCommitted(Action):
    """The picked option of a question is committed, once and for all, at a time (ISO 8601, UTC)."""

    question: str
    at: str


@dataclass(frozen=True)
class ControlMoved(Action):
    """A control got a new value, as typed or dragged; settled is False while a slider is still held."""

    control: str
    typed: object
    settled: bool = True


@dataclass(frozen=True)
class ControlsReset(Action):
    """The controls of an act go back to the scenario's numbers."""

    act: str


@dataclass(frozen=True)
class RunFinished(Action):
    """A job came back, at a time."""

    request: Job
    result: Result
    at: str


@dataclass(frozen=True)
class RunGivenUp(Action):
    """A job brought nothing: it took too long, or failed. It isn't asked for again before the page is loaded anew."""

    request: Job


@dataclass(frozen=True)
class TextWritten(Action):
    """The learner wrote into a field of the report, at a time; settled is False while they are still writing."""

    field: str
    text: str
    at: str
    settled: bool = True


@dataclass(frozen=True)
class RecordNumbered(Action):
    """The record is given a number of its own, drawn at random, at a time. Only the first one counts."""

    number: str
    at: str


@dataclass(frozen=True)
class LinkOpened(Action):
    """The page was opened with a link that carries somebody's settings: the part of the address behind the #."""

    fragment: str


@dataclass(frozen=True)
class LinkAnswered(Action):
    """The learner takes the settings of the link over, or drops them."""

    take: bool


@dataclass(frozen=True)
class Copied(Action):
    """A text of the page was copied; or couldn't be, and is shown to be copied by hand."""

    text: str
    done: bool


@dataclass(frozen=True)
class LedgerRead(Action):
    """The saved document was read: at the start or after an import, when the page takes over the controls that were saved
    (restore), or because another tab wrote it, when it takes over the facts alone. Not whole: storage lacks some of it."""

    reading: ledger.Reading
    saved: str
    restore: bool = False
    whole: bool = True


@dataclass(frozen=True)
class SaveFinished(Action):
    """A save came back: the record as it is stored now, where that is, and what to tell the learner if not on the device."""

    record: ledger.Record
    saved: str
    notice: str | None = None


@dataclass(frozen=True)
class Saved(Action):
    """Where the record is has changed: the mirror has taken it in, or can't be had."""

    saved: str


@dataclass(frozen=True)
class Noticed(Action):
    """Something the learner should know, as a sentence."""

    sentence: str


@dataclass(frozen=True)
class NoticeClosed(Action):
    """The learner has read the notices."""


@dataclass(frozen=True)
class RecordOffered(Action):
    """The address carries a record that would add something to this one. None: the learner leaves it."""

    offer: ledger.Offer | None


@dataclass(frozen=True)
class RecordTaken(Action):
    """The learner takes the record that was offered."""


@dataclass(frozen=True)
class HostAnswered(Action):
    """A page around this one keeps the learner's work, and gave it back. record: what it keeps, an empty one for nothing,
    None for what can't be read; fresh: the page held nothing of the learner's when it asked; silent: it has said nothing in
    all this time."""

    record: ledger.Record | None
    fresh: bool
    silent: bool = False


@dataclass(frozen=True)
class HostAllowed(Action):
    """The learner lets that page have the work and takes what it keeps, or doesn't."""

    allowed: bool


@dataclass(frozen=True)
class HostChanged(Action):
    """How it stands with that page now, as a word of the content (embed.toml, [host])."""

    host: str


@dataclass(frozen=True)
class ClearAsked(Action):
    """The clear button was pressed: ask once more. With ask False, the learner keeps the record."""

    ask: bool


@dataclass(frozen=True)
class Cleared(Action):
    """The lab's record was cleared; the page starts again as on a first visit. record: the note of what is gone."""

    saved: str
    record: ledger.Record = field(default_factory=ledger.Record)
