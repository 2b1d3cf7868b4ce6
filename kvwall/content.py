"""The content tables: beside this file in an installed package, in site/content in a checkout."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import engine
from sizing.question import Catalogue

HERE = Path(__file__).with_name("content")
FOLDER = HERE if HERE.is_dir() else Path(__file__).parents[1] / "site/content"


@cache
def tables(name: str) -> dict[str, Any]:
    """One content file, parsed."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def catalogue() -> Catalogue:
    """Everything that is known, as the engine's objects."""
    return Catalogue(
        engine.read_models(tables("models")),
        engine.read_gpus(tables("hardware")),
        engine.read_workloads(tables("workloads")),
        tuple(engine.read_calibrations(tables("calibration")).values()),
    )
