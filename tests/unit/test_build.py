"""The build: what is fetched is checked, what fails is a sentence, what is there stays until something whole replaces it."""

import base64
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tools import bundle, passes, runtimes, server, testing, versions
from tools.trouble import BuildError

ROOT = Path(__file__).parents[2]
BYTES = b"the very bytes"
HASH = hashlib.sha256(BYTES).hexdigest()
WHEEL = {"file": "w.whl", "sha256": HASH, "url": "https://example.org/w.whl", "package": "p==1", "member": "in/w.whl"}


def offline(monkeypatch):
    """Make every way out of this machine fail."""

    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)


def test_a_warm_cache_needs_no_network_and_no_program(monkeypatch, tmp_path):
    (tmp_path / "w.whl").write_bytes(BYTES)
    folder = tmp_path / f"npm-{runtimes.sha256(ROOT / 'package-lock.json')[:16]}"
    folder.mkdir()
    (folder / "complete").touch()
    offline(monkeypatch)
    assert runtimes.numpy_wheel(tmp_path, WHEEL).read_bytes() == BYTES
    assert runtimes.npm_modules(tmp_path) == folder / "node_modules"


def test_the_wheels_second_source_serves_when_the_first_is_wrong(monkeypatch, tmp_path):
    def download(command, **_):
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "p-1.whl", "w") as archive:
            archive.writestr("in/w.whl", BYTES)
        return subprocess.CompletedProcess(command, 0, "", "")

    class Tampered:
        def __enter__(self):
            return __import__("io").BytesIO(b"tampered")

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Tampered())
    monkeypatch.setattr(subprocess, "run", download)
    assert runtimes.numpy_wheel(tmp_path, WHEEL).read_bytes() == BYTES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.whl"]


def test_no_source_for_the_wheel_is_one_sentence_with_every_reason(monkeypatch, tmp_path):
    offline(monkeypatch)
    with pytest.raises(BuildError, match=r"w\.whl could not be fetched: .*no network.*no network.*Check the network"):
        runtimes.numpy_wheel(tmp_path, WHEEL)


def test_without_npm_the_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BuildError, match=r"Install Node\.js"):
        runtimes.npm_modules(tmp_path)


def test_too_old_a_node_is_named_before_anything_is_fetched(monkeypatch, tmp_path):
    old = subprocess.CompletedProcess([], 0, "v16.20.2\n", "")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: old)
    with pytest.raises(BuildError, match=rf"needs Node\.js {runtimes.NODE_FROM} or newer; /usr/bin/node is 16\.20\.2"):
        runtimes.npm_modules(tmp_path)
    assert f"Node.js {runtimes.NODE_FROM}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_failing_npm_leaves_no_complete_folder(monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, "", "npm error network unreachable\n")
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/npm")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(BuildError, match="network unreachable"):
        runtimes.npm_modules(tmp_path)
    assert not list(tmp_path.glob("npm-*/complete"))


def test_the_old_site_stays_until_a_whole_one_is_there(monkeypatch, tmp_path):
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "index.html").write_text("old")

    def fail(*_, **__):
        raise BuildError("a file is not the pinned one")

    monkeypatch.setattr(runtimes, "fetch", fail)
    with pytest.raises(BuildError):
        bundle.build(ROOT / "site", dist, tmp_path)
    assert (dist / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_swapping_puts_the_new_site_in_the_place_of_the_old(tmp_path):
    made, dist = tmp_path / "scratch/dist", tmp_path / "dist"
    made.mkdir(parents=True)
    dist.mkdir()
    (made / "new").touch()
    (dist / "old").touch()
    bundle.swap(made, dist)
    assert [path.name for path in dist.iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("a.wasm", "application/wasm"),
        ("a.mjs", "text/javascript"),
        ("a.js", "text/javascript"),
        ("a.woff2", "font/woff2"),
    ],
)
def test_browsers_get_the_types_they_insist_on(file, kind):
    handler = server.Handler.__new__(server.Handler)
    assert handler.guess_type(file) == kind


