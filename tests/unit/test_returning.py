"""Points on their way back to Canvas, Moodle and Gradescope, in the forms that these read; nobody is left out in silence."""

import csv
import io
import json
import os
import random
import stat
import subprocess
import sys
import zipfile

import pytest

from content import wording
from handed import difficulty, gradebook, learners, results, returning, rosters
from report import report
from state import store
from tests import lab as native
from tests.snapshots import GRADED, exported, learner
from tools import autograder, crew, grade

COURSE = native.shipped()
SPOKEN = crew.courses(None)[1:]
TITLE = COURSE.at("course.masthead.title")
CANVAS = f"""Student,ID,SIS User ID,SIS Login ID,Section,Quiz 1 (77),{TITLE} (88),Current Score
    Points Possible,,,,,5.00,20.00,(read only)
"Lovelace, Ada",340934,S1,ada,CS-1,4,,80
"Doe, Bo",340935,S2,bo,CS-1,5,13,90
"Roe, Cy",340936,S3,cy,CS-1,,,
"Poe, Di",340937,S4,di@x.org,CS-1,,,
"Student, Test",9,,,CS-1,,,
"""
COLUMNS = (
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed"),
    *("Last modified (grade)", "Feedback comments"),
)
MOODLE = f"""\ufeff{",".join(f'"{name}"' for name in COLUMNS)}
"Participant 11","Ada Lovelace",ada@x.org,"Submitted for grading",,20.00,Yes,-,
"Participant 12","Bo, Doe",bo@x.org,"No submission",5.00,20.00,Yes,-,
"Participant 13",Cy,cy@x.org,"No submission",,20.00,Yes,-,"see me"
"""


def snapshot(seed, name=""):
    """The bytes of a learner's snapshot."""
    return json.dumps(exported(learner(seed), name, f"{seed:032x}"), ensure_ascii=False).encode()


def points(seed):
    """What a learner has done, in points, as the page counts it."""
    return store.score(COURSE, learner(seed))


def given(files):
    """What a class gets back, for files by name: the files by name, and who is on no list."""
    grader = gradebook.Grader(COURSE, GRADED)
    for name, data in files.items():
        grader.take(name, data)
    found, strange = returning.returned(COURSE, learners.learners(COURSE, grader.rows()), grader.rosters)
    return {file.name: file for file in found}, strange, grader


def table(text, separator=","):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator))


@pytest.mark.parametrize("downloads", [("week1", "week2"), ("submissions.zip", "submissions (1).zip"), ("", "late")])
def test_a_learner_in_two_downloads_of_canvas_s_is_one(downloads):
    """The same work lies in both, once with more done; the second download holds a report in its place for another."""
    first, second = (f"{place}/" if place else "" for place in downloads)
    best, other = sorted((2, 3), key=lambda seed: -points(seed).points)
    assert points(best).points > points(other).points
    files, strange, grader = given(
        {
            "g.csv": CANVAS.encode(),
            f"{first}lovelaceada_340934_55501_s.json": snapshot(best),
            f"{second}lovelaceada_340934_55601_s.json": snapshot(other),
            f"{first}doebo_340935_55502_s.json": snapshot(4),
            f"{second}doebo_340935_55502_s.json": snapshot(4),
            f"{first}roecy_340936_55503_s.json": snapshot(5),
            f"{second}roecy_340936_55603_report.pdf": b"%PDF",
        }
    )
    ada = next(row for row in table(files["canvas.csv"].text) if row[1] == "340934")
    assert float(ada[-1]) == pytest.approx(20 * points(best).share, abs=0.005)
    assert strange == [] and len(grader.rows()) == 5 and not any(row.flags for row in grader.rows())


