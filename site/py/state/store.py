"""The state of the page and the closed list of things that can happen to it.

`reduce(course, state, action)` gives the next state and changes nothing else; `effects(course, before, after)` compares
two states and says what the world has to do: save, simulate. Time and chance come in with the action. What is locked,
open or reached is computed from the facts of the ledger's record, never stored beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

import engine
from content import wording
from content.controls import CONTEXT, FULL, PASTED, PUBLISHED, Control, Range, Value, controls, defaults
from content.course import QUESTIONS, Course
from links import share
from record import ledger
from record.keeper import DEVICE, PAGE, SAVING, UNKNOWN
from runs import oracles, receipts, replays, serving, sweeps
from runs.jobs import Job, Result
from runs.serving import RunRequest
from state.actions import (
    Action,
    AnswerCommitted,
    ChangeTaken,
    ClearAsked,
    Cleared,
    ConfigPasted,
    ContextChosen,
    ControlMoved,
    ControlsReset,
    Copied,
    DesignRecorded,
    LedgerRead,
    LinkAnswered,
    LinkOpened,
    NoticeClosed,
    Noticed,
    OptionChosen,
    RecordNumbered,
    RecordOffered,
    RecordTaken,
    RequestPicked,
    RunFinished,
    RunGivenUp,
    Saved,
    SaveFinished,
    SweepCancelled,
    SweepStarted,
    TextWritten,
    ThemeChanged,
    TwistFlipped,
    WayOutTried,
)

__all__ = [  # the actions, and where a record is, which callers know by the store's name
    "DEVICE",
    "PAGE",
    "SAVING",
    "UNKNOWN",
    "Action",
    "AnswerCommitted",
    "ChangeTaken",
    "ClearAsked",
    "Cleared",
    "ConfigPasted",
    "ContextChosen",
    "ControlMoved",
    "ControlsReset",
    "Copied",
    "DesignRecorded",
    "LedgerRead",
    "LinkAnswered",
    "LinkOpened",
    "NoticeClosed",
    "Noticed",
    "OptionChosen",
    "RecordNumbered",
    "RecordOffered",
    "RecordTaken",
    "RequestPicked",
    "RunFinished",
    "RunGivenUp",
    "SaveFinished",
    "Saved",
    "SweepCancelled",
    "SweepStarted",
    "TextWritten",
    "ThemeChanged",
    "TwistFlipped",
    "WayOutTried",
]

PREDICT, LOCKED, EXPLORE, COMMITTED = "predict", "locked", "explore", "committed"
ACTS = ("act1", "act2")
MOST_SHOWN = 1_000  # facts: ten times what a long session leaves
WRITTEN = ("log", "takeaway", "risk", "name")  # what a learner may write; all but the name belongs to a context

Settings = Mapping[str, Value]


@dataclass(frozen=True)
class State:
    """Everything the page shows follows from this and the course.

    context: the side of the wall; settings: control values by context; chosen: options picked but not committed, by context
    and question; problems: what was wrong with a typed value or a press, by control or question; settled: no slider that a
    run depends on is being dragged; held: the settings as they were when a slider was taken that is still being dragged, None
    while none is; results: finished jobs at hand; picked: the panel and request of the floor that was pointed at, None for
    the slowest; record: the ledger's facts and settings; stored: the record as storage last had it; saved: where that is;
    notices: sentences that the learner has not yet closed; asking: the clear button was pressed once; pasted: the model read
    from a pasted config.json; strange: ids of facts that this version of the course can't make sense of, which are kept in
    the record and left out of everything that is shown; swept: the latest sweeps by scenario; mapping: the learner wants the
    feasibility map; sweeping: the frontier that the learner asked for; drafts: texts that are being written, by field, not
    yet in the record; shared: the settings of a link, until the learner takes or drops them; copied: what was copied last;
    given_up: jobs that brought nothing;
    offered: what the record that the address carried would add, until the learner decides;
    fresh: questions whose answers were committed on this visit and in this context, so that their verdicts are still news.
    """

    context: str
    settings: Mapping[str, Settings]
    chosen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    settled: bool = True
    held: Mapping[str, Settings] | None = None
    results: Mapping[Job, Result] = field(default_factory=dict)
    given_up: frozenset[Job] = frozenset()
    picked: tuple[str, int] | None = None
    record: ledger.Record = field(default_factory=ledger.Record)
    stored: ledger.Record = field(default_factory=ledger.Record)
    saved: str = UNKNOWN
    notices: tuple[str, ...] = ()
    asking: bool = False
    theme: str = "light"
    pasted: engine.Model | None = None
    strange: frozenset[str] = frozenset()
    swept: Mapping[sweeps.Scenario, sweeps.Sweep] = field(default_factory=dict)
    mapping: bool = False
    sweeping: sweeps.Scenario | None = None
    drafts: Mapping[str, str] = field(default_factory=dict)
    shared: share.Shared | None = None
    copied: Copied | None = None
    offered: ledger.Offer | None = None
    fresh: frozenset[str] = frozenset()

    def value(self, control: str) -> Value:
        """The value of a control in the current context."""
        return self.settings[self.context][control]


def at_rest(state: State) -> State:
    """The state with its sliders where they last rested: for instruments that follow a slider once it is let go."""
    return state if state.held is None else replace(state, settings=state.held)


def initial(course: Course) -> State:
    """The state of a first visit: what the page is prerendered with."""
    return State(context=course.at("course.context.default"), settings=defaults(course))


# --- What follows from the facts ---------------------------------------------------------------------------------------


def models(course: Course, state: State) -> Mapping[str, engine.Model]:
    """The models on offer by id: the catalogue's, and the one that was pasted."""
    return course.models if state.pasted is None else {**course.models, PASTED: state.pasted}


