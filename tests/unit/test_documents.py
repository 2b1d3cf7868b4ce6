"""The documents as pages: headings bear the ids that GitHub gives them, and every link leads somewhere."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tools import bundle, crew, documents, runtimes

ROOT = Path(__file__).parents[2]
PAGES = {f"{each}.html" for each in bundle.LINKED_DOCUMENTS}


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Assign it", "assign-it"),
        ("What it shows, and what it can't", "what-it-shows-and-what-it-cant"),
        ("The <code>kv-lab.js</code> element", "the-kv-labjs-element"),
        ("A&#39;s &amp; B&#39;s", "as--bs"),
        ("Figures – and their errors", "figures--and-their-errors"),
        ("snake_case and hyphen-ated", "snake_case-and-hyphen-ated"),
        ("Größe", "größe"),
        ("显存墙", "显存墙"),
    ],
)
def test_a_heading_is_named_as_on_github(heading, name):
    assert documents.identified(f"<h2>{heading}</h2>") == f'<h2 id="{name}">{heading}</h2>'


def test_of_headings_alike_the_later_are_numbered():
    assert re.findall('id="(.*?)"', documents.identified("<h2>Bars</h2><h3>Bars</h3><h2>Bars</h2>")) == [
        "bars",
        "bars-1",
        "bars-2",
    ]


@pytest.fixture(scope="module")
def rendered():
    """The documents as pages by the names of their files."""
    modules = runtimes.npm_modules(runtimes.cache_folder(), ROOT)
    return documents.pages(ROOT / "docs", bundle.LINKED_DOCUMENTS, modules, {"grade.html", "grade.de.html", "de.html"})


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_link_of_a_document_leads_to_something_there(rendered, name):
    for address in re.findall(r'<a href="([^"]*)"', rendered[name]):
        file, _, place = address.partition("#")
        if "://" in file or file in {"index.html", "grade.html", "grade.de.html", "de.html"}:
            continue
        assert file in {"", *PAGES}, address
        assert not place or f'id="{place}"' in rendered[file or name], address


def test_pages_and_scenes_that_are_named_are_led_to(rendered):
    text = rendered["instructors.html"]
    assert '<a href="grade.html"><code>grade.html</code></a>' in text
    assert '<a href="index.html#takeaway"><code>#takeaway</code></a>' in text
    assert '"embedding.html#a-book-that-keeps-grades-splice"' in text


@pytest.mark.parametrize("language", ["en", "de", "es", "zh"])
def test_the_text_to_paste_names_the_buttons_as_the_page_does(rendered, language):
    texts = [
        html.unescape(text)
        for text in re.findall(r"<pre><code[^>]*>(.*?)</code></pre>", rendered["instructors.html"], re.S)
    ]
    page = "https://OWNER.github.io/REPO/" + (f"{language}.html" if language != "en" else "")
    (text,) = [text for text in texts if text.splitlines()[0].endswith(page)]
    course = next(one for one in crew.courses(None, language))
    assert all(course.at(f"report.{button}") in text for button in ("save_markdown", "save_snapshot"))
