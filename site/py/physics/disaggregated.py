"""Prefill and decode apart: one replica computes prompts, another writes the answers, and the cache is sent between them.

As in DistServe (Zhong and others, OSDI 2024) and vLLM's disaggregated prefill. The first token comes from the replica that
computes the prompt. The link sends one request's cache after another, each `transfer_s` a token, and it arrives `latency_s`
later; the prompt's blocks are free again at once. A request that the writing replica evicts is computed again there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from physics.checks import check
from physics.quantities import PhysicsError
from physics.run import Run
from physics.schedulers import POLICIES, ServerSettings
from physics.server import Server
from physics.simulate import simulate
from physics.steptime import StepCost
from physics.workload import Request


class WritingServer(Server):
    """A server whose requests come with their prompt computed and their first token written, at `written_s`."""

    written_s: list[float]
    fresh: dict[int, float]  # request -> s since its first token, until it writes the second

    def admit(self) -> None:
        """Whoever joins writes in the next step, unless it was evicted: then its tokens are computed again."""
        super().admit()
        for request in [request for request in self.prefilling if not self.written[request]]:
            self.fresh[request] = self.clock - self.written_s[request]
            self.begin_decoding(request)

    def note_first(self, size: int, seconds: float) -> None:
        """The gap before a second token began with the first, on the other replica."""
        fresh = [waited_s for request, waited_s in self.fresh.items() if request in self.decoding]
        self.run.gaps += [(waited_s + seconds, 1) for waited_s in fresh]
        self.fresh.clear()
        super().note_first(size - len(fresh), seconds)

    def note_stall(self, seconds: float) -> None:
        """A step in which nobody wrote: whoever never did waits for longer, and isn't counted twice."""
        self.fresh = {
            request: waited_s + seconds for request, waited_s in self.fresh.items() if request in self.decoding
        }
        super().note_stall(seconds)
        self.stalled -= len(self.fresh)


def simulate_disaggregated(
    prefill_cost: StepCost,
    decode_cost: StepCost,
    settings: ServerSettings,
    requests: Sequence[Request],
    blocks_prefill: int,
    blocks_decode: int,
    transfer_s: float,
    latency_s: float = 0.0,
    *,
    draft_cost: StepCost | None = None,
    jump: bool = True,
) -> Run:
    """Serve `requests` with one replica for prompts and one for answers. Sums, and the most blocks, are those of both.

    transfer_s: seconds a token of cache on the link (bytes a token / bytes a second). latency_s: seconds a transfer. A prefix
    cache is the first replica's, and knows prompts only; waiting for a larger batch (wait_steps) is the first's, too, since
    it is of prompts. Raises PhysicsError as simulate does, and for a static server.
    """
    if not (0 <= transfer_s < math.inf and 0 <= latency_s < math.inf):
        raise PhysicsError("A transfer takes a finite time, of 0 s or more.")
    if not POLICIES[settings.policy].continuous:
        raise PhysicsError("A static batch writes where it was computed.")
    prompts = [r._replace(output_tokens=1, prefix=_of_prompt(r)) for r in requests]
    first = simulate(prefill_cost, settings, prompts, blocks_prefill, draft_cost=draft_cost, jump=jump)
    sent, arrivals = _sent(requests, first.first_s, transfer_s, latency_s)
    answers = [requests[i]._replace(arrival_s=at_s, prefix=()) for i, at_s in zip(sent, arrivals, strict=True)]
    writing = replace(settings, prefix_cache=False, wait_steps=0)
    check(answers, writing, blocks_decode)
    server = WritingServer(decode_cost, writing, answers, arrivals, blocks_decode, draft_cost, jump)
    server.written_s, server.fresh = [first.first_s[i] for i in sent], {}
    server.serve()
    return _together(requests, first, server.run, sent)


def _of_prompt(request: Request) -> tuple[tuple[int, int], ...]:
    """The pieces that lie within the prompt."""
    found, tokens = 0, 0
    for _, length in request.prefix:
        tokens += length
        found += tokens <= request.prompt_tokens
    return request.prefix[:found]


def _sent(
    requests: Sequence[Request], first_s: list[float], transfer_s: float, latency_s: float
) -> tuple[list[int], list[float]]:
    """The requests that write more than one token, in order of their first, and when their cache has arrived."""
    sent = sorted([i for i, r in enumerate(requests) if r.output_tokens > 1], key=lambda i: (first_s[i], i))
    free, arrivals = 0.0, []
    for i in sent:
        free = max(free, first_s[i]) + transfer_s * requests[i].prompt_tokens
        arrivals.append(free + latency_s)
    return sent, arrivals


def _together(requests: Sequence[Request], first: Run, second: Run, sent: list[int]) -> Run:
    """One run of both: times of each request where they happened, sums over both replicas."""
    run = Run(requests, first.arrival_s, first.start_s, first.first_s, list(first.last_s))
    run.add_up([first, second])
    for i, last_s in zip(sent, second.last_s, strict=True):
        run.last_s[i] = last_s
    run.outputs -= len(sent)
    run.evicted = first.evicted | {sent[i] for i in second.evicted}
    return run