Facts = list[dict[str, Any]]


@dataclass(frozen=True)
class _Known:
    """The facts that the course understands, in order, and of them those that a view asks for again and again: the answer to
    each question of a context, and the last design of each."""

    record: tuple[dict[str, Any], ...]
    strange: frozenset[str]
    facts: Facts
    answers: Mapping[tuple[str, str], dict[str, Any]]
    designs: Mapping[str, dict[str, Any]]


_looked_through: list[_Known] = []  # the last few records: a frame asks fifty times, of one


def _known(state: State) -> _Known:
    """The facts of the record, looked through once."""
    record, strange = state.record.facts, state.strange
    for known in _looked_through:
        if known.record is record and known.strange is strange:
            return known
    facts = [fact for fact in record if fact["id"] not in strange]  # in order of (time, id)
    answers = {(f["context"], f["question"]): f for f in reversed(ledger.of_kind(facts, "answered"))}
    designs = {f["context"]: f for f in ledger.of_kind(facts, "recorded")}
    _looked_through[:] = [_Known(record, strange, facts, answers, designs), *_looked_through[:3]]
    return _looked_through[0]


def facts(state: State) -> Facts:
    """The facts of the record that this course understands, in order."""
    return [*_known(state).facts]


def design(state: State) -> dict[str, Any] | None:
    """The design recorded last in the current context, None without one."""
    return _known(state).designs.get(state.context)


def answer(state: State, question: str, context: str | None = None) -> dict[str, Any] | None:
    """The fact that locked a question in a context (the current one if not named), None while it is open."""
    return _known(state).answers.get((context or state.context, question))


def written(state: State, field: str) -> str:
    """What the learner has written into a field of the report, "" for nothing."""
    texts, key = _mapping(state.record.settings.get(ledger.TEXTS)), _place(state, field)
    return state.drafts.get(key, ledger.dated(texts.get(key))[1])


def _place(state: State, field: str) -> str:
    """Where a text is kept: the name once, everything else by context."""
    return field if field == "name" else f"{state.context}.{field}"


def number(state: State) -> str:
    """The number that the record was given, "" before its first commit."""
    return ledger.dated(state.record.settings.get(ledger.NUMBERED))[1]


def beside(course: Course, state: State) -> State | None:
    """The page as the settings of the opened link would have it, None without one."""
    shared = state.shared
    if shared is None or shared.context is None:
        return None
    theirs = {**state.settings[shared.context], **share.carried(course, shared.context), **shared.values}
    here = {**state.settings, shared.context: theirs}
    return replace(state, context=shared.context, settings=here)


