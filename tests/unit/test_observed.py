"""A person's own server: what logs, results, scrapes and lists of GPUs say, what isn't understood, and what is beside the engine.

The samples are written for these tests after the formats of the tools' own sources (observed/rows.py names them).
"""

import json
import math
import random
import time
from dataclasses import asdict, fields, replace

import pytest

import engine
import observed
from content import wording
from observed import lines, starts
from observed.rows import ROWS
from tests import lab as native

GIB = engine.GIB
COURSE = native.shipped()

V1 = """\
(APIServer pid=7) INFO 11-02 09:00:01 [api_server.py:1805] vLLM API server version 0.11.0
(APIServer pid=7) INFO 11-02 09:00:01 [utils.py:233] non-default args: {'model_tag': 'meta-llama/Llama-3.1-8B-Instruct', \
'model': 'meta-llama/Llama-3.1-8B-Instruct', 'max_model_len': 16384, 'gpu_memory_utilization': 0.85, 'max_num_seqs': 128}
(EngineCore_DP0 pid=9) INFO 11-02 09:00:09 [core.py:77] Initializing a V1 LLM engine (v0.11.0) with config: \
model='meta-llama/Llama-3.1-8B-Instruct', speculative_config=None, tokenizer='other/tokenizer', dtype=torch.bfloat16, \
max_seq_len=16384, tensor_parallel_size=2, pipeline_parallel_size=1, data_parallel_size=1, quantization=None, \
kv_cache_dtype=auto, device_config=cuda, served_model_name=chat, compilation_config={"level":3,"max_capture_size":512}
(Worker_TP0 pid=11) INFO 11-02 09:00:30 [gpu_model_runner.py:2653] Model loading took 7.5100 GiB and 9.250000 seconds
(Worker_TP1 pid=12) INFO 11-02 09:00:30 [gpu_model_runner.py:2653] Model loading took 7.5200 GiB and 9.750000 seconds
(Worker_TP0 pid=11) INFO 11-02 09:00:50 [gpu_worker.py:298] Available KV cache memory: 57.75 GiB
(Worker_TP1 pid=12) INFO 11-02 09:00:50 [gpu_worker.py:298] Available KV cache memory: 57.50 GiB
(EngineCore_DP0 pid=9) INFO 11-02 09:00:51 [kv_cache_utils.py:1087] GPU KV cache size: 942,080 tokens
(EngineCore_DP0 pid=9) INFO 11-02 09:00:51 [kv_cache_utils.py:1091] Maximum concurrency for 16,384 tokens per request: 57.50x
(Worker_TP0 pid=11) INFO 11-02 09:01:12 [gpu_model_runner.py:3480] Graph capturing finished in 21 secs, took 0.50 GiB
(Worker_TP0 pid=11) INFO 11-02 09:01:12 [gpu_worker.py:391] Free memory on device (78.60/79.19 GiB) on startup. Desired GPU \
memory utilization is (0.85, 67.31 GiB). Actual usage is 7.51 GiB for weight, 1.25 GiB for peak activation, 0.75 GiB for \
non-torch memory, and 0.5 GiB for CUDAGraph memory. Current kv cache memory in use is 57.75 GiB.
"""
V0 = """\
INFO 03-01 10:00:00 api_server.py:585] vLLM API server version 0.6.3
INFO 03-01 10:00:00 api_server.py:586] args: Namespace(host=None, port=8000, model='Qwen/Qwen2.5-7B-Instruct', dtype='auto', \
max_model_len=8192, block_size=16, gpu_memory_utilization=0.9, quantization=None, tensor_parallel_size=1, max_num_seqs=256)
INFO 03-01 10:00:05 llm_engine.py:237] Initializing an LLM engine (v0.6.3) with config: model='Qwen/Qwen2.5-7B-Instruct', \
speculative_config=None, dtype=torch.bfloat16, max_seq_len=8192, tensor_parallel_size=1, quantization=None, \
kv_cache_dtype=fp8_e5m2, device_config=cuda)
INFO 03-01 10:00:20 model_runner.py:1072] Loading model weights took 14.2500 GB
INFO 03-01 10:00:25 worker.py:232] Memory profiling takes 4.50 seconds
INFO 03-01 10:00:25 worker.py:232] the current vLLM instance can use total_gpu_memory (44.50GiB) x gpu_memory_utilization \
(0.90) = 40.05GiB
INFO 03-01 10:00:25 worker.py:232] model weights take 14.25GiB; non_torch_memory takes 0.25GiB; PyTorch activation peak memory \
takes 1.50GiB; the rest of the memory reserved for KV Cache is 24.05GiB.
INFO 03-01 10:00:25 gpu_executor.py:122] # GPU blocks: 28144, # CPU blocks: 4681
INFO 03-01 10:00:25 gpu_executor.py:126] Maximum concurrency for 8192 tokens per request: 54.97x
INFO 03-01 10:00:45 model_runner.py:1518] Graph capturing finished in 20 secs.
"""
PROFILED = """\
INFO 12-13 19:54:18 worker.py:243] Memory profiling results:
INFO 12-13 19:54:18 worker.py:243] total_gpu_memory \t 79.25GiB
INFO 12-13 19:54:18 worker.py:243] gpu_memory_utilization \t 0.80
INFO 12-13 19:54:18 worker.py:243] model weights take \t 15.00GiB
INFO 12-13 19:54:18 worker.py:243] non_torch_memory \t 1.75GiB
INFO 12-13 19:54:18 worker.py:243] PyTorch activation peak memory \t 1.25GiB
INFO 12-13 19:54:18 worker.py:243] available_kv_cache_memory \t 45.40GiB
"""
ONE_LINE = "INFO [x.py:1] GPU KV cache size: 65,536 tokens, Maximum concurrency for 32,768 tokens per request: 2.00x\n"
SGLANG = """\
[2025-07-14 05:40:00] server_args=ServerArgs(model_path='Qwen/Qwen3-32B-FP8', tokenizer_path='Qwen/Qwen3-32B-FP8', dtype='auto', \
kv_cache_dtype='fp8_e4m3', quantization='fp8', context_length=None, mem_fraction_static=0.85, max_running_requests=None, \
chunked_prefill_size=-1, tp_size=2, dp_size=1, pp_size=1, page_size=1, speculative_algorithm=None)
[2025-07-14 05:48:00 TP0] Load weight begin. avail mem=78.50 GB
[2025-07-14 05:48:00 TP1] Load weight begin. avail mem=78.25 GB
[2025-07-14 05:48:43 TP1] Load weight end. type=Qwen3ForCausalLM, dtype=torch.bfloat16, avail mem=61.00 GB, mem usage=17.25 GB.
[2025-07-14 05:48:43 TP0] Load weight end. type=Qwen3ForCausalLM, dtype=torch.bfloat16, avail mem=61.25 GB, mem usage=17.00 GB.
[2025-07-14 05:48:44 TP0] KV Cache is allocated. #tokens: 800000, K size: 24.50 GB, V size: 24.50 GB
[2025-07-14 05:48:44 TP1] KV Cache is allocated. #tokens: 800000, K size: 24.50 GB, V size: 24.50 GB
[2025-07-14 05:49:30 TP0] Capture cuda graph end. Time elapsed: 7.04 s. mem usage=1.50 GB. avail mem=10.00 GB.
[2025-07-14 05:49:31 TP0] max_total_num_tokens=800000, chunked_prefill_size=8192, max_prefill_tokens=16384, \
max_running_requests=2048, context_len=40960, available_gpu_mem=9.75 GB
"""
# Lines of other versions, one each.
OTHER_VLLM = """\
INFO 08-07 21:32:22 [api_utils.py:339]   █▄█▀ █     █     █     █  version 0.25.0
INFO 08-07 21:32:22 [api_utils.py:339]    ▀▀  ▀▀▀▀▀ ▀▀▀▀▀ ▀     ▀  █  model   /hub/models--openai--gpt-oss-120b/snapshots/1a2b
2026-03-11 17:57:55,758 Engine args: AsyncEngineArgs(model='openai/gpt-oss-120b', max_num_seqs=512, data_parallel_size=1)
INFO 03-15 llm_engine.py:72] Initializing an LLM engine with config: model='/meta/', dtype=torch.bfloat16, max_seq_len=16000)
INFO 08-14 [model.py:1543] Using max model len 32768
INFO 08-14 [scheduler.py:226] Chunked prefill is enabled with max_num_batched_tokens=8192.
INFO 08-14 14:07:22 [gpu_model_runner.py:6806] Estimated CUDA graph memory: 0.25 GiB total
INFO 08-14 14:07:22 [gpu_worker.py:578] CUDA graph memory profiling is enabled (default since v0.21.0). The current \
--gpu-memory-utilization=0.8200 is equivalent to --gpu-memory-utilization=0.8048 without CUDA graph memory profiling.
DEBUG 09-28 [gpu_worker.py:284] Initial free memory: 23.00 GiB; Requested memory: 0.82 (util), 19.00 GiB
ValueError: The model's max seq len (4096) is larger than the maximum number of tokens that can be stored in KV cache (3584).
INFO 08-19 [loggers.py:142] Engine 000: vllm cache_config_info with initialization after num_gpu_blocks is: 57656
"""
NEEDED = (
    "ValueError: To serve at least one request with the models's max seq len (60000), (8.25 GiB KV cache is needed, which is "
    "larger than the available KV cache memory (4.00 GiB). Based on the available memory, the estimated maximum model length\n"
)
OTHER_SGLANG = """\
[2026-02-27 17:00:00 TP0] Load weight begin. avail mem=22.75 GB
[2026-02-27 17:10:27 TP0] Load weight end. type=Qwen2ForCausalLM, dtype=torch.bfloat16, avail mem=8.50 GB
[2026-02-27 17:10:28 TP0] Mamba Cache is allocated. max_mamba_cache_size: 82, conv_state size: 0.25GB, ssm_state size: 7.25GB
[2026-02-27 17:10:28 TP0] KV Cache is allocated. dtype: torch.bfloat16, #tokens: 1000, KV size: 1.25 GB
[2026-02-27 17:10:29 TP0] Load weight begin. avail mem=1.25 GB
[2026-02-27 17:10:29 TP0] Load weight end. type=Draft, dtype=torch.bfloat16, avail mem=1.00 GB
"""
RESULT = {
    "date": "20251102-090000", "endpoint_type": "openai", "label": None, "model_id": "meta-llama/Llama-3.1-8B-Instruct",
    "num_prompts": 200, "request_rate": "inf", "burstiness": 1.0, "max_concurrency": 8, "duration": 50.0, "completed": 200,
    "failed": 1, "total_input_tokens": 204800, "total_output_tokens": 25600, "request_throughput": 4.0,
    "output_throughput": 512.0,
    "input_lens": [1024] * 50, "generated_texts": ['a "quoted" } ] text', "\\"], "errors": ["", "x"],
    "mean_ttft_ms": 120.0, "median_ttft_ms": 100.0, "std_ttft_ms": 10.0, "p99_ttft_ms": 400.0,
    "mean_tpot_ms": 12.0, "median_tpot_ms": 11.0, "p90_tpot_ms": 13.0, "p99_tpot_ms": 20.0,
    "mean_itl_ms": 12.5, "p99_itl_ms": 25.0, "mean_e2el_ms": 1600.0,
}  # fmt: skip
TABLE = """\
Traffic request rate: inf
Maximum request concurrency: 8
============ Serving Benchmark Result ============
Successful requests:                     200
Failed requests:                         1
Maximum request concurrency:             8
Benchmark duration (s):                  50.00
Total input tokens:                      204800
Total generated tokens:                  25600
Request throughput (req/s):              4.00
Output token throughput (tok/s):         512.00
---------------Time to First Token----------------
Mean TTFT (ms):                          120.00
Median TTFT (ms):                        100.00
P99 TTFT (ms):                           400.00
-----Time per Output Token (excl. 1st token)------
Mean TPOT (ms):                          12.00
Median TPOT (ms):                        11.00
P99 TPOT (ms):                           20.00
---------------Inter-token Latency----------------
Mean ITL (ms):                           12.50
P99 ITL (ms):                            25.00
==================================================
"""


