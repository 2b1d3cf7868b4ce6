"""The lines that tools print, one a row: a new version of a tool is a new row here.

vLLM divides by 2**30 whether it then prints "GB" (until 0.7) or "GiB", and so does SGLang, which prints "GB". Checked in
vllm: worker/model_runner.py, worker/worker.py, executor/executor_base.py (V0), v1/worker/gpu_worker.py,
v1/worker/gpu_model_runner.py, v1/core/kv_cache_utils.py (V1); sglang: srt/model_executor/model_runner.py,
srt/mem_cache/memory_pool.py, srt/managers/scheduler.py, srt/utils (get_available_gpu_memory).
"""

from __future__ import annotations

from dataclasses import replace

from observed.lines import Row, row

G = r" {0,3}Gi?B"

VLLM: tuple[Row, ...] = (
    # A start begins; what it was started with.
    row("vllm.begin", "vLLM API server version", r"vLLM API server version (\S{1,60})", ("version", "text")),
    row("vllm.begin", "█  version ", r"█  version (\S{1,60})", ("version", "text")),
    row("vllm", "█  model ", r"█  model {1,8}(\S{1,300})", ("model", "text")),
    row("vllm.args", "non-default args: {", r"non-default args: \{"),
    row("vllm.args", "EngineArgs(", r"EngineArgs\("),
    row("vllm.args", "args: Namespace(", r"args: Namespace\("),
    row(
        "vllm.engine",
        ("Initializing an LLM engine", "Initializing a V0 LLM engine", "Initializing a V1 LLM engine"),
        r"Initializing an? (?:V[01] )?LLM engine(?: \(v?([^)\s]{1,60})\))?",
        ("version", "text"),
    ),
    # Memory, a GPU each.
    row(
        "vllm",
        "odel loading took ",
        f"odel loading took <n>{G}(?: memory)?(?: and <n>)?",
        ("weights_bytes", "gib"),
        ("load_s", "s"),
    ),
    row("vllm", "oading model weights took ", f"oading model weights took <n>{G}", ("weights_bytes", "gib")),
    row("vllm", "Available KV cache memory: ", f"Available KV cache memory: <n>{G}", ("kv_bytes", "gib")),
    row(
        "vllm",
        "total_gpu_memory",
        r"total_gpu_memory\s{1,30}\(?<n> {0,3}GiB(?:\) x gpu_memory_utilization \(<n>\))?",
        ("total_bytes", "gib"),
        ("utilization", "share"),
    ),
    row("vllm", "gpu_memory_utilization", r"gpu_memory_utilization[ \t]{1,30}<n>", ("utilization", "share")),
    row("vllm.profile", "Memory profiling ", r"Memory profiling (?:results|takes)"),
    row(
        "vllm.failed",
        ("EngineCore failed to start", "Engine core initialization failed"),
        r"EngineCore failed to start|Engine core initialization failed",
    ),
    row("vllm", "model weights take ", r"model weights take\s{1,30}<n> {0,3}GiB", ("weights_bytes", "gib"), weak=True),
    row("vllm", "non_torch_memory ", r"non_torch_memory (?:takes)?\s{0,30}<n> {0,3}GiB", ("other_bytes", "gib")),
    row(
        "vllm",
        "PyTorch activation peak memory ",
        r"PyTorch activation peak memory (?:takes)?\s{0,30}<n> {0,3}GiB",
        ("activation_bytes", "gib"),
    ),
    row("vllm", "reserved for KV Cache is ", r"reserved for KV Cache is <n> {0,3}GiB", ("kv_bytes", "gib")),
    row("vllm", "available_kv_cache_memory", r"available_kv_cache_memory\s{1,30}<n> {0,3}GiB", ("kv_bytes", "gib")),
    row("vllm", "Initial free memory: ", r"Initial free memory: <n> GiB", ("free_bytes", "gib")),
    row("vllm", "Requested memory: ", r"Requested memory: <n> \(util\)", ("utilization", "share"), weak=True),
    row(
        "vllm",
        "Free memory on device",
        r"Free memory on device (?:cuda:[0-9]{1,3} )?\(<n>/<n> GiB\) on startup",
        ("free_bytes", "gib"),
        ("total_bytes", "gib"),
        weak=True,
    ),
    row(
        "vllm",
        "Desired GPU memory utilization is (",
        r"Desired GPU memory utilization is \(<n>, ",
        ("utilization", "share"),
        weak=True,
    ),
    row(
        "vllm",
        "The current --gpu-memory-utilization=",
        r"The current --gpu-memory-utilization=<n> is",
        ("utilization", "share"),
        weak=True,
    ),
    row("vllm", "Estimated CUDA graph memory: ", r"Estimated CUDA graph memory: <n> GiB", ("aside_bytes", "gib")),
    row("vllm", "GiB for weight", r"<n> GiB for weights?\b", ("weights_bytes", "gib"), weak=True),
    row("vllm", "GiB for peak activation", r"<n> GiB for peak activation", ("activation_bytes", "gib"), weak=True),
    row("vllm", "GiB for non-torch memory", r"<n> GiB for non-torch memory", ("other_bytes", "gib"), weak=True),
    row("vllm", " GiB for CUDAGraph memory", r"<n> GiB for CUDAGraph memory", ("graphs_bytes", "gib"), weak=True),
    row(
        "vllm",
        "Graph capturing finished in ",
        f"Graph capturing finished in <n> secs?(?:, took <n>{G})?",
        ("graphs_s", "s"),
        ("graphs_bytes", "gib"),
    ),
    row(
        "vllm",
        "KV cache is needed, which is larger than",
        r"<n> GiB KV cache is needed, which is larger than the available KV cache memory \(<n> GiB\)",
        ("needed_kv_bytes", "gib"),
        ("kv_bytes", "gib"),
    ),
    # Capacity, an engine each.
    row(
        "vllm",
        ("# GPU blocks: ", "# CUDA blocks: ", "# cuda blocks: ", "# rocm blocks: ", "# ROCM blocks: "),
        r"# (?:GPU|CUDA|cuda|rocm|ROCM) blocks: <c>",
        ("blocks", "n"),
    ),
    row(
        "vllm",
        "after num_gpu_blocks is: ",
        r"after num_gpu_blocks is: <c>",
        ("blocks", "n"),
        weak=True,
    ),
    row("vllm", "GPU KV cache size: ", r"GPU KV cache size: <c> tokens", ("kv_tokens", "n")),
    row(
        "vllm",
        "Maximum concurrency for ",
        r"Maximum concurrency for <c> tokens per request: <n>x",
        ("concurrency_tokens", "n"),
        ("concurrency", "n"),
    ),
    row("vllm", "max seq len (", r"max seq len \(<c>\)", ("max_tokens", "n")),
    row(
        "vllm",
        "that can be stored in KV cache (",
        r"maximum number of tokens that can be stored in KV cache \(<c>\)",
        ("kv_tokens", "n"),
    ),
    row("vllm", "Using max model len ", r"Using max model len <c>", ("max_tokens", "n")),
    row("vllm", "max_num_batched_tokens=", r"enabled with max_num_batched_tokens=<c>", ("token_budget", "n")),
)

