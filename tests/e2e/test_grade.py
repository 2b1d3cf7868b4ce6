"""The grader's page: a class dropped into the browser gets what the command gives."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

import gradebook
from tests import lab as native
from tests.e2e.conftest import BOOT_MS
from tests.snapshots import GRADED, exported, forged, learner

SIZE = 12


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory):
    """A folder as a course system makes it: a subfolder for each learner; one forged, one copied, one cut off."""
    folder = tmp_path_factory.mktemp("class") / "handed-in"
    made = [exported(learner(i), f"Student {i}", f"{i:032x}") for i in range(SIZE)]
    made[3] = forged(made[3], lambda s: s["predictions"][0].update(right=not s["predictions"][0]["right"]))
    made[5] = forged(made[4], lambda s: s.update(student_id="<b>Somebody</b> else"))
    for i, one in enumerate(made):
        place = folder / f"student{i:02}"
        place.mkdir(parents=True)
        text = json.dumps(one)
        (place / "v2_10_snapshot.json").write_text(text[:500] if i == 7 else text, encoding="utf-8")
        (place / "v2_10_report.md").write_text("# Lab\n", encoding="utf-8")
    return folder


def natively(folder):
    files = {f"{folder.name}/{file.relative_to(folder)}": file.read_text() for file in sorted(folder.rglob("*.json"))}
    return gradebook.grade(native.shipped(), files, GRADED)


def grader(visitor, **options):
    lab = visitor(**options)
    lab.page.goto(f"{lab.origin}/grade.html")
    return lab.page


def test_a_class_is_graded_in_the_browser_as_by_the_command(visitor, class_folder, tmp_path):
    page = grader(visitor)
    say = native.shipped().at("grading.page")
    page.get_by_label(say["folder"]).set_input_files(class_folder)
    expect(page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
    rows = natively(class_folder)
    flagged = [row for row in rows if row.flags]
    assert len(flagged) == 4
    table = page.get_by_role("table")
    expect(table.get_by_role("rowheader")).to_have_count(
        len([r for r in rows if r.flags or r.snapshot["incomplete_fields"]])
    )
    for row in flagged:
        line = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=row.file, exact=True))
        expect(line).to_contain_text("; ".join(gradebook.flagged(native.shipped(), row)))
    assert page.locator("b").count() == 0  # a name stays a name
    with page.expect_download() as download:
        page.get_by_role("link", name=say["save"]).click()
    saved = tmp_path / "class.csv"
    download.value.save_as(saved)
    text = Path(saved).read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == list(
        csv.reader(io.StringIO(gradebook.csv_text(native.shipped(), rows)))
    )
    for title, bars in gradebook.histograms(native.shipped(), rows):
        if bars:
            drawn = page.get_by_role("heading", name=title, exact=True).locator("xpath=following-sibling::dl[1]")
            assert drawn.locator("dt").all_inner_texts() == [label for label, _ in bars]
            assert drawn.locator("span").all_inner_texts() == [str(count) for _, count in bars]


def test_a_folder_without_snapshots_is_said_to_be_so(visitor, tmp_path):
    page = grader(visitor)
    (tmp_path / "notes.txt").write_text("nothing")
    page.get_by_label(native.shipped().at("grading.page.files")).set_input_files(tmp_path / "notes.txt")
    expect(page.get_by_role("alert").filter(has_text=".json")).to_be_visible()
