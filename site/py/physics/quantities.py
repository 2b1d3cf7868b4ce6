"""Units, and the things that are measured in them: models, GPUs, deployments.

SI and bytes inside; a name's ending tells its unit (_s, _bytes, _tokens, _per_s). GB = 10**9 bytes is a vendor's unit,
GiB = 2**30 bytes is memory's: an H100's five HBM3 stacks hold 80 GiB though the card is sold as "80 GB".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

ANY_CONTEXT = 10**9  # tokens: a file that names no limit, or one beyond all bounds
KIB, MIB, GIB = 2**10, 2**20, 2**30
GB, TFLOP = 10**9, 10**12


class PhysicsError(ValueError):
    """A question that has no physical answer, as a sentence for a person."""


def whole(name: str, value: float, least: int = 0) -> int:
    """`value` as a whole number of at least `least`. Raises PhysicsError otherwise, NaN and infinities included."""
    if not _finite(value) or value != int(value) or value < least:
        raise PhysicsError(f"{name} must be a whole number of at least {least}, not {str(value)[:40]}.")
    return int(value)


def positive(name: str, value: float) -> float:
    """`value` if it is a finite number above zero. Raises PhysicsError otherwise."""
    if not _finite(value) or value <= 0:
        raise PhysicsError(f"{name} must be a number above zero, not {str(value)[:40]}.")
    return value


def _finite(value: object) -> bool:
    """Whether this is a number that can be measured: no truth value, text, NaN, infinity, or more than a float holds."""
    try:
        return not isinstance(value, bool) and math.isfinite(value)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        return False


@dataclass(frozen=True)
class Model:
    """A transformer's geometry. Lengths of vectors in values, `parameters` and `active_parameters` (per token) in weights.

    attention: "mha", "gqa", "mqa" or "mla". latent_dim: what MLA keeps per token and layer (kv_lora_rank + rope_dim).
    local_layers of the layers attend to the last window_tokens only. experts, experts_per_token: 0 for a dense model.
    tied: embedding and output head are one table. Of the layers, state_layers keep a state of fixed size instead of a cache,
    shared_layers read another layer's cache, and bare_layers don't attend; none of these adds to the cache.
    value_dim: values of a head where they aren't as long as its keys. local_kv_heads, local_head_dim: of layers with a
    window, where they differ. Each is 0 where it is as usual. precision: what a file says of its weights. text_part: the
    file describes other parts too, which aren't counted.

    What a step reads, each 0 where there is none: expert_width of one routed expert's feed-forward network, and
    shared_expert_width of all together that every token passes beside them. dense_layers: a mixture's layers without experts,
    and dense_width of their networks (0: they have none). query_rank, latent_rank and rope_dim: MLA's q_lora_rank,
    kv_lora_rank and the rotary part, latent_dim = latent_rank + rope_dim. draft_layers: layers for guessing further tokens
    that a file names; neither they nor their weights are in `layers` and `parameters`. state_values: what one request keeps
    over all state_layers (and beside attention where a layer has both), a convolution's last kernel - 1 inputs and the
    recurrent state, as vLLM keeps them. index_dim: what a sparse attention's indexer keeps per token in each of index_layers,
    beside the cache.
    wide_part: what stays at 16 bits in this model's quantised checkpoints besides tables and head, "attention" or "", or "none"
    where these don't either.
    file_bits: what a quantised weight takes in the file that `precision` is of, scales included, 0.0 where it isn't known.
    checkpoint: its name on the hub, "" where it isn't known; checkpoint_bits: of the weights in it.
    """

    id: str
    name: str
    layers: int
    width: int
    query_heads: int
    kv_heads: int
    head_dim: int
    ffn_width: int
    vocab: int
    parameters: int
    active_parameters: int
    max_context_tokens: int
    attention: str
    latent_dim: int = 0
    local_layers: int = 0
    window_tokens: int = 0
    experts: int = 0
    experts_per_token: int = 0
    tied: bool = False
    source: str = ""
    value_dim: int = 0
    local_kv_heads: int = 0
    local_head_dim: int = 0
    state_layers: int = 0
    shared_layers: int = 0
    bare_layers: int = 0
    precision: str = ""
    text_part: bool = False
    expert_width: int = 0
    shared_expert_width: int = 0
    dense_layers: int = 0
    dense_width: int = 0
    query_rank: int = 0
    latent_rank: int = 0
    rope_dim: int = 0
    draft_layers: int = 0
    state_values: int = 0
    index_dim: int = 0
    index_layers: int = 0
    wide_part: str = ""
    file_bits: float = 0.0
    checkpoint: str = ""
    checkpoint_bits: int = 16

    @property
    def full_layers(self) -> int:
        """Layers whose cache grows with every token."""
        return self.layers - self.local_layers - self.state_layers - self.shared_layers - self.bare_layers

    def with_kv_heads(self, kv_heads: int) -> Model:
        """The same model with another number of KV heads, its parameters kept as published.

        A sibling with more KV heads would have given up feed-forward width for them at the same size, as Llama 2 did the
        other way round (Touvron and others, 2023, appendix A.2.1). With the published number the model comes back unchanged.
        """
        if kv_heads == self.kv_heads:
            return self
        if whole("The number of KV heads", kv_heads, 1) > self.query_heads or self.query_heads % kv_heads:
            raise PhysicsError(f"{kv_heads} KV heads don't divide the {self.query_heads} query heads of {self.name}.")
        family = "mha" if kv_heads == self.query_heads else "mqa" if kv_heads == 1 else "gqa"
        return replace(self, kv_heads=kv_heads, attention=family, latent_dim=0, local_kv_heads=0)


@dataclass(frozen=True)
class Gpu:
    """A GPU from its data sheet: bytes, bytes/s, dense FLOP/s (no sparsity), one direction of its link in bytes/s, rated W.

    visible_bytes: what the driver shows to a program, less than memory_bytes; 0 where nobody has reported it. link: "nvlink",
    "xgmi" or "pcie": how the GPUs of a server reach one another.
    """

    id: str
    name: str
    memory_bytes: int
    bandwidth_bytes_per_s: float
    bf16_flops_per_s: float
    fp8_flops_per_s: float | None
    link_bytes_per_s: float
    power_watts: float
    source: str = ""
    visible_bytes: int = 0
    fp4_flops_per_s: float | None = None
    link: str = "nvlink"

    def flops_per_s(self, weight_bits: int) -> float:
        """Peak dense FLOP/s for weights of this width: FP8 or FP4 where the GPU has it, else BF16 (weights are widened first)."""
        native = {8: self.fp8_flops_per_s, 4: self.fp4_flops_per_s}.get(weight_bits)
        return native or self.bf16_flops_per_s

    @property
    def usable_bytes(self) -> int:
        """Bytes that an engine can share out: what the driver shows, or the memory as sold where that isn't known."""
        return self.visible_bytes or self.memory_bytes


