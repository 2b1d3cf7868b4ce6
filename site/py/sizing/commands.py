"""A design to take along: the commands that start its servers and test them, a manifest for Kubernetes, a notebook, the question.

Only what is known stands in them. What isn't (a checkpoint of other weights, an image for another vendor's GPUs) is a name in
capitals that begins with YOUR, with a comment that says so. Flags: vLLM as in `vllm`; SGLang from docs.sglang.io, server
arguments; TensorRT-LLM from its `trtllm-serve` reference.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import engine
from launch import vllm
from sizing.plain import design_to_plain
from sizing.question import Design, Question
from sizing.traffic import moments

PORTS = {"vllm": 8000, "sglang": 30000, "trtllm": 8000}  # where each listens unless it is told otherwise
IMAGES = {"vllm": f"vllm/vllm-openai:v{vllm.VERSION}", "sglang": "lmsysorg/sglang:latest"}  # for NVIDIA's GPUs
TRTLLM_FILE = "trtllm.yaml"
BENCH_REQUESTS, BENCH_SEED = 1500, 1


def files(question: Question, design: Design, asked: Mapping[str, Any]) -> dict[str, str]:
    """Everything as texts by the names of their files. asked: the question as plain data."""
    found = {
        "request.json": _json(asked),
        "design.json": _json(design_to_plain(design)),
        "serve.sh": _script(notes(question, design), vllm.shell(serve(question, design))),
        "bench.sh": _script([BENCH_NOTE], vllm.shell(bench(question, design))),
        "kubernetes.yaml": manifest(question, design),
        "kvwall.ipynb": _json(notebook(asked, design)),
    }
    if design.deployment.engine == "trtllm":
        found[TRTLLM_FILE] = trtllm_file(question, design)
    return found


BENCH_NOTE = (
    "For one replica at its share of the load. Lengths run evenly around the means; your own tails may be longer."
)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _script(said: list[str], command: str) -> str:
    return "\n".join(["#!/bin/sh", *(f"# {line}" for line in said), command, ""])


# --- the servers ---


def checkpoint(design: Design) -> str:
    """The checkpoint's name on the hub; a placeholder where no published one has weights of so many bits."""
    model, bits = design.deployment.model, design.deployment.weight_bits
    if not model.checkpoint:
        return "YOUR-ORGANISATION/YOUR-CHECKPOINT"
    quantised_when_loaded = bits == 8 and model.checkpoint_bits == 16 and design.deployment.engine != "trtllm"
    return model.checkpoint if bits == model.checkpoint_bits or quantised_when_loaded else f"YOUR-{bits}-BIT-CHECKPOINT"


def notes(question: Question, design: Design) -> list[str]:
    """What a person has to know or to fill in before the commands run, a line each."""
    deployment = design.deployment
    model, name = deployment.model, checkpoint(design)
    found = [f"One replica of {design.replicas}: start it on each {deployment.gpus} x {deployment.gpu.name}."]
    if name.startswith("YOUR"):
        known = f" (published at {model.checkpoint_bits} bits: {model.checkpoint})" if model.checkpoint else ""
        bits = engine.told_bits(model, deployment.weight_bits)
        found.append(f"{name}: a checkpoint of {_line(model.name)} with {bits}-bit weights{known}.")
    return found


def _line(text: str) -> str:
    """A foreign name as part of a comment: one line, no marks."""
    return engine.shown(text)


def serve(question: Question, design: Design) -> list[str]:
    """The words of the command that starts one replica."""
    return {"vllm": _vllm, "sglang": _sglang, "trtllm": _trtllm}[design.deployment.engine](question, design)


def _vllm(question: Question, design: Design) -> list[str]:
    """vLLM divides requests among attention groups itself: seats and tokens of a step are each group's."""
    deployment, groups = design.deployment, design.deployment.attention_dp
    words = ["vllm", "serve", checkpoint(design), "--tensor-parallel-size", str(deployment.tp)]
    if groups > 1:
        words += ["--data-parallel-size", str(groups), "--enable-expert-parallel"]
    words += [*_precision(design), *vllm.cache(deployment.kv_bits)]
    seats, budget = (math.ceil(each / groups) for each in (design.seats, _budget(design)))
    words += vllm.limits(question.utilization, question.traffic.longest_tokens, seats, max(seats, budget))
    shares = design.settings(question).prefix_cache
    return [*words, "--enable-chunked-prefill", "--enable-prefix-caching" if shares else "--no-enable-prefix-caching"]