def test_broken_content_ends_in_sentences_and_no_traceback(tmp_path):
    site = tmp_path / "site"
    shutil.copytree(ROOT / "site", site)
    act = site / "content/act1.toml"
    act.write_text(act.read_text().replace('title = "The memory wall"', "titel = 3"))
    command = [sys.executable, str(ROOT / "build.py"), "--site", str(site), "--out", str(tmp_path / "dist")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "act1.toml.titel" in done.stderr and "act1.toml.title: is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "dist").exists()


# --- a whole build, on a tiny project of its own ---

WHEEL_FILE = "numpy-1-py3-none-any.whl"
BOOT, PYTHON, REACH = "scripts/1-before/boot.js", "scripts/2-start-python/python.mjs", "scripts/3-beside/reach.js"
SCRIPTS = (BOOT, PYTHON, REACH, f"{bundle.FIXED}/{bundle.ELEMENT}", f"{bundle.FIXED}/{bundle.WORKER}")
PAGE = (
    '<html data-parts="."><title>{}</title><link rel="stylesheet" href="css/tokens.css"><script src="boot.js"></script>'
    '<a href="physics.html">physics</a><script src="reach.js" defer></script>'
    '<link rel="preload" href="runtime/pyscript/core-*.js">'
)
PACKAGES = {
    "pyodide": {"pyodide.asm.wasm": b"\0asm\1\0\0\0", "python_stdlib.zip": b"library", "pyodide-lock.json": None},
    "plotly": {"plotly.min.js": b"draw()", "LICENSE": b"MIT text"},
    "pyscript": {"core-abc.js": b"script()"},
}
MEMBERS = {"core-abc.js": "core-*.js"}
LOCK = {
    "info": {"python": "3.14"},
    "packages": {"numpy": {"file_name": WHEEL_FILE}, "scipy": {"file_name": "scipy.whl"}},
}


def digest(data):
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def wheel_bytes(place):
    """A wheel with one licence, written at a place; its bytes."""
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("numpy/__init__.py", "")
        archive.writestr("numpy-1.dist-info/licenses/LICENSE.txt", "BSD text")
    return place.read_bytes()


class House:
    """A project of a few small files, with a cache as npm and the wheel's source would leave it."""

    def __init__(self, folder):
        self.root, self.cache, self.site = folder / "root", folder / "cache", folder / "site"
        self.dist = folder / "dist"
        for place in (
            self.root,
            self.cache,
            *(self.site / name for name in ("css", "py/inner", "py/handed", "content")),
        ):
            place.mkdir(parents=True)
        for name in bundle.ROOT_FOLDERS:
            (self.site / name).mkdir()
        for name in ("package.json", "package-lock.json", ".npmrc"):
            (self.root / name).write_text("{}")
        for name in (*bundle.ROOT_FILES, *SCRIPTS):
            (self.site / name).parent.mkdir(parents=True, exist_ok=True)
            (self.site / name).write_text(Path(name).name)
        (self.site / "css/tokens.css").write_text("p {}")
        (self.site / BOOT).write_text("early()")
        (self.site / "py/main.py").write_text("import inner.part\n")
        (self.site / "py/inner/part.py").write_text("X = 1\n")
        (self.site / "py/handed/marker.py").write_text("import inner.part\n")
        (self.site / "content/act.toml").write_text('title = "A title"\n')
        (self.site / "content/embed.toml").write_text('[element]\nopen = "Open"\n')
        (self.site / "content/grading.toml").write_text('[page]\ntitle = "Grade"\n')
        self.npm = self.cache / f"npm-{digest(b'{}')[:16]}"
        self.modules = self.npm / "node_modules"
        self.wheel = self.cache / WHEEL_FILE
        self.source = folder / "elsewhere.whl"
        self.pinned = wheel_bytes(self.wheel)
        self.install()
        self.pin()

    def install(self):
        """What `npm ci` leaves."""
        for package, files in PACKAGES.items():
            (self.modules / package).mkdir(parents=True)
            (self.modules / package / "package.json").write_text('{"version": "1.2.3"}')
            for name, data in files.items():
                (self.modules / package / name).write_bytes(json.dumps(LOCK).encode() if data is None else data)
        (self.npm / "complete").touch()

    def pin(self):
        """Write runtime.toml for the files as they are now."""
        lines = []
        for package, files in PACKAGES.items():
            for name in files:
                if name != "LICENSE":
                    folder = "" if package == "plotly" else package
                    lines += ["[[runtime]]", f'package = "{package}"', f'folder = "{folder}"', 'licence = "MIT"']
                    lines += [f'members = ["{MEMBERS.get(name, name)}"]', ""]
        lines += ["[numpy]", f'file = "{WHEEL_FILE}"', f'sha256 = "{digest(self.pinned)}"']
        lines += [f'url = "{self.source.as_uri()}"', 'package = "carrier==1"', f'member = "inside/{WHEEL_FILE}"']
        (self.root / "runtime.toml").write_text("\n".join(lines) + "\n")

    def build(self):
        """Build, as build.py does."""
        bundle.build(self.site, self.dist, self.cache, self.root)
        return self.dist


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house whose page is not prerendered, and in which no program may be started."""
    monkeypatch.setattr(bundle.prerender, "render", lambda site, content, others: PAGE.format(content["act"]["title"]))
    for page in bundle.BESIDE:
        monkeypatch.setitem(bundle.BESIDE, page, lambda file, content, others: PAGE.format(file.stem))
    monkeypatch.setattr(bundle.findable, "pages", lambda texts, every, address, folder: list(texts.values()))
    monkeypatch.setattr(passes, "PASSES", ())
    monkeypatch.setattr(
        bundle, "write_figures", lambda every, folder: (folder.mkdir(), (folder / "1.svg").write_text(""))
    )
    monkeypatch.setattr(runtimes.subprocess, "run", lambda *a, **k: pytest.fail(f"a program was started: {a}"))
    return House(tmp_path)


def parts(dist):
    """The folder of the one version that is in `dist`."""
    (found,) = (dist / "v").iterdir()
    return found


def contents(folder):
    """Every file of a folder with its bytes."""
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


# --- what is built ---


def test_a_warm_cache_builds_everything_without_starting_a_program(house):
    dist = house.build()
    files = contents(parts(dist))
    assert files["runtime/plotly.min.js"] == b"draw()"
    assert files["runtime/numpy.whl"] == house.pinned
    scripts = {"boot.js", "python.mjs", "reach.js"}
    assert {n for n in files if "/" not in n} == {
        "app.zip",
        "size.zip",
        "size-library.zip",
        "play.zip",
        "handed.zip",
        "boot-manifest.json",
        *scripts,
    }
    assert {*bundle.ROOT_FILES, bundle.ELEMENT, bundle.WORKER, "index.html"} <= {file.name for file in dist.iterdir()}


def test_two_scripts_of_one_name_cannot_lie_in_one_folder(house):
    (house.site / "scripts/4-further").mkdir()
    (house.site / "scripts/4-further/reach.js").write_text("another()")
    with pytest.raises(BuildError, match=r"reach\.js, in 3-beside and in 4-further"):
        house.build()
    assert not house.dist.exists()


def test_what_an_editor_leaves_beside_a_script_is_no_script(house):
    for name in ("reach.js~", ".reach.js", "#reach.js", "README.md"):
        (house.site / REACH).with_name(name).write_text("left")
    assert b"left" not in contents(house.build()).values()


def test_the_page_leads_into_its_version_and_nowhere_else(house):
    dist = house.build()
    address = parts(dist).relative_to(dist).as_posix()
    page = (dist / "index.html").read_text()
    assert f'src="{address}/reach.js"' in page and f'data-parts="{address}/"' in page
    assert "<style>\np {}</style>" in page and "stylesheet" not in page  # nothing to wait for before the first painting
    assert f'href="{address}/runtime/pyscript/core-abc.js"' in page  # whatever it is called in this version
    assert "<script>\nearly()</script>" in page and page.count("<script ") == 1
    assert 'href="physics.html"' in page and "<title>A title</title>" in page


def test_the_service_worker_knows_every_file_by_its_bytes(house):
    dist = house.build()
    text = (dist / "sw.js").read_text()
    site = json.loads(text.removeprefix("const SITE = ").partition(";\n")[0])
    there = {name: hashlib.sha256(data).digest() for name, data in contents(dist).items()}
    del (
        there["sw.js"],
        there["figures/1.svg"],
        there[f"{parts(dist).relative_to(dist).as_posix()}/runtime/LICENSES.txt"],
    )
    for_some = {path: hashed for files in site["later"].values() for path, hashed in files.items()}
    listed = {**site["files"], **for_some}
    assert {name: base64.b64decode(hashed.removeprefix("sha256-")) for name, hashed in listed.items()} == there
    assert not set(site["files"]) & set(for_some)
    assert set(site["later"]) == {"size", "run", "grade"}  # for those who have opened that page
    engineers = {"size.html", "size.zip", "size-library.zip", "numpy.whl"}
    assert {Path(name).name for name in for_some} == engineers | {"run.html", "play.zip", "grade.html", "handed.zip"}
    assert text.endswith("sw.js")  # the worker itself


def test_another_content_is_another_version_and_the_same_is_the_same(house):
    first = parts(house.build()).name
    assert parts(house.build()).name == first
    (house.site / REACH).write_text("another()")
    assert parts(house.build()).name != first


def test_a_version_is_named_by_names_and_bytes(tmp_path):
    for name, files in {"a": {"x": "1"}, "b": {"x": "2"}, "c": {"y": "1"}, "d": {"x": "1"}}.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    first, other_bytes, other_name, same = (versions.digest(tmp_path / name) for name in "abcd")
    assert len({first, other_bytes, other_name}) == 3 and same == first


def test_the_lock_file_offers_no_package_that_is_not_there(house):
    lock = json.loads((parts(house.build()) / "runtime/pyodide/pyodide-lock.json").read_text())
    assert lock == {"info": {"python": "3.14"}, "packages": {}}


def test_the_manifest_counts_the_bytes_of_what_is_there(house):
    made = parts(house.build())
    table = json.loads((made / "boot-manifest.json").read_text())
    assert table["files"] == {name: (made / name).stat().st_size for name in bundle.NEEDED}
    scripts = [name for name in table["start"] if name.endswith("js") and "/" not in name]
    assert scripts == [Path(PYTHON).name]  # those that start Python, by their folder


def test_the_licences_are_listed_and_their_texts_come_along(house):
    text = (parts(house.build()) / "runtime/LICENSES.txt").read_text()
    for said in ("plotly: MIT", "plotly 1.2.3", "MIT text"):
        assert said in text


def test_the_app_has_the_python_files_at_its_root_and_the_content(house):
    with zipfile.ZipFile(parts(house.build()) / "app.zip") as archive:
        assert archive.namelist() == ["content.json", "inner/part.py", "main.py"]
        assert archive.read("inner/part.py") == b"X = 1\n"
        assert json.loads(archive.read("content.json")) == {
            "act": {"title": "A title"},
            "embed": {"element": {"open": "Open"}},
        }


def test_the_same_input_gives_the_same_bytes_whenever_it_is_built(house):
    first = contents(house.build())
    for file in house.site.rglob("*.py"):
        os.utime(file, (1_700_000_000, 1_700_000_000))
        file.chmod(0o755)
    assert contents(house.build()) == first


# --- what stops a build, and what is then left ---


def lost_file(house):
    (house.modules / "pyodide/python_stdlib.zip").unlink()
    return ["pyodide/python_stdlib.zip", "nothing"]


def doubled_file(house):
    (house.modules / "pyscript/core-def.js").write_text("")
    return ["pyscript/core-*.js", "core-abc.js, core-def.js"]


def broken_toml(house):
    (house.site / "content/act.toml").write_text("title = \n")
    return ["act.toml", "not valid TOML"]


def lost_site_file(house):
    (house.site / "icon.svg").unlink()
    return ["icon.svg", "No such file"]


def broken_pins(house):
    (house.root / "runtime.toml").write_text("[[runtime]]\n")
    return ["runtime.toml", "git"]


MISHAPS = [doubled_file, lost_file, broken_toml, lost_site_file, broken_pins]


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("before", [True, False], ids=["over an earlier build", "for the first time"])
def test_a_build_that_fails_says_why_and_leaves_no_half_made_folder(house, mishap, before):
    if before:
        house.build()
    earlier = contents(house.dist) if before else None
    said = mishap(house)
    with pytest.raises(BuildError) as caught:
        house.build()
    assert all(words in str(caught.value) for words in said), caught.value
    assert "\n" not in str(caught.value)
    assert (contents(house.dist) if house.dist.exists() else None) == earlier
    assert not list(house.dist.parent.glob(".dist-*"))


def test_another_language_is_a_page_a_content_file_and_a_card_beside_the_english_ones(house):
    words = 'language = "{}"\nlanguage_name = "{}"\ndescription = "{}"\n'
    (house.site / "manifest.webmanifest").write_text('{"name": "A title", "scope": "./"}')
    for folder, title, *own in (
        ("", "A title", "en", "English", "about"),
        ("de", "Ein Titel", "de", "Deutsch", "über"),
    ):
        place = house.site / "content" / folder
        place.mkdir(exist_ok=True)
        (place / "act.toml").write_text(f'title = "{title}"\n')
        (place / "course.toml").write_text(f'masthead.title = "{title}"\n')
        (place / "words.toml").write_text(words.format(*own))
    dist = house.build()
    assert "<title>Ein Titel</title>" in (dist / "de.html").read_text()
    assert "<title>A title</title>" in (dist / "index.html").read_text()
    assert json.loads((parts(dist) / "content.de.json").read_text())["act"] == {"title": "Ein Titel"}
    card = json.loads((dist / "manifest.de.webmanifest").read_text())
    assert card["start_url"] == "./de.html" and (card["name"], card["lang"]) == ("Ein Titel", "de")
    with zipfile.ZipFile(parts(dist) / "app.zip") as app:  # whoever reads English carries no German
        assert "content.json" in app.namelist() and b"Titel" not in app.read("content.json")
    assert '"de.html"' in (dist / "sw.js").read_text()


def test_what_only_the_grader_needs_no_learner_waits_for(house):
    place = house.site / "content/de"
    place.mkdir()
    (house.site / "manifest.webmanifest").write_text("{}")
    (house.site / "content/course.toml").write_text('masthead.title = "A title"\n')
    for folder, language in ((house.site / "content", "en"), (place, "de")):
        (folder / "words.toml").write_text(f'language = "{language}"\nlanguage_name = ""\ndescription = ""\n')
    (place / "grading.toml").write_text('[page]\ntitle = "Bewerten"\n')
    built = parts(house.build())
    with zipfile.ZipFile(built / "app.zip") as app:
        assert not any(name.startswith("handed") for name in app.namelist())
        assert b"Grade" not in app.read("content.json") and "Bewerten" not in (built / "content.de.json").read_text()
    with zipfile.ZipFile(built / "handed.zip") as own:
        assert own.namelist() == ["grading.de.json", "grading.en.json", "handed/marker.py"]
        titles = [json.loads(own.read(f"grading.{language}.json"))["page"]["title"] for language in ("en", "de")]
    assert titles == ["Grade", "Bewerten"]


def test_the_element_for_other_pages_gets_its_words_in_every_language(house):
    (house.site / bundle.FIXED / bundle.ELEMENT).write_text("const WORDS = {}; // filled in")
    (house.site / "manifest.webmanifest").write_text("{}")
    (house.site / "content/de").mkdir()
    (house.site / "content/de/embed.toml").write_text('[element]\nopen = "Öffnen"\n')
    for name, text in (
        ("words", 'language = "de"\nlanguage_name = "x"\ndescription = "y"'),
        ("course", 'masthead.title = "T"'),
    ):
        (house.site / f"content/{name}.toml").write_text(text)
    words = '{"en": {"open": "Open"}, "de": {"open": "Öffnen"}}'
    assert (house.build() / "kv-lab.js").read_text(encoding="utf-8") == f"const WORDS = {words}; // filled in"


def test_every_mistake_in_the_content_is_said(house, monkeypatch):
    def mistaken(site, content, others):
        raise ValueError("act.toml: a: expected b\nact.toml: c: expected d")

    monkeypatch.setattr(bundle.prerender, "render", mistaken)
    with pytest.raises(BuildError, match=r"(?s)expected b.*expected d"):
        house.build()


@pytest.mark.parametrize("interruption", [OSError, KeyboardInterrupt])
def test_a_swap_that_is_cut_off_puts_the_old_folder_back(tmp_path, monkeypatch, interruption):
    made, dist = tmp_path / "scratch/dist", tmp_path / "dist"
    for folder, text in ((made, "new"), (dist, "old")):
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(text)
    rename = Path.rename

    def cut_off(self, target):
        if self == made:
            raise interruption
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", cut_off)
    with pytest.raises(interruption):
        bundle.swap(made, dist)
    assert (dist / "index.html").read_text() == "old"


# --- the numpy wheel: two sources, one hash ---


def read_wheel(house):
    """The wheel by its own table, as a build asks for it."""
    return runtimes.numpy_wheel(house.cache, runtimes.read_table(house.root)[1])


def carrier(folder, data):
    """A package of the Python registry that carries the wheel inside, in a folder that pip is told to look in."""
    with zipfile.ZipFile(folder / "carrier-1-py3-none-any.whl", "w") as archive:
        archive.writestr(f"inside/{WHEEL_FILE}", data)
        archive.writestr("carrier-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: carrier\nVersion: 1\n")
        archive.writestr("carrier-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("carrier-1.dist-info/RECORD", "")


@pytest.fixture
def pip_offline(tmp_path, monkeypatch):
    """A folder in place of the Python registry: the real pip looks nowhere else."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_the_first_source_is_enough(house):
    house.wheel.unlink()
    house.source.write_bytes(house.pinned)
    assert read_wheel(house).read_bytes() == house.pinned


@pytest.mark.parametrize("first", [None, b"another file"], ids=["away", "tampered"])
def test_the_second_source_helps_and_leaves_nothing_but_the_wheel(tmp_path, pip_offline, first):
    house = House(tmp_path)
    house.wheel.unlink()
    if first:
        house.source.write_bytes(first)
    carrier(pip_offline, house.pinned)
    assert read_wheel(house).read_bytes() == house.pinned
    assert sorted(f.name for f in house.cache.iterdir()) == sorted([house.npm.name, WHEEL_FILE])


def test_a_wheel_with_other_bytes_is_refused_from_wherever_it_comes(tmp_path, pip_offline):
    house = House(tmp_path)
    house.wheel.write_bytes(b"spoilt in the cache")
    house.source.write_bytes(b"spoilt at the source")
    carrier(pip_offline, b"spoilt in the package")
    with pytest.raises(BuildError) as caught:
        read_wheel(house)
    for data in (b"spoilt at the source", b"spoilt in the package"):
        assert digest(data) in str(caught.value)
    assert "Delete" not in str(caught.value)  # what was fetched is gone already
    assert "spoilt at the source" not in {f.read_text() for f in house.cache.glob("*.whl")}


def test_a_python_without_pip_makes_one_for_the_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(runtimes.venv, "create", lambda folder, with_pip: folder.mkdir(parents=True))
    assert runtimes._pip(tmp_path) == [str(runtimes.venv_python(tmp_path / "pip")), "-m", "pip"]

    def refused(folder, with_pip):
        raise OSError("no ensurepip")

    monkeypatch.setattr(runtimes.venv, "create", refused)
    with pytest.raises(BuildError, match=r"no ensurepip.*python3-pip"):
        runtimes._pip(tmp_path)


# --- npm ---


def fake_npm(folder, script, monkeypatch):
    """A program called npm and a Node.js that is new enough, the only ones on PATH besides the shell's own."""
    folder.mkdir()
    for name, lines in (("npm", script), ("node", "echo v22.1.0")):
        (folder / name).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_npm_runs_once_for_a_lock_file_and_without_scripts(tmp_path, monkeypatch):
    house = House(tmp_path)
    (house.root / "package-lock.json").write_text('{"changed": 1}')
    log = tmp_path / "calls"
    fake_npm(tmp_path / "bin", f'echo "$@" >> {log}', monkeypatch)
    first = runtimes.npm_modules(house.cache, house.root)
    assert runtimes.npm_modules(house.cache, house.root) == first != house.modules
    assert log.read_text().splitlines() == ["ci --ignore-scripts"]
    assert (first.parent / ".npmrc").exists()


def test_npm_that_fails_is_asked_again_and_its_reason_is_said(tmp_path, monkeypatch):
    house = House(tmp_path)
    (house.npm / "complete").unlink()
    said = "npm error code ECONNREFUSED\\nnpm error errno 1\\nnpm error request to the registry failed\\n"
    fake_npm(tmp_path / "bin", f"printf '{said}' >&2; exit 1", monkeypatch)
    for _ in range(2):
        with pytest.raises(BuildError, match=r"request to the registry failed\. Check the network"):
            runtimes.npm_modules(house.cache, house.root)


def test_the_lock_file_in_git_names_no_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)


