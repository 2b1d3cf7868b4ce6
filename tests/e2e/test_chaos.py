"""A learner's walk, drawn by chance, through all that can go wrong: the browser ends, storage refuses, the network lies, other
tabs and other pages write, new versions come. Nothing that the page called saved is lost, no page is blank, no sentence false.

LAB_SEED draws another walk, LAB_CHAOS_SECONDS has it go on for longer. A failure tells the seed and all deeds up to it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, expect

from record import ledger
from record.keeper import OWN_KEY
from tests import lab as native
from tests.e2e import twin
from tests.e2e.conftest import ANSWER_MS, LEDGER, renewed
from tests.e2e.liar import Liar, Lie, gone, portal, redirected, refused, spoilt, stalled, truncated, typed
from tests.e2e.mortal import Mortal
from tests.e2e.test_ledger import SPOILT

SECONDS = float(os.environ.get("LAB_CHAOS_SECONDS", "30"))
SEED = int(os.environ.get("LAB_SEED", "1"))
LOOK_MS = 50
COURSE = native.shipped()
WORDS, BOOT = COURSE.at("words"), COURSE.at("words.boot")

# --- what can go wrong ---------------------------------------------------------------------------------------------------

# What the network does, and the sentence that tells it, by its name in words.toml, [boot].
NETWORK: dict[str, tuple[Lie, str]] = {
    "a login page": (portal(), "web_page"),
    "a login page elsewhere": (redirected("http://localhost:9/login"), "web_page"),
    "a login page that may be kept": (portal(max_age=86_400), "web_page"),
    "the half, as a whole": (truncated(declared=False), "cut"),
    "the half": (truncated(), "cut|lost"),  # of a small file a browser gives away nothing
    "the half, to be kept": (truncated(declared=False, max_age=86_400), "cut"),
    "other bytes": (spoilt(), "spoilt"),
    "an error": (refused(503), "refused"),
    "nothing": (gone(), "lost"),
    "silence": (stalled(), "slow"),
    "silence midway": (stalled(after=500), "slow"),
    "another type": (typed("text/plain"), "wrong_type"),
}
KEPT_WRONGLY = ("a login page that may be kept", "the half, to be kept")
# What becomes of a page that a browser keeps, shows as text or gets no more of is the browser's business.
NOT_THE_PAGE = (*KEPT_WRONGLY, "another type", "the half", "silence midway")
START = [
    "*/app.zip",
    "*.wasm",
    "*.mjs",
    "*/core-*.js",
    "*/boot-manifest.json",
    "*/python_stdlib.zip",
    "*/pyodide-lock.json",
    "*/pieces.mjs",
]
BESIDE = ["*/mirror.js", "*/offline.js", "*/reach.js", "*/walk.js", "*/replay.mjs"]  # the lab starts without them
PLACES = ["*", "/", "/v/*", *START, *BESIDE]

# What the browser's two places for a record do: a page's toggles, tried before the page's own scripts.
STORAGE = ("full", "blocked")
MIRROR = ("no database", "a database that refuses", "a database that is silent", "a database that is full")
ILLNESSES = f"""(() => {{
  if (location.origin === 'null' || window.labIll) return;
  const {{ getItem, setItem }} = Storage.prototype, {{ open }} = IDBFactory.prototype, {{ put }} = IDBObjectStore.prototype;
  const databases = indexedDB, kept = localStorage, met = new Set();
  let ill = new Set();
  window.labIll = now => (ill = new Set(now)).forEach(one => met.add(one));
  labIll(ILL);
  const refuse = name => {{ throw new DOMException(name, name); }};
  for (const place of ['localStorage', 'sessionStorage']) {{
    const true_place = window[place];
    Object.defineProperty(window, place, {{ get: () => ill.has('blocked') ? refuse('SecurityError') : true_place }});
  }}
  Storage.prototype.setItem = function (...given) {{
    if (ill.has('full')) refuse('QuotaExceededError');
    setItem.apply(this, given);
  }};
  IDBFactory.prototype.open = function (...given) {{
    if (ill.has('no database')) refuse('SecurityError');
    if (ill.has('a database that is silent')) return {{}};
    if (!ill.has('a database that refuses')) return open.apply(this, given);
    const asked = {{ error: new DOMException('refused', 'UnknownError') }};
    setTimeout(() => asked.onerror?.({{ target: asked }}));
    return asked;
  }};
  IDBObjectStore.prototype.put = function (...given) {{
    const asked = put.apply(this, given);
    if (ill.has('a database that is full')) this.transaction.abort();
    return asked;
  }};

  // What really stands in the three places, whatever the page is told.
  const mirrored = () => new Promise(done => {{
    const asked = open.call(databases, 'kv_cache_lab', 1);
    asked.onupgradeneeded = () => asked.transaction.abort(); // it isn't there, and isn't ours to make
    asked.onerror = () => done(null);
    asked.onsuccess = () => {{
      const told = asked.result.transaction('records').objectStore('records').get('1');
      told.onsuccess = () => (asked.result.close(), done(told.result ?? null));
    }};
  }});
  const stands = key => getItem.call(kept, key);
  window.labStands = async () => [stands('{OWN_KEY}'), stands('{LEDGER}'), await mirrored()];

  // Each time the page says that the record is saved, what then stands there, and whether the database was ever ill.
  addEventListener('DOMContentLoaded', () => {{
    const node = document.querySelector('[data-key="status.ledger.value"]');
    const look = async () => {{
      if (!node || node.textContent !== SAVED) return;
      const own = met.has('blocked') ? null : stands('{OWN_KEY}');
      const frail = !window.labMirror || [...met].some(one => one.includes('database'));
      console.debug('claim ' + JSON.stringify([own, await mirrored(), frail]));
    }};
    if (node) new MutationObserver(look).observe(node, {{ childList: true, characterData: true, subtree: true }});
  }});
}})();""".replace("SAVED", json.dumps(WORDS["saved_device"]))

# What other pages of the origin do to the storage.
NEIGHBOURS = {
    **SPOILT,
    "a newer version": """localStorage.setItem(KEY, '{"track": null, "current_step": 0, "last_updated": "", "history":'
      + ' {"v2_10": {"kv_cache_lab": {"schema": 2, "facts": []}}}}')""",
    "two hundred texts": "for (let n = 0; n < 200; n++) localStorage.setItem(KEY, '{no ' + n)",
    "megabytes": """localStorage.setItem(KEY, JSON.stringify({ track: null, current_step: 0, last_updated: "",
      history: { 1: { text: 'x'.repeat(2e6) } } }))""",
    "what stood there before": "localStorage.setItem(KEY, BEFORE)",
}
NEIGHBOUR = '<!doctype html><title>another project</title><link rel="icon" href="icon.svg">'
LOSE = """async name => { for (const key of await caches.keys()) {
  const cache = await caches.open(key);
  for (const request of await cache.keys()) if (request.url.endsWith(name)) await cache.delete(request);
} }"""

# --- what may be said of it ----------------------------------------------------------------------------------------------


def sentence(text: str) -> str:
    """A regular expression for a sentence of the content, whatever stands in its places."""
    return re.sub(r"\\[\[{]([a-z_]+)\\[\]}]", r".*?", re.escape(text))


def file_named(name: str, text: str) -> str | None:
    """The file that a sentence of a start names, None where the text is another sentence."""
    pattern = sentence(BOOT[name].replace("[file]", "\0")).replace("\0", r"(?P<file>\S+)")
    found = re.fullmatch(f"{pattern}(?: .*)?", text, re.DOTALL)
    return found and found.groupdict().get("file", "")


UNREAD = re.compile(f"(?:(?:{'|'.join(sentence(text) for text in COURSE.at('refusals.ledger').values())}) ?)+")
LOOK = """() => {
  const shown = found => (found && !found.closest('[hidden]') ? found.innerText.trim() : '');
  const [root, id] = [document.documentElement, name => document.getElementById(name)];
  return {
    left: window.labLeft === true, mirror: 'labMirror' in window,
    served: !!navigator.serviceWorker?.controller, state: document.readyState,
    address: location.href, body: (document.body?.innerText ?? '').trim().slice(0, 99),
    boot: root.dataset.boot ?? null, kept: root.dataset.kept ?? null, parts: root.dataset.parts ?? null,
    title: shown(document.querySelector('h1')), failure: shown(id('boot-failure')?.querySelector('p')),
    line: shown(id('boot-line')),
    saved: shown(document.querySelector('[data-key="status.ledger.value"]')),
    update: shown(id('update')), trouble: shown(id('trouble')),
    notices: [...document.querySelectorAll('[data-key="notices.list"] li')].map(shown).filter(text => text),
  };
}"""
OPEN = """questions => questions.filter(id => {
  const form = document.querySelector(`[data-key="${id}"]`);
  return form.dataset.state === 'open' && form.offsetParent !== null;
})"""


class Tab:
    """A page of the lab: what was said on it, and what it has met since it was loaded."""

    def __init__(self, walk: Walk, page: Page) -> None:
        self.walk, self.page = walk, page
        self.errors: list[str] = []
        self.met: set[str] = set()
        self.is_ready = False
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("Page.enable")
        self.script: str | None = None
        self.sicken()
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.errors.append(f"Uncaught {error}"))

    def sicken(self) -> None:
        """The browser's storage is as ill as the walk says, on this page and on those that it loads."""
        if self.script:
            self.devtools.send("Page.removeScriptToEvaluateOnNewDocument", {"identifier": self.script})
        ill = json.dumps(sorted(self.walk.ill))
        made = self.devtools.send("Page.addScriptToEvaluateOnNewDocument", {"source": ILLNESSES.replace("ILL", ill)})
        self.script = made["identifier"]
        self.page.evaluate(f"window.labIll?.({ill})")
        self.met |= self.walk.ill

    def hear(self, message: Any) -> None:
        """Note an error, or what the page calls saved."""
        if message.type == "error":
            self.errors.append(message.text)
        elif message.text.startswith("claim "):
            self.walk.hear(*json.loads(message.text.removeprefix("claim ")))

    def look(self) -> dict[str, Any] | None:
        """What is to be seen, None while one page gives way to the next."""
        try:
            return self.page.evaluate(LOOK)
        except Error:
            return None

    def sees(self, what: str) -> Any:
        """A part of what is to be seen."""
        return (self.look() or {}).get(what)

    def until(self, met: Callable[[dict[str, Any]], object], what: str) -> Any:
        """Look until something is there, and give that back."""
        patience = time.monotonic() + ANSWER_MS / 1000
        seen = None
        while time.monotonic() < patience:
            seen = self.look()
            found = seen and met(seen)
            if found:
                return found
            self.page.wait_for_timeout(LOOK_MS)
        raise AssertionError(f"{what} did not come; to be seen is {seen}; errors: {self.errors}")

    def node(self, key: str) -> Any:
        """The node that a view writes under a key."""
        return self.page.locator(f'[data-key="{key}"]')

    def press(self, name: str) -> None:
        """Press the button with exactly this name."""
        self.page.get_by_role("button", name=name, exact=True).click()


