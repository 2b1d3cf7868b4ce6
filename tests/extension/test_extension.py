"""The Quarto extension without Quarto: its Lua run by pandoc over a stub of quarto.*, in every format and every wrong use."""

from __future__ import annotations

import html
import json
import re
import struct
import subprocess
import tomllib
import zlib
from pathlib import Path

import numpy
import pypandoc
import pytest
import zxingcpp

from tests import lab as native
from tools import extension, figures

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "_extensions" / "kvlab"
HARNESS = Path(__file__).with_name("harness.lua")
URL = "https://example.org/lab/"
INPUT = str(ROOT / "book" / "chapter.qmd")  # a document in a folder of its own, two levels below what it needs
# As Quarto answers: EPUB is html too, and gfm is markdown.
FORMATS = {
    "html": (["html", "html:js"], "html"),
    "revealjs": (["html", "html:js", "revealjs"], "html"),
    "epub": (["html", "epub"], "html"),
    "docx": (["docx"], "markdown"),
    "odt": (["odt"], "markdown"),
    "pptx": (["pptx"], "markdown"),
    "latex": (["latex", "pdf"], "latex"),
    "beamer": (["beamer", "latex", "pdf"], "latex"),
    "typst": (["typst"], "typst"),
    "gfm": (["markdown"], "gfm"),
    "asciidoc": (["asciidoc"], "asciidoc"),
}
ON_PAPER = ("latex", "beamer", "typst")
INTERACTIVE = ("html", "revealjs")


def run(name="html", *, args=(), context="block", meta=None, document=INPUT, **kwargs):
    """What the shortcode gives for a format: warnings, dependencies and pandoc's output."""
    formats, to = FORMATS[name]
    case = {"formats": formats, "to": to, "kwargs": kwargs, "args": list(args), "context": context}
    case |= {"input": document, "project": str(ROOT), "meta": meta or {}}
    command = [pypandoc.get_pandoc_path(), "lua", str(HARNESS), str(FOLDER), json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def words(act, language="en"):
    """Title, caption and alternative text of an act, from the engine."""
    with native.writing(language) as course:
        return figures.words(course)[act]


def text(output):
    """A text with one blank for any white space, HTML's and LaTeX's escapes undone, apostrophes straight."""
    plain = html.unescape(output).replace("\\#", "#").replace("\\%", "%")
    return " ".join(plain.replace("’", "'").split())  # "smart" writers write it straight


# --- every format -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("act", ["1", "2", "all"])
def test_every_format_has_the_caption_and_a_way_to_the_lab(name, act):
    made = run(name, act=act, url=URL)
    assert made["warnings"] == []
    shown = text(made["output"])
    assert text(words(act)["caption"]) in shown
    assert (URL if act == "all" else f"{URL}#act{act}") in shown


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"asciidoc"}))
def test_every_figure_is_there_seen_from_the_document(name):
    found = re.findall(r'[^\s"(){}<>\[\]]*_extensions/kvlab/figures/[\w-]+\.\w+', run(name, act="2", url=URL)["output"])
    assert found
    for path in found:
        assert path.startswith("../_extensions/")
        assert (Path(INPUT).parent / path).resolve().is_file()
    endings = {Path(path).suffix for path in found}
    office = name in ("docx", "odt", "pptx")
    assert endings == ({".png"} if office else {".pdf"} if name in ("latex", "beamer") else {".svg"})


@pytest.mark.parametrize("language", native.LANGUAGES[1:])
@pytest.mark.parametrize("name", ["html", "epub", "latex", "docx"])
def test_captions_and_figures_are_in_the_language_of_the_document(name, language):
    made = run(name, act="2", url=URL, meta={"lang": f"{language}-XX"})
    assert made["warnings"] == []
    said = words("2", language)
    assert text(said["caption"]) in text(made["output"])
    if name == "html":
        assert f'alt="{html.escape(said["alt"])}"' in made["output"]
        assert native.contents()[language]["words"]["astray"]["open"] in made["output"]
    found = re.findall(r'[^\s"(){}<>\[\]]*_extensions/kvlab/figures/[\w/-]+\.\w+', made["output"])
    assert found and all((Path(INPUT).parent / path).resolve().is_file() for path in found)
    assert all(f"/figures/{language}/" in path for path in found)


