"""What a checkpoint weighs and what an engine keeps beside it, as vLLM's start-up lines show both. All in bytes.

A quantised checkpoint isn't parameters times bits: tables and head stay at 16 bits, groups carry scales, and some makers
leave attention wide. An engine's own buffers are a sum of named ones, each from the sizes that it has to hold.
"""

from __future__ import annotations

import re

from physics.quantities import GIB, Deployment, Gpu, Model, PhysicsError, Reserve

GROUP, SCALE_AND_ZERO_BITS = 128, 20  # AWQ and GPTQ: a 16-bit scale and a 4-bit zero for each group of 128 weights
# Bits that a quantised weight takes with its scales, by format. MXFP4: an 8-bit scale for 32 (OCP Microscaling 1.0);
# NVFP4: an 8-bit scale for 16 (NVIDIA TensorRT Model Optimizer).
FORMATS = {
    "bf16": 16.0,
    "fp16": 16.0,
    "fp8": 8.0,
    "int8": 8.0,
    "awq4": 4 + SCALE_AND_ZERO_BITS / GROUP,
    "gptq4": 4 + SCALE_AND_ZERO_BITS / GROUP,
    "mxfp4": 4 + 8 / 32,
    "nvfp4": 4 + 8 / 16,
}

MXFP4_WIDTH_TILE, MXFP4_FFN_TILE = 256, 128  # to which vLLM's kernels pad an expert's two sides (Marlin, mxfp4.py)
WIDE = ("BF16", "FP16", "FP32", "FP64")
NARROW = {"fp8": 8, "int8": 8, "awq": 4, "gptq": 4, "mxfp4": 4, "nvfp4": 4, "int4": 4, "fp4": 4}
COUNTED = re.compile(r"\d+(?:\.\d+)?(?= and \d| bit)|(?<=\bw)\d+(?=a\d)")  # "4.65 bit", "4 and 8 bit", "w4a16"


def published_bits(model: Model) -> int:
    """Bits of a weight as the model is published, 4, 8 or 16: no server has them wider. 16 where a file doesn't say."""
    widths = _widths(model)
    return min(model.checkpoint_bits, next((bits for bits in (4, 8) if widths and max(widths) <= bits), 16))


def bits_unknown(model: Model) -> bool:
    """Whether a file names a format of its weights that doesn't say how many bits they take."""
    return bool(model.precision) and model.precision.partition(" (")[0] not in WIDE and not _widths(model)


def _widths(model: Model) -> list[float]:
    """Bits of a weight that a file's words name. What it is called beside them, in brackets, is no word of its own."""
    said = model.precision.partition(" (")[0].lower()
    return [float(counted) for counted in COUNTED.findall(said)] or [
        bits for word, bits in NARROW.items() if word in said
    ]


def told_bits(model: Model, bits: int) -> str:
    """By how many bits weights are called: as many as the file says, where it has fewer than the step that they are sized in."""
    own = max(_widths(model), default=bits) if _is_files_own(model, bits) else bits
    return f"{min(own, bits):g}"


def usual_format(model: Model, bits: int) -> str:
    """The format that checkpoints of so many bits usually have: at 4 bits MXFP4 for experts, groups with scales else."""
    return {16: "bf16", 8: "fp8"}.get(bits) or ("mxfp4" if model.experts else "awq4")


def _is_files_own(model: Model, bits: int, format: str = "") -> bool:
    """Whether weights of so many bits are those of the file that the model was read from, and what they take is known."""
    return not format and model.file_bits > 0 and bits == published_bits(model)


def attention_weights(model: Model) -> int:
    """Weights of all attention projections: queries, keys, values and output."""
    own = model.layers - model.state_layers - model.bare_layers
    return own * model.width * model.head_dim * (2 * model.query_heads + 2 * model.kv_heads)


def routed_weights(model: Model) -> float:
    """Weights of all experts among which tokens choose: what a token leaves out, over the share that it leaves out."""
    if not model.experts:
        return 0.0
    return (model.parameters - model.active_parameters) / (1 - model.experts_per_token / model.experts)


def wide_weights(model: Model, format: str) -> float:
    """Weights beside the routed experts that stay at 16 bits in a checkpoint of this format ("": the file's own): tables and
    head, what the maker left wide, and in a mixture of experts in MXFP4 or NVFP4 all of them."""
    beside = model.parameters - routed_weights(model)
    alone = (
        format in ("mxfp4", "nvfp4") if format else model.wide_part == "attention"
    )  # experts are all that is quantised
    if (format and FORMATS[format] == 16) or (alone and model.experts):
        return beside
    if not format and model.wide_part == "none":
        return 0.0
    tables = model.vocab * model.width * (1 if model.tied else 2)
    return min(beside, float(tables + (attention_weights(model) if model.wide_part == "attention" else 0)))