class Walk:
    """One learner on one device: what happens, and what must then be true.

    claimed: ids of the facts that a page called saved; of these `frail` are those that only localStorage has, since the database
    was ill: a browser writes that seconds late, and any page may blank it. gone: ids that the learner cleared. lie: what the
    network does, and to which files. ill: what the storage does. kept: the site is kept whole for visits without a network.
    """

    def __init__(self, playwright: Any, folder: Path, dist: Path) -> None:
        self.playwright, self.chance, self.profile = playwright, random.Random(SEED), folder / "profile"
        self.profile.mkdir()
        self.dist = folder / "site"
        shutil.copytree(dist, self.dist)
        (self.dist / "neighbour.html").write_text(NEIGHBOUR, encoding="utf-8")
        self.site = Liar(self.dist)
        self.deeds: list[str] = []
        self.claimed: set[str] = set()
        self.frail: set[str] = set()
        self.gone: set[str] = set()
        self.excused: set[str] = set()
        self.ill: set[str] = set()
        self.lie: tuple[str, str] | None = None
        self.is_kept = self.is_poisoned = self.is_spoilt = False
        (parts,) = (self.dist / "v").iterdir()
        self.version, self.versions = parts.name, 1
        self.shared_before = ""
        self.begin()
        tab = self.tab  # the learner has been here before
        tab.page.goto(f"{self.site.origin}/icon.svg")
        begun = twin.document(native.walked(until=3))
        tab.page.evaluate("([key, text]) => localStorage.setItem(key, text)", [LEDGER, begun])

    # --- the learner's device ---

    def begin(self) -> None:
        """The browser starts, with what its profile still has."""
        self.mortal = Mortal(self.playwright, self.profile)
        self.tabs = [Tab(self, self.mortal.page)]

    def end(self) -> None:
        """The browser's process ends, unasked."""
        self.mortal.kill()
        self.is_kept = False  # files that were kept a moment ago may be lost; the next page says whether they are
        self.claimed -= self.frail
        self.frail.clear()

    def forgets(self) -> None:
        """The site is no longer kept, whatever was true when a page said so."""
        self.is_kept = False
        for tab in self.tabs:
            tab.page.evaluate("delete document.documentElement.dataset.kept")

    @property
    def tab(self) -> Tab:
        """The first tab."""
        return self.tabs[0]

    def ready(self) -> list[Tab]:
        """The tabs in which the lab has started."""
        return [tab for tab in self.tabs if tab.is_ready]

    def any_ready(self) -> Tab:
        """One of them."""
        return self.chance.choice(self.ready())

    # --- what the page claims, and what there is ---

    def hear(self, own: str | None, mirror: str | None, frail: bool) -> None:
        """A page says that the record is saved: these texts then stood in the lab's own copy and in the database."""
        kept, mirrored = ledger.read_own(own).record, ledger.read_own(mirror).record
        self.gone |= _cleared(mirrored) | (set() if frail else _cleared(kept))
        firm = _ids(mirrored) | (set() if frail else _ids(kept))
        self.claimed |= (firm | _ids(kept)) - self.excused
        self.frail = (self.frail | _ids(kept)) - firm

    def stands(self, tab: Tab) -> tuple[ledger.Record, ledger.Record]:
        """What stands in the lab's own copy and in the database, whatever the page is told."""
        own, self.shared_before, mirror = tab.page.evaluate("labStands()")
        return ledger.read_own(own).record, ledger.read_own(mirror).record

    def finds(self, tab: Tab) -> None:
        """What was called saved is there, what was cleared is not, and the page shows it."""
        if self.ill:
            return
        patience = time.monotonic() + ANSWER_MS / 1000
        while True:
            facts = self.stands(tab)[0].facts
            ids = {fact["id"] for fact in facts}
            lost, back = self.claimed - ids, self.gone & ids
            if not lost and not back:
                break
            assert time.monotonic() < patience, f"{len(lost)} of {len(self.claimed)} facts lost, {len(back)} are back"
            tab.page.wait_for_timeout(LOOK_MS)
        context = tab.page.locator("input[data-action=context]:checked").get_attribute("value")
        for question in native.QUESTIONS:
            if not ledger.answered(facts, context, question):
                break  # what a Clear that couldn't be kept left of later acts lies behind a closed door
            expect(tab.node(question)).to_have_attribute("data-state", "locked")

    # --- a page loads ---

    def loads(
        self, tab: Tab, start: Callable[[], object] | None = None, midway: Callable[[], object] | None = None
    ) -> str:
        """Have a tab load the lab, or do what `start` does, and see that what comes is true. `midway` happens meanwhile."""
        self.look_at_errors(tab)
        tab.is_ready, tab.met = False, self.ill | ({"network"} if self.is_poisoned else set())
        self.site.lied.clear()
        if tab.look():
            tab.page.evaluate("window.labLeft = true")
        if start is None:
            tab.page.evaluate("address => { setTimeout(() => location.assign(address)) }", f"{self.site.origin}/")
        else:
            start()
        if midway:
            midway()
        came = tab.until(lambda seen: self.came(tab, seen), "the page")
        seen = tab.look()
        getattr(self, f"{came}_is_true")(tab, seen or {})
        return came

    def came(self, tab: Tab, seen: dict[str, Any]) -> str | None:
        """What has come of a start, None while that is open."""
        says = self.lie and NETWORK[self.lie[0]][1]
        if seen["left"]:
            return "silence" if "/" in self.site.held and not self.is_kept else None
        if seen["boot"] == "loading" and says == "slow" and self.waits_truly(seen["line"]):
            return "waiting"
        if seen["boot"] in ("ready", "failed"):
            return str(seen["boot"])
        return "elsewhere" if seen["boot"] is None and seen["state"] == "complete" and seen["body"] else None

    def waits_truly(self, line: str) -> bool:
        """Whether the waiting line names a file that is held back."""
        return file_named("slow", line) in {path.rpartition("/")[2] or "index.html" for path in self.site.held}

    def ready_is_true(self, tab: Tab, seen: dict[str, Any]) -> None:
        """The lab is there."""
        tab.is_ready = True
        self.is_poisoned &= self.lie is not None
        assert seen["title"] == COURSE.at("course.masthead.title") and not seen["failure"] and not seen["trouble"], seen
        self.finds(tab)

    def failed_is_true(self, tab: Tab, seen: dict[str, Any]) -> None:
        """The start ended with a sentence: with the one about what the network does, about a file that it did it to."""
        told, lied = seen["failure"], {path.rpartition("/")[2] for path in self.site.lied}
        assert not self.is_kept, f"what is kept could have started, but: {told}"
        assert told.endswith(f" {BOOT['safe']}") and seen["title"] == COURSE.at("course.masthead.title"), seen
        is_old = self.version not in seen["parts"]  # of an old version the site has nothing more
        if "/" in self.site.lied:
            assert self.lie and file_named("in_part", told) is not None, f"{self.lie}, but: {told}"
            return
        names = NETWORK[self.lie[0]][1].split("|") if self.lie else []
        is_true = any(file_named(name, told) in lied for name in names)
        assert is_true or (is_old and file_named("refused", told)), f"{self.lie}, {lied}, but: {told}"

    def waiting_is_true(self, tab: Tab, seen: dict[str, Any]) -> None:
        """The start waits for what the network holds back, and goes on when that comes."""
        assert not self.is_kept, f"what is kept could have started, but: {seen['line']}"

    def silence_is_true(self, tab: Tab, seen: dict[str, Any]) -> None:
        """The page itself is held back."""

    def elsewhere_is_true(self, tab: Tab, seen: dict[str, Any]) -> None:
        """The lab is not there: this is the network's page, or the browser's, and nothing is kept instead."""
        assert not self.is_kept and self.lie and "/" in self.site.lied, f"{self.lie}: instead of the lab came {seen}"

    def mends(self) -> None:
        """All is well again, the browser starts once more: what was called saved is there."""
        self.end()
        self.ill, self.lie = set(), None
        self.site.truth()
        self.begin()
        assert self.loads(self.tab) == "ready"
        self.holds()

    # --- what must hold after each deed ---

    def holds(self) -> None:
        """Every sentence that is to be seen is true."""
        for tab in self.tabs:
            self.look_at_errors(tab)
            seen = tab.look()
            if not tab.is_ready or not seen:
                continue
            self.is_kept |= seen["kept"] == "whole"
            tab.met |= set() if seen["mirror"] else {"no database"}
            untrue = [text for text in seen["notices"] if not self.is_true(text, tab)]
            assert not untrue and not seen["failure"] and not seen["trouble"], (untrue, seen)
            assert not seen["update"] or self.versions > 1, "there is no new version"
            if seen["saved"] == WORDS["saved_page"]:
                assert tab.met & set(STORAGE) and tab.met & set(MIRROR), f"the storage is well, but: {seen}"

    def is_true(self, notice: str, tab: Tab) -> bool:
        """Whether what a notice says has happened."""
        for name, illness in (("storage_full", "full"), ("storage_blocked", "blocked")):
            if notice == WORDS[name]:
                return illness in tab.met and bool(tab.met & set(MIRROR))
        return self.is_spoilt and UNREAD.fullmatch(notice) is not None

    def look_at_errors(self, tab: Tab) -> None:
        """A page has no errors but those of the network."""
        parts = tab.sees("parts") or ""
        if self.lie or self.version not in parts:  # what a page of an old version still lacks may be gone
            tab.met.add("network")
        strange = [error for error in tab.errors if "network" not in tab.met or "Traceback" in error]
        tab.errors.clear()
        assert not strange, strange


