"""The lab inside another page: served from another host and port, in three kinds of storage, by the element and by a frame."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, TimeoutError, expect

from content import wording
from links import handoff
from record import ledger
from state import store
from tests import lab as native
from tests.e2e import twin
from tests.e2e.conftest import BOOT_MS, BROWSER, CHROMIUM, DESK, DIST, ENTRY, LEDGER
from tools import server

ROOT = Path(__file__).parents[2]
# Chromium takes the last of two switches with one name. Playwright's own turns the partitioning of storage off.
PARTITIONED = "--disable-features=MediaRouter,OptimizationHints,HttpsUpgrades"
BLOCKED = """if (window !== top) for (const name of ['localStorage', 'indexedDB']) Object.defineProperty(window, name, {
  configurable: true, get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); },
});"""
FIGURE = '<figure><a href="{lab}"><img src="act1-light.svg" alt="a figure"></a><figcaption>A lab</figcaption></figure>'
HEARD = "<script>heard = []; addEventListener('message', ({ data }) => heard.push(data));</script>"
# Whether the page in the frame has the size of the frame around it, and leaves nothing but a margin below its last line.
FITS = """([width, height]) => innerWidth === width && innerHeight === height
  && document.documentElement.scrollHeight <= innerHeight
  && innerHeight - document.querySelector('.embed-foot').getBoundingClientRect().bottom < 60"""
FRAME = """() => {
  const frame = document.querySelector('kv-lab').shadowRoot.querySelector('iframe');
  const said = heard.filter(({ type }) => type === 'kvlab:resize').at(-1);
  return said && frame.clientHeight === said.height && [frame.clientWidth, frame.clientHeight];
}"""
LIMIT_PX = 12_000
HEIGHTS, SOON_MS = 20, 1000  # a frame that follows its content takes this many heights at most
WORDS = native.shipped().at("embed.foot")


@pytest.fixture(scope="module")
def own_partition(browser: Browser) -> Iterator[Browser]:
    """A browser that gives each embedding site a storage of its own, as browsers do outside of tests."""
    found = browser.browser_type.launch(executable_path=BROWSER, args=[*CHROMIUM, PARTITIONED])
    yield found
    found.close()


class Closed(http.server.SimpleHTTPRequestHandler):
    """A server that lets no other origin read its files, in silence."""

    def log_message(self, *_: object) -> None:
        """Nothing is worth a line."""


class Book:
    """A page of somebody else's, on another site than the lab's, and a reader who has it open."""

    def __init__(self, browser: Browser, lab: str, folder: Path, **options: Any) -> None:
        self.lab, self.folder = lab, folder
        shutil.copy(DIST / "kv-lab.js", folder)
        shutil.copy(ROOT / "_extensions/kvlab/figures/act1-light.svg", folder)
        self.server = server.server(folder)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = f"http://localhost:{self.server.server_port}"
        self.context = browser.new_context(accept_downloads=True, **{"viewport": DESK, **options})
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.expects_trouble = False
        self.page = self.watched(self.context.new_page())

    def watched(self, page: Page) -> Page:
        """The page, with its errors and its requests to the lab noted."""
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url) if request.url.startswith(self.lab) else None)
        return page

    def open(self, body: str, classes: str = "quarto-light") -> Book:
        """Read a page with this body."""
        icon = '<link rel="icon" href="data:,">'
        head = f'<!doctype html><html lang="en"><title>A book</title>{icon}<script src="kv-lab.js"></script>{HEARD}'
        (self.folder / "page.html").write_text(f'{head}<body class="{classes}"><h1>A chapter</h1>{body}')
        self.page.goto(f"{self.origin}/page.html")
        return self

    def element(self, **attributes: str) -> Book:
        """Read a page with the element on it."""
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        return self.open(f'<kv-lab url="{self.lab}/"{written}>{FIGURE.format(lab=self.lab)}</kv-lab><p>After it.</p>')

    def frame(self, query: str = "embed=1&act=1", **attributes: str) -> Book:
        """Read a page with a plain frame on it, of a fixed height."""
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        return self.open(
            f'<iframe src="{self.lab}/?{query}" title="Lab" width="100%" height="700"{written}></iframe>'
        ).ready()

    def start(self) -> Book:
        """Press the element's button and wait until Python answers."""
        self.page.get_by_role("button", name="Open the lab here").click()
        return self.ready()

    @property
    def inside(self) -> FrameLocator:
        """What is in the frame."""
        return self.page.frame_locator("iframe")

    def ready(self, page: Page | None = None) -> Book:
        """Wait until Python answers in the frame, or in a tab of its own."""
        where = page or self.inside
        expect(where.locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)
        return self

    def node(self, key: str) -> Any:
        """The node that a view writes under a key, in the frame."""
        return self.inside.locator(f'[data-key="{key}"]')

    def choose(self, key: str) -> None:
        """Choose by key: a frame that still follows its content moves under a pointer that is on its way."""
        self.node(key).press("Space")
        expect(self.node(key)).to_be_checked()

    def answer(self, question: str, option: str) -> None:
        """Pick and commit in the frame."""
        self.choose(f"{question}.{option}.input")
        self.node(question).get_by_role("button", name="Commit").press("Enter")
        expect(self.node(question)).to_have_attribute("data-state", "locked")

    def content_fits(self) -> float:
        """Wait until the frame is exactly as high as what it shows; that height."""
        for _ in range(HEIGHTS):
            size = self.page.wait_for_function(FRAME, polling=50).json_value()
            with contextlib.suppress(TimeoutError):  # the content is on its way to another height
                self.page.frames[1].wait_for_function(FITS, arg=size, polling=50, timeout=SOON_MS)
                return size[1]
        raise AssertionError(f"the frame of {size} does not fit its content")

    def heard(self, *kinds: str) -> list[dict[str, Any]]:
        """The messages of these kinds that the page got."""
        return [said for said in self.page.evaluate("heard") if said["type"] in kinds]

    def close(self) -> None:
        """Close the book; nothing may have gone wrong."""
        self.context.close()
        self.server.shutdown()
        assert self.expects_trouble or self.errors == []


