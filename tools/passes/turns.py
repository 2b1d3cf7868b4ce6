"""Pyodide's scripts, with places where their start lets the page have its turn.

Pyodide links its machine code and sets itself up in JavaScript that does it in one go, on the page's thread: for a tenth of
a second and more the page would neither scroll nor take a press. At these places it asks `Module.turn` to wait, which
pieces.mjs provides in a page. Another version may start otherwise: then Pyodide's scripts stay as they are.
"""

from __future__ import annotations

from tools.passes.shape import PLUMBING, SCRIPT, NotHere, Parts, Pass, text
from tools.passes.workshop import Workshop

TURN = "await Module.turn?.()"
# A few hundred of the symbols at a time, of some thousands.
SOME = "Object.fromEntries(symbols.splice(0,400).map((name)=>[name,origExports[name]]))"
PLACES = {
    PLUMBING: {
        # In brackets, V8 reads what is inside at once, on the thread that reads the file, and not once more when it is called.
        "async function _createPyodideModule(": "var _createPyodideModule=(async function(",
        ";return moduleRtn}export default": ";return moduleRtn});export default",
        "wasmExports=await (createWasm());": f"{TURN};wasmExports=await (createWasm());",
        "{function receiveInstance(": "{async function receiveInstance(",
        'mergeLibSymbols(wasmExports,"main");': f'mergeLibSymbols(wasmExports,"main");{TURN};',
        "assignWasmExports(wasmExports);updateGOT(origExports);LDSO.init();loadDylibs();updateMemoryViews();": (
            f"{TURN};assignWasmExports(wasmExports);{TURN};"
            f"for(var symbols=Object.keys(origExports);symbols.length;{TURN})updateGOT({SOME});"
            f"LDSO.init();loadDylibs();updateMemoryViews();{TURN};"
        ),
        "API.finalizeBootstrap=function(": "API.finalizeBootstrap=async function(",
        "API.runPythonInternal_dict=API._pyodide.": f"{TURN};API.runPythonInternal_dict=API._pyodide.",
        'API.pyodide_py=o("pyodide"),': f'{TURN},API.pyodide_py=o("pyodide"),{TURN},',
    },
    SCRIPT: {"let a=Ae(r,s,t);": "let a=await Ae(r,s,t);"},
}


def patient(name: str, script: str) -> str:
    """A script with its places changed. Raises NotHere where one doesn't stand exactly once."""
    for plain, waiting in PLACES[name].items():
        if script.count(plain) != 1:
            raise NotHere(f"{plain!r} stands {script.count(plain)} times instead of once in {name}")
        script = script.replace(plain, waiting)
    return script


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """Both scripts with their places changed, or neither."""
    return {name: patient(name, text(parts, name)).encode() for name in PLACES}


PASS = Pass(
    name="turns",
    does="Pyodide's own scripts let the page have its turn while they link and set Python up.",
    gain="blocking time on Lighthouse's phone 320–470 → 80–130 ms",
    without="The page stands still for a tenth of a second and more while Pyodide links.",
    apply=apply,
)
