"""The bare page: Pyodide, numpy and Plotly as their makers ship them, with as little around them as a chart needs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tools import runtimes

PAGE = Path(__file__).parent / "bare_page"
LOCK = "pyodide/pyodide-lock.json"
OURS_ALONE = ("pyscript/", "fonts/")  # runtime files of the lab that the bare page does without


def make(folder: Path, cache: Path) -> Path:
    """Put the bare page into a folder, with the pinned runtime files untouched. Raises BuildError when they can't be had."""
    shutil.copytree(PAGE, folder, dirs_exist_ok=True)
    wheel = runtimes.numpy_wheel(cache, runtimes.read_table()[1])
    for target, source in {**runtimes.fetch(cache), f"pyodide/{wheel.name}": wheel}.items():
        if not target.startswith(OURS_ALONE):
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / target)
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))  # a Pyodide of the same kind may want a later numpy
    lock["packages"]["numpy"] |= {"file_name": wheel.name, "sha256": runtimes.sha256(wheel)}
    (folder / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    return folder
