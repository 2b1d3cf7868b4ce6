"""Jobs: what is packed comes back as itself, and is done in the same way wherever that is."""

import pytest

import jobs
import oracles
from tests import lab as native

SOME = {
    "run": lambda: oracles.base_request(native.shipped(), "a", "latency", requests=50, load=2.5),
}


@pytest.mark.parametrize("kind", jobs.KINDS)
def test_a_job_comes_back_from_its_text_and_gives_the_same_result(kind):
    job = SOME[kind]()
    again = jobs.unpack(jobs.pack(job))
    assert again == job and hash(again) == hash(job)
    assert jobs.do(native.shipped(), again) == jobs.do(native.shipped(), job)


@pytest.mark.parametrize("text", ['["walk", {}]', '["run", {"speed": 1}]'])
def test_what_was_never_packed_is_refused(text):
    with pytest.raises((KeyError, TypeError)):
        jobs.unpack(text)