def test_canvas_s_gradebook_comes_back_with_the_points_and_nothing_that_others_wrote():
    files, strange, grader = given(
        {
            "g.csv": CANVAS.encode(),
            "lovelaceada_340934_55501_s.json": snapshot(2),
            "roecy_LATE_340936_55502_s.json": b"{",
            "mail/di.json": snapshot(3, "DI@x.org"),
            "mail/eve.json": snapshot(4, "Eve"),
            "whoelse_777_55503_s.json": snapshot(5),
        }
    )
    head, possible, ada, bo, cy, di = table(files["canvas.csv"].text)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{TITLE} (88)"]
    assert possible[0].strip() == "Points Possible" and float(possible[-1]) == 20
    assert ada[:5] == ["Lovelace, Ada", "340934", "S1", "ada", "CS-1"]
    assert float(ada[-1]) == pytest.approx(20 * points(2).share, abs=0.005)
    assert float(di[-1]) == pytest.approx(20 * points(3).share, abs=0.005)
    assert float(bo[-1]) == 13 and cy[-1] == ""  # what stood there stays; a file that can't be read is no zero
    assert files["canvas.csv"].absent == ("Doe, Bo",) and sorted(strange) == ["Eve", "whoelse"]
    assert grader.unread == []


def test_moodle_s_worksheet_comes_back_whole_with_grade_and_comment():
    files, strange, _ = given(
        {
            "w.csv": MOODLE.encode(),
            "Ada Lovelace_11_assignsubmission_file_/s.json": snapshot(2),
            "cy.json": snapshot(3, "CY"),
        }
    )
    before, after = table(MOODLE), table(files["moodle.csv"].text)
    assert after[0] == before[0] and [row[:4] for row in after] == [row[:4] for row in before]
    assert float(after[1][4]) == pytest.approx(20 * points(2).share, abs=0.005)
    assert after[1][-1] == report.points(COURSE, points(2))
    assert after[2][4] == "5.00" and after[3][-1] == "see me"
    assert files["moodle.csv"].absent == ("Bo, Doe",) and strange == []


def test_without_a_list_one_is_made_of_those_whom_the_names_tell_of():
    files, strange, _ = given(
        {
            "x/Ada Lovelace_11_assignsubmission_file_/s.json": snapshot(2),
            "x/=Bo_12_assignsubmission_file_/report.pdf": b"%PDF",
            "poedi_340937_55501_s.json": snapshot(3),
            "LATE_anon_Ab3dE_55502_s.json": snapshot(4),
        }
    )
    moodle, canvas = table(files["moodle.csv"].text), table(files["canvas.csv"].text)
    assert moodle[0][0] == "Identifier" and {"Grade", "Last modified (grade)"} <= set(moodle[0])
    assert [(row[0], row[1]) for row in moodle[1:]] == [("Participant 12", "'=Bo"), ("Participant 11", "Ada Lovelace")]
    assert [row[2] for row in moodle[1:]] == ["", f"{points(2).points:g}"]
    assert strange == ["LATE_anon_Ab3dE_55502_s.json"]  # whom no list can name
    assert [row[:2] for row in canvas[2:]] == [
        ["poedi", "340937"]
    ]  # who is anonymous has no number that Canvas takes back
    assert float(canvas[1][-1]) == points(3).most and float(canvas[2][-1]) == pytest.approx(points(3).points, abs=0.005)


