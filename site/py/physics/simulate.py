"""The event simulation of one server: requests arrive, wait for a seat and for blocks, are computed, and leave."""

from __future__ import annotations

import math
from collections.abc import Sequence

from physics.blocks import Pages
from physics.checks import check
from physics.quantities import PhysicsError, whole
from physics.run import Record, Run
from physics.schedulers import POLICIES, ServerSettings
from physics.server import Server
from physics.static import StaticServer
from physics.steptime import StepCost
from physics.workload import Request

__all__ = ["Record", "Run", "ServerSettings", "simulate"]


def simulate(
    cost: StepCost,
    settings: ServerSettings,
    requests: Sequence[Request],
    blocks: int,
    *,
    users: int | None = None,
    draft_cost: StepCost | None = None,
    jump: bool = True,
    timeline: bool = False,
    record: bool = False,
    pages: Pages | None = None,
) -> Run:
    """Serve `requests` (in order of arrival) with `blocks` KV blocks, or so many pages where a block is several (see Pages).

    Without `users` the loop is open: requests come when they come. With `users` it is closed: so many come at the start,
    and each one that is done brings the next, whatever its arrival time says. Raises PhysicsError if a single request
    can't fit, or if speculation has no draft.
    """
    policy = POLICIES[settings.policy]
    check(requests, settings, blocks, pages)
    if policy.draft and draft_cost is None:
        raise PhysicsError("Speculative decoding needs a draft model.")
    if users is None:
        arrivals = [request.arrival_s for request in requests]
    else:
        first = whole("The number of users", users, 1)
        arrivals = [0.0 if i < first else math.inf for i in range(len(requests))]
    kind = Server if policy.continuous else StaticServer
    server = kind(cost, settings, requests, arrivals, blocks, draft_cost, jump, pages)
    server.watched = timeline
    server.record = server.run.record = Record() if record else None
    server.serve()
    return server.run
