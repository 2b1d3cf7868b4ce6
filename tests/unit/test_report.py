"""The report: the curriculum's headings and keys, the engine's numbers, the learner's own words, the consistency check."""

import copy
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import views
from acts.promises import actions as design_actions
from acts.promises import now, reporting, serving
from acts.wall import users
from content import wording
from record import ledger
from report import report
from runs import oracles
from state import store
from tests import lab as native
from tests.snapshots import ONE_GPU, played

COURSE = native.shipped()
LATER = "2026-01-02T04:00:00.000Z"
NUMBER = "0d9c7d5e-0000-4000-8000-000000000001"
HEADINGS = [
    "Lab",
    "Track And Scenario",
    "Learning Objectives",
    "Predictions",
    "Evidence Summary",
    "Final Decision",
    "Big Takeaways",
    "Reflections",
    "Residual Risk",
    "Source Trace",
]
KEYS = [
    "metadata",
    "student_id",
    "track",
    "scenario",
    "learning_objectives",
    "predictions",
    "knob_settings",
    "binding_constraints",
    "evidence_summary",
    "final_decision",
    "big_takeaways",
    "decisions",
    "reflections",
    "residual_risk",
    "source_trace",
    "result_snapshot",
    "incomplete_fields",
]
RUBRIC = Path(__file__).parents[2] / "docs/rubric.md"
TEXTS = {
    "name": "Ada Lovelace",
    "log": "Prompts are cut at 2,048 tokens because one in a hundred takes 180 ms of the 200 ms.",
    "alternative": "Eight seats kept the objective, too, at 1,400 tokens/s.",
    "revision": "A P99 objective of 100 ms.",
    "takeaway": "A batch shares one read of the weights.",
    "risk": "A burst would show first in the P99.",
}


def written(state, **texts):
    """The state with texts written into the report."""
    return native.after(state, *(store.TextWritten(field, text, LATER) for field, text in texts.items()))


def complete(context="latency"):
    """A learner who has done everything: broke A, mended it, recorded, wrote."""
    state = native.after(native.walked(context, until=4), store.RecordNumbered(NUMBER, native.AT))
    for at, load in (("2026-01-02T03:05:00.000Z", "12"), ("2026-01-02T03:06:00.000Z", "2")):
        state = native.settled(native.after(state, store.ControlMoved("act2.a.load", load)), at=at)
    state = native.after(state, design_actions.DesignRecorded("2026-01-02T03:07:00.000Z"))
    return written(state, **TEXTS)


def headings(state):
    """The headings of the report, at whatever level."""
    return re.findall(r"^#+ (.+)$", report.markdown(COURSE, state, LATER), re.MULTILINE)


@pytest.mark.parametrize("context", COURSE.contexts)
def test_a_complete_report_has_the_agreed_headings_and_keys_in_order(context):
    state = complete(context)
    assert report.missing(COURSE, state) == []
    assert headings(state) == HEADINGS
    assert list(report.snapshot(COURSE, state, LATER)) == KEYS


def test_an_incomplete_report_can_be_saved_and_names_what_is_missing():
    state = native.start()
    found = report.snapshot(COURSE, state, LATER)
    assert list(found) == KEYS and headings(state) == [*HEADINGS, "Incomplete Fields"]
    assert set(found["incomplete_fields"]) == {*native.QUESTIONS, "design", *TEXTS.keys() - {"name"}}
    listed = report.markdown(COURSE, state, LATER).partition("## Incomplete Fields")[2]
    shown = {
        row[0] for row in views.frame(COURSE, state)["report.contents.body"]["rows"] if row[-1] == {"state": "warn"}
    }
    for name in found["incomplete_fields"]:
        words = report.part_name(COURSE, name)
        assert words in listed and words in shown


def test_what_was_rejected_and_what_would_change_it_stand_under_the_decision():
    state = complete()
    decided = report.markdown(COURSE, state, LATER).partition("## Final Decision")[2].partition("\n## ")[0]
    entries = {
        entry["kind"]: entry["text"] for entry in report.snapshot(COURSE, state, LATER)["decisions"] if "text" in entry
    }
    for field in ("log", "alternative", "revision"):
        assert f"\n> {TEXTS[field]}" in decided and entries[field] == TEXTS[field]


def test_a_name_is_never_required():
    state = written(complete(), name="")
    assert report.missing(COURSE, state) == [] and report.snapshot(COURSE, state, LATER)["student_id"] == ""