def told(mean, p99):
    return {
        "successful": {
            "mean": mean,
            "median": mean,
            "std_dev": 0.0,
            "count": 90,
            "percentiles": {"p50": mean, "p99": p99},
        }
    }


METRICS = {
    "requests_per_second": told(2.0, 3.0),
    "request_latency": told(1.5, 2.5),
    "prompt_token_count": told(512.0, 512.0),
    "output_token_count": told(128.0, 128.0),
    "time_to_first_token_ms": told(80.0, 200.0),
    "inter_token_latency_ms": told(10.0, 15.0),
    "time_per_output_token_ms": told(11.0, 16.0),
    "output_tokens_per_second": told(256.0, 300.0),
}
GUIDE_OLD = {
    "benchmarks": [
        {
            "type_": "generative_benchmark",
            "args": {"strategy": {"type_": "concurrent", "streams": 16}},
            "run_stats": {"requests_made": {"successful": 90, "errored": 2, "incomplete": 1, "total": 93}},
            "worker": {"backend_model": "Qwen/Qwen3-8B"},
            "start_time": 1000.0,
            "end_time": 1045.0,
            "metrics": METRICS,
            "requests": {"successful": [{"prompt": "{["}] * 3},
        }
    ]
}
GUIDE_NEW = {
    "metadata": {"version": 1, "guidellm_version": "0.5.0"},
    "args": {"target": "http://localhost:8000", "model": "Qwen/Qwen3-8B"},
    "benchmarks": [
        {
            "config": {"strategy": {"type_": "poisson", "rate": 2.0}, "requests": {"data": "x"}, "backend": {}},
            "metrics": {**METRICS, "request_totals": {"successful": 90, "errored": 2, "incomplete": 1, "total": 93}},
            "duration": 45.0,
            "requests": {"successful": []},
        },
        {
            "config": {"strategy": {"kind": "concurrent", "max_concurrency": 16}},
            "metrics": {**METRICS, "request_totals": {"successful": 90, "errored": 0, "incomplete": 0, "total": 90}},
        },
    ],
}
SCRAPE = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a \\"name\\", with } in it"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
vllm:num_requests_waiting{engine="0",model_name="m"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 1000.0
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 250.0
vllm:prefix_cache_hits_created{engine="0",model_name="m"} 1.7e+09
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",gpu_memory_utilization="0.9",num_gpu_blocks="1000"} 1.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.1",model_name="m"} 50.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.25",model_name="m"} 98.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="1.0",model_name="m"} 100.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 100.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 100.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 12.5
vllm:inter_token_latency_seconds_count{engine="0",model_name="m"} 0.0
"""
SGLANG_SCRAPE = """\
sglang:num_running_reqs{model_name="m",tp_rank="0"} 3.0
sglang:num_running_reqs{model_name="m",tp_rank="1"} 3.0
sglang:num_queue_reqs{model_name="m",tp_rank="0"} 1.0 1790347303000
sglang:token_usage{model_name="m",tp_rank="0"} 0.5
sglang:cache_hit_rate{model_name="m",tp_rank="0"} 0.125
sglang:max_total_num_tokens{model_name="m",tp_rank="0"} 38141.0
"""
SMI = """\
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 570.86.10              Driver Version: 570.86.10      CUDA Version: 12.8     |
|-----------------------------------------+------------------------+----------------------+
| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
|=========================================+========================+======================|
|   0  NVIDIA H100 80GB HBM3          On  |   00000000:18:00.0 Off |                    0 |
| N/A   24C    P0             99W /  700W |    1024MiB /  81559MiB |     37%      Default |
|                                         |                        |             Disabled |
|   1  NVIDIA H100 80GB HBM3          Off |   00000000:2A:00.0 Off |                    0 |
| N/A   25C    P0            101W /  700W |       0MiB /  81559MiB |      0%      Default |
+-----------------------------------------+------------------------+----------------------+
"""
CSV = "index, name, memory.total [MiB], memory.used [MiB], utilization.gpu [%], power.draw [W]\n"
CSV_ROWS = "0, NVIDIA A100-SXM4-40GB, 40960 MiB, 512 MiB, 5 %, 61.50 W\n"
CSV_ROWS += "1, NVIDIA A100-SXM4-40GB, 40960 MiB, [N/A], 0 %, 60.00 W\n"
SAMPLES = {
    "v1": V1,
    "v0": V0,
    "profiled": PROFILED,
    "one line": ONE_LINE,
    "sglang": SGLANG,
    "result": json.dumps(RESULT, indent=2),
    "table": TABLE,
    "guide old": json.dumps(GUIDE_OLD),
    "guide new": json.dumps(GUIDE_NEW, indent=1),
    "scrape": SCRAPE,
    "sglang scrape": SGLANG_SCRAPE,
    "smi": SMI,
    "csv": CSV + CSV_ROWS,
    "other vllm": OTHER_VLLM,
    "needed": NEEDED,
    "other sglang": OTHER_SGLANG,
}


def start(text):
    return observed.read(text).start


def names(notes):
    return [note.name for note in notes]


# --- What is read --------------------------------------------------------------------------------------------------------


def test_a_log_of_v1():
    found = observed.read(V1)
    assert found.start == observed.Start(
        "vllm", version="0.11.0", model="meta-llama/Llama-3.1-8B-Instruct", dtype="torch.bfloat16", max_tokens=16384, tp=2,
        v0=False,
        utilization=0.85, max_running=128, weights_bytes=7.52 * GIB, kv_bytes=57.5 * GIB, activation_bytes=1.25 * GIB,
        other_bytes=0.75 * GIB, graphs_bytes=0.5 * GIB, total_bytes=79.19 * GIB, free_bytes=78.6 * GIB, load_s=9.75,
        graphs_s=21, kv_tokens=942080, concurrency=57.5, concurrency_tokens=16384,
    )  # fmt: skip
    assert found.starts == 1 and found.notes == ()


def test_a_log_of_v0_prints_gb_and_means_gib():
    found = start(V0)
    assert found == observed.Start(
        "vllm", version="0.6.3", model="Qwen/Qwen2.5-7B-Instruct", dtype="torch.bfloat16", kv_dtype="fp8_e5m2", max_tokens=8192,
        tp=1, v0=True, utilization=0.9, max_running=256, block_tokens=16, weights_bytes=14.25 * GIB, kv_bytes=24.05 * GIB,
        activation_bytes=1.5 * GIB, other_bytes=0.25 * GIB, total_bytes=44.5 * GIB, graphs_s=20, blocks=28144,
        kv_tokens=28144 * 16, concurrency=54.97, concurrency_tokens=8192,
    )  # fmt: skip


def test_the_table_of_december_2024_and_the_one_line_of_2026():
    found = start(PROFILED)
    assert (found.total_bytes, found.utilization, found.weights_bytes) == (79.25 * GIB, 0.8, 15 * GIB)
    assert (found.other_bytes, found.activation_bytes, found.kv_bytes) == (1.75 * GIB, 1.25 * GIB, 45.4 * GIB)
    found = start(ONE_LINE)
    assert (found.kv_tokens, found.concurrency_tokens, found.concurrency) == (65536, 32768, 2)


def test_a_log_of_sglang_prints_gb_and_means_gib():
    assert start(SGLANG) == observed.Start(
        "sglang", model="Qwen/Qwen3-32B-FP8", quantization="fp8", kv_dtype="fp8_e4m3", max_tokens=40960, tp=2, utilization=0.85,
        token_budget=8192, max_running=2048, block_tokens=1, weights_bytes=17.25 * GIB, kv_bytes=49 * GIB, graphs_bytes=1.5 * GIB,
        free_bytes=78.25 * GIB, left_bytes=9.75 * GIB, kv_tokens=800000,
    )  # fmt: skip


def test_lines_of_other_versions():
    banner, _, rest = OTHER_VLLM.partition("2026-03-11")
    found = start(banner)
    assert (found.version, found.model) == ("0.25.0", "/hub/models--openai--gpt-oss-120b/snapshots/1a2b")
    args, _, rest = rest.partition("INFO 03-15")
    assert (start(args).model, start(args).max_running) == ("openai/gpt-oss-120b", 512)
    found = start("INFO 03-15" + rest)
    assert (found.model, found.dtype, found.token_budget, found.utilization) == ("/meta/", "torch.bfloat16", 8192, 0.82)
    assert (found.aside_bytes, found.free_bytes, found.max_tokens) == (0.25 * GIB, 23 * GIB, 4096)
    assert (found.kv_tokens, found.blocks) == (3584, 57656)
    found = start(OTHER_SGLANG)
    assert (found.weights_bytes, found.state_bytes, found.kv_bytes) == (14.5 * GIB, 7.5 * GIB, 1.25 * GIB)
    assert (found.free_bytes, found.kv_tokens) == (22.75 * GIB, 1000)


def test_settings_behind_a_word_and_a_colon_are_read():
    text = "Initializing a V0 LLM engine (v0.8.3) with config: model='a/b', dtype=torch.float16, x=y=z, tp_size=2,"
    assert (start(text).model, start(text).dtype, start(text).tp) == ("a/b", "torch.float16", 2)


def test_what_is_set_aside_for_graphs_is_part_of_the_sum():
    aside = V1.replace("57.50 GiB", "57.30 GiB") + "INFO [x.py:1] Estimated CUDA graph memory: 0.50 GiB total\n"
    why = lines_of(aside)["kv"].why[0]
    assert why.name == "why_sum_aside" and why.facts["rest_bytes"] == pytest.approx(57.29 * GIB, rel=1e-3)
    odd = V1.replace("57.50 GiB", "40.00 GiB")  # fixed by hand: what is left isn't what it got
    assert names(lines_of(odd)["kv"].why) == ["why_rest"]


def test_a_list_of_results_is_as_many_runs():
    for text in (
        json.dumps([RESULT, RESULT]),
        json.dumps([RESULT, RESULT], indent=2),
        f"Saved:\n  {json.dumps(RESULT)}\n",
    ):
        runs = observed.read(text).benches
        assert {run.requests for run in runs} == {200} and len(runs) == (1 if text.startswith("Saved") else 2)


def test_the_command_ahead_of_a_table_names_its_model():
    (run,) = observed.read(
        "Namespace(subparser='bench', dataset_path=None, model='Qwen/Qwen3-0.6B', seed=0)\n" + TABLE
    ).benches
    assert run.model == "Qwen/Qwen3-0.6B"


def test_a_draft_of_sglang_comes_on_top():
    target, _, end = SGLANG.replace("algorithm=None", "algorithm='EAGLE3'").rpartition("[2025-07-14 05:49:31 TP0]")
    draft = (
        "[2025-07-14 05:49:30 TP0] Load weight end. type=Draft, avail mem=9 GB, mem usage=0.75 GB.\n"
        "[2025-07-14 05:49:31 TP0] KV Cache is allocated. #tokens: 800000, KV size: 0.50 GB\n"
    )
    found = start(f"{target}{draft}[2025-07-14 05:49:31 TP0]{end}")
    assert found.draft and found.weights_bytes == 17.75 * GIB and found.kv_tokens == 800000
    assert found.kv_bytes == 49 * GIB  # the least of both GPUs


def test_engines_of_data_parallelism_are_told_apart():
    each = "(EngineCore_DP{} pid=1) INFO [kv.py:1] GPU KV cache size: {:,} tokens\n"
    found = start("".join(each.format(rank, 100_000 + rank * 16) for rank in range(4)))
    assert (found.engines, found.kv_tokens) == (4, 100_000)


def test_a_server_that_gave_up_says_what_it_needed():
    found = observed.read(NEEDED)
    assert (found.start.needed_kv_bytes, found.start.kv_bytes, found.start.max_tokens) == (8.25 * GIB, 4 * GIB, 60000)
    assert names(found.notes) == ["did_not_start"]


def test_results_of_vllm_as_json_and_as_a_table_are_the_same_run():
    (run,) = observed.read(json.dumps(RESULT)).benches
    assert run == observed.Bench(
        "vllm", model="meta-llama/Llama-3.1-8B-Instruct", users=8, requests=200, failed=1, duration_s=50, prompt_tokens=1024,
        output_tokens=128, requests_per_s=4, output_tokens_per_s=512,
        ttft=observed.Spread(0.12, 0.1, p99_s=0.4, std_s=0.01), tpot=observed.Spread(0.012, 0.011, 0.013, p99_s=0.02),
        itl=observed.Spread(0.0125, p99_s=0.025), e2e=observed.Spread(1.6),
    )  # fmt: skip
    (printed,) = observed.read(TABLE).benches
    unprinted = {"model": "", "e2e": observed.Spread()}
    spreads = {"ttft": replace(run.ttft, std_s=None), "tpot": replace(run.tpot, p90_s=None)}
    assert printed == replace(run, **unprinted, **spreads)


def test_two_tables_are_two_runs_and_json_lines_are_as_many():
    assert [run.requests for run in observed.read(TABLE + TABLE.replace("     200\n", "     300\n")).benches] == [
        200,
        300,
    ]
    lines = "\n".join(
        json.dumps({**RESULT, "completed": n, "backend": "sglang", "request_rate": 2.5}) for n in (10, 20)
    )
    assert [(run.tool, run.requests, run.rate_per_s) for run in observed.read(lines).benches] == [
        ("sglang", 10, 2.5),
        ("sglang", 20, 2.5),
    ]


def test_both_shapes_of_guidellm():
    (old,) = observed.read(json.dumps(GUIDE_OLD)).benches
    assert (old.tool, old.model, old.users, old.rate_per_s) == ("guidellm", "Qwen/Qwen3-8B", 16, None)
    assert (old.requests, old.failed, old.duration_s, old.prompt_tokens, old.output_tokens) == (90, 2, 45, 512, 128)
    assert old.ttft == observed.Spread(0.08, 0.08, p99_s=0.2, std_s=0) and old.e2e.mean_s == 1.5
    assert old.tpot.mean_s == 0.01  # inter-token latency without the first token, which GuideLLM's own TPOT counts in
    new, other = observed.read(json.dumps(GUIDE_NEW)).benches
    assert (new.users, new.rate_per_s, new.duration_s) == (None, 2, 45)
    assert (other.users, other.rate_per_s, other.model) == (16, None, "Qwen/Qwen3-8B")


def test_a_scrape_adds_engines_and_averages_shares():
    scrape = observed.read(SCRAPE).scrape
    assert (scrape.engine, scrape.model[:1], scrape.running, scrape.waiting, scrape.kv_usage) == (
        "vllm",
        "a",
        7,
        2,
        0.5,
    )
    assert (scrape.hit_share, scrape.kv_tokens, scrape.utilization) == (0.25, 16_000, 0.9)
    assert scrape.ttft.count == 100 and scrape.ttft.mean_s == 0.125
    assert (scrape.ttft.between(0.5), scrape.ttft.between(0.99)) == ((0, 0.1), (0.25, 1.0))
    assert scrape.itl.mean_s is None and scrape.itl.between(0.5) is None


def test_a_scrape_of_sglang_counts_a_request_once_however_many_gpus_report_it():
    scrape = observed.read(SGLANG_SCRAPE).scrape
    assert (scrape.engine, scrape.running, scrape.waiting, scrape.kv_usage) == ("sglang", 3, 1, 0.5)
    assert (scrape.hit_share, scrape.kv_tokens) == (0.125, 38141)


def test_a_histogram_whose_end_is_cut_is_left_out():
    cut = SCRAPE.partition('vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf"')[0]
    assert observed.read(cut).scrape.ttft is None


def test_models_in_one_scrape_are_added_and_that_is_said():
    found = observed.read(SCRAPE)
    assert found.notes == (observed.Note("several_models", {"count": 2}),) and found.scrape.running == 7


def test_other_names_of_the_same_metrics():
    for name in ("ray_vllm:", "vllm_", "ray_vllm_"):
        assert observed.read(SCRAPE.replace("vllm:", name)).scrape == observed.read(SCRAPE).scrape
    old = SGLANG_SCRAPE.replace("model_name", "name").replace("} 0.125", "} 87.5")
    scrape = observed.read(old).scrape
    assert (scrape.model, scrape.running, scrape.hit_share) == ("m", 3, None)  # percent isn't taken for a share


def test_a_report_of_guidellm_names_its_model_in_one_of_four_places():
    new = {**GUIDE_NEW, "args": {}, "config": {"spec": {"backend": {"model": "Qwen/Qwen3-14B"}}}}
    assert observed.read(json.dumps(new)).benches[0].model == "Qwen/Qwen3-14B"
    within = {"benchmarks": [{**GUIDE_NEW["benchmarks"][0], "config": {"backend": {"model": "a"}}}]}
    assert observed.read(json.dumps(within)).benches[0].model == "a"


def test_two_scrapes_count_the_later():
    found = observed.read(SCRAPE + SCRAPE.replace("} 2.0", "} 5.0"))
    assert found.scrape.waiting == 5 and names(found.notes) == ["several_scrapes", "several_models"]


def test_gpus_of_the_table_of_the_csv_and_of_the_list():
    first, second = observed.read(SMI).cards
    assert first == observed.Card(0, "NVIDIA H100 80GB HBM3", 81559 * 2**20, 2**30, 0.37, 99, 700)
    assert (second.index, second.used_bytes, second.power_watts) == (1, 0, 101)
    for text in (CSV + CSV_ROWS, CSV + CSV_ROWS.replace(" MiB", "").replace(" %", "").replace(" W", "")):
        first, second = observed.read(text).cards
        assert first == observed.Card(0, "NVIDIA A100-SXM4-40GB", 40 * 2**30, 2**29, 0.05, 61.5)
        assert second.used_bytes is None
    fan = SMI.replace("| N/A   24C ", "| 30%   24C ")  # of the fan
    assert observed.read(fan).cards == observed.read(SMI).cards
    command = "$ nvidia-smi --query-gpu=name,memory.used,memory.total --format=csv,noheader,nounits\n"
    command += "NVIDIA L4, 100, 23034\n$ ls\n"
    assert observed.read(command).cards == (observed.Card(0, "NVIDIA L4", 23034 * 2**20, 100 * 2**20),)
    bare = "0, NVIDIA L4, 100 MiB, 23034 MiB\n1, NVIDIA L4, 100 MiB, 23034 MiB\n"  # which memory is which nobody says
    assert observed.read(bare).cards == (observed.Card(0, "NVIDIA L4"), observed.Card(1, "NVIDIA L4"))
    (card,) = observed.read("GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-1b2c)\n").cards
    assert card == observed.Card(0, "NVIDIA A100-SXM4-80GB")


def test_one_text_may_hold_all():
    found = observed.read(SMI + V1 + SCRAPE + TABLE + json.dumps(RESULT, indent=2))
    assert found.start == start(V1) and len(found.cards) == 2 and len(found.benches) == 2 and found.scrape


# --- However it comes ------------------------------------------------------------------------------------------------


def dressed(text, prefix="", suffix=""):
    return "".join(f"{prefix}{line}{suffix}\n" for line in text.splitlines())


DRESSES = {
    "Windows": lambda text: text.replace("\n", "\r\n"),
    "a mark at the start": lambda text: "\ufeff" + text,
    "NUL bytes": lambda text: "\0".join(text),
    "colours": lambda text: dressed(text, "\x1b[1;36m\x1b]8;;file:///x\x07", "\x1b[0;0m"),
    "Docker": lambda text: dressed(text, "vllm-1  | "),
    "quoted": lambda text: dressed(text, "> "),
    "padded": lambda text: dressed(text, suffix="    "),
    "Ray": lambda text: dressed(text, "(RayWorkerWrapper pid=5, ip=10.0.0.1) ", " [repeated 3x across cluster]"),
    "progress bars": lambda text: "Loading shards: 10%|█ | 1/9\rLoading shards: 100%|██| 9/9\r" + text,
    "noise": lambda text: dressed(
        text, suffix="\nINFO 11-02 [loggers.py:9] Engine 000: Avg prompt throughput: 1.0 tokens/s"
    ),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("sample", [V1, V0, PROFILED, TABLE, SGLANG], ids=["v1", "v0", "profiled", "table", "sglang"])
def test_what_is_around_the_lines_changes_nothing(dress, sample):
    plain, found = observed.read(sample), observed.read(DRESSES[dress](sample))
    if dress == "Ray" and sample == SGLANG:  # who wrote it is told by the last of its names
        assert found.start.kv_tokens == plain.start.kv_tokens
        return
    assert (found.start, found.benches) == (plain.start, plain.benches)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("name", SAMPLES)
def test_pieces_of_any_size_say_the_same(name, size):
    reader, text = observed.Reader(), SAMPLES[name]
    for at in range(0, len(text), size):
        reader.feed(text[at : at + size])
    assert reader.close() == observed.read(text)


def test_bytes_are_read_by_their_mark():
    assert start(V1.encode("utf-8")) == start(V1.encode("utf-16")) == start(V1)
    assert start(b"\xff broken\n" + V1.encode()) == start(V1)


def test_of_several_starts_the_last_counts_and_that_is_said():
    found = observed.read(V0 + V1)
    assert found.start == start(V1) and found.starts == 2
    assert found.notes == (observed.Note("several_starts", {"count": 2}),)
    again = observed.read(V1 + V1.replace("942,080", "900,000").replace("pid=9)", "pid=19)"))
    assert (again.starts, again.start.kv_tokens) == (2, 900_000)
    assert observed.read(SGLANG + SGLANG).starts == 2
    assert observed.read(V1 * 3 + SGLANG).start.engine == "sglang"


def test_figures_that_a_process_tells_again_are_another_start():
    """Lines filtered by grep, or a log whose first lines are cut: nothing of one start may be taken for the other's."""
    first = "Model loading took 10.5 GiB and 1.0 seconds\nGPU KV cache size: 100,000 tokens\n"
    second = "Model loading took 5.25 GiB and 1.0 seconds\nGPU KV cache size: 150,000 tokens\n"
    found = observed.read(first + second)
    assert (found.starts, found.start.weights_bytes, found.start.kv_tokens) == (2, 5.25 * GIB, 150_000)
    found = observed.read("GPU KV cache size: 100,000 tokens\nGPU KV cache size: 150,000 tokens\n")
    assert (found.starts, found.start.kv_tokens) == (2, 150_000)
    found = observed.read(
        "GPU KV cache size: 100,000 tokens\nGPU KV cache size: 101,000 tokens\n"
    )  # two GPUs of one engine
    assert (found.starts, found.start.kv_tokens) == (1, 100_000)
    cut = PROFILED.rpartition("INFO")[0]  # the second run's cache isn't the first one's
    found = observed.read(PROFILED + cut)
    assert (found.starts, found.start.kv_bytes, names(found.notes)) == (2, None, ["several_starts", "incomplete"])
    body = SGLANG.partition("[2025-07-14 05:48:00 TP0]")[2]
    assert observed.read("[2025-07-14 05:48:00 TP0]" + body + "[2025-07-14 06:48:00 TP0]" + body).starts == 2


