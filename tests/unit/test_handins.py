"""What lies in a folder of hand-ins: every file becomes a row or is named, and none of them stops the grader."""

import csv
import html
import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handed import gradebook, grading, handins, learners, owners
from report import report
from state import store
from tests import lab as native
from tests.snapshots import GRADED, MONDAY, chained, exported, forged, learner
from tools import crew, grade

CLASS = int(
    os.environ.get("LAB_CLASS", "80")
)  # files; the largest that is promised to take no more than a minute is 1,000
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def snapshot():
    return json.dumps(exported(learner(4), "Zoë", f"{4:032x}"), ensure_ascii=False)


def packed(files, compression=zipfile.ZIP_DEFLATED):
    """A zip with these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def opened(name, data):
    """What comes out of a file: a text as its length, what isn't read as why."""
    found = handins.opened(name, data[: handins.most(data)])
    return {one.name: len(one.text) if isinstance(one, handins.Text) else one.why for one in found}


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_coding_that_editors_write_is_read(snapshot, coding):
    (found,) = handins.opened("a.json", snapshot.encode(coding))
    assert found == handins.Text("a.json", snapshot)


def test_what_is_no_unicode_is_read_all_the_same():
    (found,) = handins.opened("a.json", '{"name": "Zoë"}'.encode("latin-1"))
    assert found == handins.Text("a.json", '{"name": "Zoë"}')


@pytest.mark.parametrize(
    "name", ["a.json", "A.JSON", "a.json.txt", "a.json (1)", "a.Json.download", "a.txt", "a", "a.pdf"]
)
def test_a_snapshot_is_read_whatever_it_is_called(snapshot, name):
    assert opened(name, snapshot.encode()) == {name: len(snapshot)}


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("report.md", b"# Lab", "no_snapshot"),
        ("report.pdf", b"%PDF-1.7 {", "no_snapshot"),
        ("nothing", b"", "no_snapshot"),
        ("essay.docx", packed({"[Content_Types].xml": "x", "word/document.xml": "x"}), "no_snapshot"),
        ("._a.json", b"\0\5", "companion"),
        ("__MACOSX/x/._a.json", b"\0\5", "companion"),
        ("class.7z", b"7z\xbc\xaf", "archive"),
        ("class.tar.gz", b"\x1f\x8b", "archive"),
        ("class.zip", packed({}), "zip_empty"),
        ("class.zip", packed({"a.json": "{}"})[:60], "zip_broken"),
        ("class.zip", b"PK\x03\x04" + bytes(range(256)), "zip_broken"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # a zip has the time of its making in it
)
def test_what_is_not_read_is_named_with_the_reason(name, data, why):
    assert opened(name, data) == {name: why}


def test_zips_are_opened_and_zips_in_them(snapshot):
    learners = packed({"v2_10_snapshot.json": snapshot, "__MACOSX/._v2_10_snapshot.json": "x"})
    found = opened(
        "all.zip",
        packed({"a/": "", "a/s.json": snapshot, "b/in.zip": learners, "c/in.zip": packed({"d.zip": learners})}),
    )
    assert found == {
        "all.zip/a/s.json": len(snapshot),
        "all.zip/b/in.zip/v2_10_snapshot.json": len(snapshot),
        "all.zip/b/in.zip/__MACOSX/._v2_10_snapshot.json": "companion",
        "all.zip/c/in.zip/d.zip": "zip_deep",
    }


def test_an_empty_folder_in_a_zip_is_named_and_its_learner_has_a_row(snapshot):
    data = packed(
        {"Ada_1_assignsubmission_file_/s.json": snapshot, "Bo_2_assignsubmission_file_/": "", "a/": "", "a/b/": ""}
    )
    found = opened("all.zip", data)
    assert found["all.zip/Bo_2_assignsubmission_file_"] == found["all.zip/a/b"] == "folder_empty" and len(found) == 3
    assert opened("x.zip", packed({"a/": ""})) == {"x.zip": "zip_empty"}
    rows, _ = graded({"all.zip": data})
    assert [(row.owner.name, [flag.kind for flag in row.flags]) for row in rows] == [
        ("Ada", []),
        ("Bo", [grading.NOTHING]),
    ]


def test_two_files_of_one_name_in_a_zip_are_two(snapshot):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.json", snapshot)
        archive.writestr("a.json", "{}")
    assert list(opened("x.zip", made.getvalue()).values()) == [len(snapshot), 2]


def test_one_spoilt_file_in_a_zip_costs_no_other(snapshot):
    data = bytearray(packed({"a.json": snapshot, "b.json": snapshot}, zipfile.ZIP_STORED))
    data[100] ^= 1
    assert opened("x.zip", bytes(data)) == {"x.zip/a.json": "zip_broken", "x.zip/b.json": len(snapshot)}
    data = bytearray(packed({"a.json": snapshot, "b.json": snapshot}))
    index = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x01\x02"))
    data[index + 8] |= 1  # says that it has a password
    assert opened("x.zip", bytes(data)) == {"x.zip/a.json": "zip_locked", "x.zip/b.json": len(snapshot)}