def test_a_build_needs_nothing_beyond_pythons_own_library():
    """Where nothing was ever installed the page must be prerendered all the same: -S leaves out every installed package."""
    script = (
        "from pathlib import Path; from tools import bundle; site = Path('site');"
        "print(len(bundle.finished_page(site, bundle.read_content(site / 'content'))))"
    )
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-S", "-c", script], cwd=ROOT, env=around, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10_000


# --- the command ---


def command(*arguments, **variables):
    """build.py as a person runs it."""
    return subprocess.run(
        [sys.executable, "build.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def test_without_npm_there_is_one_sentence_and_no_folder(tmp_path):
    done = command("--out", str(tmp_path / "dist"), LAB_CACHE=str(tmp_path / "cache"), PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("npm is not on this machine") and done.stderr.count("\n") == 1
    assert not (tmp_path / "dist").exists()


def test_a_port_that_is_taken_is_one_sentence(tmp_path, monkeypatch):
    import build

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BuildError, match=f"Port {port} can't be used.*--port"):
            build.serve(tmp_path, port, tmp_path, lambda: None)


def test_what_is_not_ours_goes_to_pytest():
    import build

    for rest in (["-k", "build"], ["tests/unit", "-x", "--co"], ["--si", "x"], ["--po=1"]):
        options, left = build.parser().parse_known_args(["test", *rest])
        assert (options.command, left) == ("test", rest)


# --- the server ---


@pytest.fixture
def address(tmp_path):
    """A served folder with one file of each kind."""
    for ending in server.TYPES:
        (tmp_path / f"file{ending}").write_text("some bytes")
    serving = server.server(tmp_path)
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
    thread.start()
    yield serving.server_address
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".wasm", "application/wasm"),
        (".mjs", "text/javascript"),
        (".js", "text/javascript"),
        (".whl", "application/octet-stream"),
        (".woff2", "font/woff2"),
        (".json", "application/json"),
        (".toml", "application/toml"),
        (".webmanifest", "application/manifest+json"),
        (".zip", "application/zip"),
    ],
)
def test_what_is_served_has_its_type_and_must_be_asked_about_again(address, ending, kind):
    asking = http.client.HTTPConnection(*address)
    asking.request("GET", f"/file{ending}")
    answer = asking.getresponse()
    assert (answer.status, answer.read()) == (200, b"some bytes")
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "no-cache"
    asking.close()


