"""What a server can't serve: requests that can't be, that don't fit, or that would take for ever to simulate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from physics.blocks import Pages
from physics.quantities import PhysicsError, whole
from physics.schedulers import POLICIES, ServerSettings
from physics.workload import Request

MOST_CHUNKS = 2_000_000  # more steps with prompts than this are refused: half a minute of simulation


def check(requests: Sequence[Request], settings: ServerSettings, blocks: int, pages: Pages | None = None) -> None:
    """Raise PhysicsError for requests that can't be, that don't fit, or that would take for ever to read chunk by chunk."""
    before, prompts = 0.0, 0
    for arrival, prompt, output, _, priority in requests:
        if not before <= arrival < math.inf:
            raise PhysicsError(f"Requests must come in order, at finite times from 0 s, not at {arrival} s.")
        if not (1 <= prompt < math.inf and 1 <= output < math.inf):
            raise PhysicsError(f"A request reads and writes at least one token, not {prompt} and {output}.")
        if not isinstance(priority, int):
            raise PhysicsError(f"A priority is a whole number, not {str(priority)[:40]}.")
        before, prompts = arrival, prompts + prompt
    if POLICIES[settings.policy].mixed and prompts > MOST_CHUNKS * settings.token_budget:
        raise PhysicsError(f"{prompts:,} tokens in chunks of {settings.token_budget:,} are too many steps to simulate.")
    if settings.prefix_cache:
        _check_pieces(requests)
        if pages and not pages.full:
            raise PhysicsError("A prefix cache keeps whole prefixes, which no layer of this model does.")
    longest = max((r.prompt_tokens + r.output_tokens for r in requests), default=0)
    if (pages or Pages()).of(longest, settings.block_size) > whole("The number of KV blocks", blocks):
        raise PhysicsError(f"A request of {longest:,} tokens doesn't fit into {blocks:,} blocks of KV memory.")


def _check_pieces(requests: Sequence[Request]) -> None:
    """Raise PhysicsError for requests whose pieces can't be."""
    for request in requests:
        named = 0
        for content, tokens in request.prefix:
            if (
                type(content) is not int or type(tokens) is not int or content < 0 or tokens < 1
            ):  # quicker than asking for each
                whole("A content's number", content)
                whole("A piece's length", tokens, 1)
            named += tokens
        if named > request.prompt_tokens + request.output_tokens:
            raise PhysicsError("The pieces of a request are longer than its prompt and its answer.")
