"""A host keeps the learner's work: what goes out comes back whole, and nothing goes where the learner hasn't let it."""

import json
import random
from dataclasses import replace

import pytest

from acts.promises import actions as design_actions
from content.controls import controls
from links import host
from record import ledger
from state import store
from state.state import ASKING, DECLINED, LISTENING, NOBODY, SILENT, UNREADABLE
from tests import lab as native
from tests.snapshots import learner, played
from views import embed, shell

COURSE = native.shipped()
LATER = "2026-02-03T04:05:06.789Z"
SIGNS = "a Zé≠\n\t\"\\'<&>\u2028 1,024 P99 批次 🙂"
FIELDS = ("log", "takeaway", "risk", "name")


@pytest.fixture(scope="module")
def learners():
    """Learners who came to different places, each with a record of their own."""
    return [learner(seed, context) for seed in range(6) for context in COURSE.contexts]


def some_learner(dice, learners):
    """One of them, who then wrote, moved, looked from the other side, or cleared everything and began again."""
    state = native.after(dice.choice(learners), store.RecordNumbered(ledger.uuid4(dice.randbytes(16)), LATER))
    if dice.random() < 0.1:
        emptied = store.Cleared("device", ledger.emptied(state.record))
        state = native.after(state, emptied, store.ContextChosen(state.context))
    for _ in range(dice.randint(0, 6)):
        text = "".join(dice.choice(SIGNS) for _ in range(dice.randint(0, 400)))
        movable = dice.choice(list(controls(COURSE)))
        state = native.after(
            state,
            dice.choice(
                [
                    store.TextWritten(dice.choice(FIELDS), text, LATER),
                    store.ControlMoved(movable, state.value(movable)),
                    store.ControlMoved("act1.context", dice.choice((2048, 8192, 32768))),
                    store.ControlMoved("act2.a.max_batch", dice.randint(1, 200)),
                    store.ContextChosen(dice.choice(COURSE.contexts)),
                    store.OptionChosen("act1.prediction", dice.choice(native.option_ids("act1.prediction"))),
                    design_actions.DesignRecorded(LATER),
                ]
            ),
        )
    return state


def reported(before, *actions):
    """What is reported after some actions, as the text that goes out; None if nothing is."""
    after = native.after(before, *actions)
    reports = [effect for effect in store.effects(COURSE, before, after) if isinstance(effect, store.Report)]
    return (reports[0], ledger.own_text(reports[0].record)) if reports else None


def chosen(state):
    """The options that are picked, by context."""
    return {context: picked for context, picked in state.chosen.items() if picked}


def kept(text):
    """The text as a host gives it back, who kept an object and not a text."""
    return json.dumps(json.loads(text), ensure_ascii=False, indent=1)


def answered(text, fresh=True):
    return store.HostAnswered(host.given(text), fresh)


def met(state, text=None, fresh=True):
    """The state after a host answered."""
    return native.after(state, answered(text, fresh))


def test_a_thousand_states_go_out_and_come_back_the_same(learners):
    dice = random.Random(20)
    for _ in range(1000):
        before = some_learner(dice, learners)
        sent, text = reported(before, answered(None))
        there = met(store.initial(COURSE), kept(text))
        assert ledger.work(there.record) == ledger.work(before.record)
        assert (there.settings, there.context, chosen(there)) == (before.settings, before.context, chosen(before))
        assert (there.host, there.strange, there.notices) == (LISTENING, frozenset(), ())
        assert store.best_score(COURSE, there).share == sent.share
        again = reported(store.initial(COURSE), answered(kept(text)))
        assert (again[0].share, again[0].done) == (sent.share, sent.done)
        assert json.loads(again[1])[ledger.OWN] == json.loads(text)[ledger.OWN]


def test_nothing_goes_out_before_a_host_has_answered(learners):
    state = learners[0]
    assert state.host == NOBODY
    assert reported(state, store.TextWritten("log", "mine", LATER)) is None


def test_with_a_host_each_change_of_the_record_goes_out_and_nothing_else():
    state = met(native.start())
    sent, text = reported(state, store.TextWritten("log", "mine " * 60, LATER))
    assert (sent.share, sent.done) == (0.2, False)
    assert "mine mine" in text
    assert reported(state, store.ThemeChanged("dark")) is None
    assert reported(state, store.TextWritten("log", "a draft", LATER, settled=False)) is None


def test_all_is_reported_as_done_once_every_act_is():
    state = native.walked(until=3)
    right = native.right_option("act2.reflection", "latency")
    done = native.answered(met(state), "act2.reflection", right)
    assert not reported(state, answered(None))[0].done
    assert reported(
        met(state), store.OptionChosen("act2.reflection", right), store.AnswerCommitted("act2.reflection", LATER)
    )[0].done
    other = native.after(done, store.ContextChosen("throughput"))  # where nothing is done yet
    assert reported(other, store.TextWritten("risk", "mine", LATER))[0].done


