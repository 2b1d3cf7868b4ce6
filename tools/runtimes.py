"""The pinned runtimes: fetched once into a cache outside git, checked by their hashes.

npm brings PyScript, Pyodide, Plotly and the fonts, each package pinned and checked by package-lock.json. No page of the site uses
numpy yet; for one that does, and for the bench's bare page, `numpy_wheel` fetches the wheel that runtime.toml names.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.trouble import BuildError

ROOT = Path(__file__).resolve().parent.parent
CONNECT_TIMEOUT_S = 8
NODE_FROM = 18  # the oldest Node.js in which Pyodide starts: 16 refuses its WebAssembly


@dataclass(frozen=True)
class Runtime:
    """A package of runtime.toml: which of its files go where under dist/runtime, and its licence."""

    package: str
    folder: str
    members: tuple[str, ...]  # a * stands for what changes with every version
    licence: str
    names: tuple[str, ...] = ()  # what the files are called there, if otherwise


def cache_folder() -> Path:
    """Where fetched things are kept: LAB_CACHE, else the user's cache folder."""
    chosen = os.environ.get("LAB_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kv-cache-lab"


def read_table(root: Path = ROOT) -> tuple[list[Runtime], dict[str, Any]]:
    """The runtimes, and where numpy comes from. Raises BuildError when runtime.toml can't be read."""
    try:
        table = tomllib.loads((root / "runtime.toml").read_text(encoding="utf-8"))
        listed: list[dict[str, Any]] = [
            {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
            for entry in table["runtime"]
        ]
        return [Runtime(**entry) for entry in listed], table["numpy"]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as mistake:
        raise BuildError(f"runtime.toml can't be used: {mistake}. Restore it from git.") from mistake


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(cache: Path, root: Path = ROOT) -> dict[str, Path]:
    """Every runtime file by its place under dist/runtime, fetched if the cache lacks it. Raises BuildError.

    npm has checked each package by the integrity field of package-lock.json. With a warm cache no program is started and
    no network touched.
    """
    modules, found = npm_modules(cache, root), {}
    for runtime in read_table(root)[0]:
        for member, name in zip(runtime.members, runtime.names or (None,) * len(runtime.members), strict=True):
            file = _only(modules / runtime.package, member, runtime.package)
            found["/".join(part for part in (runtime.folder, name or file.name) if part)] = file
    return found


def _only(folder: Path, member: str, package: str) -> Path:
    """The one file of a package that is named so. Raises BuildError where there is none, or more."""
    files = sorted(folder.glob(member))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "nothing"
        raise BuildError(
            f"{package}/{member} should be one file of the package, and there is {found}."
            f" Delete {folder} and build again, or name in runtime.toml what took its place."
        )
    return files[0]


def npm_modules(cache: Path, root: Path = ROOT) -> Path:
    """The installed npm packages for this package-lock.json. Raises BuildError when npm is missing or fails."""
    lock = root / "package-lock.json"
    folder = cache / f"npm-{sha256(lock)[:16]}"
    modules = folder / "node_modules"
    if (folder / "complete").exists():
        return modules
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(
            "npm is not on this machine, and the runtimes come from it."
            f" Install Node.js {NODE_FROM} or newer (with npm) and build again."
        )
    node()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(root / name, folder)
    done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        reason = _npms_reason(done.stderr or done.stdout)
        raise BuildError(f"npm could not fetch the runtimes: {reason}. Check the network and build again.")
    (folder / "complete").touch()
    return modules


def node() -> str:
    """The path of Node.js. Raises BuildError when it is missing or older than NODE_FROM; a version that can't be read passes."""
    program = shutil.which("node")
    if program is None:
        raise BuildError(
            f"Node.js is not on this machine. Install Node.js {NODE_FROM} or newer (with npm) and build again."
        )
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip().removeprefix("v")
    major = said.partition(".")[0]
    if major.isdecimal() and int(major) < NODE_FROM:
        raise BuildError(f"This build needs Node.js {NODE_FROM} or newer; {program} is {said}. Install a newer one.")
    return program


def _npms_reason(output: str) -> str:
    """The line that says most: npm puts bare facts (code, syscall, errno) before its sentence."""
    lines = [line.removeprefix("npm error ") for line in output.splitlines() if line.startswith("npm error ")]
    facts = ("code ", "syscall ", "errno ", "type ", "path ", "command ")
    said = [line for line in lines if not line.startswith(facts)] or lines or ["no reason given"]
    return said[0].rstrip(". ")


def numpy_wheel(cache: Path, wheel: dict[str, str]) -> Path:
    """The numpy wheel of runtime.toml, from the first source that has its very bytes. Raises BuildError when none has.

    It is on no registry by itself: Pyodide's CDN has it, and the same bytes lie inside a package of the Python registry.
    """
    kept = cache / wheel["file"]
    if kept.exists() and sha256(kept) == wheel["sha256"]:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    reasons = []
    sources: list[Callable[[Path], None]] = [
        lambda place: _from_url(wheel["url"], place),
        lambda place: _from_package(wheel["package"], wheel["member"], place),
    ]
    for source in sources:
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            place = Path(scratch) / "wheel"
            try:
                source(place)
                if (found := sha256(place)) != wheel["sha256"]:
                    raise BuildError(f"not the pinned file: expected SHA-256 {wheel['sha256']}, found {found}")
            except (OSError, http.client.HTTPException, BuildError, zipfile.BadZipFile, KeyError) as reason:
                reasons.append(str(reason).rstrip(". "))
                continue
            place.replace(kept)
            return kept
    raise BuildError(f"{wheel['file']} could not be fetched: {'; '.join(reasons)}. Check the network and build again.")


def _from_url(url: str, place: Path) -> None:
    with urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as answer, place.open("wb") as file:
        shutil.copyfileobj(answer, file)


def _from_package(requirement: str, member: str, place: Path) -> None:
    """One member of a wheel of the Python registry; the wheel itself is dropped again."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        asked = ["download", "--no-deps", "--no-cache-dir", "--quiet", "--dest", folder, requirement]
        done = subprocess.run([*_pip(place.parent), *asked], capture_output=True, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise BuildError(f"pip could not fetch {requirement}: {lines[-1]}")
        with zipfile.ZipFile(wheels[0]) as archive, archive.open(member) as source, place.open("wb") as target:
            shutil.copyfileobj(source, target)


def _pip(scratch: Path) -> list[str]:
    """The command that starts pip: this Python's own, or one in a throwaway environment where it has none."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    try:
        venv.create(scratch / "pip", with_pip=True)
    except (OSError, subprocess.CalledProcessError) as mistake:
        raise BuildError(f"this Python has no pip and can't make one ({mistake}); install python3-pip") from mistake
    return [str(venv_python(scratch / "pip")), "-m", "pip"]


def venv_python(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def licences(modules: Path, listed: list[Runtime]) -> dict[str, str]:
    """The licence texts that the packages bring along, by package and version; a package without one is left out."""
    texts = {}
    for package in dict.fromkeys(runtime.package for runtime in listed):
        file = modules / package / "LICENSE"
        if file.is_file():
            texts[f"{package} {version(modules, package)}"] = file.read_text(encoding="utf-8")
    return texts


def version(modules: Path, package: str) -> str:
    """The version of an installed npm package."""
    return str(json.loads((modules / package / "package.json").read_text(encoding="utf-8"))["version"])
