"""Newer runtimes: the newest of the same major version, or the one asked for; what can't be had leaves all as it was."""

import json
import subprocess
from pathlib import Path

import pytest

from tools import runtimes, updating
from tools.trouble import BuildError

THERE = ["1.0.0", "1.9.0", "1.10.0", "1.11.0-alpha.1", "2.0.0"]


@pytest.mark.parametrize(
    ("old", "there", "found"),
    [
        ("1.0.0", THERE, "1.10.0"),
        ("1.10.0", THERE, "1.10.0"),
        ("2.0.0", THERE, "2.0.0"),
        ("1.11.0-alpha.2", THERE, "1.11.0-alpha.2"),
        ("3.0.0", [], "3.0.0"),
    ],
)
def test_the_newest_stable_version_of_the_same_major_one(old, there, found):
    assert updating.newest("p", old, there) == found


def test_a_wish_names_a_runtime_that_is_pinned_here():
    assert updating.wishes(["@a/b=2.0.0"], {"@a/b": "1.0.0"}) == {"@a/b": "2.0.0"}
    for wish in ("c=2", "@a/b", "@a/b=", "="):
        with pytest.raises(BuildError, match="NAME=VERSION"):
            updating.wishes([wish], {"@a/b": "1.0.0"})


class Npm:
    """Stands in for npm: it knows versions, locks what is wanted, and installs packages of one file, `name`."""

    def __init__(self, folder, file="name"):
        self.folder, self.file = folder, file

    def run(self, command, cwd=None, **_):
        match command[1:]:
            case ["view", _, "versions", "--json"]:
                return subprocess.CompletedProcess(command, 0, json.dumps(THERE), "")
            case ["install", *_]:
                wanted = json.loads((Path(cwd) / "package.json").read_text())["dependencies"]
                if wanted["p"] not in THERE:
                    return subprocess.CompletedProcess(command, 1, "", "npm error No matching version found for p\n")
                (Path(cwd) / "package-lock.json").write_text(json.dumps({"locked": wanted}))
            case ["ci", *_]:
                place = Path(cwd) / "node_modules/p"
                place.mkdir(parents=True)
                (place / self.file).touch()
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """(root, npm): a project with one runtime."""
    npm = Npm(tmp_path)
    monkeypatch.setattr(subprocess, "run", npm.run)
    monkeypatch.setattr(updating.shutil, "which", lambda name: "/usr/bin/npm")
    (tmp_path / ".npmrc").touch()
    (tmp_path / "package.json").write_text(json.dumps({"name": "x", "dependencies": {"p": "1.0.0"}}))
    (tmp_path / "package-lock.json").write_text("{}")
    runtime = '[[runtime]]\npackage = "p"\nfolder = ""\nmembers = ["name"]\nlicence = "MIT"\n[numpy]\n'
    (tmp_path / "runtime.toml").write_text(runtime)
    return tmp_path, npm


def test_what_changed_is_written_and_said(project, capsys):
    root, _ = project
    assert updating.update(root / "cache", [], root) == 0
    assert json.loads((root / "package.json").read_text()) == {"name": "x", "dependencies": {"p": "1.10.0"}}
    assert json.loads((root / "package-lock.json").read_text()) == {"locked": {"p": "1.10.0"}}
    assert capsys.readouterr().out.startswith("p: 1.0.0 → 1.10.0\n")
    assert (runtimes.npm_modules(root / "cache", root) / "p/name").exists()
    updating.update(root / "cache", [], root)
    assert capsys.readouterr().out == "Every runtime is the newest of its major version.\n"
    updating.update(root / "cache", ["p=2.0.0"], root)
    assert json.loads((root / "package.json").read_text())["dependencies"] == {"p": "2.0.0"}


@pytest.mark.parametrize(
    ("wish", "file", "said"), [("p=7", "name", "No matching version"), ("p=2.0.0", "other", "p/name")]
)
def test_what_cannot_be_had_leaves_everything_as_it_was(project, wish, file, said):
    root, npm = project
    npm.file = file
    before = {path.name: path.read_text() for path in root.iterdir() if path.is_file()}
    with pytest.raises(BuildError, match=said):
        updating.update(root / "cache", [wish], root)
    assert {path.name: path.read_text() for path in root.iterdir() if path.is_file()} == before