def test_a_zip_that_unpacks_without_end_is_left(monkeypatch):
    monkeypatch.setattr(handins, "MOST_UNPACKED", 30_000_000)
    blank = packed({f"{i}.json": b" " * 20_000_000 for i in range(20)})
    start = time.process_time()
    found = opened("bomb.zip", packed({f"{i}.zip": blank for i in range(20)}))
    assert time.process_time() - start < 5
    assert (
        list(found.values()).count("zip_large") >= 19
        and max(v for v in found.values() if isinstance(v, int)) <= handins.MOST + 1
    )


def test_a_zip_of_endlessly_many_files_is_left(monkeypatch):
    monkeypatch.setattr(handins, "MOST_FILES", 50)
    assert list(opened("x.zip", packed({f"{i}.json": "{}" for i in range(60)})).values()) == [2] * 50 + ["zip_large"]
    monkeypatch.setattr(handins, "MOST_INDEX", 1000)
    assert opened("x.zip", packed({f"{i}.json": "{}" for i in range(60)})) == {"x.zip": "zip_large"}


def test_no_bytes_stop_the_opening(snapshot):
    """Every byte of a small zip changed, and every place at which it may be cut."""
    data = packed({"a.json": "{}", "b/in.zip": packed({"c.json": "[]"})})
    for place in range(len(data)):
        for made in (data[:place], data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]):
            list(handins.opened("x.zip", made))


@pytest.mark.parametrize(
    "page",
    [
        '<!DOCTYPE html><html><head><title>Ada</title></head><body><div class="no-overflow"><p>{}</p></div></body></html>',
        "<h1>KV cache: Lovelace, Ada</h1>\n<div>\n{}\n</div>",
    ],
)
def test_a_snapshot_that_was_typed_into_a_course_system_s_field_is_read(snapshot, page):
    lines = html.escape(json.dumps(json.loads(snapshot), indent=2, ensure_ascii=False)).split("\n")
    typed = "<br />".join(line.replace("  ", "&nbsp; ") for line in lines)
    for name in ("Ada_4711_assignsubmission_onlinetext_/onlinetext.html", "lovelaceada_4711_text.html"):
        (found,) = handins.opened(name, page.replace("{}", typed).encode())
        assert json.loads(found.text) == json.loads(snapshot)
    assert opened("a.html", page.replace("{}", "I did it").encode()) == {"a.html": "no_snapshot"}


def test_a_report_and_a_ledger_in_a_snapshot_s_place_are_called_by_their_names(tmp_path):
    state = learner(4)
    text = report.markdown(native.shipped(), state, GRADED)
    assert opened("v2_10_report.md", text.encode()) == {"v2_10_report.md": "report"}
    grader = gradebook.Grader(native.shipped(), GRADED)
    grader.take("ledger.json", b'{"track": null, "current_step": 10, "history": {"v2_10": {}}, "last_updated": null}')
    (row,) = grader.rows()
    assert "ledger" in row.flags[0].detail


