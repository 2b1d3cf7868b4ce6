"""site/ and the runtimes become dist/: made beside the old one, and swapped in only when it is whole."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tools import compiled, documents, figures, prerender, runtimes, versions
from tools.trouble import BuildError

ROOT_FILES = ("icon.svg", "manifest.webmanifest", "404.html", "kv-lab.js")
ROOT_FOLDERS = ("icons",)
PAGE_FILES = (
    "boot.js",
    "embed.js",
    "offline.js",
    "pyscript.mjs",
    "python.mjs",
    "reach.js",
    "report.js",
    "replay.mjs",
    "runtime.mjs",
    "simulator.mjs",
    "start.py",
)
LINKED_DOCUMENTS = ("physics", "embedding")
NEEDED = (
    "runtime/pyodide/pyodide.asm.wasm",
    "runtime/pyodide/python_stdlib.zip",
    "app.zip",
)  # before Python can answer


def build(site: Path, dist: Path, cache: Path, root: Path = runtimes.ROOT) -> None:
    """Make `dist` from `site`. Raises BuildError with a sentence for each mistake; then an earlier `dist` stays as it was."""
    try:
        _make(site, dist, cache, root)
    except OSError as mistake:
        what = f"{mistake.filename}: {mistake.strerror}" if mistake.filename else str(mistake)
        raise BuildError(f"The build stopped at a file: {what}. Mend that and build again.") from mistake


def _make(site: Path, dist: Path, cache: Path, root: Path) -> None:
    content = read_content(site / "content")
    page = finished_page(site, content)
    files = runtimes.fetch(cache, root)
    modules = runtimes.npm_modules(cache, root)
    wheel = next(target for target in files if target.endswith(".whl"))
    core = next(file for target, file in files.items() if re.fullmatch(r"pyscript/core-.*\.js", target))
    app = application(site / "py", content)
    made_of = compiled.archives(modules / "pyodide", core, files[wheel], app, cache)
    dist.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist.parent, prefix=".dist-") as scratch:
        made, parts = Path(scratch) / "dist", Path(scratch) / "dist/parts"
        parts.mkdir(parents=True)
        shutil.copytree(site / "css", parts / "css")
        copy(site, PAGE_FILES, parts)
        copy(site, ROOT_FILES, made)
        for name in ROOT_FOLDERS:
            shutil.copytree(site / name, made / name)
        shutil.copyfile(made_of.app, parts / "app.zip")
        compact = {"pyodide/python_stdlib.zip": made_of.library, wheel: made_of.wheel}
        write_runtimes(files | compact, parts / "runtime")
        write_licences(modules, files[wheel], parts / "runtime", root)
        write_manifest(parts)
        write_figures(content, made / "figures")
        lost = {"404.html": (site / "404.html").read_text(encoding="utf-8")}
        versions.seal(made, parts, page, documents.pages(root / "docs", LINKED_DOCUMENTS, modules) | lost)
        versions.keep(made, (site / "sw.js").read_text(encoding="utf-8"))
        swap(made, dist)


def copy(source: Path, names: tuple[str, ...], target: Path) -> None:
    """Copy some files of a folder into another."""
    for name in names:
        shutil.copy(source / name, target / name)


def read_content(folder: Path) -> dict[str, Any]:
    """Every content file, parsed. Raises BuildError for one that isn't TOML."""
    tables = {}
    for file in sorted(folder.glob("*.toml")):
        try:
            tables[file.stem] = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as mistake:
            raise BuildError(f"{file.name}: not valid TOML: {mistake}") from mistake
    return tables


def finished_page(site: Path, content: dict[str, Any]) -> str:
    """The prerendered page. Raises BuildError with the sentences of every mistake in the content."""
    try:
        return prerender.render(site, content)
    except ValueError as mistake:
        raise BuildError(str(mistake)) from mistake


def application(folder: Path, content: dict[str, Any]) -> dict[str, bytes]:
    """The application by the names of its files: the Python files, and the content in the order of its files."""
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*.py"))}
    return {**files, "content.json": json.dumps(content, ensure_ascii=False).encode()}


def write_runtimes(files: dict[str, Path], folder: Path) -> None:
    """The runtime files at their places, and a lock file that knows numpy alone, as it is here."""
    for target, source in files.items():
        place = folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    lock = folder / "pyodide/pyodide-lock.json"
    table = json.loads(lock.read_text(encoding="utf-8"))
    numpy = table["packages"]["numpy"]
    table["packages"] = {"numpy": numpy | {"sha256": runtimes.sha256(folder / "pyodide" / numpy["file_name"])}}
    lock.write_text(json.dumps(table), encoding="utf-8")


def write_licences(modules: Path, wheel: Path, folder: Path, root: Path) -> None:
    """Which licence each runtime file has, then the texts that the packages bring along."""
    pins, table = runtimes.read_pins(root)
    lines = [f"{p.target}: {p.package}, {p.licence}" for p in pins]
    lines.append(f"pyodide/{table['file']}: numpy, {table['licence']}")
    for title, text in runtimes.licences(modules, wheel, pins).items():
        lines += ["", "=" * 80, title, "=" * 80, text.strip()]
    (folder / "LICENSES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_figures(content: dict[str, Any], folder: Path) -> None:
    """The figures for pages that show the lab, and for paper. The content has been checked by now."""
    import course

    folder.mkdir()
    for name, data in figures.files(course.from_tables(content)).items():
        (folder / name).write_bytes(data)


def write_manifest(parts: Path) -> None:
    """The files that Python needs to boot, with their sizes in bytes: what the progress line counts."""
    sizes = {name: (parts / name).stat().st_size for name in NEEDED}
    (parts / "boot-manifest.json").write_text(json.dumps({"files": sizes}, indent=1), encoding="utf-8")


def swap(made: Path, dist: Path) -> None:
    """Put a whole `made` in the place of `dist`; the old one goes only when the new one is there."""
    old = made.parent / "old"
    if dist.exists():
        dist.rename(old)
    try:
        made.rename(dist)
    except BaseException:  # Ctrl+C too must not leave the place empty
        if old.exists():
            old.rename(dist)
        raise
