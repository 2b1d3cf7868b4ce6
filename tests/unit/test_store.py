"""The state as lists of actions: what is locked stays locked, nothing is lost, and there is always a way forward."""

import json
import random
import re
import sys
from collections import Counter
from functools import cache

import pytest

import views
from acts.promises import actions as design_actions
from acts.promises import now, questions, serving, sweeps
from acts.wall import actions as wall_actions
from content.controls import controls, defaults
from links import share
from page import remembered
from record import ledger
from report import report
from runs import jobs, oracles
from state import saved, store
from tests import lab as native

COURSE = native.shipped()
UNFILLED = re.compile(r"\{[a-z_]+[:}]|\bNone\b|\bnan\b")
LATER = "2026-01-02T03:05:00.000Z"


def test_nothing_behind_a_prediction_is_there_before_it_is_committed():
    frame = views.frame(COURSE, native.start())
    assert "act1.card.users" not in frame and "act2.prediction.prompt" not in frame
    assert frame["act1.revealed"] == {"hidden": True}


@pytest.mark.parametrize("context", COURSE.contexts)
def test_the_stages_follow_each_other(context):
    state = native.start(context)
    seen = [store.stage(native.shipped(), state, "act1")]
    state = native.answered(state, "act1.prediction", "about_50")
    seen.append(store.stage(native.shipped(), state, "act1"))
    state = native.after(state, store.ControlMoved("act1.context", "1024"))
    seen.append(store.stage(native.shipped(), state, "act1"))
    assert not store.is_open(native.shipped(), state, "act2")
    state = native.answered(state, "act1.reflection", "run_time")
    seen.append(store.stage(native.shipped(), state, "act1"))
    assert seen == [store.PREDICT, store.LOCKED, store.EXPLORE, store.COMMITTED]
    assert store.is_open(native.shipped(), state, "act2")


def test_a_commit_is_for_good():
    state = native.answered(native.start(), "act1.prediction", "about_200")
    again = native.answered(state, "act1.prediction", "about_50")
    assert store.answer(again, "act1.prediction").option == "about_200"
    assert [fact["option"] for fact in store.facts(again)] == ["about_200"]


@pytest.mark.parametrize("question", ["act1.reflection", "act2.prediction", "act2.reflection"])
def test_a_question_can_not_be_answered_before_its_turn(question):
    state = native.answered(native.start(), question, native.option_ids(question)[0])
    assert store.facts(state) == []


def test_a_verdict_follows_the_locked_scenario_and_not_the_sliders():
    state = native.walked(until=1)
    before = native.says(state, "act1.prediction.feedback")
    moved = native.after(state, store.ControlMoved("act1.context", "32768"), store.ControlMoved("act1.gpus", "1"))
    assert native.says(moved, "act1.prediction.feedback") == before
    assert native.says(moved, "act1.card.users") != native.says(state, "act1.card.users")


def test_a_held_slider_asks_for_quick_runs_and_a_released_one_for_full_runs():
    state = native.walked(until=3)
    held = native.after(state, store.ControlMoved("act2.a.load", "3", settled=False))
    released = native.after(held, store.ControlMoved("act2.a.load", "3"))
    table = COURSE.at("act2.simulation")
    assert now.request(COURSE, held, "a").requests == table["quick_requests"]
    assert now.request(COURSE, released, "a").requests == table["requests"]
    assert store.next_run(COURSE, held) == now.request(COURSE, held, "a")


def test_a_result_that_nobody_wants_any_more_is_dropped():
    state = native.walked(until=3)
    old = now.request(COURSE, native.after(state, store.ControlMoved("act2.a.load", "3")), "a")
    after = native.after(state, store.RunFinished(old, native.ran(old), native.AT))
    assert after is state


def test_breaking_and_mending_are_facts():
    state = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.a.load", "8")))
    kinds = [(f["kind"], f["failure"]) for f in store.facts(state) if f["kind"] in ("broke", "mended")]
    assert kinds == [("broke", serving.TTFT)]
    mended = native.settled(native.after(state, store.ControlsReset("act2")), LATER)
    kinds = [(f["kind"], f["failure"]) for f in store.facts(mended) if f["kind"] in ("broke", "mended")]
    assert kinds == [("broke", serving.TTFT), ("mended", serving.OK)]
    assert store.fields(COURSE, mended)["constraint_hit"] is True


