"""The grader: a class of three hundred in which it finds those that were tampered with and no other."""

import copy
import csv
import io
import json
import os
import random
import sys
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import acts
from acts.promises import actions as design_actions
from acts.promises import now, serving
from content import wording
from engine import PhysicsError
from handed import gradebook, grading, handins, learners, marker, owners, scores
from record import ledger
from report import report
from runs import jobs
from state import store
from tests import lab as native
from tests.snapshots import GRADED, ONE_GPU, chained, event, exported, forged, learner, played, told

CLASS = 300
MUTATIONS = int(os.environ.get("LAB_MUTATIONS", "400"))  # of whole snapshots; a long hour takes 20,000


def grade(files, now):
    """The rows of files that are at hand as texts by name."""
    grader = gradebook.Grader(native.shipped(), now)
    for name, text in files.items():
        grader.take(name, text.encode("utf-8", "surrogatepass"))
    return grader.rows()


def number(seed):
    """A record's number, as the page would draw it."""
    return f"{random.Random(seed).getrandbits(128):032x}"


def file(i):
    return f"student{i:03}/v2_10_snapshot.json"


def whole(seed, context="latency"):
    """The snapshot of a learner who finished, broke something and recorded a design."""
    while True:
        state = learner(seed, context)
        kinds = {fact["kind"] for fact in store.facts(state)}
        if kinds == {"answered", "recorded", "broke", "mended"} and store.answer(state, "act2.reflection"):
            return exported(state, f"Student {seed}", number(seed))
        seed += 1000


# --- What a forger may do: each leaves something that doesn't fit. The kind that has to be found is named beside it. ---


def other_option(option):
    return next(other for other in native.option_ids("act1.prediction") if other != option)


def option_in_the_list(made):
    made["predictions"][0]["option"] = other_option(made["predictions"][0]["option"])


def option_in_the_chain(made):
    fact = event(made, "answered", "act1.prediction")
    fact["option"] = other_option(fact["option"])


def verdict(made):
    for entry in (*made["predictions"], event(made, "revealed")):
        entry["right"] = not entry["right"]
    chained(made)


def engine_number(made):
    made["predictions"][0]["engine"]["users"] += 1


def field(made):
    made["result_snapshot"]["ttft_ms"] *= 0.5


def correct_flag(made):
    made["result_snapshot"]["act1_correct"] = not made["result_snapshot"]["act1_correct"]


def better_result(made):
    event(made, "recorded")["result"]["a"]["ttft_p99_s"] *= 0.9
    chained(made)


def other_settings(made):
    event(made, "recorded")["settings"]["b"]["load"] += 0.5
    chained(made)


def impossible_settings(made):
    run = event(made, "recorded")["settings"]["b"]
    run["max_batch"] = 4096
    result = serving.run(native.shipped(), serving.RunRequest(**run))
    event(made, "recorded")["result"]["b"] = {"state": "ok", **serving.figures(result)}
    chained(made)


def easier_scenario(made):
    event(made, "answered", "act1.prediction")["scenario"]["context_tokens"] = 2048
    chained(made)


def never_broke(made):
    broke = event(made, "broke")
    broke |= {"kind": "mended", "failure": "ok"}
    chained(made)


def failure_left_out(made):
    links = made["metadata"]["consistency_check"]["links"]
    links.remove(next(link for link in links if link["event"]["kind"] == "broke"))


def answer_left_out(made):
    chained(made, [e for e in told(made) if e.get("question") != "act1.reflection"])


def links_swapped(made):
    links = made["metadata"]["consistency_check"]["links"]
    links[0], links[1] = links[1], links[0]


def other_number(made):
    made["metadata"]["record"] = number(9_998)


def exported_tomorrow(made):
    made["metadata"]["exported_at"] = "2025-03-10T12:00:00.000Z"


def exported_before(made):
    made["metadata"]["exported_at"] = "2025-03-01T12:00:00.000Z"


def all_at_once(made):
    at = told(made)[0]["at"]
    for one in told(made):
        one["at"] = at
    chained(made)


def design_first(made):
    recorded = event(made, "recorded")
    recorded["at"] = told(made)[0]["at"]
    chained(made, [recorded, *(e for e in told(made) if e is not recorded)])


def other_lab(made):
    made["metadata"]["lab_id"] = "v2_09"


FORGERIES = [
    (option_in_the_list, grading.SECTIONS),
    (option_in_the_chain, grading.CHANGED),
    (verdict, grading.NUMBERS),
    (engine_number, grading.NUMBERS),
    (field, grading.NUMBERS),
    (correct_flag, grading.NUMBERS),
    (better_result, grading.NUMBERS),
    (other_settings, grading.NUMBERS),
    (impossible_settings, grading.IMPOSSIBLE),
    (easier_scenario, grading.IMPOSSIBLE),
    (never_broke, grading.NUMBERS),
    (failure_left_out, grading.CHAIN),
    (answer_left_out, grading.SECTIONS),
    (links_swapped, grading.CHAIN),
    (other_number, grading.CHAIN),
    (exported_tomorrow, grading.TIMES),
    (exported_before, grading.TIMES),
    (all_at_once, grading.TIMES),
    (design_first, grading.TIMES),
    (other_lab, grading.UNREADABLE),
]