@pytest.fixture
def book(browser: Browser, own_partition: Browser, origin: str, tmp_path: Path) -> Iterator[Any]:
    """Open a book, in a browser whose storage is the site's own, or one that blocks it."""
    made: list[Book] = []

    def opened(storage: str = "partitioned", **options: Any) -> Book:
        made.append(Book(own_partition if storage == "partitioned" else browser, origin, tmp_path, **options))
        if storage == "blocked":
            made[-1].context.add_init_script(BLOCKED)
        return made[-1]

    yield opened
    for each in made:
        each.close()


# --- the element --------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_the_lab_before_a_press_and_then_the_frame_follows_its_content(book):
    read = book().element(act="1")
    expect(read.page.get_by_role("img", name="a figure")).to_be_visible()
    expect(read.page.get_by_role("button", name="Open the lab here")).to_be_visible()
    assert read.asked == []
    read.start()
    expect(read.page.get_by_role("img", name="a figure")).to_be_hidden()
    closed = read.content_fits()
    for name in (".opening", ".rail", ".page-foot", ".status", "#act2", ".glossary"):
        expect(read.inside.locator(name)).to_be_hidden()
    read.answer("act1.prediction", "about_50")
    grown = read.content_fits()
    assert grown > closed + 500
    read.choose("context.throughput.input")
    shrunk = read.content_fits()
    assert shrunk < grown - 500
    read.page.set_viewport_size({"width": 390, "height": 844})
    read.content_fits()
    told = len(read.heard("kvlab:resize"))
    read.page.evaluate(
        "n => new Promise(done => { const f = () => n-- ? requestAnimationFrame(f) : done(); f(); })", 60
    )
    assert len(read.heard("kvlab:resize")) == told  # it has come to rest: a frame must not drive its own height


