"""Where passes work: the Pyodide that will run in the page, started under Node, and a cache of what was made once."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import runtimes
from tools.trouble import BuildError

HERE = Path(__file__).parent
KEPT = 48  # things made that stay in the cache: a few branches' worth
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Workshop:
    """The installed package of Pyodide as its makers ship it, and the cache's folder."""

    pyodide: Path
    cache: Path

    def inside(self, deed: str, inputs: Files, **words: object) -> dict[str, bytes]:
        """What a function of compiling.py makes of some files inside Pyodide, by their names.

        Raises BuildError where Node is missing or the function fails.
        """
        tools = [(HERE / name).read_bytes() for name in ("compiling.py", "inside.mjs")]
        python = [(self.pyodide / name).read_bytes() for name in ("pyodide.asm.wasm", "python_stdlib.zip")]
        about = [*tools, *python, json.dumps([deed, words], sort_keys=True).encode()]
        return self.kept(deed, inputs, about, lambda: self._run(deed, inputs, words))

    def kept(
        self, kind: str, inputs: Files, about: list[bytes], make: Callable[[], dict[str, bytes]]
    ) -> dict[str, bytes]:
        """What `make` makes of these inputs and whatever else it is about, from the cache if it was made before."""
        seen = hashlib.sha256()
        for part in (*about, *(part for name in sorted(inputs) for part in (name.encode(), inputs[name]))):
            seen.update(hashlib.sha256(part).digest())
        folder = self.cache / "made" / f"{kind}-{seen.hexdigest()[:16]}"
        if not folder.exists():
            made = make()
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                whole = Path(scratch) / "whole"
                whole.mkdir()
                for name, data in made.items():
                    (whole / name).write_bytes(data)
                if not folder.exists():
                    whole.rename(folder)
            _forget(folder.parent)
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    def node(self, script: str, *arguments: str) -> str:
        """What one of our scripts prints. Raises BuildError where Node is missing or too old, or the script fails."""
        done = subprocess.run([runtimes.node(), str(HERE / script), *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise BuildError(f"Python could not be compiled for the page: {_reason(done.stderr or done.stdout)}")
        return done.stdout

    def _run(self, deed: str, inputs: Files, words: Mapping[str, object]) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as scratch:
            folders = [Path(scratch) / name for name in ("in", "out")]
            for folder in folders:
                folder.mkdir()
            for name, data in inputs.items():
                (folders[0] / name).write_bytes(data)
            self.node("inside.mjs", str(self.pyodide.resolve()), *map(str, folders), deed, json.dumps(words))
            return {file.name: file.read_bytes() for file in folders[1].iterdir()}


def _reason(output: str) -> str:
    """The line that says most: the last one that names an error, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1])


def _forget(folder: Path) -> None:
    """Drop what was made longest ago."""
    made = [place for place in folder.iterdir() if not place.name.startswith("tmp")]
    for old in sorted(made, key=lambda place: place.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
