"""The two servers' bars against their limits."""

from hypothesis import given
from hypothesis import strategies as st

import charts

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
        "B<br>12×": 250.0,
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
