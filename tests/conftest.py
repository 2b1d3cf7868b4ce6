"""For every test: an example may take as long as a busy machine needs; how fast something is, the benchmark says. Numbers are
written as in English unless a test says otherwise, and again when it is over. What the grader has simulated once it knows."""

import json
from functools import cache

import pytest
from hypothesis import settings

from content import wording
from handed import grading
from runs import jobs
from tests import lab as native

settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


@pytest.fixture(autouse=True)
def english_numbers():
    """A page in another language that a test builds leaves nothing behind for the next one."""
    yield
    wording.use(native.shipped().at("words.numbers"))


@pytest.fixture(autouse=True, scope="session")
def each_run_once():
    """Records of made-up learners ask for the same few runs thousands of times. They are the same for the same content."""
    simulated, do, known = grading.simulated, jobs.do, {}

    @cache
    def content(course):
        catalogues = (course.models, course.gpus, course.workloads, course.calibrations)
        return json.dumps(course.tables, sort_keys=True, default=str) + repr(catalogues)

    def once(course, request):
        if jobs.do is not do:  # a test has put something else in its place
            return simulated(course, request)
        key = content(course), request
        if key not in known:
            known[key] = simulated(course, request)
        return known[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grading, "simulated", once)
        yield
