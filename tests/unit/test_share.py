"""A link to settings: there and back again, short, and harmless whatever it holds."""

import base64
import json
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import views
from content.control import Choice
from content.controls import controls, defaults
from links import share
from state import store
from tests import lab as native
from tests.unit.test_handoff import MANGLED

COURSE = native.shipped()
CARRIED = sorted(share.carried(COURSE, COURSE.contexts[0]))


def packed(parts):
    """A fragment whose packed text is this JSON."""
    text = json.dumps(parts)
    return f"#s=1.{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def some_value(control, seed):
    """A value that a control takes."""
    chance = random.Random(seed)
    if isinstance(control, Choice):
        return chance.choice([value for value, _ in control.options if value != "pasted"])
    return control.read(chance.uniform(control.minimum, control.maximum), None)[0]


@settings(deadline=None)
@given(st.sampled_from(COURSE.contexts), st.dictionaries(st.sampled_from(CARRIED), st.integers(0, 99)))
def test_a_link_brings_back_what_it_was_made_of(context, seeds):
    moved = {id: some_value(controls(COURSE)[id], seed) for id, seed in seeds.items()}
    asked = {**defaults(COURSE)[context], **moved}
    found = share.read(COURSE, share.link(COURSE, context, asked))
    assert (found.context, found.problem, found.strange, found.other_defaults) == (context, None, (), False)
    assert {**defaults(COURSE)[context], **found.values} == asked


def test_a_link_is_short_and_carries_nothing_of_the_learner():
    state = native.walked(until=2)
    state = native.after(state, store.TextWritten("name", "Ada Lovelace", native.AT))
    state = native.after(state, store.ControlMoved("act2.a.load", "5.5"), store.ControlMoved("act1.context", "8192"))
    link = share.link(COURSE, state.context, state.settings[state.context])
    text = base64.urlsafe_b64decode(link.partition(".")[2] + "==").decode()
    assert len(link) < 120
    assert json.loads(text)[2] == {"act1.context": 8192, "act2.a.load": 5.5}


def test_everything_moved_still_fits_a_link():
    asked = {id: some_value(control, 1) for id, control in controls(COURSE).items()}
    assert len(share.link(COURSE, "latency", asked)) < 1_500


def test_another_address_is_no_link():
    assert share.read(COURSE, "#act2") is None and share.read(COURSE, "") is None


@pytest.mark.parametrize("how", [*MANGLED, "quoted"])
def test_a_link_is_read_as_mails_and_chats_leave_it(how):
    settings = {"act1.context": 16384, "act2.a.load": 5.5, "act1.gpus": 4}
    link = share.link(COURSE, "throughput", settings)
    found = share.read(COURSE, {**MANGLED, "quoted": lambda link: link.replace("=", "=3D")}[how](link))
    assert (found.context, found.values, found.problem) == ("throughput", settings, None)


PROBLEMS = [
    ("#s=2.abc", "newer"),
    ("#s=17.", "newer"),
    ("#s=0.abc", "broken"),
    ("#s=", "broken"),
    ("#s=1.", "broken"),
    ("#s=1.***", "broken"),
    (packed(["latency", "x"]), "broken"),
    (packed({"a": 1}), "broken"),
    (packed(["latency", "x", {"a": [[]]}]), "broken"),
    (packed(["latency", 5, {}]), "broken"),
    (packed(["night", "x", {}]), "other_context"),
    (packed(["latency", "x", {"act1.context": "9" * 5000}]), "broken"),
    (f"#s=1.{base64.urlsafe_b64encode(b'[' * 2000).decode()}", "broken"),
]


@pytest.mark.parametrize(("fragment", "problem"), PROBLEMS, ids=[str(i) for i in range(len(PROBLEMS))])
def test_what_can_not_be_read_says_why(fragment, problem):
    assert share.read(COURSE, fragment).problem == problem
    frame = views.frame(COURSE, native.after(native.start(), store.LinkOpened(fragment)))
    assert frame["shared.text"]["text"] == COURSE.at(f"report.shared.{problem}")
    assert frame["shared.take"] == {"hidden": True}