def _ids(record: ledger.Record) -> set[str]:
    return {fact["id"] for fact in record.facts}


def _cleared(record: ledger.Record) -> set[str]:
    return {id for id, count in record.cleared.items() if count % 2}


# --- the deeds -----------------------------------------------------------------------------------------------------------

Deed = Callable[[Walk], str | None]
DEEDS: list[tuple[int, Callable[[Walk], object], Deed]] = []


def deed(weight: int, when: Callable[[Walk], object] = lambda walk: True) -> Callable[[Deed], Deed]:
    """A deed that may be drawn, with its weight, and when it can be done. It returns what else to tell of it."""

    def known(does: Deed) -> Deed:
        DEEDS.append((weight, when, does))
        return does

    return known


def has_saved(tab: Tab) -> bool:
    """Wait until a page has said where the record is. Whether that is on the device."""
    if "a database that is silent" in tab.met:
        return False  # it waits for that a while
    places = (WORDS["saved_device"], WORDS["saved_page"])
    return bool(tab.until(lambda seen: seen["saved"] in places and seen["saved"], "where it is saved") == places[0])


def press_commit(walk: Walk, tab: Tab) -> tuple[str, str, str] | None:
    """Answer an open question by chance. None if there is none on this side of the wall, and the other side is then chosen."""
    asked = tab.page.evaluate(OPEN, list(native.QUESTIONS))
    context = tab.page.locator("input[data-action=context]:checked").get_attribute("value")
    if not asked:
        other = next(name for name in COURSE.contexts if name != context)
        tab.node(f"context.{other}.input").check()
        return None
    question = asked[0]
    option = walk.chance.choice(native.option_ids(question))
    # Another tab may be about to lock it: a press on what is locked by then does nothing.
    tab.node(f"{question}.{option}.input").dispatch_event("click")
    tab.node(f"{question}.commit").dispatch_event("click")
    return context, question, option


