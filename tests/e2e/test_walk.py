"""The walk as a person meets it: what is seen together, how long it is, where addresses, doors and keys lead."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import engine
from acts import wall
from acts.wall import users
from runs import oracles
from tests import lab as native
from tests.e2e.conftest import ANSWER_MS, Lab
from tests.e2e.twin import document
from views import rail

DESK, TABLET, PHONE, TURNED, LEAST_TURNED = (1280, 800), (1024, 768), (390, 844), (844, 390), (667, 375)
COURSE = native.shipped()
STOPS = rail.stops(COURSE)
DOORS = [(stop.address, door.name) for stop in STOPS for door in stop.doors]

# The scenes in which something is moved: what answers in words, what in a picture, and how much of a picture's height is enough.
ANSWERS = {
    "act1/calculator": (["act1.state"], ["act1.wall.now.picture"], 120),
    "act1/twist": (["act1.twist.outcome"], ["act1.wall.twist.picture"], 120),
    "act2/floor": (["act2.replay.one.now", "act2.replay.two.now"], ["act2.replay.one", "act2.replay.two"], 70),
    "act2/servers": (["act2.a.state", "act2.b.state"], ["act2.chart.plot"], 120),
}
# The same behind a door.
DOOR_ANSWERS = {"why/roofline": (["act2.roof.said"], ["act2.roof.plot"], 120)}
# What is not in the window, or is cut by what sticks in it, with the control that has the focus.
TOGETHER = """([control, words, pictures, enough]) => {
  const bars = [...document.querySelectorAll('.rail, .status')].filter(node => node.checkVisibility())
    .map(node => node.getBoundingClientRect()).filter(({ width }) => width > innerWidth * 0.9);
  const top = Math.max(0, ...bars.filter(bar => bar.top <= 0 && bar.bottom > 0).map(bar => bar.bottom));
  const bottom = Math.min(innerHeight, ...bars.filter(bar => bar.bottom >= innerHeight && bar.top > 0).map(bar => bar.top));
  const seen = node => {
    const boxes = [node, node.closest('.seen') ?? node].map(part => part.getBoundingClientRect());
    return Math.min(bottom, ...boxes.map(box => box.bottom)) - Math.max(top, ...boxes.map(box => box.top));
  };
  const cut = node => !node.checkVisibility() || seen(node) < node.getBoundingClientRect().height - 1;
  const find = key => document.querySelector(`[data-key="${key}"]`);
  const hidden = node => {
    const { left, top: from, width, height } = node.getBoundingClientRect();
    const over = document.elementFromPoint(left + width / 2, from + height / 2);
    return !over || !(node.contains(over) || over.contains(node));
  };
  return [
    ...(cut(control) || (!control.matches('[type=checkbox], [type=radio]') && hidden(control)) ? ['itself'] : []),
    ...words.filter(key => find(key).textContent && cut(find(key))),
    ...pictures.filter(key => seen(find(key)) < Math.min(enough, find(key).getBoundingClientRect().height)),
    ...pictures.filter(key => find(key).getBoundingClientRect().height < enough).map(key => `${key} is flat`),
  ];
}"""
CONTROLS = "input, select, button"
WORDS = """() => {
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  let count = 0;
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (!at.checkVisibility() || at.closest('svg, canvas, option, .visually-hidden')) continue;
    count += walk.currentNode.data.split(/\\s+/).filter(word => /[\\p{L}\\p{N}]/u.test(word)).length;
  }
  return count;
}"""
WIDE = """() => [document.documentElement.scrollWidth - innerWidth, [...document.querySelectorAll('main *')]
  .filter(node => node.checkVisibility() && !node.closest('.wide, pre, svg, .plot, .formula, .visually-hidden'))
  .filter(node => node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 120))]"""
IN_SIGHT = """id => {
  const place = document.getElementById(id);
  const room = place.closest('.door, .scene') ?? place;
  const { top, bottom } = (place.checkVisibility() ? place : room).getBoundingClientRect();
  const head = (room.querySelector("h2, h3") ?? room).getBoundingClientRect();
  return (bottom > 0 && top < innerHeight) || (head.bottom > 0 && head.top < innerHeight);
}"""


def done(visitor: Any, size: tuple[int, int], address: str = "", context: str = "latency") -> Lab:
    """A learner who has been through both acts, at a place of the page. Less than a desk is touched."""
    lab = visitor(
        document=document(native.walked(context, until=4)),
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        has_touch=size != DESK,
    )
    lab.page.goto(f"{lab.origin}/{address}")
    return lab.ready()


def apart(page: Page, *scenes: str) -> list[str]:
    """Each control of the path, or of some of its scenes, that isn't seen with what answers it."""
    found = []
    for scene in scenes or ANSWERS:
        words, pictures, enough = (ANSWERS | DOOR_ANSWERS)[scene]
        page.evaluate("id => document.getElementById(id).scrollIntoView()", scene)
        for key in words:
            expect(page.locator(f'[data-key="{key}"]')).not_to_have_attribute("data-state", "waiting")
        expect(page.locator(f'[id="{scene}"]')).not_to_have_attribute("data-state", "waiting")
        for key in pictures:
            expect(
                page.locator(f'[data-key="{key}"]')
            ).to_be_visible()  # it has a height once there is something to show
        for control in page.locator(f'[id="{scene}"] > :is(.controls, .bench)').locator(CONTROLS).all():
            if control.is_visible() and control.is_enabled():
                for _ in range(3):  # what a run brings in meanwhile moves what stands below it, once
                    control.blur()
                    control.focus()
                    handed = [control.element_handle(), words, pictures, enough]
                    if not (missing := page.evaluate(TOGETHER, handed)):
                        break
                name = control.evaluate("node => node.dataset.control ?? node.dataset.action ?? node.dataset.play")
                found += [f"{scene} {name}: {what}" for what in missing]
    return found


