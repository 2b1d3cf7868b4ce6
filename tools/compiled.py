"""The archives that the page loads, compiled and trimmed by the Pyodide that will run them; kept by what they are made from."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import compiling, runtimes
from tools.trouble import BuildError

HERE = Path(__file__).parent
OURS = (HERE / "compiling.py", HERE / "compiler.mjs")
KEPT = 8  # sets of archives that stay in the cache: a few branches' worth


@dataclass(frozen=True)
class Archives:
    """Where the compiled archives lie, and PyScript's core without the Python that it carries."""

    library: Path
    wheel: Path
    core: Path
    app: Path


def archives(pyodide: Path, pyscript: Path, wheel: Path, app: Mapping[str, bytes], cache: Path) -> Archives:
    """The archives of an app, from the cache if it has them. Raises BuildError when Node is missing or a file is not Python.

    pyodide: the folder of the installed package; pyscript: the file of its core; wheel: the whole numpy wheel; app: its
    files by name.
    """
    needed, library = sorted(compiling.needed(app)), pyodide / "python_stdlib.zip"
    kept = {
        "libraries": cache / f"libraries-{_digest(_bytes(*OURS, pyscript, library, wheel), ' '.join(needed).encode())}",
        "app": cache / f"app-{_digest(_bytes(*OURS, pyscript, library), *_flat(app))}",
    }
    sources: dict[str, dict[str, Path]] = {"libraries": {"library": library, "wheel": wheel, "core": pyscript}}
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        plain = Path(scratch) / "plain.zip"
        compiling.write(plain, app)
        sources["app"] = {"app": plain}
        missing = [kind for kind, folder in kept.items() if not folder.exists()]
        if missing:
            inputs = {name: path for kind in missing for name, path in sources[kind].items()}
            outputs = {name: Path(scratch) / f"{name}.made" for name in inputs}
            _compile(pyodide, pyscript, inputs, outputs, needed)
            for kind in missing:
                _keep({name: outputs[name] for name in sources[kind]}, kept[kind], Path(scratch))
    _forget(cache)
    libraries = kept["libraries"]
    return Archives(libraries / "library", libraries / "wheel", libraries / "core", kept["app"] / "app")


def _bytes(*files: Path) -> bytes:
    """The hashes of some files, one after the other."""
    return b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)


def _flat(files: Mapping[str, bytes]) -> list[bytes]:
    return [part for name in sorted(files) for part in (name.encode(), hashlib.sha256(files[name]).digest())]


def _digest(*parts: bytes) -> str:
    """A short name for what is made from these parts."""
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def _compile(
    pyodide: Path, pyscript: Path, inputs: Mapping[str, Path], outputs: Mapping[str, Path], needed: list[str]
) -> None:
    order = {
        "inputs": {name: str(path.resolve()) for name, path in inputs.items()},
        "outputs": {name: str(path.resolve()) for name, path in outputs.items()},
        "pyscript": str(pyscript.resolve()),
        "needed": needed,
    }
    command = [runtimes.node(), str(HERE / "compiler.mjs"), str(pyodide.resolve()), json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"Python could not be compiled for the page: {_reason(done.stderr or done.stdout)}")


def _reason(output: str) -> str:
    """The line that says most: the last one that names an error, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1])


def _keep(files: Mapping[str, Path], folder: Path, scratch: Path) -> None:
    """Move freshly made files into the cache, whole or not at all."""
    whole = scratch / folder.name
    whole.mkdir()
    for name, file in files.items():
        file.rename(whole / name)
    whole.rename(folder)


def _forget(cache: Path) -> None:
    """Drop the archives that were made longest ago."""
    for kind in ("libraries", "app"):
        for old in sorted(cache.glob(f"{kind}-*"), key=lambda folder: folder.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