@pytest.mark.parametrize("context", COURSE.contexts)
def test_the_numbers_are_the_engine_s(context):
    state = complete(context)
    found = report.snapshot(COURSE, state, LATER)
    asked = oracles.scenario(COURSE, "act1.prediction", context)
    first = found["predictions"][0]
    assert first["right"] is True and first["engine"]["users"] == users.users_numbers(COURSE, asked)["users"]
    for entry in found["predictions"] + found["reflections"]:
        assert entry["right"] is True
    a = native.ran(now.request(COURSE, state, "a"))
    assert found["final_decision"]["result"]["a"]["ttft_p99_s"] == a["ttft_p99_s"]
    assert found["result_snapshot"] == store.fields(COURSE, state)
    text = report.markdown(COURSE, state, LATER)
    assert f"P99 TTFT {a['ttft_p99_s'] * 1e3:.0f} ms against 200 ms" in text
    assert [limit["constraint"] for limit in found["binding_constraints"]] == ["ttft"]
    assert "Side A ran into a limit: TTFT violated" in text and ".. " not in text


def test_the_ledger_says_what_was_broken_and_the_decision_has_each_side_s_unit():
    state = complete()
    rows = {row[2]: row[3:] for row in views.frame(COURSE, state)["ledger.body"]["rows"]}
    choice, outcome = rows["Broke side A"]
    assert choice.endswith("12 requests/s") and outcome == "TTFT violated"
    line = next(line for line in report.markdown(COURSE, state, LATER).splitlines() if line.startswith("- **B**"))
    assert "documents/s" in line and "requests/s" not in line


def test_the_decision_says_what_the_design_cuts_and_one_gpu_is_one():
    """From the figures that were recorded: those of a version that kept no share say nothing."""
    state = native.after(native.walked(until=3), *(store.ControlMoved(*move) for move in ONE_GPU))
    state = native.after(native.settled(state, LATER), design_actions.DesignRecorded(LATER))
    (fact,) = ledger.of_kind(store.facts(state), "recorded")
    text = report.markdown(COURSE, state, LATER)
    assert re.findall(r"\b1 GPUs?\b", text) == ["1 GPU"] * 4  # two lines of evidence, two of the decision
    for side in "ab":
        share = report.plain_spaces(wording.show(fact["result"][side]["share_cut"], "pct"))
        (line,) = (line for line in text.splitlines() if line.startswith(f"- **{side.upper()}**"))
        assert fact["result"][side]["share_cut"] > 0.1 and line.endswith(f"{share} of the prompts are cut.")
    before = {**fact, "result": {side: {**told, "share_cut": None} for side, told in fact["result"].items()}}
    assert all(line.endswith(f"{LATER}.") for line in reporting.REPORT.decision(COURSE, before))
    assert not [
        line
        for line in report.markdown(COURSE, complete(), LATER).splitlines()
        if line.startswith("- **B**") and "cut" in line
    ]


def test_what_is_still_being_computed_is_said():
    state = native.answered(native.walked(until=2), "act2.prediction", "one_for_both")
    found = report.snapshot(COURSE, state, LATER)
    assert found["predictions"][1]["right"] is None and "figures" in found["incomplete_fields"]
    assert COURSE.at("report.verdicts.waiting") in report.markdown(COURSE, state, LATER)
    assert report.saved(COURSE, state, "a.json") == COURSE.say("report.saved_early", None, {"name": "a.json"})
    whole = native.settled(state, LATER)
    assert report.saved(COURSE, whole, "a.json") == COURSE.say("report.saved", None, {"name": "a.json"})


def test_a_pair_that_can_not_run_is_not_recorded_and_the_report_says_what_the_weights_need():
    state = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.gpus", 1)), LATER)
    frame, request = views.frame(COURSE, state), now.request(COURSE, state, "a")
    assert frame["act2.record"] == {"disabled": True}
    assert frame["act2.record_next"]["text"] == COURSE.say("act2.design.record_not", None, {"sides": "A, B"})
    assert COURSE.at("act2.design.no_room") == frame["act2.three.body"]["rows"][0][-1]
    assert native.after(state, design_actions.DesignRecorded(LATER)).record == state.record
    plan = serving.memory(COURSE, request)
    needed, there = (report.plain(wording.show(plan[name], "gib")) for name in ("weights_bytes", "usable_bytes"))
    assert f"{needed} needed, {there} there" in report.markdown(COURSE, state, LATER)
    whole = native.settled(native.after(state, store.ControlMoved("act2.gpus", 8)), LATER)
    assert views.frame(COURSE, whole)["act2.record"] == {"disabled": False}


