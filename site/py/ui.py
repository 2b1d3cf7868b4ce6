"""The page: the only file that knows a browser. It turns events into actions, states into frames, effects into deeds.

Way of one event: a listener on the document reads `data-action` -> an action, with the time added here -> `store.reduce`
-> a new state -> at the next animation frame `views.frame` -> the screen touches what differs. Jobs go to the simulator one
at a time; one that is no longer wanted is never started. What is kept, told to a host, written and exchanged: `loop/`.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

from js import document, window
from pyodide.ffi import create_proxy

import engine
import views
from acts import shipped
from content import wording
from content.course import Course
from loop.exchange import Exchange
from loop.hosting import Hosting, is_alone
from loop.keeping import Keeping, LocalStorage, Memory
from loop.loop import Loop, now
from loop.writing import Writing
from page.screen import Screen
from record import ledger
from record.keeper import OWN_KEY, Keeper
from report.outlet import Outlet
from runs.jobs import Job, Outcome, refused
from state import store
from state.act import Press
from threads.simulator import Simulator
from views.parts import plain

DARK = "(prefers-color-scheme: dark)"
TOGETHER_MS = 300  # results that follow one another are shown together, at most this often


class App(Loop):
    """The loop of the page: what follows from an action is done, and shown at the next frame."""

    def __init__(self, course: Course) -> None:
        super().__init__(course, window, create_proxy)
        self.screen = Screen(course, window, create_proxy, self.guarded(self.on_replay))
        self.frame_requested = False
        self.frame_due = 0  # the timer of a frame that may wait
        self.frame_at = 0.0  # when the last one was shown, ms
        self.render_proxy, self.due = self.callback(self.render), self.callback(self.show_soon)
        self.reading: asyncio.Future[None] | None = None  # the file being read; kept, or it might be collected
        alone = is_alone(window)
        mirror = None if alone else getattr(window, "labMirror", None)
        keeper = (
            Keeper(Memory(), place=store.SAVING)
            if alone
            else Keeper(LocalStorage(window), has_mirror=mirror is not None)
        )
        self.keeping = Keeping(self, keeper, mirror, self.know_device)
        self.hosting = Hosting(self, self.keeping)
        self.writing = Writing(self, self.keeping)
        self.exchange = Exchange(self, self.keeping, self.writing, Outlet(window, self.screen.nodes))
        self.has_read = False  # all that this device keeps
        thread = getattr(window, "labSimulator", None)  # runtime.mjs; the one file has none
        self.simulator = Simulator(
            window, self.callback, course, self.finished, self.is_wanted, lambda: self.frame_requested, thread
        )

    # --- frames ---

    def show_soon(self, *_: Any) -> None:
        """Show the state at the next frame."""
        if not self.frame_requested:
            self.frame_requested = True
            window.requestAnimationFrame(self.render_proxy)

    def show_together(self) -> None:
        """Show the state once the last frame is some time ago: more that is worth showing is on its way."""
        wait = self.frame_at + TOGETHER_MS - window.performance.now()
        if wait <= 0:
            self.show_soon()
        elif not self.frame_due:
            self.frame_due = window.setTimeout(self.due, wait)

    def render(self, *_: Any) -> None:
        """Show the state."""
        self.frame_requested = False
        window.clearTimeout(self.frame_due)
        self.frame_due, self.frame_at = 0, window.performance.now()
        try:
            frame = views.frame(self.course, self.state)
        except Exception:
            self.screen.show(views.shell.notices(self.state))  # whatever a view can't show, this can be said
            raise
        self.screen.show(frame)

    def on_replay(self, key: str, event: str, *what: Any) -> None:
        """A replay moved on, or the learner pointed at a request in it."""
        if event == "at":
            self.screen.show(views.moment(self.course, self.state, key, int(what[0])))
        elif event == "pick":
            point = next(act.pointed[key] for act in store.acts(self.course) if key in act.pointed)
            self.dispatch(point(str(what[0]), int(what[1])))

    # --- what follows ---

    def carry_out(self, effect: store.Effect) -> None:
        """Do what an effect says."""
        match effect:
            case store.Simulate(request):
                self.simulator.ask(request)
            case store.Report():
                self.hosting.tell(effect)
            case store.Save(may_wait=True):
                self.keeping.save_later(effect)
            case store.Save():
                self.keeping.save(effect)

    def finished(self, job: Job, outcome: Outcome) -> None:
        """A job came back: its result is taken in, a refusal is said."""
        result = outcome.result
        if result is None and outcome.refusal is None:
            self.unfinished(job, outcome)
            return
        if result is None:
            result = refused(self.course, job)
            reason = wording.fill(self.course.at("words.simulate_error"), {"reason": outcome.refusal or ""})
            self.dispatch(store.Noticed(reason))
        self.take_in(store.RunFinished(job, result, now()))
        if self.simulator.job is None:
            self.show_soon()
        else:
            self.show_together()
        if not any(act.live(self.course, self.state) for act in store.acts(self.course) if self.is_revealed(act.id)):
            self.simulator.rest()  # nothing that the learner may move yet asks for more

    def is_revealed(self, act: str) -> bool:
        """Whether the learner may use an act's instruments."""
        return store.is_revealed(self.course, self.state, act)

    def is_wanted(self, job: Job) -> bool:
        """Whether a job is still one that the page asks for."""
        return job in store.wanted(self.course, self.state)

    def unfinished(self, job: Job, outcome: Outcome) -> None:
        """A job brought nothing. If it is still wanted, that is said, and it isn't asked for again; the next one is."""
        if not outcome.dropped and self.is_wanted(job):
            self.take_in(store.RunGivenUp(job))
            known, reason = self.course.at("words"), {"reason": outcome.broken or ""}
            self.dispatch(
                store.Noticed(wording.fill(known["simulate_late" if outcome.late else "simulate_error"], reason))
            )
            return
        run = store.next_run(self.course, self.state)
        if run is not None:
            self.simulator.ask(run)

    # --- the record ---

    def know_device(self) -> None:
        """All that this device keeps has been read: now what comes from elsewhere can be seen beside it."""
        self.has_read = True
        self.exchange.take_handoff()
        self.hosting.meet()

    def meet_host(self, *_: Any) -> None:
        """A host came: it is asked once what this device has is known."""
        if self.has_read:
            self.hosting.meet()

    def commit(self, question: str) -> None:
        """Commit an answer. Storage is read first: another tab may have committed the same question a moment ago."""
        self.keeping.read()
        self.keeping.number()
        self.dispatch(store.AnswerCommitted(question, now()))

    def clear(self) -> None:
        """Drop this lab's record and start again."""
        self.writing.forget()
        self.keeping.clear()

    def leave(self, event: Any) -> None:
        """The page is left, or looked at again: whatever isn't saved, or no longer, is saved."""
        self.writing.settle()
        self.keeping.read()
        self.keeping.save_settings()
        self.hosting.tell_now()
        if getattr(event, "type", "") == "pagehide":
            self.hosting.leave()

    # --- the acts ---

    def press(self, name: str, press: Press) -> bool:
        """Take in what a node of an act's page stands for; False if no act knows it."""
        means = next((act.presses[name] for act in store.acts(self.course) if name in act.presses), None)
        if means is not None:
            self.dispatch(means(self.course, self.state, press))
        return means is not None

    async def press_file(self, name: str, target: Any) -> None:
        """Hand a chosen file to the act whose node it was chosen with, as bytes: it need not be UTF-8."""
        file = target.files.item(0)
        if file:
            data = await file.slice(0, engine.MOST_CONFIG_BYTES + 1).arrayBuffer()
            self.press(name, Press(target.dataset, now(), file=data.to_bytes()))
            target.value = ""


