"""Catalogues: content tables, as parsed from TOML, to the engine's objects. A mistake names its file, entry and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Any, TypeVar

from physics.quantities import GB, GIB, TFLOP, Gpu, Model, PhysicsError
from physics.steptime import Calibration
from physics.workload import Workload

Tables = Mapping[str, Any]
Kind = TypeVar("Kind", Model, Workload, Calibration)


def _made(file: str, id: str, kind: type[Kind], fields: Mapping[str, Any], renames: Mapping[str, str]) -> Kind:
    known = {field.name for field in fields_of(kind)} - {"id"}
    shown = sorted(known - set(renames.values()) | set(renames))
    for key in fields:
        if key not in shown:
            raise PhysicsError(
                f"{file}.toml: {id}.{key}: this key is not known here; expected one of {', '.join(shown)}"
            )
    try:
        return kind(id=id, **{renames.get(key, key): value for key, value in fields.items()})
    except TypeError as mistake:
        raise PhysicsError(f"{file}.toml: {id}: {str(mistake).partition('__init__() ')[2] or mistake}") from mistake


def read_models(tables: Tables) -> dict[str, Model]:
    """Models by id, from `[id]` tables with the fields of Model; parameters follow from the model's card."""
    return {id: _made("models", id, Model, fields, {}) for id, fields in tables.items()}


def read_gpus(tables: Tables) -> dict[str, Gpu]:
    """GPUs by id, from `[id]` tables in the units of data sheets: GiB or bytes of memory, GB/s, TFLOPS."""
    return {id: _gpu(id, fields) for id, fields in tables.items()}


def _gpu(id: str, fields: Mapping[str, Any]) -> Gpu:
    known = {
        "name",
        "memory_gib",
        "memory_bytes",
        "bandwidth_gb_per_s",
        "bf16_tflops",
        "visible_gib",
        "fp8_tflops",
        "fp4_tflops",
        "link",
        "link_gb_per_s",
        "power_watts",
        "source",
    }
    if unknown := set(fields) - known:
        raise PhysicsError(f"hardware.toml: {id}.{min(unknown)}: expected one of {', '.join(sorted(known))}")
    for key, value in fields.items():
        if key not in ("name", "source", "link") and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise PhysicsError(f"hardware.toml: {id}.{key}: expected a number, found {str(value)[:40]!r}")
    try:
        fp8, fp4 = fields.get("fp8_tflops"), fields.get("fp4_tflops")
        return Gpu(
            id=id,
            name=fields["name"],
            memory_bytes=fields["memory_bytes"] if "memory_bytes" in fields else fields["memory_gib"] * GIB,
            bandwidth_bytes_per_s=fields["bandwidth_gb_per_s"] * GB,
            bf16_flops_per_s=fields["bf16_tflops"] * TFLOP,
            fp8_flops_per_s=fp8 * TFLOP if fp8 else None,
            link_bytes_per_s=fields["link_gb_per_s"] * GB,
            power_watts=fields["power_watts"],
            source=fields["source"],
            visible_bytes=round(fields.get("visible_gib", 0) * GIB),
            fp4_flops_per_s=fp4 * TFLOP if fp4 else None,
            link=fields.get("link", "nvlink"),
        )
    except KeyError as mistake:
        raise PhysicsError(f"hardware.toml: {id}.{mistake.args[0]}: is missing") from mistake


def read_workloads(tables: Tables) -> dict[str, Workload]:
    """Workloads by id: `prompt` and `output` are quantile tables [[share, tokens], ...]."""
    renames = {"prompt": "prompt_quantiles", "output": "output_quantiles"}
    return {
        id: _made("workloads", id, Workload, {key: _pairs(value) for key, value in fields.items()}, renames)
        for id, fields in tables.items()
    }


def _pairs(value: Any) -> Any:
    return tuple((float(share), float(tokens)) for share, tokens in value) if isinstance(value, list) else value


def read_calibrations(tables: Tables) -> dict[str, Calibration]:
    """Calibrations by id; times in microseconds in the file (_us), and all-reduce latencies by number of GPUs."""
    return {id: _calibration(id, fields) for id, fields in tables.items()}


def _calibration(id: str, fields: Mapping[str, Any]) -> Calibration:
    plain = {key: value for key, value in fields.items() if not key.endswith("_us")}
    seconds = {f"{key[:-3]}_s": value for key, value in fields.items() if key.endswith("_us")}
    for key, value in seconds.items():
        micro = 1e-6
        plain[key] = tuple((int(n), us * micro) for n, us in value) if isinstance(value, list) else value * micro
    for key in ("expected", "counts"):
        if isinstance(plain.get(key), list):
            plain[key] = tuple(plain[key])
    return _made("calibration", id, Calibration, plain, {})
