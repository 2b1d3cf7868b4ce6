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
from typing import Generic, NamedTuple, TypeVar

from physics.checkpoints import checkpoint_bytes, expert_bytes, routed_weights
from physics.memory import kv_bytes_per_late_token, kv_bytes_per_token
from physics.quantities import Deployment, PhysicsError, whole

Chunk = tuple[int, int]
PromptWork = tuple[int, int, float]
Value = TypeVar("Value")  # a number, or an array of numbers
ROPE_DIM = 64  # of a latent-attention head's key, the part that carries the position (DeepSeek-AI 2024, section 2.1)
TERMS = ("linear_s", "elementwise_s", "reduce_s", "fixed_s", "decode_attention_s", "prefill_attention_s")


@dataclass(frozen=True)
class Calibration:
    """Measured constants of one GPU, engine, weight and cache precision.

    compute, bandwidth, kv_bandwidth, flash, link: achieved shares of the peak (linear layers, weight reads, cache reads,
    prefill attention, all-reduce). expert_compute, expert_bandwidth: the same of a routed expert's matrices, whose tokens are
    rounded up to expert_tile. element: element-wise traffic in units of one activation a layer. prefill_io: traffic of
    prefill attention in units of reading its inputs and writing its output once. layer_s, attention_s: fixed seconds a
    layer; step_s, sequence_s: seconds of the host a step and a sequence; front_s: what a first token takes outside the
    model's steps (tokeniser, HTTP, scheduling); reduce_s: latency of an all-reduce by GPUs. experts: of a mixture of experts.
    latent: of attention with a latent cache. counts: numbers of GPUs that were measured, () where nobody said.
    expected: mean errors in % on rows that weren't fitted, of what CLAIMS names, 0 or missing for none.
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
    engine: str = "vllm"
    kv_bits: int = 16
    experts: bool = False
    latent: bool = False
    counts: tuple[int, ...] = ()
    step_s: float = 0.0
    sequence_s: float = 0.0
    front_s: float = 0.0
    expert_compute: float = 0.49
    expert_bandwidth: float = 0.62
    expert_tile: float = 6
    expected: tuple[float, ...] = ()
    source: str = ""
    fitted: str = ""
    error: str = ""

    def all_reduce_s(self, gpus: int) -> float:
        """The latency of one all-reduce among `gpus`, that of the nearest measured size."""
        return min(self.reduce_s, key=lambda pair: abs(pair[0] - gpus))[1]


def calibration_for(deployment: Deployment, calibrations: Iterable[Calibration]) -> Calibration:
    """The constants measured nearest to a deployment: by its GPU, its precision, its engine, then the cache's precision.

    Weights narrower than a GPU computes are widened and take the constants of 16 bits. Raises PhysicsError when there are no
    constants at all.
    """
    known = list(calibrations)
    if not known:
        raise PhysicsError("There are no measured constants to estimate a step from.")
    return min(known, key=lambda c: _distance(deployment, c))  # the first of several that are equally far


def _distance(deployment: Deployment, constants: Calibration) -> tuple[int, int]:
    """How far constants are from a deployment: what differs and matters most, then the rest."""
    bits, gpu = deployment.weight_bits, deployment.gpu
    if (bits == 8 and not gpu.fp8_flops_per_s) or (bits == 4 and not (gpu.fp4_flops_per_s or deployment.model.experts)):
        bits = 16  # widened as they are read, and computed in 16 bits
    served = deployment.engine != "kernels"
    far = (
        8 * ((constants.engine != "kernels") != served)
        + 4 * (constants.weight_bits != bits)
        + 3 * (constants.gpu != deployment.gpu.id)
        + 2 * (constants.engine != deployment.engine)
        + 2 * (constants.experts != bool(deployment.model.experts))
        + 3 * (constants.latent != bool(deployment.model.latent_dim))
    )
    return far, int(constants.kv_bits != deployment.kv_bits)


CLAIMS = ("tpot", "ttft", "ttft_p99")  # mean time per output token, mean and P99 time to first token


# What carrying constants over costs, mean errors in % of the time per output token and of the time to the first token: measured
# rows, predicted without the cases that share the named thing (docs/physics.md). Links: one pair without NVLink.
CARRIED_DENSE = {"gpu": (6, 19), "engine": (16, 19), "weights": (15, 17), "links": (50, 50), "count": (10, 9)}
CARRIED_EXPERTS = {
    "gpu": (33, 48),
    "engine": (20, 34),
    "weights": (42, 73),
    "links": (50, 50),
    "count": (10, 9),
    "experts": (23, 53),
    "groups": (32, 31),
    "latent": (19, 62),
}


def expected_error(
    deployment: Deployment, calibrations: Iterable[Calibration], claim: str
) -> tuple[float, Calibration]:
    """The expected error of one of CLAIMS as a share, and the measured case nearest to the deployment that it is known from.

    Where that case isn't the deployment's own it is at least what carrying constants over was measured to cost, the worst of
    what differs. Raises PhysicsError where no case has it.
    """
    at = CLAIMS.index(claim)
    known = [constants for constants in calibrations if any(constants.expected[at : at + 1])]
    nearest = calibration_for(deployment, known)
    carried = CARRIED_EXPERTS if deployment.model.experts else CARRIED_DENSE
    costs = [carried.get(name, (0, 0))[min(at, 1)] for name in how_known(deployment, nearest)]
    return max([nearest.expected[at], *costs]) / 100, nearest


def how_known(deployment: Deployment, constants: Calibration) -> tuple[str, ...]:
    """What was carried over from another measured case, none for a case that was measured itself.

    Of "gpu", "engine", "weights", "cache", "links" (GPUs that talk over PCIe: no such link was measured), "count" (of GPUs),
    "experts", "groups" (of attention, data-parallel) and "latent" (attention with a latent cache), in this order.
    """
    model = deployment.model
    carried = {
        "gpu": constants.gpu != deployment.gpu.id,
        "engine": constants.engine != deployment.engine,
        "weights": constants.weight_bits != deployment.weight_bits,
        "cache": constants.kv_bits != deployment.kv_bits,
        "links": deployment.gpus > 1 and deployment.gpu.link == "pcie",
        "count": bool(constants.counts) and deployment.gpus not in constants.counts,
        "experts": constants.experts != bool(model.experts),
        "groups": deployment.attention_dp > 1,
        "latent": bool(model.latent_dim) and not constants.latent,
    }
    return tuple(name for name, is_so in carried.items() if is_so)


class Rates(NamedTuple, Generic[Value]):
    """What a step's time is made of, for whoever computes many deployments at once. Seconds, but where a name says otherwise.

    compute_s of one FLOP and weights_s of one byte in dense layers, which take flop_per_token, flop_per_output and
    dense_bytes; expert_compute_s of a token's experts and expert_weights_s of all experts' weights, of which each token
    chooses the share chosen, with expert_tile and experts_per_choice = experts / experts_per_token; element_s and
    reduce_token_s of a token; reduce_s, layers_s (with the host's step) and attention_s of a step; sequence_s of a sequence;
    context_token_s and near_token_s of a cached token; pair_s, near_pair_s and prefill_io_s of a prompt's pair and token;
    window_tokens; front_s of a first token.
    """

    flop_per_token: Value
    flop_per_output: Value
    compute_s: Value
    dense_bytes: Value
    weights_s: Value
    chosen: Value
    expert_compute_s: Value
    expert_weights_s: Value
    expert_tile: Value
    experts_per_choice: Value
    element_s: Value
    reduce_s: Value
    reduce_token_s: Value
    layers_s: Value
    sequence_s: Value
    attention_s: Value
    context_token_s: Value
    near_token_s: Value
    pair_s: Value
    near_pair_s: Value
    prefill_io_s: Value
    window_tokens: Value
    front_s: Value


class StepCost:
    """The step time of one deployment. All inputs are counts, all results seconds unless named otherwise.

    Public: flop_per_token, flop_per_output, pair_flop (FLOP), weights_read_bytes, kv_token_bytes and late_token_bytes (of a
    token while no window is full, and when all are); context_token_s, the time of reading one more cached token;
    near_token_s the same for a token in reach of the layers with a window, of window_tokens; local_share, the share of such
    layers; front_s, see Calibration; carried, see how_known.
    """

    def __init__(self, deployment: Deployment, calibration: Calibration) -> None:
        self.deployment, self.calibration = deployment, calibration
        model, gpu, gpus, tp = deployment.model, deployment.gpu, deployment.gpus, deployment.tp
        own = model.full_layers + model.local_layers == model.layers
        if not own or model.value_dim or model.local_kv_heads or model.local_head_dim or model.index_layers:
            raise PhysicsError(
                f"The step of {model.name} can't be estimated: its layers don't all keep a cache of one kind."
            )
        c, bits, table = calibration, deployment.weight_bits, model.vocab * model.width
        bandwidth, flops = gpu.bandwidth_bytes_per_s, gpu.flops_per_s(bits)
        self.carried, self.front_s = how_known(deployment, calibration), calibration.front_s
        spare = 0 if model.tied else table  # the embedding table, looked up and never multiplied
        routed = routed_weights(model)
        self._chosen = model.experts_per_token / model.experts if model.experts else 0.0
        self.flop_per_token = 2 * (model.active_parameters - table - spare)
        self.flop_per_output = 2 * table
        self._expert_flop = 2 * routed * self._chosen  # of flop_per_token
        self._experts_bytes = expert_bytes(model, bits, padded=False)  # servers are too quick to read the padding too
        self._dense_bytes = checkpoint_bytes(model, bits) - expert_bytes(model, bits) - 2 * spare
        self.weights_read_bytes = self._dense_bytes * deployment.attention_dp + self._experts_bytes
        if model.experts and bits == 4:  # the rest is wide, and MXFP4 is widened as it is read
            flops = gpu.bf16_flops_per_s
        self._compute_s = 1 / (gpus * c.compute * flops)
        self._weights_s = 1 / (tp * c.bandwidth * bandwidth)
        self._expert_compute_s = self._expert_flop / (gpus * c.expert_compute * flops)
        self._expert_weights_s = self._experts_bytes / (gpus * c.expert_bandwidth * bandwidth)
        self._element_s = model.layers * c.element * model.width * 2 / bandwidth / deployment.attention_dp
        self._layers_s = model.layers * c.layer_s + c.step_s
        self._reduce_s, self._reduce_token_s = self._all_reduce(tp)
        if deployment.attention_dp > 1:  # what the groups computed goes to the experts on all GPUs and back
            latency, token = self._all_reduce(gpus)
            self._reduce_s, self._reduce_token_s = (
                self._reduce_s / 2 + latency / 2,
                self._reduce_token_s / 2 + token / 2,
            )
        self._attention_s = model.layers * c.attention_s
        self._attend()

    def _attend(self) -> None:
        """The costs of attention: reading the cache, comparing tokens, and what a window spares."""
        model, gpu, c, dp = self.deployment.model, self.deployment.gpu, self.calibration, self.deployment.attention_dp
        tp, bits = self.deployment.tp, self.deployment.kv_bits
        self.window_tokens = model.window_tokens if model.local_layers else 0
        self.kv_token_bytes = kv_bytes_per_token(model, bits)
        shards = 1 if model.latent_dim else min(tp, model.kv_heads)
        read_s = 1 / (dp * shards * c.kv_bandwidth * gpu.bandwidth_bytes_per_s)
        pair_flop = 4 * model.query_heads * model.head_dim  # of one layer
        self.late_token_bytes = kv_bytes_per_late_token(model, bits)
        self.context_token_s = self.late_token_bytes * read_s
        self.near_token_s = (self.kv_token_bytes - self.late_token_bytes) * read_s
        self.local_share = model.local_layers / model.layers
        if model.latent_dim:  # every head reads the same latent: arithmetic may take longer than reading
            pair_flop = 2 * model.query_heads * (2 * model.head_dim + ROPE_DIM)
            absorbed = 4 * model.layers * model.query_heads * model.latent_dim
            arithmetic_s = absorbed / (dp * tp * c.flash * gpu.bf16_flops_per_s)
            self.context_token_s = max(self.context_token_s, arithmetic_s)
        self.pair_flop = model.layers * pair_flop
        layer_pair_s = pair_flop / (dp * tp * c.flash * gpu.bf16_flops_per_s)
        self._pair_s, self._near_pair_s = model.full_layers * layer_pair_s, model.local_layers * layer_pair_s
        values = 2 * (model.query_heads + model.kv_heads) * model.head_dim
        self._prefill_io_s = c.prefill_io * values * model.layers * 2 / (dp * tp * gpu.bandwidth_bytes_per_s)

    def _all_reduce(self, gpus: int) -> tuple[float, float]:
        """Latency of the all-reduces of a step among so many GPUs, and their time for each token."""
        if gpus == 1:
            return 0.0, 0.0
        model, link = self.deployment.model, self.calibration.link * self.deployment.gpu.link_bytes_per_s
        token = model.width * 2 * 2 * (gpus - 1) / gpus / link / self.deployment.attention_dp
        return 2 * model.layers * self.calibration.all_reduce_s(gpus), 2 * model.layers * token

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
        near_s = near_pairs_s = 0.0
        if self.window_tokens:
            near_s = self.near_token_s * min(context_tokens, decodes * self.window_tokens)
            near_pairs_s = self._near_pair_s * min(pairs, prompt_tokens * self.window_tokens)
        return (
            self._linear_s(tokens, sequences),
            self._element_s * tokens,
            self._reduce_s + self._reduce_token_s * tokens,
            self._layers_s + self.calibration.sequence_s * sequences,
            self._attention_s + self.context_token_s * context_tokens + near_s if decodes else 0.0,
            self._attention_s + self._pair_s * pairs + near_pairs_s + self._prefill_io_s * prompt_tokens
            if prompts
            else 0.0,
        )

    def decode_affine(self, decodes: int, tokens_each: int = 1) -> tuple[float, float]:
        """(base, slope) in s: a decode-only step takes base + slope · context_tokens.

        tokens_each > 1 is the verification of a draft: each request computes so many tokens and reads its cache once.
        """
        tokens = decodes * tokens_each
        fixed = self._layers_s + self.calibration.sequence_s * decodes + self._reduce_s + self._attention_s
        moved = (self._element_s + self._reduce_token_s) * tokens
        near = self.near_token_s * decodes * self.window_tokens
        return self._linear_s(tokens, tokens) + moved + fixed + near, self.context_token_s

    def weights_read(self, tokens: int) -> float:
        """Bytes of weights that a step of so many tokens reads: a mixture of experts reads those that some token chose."""
        dense = self._dense_bytes * self.deployment.attention_dp
        return dense + self._experts_bytes * self._share_chosen(tokens) if tokens else 0.0

    def _share_chosen(self, tokens: int) -> float:
        """The share of the experts that some token chooses, if tokens choose evenly and by themselves."""
        return 1 - _power(1 - self._chosen, tokens) if self._chosen else 0.0

    def _linear_s(self, tokens: int, outputs: int) -> float:
        """Linear layers: dense ones and experts each at the smooth maximum of arithmetic and reading."""
        if not tokens:
            return 0.0
        flop = (self.flop_per_token - self._expert_flop) * tokens + self.flop_per_output * outputs
        compute, read = flop * self._compute_s, self._dense_bytes * self._weights_s
        dense = math.sqrt(compute * compute + read * read)
        if not self._chosen:
            return dense
        share = self._share_chosen(tokens)
        # Each expert's tokens are rounded up to whole tiles: at least one, and half of one too many on average.
        tiles = share * self.deployment.model.experts / self.deployment.model.experts_per_token
        padded = max(tokens + 0.5 * self.calibration.expert_tile * tiles, self.calibration.expert_tile * tiles)
        compute, read = padded * self._expert_compute_s, share * self._expert_weights_s
        return dense + math.sqrt(compute * compute + read * read)

    def rates(self) -> Rates[float]:
        """The same model as numbers; `sizing.screen` computes with them what `step` does."""
        model = self.deployment.model
        return Rates(
            flop_per_token=self.flop_per_token - self._expert_flop,
            flop_per_output=self.flop_per_output,
            compute_s=self._compute_s,
            dense_bytes=self._dense_bytes,
            weights_s=self._weights_s,
            chosen=self._chosen,
            expert_compute_s=self._expert_compute_s,
            expert_weights_s=self._expert_weights_s,
            expert_tile=self.calibration.expert_tile,
            experts_per_choice=model.experts / model.experts_per_token if model.experts else 0.0,
            element_s=self._element_s,
            reduce_s=self._reduce_s,
            reduce_token_s=self._reduce_token_s,
            layers_s=self._layers_s,
            sequence_s=self.calibration.sequence_s,
            attention_s=self._attention_s,
            context_token_s=self.context_token_s,
            near_token_s=self.near_token_s,
            pair_s=self._pair_s,
            near_pair_s=self._near_pair_s,
            prefill_io_s=self._prefill_io_s,
            window_tokens=self.window_tokens,
            front_s=self.front_s,
        )

    def walls(self, tokens: int, outputs: int) -> tuple[float, float]:
        """Seconds of the linear layers' arithmetic alone, and of reading their weights alone."""
        flop = (self.flop_per_token - self._expert_flop) * tokens + self.flop_per_output * outputs
        compute = flop * self._compute_s + tokens * self._expert_compute_s
        read = self._dense_bytes * self._weights_s + self._share_chosen(tokens) * self._expert_weights_s
        return compute, read


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
    compute, read = cost.walls(tokens, outputs)
    walls = {
        "compute": compute + terms["prefill_attention_s"],
        "weights": read,
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
