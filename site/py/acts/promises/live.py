"""The numbers of Act II's two configurations as they stand, for every part of the page that speaks of them."""

from acts.promises import figures, now, serving
from acts.promises.now import Design, Hand
from acts.promises.shape import Simulation
from content.course import Course, Result
from content.wording import Quantities
from page.remembered import remembered
from runs.jobs import Job
from state import store


def target_numbers(course: Course, state: store.State) -> Quantities:
    """The limits of the act and the loads that its question is asked at."""
    loads = {f"{s}_load": course.at(f"act2.sides.{s}.load.default", state.context) for s in serving.SIDES}
    return figures.target_numbers(course.at("act2.targets")) | loads


def known_results(course: Course, at: Hand) -> dict[Job, Result]:
    """The results at hand, with the closed-form memory of a side whose run is still under way."""
    known: dict[Job, Result] = {**at.results}
    for request in at.requests.values():
        known.setdefault(request, serving.memory(course, request) | serving.workload_numbers(course, request))
    return known


def live_numbers(course: Course, state: store.State) -> Quantities:
    """Everything that the two configurations show now; None for what is still being simulated."""
    return numbers_of(course, now.hand(course, state))


@remembered
def numbers_of(course: Course, at: Hand) -> Quantities:
    """The same, for what is at hand."""
    targets, simulation = course.at("act2.targets"), course.read(Simulation, "act2.simulation")
    plan = serving.memory(course, at.requests["a"])
    return {
        **figures.target_numbers(targets),
        **figures.sides_numbers(targets, at.requests, known_results(course, at)),
        **figures.spread_numbers(course, at.requests, at.results),
        "ttft_error": serving.expected(course, at.requests["a"])["ttft_error"],
        **plan,
        "days": simulation.days,
        "gpus": at.requests["a"].gpus,
        "seed": at.requests["a"].seed,
        "requests": simulation.requests,
        "quick_requests": simulation.quick_requests,
    }


def recorded_numbers(course: Course, design: Design) -> Quantities:
    """The numbers of a design that was recorded, as they were then."""
    results = {design.runs[side]: design.results[side] for side in serving.SIDES}
    return figures.sides_numbers(course.at("act2.targets"), design.runs, results)
