"""An act that ships with no course, and the project with it put in: its folder and its row."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "tests/acts/batching"
NEEDED = (
    "site",
    "tools",
    "bench",
    "docs",
    "build.py",
    "runtime.toml",
    "pyproject.toml",
    "package.json",
    "package-lock.json",
    ".npmrc",
)


def with_act(folder: Path) -> Path:
    """The project in a place of its own, under git, as somebody who adds an act has it."""
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "before"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    shutil.copytree(FIXTURE, folder / "site/py/acts/batching", ignore=shutil.ignore_patterns("__pycache__"))
    table = folder / "site/py/acts/__init__.py"
    text = table.read_text(encoding="utf-8")
    assert '("wall", "promises", "bugs")' in text
    table.write_text(
        text.replace('("wall", "promises", "bugs")', '("wall", "promises", "batching", "bugs")'), encoding="utf-8"
    )
    return folder