@deed(8, Walk.ready)
def commits(walk: Walk) -> str | None:
    """An answer is committed; once it is called saved, it is in one of the places that outlive the page."""
    tab = walk.any_ready()
    done = press_commit(walk, tab)
    if done is None:
        return "nothing, and looks at the other side"
    expect(tab.node(done[1])).to_have_attribute("data-state", "locked")
    if has_saved(tab):
        facts = [fact for record in walk.stands(tab) for fact in record.facts]
        assert ledger.answered(facts, *done[:2]), f"{done} is called saved"
    return " ".join(done)


@deed(3, Walk.ready)
def records(walk: Walk) -> str | None:
    """A design is recorded, if there is one."""
    tab = walk.any_ready()
    tab.node("act2.record").dispatch_event("click")
    has_saved(tab)
    return None


@deed(3, Walk.ready)
def moves(walk: Walk) -> str | None:
    """A control is moved, on this side of the wall or the other."""
    tab, length = walk.any_ready(), walk.chance.choice((2048, 8192, 32768))
    tab.node(f"context.{walk.chance.choice(COURSE.contexts)}.input").check()
    field = tab.page.locator("[id='act1.context.number']")
    if field.is_visible():
        field.fill(str(length))
        field.press("Tab")
    return str(length)


@deed(2, Walk.ready)
def writes(walk: Walk) -> str | None:
    """Something is written into the report."""
    tab = walk.any_ready()
    tab.page.get_by_label(COURSE.at("report.name_label")).fill(f"Ada {walk.chance.randrange(1000)}")
    return None


