"""The attention families on one axis: what a token costs at every precision, and who then fits."""

import json
from dataclasses import replace

import pytest

import charts
import engine
import views
from acts.wall import actions as wall_actions
from acts.wall import calculator, happens, users
from acts.wall import view as act1
from content import wording
from runs import oracles
from state import store
from tests import lab as native

COURSE = native.shipped()


def rows_of(state):
    desk = calculator.desk(COURSE, state)
    return act1.family_rows(desk, happens.pasted(state), calculator.numbers(desk))


def row(state, name):
    return next(row for row in rows_of(state) if row["name"] == name)


def moved(**settings):
    moves = (store.ControlMoved(f"act1.{name}", value) for name, value in settings.items())
    return native.after(native.walked(until=1), *moves)


def test_every_family_is_there():
    assert {row["family"] for row in rows_of(moved())} == set(charts.memory.FAMILIES)


def test_what_a_token_costs_is_what_was_published():
    """320 KiB for Llama-3-70B, 70,272 bytes for DeepSeek-V3's latent (arXiv:2405.04434), and halves at half the bits."""
    state = moved()
    for name, size in (("Llama-3-70B", 320 * 1024), ("DeepSeek-V3", 70_272), ("Llama-2-7B", 512 * 1024)):
        assert [size for size, _ in row(state, name)["sizes"]] == [size, size / 2, size / 4]


def test_the_calculators_model_fits_as_many_users_as_the_calculator_says():
    for settings in ({}, {"kv_bits": 8}, {"kv_heads": "published"}, {"context": 8192, "gpus": 4}):
        state = moved(**settings)
        mine = next(row for row in rows_of(state) if row["here"] is not None)
        assert mine["sizes"][mine["here"]][1] == calculator.users(calculator.desk(COURSE, state))


@pytest.mark.parametrize("gpus", [1, 2, 4, 8])
@pytest.mark.parametrize("model", ["llama-3-70b", "qwen3-235b-a22b", "falcon-7b", "deepseek-v3", "gemma-3-27b"])
def test_at_every_precision_the_calculators_model_fits_as_many_users_as_the_calculator_then_says(model, gpus):
    """Also with more GPUs than KV heads (four, one, a latent), where each GPU holds a copy."""
    state = moved(model=model, gpus=gpus, kv_heads="published", weight_bits=8)
    desk = calculator.desk(COURSE, state)
    mine = next(row for row in rows_of(state) if row["here"] is not None)
    then = [calculator.users(desk.with_settings({"act1.kv_bits": bits})) for bits in act1.PRECISIONS]
    assert [users for _, users in mine["sizes"]] == then


def test_copies_are_counted_for_other_models_than_the_calculators_too():
    """Falcon-7B has one KV head: on eight GPUs its cache is there eight times, Llama-3-70B's with eight heads once."""
    state = moved(gpus=8)
    left, tokens = (calculator.numbers(calculator.desk(COURSE, state))[key] for key in ("left_bytes", "context_tokens"))
    for name, copies in (("Falcon-7B", 8), ("Llama-3-70B", 1)):
        size, users = row(state, name)["sizes"][0]
        assert users == left // (size * tokens * copies) > 0


@pytest.mark.parametrize("context", COURSE.contexts)
def test_sums_are_made_with_figures_only_and_sentences_get_the_names_too(context):
    asked = oracles.scenario(COURSE, "act1.prediction", context)
    figures, said = users.sizes(COURSE, asked), users.users_numbers(COURSE, asked)
    assert {type(value) for value in figures.values()} == {int, float}
    assert said == figures | {"model": "Llama-3-70B", "gpu_short": "H100"}


def test_only_windows_get_cheaper_with_a_longer_context():
    short, long = moved(context=4096), moved(context=32768)
    for before in rows_of(short):
        after = row(long, before["name"])["sizes"][0][0]
        assert (after < before["sizes"][0][0]) == (before["family"] == "window")


def test_a_model_that_was_pasted_has_a_row_of_its_own():
    shape = {"num_hidden_layers": 4, "hidden_size": 256, "num_attention_heads": 8, "vocab_size": 1000}
    shape |= {"intermediate_size": 512, "tie_word_embeddings": False}
    config = json.dumps({**shape, "model_type": "x" * 80})
    state = native.after(moved(), wall_actions.ConfigPasted(config))
    mine = next(row for row in rows_of(state) if row["here"] is not None)
    assert mine["sizes"][0][0] == engine.kv_bytes_per_token(happens.pasted(state), 16)
    figure = views.frame(COURSE, state)["act1.families.plot"]["figure"]
    names = figure["layout"]["yaxis"]["ticktext"]
    assert max(map(len, names)) <= charts.memory.LONGEST_NAME
    assert len(set(figure["layout"]["yaxis"]["tickvals"])) == len(rows_of(state))


@pytest.mark.parametrize("settings", [{}, {"gpus": 1}, {"context": 32768}])
def test_the_users_beside_a_mark_are_the_engines_of_that_very_model(settings):
    """Windows, one KV head and a latent on many GPUs, and linear layers with a state: what a token costs tells none of these."""
    state = moved(weight_bits=8, **settings)
    desk = calculator.desk(COURSE, state)
    deployment, found = desk.deployment, calculator.numbers(desk)
    figure = views.frame(COURSE, state)["act1.families.plot"]["figure"]
    marked = {
        y: said for trace in figure["data"] for y, said in zip(trace["y"], trace.get("text", ()), strict=False) if said
    }
    for id in ("gemma-3-27b", "falcon-7b", "deepseek-v3", "qwen3-next-80b-a3b", "nemotron-3-nano"):
        model = COURSE.models[id]
        user = engine.request_bytes(replace(deployment, model=model, kv_bits=16), int(found["context_tokens"]))
        fit = max(0, int(found["left_bytes"])) // user
        assert marked[model.name].split() == [wording.decimals(fit, 0)]


def test_the_table_names_every_row_and_marks_the_calculators():
    state = moved()
    table = views.frame(COURSE, state)["act1.families.body"]["rows"]
    assert [native.plain(cells[0]) for cells in table] == [row["name"] for row in rows_of(state)]
    assert [cells[0].startswith("**") for cells in table] == [row["here"] is not None for row in rows_of(state)]