def _precision(design: Design) -> list[str]:
    """vLLM's and SGLang's words for the weights; none where the checkpoint says it itself."""
    if checkpoint(design).startswith("YOUR"):
        return []
    return vllm.precision(design.deployment.weight_bits, design.deployment.model.checkpoint_bits)


def _budget(design: Design) -> int:
    return max(design.token_budget, design.seats)


def _sglang(question: Question, design: Design) -> list[str]:
    """SGLang counts GPUs, seats and tokens over all attention groups; its share of memory is that of weights and cache alone."""
    deployment = design.deployment
    words = ["python", "-m", "sglang.launch_server", "--model-path", checkpoint(design)]
    words += ["--tp-size", str(deployment.gpus)]
    if deployment.attention_dp > 1:
        words += ["--dp-size", str(deployment.attention_dp), "--enable-dp-attention"]
    words += [*_precision(design), "--kv-cache-dtype", "fp8_e4m3" if deployment.kv_bits == 8 else "auto"]
    words += ["--mem-fraction-static", _share(question, design, ("weights_bytes", "kv_budget_bytes"), ())]
    words += ["--context-length", str(question.traffic.longest_tokens), "--max-running-requests", str(design.seats)]
    words += ["--chunked-prefill-size", str(_budget(design)), "--enable-mixed-chunk"]
    return words if design.settings(question).prefix_cache else [*words, "--disable-radix-cache"]


def _trtllm(question: Question, design: Design) -> list[str]:
    """TensorRT-LLM's share of memory is the cache's, of what weights and buffers leave free."""
    deployment = design.deployment
    words = ["trtllm-serve", checkpoint(design), "--backend", "pytorch", "--tp_size", str(deployment.gpus)]
    if deployment.attention_dp > 1:
        words += ["--ep_size", str(deployment.gpus)]
    words += ["--max_batch_size", str(design.seats), "--max_num_tokens", str(_budget(design))]
    words += ["--max_seq_len", str(question.traffic.longest_tokens)]
    left = _share(question, design, ("kv_budget_bytes",), ("weights_bytes", "activation_bytes"))
    return [*words, "--kv_cache_free_gpu_memory_fraction", left, "--config", TRTLLM_FILE]


def _share(question: Question, design: Design, parts: tuple[str, ...], taken: tuple[str, ...]) -> str:
    """Parts of a replica's memory plan as a share of what its GPUs show, less what is taken; rounded down."""
    plan = engine.memory_plan(design.deployment, design.reserve(question))
    whole = design.deployment.gpu.usable_bytes * design.deployment.gpus - sum(plan[name] for name in taken)
    share = sum(plan[name] for name in parts) / whole
    return f"{max(0.0, math.floor(share * 1000) / 1000):g}"


def trtllm_file(question: Question, design: Design) -> str:
    """What trtllm-serve takes from a file: the cache's precision and sharing, attention by groups."""
    deployment = design.deployment
    reuse = str(design.settings(question).prefix_cache).lower()
    lines = ["kv_cache_config:", f"  dtype: {'fp8' if deployment.kv_bits == 8 else 'auto'}"]
    lines += [f"  enable_block_reuse: {reuse}", f"enable_attention_dp: {str(deployment.attention_dp > 1).lower()}"]
    return "\n".join([*lines, "enable_chunked_prefill: true", ""])


# --- the benchmark ---


def bench(question: Question, design: Design) -> list[str]:
    """The words of a benchmark of one replica with the question's mean lengths and the replica's share of the load."""
    traffic, working = question.traffic, design.replicas - question.spare
    tail = moments(traffic, 99)
    tokens = vllm.lengths(tail.prompt, tail.prompt_tail, tail.output, traffic.longest_tokens)
    if traffic.users:
        users = max(1, round(traffic.users / working))
        load = ["--request-rate", "inf", "--max-concurrency", str(users)]
    else:
        load = vllm.open_load(traffic.rate_per_s / working, traffic.cv)
    percents = ",".join(map(str, sorted({50, question.promise.percent})))
    words = vllm.bench(checkpoint(design), tokens, load, BENCH_REQUESTS, BENCH_SEED, percents)
    names = {"ttft_s": "ttft", "tpot_s": "tpot", "e2e_s": "e2el"}
    goals = [f"{names[name]}:{limit * 1000:g}" for name, limit in question.promise.limits() if name in names]
    words += ["--goodput", *goals] if goals else []
    return [*words, "--base-url", f"http://localhost:{PORTS[design.deployment.engine]}"]