# --- Who handed it in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "system", "number", "name"),
    [
        ("CS-A1/Ada Lovelace_4711_assignsubmission_file_/v2_10_snapshot.json", "Moodle", "4711", "Ada Lovelace"),
        ("Ada Lovelace_4711_assignsubmission_file_v2_10_snapshot.json", "Moodle", "4711", "Ada Lovelace"),
        ("a.zip/O'Neil, Jo_12_assignsubmission_onlinetext_/onlinetext.html", "Moodle", "12", "O'Neil, Jo"),
        ("Participant_77_assignsubmission_file_/in.zip/s.json", "Moodle", "77", "Participant"),
        ("submissions.zip/lovelaceada_340934_208490284_v2_10_snapshot.json", "Canvas", "340934", "lovelaceada"),
        ("lovelaceada_LATE_340934_208490284_v2_10_snapshot-1.json", "Canvas", "340934", "lovelaceada"),
        ("李小龍_340934_208490284_work.zip/v2_10_snapshot.json", "Canvas", "340934", "李小龍"),
        ("lovelaceada_340934_text.html", "Canvas", "340934", "lovelaceada"),
        ("สุดาใจดี_1236_56800_s.json", "Canvas", "1236", "สุดาใจดี"),
        ("शर्माअनिल_LATE_1237_56810_s.json", "Canvas", "1237", "शर्माअनिल"),
        ("pe\u0301rezana_1238_56820_s.json", "Canvas", "1238", "p\xe9rezana"),
        ("3ddave_1239_56830_s.json", "Canvas", "1239", "3ddave"),
        ("Zoe\u0308_4711_assignsubmission_file_/s.json", "Moodle", "4711", "Zo\xeb"),
        ("LATE_anon_Ab3dE_208490284_s.json", "Canvas", "Ab3dE", ""),
        ("assignment_99_export/submission_123456/v2_10_snapshot.json", "Gradescope", "123456", ""),
        ("Lab 10_ada_attempt_2026-11-29-14-03-22_s.json", "Blackboard", "Lab 10_ada", ""),
        ("g.zip/Lab_10_a_lovelace_attempt_2026-11-29-14-03-22.txt", "Blackboard", "Lab_10_a_lovelace", ""),
        (
            "4711-90210 - Ada Lovelace - Nov 29, 2026 203 PM/s.json",
            "Brightspace",
            "4711-90210 - Ada Lovelace",
            "Ada Lovelace",
        ),
        ("1-2 - Ada Lovelace- 29 November, 2026 203 PM/s.json", "Brightspace", "1-2 - Ada Lovelace", "Ada Lovelace"),
        ("1-2 - Ada Lovelace - 29 nov. 2026 1403/s.json", "Brightspace", "1-2 - Ada Lovelace", "Ada Lovelace"),
        ("x.zip/Submitted files/Ada Lovelace/Lab 10/Version 2/s.json", "Teams", "Ada Lovelace", "Ada Lovelace"),
        ("Lab 10/Ada Lovelace - v2_10_snapshot.json", "Google Classroom", "Ada Lovelace", "Ada Lovelace"),
        ("Jo-Ann O'Neil - v2_10_snapshot (1).json", "Google Classroom", "Jo-Ann O'Neil", "Jo-Ann O'Neil"),
        (
            "4711-90210 - Jo-Ann - Lee - Sept. 9, 2026 1103 AM/s.json",
            "Brightspace",
            "4711-90210 - Jo-Ann - Lee",
            "Jo-Ann - Lee",
        ),
    ],
)
def test_names_of_course_systems_tell_who_handed_a_file_in(path, system, number, name):
    owner = owners.of(path)
    assert (owner.system, owner.id, owner.name) == (system, number, name)


@pytest.mark.parametrize(
    "path",
    [
        "v2_10_snapshot.json",
        "Ada/v2_10_snapshot.json",
        "v2_10_snapshot (2).json",
        "2025_03_1999_ada.json",
        "hw_10_2_ada.json",
        "Lab_10_2026_ada.json",  # Canvas writes names in small letters
        "lab_03_2026_ada.json",  # and no number with a nought before it
        "my_attempt_2.json",
        "Lab 10 - v2_10_snapshot.json",
        "Submitted files/s.json",
        "my_attempt_2026-11-29_s.json",
        "lab 10 - Ada - Nov 29, 2026/s.json",
    ],
)
def test_other_names_tell_of_nobody(path):
    assert owners.of(path) is None


def graded(files):
    """The rows of a class and what was not read, from bytes by name."""
    grader = gradebook.Grader(native.shipped(), GRADED)
    for name, data in files.items():
        grader.take(name, data)
    return grader.rows(), grader.unread


@pytest.mark.parametrize(
    ("system", "paths"),
    [
        ("Blackboard", ("L_ada_attempt_2026-11-29-14-03-22_", "L_bo_attempt_2026-11-29-14-03-22_")),
        ("Brightspace", ("1-2 - Ada - Nov 29, 2026 203 PM/", "1-2 - Bo - Nov 29, 2026 203 PM/")),
    ],
)
def test_whose_unsigned_work_is_is_read_off_every_systems_names(system, paths):
    """Neither typed a name; one handed in twice, the other a report that isn't read."""
    ada, bo = paths
    again = ada.replace("29", "30")
    unsigned, more = (json.dumps(exported(learner(4), "", f"{n:032x}")) for n in (4, 5))
    rows, _ = graded(
        {f"{ada}s.json": unsigned.encode(), f"{again}s.json": more.encode(), f"{bo}report.md": b"## Lab\n"}
    )
    found = {learner.name: learner for learner in learners.learners(native.shipped(), rows)}
    assert len(rows) == 3 and len(found) == 2 and {row.owner.system for row in rows} == {system}
    (done,) = [one for one in found.values() if one.score]
    assert len(done.rows) == 2 and not any(row.flags for row in done.rows)
    (other,) = [one for one in found.values() if not one.score]
    assert [flag.kind for flag in other.rows[0].flags] == [grading.NOTHING]


