"""PyScript's own Python comes compiled with the application instead of as a text inside PyScript's core."""

from __future__ import annotations

import ast
import json
import tempfile
from pathlib import Path

from tools.passes.compiling import packed, unpacked
from tools.passes.shape import APP, NotHere, Parts, Pass
from tools.passes.workshop import HERE, Workshop

PACKAGE = "pyscript/__init__.py"


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


def parted(core: bytes, workshop: Workshop) -> tuple[dict[str, str], bytes]:
    """The Python files that PyScript's core carries, by name, and the core without them. Raises NotHere."""

    def find() -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch) / "core.js"
            place.write_bytes(core)
            return {"found": workshop.node("pyscript.mjs", str(place)).encode()}

    found = workshop.kept("pyscript", {"core": core}, [(HERE / "pyscript.mjs").read_bytes()], find)["found"]
    if not found.strip():
        raise NotHere("PyScript's core doesn't carry its Python in the way it did")
    table = json.loads(found)
    return table["pyscript"], table["lean"].encode()


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """PyScript's Python out of its core and into the application."""
    cores = [name for name in parts if name.startswith("runtime/pyscript/core-")]
    if len(cores) != 1:
        raise NotHere(f"PyScript has {len(cores)} cores instead of one")
    files, lean = parted(parts[cores[0]], workshop)
    carried = {f"pyscript/{name}": source.encode() for name, source in files.items()}
    try:
        carried[PACKAGE] = on_demand(carried[PACKAGE])
    except (KeyError, ValueError) as reason:
        raise NotHere(f"PyScript's package is built otherwise: {reason}") from reason
    return {cores[0]: lean, APP: packed({**unpacked(parts[APP]), **carried})}


PASS = Pass(
    name="pyscript",
    does="PyScript's Python comes with the application, and each of its names is imported when somebody asks for it.",
    gain="Python ready 1.25 → 1.19 s",
    without="PyScript writes its Python into Python's files and compiles and imports all of it.",
    apply=apply,
)
