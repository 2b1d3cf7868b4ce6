"""What tells others of the site: cards, the learning resource, the site map, the poster, and the page with the doors."""

import json
import re
import shutil
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from html import unescape
from html.parser import HTMLParser

import pytest

import acts
from tests import lab as native
from tools import bundle, figures, findable, languages, poster, prerender
from tools.drawing import Drawing, Line, Rectangle, Words
from tools.runtimes import ROOT
from tools.trouble import BuildError

COURSE = native.shipped()
SITE = ROOT / "site"
PAGE = (
    '<!doctype html>\n<html lang="en">\n  <head>\n    <title>A &amp; B</title>\n'
    '    <meta name="description" content="What it &quot;is&quot;.">\n  </head>\n  <body></body>\n</html>\n'
)
HIDDEN = PAGE.replace("</title>", f"</title>\n    {findable.HIDDEN}")


def pixels(png):
    """The rows of a picture of indexed colours, and its colours: the form that the specification of PNG tells."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    parts, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        parts[kind], at = data, at + 12 + length
    width, height, depth, colours, *_ = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, colours) == (8, 3)
    lines, step = zlib.decompress(parts[b"IDAT"]), width + 1
    assert len(lines) == height * step and all(lines[i * step] == 0 for i in range(height))
    palette = ["#" + parts[b"PLTE"][i : i + 3].hex() for i in range(0, len(parts[b"PLTE"]), 3)]
    return [[palette[index] for index in lines[i * step + 1 : (i + 1) * step]] for i in range(height)]


def test_a_drawing_becomes_pixels_where_it_says_they_are():
    drawing = Drawing(
        6,
        4,
        "",
        "",
        [Rectangle(1, 1, 3, 2, "#ff0000"), Line(5, 0, 5, 3, "#0000ff"), Rectangle(-9, 3, 11, 9, "#00ff00")],
    )
    rows = pixels(drawing.png())
    assert [len(row) for row in rows] == [6] * 4
    assert (
        rows[1][1:4] == ["#ff0000"] * 3
        and rows[0][:4] == ["#ffffff"] * 4
        and rows[3][:3] == ["#00ff00"] * 2 + ["#ffffff"]
    )
    assert any(row[5] == "#0000ff" or row[4] == "#0000ff" for row in rows)
    with pytest.raises(ValueError, match="no words"):
        Drawing(6, 4, "", "", [Words(0, 0, "hello", 3, "#000000")]).png()


def test_the_poster_s_columns_are_as_full_as_the_engine_says():
    rows = pixels(poster.draw(COURSE).png())
    assert (len(rows[0]), len(rows)) == (1200, 630)
    _, picture = next(iter(figures.pictures(COURSE).values()))
    numbers = picture.numbers
    share = numbers["weights_gpu_bytes"] / numbers["gpu_bytes"]
    blue = max({row[150] for row in rows[500:540]}, key=[row[150] for row in rows[500:540]].count)
    filled = sum(row[150] == blue for row in rows)
    assert filled / (poster.BOTTOM - poster.TOP) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("address", ["", "https://example.org/lab", "https://example.org/lab/"])
def test_a_card_names_the_page_and_its_picture_by_whole_addresses_if_one_is_known(address):
    known = findable.checked(address)
    html = findable.told("size.html", PAGE, known, 'a "wall"')
    found = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+)" content="([^"]*)">', html))
    assert unescape(found["og:title"]) == "A & B" and unescape(found["og:description"]) == 'What it "is".'
    assert unescape(found["og:image:alt"]) == 'a "wall"' and found["twitter:card"] == "summary_large_image"
    base = "https://example.org/lab/" if address else ""
    assert found["og:image"] == f"{base}poster.png" and found.get("og:url", "") == (
        f"{base}size.html" if address else ""
    )
    assert ('rel="canonical"' in html) == bool(address)


def test_search_engines_are_led_to_other_languages_by_whole_addresses_or_not_at_all():
    page = PAGE.replace("</head>", '<link rel="alternate" href="de.html" hreflang="de"></head>')
    found = re.findall(
        r'rel="alternate" href="([^"]*)"', findable.told("es.html", page, "https://example.org/lab/", "")
    )
    assert found == ["https://example.org/lab/de.html"]
    assert "alternate" not in findable.told("es.html", page, "", "")


def test_what_is_not_to_be_found_has_no_card_and_no_place_on_the_map():
    assert findable.told("grade.html", HIDDEN, "https://x.org/", "") == HIDDEN
    assert findable.told("x.html", "<title>x</title>", "", "") == "<title>x</title>"
    made = findable.site_map(
        "https://x.org/a&b/", {"index.html": PAGE, "grade.html": HIDDEN, "size.html": PAGE}.items()
    )
    (space,) = {element.tag.partition("}")[0] + "}" for element in ElementTree.fromstring(made.encode())}
    places = [element.text for element in ElementTree.fromstring(made.encode()).iter(f"{space}loc")]
    assert places == ["https://x.org/a&b/", "https://x.org/a&b/size.html"]


@pytest.mark.parametrize(
    "address", ["example.org", "ftp://x.org/", "https://", "https://x.org/?a=1", "https://x.org/#a"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(BuildError, match="no address"):
        findable.checked(address)


def test_the_lab_is_a_learning_resource_and_no_text_of_it_can_end_the_script():
    known = findable.resource(COURSE)
    minutes = int(re.fullmatch(r"PT(\d+)M", known["timeRequired"])[1])
    assert 40 <= minutes <= 50 and len(known["teaches"]) == 3 and "**" not in "".join(known["teaches"])
    html = findable.told("index.html", PAGE, "", "", known | {"teaches": ["</script><script>alert(1)</script>"]})
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)
    assert json.loads(data)["teaches"] == ["</script><script>alert(1)</script>"] and html.count("<script") == 1
    assert json.loads(data)["@type"] == "LearningResource"


# --- The doors ---------------------------------------------------------------------------------------------------------


class Links(HTMLParser):
    """Where a page leads."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.append(dict(attributes)["href"])


@pytest.mark.parametrize("language", ["en", *bundle.translations(SITE / "content")])
@pytest.mark.parametrize("has_game", [False, True])
def test_the_start_page_has_a_door_to_each_page_that_there_is_in_its_language(tmp_path, language, has_game):
    content = native.shipped().tables if language == "en" else bundle.translations(SITE / "content")[language]
    for name in ("start.html", "index.html", "size.html"):
        shutil.copy(SITE / name, tmp_path)
    if has_game:
        (tmp_path / "run.html").write_text("")
    ending = "" if language == "en" else f".{language}"
    html = prerender.starting(tmp_path / "start.html", content, {"xx": "Xx"})
    doors = {
        languages.page(language),
        languages.page(language, "size"),
        languages.page(language, "grade"),
        "instructors.html",
        "embedding.html",
    }
    assert set(Links(html).found) == doors | {"start.xx.html"} | ({f"run{ending}.html"} if has_game else set())
    assert f'<html lang="{language}"' in html and "data-" not in html
    assert acts.course(content).at("start.intro") in unescape(html)
