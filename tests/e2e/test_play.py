"""The game as one plays it: by keys, by touch, turn by turn; what came of it is what Python alone says."""

import gzip
import json
import re
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import expect

from acts import course
from content.game import PlayFile
from play.game import Action, Catalogue, played
from play.judge import swept
from tests import lab as native
from tests.e2e.conftest import ANSWER_MS, DESK, Lab
from tests.e2e.test_axe import PHONE, found
from tests.e2e.test_ledger import clear
from tests.e2e.test_offline import Site
from tests.e2e.twin import document
from tools import bundle

BRISK = Path(__file__).with_name("brisk.toml")
COURSE = course(bundle.read_content(native.CONTENT, BRISK))
FILE = COURSE.read(PlayFile, "play")
CATALOGUE = Catalogue(FILE.server, COURSE.models, COURSE.gpus, COURSE.workloads, COURSE.calibrations)
LEVELS = {level.id: level for level in FILE.levels}
SAY = COURSE.at("play.page")
SHORT = {"width": 1280, "height": 800}


def opened(visitor, level="queue", page="run.html", seed=None, **options):
    """The page at a level, with Python there."""
    lab = visitor(**options)
    seeded = f"&seed={seed}" if seed else ""
    lab.page.goto(f"{lab.origin}/{page}#level={level}{seeded}")
    return ready(lab.page)


def ready(page):
    expect(page.locator("body[data-state=ready]")).to_have_count(1, timeout=ANSWER_MS)
    return page


def over(page):
    """Wait for the end, and for the judgement."""
    expect(page.locator("body[data-state=over]")).to_have_count(1, timeout=ANSWER_MS)
    expect(page.locator("#cost")).not_to_be_empty(timeout=ANSWER_MS)
    return page


def natively(level, actions=(), seed=1):
    return played(LEVELS[level], CATALOGUE, seed, actions).tally()


def by_keys(page, name):
    """Go to what has this name with Tab alone."""
    for _ in range(60):
        if page.evaluate(
            "name => document.activeElement?.textContent.trim() === name || document.activeElement?.id === name", name
        ):
            return page.keyboard
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {name}")


@pytest.mark.parametrize("level", LEVELS)
def test_untouched_it_comes_to_what_python_alone_says(visitor, level):
    page = opened(visitor, level, viewport=DESK)
    page.get_by_label(SAY["speed"]).select_option("20")
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    over(page)
    tally = natively(level)
    expect(page.locator("#score")).to_have_text(COURSE.say("play.said.score", None, {"points": tally.points}))
    for name in ("kept", "late", "turned"):
        expect(page.locator("#lines")).to_contain_text(COURSE.say(f"play.said.{name}", None, vars(tally)))


def test_a_level_is_played_and_its_question_answered_by_keys_alone(visitor):
    page = opened(visitor, viewport=DESK)
    by_keys(page, SAY["start"]).press("Enter")
    expect(page.locator("#tap")).to_be_focused()
    before = page.locator("output").first.inner_text()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator("output").first).not_to_have_text(before)
    by_keys(page, SAY["say"]).press("Enter")
    expect(page.locator("#described")).to_contain_text("seats")
    page.keyboard.press("Escape")
    expect(page.locator("body[data-state=paused]")).to_have_count(1)
    stands = page.locator("#left").inner_text()
    by_keys(page, "stage").press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.locator("body[data-state=running]")).to_have_count(1)
    over(page)
    assert stands != page.locator("#left").inner_text()
    expect(page.locator("#score")).to_be_focused()
    while page.evaluate("document.activeElement.type") != "radio":  # a link to an instrument may come before
        page.keyboard.press("Tab")
    page.keyboard.press(" ")
    expect(page.locator("#feedback")).not_to_be_empty()
    by_keys(page, SAY["again"]).press("Enter")
    ready(page)


