"""Names of models and GPUs as others write them, matched with the catalogue: exactly, or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping

from physics.quantities import Gpu, Model

# Words of a model's name that say how it was trained on, packed or who did it, and nothing of its shape.
ASIDE = {
    "instruct", "it", "chat", "meta", "nvidia", "hf", "fp8", "fp4", "nvfp4", "bf16", "awq", "gptq", "kv", "dynamic", "int4",
    "int8", "w8a8", "w4a16", "w8a16", "quantized", "4bit", "8bit", "bnb", "unsloth",
}  # fmt: skip
RELEASE = re.compile(r"v0\.\d(?!\d)", re.ASCII)
CACHED = re.compile(r"models--([\w.-]{1,90}?)--([\w.-]{1,120})", re.ASCII)  # a folder of the hub's cache
HUB = re.compile(r"[\w.-]{1,60}/[\w.-]{1,90}", re.ASCII)
# Models that have the same sizes as one of the catalogue.
SAME = {
    "llama3.3-70b": "llama-3.1-70b",
    "deepseek-r1": "deepseek-v3",
    "deepseek-v3.1": "deepseek-v3",
    "minimax-m2": "minimax-m2.5",
    "granite4-micro": "granite-4-micro",
}


def parts(name: str) -> tuple[str, ...]:
    """A model's name as its words and numbers, without folders and words aside: "meta-llama/Meta-Llama-3.1-70B-Instruct" and
    "llama_3.1_70b" are the same, "Qwen2-57B" and "Qwen2.5-7B" are not."""
    cached = CACHED.search(name)
    last = (cached[2] if cached else name.rstrip("/").rpartition("/")[2]).lower()
    words = [word for word in re.findall(r"[a-z0-9]+", RELEASE.sub("", last)) if word not in ASIDE]
    return tuple(part for word in words for part in re.findall(r"[a-z]+|[0-9]+", word))


def model_named(
    models: Mapping[str, Model], name: str, others: Mapping[str, str] = SAME, *, loose: bool = False
) -> Model | None:
    """The catalogue's model of this name, by its id, its name or that of the hub (in its source), or of the same sizes.

    None when there is none. others: further names of ids.

    loose: its points and dashes don't count, as in names of files ("llama31_70b").
    """

    def key(text: str) -> tuple[str, ...] | str:
        return "".join(parts(text)) if loose else parts(text)

    wanted = key(name)
    for id, model in models.items():
        hub = HUB.search(model.source)
        if wanted and wanted in (key(id), key(model.name), key(hub[0]) if hub else None):
            return model
    return next((models[id] for other, id in others.items() if key(other) == wanted and id in models), None)


# Words of a card's name that don't tell it from others, as nvidia-smi and files write them.
SILENT = {
    "nvidia", "amd", "instinct", "geforce", "tesla", "hbm2", "hbm3", "hbm3e", "gb", "gib", "sxm", "sxm4", "sxm5", "sxm6", "ac",
    "blackwell", "server", "workstation", "edition",
}  # fmt: skip
SIZES = {"a100": {"80": "a100-sxm", "40": "a100-40"}}  # cards of one name that differ in their memory alone


def gpu_named(gpus: Mapping[str, Gpu], name: str) -> Gpu | None:
    """The catalogue's GPU of this name, None when there is none: "h100_sxm", "A100-SXM4-40GB", "NVIDIA H100 80GB HBM3"."""
    wanted = re.sub(r"[^a-z0-9]", "", name.lower())
    for id, gpu in gpus.items():
        if wanted in (re.sub(r"[^a-z0-9]", "", id), re.sub(r"[^a-z0-9]", "", gpu.name.lower())):
            return gpu
    words = [word for word in re.findall(r"[a-z0-9]+", name.lower()) if word not in SILENT]
    size = next((word for word in words[1:] if re.fullmatch(r"\d+(gb|gib)?", word)), "")
    card = "".join(word for word in words if word != size)
    if card in SIZES:
        return gpus.get(SIZES[card].get(re.sub(r"\D", "", size) or "80", ""))
    for id, gpu in gpus.items():
        plain_id = id.replace("-sxm", "").replace("-", "")
        if card == plain_id or (size and card + size == plain_id):
            return gpu
    return None
