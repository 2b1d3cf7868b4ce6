"""The commands for a real server: each flag follows from the design, and vLLM's own rules are kept."""

import csv
import io
import json
import math
import re
import shlex
from dataclasses import replace

import pytest

from acts.promises import cluster, now, serving
from launch import vllm
from tests import lab as native

COURSE = native.shipped()
POLICIES = [policy["id"] for policy in COURSE.at("act2.policies")]


def run(side="a", **changes):
    """A side's run at the defaults, with some fields changed."""
    return replace(now.sides(COURSE, native.start())[side], **changes)


def flags(words):
    """The options of a command with their values, None for one without."""
    found, name = {}, None
    for word in words:
        if word.startswith("--"):
            name = word
            found[name] = None
        elif name:
            found[name] = word
            name = None
    return found


def test_the_server_is_set_up_like_the_design():
    found = flags(cluster.serve(COURSE, run(gpus=4, max_batch=24, max_sequence=1024, policy="chunked")))
    assert found["--tensor-parallel-size"] == "4"
    assert found["--max-num-seqs"] == "24"
    assert found["--max-model-len"] == "1024"
    assert found["--max-num-batched-tokens"] == str(COURSE.at("act2.simulation.token_budget"))
    assert float(found["--gpu-memory-utilization"]) == COURSE.at("act2.deployment.utilization")
    assert "--enable-chunked-prefill" in found and "--no-enable-prefix-caching" in found
    assert found["--dtype"] == "bfloat16" and "--quantization" not in found


def test_eight_bits_are_fp8():
    found = flags(cluster.serve(COURSE, run(weight_bits=8, kv_bits=8)))
    assert found["--quantization"] == "fp8" and found["--kv-cache-dtype"] == "fp8" and "--dtype" not in found


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("max_sequence", [256, 2048, 8192, 16384])
@pytest.mark.parametrize("max_batch", [1, 128])
def test_the_rules_without_which_vllm_does_not_start(policy, max_sequence, max_batch):
    found = flags(cluster.serve(COURSE, run("b", policy=policy, max_sequence=max_sequence, max_batch=max_batch)))
    budget = int(found["--max-num-batched-tokens"])
    assert budget >= max_batch
    assert "--enable-chunked-prefill" in found or budget >= max_sequence


def test_a_draft_is_named_with_its_tokens():
    config = json.loads(flags(cluster.serve(COURSE, run(policy="speculative")))["--speculative-config"])
    assert config["method"] == "draft_model"
    assert config["num_speculative_tokens"] == COURSE.at("act2.simulation.speculation_tokens")
    assert config["model"] == COURSE.models[COURSE.at("act2.simulation.draft_model")].checkpoint
    assert "--speculative-config" not in flags(cluster.serve(COURSE, run()))


@pytest.mark.parametrize("workload", COURSE.at("act2.design.workloads"))
@pytest.mark.parametrize("limit", [256, 1024, 4096, 8192])
def test_the_longest_pair_of_the_benchmark_fits_the_server(workload, limit):
    prompt, output, spread = cluster.lengths(COURSE, run("b", workload=workload, max_sequence=limit))
    longest = math.ceil(prompt * (1 + spread)) + math.ceil(output * (1 + spread))  # vLLM rounds both up
    assert 0 <= spread < 1 and prompt >= 1 and output >= 1 and longest <= limit


def test_the_benchmark_offers_the_load_and_the_lengths_of_the_simulated_traffic():
    asked = run("a", load=2.5)
    found = flags(cluster.bench(COURSE, "a", asked))
    traffic = serving.traffic(COURSE, asked)
    mean = sum(request.prompt_tokens for request in traffic) / len(traffic)
    assert float(found["--request-rate"]) == 2.5
    assert int(found["--num-prompts"]) == len(traffic)
    assert float(found["--random-input-len"]) == pytest.approx(mean, rel=0.03)
    assert found["--goodput"] == "ttft:200" and found["--metric-percentiles"] == "50,99"
    assert "--goodput" not in flags(cluster.bench(COURSE, "b", asked))


@pytest.mark.parametrize("cv", [1, 2, 4])
def test_the_burstiness_gives_gaps_of_the_same_variation(cv):
    shape = float(flags(cluster.bench(COURSE, "a", run(cv=cv)))["--burstiness"])
    assert 1 / math.sqrt(shape) == pytest.approx(cv)  # a gamma distribution's coefficient of variation


@pytest.mark.parametrize("policy", POLICIES)
def test_a_shell_takes_the_command_apart_as_it_was_put_together(policy):
    for words in (cluster.serve(COURSE, run(policy=policy)), cluster.bench(COURSE, "a", run(policy=policy))):
        assert shlex.split(vllm.shell(words).replace("\\\n", "")) == words


def test_what_does_not_map_is_said():
    def named(**changes):
        return set(cluster.gaps(COURSE, "a", run(**changes)))

    assert "static" in named(policy="static")
    assert "no_eviction" in named(policy="no_eviction")
    assert {"mixed", "acceptance"} <= named(policy="speculative")
    assert named(policy="chunked") == {"tail"}
    assert "kv_heads" in named(kv_heads=64) and "bursts" in named(cv=4) and "context" in named(max_sequence=16384)
    for name in named(policy="static", kv_heads=64, cv=2, max_sequence=16384) | {"lengths", "acceptance"}:
        assert COURSE.at(f"report.cluster.gaps.{name}")


def test_a_plan_counts_whole_replicas_at_the_load_that_was_tested():
    asked = run("a", load=2)
    plan = cluster.plan(COURSE, "a", asked, native.ran(asked), 21, 12)
    assert plan["replicas"] == 11  # ten would carry 20
    assert plan["gpus"] == 11 * asked.gpus
    assert plan["gpu_hours_a_day"] == 11 * asked.gpus * 12
    assert plan["gpu_hours_per_million_requests"] == pytest.approx(11 * asked.gpus * 12 / (21 * 12 * 3600) * 1e6)
    assert plan["holds"] is True


def test_a_plan_says_that_a_design_misses_its_objective():
    asked = run("a", load=12)
    assert cluster.plan(COURSE, "a", asked, native.ran(asked), 12, 24)["holds"] is False


def test_plans_are_a_table():
    asked = run("a")
    rows = [cluster.plan(COURSE, "a", asked, native.ran(asked), 20, 24)]
    (row,) = csv.DictReader(io.StringIO(cluster.plan_csv(rows)))
    assert tuple(row) == cluster.COLUMNS
    assert float(row["ttft_p99_s"]) == native.ran(asked)["ttft_p99_s"]


def test_the_page_links_the_manual_of_the_version_whose_flags_are_used():
    assert COURSE.at("report.cluster.version") == vllm.VERSION


def test_every_model_of_the_catalogue_has_a_checkpoint_of_its_own():
    names = [model.checkpoint for model in COURSE.models.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", name) for name in names)
