"""The browser's process ends at any moment: what the page had called saved is there at the next visit."""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

from playwright.sync_api import Page, expect

from acts.promises import serving
from record.keeper import OWN_KEY
from tests import lab as native
from tests.e2e import twin
from tests.e2e.conftest import BOOT_MS, LEDGER
from tests.e2e.mortal import Mortal

KILLS = int(os.environ.get("LAB_KILLS", "6"))
SEED = int(os.environ.get("LAB_SEED", "1"))
LONGEST_S = 1.5  # Chromium writes its storage up to five seconds late
WORDS = native.shipped().at("words")
FACTS = f"JSON.parse(localStorage.getItem('{OWN_KEY}')).kv_cache_lab.facts.map(fact => fact.id)"
# Each time the page says that the record is saved, the ids of the facts that it then has.
CLAIMS = f"""word => {{
  const node = document.querySelector('[data-key="status.ledger.value"]');
  const look = () => node.textContent === word && console.log('claim ' + JSON.stringify({FACTS}));
  new MutationObserver(look).observe(node, {{ childList: true, characterData: true, subtree: true }});
  look();
}}"""


def node(page: Page, key: str) -> Any:
    """The node that a view writes under a key."""
    return page.locator(f'[data-key="{key}"]')


def test_what_was_called_saved_survives_the_end_of_the_browser(playwright, origin, tmp_path):
    chance, claimed = random.Random(SEED), set()
    start = native.walked(until=3)
    for number in range(KILLS + 1):
        mortal = Mortal(playwright, tmp_path / "profile")
        page = mortal.page
        if number == 0:
            page.goto(f"{origin}/icon.svg")
            page.evaluate("([key, text]) => localStorage.setItem(key, text)", [LEDGER, twin.document(start)])
        page.goto(f"{origin}/")
        expect(page.locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)
        if number:
            found = set(page.evaluate(FACTS))
            assert claimed <= found, f"kill {number}: {len(claimed - found)} of {len(claimed)} facts lost"
        page.on("console", lambda said: hear(said.text, claimed))
        page.evaluate(CLAIMS, WORDS["saved_device"])
        for side in serving.SIDES:  # without its figures there is no design to record
            expect(node(page, f"act2.{side}.state")).to_have_text(native.says(start, f"act2.{side}.state"))
        commits(page, chance, chance.uniform(0.2, LONGEST_S))
        mortal.kill()
    print(f"{KILLS} kills, {len(claimed)} facts called saved, none lost")
    assert len(claimed) > len(start.record.facts) + KILLS  # it was about something


def hear(said: str, claimed: set[str]) -> None:
    """Note what the page claims to have saved."""
    if said.startswith("claim "):
        claimed.update(json.loads(said.removeprefix("claim ")))


def commits(page: Page, chance: random.Random, lasting: float) -> None:
    """Record the design, again and again, for so many seconds."""
    record = page.get_by_role("button", name=native.shipped().at("act2.design.record"))
    end = time.monotonic() + lasting
    while time.monotonic() < end:
        record.dispatch_event("click")
        page.wait_for_timeout(chance.choice((0, 30, 300)) * chance.random())