def test_the_first_move_begins_the_game(visitor):
    page = opened(visitor, viewport=PHONE, has_touch=True)
    expect(page.get_by_role("button", name=SAY["pause"], exact=True)).to_be_disabled()
    for key in (" ", "Escape"):
        page.locator("#stage").press(key)
        expect(page.locator("body[data-state=ready]")).to_have_count(1)
    page.locator("#tap").fill("10")
    expect(page.locator("body[data-state=running]")).to_have_count(1)
    expect(page.locator("#begin")).to_be_hidden()


def test_turn_by_turn_comes_to_the_same_score(visitor):
    page = opened(visitor, "wall", viewport=DESK)
    page.get_by_label(SAY["calm"]).check()
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    page.get_by_label("Seats").fill("8")  # of its values: 32
    expect(page.locator(".hand[data-hand=seats] output")).to_have_text("32")
    turn = page.get_by_role("button", name=SAY["next"], exact=True)
    lefts = [page.locator("#left").inner_text()]
    while page.locator("body[data-state=over]").count() == 0:
        assert page.locator("body[data-state=running]").count() == 0
        turn.click()
        expect(page.locator("#left")).not_to_have_text(lefts[-1])
        lefts.append(page.locator("#left").inner_text())
        if lefts[-1] == "0:00":
            break
    over(page)
    assert lefts == ["0:12", "0:07", "0:02", "0:00"]
    tally = natively("wall", [Action(0, "seats", 32.0)])
    expect(page.locator("#score")).to_have_text(COURSE.say("play.said.score", None, {"points": tally.points}))


# What the page asks the thread for, in order.
SENT = """
window.sent = [];
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...rest) {
  sent.push(message.method);
  return post.call(this, message, ...rest);
};
"""


def test_a_game_ends_once_whatever_is_pressed_meanwhile(visitor):
    lab = visitor(viewport=DESK)
    lab.page.add_init_script(SENT)
    lab.page.goto(f"{lab.origin}/run.html#level=wall")
    page = ready(lab.page)
    page.get_by_label(SAY["calm"]).check()
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    page.evaluate("for (let i = 0; i < 6; i++) document.getElementById('step').click()")
    over(page)
    page.evaluate("document.getElementById('say').click()")  # whatever was sent before has been answered by then
    expect(page.locator("#described")).not_to_be_empty()
    assert [page.evaluate("sent").count(deed) for deed in ("end", "judge")] == [1, 1]


def test_who_asks_for_less_motion_plays_turn_by_turn(visitor):
    page = opened(visitor, viewport=DESK, reduced_motion="reduce")
    expect(page.get_by_label(SAY["calm"])).to_be_checked()


def test_what_is_described_is_what_is_painted(visitor):
    page = opened(visitor, "both", viewport=DESK)
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    expect(page.locator("#left")).to_have_text(re.compile("0:0[0-9]"))
    page.get_by_role("button", name=SAY["pause"], exact=True).click()
    page.get_by_role("button", name=SAY["say"], exact=True).click()
    expect(page.locator("#described")).to_contain_text("wait")
    said = page.locator("#described").inner_text()
    drawn = json.loads(page.locator("#stage canvas").get_attribute("data-drawn"))
    assert f"{drawn['waiting']} wait, {drawn['running']} of" in said
    page.get_by_label(SAY["calm"]).check()
    page.get_by_role("button", name=SAY["next"], exact=True).click()
    expect(page.locator("#described")).to_be_empty()


def test_it_stands_while_nobody_sees_it(visitor):
    page = opened(visitor, "wall", viewport=DESK)
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    expect(page.locator("#left")).to_have_text("0:11")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true }); document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(page.locator("body[data-state=paused]")).to_have_count(1)