@pytest.fixture(scope="module")
def runs():
    return grading.Runs(native.shipped())


@pytest.fixture(scope="module")
def honest():
    return whole(2)


def kinds(runs, text):
    return {flag.kind for flag in grading.check(native.shipped(), runs, "a.json", text, GRADED).flags}


def test_an_honest_file_has_no_flag(runs, honest):
    assert kinds(runs, json.dumps(honest)) == set()


def gamer(points, at="2025-03-01T08:00:00.000Z"):
    """A learner's snapshot who has played before the lab, and again after it."""
    state = played(played(learner(2), "queue", points, at), "wall", points - 1, "2025-03-06T20:00:00.000Z", seed=7)
    return exported(state, "Ada", number(1))


def test_games_before_and_after_the_lab_are_no_flag_and_take_no_minutes(runs, honest):
    checked = [
        grading.check(native.shipped(), runs, "a.json", json.dumps(made), GRADED) for made in (gamer(700), honest)
    ]
    assert not any(one.flags for one in checked)
    assert (ledger.best(checked[0].facts, "queue") or {})["points"] == 700
    column = native.shipped().at("grading.columns.minutes")
    with_games, without = (gradebook.cells(native.shipped(), one)[column] for one in checked)
    assert with_games == without > 0


@pytest.mark.parametrize("change", [{"points": 10**7}, {"level": "none"}, {"seed": 0}, {"moves": []}])
def test_a_game_that_no_level_brings_is_found(runs, change):
    made = gamer(700)
    event(made, "played").update(change)
    chained(made)
    assert grading.IMPOSSIBLE in kinds(runs, json.dumps(made))


def test_a_better_score_written_into_the_file_is_found(runs):
    made = gamer(700)
    event(made, "played")["points"] = 701
    assert kinds(runs, json.dumps(made)) >= {grading.CHAIN, grading.CHANGED}


@pytest.fixture(scope="module")
def written():
    """A whole snapshot with everything that a learner may write in it."""
    state = learner(next(seed for seed in range(2, 5000, 1000) if whole(seed)), "latency")
    for name in report.TEXTS:
        state = native.after(state, store.TextWritten(name, f"Because 3.5 GiB are {name}.", "2025-03-06T20:00:00.000Z"))
    return exported(state, "Ada", number(1))


def test_an_honest_file_whose_run_the_engine_refuses_has_no_flag(runs, honest, monkeypatch):
    """Rounding to whole blocks can cost a server its last one: the page keeps what is known without the run."""
    state = native.walked(until=3)
    asked = now.request(native.shipped(), state, "a")

    def run(about, request):
        if request.seed == 7 and request.policy == asked.policy:
            raise PhysicsError("no block is left")
        return serving.run(about, request)

    monkeypatch.setattr(jobs, "do", run)
    state = native.after(state, store.ControlMoved("act2.seed", 7))
    for side in serving.SIDES:
        request = now.request(native.shipped(), state, side)
        result = jobs.refused(native.shipped(), request) if request.policy == asked.policy else native.ran(request)
        state = native.after(state, store.RunFinished(request, result, "2026-01-02T04:04:05.678Z"))
    state = native.after(state, design_actions.DesignRecorded("2026-01-02T04:04:06.678Z"))
    made = exported(state, "Ada", number(1))
    assert "kv" in {fact["failure"] for fact in store.facts(state) if fact["kind"] == "broke"}
    checked = grading.check(
        native.shipped(), grading.Runs(native.shipped()), "a.json", json.dumps(made), "2026-01-03T00:00:00Z"
    )
    assert [flag for flag in checked.flags if flag.kind != grading.TIMES] == []  # this learner answers in no time


def test_weights_that_do_not_fit_are_told_by_their_own_sizes_and_as_an_earlier_version_did(runs):
    state = native.after(native.walked(until=3), store.ControlMoved("act2.gpus", 1))
    for side, request in now.sides(native.shipped(), state).items():
        at = f"2026-01-02T04:04:0{serving.SIDES.index(side)}.678Z"
        state = native.after(state, store.RunFinished(request, native.ran(request), at))
    made = exported(state, "Ada", number(1))
    broke = event(made, "broke")
    plan = serving.memory(native.shipped(), serving.RunRequest(**broke["request"]))
    assert broke["numbers"] == {"needs": plan["weights_bytes"], "has": plan["usable_bytes"]}

    def flags(snapshot):
        text = json.dumps(snapshot)
        found = grading.check(native.shipped(), runs, "a.json", text, "2026-01-03T00:00:00Z").flags
        return {flag.kind for flag in found} - {grading.TIMES}  # this learner answers in no time

    def sized(snapshot, **sizes):
        event(snapshot, "broke")["numbers"] = sizes
        snapshot["binding_constraints"][0] |= sizes
        chained(snapshot)

    earlier = forged(made, lambda s: sized(s, needs=plan["kv_needs"], has=plan["kv_has"]))
    wrong = forged(made, lambda s: sized(s, needs=plan["kv_needs"], has=plan["usable_bytes"]))
    assert flags(made) == flags(earlier) == set() and grading.NUMBERS in flags(wrong)


