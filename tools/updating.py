"""`build.py update`: newer runtimes, asked for by name and checked by their hashes; what changed is printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tools.runtimes import ROOT, npm_modules, read_table
from tools.trouble import BuildError

STABLE = re.compile(r"\d+(\.\d+)*")


def update(cache: Path, asked: list[str], root: Path = ROOT) -> int:
    """Take the newest stable version of each runtime within its major one, or those `asked` for as name=version.

    Writes package.json and package-lock.json and fetches the packages; prints what changed and what to run next. Returns 0.
    Raises BuildError for a name that isn't pinned here, a version that isn't there, or a package without a file of runtime.toml.
    """
    place = root / "package.json"
    package = json.loads(place.read_text(encoding="utf-8"))
    pinned: dict[str, str] = package["dependencies"]
    wanted = wishes(asked, pinned)
    newer = {name: wanted.get(name) or newest(name, old, versions(name)) for name, old in pinned.items()}
    changed = {name: version for name, version in newer.items() if version != pinned[name]}
    if not changed:
        print("Every runtime is the newest of its major version.")
        return 0
    files = written(root, {**package, "dependencies": {**pinned, **changed}})
    before = {name: (root / name).read_text(encoding="utf-8") for name in files}
    try:
        for name, text in files.items():
            (root / name).write_text(text, encoding="utf-8")
        check(cache, root)
    except BaseException:
        for name, text in before.items():
            (root / name).write_text(text, encoding="utf-8")
        raise
    for name, version in changed.items():
        print(f"{name}: {pinned[name]} → {version}")
    print(
        "package.json and package-lock.json are written. Now run `python3 build.py test`, and `bench page` for the times."
    )
    return 0


def wishes(asked: list[str], pinned: dict[str, str]) -> dict[str, str]:
    """name=version as a table. Raises BuildError for one that isn't of this form, or not pinned here."""
    pairs = [wish.rpartition("=") for wish in asked]
    for name, _, version in pairs:
        if name not in pinned or not version:
            raise BuildError(
                f"--to wants NAME=VERSION, with a name of {', '.join(pinned)}; this is {name or version!r}."
            )
    return {name: version for name, _, version in pairs}


def newest(name: str, old: str, there: list[str]) -> str:
    """The newest stable version with the same first number, the old one if there is none newer."""
    same = [version for version in there if STABLE.fullmatch(version) and version.split(".")[0] == old.split(".")[0]]
    return max([old, *same], key=lambda version: [int(part) for part in re.findall(r"\d+", version)])


def versions(name: str) -> list[str]:
    """Every version of a package. Raises BuildError when npm can't tell."""
    found: Any = json.loads(_npm(["view", name, "versions", "--json"], None))
    return [found] if isinstance(found, str) else list(found)


def written(root: Path, package: dict[str, Any]) -> dict[str, str]:
    """package.json and the lock file that npm makes of it, as texts by name."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in (".npmrc", "package-lock.json"):
            shutil.copy(root / name, folder)
        (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
        _npm(["install", "--package-lock-only", "--ignore-scripts"], folder)
        return {name: (folder / name).read_text(encoding="utf-8") for name in ("package.json", "package-lock.json")}


def check(cache: Path, root: Path) -> None:
    """Fetch what is pinned now; every file of runtime.toml must be in its package. Raises BuildError."""
    from tools import runtimes

    npm_modules(cache, root)
    read_table(root)
    runtimes.fetch(cache, root)


def _npm(words: list[str], folder: Path | None) -> str:
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("npm is not on this machine, and the runtimes come from it. Install Node.js (with npm).")
    done = subprocess.run([npm, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line.removeprefix("npm error ") for line in done.stderr.splitlines() if line.strip()]
        raise BuildError(
            f"npm could not do that: {(lines or ['no reason given'])[0]}. Check the network and try again."
        )
    return done.stdout
