"""The build: what is fetched is checked, what fails is a sentence, what is there stays until something whole replaces it."""

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tools import bundle, runtimes, server
from tools.trouble import BuildError

ROOT = Path(__file__).parents[2]
BYTES = b"the very bytes"
HASH = hashlib.sha256(BYTES).hexdigest()
WHEEL = {"file": "w.whl", "sha256": HASH, "url": "https://example.org/w.whl", "package": "p==1", "member": "in/w.whl"}


def test_a_checked_file_is_the_pinned_one_or_a_sentence(tmp_path):
    place = tmp_path / "core.js"
    with pytest.raises(BuildError, match=r"core\.js is missing"):
        runtimes.checked(place, "core.js", HASH)
    place.write_bytes(BYTES)
    assert runtimes.checked(place, "core.js", HASH) == place
    place.write_bytes(b"something else")
    with pytest.raises(BuildError, match=HASH):
        runtimes.checked(place, "core.js", HASH)


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


def test_a_failing_npm_leaves_no_complete_folder(monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, "", "npm error network unreachable\n")
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/npm")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(BuildError, match="network unreachable"):
        runtimes.npm_modules(tmp_path)
    assert not list(tmp_path.glob("npm-*/complete"))


def test_the_archive_is_the_same_from_the_same_input(tmp_path):
    for name in ("one", "two"):
        bundle.write_app(ROOT / "site/py", {"act1": {"b": 1, "a": [1, 2]}}, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with zipfile.ZipFile(tmp_path / "one") as archive:
        assert list(json.loads(archive.read("content.json"))["act1"]) == ["b", "a"]
        assert "physics/memory.py" in archive.namelist()


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