def test_only_this_machine_is_served(address):
    assert address[0] == "127.0.0.1"


def test_a_garbled_request_is_answered_without_a_traceback(address, capfd):
    with socket.create_connection(address) as line:
        line.sendall(b"nonsense\r\n\r\n")
        assert b"400" in line.makefile("rb").read()
    assert "Traceback" not in capfd.readouterr().err


def test_a_browser_that_hangs_up_is_no_trouble_but_a_mistake_is(tmp_path, capfd):
    with server.server(tmp_path) as serving:
        for mistake, shown in ((BrokenPipeError(), False), (ValueError("ours"), True)):
            try:
                raise mistake
            except Exception:
                serving.handle_error(None, ("127.0.0.1", 1))
            assert ("Traceback" in capfd.readouterr().err) == shown


# --- the test command ---

RECORD = (
    '<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2">'
    '<testcase name="test_a[Firefox]"/><testcase name="test_b"/>'
    '<testcase name="test_a[WebKit]"><skipped message="It does not start."/></testcase></testsuite></testsuites>'
)


def checks(tmp_path, monkeypatch, failing="none", record=RECORD, collected=0, arguments=(), found=""):
    """Run the checks with a stand-in for Python that logs each call, finds such tests, fails for one tool; (status, calls)."""
    stand_in, log = tmp_path / "python", tmp_path / "calls"
    stand_in.write_text(
        f'#!/bin/sh\n[ "$3" = --collect-only ] && printf "{found}" && exit {collected}\n'
        f'echo "$2 $LAB_BROWSER $LAB_DIST $@" >> {log}\n'
        f"for each in \"$@\"; do case $each in --junit-xml=*) echo '{record}' > ${{each#--junit-xml=}};; esac; done\n"
        f'[ "$2" != "{failing}" ]\n'
    )
    stand_in.chmod(0o755)

    def note(what):
        return lambda *_: log.open("a").write(f"{what}\n")

    monkeypatch.setattr(testing, "environment", lambda cache: stand_in)
    monkeypatch.setattr(testing, "page_browser", lambda python: note("browser")() and "a-browser")
    monkeypatch.setattr(testing, "lacking_engines", lambda: {})
    status = testing.run(tmp_path, tmp_path / "dist", note("build"), note("brisk"), list(arguments))
    return status, log.read_text().splitlines()


