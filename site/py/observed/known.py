"""What ran: the catalogue's model and GPU for what a text names, exactly or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import engine
from observed.facts import Note, Observed, Start, Unread

# vLLM's and SGLang's names of quantisation: bits of a weight, and the checkpoint's format where it isn't the usual one.
QUANTISED: Mapping[str, tuple[int, str]] = {
    "fp8": (8, ""),
    "fbgemm_fp8": (8, ""),
    "ptpc_fp8": (8, ""),
    "w8a8_fp8": (8, ""),
    "w8a8_int8": (8, "int8"),
    "modelopt": (8, ""),
    "modelopt_fp8": (8, ""),
    "awq": (4, "awq4"),
    "awq_marlin": (4, "awq4"),
    "gptq": (4, "gptq4"),
    "gptq_marlin": (4, "gptq4"),
    "moe_wna16": (4, "awq4"),
    "mxfp4": (4, "mxfp4"),
    "nvfp4": (4, "nvfp4"),
    "modelopt_fp4": (4, "nvfp4"),
}
# Words of a model's name that say the same, where the server doesn't, or says too little: "compressed-tensors" is any.
WORDS: Mapping[str, tuple[int, str]] = {
    "fp8": (8, ""),
    "int8": (8, "int8"),
    "w8a8": (8, "int8"),
    "8bit": (8, "int8"),
    "awq": (4, "awq4"),
    "w4a16": (4, "gptq4"),
    "int4": (4, "gptq4"),
    "4bit": (4, "gptq4"),
    "gptq": (4, "gptq4"),
    "nvfp4": (4, "nvfp4"),
    "fp4": (4, "nvfp4"),
    "mxfp4": (4, "mxfp4"),
}
WIDE = ("", "bfloat16", "float16", "half", "bf16", "fp16")
V1 = (0, 8)  # the version from which vLLM's V1 engine and its defaults are usual
MEMORY = 0.12
LONGEST_PLAIN = 32_768  # tokens up to which V0 read prompts whole
DEFAULT_UTILIZATION = {(0, 0): 0.9, (0, 21): 0.92}  # by the version from which it is so (docs.vllm.ai, stable)


@dataclass(frozen=True)
class Known:
    """What ran, and how: what the server keeps back (None: its share of memory isn't known), the checkpoint's format, tokens
    of a step, requests at once, and what had to be taken by default."""

    deployment: engine.Deployment
    reserve: engine.Reserve | None
    format: str = ""
    token_budget: int = 2048
    seats: int = 256
    notes: tuple[Note, ...] = ()


def model_of(observed: Observed, models: Mapping[str, engine.Model]) -> engine.Model:
    """The catalogue's model that a text names. Raises Unread: without one a config.json is needed."""
    names = [
        observed.start.model if observed.start else "",
        observed.scrape.model if observed.scrape else "",
        *(bench.model for bench in observed.benches),
    ]
    named = [name for name in names if name]
    for name in named:
        if model := engine.model_named(models, name):
            return model
    raise Unread("needs_config", model=named[0]) if named else Unread("needs_model")


def gpu_of(observed: Observed, gpus: Mapping[str, engine.Gpu]) -> engine.Gpu:
    """The catalogue's GPU that a text names. Raises Unread: a log rarely says which it is, and memory alone doesn't tell."""
    names = {card.name: card.total_bytes for card in observed.cards}
    if not names:
        raise Unread("needs_gpu")
    if len(names) > 1:
        first, second, *_ = names
        raise Unread("several_gpus", first=first, second=second)
    ((name, total),) = names.items()
    try:
        gpu = engine.gpu_named(name, gpus)
        if total and not _near(total, gpu):  # cards of one name may differ in their memory, and nvidia-smi cuts names
            gpu = engine.gpu_named(f"{name} {round(total / engine.GIB)}GB", gpus)
            if not _near(total, gpu):
                raise engine.UnknownGpu(name, gpu)
    except engine.UnknownGpu as reason:
        raise _unlike(name, reason, gpus) from reason
    return gpu


UNITS = {"memory_gib": "GB", "bandwidth_gb_per_s": "GB/s", "bf16_tflops": "TFLOPS", "power_watts": "W"}


def _unlike(name: str, reason: engine.UnknownGpu, gpus: Mapping[str, engine.Gpu]) -> Unread:
    """The refusal of a card, with the nearest one and the figure that differs most; power only if nothing else does."""
    if not reason.nearest:
        return Unread("unknown_gpu", gpu=name)
    nearest = gpus[reason.nearest].name
    if not reason.differs:
        return Unread("unknown_gpu_near", gpu=name, nearest=nearest)
    figure = max(
        reason.differs, key=lambda key: (key != "power_watts", max(reason.differs[key]) / min(reason.differs[key]))
    )
    own, near = map(round, reason.differs[figure])
    if figure == "link_gb_per_s":
        return Unread("unknown_gpu_link", gpu=name, nearest=nearest, own=own, near=near)
    return Unread("unknown_gpu_figure", gpu=name, nearest=nearest, own=own, near=near, unit=UNITS[figure])


def _near(total: float, gpu: engine.Gpu) -> bool:
    """Whether memory in bytes may be that of a GPU: the driver shows up to a tenth less than is built in."""
    return abs(total / gpu.memory_bytes - 1) < MEMORY


def weight_bits(start: Start, model: engine.Model | None = None) -> tuple[int, str]:
    """Bits of a weight and the checkpoint's format ("" for the usual). Raises Unread where neither setting nor name tells.

    Where both say nothing, a server takes the model as it is published: SGLang prints no quantisation that a config.json has.
    """
    said = start.quantization.lower()
    words = [word for word in re.findall(r"[a-z0-9]+", start.model.lower()) if word in WORDS]
    if said in QUANTISED:
        eight = [WORDS[word] for word in words if WORDS[word][0] == 8]
        return eight[0] if said.startswith("gptq") and eight else QUANTISED[said]
    if words:
        return WORDS[words[0]]
    if said or start.dtype.removeprefix("torch.").lower() not in WIDE:
        raise Unread("bits_unknown", quantization=said or start.dtype)
    if model is None or set(re.findall(r"[a-z0-9]+", start.model.lower())) & set(WIDE):
        return 16, ""
    own = [WORDS[word] for word in re.findall(r"[a-z0-9]+", model.precision.lower()) if word in WORDS]
    return own[0] if own else (engine.published_bits(model), "")


def kv_bits(start: Start) -> int:
    """Bits of a cached value. Raises Unread for a precision that isn't known here."""
    said = start.kv_dtype.lower().removeprefix("torch.")
    if said in WIDE:
        return 16
    if said.startswith(("fp8", "float8", "int8")):
        return 8
    if said.startswith(("fp4", "nvfp4", "int4")):
        return 4
    raise Unread("cache_unknown", dtype=said)


def version(start: Start) -> tuple[int, int] | None:
    """The first two numbers of a server's version, None where the text doesn't say."""
    match = re.match(r"([0-9]{1,4})\.([0-9]{1,4})", start.version, re.ASCII)
    return (int(match[1]), int(match[2])) if match else None


def old(start: Start) -> bool:
    """Whether this is a vLLM before V1: its lines say so, or its version."""
    found = version(start)
    return start.v0 if start.v0 is not None else found is not None and found < V1


def known_of(
    observed: Observed,
    models: Mapping[str, engine.Model],
    gpus: Mapping[str, engine.Gpu],
    model: engine.Model | None = None,
    gpu: engine.Gpu | None = None,
    tp: int | None = None,
) -> Known:
    """What ran by the text, or by the model, the GPU and how many of them share it that are given.

    Raises Unread when that isn't known or isn't modelled.
    """
    start = observed.start or Start(observed.scrape.engine if observed.scrape else "vllm")
    model, gpu = model or model_of(observed, models), gpu or gpu_of(observed, gpus)
    tp = tp or start.tp
    if tp is None:
        raise Unread("needs_tp")
    if start.pp > 1:
        raise Unread("pipeline", stages=start.pp)
    bits, format = weight_bits(start, model)
    spread = start.attention_dp if start.engine == "sglang" else bool(model.experts)
    groups = start.dp if spread else 1
    gpus_used = tp * (groups if start.engine == "vllm" else 1)
    if gpus_used % groups or model.query_heads % (gpus_used // groups):
        raise Unread("no_division", heads=model.query_heads, gpus=gpus_used)
    deployment = engine.Deployment(model, gpu, gpus_used, bits, kv_bits(start), start.engine, groups)
    if bits == 16:
        format = ""
    budget, seats, notes = _limits(start, gpu)
    share, more = _share(start)
    if share is None:
        reserve = None
    elif (
        start.engine == "sglang"
    ):  # its share is of weights and cache alone: activations and graphs come out of the rest
        reserve = engine.Reserve(share, 0.0, served=True)
    else:
        reserve = engine.engine_reserve(deployment, share, budget, seats)
    return Known(deployment, reserve, format, budget, seats, (*more, *notes))


def _share(start: Start) -> tuple[float | None, list[Note]]:
    """What share of memory the server may use. vLLM has a default; SGLang reckons its own at each start and prints it."""
    if start.utilization is not None and 0 < start.utilization <= 1:
        return start.utilization, []
    if start.engine == "sglang":
        return None, [Note("no_share")]
    found = version(start) or (0, 0)
    share = DEFAULT_UTILIZATION[max(since for since in DEFAULT_UTILIZATION if since <= found)]
    return share, [Note("default_utilization", {"share": share})]


def _limits(start: Start, gpu: engine.Gpu) -> tuple[int, int, list[Note]]:
    """Tokens that a step may compute and requests that may run, and which of them had to be taken by vLLM's default."""
    notes = []
    budget, seats = start.token_budget, start.max_running
    if budget is None:
        whole = old(start) and start.max_tokens is not None and start.max_tokens <= LONGEST_PLAIN
        budget = max(start.max_tokens or 0, 2048) if whole else engine.default_token_budget(gpu)
        notes.append(Note("default_budget", {"tokens": budget}))
    if seats is None:
        seats = 256 if old(start) else engine.default_seats(gpu)
        notes.append(Note("default_seats", {"seats": seats}))
    return int(budget), int(seats), [] if start.engine == "sglang" else notes
