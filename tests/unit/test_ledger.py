"""The saved document: what survives, what is refused, and who wins when two tabs or two files meet."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "site" / "py"))

from record import history, ledger, records
from record.ledger import CHAPTER, FIELDS, OWN, LedgerError, Note, Record
from tests import lab as native

NOW = "2026-03-01T12:00:00.000Z"
LATER = "2026-03-01T12:05:00.000Z"
Q = "act1.prediction"
VALUES = {"context": "latency", "kv_cache_gb": 10.7, "act1_prediction": "about_50", "act1_correct": True}
LAB_10_OF_ANOTHER_VOLUME = {"context": "edge", "act1_prediction": "c", "pruning_speedup": 2.5}


def answer(option: str = "about_50", at: str = NOW, context: str = "latency", question: str = Q) -> dict[str, Any]:
    scenario = {"model": "llama-3-70b", "context_tokens": 4096, "kv_heads": 64}
    where = {"kind": "answered", "context": context, "question": question}
    return where | {"option": option, "at": at, "scenario": scenario}


def design(at: str = NOW) -> dict[str, Any]:
    sides = {"a": {"max_batch": 8, "load": 2.0}, "b": {"max_batch": 64, "load": 4.5}}
    result = {"a": {"state": "ok", "ttft_p99_s": 0.15}, "b": {"state": "low", "ttft_p99_s": None}}
    found = {"kind": "recorded", "context": "latency", "at": at, "settings": sides}
    return found | {"seed": 7, "result": result}


def failure(kind: str = "broke", at: str = NOW, side: str = "a") -> dict[str, Any]:
    numbers = {"needs": 2**36, "has": 2**35}
    where = {"kind": kind, "context": "latency", "side": side, "failure": "kv"}
    return where | {"at": at, "numbers": numbers}


def game(points: int = 800, at: str = NOW, level: str = "queue", seed: int = 1) -> dict[str, Any]:
    return {"kind": "played", "level": level, "seed": seed, "points": points, "at": at}


def record(*facts: dict[str, Any], **kept: Any) -> Record:
    found = Record(settings=kept)
    for fact in facts:
        found = ledger.add(found, fact)
    return found


def saved(*facts: dict[str, Any], into: str | None = None, now: str = NOW, **kept: Any) -> str:
    return ledger.write(into, record(*facts, **kept), VALUES, now)[0]


def document(history: Any, **top: Any) -> str:
    return json.dumps({"track": "cloud", "current_step": 3, "history": history, "last_updated": "then"} | top)


def history_of(text: str) -> Any:
    return json.loads(text)["history"]


# --- A learner's visits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_first_visit_is_blank_and_no_problem(text: str | None) -> None:
    reading = ledger.read(text)
    assert reading.record == Record() and reading.problem == () and reading.set_aside is None
    assert reading.document == {"track": None, "current_step": None, "history": {}, "last_updated": ""}


def test_what_is_written_is_read_back() -> None:
    facts = answer(), design(), failure(), failure("mended", LATER)
    text, reading = ledger.write(None, record(*facts, controls={"latency": {"x": 1.5}}), VALUES, NOW)
    again = ledger.read(text)
    assert again.record == reading.record and again.document == reading.document and again.problem == ()
    assert set(again.document) == {"track", "current_step", "history", "last_updated"}
    assert set(history_of(text)[CHAPTER]) == {*FIELDS, OWN} and len(FIELDS) == 13
    assert again.record.fields == dict.fromkeys(FIELDS) | VALUES
    assert again.record.settings == {"controls": {"latency": {"x": 1.5}}}
    assert again.document["current_step"] == CHAPTER and again.document["last_updated"] == NOW


def test_the_fields_are_the_thirteen_that_the_labs_agreed_on() -> None:
    assert FIELDS == (
        "context",
        "model_params_b",
        "context_length",
        "max_batch_size",
        "kv_cache_gb",
        "ttft_ms",
        "throughput_tps",
        "act1_prediction",
        "act1_correct",
        "act2_result",
        "act2_decision",
        "constraint_hit",
        "slo_met",
    )


def test_seven_of_the_fields_tell_this_lab_s_entry_under_a_number_that_other_labs_have_too() -> None:
    ours = {name for name in FIELDS if ledger.read(document({"10": {name: 1}})).record.fields}
    names = "model_params_b", "context_length", "max_batch_size", "kv_cache_gb", "ttft_ms", "throughput_tps", "slo_met"
    assert ours == set(names)


def test_of_games_of_one_level_and_traffic_only_a_better_one_is_news() -> None:
    found = record(game(5), game(5, LATER), game(3, LATER), game(9, LATER), game(4, level="wall"), game(2, seed=2))
    assert {(f["level"], f["seed"], f["points"]) for f in found.facts} == {
        ("queue", 1, 5),
        ("queue", 1, 9),
        ("queue", 2, 2),
        ("wall", 1, 4),
    }
    for seed, points in ((None, 9), (1, 9), (2, 2)):
        assert (ledger.best(found.facts, "queue", seed) or {})["points"] == points
    assert ledger.best(found.facts, "both") is None


def test_the_best_game_of_two_records_is_the_better_one_in_whatever_order_they_meet() -> None:
    one, other = record(game(5)), record(game(7, LATER))
    for united in (ledger.merge(one, other), ledger.merge(other, one)):
        assert (ledger.best(united.facts, "queue") or {})["points"] == 7


def test_a_game_belongs_to_every_context() -> None:
    found = record(game(), answer())
    assert [f["kind"] for f in ledger.of_context(found.facts, "throughput")] == ["played"]
    assert len(ledger.of_context(found.facts, "latency")) == 2


def test_an_answer_is_locked_once_in_each_context() -> None:
    found = record(answer("about_50"))
    assert ledger.add(found, answer("about_5", at=LATER)) is found
    found = ledger.add(found, answer("about_5", context="throughput"))
    assert ledger.answered(found.facts, "latency", Q)["option"] == "about_50"
    assert ledger.answered(found.facts, "throughput", Q)["option"] == "about_5"
    assert ledger.answered(found.facts, "latency", "act2.prediction") is None


def test_the_first_lock_wins_whichever_tab_writes_last() -> None:
    first, second = record(answer("about_50")), record(answer("about_5", at=LATER))
    ways = []
    for one, other in ((first, second), (second, first)):
        text = ledger.write(None, one, VALUES, NOW)[0]
        ways.append(ledger.write(text, other, VALUES, LATER)[1].record.facts)
    assert ways[0] == ways[1]
    assert ledger.answered(ways[0], "latency", Q)["option"] == "about_50"


def test_times_are_compared_as_times_not_as_text() -> None:
    early, late = answer("a", at="2026-03-01T12:00:00Z"), answer("b", at="2026-03-01T12:00:00.500Z")
    both = ledger.merge(record(late), record(early))
    assert [f["option"] for f in both.facts] == ["a", "b"]
    assert ledger.answered(both.facts, "latency", Q)["option"] == "a"


def test_the_designs_and_the_failures_in_order() -> None:
    found = record(design(LATER), design(NOW), failure("mended", LATER), failure("broke", NOW))
    assert [f["at"] for f in ledger.of_kind(found.facts, "recorded")] == [NOW, LATER]
    assert [f["kind"] for f in found.facts if f["kind"] in ("broke", "mended")] == ["broke", "mended"]
    assert ledger.add(found, design(NOW)) is found


def test_a_save_that_changes_nothing_leaves_the_text_as_it_is() -> None:
    text = saved(answer(), design())
    assert ledger.write(text, ledger.read(text).record, VALUES, LATER)[0] == text
    assert saved(answer(), design(), failure(), into=text, now=LATER) != text


def test_none_does_not_erase_a_field_of_the_same_context() -> None:
    text = saved(answer())
    same = ledger.write(text, Record(), {"context": "latency", "kv_cache_gb": None, "ttft_ms": 90.0}, LATER)[1]
    assert same.record.fields["kv_cache_gb"] == 10.7 and same.record.fields["ttft_ms"] == 90.0
    other = ledger.write(text, Record(), {"context": "throughput"}, LATER)[1]
    assert other.record.fields == dict.fromkeys(FIELDS) | {"context": "throughput"}


def test_clearing_takes_this_labs_entry_only() -> None:
    text = saved(answer(), into=document({"3": {"a": 1}, "10": LAB_10_OF_ANOTHER_VOLUME}))
    cleared, reading = ledger.clear(text, LATER)
    assert history_of(cleared) == {"3": {"a": 1}, "10": LAB_10_OF_ANOTHER_VOLUME}
    assert reading.record == Record() == ledger.read(cleared).record


def test_a_fact_has_the_same_id_after_a_browser_rewrote_the_document() -> None:
    fact = record(design()).facts[0]
    rewritten = json.loads(json.dumps(fact).replace("2.0,", "2,").replace("2.0}", "2}"))
    assert json.dumps(rewritten) != json.dumps(fact) and ledger.fact_id(rewritten) == fact["id"]


# --- Other labs in the same document ------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["10", CHAPTER])
def test_our_entry_under_an_older_key_moves_to_our_name(key: str) -> None:
    ours = history_of(saved(answer()))[CHAPTER]
    text = document({"1": {"a": 1}, key: ours})
    assert ledger.read(text).record.facts == record(answer()).facts
    assert set(history_of(saved(into=text))) == {"1", CHAPTER}


@pytest.mark.parametrize("step", [{"step": 10}, {"step": "10"}, {"step": CHAPTER}, {"chapter": 10}])
def test_a_list_becomes_a_dict_and_nothing_in_it_is_lost(step: dict[str, Any]) -> None:
    ours = history_of(saved(answer()))[CHAPTER]
    others = [{"chapter": 1, "design": {"a": 1}}, {"step": "v1_03", "design": {}}, "odd", {"step": 2}]
    text = document([others[0], step | {"design": ours}, *others[1:]])
    assert ledger.read(text).record.facts == record(answer()).facts
    written = history_of(saved(design(), into=text))
    # The curriculum's reader throws on a list whose step is a name, and would start blank: a dict is safe for both.
    assert written.pop(CHAPTER)[OWN]["facts"]
    assert written == {"1": {"a": 1}, "v1_03": {}, "entry 3": "odd", "entry 4": {"step": 2}}
    assert len(ledger.read(saved(design(), into=text)).record.facts) == 2


@pytest.mark.parametrize("form", ["dict", "list"])
def test_the_lab_10_of_another_volume_is_not_ours(form: str) -> None:
    text = document({"10": LAB_10_OF_ANOTHER_VOLUME})
    text = ledger.export(text, form, NOW)
    assert ledger.read(text).record == Record()
    assert LAB_10_OF_ANOTHER_VOLUME in [
        entry["design"] for entry in history_of(ledger.export(saved(into=text), "list", NOW))
    ]


def test_facts_under_both_keys_are_united() -> None:
    one, other = history_of(saved(answer()))[CHAPTER], history_of(saved(design()))[CHAPTER]
    text = document({CHAPTER: other, "10": one | {"note": "x"}})
    written = history_of(saved(into=text))
    assert set(written) == {CHAPTER} and written[CHAPTER]["note"] == "x"
    assert len(written[CHAPTER][OWN]["facts"]) == 2


def test_an_entry_without_our_part_is_kept_field_by_field() -> None:
    text = document({CHAPTER: {"kv_cache_gb": 5.0, "slo_met": False, "by": "another tool"}})
    reading = ledger.read(text)
    assert reading.problem == () and reading.record.fields == dict.fromkeys(FIELDS) | {
        "kv_cache_gb": 5.0,
        "slo_met": False,
    }
    entry = history_of(ledger.write(text, record(answer()), {"context": "latency"}, NOW)[0])[CHAPTER]
    assert (entry["kv_cache_gb"], entry["slo_met"], entry["by"]) == (5.0, False, "another tool")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (3, 10),
        (12, 12),
        (10, 10),
        ("v2_12", "v2_12"),
        ("", CHAPTER),
        (None, CHAPTER),
        (True, CHAPTER),
        ([], CHAPTER),
    ],
)
def test_progress_is_never_lowered(before: Any, after: Any) -> None:
    for key in ("current_step", "current_chapter"):
        text = json.dumps({"track": "edge", key: before, "history": {}, "last_updated": ""})
        written = json.loads(saved(into=text))
        assert written["current_step"] == after and written["track"] == "edge"
        assert set(written) == {"track", "current_step", "history", "last_updated"}


# --- The lab's own copy, and what was cleared ---------------------------------------------------------------


def written(text: str, at: str = NOW, **counts: int) -> dict[str, Any]:
    return {"text": text, "at": at} | counts


def texts(found: Record) -> dict[str, str]:
    return {name: entry["text"] for name, entry in found.settings.get("texts", {}).items()}


FULL = record(answer(), design(), texts={"latency.log": written("mine", edits=3)}, numbered=written("number"))


def test_the_labs_own_copy_holds_all_of_the_record() -> None:
    found = ledger.merge(replace(FULL, fields=VALUES), ledger.emptied(record(failure())))
    again = ledger.read_own(ledger.own_text(found))
    assert again.problem == () and again.record == replace(found, fields=again.record.fields)
    assert ledger.work(again.record) == ledger.work(found)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", '{"kv_cache_lab": 3}', '{"kv_cache_lab": {"schema": 2}}'])
def test_an_own_copy_that_can_not_be_read_is_set_aside(text: str) -> None:
    reading = ledger.read_own(text)
    assert reading.record.facts == () and reading.set_aside == (text or None)


def test_what_was_cleared_comes_back_from_no_other_copy() -> None:
    empty = ledger.emptied(FULL)
    assert empty.facts == () and empty.settings == {} and ledger.has_cleared(empty, FULL)
    for both in (ledger.merge(empty, FULL), ledger.merge(FULL, empty)):
        assert both.facts == () and texts(both) == {} and "numbered" not in both.settings
        assert ledger.merge(both, FULL).facts == ()
    assert ledger.read(ledger.write(saved(answer(), design()), empty, {}, NOW)[0]).record.facts == ()


def test_what_was_not_yet_known_when_it_was_cleared_stays() -> None:
    late = ledger.add(FULL, failure(at=LATER))
    assert [fact["kind"] for fact in ledger.merge(ledger.emptied(FULL), late).facts] == ["broke"]


def test_what_is_imported_after_clearing_is_there_again_for_every_copy() -> None:
    file = ledger.write(None, FULL, VALUES, NOW)[0]
    empty = ledger.emptied(FULL)
    text, reading = ledger.import_(None, file, LATER, empty)
    back = reading.record
    assert back.facts == FULL.facts and texts(back) == {"latency.log": "mine"} and ledger.read(text).record.facts
    for copy in (empty, FULL, ledger.emptied(FULL)):
        assert ledger.merge(copy, back).facts == FULL.facts == ledger.merge(back, copy).facts
    again = ledger.emptied(back)
    assert ledger.merge(again, back).facts == () == ledger.merge(empty, ledger.merge(FULL, again)).facts


def test_the_same_answer_can_be_given_after_clearing() -> None:
    empty = ledger.emptied(FULL)
    again = ledger.edited(ledger.add(empty, answer()), "latency.log", "mine", NOW)
    for both in (ledger.merge(again, empty), ledger.merge(empty, again)):
        assert len(both.facts) == 1 and texts(both) == {"latency.log": "mine"}


def test_the_note_of_what_was_cleared_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_CLEARED", 3)
    found = Record()
    for minute in range(10):
        found = ledger.emptied(ledger.add(found, design(f"2026-03-01T12:{minute:02}:00Z")))
    assert len(found.cleared) == 3
    newest = record(design("2026-03-01T12:09:00Z"))
    assert (
        ledger.merge(newest, found).facts
        == ()
        == ledger.merge(ledger.read_own(ledger.own_text(found)).record, newest).facts
    )


@pytest.mark.parametrize("cleared", [None, [], "x", {"a": "1"}, {"a": True}, {"a": -1}, {"a": 1e300}])
def test_a_damaged_note_of_what_was_cleared_clears_nothing(cleared: Any) -> None:
    data = json.loads(ledger.own_text(FULL))
    ids = [fact["id"] for fact in FULL.facts]
    for note in (cleared, dict.fromkeys(ids, None), dict.fromkeys(ids, 1.0)):
        reading = ledger.read_own(json.dumps({**data, OWN: {**data[OWN], "cleared": note}}))
        assert reading.record.facts == FULL.facts


@pytest.mark.parametrize("claim", [4, 9_999, 10_000, 999_999, 10**30, True, -1, "9", None])
@pytest.mark.parametrize("at", [NOW, "9999-12-31T23:59:59.999Z"])
def test_no_claimed_count_of_edits_takes_the_place_of_the_learners_next_word(claim: Any, at: str) -> None:
    theirs = record(texts={"latency.log": written("theirs", at, edits=claim)})
    both = ledger.merge(FULL, theirs)
    mine = ledger.edited(both, "latency.log", "my own again", LATER)
    for found in (ledger.merge(mine, theirs), ledger.merge(theirs, mine), ledger.merge(mine, both)):
        assert texts(found) == {"latency.log": "my own again"}
    assert mine.settings["texts"]["latency.log"]["edits"] <= ledger.MAX_EDITS


def test_in_the_shared_document_a_foreign_text_or_number_never_replaces_the_learners() -> None:
    foreign = record(answer("about_5", at=LATER), numbered=written("theirs", "1970-01-01T00:00:00Z"))
    foreign.settings["texts"] = {"latency.log": written("theirs", edits=9999), "latency.risk": written("new")}
    text, reading = ledger.write(ledger.write(None, foreign, {}, NOW)[0], FULL, VALUES, NOW)
    assert texts(reading.record) == {"latency.log": "mine", "latency.risk": "new"} == texts(ledger.read(text).record)
    assert reading.record.settings["numbered"]["text"] == "number"
    assert (
        texts(ledger.merge(ledger.guest(foreign, Record()), Record()))["latency.log"] == "theirs"
    )  # an earlier version's


# --- What a link would add ----------------------------------------------------------------------------------


def linked(*facts: dict[str, Any], **kept: Any) -> str:
    others = json.dumps({"track": "x", "history": {"7": {"of": "another lab"}}, "last_updated": "", "current_step": 1})
    return saved(*facts, into=others, **kept)


def test_a_link_says_what_it_would_add_and_adds_no_more() -> None:
    link = linked(
        *(answer("about_5", at="1970-01-01T00:00:00Z"), answer(question="act2.prediction"), design()),
        texts={"latency.log": written("theirs", edits=999_999), "latency.risk": written("r"), "name": written("")},
        numbered=written("theirs", "1970-01-01T00:00:00Z"),
    )
    found = ledger.offer(FULL, link)
    assert (found.facts, found.texts, found.again) == (1, 1, False)
    after, _ = ledger.taken(FULL, found.record)
    assert len(after.facts) == len(FULL.facts) + found.facts
    assert ledger.answered(after.facts, "latency", Q)["option"] == "about_50"
    assert texts(after) == {"latency.log": "mine", "latency.risk": "r", "name": ""}
    assert after.settings["numbered"]["text"] == "number"
    assert "numbered" not in ledger.offer(Record(), link).record.settings
    assert ledger.offer(after, link).facts == ledger.offer(after, link).texts == 0


def test_a_link_with_what_was_cleared_here_says_so() -> None:
    assert ledger.offer(ledger.emptied(FULL), linked(answer())).again
    assert not ledger.offer(ledger.emptied(FULL), linked(failure())).again


# --- Documents that can't be read as they stand -------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "nonsense",
        "[]",
        "3",
        '"text"',
        "null",
        '{"history": 3}',
        '{"history": "x"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\ud800",
        '"' + '\\"' * 100_000,
    ],
)
def test_an_unreadable_document_is_set_aside_whole(text: str) -> None:
    reading = ledger.read(text)
    assert reading.set_aside == text and reading.problem and reading.writable
    written, result = ledger.write(text, record(answer()), VALUES, NOW)
    assert result.set_aside == text and ledger.read(written).problem == ()
    with pytest.raises(LedgerError):
        ledger.import_(None, text, NOW)


def test_a_field_that_can_not_be_kept_is_reported() -> None:
    text = document({CHAPTER: {"kv_cache_gb": 1e30, "slo_met": None}})
    reading = ledger.read(text)
    assert reading.set_aside == text and Note("strange_fields") in reading.problem
    assert ledger.read(document({CHAPTER: {"slo_met": None}})).problem == ()


def test_unknown_keys_at_the_top_move_out_and_are_reported() -> None:
    text = document({"1": {}}, extra=1)
    reading = ledger.read(text)
    assert reading.set_aside == text and Note("strange_top", {"count": 1}) in reading.problem
    written = saved(into=text)
    assert "extra" not in json.loads(written) and ledger.read(written).problem == ()


def test_damaged_facts_are_skipped_and_counted() -> None:
    text = saved(answer(), design())
    data = json.loads(text)
    facts = data["history"][CHAPTER][OWN]["facts"]
    facts += [
        {},
        3,
        {"kind": "answered"},
        answer() | {"at": "soon"},
        failure() | {"numbers": {"needs": "<b>"}},
    ]
    reading = ledger.read(json.dumps(data))
    assert reading.record.facts == ledger.read(text).record.facts
    assert Note("skipped", {"count": 5}) in reading.problem and reading.set_aside == json.dumps(data)
    with pytest.raises(LedgerError, match="skipped 5"):
        ledger.import_(None, json.dumps(data), NOW)


@pytest.mark.parametrize("own", [None, [], {}, {"schema": "1"}, {"schema": True}, {"schema": 0}, {"schema": 1.5}])
def test_a_record_without_a_schema_number_is_reported(own: Any) -> None:
    reading = ledger.read(document({CHAPTER: {OWN: own, "slo_met": True}}))
    assert reading.record.facts == () and reading.set_aside and Note("no_schema") in reading.problem
    assert reading.record.fields["slo_met"] is True


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_is_none_becomes_null_and_the_rest_survives(number: str) -> None:
    text = '{"history": {"1": {"a": %s, "b": 2}}}' % number  # noqa: UP031
    reading = ledger.read(text)
    assert reading.document["history"] == {"1": {"a": None, "b": 2}} and reading.set_aside == text
    assert json.loads(saved(into=text))["history"]["1"] == {"a": None, "b": 2}
    with pytest.raises(LedgerError, match="not_finite"):
        ledger.import_(None, text, NOW)


@pytest.mark.parametrize("key", [CHAPTER, "10"])
def test_a_newer_schema_is_never_overwritten(key: str) -> None:
    text = document({key: {OWN: {"schema": ledger.SCHEMA + 1, "facts": "who knows"}}})
    reading = ledger.read(text)
    assert not reading.writable and reading.record == Record() and reading.problem == (Note("newer"),)
    for act in (
        lambda: ledger.write(text, record(answer()), VALUES, NOW),
        lambda: ledger.clear(text, NOW),
        lambda: ledger.import_(text, saved(answer()), NOW),
        lambda: ledger.import_(None, text, NOW),
    ):
        with pytest.raises(LedgerError, match="newer"):
            act()
    assert "who knows" in ledger.export(text, "list", NOW)


def test_migrations_are_applied_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    text = saved(answer())
    monkeypatch.setattr(history, "SCHEMA", 3)
    monkeypatch.setitem(history.MIGRATIONS, 1, lambda own: own | {"settings": {"seen": [1]}})
    monkeypatch.setitem(history.MIGRATIONS, 2, lambda own: own | {"settings": {"seen": [*own["settings"]["seen"], 2]}})
    reading = ledger.read(text)
    assert reading.record.settings == {"seen": [1, 2]} and len(reading.record.facts) == 1
    assert history_of(saved(into=text))[CHAPTER][OWN]["schema"] == 3


# --- What the page may not hand in --------------------------------------------------------------------------


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


BAD_FACTS = [
    {},
    {"kind": "paid"},
    {"kind": ["answered"]},
    answer() | {"scenario": 3},
    answer() | {"option": None},
    answer() | {"at": "2026-03-01T12:00:00"},
    answer() | {"at": "2026-03-01T12:00:00+02:00"},
    answer() | {"at": "2026-13-01T12:00:00Z"},
    answer() | {"at": 5},
    answer() | {"scenario": {"x": float("nan")}},
    answer() | {"scenario": {"x": 10**400}},
    answer() | {"scenario": {"x": nested(20)}},
    answer() | {"scenario": {"x": object()}},
    answer() | {"scenario": {1: 2}},
    answer() | {"option": "x" * 10_000},
    answer() | {"option": "\ud800"},
    design() | {"seed": True},
    design() | {"settings": {"a": 1}},
    failure() | {"numbers": 5},
    failure() | {"numbers": {"needs": True}},
    failure() | {"request": []},
]


@pytest.mark.parametrize("fact", BAD_FACTS)
def test_a_fact_of_the_wrong_shape_is_refused(fact: dict[str, Any]) -> None:
    with pytest.raises(LedgerError):
        ledger.add(Record(), fact)


def test_a_kept_fact_does_not_change_with_the_pages_data() -> None:
    fact = answer()
    found = ledger.add(Record(), fact)
    fact["scenario"]["kv_heads"] = 8
    assert found.facts[0]["scenario"]["kv_heads"] == 64


@pytest.mark.parametrize(("fields", "now"), [({"my_field": 1}, NOW), ({}, "today")])
def test_what_can_not_be_kept_is_refused(fields: dict[str, Any], now: str) -> None:
    with pytest.raises(LedgerError):
        ledger.write(None, Record(), fields, now)


@pytest.mark.parametrize("bad", [float("inf"), nested(20), "x" * 3000, "\ud800", object(), {1, 2}])
def test_a_setting_that_can_not_be_kept_is_left_out_by_itself_and_blocks_no_fact(bad: Any) -> None:
    kept = {"context": "latency", "bad": bad, "controls": {"latency": {"x": 1.5, "bad": bad}}, "\ud800": 1, 3: 4}
    full = record(answer(), **{str(name): value for name, value in kept.items()})
    for reading in (
        ledger.read(ledger.write(None, full, VALUES | {"slo_met": bad}, NOW)[0]),
        ledger.read_own(ledger.own_text(replace(full, fields=VALUES | {"slo_met": bad}))),
    ):
        assert reading.record.facts == full.facts and reading.problem == ()
        assert reading.record.settings["context"] == "latency"
        assert reading.record.settings["controls"]["latency"]["x"] == 1.5
        assert reading.record.fields["kv_cache_gb"] == 10.7
        assert "x" * 3000 not in json.dumps(reading.record.settings)


def test_of_saved_settings_those_that_can_be_read_are() -> None:
    text = document(
        {CHAPTER: {OWN: {"schema": 1, "facts": [], "settings": {"context": "latency", "config": "x" * 3000}}}}
    )
    reading = ledger.read(text)
    assert reading.record.settings == {"context": "latency"} and Note("strange_settings") in reading.problem


# --- Export and import --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["dict", "list"])
def test_export_clear_import_brings_everything_back(form: str) -> None:
    text = saved(answer(), design(), into=document({"1": {"a": 1}, "v1_03": {"b": None}}), x=1)
    file = ledger.export(text, form, LATER)
    assert isinstance(history_of(file), dict if form == "dict" else list) and file.count("\n") > 10
    back, reading = ledger.import_(None, file, LATER)
    before = ledger.read(text)
    assert reading.record == before.record == ledger.read(back).record and reading.problem == ()
    assert history_of(back) == history_of(text)
    assert reading.document["track"] == "cloud" and reading.document["current_step"] == 10


def test_an_import_can_not_change_a_lock() -> None:
    here = saved(answer("about_5"))
    file = saved(answer("about_50", at="1970-01-01T00:00:00Z"), design())
    text, reading = ledger.import_(here, file, LATER)
    assert [f["option"] for f in ledger.of_kind(reading.record.facts, "answered")] == ["about_5"]
    assert len(ledger.of_kind(ledger.read(text).record.facts, "recorded")) == 1
    assert Note("file_locked", {"count": 1}) in reading.problem


@pytest.mark.parametrize("form", ["dict", "list"])
def test_an_import_keeps_what_is_here_and_adds_what_is_missing(form: str) -> None:
    here = ledger.export(document({"1": {"a": "here"}, "2": {}}), form, NOW)
    file = document([{"step": 1, "design": {"a": "there"}}, {"chapter": 4, "design": {"new": 1}}])
    text, _ = ledger.import_(here, file, LATER)
    found = history_of(ledger.export(text, "dict", LATER))
    assert {key: found[key] for key in found if key != CHAPTER} == {
        "1": {"a": "here"},
        "2": {},
        "4": {"new": 1},
    }
    assert isinstance(history_of(text), dict)
    assert ledger.import_(text, file, LATER)[0] == text


def test_an_import_of_an_earlier_draft_keeps_its_fields() -> None:
    file = document([{"chapter": 10, "design": {"kv_cache_gb": 5.0, "slo_met": True}}], current_chapter=4)
    reading = ledger.import_(saved(answer()), file, LATER)[1]
    assert reading.record.fields["kv_cache_gb"] == 10.7 and reading.record.fields["slo_met"] is True


HOSTILE = [
    "{}",
    '{"name": "a recipe"}',
    document({}, track=3),
    document({}, current_step={"a": 1}),
    document({}, last_updated=[]),
    document({CHAPTER: 3}),
    document({CHAPTER: {OWN: 3}}),
    document({CHAPTER: {OWN: {"schema": 1, "facts": {}}}}),
    document({CHAPTER: {OWN: {"schema": 1, "settings": []}}}),
    *[document({CHAPTER: {OWN: {"schema": 1, "facts": [f]}}}) for f in ({}, {"kind": "answered"}, None, [[]])],
    document({"1": "x" * 2_000_001}),
    document({"1": nested(70)}),
]


@pytest.mark.parametrize("file", HOSTILE)
def test_a_hostile_file_is_refused_with_a_sentence(file: str) -> None:
    with pytest.raises(LedgerError, match=r"^not_imported; "):
        ledger.import_(saved(answer()), file, NOW)


def test_markup_stays_text_and_a_future_time_is_only_a_time() -> None:
    bad = answer("<img src=x onerror=alert(1)>", at="9999-12-31T23:59:59Z")
    reading = ledger.import_(None, saved(bad), NOW)[1]
    assert ledger.answered(reading.record.facts, "latency", Q)["option"] == "<img src=x onerror=alert(1)>"


def test_a_file_with_a_byte_order_mark_is_read() -> None:
    assert ledger.import_(None, "\ufeff" + saved(answer()), NOW)[1].record.facts


def test_another_export_form_is_refused() -> None:
    with pytest.raises(LedgerError):
        ledger.export(None, "tree", NOW)


@pytest.mark.parametrize(
    "history",
    [
        ["odd", None, 3],
        [{"step": 1, "design": {}}, {"step": 1, "design": {"second": 1}}],
        [{"step": True, "design": 1}],
    ],
)
def test_entries_of_no_known_form_survive_both_exports(history: list[Any]) -> None:
    text = ledger.export(ledger.export(document(history), "dict", NOW), "list", NOW)
    kept = json.dumps(history_of(text))
    assert all(json.dumps(entry.get("design") if isinstance(entry, dict) else entry) in kept for entry in history)


# --- Whatever comes -----------------------------------------------------------------------------------------

TIMES = st.integers(0, 59).map(lambda second: f"2026-03-01T12:00:{second:02d}Z")
FACTS = st.one_of(
    st.builds(
        answer,
        st.sampled_from(["about_5", "about_50", "<b>"]),
        TIMES,
        st.sampled_from(["latency", "throughput"]),
        st.sampled_from([Q, "act2.prediction"]),
    ),
    st.builds(design, TIMES),
    st.builds(failure, st.sampled_from(["broke", "mended"]), TIMES, st.sampled_from("ab")),
    st.builds(game, st.integers(-9, 9), TIMES, st.sampled_from(["queue", "wall"]), st.integers(1, 2)),
)
RECORDS = st.lists(FACTS, max_size=8).map(lambda facts: record(*facts))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
FINITE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
STEPS = st.integers(0, 33).filter(lambda n: n != 10) | st.sampled_from(["v1_03", "v2_11", "capstone"])
LISTS = st.lists(
    st.builds(lambda step, entry: {"step": step, "design": entry}, STEPS, FINITE),
    max_size=5,
    unique_by=lambda e: e["step"],
)
OTHERS = LISTS | st.dictionaries(STEPS.map(str), FINITE, max_size=5)
OUR_PART = st.fixed_dictionaries(
    {},
    optional={
        "schema": st.integers(-1, 3) | JSON,
        "settings": JSON,
        "facts": JSON
        | st.lists(
            JSON
            | st.fixed_dictionaries(
                {"kind": st.sampled_from(list(ledger.SHAPES))},
                optional={
                    name: JSON | TIMES | st.just({})
                    for name in ("at", "context", "settings", "result", "numbers", "seed")
                },
            ),
            max_size=4,
        ),
    },
)
NEAR_MISSES = st.fixed_dictionaries(
    {},
    optional={
        "track": JSON,
        "current_step": JSON,
        "current_chapter": JSON,
        "last_updated": JSON,
        "more": JSON,
        "history": JSON
        | st.dictionaries(
            st.sampled_from(["10", CHAPTER, "1"]), JSON | st.fixed_dictionaries({OWN: OUR_PART}), max_size=3
        )
        | st.lists(
            JSON
            | st.fixed_dictionaries(
                {
                    "step": st.sampled_from([10, "10", CHAPTER]) | JSON,
                    "design": st.fixed_dictionaries({OWN: OUR_PART}),
                }
            ),
            max_size=3,
        ),
    },
)
TEXTS = st.text() | JSON.map(json.dumps) | NEAR_MISSES.map(json.dumps)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example(json.dumps({"history": [{"step": 10, "design": {OWN: {"schema": 2}}}, {"step": 10, "design": {OWN: {}}}]}))
def test_reading_never_raises_and_what_it_gives_can_be_kept(text: str) -> None:
    reading = ledger.read(text)
    assert (reading.set_aside is None) or (reading.set_aside == text and reading.problem)
    for form in ("dict", "list"):
        assert ledger.read(ledger.export(text, form, NOW)).problem in ((), reading.problem)
    if reading.writable:
        written, result = ledger.write(text, record(answer()), VALUES, NOW)
        again = ledger.read(written)
        assert again.problem == () and again.record == result.record
        assert {f["id"] for f in reading.record.facts} <= {f["id"] for f in again.record.facts}


@settings(max_examples=400, deadline=None)
@given(TEXTS, TEXTS)
def test_importing_raises_nothing_but_a_sentence(here: str, file: str) -> None:
    try:
        text, _ = ledger.import_(here, file, NOW)
    except LedgerError as refusal:
        assert native.shipped().told("ledger", refusal.notes).endswith(".")
    else:
        assert ledger.read(text).problem == ()


EMPTIED = st.booleans()


@given(RECORDS, RECORDS, RECORDS, EMPTIED, EMPTIED)
def test_clearing_merges_alike_in_any_order(a: Record, b: Record, c: Record, one: bool, other: bool) -> None:
    a = ledger.merge(ledger.emptied(a), b) if one else a
    c = ledger.merge(c, ledger.emptied(b)) if other else c
    both = ledger.merge(a, b)
    assert ledger.merge(both, b) == both == ledger.merge(both, a) and ledger.merge(a, a) == a
    assert both.facts == ledger.merge(b, a).facts and both.cleared == ledger.merge(b, a).cleared
    assert ledger.merge(both, c).facts == ledger.merge(a, ledger.merge(b, c)).facts


@given(RECORDS, RECORDS, RECORDS)
def test_merging_is_idempotent_and_order_does_not_matter(a: Record, b: Record, c: Record) -> None:
    both = ledger.merge(a, b)
    assert ledger.merge(both, b) == both == ledger.merge(both, a) and ledger.merge(a, a) == a
    assert both.facts == ledger.merge(b, a).facts
    assert ledger.merge(both, c).facts == ledger.merge(a, ledger.merge(b, c)).facts
    for context in ("latency", "throughput"):
        locks = [f for r in (a, b) if (f := ledger.answered(r.facts, context, Q))]
        folded = ledger.answered(both.facts, context, Q)
        assert folded == min(locks, key=lambda f: (f["at"], f["id"]), default=None)


@given(OTHERS, RECORDS, RECORDS)
def test_other_labs_entries_survive_byte_for_byte(others: Any, a: Record, b: Record) -> None:
    text = ledger.write(document(others), a, VALUES, NOW)[0]
    text = ledger.import_(text, ledger.write(None, b, VALUES, NOW)[0], LATER)[0]
    found = history_of(text)
    kept: Any = {k: v for k, v in found.items() if k != CHAPTER}
    assert json.dumps(kept) == json.dumps(history_of(ledger.clear(text, LATER)[0]))
    if isinstance(others, dict):
        assert json.dumps(kept) == json.dumps(others)
    else:
        assert len(kept) == len(others)
        for entry in others:
            payload = entry.get("design", entry) if isinstance(entry, dict) else entry
            assert payload in kept.values() or entry in kept.values()


@given(OTHERS, RECORDS)
def test_both_export_forms_say_the_same(others: Any, a: Record) -> None:
    text, reading = ledger.write(document(others), a, VALUES, NOW)
    table, rows = (ledger.export(text, form, LATER) for form in ("dict", "list"))
    assert ledger.export(rows, "dict", LATER) == table and ledger.export(table, "list", LATER) == rows
    for file in (table, rows):
        assert ledger.read(file).record == reading.record == ledger.import_(None, file, LATER)[1].record
