"""Questions and replicas for the tests of sizing: the shipped catalogue, and a few small questions."""

import tomllib
from functools import cache
from pathlib import Path

import engine
from sizing import plain
from sizing.question import Catalogue

CONTENT = Path(__file__).parents[2] / "site/content"


def _table(name):
    return tomllib.loads((CONTENT / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def shipped():
    """The catalogue as it ships."""
    return Catalogue(
        engine.read_models(_table("models")),
        engine.read_gpus(_table("hardware")),
        engine.read_workloads(_table("workloads")),
        tuple(engine.read_calibrations(_table("calibration")).values()),
    )


def asked(**changes):
    """A small question, some of its parts replaced; a table is laid over the one that is there."""
    base = {
        "model": "llama-3.1-8b",
        "traffic": {"workload": "azure-2023-conversation", "rate_per_s": 4, "longest_tokens": 8192},
        "promise": {"ttft_s": 0.8, "tpot_s": 0.05},
        "allowed": {"gpus": ["h100-sxm", "a100-sxm"], "most_gpus": 4, "seats": [16, 64], "token_budgets": [2048]},
    }
    for name, value in changes.items():
        base[name] = {**base[name], **value} if isinstance(base.get(name), dict) and isinstance(value, dict) else value
    return plain.question_from(base, shipped())


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}
"""A config.json as people paste it."""
