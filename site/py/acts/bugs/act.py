"""Find the bugs as the page has it."""

from acts.bugs import view
from acts.bugs.lesson import LESSON
from state.act import Act

ACT = Act(**vars(LESSON), frame=view.frame)
