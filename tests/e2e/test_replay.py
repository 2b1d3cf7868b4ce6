"""The two replays on the page: what is painted is what the engine computed, and what the words and tables beside it say."""

import json
import re

import pytest
from playwright.sync_api import expect

import views
from acts.promises import actions as design_actions
from acts.promises import floor, floor_view, now
from acts.wall import blocks_view
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.twin import Twin, document, returned

BLOCKS, FLOOR = blocks_view.KEY, floor_view.KEY
PLAY = native.shipped().at("replay.player")
SILENT_WORKER = "window.Worker = class extends EventTarget { postMessage() {} terminate() {} }"


def visit(browser, origin, **options):
    """A visitor who comes back, both acts open."""
    text = document(native.walked(until=3))
    lab = Lab.new(browser, origin, document=text, **{"viewport": DESK, **options}).open()
    twin = Twin(lab, returned(text))
    twin.agrees(only=BLOCKS)
    twin.agrees(only=FLOOR)
    return twin


@pytest.fixture(scope="module")
def watching(browser, origin):
    """One visitor for all who only look."""
    twin = visit(browser, origin)
    yield twin
    twin.lab.close()


def opened(lab, key):
    """A replay in sight: that of the memory handed out stands behind a door, the floor is a scene of its own."""
    if key == BLOCKS:
        lab.door("blocks")
    expect(lab.node(f"{key}.position")).to_be_visible()


def drawn(lab, key):
    """What the painter says it put on a canvas."""
    return json.loads(lab.node(key).get_attribute("data-drawn"))


def position(lab, key):
    """Where a replay stands."""
    return int(lab.node(key).get_attribute("data-at"))


def button(lab, key, name):
    """A button of a replay."""
    return lab.node(key).get_by_role("button", name=PLAY[name], exact=True)


def says(lab, state, key, at):
    """The page says of a moment what the engine says."""
    for node, properties in views.moment(native.shipped(), state, key, at).items():
        if "text" in properties:
            lab.shows(node, native.plain(properties["text"]))
        if "items" in properties:
            expect(lab.node(node).get_by_role("listitem")).to_have_text([native.plain(t) for t in properties["items"]])
        if "label" in properties:
            expect(lab.node(node)).to_have_attribute("aria-label", properties["label"])


