"""What leaves the page and what comes in from elsewhere: files, copies, links to settings, a record in an address."""

import asyncio
from typing import Any

from links import handoff, share
from loop.keeping import Keeping
from loop.loop import Loop, now
from loop.writing import Writing
from record import ledger
from report import report
from report.outlet import Outlet
from state import store


class Exchange:
    """What the buttons of the ledger and of the report do, and what the address carries."""

    def __init__(self, loop: Loop, keeping: Keeping, writing: Writing, outlet: Outlet) -> None:
        self.loop, self.window, self.keeping, self.writing, self.outlet = loop, loop.window, keeping, writing, outlet
        self.copying: asyncio.Future[None] | None = None  # kept, or it might be collected

    def say(self, text: str) -> None:
        """Say a sentence of the content, by its place."""
        self.loop.notice(self.loop.course.at(text))

    # --- files ---

    def export(self, form: str) -> None:
        """Download the ledger as a file; if that fails, show its text to copy."""
        self.keeping.save_settings()
        text = self.keeping.keeper.export(form, now())
        self.download(report.File(f"{ledger.KEY}.json", "application/json", text), "embed.text", "ledger.text")

    def save_file(self, form: str) -> None:
        """Download one of the report's files."""
        self.writing.settle()
        self.keeping.number()
        file = report.file(self.loop.course, self.loop.state, form, now())
        taken = self.download(file, "report.text")
        if form in ("markdown", "snapshot"):  # the plan's files have buttons elsewhere
            said = report.saved(self.loop.course, self.loop.state, file.name) if taken else ""
            self.outlet.nodes["report.saved"].textContent = said

    def download(self, file: report.File, *areas: str) -> bool:
        """Download a file; if that fails, the fields with these keys show its text, to be copied. Whether it was taken."""
        taken = self.outlet.download(file)
        if not taken:
            self.show_text(file.text, "words.export_failed", *areas)
        return taken

    def show_text(self, text: str, why: str, *areas: str) -> None:
        """Show a text to copy, and say why it is there."""
        self.outlet.show(text, *areas)
        self.say(why)

    def show_report(self) -> None:
        """Show the report's text."""
        self.outlet.show(report.markdown(self.loop.course, self.loop.state, now()), "report.text")

    async def import_file(self, target: Any) -> None:
        """Merge a chosen file into the ledger, or say why not."""
        file = target.files.item(0)
        if not file:
            return
        text = await file.text()
        target.value = ""
        self.keeping.save_settings()
        try:
            self.keeping.take(self.keeping.keeper.import_(text, now()), restore=True)
            self.say("words.imported")
        except ledger.LedgerError as refusal:
            self.loop.notice(self.loop.course.told("ledger", refusal.notes))

    # --- a record in an address ---

    def open_tab(self) -> None:
        """Open the lab in a tab of its own, with this lab's record in the address; show the address if no tab opens."""
        state = self.loop.state
        text, _ = ledger.write(None, state.record, store.fields(self.loop.course, state), now())
        place = self.window.location
        address = handoff.address(f"{place.protocol}//{place.host}{place.pathname}", text)
        if address is None:
            self.say("embed.foot.too_long")
        elif not self.window.open(address, "_blank"):
            self.show_text(address, "embed.foot.tab_failed", "ledger.text", "embed.text")

    def take_handoff(self, *_: Any) -> None:
        """Take in the record that the address carries, if it carries one, and take it out of the address. Where it would do
        more than add facts to an empty record, the learner is asked: it may be somebody else's."""
        place = self.window.location
        fragment = place.hash
        if handoff.carried(fragment, handoff.MARK) is None:
            return
        self.window.history.replaceState(None, "", place.pathname + place.search)
        try:
            offer = ledger.offer(self.loop.state.record, handoff.document(fragment) or "")
        except ledger.LedgerError as refusal:
            self.loop.notice(self.loop.course.told("ledger", refusal.notes))
            return
        self.loop.dispatch(store.RecordOffered(offer))
        if self.loop.state.offered is None:
            self.say("embed.foot.taken")

    def answer_offer(self, wanted: bool) -> None:
        """The learner takes the record that the address carried, or leaves it."""
        self.loop.dispatch(store.RecordTaken() if wanted else store.RecordOffered(None))
        if wanted:
            self.say("embed.foot.taken")

    # --- links and copies ---

    def open_link(self, *_: Any) -> None:
        """Read the settings that the address carries, if it carries any."""
        self.loop.dispatch(store.LinkOpened(self.window.location.hash))

    def answer_link(self, take: bool) -> None:
        """Take the link's settings over or drop them; the address forgets them either way."""
        self.loop.dispatch(store.LinkAnswered(take))
        self.window.history.replaceState(None, "", self.window.location.href.partition("#")[0])

    def copy(self, what: str) -> None:
        """Copy a link to the settings, or what a node says."""
        if what == "link":
            state = self.loop.state
            name = share.link(self.loop.course, state.context, state.settings[state.context])
            key, text = "share.field", self.window.location.href.partition("#")[0] + name
        else:
            key, text = what, self.outlet.nodes[what].textContent
            name = text
        self.copying = asyncio.ensure_future(self.say_copied(self.outlet.ask(text), key, name, text))

    async def say_copied(self, promise: Any, key: str, name: str, text: str) -> None:
        """Say whether a text was copied."""
        self.loop.dispatch(store.Copied(name, await self.outlet.copied(promise, key, text)))
