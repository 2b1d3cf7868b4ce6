"""site/ and the runtimes become dist/: made beside the old one, and swapped in only when it is whole."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tools import documents, figures, findable, languages, passes, prerender, runtimes, translating, versions
from tools.passes import compiling
from tools.passes.shape import APP, GRADING, PLAYING, SIZING, SIZING_LIBRARY
from tools.passes.workshop import Workshop
from tools.trouble import BuildError

ROOT_FILES = ("icon.svg", "manifest.webmanifest", "404.html")
ROOT_FOLDERS = ("icons",)
SCRIPT = "[a-z]*js"  # .js and .mjs, and nothing that an editor or a system leaves beside them
PAGE_SCRIPTS = f"scripts/[0-9]-*/{SCRIPT}"  # in a version's folder, flat: they name one another as neighbours
STARTING_SCRIPTS = f"scripts/2-start-python/{SCRIPT}"
FIXED = "scripts/fixed-address"  # beside the pages
WORKER, ELEMENT = "sw.js", "kv-lab.js"
GRADING_ROOMS = ("handed",)
GRADING_WORDS = "grading"  # the content file that only the grader reads
SIZING_ROOMS = ("sizing", "sizer", "observed")
PLAYING_ROOMS = ("play",)
BUILD_ALONE = ("content/checking.py", "content/shared.py")  # what the content must look like: proven before it travels
# The pages beside the lab, by the names of their files.
BESIDE = {"size": prerender.sizing, "run": prerender.playing, "grade": prerender.grading, "start": prerender.starting}
LINKED_DOCUMENTS = ("physics", "embedding", "instructors", "rubric")
NEEDED = (
    "runtime/pyodide/pyodide.asm.wasm",
    "runtime/pyodide/python_stdlib.zip",
    "app.zip",
)  # before Python can answer
STARTING = (
    "app.zip",
    "size*.zip",
    "play.zip",
    "handed.zip",
    "content.*.json",
    "runtime/pyodide/pyodide*",
    "runtime/pyodide/python_stdlib.zip",
    "runtime/pyscript/core*.js",
)


def build(
    site: Path,
    dist: Path,
    cache: Path,
    root: Path = runtimes.ROOT,
    settings: Path | None = None,
    without: Collection[str] = (),
    address: str = "",
) -> None:
    """Make `dist` from `site`, with a class's own settings in its content if a file of them is named.

    without: the names of passes that are left out (tools/passes); address: where the site will stand, for those who look for it.
    Raises BuildError with a sentence for each mistake; then an earlier `dist` stays as it was.
    """
    try:
        with blamed(settings):
            _make(site, dist, cache, root, settings, without, findable.checked(address))
    except OSError as mistake:
        what = f"{mistake.filename}: {mistake.strerror}" if mistake.filename else str(mistake)
        raise BuildError(f"The build stopped at a file: {what}. Mend that and build again.") from mistake


@contextlib.contextmanager
def blamed(settings: Path | None) -> Iterator[None]:
    """While a class's own settings are used: what the lab can't be taught with is one sentence, whatever breaks by it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as mistake:
        if settings is None:
            raise  # a mistake of the lab's own
        what = f"{type(mistake).__name__}: {mistake}".strip(": ")[:200]
        raise BuildError(
            f"{settings.name}: the lab can't work with one of these values ({what}). Take out what was changed last."
        ) from mistake


def _make(
    site: Path, dist: Path, cache: Path, root: Path, settings: Path | None, without: Collection[str], address: str
) -> None:
    content = read_content(site / "content", settings)
    spoken = translations(site / "content", settings)
    every = {languages.ENGLISH: content, **spoken}
    plain = {f"runtime/{target}": file.read_bytes() for target, file in runtimes.fetch(cache, root).items()}
    modules = runtimes.npm_modules(cache, root)
    page, *others = (finished_page(site, tables, _others(every, language)) for language, tables in every.items())
    plain |= {name: compiling.packed(files) for name, files in applications(site / "py", every).items()}
    plain["runtime/numpy.whl"] = runtimes.numpy_wheel(cache, runtimes.read_table(root)[1]).read_bytes()
    ready, made_by = passes.applied(plain | lock_file(plain), Workshop(modules / "pyodide", cache), without)
    dist.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist.parent, prefix=".dist-") as scratch:
        made, parts = Path(scratch) / "dist", Path(scratch) / "dist/parts"
        parts.mkdir(parents=True)
        copy(scripts(site), parts)
        copy([site / name for name in ROOT_FILES], made)
        element = (site / FIXED / ELEMENT).read_text(encoding="utf-8")
        (made / ELEMENT).write_text(languages.spoken(element, every), encoding="utf-8")
        for name in ROOT_FOLDERS:
            shutil.copytree(site / name, made / name)
        for language, tables in spoken.items():
            (parts / languages.content_file(language)).write_bytes(_json(learners(tables)))
            write_card(made / "manifest.webmanifest", tables["words"], tables["course"]["masthead"]["title"])
        write_parts(ready, parts)
        write_licences(modules, parts / "runtime", root)
        write_manifest(parts, made_by, [*STARTING, *(file.name for file in site.glob(STARTING_SCRIPTS))])
        write_figures(every, made / "figures")
        beside = {"404.html": prerender.astray(site / "404.html", every)}
        beside |= {languages.page(language): html for language, html in zip(spoken, others, strict=True)}
        for language, tables in every.items():
            ways = _others(every, language)
            for name, finished in BESIDE.items():
                beside[languages.page(language, name)] = finished(site / f"{name}.html", tables, ways)
        beside |= documents.pages(root / "docs", LINKED_DOCUMENTS, modules, set(beside))
        page, *texts = findable.pages({"index.html": page, **beside}, every, address, made)
        versions.seal(made, parts, site, page, dict(zip(beside, texts, strict=True)))
        versions.keep(made, (site / FIXED / WORKER).read_text(encoding="utf-8"))
        swap(made, dist)