@dataclass(frozen=True)
class Deployment:
    """One replica: a model on `gpus` GPUs, with so many bits per weight and per cached value, served by `engine`.

    attention_dp: groups of GPUs among which requests are divided, each with all of attention's weights; experts are spread
    over all GPUs in any case. 1 is plain tensor parallelism.
    """

    model: Model
    gpu: Gpu
    gpus: int
    weight_bits: int = 16
    kv_bits: int = 16
    engine: str = "vllm"
    attention_dp: int = 1

    @property
    def tp(self) -> int:
        """GPUs among which one request's attention is divided."""
        return self.gpus // self.attention_dp

    def __post_init__(self) -> None:
        whole("The number of GPUs", self.gpus, 1)
        if self.gpus % whole("The number of attention groups", self.attention_dp, 1):
            raise PhysicsError(f"{self.attention_dp} attention groups don't divide {self.gpus} GPUs.")
        for name, bits in (("Weight precision", self.weight_bits), ("KV precision", self.kv_bits)):
            if bits not in (4, 8, 16):
                raise PhysicsError(f"{name} must be 4, 8 or 16 bits, not {bits}.")


@dataclass(frozen=True)
class Reserve:
    """What an engine keeps back: it uses `utilization` of the memory, and of that so many bytes a GPU for its own buffers.

    served: as a server starts, from the memory that the driver shows and the bytes of the checkpoint; else from the memory
    as built and parameters times bits. buffers: names and bytes a GPU that make up activation_bytes_per_gpu, if known.
    """

    utilization: float
    activation_bytes_per_gpu: float
    served: bool = False
    buffers: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.utilization <= 1:
            raise PhysicsError(f"Utilization must lie above 0 and at most at 1, not {self.utilization}.")
        if not 0 <= self.activation_bytes_per_gpu < math.inf:
            raise PhysicsError(f"Activation bytes can't be {self.activation_bytes_per_gpu}.")


NAIVE = Reserve(1.0, 0.0)