def test_a_document_in_a_language_that_the_lab_does_not_speak_gets_english():
    assert run("html", url=URL, meta={"lang": "fi"})["output"] == run("html", url=URL)["output"]


@pytest.mark.parametrize("name", INTERACTIVE)
def test_html_gets_the_element_and_its_script_once_by_name(name):
    made = run(name, act="1", url=URL, stage="explore", load="visible", title='The "wall" & more')
    (dependency,) = made["dependencies"]
    assert dependency["name"] == "kvlab"
    assert all((FOLDER / file).is_file() for file in dependency["scripts"] + dependency["stylesheets"])
    head = re.search(r"<kv-lab([^>]*)>", made["output"])[1]
    given = {key: html.unescape(value) for key, value in re.findall(r' ([a-z]+)="([^"]*)"', head)}
    asked = {"url": URL, "act": "1", "stage": "explore", "load": "visible", "title": 'The "wall" & more'}
    assert given == asked
    assert " src=" not in head  # pandoc would fetch it into a page that stands alone


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(INTERACTIVE)))
def test_no_other_format_gets_a_script(name):
    made = run(name, url=URL)
    assert made["dependencies"] == []
    assert "<kv-lab" not in made["output"]


def test_a_page_may_name_the_lab_by_a_path_of_its_own_site():
    made = run("html", url="/labs/kv/")
    assert made["warnings"] == []
    assert 'url="/labs/kv/"' in made["output"]


def test_what_an_author_writes_never_becomes_markup():
    made = run("html", url='https://example.org/?a=1&b="><script>', alt="<b> & 'c'")
    assert "<script>" not in made["output"]
    assert html.unescape(re.search(r'alt="([^"]*)"', made["output"])[1]) == "<b> & 'c'"


def test_the_books_defaults_hold_where_a_shortcode_says_nothing():
    meta = {"extensions": {"kvlab": {"url": URL, "height": "700", "load": "visible"}}}
    output = run("html", meta=meta, load="eager")["output"]
    assert f'url="{URL}"' in output
    assert 'height="700"' in output
    assert 'load="eager"' in output


# --- the code on paper --------------------------------------------------------------------------------------------------


def squares(name, output):
    """The QR code in a page's source, painted: 4 pixels a module."""
    if name == "typst":
        side = int(re.search(r"width: (\d+) \* u", output)[1])
        bars = [(int(x), int(y), int(w)) for x, y, w in re.findall(r"\((\d+), (\d+), (\d+)\)", output)]
    else:
        side = int(re.search(r"begin\{picture\}\((\d+),", output)[1])
        put = re.findall(r"\\put\((\d+),(\d+)\)\{\\rule\{(\d+)\\unitlength\}\{\\unitlength\}\}", output)
        bars = [(int(x), side - 1 - int(y), int(w)) for x, y, w in put]
    paper = numpy.full((side, side), 255, numpy.uint8)
    for x, y, width in bars:
        paper[y, x : x + width] = 0
    return numpy.kron(paper, numpy.ones((4, 4), numpy.uint8))