def test_other_contexts_stay_out():
    state = native.after(complete("latency"), store.ContextChosen("throughput"))
    found = report.snapshot(COURSE, state, LATER)
    assert found["predictions"] == [] and found["final_decision"] is None and found["student_id"] == TEXTS["name"]
    assert store.written(state, "log") == ""


@pytest.mark.parametrize("context", COURSE.contexts)
def test_the_best_game_of_each_level_stands_in_the_report_of_either_side(context):
    state = native.start(context)
    for level, points, seed in (("queue", 300, 1), ("queue", 500, 1), ("wall", 400, 7)):
        state = played(state, level, points, LATER, seed)
    found = report.snapshot(COURSE, state, LATER)
    assert found["evidence_summary"] == [
        "Run the server: Feel the queue, 500 points",
        "Run the server: Hit the wall · traffic 7, 400 points",
    ]
    assert len(found["metadata"]["consistency_check"]["links"]) == 3 and report.verify(found) == []
    assert "Feel the queue, 500 points" in report.markdown(COURSE, state, LATER)
    rows = views.frame(COURSE, state)["ledger.body"]["rows"]
    assert [row[2:] for row in rows][-1] == ["Run the server", "Hit the wall · traffic 7", "400 points"]


# --- What the learner writes -------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_of_the_learner_becomes_a_heading_or_a_line_of_the_report(text):
    state = written(native.start(), name=text, log=f"{text}\n# Predictions", takeaway=text, risk=f"## Lab\r{text}")
    assert headings(state) == [*HEADINGS, "Incomplete Fields"]


@settings(deadline=None)
@given(st.text())
def test_any_text_is_kept_and_can_be_saved(text):
    state = written(native.start(), log=text)
    kept = store.written(state, "log")
    assert len(kept) <= ledger.MAX_TEXT and text.encode("utf-8", "ignore").decode().startswith(kept)
    document, _ = ledger.write(None, state.record, store.fields(COURSE, state), LATER)
    again = native.after(native.start(), store.LedgerRead(ledger.read(document), store.DEVICE, restore=True))
    assert store.written(again, "log") == kept


def test_writing_counts_at_once_and_is_recorded_when_it_rests():
    state = native.after(native.start(), store.TextWritten("log", "one 2 three", LATER, settled=False))
    assert state.record == native.start().record
    frame = views.frame(COURSE, state)
    assert (
        frame["report.log.count"]["text"] == "3 of 200 words"
        and "Your text has 1." in frame["report.criteria"]["items"][0]
    )
    rested = native.after(state, store.TextWritten("log", "one 2 three", LATER))
    assert rested.drafts == {} and store.written(rested, "log") == "one 2 three"
    assert native.after(rested, store.TextWritten("log", "one 2 three", "2027")).record == rested.record


def test_a_slider_does_not_cost_a_text():
    state = native.after(written(complete(), log="mine"), store.ControlMoved("act2.a.load", "3"))
    assert store.written(state, "log") == "mine" and store.number(state) == NUMBER


@pytest.mark.parametrize("field", ["log", "takeaway"])
def test_a_field_that_takes_no_more_says_so(field):
    """What is pasted beyond its end is cut by the browser, which counts a letter beyond the first plane as two."""
    for text, said in (("x" * 1999, False), ("x" * 2000, True), ("𝄞" * 1000, True)):
        state = native.after(native.start(), store.TextWritten(field, text, "2026-01-02T03:04:05Z"))
        assert ("2,000 characters" in native.says(state, f"report.{field}.count")) is said


def test_a_log_that_is_too_long_is_named():
    state = written(complete(), log="word " * 201)
    assert report.missing(COURSE, state) == ["log_long"]
    assert views.frame(COURSE, state)["report.log.area"]["invalid"] == "true"


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("1,024 tokens and 0.5 s", 2), ("131 GiB, 50 users; 8 heads", 3), ("P99", 1)]
)
def test_numbers_are_counted_whole(text, count):
    assert report.numbers(text) == count


def edition(text, at, edits=1):
    """A dated text."""
    return {"text": text, "at": at, "edits": edits}


def merged(ours, theirs, name="latency.log"):
    """The text that two records leave."""
    records = (ledger.Record(settings={"texts": {name: entry}}) for entry in (ours, theirs))
    return ledger.merge(*records).settings["texts"][name]["text"]


def test_of_two_tabs_texts_the_one_edited_more_stays_then_the_later():
    early, late = edition("early", native.AT), edition("late", LATER)
    assert merged(early, late) == merged(late, early) == "late"
    often = edition("often", native.AT, edits=5)
    assert merged(often, late) == merged(late, often) == "often"


