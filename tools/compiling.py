"""Python source to what Python loads fastest: archives of compiled files, trimmed to what is reached. Runs inside Pyodide.

Most of a boot is compiling. Compiled by the very Python that will load them, without source, docstrings or time stamps,
modules come as fewer bytes and start at once, and the same source gives the same archive.
"""

import ast
import dataclasses
import hashlib
import importlib._bootstrap_external as loader
import importlib.util
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
PYSCRIPT = "pyscript/__init__.py"
METHODS = "methods.bin"  # site/py/methods.py reads it
NEVER = ("__name__ == '__main__'", "sys.platform == 'win32'", "TYPE_CHECKING")  # tests that don't hold in a browser
# What the library itself imports inside functions, and the page runs: Pyodide unpacking a package, and names in archives
# that don't carry the UTF-8 mark.
LATE = ("pyodide._package_loader", "encodings.cp437")

# What the library asks for in a `try` and does without: encrypted sockets, further kinds of archives. A page has neither.
NEEDLESS = ("ssl", "bz2", "lzma", "compression")


# --- files ------------------------------------------------------------------------------------------------------------


def read(place: Path) -> dict[str, bytes]:
    """The files of an archive by their names in it."""
    with zipfile.ZipFile(place) as source:
        return {name: source.read(name) for name in source.namelist() if not name.endswith("/")}


def write(place: Path, files: Files) -> None:
    """Write files as an archive, in the order of their names, with no clock in its bytes."""
    with zipfile.ZipFile(place, "w") as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, files[name], compresslevel=9)


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
        for module in modules(read(archive)):
            try:
                importlib.import_module(module)
            except (ImportError, OSError):  # it needs a page, or the very file that is being made
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


# --- the archives -----------------------------------------------------------------------------------------------------


def trimmed(files: Files, keep: Mapping[str, str], place: str) -> dict[str, bytes]:
    """The files of the modules to keep, Python compiled, extension modules as they are."""
    made = {}
    for name in keep.values():
        is_python = name.endswith(".py")
        made[f"{name}c" if is_python else name] = compiled(files[name], f"{place}/{name}") if is_python else files[name]
    return made


def libraries(inputs: Path, outputs: Path, needed: Iterable[str], running: Iterable[str]) -> None:
    """The standard library and numpy, trimmed to what Pyodide runs on, the app imports, and those import in turn."""
    wheel, library = read(inputs / "wheel"), read(inputs / "library")
    numpy = reached(wheel, ["numpy"])
    wanted = {found for module, name in numpy.items() for found in imported(module, name, wheel[name], False)}
    kept = reached(library, {*running, *needed, *wanted, *LATE}, NEEDLESS)
    about = {name: data for name, data in wheel.items() if ".dist-info/" in name and "/licenses/" not in name}
    write(outputs / "wheel", {**trimmed(wheel, numpy, "/numpy.whl"), **about})
    write(outputs / "library", trimmed(library, kept, "/lib/python314.zip"))


def on_demand(package: bytes) -> bytes:
    """The source of a package's __init__ that imports what this one does, but each name when somebody asks for it.

    Raises ValueError for one that does more than import names from modules by their whole names.
    """
    asked = []
    waiting = ast.parse(package).body
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.ImportFrom) and not node.level:
            asked.append(node)
        elif isinstance(node, ast.If):
            waiting += [*node.body, *node.orelse]
        else:
            raise ValueError(f"the package does more than import names: {ast.unparse(node)[:60]}")
    places = {alias.asname or alias.name: (node.module, alias.name) for node in asked for alias in node.names}
    return f"""
from importlib import import_module
PLACES = {places!r}
def __getattr__(name):
    if name not in PLACES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    module, there = PLACES[name]
    found = globals()[name] = getattr(import_module(module), there)
    return found
""".encode()


def app(inputs: Path, outputs: Path, carried: Files) -> None:
    """The application and PyScript's own Python: every module compiled, what dataclasses adds too, other files as they are."""
    files = {**read(inputs / "app"), **carried}
    others = {name: data for name, data in files.items() if not name.endswith(".py")}
    ready = trimmed(files, modules(files), "/app.zip")
    write(outputs / "app", {**ready, **others, METHODS: methods(inputs / "app")})


def main(needed_by_app: Iterable[str], running: Iterable[str], pyscript: Mapping[str, str]) -> None:
    """Make in /out the archives whose inputs lie in /in: `library` and `wheel`, or `app`, or all three.

    needed_by_app: the modules that the app imports; running: those that this Python itself has started with; pyscript:
    the files of PyScript's package, which is imported before the app.
    """
    inputs, outputs = Path("/in"), Path("/out")
    carried = {f"pyscript/{name}": source.encode() for name, source in pyscript.items()}
    ours = {**carried, PYSCRIPT: on_demand(carried[PYSCRIPT])}  # PyScript imports its package, the lab nothing of it
    if (inputs / "library").exists():
        libraries(inputs, outputs, {*needed_by_app, *needed(carried)}, running)
    if (inputs / "app").exists():
        app(inputs, outputs, ours)