def columns(*names, column="", course=COURSE):
    """Canvas's list with these columns, in which Ada has 4 points in each, as it comes back with hers; and what is said."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]
    lines = [head, ["    Points Possible", *[""] * 4, *["20"] * len(names)]]
    lines.append(["Lovelace, Ada", "340934", "", "", "", *["4"] * len(names)])
    written = io.StringIO()
    csv.writer(written).writerows(lines)
    grader = gradebook.Grader(COURSE, GRADED)
    grader.take("g.csv", written.getvalue().encode())
    grader.take("lovelaceada_340934_55501_s.json", snapshot(2))
    class_ = learners.learners(COURSE, grader.rows())
    others = [one for one in (COURSE, *SPOKEN) if one is not course]
    files, strange = returning.returned(course, class_, grader.rosters, others, column)
    return table(files[0].text), returning.said(course, files, strange)


def test_a_column_is_filled_only_if_it_alone_is_called_as_the_lab_is():
    for names in [(f"{TITLE}: decision log (992)", f"{TITLE} (991)"), (f"{TITLE}\n(991)", f"My {TITLE} (1)")]:
        own = next(name for name in names if name.removeprefix(TITLE).strip() == "(991)")
        (head, _, ada), said = columns(*names)
        assert head[-1] == own and float(ada[-1]) == pytest.approx(20 * points(2).share, abs=0.005) and said == []
    (head, possible, ada), (said,) = columns(f"{TITLE}: reading (12)", "Lab 10 (13)")
    assert head[-1] == TITLE and float(possible[-1]) == points(2).most
    assert float(ada[-1]) == pytest.approx(points(2).points, abs=0.005)
    assert all(part in said for part in (TITLE, f"{points(2).most:g}", "reading (12)", "Lab 10 (13)"))


def test_of_several_columns_of_the_lab_s_name_none_is_filled():
    names = (f"{TITLE} (991)", f"{TITLE} (992)")
    found, (said,) = columns(*names)
    assert found == [] and all(name in said for name in names)
    (head, _, ada), said = columns(*names, column=names[1])
    assert head[-1] == names[1] and float(ada[-1]) != 4 and said == []


def test_a_column_can_be_named():
    (head, *_), said = columns("Lab 10 (13)", f"{TITLE} (991)", column="lab 10")
    assert head[-1] == "Lab 10 (13)" and said == []
    found, (said,) = columns("Lab 10 (13)", column="Lab 11")
    assert found == [] and "Lab 11" in said and "Lab 10 (13)" in said


@pytest.mark.parametrize("course", [COURSE, *SPOKEN], ids=lambda course: course.at("words.language"))
def test_a_column_is_found_and_called_alike_in_every_language(course):
    for one in (COURSE, *SPOKEN):
        (head, *_), said = columns(f"{one.at('course.masthead.title')} (991)", course=course)
        assert head[-1].endswith("(991)") and said == []
    (head, *_), (said,) = columns("Lab 10 (13)", course=course)
    assert head[-1] == TITLE and TITLE in said and "Lab 10 (13)" in said


def test_canvas_s_gradebook_may_have_the_names_in_two_columns():
    """As its export does where the course shows "Last, First" in two columns, with a row of hidden columns before the points."""
    head = ["LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Section", "Notes", f"{TITLE} (88)"]
    rows = [
        [*[""] * 7, "Manual Posting"],
        ["    Points Possible", *[""] * 6, "20.00"],
        ["Lovelace", "Ada", "340934", "S1", "ada", "CS-1", "", "4"],
        ["Roe", "Cy", "340936", "S3", "cy", "CS-1", "", ""],
        ["Doe", "Bo", "340935", "S2", "bo", "CS-1", "", "5"],
        ["Student", "Test", "9", "", "", "CS-1", "", ""],
    ]
    written = io.StringIO()
    csv.writer(written).writerows([head, *rows])
    mail = {"lovelaceada_340934_55501_s.json": snapshot(2), "cy.json": snapshot(3, "Cy Roe")}
    files, strange, grader = given({"g.csv": written.getvalue().encode(), **mail})
    found, possible, *people = table(files["canvas.csv"].text)
    assert found == [*head[:6], head[-1]] and possible[0].strip() == "Points Possible" and float(possible[-1]) == 20
    assert [row[:6] for row in people] == [row[:6] for row in rows[2:5]]
    for row, seed in zip(people, (2, 3), strict=False):
        assert float(row[-1]) == pytest.approx(20 * points(seed).share, abs=0.005)
    assert float(people[2][-1]) == 5 and files["canvas.csv"].absent == ("Doe, Bo",)
    assert strange == [] and grader.unread == []


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_list_keeps_its_separator(separator):
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows(table(CANVAS))
    files, _, _ = given({"g.csv": written.getvalue().encode("utf-16"), "a_340934_55501_s.json": snapshot(2)})
    assert float(table(files["canvas.csv"].text, separator)[2][-1]) > 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a,b\n1,2\n",
        "file,size,x\nx,y,z\n",
        "Student,ID\n",
        "Identifier,Grade\n",
        'x,"',
        "\0",
        "Identifier,Grade\nAda,\nBo 3,\n",
    ],
)
def test_what_is_no_list_of_a_class_is_named_as_not_read(text):
    assert rosters.read("x.csv", text) is None
    grader = gradebook.Grader(COURSE, GRADED)
    grader.take("x.csv", text.encode())
    assert [file.why for file in grader.unread] == ["no_snapshot"] and grader.rows() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.csv", "First name,Surname,ID number,Email address,Assignment: Lab 10 (Real)\nAda,Lovelace,9,ada@x.org,-\n"),
        ("gc.xls", '"Last Name"\t"First Name"\t"Username"\t"Lab 10 |123"\n"Doe"\t"John"\t"jdoe7"\t""\n'),
        ("fr.csv", "Identifiant,Nom complet,Statut,Note\nParticipant 11,Ada,Remis,\n"),
    ],
)
def test_another_system_s_list_is_called_a_list(name, text):
    grader = given({name: text.encode("utf-16")})[2]
    assert [file.why for file in grader.unread] == ["strange_list"] and grader.rows() == []


def test_a_list_may_begin_with_the_line_that_tells_a_spreadsheet_its_separator():
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows(table(CANVAS))
    files, _, _ = given(
        {"g.csv": f"\ufeffsep=;\r\n{written.getvalue()}".encode(), "a_340934_55501_s.json": snapshot(2)}
    )
    head, _, ada, *_ = table(files["canvas.csv"].text, ";")
    assert head[0] == "Student" and float(ada[-1]) > 0


def test_names_match_however_accents_are_stored_and_scripts_part_them():
    here = ["Ana Pe\u0301rez", "李雷", "carla@x.org"]
    rows = ['"P\xe9rez, Ana",1,,,', '"雷, 李",2,,,', '"Roe, Carla",3,,carla@x.org,']
    canvas = "\n".join(["Student,ID,SIS User ID,SIS Login ID,Section", *rows])
    mail = {f"{i}.json": snapshot(i, name) for i, name in enumerate(here)}
    files, strange, _ = given({"g.csv": canvas.encode(), **mail})
    assert files["canvas.csv"].absent == () and strange == []


@pytest.mark.parametrize("heads", ["ID number,Department,Email address,Grade", "ID number,Grade,X,E-Mail-Adresse"])
def test_moodle_s_worksheet_may_have_the_address_in_any_column(heads):
    cells = ["7" if head == "ID number" else "ada@x.org" if "ail" in head else "" for head in heads.split(",")]
    text = f"Identifier,Full name,{heads}\nParticipant 11,Ada L.,{','.join(cells)}\n"
    files, strange, _ = given({"w.csv": text.encode(), "s.json": snapshot(2, "ADA@x.org")})
    assert files["moodle.csv"].absent == () and strange == []


def test_names_with_commas_are_parted_by_semicolons():
    files, strange, _ = given({"g.csv": CANVAS.encode()})
    (line,) = returning.said(COURSE, list(files.values()), strange)
    assert "Lovelace, Ada; Doe, Bo; Roe, Cy; Poe, Di" in line


def test_no_list_stops_the_grader():
    chance, files = random.Random(5), {}
    for i in range(300):
        text = chance.choice([CANVAS, MOODLE])
        a, b = sorted(chance.choices(range(len(text)), k=2))
        files[f"{i}.csv"] = (text[:a] + chance.choice(["", ",", '"', "\n", "\0", text[a:b] * 2]) + text[b:]).encode()
    found, _strange, grader = given(files | {"lovelaceada_340934_55501_s.json": snapshot(2)})
    assert len(found) + len(grader.unread) >= 300 and all(file.text for file in found.values())
    assert not any(flag.kind == "failed" for row in grader.rows() for flag in row.flags)


def test_two_of_one_name_are_told_apart_by_their_numbers_or_not_at_all():
    worksheet = MOODLE.replace("Cy", "Ada Lovelace")
    files, strange, _ = given({"w.csv": worksheet.encode(), "a.json": snapshot(2, "Lovelace, Ada")})
    assert [row[4] for row in table(files["moodle.csv"].text)[1:]] == ["", "5.00", ""] and strange == ["Lovelace, Ada"]


def test_of_several_files_the_one_with_the_most_points_counts():
    done, begun = exported(learner(4), "Ada", f"{4:032x}"), exported(native.start(), "Ada", f"{4:032x}")
    rows = given({"a/1.json": json.dumps(begun).encode(), "a/2.json": json.dumps(done).encode(), "a/3.json": b"{"})[
        2
    ].rows()
    by = {one.name: one for one in learners.learners(COURSE, rows)}
    assert by["Ada"].best.file == "a/2.json" and by["Ada"].score == points(4) and by["a/3.json"].score is None


# --- Gradescope --------------------------------------------------------------------------------------------------------


def test_gradescope_gets_a_test_for_each_part_and_the_sum_that_the_page_shows():
    grader = given({"s.json": snapshot(2), "v2_10_report.md": b"## Lab\n"})[2]
    found = json.loads(results.text(COURSE, learners.of(COURSE, grader.rows())))
    score = points(2)
    assert found["score"] == pytest.approx(score.points, abs=0.005) and found["output"] == report.points(COURSE, score)
    assert sum(test["score"] for test in found["tests"]) == pytest.approx(found["score"], abs=0.05)
    assert sum(test["max_score"] for test in found["tests"]) == score.most
    assert {test["status"] for test in found["tests"]} <= {"passed", "failed"}
    assert all(0 <= test["score"] <= test["max_score"] and test["name"] for test in found["tests"])


def test_gradescope_says_of_each_part_what_is_still_to_do():
    grader = given({"s.json": snapshot(2)})[2]
    found = json.loads(results.text(COURSE, learners.of(COURSE, grader.rows())))
    todo = {test["name"]: test["output"] for test in found["tests"]}
    assert todo[COURSE.at("report.score.parts.log")] == COURSE.at("report.score.next.log")
    assert {test["status"] for test in found["tests"] if not test["output"]} == {"passed"}
    assert {test["status"] for test in found["tests"] if test["output"]} == {"failed"}


def test_gradescope_is_told_why_nothing_counts_and_never_a_flag():
    grader = given({"v2_10_report.md": b"## Lab\n", "x.json": b"{"})[2]
    unread = gradebook.unread(COURSE, grader.unread)
    found = json.loads(results.text(COURSE, learners.of(COURSE, grader.rows()), unread))
    assert found["score"] == 0 and "v2_10_report.md" in found["output"] and "x.json" in found["output"]
    assert "nothing was judged" in found["output"]  # a 0 that Gradescope asks for, and no verdict
    forged = json.loads(snapshot(2))
    forged["predictions"][0]["option"] = "about_5"
    grader = given({"s.json": json.dumps(forged).encode()})[2]
    assert any(row.flags for row in grader.rows())
    assert "flag" not in results.text(COURSE, learners.of(COURSE, grader.rows()))


def test_what_the_grader_fails_at_is_no_learner_s_nought(tmp_path, monkeypatch, capsys):
    """Gradescope says that an autograder failed which leaves no results."""

    def fail(*about):
        raise RuntimeError("of the grader's own")

    monkeypatch.setattr(gradebook, "check", fail)
    (tmp_path / "s.json").write_bytes(b"{}")
    assert grade.main([str(tmp_path), "--gradescope", str(tmp_path / "results.json")]) == 1
    told = capsys.readouterr()
    assert "of the grader's own" in told.out and "failed" in told.err and not (tmp_path / "results.json").exists()


def test_what_is_said_names_no_file_that_is_not_written(tmp_path, capsys):
    """Two columns have the lab's name, so no list comes back; who is absent is absent on the list that was given."""
    twice = CANVAS.replace("Quiz 1 (77)", f"{TITLE} (77)")
    (tmp_path / "grades.csv").write_text(twice, encoding="utf-8")
    (tmp_path / "lovelaceada_340934_55501_s.json").write_bytes(snapshot(2))
    assert grade.main([str(tmp_path), "--points", str(tmp_path / "points")]) == 1
    told = capsys.readouterr()
    assert "canvas.csv" not in told.out and "(grades.csv)" in told.out and "Doe, Bo" in told.out
    assert str(tmp_path / "points") in told.err and not (tmp_path / "points").exists()
    one, other = (rosters.read(name, text) for name, text in (("a.csv", twice), ("b.csv", CANVAS)))
    files, _ = returning.returned(COURSE, [], [one, other])
    assert [file.name for file in files if file.text] == ["canvas.csv"]


