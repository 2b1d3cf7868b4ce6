"""Act I's questions: how many users fit, and what grows with what. Closed forms, no simulation."""

from collections.abc import Mapping
from typing import cast

import engine
from acts.promises import serving
from content.course import Course, Oracle, Scenario, short_name
from content.wording import Number, Quantity
from page.remembered import remembered


def deployment_of(course: Course, asked: Scenario, kv_heads: int | None = None) -> engine.Deployment:
    """The engine's deployment for an Act I scenario; `kv_heads` overrides the scenario's."""
    model = course.models[asked["model"]].with_kv_heads(kv_heads or asked["kv_heads"])
    return engine.Deployment(model, course.gpus[asked["gpu"]], asked["gpus"], asked["weight_bits"], asked["kv_bits"])


def _users_scenario(course: Course, context: str) -> Scenario:
    table = dict(course.at("act1.deployment"))
    return {**table, "context_tokens": course.at("act1.deployment.context_tokens", context)}


def _users_could_ask(course: Course, question: str, asked: Scenario, option: str) -> bool:
    return set(asked) == {*course.at("act1.deployment")} and serving.offers(course, asked, asked)


@remembered
def sizes(course: Course, asked: Scenario) -> dict[str, float]:
    """Everything that Act I computes of one scenario: sizes in bytes, lengths in tokens, users as whole numbers."""
    full, tokens = deployment_of(course, asked), asked["context_tokens"]
    published = course.models[asked["model"]]
    real = deployment_of(course, asked, published.kv_heads)
    reserve = serving.reserve_of(course, full)
    found = engine.worked(full, tokens)
    return {
        **found,
        "gpus": asked["gpus"],
        "parameters": published.parameters,
        "context_tokens": tokens,
        "query_heads": published.query_heads,
        "real_kv_heads": published.kv_heads,
        "group": published.query_heads // published.kv_heads,
        "kv_user_real": engine.kv_bytes(real.model, tokens, real.kv_bits),
        "users_real": engine.max_users(real, tokens, engine.NAIVE),
        "users_gain": engine.max_users(real, tokens, engine.NAIVE)
        / max(1, engine.max_users(full, tokens, engine.NAIVE)),
        "users_reserved": engine.max_users(full, tokens, reserve),
        "users_real_reserved": engine.max_users(real, tokens, serving.reserve_of(course, real)),
        "kv_budget_reserved": engine.memory_plan(full, reserve)["kv_budget_bytes"],
        "utilization": reserve.utilization,
        "activation_bytes": reserve.activation_bytes_per_gpu,
        "half_context_tokens": tokens // 2,
        "users_at_half": engine.max_users(full, tokens // 2, engine.NAIVE),
        "double_context_tokens": tokens * 2,
        "users_at_double": engine.max_users(full, tokens * 2, engine.NAIVE),
        "kv_user_for_200": found["left_bytes"] / 200,
        "kv_user_for_5": found["left_bytes"] / 5,
        "block_tokens": engine.BLOCK_TOKENS,
        "half_block": engine.BLOCK_TOKENS // 2,
        "block_bytes": engine.block_bytes(full.model, full.kv_bits),
        "block_bytes_real": engine.block_bytes(real.model, real.kv_bits),
    }


@remembered
def users_numbers(course: Course, asked: Scenario) -> dict[str, Number]:
    """Everything that Act I says about one scenario: its `sizes`, and what its model and its GPU are called."""
    model, gpu = course.models[asked["model"]].name, short_name(course.gpus[asked["gpu"]].name)
    return {**sizes(course, asked), "gpu_short": gpu, "model": model}


def growth_numbers(course: Course, asked: Scenario) -> dict[str, Number]:
    """Act I's scenario with what grows when the length or the width doubles, as measured factors."""
    factors = engine.growth(deployment_of(course, asked), asked["context_tokens"])
    return {**users_numbers(course, asked), **factors}


def default_numbers(course: Course, context: str) -> dict[str, Number]:
    """The numbers of the question as it is asked in a context."""
    return users_numbers(course, _users_scenario(course, context))


def answered(numbers: Mapping[str, Number]) -> dict[str, Quantity]:
    """`numbers` as questions and the synthesis take them: their type knows figures only, their sentences ask for names too."""
    return cast("dict[str, Quantity]", {**numbers})


ORACLES = {
    "users": Oracle(
        _users_scenario, _users_could_ask, lambda course, asked, option, results: answered(users_numbers(course, asked))
    ),
    "growth": Oracle(
        _users_scenario,
        _users_could_ask,
        lambda course, asked, option, results: answered(growth_numbers(course, asked)),
    ),
}
