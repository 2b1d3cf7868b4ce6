"""The loop: the only file that knows a browser. It turns events into actions, states into frames, effects into deeds.

Way of one event: a listener on the document reads `data-action` -> an action, with the time added here -> `store.reduce`
-> a new state -> at the next animation frame `views.frame` -> the screen touches what differs. Jobs go to the simulator one
at a time; one that is no longer wanted is never started.
"""

import asyncio
import gc
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from js import console, document, window
from pyodide.ffi import create_proxy

import engine
import views
from acts import shipped
from content import wording
from content.course import Course
from links import handoff, host, share
from page.screen import Screen
from record import ledger
from record.keeper import OWN_KEY, Keeper, Kept
from report import report
from report.outlet import Outlet
from runs.jobs import Job, Outcome, refused
from state import store
from state.act import Press
from threads.simulator import Simulator
from views.parts import plain

DARK = "(prefers-color-scheme: dark)"


def now() -> str:
    """The time, ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Memory:
    """What lives as long as the page: for what a course system keeps, on a computer that many learners use."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none."""
        return self.texts.get(key)

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key."""
        self.texts[key] = text


class LocalStorage:
    """The browser's storage. Touching it may throw when the browser blocks it."""

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none."""
        text = window.localStorage.getItem(key)
        return text if isinstance(text, str) else None

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key."""
        window.localStorage.setItem(key, text)


TOGETHER_MS = 300  # results that follow one another are shown together, at most this often
WRITING_PAUSE_MS = 800  # after so long without a key, what was written is saved
SETTLED_MS = 50  # a control's new value is saved once the frame that shows it is on the screen
RETRY_MS = 10_000  # a host that did not take a report is told again after so long
REPORT_PAUSE_MS = 500  # what follows one another within this time is reported together
BREATH_MS = 1000  # a page that answers each change of the shared ledger with one of its own must not keep this one busy


