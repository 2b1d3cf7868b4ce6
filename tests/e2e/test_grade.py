"""The grader's page: a class dropped into the browser gets what the command gives."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

import acts
from content import wording
from handed import gradebook
from report import report
from state import store
from tests import lab as native
from tests.e2e.conftest import BOOT_MS, Lab
from tests.e2e.test_axe import found
from tests.e2e.test_offline import Site
from tests.snapshots import GRADED, exported, forged, learner
from tools import bundle, languages

SIZE = 12


def packed(files):
    """A zip with these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


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


def natively(folder, course):
    grader = gradebook.Grader(course, GRADED, [native.shipped()])
    for file in filter(Path.is_file, sorted(folder.rglob("*"))):
        grader.take(f"{folder.name}/{file.relative_to(folder)}", file.read_bytes())
    return grader.rows()


def grader(visitor, language="en", **options):
    lab = visitor(**options)
    lab.page.goto(f"{lab.origin}/{languages.page(language, 'grade')}")
    return lab.page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_class_is_graded_in_the_browser_as_by_the_command(visitor, class_folder, tmp_path, language):
    with native.writing(language) as course:
        graded(grader(visitor, language), course, class_folder, tmp_path)


def graded(page, course, class_folder, tmp_path):
    say = course.at("grading.page")
    page.get_by_label(say["folder"]).set_input_files(class_folder)
    expect(page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
    rows = natively(class_folder, course)
    flagged = [row for row in rows if row.flags]
    assert len(flagged) == 4
    table = page.get_by_role("table")
    expect(table.get_by_role("rowheader")).to_have_count(len(rows))  # who, how far: everybody, those to look at first
    assert table.get_by_role("rowheader").all_inner_texts() == [row.file for row in gradebook.first(rows)]
    score = gradebook.points(course, rows[0])
    line = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=rows[0].file, exact=True))
    expect(line).to_contain_text(
        wording.fill(course.at("grading.report.points"), {"points": score.points, "most": score.most})
    )
    for row in flagged:
        line = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=row.file, exact=True))
        expect(line).to_contain_text(wording.listed(gradebook.flagged(course, row), "semicolon"))
    assert page.locator("b").count() == 0  # a name stays a name
    assert found(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name=say["save"]).click()
    saved = tmp_path / "class.csv"
    download.value.save_as(saved)
    text = Path(saved).read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == list(csv.reader(io.StringIO(gradebook.csv_text(course, rows))))
    for title, bars in gradebook.histograms(course, rows):
        if bars:
            drawn = page.get_by_role("heading", name=title, exact=True).locator("xpath=following-sibling::dl[1]")
            assert drawn.locator("dt").all_inner_texts() == [label for label, _ in bars]
            assert drawn.locator("span").all_inner_texts() == [str(count) for _, count in bars]


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_table_is_read_without_scrolling_sideways(visitor, tmp_path, width):
    """At every width all of a row is in the window; a wide page gives it more than the width of its text. However many rows
    there are, the class comes within a window."""
    (tmp_path / "s.json").write_text(json.dumps(exported(learner(4), "Ada", f"{4:032x}")))
    for number in range(40):
        (tmp_path / f"v2_10_snapshot ({number}).json").write_text("{")
    page, say = grader(visitor, viewport={"width": width, "height": 844}), native.shipped().at("grading.page")
    page.get_by_label(say["files"]).set_input_files(list(tmp_path.iterdir()))
    expect(page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    table = page.locator("#table")
    assert table.evaluate("node => node.scrollWidth <= node.clientWidth")
    text = page.locator("#outcome > .help").bounding_box()["width"]
    assert (table.bounding_box()["width"] > 1.4 * text) == (width == 1280)
    reach = page.get_by_role("heading", name=say["class"], exact=True).bounding_box()["y"] - table.bounding_box()["y"]
    assert reach < 844
    assert found(page) == []


def test_a_list_that_is_added_later_is_the_lists_of_the_class_that_is_shown(visitor, tmp_path):
    (tmp_path / "ada_1_2_s.json").write_text(json.dumps(exported(learner(4), "Ada", f"{4:032x}")))
    course = "Student,ID,SIS User ID,SIS Login ID,Section,The KV-Cache Memory Wall (991)"
    (tmp_path / "grades.csv").write_text(f"{course}\n    Points Possible,,,,,20\nAda,1,,ada,One,\n")
    page, say = grader(visitor), native.shipped().at("grading.page")
    rows = page.locator("#table").get_by_role("row")
    for name in ("ada_1_2_s.json", "grades.csv", "grades.csv"):
        page.get_by_label(say["files"]).set_input_files(tmp_path / name)
        expect(page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
        expect(rows).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Canvas")).click()
    download.value.save_as(tmp_path / "canvas.csv")
    (row,) = [row for row in csv.reader((tmp_path / "canvas.csv").open(encoding="utf-8-sig")) if row[0] == "Ada"]
    assert row[1] == "1" and float(row[-1]) > 0


def saved_table(page, place):
    with page.expect_download() as download:
        page.get_by_role("link", name=native.shipped().at("grading.page.save")).click()
    download.value.save_as(place)
    return place.read_text(encoding="utf-8-sig")


def test_whatever_lies_in_a_folder_is_a_row_or_named(visitor, tmp_path):
    """The kinds that a browser hands over: zips, other codings, other names, what is no snapshot, what is spoilt."""
    folder, good = tmp_path / "handed-in", json.dumps(exported(learner(4), "Zoë", f"{4:032x}"), ensure_ascii=False)
    files = {
        "A.JSON": good.encode(),
        "b.json.txt": good.encode("utf-16"),
        "c": good.encode("utf-8-sig"),
        "be.json": good.encode("utf-16-be"),
        "le.json": good.encode("utf-16-le"),
        "32.json": good.encode("utf-32-le"),
        "\x1b\u202e.json": "é".encode("latin-1"),
        "all.zip": packed({"d/s.json": good, "__MACOSX/d/._s.json": "x", "in.zip": packed({"e.json": good})}),
        "notes.txt": b"x",
        "empty.json": b"",
        "large.json": b"[" * 3_000_000,
        "long.json": good.replace('"act1_correct": ', '"act1_correct": ' + "9" * 401 + ', "x": ', 1).encode(),
        "broken.zip": packed({"f.json": good})[:80],
    }
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    page = grader(visitor)
    say = native.shipped().at("grading.page")
    page.get_by_label(say["folder"]).set_input_files(folder)
    expect(page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
    text = saved_table(page, tmp_path / "class.csv")
    table = list(csv.DictReader(io.StringIO(text)))
    inside = ("A.JSON", "b.json.txt", "c", "be.json", "le.json", "32.json", "all.zip/d/s.json", "all.zip/in.zip/e.json")
    assert {row["file"] for row in table if row["student"] == "Zoë"} == {f"handed-in/{name}" for name in inside}
    unreadable = {"\\x1b\\u202e.json", "empty.json", "large.json", "long.json", "broken.zip"}
    assert {row["file"] for row in table if row["flags"]} == {f"handed-in/{name}" for name in unreadable}
    page.locator("#unread > summary").click()
    expect(page.get_by_role("listitem")).to_have_text(
        [re.compile(name) for name in (r"all\.zip/__MACOSX", r"notes\.txt")]
    )


def test_an_empty_folder_that_is_dropped_is_named_and_its_learner_has_a_row(visitor, tmp_path):
    """A chosen folder gives no empty one to a browser; a dropped one does."""
    folder = tmp_path / "handed-in"
    (folder / "Bo_2_assignsubmission_file_").mkdir(parents=True)
    (folder / "nobody's").mkdir()
    (folder / "s.json").write_text(json.dumps(exported(learner(4), "Ada", f"{4:032x}")))
    page, say = grader(visitor), native.shipped().at("grading.page")
    box, browser = page.locator("#drop").bounding_box(), page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + 10, "y": box["y"] + 10}
        browser.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    expect(page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
    rows = page.locator("#table").get_by_role("rowheader")
    assert sorted(rows.all_inner_texts()) == ["handed-in/Bo_2_assignsubmission_file_", "handed-in/s.json"]
    expect(page.locator("#unread")).to_contain_text("handed-in/nobody's: an empty folder")


def test_a_snapshot_from_the_german_page_has_no_flag_and_a_german_spreadsheet_its_semicolons(visitor, tmp_path):
    german = acts.course(bundle.translations(native.CONTENT)["de"])
    wording.use(german.at("words.numbers"))
    at = "2025-03-06T20:00:00.000Z"
    state = native.after(learner(4), store.RecordNumbered(f"{4:032x}", at))
    made = report.snapshot(german, state, at)
    wording.use(native.shipped().at("words.numbers"))
    (tmp_path / "s.json").write_text(json.dumps(made), encoding="utf-8")
    page = grader(visitor, locale="de-DE")
    page.get_by_label(native.shipped().at("grading.page.files")).set_input_files(tmp_path / "s.json")
    expect(page.get_by_role("heading", name=native.shipped().at("grading.page.outcome"))).to_be_focused(timeout=BOOT_MS)
    (row,) = csv.DictReader(io.StringIO(saved_table(page, tmp_path / "class.csv")), delimiter=";")
    assert row["flags"] == "" and re.fullmatch(r"\d+,\d+", row["ttft_p99_ms"])


def test_one_zip_of_a_class_tells_how_far_it_is(visitor, tmp_path):
    made = json.dumps(exported(learner(4), "Zoë", f"{4:032x}"))
    (tmp_path / "all.zip").write_bytes(packed({f"{i}/s.json": made for i in range(60)}))
    page = grader(visitor)
    page.evaluate("""() => {
        window.told = [];
        new MutationObserver(() => told.push(document.getElementById("status").textContent)).observe(
            document.getElementById("status"), { childList: true, characterData: true, subtree: true })
    }""")
    page.get_by_label(native.shipped().at("grading.page.files")).set_input_files(tmp_path / "all.zip")
    expect(page.get_by_role("heading", name=native.shipped().at("grading.page.outcome"))).to_be_focused(timeout=BOOT_MS)
    inside = [int(found[1]) for told in page.evaluate("told") if (found := re.search(r"File 1 of 1: (\d+) read", told))]
    assert inside and inside == sorted(inside) and inside[-1] <= 60


def test_a_class_goes_back_to_its_course_system(visitor, tmp_path):
    """The list of the class among the files comes back with the points, and whoever handed in nothing is named."""
    folder = tmp_path / "class"
    (folder / "Ada_11_assignsubmission_file_").mkdir(parents=True)
    (folder / "Ada_11_assignsubmission_file_/s.json").write_text(json.dumps(exported(learner(2), "", f"{2:032x}")))
    worksheet = "Identifier,Full name,Grade,Last modified (grade)\nParticipant 11,Ada,,-\nParticipant 12,Bo,,-\n"
    (folder / "worksheet.csv").write_text(worksheet)
    page = grader(visitor)
    page.get_by_label(native.shipped().at("grading.page.folder")).set_input_files(folder)
    expect(page.get_by_role("listitem")).to_contain_text(["Bo"], timeout=BOOT_MS)
    saved = {}
    for name in ("moodle.csv", "results.json"):
        with page.expect_download() as download:
            page.locator(f"a[download='{name}']").click()
        saved[name] = download.value.path().read_text(encoding="utf-8")
    score = store.score(native.shipped(), learner(2))
    ada, bo = list(csv.DictReader(io.StringIO(saved["moodle.csv"])))
    assert float(ada["Grade"]) == pytest.approx(score.points, abs=0.005) and bo["Grade"] == ""
    assert json.loads(saved["results.json"])["score"] == float(ada["Grade"])


def test_a_folder_without_snapshots_is_said_to_be_so(visitor, tmp_path):
    page = grader(visitor)
    (tmp_path / "notes.txt").write_text("nothing")
    page.get_by_label(native.shipped().at("grading.page.files")).set_input_files(tmp_path / "notes.txt")
    expect(page.get_by_role("alert").filter(has_text=".json")).to_be_visible(timeout=BOOT_MS)
    expect(page.get_by_role("listitem")).to_have_text([re.compile(r"notes\.txt")])


def test_whoever_has_graded_a_class_can_without_a_network(browser, tmp_path, dist):
    (tmp_path / "s.json").write_text(json.dumps(exported(learner(4), "Ada", f"{4:032x}")))
    site = Site(tmp_path, dist)
    lab = Lab.new(browser, site.origin, service_workers="allow")
    lab.expects_trouble = True
    say = native.in_language("de").at("grading.page")
    for whole in (True, False):
        lab.page.goto(f"{site.origin}/grade.de.html")
        lab.page.get_by_label(say["files"]).set_input_files(tmp_path / "s.json")
        expect(lab.page.get_by_role("heading", name=say["outcome"])).to_be_focused(timeout=BOOT_MS)
        expect(lab.page.get_by_role("rowheader")).to_have_count(1)
        if whole:
            expect(lab.page.locator("html[data-kept=whole]")).to_have_count(1)
            site.stop()
    lab.close()


def test_without_a_snapshot_only_what_was_not_read_is_shown(visitor, tmp_path):
    (tmp_path / "hello.txt").write_text("hello", encoding="utf-8")
    page = grader(visitor)
    page.get_by_label(native.shipped().at("grading.page.files")).set_input_files(tmp_path / "hello.txt")
    expect(page.locator("#unread")).to_contain_text("hello.txt", timeout=BOOT_MS)
    expect(page.locator("#unread > summary")).to_have_text("Other files, not read (1)")
    for part in ("table", "saves", "class"):
        expect(page.locator(f"#{part}")).to_be_hidden()
