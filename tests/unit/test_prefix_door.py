"""The played prefix cache: its hits by hand, its blocks all accounted for, the same hits as a server's, and a whole chat."""

from collections import Counter
from dataclasses import replace

import pytest

import engine
from acts.promises import chat, now, prefix, prefix_view, serving
from acts.promises.controls import PREFIX_STEP
from acts.promises.prefix import ASKED, BLOCKS, EVENTS, FREE, HELD, HIT, KEPT, REQUESTS, SHARED, SIZE
from state import store
from tests import lab as native

COURSE = native.shipped()
STEPS = {step.name: step for step in prefix.steps()}


def counted(name):
    """How many blocks are in each state after a step."""
    return Counter(mark for mark, _ in STEPS[name].places)


def test_hits_are_whole_blocks_of_what_was_there_and_never_the_last_token():
    """1,000 tokens of instructions are 62 blocks and a half; A's first turn is 1,000 + 60 + 90, its last token never read."""
    assert [step.prompt for step in STEPS.values()] == [1060, 1045, 0, 1180, 0, 910, 1270, 1179]
    assert [step.hit for step in STEPS.values()] == [0, 62 * 16, 0, 1149 // 16 * 16, 0, 0, 67 * 16, 62 * 16]
    assert all(step.hit % SIZE == 0 and step.hit < step.prompt for step in STEPS.values() if step.prompt)


def test_each_block_is_counted_by_hand():
    assert counted("first") == {HELD: -(-1061 // 16), FREE: BLOCKS - 67}
    assert counted("second") == {HIT: 62, HELD: (-(-1101 // 16) - 62) + (-(-1046 // 16) - 62), FREE: BLOCKS - 73}
    own = (-(-1131 // 16) - 62) + (-(-1076 // 16) - 62)
    assert counted("both") == {SHARED: 62, HELD: own, FREE: BLOCKS - 62 - own} and STEPS["both"].saved == 62
    kept = 62 + (1229 // 16 - 62) + (1143 // 16 - 62)  # all that was computed of A's two turns and of B's one
    assert counted("idle") == {KEPT: kept, FREE: BLOCKS - kept}
    needs = -(-911 // 16)
    assert counted("full") == {HELD: needs, KEPT: BLOCKS - needs} and STEPS["full"].dropped == kept + needs - BLOCKS


def test_blocks_in_use_kept_and_free_are_all_blocks_and_the_engine_counts_the_same():
    memory = prefix.Memory()
    for event in EVENTS:
        marks = Counter(mark for mark, _ in memory.play(event).places)
        assert marks.total() == BLOCKS and marks[KEPT] == memory.cache.free
        tails = sum(
            -(-tokens // SIZE) - memory.cache.tips[r].start - memory.cache.tips[r].count
            for r, tokens in memory.cached.items()
        )
        assert marks[HELD] + marks[SHARED] + marks[HIT] == memory.cache.in_use + tails
        assert len(set(memory.place.values())) == len(memory.place) == BLOCKS - marks[FREE]


def test_what_is_given_up_is_the_least_recently_used_and_the_end_of_a_conversation_first():
    """Nine blocks of B's own and the last five of A's for C's paper, four more for its answer; the instructions stay."""
    memory, names = prefix.Memory(), [event.name for event in EVENTS]
    left = []
    for event in EVENTS[: names.index("again")]:
        memory.play(event)
        left.append((len(memory.kept(2)), len(memory.kept(1))))
    assert left[-2:] == [(76, 71), (71, 62)] and STEPS["again"].hit == (71 - 4) * SIZE


def test_whoever_leaves_has_written_its_whole_answer():
    memory = prefix.Memory()
    for event in EVENTS:
        for request in event.done:
            whole = REQUESTS[request].prompt_tokens + REQUESTS[request].output_tokens
            assert memory.cached[request] + event.wrote == whole
        memory.play(event)
    assert {ASKED[request][0] for request in memory.cached} == {"A", "B"}


def test_the_play_is_the_same_each_time_and_a_block_in_use_stays_where_it_is():
    again = prefix.Memory()
    assert tuple(again.play(event) for event in EVENTS) == prefix.steps()
    for before, after in zip(prefix.steps(), prefix.steps()[1:], strict=False):
        for (_, who), (mark, then) in zip(before.places, after.places, strict=True):
            assert not who or not then or set(who) & set(then) or mark != HELD or after.dropped


def test_a_server_of_so_many_blocks_finds_the_same():
    """One after the other, as in the script: who asks last but one may still be at work, which changes no hit."""
    apart = [request._replace(arrival_s=100.0 * i) for i, request in enumerate(REQUESTS)]
    settings = engine.ServerSettings("continuous", 8, 4096, prefix_cache=True)
    cost = serving.step_cost(COURSE, now.request(COURSE, native.start(), "a"))
    found = [engine.simulate(cost, settings, apart[: n + 1], BLOCKS).hit_tokens for n in range(len(apart))]
    hits = [step.hit for step in prefix.steps() if step.prompt]
    assert [after - before for before, after in zip([0, *found], found, strict=False)] == hits


# --- on the page ---


def shown(state):
    """The door's part of the frame."""
    return prefix_view.frame(COURSE, state)


def test_each_step_is_shown_with_its_numbers_and_the_time_that_it_saves():
    start = native.walked(until=3)
    cost = serving.step_cost(COURSE, now.request(COURSE, start, "a"))
    for number, step in enumerate(prefix.steps(), 1):
        state = native.after(start, store.ControlMoved(PREFIX_STEP, str(number)))
        frame, told = shown(state), prefix_view.numbers_of(cost, number)
        assert [frame[f"act2.prefix.place.{i}"]["state"] for i in range(BLOCKS)] == [mark for mark, _ in step.places]
        assert "{" not in frame["act2.prefix.said"]["text"] and len(frame["act2.prefix.body"]["rows"]) == len(EVENTS)
        if step.prompt:
            assert told["with_s"] == cost.seconds(0, 0, [(step.hit, step.prompt - step.hit)]) <= told["without_s"]
        else:
            assert told["with_s"] is None and frame["act2.prefix.there"]["text"] == "nobody asks"


def test_moving_the_step_asks_for_no_run():
    start = native.walked(until=3)
    moved = native.after(start, store.ControlMoved(PREFIX_STEP, "4", settled=False))
    assert moved.settled and store.next_run(COURSE, moved) is None


def test_a_chat_finds_most_of_its_prompts_and_answers_sooner():
    asked = chat.request_of(COURSE, native.start().settings["latency"])
    found = native.ran(asked)
    talk = chat.conversations(COURSE, asked)
    assert found["served"] == len(talk) and 0.5 < found["hit_share"] < 1 and found["with_s"] < found["without_s"]
    plain = engine.summary(serving.served(COURSE, asked, talk), serving.deployment_of(COURSE, asked))
    assert found["without_s"] == plain["ttft_p50_s"]


@pytest.mark.parametrize("change", [{"policy": "static"}, {"max_sequence": 256}, {"gpus": 1}])
def test_where_no_chat_can_be_served_none_is_shown(change):
    asked = replace(chat.request_of(COURSE, native.start().settings["latency"]), **change)
    assert native.ran(asked) == {"runs": 0}


@pytest.mark.parametrize("policy", ["chunked", "no_eviction", "speculative"])
def test_a_chat_is_served_by_every_policy_that_keeps_prefixes(policy):
    asked = replace(chat.request_of(COURSE, native.start().settings["latency"]), policy=policy)
    assert native.ran(asked)["hit_share"] > 0.5