POOL = (
    r"KV Cache is allocated\.(?: dtype: [\w.]{1,40},)?(?: #tokens: <c>,)?"
    r"(?: K size: <n> GB, V size: <n> GB)?(?: KV size: <n> GB)?"
)
SGLANG: tuple[Row, ...] = (
    row("sglang.args", "server_args=ServerArgs(", r"server_args=ServerArgs\("),
    row("sglang", "Load weight begin.", r"Load weight begin\. avail mem=<n> GB", ("free_bytes", "gib")),
    row("sglang.load", "Load weight end.", r"mem usage=<n> GB", ("weights_bytes", "gib")),
    row("sglang.load", "Load weight end.", r"avail mem=<n> GB", ("after_bytes", "gib")),
    row(
        "sglang.state",
        "Mamba Cache is allocated.",
        r"conv_state size: <n> ?GB, ssm_state size: <n> ?GB",
        ("state_bytes", "gib"),
        ("state_bytes", "gib"),
    ),
    row(
        "sglang.pool",
        "KV Cache is allocated.",
        POOL,
        ("kv_tokens", "n"),
        ("kv_bytes", "gib"),
        ("kv_bytes", "gib"),
        ("kv_bytes", "gib"),
    ),
    row(
        "sglang.graphs",
        "raph end.",
        r"mem usage=<n> GB",
        ("graphs_bytes", "gib"),
    ),
    row("sglang", "max_total_num_tokens=", r"max_total_num_tokens=<c>", ("capacity_tokens", "n")),
    row(
        "sglang",
        ", chunked_prefill_size=",
        r"max_total_num_tokens=[0-9]{1,15}, chunked_prefill_size=<c>",
        ("token_budget", "n"),
    ),
    row(
        "sglang",
        ", max_running_requests=",
        r"max_prefill_tokens=[0-9]{1,15}, max_running_requests=<c>",
        ("max_running", "n"),
    ),
    row("sglang", ", context_len=", r"max_running_requests=[0-9]{1,15}, context_len=<c>", ("max_tokens", "n")),
    row("sglang", ", available_gpu_mem=", r", available_gpu_mem=<n> GB", ("left_bytes", "gib")),
)

