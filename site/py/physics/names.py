"""Names of models as others write them, matched with the catalogue: exactly, or not at all. Of GPUs: `cards`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from physics.quantities import Model

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