@deed(1, Walk.ready)
def clears(walk: Walk) -> str | None:
    """*Clear*, meant: from then on nothing of what there was has to be there."""
    tab, words = walk.any_ready(), COURSE.at("course.ledger")
    walk.excused |= walk.claimed
    walk.claimed.clear()
    walk.frail.clear()
    tab.page.evaluate("location.hash = 'why/ledger'")  # with or without the walk, from there on it can be seen
    tab.press(words["clear"])
    tab.press(words["clear_confirm"])
    has_saved(tab)
    return None


@deed(4, Walk.ready)
def reloads(walk: Walk) -> str | None:
    """A page is loaded again."""
    tab = walk.any_ready()
    return walk.loads(tab, lambda: tab.page.evaluate("setTimeout(() => location.reload())"))


@deed(3)
def visits(walk: Walk) -> str | None:
    """The lab is opened, wherever the tab was."""
    return walk.loads(walk.chance.choice(walk.tabs))


@deed(2)
def hurries(walk: Walk) -> str | None:
    """An answer is chosen and committed while Python is on its way."""
    tab = walk.tab

    option = walk.chance.choice(native.option_ids("act1.prediction"))

    def midway() -> None:
        tab.until(lambda seen: not seen["left"] or "/" in walk.site.held, "the next page")
        if tab.sees("boot") == "loading" and tab.node("act1.prediction.commit").is_visible():
            tab.node(f"act1.prediction.{option}.input").dispatch_event("click")
            tab.node("act1.prediction.commit").dispatch_event("click")

    return walk.loads(tab, midway=midway)


