"""Find the bugs: the engine judges every correction, opens it to nobody too early, and a draft that came true is found."""

import copy
from dataclasses import replace
from fractions import Fraction

import pytest

import acts
import engine
import views
from acts.bugs import bugs
from acts.bugs.controls import name
from acts.bugs.lesson import LESSON
from content.control import Range
from content.controls import controls
from state import store
from tests import lab as native

# What should stand there, from the sources in docs/physics.md ("what an earlier draft had wrong") and arithmetic alone.
GIB, MIB = 2**30, 2**20
LEFT = (
    8 * 80 * GIB - 70_553_706_496 * 2
)  # eight H100s, less the weights of Llama-3-70B, whose card counts its parameters
RESPONSES = {
    b: Fraction(100) * s * s / (2 * b * (1 - 100 * s / b)) + Fraction(b, 200) + s
    for b in range(1, 65)
    if (s := Fraction(50, 1000) + Fraction(b, 2000)) * 100 < b
}
RIGHT = {
    "users": LEFT // (2 * 80 * 64 * 128 * 2 * 4096),
    "peak": 989,
    "page": 2 * 80 * 8 * 128 * 2 * 16 / MIB,
    "prefill": 141,
    "batch": min(RESPONSES, key=lambda b: RESPONSES[b]),
    "decode": "all",
    "p99": "tail",
    "speculation": "alone",
}
IDS = list(bugs.all_of(native.shipped()))


def corrected(state, values):
    return native.after(state, *(store.ControlMoved(name(id), value) for id, value in values.items()))


def test_every_bug_has_an_answer_here():
    assert set(IDS) == set(RIGHT) and 6 <= len(IDS) <= 8


@pytest.mark.parametrize("id", IDS)
def test_the_right_correction_is_right_and_the_drafts_is_not(id):
    draft = bugs.all_of(native.shipped())[id].draft
    assert bugs.judge(native.shipped(), id, RIGHT[id]) == bugs.RIGHT
    assert bugs.judge(native.shipped(), id, draft) == bugs.UNTOUCHED
    assert bugs.verdict(native.shipped(), id, draft) != bugs.RIGHT


@pytest.mark.parametrize("id", IDS)
def test_of_all_that_can_be_chosen_only_the_right_is_right(id):
    control = controls(native.shipped())[name(id)]
    if isinstance(control, Range):
        width = 0.05 * float(RIGHT[id])
        for wrong in (RIGHT[id] - max(width, 1), RIGHT[id] + max(width, 1)):
            expected = bugs.LOW if wrong < RIGHT[id] else bugs.HIGH
            assert bugs.verdict(native.shipped(), id, wrong) == expected
    else:
        values = [value for value, _ in control.options]
        assert [v for v in values if bugs.verdict(native.shipped(), id, v) == bugs.RIGHT] == [RIGHT[id]]


def test_a_whole_batch_is_beaten_by_no_other():
    responses = {b: bugs.response_s(native.shipped(), b) for b in RESPONSES}
    assert responses == pytest.approx({b: float(r) for b, r in RESPONSES.items()}, rel=1e-12)


@pytest.mark.parametrize("until", range(5))
def test_it_opens_when_the_second_act_is_committed(until):
    frame = views.frame(native.shipped(), native.walked(until=until, position=0))
    assert frame["bugs.open"]["hidden"] == (until < 4)
    assert any(key.startswith("bugs.users") for key in frame) == (until == 4)


def test_a_wrong_correction_gets_a_hint_that_does_not_give_the_answer_away():
    state = corrected(native.walked(until=4), {"users": 60, "batch": 5, "p99": "margin"})
    assert native.says(state, "bugs.users.verdict").startswith(native.shipped().at("bugs.too_high"))
    assert "50" not in native.says(state, "bugs.users.verdict")
    assert native.shipped().at("bugs.endless") in native.says(state, "bugs.batch.verdict")
    assert native.says(state, "bugs.p99.verdict").startswith(native.shipped().at("bugs.wrong"))
    assert views.frame(native.shipped(), state)["bugs.page.verdict"]["hidden"]


def test_all_of_them_corrected_then_put_back():
    first = native.walked(until=4)
    done = corrected(first, RIGHT)
    assert views.frame(native.shipped(), done)["bugs.count"]["state"] == "good"
    assert done.results == first.results  # no run depends on a correction
    again = native.after(done, store.ControlsReset("bugs"))
    assert again.settings == first.settings


def test_corrections_last_from_visit_to_visit():
    from record import ledger
    from tests.e2e.twin import document

    done = corrected(native.walked(until=4), RIGHT)
    read = store.LedgerRead(ledger.read(document(done)), store.DEVICE, restore=True)
    later = native.after(store.initial(native.shipped()), read)
    assert {id: later.value(name(id)) for id in IDS} == RIGHT


def changed(change):
    tables = copy.deepcopy(dict(native.shipped().tables))
    change(tables["bugs"])
    return acts.course(tables)


def bug_of(table, id):
    return next(bug for kind in ("numbers", "choices") for bug in table[kind] if bug["id"] == id)


MISTAKES = [
    (lambda t: bug_of(t, "users").update(draft=50), "50 is right"),
    (lambda t: bug_of(t, "users").update(draft=0), "a value that its control offers"),
    (lambda t: bug_of(t, "users").update(measure="people"), "'people'"),
    (lambda t: bug_of(t, "users").update(measure="model"), "'model'"),  # a name, which no correction can be near
    (lambda t: bug_of(t, "users").update(hint="{kv_user_byte:gib}"), "{kv_user_byte}"),
    (lambda t: bug_of(t, "p99")["options"].pop(), "exactly one option"),
    (lambda t: bug_of(t, "p99").update(draft="tail"), "'tail' is right"),
]


@pytest.mark.parametrize(("change", "what"), MISTAKES)
def test_the_build_names_a_bug_that_is_none(change, what):
    assert any(what in problem for problem in LESSON.proof(changed(change)))


def test_the_shipped_bugs_are_without_a_problem():
    assert list(LESSON.proof(native.shipped())) == []


def test_a_decode_step_reads_what_is_cached():
    numbers = bugs.numbers(native.shipped())
    assert numbers["decode_cache"] == 2 * 80 * 8 * 128 * 2 * (32 * 4096 + 32)  # the newest token is written too
    model = native.shipped().models["llama-3-70b"]
    table = model.vocab * model.width * 2  # the embedding, looked up and not read
    assert numbers["decode_weights"] == engine.weight_bytes(model, 16) - table


def test_the_context_of_the_learner_changes_nothing():
    one, other = (corrected(native.walked(context, until=4), RIGHT) for context in ("latency", "throughput"))
    frames = [views.frame(native.shipped(), replace(state, theme="light")) for state in (one, other)]
    mine = [{key: value for key, value in frame.items() if key.startswith("bugs.")} for frame in frames]
    assert mine[0] == mine[1]
