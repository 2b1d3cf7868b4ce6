"""Receipts of tails: a measured server's own requests, replayed at the rates that it was measured at."""

import pytest

import views
from acts.promises import now, tails
from content import wording
from tests import lab as native

COURSE = native.shipped()
ROWS = tails.rows(COURSE)
FOUND = tails.tails(COURSE, tails.request_of(COURSE))["ttft_p99_s"]
MEMORY_ENDS = 1.0  # requests/s: up to here nothing waits for memory in the measured runs


def test_the_first_token_s_tail_is_met_where_nothing_waits_for_memory() -> None:
    """All but one of seven runs within a tenth; the one's measured P99 stands apart from those at the rates beside it."""
    light = [(row, ttft_s) for row, ttft_s in zip(ROWS, FOUND, strict=True) if row.rate < MEMORY_ENDS]
    off = [abs(ttft_s / row.ttft_s - 1) for row, ttft_s in light]
    assert len(light) == 7 and sum(error < 0.1 for error in off) >= 6


def test_more_load_never_has_a_shorter_tail() -> None:
    found = [ttft_s for row, ttft_s in zip(ROWS, FOUND, strict=True) if row.rate > 1]
    assert found == sorted(found)


def test_no_measured_run_is_left_out_but_the_one_that_the_memory_is_fitted_from() -> None:
    assert [row.rate for row in ROWS] == [0.1, 0.3, 0.5, 0.67, 0.7, 0.84, 0.9, 1, 1.1, 1.17, 1.5, 2, 5, 10]


def test_the_page_asks_for_the_runs_and_shows_its_error_beside_it() -> None:
    state = native.settled(native.walked(until=3))
    assert tails.request_of(COURSE) in now.needed(COURSE, state)
    shown = views.frame(COURSE, state)["act2.tails.body"]["rows"]
    for row, cells, predicted in zip(ROWS, shown, FOUND, strict=True):
        error = wording.show(abs(predicted / row.ttft_s - 1), "pct")
        assert cells[1].startswith(wording.show(row.ttft_s, "time")) and cells[1].endswith(error)


@pytest.mark.parametrize("requests", [1, 20])
def test_a_part_of_the_run_can_be_asked_for(requests: int) -> None:
    assert 0 < float(tails.tail(COURSE, 0.01, requests)["ttft_p99_s"] or 0) < 1
