"""The simulator: jobs one after the other, in a thread with a Python of its own, so that the page stays free to answer.

A second Python takes a second to start and a phone's memory, so there is one only while there are jobs for it. Where the browser
gives no such thread, or it dies, jobs are done in the page's own, between two frames. A job that takes too long, or that nobody
wants any more, is stopped: its thread is ended, and the next job gets a new one. The browser's objects are handed in; what a
job's outcome means is the caller's business.
"""

import json
from collections.abc import Callable
from typing import Any

from content.course import Course
from runs import jobs
from runs.jobs import Job, Outcome

START_MS = 60_000  # a thread that hasn't started Python after so long can't be had
PATIENCE_MS = 30_000  # no job takes a tenth of that: one that does will never end
UNWANTED_MS = 8_000  # a job that nobody wants any more may end within that: a new thread costs as much
CHECK_MS = 2_000  # how often somebody looks
READY = "ready"  # what the thread says when its Python has started


class Simulator:
    """At most one job at a time. `finished(job, outcome)` is called for each, in the page's thread."""

    def __init__(
        self,
        window: Any,
        proxy: Callable[[Any], Any],
        course: Course,
        finished: Callable[[Job, Outcome], None],
        wanted: Callable[[Job], bool],
        busy_page: Callable[[], bool],
        address: str | None,
    ) -> None:
        """proxy makes a Python function callable for the browser; wanted says whether a job still is; busy_page that a frame
        is still to be painted; address is the thread's script, None where there can't be one."""
        self.address = address
        self.window, self.course, self.finished, self.busy_page = window, course, finished, busy_page
        self.wanted = wanted
        self.job: Job | None = None
        self.worker: Any = None
        self.ready = False  # the thread's Python has started
        self.watch = 0
        self.waited_ms = 0  # for the thread to start, and then for the job
        self.answered, self.lost, self.here = proxy(self._answered), proxy(self._lost), proxy(self._here)
        self.check = proxy(self._check)

    def wake(self) -> None:
        """Have the thread ready: there will be a job soon. A browser that forbids it says so by an exception or an event."""
        if self.worker is not None or self.address is None:
            return
        try:
            worker = self.window.Worker.new(self.address, self.window.JSON.parse(json.dumps({"type": "module"})))
            worker.postMessage(getattr(self.window, "labMachineCode", None))  # runtime.mjs; the one file has none
        except Exception:  # whatever the browser throws: the page's own thread does it then
            self.address = None
            return
        self.worker = worker
        self.worker.addEventListener("message", self.answered)
        self.worker.addEventListener("error", self.lost)
        self.worker.addEventListener("messageerror", self.lost)

    def rest(self) -> None:
        """There will be no job for a while: give the thread and its memory back."""
        if self.job is None:
            self._end()

    def ask(self, job: Job) -> None:
        """Do a job, unless one is under way: the caller asks again when that is finished."""
        if self.job is not None:
            return
        self.job = job
        self.wake()
        if self.worker is None:
            self.window.setTimeout(self.here, 0)
        else:
            self.worker.postMessage(jobs.pack(self.course, job))
            self._wait(0)

    def _wait(self, waited_ms: int) -> None:
        self.window.clearTimeout(self.watch)
        self.waited_ms, self.watch = waited_ms, self.window.setTimeout(self.check, CHECK_MS)

    def _check(self, *_: Any) -> None:
        """The job has been under way for a while: stop it if that is too long, or if it is no longer wanted."""
        if self.job is None or self.worker is None:
            return
        waited = self.waited_ms + CHECK_MS  # a page that sleeps counts no time
        if not self.ready:
            if waited >= START_MS:
                self._lost()
            else:
                self._wait(waited)
        elif waited >= UNWANTED_MS and not self.wanted(self.job):
            self._end()
            self._finish(Outcome(dropped=True))
        elif waited >= PATIENCE_MS:
            self._end()
            self._finish(Outcome(late=True))
        else:
            self._wait(waited)

    def _answered(self, event: Any) -> None:
        if str(event.data) == READY:
            self.ready = True
            if self.job is not None:
                self._wait(0)
            return
        if self.job is None:
            return
        outcome = jobs.read_outcome(str(event.data))
        if outcome.failure is not None:
            self._lost()
        else:
            self._finish(outcome)

    def _end(self) -> None:
        """End the thread; the next job gets a new one."""
        if self.worker is not None:
            self.worker.terminate()
        self.worker, self.ready = None, False

    def _lost(self, *_: Any) -> None:
        """The thread is gone, or broken: from now on the page's own thread does the jobs, beginning with this one."""
        self.window.clearTimeout(self.watch)
        self.address = None
        self._end()
        if self.job is not None:
            self.window.setTimeout(self.here, 0)

    def _here(self, *_: Any) -> None:
        """Do the job in the page's thread, once the frame before it has been painted; nothing can stop it there."""
        if self.busy_page():
            self.window.setTimeout(self.here, 0)
        elif self.job is not None:
            short = jobs.is_short(self.job)
            self._finish(jobs.outcome(self.course, self.job) if short else Outcome(late=True))

    def _finish(self, outcome: Outcome) -> None:
        self.window.clearTimeout(self.watch)
        job, self.job = self.job, None
        assert job is not None
        self.finished(job, outcome)
