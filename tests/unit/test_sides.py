"""The two servers' bars against their limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import charts
import views
from acts.promises import now, serving, view
from content import wording
from engine import PhysicsError
from record import progress
from runs import jobs
from state import store
from tests import lab as native

COURSE = native.shipped()
WORDS = (["first token", "output", "memory"], "% of its limit", "light")


def drawn(spreads):
    shares = [[0.5, 0.4, 0.1], [12.0, 1.1, None]]
    return charts.sides_chart({"A": "one", "B": "two"}, WORDS[0], shares, spreads, *WORDS[1:])


def test_a_whisker_is_drawn_where_days_differ_and_nowhere_else():
    """plotly takes None for an arm of length 0 and draws its end across the bar."""
    one, two = drawn([(0.4, 0.7), (0.3, 14.0)])["data"]
    assert one["error_y"]["array"] == [20.0] and one["error_y"]["arrayminus"] == [10.0]
    assert two["error_y"] == {"visible": False}  # it would end above the chart
    assert [trace["error_y"] for trace in drawn([(0.5, 0.5), None])["data"]] == [{"visible": False}] * 2


def test_each_bar_has_its_letter_and_number_and_those_of_a_whisker_stand_above_it():
    layout = drawn([(0.4, 0.7), None])["layout"]
    said = {text["text"]: text["y"] for text in layout["annotations"]}
    assert said == {
        "A<br>50": 70.0,
        "A<br>40": 40.0,
        "A<br>10": 10.0,
        "B<br>1,200": 250.0,
        "B<br>110": 110.0,
    }


@given(st.lists(st.floats(0, 20), min_size=2, max_size=2), st.floats(1, 3))
def test_the_words_of_each_bar_stand_within_the_axis_or_plotly_drops_them(shares, high):
    one, two = shares
    spread = (one, one * high)
    layout = charts.sides_chart(
        {"A": "one", "B": "two"}, WORDS[0], [[one, None, 0.1], [None, two, 0.2]], [spread, None], *WORDS[1:]
    )
    low, top = layout["layout"]["yaxis"]["range"]
    stands = [text["y"] for text in layout["layout"]["annotations"]]
    assert len(stands) == 4 and low == 0 and max(100, *stands) == top


def test_where_the_weights_dont_fit_the_empty_chart_and_the_rail_say_so():
    state = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.gpus", "1")))
    frame, why = views.frame(COURSE, state), native.says(state, "act2.a.state")
    assert native.says(state, "act2.chart.caption") == native.plain(frame["act2.chart.describe"]["text"]) == why
    assert frame["act2.chart.describe"]["text"] in frame["act2.chart.plot"]["label"]
    assert frame["status.slo.value"] == {"text": COURSE.at("words.state_no_weights"), "state": "fail"}


@pytest.mark.parametrize(("cut", "told"), [(0.97, True), (0.004, False), (None, False)])
def test_a_way_out_that_cuts_prompts_says_so_before_it_is_tried(monkeypatch, cut, told):
    state = native.settled(native.after(native.walked(until=3), store.ControlMoved("act2.gpus", "1")))
    hand = now.hand(COURSE, state)
    request = hand.requests["a"]
    tried = replace(request, max_sequence=2048)
    change = serving.Change("act2.a.max_sequence", 2048, tried)
    monkeypatch.setattr(serving, "way_out", lambda *_: (change, None))
    at = replace(hand, results={**hand.results, tried: {"share_cut": cut}})
    said = view._way_out(COURSE, at, "a", request, hand.results[request])["act2.a.way.text"]["text"]
    bare = view._change_text(COURSE, change)
    assert said.startswith(bare) and (said != bare) == told
    assert (wording.show(cut, "pct") in said) == told


def test_a_promise_is_not_kept_by_cutting_most_of_the_prompts():
    state = native.settled(native.walked(until=3))
    for side, cutting in (("a", 512), ("b", 2048)):
        request = now.request(COURSE, state, side)
        kept, cut = (jobs.do(COURSE, run) for run in (request, replace(request, max_sequence=cutting)))
        assert serving.judge(COURSE, side, kept) == serving.OK
        assert cut["share_cut"] > progress.MOST_CUT and serving.judge(COURSE, side, cut) == serving.CUT
        ways = list(serving.changes(COURSE, side, replace(request, max_sequence=cutting), serving.CUT))
        assert ways and all(way.request.max_sequence > cutting for way in ways)
    broken = replace(now.request(COURSE, state, "b"), gpus=2)  # no way out of what is broken leads there
    known = Tried()
    change, _ = serving.way_out(COURSE, "b", broken, known)
    assert change is None or known[change.request]["share_cut"] <= progress.MOST_CUT


class Tried(dict):
    """Results by their runs, simulated as they are asked for."""

    def __missing__(self, request):
        try:
            self[request] = jobs.do(COURSE, request)
        except PhysicsError:
            self[request] = jobs.refused(COURSE, request)
        return self[request]

    def get(self, request, default=None):
        """What became of a run."""
        return self[request]


@pytest.mark.parametrize(("share", "holds"), [(0.15, True), (1.0, False), (None, True)])
def test_an_old_record_is_read_and_a_pair_that_serves_nobody_whole_does_not_hold(share, holds):
    sides = {side: {"state": "ok", **({} if share is None else {"share_cut": share})} for side in serving.SIDES}
    assert progress._holds({"result": sides}) == holds
