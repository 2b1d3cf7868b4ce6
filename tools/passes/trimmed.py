"""Python's library without the modules that nobody here reaches."""

from __future__ import annotations

from tools.passes.compiling import needed, unpacked
from tools.passes.shape import APP, LIBRARY, Parts, Pass
from tools.passes.workshop import Workshop


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """The library, trimmed to what Pyodide starts with, the application imports anywhere, and those import in turn."""
    wanted = sorted(needed(unpacked(parts[APP])))
    return {LIBRARY: workshop.inside("trim_archive", {"archive": parts[LIBRARY]}, needed=wanted)["archive"]}


PASS = Pass(
    name="trimmed",
    does="Modules of Python's library that nothing here reaches are left out.",
    gain="with `compiled`, Python ready 0.46–0.50× of the bare page; the library 2.5 → 1.4 MB",
    without="The whole library travels.",
    apply=apply,
)
