"""The types of the project's scripts, checked by TypeScript over the JavaScript as it stands (jsconfig.json, scripts.d.ts)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.runtimes import ROOT, cache_folder, node, npm_modules


def checker(cache: Path) -> list[str]:
    """The command that checks the scripts of the folder in which it runs. Raises BuildError when Node.js or npm is missing."""
    return [node(), str(npm_modules(cache) / "typescript/bin/tsc"), "--project", "jsconfig.json"]


if __name__ == "__main__":
    sys.exit(subprocess.run(checker(cache_folder()), cwd=ROOT).returncode)
