"""The figures: every number the engine's, nothing outside the paper, the same for every look, and no answer given away."""

import math
import re
from xml.etree import ElementTree

import pypdfium2
import pytest

import engine
from acts.wall import users
from runs import oracles
from tests import lab as native
from tools import drawing, figures

SVG = "{http://www.w3.org/2000/svg}"
LOOKS = list(figures.MADE)
DRAWN = dict(figures.pictures(native.shipped()).values())


def drawn(name, look="light"):
    return figures.draw(native.shipped(), name, DRAWN[name], look)


def words(name, look="light"):
    return [item for item in drawn(name, look).items if isinstance(item, drawing.Words)]


def rectangles(name):
    return [item for item in drawn(name).items if isinstance(item, drawing.Rectangle)]


def span(item):
    """Where words begin and end, in points."""
    width = drawing.helvetica_width(item.text, item.size) * (1.1 if item.strong else 1)
    left = item.x - drawing.ANCHORS[item.anchor] * width
    return left, left + width


@pytest.mark.parametrize("name", DRAWN)
def test_everything_lies_on_the_paper(name):
    made = drawn(name)
    for item in made.items:
        if isinstance(item, drawing.Words):
            assert 0 <= span(item)[0] < span(item)[1] <= made.width
            assert item.size <= item.y <= made.height - item.size / 3
        elif isinstance(item, drawing.Rectangle):
            assert 0 <= item.x <= item.x + item.width <= made.width
            assert 0 <= item.y <= item.y + item.height <= made.height


@pytest.mark.parametrize("name", DRAWN)
def test_no_words_lie_on_other_words(name):
    placed = [(*span(item), item.y - item.size * 0.8, item.y + item.size * 0.2) for item in words(name)]
    for i, one in enumerate(placed):
        for other in placed[:i]:
            assert one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


@pytest.mark.parametrize("name", DRAWN)
def test_every_look_has_the_same_lines_and_words(name):
    def shape(look):
        return [{k: v for k, v in vars(item).items() if k != "colour"} for item in drawn(name, look).items]

    assert all(shape(look) == shape("light") for look in LOOKS)


def test_the_weights_and_the_room_are_the_engines():
    told = native.shipped().at("act1.deployment")
    course = native.shipped()
    weights = engine.weight_bytes(course.models[told["model"]], told["weight_bits"])
    memory = told["gpus"] * course.gpus[told["gpu"]].memory_bytes
    columns = [item for item in rectangles("act1") if item.height > 15 and item.width < 100]
    blue = figures.INKS["light"]["blue"]
    share = math.fsum(c.height for c in columns if c.colour == blue) / math.fsum(c.height for c in columns)
    assert share == pytest.approx(weights / memory)
    assert len(columns) == 2 * told["gpus"]


def test_what_is_not_filled_yet_is_hatched_within_its_edges():
    free, hatch = (figures.INKS["light"][name] for name in ("free", "hatch"))
    rooms = [item for item in rectangles("act1") if item.colour == free]
    strokes = [item for item in drawn("act1").items if isinstance(item, drawing.Line) and item.colour == hatch]
    for room in rooms:
        mine = [
            s
            for s in strokes
            if room.x <= s.x1 <= room.x + room.width and room.y - 1e-6 <= s.y2 <= room.y + room.height
        ]
        assert len(mine) >= 1
        for stroke in mine:
            assert stroke.x1 <= stroke.x2 <= room.x + room.width + 1e-6
            assert room.y - 1e-6 <= stroke.y2 <= stroke.y1 <= room.y + room.height + 1e-6
    assert len(rooms) == 9  # eight GPUs and the key