def test_a_recorded_design_fills_the_agreed_fields():
    state = native.after(native.walked(until=3), design_actions.DesignRecorded(native.AT))
    fields = store.fields(COURSE, state)
    assert tuple(fields) == ledger.FIELDS
    assert None not in fields.values()
    assert fields["slo_met"] is True and fields["act2_result"] == {"a": serving.OK, "b": serving.OK}


def test_saving_happens_when_the_record_changed_and_only_then():
    before = native.start()
    after = native.answered(before, "act1.prediction", "about_50")
    assert any(isinstance(effect, store.Save) for effect in store.effects(COURSE, before, after))
    text, reading = ledger.write(None, after.record, store.fields(COURSE, after), native.AT)
    read = native.after(native.start(), store.LedgerRead(ledger.read(text), store.DEVICE, restore=True))
    assert store.facts(read) == store.facts(after)
    saved = native.after(after, store.SaveFinished(reading.record, store.DEVICE))
    assert not any(isinstance(effect, store.Save) for effect in store.effects(COURSE, after, saved))


def test_another_tabs_facts_come_over_and_its_sliders_do_not():
    ours = native.after(native.start(), store.ControlMoved("act1.context", "1024"))
    theirs = native.answered(
        native.after(native.start(), store.ControlMoved("act1.context", "2048")), "act1.prediction", "about_5"
    )
    text, _ = ledger.write(None, theirs.record, {}, native.AT)
    merged = native.after(ours, store.LedgerRead(ledger.read(text), store.DEVICE))
    assert store.answer(merged, "act1.prediction").option == "about_5"
    assert merged.value("act1.context") == 1024


def test_clearing_starts_again_on_the_same_side():
    state = native.after(native.walked("throughput", until=1), store.Cleared(store.DEVICE))
    assert (state.context, store.facts(state), state.settings) == ("throughput", [], defaults(COURSE))