@deed(3, lambda walk: len(walk.tabs) == 1)
def opens_a_second_tab(walk: Walk) -> str | None:
    """The lab is opened beside itself."""
    walk.tabs.append(Tab(walk, walk.tab.page.context.new_page()))
    return walk.loads(walk.tabs[1])


@deed(2, lambda walk: len(walk.tabs) > 1)
def closes_a_tab(walk: Walk) -> str | None:
    """One of two tabs is closed."""
    closed = walk.tabs.pop(walk.chance.randrange(2))
    walk.look_at_errors(closed)
    closed.page.close()
    return None


@deed(7)
def ends(walk: Walk) -> str | None:
    """The browser's process ends: at rest, after a commit, while it records, or while a page loads. It starts again."""
    moment = walk.chance.choice(("at rest", "after a commit", "while it records", "while a page loads"))
    tab = walk.tab
    if tab.is_ready and moment == "after a commit":
        press_commit(walk, tab)
    if tab.is_ready and moment == "while it records":
        for _ in range(walk.chance.randrange(1, 6)):
            tab.node("act2.record").dispatch_event("click")
            tab.page.wait_for_timeout(walk.chance.choice((0, 30, 300)) * walk.chance.random())
    if moment == "while a page loads":
        asked = walk.chance.randrange(30)
        tab.page.evaluate("address => { setTimeout(() => location.assign(address)) }", f"{walk.site.origin}/")
        while asked and (walk.site.requests and not walk.site.held):
            asked -= 1
            tab.page.wait_for_timeout(LOOK_MS)
    walk.end()
    walk.begin()
    return f"{moment}; then {walk.loads(walk.tab)}"


