"""The simulator's thread: a job that takes too long is refused, never done again in the page; one thread follows another."""

import pytest

from content.course import Kind
from runs import jobs
from runs.jobs import Outcome
from state import store
from tests import lab as native
from tests.unit.test_jobs import SOME
from threads import simulator


class Event:
    """A message of the thread."""

    def __init__(self, data=""):
        self.data = data


class Thread:
    """A worker: what it was sent, and a way to let it speak."""

    def __init__(self):
        self.sent, self.heard, self.ended = [], {}, False

    def postMessage(self, message):
        self.sent.append(message)

    def addEventListener(self, name, deed):
        self.heard[name] = deed

    def terminate(self):
        self.ended = True

    def says(self, text, kind="message"):
        assert not self.ended
        self.heard[kind](Event(text))


class Window:
    """A browser's window whose time passes when the test says so."""

    def __init__(self, forbids=False):
        self.forbids, self.threads, self.timers, self.now, self.last = forbids, [], {}, 0, 0
        self.Worker = self.JSON = self

    def new(self, address, options):
        if self.forbids:
            raise RuntimeError("SecurityError")
        self.threads.append(Thread())
        return self.threads[-1]

    def parse(self, text):
        return text

    def setTimeout(self, deed, wait):
        self.last += 1
        self.timers[self.last] = (self.now + wait, deed)
        return self.last

    def clearTimeout(self, timer):
        self.timers.pop(timer, None)

    def passes(self, ms):
        """Let so much time pass: what is due happens in its turn."""
        end = self.now + ms
        while due := [(at, number) for number, (at, _) in self.timers.items() if at <= end]:
            at, number = min(due)
            self.now = max(self.now, at)
            self.timers.pop(number)[1]()
        self.now = end


class Bench:
    """A simulator in a window, with what came of its jobs."""

    def __init__(self, **options):
        self.window, self.outcomes, self.wanted = Window(**options), [], True
        self.simulator = simulator.Simulator(
            self.window,
            lambda deed: deed,
            native.shipped(),
            lambda job, outcome: self.outcomes.append(outcome),
            lambda job: self.wanted,
            lambda: False,
            "simulator.mjs",
        )


JOB = SOME["run"]()


@pytest.fixture
def here(monkeypatch):
    """The jobs that are done in the page's own thread."""
    done = []
    monkeypatch.setattr(jobs, "outcome", lambda course, job: done.append(job) or Outcome(result={"runs": 1}))
    return done


def test_a_job_that_takes_too_long_is_refused_and_the_next_one_gets_a_new_thread(here):
    bench = Bench()
    bench.simulator.ask(JOB)
    bench.window.threads[0].says("ready")
    bench.window.passes(simulator.PATIENCE_MS)
    assert bench.outcomes == [Outcome(late=True)] and bench.window.threads[0].ended
    bench.simulator.ask(JOB)
    bench.window.passes(1000)
    assert len(bench.window.threads) == 2 and here == []


def test_a_job_that_nobody_wants_any_more_is_stopped(here):
    bench = Bench()
    bench.simulator.ask(JOB)
    bench.window.threads[0].says("ready")
    bench.wanted = False
    bench.window.passes(simulator.UNWANTED_MS)
    assert bench.outcomes == [Outcome(dropped=True)] and bench.window.threads[0].ended and here == []
    assert bench.simulator.job is None and not bench.window.timers


def test_a_job_that_ends_in_time_is_let_be(here):
    bench = Bench()
    bench.simulator.ask(JOB)
    thread = bench.window.threads[0]
    bench.window.passes(simulator.START_MS - 1)  # Python starts slowly here
    thread.says("ready")
    bench.window.passes(simulator.PATIENCE_MS - 1)
    thread.says('{"result": {"runs": 1}}')
    assert bench.outcomes == [Outcome(result={"runs": 1})] and not thread.ended and here == []
    bench.window.passes(10 * simulator.PATIENCE_MS)
    assert len(bench.outcomes) == 1


GONE = {
    "dies": lambda bench: bench.window.threads[0].says("", "error"),
    "breaks": lambda bench: bench.window.threads[0].says('{"failure": "out of memory"}'),
    "never starts": lambda bench: bench.window.passes(simulator.START_MS),
}


@pytest.mark.parametrize("gone", GONE)
def test_a_thread_that_is_gone_leaves_its_job_to_the_page(here, gone):
    bench = Bench()
    bench.simulator.ask(JOB)
    GONE[gone](bench)
    bench.window.passes(1)
    assert here == [JOB] and bench.outcomes == [Outcome(result={"runs": 1})]
    bench.simulator.ask(JOB)
    bench.window.passes(1)
    assert here == [JOB, JOB] and len(bench.window.threads) == 1


def test_the_page_itself_does_no_long_job(here):
    bench = Bench(forbids=True)
    bench.simulator.ask(SOME["run"]().__class__(**{**vars(JOB), "requests": 1_000_000}))
    bench.window.passes(1)
    assert bench.outcomes == [Outcome(late=True)] and here == []


def test_a_job_that_fails_is_an_outcome_wherever_it_is_done(monkeypatch):
    broken = {**jobs.kinds(native.shipped()), "run": Kind(type(JOB), lambda course, job: 1 // 0)}
    monkeypatch.setattr(jobs, "kinds", lambda course: broken)
    bench = Bench(forbids=True)
    bench.simulator.ask(JOB)
    bench.window.passes(1)
    assert bench.outcomes[0].broken.startswith("ZeroDivisionError") and bench.simulator.job is None
    answer = jobs.read_outcome(jobs.answered(native.shipped(), jobs.pack(native.shipped(), JOB)))
    assert answer == bench.outcomes[0]


def test_a_job_that_brought_nothing_is_no_failure_of_the_design_and_is_not_asked_for_again():
    course, state = native.shipped(), native.walked(until=2)
    state = native.answered(state, "act2.prediction", native.option_ids("act2.prediction")[0])
    asked = store.next_run(course, state)
    after = native.after(state, store.RunGivenUp(asked))
    assert after.record == state.record and asked not in after.results
    assert store.next_run(course, after) not in (None, asked)