def test_an_export_before_the_runs_are_there_has_no_flag(runs):
    state = learner(2)
    made = exported(replace(state, results={}), "Ada", number(1))
    assert "figures" in made["incomplete_fields"] and made["predictions"][1]["right"] is None
    early, late = (
        grading.check(native.shipped(), runs, "a.json", json.dumps(one), GRADED)
        for one in (made, exported(state, "Ada", number(1)))
    )
    assert not early.flags
    assert early.snapshot == late.snapshot and early.snapshot["predictions"][1]["right"] is not None  # they are now


def test_an_export_that_knows_the_measured_row_s_prediction_has_no_flag(runs, written):
    state = native.settled(learner(2), "2025-03-06T20:00:00.000Z")
    made = exported(state, "Ada", number(1))
    assert made["evidence_summary"] != exported(learner(2), "Ada", number(1))["evidence_summary"]
    assert kinds(runs, json.dumps(made)) == set()
    made["evidence_summary"][2] = made["evidence_summary"][2].replace("1", "2")
    assert kinds(runs, json.dumps(made)) == {grading.NUMBERS}


def before_reasons(made):
    """A snapshot as the page wrote it before it asked for what was rejected and what would change the decision."""
    made["metadata"]["schema"] = 1
    made["decisions"] = [entry for entry in made["decisions"] if entry["kind"] in ("log", "design")]
    made["incomplete_fields"] = [part for part in made["incomplete_fields"] if part not in ("alternative", "revision")]


def test_a_snapshot_of_the_version_before_has_no_flag(runs, honest, written):
    for made in (honest, written):
        assert kinds(runs, json.dumps(forged(made, before_reasons))) == set()
    assert "alternative" in honest["incomplete_fields"] and "alternative" not in written["incomplete_fields"]
    mixed = forged(written, lambda s: s["metadata"].update(schema=1))  # that version wrote no such texts
    assert kinds(runs, json.dumps(mixed)) == {grading.SECTIONS}


def test_one_gpu_may_be_plural_as_before(runs):
    state = native.after(native.walked(until=3), *(store.ControlMoved(*move) for move in ONE_GPU))
    for i, request in enumerate(now.sides(native.shipped(), state).values()):
        state = native.after(state, store.RunFinished(request, native.ran(request), f"2026-01-02T04:04:0{i}.678Z"))
    state = native.after(state, design_actions.DesignRecorded("2026-01-02T04:04:06.678Z"))
    made = exported(state, "Ada", number(1))

    def checked(snapshot):
        return grading.check(native.shipped(), runs, "a.json", json.dumps(snapshot), "2026-01-03T00:00:00Z")

    lines = [line.replace("1 GPU:", "1 GPUs:") for line in made["evidence_summary"]]
    assert lines != made["evidence_summary"]
    for one in (made, forged(made, lambda s: s.update(evidence_summary=lines))):
        assert {flag.kind for flag in checked(one).flags} <= {grading.TIMES}  # this learner answers in no time


# --- What the chain doesn't cover: everything is computed anew, but for what is the learner's own ---

OWN_WORDS = {("student_id",), ("big_takeaways", 0), ("residual_risk",), *(("decisions", i, "text") for i in range(3))}


def places(value, way=()):
    """Every place in a plain value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


def at(value, way):
    for step in way:
        value = value[step]
    return value


def other(value):
    """Something close to a value."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else 0 if value is None else type(value)()


def edits(made):
    """The snapshot with one place outside the chain edited, for every place, with the place's name."""
    for way in [()] + [way for way in places(made) if way[1:3] != ("consistency_check", "links")]:
        value = at(made, way)
        if way and other(value) != value:
            changed = copy.deepcopy(made)
            at(changed, way[:-1])[way[-1]] = other(value)
            yield way, "changed", changed
        if isinstance(value, dict):
            added = copy.deepcopy(made)
            at(added, way)["further"] = 1
            yield way, "added", added
        if isinstance(value, list) and value:
            doubled = copy.deepcopy(made)
            at(doubled, way).append(value[-1])
            yield way, "doubled", doubled


def test_every_edit_outside_the_chain_is_flagged_but_the_learner_s_own_words_and_positions(runs, written):
    unflagged = {way for way, _, made in edits(written) if not kinds(runs, json.dumps(made))}
    moved = {way for way in unflagged if way[0] == "knob_settings"}
    assert unflagged - moved == OWN_WORDS
    # A control may stand anywhere that it can be moved to; nothing else of the settings may be otherwise.
    assert len(moved) < len(written["knob_settings"]) / 2 and ("knob_settings",) not in moved


@pytest.mark.parametrize("value", ["", 0.123, 1e9, "x", None, True, [], {"a": 1}])
def test_a_control_stands_where_a_control_can(runs, written, value):
    for id in written["knob_settings"]:
        made = forged(written, lambda s, id=id: s["knob_settings"].update({id: value}))
        assert grading.SECTIONS in kinds(runs, json.dumps(made)), id


