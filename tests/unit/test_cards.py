"""A GPU by the name that a driver, a log or a file gives it."""

import pytest

import engine
from tests.validation.accuracy import content

GPUS = engine.read_gpus(content("hardware"))

# As nvidia-smi, rocm-smi, file names of kernels and benchmark tables write them.
NAMES = {
    "NVIDIA A100-SXM4-80GB": "a100-sxm",
    "A100-SXM4-40GB": "a100-40",
    "NVIDIA H100 80GB HBM3": "h100-sxm",
    "NVIDIA_H100_80GB_HBM3": "h100-sxm",
    "NVIDIA H100 PCIe": "h100-pcie",
    "NVIDIA H100 80GB HBM2e": "h100-pcie",
    "NVIDIA H100 SXM5 80GB": "h100-sxm",
    "NVIDIA H200": "h200-sxm",
    "H200-141": "h200-sxm",
    "NVIDIA B200": "b200-sxm",
    "B200 192GB": "b200-sxm",
    "NVIDIA B300 SXM6 AC": "b300-sxm",
    "NVIDIA GB200": "gb200",
    "NVIDIA H20": "h20-sxm",
    "NVIDIA L40S": "l40s",
    "NVIDIA L4": "l4",
    "NVIDIA A10": "a10",
    "Tesla T4": "t4",
    "NVIDIA GeForce RTX 4090": "rtx-4090",
    "RTX4090": "rtx-4090",
    "NVIDIA GeForce RTX 5090": "rtx-5090",
    "NVIDIA GeForce RTX 3090": "rtx-3090",
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": "rtx-pro-6000",
    "NVIDIA GB10": "gb10",
    "AMD Instinct MI300X": "mi300x",
    "AMD Instinct MI300X VF": "mi300x",
    "AMD Instinct MI325X": "mi325x",
    "AMD Instinct MI355X": "mi355x",
    "h100_sxm": "h100-sxm",
    "h100": "h100-sxm",
    "a100": "a100-sxm",
    "A100-80": "a100-sxm",
    "H100 SXM, 80 GB": "h100-sxm",
}
# Neighbours that are not the card: the nearest, and a figure that the refusal must name (the maker's data sheet).
NEAR = {
    "NVIDIA A100 80GB PCIe": ("a100-sxm", "1,935"),
    "NVIDIA A100-PCIE-80GB": ("a100-sxm", "300 W"),
    "NVIDIA A100-PCIE-40GB": ("a100-40", "250 W"),
    "A100 PCIe": ("a100-sxm", "1,935"),
    "NVIDIA H100 NVL": ("h100-pcie", "94 GB"),
    "NVIDIA H200 NVL": ("h200-sxm", "600 W"),
    "NVIDIA GH200 480GB": ("h100-sxm", "96 GB"),
    "NVIDIA GB300": ("b300-sxm", "1,400 W"),
    "NVIDIA L40": ("l40s", "181"),
    "NVIDIA A10G": ("a10", "70"),
    "NVIDIA RTX A6000": ("rtx-3090", "48 GB"),
    "NVIDIA RTX 6000 Ada Generation": ("l40s", "960"),
    "NVIDIA GeForce RTX 3090 Ti": ("rtx-3090", "1,008"),
    "NVIDIA RTX PRO 6000 Blackwell Server Edition": ("rtx-pro-6000", "1,597"),
    "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition": ("rtx-pro-6000", "300 W"),
    "NVIDIA H800": ("h100-sxm", "200 GB/s"),
    "AMD Instinct MI300A": ("mi300x", "128 GB"),
    "NVIDIA H20 141GB": ("h20-sxm", "141"),
    "NVIDIA A100-SXM-64GB": ("a100-sxm", "64"),
    "NVIDIA GeForce RTX 4090 D": ("rtx-4090", "variant"),
    "NVIDIA GeForce RTX 4090 Laptop GPU": ("rtx-4090", "variant"),
    "NVIDIA A100-SXM4-80GB MIG 3g.40gb": ("a100-sxm", "variant"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_known_by_what_drivers_and_files_call_it(name: str) -> None:
    assert engine.gpu_named(name, GPUS).id == NAMES[name]


@pytest.mark.parametrize("name", NEAR)
def test_a_neighbour_is_refused_with_the_nearest_card_and_what_differs(name: str) -> None:
    with pytest.raises(engine.UnknownGpu) as refused:
        engine.gpu_named(name, GPUS)
    nearest, figure = NEAR[name]
    assert refused.value.nearest == nearest and GPUS[nearest].name in str(refused.value)
    assert figure in str(refused.value)
    assert all(own != pytest.approx(other) for own, other in refused.value.differs.values())


@pytest.mark.parametrize(
    "name", ["", "GPU", "rtx-9999", "NVIDIA", "80GB", "T400", "RTX A1000", "TPU v5e", "H1000", "x" * 5000]
)
def test_what_is_near_nothing_is_refused_without_a_neighbour(name: str) -> None:
    with pytest.raises(engine.UnknownGpu) as refused:
        engine.gpu_named(name, GPUS)
    assert refused.value.nearest == "" and len(str(refused.value)) < 250


@pytest.mark.parametrize("id", GPUS)
def test_every_card_of_the_catalogue_is_known_by_its_id_and_its_name(id: str) -> None:
    assert engine.gpu_named(id, GPUS).id == engine.gpu_named(GPUS[id].name.upper(), GPUS).id == id


def test_a_catalogue_without_the_nearest_card_refuses_without_it() -> None:
    with pytest.raises(engine.UnknownGpu) as refused:
        engine.gpu_named("NVIDIA H100 NVL", {"t4": GPUS["t4"]})
    assert refused.value.nearest == ""