def test_each_bar_is_as_high_as_its_step_is_long():
    course = native.shipped()
    shared, told = course.at("act2.shared"), course.at("act2.deployment")
    bits = (shared["weight_bits_default"], told["kv_bits"])
    model, gpu = course.models[told["model"]], course.gpus[told["gpu"]]
    deployment = engine.Deployment(model, gpu, shared["gpus_default"], *bits)
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))
    tokens = course.at("act2.targets.document_tokens")
    lines = [item for item in drawn("act2").items if isinstance(item, drawing.Line)]
    ms_per_point = 5 / (lines[0].y1 - lines[1].y1)
    bars = [item for item in rectangles("act2") if 20 < item.width < 100]
    for position, batch in enumerate(DRAWN["act2"].columns):
        mine = bars[3 * position : 3 * position + 3]
        assert len({bar.x for bar in mine}) == 1
        step_ms = cost.step(batch, batch * tokens)["total_s"] * 1e3
        assert math.fsum(bar.height for bar in mine) * ms_per_point == pytest.approx(step_ms)
        assert min(bar.y for bar in mine) >= figures.TOP
    assert (
        batch * engine.kv_bytes(model, tokens, told["kv_bits"])
        <= engine.memory_plan(deployment, engine.NAIVE)["kv_budget_bytes"]
    )


def test_what_the_alternative_text_claims_holds():
    linear, attention, rest = (heights for _, heights in DRAWN["act2"].parts.values())
    assert linear[0] > max(attention[0], rest[0])  # the largest part of a small batch's step
    assert linear[-1] < 1.1 * linear[0]  # nearly the same in each
    assert list(attention) == sorted(attention)


def test_the_figure_of_act_one_does_not_answer_its_question():
    course = native.shipped()
    said = " ".join([item.text for item in words("act1")] + list(figures.words(course)["1"].values()))
    for context in course.contexts:
        asked = oracles.scenario(course, "act1.prediction", context)
        fit = str(users.users_numbers(course, asked)["users"])
        assert fit not in re.findall(r"\d+", said)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", DRAWN)
def test_words_can_be_read_on_their_ground(name, look):
    ink = figures.INKS[look]
    for item in words(name, look):
        ground = ink["free"] if item.colour == ink["mark"] else ink["paper"]
        assert contrast(item.colour, ground) >= (3 if item.size >= 24 else 4.5)


def contrast(one, other):
    """The contrast of two colours, WCAG 2.2."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", DRAWN)
def test_the_svg_says_the_same_as_the_drawing(name):
    root = ElementTree.fromstring(drawn(name).svg())
    assert [node.text for node in root.iter(f"{SVG}text")] == [item.text for item in words(name)]
    assert root.find(f"{SVG}desc").text == figures.words(native.shipped())[name.removeprefix("act")]["alt"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", DRAWN)
def test_another_program_reads_the_pdfs_words_where_they_were_put(name, language):
    with native.writing(language) as course:
        made = figures.draw(course, name, dict(figures.pictures(course).values())[name], "print")
    page = pypdfium2.PdfDocument(made.pdf())[0]
    assert page.get_size() == (made.width, made.height)
    text = page.get_textpage()
    for item in (item for item in made.items if isinstance(item, drawing.Words)):
        left, right = span(item)
        found = text.get_text_bounded(
            left - 2, page.get_height() - item.y - 4, right + 2, page.get_height() - item.y + item.size
        )
        assert item.text in found.replace("\r\n", " ").replace("\xa0", " ") or item.text.replace("\xa0", " ") in found


def test_letters_that_mean_something_to_a_pdf_or_to_xml_stay_letters():
    made = drawing.Drawing(200, 50, "a (b) \\ <c>", "& é", [drawing.Words(10, 30, "(x) \\ <y> & é ’", 12, "#000000")])
    assert pypdfium2.PdfDocument(made.pdf())[0].get_textpage().get_text_bounded() == "(x) \\ <y> & é ’"
    assert ElementTree.fromstring(made.svg()).find(f"{SVG}text").text == "(x) \\ <y> & é ’"


def test_a_letter_that_the_print_form_has_not_is_refused():
    with pytest.raises(UnicodeError):
        drawing.Drawing(9, 9, "", "", [drawing.Words(0, 5, "ก", 5, "#000000")]).pdf()