@pytest.mark.parametrize("size", [DESK, TABLET, PHONE, TURNED, LEAST_TURNED], ids=str)
def test_a_control_what_answers_it_and_the_picture_are_seen_together(visitor, size):
    lab = done(visitor, size)
    lab.plot("act2.chart")
    assert apart(lab.page) == []
    lab.set("act2.a.load", 12)  # more than it can do: there is more to say
    expect(lab.node("act2.a.state")).to_have_attribute("data-state", "fail")
    expect(lab.node("act2.a.cause")).to_be_visible()
    assert apart(lab.page, "act2/servers") == []
    lab.set("act1.gpus", 1)
    expect(lab.node("act1.state")).to_have_attribute("data-state", "fail")
    assert apart(lab.page, "act1/calculator") == []
    lab.plot("act2.roof")
    assert apart(lab.page, "why/roofline") == []
    if size == PHONE:  # the bench takes at most half of the window
        heights = lab.page.evaluate(
            "[...document.querySelectorAll('.scene .seen')].map(node => node.getBoundingClientRect().height)"
        )
        assert max(heights) <= PHONE[1] / 2


@pytest.mark.parametrize("size", [(720, 800), (360, 800)], ids=str)
def test_in_a_frame_they_are_seen_together_too(visitor, size):
    lab = done(visitor, size, "?embed=1")
    lab.plot("act2.chart")
    assert apart(lab.page) == []


@pytest.mark.parametrize("context", COURSE.contexts)
def test_the_path_is_short(visitor, context):
    page = done(visitor, PHONE, context=context).page
    assert page.evaluate(WORDS) <= 2400
    assert page.evaluate("document.documentElement.scrollHeight") <= 22 * PHONE[1]
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    page.wait_for_function("width => innerWidth === width", arg=DESK[0])
    assert page.evaluate("document.documentElement.scrollHeight") <= 14 * DESK[1]