def asked(course: Course, state: State, question: str) -> oracles.Scenario:
    """The scenario of a question: the one that was locked, or the one that it asks about in this context."""
    locked = answer(state, question)
    return locked["scenario"] if locked else oracles.scenario(course, question, state.context)


def is_open(state: State, act: str) -> bool:
    """Whether an act can be entered: the first always, the next when the one before is committed."""
    position = ACTS.index(act)
    return position == 0 or stage(state, ACTS[position - 1]) == COMMITTED


def stage(state: State, act: str) -> str:
    """The one stage machine of every act: predict -> locked -> explore -> committed."""
    if answer(state, f"{act}.prediction") is None:
        return PREDICT
    if answer(state, f"{act}.reflection") is not None:
        return COMMITTED
    return EXPLORE if _has_explored(state, act) else LOCKED


def _has_explored(state: State, act: str) -> bool:
    moved = state.record.moved
    return isinstance(moved, Mapping) and act in moved.get(state.context, ())


def can_answer(state: State, question: str) -> bool:
    """Whether a question may be answered now: its act is open, and a reflection only after the act's prediction."""
    act, _, part = question.partition(".")
    return is_open(state, act) and (part == "prediction" or answer(state, f"{act}.prediction") is not None)


def request(course: Course, state: State, side: str) -> RunRequest:
    """The run that a side asks for now; a quick one while a slider is held."""
    table = course.at("act2.simulation")
    count = table["requests"] if state.settled else table["quick_requests"]
    return serving.request_of(course, state.settings[state.context], side, count)


def sides(course: Course, state: State) -> dict[str, RunRequest]:
    """The run that each side asks for now."""
    return {side: request(course, state, side) for side in serving.SIDES}


def wanted(course: Course, state: State) -> list[Job]:
    """The runs that the page wants now, most urgent first; of its sweeps the next few, after everything else."""
    found = needed(course, state)
    return [*found, *_swept(course, state)] if state.settled else found


def _compared(course: Course, state: State) -> list[RunRequest]:
    """The runs that compare a link's settings with the learner's own, once the learner has seen what such runs say."""
    theirs = beside(course, state)
    if theirs is None or not (is_open(theirs, "act2") and answer(theirs, "act2.prediction")):
        return []
    mine = replace(state, context=theirs.context)
    return [request(course, page, side) for page in (theirs, mine) for side in serving.SIDES]


def needed(course: Course, state: State) -> list[Job]:
    """The runs that the page can't do without now, most urgent first. Act II's instruments want none before its lock."""
    found: list[Job] = []
    if is_open(state, "act2") and answer(state, "act2.prediction"):
        found += [request(course, state, side) for side in serving.SIDES]
    for question in ("act2.prediction", "act2.reflection"):
        locked = answer(state, question)
        if locked:
            found += oracles.needs(course, question, locked["scenario"])
    if found and state.settled:
        found += _ways_out(course, state)
        found += _spread(course, state)
    found += _replayed(course, state)
    if state.settled:
        found += _compared(course, state)
    return list(dict.fromkeys(found))


def _replayed(course: Course, state: State) -> list[Job]:
    """What the replays show: the memory once Act I is revealed, the floor once Act II is and no slider is held."""
    found: list[Job] = []
    if answer(state, "act1.prediction"):
        found.append(replays.blocks_request(course, state.settings[state.context], state.context))
    if state.settled and is_open(state, "act2") and answer(state, "act2.prediction"):
        found += replays.floor_requests(course, state.settings[state.context]).values()
    return found


def _spread(course: Course, state: State) -> list[RunRequest]:
    """The runs that say how sure the two sides' figures are: other days' traffic, and their capacity."""
    found: list[RunRequest] = []
    for side in serving.SIDES:
        asked = request(course, state, side)
        if state.results.get(asked, {}).get("runs"):
            found += [serving.flood(course, asked), *serving.band(course, asked)]
    near = (receipt(course, state, side) for side in serving.SIDES)
    return [*(receipts.request_of(course, row) for row in near if row), *found]


def receipt(course: Course, state: State, side: str) -> receipts.Measured | None:
    """The published measurement nearest to a side, None while its run is missing."""
    asked = request(course, state, side)
    return receipts.for_side(course, asked, state.results.get(asked))


