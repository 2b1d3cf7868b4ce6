"""Python arrives compiled, by the very Python that will run it: most of a start is compiling."""

from __future__ import annotations

from tools.passes.shape import APP, GRADING, LIBRARY, SIZING, SIZING_LIBRARY, Parts, Pass
from tools.passes.workshop import Workshop

# Not the game's archive: as source it has half the bytes, and its five files are compiled while nobody waits for more than those.
PLACES = {  # what tracebacks say
    LIBRARY: "/lib/python_stdlib.zip",
    APP: "/app.zip",
    SIZING: "/size.zip",
    SIZING_LIBRARY: "/size-library.zip",
    GRADING: "/handed.zip",
}


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """Library and application without source, docstrings, asserts and columns (inside.mjs)."""
    return {
        name: workshop.inside("compile_archive", {"archive": parts[name]}, place=place)["archive"]
        for name, place in PLACES.items()
    }


PASS = Pass(
    name="compiled",
    does="Library and application come compiled, without source, docstrings, asserts and the columns of tracebacks.",
    gain="with `trimmed`, Python ready 0.46–0.50× of the bare page; without columns the two 2.1 → 1.6 MB",
    without="Python compiles each module when it is first imported.",
    apply=apply,
)