def test_the_autograder_grades_as_gradescope_starts_it(tmp_path):
    """A folder as the specification says: source/, submission/, results/; the script is started in it."""
    settings = tmp_path / "class.toml"
    settings.write_text("[report.score.weights]\nlog = 5\n", encoding="utf-8")
    assert grade.main(["--autograder", str(tmp_path / "a.zip"), "--settings", str(settings)]) == 0
    home = tmp_path / "autograder"
    (home / "submission").mkdir(parents=True)
    (home / "results").mkdir()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
        assert all(archive.getinfo(name).external_attr >> 16 & stat.S_IXUSR for name in ("setup.sh", "run_autograder"))
        archive.extractall(home / "source")
    (home / "submission/v2_10_snapshot.json").write_bytes(snapshot(2))
    around = {**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "source/run_autograder"], cwd=home, env=around, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((home / "results/results.json").read_text(encoding="utf-8"))
    assert (
        sum(test["max_score"] for test in found["tests"])
        == points(2).most - COURSE.at("report.score.weights")["log"] + 5
    )
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert autograder.SETTINGS in archive.namelist()


def test_the_command_writes_what_course_systems_take_back(tmp_path, capsys):
    folder = tmp_path / "in/Ada_11_assignsubmission_file_"
    folder.mkdir(parents=True)
    (folder / "s.json").write_bytes(snapshot(2))
    (tmp_path / "in/worksheet.csv").write_text(MOODLE, encoding="utf-8")
    assert grade.main([str(tmp_path / "in"), "--points", str(tmp_path / "out/points")]) == 0
    assert table((tmp_path / "out/points/moodle.csv").read_text(encoding="utf-8"))[1][4]
    said = capsys.readouterr().out
    assert "Bo, Doe" in said and "Cy" in said
    (tmp_path / "other").mkdir()
    (tmp_path / "other/s.json").write_bytes(snapshot(2))
    assert grade.main([str(tmp_path / "other"), "--points", str(tmp_path / "none")]) == 0
    assert "Moodle" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_who_has_points_and_a_flag_is_named_for_each_list_that_has_them():
    """The list that is uploaded has no room for a flag, so it is said beside it."""
    forged = json.loads(snapshot(2))
    forged["predictions"][0]["option"] = "about_5"
    files, strange, _ = given(
        {
            "g.csv": CANVAS.encode(),
            "lovelaceada_340934_55501_s.json": json.dumps(forged).encode(),
            "doebo_340935_55502_s.json": snapshot(4),
        }
    )
    assert files["canvas.csv"].flagged == ("lovelaceada",)
    assert any(
        "Flagged, with points in canvas.csv" in line and "lovelaceada" in line
        for line in returning.said(COURSE, list(files.values()), strange)
    )
    made, strange, _ = given(
        {"lovelaceada_340934_55501_s.json": json.dumps(forged).encode()}
    )  # without the class's list
    assert made["canvas.csv"].flagged == ("lovelaceada",)
    clean, strange, _ = given({"g.csv": CANVAS.encode(), "doebo_340935_55502_s.json": snapshot(4)})
    assert "Flagged" not in "".join(returning.said(COURSE, list(clean.values()), strange))


