"""Closed forms: exact laws that the simulation must agree with, and the textbook's own examples. Times in s."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from physics.quantities import PhysicsError, positive, whole
from physics.schedulers import POLICIES, ServerSettings

if TYPE_CHECKING:
    from physics.steptime import StepCost


def mg1_wait_s(rate_per_s: float, mean_s: float, square_s2: float) -> float:
    """Mean wait in an M/G/1 queue: λ E[S²] / (2 (1 − ρ)) (Pollaczek-Khinchine); infinite when ρ ≥ 1."""
    load = positive("The rate", rate_per_s) * positive("The mean service time", mean_s)
    square = positive("The mean square of the service time", square_s2)
    return math.inf if load >= 1 else rate_per_s * square / (2 * (1 - load))


def md1_wait_s(rate_per_s: float, service_s: float) -> float:
    """Mean wait in an M/D/1 queue, all services equally long."""
    service = positive("The service time", service_s)
    return mg1_wait_s(rate_per_s, service, service * service)


def batched_queue_s(rate_per_s: float, batch: int, fixed_s: float, each_s: float) -> float:
    """Mean response of a server that waits to fill a batch: λS²/(2B(1 − ρ)) + B/(2λ) + S, with S = fixed + each · B."""
    size = whole("The batch", batch, 1)
    service = fixed_s + each_s * size
    load = positive("The rate", rate_per_s) * service / size
    if load >= 1:
        return math.inf
    return rate_per_s * service * service / (2 * size * (1 - load)) + size / (2 * rate_per_s) + service


def speculation_yield(acceptance: float, tokens: int) -> float:
    """Mean tokens a verified draft gives: (1 − a^(g+1)) / (1 − a), as the sum 1 + a + ... + a^g (Leviathan, 2023)."""
    if not 0 <= acceptance <= 1:
        raise PhysicsError(f"An acceptance is a probability, not {acceptance}.")
    total, power = 1.0, 1.0
    for _ in range(whole("The number of proposed tokens", tokens)):
        power *= acceptance
        total += power
    return total


def speculation_speedup(
    cost: StepCost, draft: StepCost, batch: int, context_tokens: float, tokens: int, acceptance: float
) -> float:
    """Tokens a second with a draft over tokens a second without: E · t(B) / (g · t_draft(B) + t_verify(B, g + 1))."""
    plain = _step(cost, batch, 1, context_tokens)
    drafted = tokens * _step(draft, batch, 1, context_tokens) + _step(cost, batch, tokens + 1, context_tokens)
    return speculation_yield(acceptance, tokens) * plain / drafted


def _step(cost: StepCost, batch: int, tokens_each: int, context_tokens: float) -> float:
    base, slope = cost.decode_affine(batch, tokens_each)
    return base + slope * context_tokens


def static_waste(outputs: list[int]) -> float:
    """The share of seat-steps that a static batch wastes: seats stay until the longest output is done."""
    return 1 - sum(outputs) / positive("The number of seat-steps", len(outputs) * max(outputs, default=0))


def lone_ttft_s(cost: StepCost, settings: ServerSettings, prompt_tokens: int) -> float:
    """TTFT of a request that meets an empty server, in s: no load can make it shorter.

    It passes the front end, then the prompt is computed at once, or in chunks of the token budget where the policy mixes
    steps. A static batch that one request doesn't fill waits until its patience is over.
    """
    policy, prompt = POLICIES[settings.policy], whole("The prompt", prompt_tokens, 1)
    patience = 0.0 if policy.continuous or settings.max_running == 1 else settings.form_timeout_s
    budget = settings.token_budget if policy.mixed else prompt
    chunks = [(start, min(budget, prompt - start)) for start in range(0, prompt, budget)]
    return math.fsum([cost.front_s, patience, *(cost.seconds(0, 0.0, [chunk]) for chunk in chunks)])