@pytest.mark.parametrize(("width", "side"), [(1280, "left"), (736, "left"), (650, "above"), (376, "above")])
def test_in_a_frame_as_high_as_the_lab_the_bench_stands_with_its_controls(book, width, side):
    """What is sized by the window's height has bounds: such a frame is as high as what stands in it."""
    read = book(viewport={"width": width, "height": 900}).element(act="1").start()
    read.answer("act1.prediction", "about_50")
    assert read.content_fits() < LIMIT_PX
    scene = read.inside.locator('[id="act1/calculator"]')
    bench, controls = scene.locator(".seen").bounding_box(), scene.locator(".controls").bounding_box()
    assert 200 < bench["height"] < 600
    if side == "left":
        assert controls["x"] + controls["width"] <= bench["x"]
        assert bench["y"] < controls["y"] + controls["height"]
    else:
        assert 0 <= controls["y"] - bench["y"] - bench["height"] < 40
        assert controls["width"] <= bench["width"] < width


def test_a_frame_as_high_as_the_window_keeps_the_picture_with_its_last_control(book):
    """The frame scrolls inside itself, so that what sticks sticks; turned, it follows the window."""
    read = book(viewport={"width": 390, "height": 844}).element(act="1", height="window").start()
    read.answer("act1.prediction", "about_50")
    frame = read.page.locator("iframe")
    expect(frame).to_have_css("height", f"{844 - 48}px")
    scene = read.inside.locator('[id="act1/calculator"]')
    last = scene.locator("select").last
    last.scroll_into_view_if_needed()
    picture, control, around = (place.bounding_box() for place in (scene.locator("canvas"), last, frame))
    assert picture and control and around
    assert around["y"] <= picture["y"] < picture["y"] + picture["height"] <= control["y"]
    assert control["y"] + control["height"] <= around["y"] + around["height"]
    read.page.set_viewport_size({"width": 844, "height": 390})
    expect(frame).to_have_css("height", f"{390 - 48}px")


def test_the_way_on_in_a_frame_leads_from_scene_to_scene_and_to_no_act_that_is_not_shown(book):
    read = book().element(act="1").start()
    read.answer("act1.prediction", "about_50")
    read.answer("act1.reflection", native.right_option("act1.reflection", "latency"))
    read.content_fits()
    read.inside.locator('[id="act1/calculator"] .onward .next').click()
    expect(read.inside.locator('[id="act1/twist-title"]')).to_be_focused()
    expect(read.inside.locator('[id="act1/twist"] .switch')).to_be_in_viewport()
    ways = read.inside.locator(".onward a").all()
    shown = {way.get_attribute("href").partition("/")[0] for way in ways if way.is_visible()}
    assert shown == {"#act1"}


def test_a_door_in_a_frame_opens_where_it_stands_and_the_frame_makes_room_for_it(book):
    read = book().element(act="1").start()
    before = read.content_fits()
    read.inside.get_by_role("link", name=native.shipped().at("act1.doors.briefing")).click()
    expect(read.inside.locator('[id="why/briefing"]')).to_be_in_viewport()
    assert read.content_fits() > before + 100
    read.inside.locator('[id="why/briefing"] [data-shut]').click()
    assert read.content_fits() == before


@pytest.mark.parametrize("width", [560, 351])
def test_a_frame_at_its_limit_scrolls_inside_and_leaves_nothing_out_of_reach(book, width):
    """A book's column, and a phone's: a lab with everything open is higher there than a frame may be."""
    read = book(viewport={"width": width + 16, "height": 800})
    kept = f"if (window !== top) localStorage.setItem({LEDGER!r}, {json.dumps(twin.document(native.walked()))})"
    read.context.add_init_script(kept)
    read.element(act="all").start()
    frame = read.page.locator("kv-lab iframe")
    expect(frame).to_have_css("height", f"{LIMIT_PX}px")
    expect(frame).to_have_css("width", f"{width}px")
    inside = read.page.frames[1]
    assert inside.evaluate("document.documentElement.scrollHeight > innerHeight")
    assert inside.evaluate("document.documentElement.scrollWidth <= innerWidth")
    last = read.inside.locator(".embed-foot").get_by_role("button", name=WORDS["export"])
    assert frame.get_attribute("scrolling") is None
    hidden = "[document.documentElement, document.body].map(node => getComputedStyle(node).overflowY)"
    assert inside.evaluate(hidden) == ["visible", "visible"]  # a hand can scroll it
    for side in "ab":  # what still comes in above would push it out of sight again
        expect(read.inside.locator(f'[data-key="act2.{side}.state"]')).not_to_have_attribute("data-state", "waiting")
    expect(read.inside.locator('[data-key="act2.replay"]')).not_to_have_attribute("data-state", "waiting")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    assert inside.evaluate("scrollY") > 0