# --- Kubernetes ---


def manifest(question: Question, design: Design) -> str:
    """A Deployment of all replicas and a Service before them, as YAML; for TensorRT-LLM a ConfigMap with its file too."""
    served, port = design.deployment.engine, PORTS[design.deployment.engine]
    name = label(design)
    words = serve(question, design)
    words += ["--host", "0.0.0.0"] + ([] if served == "vllm" else ["--port", str(port)])
    extra = served == "trtllm"
    if extra:
        words[words.index(TRTLLM_FILE)] = f"/config/{TRTLLM_FILE}"
    parts = [_deployment(design, name, words, port), SERVICE]
    if extra:
        parts.append(
            CONFIG_MAP.replace("{file}", "\n".join(f"    {x}" for x in trtllm_file(question, design).split("\n")))
        )
    text = "---\n".join(parts).replace("{name}", name).replace("{port}", str(port))
    said = [*notes(question, design)[1:], f"{name}: a Service spreads connections by chance, not by load."]
    return "".join(f"# {line}\n" for line in said) + text


def label(design: Design) -> str:
    """A name that Kubernetes takes, from the model's: small letters, digits, hyphens."""
    made = re.sub(r"[^a-z0-9]+", "-", design.deployment.model.id.lower()).strip("-")[:50].strip("-")
    return made if made[:1].isalpha() else f"model-{made}".strip("-")


def _deployment(design: Design, name: str, words: list[str], port: int) -> str:
    amd = design.deployment.gpu.link == "xgmi"
    image = "YOUR-IMAGE" if amd else IMAGES.get(design.deployment.engine, "YOUR-IMAGE")
    values = {
        "{replicas}": str(design.replicas),
        "{image}": json.dumps(image),
        "{command}": "\n".join(f"            - {json.dumps(word)}" for word in words),
        "{resource}": "amd.com/gpu" if amd else "nvidia.com/gpu",
        "{gpus}": str(design.deployment.gpus),
        "{mount}": CONFIG_MOUNT if design.deployment.engine == "trtllm" else "",
        "{volume}": CONFIG_VOLUME if design.deployment.engine == "trtllm" else "",
    }
    text = DEPLOYMENT
    for key, value in values.items():
        text = text.replace(key, value)
    return text


# The token for gated checkpoints comes from a Secret that you make; without one the container starts all the same.
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: server
          image: {image}
          command:
{command}
          env:
            - name: HF_TOKEN
              valueFrom:
                secretKeyRef:
                  name: hf-token
                  key: token
                  optional: true
          ports:
            - containerPort: {port}
          resources:
            limits:
              {resource}: {gpus}
          readinessProbe:
            httpGet:
              path: /health
              port: {port}
            periodSeconds: 10
            failureThreshold: 360
          volumeMounts:
            - name: shm
              mountPath: /dev/shm
{mount}      volumes:
        - name: shm
          emptyDir:
            medium: Memory
{volume}"""
CONFIG_MOUNT = """            - name: config
              mountPath: /config
"""
CONFIG_VOLUME = """        - name: config
          configMap:
            name: {name}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector:
    app: {name}
  ports:
    - port: 80
      targetPort: {port}
"""
CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  trtllm.yaml: |
{file}
"""


# --- the notebook ---


def notebook(asked: Mapping[str, Any], design: Design) -> dict[str, Any]:
    """A notebook (nbformat 4.5) that asks the question again and shows the answer beside this design."""
    cells = [
        ("markdown", "# Which GPUs, how many?\n\nThe question, its answer, and whether one design holds, by `kvwall`."),
        ("code", "%pip install --quiet kvwall  # or, in a checkout of the project: %pip install ."),
        ("code", f"import kvwall\n\nquestion = {_literal(asked)}\ndesign = {_literal(design_to_plain(design))}"),
        ("code", "answer = kvwall.plan(question)\nprint(kvwall.table(answer))"),
        ("code", "judgement = kvwall.check(question, design)\nprint(judgement['state'])"),
        ("code", "print(kvwall.commands(question, design)['serve.sh'])"),
    ]
    return {
        "cells": [_cell(number, kind, text) for number, (kind, text) in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _literal(value: Mapping[str, Any]) -> str:
    """Plain data as Python writes it, a key a line."""
    return "\n".join(["{", *(f"    {key!r}: {each!r}," for key, each in value.items()), "}"])


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"kvwall-{number}",
        "metadata": {},
        "source": text.splitlines(True),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
