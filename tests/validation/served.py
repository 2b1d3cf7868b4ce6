"""How near the simulated server comes to published servers: predictions for measured rows, nothing tuned to them here.

Served: the closed-loop rows of site/content/measurements.toml. Offline: TensorRT-LLM's throughput with everything submitted
at once, tests/validation/data/offline_tensorrt_llm.csv.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import acts
import engine
from acts.promises import receipts, serving
from content.course import Course
from tools import bundle

ROOT = Path(__file__).parents[2]
FITTED_PROMPT_TOKENS = 1024  # the served rows that the FP8 constants were fitted on


class Compared(NamedTuple):
    """One measured row beside its prediction: errors as shares of the measurement."""

    row: receipts.Measured
    ttft_error: float
    tpot_error: float
    capacity_share: float

    @property
    def fitted(self) -> bool:
        """Whether the constants have seen this row."""
        return self.row.prompt_tokens == FITTED_PROMPT_TOKENS


def lab() -> Course:
    """The shipped course."""
    return acts.course(bundle.read_content(ROOT / "site" / "content"))


def served(shipped: Course) -> list[Compared]:
    """Every served row beside its prediction."""
    return [_compared(shipped, row) for row in receipts.rows(shipped)]


def _compared(shipped: Course, row: receipts.Measured) -> Compared:
    request = receipts.request_of(shipped, row)
    got = serving.run(shipped, request)
    resident = round(0.9 * (row.prompt_tokens + row.output_tokens / 2))  # lengths run from 0.8 to 1 of the nominal
    needs = row.users * engine.kv_bytes(serving.deployment_of(shipped, request).model, resident, request.kv_bits)
    return Compared(
        row,
        float(got["ttft_mean_s"] or 0) / row.ttft_s - 1,
        float(got["tpot_mean_s"] or 0) / row.tpot_s - 1,
        needs / float(got["kv_has"] or 1),
    )


def offline(shipped: Course, gpu: str) -> list[float]:
    """Errors of the predicted throughput on "h100" or "a100", as shares of the measurement."""
    text = (Path(__file__).parent / "data" / "offline_tensorrt_llm.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [_offline_error(shipped, gpu, row) for row in csv.DictReader(lines)]


def _offline_error(shipped: Course, gpu: str, row: dict[str, str]) -> float:
    prompt, output = int(row["prompt_tokens"]), int(row["output_tokens"])
    deployment = engine.Deployment(shipped.models[row["model"]], shipped.gpus[f"{gpu}-sxm"], int(row["gpus"]))
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, shipped.calibrations))
    settings = engine.ServerSettings("chunked", 2048, prompt + output, token_budget=8192)
    count = max(200, min(2000, 2_000_000 // (prompt + output)))
    requests = [engine.Request(0.0, prompt, output)] * count
    blocks = engine.kv_blocks(deployment, engine.Reserve(0.9, engine.GIB))
    got = engine.summary(engine.simulate(cost, settings, requests, blocks), deployment)
    return float(got["throughput_output_tokens_per_s"] or 0) / float(row[f"{gpu}_fp16_tokens_per_s"]) - 1


def mape(errors: list[float]) -> float:
    """The mean absolute error, as a share."""
    return sum(map(abs, errors)) / len(errors)