def read(paper):
    """What a reader of QR codes sees."""
    return [code.text for code in zxingcpp.read_barcodes(paper, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.parametrize("name", ON_PAPER)
def test_the_code_on_paper_leads_to_the_act(name):
    assert read(squares(name, run(name, act="2", url=URL)["output"])) == [f"{URL}#act2"]


@pytest.mark.parametrize(
    "length", [14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106, 107, 122, 123, 152, 153, 180, 181, 213]
)
def test_every_size_of_code_can_be_read_and_is_without_fault(length):
    address = "https://a.b/" + "kv-cache/"[:9] * 30
    paper = squares("typst", run("typst", url=address[:length])["output"])
    (code,) = zxingcpp.read_barcodes(paper, formats=zxingcpp.BarcodeFormat.QRCode)
    assert code.text == address[:length]
    assert code.ec_level == "M"


def test_a_damaged_code_can_still_be_read():
    paper = squares("latex", run("latex", act="1", url=URL)["output"])
    middle = len(paper) // 8 * 4
    paper[middle - 8 : middle + 8, middle - 8 : middle + 8] = 255  # sixteen modules of data
    assert read(paper) == [f"{URL}#act1"]


def test_an_address_too_long_for_a_code_is_printed_without_one():
    made = run("typst", url="https://a.b/" + "x" * 300)
    assert "place(" not in made["output"]
    assert "x" * 300 in made["output"]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(ON_PAPER)))
def test_a_screen_gets_no_code(name):
    output = run(name, url=URL)["output"]
    assert "picture" not in output.replace("<picture", "")
    assert "place(" not in output


# --- every wrong use ----------------------------------------------------------------------------------------------------

WRONG = {
    "no address": ({}, "nothing says where the lab lies", "_quarto.yml"),
    "an unknown option": ({"url": URL, "hight": "3"}, "hight", "height"),
    "an unknown act": ({"url": URL, "act": "3"}, 'act="3"', "1, 2, all"),
    "an unknown stage": ({"url": URL, "stage": "end"}, 'stage="end"', "predict, reality"),
    "an unknown way to load": ({"url": URL, "load": "now"}, 'load="now"', "click, visible, eager"),
    "a height in words": ({"url": URL, "height": "50%"}, 'height="50%"', "height=700"),
    "an address that is none": ({"url": "javascript:alert(1)"}, "javascript:alert(1)", "https://"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("name", ["html", "typst"])
def test_wrong_use_is_one_warning_that_names_the_file_and_the_way_out(case, name):
    kwargs, trouble, way_out = WRONG[case]
    (warning,) = run(name, **kwargs)["warnings"]
    assert "book/chapter.qmd" in warning
    assert trouble in warning
    assert way_out in warning


# What an author may write by mistake, what it is read as, and what else is taken from it.
MENDED = {
    "example.org/lab/": (URL, {}),
    "example.org:8080/lab/": ("https://example.org:8080/lab/", {}),
    "localhost:8000/": ("http://localhost:8000/", {}),
    "//example.org/lab/": (URL, {}),
    "https:/example.org/lab/": (URL, {}),
    "HTTPS://example.org/lab/": (URL, {}),
    "https:\\\\example.org\\lab\\": (URL, {}),
    " https://example.org/lab/ ": (URL, {}),
    "https://example.org/my lab/": ("https://example.org/my%20lab/", {}),
    "https://example.org/lab/#act2": (URL, {"act": "2"}),
    "https://example.org/lab/#act3": (URL, {}),
    "https://example.org/lab/#": (URL, {}),
    "https://example.org/lab/?act=2&stage=explore": (URL, {"act": "2", "stage": "explore"}),
    "https://example.org/lab/?embed=1&theme=dark&v=3#act1": (f"{URL}?v=3", {"act": "1"}),
    "https://example.org/lab/?": (URL, {}),
    "example.org/lab/?act=1": (URL, {"act": "1"}),
}


@pytest.mark.parametrize("written", MENDED)
@pytest.mark.parametrize("name", ["html", "latex"])
@pytest.mark.parametrize("where", ["shortcode", "project"])
def test_an_address_with_a_slip_is_mended_and_one_warning_says_what_to_write(written, name, where):
    url, taken = MENDED[written]
    own = {"url": written} if where == "shortcode" else {}
    made = run(name, meta={"extensions": {"kvlab": {"url": written}}} if not own else None, **own)
    (warning,) = made["warnings"]
    also = "".join(f" {key}={value}" for key, value in taken.items())
    assert "book/chapter.qmd" in warning
    assert f"Write url={url}{also}." in warning
    assert made["output"] == run(name, url=url, **taken)["output"]


def test_what_a_shortcode_says_of_the_act_counts_more_than_the_address():
    assert 'act="1"' in run("html", url=f"{URL}#act2", act="1")["output"]


# What can't be mended for the author, and what the warning says to write.
DOUBTFUL = {
    "lab/": "url=/lab/",
    "index.html": "url=/index.html",
    "lab.html#act2": "url=/lab.html",
    "http://example.org/lab/": "https://",
    "https://example.org/lab/act2": f"url={URL} and act=1, 2 or all",
    "https://github.com/OWNER/REPO": "https://OWNER.github.io/REPO/",
}


@pytest.mark.parametrize("written", DOUBTFUL)
def test_an_address_that_may_lead_astray_is_one_warning_with_what_to_write(written):
    (warning,) = run("html", url=written)["warnings"]
    assert "book/chapter.qmd" in warning
    assert DOUBTFUL[written] in warning


@pytest.mark.parametrize(
    "written", ["https://", "https:///lab/", "htps://example.org/", "mailto:a@example.org", "file:///lab/index.html"]
)
@pytest.mark.parametrize("name", ["html", "latex"])
def test_what_is_no_address_of_a_page_is_refused_by_name(written, name):
    made = run(name, url=written)
    (warning,) = made["warnings"]
    assert "is no address of a page" in warning and written in warning
    assert "<kv-lab" not in made["output"]


@pytest.mark.parametrize(
    ("written", "meta"),
    [
        ("./lab/", {}),
        ("../lab/", {}),
        ("/lab/", {}),
        (f"{URL}index.html?v=2", {}),
        ("https://lab.example.org", {}),
        ("https://intranet/lab/", {}),
        ("http://localhost:8000/", {}),
        ("http://school.example/lab/", {"book": {"site-url": "http://school.example/book/"}}),
    ],
)
def test_what_an_author_may_well_mean_is_not_warned_about(written, meta):
    made = run("html", url=written, meta=meta)
    assert made["warnings"] == []
    assert f'url="{written}"' in made["output"]


def test_a_relative_default_of_a_project_is_told_where_it_leads_astray():
    meta = {"extensions": {"kvlab": {"url": "./lab/"}}}
    assert "another place from each folder" in run("html", meta=meta)["warnings"][0]
    assert run("html", meta=meta, document=str(ROOT / "chapter.qmd"))["warnings"] == []


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(INTERACTIVE)))
def test_in_a_book_made_into_one_file_no_wrong_document_is_named(name):
    """There each document is read as the book's first, index.qmd."""
    book = run(name, act="3", url=URL, document=str(ROOT / "index.qmd"), meta={"book": {"title": "A book"}})
    (warning,) = book["warnings"]
    assert "index.qmd" not in warning
    assert f'{{{{< kvlab act="3" url="{URL}" >}}}}' in warning
    (warning,) = run(name, act="3", url=URL, document=str(ROOT / "index.qmd"))["warnings"]
    assert "index.qmd or another document of its book" in warning