def test_work_that_the_host_doesnt_know_goes_nowhere_unasked(learners):
    mine, theirs = learners[0], ledger.own_text(learners[1].record)
    for given in (None, theirs):
        state = met(mine, given, fresh=False)
        assert (state.host, state.record) == (ASKING, mine.record)
        assert reported(mine, answered(given, fresh=False)) is None
        assert reported(state, store.TextWritten("log", "more", LATER)) is None
        refused = native.after(state, store.HostAllowed(False))
        assert (refused.host, refused.record) == (DECLINED, mine.record)
        assert reported(refused, store.TextWritten("log", "more", LATER)) is None
        allowed = native.after(state, store.HostAllowed(True))
        assert {fact["id"] for fact in allowed.record.facts} >= {fact["id"] for fact in mine.record.facts}
        assert reported(state, store.HostAllowed(True)) is not None


def test_the_same_record_needs_no_question():
    numbered = native.after(native.walked(until=2), store.RecordNumbered("one", LATER))
    elsewhere = native.answered(numbered, "act2.prediction", native.option_ids("act2.prediction")[0])
    state = met(numbered, ledger.own_text(elsewhere.record), fresh=False)
    assert (state.host, state.record.facts) == (LISTENING, elsewhere.record.facts)


def test_what_was_cleared_comes_back_only_if_the_learner_says_so():
    numbered = native.after(native.walked(until=2), store.RecordNumbered("one", LATER))
    cleared = native.after(numbered, store.Cleared("device", ledger.emptied(numbered.record)))
    asked = met(cleared, ledger.own_text(numbered.record))
    assert (asked.host, asked.record.facts) == (ASKING, ())
    assert native.after(asked, store.HostAllowed(True)).record.facts == numbered.record.facts


def test_clearing_reaches_the_host_too(learners):
    state = met(learners[0])
    _, text = reported(state, store.Cleared("device", ledger.emptied(state.record)))
    assert host.given(text).facts == ()


NEWER = json.dumps({ledger.OWN: {"schema": ledger.SCHEMA + 1, "facts": []}})


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        "17",
        '"text"',
        '{"of": "another activity"}',
        NEWER,
        json.dumps({ledger.OWN: {"schema": 1, "facts": [{"kind": "strange"}]}}),
        "[" * 100_000,
        '{"kv_cache_lab": ' + "9" * host.MAX_TEXT + "}",
    ],
)
def test_what_cant_be_read_is_left_alone_and_said(text, learners):
    assert host.given(text) is None
    state = met(learners[0], text)
    assert (state.host, state.record) == (UNREADABLE, learners[0].record)
    assert reported(state, store.TextWritten("log", "mine", LATER)) is None
    assert "can't read" in native.says(state, "embed.points")


@pytest.mark.parametrize("text", [None, "", "null", "{}", " {}\n"])
def test_a_host_that_keeps_nothing_yet_is_begun_with(text):
    assert host.given(text) == ledger.Record()


def test_a_late_answer_joins_what_was_done_meanwhile():
    done = native.answered(met(native.start()), "act1.prediction", "about_50")
    theirs = native.after(native.start(), store.TextWritten("risk", "from elsewhere", LATER))
    state = met(done, ledger.own_text(theirs.record), fresh=True)
    assert state.host == LISTENING
    assert (len(state.record.facts), store.written(state, "risk")) == (1, "from elsewhere")


def test_a_page_that_says_nothing_is_told_and_not_called_a_keeper(learners):
    """Books keep the frame's height and nothing else."""
    silent = store.HostAnswered(ledger.Record(), True, silent=True)
    state = native.after(native.start(), silent)
    assert state.host == SILENT and "hasn't said that it keeps" in native.says(state, "embed.points")
    assert reported(state, store.TextWritten("log", "mine", LATER)) is not None
    mine = native.after(learners[0], replace(silent, fresh=False))
    assert mine.host == ASKING and reported(learners[0], replace(silent, fresh=False)) is None
    assert native.after(mine, store.HostAllowed(True)).host == SILENT
    late = met(state, ledger.own_text(learners[1].record))  # it speaks after all
    assert late.host == LISTENING and late.record.facts == learners[1].record.facts


def test_the_learner_is_told_what_goes_where():
    assert "gets your points: 0 of 10" in native.says(met(native.start()), "embed.points")
    asked = met(native.walked(until=1), ledger.own_text(native.walked("throughput", until=2).record), fresh=False)
    assert "2 answers, designs or results" in native.says(asked, "embed.host.text")


@pytest.mark.parametrize("silent", [False, True])
def test_a_host_that_would_bring_nothing_asks_whose_work_lies_here(silent):
    """A device that several share: the next learner's host keeps nothing yet."""
    mine = native.after(native.walked(until=1), store.TextWritten("log", "not yours", LATER))
    asked = native.after(mine, store.HostAnswered(ledger.Record(), fresh=False, silent=silent))
    said = native.says(asked, "embed.host.text")
    assert asked.host == ASKING and "would bring" not in said
    assert f"results: {len(mine.record.facts)}; texts: 1). Is it yours?" in said


