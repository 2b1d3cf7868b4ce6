"""The wall on the page: what is painted is what the engine computed, in each of its three scenes, at rest and while it moves."""

import json

import numpy
import pypdfium2
import pytest
from playwright.sync_api import expect

import views
from acts.wall import wall_view
from acts.wall.wall_view import NOW, REVEAL, TWIST
from state import store
from tests import lab as native
from tests.e2e.conftest import DESK, Lab
from tests.e2e.twin import Twin, document, returned

COURSE = native.shipped()
PLACES = (REVEAL, NOW, TWIST)
WORDS = COURSE.at(wall_view.PATH)
PHONE, TURNED = {"width": 390, "height": 844}, {"width": 844, "height": 390}
MEMORIES = (
    {"act1.gpus": 1},  # the weights don't fit
    {"act1.reserve": "real", "act1.context": 8192},
    {"act1.gpus": 2, "act1.context": 32768, "act1.kv_heads": "full"},  # room for nobody
    {"act1.model": "deepseek-v3", "act1.weight_bits": 4},  # the latent is on every GPU
    {"act1.model": "falcon-7b", "act1.kv_heads": "published"},  # one KV head: copies
    {"act1.model": "llama-3.2-1b", "act1.kv_bits": 4, "act1.weight_bits": 4, "act1.context": 512},  # a crowd
)
# Each canvas keeps where its words stand: what is said, left, right, top, bottom in CSS pixels.
NOTE_WORDS = """() => {
  const pens = CanvasRenderingContext2D.prototype, { fillText, clearRect } = pens;
  pens.clearRect = function (...where) {
    this.canvas.words = [];
    return clearRect.apply(this, where);
  };
  pens.fillText = function (said, x, y) {
    const { width } = this.measureText(said), size = parseFloat(/([\\d.]+)px/.exec(this.font)[1]);
    const left = x - width * { left: 0, start: 0, center: 0.5, right: 1 }[this.textAlign];
    const top = y - size * (this.textBaseline === 'middle' ? 0.5 : 0.78);
    this.canvas.words?.push([said, left, left + width, top, top + size]);
    return fillText.call(this, said, x, y);
  };
}"""
# What the wall's canvas under a key says of itself, whenever it is painted anew: kept in a list.
LISTEN = """key => {
  const canvas = document.querySelector(`[data-key="${key}.picture"]`);
  window.painted = [];
  new MutationObserver(() => painted.push(JSON.parse(canvas.dataset.drawn))).observe(canvas, { attributeFilter: ['data-drawn'] });
}"""

GREEN = (0, 0x8F, 0x45)  # --wall-user by day
WEIGHTS, USERS = "0,99,149", ("0,143,69", "92,195,145")  # --bar-weights, --wall-user and --wall-user-2 by day
# The colours in the first column that is met near the foot of a wall's canvas, from below.
COLUMN = """key => {
  const canvas = document.querySelector(`[data-key="${key}.picture"]`);
  const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const colour = (x, y) => data.slice(4 * (y * width + x), 4 * (y * width + x) + 3).join();
  const [x] = [...Array(width).keys()].filter(x => colour(x, height - 30) === "0,99,149").slice(6);
  return [...Array(height).keys()].reverse().map(y => colour(x, y));
}"""
HAS_INK = """([key, [r, g, b]]) => {
  const canvas = document.querySelector(`[data-key="${key}.picture"]`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
  return false;
}"""


def green(pixels):
    """How many pixels of a printed page, blue, green, red, are about as green as a user."""
    return int((numpy.abs(pixels[:, :, :3].astype(int) - GREEN[::-1]).max(axis=2) < 24).sum())


def canvas(lab, key):
    """A wall's canvas, in sight: what can't be seen isn't painted."""
    found = lab.node(f"{key}.picture")
    found.scroll_into_view_if_needed()
    return found


def drawn(lab, key):
    """What the painter says it put on a canvas."""
    return json.loads(canvas(lab, key).get_attribute("data-drawn"))


def at_rest(lab, key, scene):
    """Wait until a canvas shows a scene and nothing on it moves."""
    canvas(lab, key)
    lab.page.wait_for_function(
        """([key, users, user]) => {
          const drawn = JSON.parse(document.querySelector(`[data-key="${key}.picture"]`).dataset.drawn ?? "{}");
          return drawn.still && drawn.users === users && drawn.user === user;
        }""",
        arg=[key, scene["users"], scene["user_bytes"]],
    )
    return drawn(lab, key)


def scene_of(state, key):
    """The scene that a picture should show."""
    return views.frame(COURSE, state)[key]["scene"]