def blocks_in(stays, step):
    """Blocks that hold tokens, and token slots in use, of native stays (joined, left, tokens)."""
    now = [tokens + step - joined for joined, left, tokens in stays if joined <= step < left]
    return sum(-(-tokens // 16) for tokens in now), sum(now)


def test_the_maps_show_what_the_engine_computed(watching):
    lab, state = watching.lab, watching.state
    opened(lab, BLOCKS)
    result = state.results[blocks_view.request_now(native.shipped(), state)]
    held = [result["held"][i : i + 5] for i in range(0, len(result["held"]), 5)]
    paged = [result["paged"][i : i + 4] for i in range(0, len(result["paged"]), 4)]
    stays = {
        "held": [(joined, joined + final - tokens + 1, tokens) for joined, _, _, tokens, final in held],
        "paged": [stay[1:] for stay in paged],
    }
    for name in ("on", "on", "back"):
        step = position(lab, BLOCKS)
        says(lab, state, BLOCKS, step)
        for half, found in stays.items():
            shown = drawn(lab, f"{BLOCKS}.{half}")
            blocks, tokens = blocks_in(found, step)
            assert (shown["step"], shown["useful"]) == (step, blocks)
            assert tokens == result["series"][half]["useful"][step]
            assert sum(shown[kind] for kind in ("useful", "later", "never", "free")) == result["blocks"]
        reserved = sum(
            size
            for (joined, left, _), (_, _, size, _, _) in zip(stays["held"], held, strict=True)
            if joined <= step < left
        )
        assert drawn(lab, f"{BLOCKS}.held")["free"] == result["blocks"] - reserved
        button(lab, BLOCKS, name).click()
        assert position(lab, BLOCKS) == step + (1 if name == "on" else -1)


def test_another_reservation_and_the_published_heads_are_another_map(watching):
    lab = watching.lab
    opened(lab, BLOCKS)
    for control, value in (("act1.reservation", "oracle"), ("act1.kv_heads", "published")):
        watching.set({control: value})
        watching.agrees(only=BLOCKS)
        result = watching.state.results[blocks_view.request_now(native.shipped(), watching.state)]
        says(lab, watching.state, BLOCKS, position(lab, BLOCKS))
        shown = drawn(lab, f"{BLOCKS}.paged")
        assert sum(shown[kind] for kind in ("useful", "later", "never", "free")) == result["blocks"]
    watching.set({"act1.reservation": "max", "act1.kv_heads": "full"})


def test_the_lanes_show_what_the_record_says(watching):
    lab, state = watching.lab, watching.state
    shown = floor_view.floors(native.shipped(), state)
    lab.door("moments")
    row = lab.node(f"{FLOOR}.moments.body").get_by_role("row")
    length = floor_view.end_ms(*shown.values())
    for i, at in enumerate(floor_view.moments(length)[:-1]):
        lab.node(f"{FLOOR}.position").fill(str(at))
        assert position(lab, FLOOR) == at
        says(lab, state, FLOOR, at)
        counts = []
        for name, panel in shown.items():
            painted, told = drawn(lab, f"{FLOOR}.{name}"), floor_view.at_moment(panel.result, at)
            assert painted["seated"] + painted["prefill"] + painted["decode"] == told["batch"]
            assert painted["waits"] + painted["evicted"] == told["waiting"] and painted["idle"] == told["idle"]
            counts.append(str(told["batch"]))
        cell = row.nth(i).get_by_role("cell").first  # the table's row for this moment
        assert re.findall(r"\d+", cell.inner_text()) == counts


def test_a_request_is_explained_when_it_is_pressed_or_asked_for(watching):
    lab = watching.lab
    lab.node(f"{FLOOR}.position").fill("20000")
    for move, name in (("two", "slowest_two"), ("earlier", "earlier"), ("later", "later"), ("one", "slowest_one")):
        lab.press(native.shipped().at(f"replay.floor.why.{name}"))
        watching.native(floor_view.pick(native.shipped(), watching.state, move))
        watching.agrees(only=FLOOR)
        panel, request = now.kept(watching.state).picked
        life = floor.life_of(floor_view.floors(native.shipped(), watching.state)[panel].result, request)
        kinds = [kind for kind, _, _ in drawn(lab, f"{FLOOR}.life")]
        assert ("waits" in kinds) == (life["waited_s"] > 0) and kinds.count("prefill") == life["chunks"]
    # Half a row down in the first seat, just before now, somebody writes.
    canvas = lab.node(f"{FLOOR}.one")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    before = lab.node(FLOOR).get_attribute("data-picked")
    canvas.click(position={"x": box["width"] * 0.3, "y": 24})
    expect(lab.node(FLOOR)).not_to_have_attribute("data-picked", before)
    panel, request = lab.node(FLOOR).get_attribute("data-picked").split()
    watching.native(design_actions.RequestPicked(panel, int(request)))
    watching.agrees(only=FLOOR)


@pytest.mark.parametrize("key", [BLOCKS, FLOOR])
def test_it_plays_pauses_and_can_be_scrubbed_by_keyboard(watching, key):
    lab = watching.lab
    opened(lab, key)
    slider = lab.node(f"{key}.position")
    slider.fill("0")
    button(lab, key, "play").click()
    lab.page.wait_for_function(f"() => Number(document.querySelector('[data-key=\"{key}\"]').dataset.at) > 5")
    button(lab, key, "pause").click()
    expect(lab.node(key)).to_have_attribute("data-playing", "false")
    at = position(lab, key)
    says(lab, watching.state, key, at)
    slider.press("ArrowRight")
    assert position(lab, key) == at + 1
    slider.press("End")
    end = position(lab, key)
    says(lab, watching.state, key, end)
    button(lab, key, "play").click()  # from the end it begins anew
    lab.page.wait_for_function(
        f"end => Number(document.querySelector('[data-key=\"{key}\"]').dataset.at) < end", arg=end
    )
    button(lab, key, "pause").click()


def test_with_reduced_motion_it_goes_from_key_frame_to_key_frame(browser, origin):
    twin = visit(browser, origin, reduced_motion="reduce")
    lab = twin.lab
    frame = views.frame(native.shipped(), twin.state)
    for key in (BLOCKS, FLOOR):
        opened(lab, key)
        keys = frame[key]["scene"]["keys"]
        lab.node(f"{key}.position").fill("0")
        for at in keys[:3]:
            button(lab, key, "on").click()
            assert position(lab, key) == at
        button(lab, key, "back").click()
        assert position(lab, key) == keys[1]
        button(lab, key, "play").click()
        lab.page.wait_for_function(
            f"at => Number(document.querySelector('[data-key=\"{key}\"]').dataset.at) === at", arg=keys[2]
        )
        button(lab, key, "pause").click()
        assert position(lab, key) in keys
    lab.close()


def test_without_the_painter_the_tables_still_stand(visitor):
    lab = visitor(document=document(native.walked(until=3)), viewport=DESK)
    lab.expects_trouble = True
    lab.page.route("**/replay.mjs", lambda route: route.abort())
    lab.open()
    expect(lab.node(BLOCKS)).to_have_attribute("data-missing", "true")
    lab.door("blocks")
    expect(lab.node(f"{BLOCKS}.held")).to_be_hidden()
    expect(lab.node(f"{BLOCKS}.body").get_by_role("row")).to_have_count(4)
    lab.door("moments")
    expect(lab.node(f"{FLOOR}.moments.body").get_by_role("row")).to_have_count(floor_view.MOMENTS)


def test_buttons_pressed_before_there_is_anything_to_play_do_nothing(visitor):
    lab = visitor(document=document(native.walked(until=3)), viewport=DESK)
    lab.context.add_init_script(SILENT_WORKER)
    lab.open()
    for key in (BLOCKS, FLOOR):
        expect(lab.node(key)).to_have_attribute("data-state", "waiting")
        opened(lab, key)
        for name in ("play", "on", "back"):
            button(lab, key, name).click()
        lab.node(f"{key}.position").press("End")
    lab.check()


def test_on_a_phone_both_servers_and_the_buttons_are_seen_whole_and_a_finger_finds_a_request(browser, origin):
    twin = visit(browser, origin, viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce")
    lab = twin.lab
    seen = lab.page.locator(".floor .seen")
    lab.node(f"{FLOOR}.why").evaluate("node => node.scrollIntoView({ block: 'end' })")
    assert seen.evaluate("node => node.scrollHeight <= node.clientHeight + 1 && node.clientHeight <= innerHeight / 2")
    names = ["play", "back", "on"]
    for part in (
        *(button(lab, FLOOR, name) for name in names),
        lab.node(f"{FLOOR}.position"),
        lab.node(f"{FLOOR}.two"),
    ):
        box = part.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert box["y"] >= 44 and box["y"] + box["height"] <= 844 / 2 + 44
    picked = lab.node(FLOOR).get_attribute("data-picked")
    canvas = lab.node(f"{FLOOR}.one")
    box = canvas.bounding_box()
    canvas.tap(position={"x": box["width"] * 0.5, "y": 6})  # a row is 5 pixels high
    expect(lab.node(FLOOR)).not_to_have_attribute("data-picked", picked)
    lab.close()


def test_on_paper_the_floor_is_painted_for_the_paper(browser, origin):
    twin = visit(browser, origin, viewport={"width": 390, "height": 844})
    lab = twin.lab
    opened(lab, FLOOR)
    lab.page.emulate_media(media="print")
    for name in ("one", "two"):
        lab.page.wait_for_function(
            "key => document.querySelector(`[data-key='${key}']`).clientHeight > 150", arg=f"{FLOOR}.{name}"
        )
    lab.close()
