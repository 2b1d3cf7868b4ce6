"""The record and the state: what is read from storage, taken from a link, cleared, and what this version can't make sense of."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from content.controls import controls, defaults
from content.course import Course
from record import ledger
from record.keeper import BLOCKED, FULL
from record.values import mapping
from runs import oracles
from state.act import acts
from state.actions import Cleared, LedgerRead, RecordNumbered, RecordOffered, RecordTaken, SaveFinished, TextWritten
from state.questions import facts, number, place
from state.settings import control
from state.state import LISTENING, State, initial, with_notice

MOST_SHOWN = 1_000  # facts: ten times what a long session leaves
# What a learner may write; all but the name belongs to a context.
WRITTEN = ("log", "alternative", "revision", "takeaway", "risk", "name")


def with_fact(state: State, fact: dict[str, Any]) -> State:
    """The state with a fact more. Strange facts stand aside, so that one of them can't be in a new answer's way."""
    understood = replace(state.record, facts=tuple(facts(state)))
    return replace(state, record=ledger.merge(ledger.add(understood, fact), state.record))


def ledger_read(course: Course, state: State, action: LedgerRead) -> State:
    """The state after storage was read: its facts and this page's are one record; its settings count if asked for."""
    there, here = action.reading.record, state.record
    restore = action.restore
    if ledger.has_cleared(there, here):  # in another tab: this one starts again too
        state, here, restore = (
            replace(_blank(course, state), drafts=state.drafts),
            replace(here, settings=here.dated),
            True,
        )
    record = ledger.merge(there, here) if restore else ledger.merge(here, there)
    stored = there if action.whole else ledger.Record()
    state = _understood(course, replace(state, record=record, stored=stored, saved=action.saved))
    if restore:
        state = _restored(course, state, there.settings)
    problem = course.told("ledger", action.reading.problem)
    return with_notice(state, problem) if problem else state


def _understood(course: Course, state: State) -> State:
    """The state with the facts that this course can't make sense of marked as strange, and the learner is_known once."""
    strange = _strange(course, state.record.facts)
    is_known = strange <= state.strange
    state = replace(state, strange=strange)
    return state if is_known else with_notice(state, course.at("words.strange_facts"))


def _strange(course: Course, facts: tuple[dict[str, Any], ...]) -> frozenset[str]:
    """The ids of the facts that are not shown: the course can't make sense of them, or they are more than anybody's work. Of
    so many the first answer to each question is shown, and the latest of the others."""
    if len(facts) <= MOST_SHOWN:
        return frozenset(fact["id"] for fact in facts if not oracles.understands(course, fact))
    shown: dict[object, str] = {}
    for fact in ledger.of_kind(facts, "answered"):
        question = (fact["context"], fact["question"])
        if question not in shown and oracles.understands(course, fact):
            shown[question] = fact["id"]
    others = (
        fact["id"] for fact in reversed(facts) if fact["kind"] != "answered" and oracles.understands(course, fact)
    )
    return frozenset({fact["id"] for fact in facts}.difference(shown.values(), islice(others, MOST_SHOWN)))


def _restored(course: Course, state: State, saved: Mapping[str, Any]) -> State:
    """The settings, choices and context of the last visit, each read through its control so that none can be wrong."""
    for act in acts(course):
        state = act.restored(state, saved)
    for _ in range(2):  # how far one control reaches may depend on another's value
        state = _controls_restored(course, state, mapping(saved.get("controls")))
    chosen = {
        context: {q: o for q, o in mapping(picked).items() if q in course.questions and course.option(q, str(o))}
        for context, picked in mapping(saved.get("chosen")).items()
        if context in course.contexts
    }
    merged = {context: {**chosen.get(context, {}), **state.chosen.get(context, {})} for context in course.contexts}
    last = saved.get("context")
    return replace(state, chosen=merged, context=last if last in course.contexts else state.context)


def _controls_restored(course: Course, state: State, saved: Mapping[str, Any]) -> State:
    settings = {context: dict(values) for context, values in state.settings.items()}
    for context, values in saved.items():
        if context not in settings:
            continue
        there = replace(state, context=context)
        for id, value in mapping(values).items():
            if id in controls(course):
                settings[context][id] = control(course, there, id).read(value, settings[context][id])[0]
    return replace(state, settings=settings)


