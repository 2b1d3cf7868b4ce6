"""A chat on side A's replica, served twice: with a prefix cache and without. A job."""

from collections.abc import Mapping
from dataclasses import dataclass

import engine
from acts.promises import serving
from acts.promises.serving import RunRequest
from acts.promises.shape import Chat
from content.course import Course, Kind, Result


@dataclass(frozen=True)
class ChatRequest(RunRequest):
    """A sampled chat on a replica; `requests` is how many there would be if none of its conversations grew too long."""


def request_of(course: Course, settings: Mapping[str, float | str]) -> ChatRequest:
    """The chat on side A's server as its controls are now: its seats, its limits, its load, but conversations."""
    talks = course.read(Chat, "insight.prefix.chat")
    run = serving.request_of(course, settings, "a", talks.conversations * talks.turns)
    return ChatRequest(**{**vars(run), "workload": talks.workload, "cv": 1})


def chat(course: Course, request: ChatRequest) -> Result:
    """Both runs: requests served, the share of prompt tokens that were there, median times to the first token in s.

    A server that can't start, one whose batches are static and so keep no prefix, and a limit that no conversation fits
    have `runs` 0 and nothing else.
    """
    talk = conversations(course, request)
    if not talk or request.policy == "static" or serving.failure_at_start(request, serving.memory(course, request)):
        return {"runs": 0}
    deployment, found = serving.deployment_of(course, request), {}
    for name in ("without", "with"):
        run = serving.served(course, request, talk, prefix_cache=name == "with")
        found[name] = engine.summary(run, deployment)
    return {
        "runs": 1,
        "served": len(talk),
        "hit_share": found["with"]["prefix_hit_share"],
        **{f"{name}_s": figures["ttft_p50_s"] for name, figures in found.items()},
    }


def conversations(course: Course, request: ChatRequest) -> list[engine.Request]:
    """The chat itself: each prompt is the whole conversation so far, after the system prompt that all of them share."""
    talks = course.read(Chat, "insight.prefix.chat")
    return engine.sample_chat(
        course.workloads[request.workload],
        request.load / talks.turns,
        talks.conversations,
        request.seed,
        turns=talks.turns,
        think_s=talks.think_s,
        system_tokens=talks.system_tokens,
        max_sequence_tokens=request.max_sequence,
    )


KINDS = {"chat": Kind(ChatRequest, chat)}