# --- events ------------------------------------------------------------------------------------------------------------


def on_click(app: App, name: str, data: Any) -> None:
    """A button: what it does, by its data-action."""
    simple: dict[str, Callable[[], store.Action]] = {
        "reset": lambda: store.ControlsReset(data.act),
        "close-notices": store.NoticeClosed,
        "clear": lambda: store.ClearAsked(True),
        "clear-no": lambda: store.ClearAsked(False),
        "host-allow": lambda: store.HostAllowed(True),
        "host-decline": lambda: store.HostAllowed(False),
    }
    deeds: dict[str, Callable[[], object]] = {
        "clear-yes": app.clear,
        "commit": lambda: app.commit(data.question),
        "export": lambda: app.exchange.export(data.form),
        "open-tab": app.exchange.open_tab,
        "link-take": lambda: app.exchange.answer_link(True),
        "link-drop": lambda: app.exchange.answer_link(False),
        "offer-take": lambda: app.exchange.answer_offer(True),
        "offer-leave": lambda: app.exchange.answer_offer(False),
        "save-file": lambda: app.exchange.save_file(data.form),
        "show-text": app.exchange.show_report,
        "copy": lambda: app.exchange.copy(data.what),
        "print": window.print,
    }
    if name in simple:
        app.dispatch(simple[name]())
    elif name in deeds:
        deeds[name]()
    else:
        field = document.getElementById(getattr(data, "field", None) or "")
        app.press(name, Press(data, now(), text=field.value if field else ""))