def test_only_the_labs_own_messages_count(book):
    read = book().element(act="1").start()
    height = read.content_fits()
    said = "{ type: 'kvlab:resize', v: 1, height: 1234 }"
    other = "{ type: 'kvlab:resize', v: 2, height: 1234 }"
    stranger = f"<script>parent.postMessage({said}, '*')</script>"
    before = len(read.heard("kvlab:resize"))
    read.page.evaluate(f"postMessage({said}, '*')")
    read.page.frames[1].evaluate(f"parent.postMessage({other}, '*'); parent.postMessage('kvlab:resize', '*')")
    read.page.evaluate(
        "page => document.body.append(Object.assign(document.createElement('iframe'), { srcdoc: page }))", stranger
    )
    read.page.wait_for_function("n => heard.filter(m => m.type === 'kvlab:resize').length >= n", arg=before + 3)
    box = read.page.evaluate(
        "document.querySelector('kv-lab').shadowRoot.querySelector('iframe').getBoundingClientRect().height"
    )
    assert abs(box - height - 2) < 1
    for asked, given in ((1e9, 12000), (1, 200)):
        read.page.frames[1].evaluate("h => parent.postMessage({ type: 'kvlab:resize', v: 1, height: h }, '*')", asked)
        read.page.wait_for_function(
            "h => document.querySelector('kv-lab').shadowRoot.querySelector('iframe').style.height === h",
            arg=f"{given}px",
        )


def test_the_theme_follows_the_page_and_the_printed_page_has_the_figure(book):
    read = book().element(act="1").start()
    root = read.inside.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    read.answer("act1.prediction", "about_50")
    plot = read.node("act1.chart.plot")
    plot.scroll_into_view_if_needed()
    title = plot.locator(".xtitle")
    expect(title).to_have_css("fill", "rgb(71, 85, 105)")
    read.page.evaluate("document.body.className = 'quarto-dark'")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(root).to_have_css("background-color", "rgb(15, 23, 42)")
    expect(title).to_have_css("fill", "rgb(182, 194, 210)")
    read.page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    expect(root).to_have_attribute("data-theme", "light")
    read.page.emulate_media(media="print")
    expect(read.page.get_by_role("img", name="a figure")).to_be_visible()
    expect(read.page.locator("kv-lab iframe")).to_be_hidden()
    read.page.emulate_media(media="screen")
    read.page.get_by_role("button", name="Full screen").click()
    read.page.wait_for_function(
        "document.fullscreenElement?.localName === 'kv-lab' && heard.length && "
        "document.fullscreenElement.shadowRoot.querySelector('iframe').getBoundingClientRect().height === innerHeight"
    )


def test_nothing_about_the_learner_goes_up_unless_asked(book):
    read = book().element(act="all").start()
    read.answer("act1.prediction", "about_50")
    assert read.heard("kvlab:state", "kvlab:done") == []
    expect(read.node("embed.saved")).to_have_text(WORDS["device"])
    read.page.evaluate("document.querySelector('kv-lab').ask()")
    read.page.wait_for_function("heard.some(({ type }) => type === 'kvlab:state')")
    told = read.heard("kvlab:state")[-1]
    assert (told["act1"], told["act2"], told["saved"]) == ("locked", "closed", "device")
    read.page.evaluate("addEventListener('kvlab-done', ({ detail }) => { finished = detail.act })")
    read.answer("act1.reflection", native.right_option("act1.reflection", "latency"))
    read.page.wait_for_function("window.finished === 1")
    assert read.heard("kvlab:state")[-1]["act1"] == "committed"


