"""The closed list of actions: everything that can happen to the page, and nothing else can.

This is the table of contents of the lab's behaviour. An action is a fact about what a person, a simulation or storage did;
time comes in with it, as ISO 8601 in UTC.
"""

from dataclasses import dataclass, field

from record import ledger
from runs.jobs import Job, Result


@dataclass(frozen=True)
class ContextChosen:
    """The learner looks at the wall from the other side."""

    context: str


@dataclass(frozen=True)
class ThemeChanged:
    """The page turned light or dark; charts follow."""

    theme: str


@dataclass(frozen=True)
class OptionChosen:
    """An option was picked. Nothing is committed by it."""

    question: str
    option: str


@dataclass(frozen=True)
class AnswerCommitted:
    """The picked option of a question is committed, once and for all, at a time (ISO 8601, UTC)."""

    question: str
    at: str


@dataclass(frozen=True)
class ControlMoved:
    """A control got a new value, as typed or dragged; settled is False while a slider is still held."""

    control: str
    typed: object
    settled: bool = True


@dataclass(frozen=True)
class ControlsReset:
    """The controls of an act go back to the scenario's numbers."""

    act: str


@dataclass(frozen=True)
class TwistFlipped:
    """The one switch of the twist: the model's published KV heads, or one per query head."""

    published: bool


@dataclass(frozen=True)
class ConfigPasted:
    """A model's config.json was pasted as text, or chosen as a file's bytes."""

    text: str | bytes


@dataclass(frozen=True)
class WayOutTried:
    """The learner takes the change that the page offered for a failing side."""

    side: str


@dataclass(frozen=True)
class RunFinished:
    """A job came back, at a time."""

    request: Job
    result: Result
    at: str


@dataclass(frozen=True)
class RunGivenUp:
    """A job brought nothing: it took too long, or failed. It isn't asked for again before the page is loaded anew."""

    request: Job


@dataclass(frozen=True)
class RequestPicked:
    """The learner points at a request of a replayed server; None for the slowest one."""

    panel: str
    request: int | None


@dataclass(frozen=True)
class DesignRecorded:
    """The learner records both sides with their results, at a time."""

    at: str


@dataclass(frozen=True)
class SweepStarted:
    """The learner asks for the map, from now on, or for the frontier of the scenario at hand."""

    kind: str


@dataclass(frozen=True)
class SweepCancelled:
    """The learner has seen enough of it."""

    kind: str


@dataclass(frozen=True)
class ChangeTaken:
    """The learner takes the one change that the frontier names."""


@dataclass(frozen=True)
class TextWritten:
    """The learner wrote into a field of the report, at a time; settled is False while they are still writing."""

    field: str
    text: str
    at: str
    settled: bool = True


@dataclass(frozen=True)
class RecordNumbered:
    """The record is given a number of its own, drawn at random, at a time. Only the first one counts."""

    number: str
    at: str


@dataclass(frozen=True)
class LinkOpened:
    """The page was opened with a link that carries somebody's settings: the part of the address behind the #."""

    fragment: str


@dataclass(frozen=True)
class LinkAnswered:
    """The learner takes the settings of the link over, or drops them."""

    take: bool


@dataclass(frozen=True)
class Copied:
    """A text of the page was copied; or couldn't be, and is shown to be copied by hand."""

    text: str
    done: bool


@dataclass(frozen=True)
class LedgerRead:
    """The saved document was read: at the start or after an import, when the page takes over the controls that were saved
    (restore), or because another tab wrote it, when it takes over the facts alone. Not whole: storage lacks some of it."""

    reading: ledger.Reading
    saved: str
    restore: bool = False
    whole: bool = True


@dataclass(frozen=True)
class SaveFinished:
    """A save came back: the record as it is stored now, where that is, and what to tell the learner if not on the device."""

    record: ledger.Record
    saved: str
    notice: str | None = None


@dataclass(frozen=True)
class Saved:
    """Where the record is has changed: the mirror has taken it in, or can't be had."""

    saved: str


@dataclass(frozen=True)
class Noticed:
    """Something the learner should know, as a sentence."""

    sentence: str


@dataclass(frozen=True)
class NoticeClosed:
    """The learner has read the notices."""


@dataclass(frozen=True)
class RecordOffered:
    """The address carries a record that would add something to this one. None: the learner leaves it."""

    offer: ledger.Offer | None


@dataclass(frozen=True)
class RecordTaken:
    """The learner takes the record that was offered."""


@dataclass(frozen=True)
class ClearAsked:
    """The clear button was pressed: ask once more. With ask False, the learner keeps the record."""

    ask: bool


@dataclass(frozen=True)
class Cleared:
    """The lab's record was cleared; the page starts again as on a first visit. record: the note of what is gone."""

    saved: str
    record: ledger.Record = field(default_factory=ledger.Record)


Action = (
    ContextChosen
    | ThemeChanged
    | OptionChosen
    | AnswerCommitted
    | ControlMoved
    | ControlsReset
    | TwistFlipped
    | ConfigPasted
    | WayOutTried
    | RunFinished
    | RunGivenUp
    | RequestPicked
    | DesignRecorded
    | SweepStarted
    | SweepCancelled
    | ChangeTaken
    | TextWritten
    | RecordNumbered
    | LinkOpened
    | LinkAnswered
    | Copied
    | LedgerRead
    | SaveFinished
    | Saved
    | Noticed
    | NoticeClosed
    | RecordOffered
    | RecordTaken
    | ClearAsked
    | Cleared
)
