"""Cost against how much of the tightest promise is used up: every design that was simulated, and where promises end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from content.wording import Number
from sizer.markup import Html, tag
from sizing.day import Hour
from sizing.question import Question
from sizing.search import Answer, Candidate

WIDTH, HEIGHT = 640.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 12.0, 14.0, 40.0
MOST = 2.0  # limits used up: what breaks a promise by more stands at the top


class Words(Protocol):
    """What the chart says in words."""

    def say(self, name: str, **numbers: Number) -> str:
        """A text of the content."""

    def apart(self, candidates: Sequence[Candidate]) -> list[str]:
        """Designs in few words, no two of them alike."""

    def price(self, candidate: Candidate) -> str:
        """What it costs."""

    def state(self, candidate: Candidate) -> str:
        """What became of its promises."""


def drawn(question: Question, answer: Answer, shown: Candidate | None, words: Words) -> Html:
    """The chart as SVG; nothing while no design was simulated."""
    points = [each for each in answer.tried if each.judgement.promises and each.hourly > 0]
    if not points:
        return Html("")
    costs = [each.hourly for each in points]
    low, high = min(costs) / 1.15, max(costs) * 1.15
    points.sort(key=lambda each: (each.hourly, each.judgement.ratio))  # in this order keys lead along them
    focused = shown if shown in points else points[0]
    marks = [
        _point(each, name, _x(each.hourly, low, high), each is shown, each is focused, words)
        for each, name in zip(points, words.apart(points), strict=True)
    ]
    edge = _y(1.0)
    axis = [
        tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=edge, y2=edge, class_="limit"),
        tag("text", words.say("chart_limit"), x=WIDTH - RIGHT, y=edge - 5, class_="label", text_anchor="end"),
        tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM, class_="axis"),
        tag(
            "text",
            words.say("chart_money" if question.prices else "chart_kw"),
            x=(LEFT + WIDTH) / 2,
            y=HEIGHT - 6,
            class_="label",
            text_anchor="middle",
        ),
    ]
    ticks = [_tick(value, low, high, words) for value in _round(low, high)]
    levels = [_level(value, words) for value in (0.0, 0.5, 1.0, 1.5, 2.0)]
    size = f"0 0 {WIDTH:g} {HEIGHT:g}"
    return tag(
        "svg",
        *axis,
        *ticks,
        *levels,
        _frontier(points, low, high),
        *marks,
        viewBox=size,
        class_="plot",
        role="group",
        aria_label=words.say("chart_title"),
    )


def _x(cost: float, low: float, high: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(cost / low) / math.log(high / low)


def _y(ratio: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(ratio, MOST) / MOST


def _frontier(points: Sequence[Candidate], low: float, high: float) -> Html:
    """A line of steps along the designs that none beats at their price or less: more money buys what lies on it."""
    path: list[str] = []
    best = math.inf
    for each in points:  # cheapest first
        if each.judgement.ratio < best:
            best = each.judgement.ratio
            path.append(f"{'H' if path else 'M'}{_x(each.hourly, low, high):.1f} {'V' if path else ''}{_y(best):.1f}")
    return tag("path", d=" ".join([*path, f"H{WIDTH - RIGHT:g}"]), class_="frontier")


def _point(each: Candidate, name: str, x: float, is_shown: bool, is_focused: bool, words: Words) -> Html:
    """A design: what it is and costs is said to whoever points at it, or comes to it by key."""
    told = words.say("point", design=name, cost=words.price(each), state=words.state(each))
    state = {"kept": "good", "close": "warn"}.get(each.judgement.state, "fail")
    shape = tag("circle", cx=x, cy=_y(each.judgement.ratio), r=7.0 if is_shown else 5.0)
    reached = tag("title", told)
    return tag(
        "g",
        reached,
        shape,
        class_="shown" if is_shown else None,
        data_state=state,
        role="img",
        aria_label=told,
        tabindex=0 if is_focused else -1,
    )


def _tick(value: float, low: float, high: float, words: Words) -> Html:
    x = _x(value, low, high)
    return tag(
        "text", words.say("chart_tick", value=value), x=x, y=HEIGHT - BOTTOM + 16, class_="label", text_anchor="middle"
    )


def _level(value: float, words: Words) -> Html:
    return tag(
        "text", words.say("chart_level", value=value), x=LEFT - 6, y=_y(value) + 4, class_="label", text_anchor="end"
    )


def _round(low: float, high: float) -> list[float]:
    """A few round numbers between two, the rounder the further these are apart."""
    power = math.floor(math.log10(low))
    found: list[float] = []
    for digits in ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), [digit / 10 for digit in range(10, 100)]):
        found = [
            step for at in range(power, power + 7) for digit in digits if low <= (step := digit * 10.0**at) <= high
        ]
        if len(found) > 1:
            break
    return found if len(found) <= 8 else found[:: math.ceil(len(found) / 8)]


BAR, BARS_HEIGHT = 20.0, 90.0


def day(hours: Sequence[Hour], words: Words) -> Html:
    """The hours of a day as bars, each as high as the share of capacity that is asked for."""
    most = max((hour.judgement.share for hour in hours), default=0.0) or 1.0
    bars = []
    for hour in hours:
        height = BARS_HEIGHT * hour.judgement.share / max(most, 1.0)
        told = words.say("hour_bar", hour=hour.hour, share=hour.judgement.share, state=words.say(hour.judgement.state))
        state = {"kept": "good", "close": "warn"}.get(hour.judgement.state, "fail")
        rect = tag("rect", x=hour.hour * BAR + 2, y=BARS_HEIGHT - height, width=BAR - 4, height=height)
        bars.append(tag("g", tag("title", told), rect, data_state=state, role="img", aria_label=told))
        if hour.hour % 6 == 0:
            bars.append(
                tag(
                    "text",
                    hour.hour,
                    x=hour.hour * BAR + BAR / 2,
                    y=BARS_HEIGHT + 14,
                    class_="label",
                    text_anchor="middle",
                )
            )
    return tag(
        "svg",
        *bars,
        viewBox=f"0 0 {BAR * 24:g} {BARS_HEIGHT + 18:g}",
        class_="plot day",
        role="group",
        aria_label=words.say("hours_title"),
    )
