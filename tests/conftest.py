"""For every test: an example may take as long as a busy machine needs; how fast something is, the benchmark says. Numbers are
written as in English unless a test says otherwise, and again when it is over."""

import pytest
from hypothesis import settings

from content import wording
from tests import lab as native

settings.register_profile("lab", deadline=None)
settings.load_profile("lab")


@pytest.fixture(autouse=True)
def english_numbers():
    """A page in another language that a test builds leaves nothing behind for the next one."""
    yield
    wording.use(native.shipped().at("words.numbers"))
