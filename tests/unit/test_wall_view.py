"""The wall as a picture, without a browser: its bytes are the memory plan, its guess the learner's, its words whole."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
import views
from acts.wall import actions as wall_actions
from acts.wall import wall_view
from acts.wall.wall_view import Guess, Node
from content import wording
from runs import oracles
from state import store
from tests import lab as native

COURSE = native.shipped()
GIB = engine.GIB
GUESS = Guess("about 20", 20)
# Every sentence that a picture can need: weights that don't fit, room for no user, for one, for many, with and without a reserve.
NODES = {
    "too_small": Node(1, 80 * GIB, "M", 100 * GIB, 0, 2 * GIB, 0),
    "none": Node(1, 80 * GIB, "M", 79 * GIB, 0, 2 * GIB, 0),
    "one": Node(2, 80 * GIB, "M", 150 * GIB, 0, 6 * GIB, 1),
    "many": Node(8, 80 * GIB, "M", 128 * GIB, 0, 10 * GIB, 51),
    "kept": Node(8, 80 * GIB, "M", 128 * GIB, 64 * GIB, 10 * GIB, 44),
}


@pytest.fixture(params=native.LANGUAGES)
def course(request):
    """The course in each language, numbers written by its habits."""
    with native.writing(request.param) as made:
        yield made


@st.composite
def deployments(draw):
    """A deployment of the catalogue's, a length in tokens and a reserve."""
    model = draw(st.sampled_from(sorted(COURSE.models.values(), key=lambda model: model.id)))
    if draw(st.booleans()):
        model = model.with_kv_heads(model.query_heads)
    gpu = draw(st.sampled_from(sorted(COURSE.gpus.values(), key=lambda gpu: gpu.id)))
    bits = st.sampled_from((16, 8, 4))
    made = engine.Deployment(model, gpu, draw(st.sampled_from((1, 2, 4, 8, 16))), draw(bits), draw(bits))
    kept = draw(st.sampled_from((engine.NAIVE, engine.Reserve(0.9, 5 * GIB))))
    return made, draw(st.integers(1, 200_000)), kept


@given(deployments())
@settings(max_examples=300, deadline=None)
def test_the_bytes_add_up_to_the_memory_plan(asked):
    deployment, tokens, reserve = asked
    node, plan = wall_view.node_of(deployment, tokens, reserve), engine.memory_plan(deployment, reserve)
    assert node.gpus * node.gpu_bytes == plan["total_bytes"]
    assert node.left_bytes == plan["kv_budget_bytes"]
    held = node.weights_bytes + node.kept_bytes + node.users * node.user_bytes
    if plan["kv_budget_bytes"] < 0:
        assert (node.users, node.free_bytes) == (0, 0) and held > plan["total_bytes"]
    else:
        assert held + node.free_bytes == plan["total_bytes"]
        assert node.free_bytes < node.user_bytes  # the next user doesn't fit


@pytest.mark.parametrize("context", COURSE.contexts)
@pytest.mark.parametrize("published", [False, True])
def test_each_place_shows_its_own_node(context, published):
    moved = store.ControlMoved("act1.context", 1024)
    state = native.after(native.walked(context, until=1), moved, wall_actions.TwistFlipped(published))
    asked = oracles.scenario(COURSE, "act1.prediction", context)
    model, gpu = COURSE.models[asked["model"]], COURSE.gpus[asked["gpu"]]
    bits = (asked["weight_bits"], asked["kv_bits"])
    full = engine.Deployment(model.with_kv_heads(asked["kv_heads"]), gpu, asked["gpus"], *bits)
    real = engine.Deployment(model, gpu, asked["gpus"], *bits)
    flipped = real if published else full
    frame = views.frame(COURSE, state)
    for key, deployment, tokens in (
        (wall_view.REVEAL, full, asked["context_tokens"]),
        (wall_view.TWIST, flipped, asked["context_tokens"]),
        (wall_view.NOW, flipped, 1024),
    ):
        scene = frame[key]["scene"]
        assert scene["users"] == engine.max_users(deployment, tokens, engine.NAIVE)
        assert scene["user_bytes"] == engine.kv_bytes(deployment.model, tokens, deployment.kv_bits)
        assert scene["weights_bytes"] == engine.weight_bytes(deployment.model, deployment.weight_bits)
        label = frame[f"{key}.picture"]["label"]
        assert wording.show(scene["users"], "n") in label and model.name in label


@pytest.mark.parametrize("position", range(len(native.option_ids("act1.prediction"))))
def test_the_guess_is_the_option_that_was_committed(position):
    option = COURSE.at("act1.prediction")["options"][position]
    frame = views.frame(COURSE, native.walked(until=1, position=position))
    for key in (wall_view.REVEAL, wall_view.NOW, wall_view.TWIST):
        scene = frame[key]["scene"]
        assert scene["guess"] == option["stands_for"]
        needed = scene["weights_bytes"] + scene["guess"] * scene["user_bytes"]
        assert option["text"] in scene["words"]["guess_size"]
        assert wording.show(needed / scene["gpus"], "bytes") in scene["words"]["guess_size"]
        assert wording.show(needed, "gib") in frame[f"{key}.picture"]["label"]


def test_nothing_is_shown_before_the_prediction_is_committed():
    frame = views.frame(COURSE, native.start())
    assert not [key for key in frame if key.startswith(wall_view.PATH)]


