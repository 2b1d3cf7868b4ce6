"""A server for the built site, one browser, and a page object that acts as a person would: by roles, labels and words."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright

from bench.browser import CHROMIUM as browser_flags
from tools import policy, runtimes, server, versions

# The tests open hundreds of pages for seconds each: machine code that a browser would make faster in the meantime is lost.
CHROMIUM = [*browser_flags, "--js-flags=--liftoff-only"]
BROWSER = os.environ.get("LAB_BROWSER") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
DIST = Path(os.environ.get("LAB_DIST", Path(__file__).parents[2] / "dist"))
# A busy machine of two cores starts Python, or simulates a whole design, in less.
BOOT_MS = ANSWER_MS = int(os.environ.get("LAB_PATIENCE_MS", "120000"))
DESK = {"width": 1280, "height": 900}
LEDGER, ENTRY = "mlsys_design_ledger", "v2_10"
expect.set_options(timeout=ANSWER_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of one test first, since that is a long walk, then those of many tests; what comes last should be short."""
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (counts[item.path] > 1, -counts[item.path]))


@pytest.fixture(scope="session")
def dist() -> Path:
    """The built site."""
    return DIST


def renewed(site: Path, change: Callable[[Path], object]) -> str:
    """Change the files of a built site as a new version would, and seal it anew. Returns the new version's name."""
    (parts,) = (site / "v").iterdir()
    sealed = policy.unguarded((site / "index.html").read_text(encoding="utf-8"))
    address = f"v/{parts.name}/"
    page = sealed.replace(f'data-parts="{address}"', 'data-parts="."').replace(address, "")
    parts.rename(site / "parts")
    (site / "v").rmdir()
    change(site / "parts")
    versions.seal(site, site / "parts", runtimes.ROOT / "site", page, {})
    (site / "sw.js").unlink()
    versions.keep(site, (runtimes.ROOT / "site/scripts/fixed-address/sw.js").read_text(encoding="utf-8"))
    return next((site / "v").iterdir()).name


def needs_pass(name: str) -> None:
    """Skip a test of what one pass of the build brings, where the site was built without it."""
    (manifest,) = DIST.glob("v/*/boot-manifest.json")
    if name not in json.loads(manifest.read_text(encoding="utf-8"))["passes"]:
        pytest.skip(f"this site is built without the pass {name!r}")


@pytest.fixture(scope="session")
def origin(dist: Path) -> Iterator[str]:
    """The address of the built site."""
    site = server.server(dist)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, of which a process can have but one."""
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser that the test command found."""
    found = playwright.chromium.launch(executable_path=BROWSER, args=CHROMIUM)
    yield found
    found.close()


