"""The scripts' types: the checker sees every script, finds a name that nothing gives, and none of it reaches the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import bundle, runtimes, scripts, versions

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("site", "tools", "bench")  # _extensions has a copy of kv-lab.js


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


START, BESIDE = "site/scripts/2-start-python", "site/scripts/3-beside-python"
SWAPPED = "no properties in common"
WRONG = [  # a file, what stands there, a mistake to put in its place, what the checker says of it
    ("site/scripts/1-before-paint/boot.js", "window.labTrouble(", "window.labTruoble(", "'labTruoble' does not exist"),
    (f"{START}/runtime.mjs", "startPython(options, names,", "startPython(names, options,", SWAPPED),
    ("site/scripts/4-simulator-thread/simulator.mjs", "startPython({}, [],", "startPython([], {},", SWAPPED),
    (f"{START}/python.mjs", "    undo();", "    undone();", "Cannot find name 'undone'"),
    (f"{BESIDE}/floor.mjs", "panel?.spans.filter", "panel?.spams.filter", "Property 'spams' does not exist"),
    ("site/scripts/fixed-address/sw.js", "SITE.version", "SITE.hash", "Property 'hash' does not exist"),
    (f"{BESIDE}/replay.mjs", "  say(now = 0) {", "  say(now) {", "implicitly has an 'any' type"),
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


def test_types_are_for_the_checker_and_take_no_room_in_the_page(tmp_path):
    bundle.copy(bundle.scripts(ROOT / "site"), tmp_path)
    page = versions.filled((ROOT / "site/index.html").read_text(encoding="utf-8"), ROOT / "site", tmp_path)
    inlined = re.findall(r"<script>\n.*?</script>", page, re.S)
    assert len(inlined) == 3 and "labTrouble = (what) => {" in page
    assert [line for script in inlined for line in script.splitlines() if re.search(r"@(type|param)|^\s+$", line)] == []


def test_what_pages_and_modules_name_is_a_script_of_the_pages():
    files = bundle.scripts(ROOT / "site")
    pages = [ROOT / "site" / name for name in ("index.html", "grade.html")]
    name = re.compile(r'(?:from |src=|href=|URL\()"(?:\./)?([\w-]+\.m?js)"')
    named = {found for file in [*files, *pages] for found in name.findall(file.read_text(encoding="utf-8"))}
    assert {"boot.js", "canvas.mjs", "floor.mjs", "grade.mjs", "grader.mjs", "python.mjs", "replay.mjs"} <= named
    assert named <= {file.name for file in files}


def test_what_the_page_starts_python_with_is_what_the_manifest_lists():
    page = (ROOT / "site/index.html").read_text(encoding="utf-8")
    asked = re.search(r'<template id="python">.*?</template>', page, re.S)[0]
    listed = {file.name for file in (ROOT / "site").glob(bundle.STARTING_SCRIPTS)}
    assert set(re.findall(r'"([\w-]+\.mjs)"', asked)) == listed
