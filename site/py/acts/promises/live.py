"""The numbers of Act II's two configurations as they stand, for every part of the page that speaks of them."""

from acts.promises import figures, now, serving
from acts.promises.controls import DESIGN
from acts.promises.now import Design
from acts.promises.serving import RunRequest
from content.course import Course, Result
from content.wording import Quantity
from runs.jobs import Job
from state import store
from views.remembered import by_fields

Numbers = dict[str, Quantity]


def target_numbers(course: Course, state: store.State) -> Numbers:
    """The limits of the act and the loads that its question is asked at."""
    loads = {f"{s}_load": course.at(f"act2.sides.{s}.load.default", state.context) for s in serving.SIDES}
    return figures.target_numbers(course.at("act2.targets")) | loads


def live_requests(course: Course, state: store.State) -> dict[str, RunRequest]:
    """The run that each side asks for now."""
    return {side: now.request(course, state, side) for side in serving.SIDES}


def known_results(course: Course, state: store.State) -> dict[Job, Result]:
    """The results at hand, with the closed-form memory of a side whose run is still under way."""
    known: dict[Job, Result] = {**state.results}
    for request in live_requests(course, state).values():
        known.setdefault(request, serving.memory(course, request) | serving.workload_numbers(course, request))
    return known


@by_fields(DESIGN, same=("results",), equal=("settled",))
def live_numbers(course: Course, state: store.State) -> Numbers:
    """Everything that the two configurations show now; None for what is still being simulated."""
    requests = live_requests(course, state)
    targets, simulation = course.at("act2.targets"), course.at("act2.simulation")
    plan = serving.memory(course, requests["a"])
    return {
        **figures.target_numbers(targets),
        **figures.sides_numbers(targets, requests, known_results(course, state)),
        **figures.spread_numbers(course, requests, state.results),
        **plan,
        "days": simulation["days"],
        "gpus": requests["a"].gpus,
        "seed": requests["a"].seed,
        "requests": simulation["requests"],
        "quick_requests": simulation["quick_requests"],
    }


def recorded_numbers(course: Course, design: Design) -> Numbers:
    """The numbers of a design that was recorded, as they were then."""
    results = {design.runs[side]: design.results[side] for side in serving.SIDES}
    return figures.sides_numbers(course.at("act2.targets"), design.runs, results)
