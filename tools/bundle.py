"""site/ and the runtimes become dist/: made beside the old one, and swapped in only when it is whole."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tools import compiled, documents, figures, languages, patience, prerender, runtimes, trampolines, versions
from tools.trouble import BuildError

ROOT_FILES = ("icon.svg", "manifest.webmanifest", "404.html")
ELEMENT = "kv-lab.js"
ROOT_FOLDERS = ("icons",)
PAGE_FILES = (
    "boot.js",
    "embed.js",
    "first.js",
    "grade.mjs",
    "grader.mjs",
    "mirror.js",
    "offline.js",
    "pyscript.mjs",
    "pieces.mjs",
    "python.mjs",
    "reach.js",
    "replay.mjs",
    "runtime.mjs",
    "simulator.mjs",
    "start.py",
    "trouble.js",
)
STILL_PAGES = ("grade.html",)
LINKED_DOCUMENTS = ("physics", "embedding")
MACHINE_CODE = "pyodide/pyodide.asm.wasm"
NEEDED = (
    f"runtime/{MACHINE_CODE}",
    "runtime/pyodide/python_stdlib.zip",
    "app.zip",
)  # before Python can answer


def build(site: Path, dist: Path, cache: Path, root: Path = runtimes.ROOT, settings: Path | None = None) -> None:
    """Make `dist` from `site`, with a class's own settings in its content if a file of them is named.

    Raises BuildError with a sentence for each mistake; then an earlier `dist` stays as it was.
    """
    try:
        _make(site, dist, cache, root, settings)
    except OSError as mistake:
        what = f"{mistake.filename}: {mistake.strerror}" if mistake.filename else str(mistake)
        raise BuildError(f"The build stopped at a file: {what}. Mend that and build again.") from mistake


def _make(site: Path, dist: Path, cache: Path, root: Path, settings: Path | None) -> None:
    content = read_content(site / "content", settings)
    spoken = translations(site / "content", settings)
    every = {languages.ENGLISH: content, **spoken}
    page, *others = (finished_page(site, tables, _others(every, language)) for language, tables in every.items())
    files = runtimes.fetch(cache, root)
    modules = runtimes.npm_modules(cache, root)
    wheel = next(target for target in files if target.endswith(".whl"))
    core = next(target for target in files if re.fullmatch(r"pyscript/core-.*\.js", target))
    app = application(site / "py", content)
    made_of = compiled.archives(modules / "pyodide", files[core], files[wheel], app, cache)
    dist.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist.parent, prefix=".dist-") as scratch:
        made, parts = Path(scratch) / "dist", Path(scratch) / "dist/parts"
        parts.mkdir(parents=True)
        copy(site, PAGE_FILES, parts)
        copy(site, ROOT_FILES, made)
        element = (site / ELEMENT).read_text(encoding="utf-8")
        (made / ELEMENT).write_text(languages.spoken(element, every), encoding="utf-8")
        for name in ROOT_FOLDERS:
            shutil.copytree(site / name, made / name)
        shutil.copyfile(made_of.app, parts / "app.zip")
        for language, tables in spoken.items():
            (parts / languages.content_file(language)).write_bytes(_json(tables))
            write_card(made / "manifest.webmanifest", tables["words"], tables["course"]["masthead"]["title"])
        compact = {"pyodide/python_stdlib.zip": made_of.library, wheel: made_of.wheel, core: made_of.core}
        write_runtimes(files | compact, parts / "runtime")
        write_licences(modules, files[wheel], parts / "runtime", root)
        write_manifest(parts)
        write_figures(content, made / "figures")
        beside = {name: prerender.still(site / name, content) for name in STILL_PAGES}
        beside["404.html"] = (site / "404.html").read_text(encoding="utf-8")
        beside |= {languages.page(language): html for language, html in zip(spoken, others, strict=True)}
        versions.seal(made, parts, site, page, beside | documents.pages(root / "docs", LINKED_DOCUMENTS, modules))
        versions.keep(made, (site / "sw.js").read_text(encoding="utf-8"))
        swap(made, dist)


def copy(source: Path, names: tuple[str, ...], target: Path) -> None:
    """Copy some files of a folder into another."""
    for name in names:
        shutil.copy(source / name, target / name)


def read_content(folder: Path, settings: Path | None = None, tables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every content file, parsed, and a class's settings laid over them. Raises BuildError for a file that isn't TOML.

    `tables` are the files already parsed, in another language.
    A settings file has a table for each content file that it changes, `[act2.targets]` for the targets in act2.toml.
    """
    tables = tables or {file.stem: _parsed(file) for file in sorted(folder.glob("*.toml"))}
    changes = _parsed(settings) if settings else {}
    strange = sorted(set(changes) - set(tables))
    if strange:
        raise BuildError(f"{settings}: {strange[0]!r} is no content file; expected one of {', '.join(tables)}")
    return overlaid(tables, changes)  # type: ignore[no-any-return]


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as mistake:
        raise BuildError(f"{file.name}: not valid TOML: {mistake}") from mistake


