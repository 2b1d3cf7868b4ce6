"""What CONTRIBUTING.md promises: the written command runs one unit test."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tools.runtimes import ROOT


def written_command():
    """The lines of CONTRIBUTING.md that run one file of unit tests, as they stand there."""
    text = Path(ROOT, "CONTRIBUTING.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^PYTHON=.*\n\$PYTHON -m pytest tests/unit/\S+\.py$", text, re.MULTILINE)
    return lines


def test_the_written_command_runs_one_unit_test():
    command = written_command()
    written, here = r"~/\.cache/kv-cache-lab/test-\*/bin/python", shlex.quote(sys.executable)
    ours, count = re.subn(written, lambda _: here, command)  # the cache may lie elsewhere
    assert count == 1, command
    done = subprocess.run(ours, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed", done.stdout), done.stdout