def scripts(site: Path) -> list[Path]:
    """The scripts that the pages load, in the order of their folders. Raises BuildError for two of one name."""
    found = sorted(site.glob(PAGE_SCRIPTS))
    places = {file.name: file.parent.name for file in found}
    for file in found:
        if (other := places[file.name]) != file.parent.name:
            raise BuildError(f"Two scripts are called {file.name}, in {file.parent.name} and in {other}. Rename one.")
    return found


def copy(files: Iterable[Path], target: Path) -> None:
    """Copy files into a folder."""
    for file in files:
        shutil.copy(file, target)


def read_content(folder: Path, settings: Path | None = None, tables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every content file, parsed, and a class's settings laid over them. Raises BuildError for a file that isn't TOML.

    `tables` are the files already parsed, in another language.
    A settings file has a table for each content file that it changes, `[words.typed]` for that table in words.toml.
    """
    tables = tables or {file.stem: _parsed(file) for file in content_files(folder)}
    changes = _parsed(settings) if settings else {}
    name = settings.name if settings else ""
    strange = sorted(set(changes) - set(tables))
    if strange:
        raise BuildError(f"{settings}: {strange[0]!r} is no content file; expected one of {', '.join(tables)}")
    return overlaid(tables, changes, f"{name}: ")  # type: ignore[no-any-return]


def content_files(folder: Path, language: str = ".") -> list[Path]:
    """The content files beside the code and those that an act has in its folder, in a language."""
    own = folder.parent.glob(f"py/acts/*/content/{language}/*.toml")
    shared = (file for file in (folder / language).glob("*.toml") if file.name != translating.GLOSSARY)
    return [*sorted(shared), *sorted(own)]


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as mistake:
        raise BuildError(f"{file.name}: not valid TOML: save it as UTF-8; {mistake}") from mistake
    except RecursionError as mistake:
        raise BuildError(f"{file.name}: not valid TOML: its lists or tables are nested too deeply") from mistake
    except ValueError as mistake:  # no TOML, or a number of too many digits
        raise BuildError(f"{file.name}: not valid TOML: {mistake}") from mistake


def overlaid(base: Any, changes: Any, path: str = "") -> Any:
    """`base` with `changes` in it: tables are joined key by key, lists of things with an id thing by thing, else replaced.

    Raises BuildError for an id that isn't there, and for a value of another kind than the one that it replaces (`path` says
    which); a key that isn't known is found when the content is checked.
    """
    if not isinstance(changes, dict) or not isinstance(base, dict | list):
        if (
            _kind(changes) != _kind(base) and base is not None and not isinstance(changes, dict)
        ):  # a table: one per context
            raise BuildError(
                f"{path.rstrip('.')}: expected {_kind(base)}, as the lab has there, found {_kind(changes)}"
            )
        return changes
    if isinstance(base, dict):
        return {**base, **{key: overlaid(base.get(key), change, f"{path}{key}.") for key, change in changes.items()}}
    ids = [str(item["id"]) if isinstance(item, dict) and "id" in item else "" for item in base]
    strange = sorted(set(changes) - set(ids))
    if strange:
        raise BuildError(f"The settings change {strange[0]!r}, which isn't there; expected one of {ids}")
    return [overlaid(item, changes.get(id, {}), f"{path}{id}.") for id, item in zip(ids, base, strict=True)]


def _kind(value: object) -> str:
    kinds = (
        (bool, "true or false"),
        (int | float, "a number"),
        (str, "a text in quotes"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "a date or a time")


def translations(folder: Path, settings: Path | None = None) -> dict[str, dict[str, Any]]:
    """The content in every other language that has a folder, by language; a class's own settings come last.

    What a translation lacks stays English. That, and what doesn't fit, is printed: whoever edits the English text of a fork
    need not know the other languages. Raises BuildError where a translator lost a word of the glossary.
    """
    english, found, lost = read_content(folder), {}, []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        made = translation(folder, place.name, english)
        for note in made.notes():
            print(note)
        lost += [f"{place.name}: {sentence}" for sentence in made.breaches]
        found[place.name] = read_content(folder, settings, languages.overlaid(english, made.own))
    if lost:
        raise BuildError("\n".join(lost))
    return found


def translation(folder: Path, language: str, english: dict[str, Any] | None = None) -> translating.Translation:
    """A language's own texts, its glossary, and which English texts its translator has seen."""
    place = folder / language
    own = {file.stem: _parsed(file) for file in content_files(folder, language)}
    glossary, seen = place / translating.GLOSSARY, place / translating.SEEN
    terms = translating.terms(_parsed(glossary), language) if glossary.exists() else ()
    known = translating.known(seen.read_text(encoding="utf-8"), language) if seen.exists() else None
    return translating.Translation(language, english or read_content(folder), own, terms, known)


