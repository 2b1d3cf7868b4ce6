"""A pasted model between visits: it comes back as it was, whatever its config.json weighs; what is no model is refused."""

import json
from dataclasses import asdict, fields, replace

import pytest

import engine
from acts.wall import actions as wall_actions
from acts.wall import happens
from acts.wall.controls import PASTED
from record import ledger
from record.keeper import Keeper
from state import store
from tests import lab as native
from tests.unit.test_keeper import NOW, Shelf

COURSE = native.shipped()
LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "intermediate_size": 14336,
    "tie_word_embeddings": False,
}
MODEL = engine.model_from_config(json.dumps(LLAMA))
LONG = json.dumps({**LLAMA, "id2label": {str(number): f"label {number}" for number in range(1000)}})


def revisited(state):
    """The page at the next visit."""
    shelf = Shelf()
    Keeper(shelf).save(state.record, store.fields(COURSE, state), NOW)
    kept = Keeper(shelf).read()
    return native.after(native.start(), store.LedgerRead(kept.reading, kept.saved, restore=True)), kept


def test_a_long_config_blocks_no_fact_and_its_model_is_there_at_the_next_visit():
    assert len(LONG) > 2 * ledger.MAX_TEXT
    pasted = native.after(
        native.answered(native.start(), "act1.prediction", "about_50"), wall_actions.ConfigPasted(LONG)
    )
    state, kept = revisited(native.answered(pasted, "act1.reflection", "run_time"))
    assert kept.saved == store.DEVICE and kept.reading.problem == ()
    assert [fact["option"] for fact in store.facts(state)] == ["about_50", "run_time"]
    assert happens.pasted(state) == happens.pasted(pasted) == MODEL and state.value("act1.model") == PASTED
    assert "label 7" not in json.dumps(kept.reading.record.settings)


def test_the_text_that_an_earlier_version_kept_is_still_read():
    pasted = native.after(native.start(), wall_actions.ConfigPasted(json.dumps(LLAMA)))
    old = {name: value for name, value in pasted.record.settings.items() if name != PASTED}
    record = ledger.Record(settings={**old, "config": json.dumps(LLAMA)})
    state, _ = revisited(replace(pasted, record=record))
    assert happens.pasted(state) == MODEL and state.value("act1.model") == PASTED


@pytest.mark.parametrize("model", [MODEL, *COURSE.models.values()], ids=lambda model: model.id)
def test_every_model_comes_back_as_it_was(model):
    assert engine.model_from_plain(json.loads(json.dumps(engine.model_to_plain(model)))) == model


@pytest.mark.parametrize("name", [field.name for field in fields(engine.Model) if field.type in ("int", "str", "bool")])
@pytest.mark.parametrize("bad", [None, -1, 1e30, float("nan"), float("inf"), "x" * 300, [1], {}, 10**400, 1.5])
def test_what_is_no_model_is_refused(name, bad):
    with pytest.raises(engine.PhysicsError):
        engine.model_from_plain(asdict(MODEL) | {name: bad})


@pytest.mark.parametrize(
    "change",
    [
        {"layers": 0},
        {"kv_heads": 64},
        {"local_layers": 33},
        {"active_parameters": 10**12},
        {"layers": True},
        {"tied": 1},
    ],
)
def test_what_can_not_be_together_is_refused(change):
    with pytest.raises(engine.PhysicsError):
        engine.model_from_plain(asdict(MODEL) | change)


@pytest.mark.parametrize("kept", [None, [], "x", 7, {}, {"layers": 1}])
def test_a_damaged_model_is_none_and_the_page_starts_with_one_of_its_own(kept):
    with pytest.raises(engine.PhysicsError):
        engine.model_from_plain(kept)
    pasted = native.after(native.start(), wall_actions.ConfigPasted(json.dumps(LLAMA)))
    record = ledger.Record(settings={**pasted.record.settings, PASTED: kept})
    state, _ = revisited(replace(pasted, record=record))
    assert happens.pasted(state) is None and state.value("act1.model") in COURSE.models


def test_fields_that_are_new_since_then_get_their_defaults_and_those_that_are_gone_are_left():
    kept = {name: value for name, value in asdict(MODEL).items() if name not in ("tied", "experts")} | {"old": 1}
    assert engine.model_from_plain(kept) == MODEL