@pytest.mark.parametrize("failing", ["none", "ruff", "mypy", "tools.scripts", "pytest"])
def test_every_check_runs_whichever_fails(tmp_path, monkeypatch, capfd, failing):
    status, calls = checks(tmp_path, monkeypatch, failing)
    assert status == (0 if failing == "none" else 1)
    made, ran = calls[:3], calls[3:]
    assert made == ["browser", "build", "brisk"]
    assert [call.split()[0] for call in ran] == ["ruff", "ruff", "mypy", "tools.scripts", "pytest", "pytest"]
    assert f"a-browser {tmp_path / 'dist'}" in ran[-2] and "testpaths=tests/e2e" in ran[-1]
    said = capfd.readouterr().out.splitlines()
    assert said[-1] == "10 passed, 4 failed, 4 skipped"
    names = ["lint", "format", "types", "scripts", "tests", "page tests"]
    assert [line.split(":")[0] for line in said[-10:-4]] == names
    assert ("FAILED" in "\n".join(said)) == (failing != "none")
    assert said[-4:-1] == [
        "engine Chromium: ran 1 page tests",
        "engine Firefox: ran 1 page tests",
        "engine WebKit: did not run: It does not start.",
    ]


@pytest.mark.parametrize(
    ("found", "made"),
    [
        ("tests/unit/test_memory.py: 88\\n", ["pytest"]),
        ("tests/e2e/test_locks.py: 10\\n", ["browser", "brisk", "pytest"]),
        ("tests/unit/test_memory.py: 1\\ntests/e2e/test_locks.py: 1\\n", ["browser", "brisk", "pytest", "pytest"]),
    ],
)
def test_chosen_tests_run_alone_and_only_what_they_need_is_made(tmp_path, monkeypatch, capfd, found, made):
    _, calls = checks(tmp_path, monkeypatch, found=found, arguments=["-k", "one"])
    assert [call.split()[0] for call in calls] == made
    assert all(call.endswith("-k one") for call in calls if "pytest" in call)
    said = capfd.readouterr().out
    assert ("engine" in said) == ("browser" in made) and "lint" not in said