def _others(every: dict[str, dict[str, Any]], own: str) -> dict[str, str]:
    """The other languages, each with what it calls itself."""
    return {language: tables["words"]["language_name"] for language, tables in every.items() if language != own}


def finished_page(site: Path, content: dict[str, Any], others: dict[str, str] | None = None) -> str:
    """The prerendered page, with ways to the `others`. Raises BuildError with the sentences of every mistake in the content."""
    try:
        return prerender.render(site, content, others)
    except ValueError as mistake:
        raise BuildError(str(mistake)) from mistake


def applications(folder: Path, every: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, bytes]]:
    """The archives of the application by the names of their files: the lab's with the English content, and the further rooms of
    the page for engineers, of the game and of the grader, which no learner has to wait for; the grader's with its own words in
    every language."""
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*.py"))}
    sizing, playing, grading = (
        {name: data for name, data in files.items() if name.partition("/")[0] in rooms}
        for rooms in (SIZING_ROOMS, PLAYING_ROOMS, GRADING_ROOMS)
    )
    apart = {*sizing, *playing, *grading, *BUILD_ALONE}
    lab = {name: data for name, data in files.items() if name not in apart}
    words = {f"grading.{language}.json": _json(tables[GRADING_WORDS]) for language, tables in every.items()}
    return {
        APP: {**lab, languages.content_file(languages.ENGLISH): _json(learners(every[languages.ENGLISH]))},
        SIZING: sizing,
        PLAYING: playing,
        GRADING: grading | words,
        SIZING_LIBRARY: {},
    }


def learners(tables: dict[str, Any]) -> dict[str, Any]:
    """The content without what no learner meets."""
    return {name: table for name, table in tables.items() if name != GRADING_WORDS}


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def lock_file(plain: Mapping[str, bytes]) -> dict[str, bytes]:
    """Pyodide's lock file without packages: the site carries none of them."""
    name = "runtime/pyodide/pyodide-lock.json"
    return {name: json.dumps(json.loads(plain[name]) | {"packages": {}}).encode()}


def write_parts(ready: Mapping[str, bytes], folder: Path) -> None:
    """What the passes made, at its places."""
    for name, data in ready.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def write_licences(modules: Path, folder: Path, root: Path) -> None:
    """Which licence each runtime has, then the texts that the packages bring along."""
    listed, _ = runtimes.read_table(root)
    lines = [f"{runtime.package}: {runtime.licence}" for runtime in listed]
    for title, text in runtimes.licences(modules, listed).items():
        lines += ["", "=" * 80, title, "=" * 80, text.strip()]
    (folder / "LICENSES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_card(english: Path, words: dict[str, Any], title: str) -> None:
    """What a device that installs the page in another language is told, beside the card of the English one."""
    language = words["language"]
    address = f"./{languages.page(language)}"
    own = {"id": address, "start_url": address, "lang": language, "name": title, "description": words["description"]}
    card = json.loads(english.read_text(encoding="utf-8")) | own
    (english.parent / f"manifest.{language}.webmanifest").write_bytes(_json(card))


def write_figures(every: Mapping[str, dict[str, Any]], folder: Path) -> None:
    """The figures for pages that show the lab, and for paper; other languages' in folders of theirs. The content has been
    checked by now."""
    import acts
    from content import wording

    for language, tables in every.items():
        place = folder if language == languages.ENGLISH else folder / language
        place.mkdir()
        wording.use(tables["words"]["numbers"])
        for name, data in figures.files(acts.course(tables)).items():
            (place / name).write_bytes(data)
    wording.use(every[languages.ENGLISH]["words"]["numbers"])


def write_manifest(parts: Path, made_by: Mapping[str, list[str]], starting: Iterable[str]) -> None:
    """What a start loads: `files` that the progress line counts, in bytes; of each file under `start`, as the patterns `starting`
    find them, its bytes and its hash, by which a page sees that it is the file; `passes`, what the build has done, with the
    files that each pass changed."""
    sizes = {name: (parts / name).stat().st_size for name in NEEDED}
    found = sorted(file for pattern in starting for file in parts.glob(pattern))
    start = {file.relative_to(parts).as_posix(): (file.stat().st_size, versions.integrity(file)) for file in found}
    table = {"files": sizes, "start": start, "passes": made_by}
    (parts / "boot-manifest.json").write_text(json.dumps(table, indent=1), encoding="utf-8")


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