def test_of_another_version_the_part_that_is_known_is_taken_and_the_rest_named():
    parts = [
        "latency",
        "000000",
        {"act1.context": 8192, "act1.colour": "red", "act2.a.load": 5000, "act1.model": "pasted"},
    ]
    found = share.read(COURSE, packed(parts))
    assert found.values == {"act1.context": 8192}
    assert set(found.strange) == {"act1.colour", "act2.a.load", "act1.model"} and found.other_defaults
    notes = views.frame(COURSE, native.after(native.start(), store.LinkOpened(packed(parts))))["shared.notes"]["items"]
    assert "act1.colour" in notes[0] and COURSE.at("report.shared.other_defaults") in notes


def hostile(chance):
    """A random string, or a sound link with something changed in it."""
    if chance.random() < 0.5:
        return "#s=" + "".join(chance.choice(string.printable) for _ in range(chance.randint(0, 60)))
    values = {id: some_value(control, chance.random()) for id, control in controls(COURSE).items()}
    link = share.link(COURSE, chance.choice(COURSE.contexts), values)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(link))
        link = link[:place] + chance.choice(string.printable) + link[place + chance.randint(0, 2) :]
    return link


def test_two_thousand_hostile_links_change_nothing_and_end_in_a_sentence():
    chance, state = random.Random(5), native.answered(native.start(), "act1.prediction", "about_50")
    sentences = {COURSE.at(f"report.shared.{name}") for name in ("broken", "newer", "other_context")}
    for _ in range(2000):
        fragment = hostile(chance)
        opened = native.after(state, store.LinkOpened(fragment))
        assert (opened.record, opened.settings, opened.context) == (state.record, state.settings, state.context)
        if opened.shared is None:
            assert not fragment.startswith("#s=")
            continue
        if opened.shared.context is None:
            assert COURSE.at(f"report.shared.{opened.shared.problem}") in sentences
        taken = native.after(opened, store.LinkAnswered(True))
        assert taken.record.facts == state.record.facts and taken.shared is None
        for context, values in taken.settings.items():
            for id, value in values.items():
                assert controls(COURSE)[id].read(value, value) == (value, None), (fragment, context, id)


def test_the_learner_decides():
    theirs = native.after(native.start(), store.ControlMoved("act1.context", "8192"))
    link = share.link(COURSE, "latency", theirs.settings["latency"])
    mine = native.after(
        native.answered(native.start("throughput"), "act1.prediction", "about_50"), store.LinkOpened(link)
    )
    assert mine.context == "throughput" and mine.value("act1.context") == 8192  # the context's own default
    dropped = native.after(mine, store.LinkAnswered(False))
    assert (dropped.shared, dropped.settings, dropped.context) == (None, mine.settings, "throughput")
    taken = native.after(mine, store.LinkAnswered(True))
    assert (taken.shared, taken.context, taken.value("act1.context")) == (None, "latency", 8192)
    assert taken.settings["throughput"] == mine.settings["throughput"]


def test_results_are_compared_only_once_they_give_nothing_away():
    theirs = native.after(
        native.start(), store.ControlMoved("act1.context", "8192"), store.ControlMoved("act2.a.load", "4")
    )
    link = store.LinkOpened(share.link(COURSE, "latency", theirs.settings["latency"]))
    words = COURSE.at("report.shared")

    def rows(until):
        frame = views.frame(COURSE, native.settled(native.after(native.walked(until=until), link)))
        return {row[0]: row[1:3] for row in frame["shared.body"]["rows"]}, frame["shared.notes"]["items"]

    before, notes = rows(0)
    assert words["users"] not in before and words["hidden"] in notes
    first, _ = rows(1)
    assert first[words["users"]] == ["25", "50"] and words["ttft"] not in first
    second, notes = rows(3)
    assert all(second[words[name]][0] not in ("—", "") for name in ("ttft", "throughput")) and notes == []
    assert second[words["ttft"]][0] != second[words["ttft"]][1]
    assert second[words["throughput"]][0] == second[words["throughput"]][1]


def test_a_link_carries_no_answer_of_the_exercise_and_takes_none_away():
    control = next(id for id in defaults(native.shipped())["latency"] if id.startswith("bugs."))
    kept = native.after(native.start(), store.ControlMoved(control, 7))
    assert share.link(native.shipped(), "latency", kept.settings["latency"]) == share.link(
        native.shipped(), "latency", native.start().settings["latency"]
    )
    link = share.link(native.shipped(), "latency", {**kept.settings["latency"], "act1.context": 8192})
    taken = native.after(kept, store.LinkOpened(link), store.LinkAnswered(True))
    assert taken.value("act1.context") == 8192 and taken.value(control) == kept.value(control)
