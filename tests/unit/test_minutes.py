"""How long the walk takes, as the page and the documents say it."""

import re
from pathlib import Path

from tests import lab as native
from views import rail

COURSE = native.shipped()
TABLE = (Path(__file__).parents[2] / "docs/instructors.md").read_text(encoding="utf-8")


def test_the_instructors_table_says_what_the_rail_says():
    told = {address: int(minutes) for address, minutes in re.findall(r"\| `#(\S+)` \| (\d+) \|", TABLE)}
    assert told == {stop.address: stop.minutes for stop in rail.stops(COURSE)}


def test_all_scenes_together_take_what_the_masthead_says():
    facts = [text for text in map(str, COURSE.at("course.briefing.facts")) if "min" in text]
    low, high = map(int, re.search(r"(\d+)–(\d+) min", str(facts)).groups())
    assert low <= sum(stop.minutes for stop in rail.stops(COURSE)) <= high