@pytest.mark.parametrize("load", ["visible", "eager"])
def test_a_page_may_load_the_lab_by_itself(book, load):
    read = book()
    shown = f'<kv-lab url="{read.lab}/" load="{load}">{FIGURE.format(lab=read.lab)}</kv-lab>'
    read.open(f'<div style="height: 300vh"></div>{shown}')
    if load == "visible":
        assert read.asked == []
        read.page.get_by_role("img", name="a figure").scroll_into_view_if_needed()
    expect(read.page.locator("kv-lab iframe")).to_have_count(1)
    expect(read.inside.locator("html")).to_have_attribute("data-embed", "all")


def test_an_element_without_a_usable_address_stays_a_figure(book):
    read = book().open('<kv-lab url="javascript:alert(1)" load="eager"><p>Only words.</p></kv-lab>')
    expect(read.page.get_by_text("Only words.")).to_be_visible()
    expect(read.page.get_by_role("button", name="Open the lab here")).to_be_hidden()
    expect(read.page.locator("kv-lab iframe")).to_have_count(0)


# --- storage, three ways ------------------------------------------------------------------------------------------------


def own_tab(read: Book) -> Page:
    """The tab that opens for one's work, once Python answers there."""
    with read.context.expect_page() as opened:
        read.inside.get_by_role("button", name=WORDS["tab"]).click()
    tab = read.watched(opened.value)
    read.ready(tab)
    return tab


def has_the_answer(tab: Page) -> None:
    """The tab shows the answer as committed, says that work has arrived, and its address no longer carries it."""
    expect(tab.locator('[data-key="act1.prediction"]')).to_have_attribute("data-state", "locked")
    expect(tab.locator('[data-key="act1.prediction.about_50.input"]')).to_be_checked()
    expect(tab.locator('[data-key="notices.list"]')).to_contain_text(WORDS["taken"])
    assert "#" not in tab.url


def test_in_a_partition_of_its_own_work_lasts_and_a_tab_of_its_own_takes_it_along(book):
    read = book("partitioned").frame()
    read.answer("act1.prediction", "about_50")
    expect(read.node("embed.saved")).to_have_text(WORDS["device"])
    expect(read.inside.get_by_text(WORDS["partition"])).to_be_visible()
    read.page.reload()
    read.ready()
    expect(read.node("act1.prediction")).to_have_attribute("data-state", "locked")
    away = read.context.new_page()
    away.goto(f"{read.lab}/physics.html")
    assert away.evaluate("key => localStorage.getItem(key)", LEDGER) is None  # what the page says of the lab's own site
    tab = own_tab(read)
    has_the_answer(tab)
    kept = json.loads(tab.evaluate("key => localStorage.getItem(key)", LEDGER))
    assert kept["history"]["v2_10"]["act1_prediction"] == "about_50"


def test_where_storage_is_blocked_nothing_is_lost(book):
    read = book("blocked").frame()
    read.answer("act1.prediction", "about_50")
    expect(read.node("embed.saved")).to_have_text(WORDS["page"])
    expect(read.inside.get_by_text(WORDS["partition"])).to_be_hidden()
    expect(read.node("notices.list")).to_have_text(native.shipped().at("words.storage_blocked"))
    with read.page.expect_download() as download:
        read.inside.get_by_role("button", name=WORDS["export"]).click()
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["history"]["v2_10"]["act1_prediction"] == "about_50"
    has_the_answer(own_tab(read))


def test_in_a_sandbox_the_work_can_be_carried_out_by_hand(book):
    read = book("partitioned").frame(sandbox="allow-scripts")
    read.answer("act1.prediction", "about_50")
    expect(read.node("embed.saved")).to_have_text(WORDS["page"])
    read.expects_trouble = True  # the browser reports the window that the sandbox forbids
    read.inside.get_by_role("button", name=WORDS["tab"]).click()
    address = read.inside.get_by_role("textbox", name=WORDS["text"])
    expect(address).to_be_visible()
    tab = read.watched(read.context.new_page())
    tab.goto(address.input_value())
    read.ready(tab)
    has_the_answer(tab)


