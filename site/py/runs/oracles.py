"""The oracles: for each question, the engine's answer as named numbers, for exactly the scenario that was locked.

A scenario is plain data and is saved with the answer, so that neither a slider moved later nor a changed content file
can change what was right. An option is right when all its claims hold; no right answer is typed anywhere.
`needs` says which jobs a question waits for. The oracles themselves stand with their acts.
"""

import re
from collections.abc import Iterable, Mapping

import engine
from content.common import Claim
from content.course import Course, Fact, Oracle, Results, Scenario
from content.game import MOST_SEED, PlayFile, most_points
from content.wording import Quantities, Quantity
from record.facts import PLAYED
from runs.jobs import Job

# An option that the question no longer has is shown by its id, which must be no text.
NAME = re.compile("[A-Za-z0-9_-]{1,60}")


def oracle(course: Course, question: str) -> Oracle:
    """The oracle that answers a question."""
    act = next(act for act in course.acts if question in act.questions)
    return act.oracles[course.question(question).oracle]


def scenario(course: Course, question: str, context: str) -> Scenario:
    """What a question asks about in a context, as plain data that can be saved."""
    return oracle(course, question).scenario(course, context)


def needs(course: Course, question: str, asked: Scenario) -> list[Job]:
    """The jobs without which the question can't be answered."""
    return oracle(course, question).needs(course, asked)


def numbers(course: Course, question: str, asked: Scenario, option: str, results: Results) -> Quantities | None:
    """The numbers behind one option, None while a job is missing."""
    if any(job not in results for job in needs(course, question, asked)):
        return None
    return oracle(course, question).numbers(course, asked, option, results)


def holds(claims: Iterable[Claim], known: Mapping[str, Quantity]) -> bool:
    """Whether every claim holds: its measure lies between at_least and at_most. A measure that is None holds nothing."""
    for claim in claims:
        value = known[claim.measure]
        if value is None:
            return False
        if (claim.at_least is not None and value < claim.at_least) or (
            claim.at_most is not None and value > claim.at_most
        ):
            return False
    return True


def is_right(course: Course, question: str, asked: Scenario, option: str, results: Results) -> bool | None:
    """Whether an option is right, None while a run is missing or when the question no longer has the option."""
    found, said = numbers(course, question, asked, option, results), course.option(question, option)
    return None if found is None or said is None else holds(said.claims, found)


def understands(course: Course, fact: Fact) -> bool:
    """Whether a saved fact makes sense to this course: its context, question, scenario and jobs can still be computed."""
    try:
        if fact["kind"] == PLAYED:
            return _understands_game(course, fact)
        if fact["context"] not in course.contexts:
            return False
        if fact["kind"] == "answered":
            return _understands_answer(course, fact)
        known = {kind: makes_sense for act in course.acts for kind, makes_sense in act.facts.items()}
        return known[fact["kind"]](course, fact)
    except (engine.PhysicsError, KeyError, StopIteration, TypeError, ValueError, AttributeError, ArithmeticError):
        return False


def _understands_game(course: Course, fact: Fact) -> bool:
    """Whether a level could bring so many points. The record doesn't hold the moves, so that nobody can play them again."""
    game = course.read(PlayFile, "play")
    level = next(level for level in game.levels if level.id == fact["level"])
    return bool(0 < fact["seed"] <= MOST_SEED and abs(fact["points"]) <= most_points(game, level))


def _understands_answer(course: Course, fact: Fact) -> bool:
    question, asked, option = fact["question"], fact["scenario"], fact["option"]
    if question not in course.questions or not (course.option(question, option) or NAME.fullmatch(option)):
        return False
    asks = oracle(course, question)
    if not asks.could_ask(course, question, asked, option):
        return False
    return bool(asks.needs(course, asked)) or bool(asks.numbers(course, asked, option, {}))


def is_number(value: object) -> bool:
    """Whether a saved value is a figure, or says that there is none."""
    return value is None or isinstance(value, int | float)