def _ways_out(course: Course, state: State) -> list[RunRequest]:
    """The runs that a failing side's way out rests on: those tried so far, and the next one to try."""
    found: list[RunRequest] = []
    for side in serving.SIDES:
        asked = request(course, state, side)
        result = state.results.get(asked)
        if result is None:
            continue
        failure = serving.judge(course, side, result)
        if failure == serving.OK:
            continue
        for change in serving.changes(course, side, asked, failure):
            found.append(change.request)
            tried = state.results.get(change.request)
            if tried is None or serving.judge(course, side, tried) == serving.OK:
                break
    return found


def next_run(course: Course, state: State) -> Job | None:
    """The next job to do, None when everything wanted is at hand."""
    done = (state.results, state.given_up)
    urgent = next((asked for asked in needed(course, state) if not any(asked in known for known in done)), None)
    if urgent is None and state.settled:
        return next(iter(_swept(course, state)), None)
    return urgent


def scenario(course: Course, state: State, kind: str) -> sweeps.Scenario:
    """What a sweep of this kind would be about now."""
    if kind == sweeps.MAP:
        return sweeps.map_scenario(course, request(course, state, "a"))
    side = str(state.value("act2.sweep_side"))
    return sweeps.frontier_scenario(course, side, request(course, state, side))


def sweep(course: Course, state: State, kind: str) -> sweeps.Sweep:
    """The sweep of this kind for the scenario at hand, as far as it is known."""
    about = scenario(course, state, kind)
    return state.swept.get(about) or sweeps.untouched(about)


def is_sweeping(course: Course, state: State) -> bool:
    """Whether the frontier that the learner asked for is the one of the scenario at hand."""
    return state.sweeping is not None and state.sweeping == scenario(course, state, sweeps.FRONTIER)


def _asking(course: Course, state: State) -> list[sweeps.Sweep]:
    """The sweeps that are under way: those that the learner asked for."""
    if not (is_open(state, "act2") and answer(state, "act2.prediction")):
        return []
    asked = {sweeps.MAP: state.mapping, sweeps.FRONTIER: is_sweeping(course, state)}
    return [sweep(course, state, kind) for kind, wants in asked.items() if wants]


def _swept(course: Course, state: State) -> list[RunRequest]:
    """The next few runs of the sweeps under way."""
    found: list[RunRequest] = []
    for asking in _asking(course, state):
        missing = (run for run in sweeps.missing(course, asking, sides(course, state)) if run not in state.given_up)
        found += islice(missing, sweeps.AHEAD)
    return found


# --- reduce: one short function per action -----------------------------------------------------------------------------


def reduce(course: Course, state: State, action: Action) -> State:
    """The state after an action. Raises KeyError for an action that is not on the list: a bug, never a learner's doing."""
    handler: Callable[[Course, State, Any], State] = REDUCERS[type(action)]
    return handler(course, state, action)


def _context_chosen(course: Course, state: State, action: ContextChosen) -> State:
    if action.context not in course.contexts:
        return state
    return _remembered(replace(state, context=action.context, problems={}, fresh=frozenset()))


def _option_chosen(course: Course, state: State, action: OptionChosen) -> State:
    if answer(state, action.question) or course.option(action.question, action.option) is None:
        return state
    here = {**state.chosen.get(state.context, {}), action.question: action.option}
    problems = {key: text for key, text in state.problems.items() if key != action.question}
    return _remembered(replace(state, chosen={**state.chosen, state.context: here}, problems=problems))


def _answer_committed(course: Course, state: State, action: AnswerCommitted) -> State:
    option = state.chosen.get(state.context, {}).get(action.question)
    if answer(state, action.question) or not can_answer(state, action.question):
        return state
    if option is None:
        return replace(state, problems={**state.problems, action.question: course.at("words.choose_first")})
    fact = {
        "kind": "answered",
        "context": state.context,
        "question": action.question,
        "option": option,
        "at": action.at,
        "scenario": oracles.scenario(course, action.question, state.context),
    }
    return _added(replace(state, fresh=state.fresh | {action.question}), fact)


