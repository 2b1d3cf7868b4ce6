"""What instructors.html gives to paste works where it is pasted, whatever address the site has."""

from __future__ import annotations

import mimetypes
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import BOOT_MS

PAGES = "https://ada.github.io/memory-wall/"  # as GitHub's Pages have it
SITE, BOOK = "https://lab.example/course/10/", "https://book.example/"


@pytest.fixture
def teacher(browser, dist):
    """Somebody for whom the built site stands at SITE, under a sub-path, and a book without a page yet at BOOK."""
    context = browser.new_context(bypass_csp=True, service_workers="block")
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def answer(route):
        file = dist / (re.sub(f"{SITE}|{PAGES}", "", route.request.url).partition("?")[0] or "index.html")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        route.fulfill(body=file.read_bytes(), headers={"content-type": kind, "access-control-allow-origin": "*"})

    context.route(f"{SITE}**", answer)
    context.route(f"{PAGES}**", answer)
    yield context.new_page()
    context.close()


def copied(page, number):
    """What the button below the text to paste copies, counted from 0."""
    button = page.get_by_role("button", name="Copy").nth(number)
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return page.evaluate("navigator.clipboard.readText()")


def test_the_frame_that_is_copied_shows_the_lab_on_another_host(teacher):
    teacher.goto(f"{SITE}instructors.html")
    frame = copied(teacher, 0)
    assert "OWNER" not in frame and f'src="{SITE}?embed=1&splice=1"' in frame
    teacher.route(BOOK, lambda route: route.fulfill(body=f"<!doctype html>{frame}", content_type="text/html"))
    teacher.goto(BOOK)
    expect(teacher.frame_locator("iframe").locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)


def test_the_text_that_is_copied_has_the_labs_address_and_asks_for_the_name(teacher):
    teacher.goto(f"{SITE}instructors.html")
    text = copied(teacher, 1)
    assert text.startswith(f"Do the lab at {SITE}\n") and "name" in text and not text.endswith("\n")


def test_the_zip_is_one_press_away_where_the_address_tells_whose_the_site_is(teacher):
    teacher.goto(f"{PAGES}instructors.html")
    link = teacher.get_by_role("link", name="release", exact=True)
    expect(link).to_have_attribute("href", "https://github.com/ada/memory-wall/releases")
    teacher.goto(f"{SITE}instructors.html")
    expect(teacher.get_by_text("release", exact=True)).to_be_visible()
    expect(link).to_have_count(0)


def test_an_address_that_nobody_else_can_open_is_not_given(lab):
    lab.page.goto(f"{lab.origin}/instructors.html")
    expect(lab.page.locator("pre").first).to_contain_text("https://OWNER.github.io/REPO/")
    lab.page.get_by_role("link", name="collect work").click()
    expect(lab.page.get_by_role("heading", name="Collecting work")).to_be_in_viewport()