def test_where_nothing_lies_that_the_host_doesnt_know_nobody_is_asked():
    """A record that was cleared, a slider that was moved, an answer that the host has too."""
    walked = native.after(native.walked(until=1), store.RecordNumbered("one", LATER))
    cleared = native.after(walked, store.Cleared("device", ledger.emptied(walked.record)))
    moved = native.after(native.start(), store.ControlMoved("act1.context", 2048))
    for state, text in ((cleared, None), (moved, None), (walked, ledger.own_text(replace(walked.record, settings={})))):
        assert met(state, text, fresh=False).host == LISTENING


def test_what_is_locked_here_stays_locked_whatever_a_host_says():
    mine = native.answered(native.start(), "act1.prediction", "about_50")
    theirs = native.answered(native.start(), "act1.prediction", "about_5")
    earlier = [{**fact, "at": "2020-01-01T00:00:00Z"} for fact in theirs.record.facts]
    for fresh in (True, False):
        state = met(mine, ledger.own_text(ledger.Record(tuple(earlier))), fresh)
        state = native.after(state, store.HostAllowed(True)) if state.host == ASKING else state
        assert store.answer(state, "act1.prediction").option == "about_50"


# --- where there is little room ----------------------------------------------------------------------------------------

ROOMS = {"1.2": 4_096, "2004": 64_000}  # characters of suspend data, by the two standards


def long_work(dice, learners):
    """A learner who worked long: both contexts, many designs and limits, long texts."""
    state = some_learner(dice, learners)
    for _ in range(dice.randint(0, 6)):
        other = dice.choice(learners).record
        state = store.reduce(COURSE, state, store.SaveFinished(other, "device"))
        for field in FIELDS:
            words = " ".join(str(dice.random()) for _ in range(dice.randint(0, 60)))
            state = native.after(state, store.TextWritten(field, words, LATER))
    return state


@pytest.mark.parametrize("version", ROOMS)
def test_two_hundred_records_are_resumed_whole_or_it_is_said_that_they_are_not(version, learners):
    dice = random.Random(12)
    outcomes = set()
    for _ in range(200):
        before = long_work(dice, learners).record
        text, whole = host.packed(before, ROOMS[version])
        outcomes.add(whole)
        assert len(text) <= ROOMS[version] and text.isascii()
        there = host.given(text)
        if whole:
            assert (ledger.work(there), there.settings) == (ledger.work(before), before.settings)
        else:
            assert {fact["id"] for fact in there.facts} <= {fact["id"] for fact in before.facts}
            assert ledger.of_kind(there.facts, "answered") == ledger.of_kind(before.facts, "answered")
            assert there.settings.get("numbered") == before.settings.get("numbered")
            assert ledger.work(there) != ledger.work(before) or there.settings != before.settings
    assert outcomes == ({True, False} if version == "1.2" else {True})


def test_one_contexts_whole_work_fits_the_smaller_room():
    state = native.after(
        learner(2), store.RecordNumbered("0d9c7d5e-0000-4000-8000-000000000001", LATER),
        *(store.TextWritten(field, f"Prompts are cut because one in a hundred takes {field}. " * 12, LATER) for field in FIELDS),
    )  # fmt: skip
    assert host.packed(state.record, ROOMS["1.2"])[1]


def test_the_best_game_of_a_level_has_room_before_the_others():
    state = learner(2)
    for seed in range(1, 40):
        state = played(state, "queue", 900 if seed == 3 else 300 + seed, LATER, seed)
    text, whole = host.packed(state.record, 2_400)
    there = host.given(text).facts
    assert not whole and ledger.best(there, "queue")["points"] == 900
    assert len(ledger.of_kind(there, "played")) < 39


def test_what_has_no_room_costs_no_point_that_answers_and_designs_gave(learners):
    for before in learners:
        text, _ = host.packed(before.record, 3_000)
        there = met(store.initial(COURSE), text)
        assert store.best_score(COURSE, there).share == store.best_score(COURSE, before).share


@pytest.mark.parametrize(
    "change", [lambda t: t[:-40], lambda t: t[:20] + "!" + t[21:], lambda t: host.MARK, lambda t: t + "AAAA"]
)
def test_a_packed_text_that_was_damaged_is_not_taken_for_another(change, learners):
    text = host.packed(learners[0].record, 64_000)[0]
    assert host.given(change(text)) in (None, host.given(text))


@pytest.mark.parametrize("order", [("blocked", "answered"), ("answered", "blocked")])
@pytest.mark.parametrize("word", ["storage_blocked", "storage_full"])
@pytest.mark.parametrize(("silent", "warned"), [(False, False), (True, True)])
def test_a_loss_is_told_only_where_nobody_keeps_the_work(order, word, silent, warned):
    """A host that has said nothing may keep nothing: then the device's warning stands."""
    warning = COURSE.at(f"words.{word}")
    told = {
        "blocked": store.Noticed(warning),
        "answered": store.HostAnswered(ledger.Record(), True, silent=silent),
    }
    state = native.after(native.start(), store.Saved("page"), *(told[each] for each in order))
    assert (warning in state.notices) == warned
    shown = {**shell.frame(COURSE, state), **embed.frame(COURSE, state)}
    assert (shown["status.ledger.value"]["state"] == "warn") == warned
    assert ("only" in shown["embed.saved"]["text"]) == warned
