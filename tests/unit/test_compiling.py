"""Compiled archives: what is reached is kept, what is kept loads, and the same source gives the same bytes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.passes import compiling, pyscript, workshop
from tools.trouble import BuildError

LIBRARY = {
    "alone.py": b"X = 1",
    "top.py": b"import pack.inner\nfrom pack import other as o\ndef late():\n    import alone\n",
    "pack/__init__.py": b"from . import base",
    "pack/base.py": b"",
    "pack/inner.py": b"from .base import something\nfrom .. import nothing",
    "pack/other.py": b"import sys\nif sys.platform == 'win32':\n    import never\nelse:\n    import always\n",
    "pack/left.py": b"",
    "pack/_fast.cpython-314.so": b"\0asm",
    "never.py": b"",
    "always.py": b"class A:\n    import in_class\n",
    "in_class.py": b"from pack import _fast",
    "data.txt": b"not Python",
}
REACHED = {"top", "pack", "pack.base", "pack.inner", "pack.other", "always", "in_class", "pack._fast"}


def test_what_runs_on_import_is_reached_and_nothing_else():
    found = compiling.reached(LIBRARY, ["top", "not there"])
    assert set(found) == REACHED
    assert found["pack"] == "pack/__init__.py" and found["pack._fast"] == "pack/_fast.cpython-314.so"


def test_what_is_left_out_takes_along_what_lies_in_it_and_what_only_it_imports():
    assert set(compiling.reached(LIBRARY, ["top"], without=["always"])) == REACHED - {
        "always",
        "in_class",
        "pack._fast",
    }
    assert set(compiling.reached(LIBRARY, ["top"], without=["pack"])) == {"top"}


def test_an_app_needs_what_it_imports_anywhere():
    assert {"alone", "pack.inner", "pack.other"} <= compiling.needed({"top.py": LIBRARY["top.py"]})


def test_extension_modules_and_data_stay_as_they_are_when_python_is_compiled():
    made = compiling.compiled_files(LIBRARY, "/lib")
    assert {name for name in made if name in LIBRARY} == {"pack/_fast.cpython-314.so", "data.txt"}
    assert {name.removesuffix("c") for name in made} == set(LIBRARY)


def test_a_compiled_archive_is_imported_without_source_and_says_where_an_error_lies(tmp_path):
    files = {"pack/__init__.py": b"", "pack/inner.py": b'"""Words."""\ndef fail():\n    return 1 / 0\n'}
    place = tmp_path / "app.zip"
    place.write_bytes(compiling.packed(compiling.compiled_files(files, "/app.zip")))
    assert zipfile.ZipFile(place).namelist() == ["pack/__init__.pyc", "pack/inner.pyc"]
    script = (
        f"import sys; sys.path.insert(0, {str(place)!r}); from pack import inner; print(inner.__doc__); inner.fail()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "None\n"
    assert "/app.zip/pack/inner.py" in done.stderr and "line 3" in done.stderr and "ZeroDivisionError" in done.stderr


PACKAGE = {
    "pack/__init__.py": b"from other import far as near\nfrom pack.inner import VALUE, loud\nif VALUE: from pack.late import end",
    "pack/inner.py": b"print('inner')\nfrom pack import near\nVALUE = near + 1\ndef loud(): return 'LOUD'",
    "pack/late.py": b"print('late')\nend = 'last'\n",
    "other.py": b"far = 1\n",
}


def test_a_package_on_demand_gives_the_same_names_and_imports_each_when_it_is_asked_for(tmp_path):
    lazy = {**PACKAGE, "pack/__init__.py": pyscript.on_demand(PACKAGE["pack/__init__.py"])}
    (tmp_path / "app.zip").write_bytes(compiling.packed(compiling.compiled_files(lazy, "/app.zip")))
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path / "app.zip")!r})
import pack
print(pack.near)
from pack import VALUE, loud
print(VALUE, loud(), pack.end)
try: pack.nothing
except AttributeError as none: print(none)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    expected = "1\ninner\nlate\n2 LOUD last\nmodule 'pack' has no attribute 'nothing'\n"
    assert (done.stdout, done.stderr) == (expected, "")


@pytest.mark.parametrize("more", [b"from .inner import VALUE", b"import other", b"def loud(): pass"])
def test_a_package_that_does_more_than_import_names_is_refused(more):
    with pytest.raises(ValueError, match="does more than import names"):
        pyscript.on_demand(PACKAGE["pack/__init__.py"] + b"\n" + more)


SHAPES = b"""
from dataclasses import dataclass, field
@dataclass(frozen=True, order=True)
class Point:
    'Two numbers.'
    x: int
    y: int = 2
@dataclass
class Line:
    points: list = field(default_factory=list)