def test_in_html_every_document_is_its_own():
    made = run("html", act="3", url=URL, document=str(ROOT / "index.qmd"), meta={"book": {"title": "A book"}})
    assert made["warnings"][0].startswith("kvlab in index.qmd: ")


@pytest.mark.parametrize("case", sorted(set(WRONG) - {"no address", "an address that is none"}))
def test_a_slip_in_an_option_leaves_the_rest_as_it_was(case):
    kwargs, _, _ = WRONG[case]
    assert run("html", **kwargs)["output"] == run("html", url=URL)["output"]


def test_without_an_address_the_place_is_marked():
    assert "?kvlab" in run("html")["output"]
    assert "javascript" not in re.sub(
        r"<strong>.*?</strong>", "", run("html", url="javascript:alert(1)")["output"], flags=re.S
    )


@pytest.mark.parametrize("context", ["inline", "text"])
def test_inside_a_line_it_is_refused(context):
    made = run("html", context=context, url=URL)
    assert "a line of its own" in made["warnings"][0]
    assert "<kv-lab" not in made["output"]


def test_a_bare_word_is_refused():
    made = run("html", args=["1"], url=URL)
    assert "act=1" in made["warnings"][0]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(INTERACTIVE)))
def test_a_path_of_a_site_means_nothing_outside_it(name):
    made = run(name, url="/labs/kv/", act="1")
    (warning,) = made["warnings"]
    assert "https://" in warning
    assert text(words("1")["caption"]) in text(made["output"])
    assert "/labs/kv/" not in made["output"]