def test_settings_that_are_told_after_the_figures_are_of_the_same_start_if_they_were_written_before():
    head, _, body = V1.partition("(Worker_TP0")
    found = observed.read("(Worker_TP0" + body + "Config:\n" + head)
    assert found.start == start(V1) and found.starts == 1
    assert observed.read("(Worker_TP0" + body + head.replace("09:00", "19:00")).starts == 2


def test_a_server_that_failed_is_said_to_have():
    text = (
        V1.partition("(EngineCore_DP0 pid=9) INFO 11-02 09:00:51")[0]
        + "ERROR [core.py:708] EngineCore failed to start.\n"
    )
    assert names(observed.read(text).notes) == ["failed"]


def test_a_start_that_failed_leaves_nothing_to_the_next():
    failed = V1.replace("quantization=None", "quantization=fp8").partition("(Worker_TP0")[0]
    found = observed.read(failed + V1)
    assert found.start == start(V1) and found.starts == 2


WORKERS = {7.51 * GIB, 57.75 * GIB, 9.25, 17 * GIB, 78.5 * GIB, 64}  # of one GPU, before the other's line is there


@pytest.mark.parametrize("name", ["v1", "v0", "profiled", "one line", "sglang", "table", "csv", "smi", "result"])
def test_wherever_a_text_is_cut_no_number_is_half_read(name):
    """Every number that is read of a beginning stands in the whole."""
    text = SAMPLES[name]
    whole = set(numbers_of(asdict(observed.read(text)))) | WORKERS
    for end in range(len(text)):
        try:
            found = observed.read(text[:end])
        except observed.Unread as reason:
            assert reason.name in ("empty", "unknown", "broken_json")
            continue
        assert not set(numbers_of(asdict(found))) - whole - {None, False, True}, text[max(0, end - 60) : end]