def test_the_best_own_score_stays_for_this_level_and_traffic(visitor):
    lab = visitor(viewport=DESK)
    page = lab.tab()
    page.goto(f"{lab.origin}/run.html#level=free&seed=7")
    ready(page)
    expect(page.locator("#best")).to_be_hidden()
    page.get_by_label(SAY["speed"]).select_option("20")
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    over(page)
    points = str(natively("free", seed=7).points)
    page.reload()
    ready(page)
    expect(page.locator("#best strong")).to_have_text(points)
    page.evaluate("location.hash = '#level=free&seed=8'")
    expect(page.locator("#best")).to_be_hidden()
    page.evaluate("location.hash = '#level=queue'")
    expect(page.get_by_label(SAY["speed"])).to_have_value("1")
    page.evaluate("location.hash = '#level=free&seed=7'")
    expect(page.locator("#best")).to_be_visible()
    lab.open()
    expect(lab.node("ledger.body")).to_contain_text(f"{points} points")
    clear(lab)
    expect(page.locator("#best")).to_be_hidden()


def test_the_fixed_settings_and_what_cost_most_are_told_with_a_way_into_the_lab(visitor):
    page = opened(visitor, "wall", viewport=DESK)
    page.get_by_label(SAY["speed"]).select_option("20")
    page.get_by_role("button", name=SAY["start"], exact=True).click()
    over(page)
    *_, best = swept(LEVELS["wall"], CATALOGUE, 1)
    expect(page.locator("#verdict")).to_contain_text(str(best.tally.points))
    if best.tally.points > natively("wall").points:
        assert page.locator("#cost a").get_attribute("href").startswith("index.html#")


