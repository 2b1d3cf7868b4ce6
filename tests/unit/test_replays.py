"""What is replayed, without a browser: small results, sentences that say what the record says, colours that everyone can tell."""

import json
import re
from itertools import combinations

import pytest

import views
from acts.promises import actions as design_actions
from acts.promises import floor, floor_view, now
from acts.wall import actions as wall_actions
from acts.wall import blocks, blocks_view
from content.controls import defaults
from state import store
from tests import lab as native

COURSE = native.shipped()
CSS = native.CONTENT.parent / "css/tokens.css"
MOST_BYTES = 300_000


def state_with(context="latency", **settings):
    """Both acts open, some controls moved, every job done."""
    moves = (store.ControlMoved(control.replace("__", "."), value) for control, value in settings.items())
    return native.settled(native.after(native.walked(context, until=3), *moves))


def said(frame, key):
    return native.plain(frame[key]["text"])


# --- results -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", COURSE.contexts)
@pytest.mark.parametrize("heads", ["full", "published"])
@pytest.mark.parametrize("reservation", ["max", "oracle"])
def test_a_memory_fits_into_a_message(context, heads, reservation):
    settings = {**defaults(COURSE)[context], "act1.kv_heads": heads, "act1.reservation": reservation}
    result = native.ran(blocks.request_of(COURSE, settings, context))
    assert len(json.dumps(result, separators=(",", ":"), allow_nan=False)) < MOST_BYTES
    assert result["series"]["held"]["running"][-1] > 0  # the queue never ran dry
    requests = COURSE.at("replay.blocks.requests")
    assert max(result["paged"][0::4]) < requests - 1 and len(result["held"]) // 5 < requests


def test_the_blocks_are_those_that_the_weights_leave_and_the_reservation_is_act_ones_answer():
    result = native.ran(blocks_view.request_now(COURSE, native.walked(until=1)))
    assert result["series"]["held"]["running"][-1] == 50  # users of 4,096 tokens each, Act I's own number
    published = native.after(native.walked(until=1), wall_actions.TwistFlipped(True))
    assert blocks.blocks_of(COURSE, 8) // 8 == result["blocks"]
    assert native.ran(blocks_view.request_now(COURSE, published))["blocks"] > 100_000


@pytest.mark.parametrize(
    ("table", "packed"), [([], []), ([4], [4]), ([5, 6, 7, 9], [5, -2, 9]), ([2, 1, 0], [2, 1, 0])]
)
def test_a_block_table_is_packed_without_loss(table, packed):
    assert list(blocks.runs(table)) == packed


@pytest.mark.parametrize("shown", ["a", "b", "both"])
def test_a_floor_fits_into_a_message(shown):
    state = state_with(act2__floor=shown)
    for panel in floor_view.floors(COURSE, state).values():
        assert len(json.dumps(panel.result, separators=(",", ":"), allow_nan=False)) < MOST_BYTES


def test_a_floor_is_the_beginning_of_the_run_beside_it():
    """The first requests of the day meet the same server, whether 240 are simulated or all: their lives are the same."""
    import engine
    from acts.promises import serving

    request = native.after(native.walked(until=3)).settings["latency"]
    floor_request = floor.floor_requests(COURSE, request)["one"]
    few, full = (
        serving.simulated(COURSE, serving.request_of(COURSE, request, "a", n), record=True)
        for n in (floor_request.requests, 1000)
    )
    settings = serving.server_settings(COURSE, floor_request)
    early = [i for i in range(floor_request.requests) if few.last_s[i] < few.arrival_s[-1]]
    one, other = engine.Floor(few, settings), engine.Floor(full, settings)
    assert len(early) > 200
    assert all(few.last_s[i] == full.last_s[i] and one.life(i).cause == other.life(i).cause for i in early)


# --- what is said --------------------------------------------------------------------------------------------------------


def test_the_other_rule_is_static_and_for_static_continuous():
    by_panel = floor.floor_requests(COURSE, defaults(COURSE)["latency"])
    assert [request.policy for request in by_panel.values()] == ["chunked", "static"]
    settings = {**defaults(COURSE)["latency"], "act2.a.policy": "static"}
    assert [r.policy for r in floor.floor_requests(COURSE, settings).values()] == ["static", "continuous"]
    both = floor.floor_requests(COURSE, {**settings, "act2.floor": "both"})
    assert [r.workload for r in both.values()] == [COURSE.at(f"act2.sides.{side}.workload") for side in ("a", "b")]


@pytest.mark.parametrize(("context", "side"), [("latency", "a"), ("throughput", "b")])
def test_the_floor_opens_with_the_side_that_the_context_speaks_of_and_stays_with_what_was_picked(context, side):
    state = native.walked(context, until=3)
    assert COURSE.at(f"act2.sides.{side}.title") in native.says(state, "act2.replay.one.title")
    picked = native.after(state, store.ControlMoved("act2.floor", "both"))
    assert picked.value("act2.floor") == "both"


def test_the_slowest_is_explained_until_another_is_picked():
    state = native.walked(until=3)
    shown = floor_view.floors(COURSE, state)
    slowest = shown["one"].result["slowest"][0]
    assert f"request {slowest}" in native.says(state, "act2.replay.why")
    picked = native.after(state, design_actions.RequestPicked("two", 7))
    assert "request 7" in native.says(picked, "act2.replay.why")
    earlier = native.after(picked, floor_view.pick(COURSE, picked, "earlier"))
    assert now.kept(earlier).picked == ("two", 6)
    first = native.after(state, design_actions.RequestPicked("one", 0))
    assert floor_view.pick(COURSE, first, "earlier").request == 0
    assert floor_view.pick(COURSE, state, "two").panel == "two"
    assert now.kept(native.after(state, design_actions.RequestPicked("one", 99_999))).picked is not None
    assert f"request {slowest}" in native.says(
        native.after(state, design_actions.RequestPicked("one", 99_999)), "act2.replay.why"
    )


