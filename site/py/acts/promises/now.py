"""Act II as it is now: the runs that its two sides ask for, and what else its instruments need computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from acts.promises import chat, floor, receipts, serving, sweeps, tails
from acts.promises.controls import ID, SWEEP_SIDE
from acts.promises.serving import RunRequest
from acts.promises.shape import Simulation
from content.control import Settings
from content.course import Course, Fact, Job, Result
from page.remembered import remembered
from record import ledger
from state import store
from state.store import State


@dataclass(frozen=True)
class Kept:
    """What the act keeps beside its controls. picked: the panel and request of the floor that was pointed at, None for the
    slowest; swept: the latest sweeps by scenario; mapping: the learner wants the feasibility map; sweeping: the frontier that
    the learner asked for."""

    picked: tuple[str, int] | None = None
    swept: Mapping[sweeps.Scenario, sweeps.Sweep] = field(default_factory=dict)
    mapping: bool = False
    sweeping: sweeps.Scenario | None = None


def kept(state: State) -> Kept:
    """What the act keeps in a state."""
    return state.kept(ID, Kept())


def is_revealed(course: Course, state: State) -> bool:
    """Whether the act's instruments may be seen."""
    return store.is_revealed(course, state, ID)


@dataclass(frozen=True)
class Design:
    """A design that was recorded: each side's run and its figures as they were then, with its state among them."""

    runs: Mapping[str, RunRequest]
    results: Mapping[str, Result]


@dataclass(frozen=True)
class Failure:
    """A side that broke, or was mended: its state then, one of serving.STATES."""

    side: str
    failure: str
    fact: Fact


def design(state: State) -> Design | None:
    """The design recorded last in the current context, None without one."""
    recorded = ledger.of_kind(store.facts(state), "recorded")
    last = next((fact for fact in reversed(recorded) if fact["context"] == state.context), None)
    return None if last is None else _design(last)


@remembered
def _design(fact: Fact) -> Design:
    runs = {side: RunRequest(**fact["settings"][side]) for side in serving.SIDES}
    return Design(runs, {side: fact["result"][side] for side in serving.SIDES})


def failures(state: State, *kinds: str) -> list[Failure]:
    """What broke in the current context, in order; with `kinds` "broke" and "mended" what was mended too."""
    facts = (fact for fact in store.facts(state) if fact["kind"] in (kinds or ("broke",)))
    return [Failure(fact["side"], fact["failure"], fact) for fact in facts if fact["context"] == state.context]


def request(course: Course, state: State, side: str) -> RunRequest:
    """The run that a side asks for now; a quick one while a slider is held."""
    return sides(course, state)[side]


def sides(course: Course, state: State) -> dict[str, RunRequest]:
    """The run that each side asks for now."""
    return _sides(course, state.settings[state.context], state.settled)


@remembered
def _sides(course: Course, settings: Settings, settled: bool) -> dict[str, RunRequest]:
    simulation = course.read(Simulation, "act2.simulation")
    count = simulation.requests if settled else simulation.quick_requests
    return {side: serving.request_of(course, settings, side, count) for side in serving.SIDES}


@dataclass(frozen=True)
class Hand:
    """What the act's instruments show from: each side's run, the results at hand, whether no slider is held, light or dark."""

    requests: Mapping[str, RunRequest]
    results: Mapping[Job, Result]
    settled: bool
    theme: str

    def result(self, side: str) -> Result | None:
        """What came of a side's run, None while it is missing."""
        return self.results.get(self.requests[side])


def hand(course: Course, state: State) -> Hand:
    """What the act's instruments show from now."""
    return Hand(sides(course, state), state.results, state.settled, state.theme)


def live(course: Course, state: State) -> set[Job]:
    """The runs that the two sides ask for now, as the jobs that follow the controls."""
    return set(sides(course, state).values())


# --- What else is computed ---------------------------------------------------------------------------------------------