def overlaid(base: Any, changes: Any) -> Any:
    """`base` with `changes` in it: tables are joined key by key, lists of things with an id thing by thing, else replaced.

    Raises BuildError for an id that isn't there; a key that isn't known is found when the content is checked.
    """
    if not isinstance(changes, dict) or not isinstance(base, dict | list):
        return changes
    if isinstance(base, dict):
        return {**base, **{key: overlaid(base.get(key), change) for key, change in changes.items()}}
    ids = [item.get("id") if isinstance(item, dict) else None for item in base]
    strange = sorted(set(changes) - set(ids))
    if strange:
        raise BuildError(f"The settings change {strange[0]!r}, which isn't there; expected one of {ids}")
    return [overlaid(item, changes.get(id, {})) for id, item in zip(ids, base, strict=True)]


def translations(folder: Path, settings: Path | None = None) -> dict[str, dict[str, Any]]:
    """The content in every other language that has a folder, by language; a class's own settings come last.

    What a translation lacks stays English. That, and what doesn't fit, is printed: whoever edits the English text of a fork
    need not know the other languages.
    """
    english, found = read_content(folder), {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        over = {file.stem: _parsed(file) for file in sorted(place.glob("*.toml"))}
        lacking = list(languages.missing(english, over))
        notes = [f"{len(lacking)} texts stay English: {', '.join(lacking)}"] if lacking else []
        for note in notes + list(languages.mistakes(english, over)):
            print(f"{place.name}: {note}")
        found[place.name] = read_content(folder, settings, languages.overlaid(english, over))
    return found


def _others(every: dict[str, dict[str, Any]], own: str) -> dict[str, str]:
    """The other languages, each with what it calls itself."""
    return {language: tables["words"]["language_name"] for language, tables in every.items() if language != own}


def finished_page(site: Path, content: dict[str, Any], others: dict[str, str] | None = None) -> str:
    """The prerendered page, with ways to the `others`. Raises BuildError with the sentences of every mistake in the content."""
    try:
        return prerender.render(site, content, others)
    except ValueError as mistake:
        raise BuildError(str(mistake)) from mistake


def application(folder: Path, content: dict[str, Any]) -> dict[str, bytes]:
    """The application by the names of its files: the Python files, and the English content in the order of its files."""
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*.py"))}
    return {**files, languages.content_file(languages.ENGLISH): _json(content)}


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def write_runtimes(files: dict[str, Path], folder: Path) -> None:
    """The runtime files at their places, Pyodide made ready for a page, a lock file that knows numpy alone, as it is here."""
    for target, source in files.items():
        place = folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if target in patience.PLACES:
            place.write_text(patience.patient(target, source.read_text(encoding="utf-8")), encoding="utf-8")
        elif target == MACHINE_CODE:
            place.write_bytes(trampolines.trampolined(source.read_bytes()))
        else:
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


def write_card(english: Path, words: dict[str, Any], title: str) -> None:
    """What a device that installs the page in another language is told, beside the card of the English one."""
    language = words["language"]
    address = f"./{languages.page(language)}"
    own = {"id": address, "start_url": address, "lang": language, "name": title, "description": words["description"]}
    card = json.loads(english.read_text(encoding="utf-8")) | own
    (english.parent / f"manifest.{language}.webmanifest").write_bytes(_json(card))


def write_figures(content: dict[str, Any], folder: Path) -> None:
    """The figures for pages that show the lab, and for paper. The content has been checked by now."""
    import course
    import wording

    folder.mkdir()
    wording.use(content["words"]["numbers"])
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