def _added(state: State, fact: dict[str, Any]) -> State:
    """The state with a fact more. Strange facts stand aside, so that one of them can't be in a new answer's way."""
    understood = replace(state.record, facts=tuple(facts(state)))
    return replace(state, record=ledger.merge(ledger.add(understood, fact), state.record))


def control(course: Course, state: State, id: str) -> Control:
    """A control with its limits of now: the context reaches as far as a pasted model says, or as it was set with one."""
    found = controls(course)[id]
    if id != CONTEXT or not isinstance(found, Range):
        return found
    chosen = state.pasted if state.value("act1.model") == PASTED else None
    return found.reaching(_longest(chosen), float(state.value(id)))


def _longest(model: engine.Model | None) -> float:
    """The context that a model's makers name, 0 where none is known."""
    return model.max_context_tokens if model and model.max_context_tokens < engine.ANY_CONTEXT else 0


def _control_moved(course: Course, state: State, action: ControlMoved) -> State:
    if action.control not in controls(course):
        return state
    value, problem = control(course, state, action.control).read(action.typed, state.value(action.control))
    if value == PASTED and state.pasted is None:
        value, problem = state.value(action.control), course.at("act1.calculator.paste.first")
    problems = {key: text for key, text in state.problems.items() if key != action.control}
    if problem and action.settled:
        problems[action.control] = problem
    return _set(course, replace(state, problems=problems), {action.control: value}, action.settled)


def _set(course: Course, before: State, values: Settings, settled: bool = True) -> State:
    """The state with some controls of the current context set; the act they belong to counts as explored.

    A side that comes to rest on another run is simulated anew even if that run is at hand: its outcome is a fact, and a
    fact needs the time that only a finished run brings. A slider that no run depends on may be held: the runs stay full.
    """
    here = {**before.settings[before.context], **values}
    state = replace(before, settings={**before.settings, before.context: here})
    untouched = before.settled and _live(course, state) == _live(course, before)
    held = None if settled else before.held or before.settings
    state = replace(state, settled=settled or untouched, held=held)
    if not settled:
        return state
    moved = _live(course, state) - _live(course, before)
    if moved & state.results.keys():
        results = {asked: result for asked, result in state.results.items() if asked not in moved}
        state = replace(state, results=results)
    return _remembered(state, {control.partition(".")[0] for control in values})


def _live(course: Course, state: State) -> set[RunRequest]:
    """The runs that the two sides ask for now."""
    return {request(course, state, side) for side in serving.SIDES}


def _controls_reset(course: Course, state: State, action: ControlsReset) -> State:
    start = defaults(course)[state.context]
    return _set(
        course,
        replace(state, problems={}),
        {id: value for id, value in start.items() if id.startswith(f"{action.act}.")},
    )


def _twist_flipped(course: Course, state: State, action: TwistFlipped) -> State:
    return _set(course, state, {"act1.kv_heads": PUBLISHED if action.published else FULL})


def _config_pasted(course: Course, state: State, action: ConfigPasted) -> State:
    try:
        text = engine.config_text(action.text)
        model = _model_of(text)
    except engine.ConfigError as mistake:
        return replace(state, problems={**state.problems, PASTED: course.told("config", [mistake])})
    problems = {key: text for key, text in state.problems.items() if key not in (PASTED, "act1.model")}
    state = replace(state, pasted=model, problems=problems)
    return _set(course, state, {"act1.model": PASTED, "act1.kv_heads": PUBLISHED})


def _model_of(config: str) -> engine.Model:
    """The model of a config.json, under a name that is a name: it is shown, and comes from anyone. Raises ConfigError."""
    model = engine.model_from_config(config)
    return replace(model, name=wording.as_name(model.name) or PASTED)


def _way_out_tried(course: Course, state: State, action: WayOutTried) -> State:
    asked = request(course, state, action.side)
    if asked not in state.results:
        return state
    change, _ = serving.way_out(course, action.side, asked, state.results)
    return state if change is None else _set(course, state, {change.setting: change.value})


def _run_finished(course: Course, state: State, action: RunFinished) -> State:
    state = _sweeps_noted(course, state, action)
    keep = set(needed(course, state))
    if action.request not in keep:
        return state
    results = {asked: result for asked, result in state.results.items() if asked in keep}
    state = replace(state, results={**results, action.request: action.result})
    return _failures_noted(course, state, action)


