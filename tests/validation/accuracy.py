"""How near the step-time model comes to measured kernels: `python3 tests/validation/accuracy.py` prints the table.

The figures stand in tests/validation/data, each file with its source. Beside the model stand two simpler answers: the ideal
roofline (every peak of the data sheet reached, nothing else costs time) and the rule of thumb (60 % of the arithmetic, 80 %
of the bandwidth).
"""

from __future__ import annotations

import csv
import statistics
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "site" / "py"))

import engine  # noqa: E402


class Row(NamedTuple):
    """One measured step: `batch` requests with `tokens` cached tokens each, or as many prompts of that length."""

    phase: str
    gpus: int
    batch: int
    tokens: int
    seconds: float


class Accuracy(NamedTuple):
    """Absolute errors relative to the measurement, as shares of 1, and the mean signed error."""

    rows: int
    mape: float
    median: float
    worst: float
    bias: float


Predict = Callable[[engine.StepCost, Row], float]


def content(name: str) -> dict[str, Any]:
    """One content file as tables."""
    return tomllib.loads((ROOT / "site" / "content" / f"{name}.toml").read_text(encoding="utf-8"))


def measured(gpu: str) -> list[Row]:
    """The measured steps of "h100" or "a100"."""
    text = (Path(__file__).parent / "data" / f"steps_{gpu}.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [
        Row(r["phase"], int(r["gpus"]), int(r["batch"]), int(r["tokens"]), float(r["step_ms"]) / 1000)
        for r in csv.DictReader(lines)
    ]


def model(cost: engine.StepCost, row: Row) -> float:
    """The lab's own step time, in s."""
    if row.phase == "decode":
        return cost.seconds(row.batch, row.batch * row.tokens)
    return cost.seconds(0, 0, [(0, row.tokens)] * row.batch)


def kernels_alone(cost: engine.StepCost, row: Row) -> float:
    """The same form with constants estimated kernel by kernel, not refitted to composed steps, in s."""
    kind = cost.calibration
    text = (Path(__file__).parent / "data" / "kernel_estimates.toml").read_text(encoding="utf-8")
    known = {"gpu": kind.gpu, "weight_bits": kind.weight_bits, **tomllib.loads(text)[kind.gpu.partition("-")[0]]}
    return model(engine.StepCost(cost.deployment, engine.read_calibrations({kind.id: known})[kind.id]), row)


def roofline(cost: engine.StepCost, row: Row, compute: float = 1.0, bandwidth: float = 1.0) -> float:
    """The larger of arithmetic and traffic at so much of the data sheet's peaks, in s."""
    deployment = cost.deployment
    prefill = row.phase == "prefill"
    tokens = row.batch * (row.tokens if prefill else 1)
    pairs = row.batch * row.tokens * (row.tokens / 2 if prefill else 1)
    flop = cost.flop_per_token * tokens + cost.flop_per_output * row.batch + cost.pair_flop * pairs
    moved = cost.weights_read_bytes + (0 if prefill else cost.kv_token_bytes * row.batch * row.tokens)
    gpu = deployment.gpu
    return max(
        flop / (deployment.gpus * gpu.bf16_flops_per_s * compute),
        moved / (deployment.gpus * gpu.bandwidth_bytes_per_s * bandwidth),
    )


def rule_of_thumb(cost: engine.StepCost, row: Row) -> float:
    """The roofline at 60 % of the arithmetic and 80 % of the bandwidth, in s."""
    return roofline(cost, row, 0.6, 0.8)


def accuracy(gpu: str, predict: Predict, phase: str | None = None) -> Accuracy:
    """The errors of a prediction on the steps of a GPU, all of them or one phase."""
    models, gpus = engine.read_models(content("models")), engine.read_gpus(content("hardware"))
    calibrations = engine.read_calibrations(content("calibration")).values()
    signed = []
    for row in measured(gpu):
        if phase in (None, row.phase):
            deployment = engine.Deployment(models["llama-3-70b"], gpus[f"{gpu}-sxm"], row.gpus, engine="kernels")
            cost = engine.StepCost(deployment, engine.calibration_for(deployment, calibrations))
            signed.append(predict(cost, row) / row.seconds - 1)
    errors = [abs(error) for error in signed]
    return Accuracy(
        len(errors), statistics.fmean(errors), statistics.median(errors), max(errors), statistics.fmean(signed)
    )


def table() -> list[tuple[str, str, Accuracy]]:
    """Every line of the printed table: what was predicted, by what, how well."""
    lines = []
    for gpu in ("h100", "a100"):
        for phase in (None, "decode", "prefill"):
            name = f"{gpu.upper()} BF16 steps, {phase or 'all'}"
            lines.append((name, "this model (in-sample)", accuracy(gpu, model, phase)))
        lines.append((f"{gpu.upper()} BF16 steps, all", "single kernels (not refitted)", accuracy(gpu, kernels_alone)))
        lines.append((f"{gpu.upper()} BF16 steps, all", "60 % / 80 % rule", accuracy(gpu, rule_of_thumb)))
        lines.append((f"{gpu.upper()} BF16 steps, all", "ideal roofline", accuracy(gpu, roofline)))
    return lines


def main() -> None:
    """Print the table."""
    print(f"{'steps':28} {'predicted by':30} {'n':>4} {'MAPE':>7} {'median':>7} {'worst':>7} {'bias':>7}")
    for name, by, found in table():
        shares = " ".join(f"{100 * share:6.1f}%" for share in found[1:])
        print(f"{name:28} {by:30} {found.rows:4} {shares}")


if __name__ == "__main__":
    main()
