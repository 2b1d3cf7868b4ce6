"""How a measured server was started, where its row doesn't say: as its engine is by itself, and as a benchmark's scripts do it.

The closed loops here are InferenceMAX's (github.com/SemiAnalysisAI/InferenceX, Apache-2.0, `benchmarks/*.sh`): users who ask ten
times, lengths from 0.8 of the nominal. Its scripts make some servers look for newcomers seldom, or wait for a larger batch;
that, and not the model's work, is most of their time to the first token.
"""

from __future__ import annotations

from dataclasses import dataclass

import engine

# How each engine puts a step together by itself: vLLM and TensorRT-LLM compute prompts beside decoding requests, SGLang
# before them (no enable_mixed_chunk).
POLICIES = {"vllm": "chunked", "sglang": "continuous", "trtllm": "chunked", "kernels": "chunked"}

FEW_USERS = 16  # dsr1_*_b200.sh: scheduler-recv-interval 10 below so many users, else 30
POLLS_FEW, POLLS_MANY = 10, 30
LLAMA_TOKENS, DEEPSEEK_TOKENS, GPT_OSS_TOKENS = (
    16384,
    8192,
    20000,
)  # TensorRT-LLM's max_num_tokens: 70b_*, dsr1_*, gptoss_*
CHUNKS = {4: 16384, 8: 32768}  # dsr1_*.sh: SGLang's chunked-prefill-size by the weights' bits
WAIT_STEPS, WAIT_SHARE, WAIT_LENGTH = 20, 0.9, 1024  # 70b_*_trt_slurm.sh, 1k in and 1k out on fewer than 8 GPUs
BALANCE_STEPS = {True: 60, False: 50}  # attention_dp_config.timeout_iters: of DeepSeek's scripts, and the default
NODE = 8


@dataclass(frozen=True)
class Start:
    """What a server was started with beside its memory: see engine.ServerSettings. token_budget 0: as usual."""

    policy: str
    token_budget: int = 0
    poll_steps: int = 1
    wait_steps: int = 0
    wait_tokens: int = 0

    @property
    def said(self) -> str:
        """What isn't an engine's default, for a person; "" for nothing."""
        found = [f"the server looks for newcomers every {self.poll_steps} steps"] if self.poll_steps > 1 else []
        if self.wait_steps:
            found.append(f"newcomers wait up to {self.wait_steps} steps for a larger batch")
        return ", ".join(found) + " (InferenceMAX's script)" * bool(found)


def by_itself(deployment: engine.Deployment) -> Start:
    """A server of this engine with its defaults."""
    return Start(POLICIES[deployment.engine])


def by_script(deployment: engine.Deployment, prompt: float, output: float, users: int) -> Start:
    """A server as InferenceMAX's scripts start it for this deployment, these nominal lengths and so many users."""
    policy, model = POLICIES[deployment.engine], deployment.model
    if deployment.engine == "sglang" and model.latent_dim:
        seldom = deployment.gpu.id == "b200-sxm"
        polls = (POLLS_FEW if users < FEW_USERS else POLLS_MANY) if seldom else 1
        return Start(policy, CHUNKS.get(deployment.weight_bits, 0), polls)
    if deployment.engine != "trtllm":
        return Start(policy)
    if not model.experts:
        long = (prompt, output) != (WAIT_LENGTH, WAIT_LENGTH)
        if long or deployment.gpus >= NODE:
            return Start(policy, LLAMA_TOKENS)
        return Start(policy, LLAMA_TOKENS, 1, WAIT_STEPS, round(WAIT_SHARE * LLAMA_TOKENS))
    latent = bool(model.latent_dim)
    budget = max(DEEPSEEK_TOKENS, round(users + prompt)) if latent else GPT_OSS_TOKENS
    groups = deployment.attention_dp
    if groups == 1:
        return Start(policy, budget)
    # Groups wait for one another: until each has a prompt to compute.
    return Start(policy, budget, 1, BALANCE_STEPS[latent], round(groups * WAIT_SHARE * prompt) + users)
