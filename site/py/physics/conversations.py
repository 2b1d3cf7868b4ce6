"""Conversations that take turns, found in a list of requests by their lengths alone.

A benchmark of chats lets its users ask one after the other, round after round. A prompt is then the user's last prompt, its
answer and the next question, so that the lengths tell who goes on with what: prompt = earlier prompt + earlier answer + a few
tokens. What a prefix cache can hold of a prompt follows, though nobody recorded it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from physics.workload import Request

FEWEST_USERS, MOST_USERS = 10, 1000  # fewer could agree by chance: a third of random pairs do
MOST_ADDED = 1300  # tokens of a question, and of what a chat's template adds
FIRST_ROUND, ALL_ROUNDS = 0.95, 0.9  # shares of the requests that must go on with an earlier one


def goes_on(later: Request, earlier: Request) -> bool:
    """Whether a prompt may be an earlier prompt, its answer and a question, by their lengths."""
    return 0 < later.prompt_tokens - earlier.prompt_tokens - earlier.output_tokens <= MOST_ADDED


def users_of(requests: Sequence[Request]) -> int:
    """How many users take turns: the smallest number after which a whole round goes on with the first; 0 for none.

    Where one user more would do as well, it is no round that shows, but prompts that grow from one to the next.
    """
    for users in range(FEWEST_USERS, min(MOST_USERS, len(requests) // 2) + 1):
        if _fits(requests, users):
            return 0 if _fits(requests, users + 1) else users
    return 0


def _fits(requests: Sequence[Request], users: int) -> bool:
    """Whether the first requests, one of each user, are gone on with by the next ones."""
    pairs = list(zip(requests[users:], requests[:users], strict=False))
    spare = int((1 - FIRST_ROUND) * len(pairs))
    strangers = (later for later, earlier in pairs if not goes_on(later, earlier))
    return next(islice(strangers, spare, None), None) is None


def earlier_turns(requests: Sequence[Request]) -> list[int | None] | None:
    """For each request the one that it goes on with, None for a conversation's first; None where no conversations show.

    Those who are done are passed over: the turn is the next user's whose conversation can go on with this prompt.
    """
    users = users_of(requests)
    if not users:
        return None
    turns: list[int] = []
    found: list[int | None] = []
    for i, request in enumerate(requests):
        at = next((at for at, j in enumerate(turns) if goes_on(request, requests[j])), None) if i >= users else None
        found.append(None if at is None else turns[at])
        if at is not None:
            del turns[: at + 1]
        turns.append(i)
    going_on = sum(earlier is not None for earlier in found)
    return found if going_on >= ALL_ROUNDS * (len(requests) - users) else None


def with_histories(requests: Sequence[Request]) -> list[Request] | None:
    """The same requests, each with the pieces that its prompt shares with earlier turns; None where no conversations show.

    An answer was written beforehand, as benchmarks do: what the server generates is no part of the next prompt.
    """
    earlier = earlier_turns(requests)
    if earlier is None:
        return None
    found: list[Request] = []
    for i, (request, turn) in enumerate(zip(requests, earlier, strict=True)):
        before = () if turn is None else found[turn].prefix
        added = request.prompt_tokens - (0 if turn is None else requests[turn].prompt_tokens)
        found.append(request._replace(prefix=(*before, (i, added))))
    return found
