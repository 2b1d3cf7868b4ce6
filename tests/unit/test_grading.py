"""The grader: a class of three hundred in which it finds those that were tampered with and no other."""

import copy
import csv
import io
import json
import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import course
import gradebook
import grading
import serving
import store
from tests import lab as native
from tests.snapshots import GRADED, chained, event, exported, forged, learner, told

CLASS = 300


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
    return gradebook.grade(native.shipped(), class_of_three_hundred[0], GRADED)


def test_the_grader_finds_the_twenty_and_no_other(class_of_three_hundred, graded):
    files, tampered = class_of_three_hundred
    assert len(files) == CLASS and len(tampered) == 20
    assert {row.file for row in graded if row.flags} == tampered


def test_copies_are_told_apart_from_hand_ins(graded):
    flags = {row.file: [flag.kind for flag in row.flags] for row in graded}
    assert flags[file(201)] == flags[file(202)] == [grading.SAME_RECORD, grading.SAME_WORK]
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
        title = native.shipped().at("words")[f"question_{question.replace('.', '_')}"]
        drawn = [bars for name, bars in gradebook.histograms(native.shipped(), graded) if name.startswith(f"{title} ·")]
        assert sum(count for bars in drawn for _, count in bars) == given.total()
    text = gradebook.summary(native.shipped(), graded)
    assert "20" in text.splitlines()[0] and "█" in text


def test_a_name_can_not_become_a_formula(honest):
    rows = gradebook.grade(native.shipped(), {"a.json": json.dumps(honest | {"student_id": "=1+1"})}, GRADED)
    assert next(csv.DictReader(io.StringIO(gradebook.csv_text(native.shipped(), rows))))["student"] == "'=1+1"


def test_the_key_marks_one_option_for_each_question_and_context():
    text = gradebook.key(native.shipped())
    asked = len(native.shipped().contexts) * len(native.QUESTIONS)
    assert text.count("[x]") == asked + len(native.shipped().at("bugs.numbers") + native.shipped().at("bugs.choices"))
    assert "[x] about 50" in text and "[x] 10 requests" in text


# --- Whatever is handed in ---------------------------------------------------------------------------------------------

JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}))


def places(value, way=()):
    """Every place in a plain value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_nothing_that_is_handed_in_stops_the_grader(runs, honest, data):
    made = copy.deepcopy(honest)
    parts = [(key,) for key in made] + [("metadata", key) for key in made["metadata"]]
    *way, last = data.draw(st.one_of(st.sampled_from(parts), st.sampled_from(list(places(made)))))
    place = made
    for step in way:
        place = place[step]
    place[last] = data.draw(JUNK)
    text = json.dumps(made)
    for damaged in (text, text[: data.draw(st.integers(0, len(text)))]):
        rows = [grading.check(native.shipped(), runs, "a.json", damaged, GRADED)]
        gradebook.csv_text(native.shipped(), rows)
        gradebook.summary(native.shipped(), rows)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[" * 100_000, "9" * 10_000, "\ufeff{}", '{"metadata": 1}'])
def test_what_is_no_snapshot_is_said_to_be_none(runs, text):
    assert kinds(runs, text) == {grading.UNREADABLE}


def test_a_class_with_another_objective_is_graded_by_its_own_content(tmp_path):
    """Other content, other answers: the grader takes the folder that the class had."""
    tables = copy.deepcopy(dict(native.shipped().tables))
    tables["act1"]["deployment"]["context_tokens"]["latency"] = 8192
    changed = course.from_tables(tables)
    text = json.dumps(exported(learner(5), "Student", number(5)))
    assert {flag.kind for flag in grading.check(changed, grading.Runs(changed), "a.json", text, GRADED).flags} >= {
        grading.IMPOSSIBLE
    }
