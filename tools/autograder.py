"""The zip that Gradescope grades with: the grader with the lab's engine and content, and the two scripts that Gradescope starts.

Autograder Specifications: setup.sh when the image is built, run_autograder for each submission, in /autograder; the zip lies in
source/, what was handed in lies in submission/, and results/results.json is what comes of it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from tools.runtimes import ROOT

SETUP = """\
#!/usr/bin/env bash
# Python 3.11 or newer is all that the grader needs.
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (apt-get update && apt-get install -y python3.11)
"""
RUN = """\
#!/usr/bin/env bash
here="$(pwd)"
cd source
python="$(command -v python3.11 || command -v python3)"
exec "$python" -m tools.grade "$here/submission" --gradescope "$here/results/results.json" --language {language} {settings}
"""
CARRIED = ("site/py", "site/content", "tools")
SETTINGS = "class.toml"


def write(place: Path, settings: Path | None, language: str) -> None:
    """Write the zip, with a class's own settings if there are some. `language`: of what learners read. Raises OSError."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        _script(archive, "setup.sh", SETUP)
        own = f"--settings {SETTINGS}" if settings else ""
        _script(archive, "run_autograder", RUN.format(language=language, settings=own).rstrip() + "\n")
        if settings:
            archive.write(settings, SETTINGS)
        for folder in CARRIED:
            for file in sorted((ROOT / folder).rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, file.relative_to(ROOT).as_posix())


def _script(archive: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o100755 << 16  # a file that may be run
    archive.writestr(entry, text)