def _sweeps_noted(course: Course, state: State, action: RunFinished) -> State:
    """The state with a run that a sweep asked for taken into it."""
    for asking in _asking(course, state) if state.settled else ():
        asked = sides(course, state)
        if action.request in sweeps.missing(course, asking, asked):
            grown = sweeps.noted(course, asking, asked, action.request, action.result)
            state = replace(state, swept=sweeps.remembered(state.swept, grown))
    return state


def _sweep_started(course: Course, state: State, action: SweepStarted) -> State:
    if action.kind == sweeps.MAP:
        return replace(state, mapping=True)
    return replace(state, sweeping=scenario(course, state, sweeps.FRONTIER))


def _sweep_cancelled(course: Course, state: State, action: SweepCancelled) -> State:
    return replace(state, mapping=False) if action.kind == sweeps.MAP else replace(state, sweeping=None)


def _change_taken(course: Course, state: State, action: ChangeTaken) -> State:
    known = sweep(course, state, sweeps.FRONTIER)
    own = request(course, state, known.scenario.side)
    best = sweeps.best_change(course, known, own)
    return _set(course, state, {best[0].setting: best[0].value}) if best else state


def _request_picked(course: Course, state: State, action: RequestPicked) -> State:
    return replace(state, picked=None if action.request is None else (action.panel, action.request))


def _failures_noted(course: Course, state: State, action: RunFinished) -> State:
    """The first time a side breaks, and each time it changes between broken and mended, is a fact of the record."""
    for side in serving.SIDES:
        if not state.settled or request(course, state, side) != action.request:
            continue
        failure = serving.judge(course, side, action.result)
        last = _last_state(facts(state), state.context, side)
        if failure != last:
            kind = "mended" if failure == serving.OK else "broke"
            fact = {"kind": kind, "context": state.context, "side": side, "failure": failure, "at": action.at}
            found = {"needs": action.result["kv_needs"], "has": action.result["kv_has"]}
            state = _added(state, fact | {"numbers": found, "request": asdict(action.request)})
    return state


def _last_state(known: list[dict[str, Any]], context: str, side: str) -> str:
    changes = [fact for fact in known if fact["kind"] in ("broke", "mended")]
    mine = [fact["failure"] for fact in changes if (fact["context"], fact["side"]) == (context, side)]
    return mine[-1] if mine else serving.OK


def _design_recorded(course: Course, state: State, action: DesignRecorded) -> State:
    asked = {side: request(course, state, side) for side in serving.SIDES}
    if any(run not in state.results for run in asked.values()):
        return state
    outcome = {
        side: {"state": serving.judge(course, side, state.results[run]), **serving.figures(state.results[run])}
        for side, run in asked.items()
    }
    fact = {
        "kind": "recorded",
        "context": state.context,
        "at": action.at,
        "settings": {side: asdict(run) for side, run in asked.items()},
        "seed": asked["a"].seed,
        "result": outcome,
    }
    return _added(state, fact)


def _ledger_read(course: Course, state: State, action: LedgerRead) -> State:
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
    return _with_notice(state, problem) if problem else state


def _understood(course: Course, state: State) -> State:
    """The state with the facts that this course can't make sense of marked as strange, and the learner told once."""
    strange = _strange(course, state.record.facts)
    told = strange <= state.strange
    state = replace(state, strange=strange)
    return state if told else _with_notice(state, course.at("words.strange_facts"))


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
    state = replace(state, pasted=_pasted(saved) or state.pasted)
    table, settings = controls(course), {context: dict(values) for context, values in state.settings.items()}
    for context, values in _mapping(saved.get("controls")).items():
        for id, value in _mapping(values).items():
            if context in settings and id in table:
                wide = table[id]
                wide = wide.reaching(_longest(state.pasted)) if id == CONTEXT and isinstance(wide, Range) else wide
                read = wide.read(value, settings[context][id])[0]
                settings[context][id] = settings[context][id] if read == PASTED and state.pasted is None else read
    chosen = {
        context: {q: o for q, o in _mapping(picked).items() if q in QUESTIONS and course.option(q, str(o))}
        for context, picked in _mapping(saved.get("chosen")).items()
        if context in course.contexts
    }
    merged = {context: {**chosen.get(context, {}), **state.chosen.get(context, {})} for context in course.contexts}
    last = saved.get("context")
    return replace(state, settings=settings, chosen=merged, context=last if last in course.contexts else state.context)