def test_numbers_and_counts_of_a_text_are_counted_anew(runs, written):
    for name in ("words", "numbers"):
        made = forged(written, lambda s, name=name: s["decisions"][0].update({name: 200}))
        assert kinds(runs, json.dumps(made)) == {grading.SECTIONS}


def test_more_runs_than_a_learner_meets_are_not_simulated(runs, honest, monkeypatch):
    monkeypatch.setattr(grading, "MOST_RUNS", 0)
    fresh = grading.Runs(native.shipped())
    assert kinds(fresh, json.dumps(honest)) == {grading.UNCHECKED} and not fresh


@pytest.mark.parametrize(("how", "kind"), FORGERIES, ids=lambda value: getattr(value, "__name__", value))
def test_each_forgery_is_found(runs, honest, how, kind):
    assert kind in kinds(runs, json.dumps(forged(honest, how)))


def test_a_forger_who_computes_everything_anew_is_not_found(runs, honest):
    """What the check can't show, and docs/instructors.md says so: a whole file made up with the lab's own engine."""
    other = exported(learner(77), honest["student_id"], honest["metadata"]["record"])
    assert kinds(runs, json.dumps(other)) == set()


# --- A class -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def class_of_three_hundred():
    """Files by name, and the names of the twenty that were tampered with."""
    made = {}
    for i in range(CLASS):
        context = "throughput" if i % 5 == 4 else "latency"
        made[file(i)] = exported(learner(i, context), f"Student {i}", number(i))
    tampered = set()
    for i, (how, _) in enumerate(FORGERIES[:16]):
        made[file(7 * i)] = forged(whole(7 * i), how)
        tampered.add(file(7 * i))
    copied = forged(made[file(201)], lambda s: s.update(student_id="Somebody else"))
    renumbered = forged(made[file(203)], lambda s: s["metadata"].update(record=number(9_999)))
    chained(renumbered)
    renumbered["student_id"] = "Another"
    made |= {file(202): copied, file(204): renumbered}
    tampered |= {file(i) for i in (201, 202, 203, 204)}
    # One learner did both contexts, one handed in again: nothing is wrong with that.
    both, again = learner(300, "throughput"), learner(301)
    made[file(205)] = exported(learner(300), "Student 205", number(205))
    made[file(206)] = exported(both, "Student 205", number(205))
    made[file(207)] = made[file(208)] = exported(again, "Student 207", number(207))
    return {name: json.dumps(one) for name, one in made.items()}, tampered


@pytest.fixture(scope="module")
def graded(class_of_three_hundred):
    return grade(class_of_three_hundred[0], GRADED)


def test_the_grader_finds_the_twenty_and_no_other(class_of_three_hundred, graded):
    files, tampered = class_of_three_hundred
    assert len(files) == CLASS and len(tampered) == 20
    assert {row.file for row in graded if row.flags} == tampered


def test_copies_are_told_apart_from_hand_ins(graded):
    flags = {row.file: [flag.kind for flag in row.flags] for row in graded}
    assert flags[file(201)] == flags[file(202)] == [grading.TWO_NAMES]
    assert flags[file(203)] == flags[file(204)] == [grading.SAME_WORK]
    rows = {row.file: row for row in graded}
    assert file(208) in " ".join(gradebook.remarks(native.shipped(), rows[file(207)]))
    assert not any(file(206) in said for said in gradebook.remarks(native.shipped(), rows[file(205)]))


def test_the_table_has_a_row_for_each_file_and_says_what_is_wrong(class_of_three_hundred, graded):
    table = list(csv.DictReader(io.StringIO(gradebook.csv_text(native.shipped(), graded))))
    assert [row["file"] for row in table] == sorted(class_of_three_hundred[0])
    assert {row["file"] for row in table if row["flags"]} == class_of_three_hundred[1]
    one = next(row for row in table if row["file"] == file(100))
    facts = next(row.facts for row in graded if row.file == file(100))
    assert one["act1_prediction"] == facts[0]["option"]
    right = native.right_option("act1.prediction", facts[0]["context"])
    assert one["act1_prediction_right"] == str(facts[0]["option"] == right)


def test_the_histograms_count_every_answer(graded):
    readable = [row for row in graded if row.snapshot]
    for question in native.QUESTIONS:
        given = Counter(fact["option"] for row in readable if (fact := gradebook.answer(row, question)))
        title = report.question_name(native.shipped(), question)
        drawn = [bars for name, bars in gradebook.histograms(native.shipped(), graded) if name.startswith(f"{title} ·")]
        assert sum(count for bars in drawn for _, count in bars) == given.total()
    text = gradebook.summary(native.shipped(), graded)
    assert "20" in text.splitlines()[0] and "█" in text


def test_the_key_marks_one_option_for_each_question_and_context():
    text = gradebook.key(native.shipped())
    asked = len(native.shipped().contexts) * len(native.QUESTIONS)
    assert text.count("[x]") == asked + len(native.shipped().at("bugs.numbers") + native.shipped().at("bugs.choices"))
    assert "[x] about 50" in text and "[x] 10 requests" in text


# --- Copies ------------------------------------------------------------------------------------------------------------