CONTROLS = sorted(controls(COURSE))
TYPED = ("1", "2", "8", "16", "512", "99999", "", "abc", "static", "full", "published", "nan", None, 1e300)
CONFIG = json.dumps(
    {"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}
    | {"num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192}
)


@cache
def elsewhere(context):
    """The record of another tab, which answered the first question later, and the link that it would give away."""
    other = native.after(native.start(context), store.ControlMoved("act1.context", "2048"))
    other = native.after(other, store.OptionChosen("act1.prediction", "about_5"))
    other = native.after(other, store.AnswerCommitted("act1.prediction", LATER))
    text, reading = ledger.write(None, other.record, store.fields(COURSE, other), LATER)
    return text, reading.record, share.link(COURSE, context, other.settings[context])


def any_action(chance, state, among=None):
    """One action, as a person, storage or a storm of clicks would make it; `among` the kinds, else any that loses no work."""
    one, half = chance.choice, chance.random() < 0.5
    kind = one(among or KINDS)
    text, record, link = elsewhere(one(COURSE.contexts)) if kind in FROM_ELSEWHERE else ("", state.record, "")
    return {
        store.ContextChosen: lambda: kind(one([*COURSE.contexts, "nowhere"])),
        store.ThemeChanged: lambda: kind(one(("light", "dark"))),
        store.OptionChosen: lambda: kind(*any_option(chance)),
        store.AnswerCommitted: lambda: kind(one(native.QUESTIONS), native.AT),
        store.ControlMoved: lambda: kind(one(CONTROLS), one(TYPED), chance.random() < 0.7),
        store.ControlsReset: lambda: kind(one([act.id for act in COURSE.acts])),
        wall_actions.TwistFlipped: lambda: kind(half),
        wall_actions.ConfigPasted: lambda: kind(one(["", "{}", "[1", CONFIG])),
        design_actions.WayOutTried: lambda: kind(one(serving.SIDES)),
        store.RunFinished: lambda: any_run(chance, state),
        design_actions.RequestPicked: lambda: kind(one(("one", "two")), one((None, 0, 7))),
        design_actions.DesignRecorded: lambda: kind(native.AT),
        design_actions.SweepStarted: lambda: kind(one((sweeps.MAP, sweeps.FRONTIER))),
        design_actions.SweepCancelled: lambda: kind(one((sweeps.MAP, sweeps.FRONTIER))),
        design_actions.ChangeTaken: kind,
        store.TextWritten: lambda: kind(one((*saved.WRITTEN, "nowhere")), one(("", "I see.")), native.AT, half),
        store.RecordNumbered: lambda: kind("one", native.AT),
        store.LinkOpened: lambda: kind(one(("", "#s=1.x", link))),
        store.LinkAnswered: lambda: kind(half),
        store.Copied: lambda: kind("#s=1.x", half),
        store.LedgerRead: lambda: kind(ledger.read(one((text, "{", None))), store.DEVICE, half),
        store.SaveFinished: lambda: kind(record, one((store.DEVICE, store.PAGE)), one((None, "Not kept."))),
        store.Noticed: lambda: kind("So it is."),
        store.NoticeClosed: kind,
        store.RecordOffered: lambda: kind(one((None, ledger.offer(state.record, text)))),
        store.RecordTaken: kind,
        store.HostAnswered: lambda: kind(one((record, ledger.Record(), None)), half, silent=half),
        store.HostAllowed: lambda: kind(half),
        store.HostChanged: lambda: kind(one(("", "listening", "silent", "declined"))),
        store.RunGivenUp: lambda: kind(questions.base_request(COURSE, "a", "latency")),
        store.Saved: lambda: kind(one((store.DEVICE, store.PAGE))),
        store.ClearAsked: lambda: kind(half),
        store.Cleared: lambda: kind(store.DEVICE),
    }[kind]()


ACTIONS_ALL = tuple(sorted(store.Action.__subclasses__(), key=lambda kind: kind.__name__))
KINDS = tuple(kind for kind in ACTIONS_ALL if kind is not store.Cleared)
FROM_ELSEWHERE = (store.LedgerRead, store.SaveFinished, store.RecordOffered, store.LinkOpened, store.HostAnswered)


def any_option(chance):
    """A question, and one of its options or none of them."""
    question = chance.choice(native.QUESTIONS)
    return question, chance.choice([*native.option_ids(question), "none"])


def any_run(chance, state):
    """The next run that the page wants came back, refused; or one that nobody asked for."""
    wanted = store.next_run(COURSE, state) if chance.random() < 0.2 else None
    request = wanted or questions.base_request(COURSE, "a", "latency")
    return store.RunFinished(request, jobs.refused(COURSE, request), native.AT)


@pytest.mark.parametrize("kind", ACTIONS_ALL, ids=lambda kind: kind.__name__)
def test_the_walks_take_every_action_that_there_is(kind):
    chance, state = random.Random(1), native.walked(until=3)
    taken = {native.after(state, any_action(chance, state, (kind,))) is not state for _ in range(30)}
    assert True in taken or kind in (design_actions.WayOutTried, design_actions.ChangeTaken, store.RecordTaken), (
        "it never changes anything"
    )


def locks(state):
    """Every locked answer, in every context."""
    asked = [(question, context) for question in native.QUESTIONS for context in COURSE.contexts]
    return {key: fact for key in asked if (fact := store.answer(state, *key)) is not None}


def in_order(state, context):
    """Whether no question was locked before those that come before it."""
    locked = [store.answer(state, question, context) is not None for question in native.QUESTIONS]
    return locked == sorted(locked, reverse=True)


def finished(state):
    """The state when somebody goes on from here: each question that is still open gets its first option."""
    for question in native.QUESTIONS:
        state = native.answered(state, question, native.option_ids(question)[0])
    return state


WALKS, ACTIONS = 300, 200


@pytest.mark.parametrize("first", range(0, WALKS, 100))
def test_random_walks_never_unlock_never_lose_a_fact_and_always_have_a_way_forward(first):
    for seed in range(first, first + 100):
        chance, state = random.Random(seed), native.start()
        for count in range(ACTIONS):
            before, state = state, native.after(state, any_action(chance, state))
            if state.record.facts is not before.record.facts:
                assert {fact["id"] for fact in before.record.facts} <= {fact["id"] for fact in state.record.facts}
                assert locks(before).items() <= locks(state).items()
                assert all(in_order(state, context) for context in COURSE.contexts)
            request = store.next_run(COURSE, state) if count % 20 == 0 else None
            if request is not None:
                state = native.after(state, store.RunFinished(request, jobs.refused(COURSE, request), native.AT))
        done = finished(state)
        assert store.is_done(COURSE, done)
        assert locks(state).items() <= locks(done).items()
        if seed % 20 == 0:
            frame = views.frame(COURSE, state)
            texts = [value for entry in frame.values() for value in entry.values() if isinstance(value, str)]
            assert [text for text in texts if UNFILLED.search(text)] == []


@pytest.mark.parametrize("seed", range(12))
def test_what_the_views_remember_is_what_they_would_make_anew(seed):
    chance, state = random.Random(seed), native.walked(until=seed % 4)
    remembered.forget()  # what another test made in another language
    for count in range(50):
        state = native.after(state, any_action(chance, state, (store.Cleared,) if count == 40 else None))
        request = store.next_run(COURSE, state)
        if request is not None and chance.random() < 0.3:
            state = native.after(state, store.RunFinished(request, jobs.refused(COURSE, request), native.AT))
        shown = views.frame(COURSE, state)
        remembered.forget()
        assert shown == views.frame(COURSE, state)


def test_what_a_sweep_is_about_and_what_the_report_lacks_are_made_once_not_once_a_frame(monkeypatch):
    state = native.after(native.walked(until=4), design_actions.SweepStarted(sweeps.FRONTIER))
    made = Counter()

    def counted(place, name):
        make = getattr(place, name)
        monkeypatch.setattr(place, name, lambda *given: made.update([name]) or make(*given))

    for place, name in ((sweeps, "map_scenario"), (sweeps, "frontier_scenario"), (report, "_is_computed")):
        counted(place, name)
    remembered.forget()
    views.frame(COURSE, state)
    assert made == {"map_scenario": 1, "frontier_scenario": 1, "_is_computed": 1}
    views.frame(COURSE, native.after(state, store.ThemeChanged("dark")))
    assert made.total() == 3
    views.frame(COURSE, native.after(state, store.ControlMoved("act2.a.load", "3")))
    assert made == {"map_scenario": 2, "frontier_scenario": 2, "_is_computed": 1}
    views.frame(COURSE, native.after(state, store.TextWritten("risk", "Bursts.", LATER)))
    assert made == {"map_scenario": 2, "frontier_scenario": 2, "_is_computed": 2}


@pytest.mark.parametrize("context", COURSE.contexts)
@pytest.mark.parametrize("question", native.QUESTIONS)
def test_exactly_one_option_of_each_question_is_right(question, context):
    asked = oracles.scenario(COURSE, question, context)
    results = {request: native.ran(request) for request in oracles.needs(COURSE, question, asked)}
    right = [o for o in native.option_ids(question) if oracles.is_right(COURSE, question, asked, o, results)]
    assert len(right) == 1


def test_the_two_contexts_have_the_answers_that_the_arithmetic_gives():
    assert native.right_option("act1.prediction", "latency") == "about_50"
    assert native.right_option("act1.prediction", "throughput") == "about_20"


@pytest.mark.parametrize("context", COURSE.contexts)
@pytest.mark.parametrize("side", serving.SIDES)
def test_no_default_starts_in_failure(context, side):
    request = questions.base_request(COURSE, side, context)
    assert serving.judge(COURSE, side, native.ran(request)) == serving.OK


def many(count):
    """The document of somebody who has answered, with so many failures more than anybody can cause."""
    state = native.answered(native.start(), "act1.prediction", "about_50")
    text, _ = ledger.write(None, state.record, store.fields(COURSE, state), native.AT)
    document = json.loads(text)
    own = document["history"][ledger.CHAPTER][ledger.OWN]
    broke = {"kind": "broke", "context": "latency", "side": "a", "failure": "kv"}
    own["facts"] += [
        {**broke, "at": f"2026-01-02T04:{i // 60 % 60:02d}:{i % 60:02d}.000Z", "n": i} for i in range(count)
    ]
    return json.dumps(document)


def test_a_record_of_any_length_is_kept_whole_and_only_as_much_is_shown_as_a_page_can_show():
    text = many(15_000)
    state = native.after(native.start(), store.LedgerRead(ledger.read(text), store.DEVICE, restore=True))
    assert len(state.record.facts) == 15_001 and len(store.facts(state)) == saved.MOST_SHOWN + 1
    assert store.answer(state, "act1.prediction").option == "about_50"
    assert COURSE.at("words.strange_facts") in state.notices
    state = native.answered(state, "act1.reflection", "run_time")  # and work goes on in it
    assert store.answer(state, "act1.reflection").option == "run_time"
    made, _ = ledger.write(text, state.record, store.fields(COURSE, state), native.AT)
    assert len(ledger.read(made).record.facts) == 15_002
    assert len(views.frame(COURSE, state)["ledger.body"]["rows"]) == saved.MOST_SHOWN + 2


def calls(deed):
    """How many functions a deed calls: a measure of its work that no other program on the machine disturbs."""
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        deed()
    finally:
        sys.setprofile(None)
    return count


def read_and_show(text):
    read = native.after(native.start(), store.LedgerRead(ledger.read(text), store.DEVICE, restore=True))
    views.frame(COURSE, read)


@pytest.mark.parametrize(
    "deed",
    [
        read_and_show,
        lambda text: ledger.import_(many(2_000), text, LATER),
        lambda text: ledger.import_(text, text, LATER),
    ],
    ids=["read and show", "import into many", "import the same"],
)
def test_the_work_grows_no_faster_than_the_record(deed):
    few, more = many(2_000), many(8_000)
    assert calls(lambda: deed(more)) < 5 * calls(lambda: deed(few))


def test_many_answers_to_one_question_are_as_quick_to_import():
    def answers(count, option):
        state = native.answered(native.start(), "act1.prediction", "about_50")
        fact = {key: value for key, value in state.record.facts[0].items() if key != "id"}
        facts = [{**fact, "option": option, "n": i} for i in range(count)]
        history = {ledger.CHAPTER: {ledger.OWN: {"schema": 1, "facts": facts, "settings": {}}}}
        return json.dumps({"history": history})

    def united(count):
        here, there = answers(count, "about_50"), answers(count, "about_200")
        return calls(lambda: ledger.import_(here, there, LATER))

    assert united(1_000) < 5 * united(250)
    assert len(ledger.import_(answers(50, "about_50"), answers(50, "about_200"), LATER)[1].record.facts) == 50


# --- a record that came with the address ---------------------------------------------------------------------------------


def offered(state, theirs):
    """The state once a link with this record was followed."""
    text, _ = ledger.write(None, theirs, {}, native.AT)
    return native.after(state, store.RecordOffered(ledger.offer(state.record, text)))


WRITTEN = store.TextWritten("log", "mine", native.AT)
BUSY = {
    "answered": lambda state: native.answered(state, "act1.prediction", "about_5"),
    "written": lambda state: native.after(state, WRITTEN),
    "writing": lambda state: native.after(state, store.TextWritten("log", "min", native.AT, settled=False)),
    "numbered": lambda state: native.after(state, store.RecordNumbered("mine", native.AT)),
    "chosen": lambda state: native.after(state, store.OptionChosen("act1.prediction", "about_5")),
    "moved": lambda state: native.after(state, store.ControlMoved("act1.context", "1024")),
}
THEIRS = native.after(
    native.answered(native.start("throughput"), "act1.prediction", "about_20"),
    store.ControlMoved("act1.context", "2048"),
)


def test_a_link_adds_facts_to_an_empty_page_unasked_with_the_sliders_that_they_came_with():
    state = offered(store.initial(COURSE), THEIRS.record)
    assert state.offered is None and store.facts(state) == store.facts(THEIRS)
    assert (state.context, state.value("act1.context")) == ("throughput", 2048)


@pytest.mark.parametrize("busy", BUSY.values(), ids=BUSY)
def test_a_link_changes_nothing_unasked_where_somebody_has_done_something(busy):
    before = busy(native.start())
    asked = offered(before, THEIRS.record)
    assert (asked.offered.facts, asked.offered.texts) == (1, 0)
    assert (asked.record, asked.settings, asked.context) == (before.record, before.settings, before.context)
    left = native.after(asked, store.RecordOffered(None))
    assert left.record == before.record and left.offered is None
    taken = native.after(asked, store.RecordTaken())
    assert len(taken.record.facts) == len(before.record.facts) + 1
    assert (taken.settings, taken.context) == (before.settings, before.context)
    assert store.written(taken, "log") == store.written(before, "log") and store.number(taken) == store.number(before)


def test_a_question_that_is_answered_while_a_link_waits_stays_as_it_is():
    early = ledger.Record()
    for fact in native.answered(native.start(), "act1.prediction", "about_200").record.facts:
        early = ledger.add(early, {**fact, "at": "1970-01-01T00:00:00Z"})
    asked = offered(native.after(native.start(), WRITTEN), early)
    assert asked.offered.facts == 1
    state = native.after(native.answered(asked, "act1.prediction", "about_5"), store.RecordTaken())
    assert store.answer(state, "act1.prediction").option == "about_5"


def test_a_link_that_adds_nothing_asks_nothing():
    state = native.answered(native.start(), "act1.prediction", "about_5")
    assert offered(state, state.record) is not None and offered(state, state.record).offered is None


def test_a_link_with_what_was_cleared_asks_first():
    cleared = native.after(THEIRS, store.Cleared(store.DEVICE, ledger.emptied(THEIRS.record)))
    asked = offered(cleared, THEIRS.record)
    assert asked.offered.facts == 1 and store.facts(asked) == []
    assert store.facts(native.after(asked, store.RecordTaken())) == store.facts(THEIRS)


# --- what another tab, or another page, does to what was kept ------------------------------------------------------------


def reading(record):
    """A document of the lab's own, as read."""
    return ledger.read_own(ledger.own_text(record))


def saves(before, after):
    """Whether a step leads to saving."""
    return any(isinstance(effect, store.Save) for effect in store.effects(COURSE, before, after))


def test_what_storage_lacks_is_saved_again_and_other_sliders_are_not():
    state = native.answered(native.start(), "act1.prediction", "about_50")
    saved = native.after(state, store.SaveFinished(state.record, store.DEVICE))
    for there, whole in ((ledger.Record(), True), (state.record, False)):
        read = native.after(saved, store.LedgerRead(reading(there), store.DEVICE, whole=whole))
        assert saves(saved, read)
        assert read.record.facts == state.record.facts
    moved = native.after(state, store.ControlMoved("act1.context", "1024"))
    read = native.after(saved, store.LedgerRead(reading(moved.record), store.DEVICE))
    assert not saves(saved, read)


def test_what_another_tab_cleared_is_gone_here_too_and_what_is_being_written_stays():
    state = native.after(
        native.walked(until=1),
        store.ControlMoved("act1.context", "1024"),
        store.TextWritten("risk", "half a sen", native.AT, settled=False),
    )
    after = native.after(state, store.LedgerRead(reading(ledger.emptied(state.record)), store.DEVICE))
    assert (store.facts(after), after.context, after.theme) == ([], state.context, state.theme)
    assert store.stage(native.shipped(), after, "act1") == store.PREDICT and after.settings == defaults(COURSE)
    assert store.written(after, "risk") == "half a sen"
    late = native.answered(native.after(state, store.ContextChosen("throughput")), "act1.prediction", "about_20")
    kept = native.after(late, store.LedgerRead(reading(ledger.emptied(state.record)), store.DEVICE))
    assert [fact["option"] for fact in store.facts(kept)] == ["about_20"] and saves(late, kept)