def test_work_with_no_name_anywhere_is_remarked_and_a_signed_one_isnt():
    one, two = (json.dumps(exported(learner(n), "", f"{n:032x}")).encode() for n in (4, 5))
    signed = json.dumps(exported(learner(5), "Bo", f"{5:032x}")).encode()
    rows, _ = graded({"a.json": one, "1-2 - Cy - Nov 9, 2026 203 PM/c.json": one, "b.json": signed, "b2.json": two})
    nameless = native.shipped().at("grading.remarks.nameless")
    assert [row.file for row in rows if nameless in gradebook.remarks(native.shipped(), row)] == []
    rows, _ = graded({"a.json": one, "b.json": signed})
    assert [row.file for row in rows if nameless in gradebook.remarks(native.shipped(), row)] == ["a.json"]


@pytest.mark.parametrize(
    ("files", "people"),
    [
        # by Moodle and by mail, under the system's name or the one signed there
        ({"Ada Lovelace_11_assignsubmission_file_/s.json": "Ada Lovelace", "mail/s.json": "Lovelace, Ada"}, 1),
        ({"Ada Lovelace_11_assignsubmission_file_/s.json": "Ada", "mail/s.json": "Ada"}, 1),
        ({"w/lovelaceada_340934_55501_s.json": "Ada", "m/Ada Lovelace_11_assignsubmission_file_/s.json": "Ada"}, 1),
        # in two downloads, whose numbers may differ
        ({f"w{n}/Ada Lovelace_4{n}00_assignsubmission_file_/s.json": "Ada" for n in (1, 2)}, 1),
        ({"a.json": "Turing, Alan", "b.json": "Alan Turing"}, 1),
        ({"a.json": "", "b.json": "Alan Turing"}, 1),
        # Whoever hands in another's file is no one with them, whichever name is in it.
        ({"Ada Lovelace_11_assignsubmission_file_/s.json": "Ada", "Bo Doe_12_assignsubmission_file_/s.json": "Ada"}, 2),
        ({"Bo Doe_12_assignsubmission_file_/s.json": "Ada", "mail/s.json": "Ada"}, 2),
        ({"Ada Lovelace_11_assignsubmission_file_/s.json": "Ada", "mail/s.json": "Bo"}, 2),
        ({"a.json": "Ada", "b.json": "Bo"}, 2),
        # Two numbers of one download are two, though they are called alike; so are two whom the system doesn't name.
        ({f"w/Ada Lovelace_4{n}00_assignsubmission_file_/s.json": "Ada" for n in (1, 2)}, 2),
        ({f"w{n}/Participant_4{n}{m}_assignsubmission_file_/s.json": "Ada" for n in (1, 2) for m in (1, 2)}, 4),
        ({f"submission_{n}/s.json": "Ada" for n in (1, 2)}, 2),
        ({f"Submitted files/{name}/Lab/Version 1/s.json": "Ada Lovelace" for name in ("Ada Lovelace", "Bo Doe")}, 2),
        ({f"{name} - v2_10_snapshot.json": "Ada Lovelace" for name in ("Ada Lovelace", "Bo Doe")}, 2),
    ],
    ids=str,
)
def test_one_record_is_one_learner_s_by_name_and_a_friend_s_stays_the_friend_s(files, people):
    made = exported(learner(4), "", "4" * 32)
    rows, _ = graded({file: json.dumps({**made, "student_id": name}).encode() for file, name in files.items()})
    class_ = learners.learners(native.shipped(), rows)
    assert len(class_) == people
    same = {grading.SAME_RECORD, grading.TWO_NAMES}
    assert [any(flag.kind in same for flag in row.flags) for row in rows] == [people > 1] * len(rows)


def test_a_list_kept_as_a_spreadsheet_is_told_how_to_be_saved():
    data = packed({"[Content_Types].xml": "x", "xl/workbook.xml": "x"})
    assert opened("gradebook.xlsx", data) == {"gradebook.xlsx": "spreadsheet"}


@pytest.mark.parametrize(("apart_s", "is_hurried"), [(2, True), (38, True), (41, False), (600, False)])
def test_a_lab_that_is_clicked_through_in_two_minutes_is_remarked_and_never_flagged(apart_s, is_hurried):
    """Four questions: three spans between them, of which two minutes are left for nothing."""
    state, at = native.start("latency"), MONDAY
    for question in native.QUESTIONS[:4]:
        right = native.right_option(question, "latency")
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        state = native.after(state, store.OptionChosen(question, right), store.AnswerCommitted(question, stamp))
        at += timedelta(seconds=apart_s)
    (row,), _ = graded({"a.json": json.dumps(exported(state, "Ada", "a" * 32)).encode()})
    spent = 3 * apart_s
    assert any(f"within {spent} s" in remark for remark in gradebook.remarks(native.shipped(), row)) == is_hurried
    assert row.flags == ()


