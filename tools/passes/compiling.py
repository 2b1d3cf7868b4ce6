"""Python source to what Python loads fastest: archives of compiled files, trimmed to what is reached. Runs inside Pyodide.

Compiled by the very Python that will load them, without source, docstrings or time stamps, modules come as fewer bytes and
start at once, and the same source gives the same archive. Of Python's own this module needs what Pyodide brings, no more.
"""

import ast
import contextlib
import dataclasses
import hashlib
import importlib._bootstrap_external as loader
import importlib.util
import io
import marshal
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

Files = Mapping[str, bytes]

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
WITHOUT_DOCSTRINGS = 2
METHODS, HANDS_OVER = "methods.bin", "methods"  # the module that reads it
IN, OUT = Path("/in"), Path("/out")  # inside.mjs
NEVER = ("__name__ == '__main__'", "sys.platform == 'win32'", "TYPE_CHECKING")  # tests that don't hold in a browser
# What the library itself imports inside functions, and the page runs: Pyodide unpacking a package, and names in archives
# that don't carry the UTF-8 mark.
LATE = ("pyodide._package_loader", "encodings.cp437")

# What the library asks for in a `try` and does without: encrypted sockets, further kinds of archives. A page has neither.
NEEDLESS = ("ssl", "bz2", "lzma", "compression")


# --- files ------------------------------------------------------------------------------------------------------------


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of an archive by their names in it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return {name: source.read(name) for name in source.namelist() if not name.endswith("/")}


def packed(files: Files) -> bytes:
    """Files as an archive, in the order of their names, with no clock in its bytes."""
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, files[name], compresslevel=9)
    return place.getvalue()