def on_change(app: App, name: str, target: Any) -> None:
    """A control that came to rest: radio, select, number field, slider, switch, file."""
    data, kind = target.dataset, getattr(target, "type", "")
    if name == "context":
        app.dispatch(store.ContextChosen(target.value))
    elif name == "choose":
        app.dispatch(store.OptionChosen(data.question, target.value))
        app.simulator.wake()
    elif name in ("type", "move"):
        app.dispatch(store.ControlMoved(data.control, target.value))
        target.value = plain(app.state.value(data.control))
    elif name == "import":
        app.reading = asyncio.ensure_future(app.exchange.import_file(target))
    elif name == "write":
        app.writing.write(target)
        app.writing.settle()
    elif kind == "file":
        app.reading = asyncio.ensure_future(app.press_file(name, target))
    elif kind == "checkbox":
        app.press(name, Press(data, now(), checked=bool(target.checked)))
    if kind in ("radio", "checkbox"):
        app.render()
        app.screen.resync()


def shown_theme() -> str:
    """What the page around this one asked for (embed.js), else what the reader's system wishes."""
    wished = document.documentElement.getAttribute("data-theme")
    return wished or ("dark" if window.matchMedia(DARK).matches else "light")


def listen(app: App) -> None:
    """One listener per kind of event, for the life of the page."""

    def click(event: Any) -> None:
        target = event.target.closest("[data-action]")
        if target and target.tagName == "BUTTON":
            on_click(app, target.dataset.action, target.dataset)

    def change(event: Any) -> None:
        target = event.target.closest("[data-action]")
        if target:
            on_change(app, target.dataset.action, target)

    def drag(event: Any) -> None:
        target = event.target.closest("[data-action]")
        if target and target.dataset.action == "move":
            app.dispatch(store.ControlMoved(target.dataset.control, target.value, settled=False))
        elif target and target.dataset.action == "write":
            app.writing.write(target)

    for name, handler in (("click", click), ("change", change), ("input", drag)):
        document.addEventListener(name, app.callback(handler))
    listen_around(app)


def listen_around(app: App) -> None:
    """What happens to the page from outside: another tab, the theme, the address, plotly, leaving, printing."""

    def reread(event: Any) -> None:
        key = getattr(
            event, "key", None
        )  # null when another page cleared everything, absent when this one is shown again
        if not isinstance(key, str) or key == OWN_KEY:
            app.keeping.read()
        elif key == ledger.KEY:
            app.keeping.read_soon()

    def theme(event: Any) -> None:
        app.dispatch(store.ThemeChanged(shown_theme()))

    def to_paper(*_: Any) -> None:
        app.dispatch(store.ThemeChanged("light"))  # paper is white
        app.render()
        app.screen.to_paper()

    def from_paper(*_: Any) -> None:
        app.screen.from_paper()
        theme(None)

    for target, name, handler in (
        (window, "storage", reread),
        (window, "pageshow", reread),
        (window, "pagehide", app.leave),
        (document, "visibilitychange", app.leave),
        (window, "hashchange", app.exchange.take_handoff),
        (window, "hashchange", app.exchange.open_link),
        (window, "lab:theme", theme),
        (window, "lab:host", app.meet_host),
        (window, "online", app.hosting.tell_now),
        (window.matchMedia(DARK), "change", theme),
        (window, "lab:plotly-load", app.screen.plots.draw_sighted),
        (window, "lab:plotly-error", app.screen.plots.show_all),
        (window, "beforeprint", to_paper),
        (window, "afterprint", from_paper),
    ):
        target.addEventListener(name, app.callback(handler))
    theme(None)


def language() -> str:
    """The language that the page was built in."""
    return str(document.documentElement.lang)


def start(course: Course) -> None:
    """Mount the lab on the page. What the learner touched before Python arrived wins over what was saved."""
    wording.use(course.at("words.numbers"))
    app = App(course)
    # From here on in one go (pieces.mjs): what is touched between being read and being listened to would be lost.
    window.dispatchEvent(window.Event.new("lab:mounting"))
    picked = [
        (node.dataset.question, node.value) for node in document.querySelectorAll("input[data-action=choose]:checked")
    ]
    shown = document.querySelector("input[data-action=context]:checked").value
    typed = [(node.dataset.field, node.value) for node in document.querySelectorAll("[data-action=write]")]
    app.keeping.begin()
    if picked or shown != course.at("course.context.default"):
        app.dispatch(store.ContextChosen(shown))
    for question, option in picked:
        app.dispatch(store.OptionChosen(question, option))
    app.writing.keep_early(typed)
    listen(app)
    app.exchange.open_link()
    app.render()
    app.screen.resync()
    for press in window.labTakeEarly():
        on_click(app, press.action, press.dataset)


def main() -> None:
    """The start: read the content and the record, make the store, mount the screen."""
    start(shipped.course(language()))
    gc.freeze()  # what stands now stays as long as the page does; runtime.mjs had the search for garbage wait until here
    gc.enable()