def test_a_clock_set_back_loses_no_text():
    future = written(native.start(), log="of tomorrow")
    back = native.after(future, store.TextWritten("log", "of today", "2020-01-01T00:00:00.000Z"))
    assert store.written(replace_record(back, ledger.merge(future.record, back.record)), "log") == "of today"


def replace_record(state, record):
    """The state with another record."""
    import dataclasses

    return dataclasses.replace(state, record=record)


def test_fields_written_in_two_tabs_are_both_kept():
    one, two = written(native.start(), log="a"), written(native.start(), risk="b")
    both = replace_record(one, ledger.merge(one.record, two.record))
    assert (store.written(both, "log"), store.written(both, "risk")) == ("a", "b")


def test_a_record_keeps_its_first_number():
    one = native.after(native.start(), store.RecordNumbered("first", native.AT), store.RecordNumbered("second", LATER))
    assert store.number(one) == "first"
    other = native.after(native.start(), store.RecordNumbered("other", LATER))
    for pair in ((one, other), (other, one)):
        assert store.number(replace_record(one, ledger.merge(*(state.record for state in pair)))) == "first"


@pytest.mark.parametrize("texts", [None, [], "x", {"latency.log": 5}, {"latency.log": {"text": 5, "at": "x"}}])
def test_damaged_texts_are_as_none(texts):
    state = replace_record(native.start(), ledger.Record(settings={"texts": texts, "numbered": texts}))
    assert store.written(state, "log") == "" and store.number(state) == ""
    assert store.written(written(state, log="new"), "log") == "new"
    merged_record = ledger.merge(state.record, written(native.start(), log="kept").record)
    assert isinstance(merged_record, ledger.Record)


# --- The consistency check ---------------------------------------------------------------------------------------------


def through_json(found):
    """A snapshot as another program gives it back: whole numbers without their point."""
    return json.loads(re.sub(r"(?<=\d)\.0(?=[,}\]\s])", "", json.dumps(found)))


@pytest.mark.parametrize("context", COURSE.contexts)
def test_a_snapshot_agrees_with_itself(context):
    found = report.snapshot(COURSE, complete(context), LATER)
    assert report.verify(found) == [] and report.verify(through_json(found)) == []


def test_the_chain_tells_prediction_reveal_decision_in_their_order():
    links = report.snapshot(COURSE, complete(), LATER)["metadata"]["consistency_check"]["links"]
    told = [(link["event"]["kind"], link["event"].get("question", "")) for link in links]
    first, reveal, last = (
        told.index(("answered", "act1.prediction")),
        told.index(("revealed", "")),
        told.index(("recorded", "")),
    )
    assert first + 1 == reveal < last
    assert links[reveal]["event"]["engine"]["users"] == 50


LEAVES = (str, int, float, bool)