def test_a_file_named_to_the_tests_narrows_them_to_itself():
    """pytest itself, as each of the two steps starts it: a place named beside it is not run a second time as the other kind."""
    places = ["tests/unit/test_check.py", "tests/e2e/test_locks.py"]
    assert sorted(testing._chosen(Path(sys.executable), ["-v", *places])) == sorted(places)
    for words, place in ((testing.WITHOUT_PAGE, places[0]), (testing.WITH_PAGE, places[1])):
        assert testing._chosen(Path(sys.executable), [*words, *places]) == [place]


def test_a_name_that_fits_no_test_is_told_before_anything_is_built(tmp_path, monkeypatch):
    with pytest.raises(BuildError, match="no test fits -k ledger"):
        checks(tmp_path, monkeypatch, collected=testing.NONE_CHOSEN, arguments=["-k", "ledger"])


def test_tests_that_were_all_skipped_are_no_success(tmp_path, monkeypatch, capfd):
    skipped = (
        '<testsuite tests="1" skipped="1"><testcase name="t[WebKit]"><skipped message="No."/></testcase></testsuite>'
    )
    status, _ = checks(tmp_path, monkeypatch, record=skipped)
    assert status == 1
    assert "Nothing was tested" in capfd.readouterr().out


def test_pytest_itself_says_when_a_name_fits_no_test_or_no_file(capfd):
    misspelt = ["tests/unit/test_check.py", "-k", "no_such_test_at_all"]  # in one file: to look through all takes long
    for words, said in ((misspelt, "no test fits"), (["tests/unit/nothing.py"], "finds no tests")):
        with pytest.raises(BuildError, match=said):
            testing._chosen(Path(sys.executable), words)
    assert "file or directory not found: tests/unit/nothing.py" in capfd.readouterr().out


