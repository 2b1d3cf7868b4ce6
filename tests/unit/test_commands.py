"""A design to take along: commands that a shell takes apart again, YAML, a notebook; nothing in them that isn't known."""

import ast
import json
import re
import shlex
from dataclasses import replace

import pytest

import engine
from launch import vllm
from sizing import commands, plain
from sizing.question import Design, deployments, runs_on
from tests.unit.sizing_cases import asked, shipped

ASKED = {"model": "llama-3.1-8b", "traffic": {"workload": "azure-2023-conversation", "rate_per_s": 4}}
DESIGN = {"gpu": "h100-sxm", "gpus_per_replica": 2, "replicas": 3, "seats": 64, "token_budget": 2048}


def made(model="llama-3.1-8b", traffic=None, **changes):
    """A question and one design for it."""
    question = asked(model=model, traffic=traffic or {})
    return question, plain.design_from({**DESIGN, **changes}, question, shipped())


def flags(words):
    """The options of a command with the words that follow them."""
    found, name = {}, ""
    for word in words:
        if word.startswith("--"):
            name = word
            found[name] = []
        elif name:
            found[name].append(word)
    return {name: " ".join(values) for name, values in found.items()}


def scalar(text):
    """A scalar of YAML: what JSON reads, else a plain word."""
    try:
        return json.loads(text)
    except ValueError:
        assert re.fullmatch(r"[\w./-]+", text), text  # a plain word that no YAML reads otherwise
        return text


def block(lines, indent):
    """The mapping or list that begins here, of the part of YAML that the manifests use."""
    found = [] if lines[0].lstrip().startswith("- ") else {}
    while lines and (at := len(lines[0]) - len(lines[0].lstrip())) >= indent:
        assert at == indent, lines[0]
        text = lines.pop(0).strip()
        if text.startswith("- "):
            text = text[2:]
            if re.match(r"[\w./-]+:( |$)", text):
                lines.insert(0, " " * (indent + 2) + text)
                found.append(block(lines, indent + 2))
            else:
                found.append(scalar(text))
            continue
        key, _, value = text.partition(":")
        assert key not in found
        if value.strip() == "|":
            kept = []
            while lines and lines[0].startswith(" " * (indent + 2)):
                kept.append(lines.pop(0)[indent + 2 :])
            found[key] = "\n".join(kept)
        elif value:
            found[key] = scalar(value.strip())
        else:
            found[key] = block(lines, len(lines[0]) - len(lines[0].lstrip()))
    return found


def documents(text):
    """The documents of a manifest."""
    parts = re.split(r"^---\n", re.sub(r"^#.*\n", "", text, flags=re.M), flags=re.M)
    return [block([line for line in part.split("\n") if line.strip()], 0) for part in parts]


def test_vllm_is_set_up_like_the_design():
    question, design = made(weight_bits=8, kv_bits=8)
    found = flags(commands.serve(question, design))
    assert found["--tensor-parallel-size"] == "2"
    assert found["--quantization"] == "fp8" and found["--kv-cache-dtype"] == "fp8"
    assert found["--max-num-seqs"] == "64" and found["--max-num-batched-tokens"] == "2048"
    assert found["--max-model-len"] == str(question.traffic.longest_tokens)
    assert float(found["--gpu-memory-utilization"]) == question.utilization
    assert "--no-enable-prefix-caching" in found


def test_attention_groups_are_data_parallel_with_seats_of_their_own():
    question, design = made("qwen3-30b-a3b", gpus_per_replica=8, attention_groups=4)
    found = flags(commands.serve(question, design))
    assert (found["--tensor-parallel-size"], found["--data-parallel-size"]) == ("2", "4")
    assert found["--max-num-seqs"] == "16" and "--enable-expert-parallel" in found
    found = flags(commands.serve(question, replace(design, deployment=replace(design.deployment, engine="sglang"))))
    assert (found["--tp-size"], found["--dp-size"]) == ("8", "4")
    assert found["--max-running-requests"] == "64" and "--enable-dp-attention" in found


def test_a_trace_with_shared_prefixes_keeps_the_prefix_cache_on():
    question, design = made()
    shared = replace(question.traffic, recorded=(engine.Request(0.0, 100, 10, ((1, 50),)),))
    question = replace(question, traffic=shared)
    assert "--enable-prefix-caching" in flags(commands.serve(question, design))
    for served in ("sglang", "trtllm"):
        other = replace(design, deployment=replace(design.deployment, engine=served))
        assert "--disable-radix-cache" not in commands.serve(question, other)
    assert "enable_block_reuse: true" in commands.trtllm_file(question, other)