@deed(5)
def neighbour_writes(walk: Walk) -> str | None:
    """Another page of the origin does something to the storage, with the lab open or closed."""
    if walk.lie:
        return "nothing: the network lies"
    how, closed = walk.chance.choice(sorted(NEIGHBOURS)), walk.chance.random() < 0.4
    before = walk.shared_before or ""
    if closed:
        for tab in walk.tabs:
            walk.look_at_errors(tab)
            tab.is_ready = False
            tab.page.goto("about:blank")
    if "all" in how:
        walk.claimed -= walk.frail
        walk.frail.clear()
    page = walk.tab.page.context.new_page()
    page.goto(f"{walk.site.origin}/neighbour.html")
    page.evaluate(f"([KEY, BEFORE]) => {{ {NEIGHBOURS[how]} }}", [LEDGER, before])
    page.close()
    walk.is_spoilt = True
    return f"{how}, the lab is {'closed; then ' + walk.loads(walk.tab) if closed else 'open'}"


@deed(4)
def storage_falls_ill(walk: Walk) -> str | None:
    """From now on a place for the record refuses, or both do."""
    places = walk.chance.choice(((STORAGE,), (MIRROR,), (STORAGE, MIRROR)))
    walk.ill = {walk.chance.choice(illnesses) for illnesses in places}
    for tab in walk.tabs:
        tab.sicken()
    return ", ".join(sorted(walk.ill))


@deed(6, lambda walk: walk.ill)
def storage_gets_well(walk: Walk) -> str | None:
    """The storage is what it should be."""
    walk.ill = set()
    for tab in walk.tabs:
        tab.sicken()
    return None