def test_nobody_vanishes_who_handed_in_something_else(snapshot):
    """One learner with a snapshot, and others with a report, a picture, an archive, an empty file, and macOS's notes."""
    files = {
        "x/Ada_1_assignsubmission_file_/S.JSON.txt": snapshot.encode("utf-16"),
        "x/Ada_1_assignsubmission_file_/notes.pdf": b"%PDF-1.7",
        "x/Bo_2_assignsubmission_file_/v2_10_report.md": b"## Lab\n",
        "x/Cy_3_assignsubmission_file_/screen.png": b"\x89PNG",
        "x/Cy_3_assignsubmission_file_/more.png": b"\x89PNG",
        "x/Di_4_assignsubmission_file_/all.7z": b"7z\xbc\xaf",
        "x/Ed_5_assignsubmission_file_/v2_10_snapshot.json": b"",
        "x/Fa_6_assignsubmission_onlinetext_/onlinetext.html": b"<p>see my mail</p>",
        "__MACOSX/x/._Gu_7_assignsubmission_file_": b"\0\5",
    }
    rows, unread = graded(files)
    assert {row.owner.name for row in rows} == {"Ada", "Bo", "Cy", "Di", "Ed", "Fa"} and len(rows) == 6
    flags = {row.owner.name: [flag.kind for flag in row.flags] for row in rows}
    assert flags == {
        "Ada": [],
        "Ed": [grading.UNREADABLE],
        **{name: [grading.NOTHING] for name in ("Bo", "Cy", "Di", "Fa")},
    }
    assert {file.name for file in unread} | {
        row.file for row in rows if row.owner.name in ("Ada", "Ed")
    } == files.keys()
    table = list(csv.DictReader(io.StringIO(gradebook.csv_text(native.shipped(), rows))))
    assert [(row["handed_in_by"], row["number_in_the_course_system"]) for row in table] == [
        (name, str(number)) for number, name in enumerate(("Ada", "Bo", "Cy", "Di", "Ed", "Fa"), start=1)
    ]


def test_anothers_record_beside_ones_own_is_flagged_and_a_second_of_ones_own_remarked(snapshot):
    """Bob hands in Ana's work beside his own; Eve began anew on another device, and her course system turns her name round."""
    own, other = json.loads(snapshot), json.loads(snapshot)
    other["metadata"] = {**other["metadata"], "record": "f" * 32}
    signed = {
        ("Bob", "Bob"): own,
        ("Bob", "Ana"): other,
        ("Lovelace Eve", "Eve Lovelace"): own,
        ("Lovelace Eve", ""): other,
    }
    files = {
        f"{owner}_{len(owner)}_assignsubmission_file_/{i}.json": json.dumps({**made, "student_id": name}).encode()
        for i, ((owner, name), made) in enumerate(signed.items())
    }
    rows, _ = graded(files)
    found = {row.file.partition("_")[0]: [] for row in rows}
    for row in rows:
        found[row.file.partition("_")[0]].append(
            (grading.ANOTHERS in [flag.kind for flag in row.flags], len(row.besides))
        )
    assert found == {"Bob": [(True, 0)] * 2, "Lovelace Eve": [(False, 1)] * 2}


def test_who_left_only_macos_notes_has_a_row_that_says_so():
    rows, _ = graded(
        {"Ana_139_assignsubmission_file_/._v2_10_snapshot.json": b"x", "._Bo_140_assignsubmission_file_a.json": b"x"}
    )
    assert [(row.owner.name, [flag.kind for flag in row.flags]) for row in rows] == [("Ana", [grading.NOTHING])]


@pytest.mark.parametrize("first", [b"7z\xbc\xaf\x27\x1c\0\4", b"Rar!\x1a\x07\0"])
def test_an_archive_of_another_kind_is_one_whatever_it_is_called(first):
    assert [found.why for found in handins.opened("work.zip", first + b"x" * 99)] == ["archive"]


def test_one_file_handed_in_by_two_is_flagged_though_the_name_in_it_is_one(snapshot):
    data = snapshot.encode()
    names = ("Ada_1_assignsubmission_file_/s.json", "Bo_2_assignsubmission_file_/s.json")
    rows, _ = graded(dict.fromkeys(names, data))
    assert [[flag.kind for flag in row.flags] for row in rows] == [[grading.SAME_RECORD]] * 2
    again = ("Ada_1_assignsubmission_file_/s.json", "Ada_1_assignsubmission_file_/s-1.json")
    rows, _ = graded(dict.fromkeys(again, data))
    assert [row.flags for row in rows] == [(), ()] and all(row.again for row in rows)