@pytest.mark.parametrize("served", ["sglang", "trtllm"])
def test_other_engines_get_the_memory_that_the_plan_gives_the_cache(served):
    question, design = made(engine=served)
    found, made_of = flags(commands.serve(question, design)), design.deployment
    memory = engine.memory_plan(made_of, design.reserve(question))
    shown = made_of.gpu.usable_bytes * made_of.gpus
    if served == "sglang":
        cache = float(found["--mem-fraction-static"]) * shown - memory["weights_bytes"]
    else:
        free = shown - memory["weights_bytes"] - memory["activation_bytes"]
        cache = float(found["--kv_cache_free_gpu_memory_fraction"]) * free
    assert cache == pytest.approx(memory["kv_budget_bytes"], abs=0.001 * shown)
    assert cache <= memory["kv_budget_bytes"]


@pytest.mark.parametrize(
    ("model", "bits", "served", "name", "quantised"),
    [
        ("llama-3.1-8b", 16, "vllm", "meta-llama/Llama-3.1-8B-Instruct", False),
        ("llama-3.1-8b", 8, "vllm", "meta-llama/Llama-3.1-8B-Instruct", True),
        ("llama-3.1-8b", 8, "trtllm", "YOUR-8-BIT-CHECKPOINT", False),
        ("llama-3.1-8b", 4, "vllm", "YOUR-4-BIT-CHECKPOINT", False),
        ("gpt-oss-20b", 4, "vllm", "openai/gpt-oss-20b", False),
        ("gpt-oss-20b", 16, "vllm", "YOUR-16-BIT-CHECKPOINT", False),
        ("deepseek-v3", 8, "vllm", "deepseek-ai/DeepSeek-V3", False),
    ],
)
def test_a_checkpoint_is_named_only_where_its_weights_have_the_design_s_bits(model, bits, served, name, quantised):
    question, design = made(model, weight_bits=bits, engine=served, gpus_per_replica=8)
    assert commands.checkpoint(design) == name
    assert ("--quantization" in commands.serve(question, design)) == quantised
    assert any(name in line for line in commands.notes(question, design)) == name.startswith("YOUR")


def test_the_benchmark_has_one_replica_s_share_of_the_load_and_the_promises():
    question, design = made()
    question = replace(question, spare=1)
    found = flags(commands.bench(question, design))
    assert float(found["--request-rate"]) == pytest.approx(question.traffic.rate_per_s / 2)
    assert found["--goodput"] == "ttft:800 tpot:50"
    assert found["--metric-percentiles"] == "50,99"
    question, design = made(traffic={"rate_per_s": 0, "users": 90})
    found = flags(commands.bench(question, design))
    assert (found["--request-rate"], found["--max-concurrency"]) == ("inf", "30")