def text_written(course: Course, state: State, action: TextWritten) -> State:
    """The state with what the learner writes: a draft while the field is in use, then a text of the record."""
    if action.field not in WRITTEN:
        return state
    text = action.text.encode("utf-8", "ignore").decode("utf-8")[: ledger.MAX_TEXT]
    key, others = place(state, action.field), dict(state.drafts)
    if not action.settled:
        return replace(state, drafts={**others, key: text})
    others.pop(key, None)
    return replace(state, drafts=others, record=ledger.edited(state.record, key, text, action.at))


def record_numbered(course: Course, state: State, action: RecordNumbered) -> State:
    """The state with a number for its record, unless it has one."""
    if number(state):
        return state
    given = {**state.record.settings, ledger.NUMBERED: {"text": action.number, "at": action.at}}
    return replace(state, record=replace(state.record, settings=given))


def save_finished(course: Course, state: State, action: SaveFinished) -> State:
    """The state after a save: what storage held besides is in the record now."""
    merged, known = ledger.merge(state.record, action.record), state.record.facts
    state = replace(state, record=merged, stored=merged, saved=action.saved)
    if merged.facts is not known:
        state = _understood(course, state)
    return state if action.notice is None else noticed(course, state, action.notice)


def noticed(course: Course, state: State, sentence: str) -> State:
    """The state with a notice. Where a host keeps the work, nothing is lost by what this device doesn't keep."""
    return state if state.host == LISTENING and sentence in _unkept(course) else with_notice(state, sentence)


def with_host(course: Course, state: State) -> State:
    """The state without the notices that a host which keeps the work makes untrue."""
    unkept = _unkept(course) if state.host == LISTENING else ()
    return replace(state, notices=tuple(notice for notice in state.notices if notice not in unkept))


def _unkept(course: Course) -> tuple[str, ...]:
    return tuple(course.at(f"words.{why}") for why in (BLOCKED, FULL))


def cleared(course: Course, state: State, action: Cleared) -> State:
    """A first visit, after the record was cleared."""
    return replace(_blank(course, state), record=action.record, stored=action.record, saved=action.saved)


def _blank(course: Course, state: State) -> State:
    """A first visit, in the context and the theme that the learner has before them."""
    return replace(initial(course), context=state.context, theme=state.theme, host=state.host)


def record_offered(course: Course, state: State, action: RecordOffered) -> State:
    """A link is taken unasked only where it adds facts, new ones, to a page on which nobody has done anything."""
    offer = action.offer
    if offer is None:
        return replace(state, offered=None)
    if not offer.facts and not offer.texts:
        return state
    if offer.texts or offer.again or not is_untouched(course, state):
        return replace(state, offered=offer)
    return _restored(course, _with_record(course, state, offer.record), offer.record.settings)


def is_untouched(course: Course, state: State) -> bool:
    """Whether the learner has neither committed nor written, chosen or moved anything."""
    done = state.record.facts or state.record.dated or any(state.drafts.values()) or any(state.chosen.values())
    return not done and state.settings == defaults(course)


def record_taken(course: Course, state: State, action: RecordTaken) -> State:
    """The state with the record that was offered added to its own."""
    if state.offered is None:
        return state
    return _with_record(course, replace(state, offered=None), state.offered.record)


def with_record(course: Course, state: State, theirs: ledger.Record, again: bool = False) -> State:
    """The state with all that another place kept of the learner's own: its texts, its number and where its sliders stood too.
    A question that is locked here stays as it is. again: what was cleared here comes back."""
    untouched, here = is_untouched(course, state), state.record
    united = ledger.taken(here, theirs)[0] if again else ledger.merge(here, ledger.unlocked(here, theirs)[0])
    state = _understood(course, replace(state, record=united))
    return _restored(course, state, theirs.settings) if untouched else state


def _with_record(course: Course, state: State, theirs: ledger.Record) -> State:
    """The state with what a link adds to its record, as that is by now."""
    united, _ = ledger.taken(state.record, ledger.guest(theirs, state.record))
    return _understood(course, replace(state, record=united))