TIMES = r"(Mean|Median|Std|P[0-9]{1,2}) (TTFT|TPOT|ITL|E2EL|E2E Latency) \(ms\): {1,40}(-?[0-9][0-9,.]{0,24})(?![0-9,.\x1a])"
BENCH: tuple[Row, ...] = (
    row("bench.begin", "Serving Benchmark Result", r"={3,} {0,3}Serving Benchmark Result"),
    row("bench.before", "Traffic request rate: ", r"Traffic request rate: {1,40}<n>", ("rate_per_s", "n")),
    row("bench", "Request rate configured (RPS):", r"Request rate configured \(RPS\): {1,40}<n>", ("rate_per_s", "n")),
    row("bench.before", "Maximum request concurrency: ", r"Maximum request concurrency: {1,40}<c>", ("users", "n")),
    row("bench", "Max request concurrency:", r"Max request concurrency: {1,40}<c>", ("users", "n")),
    row("bench.before", "Namespace(subparser='bench'", r"[ (]model='([^'\n]{1,300})'", ("model", "text")),
    row("bench.sglang", "Backend:  ", r"Backend: {2,40}(\S{1,30})", ("tool", "text")),
    row("bench", "Successful requests:", r"Successful requests: {1,40}<c>", ("requests", "n")),
    row("bench", "Failed requests:", r"Failed requests: {1,40}<c>", ("failed", "n")),
    row("bench", "Benchmark duration (s):", r"Benchmark duration \(s\): {1,40}<n>", ("duration_s", "s")),
    row("bench", "Total input tokens:", r"Total input tokens: {1,40}<c>", ("prompts", "n")),
    row("bench", "Total generated tokens:", r"Total generated tokens: {1,40}<c>", ("outputs", "n")),
    row("bench", "Request throughput (req/s):", r"Request throughput \(req/s\): {1,40}<n>", ("requests_per_s", "n")),
    row(
        "bench",
        "Output token throughput (tok/s):",
        r"Output token throughput \(tok/s\): {1,40}<n>",
        ("output_tokens_per_s", "n"),
    ),
    row("bench.time", (" TTFT (ms):", " TPOT (ms):", " ITL (ms):", " E2EL (ms):", " E2E Latency (ms):"), TIMES),
)

CARDS: tuple[Row, ...] = (
    row(
        "card.name",
        " 0000000",
        r"^[^\n|]{0,40}\| {1,4}([0-9]{1,3}) {1,3}([^|\n]{1,60}?) {1,40}(?:On|Off|N/A|WDDM|TCC|MCDM) {0,3}"
        r"\| {1,4}[0-9A-Fa-f]{8}:[0-9A-Fa-f]{2}:",
        ("index", "n"),
        ("name", "text"),
    ),
    row("card.use", "MiB |", r"<n>MiB {0,3}/ {1,12}<n>MiB \|", ("used_bytes", "mib"), ("total_bytes", "mib")),
    row("card.heads", "[MiB]", r"^\s{0,20}\"?[a-z_.]{1,40}(?: \[[^\],]{1,10}\])?,"),
    row("card.query", "--query-gpu=", r"--query-gpu=([a-z_.,]{3,400})[^\n]{0,80}noheader", ("columns", "text")),
    row(
        "card.bare",
        " MiB",
        r"^(?:([0-9]{1,3}), )?((?:NVIDIA|Tesla|Quadro) [^,\n\x1a]{2,60}), [0-9]{1,7} MiB",
        ("index", "n"),
        ("name", "text"),
    ),
    row(
        "card.list",
        "GPU ",
        r"^GPU ([0-9]{1,3}): ([^\n(\x1a]{2,60}?)(?: \(UUID: |\s{0,3}$)",
        ("index", "n"),
        ("name", "text"),
    ),
)

# Ray puts its name ahead, and some gateways write an underscore for the colon.
SAMPLE = r"^ {0,8}(?:ray_)?((?:vllm|sglang)[:_][a-z0-9_]{1,80})(?:\{([^\n]{0,8000})\})? {1,4}(\S{1,40})"
SCRAPES: tuple[Row, ...] = (replace(row("scrape", ("vllm:", "sglang:", "vllm_", "sglang_"), SAMPLE), most=5_000),)

ROWS = (*VLLM, *SGLANG, *BENCH, *CARDS, *SCRAPES)