@pytest.mark.parametrize(
    ("name", "signed", "another"),
    [
        ("Thief", "Zoë Müller-Østergård", True),
        ("Bob Ross", "Ada", True),
        ("lovelaceada", "Bo Doe", True),
        ("李明", "王小明華", True),
        ("Zoë Müller-Østergård", "Zoe Ostergard", False),
        ("Łukasz Đorđević", "djordjevic, LUKASZ", False),
        ("Lovelace Ada", "Ada Lovelace", False),
        ("lovelaceada", "Ada", False),
        ("Ada Lovelace", "alovelace@x.org", False),
        ("Alexander Roe", "Alex", False),
        ("Bo Doe", "Bo", False),
        ("Ada Lovelace", "A. L.", False),
        ("Ada Lovelace", "B00712345", False),  # a number
        ("李明", "Li Ming", False),  # in another script
        ("Ada Lovelace", "", False),
        ("", "Ada", False),
    ],
)
def test_who_signed_as_another_is_told_from_who_writes_a_name_otherwise(name, signed, another):
    assert owners.is_another(name, signed) == another


def test_anothers_file_is_remarked_with_both_names_and_comes_before_the_unfinished(snapshot):
    """Whose own hand-in isn't there; and where Moodle keeps the names from who grades, all are called alike."""
    files = {
        "Ada_1_assignsubmission_file_/s.json": "Ada L.",
        "Thief_2_assignsubmission_file_/s.json": "Zoë",
        "Participant_3_assignsubmission_file_/s.json": "Bo",
        "Participant_4_assignsubmission_file_/s.json": "Cy",
    }
    rows, _ = graded(signed(snapshot, **files))
    said = {
        row.file.split("_")[1]: " ".join(gradebook.remarks(native.shipped(), row)).count("Thief, signed Zoë")
        for row in rows
    }
    assert said == {"1": 0, "2": 1, "3": 0, "4": 0} and [row.is_anothers for row in rows].count(True) == 1
    assert gradebook.first(replace(row, flags=()) for row in rows)[0].owner.name == "Thief"


def signed(text, **names):
    """Files by name, each with a record of its own and signed by somebody."""
    made = {}
    for i, (file, name) in enumerate(names.items()):
        one = json.loads(text)
        one["student_id"], one["metadata"]["record"] = name, f"{i:032x}"
        made[file] = json.dumps(one).encode()
    return made


@pytest.mark.parametrize(
    "files",
    [
        {"lab_10_2026_ada.json": "Ada", "lab_10_2026_bo.json": "Bo"},
        {"lab_10_2026_ada.json": "Ada"},
        {"ada_10_2026_final.json": "Ada", "bo_10_2026_final.json": "Bo"},
        {"ada_20261129_1145_x.json": "", "bo_20261129_1500_x.json": ""},
        {"kv_10_340934_s.json": "Ada", "kv_10_340935_s.json": "Bo"},
        {"kv_340934_2026_s.json": "Ada", "kv_340935_2027_s.json": "Bo"},
        {"one_4711_2026_s.json": "Ada", "two_4712_2026_s.json": "Bo"},
        {"a/lab_4711_1130_s.json": "Ada", "b/lab_4711_1130_s.json": "Bo"},
    ],
    ids=lambda files: " ".join(files),
)
def test_who_writes_names_like_canvas_s_is_not_canvas(snapshot, files):
    """Home-made names of Canvas's form: everybody is a learner of their own, by the name inside, and the doubt is said."""
    made = signed(snapshot, **files)
    rows, _ = graded(made)
    class_ = learners.learners(native.shipped(), rows)
    assert [row.owner for row in rows] == [None] * len(files)
    assert sorted(one.name for one in class_) == sorted(name or file for file, name in files.items())
    assert all(any("Canvas" in said for said in gradebook.remarks(native.shipped(), row)) for row in rows)
    rows, _ = graded(dict.fromkeys(files, b"{") | {"report_10_2026_x.md": b"## Lab\n"})
    assert len(rows) == len(files)


@pytest.mark.parametrize(
    "files",
    [
        {"lovelaceada_340934_55501_s.json": "", "doebo_LATE_340935_55502_s.json": ""},
        {"lovelaceada_340934_55501_s.json": "Countess", "doebo_LATE_340935_55502_s.json": "Robert"},
        {"lovelaceada_340934_55501_s.json": "Ada", "lovelaceada_LATE_340934_55502_s.json": "Bo"},
        {
            "lovelaceada_3_1501_s.json": "Ada L.",
            "doebo_LATE_4_1502_s.json": "",
            "roecy_5_1503_s.json": "",
            "x.json": "",
        },
        {"wubo_17_1501_s.json": "Wu Bo", "李小龍_18_1502_s.json": "小龍"},
        {"lovelaceada_2026_1501_s.json": "ada@x.org"},
        {"lovelaceada_17_1501_s.json": "", "doebo_18_text.html": ""},
    ],
    ids=lambda files: " ".join(files),
)
def test_canvas_s_own_names_are_believed(snapshot, files):
    """Long numbers whatever a learner signs with, another's work beside one's own, and a young Canvas with short numbers."""
    rows, _ = graded(signed(snapshot, **files))
    assert all((row.owner is None) == (row.file == "x.json") for row in rows) and not any(
        row.is_doubted for row in rows
    )