def later(made, by):
    """The same work at another time: every time shifted, ids, chain and sections made whole again."""
    for one in told(made):
        one["at"] = (datetime.fromisoformat(one["at"]) + by).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    chained(made)


def as_somebody_else(made):
    made["student_id"], made["metadata"]["record"] = "Somebody else", number(9_997)
    made["residual_risk"] = "My own words."


@pytest.mark.parametrize("by", [timedelta(0), timedelta(hours=1), timedelta(days=-2, milliseconds=17)])
def test_a_copy_is_found_whatever_hour_and_words_it_was_given(honest, by):
    copied = forged(honest, lambda s: (as_somebody_else(s), later(s, by)))
    texts = {"a.json": json.dumps(honest), "b.json": json.dumps(copied), "c.json": json.dumps(whole(3))}
    flags = {row.file: {flag.kind for flag in row.flags} for row in grade(texts, GRADED)}
    assert grading.SAME_WORK in flags["a.json"] and grading.SAME_WORK in flags["b.json"] and flags["c.json"] == set()


def test_a_copy_with_another_answer_is_found(honest):
    copied = forged(honest, lambda s: (as_somebody_else(s), option_in_the_chain(s), later(s, timedelta(hours=1))))
    rows = grade({"a.json": json.dumps(honest), "b.json": json.dumps(copied)}, GRADED)
    assert all(grading.SAME_WORK in {flag.kind for flag in row.flags} for row in rows)


def saved(upto, name, record=1, seed=2):
    """A learner's file as it was after their first deeds."""
    state = learner(seed)
    facts = state.record.facts[:upto]
    return json.dumps(exported(replace(state, record=replace(state.record, facts=facts)), name, number(record)))


def flags_of(texts):
    return {row.file: [flag.kind for flag in row.flags] for row in grade(texts, GRADED)}


@pytest.mark.parametrize("names", [("", "Ada"), ("Ada", ""), ("", ""), (" ", "Ada"), ("ada", "Ada")])
def test_who_saves_again_with_a_name_has_copied_nothing(names):
    """Nor whose name was cleared: the two are one learner's, and the later counts."""
    texts = {"early.json": saved(1, names[0]), "late.json": saved(4, names[1])}
    rows = grade(texts, GRADED)
    assert [row.flags for row in rows] == [(), ()] and [row.again for row in rows] == [("late.json",), ("early.json",)]
    (one,) = learners.learners(native.shipped(), rows)
    assert one.best.file == "late.json" and one.name.casefold() in ("ada", "early.json")


def test_a_file_without_a_name_is_nobody_s_where_two_names_share_its_record():
    texts = {"a.json": saved(1, ""), "b.json": saved(2, "Ada"), "c.json": saved(3, "Bo"), "d.json": saved(1, "", 9, 3)}
    assert flags_of(texts) == {"a.json": [], "b.json": [grading.TWO_NAMES], "c.json": [grading.TWO_NAMES], "d.json": []}


def test_files_without_name_and_number_are_each_somebody_s():
    texts = {f"{i}.json": json.dumps(exported(learner(i), "", "")) for i in (2, 3)}
    assert [row.again for row in grade(texts, GRADED)] == [(), ()]


def test_a_name_that_may_be_corrected_is_no_accusation_and_a_fork_is_told_apart():
    """Two names over one record: where one goes on from the other's end nobody can tell; where both went on, two had it."""
    early, late, other = saved(2, "Ad"), saved(4, "Ada"), json.loads(saved(4, "Ada"))
    option_in_the_chain(other)
    chained(other)
    assert flags_of({"a.json": early, "b.json": late}) == {name: [grading.TWO_NAMES] for name in ("a.json", "b.json")}
    other["student_id"] = "Bo"
    forked = grade({"a.json": late, "b.json": json.dumps(other)}, GRADED)
    assert all(row.flags[-1].kind == grading.SAME_RECORD for row in forked)
    assert "corrected" in gradebook.flagged(native.shipped(), grade({"a.json": early, "b.json": late}, GRADED)[0])[0]


def test_those_to_look_at_first_come_first(honest):
    """By weight, and not by name: altered, copied, perhaps copied, unreadable, not whole, handed in again."""
    other = json.loads(saved(4, "Di", 3, 4))
    other["student_id"], other["metadata"]["record"] = "Ed", number(4)
    chained(other)
    texts = {
        "9 altered.json": json.dumps(forged(honest, verdict)),
        "8 copied.json": saved(4, "Di", 3, 4),
        "8 copy.json": json.dumps(other),
        "7 name.json": saved(2, "Ad", 5, 6),
        "7 named.json": saved(3, "Ada", 5, 6),
        "6 broken.json": "{",
        "5 unfinished.json": saved(1, "Flo", 7, 8),
    }
    assert [row.file for row in gradebook.first(grade(texts, GRADED))] == list(texts)
    whole = [
        grading.Checked(name, {"incomplete_fields": []}, again=again) for name, again in (("a", ()), ("b", ("c",)))
    ]
    assert [row.file for row in gradebook.first(whole)] == ["b", "a"]