"""


def test_the_methods_of_dataclasses_come_compiled_and_are_the_same(tmp_path):
    """The app runs as it would without: nothing is compiled at the start, and a class that isn't known is compiled then."""
    plain, app = tmp_path / "plain", tmp_path / "app.zip"
    ours = (Path(compiling.__file__).parents[2] / "site/py/threads/methods.py").read_bytes()
    files = {
        "shapes_here.py": SHAPES,
        "threads/__init__.py": b"",
        "threads/methods.py": ours,
        "needs_a_page.py": b"import js",
    }
    plain.write_bytes(compiling.packed(files))
    ready = compiling.compiled_files(files, "/app.zip")
    app.write_bytes(compiling.packed({**ready, compiling.METHODS: compiling.methods(plain)}))
    script = f"""
import sys
sys.path.insert(0, {str(app)!r})
from threads import methods
from shapes_here import *
assert methods.unknown == []
assert Point(1) == Point(1, 2) < Point(3) and hash(Point(1)) == hash(Point(1, 2)) and Line().points == []
print(Point(1), Line([4]), Point.__doc__)
exec('@dataclass\\nclass New: a: int = 0')
print(New(), len(methods.unknown) > 0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("Point(x=1, y=2) Line(points=[4]) Point\nNew(a=0) True\n", "")


def test_without_the_compiled_methods_the_app_runs_all_the_same(tmp_path):
    ours = (Path(compiling.__file__).parents[2] / "site/py/threads/methods.py").read_bytes()
    (tmp_path / "app.zip").write_bytes(
        compiling.packed({"shapes_here.py": SHAPES, "threads/__init__.py": b"", "threads/methods.py": ours})
    )
    place = repr(str(tmp_path / "app.zip"))
    script = f"import sys; sys.path.insert(0, {place}); from threads import methods; from shapes_here import *; print(Point(1))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("Point(x=1, y=2)\n", "")


def test_the_same_source_gives_the_same_bytes():
    one, two = (compiling.packed(compiling.compiled_files(LIBRARY, "/lib")) for _ in range(2))
    assert one == two and compiling.unpacked(one).keys() == compiling.compiled_files(LIBRARY, "/lib").keys()


class Node:
    """Stands in for Node: makes what it is asked for, or fails as it would."""

    def __init__(self, failure=""):
        self.deeds, self.failure = [], failure

    def run(self, command, **_):
        if command[-1] == "--version":
            return subprocess.CompletedProcess(command, 0, "v22.1.0", "")
        inputs, outputs, deed, words = command[-4:]
        self.deeds.append((deed, json.loads(words)))
        for file in Path(inputs).iterdir():
            (Path(outputs) / file.name).write_text(f"made {file.read_text()}")
        return subprocess.CompletedProcess(command, int(bool(self.failure)), "", self.failure)


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    """(node, shop): a workshop over a Pyodide of two small files, with a cache of its own."""
    node = Node()
    monkeypatch.setattr(workshop.subprocess, "run", node.run)
    monkeypatch.setattr(workshop.shutil, "which", lambda name: "/usr/bin/node")
    for name in ("python_stdlib.zip", "pyodide.asm.wasm"):
        (tmp_path / name).write_text(name)
    return node, workshop.Workshop(tmp_path, tmp_path / "cache")


def test_what_was_made_once_is_kept_and_only_what_changed_is_made_again(kitchen):
    node, shop = kitchen
    first = shop.inside("compile_archive", {"archive": b"one"}, place="/a")
    assert first == {"archive": b"made one"} == shop.inside("compile_archive", {"archive": b"one"}, place="/a")
    assert node.deeds == [("compile_archive", {"place": "/a"})]
    for deed, files, place in (
        ("other", b"one", "/a"),
        ("compile_archive", b"two", "/a"),
        ("compile_archive", b"one", "/b"),
    ):
        shop.inside(deed, {"archive": files}, place=place)
    assert len(node.deeds) == 4
    (shop.pyodide / "pyodide.asm.wasm").write_text("another Pyodide")
    shop.inside("compile_archive", {"archive": b"one"}, place="/a")
    assert len(node.deeds) == 5


def test_a_mistake_in_the_code_is_one_sentence_and_nothing_is_kept(kitchen):
    node, shop = kitchen
    node.failure = "PythonError: Traceback\n  File main.py, line 1\nSyntaxError: invalid syntax\n    at new_error\n"
    with pytest.raises(BuildError, match=r"for the page: SyntaxError: invalid syntax$"):
        shop.inside("compile_archive", {"archive": b"one"})
    node.failure = ""
    assert shop.inside("compile_archive", {"archive": b"one"}) == {"archive": b"made one"}
    assert len(node.deeds) == 2


def test_without_node_there_is_one_sentence(kitchen, monkeypatch):
    _, shop = kitchen
    monkeypatch.setattr(workshop.shutil, "which", lambda name: None)
    with pytest.raises(BuildError, match=r"Install Node\.js"):
        shop.inside("compile_archive", {"archive": b"one"})