def test_it_plays_by_itself_only_when_the_prediction_is_news_and_within_five_seconds():
    here = native.walked(until=1)
    back = native.after(here, store.ContextChosen("throughput"), store.ContextChosen("latency"))
    for state, plays in ((here, True), (back, False)):
        scene = views.frame(COURSE, state)[wall_view.REVEAL]["scene"]
        assert scene["plays"] is plays
        assert 3 <= scene["seconds"] <= 5 and scene["seconds"] * 1000 == sum(scene["phases"])
        assert scene["keys"] == sorted(set(scene["keys"])) and scene["keys"][-1] == sum(scene["phases"])


@pytest.mark.parametrize("context", COURSE.contexts)
@pytest.mark.parametrize("guess", [None, GUESS])
@pytest.mark.parametrize("name", NODES)
def test_every_text_is_whole(course, context, guess, name):
    node = NODES[name]
    said = wall_view.numbers(node, guess)
    told = wall_view.describe(course, context, node, guess, said)
    painted = wall_view.scene(course, context, node, guess, said)["words"]
    texts = [told, *(text for key, text in painted.items() if guess or not key.startswith("guess"))]
    assert all(texts) and not [text for text in texts if re.search(r"[{}\N{EM DASH}*]", text)]
    assert "  " not in told and told.endswith((".", "。"))


@pytest.mark.parametrize(
    ("name", "context", "guess", "expected"),
    [
        (
            "many",
            "latency",
            GUESS,
            "8 GPUs of 80 GiB. The weights of M take 16 GiB a GPU. 51 users fit, each with 1.25 GiB a GPU."
            " 0.2 GiB a GPU stay free. Your guess, about 20, needs 328 GiB in all.",
        ),
        (
            "kept",
            "throughput",
            None,
            "8 GPUs of 80 GiB. The weights of M take 16 GiB a GPU. 44 documents fit, each with 1.25 GiB a GPU."
            " 1 GiB a GPU stay free. The engine keeps back 8 GiB a GPU.",
        ),
        (
            "one",
            "latency",
            None,
            "2 GPUs of 80 GiB. The weights of M take 75 GiB a GPU. One user fits, with 3 GiB a GPU. 2 GiB a GPU stay free.",
        ),
        (
            "none",
            "latency",
            None,
            "One GPU of 80 GiB. The weights of M take 79 GiB a GPU. Not one user fits: one needs 2 GiB a GPU, 1 GiB are left.",
        ),
        (
            "too_small",
            "latency",
            None,
            "One GPU of 80 GiB. The weights of M need 100 GiB a GPU, 20 GiB too much.",
        ),
    ],
)
def test_it_is_described_in_words(name, context, guess, expected):
    node = NODES[name]
    told = wall_view.describe(COURSE, context, node, guess, wall_view.numbers(node, guess))
    assert native.plain(told) == expected


def test_what_is_beyond_the_memory_is_said_as_missing():
    said = wall_view.numbers(NODES["too_small"], None)
    assert said["missing_gpu_bytes"] == 20 * GIB
    assert math.isclose(NODES["kept"].left_bytes, (640 - 128 - 64) * GIB)


def test_the_rail_tells_the_users_of_the_calculator_as_it_stands():
    state = native.answered(native.start(), "act1.prediction", "about_50")
    told = []
    for tokens in (4096, 16_384, 32_768):
        moved = native.after(state, store.ControlMoved("act1.context", tokens))
        told.append(native.says(moved, "status.users.value"))
        assert re.search(r"\d+", native.says(moved, "act1.state"))[0] == told[-1]
    assert len(set(told)) == 3


def test_a_changed_precision_moves_the_curve_on_axes_that_stay():
    """Only shapes may differ: those plotly moves within a frame, a whole figure it does not."""
    state = native.answered(native.start(), "act1.prediction", "about_50")
    figures = []
    for bits in (16, 8, 4):
        moved = native.after(state, store.ControlMoved("act1.kv_bits", bits))
        figures.append(views.frame(COURSE, moved)["act1.chart.plot"]["figure"])
    still = [{**figure["layout"], "shapes": [], "data": figure["data"]} for figure in figures]
    assert still[0] == still[1] == still[2]
    bottom, top = still[0]["yaxis"]["range"]
    heights = []
    for figure in figures:
        _, curve = figure["layout"]["shapes"]
        points = [[float(part) for part in point.split(",")] for point in curve["path"][1:].split("L")]
        assert all(bottom < math.log10(users) < top for _, users in points)
        heights.append(points[0][1])
    assert heights == sorted(set(heights))


def test_where_nobody_fits_the_chart_says_so_and_shows_the_whole_mark():
    state = native.answered(native.start(), "act1.prediction", "about_50")
    fits, full = (native.after(state, store.ControlMoved("act1.gpus", gpus)) for gpus in (8, 1))
    words = COURSE.at("act1.calculator.chart")
    assert native.says(full, "act1.chart.caption") == words["nobody"] != native.says(fits, "act1.chart.caption")
    layout = views.frame(COURSE, full)["act1.chart.plot"]["figure"]["layout"]
    (mark,) = layout["shapes"]  # and no curve
    bottom, _ = layout["yaxis"]["range"]
    assert math.log10(mark["yanchor"]) - bottom >= 0.1  # decades: half the mark