ALIKE = {
    "one record under every name": lambda row, i: name_of(row, f"Student {i}", 0),
    "one name": lambda row, i: name_of(row, "Student", 0),
    "no name": lambda row, i: name_of(row, "", 0),
    "no name, two contexts": lambda row, i: name_of(
        row, "" if i % 2 else f"Student {i}", 0, ("latency", "throughput")[i // 2 % 2]
    ),
    "all different": lambda row, i: name_of(row, f"Student {i}", i),
}


def name_of(row, name, record, track="latency"):
    about = {"exported_at": GRADED, "record": number(record)}
    return {**row.snapshot, "student_id": name, "metadata": about, "track": track}


@pytest.mark.parametrize("how", ALIKE.values(), ids=ALIKE)
def test_four_times_the_class_takes_four_times_the_calls(runs, honest, how):
    """Calls and not seconds are counted: a busy hour doesn't change them."""
    row = grading.check(native.shipped(), runs, "a.json", json.dumps(honest), GRADED)

    def calls(count):
        rows = [replace(row, file=f"{i:05}.json", snapshot=how(row, i)) for i in range(count)]
        seen = Counter()
        sys.setprofile(lambda frame, kind, about: seen.update([kind]))
        try:
            text = gradebook.csv_text(native.shipped(), gradebook._compared(rows))
        finally:
            sys.setprofile(None)
        assert len(text) < 2_000 * count
        return seen["call"]

    calls(10)
    assert calls(800) < 5 * calls(200)  # and not 16 times, as each with each would take


def test_the_class_sees_how_it_played_each_learner_once_by_their_best(runs):
    at = "2025-03-06T20:00:00.000Z"
    points = {"Ada": (90, 340), "Bo": (340,), "Cy": (120, 119), "Di": (1,)}
    texts = {}
    for i, (name, games) in enumerate(points.items()):
        for j, each in enumerate(games):  # each in a file of its own
            texts[f"{i}{j}.json"] = json.dumps(
                exported(played(learner(2), "wall", each, at, seed=7), name, number(10 * i))
            )
    rows = grade(texts, GRADED)
    titles = dict(gradebook.histograms(native.shipped(), rows))
    (title,) = [title for title in titles if "4 played" in title]
    assert [count for _, count in titles[title]] == [1, 0, 1, 0, 0, 0, 2]
    assert [label for label, _ in titles[title]][::6] == ["0 to 49 points", "300 to 349 points"]
    assert not any("played" in title for title in dict(gradebook.histograms(native.shipped(), grade({}, GRADED))))


@pytest.mark.parametrize(
    ("points", "labels"),
    [
        ([7], ["7 points"]),
        ([9, 16], [f"{n} points" for n in range(9, 17)]),
        ([999, 1000], ["999 points", "1,000 points"]),
    ],
)
def test_scores_near_one_another_have_bars_of_their_own(points, labels):
    facts = [
        [{"kind": "played", "level": "queue", "seed": 1, "points": each, "at": GRADED, "id": "x"}] for each in points
    ]
    ((_, bars),) = scores.histograms(native.shipped(), facts)
    assert [label for label, _ in bars] == labels


# --- What is shown -----------------------------------------------------------------------------------------------------

HOSTILE_NAMES = ["\x1b[2J\x1b]0;gone\x07", "a\nb\r\nc", "\u202egnp.exe", "tab\there", "a\u2028b", "\x9b31m", "\ufeffb"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_control_character_reaches_a_terminal_or_a_cell(honest, name):
    texts = {f"{name}.json": json.dumps(honest | {"student_id": name, "further": {name: 1}}), f"{name}2.json": "{"}
    rows = grade(texts, GRADED)
    said = gradebook.summary(native.shipped(), rows) + gradebook.csv_text(native.shipped(), rows)
    assert all(char.isprintable() or char == "\n" for char in said)
    assert len(list(csv.reader(io.StringIO(gradebook.csv_text(native.shipped(), rows))))) == 3


def test_names_in_every_script_stay_as_they_are():
    for name in ("Zoë Müller-Ångström", "نگار می\u200cخواهم", "Ọlá", "李小龍", "👩\u200d🎓", "a\\b"):
        assert gradebook.shown(name) == name
    assert gradebook.shown("a\u00a0b") == "a b"


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("name", ['Doe; "Jo", Jr.', "=1+1", "a;=1+1", '",=1+1', " +1", "-2", "@x", "\uff1d1", "a,b;c"])
def test_a_name_stays_one_cell_and_can_not_become_a_formula(runs, honest, name, separator):
    rows = [grading.check(native.shipped(), runs, "a.json", json.dumps(honest | {"student_id": name}), GRADED)]
    text = gradebook.csv_text(native.shipped(), rows, separator)
    table = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    assert [row["student"].replace("'", "") for row in table] == [name.strip()]
    assert table[0]["track"] == "latency"
    # Even where a spreadsheet parts cells at the other mark no part of the name begins as a formula.
    cells = [cell for wrong in ",;" for cell in table[0]["student"].split(wrong)]
    assert not any(cell.lstrip(' "').startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)


def test_numbers_of_a_table_with_semicolons_have_a_decimal_comma(runs, honest):
    rows = [grading.check(native.shipped(), runs, "a.json", json.dumps(honest), GRADED)]
    comma, point = (
        next(csv.DictReader(io.StringIO(gradebook.csv_text(native.shipped(), rows, mark)), delimiter=mark))
        for mark in ";,"
    )
    assert float(point["ttft_p99_ms"]) == float(comma["ttft_p99_ms"].replace(",", ".")) and "," in comma["ttft_p99_ms"]


# --- Whatever is handed in ---------------------------------------------------------------------------------------------

JUNK = [
    *(None, True, False, 0, -1, 3, 0.5, 1e308, -1e308, 2**70, 10**400, float("nan"), float("inf"), "", "x", "\ud800"),
    *(
        [],
        {},
        [[]],
        [{}],
        {"a": {}},
        {"": None},
        [None] * 3,
        "9" * 400,
        "0",
        "latency",
        "throughput",
        "answered",
        "revealed",
    ),
    *(
        "2025-13-41T99:00:00Z",
        "2025-03-03T08:00:00.000Z",
        "2025-03-03T08:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ),
    *(
        "a",
        "b",
        "act1.prediction",
        "act9.x",
        "log",
        "pasted",
        "kv",
        "ok",
        "static",
        "{users:n}",
        "__proto__",
        "\x1b[2J",
    ),
]


def mutated(chance, made):
    """A snapshot with one to four places changed, dropped, doubled or moved; now and then with its chain made whole again."""
    made = copy.deepcopy(made)
    for _ in range(chance.choice((1, 1, 2, 4))):
        every = list(places(made))
        # As many outside the chain as in it, which is most of a snapshot.
        outside = [way for way in every if way[:2] != ("metadata", "consistency_check")]
        way = chance.choice(chance.choice((every, outside)) or [("metadata",)])
        place = at(made, way[:-1])
        deed = chance.randrange(6)
        if deed == 0:
            del place[way[-1]]
        elif deed == 1:
            place[way[-1]] = copy.deepcopy(at(made, chance.choice(every)))
        elif deed == 2 and isinstance(place, list):
            place.insert(0, copy.deepcopy(place[way[-1]]))
        elif deed == 3 and isinstance(place, dict):
            place[str(chance.choice(JUNK))[:50]] = place.pop(way[-1])
        elif deed == 4:
            place[way[-1]] = other(place[way[-1]])
        else:
            place[way[-1]] = copy.deepcopy(chance.choice(JUNK))
        if not isinstance(made, dict):
            return made
    if chance.random() < 0.5:
        with suppress(KeyError, TypeError, AttributeError, ValueError, IndexError):  # where there is a chain still
            chained(made)
    return made


def spoilt(chance, text):
    """The bytes of a text as a file may have them: other encodings, cut short, a piece lost, doubled or changed."""
    place = chance.randrange(len(text))
    text = chance.choice(
        [text] * 8
        + [text[:place], text[:place] + text[place + 50 :], text[:place] + text[max(0, place - 50) :]]
        + [text[:place] + chance.choice('"{}[],:0e\\\0\n') + text[place + 1 :]]
    )
    return text.encode(chance.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"]), "surrogatepass")


def test_nothing_that_is_handed_in_stops_the_grader(honest, written):
    """And no mistake of the grader's own hides behind "can't be read": that would be a flag of the kind FAILED."""
    chance, grader = random.Random(MUTATIONS), gradebook.Grader(native.shipped(), GRADED)
    bases = [honest, written, exported(learner(4, "throughput"), "", "")]
    for i in range(MUTATIONS):
        made = json.dumps(mutated(chance, chance.choice(bases)), ensure_ascii=chance.random() < 0.7)
        grader.take(f"{i}.json", spoilt(chance, made))
    rows = grader.rows()
    assert len(rows) == MUTATIONS
    assert [row.flags for row in rows if any(flag.kind == grading.FAILED for flag in row.flags)] == []
    assert sum(bool(row.snapshot) for row in rows) > MUTATIONS / 5  # many are read, so that much is reached
    gradebook.csv_text(native.shipped(), rows)
    gradebook.summary(native.shipped(), rows, grader.unread)


def test_a_mistake_of_the_grader_s_own_costs_one_row_and_says_so(honest, monkeypatch):
    def check(about, runs, file, *rest):
        if file == "all.zip/b.json":
            raise AttributeError("gone")
        return grading.check(about, runs, file, *rest)

    monkeypatch.setattr(gradebook, "check", check)
    made, grader = io.BytesIO(), gradebook.Grader(native.shipped(), GRADED)
    with zipfile.ZipFile(made, "w") as archive:
        for name in "abc":
            archive.writestr(f"{name}.json", json.dumps(honest))
    grader.take("all.zip", made.getvalue())
    assert [[flag.kind for flag in row.flags] for row in grader.rows()] == [[], [grading.FAILED], []]


def test_a_mistake_in_opening_a_file_costs_one_row_and_says_so(monkeypatch):
    monkeypatch.setattr(handins, "decoded", lambda data: data.decode("no-such-coding"))
    (row,) = grade({"a.json": "{}"}, GRADED)
    assert [flag.kind for flag in row.flags] == [grading.FAILED]


def test_check_hides_no_mistake_of_its_own(runs, honest, monkeypatch):
    monkeypatch.delattr(jobs, "refused")
    monkeypatch.setattr(jobs, "do", lambda *about: (_ for _ in ()).throw(PhysicsError("no")))
    with pytest.raises(AttributeError):
        grading.check(native.shipped(), grading.Runs(native.shipped()), "a.json", json.dumps(honest), GRADED)


WRONG = {
    "an integer of 401 digits": lambda text: text.replace('"act1_correct": ', f'"act1_correct": {"9" * 401}, "x": ', 1),
    "an integer of 5,000 digits": lambda text: text.replace(
        '"act1_correct": ', f'"act1_correct": {"9" * 5000}, "x": ', 1
    ),
    "a lone surrogate": lambda text: text.replace('"student_id": "', '"student_id": "\\ud800', 1),
    "not a number": lambda text: text.replace('"act1_correct": ', '"act1_correct": NaN, "x": ', 1),
    "endless": lambda text: text.replace('"act1_correct": ', '"act1_correct": -Infinity, "x": ', 1),
    "two names": lambda text: text.replace('"student_id": ', '"student_id": "x", "student_id": ', 1),
    "two values deep inside": lambda text: text.replace('"policy": ', '"policy": "static", "policy": ', 1),
    "no chain": lambda text: text.replace('"links": ', '"ties": ', 1),
    "no track": lambda text: text.replace('"track": "latency"', '"track": "x"', 1),
    "no time": lambda text: text.replace('"exported_at": "2', '"exported_at": "x', 1),
}


@pytest.mark.parametrize("how", WRONG.values(), ids=WRONG)
def test_what_no_export_holds_is_said_in_a_sentence(runs, honest, how):
    text = how(json.dumps(honest))
    assert text != json.dumps(honest)
    flags = grading.check(native.shipped(), runs, "a.json", text, GRADED).flags
    assert [flag.kind for flag in flags] == [grading.UNREADABLE] and "Error" not in flags[0].detail


@pytest.mark.parametrize(
    "text", ["", "\0\0", "[]", "{}", "null", "[" * 100_000, "9" * 10_000, "\ufeff{}", '{"metadata": 1}']
)
def test_what_is_no_snapshot_is_said_to_be_none(runs, text):
    assert kinds(runs, text) == {grading.UNREADABLE}


def test_a_class_with_another_objective_is_graded_by_its_own_content(tmp_path):
    """Other content, other answers: the grader takes the folder that the class had."""
    tables = copy.deepcopy(dict(native.shipped().tables))
    tables["act1"]["deployment"]["context_tokens"]["latency"] = 8192
    changed = acts.course(tables)
    text = json.dumps(exported(learner(5), "Student", number(5)))
    assert {flag.kind for flag in grading.check(changed, grading.Runs(changed), "a.json", text, GRADED).flags} >= {
        grading.IMPOSSIBLE
    }


def test_a_teacher_reads_words_and_not_keys():
    course = native.shipped()
    flags = (
        grading.Flag(grading.SECTIONS, "predictions.1.text"),
        grading.Flag(grading.SECTIONS, "predictions.1.fact"),
        grading.Flag(grading.NUMBERS, "broke a"),
        grading.Flag(grading.IMPOSSIBLE, "act1.prediction"),
    )
    row = grading.Checked("a.json", {"student_id": "A", "incomplete_fields": ["log", "act1.prediction"]}, flags=flags)
    said = gradebook.flagged(course, row)
    places, words = course.at("grading.places"), course.at("grading.flags")
    assert said[0] == wording.fill(words["sections"], {"detail": places["predictions"]})
    assert "Broke side A" in said[1] and "Prediction, Act I" in said[2]
    assert gradebook.remarks(course, row) == ["incomplete: Decision log, Prediction of Act I"]


def test_files_that_were_not_read_are_counted():
    grader = gradebook.Grader(native.shipped(), GRADED)
    grader.take("hello.txt", b"hello")
    grader.take("v2_10_snapshot.json", b"{}")
    said = gradebook.counted(native.shipped(), grader.rows(), grader.unread)
    assert said == "Hand-ins: 1. Checked: 0, of these flagged: 0. Can't be read: 1. Handed in none: 0. Other files: 1."


@pytest.mark.parametrize(
    ("path", "name", "shown"),
    [
        ("Bob Ross_12_assignsubmission_file/a.json", "Ada Lovelace", "Bob Ross, signed Ada Lovelace"),
        ("lovelaceada_4711_90210_a.json", "Ada Lovelace", "Ada Lovelace"),  # so does Canvas write her
        ("Bob Ross_12_assignsubmission_file/a.json", "", "Bob Ross"),
        ("a.json", "Ada Lovelace", "Ada Lovelace"),
    ],
)
def test_who_handed_in_what_another_signed_is_shown(path, name, shown):
    row = grading.Checked(path, {"student_id": name}, owner=owners.of(path))
    assert marker._who(native.shipped(), row) == shown
