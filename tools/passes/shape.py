"""The one shape of a pass: what it does, what it brings, what happens without it, and how it is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.passes.workshop import Workshop

Parts = dict[str, bytes]  # everything that a page loads, by its place in the version's folder

SCRIPT, PLUMBING = "runtime/pyodide/pyodide.mjs", "runtime/pyodide/pyodide.asm.mjs"
MACHINE_CODE = "runtime/pyodide/pyodide.asm.wasm"
LIBRARY, APP = "runtime/pyodide/python_stdlib.zip", "app.zip"
SIZING, SIZING_LIBRARY, NUMPY = "size.zip", "size-library.zip", "runtime/numpy.whl"  # of the page for engineers alone
PLAYING, GRADING = "play.zip", "handed.zip"  # of the game alone, of the grader alone


class NotHere(Exception):
    """A pass doesn't apply to these runtimes. The message says why, as part of a sentence."""


@dataclass(frozen=True)
class Pass:
    """One lever. `apply` gives the parts that it changes or adds, and raises NotHere where the runtimes are built otherwise."""

    name: str
    does: str
    gain: str  # as measured, docs/performance.md
    without: str  # what happens where it doesn't apply
    apply: Callable[[Parts, Workshop], Parts]


def text(parts: Parts, name: str) -> str:
    """A part that is text. Raises NotHere for one that isn't there."""
    if name not in parts:
        raise NotHere(f"there is no {name}")
    return parts[name].decode()
