"""What an engineer asks: this model, this traffic, these promises, of these GPUs; and a design that may answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import engine
from sizing.traffic import Traffic

SERVER_GPUS = 8  # of one server: links between servers were not measured, so no replica spans two
REPLICA_GPUS = (1, 2, 4, 8)
SEATS = (8, 16, 32, 64, 128, 256, 512, 1024)
TOKEN_BUDGETS = (512, 1024, 2048, 4096, 8192, 16384)
UTILIZATION = 0.9  # vLLM's gpu_memory_utilization
POLICIES = {
    "vllm": "chunked",
    "sglang": "chunked",
    "trtllm": "no_eviction",
}  # how each engine schedules as it is shipped
ENGINES = tuple(POLICIES)


class Catalogue(NamedTuple):
    """What is known: models, GPUs, workloads by id, and the measured constants."""

    models: Mapping[str, engine.Model]
    gpus: Mapping[str, engine.Gpu]
    workloads: Mapping[str, engine.Workload]
    calibrations: tuple[engine.Calibration, ...]


@dataclass(frozen=True)
class Promise:
    """What is promised of `percent` in a hundred requests, None for nothing: the time to the first token, the mean time of each
    further one, the whole answer, in s; and tokens written a second, of all requests together."""

    percent: int = 99
    ttft_s: float | None = None
    tpot_s: float | None = None
    e2e_s: float | None = None
    tokens_per_s: float | None = None

    def __post_init__(self) -> None:
        if self.percent not in (50, 90, 95, 99):
            raise engine.PhysicsError(
                f"A promise is made of 50, 90, 95 or 99 in a hundred requests, not of {self.percent}."
            )
        for name, value in self.limits():
            engine.positive(f"The promise {name}", value)

    def limits(self) -> Iterator[tuple[str, float]]:
        """What is promised, by name."""
        for name in ("ttft_s", "tpot_s", "e2e_s", "tokens_per_s"):
            value = getattr(self, name)
            if value is not None:
                yield name, value


@dataclass(frozen=True)
class Allowed:
    """What may be used: GPUs by id, how many make a replica, bits of weights and of the cache, engines, GPUs in all."""

    gpus: tuple[str, ...]
    replica_gpus: tuple[int, ...] = REPLICA_GPUS
    weight_bits: tuple[int, ...] = (16, 8)
    kv_bits: tuple[int, ...] = (16, 8)
    engines: tuple[str, ...] = ("vllm",)
    most_gpus: int = 64
    seats: tuple[int, ...] = SEATS
    token_budgets: tuple[int, ...] = TOKEN_BUDGETS


@dataclass(frozen=True)
class Question:
    """One question. prices: of a GPU-hour by GPU, in the asker's own money; without them designs are ordered by rated power.

    spare: replicas that may fail while the promise still holds. utilization: the share of memory that an engine may use.
    held_back: bytes by GPU that a server was found to keep back further.
    """

    model: engine.Model
    traffic: Traffic
    promise: Promise
    allowed: Allowed
    prices: tuple[tuple[str, float], ...] = ()
    spare: int = 0
    routing: str = "least_outstanding"
    utilization: float = UTILIZATION
    kg_per_kwh: float = 0.0
    held_back: tuple[tuple[str, float], ...] = ()

    def held_back_bytes(self, gpu: engine.Gpu) -> float:
        """Bytes that a server keeps back of each GPU of a kind, beside what the engine knows of; 0 where none was measured."""
        return dict(self.held_back).get(gpu.id, 0.0)

    def hourly(self, gpu: engine.Gpu, gpus: int) -> float:
        """What so many GPUs cost an hour: money where their price is known, rated kW where no price is given at all."""
        if not self.prices:
            return gpu.power_watts / 1000 * gpus
        return dict(self.prices)[gpu.id] * gpus


@dataclass(frozen=True)
class Design:
    """One answer: so many replicas of a deployment, each with so many seats and tokens a step."""

    deployment: engine.Deployment
    seats: int
    token_budget: int
    replicas: int

    @property
    def gpus(self) -> int:
        """GPUs in all."""
        return self.deployment.gpus * self.replicas

    @property
    def servers(self) -> int:
        """Servers of eight GPUs that they fill, the last one perhaps in part."""
        return -(-self.gpus // SERVER_GPUS)

    def reserve(self, question: Question) -> engine.Reserve:
        """What a replica keeps back of its memory."""
        known = engine.engine_reserve(self.deployment, question.utilization, self.token_budget, self.seats)
        further = question.held_back_bytes(self.deployment.gpu)
        return replace(known, activation_bytes_per_gpu=max(0.0, known.activation_bytes_per_gpu + further))

    def settings(self, question: Question) -> engine.ServerSettings:
        """What its operator sets."""
        return engine.ServerSettings(
            policy=POLICIES[self.deployment.engine],
            max_running=self.seats,
            max_sequence_tokens=question.traffic.longest_tokens,
            token_budget=max(self.token_budget, self.seats),
            prefix_cache=any(request.prefix for request in question.traffic.recorded),
        )


def runs_on(served: str, gpu: engine.Gpu) -> bool:
    """Whether an engine runs on a GPU at all: TensorRT-LLM is for NVIDIA's, and AMD's are those that talk over xGMI."""
    return served != "trtllm" or gpu.link != "xgmi"


def deployments(question: Question, catalogue: Catalogue) -> tuple[list[engine.Deployment], dict[str, int]]:
    """Every replica that may be used, and how many were left out by each reason: "heads" don't divide, no step is "known",
    a "price" is missing."""
    found: list[engine.Deployment] = []
    left_out = {"heads": 0, "known": 0, "price": 0}
    for made in _combined(question, catalogue):
        if question.prices and made.gpu.id not in dict(question.prices):
            left_out["price"] += 1
        elif made.model.query_heads % made.tp:
            left_out["heads"] += 1
        elif not runs_on(made.engine, made.gpu):
            left_out["known"] += 1
        else:
            try:
                engine.StepCost(made, engine.calibration_for(made, catalogue.calibrations))
            except engine.PhysicsError:
                left_out["known"] += 1
            else:
                found.append(made)
    return found, left_out


def weight_bits(question: Question) -> tuple[int, ...]:
    """The precisions that may be used and that there are; of a model whose published one isn't among them that one."""
    published = engine.published_bits(question.model)
    return tuple(bits for bits in question.allowed.weight_bits if bits <= published) or (published,)


def _combined(question: Question, catalogue: Catalogue) -> Iterator[engine.Deployment]:
    """All combinations of what is allowed; attention by groups only where there are experts to share."""
    allowed, model = question.allowed, question.model
    for id in allowed.gpus:
        for gpus in allowed.replica_gpus:
            groups = (1, gpus) if model.experts and gpus > 1 else (1,)
            for bits in weight_bits(question):
                for kv_bits in allowed.kv_bits:
                    for served in allowed.engines:
                        for group in groups:
                            gpu = catalogue.gpus[id]
                            yield engine.Deployment(model, gpu, gpus, bits, kv_bits, served, group)