class Lab:
    """A visitor: one browser profile, one page at a time, and everything that went wrong on it.

    `document` is what the browser's storage holds under the ledger's key from an earlier visit. `expects_trouble` is set
    by a test that breaks something itself: the browser reports each failed request as an error.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origin = context, origin
        self.expects_trouble = False
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page = self.tab()

    @classmethod
    def new(cls, browser: Browser, origin: str, document: str | None = None, **options: Any) -> Lab:
        """A visitor with a profile of their own."""
        if document is not None:
            entry = {"name": LEDGER, "value": document}
            options["storage_state"] = {"cookies": [], "origins": [{"origin": origin, "localStorage": [entry]}]}
        options.setdefault(
            "service_workers", "block"
        )  # keeping the whole site takes time, and hides what a test breaks
        options.setdefault(
            "bypass_csp", True
        )  # Playwright waits by code written at run time; test_policy.py keeps to it
        return cls(browser.new_context(accept_downloads=True, **options), origin)

    def tab(self) -> Page:
        """Another tab of the same profile, watched like the first."""
        page = self.context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(f"{error}\n{error.stack}"))
        page.on("request", lambda request: self.requests.append(request.url))
        return page

    def begin(self) -> Lab:
        """Open the lab without waiting for Python."""
        self.page.goto(f"{self.origin}/", wait_until="commit")
        return self

    def open(self, page: Page | None = None) -> Lab:
        """Open the lab and wait until Python answers."""
        page = page or self.page
        page.goto(f"{self.origin}/")
        return self.ready(page)

    def reload(self) -> Lab:
        """Load the page again and wait until Python answers."""
        self.page.reload()
        return self.ready()

    def ready(self, page: Page | None = None) -> Lab:
        """Wait until Python answers."""
        expect((page or self.page).locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)
        return self

    def node(self, key: str, page: Page | None = None) -> Locator:
        """The node that a view writes under a key."""
        return (page or self.page).locator(f'[data-key="{key}"]')

    def reads(self, key: str) -> str:
        """What a person reads there, white space as one blank."""
        return " ".join(self.node(key).inner_text().split())

    def shows(self, key: str, text: str) -> None:
        """Wait until a node reads so."""
        expect(self.node(key)).to_have_text(text, use_inner_text=False)

    def door(self, name: str, page: Page | None = None) -> Locator:
        """A door, opened by its address."""
        page = page or self.page
        page.evaluate("name => { location.hash = `#why/${name}` }", name)
        found = page.locator(f'[id="why/{name}"]')
        expect(found).to_be_visible()
        return found

    def reach(self, place: Locator) -> Locator:
        """Open the door behind which something stands, if it stands behind one."""
        shut = place.first.evaluate("node => node.closest('.door:not([data-open])')?.id ?? ''")
        if shut:
            self.door(shut.removeprefix("why/"), place.page)
        return place

    def everything(self, page: Page | None = None) -> None:
        """Open all doors at once, as paper shows them; a person opens one at a time."""
        (page or self.page).evaluate(
            "document.querySelectorAll('.door').forEach(door => door.toggleAttribute('data-open', true))"
        )

    def plot(self, chart: str, page: Page | None = None) -> Locator:
        """The plot of a chart, once it is in sight and therefore drawn."""
        found = self.reach(self.node(f"{chart}.plot", page))
        found.scroll_into_view_if_needed()
        expect(found.locator(".main-svg").first).to_be_visible()
        return found

    def choose(self, question: str, option: str, page: Page | None = None) -> None:
        """Pick an option of a question."""
        self.reach(self.node(f"{question}.{option}.input", page)).check()

    def commit(self, question: str, page: Page | None = None) -> None:
        """Press a question's commit button."""
        self.node(question, page).get_by_role("button", name="Commit").click()

    def answer(self, question: str, option: str) -> None:
        """Pick and commit, and wait until it is locked."""
        self.choose(question, option)
        self.commit(question)
        expect(self.node(question)).to_have_attribute("data-state", "locked")

    def set(self, control: str, value: object) -> None:
        """Give a control a value, as a person would: type it, or pick it from the list."""
        number = self.page.locator(f'[id="{control}.number"]')
        if number.count():
            self.reach(number)
            number.fill(str(value))
            number.press("Tab")
        else:
            self.reach(self.page.locator(f'[id="{control}.select"]')).select_option(str(value))

    def parts(self) -> str:
        """Where this version's files lie."""
        page = (DIST / "index.html").read_text(encoding="utf-8")
        return f"{self.origin}/{re.search('v/[0-9a-f]+/', page)[0]}"

    def press(self, name: str) -> None:
        """Press the button with exactly this name: the one that is shown, else the one behind a door that is still shut."""
        named = self.page.get_by_role("button", name=name, exact=True)
        if not named.count():
            named = self.reach(self.page.get_by_role("button", name=name, exact=True, include_hidden=True))
        named.click()

    def storage(self) -> str | None:
        """The saved document."""
        return self.page.evaluate("key => localStorage.getItem(key)", LEDGER)

    def entry(self) -> dict[str, Any]:
        """This lab's entry in the saved document."""
        return json.loads(self.storage() or "{}")["history"][ENTRY]

    def close(self) -> None:
        """Leave for good."""
        self.context.close()
        self.check()

    def check(self) -> None:
        """Nothing may have gone wrong, and no host but the site's own may have been asked."""
        assert self.expects_trouble or self.errors == []
        assert [url for url in self.requests if not url.startswith((f"{self.origin}/", "data:", "blob:"))] == []


class WaitingRoom:
    """A visitor whose page is already loading: the next one's Python starts while the test before is still at work."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self.browser, self.origin = browser, origin
        self.next: Lab | None = None

    def call(self) -> Lab:
        """The visitor who waits, with the lab open; another begins to wait."""
        called = self.next or self._arrival()
        called.ready()
        self.next = self._arrival()
        return called

    def _arrival(self) -> Lab:
        return Lab.new(self.browser, self.origin, viewport=DESK).begin()


@pytest.fixture(scope="session")
def waiting_room(browser: Browser, origin: str) -> Iterator[WaitingRoom]:
    """The one waiting room."""
    room = WaitingRoom(browser, origin)
    yield room
    if room.next:
        room.next.context.close()


@pytest.fixture
def visitor(browser: Browser, origin: str) -> Iterator[Any]:
    """Make visitors; at the end each one must have met no error, and no host but the site's own."""
    made: list[Lab] = []

    def visit(document: str | None = None, **options: Any) -> Lab:
        made.append(Lab.new(browser, origin, document, **options))
        return made[-1]

    yield visit
    for lab in made:
        lab.close()


@pytest.fixture
def lab(waiting_room: WaitingRoom) -> Iterator[Lab]:
    """A visitor on a wide screen with the lab open."""
    found = waiting_room.call()
    yield found
    found.close()
