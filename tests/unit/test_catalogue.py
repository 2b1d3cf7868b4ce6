"""Catalogues: every entry can be used and has its source, and a mistake names file, entry and key."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import engine
from engine import GB, GIB, PhysicsError
from tests.validation.accuracy import content

TABLES = {name: content(name) for name in ("models", "hardware", "workloads", "calibration")}
READERS: dict[str, Callable[[Any], Any]] = {
    "models": engine.read_models,
    "hardware": engine.read_gpus,
    "workloads": engine.read_workloads,
    "calibration": engine.read_calibrations,
}
MODELS, GPUS = engine.read_models(TABLES["models"]), engine.read_gpus(TABLES["hardware"])

CONFIGS = json.loads((Path(__file__).parent / "data" / "catalogue_configs.json").read_text(encoding="utf-8"))

# Billions of parameters, all and active, as the models' cards give them. gpt-oss's leave a table of embeddings out: 0.579.
PUBLISHED = {
    "llama-3-70b": (70.55, 70.55),
    "llama-3.1-405b": (405.9, 405.9),
    "llama-3.1-8b": (8.03, 8.03),
    "llama-2-7b": (6.74, 6.74),
    "mixtral-8x7b": (46.7, 12.9),
    "deepseek-v3": (671.0, 37.5),
    "gpt-oss-120b": (116.83, 5.13 + 0.579),
    "gpt-oss-20b": (20.91, 3.61 + 0.579),
    "qwen3-235b-a22b": (235.1, 22.2),
    "qwen3-30b-a3b": (30.5, 3.35),
    "qwen3-14b": (14.8, 14.8),
    "qwen2.5-7b": (7.62, 7.62),
    "mixtral-8x22b": (140.6, 39.1),
    "mistral-7b": (7.25, 7.25),
    "phi-4": (14.7, 14.7),
}
# GB/s and dense TFLOPS in 16 bits, from the makers' data sheets.
SHEETS = {
    "a100-sxm": (2039, 312),
    "h100-sxm": (3350, 989.4),
    "h100-pcie": (2000, 756.5),
    "h200-sxm": (4800, 989.4),
    "b200-sxm": (7700, 2250),
    "mi300x": (5300, 1307),
    "l4": (300, 121),
    "h20-sxm": (4000, 148),
    "b300-sxm": (8000, 2250),
    "gb200": (8000, 2500),
    "a100-40": (1555, 312),
    "mi325x": (6000, 1307),
    "mi355x": (8000, 2517),
    "a10": (600, 125),
    "t4": (320, 65),
    "rtx-3090": (936, 71),
    "rtx-5090": (1792, 210),
    "rtx-pro-6000": (1792, 504),
    "gb10": (273, 125),
    "l40s": (864, 362),
    "rtx-4090": (1008, 165),
}


# Dense TFLOPS in FP8 and FP4, and rated watts, from data sheets; H20 and B300: the limit that nvidia-smi shows.
NARROW = {
    "h20-sxm": (296, None, 500),
    "h200-sxm": (1978.9, None, 700),
    "b200-sxm": (4500, 9000, 1000),
    "b300-sxm": (4500, 13500, 1100),
    "gb200": (5000, 10000, 1200),
    "mi300x": (2615, None, 750),
    "mi325x": (2615, None, 1000),
    "mi355x": (5033, 10066, 1400),
    "rtx-4090": (330, None, 450),
    "rtx-5090": (419, 3352 / 2, 575),
    "rtx-pro-6000": (1007, 2015, 600),
    "l4": (242, None, 72),
    "l40s": (733, None, 350),
    "gb10": (250, 1000 / 2, 140),
}
# GiB that PyTorch's own messages give as a card's total capacity.
CAPACITY = {
    "b200-sxm": 178.35,
    "b300-sxm": 267.69,
    "gb200": 184.31,
    "h200-sxm": 139.8,
    "mi300x": 191.98,
    "mi325x": 255.98,
}
CAPACITY |= {"mi355x": 287.98, "rtx-5090": 31.36, "rtx-pro-6000": 94.97}


@pytest.mark.parametrize("name", NARROW)
def test_narrow_peaks_are_dense_and_watts_are_rated(name: str) -> None:
    gpu = GPUS[name]
    found = [gpu.fp8_flops_per_s, gpu.fp4_flops_per_s]
    assert [flops and flops / engine.TFLOP for flops in found] == pytest.approx(list(NARROW[name][:2]))
    assert gpu.power_watts == NARROW[name][2]


@pytest.mark.parametrize("name", CAPACITY)
def test_a_program_sees_what_programs_have_reported(name: str) -> None:
    assert GPUS[name].usable_bytes / GIB == pytest.approx(CAPACITY[name], abs=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_whole(name: str) -> None:
    model = MODELS[name]
    assert model.id == name and model.source
    assert model.query_heads % model.kv_heads == 0
    assert 0 < model.active_parameters <= model.parameters
    assert (model.experts > 0) == (model.active_parameters < model.parameters)
    assert 0 <= model.local_layers < model.layers and (model.local_layers > 0) == (model.window_tokens > 0)
    family = "mha" if model.kv_heads == model.query_heads else "mqa" if model.kv_heads == 1 else "gqa"
    assert model.attention == ("mla" if model.latent_dim else family)
    assert model.with_kv_heads(model.kv_heads) == model


@pytest.mark.parametrize("name", PUBLISHED)
def test_models_have_their_published_size(name: str) -> None:
    found = MODELS[name].parameters / 1e9, MODELS[name].active_parameters / 1e9
    assert found == pytest.approx(PUBLISHED[name], rel=0.004)


@pytest.mark.parametrize("name", MODELS)
def test_an_entry_is_what_its_makers_file_says(name: str) -> None:
    """The makers' config.json, its keys of shape alone: the geometry is the entry's, the weights counted from it are, too."""
    assert name in CONFIGS, "a model of models.toml needs the shape from its config.json in data/catalogue_configs.json"
    read, entry = engine.model_from_config(json.dumps(CONFIGS[name])), MODELS[name]
    told = ("parameters", "active_parameters")
    for key in told:
        assert getattr(entry, key) == pytest.approx(getattr(read, key), rel=0.003), key
    own = {
        key: getattr(entry, key)
        for key in (
            "id",
            "name",
            "source",
            "precision",
            "text_part",
            "wide_part",
            "checkpoint",
            "checkpoint_bits",
            *told,
        )
    }
    assert replace(read, **own) == entry


@pytest.mark.parametrize(
    "name", ["llama-2-7b", "llama-2-13b", "llama-2-70b", "llama-3-70b", "llama-3.1-8b", "llama-3.1-405b"]
)
def test_parameters_follow_from_the_geometry(name: str) -> None:
    """Embedding and head, and a layer's projections and gated feed-forward network; norms are parts in ten thousand."""
    m = MODELS[name]
    layer = 2 * m.width * m.head_dim * (m.query_heads + m.kv_heads) + 3 * m.width * m.ffn_width
    assert 2 * m.vocab * m.width + m.layers * layer == pytest.approx(m.parameters, rel=1e-3)