def leaves(value, path=()):
    """The paths to every text and number in a structure."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, (*path, i))
    elif isinstance(value, LEAVES):
        yield path


def test_a_line_of_the_chain_that_is_changed_by_hand_is_found():
    found = report.snapshot(COURSE, complete(), LATER)
    paths = list(leaves(found["metadata"]["consistency_check"]["links"]))
    chance = random.Random(3)
    for path in chance.sample([path for path in paths if path[-1] != "id"], 60):
        tampered = copy.deepcopy(found)
        place = tampered["metadata"]["consistency_check"]["links"]
        for step in path[:-1]:
            place = place[step]
        before = place[path[-1]]
        place[path[-1]] = f"{before}x" if isinstance(before, str) else before + 1 if before is not True else False
        assert "chain" in report.verify(tampered), path


def test_another_number_a_left_out_link_and_another_answer_are_found():
    found = report.snapshot(COURSE, complete(), LATER)
    other = copy.deepcopy(found)
    other["metadata"]["record"] = "somebody else's"
    assert report.verify(other) == ["chain"]
    shorter = copy.deepcopy(found)
    del shorter["metadata"]["consistency_check"]["links"][1]
    assert "chain" in report.verify(shorter)
    answer = copy.deepcopy(found)
    answer["predictions"][0]["option"] = "about_200"
    assert report.verify(answer) == ["sections"]
    decided = copy.deepcopy(found)
    decided["final_decision"] = None
    assert report.verify(decided) == ["sections"]


@pytest.mark.parametrize(
    "found", [{}, [], None, {"metadata": []}, {"metadata": {"record": 1, "consistency_check": {}}}]
)
def test_what_is_no_snapshot_is_said_to_be_none(found):
    assert report.verify(found) == ["form"]


def test_files_have_the_agreed_names_and_no_number_that_json_does_not_know():
    state = complete()
    names = {form: report.file(COURSE, state, form, LATER) for form in report.forms(COURSE)}
    assert names["markdown"].name == "v2_10_report.md" and names["snapshot"].name == "v2_10_snapshot.json"

    def refuse(constant):
        raise AssertionError(constant)

    for form in ("snapshot", "plan_json"):
        json.loads(names[form].text, parse_constant=refuse)
    assert "\N{NO-BREAK SPACE}" not in names["markdown"].text
    assert [plan["side"] for plan in json.loads(names["plan_json"].text)["plans"]] == ["a", "b"]


def test_the_commands_are_hidden_until_they_give_nothing_away():
    assert "cluster.a.serve" not in views.frame(COURSE, native.walked(until=2))
    frame = views.frame(COURSE, native.walked(until=3))
    assert frame["cluster.a.serve"]["verbatim"].startswith("vllm serve ")
    assert COURSE.at("report.cluster.basis_current") in frame["cluster.intro"]["text"]
    assert COURSE.at("report.cluster.basis_recorded") in views.frame(COURSE, complete())["cluster.intro"]["text"]


# --- The rubric's sample logs, docs/rubric.md ---


def samples():
    """The points of each sample log, its criteria's points, its text, and the two texts beside it."""
    for part in RUBRIC.read_text(encoding="utf-8").split("\n### ")[1:]:
        quoted = " ".join(line.removeprefix(">").strip() for line in part.splitlines() if line.startswith(">"))
        given = [
            int(points) for points in re.findall(r"^\| (?:evidence|causal|constraint) \| (\d+) \|", part, re.MULTILINE)
        ]
        yield (
            int(part.split()[0]),
            given,
            *re.split(r"\*(?:Rejected alternative|What would make me decide anew):\*", quoted),
        )


def test_the_rubric_s_samples_add_up_and_could_be_handed_in():
    assert [(points, sum(given), set(given)) for points, given, *_ in samples()] == [
        (n, n, {n // 3}) for n in (30, 18, 6)
    ]
    for _, _, log, alternative, revision in samples():
        state = written(native.start(), log=log, alternative=alternative, revision=revision)
        lacks = report.missing(COURSE, state)
        assert not {"log", "log_long", "alternative", "revision"} & set(lacks)
    found = [report.numbers(log) for _, _, log, *_ in samples()]
    assert found[0] >= COURSE.at("report.log.wanted_numbers") > found[2]


def test_the_best_sample_s_figures_are_the_engine_s():
    def ran(**moved):
        moves = (store.ControlMoved(f"act2.{key.replace('_', '.', 1)}", value) for key, value in moved.items())
        state = native.after(native.walked(until=3), *moves)
        return {side: native.ran(request) for side, request in now.sides(COURSE, state).items()}

    chosen, longer, fewer = ran(), ran(a_max_sequence=4096), ran(b_max_batch=16)
    a, b, gib = chosen["a"], chosen["b"], 2**30
    said = [
        f"{a['ttft_p99_s'] * 1e3:.0f} ms at the P99",
        f"the P99 rises to {longer['a']['ttft_p99_s'] * 1e3:.0f} ms",
        f"the median stays at {longer['a']['ttft_p50_s'] * 1e3:.0f} ms",
        f"of 16 about {a['mean_batch']:.0f} are taken",
        f"need {a['kv_needs'] / gib:.0f} GiB of {a['kv_has'] / gib:.0f} GiB",
        f"B writes {b['throughput_output_tokens_per_s']:,.0f} tokens/s",
        f"With 16 seats it wrote {fewer['b']['throughput_output_tokens_per_s']:.0f}",
        f"a step of {b['decode_step_mean_s'] * 1e3:.0f} ms that serves {b['mean_batch']:.0f} documents",
        f"one of {fewer['b']['decode_step_mean_s'] * 1e3:.0f} ms that serves {fewer['b']['mean_batch']:.0f}",
        f"{a['share_cut']:.0%} of the prompts being cut".replace("%", " %"),
        f"It cuts {longer['a']['share_cut']:.0%} of the prompts".replace("%", " %"),
    ]
    _, _, *texts = next(samples())
    assert [figure for figure in said if figure not in " ".join(texts)] == []
    assert f"{a['ttft_p50_s']:.3f}" == f"{longer['a']['ttft_p50_s']:.3f}" and b["requests_per_s"] == pytest.approx(
        3, rel=0.01
    )
