"""The bare page: Pyodide, numpy and Plotly as their makers ship them, with as little around them as a chart needs."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools import runtimes

PAGE = Path(__file__).parent / "bare_page"
OURS_ALONE = ("pyscript/", "fonts/")  # runtime files of the lab that the bare page does without


def make(folder: Path, cache: Path) -> Path:
    """Put the bare page into a folder, with the pinned runtime files untouched. Raises BuildError when they can't be had."""
    shutil.copytree(PAGE, folder, dirs_exist_ok=True)
    for target, source in runtimes.fetch(cache).items():
        if not target.startswith(OURS_ALONE):
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / target)
    return folder