# --- what is made, and versions -------------------------------------------------------------------------------------------


def test_what_is_made_is_what_the_build_makes():
    for name, data in extension.made(native.shipped(), ROOT / "site").items():
        assert (FOLDER / name).read_bytes() == data, f"{name}: run `python3 build.py extension`"


@pytest.mark.parametrize("language", ["", "de/", "es/", "zh/"])
@pytest.mark.parametrize("name", [f"act{n}" for n in figures.pictures(native.shipped())])
def test_the_pictures_for_word_are_print_painted(language, name):
    name = language + name
    pdf = (FOLDER / f"figures/{name}-print.pdf").read_bytes()
    kept = (FOLDER / f"figures/{name}.png").read_bytes()
    assert extension.source(pdf) in kept
    width, height, rgb = extension.painted(pdf)
    assert (width, height) == struct.unpack(">II", kept[16:24])
    now = numpy.frombuffer(rgb, numpy.uint8).astype(int)
    assert numpy.abs(now - pixels(kept)).mean() < 4  # another machine's Helvetica may look a little different


def pixels(png):
    """The parts of a PNG's pixels, as extension.png writes it."""
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[start - 4 : start])
    rows = numpy.frombuffer(zlib.decompress(png[start + 4 : start + 4 + length]), numpy.uint8)
    return rows.reshape(height, 1 + width * 3)[:, 1:].astype(int).ravel()


def test_all_versions_are_the_projects():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    manifest = (FOLDER / "_extension.yml").read_text()
    assert re.search(r"^version: (\S+)$", manifest, re.M)[1] == version
    assert re.search(r"^## \[?([0-9.]+)", (FOLDER / "CHANGELOG.md").read_text(), re.M)[1] == version
    assert json.loads((ROOT / "package.json").read_text())["version"] == version
    assert run("html", url=URL)["dependencies"][0]["version"] == version


def options_of_the_lua():
    """The options that kvlab.lua knows, with their choices."""
    source = (FOLDER / "kvlab.lua").read_text(encoding="utf-8")
    names = re.findall(r'"(\w+)"', re.search(r"local OPTIONS = \{(.*?)\}", source)[1])
    listed = {
        name: re.findall(r'"(\w+)"', found[1]) if (found := re.search(rf"  {name} = \{{(.*?)\}}", source)) else []
        for name in names
    }
    return listed | {"act": sorted(figures.words(native.shipped()))}  # which kvlab.lua takes from words.lua


def test_editors_are_told_the_same_options():
    schema = (FOLDER / "_schema.yml").read_text(encoding="utf-8")
    attributes = schema[schema.index("attributes:") :]
    for name, choices in options_of_the_lua().items():
        told = re.search(rf"^      {name}:\n((?:        .*\n)+)", attributes, re.M)[1]
        assert [str(c) for c in re.findall(r'- "?(\w+)"?', told)] == choices
    assert set(re.findall(r"^      (\w+):$", attributes, re.M)) == set(options_of_the_lua())


def test_snippets_are_shortcodes_that_work():
    for snippet in json.loads((FOLDER / "_snippets.json").read_text()).values():
        body = re.sub(r"\$\{\d+\|([^,|]*).*?\|\}", r"\1", re.sub(r"\$\{\d+:([^}]*)\}", r"\1", snippet["body"]))
        kwargs = dict(re.findall(r'(\w+)="?([^\s">]+)"?', body))
        assert run("html", **{"url": URL, **kwargs})["warnings"] == []