@pytest.mark.parametrize("size", [10_000, 65_536, 1_000_000])
def test_a_line_longer_than_is_looked_at_gives_no_half_number(size):
    line = "# GPU blocks: 28144, # CPU blocks: 4681\n"
    for before in range(lines.LONGEST_LINE - len(line), lines.LONGEST_LINE):
        reader, text = observed.Reader(), "x" * before + line
        for at in range(0, len(text), size):
            reader.feed(text[at : at + size])
        try:
            assert reader.close().start.blocks == 28144
        except observed.Unread as reason:
            assert reason.name == "unknown"


def test_a_name_that_may_be_cut_is_none():
    assert observed.read("GPU 0: NVIDIA L40S\n").cards[0].name == "NVIDIA L40S"
    with pytest.raises(observed.Unread):
        observed.read("GPU 0: NVIDIA L4")
    assert start("vLLM API server version 0.25\nGPU KV cache size: 65,536 tokens").version == "0.25"
    assert start(f"{ONE_LINE}vLLM API server version 0.2").version == ""


def test_what_a_cut_log_lacks_is_not_made_up():
    found = observed.read(V1[V1.index("(Worker_TP0") :])
    assert found.start.kv_tokens == 942080 and found.start.model == "" and found.start.tp is None
    assert names(observed.read(V1.partition("(Worker_TP0 pid=11) INFO 11-02 09:00:50")[0]).notes) == ["incomplete"]


