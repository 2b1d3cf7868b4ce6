"""site/ and the runtimes become dist/: made beside the old one, and swapped in only when it is whole."""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from tools import documents, prerender, runtimes
from tools.trouble import BuildError

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
PLAIN_FILES = ("boot.js", "runtime.mjs", "replay.mjs", "start.py", "pyscript.json", "icon.svg")
LINKED_DOCUMENTS = ("physics",)
WASM = "runtime/pyodide/pyodide.asm.wasm"


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
    dist.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist.parent, prefix=".dist-") as scratch:
        made = Path(scratch) / "dist"
        made.mkdir()
        (made / "index.html").write_text(page, encoding="utf-8")
        shutil.copytree(site / "css", made / "css")
        for name in PLAIN_FILES:
            shutil.copy(site / name, made / name)
        write_app(site / "py", content, made / "app.zip")
        write_runtimes(files, made / "runtime")
        write_licences(modules, made / "runtime", root)
        write_documents(root / "docs", modules, made)
        write_manifest(made)
        swap(made, dist)


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


def write_app(folder: Path, content: dict[str, Any], place: Path) -> None:
    """The application as one archive: the Python files and the content, the same bytes from the same input."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.py")):
            _add(archive, file.relative_to(folder).as_posix(), file.read_bytes())
        _add(archive, "content.json", json.dumps(content, ensure_ascii=False).encode())  # in the order of the files


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIXED_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def write_runtimes(files: dict[str, Path], folder: Path) -> None:
    """The runtime files at their places, and a lock file that knows numpy alone."""
    for target, source in files.items():
        place = folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    lock = folder / "pyodide/pyodide-lock.json"
    table = json.loads(lock.read_text(encoding="utf-8"))
    table["packages"] = {"numpy": table["packages"]["numpy"]}
    lock.write_text(json.dumps(table), encoding="utf-8")


def write_licences(modules: Path, folder: Path, root: Path) -> None:
    """Which licence each runtime file has, then the texts that the packages bring along."""
    pins, wheel = runtimes.read_pins(root)
    lines = [f"{p.target}: {p.package}, {p.licence}" for p in pins]
    lines.append(f"pyodide/{wheel['file']}: numpy, {wheel['licence']}")
    for title, text in runtimes.licences(modules, folder / "pyodide" / wheel["file"], pins).items():
        lines += ["", "=" * 80, title, "=" * 80, text.strip()]
    (folder / "LICENSES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_documents(folder: Path, modules: Path, made: Path) -> None:
    """The documents that the page links to, as pages beside it."""
    for name in LINKED_DOCUMENTS:
        if (folder / f"{name}.md").exists():
            (made / f"{name}.html").write_text(documents.page(folder / f"{name}.md", modules), encoding="utf-8")


def write_manifest(made: Path) -> None:
    """The files that Python needs to boot, with their sizes in bytes: what the progress line counts."""
    wheel = next((made / "runtime/pyodide").glob("*.whl"))
    needed = [WASM, "runtime/pyodide/python_stdlib.zip", wheel.relative_to(made).as_posix(), "app.zip"]
    sizes = {name: (made / name).stat().st_size for name in needed}
    (made / "boot-manifest.json").write_text(json.dumps({"files": sizes}, indent=1), encoding="utf-8")


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
