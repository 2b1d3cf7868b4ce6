"""In a page Python starts in pieces between which the page has its turn (pieces.mjs)."""

from __future__ import annotations

from tools.passes.shape import PLUMBING, SCRIPT, NotHere, Parts, Pass, text
from tools.passes.workshop import Workshop

# What pieces.mjs asks of Pyodide: an option of loadPyodide's, and names inside Emscripten's module.
NAMES = {
    SCRIPT: ("createPyodideModule",),
    PLUMBING: (
        "validSuspender",
        "saveState",
        "restoreState",
        "_Py_CheckEmscriptenSignals_Helper",
        "_Py_emscripten_runtime",
        "_Py_EMSCRIPTEN_SIGNAL_HANDLING",
        "__main_argc_argv",
        "PyRun_SimpleString",
    ),
}


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """Nothing of the parts changes; python.mjs hears that it may."""
    for file, names in NAMES.items():
        missing = [name for name in names if name not in text(parts, file)]
        if missing:
            raise NotHere(f"{file} knows no {missing[0]}")
    return {}


PASS = Pass(
    name="pieces",
    does="Python starts in pieces of a few milliseconds, and reads each module of an archive once.",
    gain="what blocks the page at a time 1.1–1.5 → 0.13 s",
    without="Python starts in one go, and the page neither scrolls nor takes a press meanwhile.",
    apply=apply,
)