LIFE = {
    **dict.fromkeys(floor.LIFE_TIMES, 0.0),
    **{
        "ahead": 3,
        "taken": 16,
        "seats": 16,
        "chunks": 3,
        "evictions": 1,
        "cause": "seats",
        "behind": 31,
        "request": 40,
    },
    **{"prompt_tokens": 900, "output_tokens": 80, "waited_s": 0.312, "prompt_s": 0.09, "ttft_s": 0.402, "lost_s": 0.25},
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            [
                "request 40",
                "waited 312 ms, with 3 before it",
                "all 16 seats",
                "request 31 left",
                "in 3 pieces",
                "evicted once",
                "250 ms",
            ],
        ),
        ({"cause": "none", "evictions": 0, "chunks": 1}, ["taken in at once", "one piece", "nothing held it up"]),
        ({"ahead": 0}, ["first in the queue"]),
        ({"cause": "blocks"}, ["a seat was free, the memory for its prompt was not"]),
        ({"cause": "batch"}, ["longest answer, that of request 31"]),
        ({"cause": "fill"}, ["for its batch to fill"]),
        ({"cause": "step", "stalled_s": 1.5}, ["for the running step to end", "1.5 s went by"]),
        ({"evictions": 2}, ["evicted 2 times"]),
    ],
)
def test_a_life_in_words(changes, words):
    text = native.plain(floor_view.life_in_words(COURSE, "A", {**LIFE, **changes})).replace("\N{NO-BREAK SPACE}", " ")
    assert all(word in text for word in words), text


def test_moments_count_what_the_lanes_hold():
    state = native.walked(until=3)
    for panel in floor_view.floors(COURSE, state).values():
        spans = [panel.result["spans"][i : i + 5] for i in range(0, len(panel.result["spans"]), 5)]
        for at in (1, 1000, 40_000, panel.result["end_ms"] - 1):
            told = floor_view.at_moment(panel.result, at)
            open_now = [kind for kind, _, _, begin, end in spans if begin <= at < end]
            assert told["batch"] + told["idle"] + told["waiting"] == len(open_now)
            assert told["batch"] + told["idle"] <= panel.result["seats"] and 0 <= told["kv"] <= 1


def test_a_static_server_that_can_not_start_says_so():
    frame = views.frame(COURSE, state_with(act2__kv_heads=64, act2__b__max_batch=128, act2__floor="b"))
    assert frame["act2.replay.state"]["state"] == "warn" and "static" in said(frame, "act2.replay.state")
    assert frame["act2.replay"]["scene"]["panels"]["two"] == {"runs": 0}


def test_a_held_slider_leaves_the_last_picture_standing():
    held = native.after(native.walked(until=3), store.ControlMoved("act2.a.load", "3", settled=False))
    frame = views.frame(COURSE, held)
    assert frame["act2.replay"]["scene"] is None and frame["act2.replay.state"]["state"] == "waiting"
    assert views.moment(COURSE, held, "act2.replay", 0)["act2.replay.one.now"]["text"] == ""


def test_before_the_memory_is_filled_the_map_waits():
    state = native.answered(native.start(), "act1.prediction", "about_50")
    frame = views.frame(COURSE, state)
    assert frame["act1.blocks"]["scene"] is None and frame["act1.blocks.body"]["rows"] == []
    assert views.moment(COURSE, state, "act1.blocks", 0) == {}
    assert store.next_run(COURSE, state) == blocks_view.request_now(COURSE, state)


# --- colours -------------------------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes 2009, severity 1, in linear RGB.
SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
TOLD_APART = 12  # a difference in CIELAB that is seen at a glance; 2.3 is just noticeable
BLOCKS = ["block-1", "block-2", "block-3", "block-4", "block-later", "block-never", "block-free"]
LANES = ["floor-waits", "floor-prefill", "floor-decode", "floor-idle"]
WALL = ["bar-weights", "wall-user", "wall-user-2", "wall-kept", "wall-free"]
INKED = ["block-later", "block-never", "floor-waits", "floor-seated", "floor-idle", "floor-evicted"]


def palettes():
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS.read_text(encoding="utf-8"))
    return {"light": {name: day for name, day, _ in pairs}, "dark": {name: night for name, _, night in pairs}}


def linear(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(colour, sight):
    """A colour in CIELAB (D65) as someone with this sight has it."""
    r, g, b = (max(0, sum(a * v for a, v in zip(row, linear(colour), strict=True))) for row in SIGHT[sight])
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(one, other, sight):
    return sum((a - b) ** 2 for a, b in zip(lab(one, sight), lab(other, sight), strict=True)) ** 0.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("names", [BLOCKS, LANES, WALL], ids=["blocks", "lanes", "wall"])
def test_neighbours_are_told_apart_whatever_one_sees(theme, sight, names):
    colours = palettes()[theme]
    for one, other in combinations(names, 2):
        assert difference(colours[one], colours[other], sight) >= TOLD_APART, (one, other)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_every_pattern_is_seen_on_its_ground(theme, sight):
    colours = palettes()[theme]
    for name in INKED:
        assert difference(colours[name], colours[f"{name}-ink"], sight) >= 3 * TOLD_APART, name