def needed(course: Course, state: State) -> list[Job]:
    """The runs that the act can't do without now, most urgent first. Its instruments want none before its lock."""
    found: list[Job] = []
    if is_revealed(course, state):
        found += sides(course, state).values()
    found += store.answered_needs(course, state, ID)
    if found and state.settled:
        found += _ways_out(course, state)
        found += _spread(course, state)
    if state.settled:
        if is_revealed(course, state):
            found += floor.floor_requests(course, state.settings[state.context]).values()
            found.append(chat.request_of(course, state.settings[state.context]))
        found += _compared(course, state)
    return found


def _compared(course: Course, state: State) -> list[RunRequest]:
    """The runs that compare a link's settings with the learner's own, once the learner has seen what such runs say."""
    theirs = store.beside(course, state)
    if theirs is None or not is_revealed(course, theirs):
        return []
    mine = replace(state, context=theirs.context)
    return [request(course, page, side) for page in (theirs, mine) for side in serving.SIDES]


def _spread(course: Course, state: State) -> list[Job]:
    """The runs that say how sure the two sides' figures are: other days' traffic, their capacity, and measured servers."""
    found: list[RunRequest] = []
    for side in serving.SIDES:
        run = request(course, state, side)
        if state.results.get(run, {}).get("runs"):
            found += [serving.flood(course, run), *serving.band(course, run)]
    at = hand(course, state)
    near = (receipt(course, at, side) for side in serving.SIDES)
    shown = [receipts.request_of(course, row) for row in near if row]
    return [*shown, *found, tails.request_of(course)]


def receipt(course: Course, at: Hand, side: str) -> receipts.Measured | None:
    """The published measurement nearest to a side, None while its run is missing."""
    return receipts.for_side(course, at.requests[side], at.result(side))


def _ways_out(course: Course, state: State) -> list[RunRequest]:
    """The runs that a failing side's way out rests on: those tried so far, and the next one to try."""
    found: list[RunRequest] = []
    for side in serving.SIDES:
        run = request(course, state, side)
        result = state.results.get(run)
        if result is None:
            continue
        failure = serving.judge(course, side, result)
        if failure == serving.OK:
            continue
        for change in serving.changes(course, side, run, failure):
            found.append(change.request)
            tried = state.results.get(change.request)
            if tried is None or serving.judge(course, side, tried) == serving.OK:
                break
    return found


# --- Sweeps ------------------------------------------------------------------------------------------------------------


def scenario(course: Course, state: State, kind: str) -> sweeps.Scenario:
    """What a sweep of this kind would be about now."""
    side = "a" if kind == sweeps.MAP else str(state.value(SWEEP_SIDE))
    return _scenario(course, kind, side, request(course, state, side))


@remembered
def _scenario(course: Course, kind: str, side: str, run: RunRequest) -> sweeps.Scenario:
    if kind == sweeps.MAP:
        return sweeps.map_scenario(course, run)
    return sweeps.frontier_scenario(course, side, run)


def sweep(course: Course, state: State, kind: str) -> sweeps.Sweep:
    """The sweep of this kind for the scenario at hand, as far as it is known."""
    about = scenario(course, state, kind)
    return kept(state).swept.get(about) or sweeps.untouched(about)


def is_sweeping(course: Course, state: State) -> bool:
    """Whether the frontier that the learner asked for is the one of the scenario at hand."""
    wanted = kept(state).sweeping
    return wanted is not None and wanted == scenario(course, state, sweeps.FRONTIER)


def under_way(course: Course, state: State) -> list[sweeps.Sweep]:
    """The sweeps that are under way: those that the learner wanted for."""
    if not is_revealed(course, state):
        return []
    wanted = {sweeps.MAP: kept(state).mapping, sweeps.FRONTIER: is_sweeping(course, state)}
    return [sweep(course, state, kind) for kind, wants in wanted.items() if wants]


def spare(course: Course, state: State) -> list[Job]:
    """The next few runs of the sweeps under way."""
    found: list[Job] = []
    for asking in under_way(course, state):
        missing = (run for run in sweeps.missing(course, asking, sides(course, state)) if run not in state.given_up)
        found += islice(missing, sweeps.AHEAD)
    return found
