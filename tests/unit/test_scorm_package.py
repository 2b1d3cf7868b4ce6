"""The packages for course systems, made of a small site: what a system reads of them, and that files are what others say."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile

import pytest

from tools import policy, scorm, versions
from tools.runtimes import ROOT
from tools.trouble import BuildError

PARTS = {
    "runtime.mjs": 'import { python } from "./python.mjs";',
    "python.mjs": "export const python = 1;",
    "runtime/pyodide/pyodide.asm.wasm": "\0asm",
    "runtime/pyodide/stock.wasm": "\0asm",
    "app.zip": "PK",
    "content.de.json": "{}",
    "size.zip": "PK",
    "size-library.zip": "PK",
    "sizer.mjs": "",
    "run.mjs": "",
    "play.zip": "PK",
    "grade.mjs": "",
    "handed.zip": "PK",
    "splice.js": "",
    "runtime/numpy.whl": "",
}
HEAD = '<!doctype html><html lang="en" data-boot="loading"><head>\n    <meta charset="utf-8"><title>Walls &amp; “memory”</title>'
PAGE = (
    HEAD
    + '<script>import("./runtime.mjs")</script></head><body><p class="languages"><a href="de.html">de</a></p></body></html>'
)


@pytest.fixture
def place(tmp_path):
    """A built site, and a wrapper as npm has it."""
    parts = tmp_path / "dist/v/abc"
    for name, text in PARTS.items():
        (parts / name).parent.mkdir(parents=True, exist_ok=True)
        (parts / name).write_text(text)
    start = {
        name: [(parts / name).stat().st_size, versions.integrity(parts / name)]
        for name in ("runtime.mjs", "app.zip", "size.zip")
    }
    (parts / "boot-manifest.json").write_text(json.dumps({"files": {}, "start": start, "passes": {}}))
    (tmp_path / "dist/icon.svg").write_text("<svg/>")
    for page in ("index.html", "de.html"):
        (tmp_path / "dist" / page).write_text(policy.guarded(PAGE))
    (tmp_path / "wrapper/lib").mkdir(parents=True)
    (tmp_path / "wrapper/lib/index.js").write_text("exports.scorm = { configure() {} };")
    (tmp_path / "wrapper/LICENSE").write_text("Free for all, */ even here.")
    return tmp_path


def made(place, version="1.2", language="en"):
    """A package's files as texts."""
    found = scorm.files(place / "dist", ROOT / "site", place / "wrapper", language, version, "Walls & “memory”")
    return {name: data.decode() for name, data in found.items()}


@pytest.mark.parametrize("version", scorm.VERSIONS)
def test_a_system_finds_one_activity_and_every_file_of_it(place, version):
    found = made(place, version)
    tree = ElementTree.fromstring(found["imsmanifest.xml"])
    named = {name.rpartition("}")[2]: value for node in tree.iter() for name, value in node.attrib.items()}
    resource = next(node for node in tree.iter() if node.tag.endswith("}resource"))
    kinds = {name.rpartition("}")[2]: value for name, value in resource.attrib.items()}
    assert kinds == {
        "identifier": "page",
        "type": "webcontent",
        "href": "index.html",
        {"1.2": "scormtype"}.get(version, "scormType"): "sco",
    }
    listed = {node.attrib["href"] for node in tree.iter() if node.tag.endswith("}file")}
    assert listed == set(found) - {"imsmanifest.xml"}
    assert named["identifierref"] == "page" and "Walls & “memory”" in [node.text for node in tree.iter()]
    schema = next(node.text for node in tree.iter() if node.tag.endswith("}schemaversion"))
    assert schema.startswith(version)


def test_no_module_has_a_name_that_a_system_may_not_know(place):
    found = made(place)
    assert [name for name in found if name.endswith(".mjs")] == []
    assert ".mjs" not in found["v/abc/runtime.js"] + found["index.html"] + found["v/abc/boot-manifest.json"]


def test_a_start_checks_the_files_that_are_there(place):
    found = made(place)
    start = json.loads(found["v/abc/boot-manifest.json"])["start"]
    assert set(start) == {"runtime.js", "app.zip"}
    for name, (size, integrity) in start.items():
        data = found[f"v/abc/{name}"].encode()
        assert (size, integrity) == (len(data), f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}")


@pytest.mark.parametrize("version", scorm.VERSIONS)
def test_the_page_knows_its_system_and_keeps_its_policy(place, version):
    page = made(place, version)["index.html"]
    assert f'data-host="{version}"' in page and 'src="v/abc/scorm.js"' in page and "de.html" not in page
    (inline,) = re.findall(r"<script>(.*?)</script>", page)
    assert base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode() in page


def test_only_what_a_learner_needs_is_in_it(place):
    names = {name.removeprefix("v/abc/") for name in made(place)}
    assert not names & {
        "size.zip",
        "size-library.zip",
        "sizer.js",
        "run.js",
        "play.zip",
        "grade.js",
        "handed.zip",
        "splice.js",
        "runtime/numpy.whl",
        "content.de.json",
    }
    assert "runtime/pyodide/stock.wasm" in names and "content.de.json" in " ".join(made(place, language="de"))


def test_the_same_site_is_the_same_package_and_too_large_a_one_is_refused(place, monkeypatch):
    monkeypatch.setattr(scorm.runtimes, "npm_modules", lambda cache: place)
    (place / scorm.WRAPPER).parent.mkdir(parents=True)
    (place / scorm.WRAPPER).symlink_to(place / "wrapper")
    one = [file.read_bytes() for file in scorm.write(place / "dist", ROOT / "site", place, "en")]
    places = scorm.write(place / "dist", ROOT / "site", place, "en")
    assert one == [file.read_bytes() for file in places]
    assert [zipfile.ZipFile(file).namelist()[0] for file in places] == ["imsmanifest.xml"] * 2
    monkeypatch.setattr(scorm, "MOST_BYTES", 1000)
    with pytest.raises(BuildError, match="course systems take"):
        scorm.write(place / "dist", ROOT / "site", place, "en")
