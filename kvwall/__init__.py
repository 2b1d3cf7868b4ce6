"""Sizing LLM serving: which GPUs, how many, at what cost, and how sure that is.

The same Python as the lab's page runs, with the same digits. Sizes are bytes, times s, rates per s, shares of 1, lengths
tokens; a name's ending tells its unit. What can't be answered raises PhysicsError (a ValueError), whose sentence `sentence`
gives in plain English; AskError, for a question, and ConfigError, for a config.json, are kinds of it. docs/sizing.md has
the fields of a question, the errors of the figures, and where they end.

>>> import kvwall
>>> sorted(kvwall.catalogue().gpus)[:3]
['a10', 'a100-40', 'a100-sxm']
"""

from engine import ConfigError, PhysicsError
from kvwall.api import (
    catalogue,
    check,
    commands,
    fit,
    model,
    plan,
    read_log,
    read_trace,
    sentence,
    simulate,
    step_time,
    validate,
)
from kvwall.tables import table
from sizing.plain import AskError

__all__ = [
    "AskError",
    "ConfigError",
    "PhysicsError",
    "catalogue",
    "check",
    "commands",
    "fit",
    "model",
    "plan",
    "read_log",
    "read_trace",
    "sentence",
    "simulate",
    "step_time",
    "table",
    "validate",
]
