"""vLLM's commands as lists of words, as a shell would take them apart; `shell` writes one for a person to paste.

Flags are those of VERSION: docs.vllm.ai, cli/serve and cli/bench/serve.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

VERSION = "0.25.0"
LOW_BITS = 8  # weights and cached values at 8 bits are FP8 in vLLM
MOST_SPREAD = 0.99  # --random-range-ratio must stay under 1
SPARE_TOKENS = 2  # the benchmark rounds a prompt's and an answer's greatest length up


def precision(weight_bits: int, published_bits: int = 16) -> list[str]:
    """The words for weights of so many bits, from a checkpoint that has been published at so many."""
    if weight_bits == published_bits < 16:
        return []  # the checkpoint says it itself
    return ["--quantization", "fp8"] if weight_bits <= LOW_BITS else ["--dtype", "bfloat16"]


def cache(kv_bits: int) -> list[str]:
    """The words for a cache of so many bits a value."""
    return ["--kv-cache-dtype", "fp8" if kv_bits <= LOW_BITS else "auto"]


def limits(utilization: float, longest: int, seats: int, token_budget: int) -> list[str]:
    """The words for the share of memory, the longest sequence in tokens, seats, and tokens of a step."""
    words = ["--gpu-memory-utilization", f"{utilization:g}", "--max-model-len", str(longest)]
    return [*words, "--max-num-seqs", str(seats), "--max-num-batched-tokens", str(token_budget)]


def bench(
    checkpoint: str, tokens: tuple[int, int, float], load: Sequence[str], requests: int, seed: int, percents: str
) -> list[str]:
    """The words of a benchmark. tokens: `lengths`; load: the words for its rate or its users; percents: "50,99"."""
    prompt, output, spread = tokens
    words = ["vllm", "bench", "serve", "--model", checkpoint]
    words += ["--dataset-name", "random", "--random-input-len", str(prompt), "--random-output-len", str(output)]
    words += ["--random-range-ratio", f"{spread:.2f}", "--ignore-eos", *load]
    words += ["--num-prompts", str(requests), "--seed", str(seed)]
    return [*words, "--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", percents]


def open_load(rate_per_s: float, cv: float) -> list[str]:
    """The words for arrivals at a rate, Poisson or burstier.

    vLLM draws gaps between arrivals from a gamma distribution whose shape is the burstiness; its coefficient of variation
    is 1/√shape, so the burstiness is 1/cv².
    """
    return ["--request-rate", f"{rate_per_s:g}", "--burstiness", f"{1 / cv**2:g}"]


def lengths(prompt_mean: float, prompt_p99: float, output_mean: float, longest: int) -> tuple[int, int, float]:
    """Mean prompt and answer in tokens, and the spread around both: lengths run evenly from (1 − spread) to (1 + spread).

    The spread reaches the traffic's longest prompt in a hundred where it can; the longest pair must fit the server.
    """
    output = max(1, min(round(output_mean), longest - SPARE_TOKENS - 1))
    prompt = max(1, min(round(prompt_mean), longest - output - SPARE_TOKENS))
    room = (longest - SPARE_TOKENS) / (prompt + output) - 1
    spread = max(0.0, min(prompt_p99 / prompt - 1, room, MOST_SPREAD))
    return prompt, output, math.floor(spread * 100) / 100


def shell(words: Sequence[str]) -> str:
    """A command as a person pastes it into a shell: one option a line."""
    lines: list[list[str]] = [[]]
    for word in words:
        if word.startswith("--"):
            lines.append([])
        lines[-1].append(shlex.quote(word))
    return " \\\n  ".join(" ".join(line) for line in lines)