def test_a_group_s_file_is_in_canvas_s_download_for_each_of_it(snapshot):
    data = snapshot.encode()
    rows, _ = graded({"lovelaceada_340934_55501_s.json": data, "doebo_340935_55501_s.json": data})
    assert [row.owner.name for row in rows] == ["doebo", "lovelaceada"]


def test_gradescope_s_list_names_those_who_handed_in(snapshot):
    listing = (
        "---\nsubmission_7:\n  :submitters:\n  - :name: Ada Lovelace\n    :sid: '100'\n  - :name: Bo\n  :score: 1\n"
    )
    files = {
        "x/submission_7/s.json": snapshot.encode(),
        "x/submission_metadata.yml": listing.encode(),
        "other.csv": b"a,b",
    }
    rows, unread = graded(files)
    assert [row.owner.name for row in rows] == ["Ada Lovelace, Bo"] and [file.name for file in unread] == ["other.csv"]


def worn(i, text):
    """A snapshot as the i-th learner may hand it in: path and bytes, by what course systems, computers and mail make of it."""
    data = text.encode(("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32")[i // 10 % 5])
    moodle = f"S {i}_{1000 + i}_assignsubmission_file_"
    inside = {
        "hand in/v2_10_snapshot.json": data,
        "__MACOSX/hand in/._v2_10_snapshot.json": "x",
        "hand in/notes.md": "# Lab",
    }
    page = "<p>" + html.escape(text).replace("\n", "<br>") + "</p>"
    return (
        (f"{moodle}/v2_10_snapshot.json", data),
        (f"{moodle}/V2_10_SNAPSHOT.JSON", data),
        (f"{moodle}/v2_10_snapshot.json.txt", data),
        (f"{moodle}/work.zip", packed(inside)),
        (f"canvas.zip/s{i}_{1000 + i}_{20000 + i}_v2_10_snapshot.json", data),
        (f"s{i}_LATE_{1000 + i}_{20000 + i}_work.zip", packed({"in.zip": packed({"a.json": data})})),
        (f"by mail/S {i}/a/b/c/snapshot", data),
        (f"{moodle.replace('file', 'onlinetext')}/onlinetext.html", page.encode()),
        (f"{moodle}/v2_10_report.md", b"## Lab\n"),
        (f"{moodle}/v2_10_snapshot.json", (b"", data[:900], bytes(300), os.urandom(500))[i // 10 % 4]),
    )[i % 10]


def test_of_a_class_in_all_shapes_everybody_is_in_the_table():
    base = [exported(learner(i), "x", f"{i:032x}") for i in range(8)]
    grader, start = gradebook.Grader(native.shipped(), GRADED), time.process_time()
    for i in range(CLASS):
        made = forged(
            base[i % 8], lambda s, i=i: (s.update(student_id=f"S {i}"), s["metadata"].update(record=f"{i:032x}"))
        )
        chained(made)
        grader.take(*worn(i, json.dumps(made, indent=i // 10 % 2 or None)))
    rows = grader.rows()
    spent = time.process_time() - start
    readable = {row.snapshot["student_id"] for row in rows if row.snapshot}
    assert readable == {f"S {i}" for i in range(CLASS) if i % 10 < 8}
    assert {row.owner.id for row in rows if row.owner} == {str(1000 + i) for i in range(CLASS) if i % 10 != 6}
    assert len(rows) == CLASS and not any(flag.kind == grading.FAILED for row in rows for flag in row.flags)
    assert spent <= 60


def test_many_hands_find_what_one_finds_and_lose_nothing(monkeypatch):
    """Of a class whose work is all different each design is simulated, on whichever core is free."""
    monkeypatch.setattr(crew, "ALONE", 2)
    made = [json.dumps(exported(learner(i), f"S {i}", f"{i:032x}")) for i in range(8)]
    made[3], made[5] = made[3].replace('"right": true', '"right": false'), made[5][:700]
    one, many = gradebook.Grader(native.shipped(), GRADED), crew.Grader(GRADED, None, hands=2)
    for i, text in enumerate(made):
        for grader in (one, many):
            grader.take(f"{i}.json", text.encode())
    assert len(many.pending) == 6
    assert many.rows() == one.rows() and many.rows() == one.rows()


def test_what_a_dead_hand_leaves_is_done_by_the_first(monkeypatch):
    monkeypatch.setattr(crew, "ALONE", 1)
    monkeypatch.setattr(crew, "_begin", os._exit)  # as if the system had ended it
    text = json.dumps(exported(learner(2), "Ada", "2"))
    grader = crew.Grader(GRADED, None, hands=2)
    for i in range(4):
        grader.take(f"{i}.json", text.encode())
    assert [row.snapshot["student_id"] for row in grader.rows()] == ["Ada"] * 4


# --- A folder ----------------------------------------------------------------------------------------------------------


def command(*arguments):
    """The grader as people start it: a pipe that it waits for is a failure and not a test that never ends."""
    called = [sys.executable, "-m", "tools.grade", *map(str, arguments)]
    around = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(called, cwd=ROOT, env=around, capture_output=True, text=True, encoding="utf-8", timeout=120)


def test_everything_in_a_folder_is_a_row_or_named(tmp_path, snapshot):
    folder = tmp_path / "class"
    (folder / "a").mkdir(parents=True)
    (folder / "a/s.json").write_text(snapshot, encoding="utf-8")
    (folder / "a/s.md").write_text("# Lab")
    (folder / "empty.json").write_text("")
    (folder / "large.json").write_text("[" * 2_100_000)
    (folder / "folder.json/deep").mkdir(parents=True)
    (folder / "folder.json/deep/s.json").write_text(snapshot, encoding="utf-8")
    (folder / "none.json").mkdir()
    (folder / "nobody").mkdir()
    (folder / "nowhere.json").symlink_to("gone")
    (folder / "round.json").symlink_to("round.json")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(os.path.relpath(folder / "socket.json"))
    Path(os.fsdecode(os.fsencode(folder) + b"/M\xfcller.json")).write_text(snapshot, encoding="utf-8")
    (folder / "\x1b[2J.json").write_text("{")
    (folder / "all.zip").write_bytes(packed({"z.json": snapshot, "notes.txt": "x"}))
    done = command(folder, "--csv", tmp_path / "class.csv")
    assert done.returncode == 0 and done.stderr == ""
    table = list(csv.DictReader(io.StringIO((tmp_path / "class.csv").read_text(encoding="utf-8-sig"))))
    read = {row["file"] for row in table if row["student"] == "Zoë"}
    assert read == {"a/s.json", "folder.json/deep/s.json", "M\\xfcller.json", "all.zip/z.json"}
    unreadable = {row["file"]: row["flags"] for row in table if row["file"] not in read}
    assert unreadable.keys() == {
        *(
            "empty.json",
            "large.json",
            "none.json",
            "nowhere.json",
            "round.json",
            "pipe.json",
            "zero.json",
            "socket.json",
        ),
        "\\x1b[2J.json",
    }
    assert all(flags.startswith("can't be read: ") for flags in unreadable.values())
    for name in ("a/s.md", "nobody", "up", "all.zip/notes.txt"):
        assert f"  {name}: " in done.stdout
    assert "\x1b" not in done.stdout


def test_a_file_that_may_not_be_opened_is_named(tmp_path, snapshot, monkeypatch):
    (tmp_path / "a.json").write_text(snapshot, encoding="utf-8")

    def refuse(*about):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert grade.data_of(tmp_path / "a.json") == ("refused", "Permission denied")


def test_a_folder_as_deep_as_a_path_may_be(tmp_path, snapshot):
    place, made = tmp_path, []
    while len(str(place)) < 3900:
        place /= "d"
        place.mkdir()
        made.append(place)
    (place / "s.json").write_text(snapshot, encoding="utf-8")
    assert list(grade.below(tmp_path)) == [place / "s.json"] and len(made) > 1000
    (place / "s.json").unlink()
    for place in reversed(made):  # whoever sweeps up after the tests may not get so deep
        place.rmdir()


def test_one_zip_may_be_named_in_a_folder_s_place(tmp_path, snapshot):
    (tmp_path / "all.zip").write_bytes(packed({"z.json": snapshot}))
    done = command(tmp_path / "all.zip", "--csv", tmp_path / "class.csv", "--semicolon")
    assert done.returncode == 0
    assert '"all.zip/z.json";"";"";"Zoë";"latency"' in (tmp_path / "class.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "gone"])
def test_nothing_to_grade_is_said_in_a_sentence(tmp_path, name):
    (tmp_path / "notes.txt").write_text("x")
    done = command(tmp_path / name)
    assert done.returncode == 1 and "Traceback" not in done.stderr and str(tmp_path) in done.stderr
    assert name or "notes.txt: no snapshot" in done.stdout


def test_a_table_that_can_not_be_written_costs_no_summary(tmp_path, snapshot):
    (tmp_path / "a.json").write_text(snapshot, encoding="utf-8")
    done = command(tmp_path, "--csv", tmp_path / "no/such/folder.csv")
    assert done.returncode == 1 and "Hand-ins: 1." in done.stdout and "folder.csv" in done.stderr