def test_the_tap_floods_while_it_is_held(visitor):
    page = opened(visitor, viewport=DESK)
    page.locator("#tap").fill("4")
    flood = page.get_by_role("button", name=SAY["flood"], exact=True)
    output = page.locator(".hand[data-hand=tap] output")
    before = output.inner_text()
    flood.dispatch_event("pointerdown", {"pointerId": 1})
    expect(flood).to_have_attribute("aria-pressed", "true")
    expect(output).not_to_have_text(before)
    flood.dispatch_event("pointerup", {"pointerId": 1})
    expect(flood).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("page_name", ["run.html", "run.de.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_all_is_on_one_screen(visitor, page_name, scheme):
    page = opened(visitor, "both", page_name, viewport=PHONE, color_scheme=scheme)
    assert found(page) == []
    for size in (PHONE, SHORT):
        page.set_viewport_size(size)
        room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert room == [size["width"], size["height"]]
    page.locator("#speed").select_option("20")
    page.locator("#start").click()
    over(page)
    page.set_viewport_size(PHONE)
    assert found(page) == []


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_on_one_screen(visitor, level):
    page = opened(visitor, level, "run.de.html", viewport=SHORT)
    for size in (SHORT, {"width": 390, "height": 844}):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollHeight") == size["height"]
        assert page.evaluate(
            "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(document.querySelector('nav'))"
        )


@pytest.mark.parametrize("width", [320, 360])
def test_no_page_is_wider_than_a_small_phone(visitor, width):
    page = opened(visitor, "both", "run.de.html", viewport={"width": width, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    floor, hands = (page.locator(id).bounding_box() for id in ("#stage", "#hands"))
    assert floor["height"] >= 140 and floor["y"] + floor["height"] <= hands["y"]


def test_the_lab_and_the_game_lead_to_one_another_in_their_language(visitor):
    lab = visitor(viewport=DESK)
    for here, there in (("run.html", "index.html"), ("run.de.html", "de.html")):
        lab.page.goto(f"{lab.origin}/{here}")
        assert lab.page.locator("header .ways a").first.get_attribute("href") == there
        lab.page.goto(f"{lab.origin}/{there}")
        assert lab.page.locator("footer a[href^=run]").get_attribute("href") == here


@pytest.mark.parametrize("size", [SHORT, PHONE])
def test_level_one_is_a_scene_of_the_lab_that_comes_when_its_reader_is_near(visitor, size):
    lab = visitor(document=document(native.walked(until=3)), viewport=size).open()
    assert not [url for url in lab.requests if "/run." in url or "/stage." in url]
    lab.page.evaluate("location.hash = '#play'")
    game = lab.page.frame_locator("#play iframe")
    expect(game.locator("body[data-state=ready]")).to_have_count(1, timeout=ANSWER_MS)
    frame = lab.page.locator("#play iframe")
    frame.scroll_into_view_if_needed()
    window, taken = lab.page.viewport_size, frame.bounding_box()
    assert taken["height"] <= window["height"] and taken["width"] <= window["width"]
    assert frame.evaluate(
        "node => [node.contentDocument.documentElement.scrollHeight - node.clientHeight, scrollX]"
    ) == [0, 0]
    assert found(lab.page) == []
    expect(lab.node("rail.play")).to_have_attribute("data-state", "open")
    lab.page.evaluate("scrollBy(0, 300)")
    game.locator("#tap").press("ArrowRight")
    expect(frame).to_be_in_viewport(ratio=1)
    expect(game.locator("body[data-state=over]")).to_have_count(1, timeout=ANSWER_MS)
    points = game.locator("#points").inner_text()
    expect(lab.node("rail.play")).to_have_attribute("data-state", "done")
    expect(lab.node("ledger.body")).to_contain_text(f"{points} points")
    expect(game.locator("#following")).to_be_hidden()


def test_on_paper_the_scene_of_the_game_is_a_sentence_and_a_link(visitor):
    lab = visitor(document=document(native.walked(until=3)), viewport=DESK).open()
    lab.page.evaluate("location.hash = '#play'")
    expect(lab.page.locator("#play iframe")).to_be_visible()
    lab.page.emulate_media(media="print")
    expect(lab.page.locator("#play iframe")).to_be_hidden()
    expect(lab.page.locator("#play .play a")).to_be_visible()


MOST_ADDED = 40_000  # bytes as gzip, beside what the lab has loaded


def test_the_game_adds_few_bytes_to_what_the_lab_has_loaded(visitor, dist):
    lab = visitor(viewport=DESK).open()
    known = set(lab.requests)
    lab.context.on("request", lambda request: lab.requests.append(request.url))  # the thread's too
    lab.page.goto(f"{lab.origin}/run.html")
    ready(lab.page)
    names = {url.removeprefix(lab.origin).partition("#")[0] for url in set(lab.requests) - known}
    assert "/run.html" in names and any(name.endswith("play.zip") for name in names)
    taken = {name: (dist / name.lstrip("/")).read_bytes() for name in names}
    # The sheets that it shares with the lab count once, and its own is counted as it is written.
    taken["/run.html"] = re.sub(rb"<style>.*?</style>", b"", taken["/run.html"], flags=re.S)
    taken["run.css"] = (native.CONTENT.parent / "css/run.css").read_bytes()
    sizes = {name: len(gzip.compress(data)) for name, data in taken.items()}
    assert sum(sizes.values()) <= MOST_ADDED, sizes


def test_without_its_archive_it_says_so(visitor):
    lab = visitor(viewport=DESK)
    lab.expects_trouble = True
    lab.page.route("**/play.zip", lambda route: route.fulfill(status=404, body=""))
    lab.page.goto(f"{lab.origin}/run.html")
    expect(lab.page.get_by_role("alert")).to_contain_text("play.zip", timeout=ANSWER_MS)


def test_whoever_has_played_it_has_it_without_a_network(browser, tmp_path, dist):
    site = Site(tmp_path, dist)
    lab = Lab.new(browser, site.origin, service_workers="allow", viewport=DESK)
    lab.expects_trouble = True
    lab.page.goto(f"{site.origin}/run.html#level=free")
    ready(lab.page)
    lab.page.get_by_label(SAY["speed"]).select_option("20")
    lab.page.get_by_role("button", name=SAY["start"], exact=True).click()
    over(lab.page)
    expect(lab.page.locator("html[data-kept=whole]")).to_have_count(1)
    site.stop()
    lab.page.goto(f"{site.origin}/run.html")
    ready(lab.page)
    lab.close()


def test_the_site_under_test_has_the_short_levels():
    changed = tomllib.loads(BRISK.read_text(encoding="utf-8"))["play"]["levels"]
    assert set(changed) == set(LEVELS)
