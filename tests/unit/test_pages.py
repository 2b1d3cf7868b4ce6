"""What GitHub runs, and what every page must leave to the page around it."""

import re
from pathlib import Path

import pytest

from tools import htmldom

ROOT = Path(__file__).parents[2]
READERS = {".css", ".html", ".js", ".mjs", ".py"}  # of a stylesheet's properties
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_and_rights_are_given_job_by_job(file):
    text = file.read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?$", text, re.M)
    assert len(used) == text.count("uses:")
    assert all(re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", action) and version for action, version in used)
    assert re.search(r"^permissions: \{\}$", text, re.M)
    jobs = text.split("\njobs:\n")[1]
    assert len(re.findall(r"^    permissions:$", jobs, re.M)) == len(re.findall(r"^  \w+:$", jobs, re.M))
    assert "github.repository_owner" not in text
    assert not re.search(r"run: .*\$\{\{", text)  # nothing that others write gets into a shell


def test_a_fork_deploys_its_default_branch_whatever_its_name():
    for file in WORKFLOWS:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(main|master|trunk)\b", text), file.name
    text = next(file for file in WORKFLOWS if file.name == "pages.yml").read_text(encoding="utf-8")
    jobs = re.split(r"^  (\w+):$", text.split("\njobs:\n")[1], flags=re.M)[1:]
    bodies = dict(zip(jobs[::2], jobs[1::2], strict=True))
    assert 'branches: ["**"]' in text
    for name in ("check", "deploy"):
        condition = re.search(r"^    if: (.*)$", bodies[name], re.M)[1]
        assert "github.ref_name == github.event.repository.default_branch" in condition


def test_only_tokens_css_knows_light_and_dark():
    """Another stylesheet that asks the system would not follow a page that forces a theme on the lab."""
    for file in sorted((ROOT / "site/css").glob("*.css")):
        assert "prefers-color-scheme" not in file.read_text(encoding="utf-8"), file.name


def test_every_custom_property_is_read_somewhere():
    """By a stylesheet, or by name in a script that paints or measures."""
    text = {file: file.read_text(encoding="utf-8") for file in (ROOT / "site").rglob("*.*") if file.suffix in READERS}
    styles = "\n".join(words for file, words in text.items() if file.suffix == ".css")
    others = "\n".join(words for file, words in text.items() if file.suffix != ".css")
    unread = set(re.findall(r"(--[\w-]+)\s*:", styles)) - set(re.findall(r"var\(\s*(--[\w-]+)", styles))
    assert [name for name in sorted(unread) if not re.search(rf"[\"'`(]((--)?{name[2:]})\b(?!-)", others)] == []


def test_the_element_holds_no_style_that_a_policy_would_refuse():
    script = (ROOT / "site/scripts/fixed-address/kv-lab.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|eval\(|<style|setAttribute\(\"style", script)


@pytest.mark.parametrize("file", sorted((ROOT / "site").rglob("page.html")), ids=lambda file: file.parent.name)
def test_a_scene_with_a_seen_part_is_watched_and_a_door_with_a_bench_benched(file):
    """Styles hang on both classes."""
    page = htmldom.Document(f"<main>{file.read_text(encoding='utf-8')}</main>").root

    def classes(node):
        return (node.getAttribute("class") or "").split()

    def own(section):
        """What stands in a section, and in no section inside it."""
        for child in section.children:
            if isinstance(child, htmldom.Element) and child.tag != "section":
                yield from [child, *own(child)]

    sections = [node for node in page.walk() if node.tag == "section" and {"scene", "door"} & {*classes(node)}]
    assert sections
    for section in sections:
        inside = {name for node in own(section) for name in classes(node)}
        assert ("watched" in classes(section)) == ("seen" in inside), section.getAttribute("id")
        if "door" in classes(section):
            assert ("benched" in classes(section)) == ("bench" in inside), section.getAttribute("id")
