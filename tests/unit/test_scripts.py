"""The scripts' types: the checker sees every script, finds a name that nothing gives, and none of it reaches the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import bundle, runtimes, scripts, versions

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("site", "tools", "bench")  # _extensions has a copy of site/kv-lab.js


@pytest.fixture(scope="module")
def checked():
    command = scripts.checker(runtimes.cache_folder())
    return lambda root, *options: subprocess.run([*command, *options], cwd=root, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path):
    for folder in FOLDERS:
        for file in [*(ROOT / folder).rglob("*.js"), *(ROOT / folder).rglob("*.mjs"), *(ROOT / folder).rglob("*.d.ts")]:
            place = tmp_path / file.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
    shutil.copy(ROOT / "jsconfig.json", tmp_path)
    return tmp_path


def test_the_checker_sees_every_script(checked):
    seen = {Path(line) for line in checked(ROOT, "--listFilesOnly").stdout.splitlines()}
    there = {file for folder in FOLDERS for end in ("*.js", "*.mjs") for file in (ROOT / folder).rglob(end)}
    assert len(there) > 20
    assert there - seen == set()


WRONG = [  # a file, what stands there, a mistake to put in its place, what the checker says of it
    ("site/boot.js", "window.labTrouble(", "window.labTruoble(", "'labTruoble' does not exist"),
    ("site/runtime.mjs", "startPython(options, names,", "startPython(names, options,", "no properties in common"),
    ("site/python.mjs", "    undo();", "    undone();", "Cannot find name 'undone'"),
    ("site/floor.mjs", "mine = panel?.spans.filter", "mine = panel?.spams.filter", "Property 'spams' does not exist"),
    ("site/sw.js", "SITE.version", "SITE.hash", "Property 'hash' does not exist"),
    ("site/replay.mjs", "  say(now = 0) {", "  say(now) {", "implicitly has an 'any' type"),
]


def test_a_script_with_a_name_that_nothing_gives_is_told(checked, copy):
    """Each mistake in its own file: one run of the checker tells them all, each on a line that names the file."""
    assert checked(copy).stdout == ""
    for file, right, wrong, _ in WRONG:
        text = (copy / file).read_text(encoding="utf-8")
        assert right in text
        (copy / file).write_text(text.replace(right, wrong), encoding="utf-8")
    found = checked(copy)
    assert found.returncode != 0
    lines = found.stdout.splitlines()
    missed = [(file, told) for file, _, _, told in WRONG if not any(file in line and told in line for line in lines)]
    assert missed == []
    assert {line.partition("(")[0] for line in lines if not line.startswith(" ")} == {file for file, *_ in WRONG}


def test_types_are_for_the_checker_and_take_no_room_in_the_page():
    page = versions.filled((ROOT / "site/index.html").read_text(encoding="utf-8"), ROOT / "site")
    inlined = re.findall(r"<script>\n.*?</script>", page, re.S)
    assert len(inlined) == 3 and "labTrouble = (what) => {" in page
    assert [line for script in inlined for line in script.splitlines() if re.search(r"@(type|param)|^\s+$", line)] == []


def test_what_a_module_of_the_page_imports_is_a_file_of_the_page():
    imported = {
        name
        for file in bundle.PAGE_FILES
        for name in re.findall(r'from "\./([\w-]+\.m?js)"', (ROOT / "site" / file).read_text(encoding="utf-8"))
    }
    assert {"blocks.mjs", "floor.mjs", "canvas.mjs", "python.mjs"} <= imported
    assert imported <= set(bundle.PAGE_FILES)