class App:
    """The loop: dispatch an action, do what follows, show it at the next frame."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.state = store.initial(course)
        self.coming: list[store.Action] = []  # actions that are still to be taken in
        self.taking = False
        self.alone = bool(
            getattr(getattr(window, "labHost", None), "alone", False)
        )  # a host keeps the work, and nobody else
        self.mirror: Any = None if self.alone else getattr(window, "labMirror", None)
        self.keeper = (
            Keeper(Memory(), place=store.SAVING)
            if self.alone
            else Keeper(LocalStorage(), has_mirror=self.mirror is not None)
        )
        self.mirroring: str | None = None  # the text that the mirror is taking in
        self.screen = Screen(course, window, create_proxy, self.guarded(self.on_replay))
        self.outlet = Outlet(window, self.screen.nodes)
        self.frame_requested = False
        self.frame_due = 0  # the timer of a frame that may wait
        self.frame_at = 0.0  # when the last one was shown, ms
        self.reading: asyncio.Future[None] | None = None  # the file being imported; kept, or it might be collected
        self.copying: asyncio.Future[None] | None = None
        self.writing: Any = None  # the field being written in, until its text is in the record
        self.pause = 0
        self.paused = self.callback(self.written)
        self.unsaved: store.Save | None = None  # settings that wait for their frame
        self.saving, self.settled = 0, self.callback(self.save_settings)
        self.host: Any = None
        self.unreported: store.Report | None = None  # what the host hasn't been told yet
        self.reporting, self.report_due = 0, self.callback(self.report_now)
        self.rereading, self.reread = 0, self.callback(self.read_ledger)
        self.mirror_read, self.mirror_done = self.callback(self.hear), self.callback(self.mirrored)
        self.has_read = False
        self.render_proxy, self.due = self.callback(self.render), self.callback(self.show_soon)
        thread = getattr(window, "labSimulator", None)  # runtime.mjs; the one file has none
        self.simulator = Simulator(
            window, self.callback, course, self.finished, self.is_wanted, lambda: self.frame_requested, thread
        )

    def callback(self, deed: Callable[..., None]) -> Any:
        """The deed as something that the browser may call."""
        return create_proxy(self.guarded(deed))

    def guarded(self, deed: Callable[..., None]) -> Callable[..., None]:
        """The deed, and a sentence on the page if it fails: an error that only the console sees helps nobody."""

        def guarded_deed(*arguments: Any) -> None:
            try:
                deed(*arguments)
            except Exception as failure:
                trace = "".join(traceback.format_exception(failure))
                console.error(trace)
                window.labTrouble(trace)
                reason = f"{type(failure).__name__}: {failure}"
                name = "went_wrong_unsaved" if self.state.saved == store.PAGE else "went_wrong"
                sentence = wording.fill(self.course.at(f"words.{name}"), {"reason": reason})
                if sentence not in self.state.notices:  # said once: what fails at every frame would ask for the next
                    self.dispatch(store.Noticed(sentence))

        return guarded_deed

    def dispatch(self, action: store.Action) -> None:
        """Take one action: reduce it, carry out its effects, ask for a frame."""
        self.take_in(action)
        self.show_soon()

    def take_in(self, action: store.Action) -> None:
        """Reduce an action and carry out its effects; what it changes isn't shown yet. What an effect leads to comes after."""
        self.coming.append(action)
        if self.taking:
            return
        self.taking = True
        try:
            while self.coming:
                before = self.state
                self.state = store.reduce(self.course, before, self.coming.pop(0))
                for effect in store.effects(self.course, before, self.state):
                    self.carry_out(effect)
        finally:
            self.taking = False

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

    def carry_out(self, effect: store.Effect) -> None:
        """Do what an effect says."""
        match effect:
            case store.Simulate(request):
                self.simulator.ask(request)
            case store.Report():
                self.unreported = effect
                if self.alone:
                    self.say_place(store.SAVING)
                self.reporting = self.reporting or window.setTimeout(self.report_due, REPORT_PAUSE_MS)
            case store.Save(may_wait=True):
                self.unsaved = effect
                window.clearTimeout(self.saving)
                self.saving = window.setTimeout(self.settled, SETTLED_MS)
            case store.Save():
                self.save(effect)

    def save_settings(self, *_: Any) -> None:
        """Save the settings that are not saved yet: their frame is over, the page is left, or the document is asked for."""
        if self.unsaved is not None:
            self.save(self.unsaved)

    def save(self, effect: store.Save) -> None:
        """Write the record and report where it is now."""
        self.unsaved = None
        kept = self.keeper.save(effect.record, effect.fields, now())
        self.dispatch(store.SaveFinished(kept.reading.record, kept.saved, self.word(kept.notice)))
        self.have_mirrored()

    # --- the host: a page around this one that keeps the record ---

    def meet_host(self, *_: Any) -> None:
        """Ask the host for what it keeps, once, when there is one and what this device has is known."""
        if self.host is None and self.has_read and getattr(window, "labHost", None) is not None:
            self.host = window.labHost
            fresh = store.is_untouched(self.course, self.state)
            self.host.read(self.callback(lambda outcome, text: self.host_said(outcome, text, fresh)))

    def host_said(self, outcome: str, text: Any, fresh: bool) -> None:
        """The host gave back what it keeps ("state"; no text for nothing), can't ("lost"), has said nothing ("silent"), only
        shows it ("review"), or there is none ("absent")."""
        if outcome != "absent":
            text = text if isinstance(text, str) else None
            theirs = None if outcome == "lost" else host.given(text)
            self.dispatch(store.HostAnswered(theirs, fresh, silent=outcome == "silent"))
        if outcome in ("absent", "review"):
            self.dispatch(store.HostChanged(outcome))
        if self.alone and self.state.host not in store.TOLD:
            self.say_place(store.PAGE)

    def say_place(self, place: str) -> None:
        """Say where a record is that this device doesn't keep."""
        self.keeper.place = place
        self.say_saved()

    def report_now(self, *_: Any) -> None:
        """Tell the host what it hasn't been told yet."""
        window.clearTimeout(self.reporting)
        effect, self.unreported, self.reporting = self.unreported, None, 0
        if effect is None or self.state.host not in store.TOLD:
            return
        if not self.alone:
            self.host.report(effect.share, ledger.own_text(effect.record), effect.done)
            return
        text, whole = host.packed(effect.record, self.host.room)
        kept = self.host.report(effect.share, text, effect.done)
        if not kept:
            self.unreported = effect  # with the next change, when the page is left, and in a while
            self.reporting = window.setTimeout(self.report_due, RETRY_MS)
        self.say_place(store.COURSE if kept else store.PAGE)
        outcome = store.LOST if not kept else store.COURSE if whole else store.PART
        if outcome != self.state.host:
            self.dispatch(store.HostChanged(outcome))

    def online(self, *_: Any) -> None:
        """The network is back: what the host hasn't been told is told now."""
        self.report_now()

    # --- the mirror: the record on the disk, once it says so ---

    def have_mirrored(self) -> None:
        """Have the mirror take in what it lacks, one text after the other."""
        text = self.keeper.due() if self.mirror and self.mirroring is None else None
        if text is not None:
            self.mirroring = text
            self.mirror.keep(self.keeper.mirror, text, self.mirror_done)

    def mirrored(self, outcome: str, held: Any) -> None:
        """The mirror took the text in ("kept"), holds another tab's that must come in first ("other"), or can't ("lost")."""
        text, self.mirroring = self.mirroring, None
        if outcome == "lost":
            self.keeper.lost()
        else:
            self.keeper.heard(text if outcome == "kept" else held if isinstance(held, str) else None)
        if outcome == "other":
            self.read_ledger()
        self.say_saved()
        if outcome != "lost":  # else the next commit tries again
            self.have_mirrored()

    def begin(self) -> None:
        """Take in what was kept. As a rule the mirror has been read by now, while Python came; nobody waits for it."""
        if self.mirror:
            self.mirror.read(self.mirror_read)
        if self.state.saved == store.UNKNOWN:
            self.read_ledger(restore=True)
        if not self.mirror:
            self.know_device()

    def hear(self, outcome: str, held: Any) -> None:
        """The mirror was read. Only now it is known what the learner has, beside which a link's record would come."""
        if outcome == "lost":
            self.keeper.lost()
        else:
            self.keeper.heard(held if isinstance(held, str) else None)
        self.read_ledger(restore=store.is_untouched(self.course, self.state))
        self.know_device()

    def know_device(self) -> None:
        """All that this device keeps has been read: now what comes from elsewhere can be seen beside it."""
        self.has_read = True
        self.take_handoff()
        self.meet_host()

    def say_saved(self) -> None:
        """Show where the record is now."""
        saved, notice = self.keeper.status()
        self.dispatch(store.Saved(saved))
        if notice:
            self.dispatch(store.Noticed(self.word(notice) or ""))

    def word(self, name: str | None) -> str | None:
        """A sentence of the content by its name."""
        return None if name is None else self.course.at(f"words.{name}")

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

    def read_ledger(self, *_: Any, restore: bool = False) -> None:
        """Take in what storage holds now."""
        window.clearTimeout(self.rereading)
        self.rereading = 0
        self.take(self.keeper.read(), restore)

    def read_soon(self) -> None:
        """Take in what storage holds, once those who write it have come to rest or the time is up."""
        self.rereading = self.rereading or window.setTimeout(self.reread, BREATH_MS)

    def take(self, kept: Kept, restore: bool) -> None:
        """Take in a reading of the record, with what there is to say about it."""
        self.dispatch(store.LedgerRead(kept.reading, kept.saved, restore, kept.whole))
        if kept.notice:
            self.dispatch(store.Noticed(self.word(kept.notice) or ""))
        self.have_mirrored()

    # --- what the ledger's buttons do: these touch files, not the state ---

    def export(self, form: str) -> None:
        """Download the ledger as a file; if that fails, show its text to copy."""
        self.save_settings()
        text = self.keeper.export(form, now())
        self.download(report.File(f"{ledger.KEY}.json", "application/json", text), "embed.text", "ledger.text")

    def download(self, file: report.File, *areas: str) -> bool:
        """Download a file; if that fails, the fields with these keys show its text, to be copied. Whether it was taken."""
        taken = self.outlet.download(file)
        if not taken:
            self.show_text(file.text, "words.export_failed", *areas)
        return taken

    def show_text(self, text: str, why: str, *areas: str) -> None:
        """Show a text to copy, and say why it is there."""
        self.outlet.show(text, *areas)
        self.dispatch(store.Noticed(self.course.at(why)))

    def open_tab(self) -> None:
        """Open the lab in a tab of its own, with this lab's record in the address; show the address if no tab opens."""
        text, _ = ledger.write(None, self.state.record, store.fields(self.course, self.state), now())
        place = window.location
        address = handoff.address(f"{place.protocol}//{place.host}{place.pathname}", text)
        if address is None:
            self.dispatch(store.Noticed(self.course.at("embed.foot.too_long")))
        elif not window.open(address, "_blank"):
            self.show_text(address, "embed.foot.tab_failed", "ledger.text", "embed.text")

    def take_handoff(self, *_: Any) -> None:
        """Take in the record that the address carries, if it carries one, and take it out of the address. Where it would do
        more than add facts to an empty record, the learner is asked: it may be somebody else's."""
        fragment = window.location.hash
        if handoff.carried(fragment, handoff.MARK) is None:
            return
        window.history.replaceState(None, "", window.location.pathname + window.location.search)
        try:
            offer = ledger.offer(self.state.record, handoff.document(fragment) or "")
        except ledger.LedgerError as refusal:
            self.dispatch(store.Noticed(self.course.told("ledger", refusal.notes)))
            return
        self.dispatch(store.RecordOffered(offer))
        if self.state.offered is None:
            self.dispatch(store.Noticed(self.course.at("embed.foot.taken")))

    def answer_offer(self, wanted: bool) -> None:
        """The learner takes the record that the address carried, or leaves it."""
        self.dispatch(store.RecordTaken() if wanted else store.RecordOffered(None))
        if wanted:
            self.dispatch(store.Noticed(self.course.at("embed.foot.taken")))

    async def import_file(self, target: Any) -> None:
        """Merge a chosen file into the ledger, or say why not."""
        file = target.files.item(0)
        if not file:
            return
        text = await file.text()
        target.value = ""
        self.save_settings()
        try:
            self.take(self.keeper.import_(text, now()), restore=True)
            self.dispatch(store.Noticed(self.course.at("words.imported")))
        except ledger.LedgerError as refusal:
            self.dispatch(store.Noticed(self.course.told("ledger", refusal.notes)))

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

    def clear(self) -> None:
        """Drop this lab's record and start again."""
        self.unsaved = self.writing = None
        kept = self.keeper.clear(now())
        self.dispatch(store.Cleared(kept.saved, kept.reading.record))
        self.have_mirrored()

    # --- what the learner writes ---

    def write(self, field: Any) -> None:
        """A key was pressed in a field: the counts follow at once, the record after a pause."""
        self.writing = field
        self.dispatch(store.TextWritten(field.dataset.field, field.value, now(), settled=False))
        window.clearTimeout(self.pause)
        self.pause = window.setTimeout(self.paused, WRITING_PAUSE_MS)

    def written(self, *_: Any) -> None:
        """The text of the field goes into the record: after a pause, when it is left, when the page is."""
        field, self.writing = self.writing, None
        if field is not None:
            self.dispatch(store.TextWritten(field.dataset.field, field.value, now()))
            self.save_settings()

    def keep_typed(self, fields: list[tuple[str, str]]) -> None:
        """What was written into the fields before Python was there: it joins what was saved of each, and replaces a name."""
        for field, text in fields:
            saved = store.written(self.state, field)
            if text.strip() and text != saved:
                whole = text if field == "name" or text.startswith(saved) else f"{saved}\n\n{text}"
                self.dispatch(store.TextWritten(field, whole, now()))
                self.save_settings()

    def leave(self, event: Any) -> None:
        """The page is left, or looked at again: whatever isn't saved, or no longer, is saved."""
        self.written()
        self.read_ledger()
        self.save_settings()
        self.report_now()
        if self.alone and self.host is not None and getattr(event, "type", "") == "pagehide":
            self.host.leave()

    def save_file(self, form: str) -> None:
        """Download one of the report's files."""
        self.written()
        self.number()
        file = report.file(self.course, self.state, form, now())
        taken = self.download(file, "report.text")
        if form in ("markdown", "snapshot"):  # the plan's files have buttons elsewhere
            said = report.saved(self.course, self.state, file.name) if taken else ""
            self.outlet.nodes["report.saved"].textContent = said

    def number(self) -> None:
        """Give the record its number, if it has none."""
        drawn = window.crypto.getRandomValues(window.Uint8Array.new(16)).to_bytes()
        self.dispatch(store.RecordNumbered(ledger.uuid4(drawn), now()))

    # --- links and copies ---

    def open_link(self, *_: Any) -> None:
        """Read the settings that the address carries, if it carries any."""
        self.dispatch(store.LinkOpened(window.location.hash))

    def answer_link(self, take: bool) -> None:
        """Take the link's settings over or drop them; the address forgets them either way."""
        self.dispatch(store.LinkAnswered(take))
        window.history.replaceState(None, "", window.location.href.partition("#")[0])

    def copy(self, what: str) -> None:
        """Copy a link to the settings, or what a node says."""
        if what == "link":
            name = share.link(self.course, self.state.context, self.state.settings[self.state.context])
            key, text = "share.field", window.location.href.partition("#")[0] + name
        else:
            key, text = what, self.screen.nodes[what].textContent
            name = text
        self.copying = asyncio.ensure_future(self.say_copied(self.outlet.ask(text), key, name, text))

    async def say_copied(self, promise: Any, key: str, name: str, text: str) -> None:
        """Say whether a text was copied."""
        self.dispatch(store.Copied(name, await self.outlet.copied(promise, key, text)))

    def commit(self, question: str) -> None:
        """Commit an answer. Storage is read first: another tab may have committed the same question a moment ago."""
        self.read_ledger()
        self.number()
        self.dispatch(store.AnswerCommitted(question, now()))


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
        "export": lambda: app.export(data.form),
        "open-tab": app.open_tab,
        "link-take": lambda: app.answer_link(True),
        "link-drop": lambda: app.answer_link(False),
        "offer-take": lambda: app.answer_offer(True),
        "offer-leave": lambda: app.answer_offer(False),
        "save-file": lambda: app.save_file(data.form),
        "show-text": lambda: app.outlet.show(report.markdown(app.course, app.state, now()), "report.text"),
        "copy": lambda: app.copy(data.what),
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
        app.reading = asyncio.ensure_future(app.import_file(target))
    elif name == "write":
        app.write(target)
        app.written()
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
            app.write(target)

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
            app.read_ledger()
        elif key == ledger.KEY:
            app.read_soon()

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
        (window, "hashchange", app.take_handoff),
        (window, "hashchange", app.open_link),
        (window, "lab:theme", theme),
        (window, "lab:host", app.meet_host),
        (window, "online", app.online),
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
    app.begin()
    if picked or shown != course.at("course.context.default"):
        app.dispatch(store.ContextChosen(shown))
    for question, option in picked:
        app.dispatch(store.OptionChosen(question, option))
    app.keep_typed(typed)
    listen(app)
    app.open_link()
    app.render()
    app.screen.resync()
    for press in window.labTakeEarly():
        on_click(app, press.action, press.dataset)


def main() -> None:
    """The start: read the content and the record, make the store, mount the screen."""
    start(shipped.course(language()))
    gc.freeze()  # what stands now stays as long as the page does; runtime.mjs had the search for garbage wait until here
    gc.enable()
