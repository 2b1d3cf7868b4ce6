"""Python source to what Python loads fastest: archives of compiled files without source. Runs inside Pyodide.

Most of a boot is compiling. Compiled by the very Python that will load them, with no time stamp and no docstrings, the
modules come as fewer bytes and start at once, and the same source gives the same archive. A library is trimmed on the way
to the modules that `reached` names.
"""

import _imp
import ast
import importlib._bootstrap_external as loader
import importlib.util
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

FIXED_TIME = (1980, 1, 1, 0, 0, 0)
WITHOUT_DOCSTRINGS = 2


def compiled(source: bytes, filename: str) -> bytes:
    """The content of a .pyc that is never compared with a source file."""
    code = compile(source, filename, "exec", dont_inherit=True, optimize=WITHOUT_DOCSTRINGS)
    checked = _imp.source_hash(int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"), source)
    return bytes(loader._code_to_hash_pyc(code, checked, False))


def archive(place: str, files: Mapping[str, bytes]) -> None:
    """Write files into an archive, in the order of their names, without a clock in its bytes."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, files[name])


def read(place: str) -> dict[str, bytes]:
    """The files of an archive or a folder by their names in it."""
    if Path(place).is_dir():
        found = sorted(path for path in Path(place).rglob("*") if path.is_file())
        return {path.relative_to(place).as_posix(): path.read_bytes() for path in found}
    with zipfile.ZipFile(place) as source:
        return {name: source.read(name) for name in source.namelist() if not name.endswith("/")}


# --- which modules are reached ----------------------------------------------------------------------------------------


def module_of(name: str) -> str:
    """The module that a file holds: `json/__init__.py` is json."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def modules(files: Mapping[str, bytes]) -> dict[str, str]:
    """Module -> file, for every Python file."""
    return {module_of(name): name for name in files if name.endswith(".py")}


def imports(source: bytes, package: str, deep: bool) -> Iterator[str]:
    """The modules that a source imports, `package` being what a leading dot stands for.

    deep: also inside functions, where a module is imported only if the function is called.
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
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            continue
        yield from _statements(ast.iter_child_nodes(node), deep)


def reached(files: Mapping[str, bytes], roots: Iterable[str]) -> set[str]:
    """The modules of a library that are imported when the roots are, with the packages that they lie in.

    Inside the library an import within a function doesn't count: those that are used all the same are roots too.
    """
    known = modules(files)
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        file = known[name]
        package = name if file.endswith("/__init__.py") else name.rpartition(".")[0]
        waiting += imports(files[file], package, deep=False)
    return found


# --- the three archives -----------------------------------------------------------------------------------------------


def library(source: str, target: str, prefix: str, keep: set[str] | None, extra: Iterable[str] = ()) -> None:
    """A library as an archive of compiled files: the modules to keep (all, if None), and of the other files `extra`."""
    files = read(source)
    made = {name: data for name, data in files.items() if name in extra}
    for module, name in modules(files).items():
        if keep is None or module in keep:
            made[f"{name}c"] = compiled(files[name], f"{prefix}{name}")
    archive(target, made)


def needed_by(folder: str) -> set[str]:
    """Every module that the Python files of a folder import anywhere."""
    files = read(folder)
    found: set[str] = set()
    for module, name in modules(files).items():
        package = module if name.endswith("/__init__.py") else module.rpartition(".")[0]
        found |= set(imports(files[name], package, deep=True))
    return found


def main(order: Mapping[str, object]) -> dict[str, object]:
    raise NotImplementedError
