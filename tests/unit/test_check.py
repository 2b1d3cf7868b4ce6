"""`build.py check`: the quick part of `test`, with its own closing line."""

import subprocess
from pathlib import Path

import pytest

from tools import testing


@pytest.mark.parametrize("broken", [None, "ruff", "mypy", "tools.scripts", "pytest"])
def test_check_runs_every_quick_step_and_fails_when_one_does(monkeypatch, capsys, tmp_path, broken):
    ran = []

    def run(command, **_):
        ran.append(command[2])
        for word in command:
            if word.startswith("--junit-xml="):
                Path(word.partition("=")[2]).write_text('<testsuite tests="3" failures="0" errors="0" skipped="1"/>')
        return subprocess.CompletedProcess(command, int(command[2] == broken))

    monkeypatch.setattr(testing, "environment", lambda cache: tmp_path / "python")
    monkeypatch.setattr(testing, "page_browser", lambda python: pytest.fail("check looked for a browser"))
    monkeypatch.setattr(subprocess, "run", run)
    assert testing.check(tmp_path) == int(broken is not None)
    assert ran == ["ruff", "ruff", "mypy", "tools.scripts", "pytest"]
    assert capsys.readouterr().out.rstrip().endswith("2 passed, 0 failed, 1 skipped")