@pytest.mark.parametrize("name", GPUS)
def test_gpus_are_as_in_their_data_sheets(name: str) -> None:
    gpu = GPUS[name]
    assert name in SHEETS, "a GPU of hardware.toml needs the two figures of its data sheet here, too"
    assert (gpu.bandwidth_bytes_per_s / GB, gpu.bf16_flops_per_s / 1e12) == pytest.approx(SHEETS[name])
    assert gpu.source and 15e9 < gpu.memory_bytes < 320e9
    assert 0.9 * gpu.memory_bytes < gpu.usable_bytes <= gpu.memory_bytes
    assert gpu.flops_per_s(16) == gpu.bf16_flops_per_s
    assert gpu.flops_per_s(4) == (gpu.fp4_flops_per_s or gpu.bf16_flops_per_s)
    assert gpu.flops_per_s(8) == (gpu.fp8_flops_per_s or gpu.bf16_flops_per_s)


def test_an_h100_holds_80_gib() -> None:
    assert GPUS["h100-sxm"].memory_bytes == 80 * GIB == 85_899_345_920
    assert GPUS["a100-sxm"].fp8_flops_per_s is None


@pytest.mark.parametrize("file", READERS)
def test_every_entry_has_a_source_and_is_read(file: str) -> None:
    read = READERS[file](TABLES[file])
    assert list(read) == list(TABLES[file])
    assert all(entry.source or getattr(entry, "assumption", "") for entry in read.values())


def test_calibrations_are_in_seconds_and_shares() -> None:
    for constants in engine.read_calibrations(TABLES["calibration"]).values():
        shares = (constants.compute, constants.bandwidth, constants.kv_bandwidth, constants.flash, constants.link)
        assert all(0 < share <= 1 for share in (*shares, constants.expert_compute, constants.expert_bandwidth))
        assert 1e-6 < constants.layer_s < 1e-4 and 1e-6 < constants.attention_s < 1e-4
        assert all(1e-6 < seconds < 1e-4 for _, seconds in constants.reduce_s)
        assert constants.gpu in GPUS and constants.fitted and constants.error


def test_the_documented_constants_are_the_ones_in_use() -> None:
    """The table of docs/physics.md, cell by cell."""
    text = (Path(__file__).parents[2] / "docs" / "physics.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    header = next(i for i, row in enumerate(rows) if row[0] == "constants")
    names, found = rows[header][1:], rows[header + 2 : header + 2 + len(TABLES["calibration"])]
    assert [row[0] for row in found] == list(TABLES["calibration"])
    for entry, *cells in found:
        for name, cell in zip(names, cells, strict=True):
            value = TABLES["calibration"][entry].get(name.replace(", µs", "_us"))
            shown = None if cell == "–" else [float(part) for part in cell.split("/")]
            wanted = [us for _, us in value] if isinstance(value, list) else None if value is None else [value]
            assert shown == wanted, (entry, name)


def edited(file: str, entry: str, key: str, value: object = None) -> dict[str, Any]:
    tables = copy.deepcopy(TABLES[file])
    if value is None:
        del tables[entry][key]
    else:
        tables[entry][key] = value
    return tables


@pytest.mark.parametrize(
    ("file", "entry", "key", "value"),
    [
        ("models", "llama-3-70b", "layers", None),
        ("models", "llama-3-70b", "colour", "red"),
        ("hardware", "h100-sxm", "bandwidth_gb_per_s", None),
        ("hardware", "h100-sxm", "memory_gib", None),
        ("hardware", "h100-sxm", "colour", "red"),
        ("workloads", "azure-2023-code", "prompt", None),
        ("workloads", "azure-2023-code", "prompt", [[0, 5], [0.5, 6]]),
        ("workloads", "azure-2023-code", "colour", "red"),
        ("calibration", "h100-vllm-bf16", "compute", None),
        ("calibration", "h100-vllm-bf16", "layer_us", None),
        ("calibration", "h100-vllm-bf16", "colour", "red"),
    ],
)
def test_a_mistake_names_its_place(file: str, entry: str, key: str, value: object) -> None:
    with pytest.raises(PhysicsError) as mistake:
        READERS[file](edited(file, entry, key, value))
    assert entry in str(mistake.value)
    if not isinstance(value, list):
        assert f"{file}.toml" in str(mistake.value)
        stem = key.removesuffix("_us").removesuffix("_gib")
        assert stem in str(mistake.value)
