"""Jobs: what is packed comes back as itself, and is done in the same way wherever that is."""

import json
from dataclasses import asdict

import pytest

from acts.promises import chat, floor, questions, tails
from acts.wall import blocks
from runs import jobs
from tests import lab as native

SOME = {
    "run": lambda: questions.base_request(native.shipped(), "a", "latency", requests=50, load=2.5),
    "blocks": lambda: blocks.BlocksRequest(64, "azure-2023-conversation", 4096, "pow2", 60, 300, 7),
    "floor": lambda: floor.FloorRequest(
        **asdict(questions.base_request(native.shipped(), "b", "latency", requests=20))
    ),
    "tails": lambda: tails.TailsRequest(20),
    "chat": lambda: chat.request_of(native.shipped(), native.start().settings["latency"]),
}


@pytest.mark.parametrize("kind", jobs.kinds(native.shipped()))
def test_a_job_comes_back_from_its_text_and_gives_the_same_result(kind):
    job = SOME[kind]()
    again = jobs.unpack(native.shipped(), jobs.pack(native.shipped(), job))
    assert again == job and hash(again) == hash(job)
    result = jobs.do(native.shipped(), job)
    assert jobs.do(native.shipped(), again) == result
    assert json.loads(json.dumps(result, allow_nan=False)) == result


@pytest.mark.parametrize("text", ['["walk", {}]', '["run", {"speed": 1}]'])
def test_what_was_never_packed_is_refused(text):
    with pytest.raises((KeyError, TypeError)):
        jobs.unpack(text)
