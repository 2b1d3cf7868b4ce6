"""A GPU by the name that a driver, a log or a file gives it: the catalogue's card, or a refusal that names the nearest and why.

nvidia-smi writes "NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB PCIe" or "NVIDIA H100 80GB HBM3", files write "h100_sxm". A name
is read as the card, its form (SXM, PCIe, NVL) and its memory; what says nothing of these is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from physics.quantities import GB, GIB, TFLOP, Gpu, PhysicsError

# Words that don't tell one card from another.
SILENT = frozenset(
    [
        "nvidia",
        "amd",
        "instinct",
        "geforce",
        "tesla",
        "gb",
        "gib",
        "oam",
        "vf",
        "gpu",
        "graphics",
        "generation",
        "edition",
        "blackwell",
        "workstation",
        "ac",
        "lc",
        "dgx",
        "spark",
    ]
)
FORMS = {
    "sxm": "sxm",
    "sxm2": "sxm",
    "sxm3": "sxm",
    "sxm4": "sxm",
    "sxm5": "sxm",
    "sxm6": "sxm",
    "pcie": "pcie",
    "nvl": "nvl",
}
MEMORY = re.compile(r"(\d+)(?:gb|gib|g)?")
MOST_GIB = 320  # a bare number above is part of the name: "RTX 4090"
ALIKE = 0.07  # sizes that makers and drivers write of one memory: 180 and 192, 96 and 98
SAID = {
    "memory_gib": "{} GB of memory",
    "bandwidth_gb_per_s": "{} GB/s from memory",
    "bf16_tflops": "{} TFLOPS in BF16",
    "link_gb_per_s": "{} GB/s to its neighbour",
    "power_watts": "{} W",
}


@dataclass(frozen=True)
class Kin:
    """A card that the catalogue lacks: the nearest one that it has, and its data sheet's figures that differ, named as in
    hardware.toml."""

    name: str
    nearest: str
    figures: Mapping[str, float] = field(default_factory=dict)


# From the makers' data sheets; only what differs from the nearest card.
KIN = (
    Kin("A100 PCIe, 80 GB", "a100-sxm", {"bandwidth_gb_per_s": 1935, "link_gb_per_s": 32, "power_watts": 300}),
    Kin("A100 PCIe, 40 GB", "a100-40", {"link_gb_per_s": 32, "power_watts": 250}),
    Kin("A800 SXM, 80 GB", "a100-sxm", {"link_gb_per_s": 200}),
    Kin("A800 PCIe, 80 GB", "a100-sxm", {"bandwidth_gb_per_s": 1935, "link_gb_per_s": 32, "power_watts": 300}),
    Kin("H800 SXM, 80 GB", "h100-sxm", {"link_gb_per_s": 200}),
    Kin("H800 PCIe, 80 GB", "h100-pcie"),
    Kin(
        "H100 NVL, 94 GB",
        "h100-pcie",
        {"memory_gib": 94, "bandwidth_gb_per_s": 3938, "bf16_tflops": 835, "link_gb_per_s": 300, "power_watts": 400},
    ),
    Kin("H200 NVL, 141 GB", "h200-sxm", {"bf16_tflops": 835, "power_watts": 600}),
    Kin("H20 SXM, 141 GB", "h20-sxm", {"memory_gib": 141, "bandwidth_gb_per_s": 4800}),
    Kin("GH200", "h100-sxm", {"memory_gib": 96, "bandwidth_gb_per_s": 4000, "power_watts": 1000}),
    Kin("B100 SXM, 180 GB", "b200-sxm", {"bf16_tflops": 1750, "power_watts": 700}),
    Kin("GB300", "b300-sxm", {"bf16_tflops": 2500, "power_watts": 1400}),
    Kin("L40, 48 GB", "l40s", {"bf16_tflops": 181, "power_watts": 300}),
    Kin("L20, 48 GB", "l40s", {"bf16_tflops": 120, "power_watts": 275}),
    Kin("A10G, 24 GB", "a10", {"bf16_tflops": 70, "power_watts": 300}),
    Kin("A30, 24 GB", "a10", {"bandwidth_gb_per_s": 933, "bf16_tflops": 165, "power_watts": 165}),
    Kin("A40, 48 GB", "l40s", {"bandwidth_gb_per_s": 696, "bf16_tflops": 150, "power_watts": 300}),
    Kin(
        "RTX A6000, 48 GB",
        "rtx-3090",
        {"memory_gib": 48, "bandwidth_gb_per_s": 768, "bf16_tflops": 155, "power_watts": 300},
    ),
    Kin("RTX 6000 Ada, 48 GB", "l40s", {"bandwidth_gb_per_s": 960, "power_watts": 300}),
    Kin("RTX 3090 Ti, 24 GB", "rtx-3090", {"bandwidth_gb_per_s": 1008, "bf16_tflops": 80, "power_watts": 450}),
    Kin(
        "RTX 4080, 16 GB",
        "rtx-4090",
        {"memory_gib": 16, "bandwidth_gb_per_s": 717, "bf16_tflops": 97, "power_watts": 320},
    ),
    Kin(
        "RTX 5080, 16 GB",
        "rtx-5090",
        {"memory_gib": 16, "bandwidth_gb_per_s": 960, "bf16_tflops": 113, "power_watts": 360},
    ),
    Kin("RTX PRO 6000 Server", "rtx-pro-6000", {"bandwidth_gb_per_s": 1597}),
    Kin("RTX PRO 6000 Max-Q", "rtx-pro-6000", {"bf16_tflops": 438, "power_watts": 300}),
    Kin(
        "V100 SXM", "a100-40", {"bandwidth_gb_per_s": 900, "bf16_tflops": 125, "link_gb_per_s": 150, "power_watts": 300}
    ),
    Kin(
        "MI250X, 128 GB",
        "mi300x",
        {"memory_gib": 128, "bandwidth_gb_per_s": 3277, "bf16_tflops": 383, "power_watts": 560},
    ),
    Kin("MI300A, 128 GB", "mi300x", {"memory_gib": 128, "bf16_tflops": 981, "power_watts": 550}),
    Kin("MI350X, 288 GB", "mi355x", {"bf16_tflops": 2307, "power_watts": 1000}),
)


class UnknownGpu(PhysicsError):
    """A card that the catalogue lacks. `card`: its name as it was given; `nearest`: the id of the nearest card there is, "" if
    none is near; `differs`: by the names of hardware.toml, this card's figure and the nearest card's."""

    def __init__(
        self, card: str, nearest: Gpu | None = None, differs: Mapping[str, tuple[float, float]] | None = None
    ) -> None:
        self.card, self.nearest, self.differs = card, nearest.id if nearest else "", dict(differs or {})
        said = f"the GPU {card[:60]!r} is not in the catalogue (site/content/hardware.toml)"
        if nearest:
            said += f"; the nearest is {nearest.id!r} ({nearest.name})"
            figures = [
                f"{SAID[name].format(f'{own:,.0f}')}, not {other:,.0f}" for name, (own, other) in self.differs.items()
            ]
            said += f", but this one has {'; '.join(figures)}" if figures else ", another variant of it"
        super().__init__(said)


def _parts(name: str) -> tuple[str, str, int]:
    """A name's card, form and memory in GB: "NVIDIA A100-SXM4-80GB" is ("a100", "sxm", 80); "" and 0 for what isn't said."""
    card, form, size = "", "", 0
    for word in re.findall(r"[a-z0-9]+", name.lower()):
        memory = MEMORY.fullmatch(word)
        if word in FORMS:
            form = FORMS[word]
        elif card and memory and int(memory[1]) <= MOST_GIB and not card.endswith(("rtx", "pro")):
            size = int(memory[1])
        elif re.fullmatch(r"hbm\d*e?", word):
            form = form or {"h100hbm3": "sxm", "h100hbm2e": "pcie"}.get(
                card + word, ""
            )  # two cards, told by their memory
        elif word not in SILENT and not (card and memory and word.endswith(("g", "gb", "gib"))):
            card += word
    return card, form, size


def _same_size(one: float, other: float) -> bool:
    return not one or not other or abs(one - other) <= ALIKE * max(one, other)


def gpu_named(name: str, gpus: Mapping[str, Gpu]) -> Gpu:
    """The catalogue's card of this name. Raises UnknownGpu, which names the nearest card and why it isn't the same."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for gpu in gpus.values():
        if plain and plain in (re.sub(r"[^a-z0-9]", "", gpu.id), re.sub(r"[^a-z0-9]", "", gpu.name.lower())):
            return gpu
    card, form, size = _parts(re.sub(r"(?i)\bmig\b.*", "", name))
    same = [gpu for gpu in gpus.values() if card and card in (_parts(gpu.id)[0], _parts(gpu.name)[0])]
    if re.search(r"(?i)\bmig\b", name):
        raise UnknownGpu(name, same[0] if same else None)
    for kin in KIN:
        own = _parts(kin.name)
        form_fits = form == own[1] or not own[1] or (not form and not same)
        if card == own[0] and form_fits and (_same_size(size, own[2]) if size or not same else form):
            raise _unlike(name, kin, gpus)
    fits = [gpu for gpu in same if _form_fits(form, gpu) and _same_size(size, _parts(gpu.name)[2])]
    if fits:
        return fits[0]
    if same:
        differs = (
            {"memory_gib": (float(size), same[0].memory_bytes / GIB)} if size and _form_fits(form, same[0]) else {}
        )
        raise UnknownGpu(name, same[0], differs)
    raise UnknownGpu(name, _variant_of(card, gpus))