def test_a_sandbox_on_a_server_that_shares_no_files_is_explained(book):
    dist = os.environ.get("LAB_DIST", str(ROOT / "dist"))
    close = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Closed, directory=dist))
    threading.Thread(target=close.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{close.server_port}/"
    read = book("partitioned")
    read.expects_trouble = True
    read.open(f'<iframe src="{address}?embed=1" sandbox="allow-scripts" title="Lab"></iframe>')
    expect(read.inside.get_by_role("alert")).to_contain_text("sandbox")
    expect(read.inside.get_by_role("alert")).to_contain_text(address)
    close.shutdown()


# --- links into the lab -------------------------------------------------------------------------------------------------


def test_a_plain_frame_shows_the_act_and_the_theme_that_it_names(book):
    read = book("partitioned", color_scheme="light").frame("embed=1&act=2&theme=dark")
    expect(read.inside.locator("html")).to_have_css("background-color", "rgb(15, 23, 42)")
    expect(read.inside.locator("#act1-title")).to_be_hidden()
    expect(read.inside.locator('[id="act1/predict"]')).to_be_hidden()
    expect(read.node("act2.gate")).to_be_visible()
    expect(read.node("context.throughput.input")).to_be_visible()  # which side to look from is nobody's alone
    read.inside.get_by_role("button", name=WORDS["whole"]).click()
    expect(read.inside.locator("#act1-title")).to_be_visible()
    expect(read.inside.locator('[id="act1/predict"]')).to_be_visible()


STAGES = {  # each stage of a link, and what then stands at the top
    "1": {
        "predict": '[data-key="act1.prediction"]',
        "reality": '[id="act1/wall"]',
        "explore": '[id="act1/calculator"]',
        "twist": '[id="act1/twist"]',
        "reflect": '[data-key="act1.reflection"]',
    },
    "2": {
        "predict": '[data-key="act2.prediction"]',
        "reality": '[id="act2/verdict"]',
        "explore": '[id="act2/servers"]',
        "reflect": '[data-key="act2.reflection"]',
    },
}
# Whether a part begins at the top of what the window shows of the page: under the folded rail, if there is one.
AT_THE_TOP = """part => {
  const rail = document.querySelector('.rail').getBoundingClientRect();
  const top = document.querySelector(part).getBoundingClientRect().top - (rail.width > innerWidth / 2 ? rail.bottom : 0);
  return top > -1 && top < 60;
}"""


def leads(lab, act, stage, part):
    """Follow a link to a stage, and wait until that part stands at the top."""
    lab.page.goto(f"{lab.origin}/?act={act}&stage={stage}")
    lab.ready()
    lab.page.wait_for_function(AT_THE_TOP, arg=part)


def test_a_link_leads_to_a_stage_and_opens_nothing_that_is_locked(visitor):
    lab = visitor(viewport=DESK)
    leads(lab, "1", "reflect", STAGES["1"]["predict"])
    lab.answer("act1.prediction", "about_50")
    leads(lab, "1", "explore", STAGES["1"]["explore"])


def test_a_link_leads_to_each_stage_of_an_act(visitor):
    lab = visitor(document=twin.document(native.walked()), viewport=DESK)
    for act, stages in STAGES.items():
        for stage, part in stages.items():
            leads(lab, act, stage, part)
    lab.page.set_viewport_size({"width": 390, "height": 800})
    leads(lab, act, stage, part)


@pytest.mark.parametrize(
    "query", ["stage=__proto__", "stage=constructor&act=toString", "embed=__proto__&theme=%00%", "act=" + "1" * 9_000]
)
def test_an_address_that_asks_for_what_there_is_not_asks_for_nothing(visitor, query):
    lab = visitor(viewport=DESK)
    lab.page.goto(f"{lab.origin}/?{query}")
    lab.ready()
    lab.answer("act1.prediction", "about_50")  # and no error of the page: see Lab.check


@pytest.mark.parametrize("place", ["#act1", "#synthesis", "#why/contents", "?embed=1&stage=reflect"])
def test_a_page_of_the_same_site_is_not_scrolled_by_the_lab_in_its_frame(book, tmp_path, place):
    read = book()
    (tmp_path / "lab").symlink_to(DIST.resolve())
    frame = f'<iframe src="lab/{place}" title="Lab" width="100%" height="700"></iframe>'
    read.open(f'<div style="height: 300vh">A long chapter.</div>{frame}<div style="height: 300vh">More.</div>')
    read.ready()
    if place.startswith("#"):  # the lab itself is where the address leads
        near = """id => {
          const { top } = document.getElementById(id).getBoundingClientRect();
          return top > -70 && top < innerHeight;
        }"""
        read.page.frames[1].wait_for_function(near, arg=place[1:])
        expect(read.inside.locator(f'[id="{place[1:]}"]')).to_be_visible()
        assert "#" not in read.page.frames[1].url
    read.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert read.page.evaluate("scrollY") == 0


def test_a_reader_who_reads_on_while_the_lab_loads_is_left_where_they_are(book):
    read = book().element(act="1", stage="reflect")
    read.page.evaluate("document.body.append(Object.assign(document.createElement('div'), { style: 'height: 300vh' }))")
    read.page.get_by_role("button", name="Open the lab here").click()
    read.page.mouse.wheel(0, 40)
    read.page.wait_for_function("scrollY > 0")
    read.ready()
    read.page.wait_for_function("heard.some(({ type }) => type === 'kvlab:ready')")
    assert read.page.evaluate("scrollY") < 60


def test_a_damaged_address_is_a_sentence_and_changes_nothing(visitor):
    lab = visitor(viewport=DESK)
    lab.page.goto(f"{lab.origin}/#state=AAAA")
    lab.ready()
    expect(lab.node("notices.list")).to_contain_text("can't be read")
    assert lab.storage() is None
    assert lab.page.url == f"{lab.origin}/"


def test_a_link_adds_nothing_to_a_learners_own_work_unasked(visitor):
    """Where there is no work, what the link carries is there at once; where there is, the learner is asked."""
    theirs = twin.document(native.answered(native.start(), "act1.prediction", "about_5"))
    link = handoff.address("/", theirs)
    fresh = visitor(viewport=DESK)
    fresh.page.goto(fresh.origin + link)
    fresh.ready()
    expect(fresh.node("act1.prediction.about_5.input")).to_be_checked()

    lab = visitor(document=twin.document(native.answered(native.start("throughput"), "act1.prediction", "about_20")))
    for button, count in (("offer_leave", 1), ("offer_take", 2)):
        lab.page.goto(lab.origin + link)
        lab.ready()
        expect(lab.node("offer.box")).to_be_visible()
        assert len(lab.entry()["kv_cache_lab"]["facts"]) == 1
        lab.press(native.shipped().at(f"embed.foot.{button}"))
        expect(lab.node("offer.box")).to_be_hidden()
        lab.page.wait_for_function(FACTS, arg=count)


HOSTILE = {
    "context": "throughput",
    "controls": {"latency": {"act1.context": 32768}},
    "texts": {
        "latency.log": {"text": "theirs", "at": "9999-12-31T23:59:59Z", "edits": 999_999},
        "latency.risk": {"text": "their risk", "at": native.AT, "edits": 1},
    },
    "numbered": {"text": "theirs", "at": "1970-01-01T00:00:00Z"},
}


def hostile(*facts):
    """A link that somebody else made, with everything in it that a link must not do."""
    record = ledger.Record(facts=facts, settings=HOSTILE)
    others = json.dumps({"track": "x", "current_step": 3, "history": {"3": {"of": "another lab"}}, "last_updated": ""})
    return handoff.address("/", ledger.write(others, record, {}, native.AT)[0])


def test_a_link_replaces_no_text_sets_no_number_and_brings_no_other_labs_entries(visitor):
    state = native.after(
        native.start(),
        store.TextWritten("log", "mine", native.AT),
        store.RecordNumbered("my number", native.AT),
    )
    lab = visitor(document=twin.document(state))
    facts = native.answered(native.start("throughput"), "act1.prediction", "about_20").record.facts
    for link, count in ((hostile(), 0), (hostile(*facts), 1)):
        lab.page.goto("about:blank")
        lab.page.goto(lab.origin + link)
        lab.ready()
        asked = wording.fill(WORDS["offered"], {"facts": count, "texts": 1})
        expect(lab.node("offer.text")).to_have_text(asked)
        assert lab.entry()["kv_cache_lab"]["facts"] == []
        lab.press(WORDS["offer_leave"])
    lab.page.goto("about:blank")
    lab.page.goto(lab.origin + hostile(*facts))
    lab.ready()
    lab.press(WORDS["offer_take"])
    lab.page.wait_for_function(FACTS, arg=1)
    settings = lab.entry()["kv_cache_lab"]["settings"]
    assert {name: entry["text"] for name, entry in settings["texts"].items()} == {
        "latency.log": "mine",
        "latency.risk": "their risk",
    }
    assert settings["numbered"]["text"] == "my number"
    assert set(json.loads(lab.storage())["history"]) == {ENTRY}
    expect(lab.node("context.latency.input")).to_be_checked()  # where the learner stands is theirs to choose


def test_a_link_to_an_empty_page_asks_before_it_brings_texts(visitor):
    lab = visitor(viewport=DESK)
    lab.page.goto(lab.origin + hostile())
    lab.ready()
    expect(lab.node("offer.box")).to_be_visible()
    lab.press(WORDS["offer_leave"])
    expect(lab.node("offer.box")).to_be_hidden()
    assert "theirs" not in (lab.storage() or "")


FACTS = f"""count => JSON.parse(localStorage.getItem('{LEDGER}')).history.{ENTRY}.kv_cache_lab.facts.length === count"""


# --- where the lab may lie ----------------------------------------------------------------------------------------------


class Strict(server.Handler):
    """A server that sends the policy of docs/embedding.md, and answers what is missing as GitHub Pages does."""

    POLICY = re.search(r"```\n(default-src.*?)```", (ROOT / "docs/embedding.md").read_text(), re.S)[1].replace(
        "\n", " "
    )

    def end_headers(self) -> None:
        """Every file carries the policy."""
        self.send_header("Content-Security-Policy", self.POLICY)
        super().end_headers()

    def send_error(self, code: int, *_: object) -> None:
        """The site's own page for what is missing."""
        page = Path(self.directory, "labs/vol2/lab_10/404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        super().end_headers()
        self.wfile.write(page)


@pytest.mark.parametrize(
    "policy",
    [Strict.POLICY, Strict.POLICY.replace("script-src", "script-src 'unsafe-inline'")],
    ids=["files alone", "inline too"],
)
def test_deep_in_a_site_under_a_strict_policy_a_lost_reader_finds_the_lab(visitor, tmp_path, monkeypatch, policy):
    monkeypatch.setattr(Strict, "POLICY", policy)
    (tmp_path / "labs/vol2").mkdir(parents=True)
    (tmp_path / "labs/vol2/lab_10").symlink_to(Path(os.environ.get("LAB_DIST", ROOT / "dist")).resolve())
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Strict, directory=str(tmp_path)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    lab = visitor(viewport=DESK, bypass_csp=False)
    lab.origin, lab.expects_trouble = (
        f"http://127.0.0.1:{site.server_port}",
        True,
    )  # each missing file is told as an error
    refused: list[str] = []
    lab.page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    lab.page.goto(f"{lab.origin}/labs/vol2/lab_10/no/such/page")
    lab.page.get_by_role("link", name="Open the lab").click()
    expect(lab.page).to_have_url(f"{lab.origin}/labs/vol2/lab_10/")
    lab.ready()
    lab.answer("act1.prediction", "about_50")
    expect(lab.plot("act1.chart").locator(".xtitle")).to_be_visible()
    site.shutdown()
    assert all("inline script" in said for said in refused)  # what stands in the page; it came as files instead
    assert bool(refused) == ("script-src 'self' 'wasm-unsafe-eval';" in policy)