@pytest.mark.parametrize(("size", "screens"), [(DESK, 1), (PHONE, 2)], ids=str)
def test_the_first_prediction_is_on_the_first_screen(visitor, size, screens):
    lab = visitor(viewport={"width": size[0], "height": size[1]}).open()
    page = lab.page
    asked = page.locator('[data-key="act1.prediction"]')
    for part in (*asked.locator("input").all(), asked.get_by_role("button", name="Commit")):
        box = part.bounding_box()
        assert box and box["y"] + box["height"] <= screens * size[1]
    if size == DESK:
        assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("size", [DESK, PHONE], ids=str)
def test_the_node_is_seen_with_its_sizes_before_the_prediction_is_committed(visitor, size):
    """Before Python too: the picture stands in the page, as high as the engine says, and goes beside the question."""
    lab = visitor(viewport={"width": size[0], "height": size[1]})
    page = lab.begin().page
    node = page.get_by_role("img", name="8 GPUs of 80 GiB.")
    expect(node).to_be_visible()
    column, weights = node.locator("span").first, node.locator("rect").first
    asked = oracles.scenario(COURSE, "act1.prediction", "latency")
    plan = engine.memory_plan(users.deployment_of(COURSE, asked), engine.NAIVE)
    share = plan["weights_bytes"] / (8 * COURSE.gpus[asked["gpu"]].memory_bytes)
    heights = [box["height"] for box in (weights.bounding_box(), column.bounding_box()) if box]
    assert heights[0] / (heights[1] - 3) == pytest.approx(share, abs=0.02)  # less its border
    expect(lab.node("act1.node.legend")).to_contain_text("16.4 GiB")
    lab.ready()
    expect(node).to_be_visible()
    question = page.locator('[data-key="act1.prediction"]').bounding_box()
    picture = node.bounding_box()
    assert question and picture and 0 < question["y"] - picture["y"] - picture["height"] < 80


def test_nothing_is_wider_than_the_window(visitor):
    """From 320 pixels up, before the first answer, after the last, and with each door open."""
    before = visitor(viewport={"width": 1280, "height": 800}, reduced_motion="reduce").open()
    after = done(visitor, DESK)
    for width in (320, 360, 390, 600, 720, 844, 1024, 1280):
        for lab in (before, after):
            lab.page.set_viewport_size({"width": width, "height": 800})
            lab.page.wait_for_function("width => innerWidth === width", arg=width)
            lab.page.wait_for_function(f"() => JSON.stringify(({WIDE})()) === '[0,[]]'", timeout=ANSWER_MS)
        if width in (320, 720):
            for _, door in DOORS:
                after.door(door)
                assert after.page.evaluate(WIDE) == [0, []], f"{width} pixels, {door}"
            after.page.evaluate("location.hash = ''")


def test_every_figure_and_table_is_reached_through_its_scene(visitor):
    """All that the page has to show, by what a person presses: the doors at the foot of its scene."""
    page = done(visitor, DESK).page
    everything = page.evaluate("[...document.querySelectorAll('main figure, main table, main canvas')].length")
    assert everything > 40
    all_of_them = "[...document.querySelectorAll('main figure, main table, main canvas')]"
    seen = f"{all_of_them}.flatMap((node, i) => node.checkVisibility() ? [i] : [])"
    page.evaluate("document.querySelectorAll('main details').forEach(node => { node.open = true })")
    reached = set(page.evaluate(seen))
    for scene, door in DOORS:
        opener = page.locator(f'[id="{scene}"]').get_by_role("link").and_(page.locator(f'.doors [href="#why/{door}"]'))
        opener.click()
        expect(page.locator(f'[id="why/{door}"]')).to_be_visible()
        expect(page.locator(".door[data-open]")).to_have_count(1)
        expect(opener).to_have_attribute("aria-expanded", "true")
        reached |= set(page.evaluate(seen))
        page.locator(f'[id="why/{door}"] [data-shut]').click()
        expect(page.locator(".door[data-open]")).to_have_count(0)
        expect(opener).to_be_focused()
    hidden = page.evaluate(
        "reached => [...document.querySelectorAll('main figure, main table, main canvas')]"
        ".filter((_, i) => !reached.includes(i)).map(node => node.outerHTML.slice(0, 120))",
        sorted(reached),
    )
    gone = [
        node for node in hidden if "shared." not in node and "act2.frontier" not in node
    ]  # a link's; a sweep's, once it ran
    assert gone == []


