"""The two pages that are measured: what each of them calls its parts, and how a visitor comes to its slider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page


@dataclass(frozen=True)
class Subject:
    """A page to measure. `choice`, `slider` and `chart` are CSS selectors; `choice` is None for a page without a question."""

    name: str
    choice: str | None
    slider: str
    chart: str
    to_slider: Callable[[Page], None]


def commit_prediction(page: Page) -> None:
    """The lab's way to its calculator: choose the first option and commit it."""
    question = page.locator('[data-key="act1.prediction"]')
    question.get_by_role("radio").first.check()
    question.get_by_role("button").click()


LAB = Subject(
    name="lab",
    choice='input[name="act1.prediction"]',
    slider='[data-key="act1.context.range"]',
    chart='[data-key="act1.chart.plot"]',
    to_slider=commit_prediction,
)
BARE = Subject(name="bare", choice=None, slider="#slider", chart="#chart", to_slider=lambda page: None)