# --- What isn't understood ---------------------------------------------------------------------------------------------

REFUSED = {
    "": "empty",
    " \n\t\r\n \0": "empty",
    "Dear vLLM, please serve my model.\n": "unknown",
    "vLLM is fast: GPU KV cache size: large\n": "unknown",
    "GPU KV cache size: ١٢٣ tokens": "unknown",
    "GPU KV cache size: 12345678901234567890 tokens": "unknown",
    "{}": "other_json",
    '{"architectures": ["LlamaForCausalLM"], "hidden_size": 4096}': "other_json",
    '{"completed": 3, "mean_ttft_ms": 1': "broken_json",
    '{"completed": 3, "mean_ttft_ms": }': "broken_json",
    '{"benchmarks": [{"metrics": {}}]}': "other_json",
    '{"a": ' + "[" * 100_000: "broken_json",
    "0, 40960 MiB, 512 MiB\n": "unknown",
    "vllm_config = 3 \n": "unknown",
    "vllm:unknown_metric{} 3\n": "unknown",
    "vllm:num_requests_running{} nan\n": "unknown",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:40]))
def test_what_is_not_understood_is_said(text):
    with pytest.raises(observed.Unread) as reason:
        observed.read(text)
    assert reason.value.name == REFUSED[text]
    assert COURSE.told("observed", [reason.value])


def test_the_first_line_of_what_is_unknown_is_shown_and_can_do_nothing():
    with pytest.raises(observed.Unread) as reason:
        observed.read("\n\n  **bold** [x](https://y) \u202e<b>" + "z" * 900 + "\nmore")
    said = COURSE.told("observed", [reason.value])
    assert "bold x (https://y) <b>z" in said and len(said) < 300
    assert [tag for tag, _, _ in wording.runs(said)] == [""]


@pytest.mark.parametrize("line", ["# GPU blocks: 9e9", "Model loading took NaN GiB", "Model loading took 1e5 GiB"])
def test_a_number_that_is_none_is_not_half_read(line):
    with pytest.raises(observed.Unread):
        observed.read(line)


def test_a_number_beyond_all_bounds_is_left_out_and_that_is_said():
    found = observed.read(ONE_LINE + "Model loading took 999999999999999 GiB and 1.0 seconds\n")
    assert found.start.weights_bytes is None and names(found.notes) == ["strange_number"]


