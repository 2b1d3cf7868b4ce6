"""Scheduling policies: which requests join, and which tokens the next step computes.

There is no prefill phase and no decode phase, only requests whose computed tokens catch up with their prompt under a token
budget, and then write one token a step. A policy is three numbers and two yes-or-no questions.
"""

from __future__ import annotations

from dataclasses import dataclass

from physics.quantities import PhysicsError, positive, whole


@dataclass(frozen=True)
class Policy:
    """How a step is put together.

    continuous: seats refill as soon as they are free (iteration-level scheduling, Yu and others, OSDI 2022), else only
    when the whole batch is done. mixed: prompts are computed in chunks beside the decoding requests (Agrawal and others,
    OSDI 2024), else a step with prompts holds nothing else. draft: a small model proposes tokens (Leviathan and others,
    ICML 2023). evicts: a request joins when its prompt fits and may be preempted later, else only when its whole answer
    fits too (TensorRT-LLM's guaranteed no-evict).
    """

    continuous: bool
    mixed: bool = False
    draft: bool = False
    evicts: bool = True


POLICIES = {
    "static": Policy(continuous=False),
    "continuous": Policy(continuous=True),
    "chunked": Policy(continuous=True, mixed=True),
    "speculative": Policy(continuous=True, draft=True),
    "no_eviction": Policy(continuous=True, mixed=True, evicts=False),
}


@dataclass(frozen=True)
class ServerSettings:
    """What an operator sets: seats (max_running, vLLM's max_num_seqs), the longest sequence, and the policy's own numbers.

    token_budget: tokens a mixed step may compute (vLLM's max_num_batched_tokens); prefill_budget: the same for a step of
    prompts only; form_timeout_s: how long a static batch waits to fill; speculation_tokens, acceptance, speculation_seed:
    see speculation. prefix_cache: full blocks stay after their request, and a prompt that begins alike takes them (see
    prefix). poll_steps: a server that only writes looks for newcomers every so many steps (SGLang's scheduler_recv_interval).
    wait_steps, wait_tokens: newcomers wait beside writing requests for so many steps, or until they and these have so many
    tokens to compute (TensorRT-LLM's batch_wait_timeout_iters, and batch_wait_max_tokens_ratio of its token budget).
    """

    policy: str
    max_running: int
    max_sequence_tokens: int
    token_budget: int = 2048
    prefill_budget: int = 8192
    block_size: int = 16
    form_timeout_s: float = 0.5
    speculation_tokens: int = 4
    acceptance: float = 0.8
    prefix_cache: bool = False
    speculation_seed: int = 0
    poll_steps: int = 1
    wait_steps: int = 0
    wait_tokens: int = 0

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise PhysicsError(f"A policy is one of {', '.join(POLICIES)}, not {self.policy!r}.")
        for name in (
            "max_running",
            "max_sequence_tokens",
            "token_budget",
            "prefill_budget",
            "block_size",
            "poll_steps",
        ):
            whole(name, getattr(self, name), 1)
        for name in ("wait_steps", "wait_tokens"):
            whole(name, getattr(self, name))
        positive("form_timeout_s", self.form_timeout_s)
        whole("speculation_tokens", self.speculation_tokens, 1)
        whole("speculation_seed", self.speculation_seed)
        if not 0 <= self.acceptance < 1:
            raise PhysicsError(f"The acceptance of a draft lies from 0 to under 1, not {self.acceptance}.")
        if self.prefix_cache and not POLICIES[self.policy].continuous:
            raise PhysicsError("Static batching computes every prompt whole: it has no prefix cache.")
        if (self.poll_steps > 1 or self.wait_steps) and not POLICIES[self.policy].continuous:
            raise PhysicsError("Static batching lets newcomers in when its batch is done, not after so many steps.")
