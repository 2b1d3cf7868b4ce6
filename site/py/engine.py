"""The door to all physics, in the order in which the lab meets it.

quantities  units; models, GPUs, deployments           schedulers  which requests are computed next
memory      what a token leaves behind, what fits      simulate    the event simulation of a server
growth      the derivation of Act I, what grows        metrics     from a run to the figures people ask for
steptime    how long one iteration takes               queueing    closed forms that the simulation must agree with
workload    arrivals and lengths, seeded               catalogue   content tables to the objects above
hub_config  a model from its config.json               roofline    which of the two walls a step meets, and where
kept_model  a model as plain data, and back            floor       a recorded run as lanes, and why each wait was so long
allocation  memory in stretches or in blocks           checkpoints bytes of a checkpoint, and what an engine keeps back
prefix      blocks kept by what they hold              speculation a draft's luck, and heads of its own
fleet       several replicas behind a router           names       what others call models
anchors     a measured number for a predicted one      startup     what a server's start-up lines should say
disaggregated  prompts on one replica, answers on another   cards  a GPU by the name that a driver gives it
conversations  who goes on with what, found by lengths

The engine imports nothing of ours outside this folder, and knows no screen, clock, storage or global random numbers. The
same files run in CPython and in Pyodide, with the same digits.
"""

from physics.allocation import RESERVATIONS, Layout, contiguous, paged
from physics.anchors import ANCHORS, Anchor, fitted
from physics.blocks import Pages
from physics.cards import UnknownGpu, gpu_named
from physics.catalogue import read_calibrations, read_gpus, read_models, read_workloads
from physics.checkpoints import (
    FORMATS,
    SAMPLER_FREE,
    bits_unknown,
    checkpoint_bytes,
    default_seats,
    default_token_budget,
    engine_reserve,
    published_bits,
    told_bits,
)
from physics.conversations import with_histories
from physics.disaggregated import simulate_disaggregated
from physics.fleet import ROUTINGS, Fleet, FleetRun, Replica, simulate_fleet
from physics.floor import BLOCKS, CAUSES, KINDS, SEATS, Floor, Life, Span, sampled
from physics.growth import growth, worked
from physics.hub_config import model_from_config
from physics.hub_text import MOST_CONFIG_BYTES, ConfigError, config_text, shown
from physics.hub_text import table_of as config_table
from physics.kept_model import model_from_plain, model_to_plain
from physics.memory import (
    BLOCK_TOKENS,
    block_bytes,
    contiguous_share,
    kv_blocks,
    kv_bytes,
    kv_bytes_per_late_token,
    kv_bytes_per_token,
    kv_copies,
    kv_pages,
    layer_values,
    max_users,
    memory_plan,
    paged_share,
    request_bytes,
    sparse_bytes,
    state_bytes,
    users_over_context,
    weight_bytes,
    window_copies,
)
from physics.metrics import (
    LEVELS,
    bin_edges,
    binned,
    distribution,
    goodput,
    percentile,
    quantiles,
    summary,
    weighted_percentile,
)
from physics.names import model_named
from physics.prefix import PrefixCache
from physics.quantities import (
    ANY_CONTEXT,
    GB,
    GIB,
    NAIVE,
    TFLOP,
    Deployment,
    Gpu,
    Model,
    PhysicsError,
    Reserve,
    positive,
    whole,
)
from physics.queueing import (
    batched_queue_s,
    lone_ttft_s,
    md1_wait_s,
    mg1_wait_s,
    speculation_speedup,
    speculation_yield,
    static_waste,
)
from physics.roofline import placed, reached, ridge, roof, work
from physics.server import Server
from physics.simulate import Record, Run, ServerSettings, simulate
from physics.speculation import OwnHeads
from physics.startup import startup_figures
from physics.steptime import (
    Calibration,
    Rates,
    StepCost,
    binding,
    calibration_for,
    expected_error,
    how_known,
    prompt_work,
)
from physics.workload import (
    Quantiles,
    Request,
    Workload,
    cut,
    length_at,
    lengths,
    prompt_at,
    quantile,
    sample_chat,
    sample_requests,
    unit_exponential,
)

__all__ = [
    "ANCHORS",
    "ANY_CONTEXT",
    "BLOCKS",
    "BLOCK_TOKENS",
    "CAUSES",
    "FORMATS",
    "GB",
    "GIB",
    "KINDS",
    "LEVELS",
    "MOST_CONFIG_BYTES",
    "NAIVE",
    "RESERVATIONS",
    "ROUTINGS",
    "SAMPLER_FREE",
    "SEATS",
    "TFLOP",
    "Anchor",
    "Calibration",
    "ConfigError",
    "Deployment",
    "Fleet",
    "FleetRun",
    "Floor",
    "Gpu",
    "Layout",
    "Life",
    "Model",
    "OwnHeads",
    "Pages",
    "PhysicsError",
    "PrefixCache",
    "Quantiles",
    "Rates",
    "Record",
    "Replica",
    "Request",
    "Reserve",
    "Run",
    "Server",
    "ServerSettings",
    "Span",
    "StepCost",
    "UnknownGpu",
    "Workload",
    "batched_queue_s",
    "bin_edges",
    "binding",
    "binned",
    "bits_unknown",
    "block_bytes",
    "calibration_for",
    "checkpoint_bytes",
    "config_table",
    "config_text",
    "contiguous",
    "contiguous_share",
    "cut",
    "default_seats",
    "default_token_budget",
    "distribution",
    "engine_reserve",
    "expected_error",
    "fitted",
    "goodput",
    "gpu_named",
    "growth",
    "how_known",
    "kv_blocks",
    "kv_bytes",
    "kv_bytes_per_late_token",
    "kv_bytes_per_token",
    "kv_copies",
    "kv_pages",
    "layer_values",
    "length_at",
    "lengths",
    "lone_ttft_s",
    "max_users",
    "md1_wait_s",
    "memory_plan",
    "mg1_wait_s",
    "model_from_config",
    "model_from_plain",
    "model_named",
    "model_to_plain",
    "paged",
    "paged_share",
    "percentile",
    "placed",
    "positive",
    "prompt_at",
    "prompt_work",
    "published_bits",
    "quantile",
    "quantiles",
    "reached",
    "read_calibrations",
    "read_gpus",
    "read_models",
    "read_workloads",
    "request_bytes",
    "ridge",
    "roof",
    "sample_chat",
    "sample_requests",
    "sampled",
    "shown",
    "simulate",
    "simulate_disaggregated",
    "simulate_fleet",
    "sparse_bytes",
    "speculation_speedup",
    "speculation_yield",
    "startup_figures",
    "state_bytes",
    "static_waste",
    "summary",
    "told_bits",
    "unit_exponential",
    "users_over_context",
    "weight_bytes",
    "weighted_percentile",
    "whole",
    "window_copies",
    "with_histories",
    "work",
    "worked",
]
