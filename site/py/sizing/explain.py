"""An answer in figures: what a design is made of, what it costs, what binds it, and how its figures are known."""

from __future__ import annotations

from typing import Any

import engine
from sizing.judge import Judgement
from sizing.judge import used as used_of
from sizing.question import Catalogue, Design, Question, weight_bits
from sizing.search import Answer, Candidate
from sizing.traffic import cut_share, moments

MILLION, HOUR_S = 1_000_000, 3600


def facts(question: Question, catalogue: Catalogue, candidate: Candidate) -> dict[str, Any]:
    """A candidate as plain data: bytes, s, tokens/s; shares of 1. Costs are in the asker's money, None without a price."""
    design, judgement = candidate.design, candidate.judgement
    deployment = design.deployment
    constants = engine.calibration_for(deployment, catalogue.calibrations)
    return {
        "gpu": deployment.gpu.id,
        "gpus": design.gpus,
        "replicas": design.replicas,
        "gpus_per_replica": deployment.gpus,
        "attention_groups": deployment.attention_dp,
        "servers": design.servers,
        "engine": deployment.engine,
        "weight_bits": deployment.weight_bits,
        "kv_bits": deployment.kv_bits,
        "seats": design.seats,
        "token_budget": max(design.token_budget, design.seats),
        "state": judgement.state,
        "promises": [vars(each) for each in judgement.promises],
        "binds": binds(question, catalogue, design, judgement),
        "capacity_share": judgement.share,
        "memory": memory(question, design, judgement),
        "cost": cost(question, design, judgement),
        "known_from": constants.id,
        "carried_over": list(engine.how_known(deployment, constants)),
        "figures": dict(judgement.figures),
    }


def binds(question: Question, catalogue: Catalogue, design: Design, judgement: Judgement) -> dict[str, Any]:
    """The promise that is nearest to its limit with the share that it uses up, and the wall that the design's mean step meets."""
    nearest = max(judgement.promises, key=used_of, default=None)
    batch = max(1, round(judgement.figures.get("mean_batch") or 1))
    cost = engine.StepCost(design.deployment, engine.calibration_for(design.deployment, catalogue.calibrations))
    lengths = moments(question.traffic, question.promise.percent)
    terms = cost.step(batch, batch * lengths.context)
    return {
        "promise": nearest.name if nearest else None,
        "used": used_of(nearest) if nearest else None,
        "wall": engine.binding(terms, cost, batch, batch),
        "batch": batch,
    }


def memory(question: Question, design: Design, judgement: Judgement) -> dict[str, float]:
    """A replica's memory in bytes, and the share of the cache's part that the run left free at its fullest."""
    plan = engine.memory_plan(design.deployment, design.reserve(question))
    peak = (judgement.figures.get("kv_peak_bytes") or 0.0) / judgement.together
    budget = plan["kv_budget_bytes"]
    longest = moments(question.traffic, question.promise.percent).longest
    return {
        **plan,
        "kv_peak_bytes": peak,
        "kv_spare_share": max(0.0, 1 - peak / budget) if budget > 0 else 0.0,
        "longest_requests": max(0.0, budget // engine.request_bytes(design.deployment, longest)),
    }


def memory_alone(question: Question, catalogue: Catalogue) -> dict[str, Any]:
    """What is known of a model whose steps aren't: bytes of its weights at the fewest bits that may be used and of the longest
    request, and `fits`, the fewest GPUs of each kind that hold both, as pairs of a GPU's id and how many."""
    bits, kv_bits = min(weight_bits(question)), min(question.allowed.kv_bits)
    longest = moments(question.traffic, question.promise.percent).longest
    fits: list[tuple[str, int]] = []
    found: dict[str, Any] = {}
    for id in question.allowed.gpus:
        for gpus in sorted(question.allowed.replica_gpus):
            made = engine.Deployment(question.model, catalogue.gpus[id], gpus, bits, kv_bits)
            if question.model.query_heads % gpus or gpus > question.allowed.most_gpus:
                continue
            plan = engine.memory_plan(made, engine.engine_reserve(made, question.utilization, 1))
            request = engine.request_bytes(made, longest)
            found = found or {"weights_bytes": plan["weights_bytes"], "request_bytes": request}  # of the fewest GPUs
            if plan["kv_budget_bytes"] >= request:
                fits.append((id, gpus))
                break
    return {**found, "bits": bits, "kv_bits": kv_bits, "longest": longest, "fits": fits}


def cost(question: Question, design: Design, judgement: Judgement) -> dict[str, float | None]:
    """What a design costs: GPU-hours, money and energy, of a million tokens that are written. Energy is at rated power all the
    time, so at most. day_share: the day's mean load as a share of the busiest hour's, by which costs are the whole day's; None
    where users ask again, who write more than their share while they are few: then costs are the busiest hour's."""
    spent = judgement.figures.get("gpu_s_per_token")  # of the replicas that work
    working = max(1, design.replicas - question.spare)
    daily = question.traffic.daily
    day_share = (None if question.traffic.users else sum(daily) / len(daily)) if daily else 1.0
    busiest = working * design.deployment.gpus * HOUR_S / spent if spent else None  # tokens an hour
    written = busiest * (day_share or 1.0) if busiest else None
    kw = design.deployment.gpu.power_watts * design.gpus / 1000
    money = question.hourly(design.deployment.gpu, design.gpus) if question.prices else None
    return {
        "money_per_hour": money,
        "rated_kw": kw,
        "day_share": day_share,
        "gpu_hours_per_million_output_tokens": design.gpus * MILLION / written if written else None,
        "money_per_million_output_tokens": money * MILLION / written if money is not None and written else None,
        "kwh_per_million_output_tokens": kw * MILLION / written if written else None,
        "kg_co2_per_million_output_tokens": kw * MILLION / written * question.kg_per_kwh
        if written and question.kg_per_kwh
        else None,
    }


def answer_to_plain(question: Question, catalogue: Catalogue, answer: Answer) -> dict[str, Any]:
    """A whole answer as plain data."""

    def shown(candidate: Candidate | None) -> dict[str, Any] | None:
        return facts(question, catalogue, candidate) if candidate else None

    return {
        "best": shown(answer.best),
        "others": [shown(other) for other in answer.others],
        "failing": shown(answer.failing),
        "half": shown(answer.half),
        "designs_seen": answer.seen,
        "designs_passed": answer.passed,
        "designs_simulated": answer.runs,
        "cheaper_not_simulated": answer.untried,
        "left_out": answer.left_out,
        "cut_share": cut_share(question.traffic),
        "unknown_form": question.model.precision if engine.bits_unknown(question.model) else "",
        "done": answer.done,
    }