def test_learners_of_a_system_without_numbers_on_the_list_are_found_by_their_names():
    """Brightspace's folders, and a Canvas list: the name that the system wrote is the one that is looked for."""
    files, strange, _ = given({"g.csv": CANVAS.encode(), "1-2 - Bo Doe - Nov 9, 2026 203 PM/s.json": snapshot(3)})
    bo = next(row for row in table(files["canvas.csv"].text) if row[1] == "340935")
    assert float(bo[-1]) == pytest.approx(20 * points(3).share, abs=0.005) and strange == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("submission_1/s.json", "Gradescope"),
        ("Lab_ada_attempt_2026-11-29-14-03-22_s.json", "Blackboard"),
        ("1-2 - Ada - Nov 9, 2026 203 PM/s.json", "Brightspace"),
    ],
)
def test_a_system_that_takes_no_list_is_named_and_what_is_for_it(tmp_path, capsys, path, said):
    file = tmp_path / "in" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(snapshot(2))
    assert grade.main([str(tmp_path / "in"), "--points", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err
    assert said in told and "--csv" in told and "worksheet" not in told and not (tmp_path / "out").exists()


def test_a_teacher_is_answered_in_the_language_that_they_ask_for(tmp_path, capsys):
    """What is said, the comment that goes back and the autograder's lines; the list keeps Moodle's own columns."""
    german = crew.courses(None, "de")[0]
    folder = tmp_path / "in/Ada_11_assignsubmission_file_"
    folder.mkdir(parents=True)
    (folder / "s.json").write_bytes(snapshot(2))
    (tmp_path / "in/worksheet.csv").write_text(MOODLE, encoding="utf-8")
    asked = ["--language", "de", "--points", str(tmp_path / "out")]
    assert grade.main([str(tmp_path / "in"), *asked]) == 0
    told = capsys.readouterr().out
    assert wording.fill(german.at("grading.report.absent"), {"file": "worksheet.csv"}) in told
    lines = table((tmp_path / "out/moodle.csv").read_text(encoding="utf-8"))
    assert lines[0] == table(MOODLE)[0] and report.points(german, points(2)) in lines[1][8]
    assert grade.main([str(tmp_path / "in"), "--language", "xx"]) == 1
    assert "'xx'" in capsys.readouterr().err
    assert grade.main(["--autograder", str(tmp_path / "a.zip"), "--language", "de"]) == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert b"--language de" in archive.read("run_autograder")


LIKE = f"""Student,ID,SIS User ID,SIS Login ID,Section,{TITLE} (88)
"Lovelace, Ada",1001,S1,ada,CS-1,
"Byron, Ada",1002,S2,aby,CS-1,
"García, José",1003,S3,jg,CS-1,
"Turing, Alan",1004,S4,turing,CS-1,
"""


@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize(
    ("signed", "listed"),
    [
        # The name is whose it is, and a login that others are called by tells nothing.
        ({"Ada Lovelace": 2, "Ada": 3}, {"1001": 2}),
        ({"Ada": 3}, {}),
        ({"aby": 3}, {"1002": 3}),
        ({"Jose Garcia": 4, "alan TURING": 5}, {"1003": 4, "1004": 5}),
        ({"José García": 4, "Jose Garcia": 5}, {"1003": 4}),
        ({"José Garcia": 4, "Jose García": 5}, {}),
        ({"Ada  Byron": 2, "aby": 3}, {"1002": 2}),
    ],
    ids=lambda value: " ".join(value),
)
def test_points_go_to_a_row_that_one_learner_alone_fits_in_whatever_order(signed, listed, turn):
    files = [(f"{name}.json", snapshot(seed, name)) for name, seed in signed.items()]
    random.Random(turn).shuffle(files)
    found, strange, _ = given({"g.csv": LIKE.encode(), **dict(files)})
    got = {row[1]: row[-1] for row in table(found["canvas.csv"].text)[1:] if row[-1] and row[1]}
    assert set(got) == set(listed)
    assert all(float(got[id]) == pytest.approx(points(seed).points, abs=0.005) for id, seed in listed.items())
    assert len(strange) == len(signed) - len(listed)


def test_names_on_the_list_are_believed_however_their_owners_sign():
    """Two whom Canvas calls alike, and one who changed the name and signs otherwise: their numbers are on the list."""
    files, strange, grader = given(
        {
            "g.csv": CANVAS.encode(),
            "week1/zhangwei_340934_55501_s.json": snapshot(2, "WZ 1"),
            "week1/zhangwei_340935_55502_s.json": snapshot(3, "Zac"),
            "week1/roecy_340936_55503_s.json": snapshot(4, "20231234"),
            "week2/kingcy_340936_55603_s.json": snapshot(5, "Countess"),
        }
    )
    got = {row[1]: row[-1] for row in table(files["canvas.csv"].text)[1:]}
    assert got["340934"] and got["340935"] and got["340936"] and strange == []
    assert not any(row.is_doubted for row in grader.rows())


def test_who_is_in_no_list_that_is_made_of_the_names_alone_is_named():
    files, strange, _ = given({"doebo_340935_55502_s.json": snapshot(3), "mail/eve.json": snapshot(4, "Eve")})
    assert "340935" in files["canvas.csv"].text and strange == ["Eve"]


def test_a_login_of_blackboard_s_is_found_on_the_list():
    files, strange, _ = given({"g.csv": CANVAS.encode(), "Lab 10_ada_attempt_2026-11-29-14-03-22_s.json": snapshot(2)})
    row = next(row for row in table(files["canvas.csv"].text) if row[1] == "340934")
    assert float(row[-1]) == pytest.approx(20 * points(2).share, abs=0.005) and strange == []


def test_a_worksheet_with_decimal_commas_gets_such():
    sheet = MOODLE.replace(
        '"Bo, Doe",bo@x.org,"No submission",5.00,20.00', '"Bo, Doe",bo@x.org,"No submission","5,00","12,50"'
    )
    files, _, _ = given({"w.csv": sheet.encode(), "Bo Doe_12_assignsubmission_file_/s.json": snapshot(2)})
    grade = table(files["moodle.csv"].text)[2][4]
    assert "." not in grade and float(grade.replace(",", ".")) == pytest.approx(12.5 * points(2).share, abs=0.005)


@pytest.mark.parametrize("language", ["de", "es", "zh"])
@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({}, "no_snapshot"),
        ({"s.json": 2}, "no_system"),
        ({"submission_1/s.json": 2}, "no_list_for"),
        (None, "no_folder"),
    ],
    ids=["nothing", "mail", "Gradescope", "no folder"],
)
def test_what_the_command_cannot_do_it_says_in_the_language_asked_for(tmp_path, capsys, language, files, key):
    course = next(one for one in SPOKEN if one.at("words.language") == language)
    folder = tmp_path / "in"
    if files is not None:
        folder.mkdir()
    for name, seed in (files or {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(snapshot(seed))
    grade.main([str(folder), "--language", language, "--points", str(tmp_path / "out")])
    said = {"place": str(folder), "systems": "Gradescope"}
    assert capsys.readouterr().err.strip() == wording.fill(course.at(f"grading.command.{key}"), said)


# --- What was hard -----------------------------------------------------------------------------------------------------


def test_what_was_hard_counts_wrong_answers_open_parts_and_limits_that_stayed():
    rows = [row for row in given({f"{i}.json": snapshot(i) for i in range(12)})[2].rows() if row.snapshot]
    found = dict(difficulty.hard(COURSE, rows))
    wrong = sum(row.snapshot["predictions"][0]["right"] is False for row in rows if row.snapshot["predictions"])
    assert wrong and found[f"{report.question_name(COURSE, 'act1.prediction')}: not right"] == wrong
    assert found[f"{report.part_name(COURSE, 'log')}: not there"] == len(rows)
    assert list(found.values()) == sorted(found.values(), reverse=True)
