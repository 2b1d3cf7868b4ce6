"""A server for the built site, one browser, and a page object that acts as a person would: by roles, labels and words."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tools import server

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
BROWSER = os.environ.get("LAB_BROWSER") or shutil.which("chromium")
BOOT_MS = 60_000
ANSWER_MS = 30_000
expect.set_options(timeout=ANSWER_MS)


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """The address of the built site."""
    site = server.server(Path(os.environ.get("LAB_DIST", Path(__file__).parents[2] / "dist")))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser that the test command found."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=CHROMIUM)
        yield found
        found.close()


class Lab:
    """A visitor: one browser profile, one page at a time, and everything that went wrong on it."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.origin = origin
        self.context: BrowserContext = browser.new_context(accept_downloads=True, **options)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page = self.tab()

    def tab(self) -> Page:
        """Another tab of the same profile, watched like the first."""
        page = self.context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        return page

    def open(self, page: Page | None = None) -> Lab:
        """Open the lab and wait until Python answers."""
        page = page or self.page
        page.goto(f"{self.origin}/")
        return self.ready(page)

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

    def choose(self, question: str, option: str, page: Page | None = None) -> None:
        """Pick an option of a question."""
        self.node(f"{question}.{option}.input", page).check()

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
            number.fill(str(value))
            number.press("Tab")
        else:
            self.page.locator(f'[id="{control}.select"]').select_option(str(value))

    def storage(self) -> str | None:
        """The saved document."""
        return self.page.evaluate("localStorage.getItem('mlsys_design_ledger')")


@pytest.fixture
def visitor(browser: Browser, origin: str) -> Iterator[Any]:
    """Make visitors; at the end each one must have met no error, and no host but the site's own."""
    made: list[Lab] = []

    def visit(**options: Any) -> Lab:
        made.append(Lab(browser, origin, **options))
        return made[-1]

    yield visit
    for lab in made:
        lab.context.close()
    for lab in made:
        assert lab.errors == []
        assert [url for url in lab.requests if not url.startswith((lab.origin, "data:", "blob:"))] == []


@pytest.fixture
def lab(visitor: Any) -> Lab:
    """A visitor on a wide screen with the lab open."""
    return visitor(viewport={"width": 1280, "height": 900}).open()