OLD = [
    "act1",
    "act2",
    "act1-title",
    "act2-title",
    "calculator-title",
    "twist-title",
    "blocks-title",
    "design-title",
    "floor-title",
    "roofline-title",
    "tail-title",
    "receipts-title",
    "feasibility-title",
    "frontier-title",
    "cluster-title",
    "bugs",
    "bugs-title",
    "ledger",
    "ledger-title",
    "report",
    "report-title",
    "check-title",
    "contents-title",
    "share-title",
    "plan-title",
    "glossary-title",
    "synthesis",
    "synthesis-title",
    "briefing-title",
]


def test_addresses_of_before_still_lead_there(visitor):
    page = done(visitor, DESK).page
    for id in OLD:
        page.evaluate("id => { location.hash = id }", id)
        page.wait_for_function(IN_SIGHT, arg=id, timeout=ANSWER_MS)


def test_from_each_commit_the_next_control_is_three_stops_away(lab):
    """By keyboard: from the verdict to the way on, and past the next scene's heading."""
    page = lab.page
    for question in native.QUESTIONS[:4]:
        lab.choose(question, native.right_option(question, "latency"))
        lab.commit(question)
        verdict = page.locator(f'[id="{question}.verdict"]')
        expect(verdict).to_be_focused()
        here = verdict.evaluate("node => node.closest('.scene').id")
        stops = 0
        while not page.evaluate("document.activeElement.matches('.next')"):
            page.keyboard.press("Tab")
            stops += 1
            assert stops < 3, f"{here}: the way on is not among the first two"
        page.keyboard.press("Enter")
        page.wait_for_function("here => document.activeElement.closest('.scene')?.id !== here", arg=here)
        page.keyboard.press("Tab")
        reached = page.evaluate("[document.activeElement.tagName, document.activeElement.closest('.scene').id]")
        assert reached[0] in ("INPUT", "SELECT", "BUTTON", "A", "CANVAS") and reached[1] != here


