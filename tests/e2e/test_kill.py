"""The browser's process ends at any moment: what the page had called saved is there at the next visit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, expect, sync_playwright

import ledger
from tests import lab as native
from tests.e2e import twin
from tests.e2e.conftest import BOOT_MS, BROWSER, CHROMIUM, LEDGER

KILLS = int(os.environ.get("LAB_KILLS", "6"))
SEED = int(os.environ.get("LAB_SEED", "1"))
LONGEST_S = 2.5  # Chromium writes its storage up to five seconds late
WORDS = native.shipped().at("words")
# Each time the page says that the record is saved, the ids of the facts that it then shows.
CLAIMS = """word => {
  const node = document.querySelector('[data-key="status.ledger.value"]');
  const facts = () => JSON.parse(localStorage.getItem('{key}')).kv_cache_lab.facts.map(fact => fact.id);
  const look = () => node.textContent === word && console.log('claim ' + JSON.stringify(facts()));
  new MutationObserver(look).observe(node, { childList: true, characterData: true, subtree: true });
  look();
}""".replace("{key}", f"kv_cache_lab_record_{ledger.SCHEMA}")


class Mortal:
    """A browser with a profile that outlives it."""

    def __init__(self, playwright: Any, profile: Path) -> None:
        port = profile / "DevToolsActivePort"
        port.unlink(missing_ok=True)
        command = [BROWSER, *CHROMIUM, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            [*command, "about:blank"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        patience = time.monotonic() + BOOT_MS / 1000
        while not (port.exists() and "\n" in port.read_text()):
            assert self.process.poll() is None and time.monotonic() < patience, "the browser did not start"
            time.sleep(0.05)
        self.browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port.read_text().split()[0]}")
        self.page: Page = self.browser.contexts[0].pages[0]

    def kill(self) -> None:
        """End it and all its processes, unasked."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def node(page: Page, key: str) -> Any:
    """The node that a view writes under a key."""
    return page.locator(f'[data-key="{key}"]')


def test_what_was_called_saved_survives_the_end_of_the_browser(origin, tmp_path):
    chance, claimed, page_facts = random.Random(SEED), set(), ""
    start = native.after(native.walked(until=3))
    with sync_playwright() as playwright:
        for number in range(KILLS + 1):
            mortal = Mortal(playwright, tmp_path / "profile")
            page = mortal.page
            if number == 0:
                page.goto(f"{origin}/icon.svg")
                page.evaluate("([key, text]) => localStorage.setItem(key, text)", [LEDGER, twin.document(start)])
            page.goto(f"{origin}/")
            expect(page.locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)
            if number:
                page.wait_for_function(f"() => localStorage.getItem('{page_facts}') !== null")
                found = set(page.evaluate(FACTS))
                assert claimed <= found, f"kill {number}: {len(claimed - found)} of {len(claimed)} facts lost"
            page_facts = f"kv_cache_lab_record_{ledger.SCHEMA}"
            page.on("console", lambda said: hear(said.text, claimed))
            page.evaluate(CLAIMS, WORDS["saved_device"])
            commits(page, chance, time.monotonic() + chance.uniform(0.2, LONGEST_S))
            mortal.kill()
    assert len(claimed) > len(start.record.facts) + KILLS


FACTS = f"""() => JSON.parse(localStorage.getItem('kv_cache_lab_record_{ledger.SCHEMA}')).kv_cache_lab.facts.map(f => f.id)"""


def hear(said: str, claimed: set[str]) -> None:
    """Note what the page claims to have saved."""
    if said.startswith("claim "):
        claimed.update(json.loads(said.removeprefix("claim ")))


def commits(page: Page, chance: random.Random, end: float) -> None:
    """Record the design, again and again, until it is time."""
    record = page.get_by_role("button", name=native.shipped().at("act2.design.record"))
    expect(record).to_be_enabled()
    while time.monotonic() < end:
        try:
            record.dispatch_event("click")
            page.wait_for_timeout(chance.uniform(0, 120))
        except Error:  # pragma: no cover - the page may be busy
            break