def _form_fits(form: str, gpu: Gpu) -> bool:
    """Whether a card may be called by this form. A name without one means the card for servers, if there are several."""
    own = _parts(gpu.name)[1] or ("pcie" if gpu.link == "pcie" else "sxm")
    return form == own or (not form and _parts(gpu.name)[1] != "pcie")


def _variant_of(card: str, gpus: Mapping[str, Gpu]) -> Gpu | None:
    """The card whose name this one's begins with, a letter after it: "rtx4090d" is a variant of "rtx4090"."""
    found: Sequence[Gpu] = [
        gpu
        for gpu in gpus.values()
        for base in [_parts(gpu.name)[0]]
        if base and re.match(re.escape(base) + "[a-z]", card)
    ]
    return max(found, key=lambda gpu: len(_parts(gpu.name)[0]), default=None)


def _unlike(name: str, kin: Kin, gpus: Mapping[str, Gpu]) -> UnknownGpu:
    """The refusal of a card whose figures are known, beside those of the nearest in the catalogue."""
    near = gpus.get(kin.nearest)
    if near is None:
        return UnknownGpu(name)
    has = {
        "memory_gib": near.memory_bytes / GIB,
        "bandwidth_gb_per_s": near.bandwidth_bytes_per_s / GB,
        "bf16_tflops": near.bf16_flops_per_s / TFLOP,
        "link_gb_per_s": near.link_bytes_per_s / GB,
        "power_watts": near.power_watts,
    }
    return UnknownGpu(name, near, {key: (value, has[key]) for key, value in kin.figures.items()})
