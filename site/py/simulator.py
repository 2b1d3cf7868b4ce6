"""The simulator: jobs one after the other, in a thread with a Python of its own, so that the page stays free to answer.

A second Python takes a second to start and a phone's memory, so there is one only while there are jobs for it. Where the browser
gives no such thread, or it dies, jobs are done in the page's own, between two frames. The browser's objects are handed in; what
a job's outcome means is the caller's business.
"""

import json
from collections.abc import Callable
from typing import Any

import jobs
from course import Course
from jobs import Job, Outcome

PATIENCE_MS = 30_000  # no job takes a tenth of that: a thread that is silent for so long is lost


class Simulator:
    """At most one job at a time. `finished(job, outcome)` is called for each, in the page's thread."""

    def __init__(
        self,
        window: Any,
        proxy: Callable[[Any], Any],
        course: Course,
        finished: Callable[[Job, Outcome], None],
        busy_page: Callable[[], bool],
        address: str,
    ) -> None:
        """proxy makes a Python function callable for the browser; busy_page says that a frame is still to be painted;
        address is the thread's script."""
        self.address: str | None = address
        self.window, self.course, self.finished, self.busy_page = window, course, finished, busy_page
        self.job: Job | None = None
        self.worker: Any = None
        self.watch = 0
        self.answered, self.lost, self.here = proxy(self._answered), proxy(self._lost), proxy(self._here)

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
        if self.job is None and self.worker is not None:
            self.worker.terminate()
            self.worker = None

    def ask(self, job: Job) -> None:
        """Do a job, unless one is under way: the caller asks again when that is finished."""
        if self.job is not None:
            return
        self.job = job
        self.wake()
        if self.worker is None:
            self.window.setTimeout(self.here, 0)
        else:
            self.worker.postMessage(jobs.pack(job))
            self.watch = self.window.setTimeout(self.lost, PATIENCE_MS)

    def _answered(self, event: Any) -> None:
        if self.job is None:
            return
        outcome = jobs.read_outcome(str(event.data))
        if outcome.failure is not None:
            self._lost()
        else:
            self._finish(outcome)

    def _lost(self, *_: Any) -> None:
        """The thread is gone, or broken: from now on the page's own thread does the jobs, beginning with this one."""
        self.window.clearTimeout(self.watch)
        self.address = None
        if self.worker is not None:
            self.worker.terminate()
            self.worker = None
        if self.job is not None:
            self.window.setTimeout(self.here, 0)

    def _here(self, *_: Any) -> None:
        """Do the job in the page's thread, once the frame before it has been painted."""
        if self.busy_page():
            self.window.setTimeout(self.here, 0)
        elif self.job is not None:
            self._finish(jobs.outcome(self.course, self.job))

    def _finish(self, outcome: Outcome) -> None:
        self.window.clearTimeout(self.watch)
        job, self.job = self.job, None
        assert job is not None
        self.finished(job, outcome)