def _pasted(saved: Mapping[str, Any]) -> engine.Model | None:
    """The model that was pasted in the last visit, None without one. Earlier versions kept the text of its config.json."""
    try:
        if isinstance(saved.get("config"), str):
            return _model_of(saved["config"])
        return engine.model_from_plain(saved[PASTED]) if saved.get(PASTED) is not None else None
    except engine.PhysicsError:
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _remembered(state: State, moved: set[str] | None = None) -> State:
    """The record with what the page keeps between visits: controls, choices, context, and the acts that were explored."""
    before = _mapping(state.record.moved)
    acts = {context: sorted(set(before.get(context, ()))) for context in state.settings}
    acts[state.context] = sorted({*acts[state.context], *(moved or ())})
    kept = {
        "context": state.context,
        "controls": {context: dict(values) for context, values in state.settings.items()},
        "chosen": {context: dict(picked) for context, picked in state.chosen.items()},
        "moved": acts,
        PASTED: None if state.pasted is None else engine.model_to_plain(state.pasted),
    }
    return replace(state, record=replace(state.record, settings={**state.record.dated, **kept}))


def _text_written(course: Course, state: State, action: TextWritten) -> State:
    if action.field not in WRITTEN:
        return state
    text = action.text.encode("utf-8", "ignore").decode("utf-8")[: ledger.MAX_TEXT]
    key, others = _place(state, action.field), dict(state.drafts)
    if not action.settled:
        return replace(state, drafts={**others, key: text})
    others.pop(key, None)
    return replace(state, drafts=others, record=ledger.edited(state.record, key, text, action.at))


def _record_numbered(course: Course, state: State, action: RecordNumbered) -> State:
    if number(state):
        return state
    given = {**state.record.settings, ledger.NUMBERED: {"text": action.number, "at": action.at}}
    return replace(state, record=replace(state.record, settings=given))


def _link_opened(course: Course, state: State, action: LinkOpened) -> State:
    return replace(state, shared=share.read(course, action.fragment))


def _link_answered(course: Course, state: State, action: LinkAnswered) -> State:
    theirs = beside(course, state) if action.take else None
    state = replace(state, shared=None)
    if theirs is None:
        return state
    state = replace(state, context=theirs.context, problems={})
    here = state.settings[theirs.context]
    return _set(
        course, state, {id: value for id, value in theirs.settings[theirs.context].items() if here[id] != value}
    )


def _with_notice(state: State, sentence: str) -> State:
    return state if sentence in state.notices else replace(state, notices=(*state.notices, sentence))


def _save_finished(course: Course, state: State, action: SaveFinished) -> State:
    merged, known = ledger.merge(state.record, action.record), state.record.facts
    state = replace(state, record=merged, stored=merged, saved=action.saved)
    if merged.facts is not known:
        state = _understood(course, state)
    return state if action.notice is None else _with_notice(state, action.notice)


def _cleared(course: Course, state: State, action: Cleared) -> State:
    return replace(_blank(course, state), record=action.record, stored=action.record, saved=action.saved)


def _blank(course: Course, state: State) -> State:
    """A first visit, in the context and the theme that the learner has before them."""
    return replace(initial(course), context=state.context, theme=state.theme)


def _record_offered(course: Course, state: State, action: RecordOffered) -> State:
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


def _record_taken(course: Course, state: State, action: RecordTaken) -> State:
    if state.offered is None:
        return state
    return _with_record(course, replace(state, offered=None), state.offered.record)


def _with_record(course: Course, state: State, theirs: ledger.Record) -> State:
    """The state with what a link adds to its record, as that is by now."""
    united, _ = ledger.taken(state.record, ledger.guest(theirs, state.record))
    return _understood(course, replace(state, record=united))


