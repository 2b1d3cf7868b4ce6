"""Python's library without the modules that nobody here reaches."""

from __future__ import annotations

import re

from tools.passes.compiling import needed, packed, unpacked
from tools.passes.shape import APP, GRADING, LIBRARY, NUMPY, PLAYING, SIZING, SIZING_LIBRARY, Parts, Pass
from tools.passes.workshop import Workshop

# Of numpy's wheel what only compilers, type checkers and numpy's own tests read.
NEVER_RUN = re.compile(r"numpy/f2py/.*|.*/tests/.*|.*\.(?:a|h|pyi|pxd|pc|npz|pkl)|.*\.dist-info/RECORD")


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """The library, trimmed to what Pyodide starts with, the application, the game and the grader import anywhere, and those
    import in turn; what the page for engineers and its numpy need further, in an archive of its own; numpy without what is
    never run."""
    wanted = sorted({module for name in (APP, PLAYING, GRADING) for module in needed(unpacked(parts[name]))})
    trimmed = workshop.inside("trim_archive", {"archive": parts[LIBRARY]}, needed=wanted)["archive"]
    inputs = {"archive": parts[LIBRARY], "had": trimmed, "wheel": parts[NUMPY]}
    further = workshop.inside("further_archive", inputs, needed=sorted(needed(unpacked(parts[SIZING]))))["archive"]
    numpy = {name: text for name, text in unpacked(parts[NUMPY]).items() if not NEVER_RUN.fullmatch(name)}
    return {LIBRARY: trimmed, SIZING_LIBRARY: further, NUMPY: packed(numpy)}


PASS = Pass(
    name="trimmed",
    does="Modules of Python's library that nothing here reaches are left out, and what of numpy is never run.",
    gain="with `compiled`, Python ready 0.46–0.50× of the bare page; the library 2.5 → 1.4 MB",
    without="The whole library travels.",
    apply=apply,
)