def test_numbers_of_json_that_cannot_be_are_left_out():
    odd = {
        **RESULT,
        "mean_ttft_ms": True,
        "duration": -1,
        "completed": 10**30,
        "request_rate": "many",
        "max_concurrency": [8],
    }
    (run,) = observed.read(json.dumps(odd).replace('"failed": 1', '"failed": Infinity')).benches
    assert (run.ttft.mean_s, run.duration_s, run.requests, run.rate_per_s, run.users, run.failed) == (None,) * 6
    assert run.prompt_tokens is None


# --- Any text ------------------------------------------------------------------------------------------------------------


def mutated(text, chance):
    """A text with cuts, repeats, insertions, and digits that aren't."""
    for _ in range(chance.randrange(1, 5)):
        at, to = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        to = min(to, at + 400)
        change = chance.randrange(6)
        if change == 0:
            text = text[:at] + text[to:]
        elif change == 1:
            text = text[:to] + text[at:to] * chance.randrange(1, 4) + text[to:]
        elif change == 2:
            odd = (
                "9" * 400,
                "-",
                "1e999",
                "\0",
                "\x1b[",
                "{" * 70,
                '"',
                "\\",
                "٣",
                "\u202e",
                "\r",
                ",",
                "NaN",
                "\ud800",
                "]",
            )
            text = text[:at] + chance.choice(odd) + text[at:]
        elif change == 3:
            text = "".join(
                chance.choice("0123456789٣.,-") if c.isdigit() and chance.random() < 0.1 else c for c in text
            )
        elif change == 4:
            text = text[:at] + chance.choice(list(SAMPLES.values()))[:300] + text[at:]
        else:
            text = text[: chance.randrange(len(text) + 1)]
        text = text[:6000] or "x"
    return text


def numbers_of(value):
    """Every number in an answer, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from numbers_of(inner)
    elif isinstance(value, int | float):
        yield value


def test_ten_thousand_spoilt_texts_are_read_or_refused():
    chance, answers = random.Random(19), 0
    for name in chance.choices(list(SAMPLES), k=10_000):
        try:
            found = observed.read(mutated(SAMPLES[name], chance))
        except observed.Unread as reason:
            assert reason.name in COURSE.at("refusals.observed")
            continue
        answers += 1
        bounds = {math.inf} if found.scrape else set()
        assert all(abs(number) <= lines.LARGEST or number in bounds for number in numbers_of(asdict(found)))
        for line in observed.compare(found):
            assert math.isfinite(line.said) and line.error is None
    assert answers > 5000


HOSTILE = {
    "one line": "GPU KV cache size: 1,234" * 50_000,
    "one mark a line": "# GPU blocks: \n" * 70_000,
    "good lines": "INFO GPU KV cache size: 1,234 tokens\n" * 27_000,
    "load end": ("Load weight end." * 60 + "\n") * 1000,
    "settings": "non-default args: {" + "'model': 'a', " * 70_000,
    "quotes": "non-default args: {" + "'" * 1_000_000,
    "words": "server_args=ServerArgs(" + "model" * 200_000,
    "labels": 'vllm:num_requests_running{a="' + 'x",b="' * 160_000,
    "samples": "vllm:x 1\n" * 110_000,
    "braces": "{" * 1_000_000,
    "lines of braces": "{\n" * 500_000,
    "strings": '{"a": "' + "\\" * 1_000_000,
    "keys": '{"a": ' + '{"requests": [' * 70_000,
    "numbers": '{"ttfts": [' + "1, " * 330_000,
    "objects": '{"a": 1}\n' * 110_000,
    "colours": "\x1b[" * 500_000,
    "returns": "\r" * 1_000_000,
    "card": "| 0  " + " " * 300_000 + " 0000000" + " " * 300_000,
    "csv": CSV + "0, a, 1 MiB, 1 MiB, 1 %, 1 W\n" * 33_000,
    "table": "Mean TTFT (ms):   1.00\n" * 43_000,
    "dashes": "=" * 1_000_000,
}


def seconds(text):
    """The time of a text's slowest piece, the best of three."""
    best = math.inf
    for _ in range(3):
        reader, slowest = observed.Reader(), 0.0
        for at in range(0, len(text), 1_000_000):
            begin = time.process_time()
            reader.feed(text[at : at + 1_000_000])
            slowest = max(slowest, time.process_time() - begin)
        best = min(best, slowest)
    return best


@pytest.mark.parametrize("name", HOSTILE)
def test_no_piece_of_a_million_characters_stops_the_page(name):
    assert seconds(HOSTILE[name]) < 0.2


def test_fifty_million_characters_take_their_share_each():
    log = (
        V1 + "INFO 11-02 [loggers.py:9] Engine 000: Avg prompt throughput: 1.0 tokens/s, Running: 3 reqs\n" * 10_000
    )[:1_000_000]
    reader, times = observed.Reader(), []
    for _ in range(50):
        begin = time.process_time()
        reader.feed(log)
        times.append(time.process_time() - begin)
    assert reader.close().starts == 50
    assert max(times[40:]) < 3 * min(times[:10]) + 0.05


def test_a_benchmark_of_many_megabytes_is_sieved_as_it_comes():
    each = json.dumps({"prompt": 'text "}' * 100, "itl": [1.5] * 20})
    reader = observed.Reader()
    head, tail = json.dumps({**RESULT, "requests": []}).split('"requests": []')
    reader.feed(head + '"requests": [')
    for _ in range(40):
        reader.feed((each + ",") * 300)
    reader.feed(each + "]" + tail)
    assert sum(map(len, reader.sieve.kept)) < 10_000
    assert reader.close().benches == observed.read(json.dumps(RESULT)).benches


def test_a_text_without_end_is_refused():
    reader = observed.Reader()
    reader.length = 400_000_000
    with pytest.raises(observed.Unread, match="too_long"):
        reader.feed("x")


# --- The table of lines ------------------------------------------------------------------------------------------------


def test_every_row_is_found_by_a_mark_that_its_pattern_needs():
    text = "".join(SAMPLES.values())
    for row in ROWS:
        assert row.marks and all(len(mark) > 3 for mark in row.marks)
        groups = row.pattern.groups
        assert len(row.fields) in (groups, 0) or row.what.startswith(("scrape", "bench.time")), row.what
    text += "EngineCore failed to start\nTraffic request rate: 2.0\n"
    text += "--query-gpu=name --format=csv,noheader\nNVIDIA L4, 1 MiB\n"
    text += "GPU 0: NVIDIA L4\nBackend:       sglang\nMax request concurrency:     8\nRequest rate configured (RPS):   1.0\n"
    text += "Namespace(subparser='bench', model='a')\n"
    used = [hit.row for hit in lines.hits(ROWS, text)[0] if hit.row.pattern.search(hit.line)]
    assert [row.marks for row in ROWS if row not in used] == []


def test_every_setting_and_every_figure_has_a_field():
    known = {field.name for field in fields(observed.Start)}
    assert known >= starts.TOLD
    figures = {name for row in ROWS if row.what.partition(".")[0] in ("vllm", "sglang") for name, _ in row.fields}
    assert figures - known == {
        "capacity_tokens",
        "after_bytes",
    }  # what SGLang's scheduler goes by; the weights where nobody says


# --- Beside the engine -------------------------------------------------------------------------------------------------


def known(text, **given):
    return observed.known_of(observed.read(text), COURSE.models, COURSE.gpus, **given)


def lines_of(text, what=None):
    found = observed.read(text)
    return {line.name: line for line in observed.compare(found, what)}