REDUCERS: Mapping[type, Callable[[Course, State, Any], State]] = {
    ContextChosen: _context_chosen,
    ThemeChanged: lambda course, state, action: replace(state, theme=action.theme),
    OptionChosen: _option_chosen,
    AnswerCommitted: _answer_committed,
    ControlMoved: _control_moved,
    ControlsReset: _controls_reset,
    TwistFlipped: _twist_flipped,
    ConfigPasted: _config_pasted,
    WayOutTried: _way_out_tried,
    RunFinished: _run_finished,
    RunGivenUp: lambda course, state, action: replace(state, given_up=state.given_up | {action.request}),
    RequestPicked: _request_picked,
    DesignRecorded: _design_recorded,
    SweepStarted: _sweep_started,
    SweepCancelled: _sweep_cancelled,
    ChangeTaken: _change_taken,
    TextWritten: _text_written,
    RecordNumbered: _record_numbered,
    LinkOpened: _link_opened,
    LinkAnswered: _link_answered,
    Copied: lambda course, state, action: replace(state, copied=action),
    LedgerRead: _ledger_read,
    SaveFinished: _save_finished,
    Noticed: lambda course, state, action: _with_notice(state, action.sentence),
    NoticeClosed: lambda course, state, action: replace(state, notices=()),
    RecordOffered: _record_offered,
    RecordTaken: _record_taken,
    Saved: lambda course, state, action: replace(state, saved=action.saved),
    ClearAsked: lambda course, state, action: replace(state, asking=action.ask),
    Cleared: _cleared,
}


# --- effects: what the world has to do ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Save:
    """Write the record, with the thirteen agreed fields, into the saved document."""

    record: ledger.Record
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Simulate:
    """Do one job and report it with RunFinished."""

    request: Job


Effect = Save | Simulate


def effects(course: Course, before: State, after: State) -> list[Effect]:
    """What has to be done because `before` became `after`. A record that came from storage is not written back, unless
    storage lacks some of the work in it."""
    found: list[Effect] = []
    lacking = after.stored is not before.stored and ledger.work(after.record) != ledger.work(after.stored)
    if lacking or after.record not in (before.record, after.stored):
        found.append(Save(after.record, fields(course, after)))
    run = next_run(course, after)
    if run is not None:
        found.append(Simulate(run))
    return found


def fields(course: Course, state: State) -> dict[str, Any]:
    """The thirteen fields that the curriculum's labs agreed on, for the current context; None for what isn't known yet."""
    predicted, recorded = answer(state, "act1.prediction"), design(state)
    asked = predicted["scenario"] if predicted else oracles.scenario(course, "act1.prediction", state.context)
    side = serving.SIDES[course.contexts.index(state.context) % len(serving.SIDES)]
    broke = [fact for fact in ledger.of_kind(facts(state), "broke") if fact["context"] == state.context]
    result = recorded["result"] if recorded else None
    kv_bytes = oracles.users_numbers(course, asked)["kv_user_bytes"]
    right = oracles.is_right(course, "act1.prediction", asked, predicted["option"], {}) if predicted else None
    return {
        "context": state.context,
        "model_params_b": course.models[asked["model"]].parameters / 1e9,
        "context_length": asked["context_tokens"],
        "max_batch_size": recorded["settings"][side]["max_batch"] if recorded else None,
        "kv_cache_gb": kv_bytes / 1e9,
        "ttft_ms": _times(result, "a", "ttft_p99_s", 1e3),
        "throughput_tps": _times(result, "b", "throughput_output_tokens_per_s", 1),
        "act1_prediction": predicted["option"] if predicted else None,
        "act1_correct": right,
        "act2_result": {name: result[name]["state"] for name in serving.SIDES} if result else None,
        "act2_decision": _decision(recorded["settings"]) if recorded else None,
        "constraint_hit": bool(broke),
        "slo_met": result["a"]["state"] == serving.OK if result else None,
    }


def _times(result: Mapping[str, Any] | None, side: str, key: str, factor: float) -> float | None:
    value = result[side].get(key) if result else None
    return None if value is None else value * factor


def _decision(settings: Mapping[str, Any]) -> str:
    sides = (settings[side] for side in serving.SIDES)
    return " | ".join(
        f"{s['policy']}, batch {s['max_batch']}, {s['max_sequence']} tokens, {s['load']}/s" for s in sides
    )