def machine(tmp_path, monkeypatch, programs, installs=(), root=True):
    """A machine with these programs on its path, where apt-get brings some more; what is asked of apt-get."""
    asked = []

    def run(command, **_):
        asked.append(command[1:])
        for name in installs if "install" in command else ():
            (tmp_path / name).touch(0o755)
        return subprocess.CompletedProcess(command, 0)

    for name in (*programs, "apt-get"):
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(testing.subprocess, "run", run)
    return asked


def test_debian_brings_the_engines_that_are_missing_and_no_others(tmp_path, monkeypatch):
    asked = machine(tmp_path, monkeypatch, ["firefox"], installs=["WebKitWebDriver", "Xvfb"])
    assert testing.lacking_engines() == {}
    assert asked[-1][-2:] == ["webkit2gtk-driver", "xvfb"] and "firefox-esr" not in asked[-1]
    assert testing.lacking_engines() == {} and len(asked) == 2  # nothing is asked when all are there


@pytest.mark.parametrize("root", [True, False])
def test_an_engine_that_can_not_be_had_is_named_with_what_to_install(tmp_path, monkeypatch, root):
    asked = machine(tmp_path, monkeypatch, ["Xvfb"], root=root)
    lacking = testing.lacking_engines()
    assert "firefox-esr" in lacking["Firefox"]
    assert "webkit2gtk-driver" in lacking["WebKit"] and "xvfb" not in lacking["WebKit"]
    assert bool(asked) == root
    assert "did not run: install Debian's firefox-esr" in "\n".join(testing.engines(tmp_path / "none.xml", lacking))