def agrees(lab, state, key):
    """A picture shows its scene: the same bytes, and each part as high as its share of the memory."""
    scene = scene_of(state, key)
    shown = at_rest(lab, key, scene)
    for name in ("weights", "kept", "user"):
        assert shown[name] == scene[f"{name}_bytes"], name
    assert shown["gpus"] == scene["gpus"]
    memory, pixels = scene["gpus"] * scene["gpu_bytes"], shown["px"]
    held = scene["users"] * scene["user_bytes"]
    for name, part in (("weights", scene["weights_bytes"]), ("users", held), ("kept", scene["kept_bytes"])):
        assert pixels[name] / pixels["memory"] == pytest.approx(part / memory, abs=1.5 / pixels["memory"]), name
    fits = scene["weights_bytes"] + scene["kept_bytes"] <= memory
    assert shown["next"] == fits
    assert (shown["bands"] - 1) * shown["group"] < max(1, scene["users"]) <= max(1, shown["bands"] * shown["group"])
    if scene["guess"] is not None:
        guessed = scene["weights_bytes"] + scene["guess"] * scene["user_bytes"]
        assert shown["guess"] == pytest.approx(guessed, abs=1)
        assert shown["beyond"] == (guessed > memory)
    expect(lab.node(f"{key}.picture")).to_have_role("img")
    expect(lab.node(f"{key}.picture")).to_have_accessible_name(views.frame(COURSE, state)[f"{key}.picture"]["label"])
    return shown


def legible(lab, key):
    """Nothing that is written on a canvas is cut, and no words lie on other words."""
    found = lab.node(f"{key}.picture")
    words = found.evaluate("node => node.words")
    room = found.evaluate("node => [node.clientWidth, node.clientHeight]")
    assert len(words) > 4
    for i, (said, left, right, top, bottom) in enumerate(words):
        assert left >= -0.5 and right <= room[0] + 0.5 and top >= -1 and bottom <= room[1] + 0.5, said
        for other, *its in words[:i]:
            apart = right <= its[0] + 1 or its[1] <= left + 1 or bottom <= its[2] + 1.5 or its[3] <= top + 1.5
            assert apart, f"{said} on {other}"


def visit(browser, origin, context="latency", **options):
    """A visitor who comes back, Act I's prediction committed."""
    text = document(native.walked(context, until=1))
    lab = Lab.new(browser, origin, document=text, **{"viewport": DESK, **options})
    lab.context.add_init_script(f"({NOTE_WORDS})()")
    return Twin(lab.open(), returned(text))


@pytest.fixture(scope="module")
def watching(browser, origin):
    """One visitor for all who only look."""
    twin = visit(browser, origin)
    yield twin
    twin.lab.close()


def button(lab, name):
    """A button of the reveal."""
    return lab.node(REVEAL).get_by_role("button", name=WORDS[name], exact=True)


def test_all_three_show_what_the_engine_computed(watching):
    for key in PLACES:
        shown = agrees(watching.lab, watching.state, key)
        column = watching.lab.page.evaluate(COLUMN, key)
        runs = [colour for colour, before in zip(column[1:], column, strict=False) if colour != before]
        bands = [colour for colour in runs if colour in USERS]
        assert column.count(WEIGHTS) == pytest.approx(shown["px"]["weights"], abs=2)
        assert len(bands) == pytest.approx(shown["bands"], abs=2)  # the line of the guess lies over some


def test_the_twist_shrinks_each_share_then_more_fill_up_and_back(watching):
    lab = watching.lab
    before = agrees(lab, watching.state, TWIST)
    for published in (True, False):
        lab.page.evaluate(LISTEN, TWIST)
        watching.flip(published)
        after = agrees(lab, watching.state, TWIST)
        told = lab.page.evaluate("painted")
        assert not told[0]["still"] and told[-1] == after  # it moved there
        for moment in told:  # nobody is ever shown who has no room
            assert moment["weights"] + moment["users"] * moment["user"] <= 8 * 80 * 2**30 + moment["gpus"]
        if published:
            assert before["user"] == 8 * after["user"] and after["users"] >= 8 * before["users"]
    assert agrees(lab, watching.state, TWIST) == before


def test_it_follows_each_step_of_the_slider(watching):
    lab = watching.lab
    canvas(lab, NOW)
    slider = lab.page.locator("[data-key='act1.context.range']")
    slider.focus()
    for press in ("ArrowRight", "ArrowRight", "PageUp", "End", "Home", "ArrowRight"):
        lab.page.keyboard.press(press)
        watching.native(store.ControlMoved("act1.context", int(slider.input_value())))
        agrees(lab, watching.state, NOW)
    watching.reset("act1")


@pytest.mark.parametrize("settings", MEMORIES, ids=lambda settings: "-".join(map(str, settings.values())))
def test_it_shows_every_kind_of_memory(watching, settings):
    watching.set(settings)
    agrees(watching.lab, watching.state, NOW)
    legible(watching.lab, NOW)
    watching.reset("act1")