def test_what_ran_is_the_catalogues_model_or_a_config_is_needed():
    what = known(SMI + V1)
    assert (what.deployment.model.id, what.deployment.gpu.id, what.deployment.gpus) == ("llama-3.1-8b", "h100-sxm", 2)
    assert (what.deployment.weight_bits, what.deployment.kv_bits, what.reserve.utilization) == (16, 16, 0.85)
    assert names(what.notes) == ["default_budget"]
    for other, name in (
        (V1.replace("Llama-3.1-8B", "Llama-3.1-8B-Tuned"), "needs_config"),
        (V1.replace("meta-llama/Llama-3.1-8B-Instruct", "/data/model"), "needs_config"),
        (V1.replace("pipeline_parallel_size=1", "pipeline_parallel_size=2"), "pipeline"),
        (V1.replace("quantization=None", "quantization=gguf"), "bits_unknown"),
        (V1.replace("kv_cache_dtype=auto", "kv_cache_dtype=int3"), "cache_unknown"),
        (V1.replace("tensor_parallel_size=2", "tensor_parallel_size=3"), "no_division"),
        (PROFILED, "needs_model"),
        (V1.replace("tensor_parallel_size=2", "x=2").replace("128}", "128, "), "needs_tp"),
    ):
        with pytest.raises(observed.Unread) as reason:
            known(SMI + other)
        assert reason.value.name == name
    with pytest.raises(observed.Unread, match="needs_gpu"):
        known(V1)
    with pytest.raises(observed.Unread, match="unknown_gpu Voodoo 2"):
        known("GPU 0: Voodoo 2\n" + V1)
    with pytest.raises(observed.Unread, match="several_gpus"):
        known(SMI + "GPU 7: NVIDIA L4\n" + V1)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("meta-llama/Meta-Llama-3.1-70B-Instruct", "llama-3.1-70b"),
        ("/models/models--meta-llama--Llama-3.1-8B-Instruct/snapshots/0e9e39f249a1", "llama-3.1-8b"),
        ("/root/hub/LLM-Research/Meta-Llama-3___1-8B-Instruct/", "llama-3.1-8b"),
        ("RedHatAI/Llama-3.3-70B-Instruct-quantized.w8a8", "llama-3.1-70b"),
        ("google/gemma-3-27b-it", "gemma-3-27b"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", None),
        ("Qwen/Qwen3-30B-A3B-Thinking-2507", None),
        ("Qwen/Qwen2-57B", None),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "llama-4-scout"),
        ("mistralai/Mistral-Small-3.1-24B-Instruct-2503", "mistral-small-24b"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b"),
        ("", None),
    ],
)
def test_a_models_name_is_matched_exactly_or_not_at_all(name, id):
    model = engine.model_named(COURSE.models, name)
    assert (model.id if model else None) == id


def test_every_model_of_the_catalogue_is_found_by_its_own_names_and_by_no_others():
    for id, model in COURSE.models.items():
        assert engine.model_named(COURSE.models, id) is engine.model_named(COURSE.models, model.name) is model


@pytest.mark.parametrize(
    ("name", "mib", "id"),
    [
        ("NVIDIA H100 80GB HBM3", 81559, "h100-sxm"),
        ("NVIDIA H100 80GB HBM2e", 81559, "h100-pcie"),
        ("NVIDIA H100 PCIe", 81559, "h100-pcie"),
        ("NVIDIA A100-SXM4-40GB", 40960, "a100-40"),
        ("NVIDIA A100-SXM...", 40960, "a100-40"),
        ("NVIDIA A100-SXM...", 81920, "a100-sxm"),
        ("NVIDIA A100-SXM...", 20480, "near a100-sxm"),
        ("NVIDIA A100 80GB PCIe", 81920, "near a100-sxm"),
        ("Tesla T4", 15360, "t4"),
        ("NVIDIA L4", 23034, "l4"),
        ("NVIDIA L40", 46068, "near l40s"),
        ("NVIDIA GeForce RTX 4090 D", 24564, "near rtx-4090"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 97887, "rtx-pro-6000"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97887, "near rtx-pro-6000"),
        ("NVIDIA GeForce RTX 3090", 49152, "near rtx-3090"),
        ("NVIDIA H20", 143771, "near h20-sxm"),
        ("NVIDIA H200", 81559, "near h200-sxm"),
        ("NVIDIA RTX A1000", 8188, None),
    ],
)
def test_a_gpus_name_and_memory_are_matched_exactly_or_not_at_all(name, mib, id):
    """Names and sizes as nvidia-smi prints them."""
    text = f"name, memory.total [MiB]\n{name}, {mib} MiB\n"
    if id in COURSE.gpus:
        assert known(V1 + text).deployment.gpu.id == id
        return
    with pytest.raises(observed.Unread) as refused:
        known(V1 + text)
    near = {"nearest": COURSE.gpus[id.removeprefix("near ")].name} if id else {}
    assert {"gpu": name, **near}.items() <= refused.value.facts.items()
    assert ("nearest" in refused.value.facts) == bool(id)
    said = COURSE.say(f"refusals.observed.{refused.value.name}", None, refused.value.facts)
    assert name in said and near.get("nearest", "") in said


@pytest.mark.parametrize(
    ("name", "mib", "differs"),
    [
        ("NVIDIA A100-PCIE-40GB", 40960, "32 GB/s to its neighbour, not 300"),
        ("NVIDIA H100 NVL", 95830, "300 GB/s to its neighbour, not 64"),
        ("NVIDIA H20", 143771, "140 GB, not 96"),
        ("NVIDIA A10G", 23028, "70 TFLOPS, not 125"),
    ],
)
def test_a_card_that_is_near_another_is_refused_with_what_differs_most(name, mib, differs):
    """Figures of the makers' data sheets: A100, H100 NVL, H20; AWS's A10G."""
    with pytest.raises(observed.Unread) as refused:
        known(V1 + f"name, memory.total [MiB]\n{name}, {mib} MiB\n")
    assert differs in COURSE.say(f"refusals.observed.{refused.value.name}", None, refused.value.facts)


@pytest.mark.parametrize(
    ("quantization", "model", "expected"),
    [
        ("", "Llama-3.1-8B", (16, "")),
        ("fp8", "Llama-3.1-8B", (8, "")),
        ("awq_marlin", "Qwen2.5-7B-AWQ", (4, "awq4")),
        ("gptq_marlin", "Qwen2.5-7B-GPTQ-Int8", (8, "int8")),
        ("compressed-tensors", "Llama-3.3-70B-quantized.w8a8", (8, "int8")),
        ("compressed-tensors", "Llama-3.3-70B-FP8-dynamic", (8, "")),
        ("modelopt_fp4", "DeepSeek-R1-FP4", (4, "nvfp4")),
    ],
)
def test_bits_of_a_weight_by_setting_or_name(quantization, model, expected):
    from observed.known import weight_bits

    assert weight_bits(observed.Start("vllm", model=model, quantization=quantization)) == expected


def test_where_nothing_is_said_a_model_runs_as_it_is_published():
    """SGLang prints quantization=None for DeepSeek-V3, whose config.json says FP8: 671 billion weights, a byte each."""
    text = SGLANG.replace("quantization='fp8'", "quantization=None")
    for model, bits in (
        ("deepseek-ai/DeepSeek-V3", 8),
        ("models/DeepSeek-V3-bf16", 16),
        ("meta-llama/Llama-3.1-8B", 16),
    ):
        start = replace(observed.read(text).start, model=model, quantization="")
        found = observed.known_of(
            replace(observed.read(text), start=start), COURSE.models, COURSE.gpus, gpu=COURSE.gpus["h200-sxm"], tp=8
        )
        assert found.deployment.weight_bits == bits
    from observed.known import weight_bits

    pasted = replace(COURSE.models["deepseek-v3"], id="pasted", checkpoint_bits=16, precision="NVFP4, 4 bit")
    assert weight_bits(observed.Start("sglang", model="a/folder"), pasted) == (4, "nvfp4")


def test_of_a_model_with_states_the_tokens_of_vllm_are_not_compared():
    """vLLM divides its blocks among groups of layers of several kinds: Qwen3-Next's 12 full ones are a quarter of them."""
    text = V1.replace("meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-Next-80B-A3B-Instruct")
    found = lines_of(text, known(SMI + text))
    assert found["kv_tokens"].ours is None and names(found["kv_tokens"].why) == ["why_windows"]


def test_where_the_engine_leaves_nothing_it_says_so_and_shows_no_debt():
    text = V1.replace("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-405B-Instruct")
    found = lines_of(text, known(SMI + text))
    assert found["kv"].ours == 0 and found["kv_tokens"].ours == 0 and "why_nothing" in names(found["kv"].why)


