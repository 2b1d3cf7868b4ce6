"""The package `kvwall`: `pip install .` copies the page's Python under its name, where imports name one another by it.

In the page the folders of site/py stand at the top of Python's path, `from physics.blocks import Pages`; in the wheel it is
`from kvwall.physics.blocks import Pages`. Only the import statements change, so every line keeps its number.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

try:
    from setuptools.command.build_py import build_py
except ImportError:  # there while a wheel is built, which is all it is for
    build_py = object

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "kvwall"
# What moves: the name that it is imported by, and where it lies.
MOVED = {
    "engine": "site/py/engine.py",
    "physics": "site/py/physics",
    "launch": "site/py/launch",
    "sizing": "site/py/sizing",
    "observed": "site/py/observed",
    "tools.validation": "tools/validation",
}
CONTENT = ("models", "hardware", "workloads", "calibration", "size", "server", "refusals")


def within(name: str) -> str | None:
    """A module's name in the package, None for one that doesn't move."""
    for moved in MOVED:
        if name == moved or name.startswith(f"{moved}."):
            return f"{PACKAGE}.{moved.rpartition('.')[2]}{name[len(moved) :]}"
    return None


def rewritten(source: str) -> str:
    """A file's text with its imports as they are in the package. Raises ValueError for an import that it can't rewrite."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and (name := within(node.module or "")):
            at = node.lineno - 1
            lines[at] = lines[at].replace(f"from {node.module} import", f"from {name} import", 1)
        elif isinstance(node, ast.Import) and any(within(alias.name) for alias in node.names):
            if len(node.names) > 1 or "." in node.names[0].name:
                raise ValueError(f"line {node.lineno}: import this alone, or from its folder")
            at = node.lineno - 1
            lines[at] = lines[at].replace("import ", f"from {PACKAGE} import ", 1)
    return "".join(lines)


def parts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file that goes into the package beside its own, and its place there."""
    for moved, place in MOVED.items():
        source = root / place
        if source.suffix:
            yield source, source.name
        for file in sorted(source.rglob("*.py")):
            yield file, f"{moved.rpartition('.')[2]}/{file.relative_to(source).as_posix()}"
    for name in CONTENT:
        yield root / f"site/content/{name}.toml", f"content/{name}.toml"


def write(root: Path, target: Path) -> None:
    """Make the package's folder whole: what moves is copied in, and imports are rewritten there."""
    for file, place in parts(root):
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target / place)
    for file in sorted(target.rglob("*.py")):
        file.write_text(rewritten(file.read_text(encoding="utf-8")), encoding="utf-8")


class Build(build_py):  # type: ignore[misc]
    """setuptools' step that gathers Python files, and then ours."""

    def run(self) -> None:
        """Gather into a folder that holds nothing of an earlier build."""
        if self.editable_mode:
            raise ValueError("Install it without -e: in a checkout, python -m kvwall runs with PYTHONPATH=site/py:.")
        target = Path(self.build_lib) / PACKAGE
        shutil.rmtree(target, ignore_errors=True)
        super().run()
        write(ROOT, target)