@deed(8, lambda walk: not walk.lie)
def network_lies(walk: Walk) -> str | None:
    """The network does something to some files, and the lab is opened."""
    how, where = walk.chance.choice(sorted(NETWORK)), walk.chance.choice(PLACES)
    if where in ("*", "/") and how in NOT_THE_PAGE:
        where = "/v/*"
    walk.lie = how, where
    walk.is_poisoned |= how in KEPT_WRONGLY
    walk.site.tell(where, NETWORK[how][0])
    return f"{how} for {where}; then {walk.loads(walk.chance.choice(walk.tabs))}"


@deed(10, lambda walk: walk.lie)
def network_is_honest(walk: Walk) -> str | None:
    """The network is what it should be: what was held back comes."""
    waiting = [tab for tab in walk.tabs if tab.sees("boot") == "loading"]
    for tab in walk.tabs:
        walk.look_at_errors(tab)
    walk.site.truth()
    walk.lie = None
    for tab in waiting:
        tab.until(lambda seen: seen["boot"] == "ready", "the page that waited")
        tab.is_ready = True
    return f"{len(waiting)} tab(s) went on"


@deed(10, lambda walk: not walk.lie and any(tab.sees("boot") == "failed" for tab in walk.tabs))
def presses_reload(walk: Walk) -> str | None:
    """A page that did not start is loaded by its own button, when nothing is in the way any more."""
    tab = next(tab for tab in walk.tabs if tab.sees("boot") == "failed")
    walk.forgets()
    assert walk.loads(tab, lambda: tab.press(BOOT["reload"])) == "ready"
    return None


@deed(2, lambda walk: walk.ready() and not walk.lie)
def waits_until_it_is_kept(walk: Walk) -> str | None:
    """The learner stays until the lab works without a network."""
    expect(walk.ready()[0].page.get_by_text(WORDS["offline_ready"])).to_be_visible()
    return None


@deed(3)
def browser_forgets_files(walk: Walk) -> str | None:
    """The browser makes room: the site's files are no longer kept, or one of them isn't."""
    tab = walk.tab
    if walk.is_kept and tab.is_ready and walk.chance.random() < 0.5:
        lost = walk.chance.choice(("app.zip", "plotly-basic.min.js", "pyodide.asm.wasm", "index.html"))
        tab.page.evaluate(LOSE, lost)
        walk.forgets()
        return lost
    for other in walk.tabs:
        walk.look_at_errors(other)
        other.is_ready = False
        other.page.goto("about:blank")
    kinds = "cache_storage,service_workers"
    tab.devtools.send("Storage.clearDataForOrigin", {"origin": walk.site.origin, "storageTypes": kinds})
    tab.devtools.send("Network.clearBrowserCache")
    walk.forgets()
    return f"all; then {walk.loads(tab)}"


@deed(2)
def new_version_comes(walk: Walk) -> str | None:
    """A new version is put in the place of the old one."""
    walk.versions += 1
    walk.version = renewed(walk.dist, lambda parts: (parts / "reach.js").write_text(f"// version {walk.versions}"))
    return walk.version


@deed(4, lambda walk: any(tab.sees("update") for tab in walk.ready()))
def new_version_is_taken(walk: Walk) -> str | None:
    """The learner reloads with the new version."""
    tab = next(tab for tab in walk.ready() if tab.sees("update"))
    came = walk.loads(tab, lambda: tab.press(WORDS["update_now"]))
    assert came == "ready"
    return str(tab.page.locator("html").get_attribute("data-parts"))


def test_whatever_happens_nothing_is_lost_and_nothing_false_is_said(playwright, tmp_path, dist):
    walk = Walk(playwright, tmp_path, dist)
    try:
        walk.loads(walk.tab)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            can = [(weight, does) for weight, when, does in DEEDS if when(walk)]
            does = walk.chance.choices([does for _, does in can], [weight for weight, _ in can])[0]
            walk.deeds.append(does.__name__.replace("_", " "))
            told = does(walk)
            walk.deeds[-1] += f": {told}" if told else ""
            walk.holds()
        walk.mends()
        print(f"{len(walk.deeds)} deeds, {len(walk.claimed)} facts called saved, none lost")
    except Exception as failure:
        failure.add_note("\n".join([f"LAB_SEED={SEED}, {len(walk.deeds)} deeds:", *walk.deeds]))
        raise
    finally:
        walk.mortal.kill()
        walk.site.stop()