def checkpoint_bytes(model: Model, bits: int, format: str = "") -> int:
    """Bytes of a checkpoint at so many bits a weight: in the format named (see FORMATS), else as in the file that the model was
    read from, else in the usual one.

    Raises PhysicsError for a format that isn't known here.
    """
    name, width = _form(model, bits, format)
    wide, routed = wide_weights(model, name), routed_weights(model)
    return round((wide * 16 + (model.parameters - routed - wide) * width) / 8 + expert_bytes(model, bits, format))


def expert_bytes(model: Model, bits: int, format: str = "", padded: bool = True) -> float:
    """Bytes of all routed experts as kernels hold them, 0 for a dense model: in MXFP4 padded to whole tiles, or without that."""
    name, width = _form(model, bits, format)
    filled = 1.0
    if (name == "mxfp4" or (not name and "mxfp4" in model.precision.lower())) and padded:
        for size, tile in ((model.width, MXFP4_WIDTH_TILE), (model.expert_width or model.ffn_width, MXFP4_FFN_TILE)):
            filled *= -(-size // tile) * tile / size
    return routed_weights(model) * filled * width / 8


def _form(model: Model, bits: int, format: str) -> tuple[str, float]:
    """(the format's name, bits of a weight in it); no name where it is the file's own."""
    if _is_files_own(model, bits, format):
        return "", model.file_bits
    name = format or usual_format(model, bits)
    if name not in FORMATS:
        raise PhysicsError(f"A checkpoint's format is one of {', '.join(FORMATS)}, not {name!r}.")
    return name, FORMATS[name]


ACTIVATION_BYTES = 2  # activations are computed at 16 bits
ALIVE_WIDTHS = 4.4  # vectors of the model's width that a layer keeps alive at once, beside two of the feed-forward's
CONTEXT_BYTES = (round(0.35 * GIB), round(0.55 * GIB))  # the driver's context; with NCCL's buffers on several GPUs
SAMPLER_BYTES, SAMPLER_FREE = 35, 256  # bytes a vocabulary entry and sequence, beyond this many sequences
EXPERTS_BYTES = round(1.75 * GIB)  # workspaces of a mixture of experts: 1 to 4 GiB measured


LARGE_GPU_BYTES, LARGE_BUDGET, SMALL_BUDGET = 70 * GIB, 8192, 2048
LARGE_SEATS, SMALL_SEATS = 1024, 256


def default_token_budget(gpu: Gpu) -> int:
    """Tokens that a step of vLLM's server may compute where nobody set it (`EngineArgs`, since V1): more on GPUs of 70 GiB and
    up, except the A100."""
    return LARGE_BUDGET if _large(gpu) else SMALL_BUDGET


def default_seats(gpu: Gpu) -> int:
    """Sequences that vLLM's server runs at once where nobody set it (`max_num_seqs`, since V1)."""
    return LARGE_SEATS if _large(gpu) else SMALL_SEATS


def _large(gpu: Gpu) -> bool:
    return gpu.usable_bytes >= LARGE_GPU_BYTES and not gpu.id.startswith("a100")


def engine_reserve(
    deployment: Deployment, utilization: float = 0.9, token_budget: int | None = None, max_running: int = 256
) -> Reserve:
    """What a server keeps back, as a sum of named buffers a GPU: activations, context, sampler, experts.

    token_budget: tokens of one step (vLLM's max_num_batched_tokens), None for its default; max_running: seats
    (max_num_seqs). Identified from vLLM's start-up lines (docs/physics.md has their errors); 1,024 instead of 128 seats cost a
    Llama-70B 3.24 GiB.
    """
    model = deployment.model
    wide = 2 * model.ffn_width / deployment.gpus + ALIVE_WIDTHS * model.width
    buffers = {
        "activations": (token_budget or default_token_budget(deployment.gpu)) * ACTIVATION_BYTES * wide,
        "context": CONTEXT_BYTES[deployment.gpus > 1],
        "sampler": SAMPLER_BYTES * model.vocab * max(0, max_running - SAMPLER_FREE),
        "experts": EXPERTS_BYTES if model.experts else 0,
    }
    kept = tuple((name, float(size)) for name, size in buffers.items() if size)
    return Reserve(utilization, sum(size for _, size in kept), served=True, buffers=kept)