def test_a_pytest_that_never_got_to_its_record_counts_as_failed(tmp_path):
    assert testing.counted(tmp_path / "none.xml") == "0 passed, 1 failed, 0 skipped"


def test_a_browser_is_the_one_named_or_one_on_the_path_or_fetched_or_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(testing, "_playwrights_own", lambda python: None)
    monkeypatch.setattr(testing, "_debians_chromium", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LAB_BROWSER", raising=False)
    with pytest.raises(BuildError, match="No browser was found"):
        testing.find_browser(tmp_path)
    monkeypatch.setattr(testing, "_debians_chromium", lambda: "/of/debian")
    assert testing.find_browser(tmp_path) == "/of/debian"
    monkeypatch.setattr(testing, "_playwrights_own", lambda python: "/of/playwright")
    assert testing.find_browser(tmp_path) == "/of/playwright"
    for name in ("google-chrome", "chromium"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert testing.find_browser(tmp_path) == str(tmp_path / name)
    monkeypatch.setenv("LAB_BROWSER", str(tmp_path / "google-chrome"))
    assert testing.find_browser(tmp_path) == str(tmp_path / "google-chrome")
    monkeypatch.setenv("LAB_BROWSER", "chromium")
    assert testing.find_browser(tmp_path) == str(tmp_path / "chromium")
    monkeypatch.setenv("LAB_BROWSER", "no-such-browser")
    with pytest.raises(BuildError, match="LAB_BROWSER names no-such-browser"):
        testing.find_browser(tmp_path)


def test_the_page_tests_take_the_shell_of_chromium_where_it_can_be_had(tmp_path, monkeypatch):
    monkeypatch.delenv("LAB_BROWSER", raising=False)
    asked = machine(tmp_path, monkeypatch, ["chromium"], root=False)
    assert testing.page_browser(tmp_path) == str(tmp_path / "chromium") and not asked
    asked = machine(tmp_path, monkeypatch, [], installs=[testing.SHELL])
    assert testing.page_browser(tmp_path) == str(tmp_path / testing.SHELL) and asked
    monkeypatch.setenv("LAB_BROWSER", "chromium")
    assert testing.page_browser(tmp_path) == str(tmp_path / "chromium")
