"""Step time: how long one iteration of the engine takes, as a dict of named terms that sum.

One iteration computes T tokens: one for each decoding request, and the chunks of prompts that are being prefilled. The
linear layers run at the smooth maximum of arithmetic and of reading the weights; attention reads the cache; every layer has
fixed costs; tensor parallelism adds two all-reduces a layer. The form and its constants are fitted to measured kernels
(content/calibration.toml); docs/physics.md has the errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from physics.memory import kv_bytes_per_token
from physics.quantities import Deployment, PhysicsError, whole

Chunk = tuple[int, int]
PromptWork = tuple[int, int, float]
TERMS = ("linear_s", "elementwise_s", "reduce_s", "fixed_s", "decode_attention_s", "prefill_attention_s")


@dataclass(frozen=True)
class Calibration:
    """Measured constants of one GPU family, precision and engine.

    compute, bandwidth, kv_bandwidth, flash, link: achieved shares of the peak (linear layers, weight reads, cache reads,
    prefill attention, all-reduce). element: element-wise traffic in units of one activation a layer. prefill_io: traffic
    of prefill attention in units of reading its inputs and writing its output once. layer_s, attention_s: fixed seconds a
    layer; step_s, sequence_s: seconds a step and a sequence in a server; reduce_s: latency of an all-reduce by GPUs.
    """

    id: str
    gpu: str
    weight_bits: int
    compute: float
    bandwidth: float
    element: float
    layer_s: float
    kv_bandwidth: float
    attention_s: float
    flash: float
    prefill_io: float
    link: float
    reduce_s: tuple[tuple[int, float], ...]
    step_s: float = 0.0
    sequence_s: float = 0.0
    source: str = ""
    fitted: str = ""
    error: str = ""

    def all_reduce_s(self, gpus: int) -> float:
        """The latency of one all-reduce among `gpus`, that of the nearest measured size."""
        return min(self.reduce_s, key=lambda pair: abs(pair[0] - gpus))[1]


def calibration_for(deployment: Deployment, calibrations: Iterable[Calibration]) -> Calibration:
    """The constants measured nearest to a deployment: its GPU and precision, else its precision, else the first.

    4-bit weights are computed in 16 bits and take those constants. Raises PhysicsError when there are none at all.
    """
    known = list(calibrations)
    if not known:
        raise PhysicsError("There are no measured constants to estimate a step from.")
    bits = 8 if deployment.weight_bits == 8 and deployment.gpu.fp8_flops_per_s else 16
    return min(known, key=lambda c: ((c.weight_bits != bits) * 2 + (c.gpu != deployment.gpu.id), known.index(c)))


class StepCost:
    """The step time of one deployment. All inputs are counts, all results seconds unless named otherwise."""

    def __init__(self, deployment: Deployment, calibration: Calibration) -> None:
        self.deployment, self.calibration = deployment, calibration
        model, gpu, tp = deployment.model, deployment.gpu, deployment.gpus
        own = model.full_layers + model.local_layers == model.layers
        if not own or model.value_dim or model.local_kv_heads or model.local_head_dim:
            raise PhysicsError(
                f"The step of {model.name} can't be estimated: its layers don't all keep the same cache."
            )
        c, head = calibration, model.vocab * model.width
        bandwidth, flops = gpu.bandwidth_bytes_per_s, gpu.flops_per_s(deployment.weight_bits)
        self.extrapolated = calibration.gpu != gpu.id
        spare = 0 if model.tied else head  # the embedding table, looked up and never multiplied
        self.flop_per_token = 2 * (model.active_parameters - head - spare)
        self.flop_per_output = 2 * head
        self.weights_read_bytes = (model.parameters - spare) * deployment.weight_bits / 8
        self._compute_s = 1 / (tp * c.compute * flops)
        self._weights_s = 1 / (tp * c.bandwidth * bandwidth)
        self._element_s = model.layers * c.element * model.width * 2 / bandwidth
        self._layers_s = model.layers * c.layer_s + c.step_s
        self._reduce_s, self._reduce_token_s = self._all_reduce(tp)
        self._attention_s = model.layers * c.attention_s
        self.kv_token_bytes = kv_bytes_per_token(model, deployment.kv_bits)
        shards = min(tp, model.kv_heads) if not model.latent_dim else 1
        self.context_token_s = self.kv_token_bytes / (shards * c.kv_bandwidth * bandwidth)
        pair_flop = 4 * model.layers * model.query_heads * model.head_dim
        self.pair_flop = pair_flop
        self._pair_s = pair_flop / (tp * c.flash * gpu.bf16_flops_per_s)
        values = 2 * (model.query_heads + model.kv_heads) * model.head_dim
        self._prefill_io_s = c.prefill_io * values * model.layers * 2 / (tp * bandwidth)

    def _all_reduce(self, tp: int) -> tuple[float, float]:
        if tp == 1:
            return 0.0, 0.0
        model, link = self.deployment.model, self.calibration.link * self.deployment.gpu.link_bytes_per_s
        token = model.width * 2 * 2 * (tp - 1) / tp / link
        return 2 * model.layers * self.calibration.all_reduce_s(tp), 2 * model.layers * token

    def step(self, decodes: int, context_tokens: float, prefills: Sequence[Chunk] = ()) -> dict[str, float]:
        """One step's named terms in s, and their sum `total_s`.

        decodes: requests that write a token; context_tokens: tokens cached by all of them together; prefills: chunks
        (start, length) in tokens. Raises PhysicsError for counts that can't be.
        """
        whole("The number of decoding requests", decodes)
        for _, length in prefills:
            whole("A chunk's length", length, 1)
        terms = self._terms(decodes, context_tokens, prompt_work(prefills))
        return {**dict(zip(TERMS, terms, strict=True)), "total_s": math.fsum(terms)}

    def seconds(self, decodes: int, context_tokens: float, prefills: Sequence[Chunk] = ()) -> float:
        """`step(...)["total_s"]` for counts that are known to be whole."""
        return math.fsum(self._terms(decodes, context_tokens, prompt_work(prefills)))

    def work_seconds(self, decodes: int, context_tokens: float, work: PromptWork) -> float:
        """`seconds` of prompts whose work is known already: the simulation asks thousands of times."""
        return math.fsum(self._terms(decodes, context_tokens, work))

    def _terms(self, decodes: int, context_tokens: float, work: PromptWork) -> tuple[float, ...]:
        """The times of a step in the order of TERMS."""
        prompts, prompt_tokens, pairs = work
        tokens, sequences = decodes + prompt_tokens, decodes + prompts
        if not tokens:
            return (0.0,) * len(TERMS)
        return (
            self._linear_s(tokens, sequences),
            self._element_s * tokens,
            self._reduce_s + self._reduce_token_s * tokens,
            self._layers_s + self.calibration.sequence_s * sequences,
            self._attention_s + self.context_token_s * context_tokens if decodes else 0.0,
            self._attention_s + self._pair_s * pairs + self._prefill_io_s * prompt_tokens if prompts else 0.0,
        )

    def decode_affine(self, decodes: int, tokens_each: int = 1) -> tuple[float, float]:
        """(base, slope) in s: a decode-only step takes base + slope · context_tokens.

        tokens_each > 1 is the verification of a draft: each request computes so many tokens and reads its cache once.
        """
        tokens = decodes * tokens_each
        fixed = self._layers_s + self.calibration.sequence_s * decodes + self._reduce_s + self._attention_s
        moved = (self._element_s + self._reduce_token_s) * tokens
        return self._linear_s(tokens, tokens) + moved + fixed, self.context_token_s

    def weights_read(self, tokens: int) -> float:
        """Bytes of weights that a step of so many tokens reads: a mixture of experts reads those that some token chose."""
        model = self.deployment.model
        if not model.experts:
            return self.weights_read_bytes
        missed = _power(1 - model.experts_per_token / model.experts, tokens)
        inactive = model.parameters - model.active_parameters
        expert_share = inactive / (1 - model.experts_per_token / model.experts)
        dense = self.weights_read_bytes * 8 / self.deployment.weight_bits - expert_share
        return (dense + expert_share * (1 - missed)) * self.deployment.weight_bits / 8

    def _linear_s(self, tokens: int, outputs: int) -> float:
        compute = (self.flop_per_token * tokens + self.flop_per_output * outputs) * self._compute_s
        read = self.weights_read(tokens) * self._weights_s
        return math.sqrt(compute * compute + read * read) if tokens else 0.0


def prompt_work(prefills: Sequence[Chunk]) -> PromptWork:
    """What the chunks (start, length) of a step ask for: how many they are, their tokens, and their pairs.

    A pair is a token and one that it attends to, itself counted as a half: halves are exact, so the sum is.
    """
    if len(prefills) == 1:
        ((start, length),) = prefills
        return 1, length, length * (start + length / 2)
    tokens = sum([length for _, length in prefills])
    return len(prefills), tokens, sum([length * (2 * start + length) for start, length in prefills]) / 2


def binding(terms: dict[str, float], cost: StepCost, tokens: int, outputs: int) -> str:
    """Which wall a step meets first: "compute", "weights", "kv", "links" or "overhead", by the largest named time."""
    compute = (cost.flop_per_token * tokens + cost.flop_per_output * outputs) * cost._compute_s
    walls = {
        "compute": compute + terms["prefill_attention_s"],
        "weights": cost.weights_read(tokens) * cost._weights_s,
        "kv": terms["decode_attention_s"],
        "links": terms["reduce_s"],
        "overhead": terms["fixed_s"] + terms["elementwise_s"],
    }
    return max(walls, key=lambda name: walls[name])


def _power(base: float, exponent: int) -> float:
    """base ** exponent by squaring: the same digits on every platform, which a library's pow doesn't promise."""
    result = 1.0
    while exponent:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result
