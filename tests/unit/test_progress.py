"""Points for what was done: the same rule for the page, the report and the grader, and a class may weigh it otherwise."""

import random

import pytest

import acts
from acts.promises import actions as design_actions
from content.reading import ContentError
from handed import gradebook
from handed.gradebook import Grader
from record import progress
from report import report
from state import store
from tests import lab as native
from tests.snapshots import GRADED, exported, learner

COURSE = native.shipped()
LATER = "2026-01-02T04:00:00.000Z"
LOG = "Prompts are cut at 2,048 tokens because the longest ones make the P99. " * 5
WEIGHTS = {"predictions": 2, "met": 1, "mended": 1, "recorded": 1, "holds": 1, "reflections": 2, "log": 2}
QUESTIONS = ("a.prediction", "a.reflection", "b.prediction", "b.reflection")


def fact(kind, context="x", **parts):
    return {"kind": kind, "context": context, **parts}


def answers(*questions):
    return [fact("answered", question=question, option="any") for question in questions]


def design(*states):
    return fact("recorded", result={side: {"state": state} for side, state in zip("ab", states, strict=False)})


def scored(facts, log="", weights=WEIGHTS, least_words=3):
    return progress.score(facts, "x", QUESTIONS, log, weights, least_words)


@pytest.mark.parametrize(
    ("facts", "log", "points", "following"),
    [
        ([], "", 0, "predictions"),
        (answers("a.prediction"), "", 1, "reflections"),
        (answers("a.prediction", "a.reflection"), "", 2, "predictions"),
        (answers("a.prediction", "a.reflection", "b.prediction"), "", 3, "met"),
        ([*answers(*QUESTIONS), fact("broke")], "", 5, "mended"),
        ([*answers(*QUESTIONS), fact("broke"), fact("mended")], "", 6, "recorded"),
        ([*answers(*QUESTIONS), fact("broke"), fact("mended"), design("ok", "low")], "", 7, "holds"),
        ([*answers(*QUESTIONS), fact("broke"), fact("mended"), design("ok", "ok")], "two words", 8, "log"),
        ([*answers(*QUESTIONS), fact("broke"), fact("mended"), design("ok", "ok")], "three words now", 10, None),
        ([design("ok", "ok"), design("ok", "low")], "three words now", 4, "predictions"),
        (answers("a.reflection", "b.prediction", "b.prediction"), "", 2, "predictions"),
    ],
)
def test_each_deed_has_its_points_and_the_next_one_is_named(facts, log, points, following):
    found = scored(facts, log)
    assert (found.points, found.most, found.next) == (points, 10, following)
    assert found.share == points / 10


def test_another_contexts_deeds_dont_count():
    other = [{**each, "context": "y"} for each in (*answers(*QUESTIONS), fact("broke"), design("ok", "ok"))]
    assert scored(other).points == 0


def test_a_part_without_weight_is_neither_counted_nor_asked_for():
    found = scored(answers(*QUESTIONS), weights={**WEIGHTS, "met": 0, "mended": 0, "log": 0, "recorded": 3})
    assert (found.points, found.most, found.next) == (4, 8, "recorded")
    alone = scored([], "three words now", {**dict.fromkeys(WEIGHTS, 0), "log": 7})
    assert (alone.share, alone.next) == (1, None)


def test_nothing_that_is_done_ever_takes_a_point_away():
    dice = random.Random(7)
    deeds = [*answers(*QUESTIONS), fact("broke"), fact("mended"), design("low", "ok"), design("ok", "ok")]
    for _ in range(200):
        weights = {name: dice.randint(0, 5) for name in WEIGHTS} | {"log": 1}
        done = dice.sample(deeds, dice.randint(0, len(deeds)))
        before, after = scored(done, weights=weights), scored([*done, dice.choice(deeds)], weights=weights)
        assert 0 <= before.share <= after.share <= 1
        assert (before.next is None) == all(part.is_done for part in before.parts)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("  \n ", 0),
        ("one two\nthree", 3),
        ("1,024 tokens", 2),
        ("批次越大", 4),
        ("P99 是 200 ms", 4),
        ("don't", 1),
    ],
)
def test_words_are_counted_in_scripts_with_blanks_and_without(text, count):
    assert progress.words(text) == count


# --- one rule for all who count ----------------------------------------------------------------------------------------


def test_right_and_wrong_answers_are_worth_the_same():
    for position in range(2):
        assert store.score(COURSE, native.walked(until=4, position=position)).points == 4


def finished(context="latency"):
    """A learner who has done all there is to do."""
    state = native.walked(context, until=4)
    for load in ("12", "2"):
        state = native.settled(native.after(state, store.ControlMoved("act2.a.load", load)), at=LATER)
    return native.after(state, design_actions.DesignRecorded(LATER), store.TextWritten("log", LOG, LATER))


def test_the_page_says_what_is_next_and_then_that_all_is_done():
    assert native.says(native.start(), "report.points") == "0 of 10 points. Next: commit a prediction."
    assert native.says(finished(), "report.points") == "10 of 10 points: all is done."
    assert native.says(finished(), "status.points.value") == "10 of 10"


def test_the_other_context_begins_at_nothing_and_the_better_one_counts():
    there = native.after(finished(), store.ContextChosen("throughput"))
    assert store.score(COURSE, there).points == 0
    assert store.best_score(COURSE, there).share == 1
    assert native.says(there, "embed.points") == "10 of 10 points: all is done."


def test_page_report_and_grader_count_alike():
    grader = Grader(COURSE, GRADED)
    states = {f"{seed}.json": learner(seed) for seed in range(6)}
    for name, state in states.items():
        state = native.after(state, store.TextWritten("log", LOG, LATER)) if name < "3" else state
        states[name] = state
        row = gradebook.Checked(name, exported(state, name, f"number {name}"), tuple(store.facts(state)))
        grader.checked.append(row)
    for row in grader.rows():
        points = store.score(COURSE, states[row.file]).points
        assert gradebook.cells(COURSE, row)["points_of_10"] == points
        assert f"- Points for what was done: {points:g} of 10" in report.markdown(COURSE, states[row.file], LATER)
    assert len({store.score(COURSE, state).points for state in states.values()}) > 2


def test_a_file_that_cant_be_read_has_no_points():
    assert gradebook.cells(COURSE, gradebook.Checked("torn.json"))["points_of_10"] is None


# --- a class's own weights ---------------------------------------------------------------------------------------------


def weighted(**weights):
    """The course with other weights."""
    tables = {**COURSE.tables, "report": {**COURSE.tables["report"]}}
    rule = tables["report"]["score"]
    tables["report"]["score"] = {**rule, "weights": {**rule["weights"], **weights}}
    return acts.course(tables)


def test_a_class_may_weigh_otherwise():
    course = weighted(predictions=10, log=0)
    score = store.score(course, native.walked(until=1))
    assert (score.points, score.most) == (5, 16)


@pytest.mark.parametrize("weights", [dict.fromkeys(WEIGHTS, 0), {"log": -1}, {"met": 1001}])
def test_weights_by_which_nothing_can_be_counted_are_refused(weights):
    with pytest.raises(ContentError, match=r"report\.toml\.score\.weights"):
        weighted(**weights)