@pytest.mark.parametrize(("viewport", "memories"), [(PHONE, MEMORIES), (TURNED, MEMORIES[3:])], ids=["phone", "turned"])
def test_its_words_can_be_read_in_little_room(browser, origin, viewport, memories):
    twin = visit(browser, origin, "throughput", viewport=viewport)
    for key in PLACES:
        agrees(twin.lab, twin.state, key)
        legible(twin.lab, key)
    for settings in memories:
        twin.set(settings)
        agrees(twin.lab, twin.state, NOW)
        legible(twin.lab, NOW)
        twin.reset("act1")
    twin.lab.close()


def test_out_of_sight_nothing_is_painted_until_it_comes_into_sight(watching):
    lab = watching.lab
    agrees(lab, watching.state, NOW)
    lab.page.evaluate("scrollTo(0, 0)")
    expect(lab.node(f"{NOW}.picture")).not_to_be_in_viewport()
    lab.page.evaluate(LISTEN, NOW)
    lab.page.evaluate(
        """() => {
          const field = document.querySelector("[data-key='act1.context.range']");
          for (const value of ['1024', '2048', '8192']) {
            field.value = value;
            field.dispatchEvent(new Event('input', { bubbles: true }));
          }
        }"""
    )
    watching.native(store.ControlMoved("act1.context", 8192))
    watching.agrees(only=NOW)
    assert lab.page.evaluate("painted") == []
    agrees(lab, watching.state, NOW)
    watching.reset("act1")


def test_the_reveal_plays_once_when_the_prediction_is_committed_is_skipped_and_plays_again(lab):
    twin = Twin(lab)
    twin.answer("act1.prediction", "about_200")
    reveal = lab.node(REVEAL)
    expect(reveal).to_be_in_viewport()
    reveal.scroll_into_view_if_needed()
    expect(reveal).to_have_attribute("data-playing", "true")
    lab.page.wait_for_function(
        "key => { const { still, users } = JSON.parse(document.querySelector(`[data-key='${key}.picture']`).dataset.drawn);"
        " return !still && users > 3; }",
        arg=REVEAL,
    )
    button(lab, "skip").click()
    expect(reveal).to_have_attribute("data-playing", "false")
    assert agrees(lab, twin.state, REVEAL)["beyond"]
    button(lab, "again").click()
    lab.page.evaluate(LISTEN, REVEAL)
    expect(reveal).to_have_attribute("data-playing", "true")
    expect(reveal).to_have_attribute("data-playing", "false")  # it ends by itself
    told = lab.page.evaluate("painted.map(({ users }) => users)")
    assert told == sorted(told) and told[-1] == scene_of(twin.state, REVEAL)["users"]
    agrees(lab, twin.state, REVEAL)


def test_a_verdict_that_is_no_news_stands_at_its_end(watching):
    assert watching.lab.node(REVEAL).get_attribute("data-playing") == "false"
    agrees(watching.lab, watching.state, REVEAL)


def test_with_reduced_motion_it_stands_at_its_end_and_nothing_slides(browser, origin):
    twin = Twin(Lab.new(browser, origin, viewport=DESK, reduced_motion="reduce").open())
    twin.answer("act1.prediction", "about_50")
    agrees(twin.lab, twin.state, REVEAL)
    agrees(twin.lab, twin.state, TWIST)
    twin.lab.page.evaluate(LISTEN, TWIST)
    twin.flip(True)
    agrees(twin.lab, twin.state, TWIST)
    assert all(moment["still"] for moment in twin.lab.page.evaluate("painted"))
    twin.lab.close()


def test_documents_are_counted_on_the_other_side(browser, origin):
    twin = visit(browser, origin, "throughput")
    for key in PLACES:
        agrees(twin.lab, twin.state, key)
    assert "documents fit" in twin.lab.node(f"{REVEAL}.picture").get_attribute("aria-label")
    twin.lab.close()


def test_on_paper_all_three_are_there_in_ink_for_white_though_never_seen_by_a_reader_at_night(browser, origin):
    twin = visit(browser, origin, color_scheme="dark")
    lab = twin.lab
    printed = pypdfium2.PdfDocument(lab.page.pdf(format="A4", print_background=True))
    shown = [green(page.render(scale=1).to_numpy()) for page in printed]
    pictures = [count for count in shown if count > 5_000]
    assert len(pictures) >= 2  # two may share a page
    lab.page.emulate_media(media="print")
    for key in PLACES:
        assert lab.page.evaluate(HAS_INK, [key, GREEN])
    lab.page.emulate_media(media="screen")
    for key in PLACES:
        canvas(lab, key)
        lab.page.wait_for_function(f"given => !({HAS_INK})(given)", arg=[key, GREEN])
    lab.close()