def compiled(source: bytes, place: str) -> bytes:
    """A .pyc that is never compared with its source; `place` is what a traceback says."""
    code = compile(_named(ast.parse(source)), place, "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
    hashed = importlib.util.source_hash(source)
    return bytes(loader._code_to_hash_pyc(code, hashed, checked=False))  # type: ignore[attr-defined]


def _named(module: ast.Module) -> ast.Module:
    """The module, each dataclass with its name for a docstring: for one that has none, dataclasses writes its signature."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(d) for d in node.decorator_list):
            doc = ast.parse(f"__doc__ = {node.name!r}").body
            node.body[: ast.get_docstring(node) is not None] = [ast.copy_location(doc[0], node)]
    return ast.fix_missing_locations(module)


def methods(archive: Path) -> bytes:
    """The methods that dataclasses writes as text and compiles, compiled: marshalled {SHA-256 of the text: code}.

    archive: an app with its sources. A module that needs a page to be imported leaves its own ones to the page.
    """
    made: dict[bytes, CodeType] = {}

    def noted(text: str, *spaces: Any) -> None:
        code = compile(text, "<string>", "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
        made[hashlib.sha256(text.encode()).digest()] = _without_lines(code)
        exec(code, *spaces)

    before = set(sys.modules)
    sys.path.insert(0, str(archive))
    dataclasses.exec = noted  # type: ignore[attr-defined]
    try:
        for module in modules(unpacked(archive.read_bytes())):
            if module.rpartition(".")[2] == HANDS_OVER:
                continue
            try:
                importlib.import_module(module)
            except ImportError:  # it needs a page
                continue
    finally:
        del dataclasses.exec  # type: ignore[attr-defined]
        sys.path.remove(str(archive))
        for module in set(sys.modules) - before:
            del sys.modules[module]
    return marshal.dumps(made)


def _without_lines(code: CodeType) -> CodeType:
    """The code without the lines that its instructions come from: in a text that nobody wrote they tell nothing."""
    inner = tuple(_without_lines(part) if isinstance(part, CodeType) else part for part in code.co_consts)
    return code.replace(co_linetable=b"", co_consts=inner)


# --- which modules are reached ----------------------------------------------------------------------------------------


def modules(files: Files) -> dict[str, str]:
    """Module -> file: `json` -> json/__init__.py, `numpy.linalg._umath_linalg` -> numpy/linalg/_umath_linalg.cpython-314.so."""
    found = {}
    for name in files:
        if name.endswith((".py", ".so")):
            folder, _, file = name.rpartition("/")
            stem = file.partition(".")[0]
            found[".".join(part for part in (*folder.split("/"), stem) if part not in ("", "__init__"))] = name
    return found


def imports(source: bytes, package: str, deep: bool) -> Iterator[str]:
    """The modules that a source imports, `package` being what a leading dot stands for.

    deep: also inside functions, where a module is imported only when the function is called.
    """
    for node in _statements(ast.parse(source).body, deep):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _statements(body: Iterable[ast.AST], deep: bool) -> Iterator[ast.AST]:
    for node in body:
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not deep:
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) in NEVER:
            yield from _statements(node.orelse, deep)
        else:
            yield from _statements(ast.iter_child_nodes(node), deep)


def imported(module: str, name: str, source: bytes, deep: bool) -> set[str]:
    """The modules that one file of a library imports; none for an extension module."""
    package = module if name.endswith("/__init__.py") else module.rpartition(".")[0]
    return set(imports(source, package, deep)) if name.endswith(".py") else set()


def needed(files: Files) -> set[str]:
    """Every module that some Python files import anywhere."""
    return {found for module, name in modules(files).items() for found in imported(module, name, files[name], True)}


def _lies_in(module: str, packages: Iterable[str]) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def reached(files: Files, roots: Iterable[str], without: Iterable[str] = ()) -> dict[str, str]:
    """The modules of a library, with their files, that are imported when the roots are, and the packages they lie in.

    Those named in `without` are left out, with what lies in them and what only they import.
    Inside the library an import within a function doesn't count: those that run all the same have to be roots.
    """
    known = {module: name for module, name in modules(files).items() if not _lies_in(module, without)}
    found: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in known and module not in found:
            name = found[module] = known[module]
            waiting += [module.rpartition(".")[0], *imported(module, name, files[name], False)]
    return found


# --- archives whose inputs lie in /in, made in /out: what the passes ask for --------------------------------------------


def compiled_files(files: Files, place: str) -> dict[str, bytes]:
    """The files of an archive with each Python file compiled; `place` is where the archive lies in the page's Python."""
    return {
        f"{name}c" if name.endswith(".py") else name: compiled(data, f"{place}/{name}")
        if name.endswith(".py")
        else data
        for name, data in files.items()
    }


def compile_archive(running: Iterable[str], place: str) -> None:
    """`archive` compiled: see compiled_files."""
    (OUT / "archive").write_bytes(packed(compiled_files(unpacked((IN / "archive").read_bytes()), place)))


def trim_archive(running: Iterable[str], needed: Iterable[str]) -> None:
    """`archive`, a library, without what neither Pyodide runs on (`running`), nor the app imports, nor those in turn."""
    library = unpacked((IN / "archive").read_bytes())
    kept = reached(library, {*running, *needed, *LATE, *_imported_unseen(needed)}, NEEDLESS)
    (OUT / "archive").write_bytes(packed({name: library[name] for name in kept.values()}))


def further_archive(running: Iterable[str], needed: Iterable[str]) -> None:
    """What of `archive`, a library, isn't in `had`, and is imported with numpy (`wheel`) or by whoever needs it."""
    library, had = (unpacked((IN / name).read_bytes()) for name in ("archive", "had"))
    with zipfile.ZipFile(IN / "wheel") as wheel:
        wheel.extractall("/numpy")
    sys.path.insert(0, "/numpy")
    kept = reached(library, {*needed, *LATE, *_imported_unseen({*needed, "numpy"})}, NEEDLESS)
    (OUT / "archive").write_bytes(packed({name: library[name] for name in kept.values() if name not in had}))


def _imported_unseen(needed: Iterable[str]) -> set[str]:
    """What comes along when modules are really imported: machine code imports, and no source tells."""
    before = set(sys.modules)
    for module in needed:
        if not _lies_in(module, NEEDLESS):
            with contextlib.suppress(ImportError):  # the app's own, the page's, or one that isn't there
                importlib.import_module(module)
    return set(sys.modules) - before


def find_methods(running: Iterable[str]) -> None:
    """The methods of the dataclasses in the app `archive`: see methods."""
    (OUT / "methods").write_bytes(methods(IN / "archive"))