FOCUSED = """() => { const node = document.activeElement, { top } = node.getBoundingClientRect();
  return [node.closest('.scene')?.id, node.matches('input, select, button'), node.localName, top + scrollY] }"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=str)
@pytest.mark.parametrize("place", ["act1/calculator", "act2/servers", "why/roofline"])
def test_what_is_moved_comes_before_its_table_and_on_a_phone_in_the_order_that_is_seen(visitor, size, place):
    page = done(visitor, size, f"#{place}").page
    heading = page.locator(f'[id="{place}-title"]')
    expect(heading).to_be_in_viewport()
    heading.focus()
    stops = []
    while not stops or stops[-1][0] == place:
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
    names = [name for _, _, name, _ in stops[:-1]]
    first, last = (moving := [i for i, stop in enumerate(stops[:-1]) if stop[1]])[0], moving[-1]
    assert first < 3
    assert names.index("summary") > last
    if size == PHONE:
        tops = [top for *_, top in stops[:-1]]
        assert all(after > before - 60 for before, after in pairwise(tops))  # a line holds several


def test_keys_back_and_reload_keep_the_place(visitor):
    lab = done(visitor, DESK)
    page = lab.page
    here = page.locator('.rail [aria-current="step"]')
    expect(here).to_have_attribute("href", f"#{STOPS[0].address}")
    for stop in STOPS[1:]:
        page.keyboard.press("Alt+PageDown")
        expect(here).to_have_attribute("href", f"#{stop.address}")
        expect(page.locator(f'[id="{stop.address}"] :is(h2, h3)').first).to_be_focused()
    page.keyboard.press("Alt+PageUp")
    expect(here).to_have_attribute("href", f"#{STOPS[-2].address}")
    page.go_back()
    expect(here).to_have_attribute("href", f"#{STOPS[-1].address}")
    page.locator(f'.rail a[href="#{STOPS[3].address}"]').click()
    expect(here).to_have_attribute("href", f"#{STOPS[3].address}")
    lab.reload()
    expect(here).to_have_attribute("href", f"#{STOPS[3].address}")


def test_a_scene_that_is_still_shut_leads_to_what_opens_it(lab):
    page = lab.page
    for stop in STOPS[1:-1]:
        link = page.locator(f'.rail a[href="#{stop.address}"]')
        assert "still shut" in (link.get_attribute("aria-label") or "")
        link.click()
        expect(page.locator(f'[id="{wall.controls.ID}/predict-title"]')).to_be_focused()


def test_an_address_of_what_is_still_shut_says_so_where_it_leads_until_its_reader_goes_on(visitor):
    lab = visitor(reduced_motion="reduce")
    page = lab.page
    page.goto(f"{lab.origin}/#act2/servers")
    lab.ready()
    said = page.locator("#still-shut")
    expect(page.locator('[id="act1/predict"]').locator("#still-shut")).to_be_in_viewport()
    expect(said).to_contain_text(f"“{COURSE.at('act2.scenes.servers.title')}” is still shut. It opens when")
    lab.answer("act1.prediction", native.right_option("act1.prediction", "latency"))
    expect(page.locator('[id="act1/wall"] h3')).to_be_focused()
    expect(said).to_be_hidden()
    page.evaluate("location.hash = 'why/roofline'")
    expect(page.locator('[id="act1/length"]').locator("#still-shut")).to_be_in_viewport()
    expect(said).to_contain_text(COURSE.at("act2.doors.roofline"))
    page.evaluate("location.hash = 'act1/twist'")
    expect(said).to_be_hidden()


def test_what_is_said_to_be_shut_is_no_longer_said_once_another_tab_has_opened_it(visitor):
    lab = visitor()
    page = lab.open().page
    page.evaluate("location.hash = 'act1/calculator'")
    expect(page.locator("#still-shut")).to_be_visible()
    beside = lab.tab()
    lab.open(beside)
    lab.choose("act1.prediction", native.right_option("act1.prediction", "latency"), beside)
    lab.commit("act1.prediction", beside)
    expect(lab.node("act1.prediction")).to_have_attribute("data-state", "locked")
    expect(page.locator("#still-shut")).to_be_hidden()


def test_a_learner_who_has_opened_it_is_never_told_that_it_is_shut(visitor):
    lab = visitor(document=document(native.walked(until=4)))
    lab.page.add_init_script(
        "new MutationObserver(() => { window.told ||= document.getElementById('still-shut')?.checkVisibility() })"
        ".observe(document, { attributes: true, childList: true, subtree: true })"
    )
    lab.page.goto(f"{lab.origin}/#act2/servers")
    lab.ready()
    expect(lab.page.locator('[id="act2/servers"]')).to_be_in_viewport()
    assert lab.page.evaluate("told") is False


def test_on_a_phone_the_rail_folds_out_and_leads_on(visitor):
    lab = done(visitor, PHONE)
    page = lab.page
    toggle = page.locator(".rail button")
    expect(page.locator(".rail ol")).to_be_hidden()
    toggle.click()
    page.locator(f'.rail a[href="#{STOPS[2].address}"]').click()
    expect(page.locator(".rail ol")).to_be_hidden()
    expect(toggle).to_contain_text(f"3/{len(STOPS)}")
    page.evaluate("scrollTo(0, 0)")
    lab.node("context.throughput.input").check()
    expect(toggle).to_contain_text(f"1/{len(STOPS)}  {COURSE.at('act1.scenes.predict.title', 'throughput')}")
    toggle.click()
    page.keyboard.press("Escape")
    expect(page.locator(".rail ol")).to_be_hidden()


SHIFT = """() => { window.shifts = []; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({ type: 'layout-shift', buffered: true }) }"""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=str)
def test_nothing_jumps_while_it_loads_or_while_a_slider_moves(visitor, size):
    lab = visitor(document=document(native.walked(until=4)), viewport={"width": size[0], "height": size[1]})
    lab.page.add_init_script(f"({SHIFT})()")
    page = lab.open().page
    assert sum(page.evaluate("shifts")) < 0.02
    page.evaluate("location.hash = 'act1/calculator'")
    slider = lab.node("act1.context.range")
    slider.focus()
    page.evaluate("shifts.length = 0")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(lab.node("act1.state")).to_contain_text(f"{int(slider.input_value()):,} tokens")
    assert sum(page.evaluate("shifts")) < 0.02


def test_the_rail_stands_as_it_will_before_its_script_comes(visitor):
    """On a slow machine it is painted first; that nothing is said to have jumped hangs on the hour."""
    lab = visitor(viewport={"width": DESK[0], "height": DESK[1]})
    page, held = lab.page, []
    page.route("**/walk.js", lambda route: held.append(route))
    with page.expect_request("**/walk.js"):
        page.goto(f"{lab.origin}/", wait_until="commit")
    stops = page.locator(".rail a").filter(visible=True)
    expect(stops.last).to_be_visible()
    page.evaluate("document.fonts.ready")
    tops = """links => links.map(link => [link.getAttribute('href'), Math.round(link.getBoundingClientRect().top)])"""
    before = stops.evaluate_all(tops)
    held[0].continue_()
    lab.ready()
    expect(page.locator(".rail a[aria-current]")).to_be_visible()
    assert stops.evaluate_all(tops) == before


@pytest.mark.parametrize("place", ["act2/servers", "takeaway"])
def test_a_phone_that_is_turned_leaves_its_reader_in_their_scene(visitor, place):
    lab = done(visitor, PHONE, f"#{place}")
    scene = lab.page.locator(f'[id="{place}"]')
    expect(scene.locator(":is(h2, h3)").first).to_be_in_viewport()
    lab.plot("act2.chart")  # nothing that still comes in above moves the scene
    for size in (TURNED, PHONE, DESK):
        lab.page.evaluate("id => { location.hash = `#${id}` }", place)
        expect(lab.page.locator('.rail [aria-current="step"]')).to_have_attribute("href", f"#{place}")
        lab.page.set_viewport_size({"width": size[0], "height": size[1]})
        expect(scene.locator(":is(h2, h3)").first).to_be_in_viewport()


def test_a_phone_that_is_turned_there_and_back_has_its_scene_where_it_was(visitor):
    page = done(visitor, PHONE, "#act1/length").page
    scene, here = page.locator('[id="act1/length"]'), page.locator('.rail [aria-current="step"]')
    top = "node => node.getBoundingClientRect().top"
    scene.evaluate("node => scrollBy({ top: node.getBoundingClientRect().top - 300, behavior: 'instant' })")
    expect(here).to_have_attribute("href", "#act1/length")
    for size in (TURNED, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.wait_for_function("width => innerWidth === width", arg=size[0])
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        expect(here).to_have_attribute("href", "#act1/length")
    assert abs(scene.evaluate(top) - 300) < 60


def test_enter_in_a_field_sends_nothing_anywhere(visitor):
    lab = done(visitor, DESK)
    for control in ("act1.context", "act2.seed"):
        number = lab.page.locator(f'[id="{control}.number"]')
        number.press("Enter")
        expect(number).to_be_focused()  # and no error of the page, which forbids to send: see Lab.check