def test_each_figure_stands_beside_the_engines_and_is_explained():
    what = known(SMI + V1)
    found = lines_of(V1, what)
    assert list(found) == ["total", "weights", "activation", "other", "graphs", "kv", "kv_tokens", "concurrency"]
    figures = engine.startup_figures(what.deployment, what.reserve)
    assert found["weights"].ours == figures["weights_bytes"] and abs(found["weights"].error) < 0.02
    assert found["kv_tokens"].ours == figures["kv_tokens"] and found["graphs"].ours is None
    assert found["concurrency"].ours == pytest.approx(figures["kv_tokens"] / 16384)
    assert names(found["concurrency"].why) == ["why_times_ratio"]  # 942,080 / 16,384 = 57.5
    assert names(found["kv_tokens"].why) == ["why_token"]  # 57.5 GiB on two GPUs over 128 KiB a token are 942,080
    total = 79.19 * 0.85 - 7.52 - 1.25 - 0.75
    assert found["kv"].why[0].facts["rest_bytes"] == pytest.approx(total * GIB)


def test_a_cache_of_half_the_precision_is_seen():
    half = V1.replace("942,080", "1,884,160").replace("57.50x", "115.00x")
    why = lines_of(half, known(SMI + V1))["kv_tokens"].why
    assert why[0].name == "why_precision" and why[0].facts["bits"] == 8
    twice = V1.replace("942,080", "471,040").replace("57.50x", "28.75x")  # no cache has 32 bits a value
    assert names(lines_of(twice, known(SMI + V1))["kv_tokens"].why) == ["why_other_token"]


def test_weights_of_another_model_are_said_to_be():
    other = V1.replace("took 7.5", "took 27.5")
    assert "why_another" in names(lines_of(other, known(SMI + other))["weights"].why)
    draft = V1.replace("speculative_config=None", "speculative_config=SpeculativeConfig(method='eagle3', model='x')")
    assert "why_draft" in names(lines_of(draft, known(SMI + draft))["weights"].why)


def test_the_default_share_follows_the_version():
    for version, share in (("0.11.0", 0.9), ("0.25.0", 0.92)):
        text = V1.replace("0.11.0", version).replace("'gpu_memory_utilization': 0.85, ", "").partition("(Worker_TP0")[0]
        what = known(SMI + text)
        assert what.reserve.utilization == share and what.notes[0] == observed.Note(
            "default_utilization", {"share": share}
        )


def test_a_first_engine_reads_prompts_whole_and_has_its_own_defaults():
    text = V0.replace(", max_num_seqs=256", "")
    what = known("GPU 0: NVIDIA L40S\n" + text)
    assert (what.token_budget, what.seats) == (8192, 256)  # as long as the longest request
    assert names(what.notes) == ["default_budget", "default_seats"]


def test_of_a_model_with_windows_the_concurrency_is_compared_and_the_tokens_are_no_capacity():
    text = V1.replace("meta-llama/Llama-3.1-8B-Instruct", "google/gemma-3-27b-it")
    found = lines_of(text, known(SMI + text))
    assert names(found["kv_tokens"].why) == ["why_windows"] and names(found["concurrency"].why) == ["why_times_windows"]
    with pytest.raises(observed.Unread, match="windowed"):
        observed.anchor(observed.read(text), "kv", known(SMI + text))


def test_without_a_model_the_servers_own_figures_are_explained():
    found = lines_of(V1)
    assert all(line.ours is None for line in found.values())
    assert names(found["concurrency"].why) == ["why_times_ratio"]
    assert observed.compare(observed.read(TABLE)) == ()
    assert list(lines_of(SCRAPE)) == ["kv_tokens"]


def test_sglangs_share_is_of_weights_and_cache_alone():
    what = known(SMI + SGLANG)
    assert what.reserve == engine.Reserve(0.85, 0.0, served=True) and what.notes == ()
    assert (what.token_budget, what.seats) == (8192, 2048)
    shareless = SGLANG.replace("mem_fraction_static=0.85, ", "")
    what = known(SMI + shareless)
    assert names(what.notes) == ["no_share"]
    found = lines_of(shareless, what)
    assert found["weights"].ours and found["kv"].ours is None and names(found["kv"].why) == ["why_share"]
    assert found["kv_tokens"].ours is None and names(found["kv_tokens"].why) == ["why_token"]
    assert (what.deployment.engine, what.deployment.weight_bits, what.deployment.kv_bits) == ("sglang", 8, 8)
    assert names(lines_of(SGLANG, known(SMI + SGLANG))["kv"].why) == ["why_static"]


def test_data_parallel_experts_share_a_replica_and_others_do_not():
    text = V1.replace("data_parallel_size=1", "data_parallel_size=4")
    assert known(SMI + text).deployment.gpus == 2
    mixed = text.replace("meta-llama/Llama-3.1-8B-Instruct", "deepseek-ai/DeepSeek-R1").replace(
        "quantization=None", "quantization=fp8"
    )
    found = known(SMI + mixed).deployment
    assert (found.gpus, found.attention_dp, found.tp) == (8, 4, 2)


@pytest.mark.parametrize("language", native.LANGUAGES)
def test_every_line_and_every_note_can_be_said(language):
    tables = native.contents()[language]
    texts = [V1, V0, SGLANG, V1 + V0, V1.replace("57.50x", "90.00x")]
    for text in texts:
        found = observed.read(text)
        for what in (None, known(SMI + text)):
            notes = [*found.notes, *(what.notes if what else ())]
            for line in observed.compare(found, what):
                assert tables["server"]["lines"][line.name]
                notes += line.why
            for note in notes:
                part = "why" if note.name.startswith("why_") else "notes"
                assert "{" not in wording.fill(tables["server"][part][note.name], note.facts)


# --- One number that recalibrates --------------------------------------------------------------------------------------


def test_kv_tokens_of_a_log_or_a_scrape_are_an_anchor():
    found = observed.anchor(observed.read(V1), "kv")
    assert found == engine.Anchor("kv", 942_080) and found.kv_tokens(5) == 942_080
    assert observed.anchor(observed.read(SCRAPE), "kv").value == 16_000
    with pytest.raises(observed.Unread, match="no_kv_tokens"):
        observed.anchor(observed.read(TABLE), "kv")


@pytest.mark.parametrize("kind", ["host", "front"])
def test_a_run_that_the_engine_made_gives_its_own_number_back(kind):
    """A round trip: the run's means are simulated with one number, and fitting finds it."""
    what, calibrations = known(SMI + V1), COURSE.calibrations
    constants = engine.calibration_for(what.deployment, calibrations)
    true = engine.Anchor(kind, {"host": 2.5, "front": 0.075}[kind])
    run = observed.read(json.dumps(RESULT)).benches[0]
    blocks = 942_080 // engine.BLOCK_TOKENS
    made = observed.timed(run, what, true.constants(constants), blocks)
    shown = {**RESULT, "mean_ttft_ms": 1000 * made["ttft_mean_s"], "mean_tpot_ms": 1000 * made["tpot_mean_s"]}
    found = observed.anchor(observed.read(V1 + json.dumps(shown)), kind, what, calibrations)
    assert found.value == pytest.approx(true.value, rel=0.01)
    assert constants == engine.calibration_for(
        what.deployment, calibrations
    )  # nothing was changed: leaving it out undoes it


def test_a_time_that_no_anchor_explains_is_refused():
    fast = json.dumps({**RESULT, "mean_tpot_ms": 0.5, "mean_ttft_ms": 0.5})  # faster than the memory can be read
    for kind in ("host", "front"):
        with pytest.raises(observed.Unread, match="no_fit"):
            observed.anchor(observed.read(V1 + fast), kind, known(SMI + V1), COURSE.calibrations)


def test_an_anchor_that_the_text_does_not_tell_is_refused():
    what = known(SMI + V1)
    for kind, text, name in (("host", V1, "no_run"), ("front", V1, "no_run"), ("luck", V1, "no_anchor")):
        with pytest.raises(observed.Unread, match=name):
            observed.anchor(observed.read(text), kind, what, COURSE.calibrations)
    with pytest.raises(engine.PhysicsError):
        engine.Anchor("kv", math.nan)