@pytest.mark.parametrize("served", ["vllm", "sglang", "trtllm"])
@pytest.mark.parametrize("gpu", ["h100-sxm", "mi300x"])
def test_every_file_can_be_read_again(served, gpu):
    if not runs_on(served, shipped().gpus[gpu]):
        pytest.skip("there is no such server")
    question, design = made(engine=served, gpu=gpu)
    files = commands.files(question, design, ASKED)
    for name, words in (("serve.sh", commands.serve(question, design)), ("bench.sh", commands.bench(question, design))):
        lines = [line for line in files[name].splitlines() if not line.startswith("#")]
        assert shlex.split("\n".join(lines).replace("\\\n", "")) == words
    assert json.loads(files["request.json"]) == ASKED
    assert plain.design_from(json.loads(files["design.json"]), question, shipped()) == design
    deployment, service, *config = documents(files["kubernetes.yaml"])
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["spec"]["replicas"] == design.replicas
    assert container["resources"]["limits"] == {"amd.com/gpu" if gpu == "mi300x" else "nvidia.com/gpu": 2}
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    ports = container["ports"][0]["containerPort"], container["readinessProbe"]["httpGet"]["port"]
    assert set(ports) == {service["spec"]["ports"][0]["targetPort"]} == {commands.PORTS[served]}
    assert (container["image"] == "YOUR-IMAGE") == (gpu == "mi300x" or served == "trtllm")
    assert bool(config) == (served == "trtllm") == ("trtllm.yaml" in files)
    if config:
        assert block([x for x in files["trtllm.yaml"].split("\n") if x], 0)["kv_cache_config"]["dtype"] == "auto"
        assert config[0]["data"]["trtllm.yaml"].strip() == files["trtllm.yaml"].strip()
        assert {mount["name"] for mount in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
        assert "/config/trtllm.yaml" in container["command"]


def test_a_foreign_model_writes_nothing_but_its_name():
    """A pasted config.json may carry any name; it must stay within a comment and a label."""
    question, design = made()
    bad = replace(question.model, id='x"\n- {evil}: $(rm)', name="a\nb: `c` {port}", checkpoint="")
    question, design = replace(question, model=bad), replace(design, deployment=replace(design.deployment, model=bad))
    files = commands.files(question, design, ASKED)
    deployment, _ = documents(files["kubernetes.yaml"])
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", deployment["metadata"]["name"])
    assert "YOUR-ORGANISATION/YOUR-CHECKPOINT" in deployment["spec"]["template"]["spec"]["containers"][0]["command"]
    assert "$(" not in files["serve.sh"] and "`" not in files["serve.sh"]
    for id in ("", "---", "0.5b", "Ü" * 80, "a" * 200):
        label = commands.label(replace(design, deployment=replace(design.deployment, model=replace(bad, id=id))))
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", label)


def test_the_notebook_is_one_of_format_4_5_and_its_code_is_python():
    question, design = made()
    found = json.loads(
        commands.files(question, design, {**ASKED, "traffic": {"trace": 'it\'s "mine".csv'}})["kvwall.ipynb"]
    )
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert set(found) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    ids = [cell["id"] for cell in found["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", id) for id in ids)
    for cell in found["cells"]:
        code = cell["cell_type"] == "code"
        assert set(cell) == {"cell_type", "id", "metadata", "source", *(("execution_count", "outputs") if code else ())}
        if code:
            ast.parse("".join(line for line in cell["source"] if not line.startswith("%")))


def test_no_file_holds_a_secret():
    question, design = made()
    text = "\n".join(commands.files(question, design, ASKED).values())
    assert "secretKeyRef" in text and not re.search(r"hf_\w{8,}|sk-\w{8,}|password", text)


def test_the_flags_are_of_the_version_that_is_named():
    assert vllm.VERSION in commands.IMAGES["vllm"]


def test_a_design_as_plain_data_comes_back():
    question, design = made(weight_bits=8, kv_bits=8, gpus_per_replica=4, seats=128)
    assert plain.design_from(plain.design_to_plain(design), question, shipped()) == design
    assert isinstance(design, Design)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"gpu": "h1000"}, "unknown_name"),
        ({"gpu": None}, "needed"),
        ({"replicas": 0}, "out_of_range"),
        ({"replicas": 1.5}, "not_whole"),
        ({"gpus_per_replica": 9}, "out_of_range"),
        ({"gpus_per_replica": 3}, "heads"),
        ({"gpus_per_replica": 4, "attention_groups": 3}, "heads"),
        ({"gpus": 5}, "gpus_disagree"),
        ({"weight_bits": 5}, "unknown_name"),
        ({"engine": "mine"}, "unknown_name"),
        ({"engine": "trtllm", "gpu": "mi300x"}, "engine_gpu"),
        ({"seats": None}, "needed"),
        ({"seat": 3}, "unknown_key"),
        ({"best": None}, "no_best"),
        ({"best": [1]}, "no_table"),
    ],
)
def test_a_design_that_cant_be_read_says_why(changes, name):
    with pytest.raises(plain.AskError) as refusal:
        made(**changes)
    assert refusal.value.name == name


def test_a_design_without_a_replica_to_spare_is_refused():
    question, _ = made()
    with pytest.raises(plain.AskError) as refusal:
        plain.design_from(DESIGN, replace(question, spare=3), shipped())
    assert refusal.value.name == "all_spare"


def test_no_search_looks_at_an_engine_where_it_doesn_t_run():
    question = asked(allowed={"gpus": ["mi300x", "h100-sxm"], "engines": ["vllm", "trtllm"]})
    found = {(made.engine, made.gpu.id) for made in deployments(question, shipped())[0]}
    assert found == {("vllm", "mi300x"), ("vllm", "h100-sxm"), ("trtllm", "h100-sxm")}
