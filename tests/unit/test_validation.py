"""Anybody's measurements beside the engine's figures: what files may look like, what is said, and what one anchor does."""

import json
from dataclasses import replace
from random import Random

import pytest

import engine
from tests.validation.accuracy import content
from tools.validation import __main__ as command
from tools.validation import columns, predicting

KNOWN = command.shipped()

CLOSED = """# servers of a test
gpu,engine,model,weight_bits,prompt_tokens,output_tokens,tp,concurrency,mean_ttft_ms,mean_tpot_ms
h100_sxm,vllm,Llama-3.1-70B-Instruct,8,512,128,4,8,100,13
"H100 SXM, 80 GB",vllm,meta-llama/Llama-3-70B,8,512,128,4,4,80,12
rtx-9999,vllm,Llama-3.1-70B,8,512,128,4,4,80,12
h100,vllm,a model of my own,8,512,128,4,4,80,12
h100,vllm,Llama-3.1-70B,8,many,128,4,4,80,12
h100,vllm,Llama-3.1-70B,8,512,128,4,4,,
"""
STEPS = "phase,tp,batch,context_or_prompt_tokens,step_ms\ndecode,4,8,1024,14.5\nprefill,4,1,512,20\n"
START = (
    "model,gpu,tp,util,weight_dtype,kv_bits,kv_tokens,weights_gib_per_gpu,available_kv_gib_per_gpu,token_budget\n"
    "llama-3.1-70b,H200-141,1,0.9,fp8,8,,67.7,,8192\n"
    "mistral-7b,A100-80,1,0.9,gptq4,16,,3.8844,,2048\n"
)


def read(text, name="file.csv", **options):
    return columns.read(KNOWN, name, text, options)


def write(tmp_path, text, name="file.csv"):
    place = tmp_path / name
    place.write_text(text, encoding="utf-8")
    return place


def test_rows_are_read_or_refused_one_by_one_with_a_reason():
    cases, refused = read(CLOSED)
    assert [case.line for case in cases] == [3, 4]
    assert {case.deployment.gpu.id for case in cases} == {"h100-sxm"}
    assert {case.deployment.model.id for case in cases} == {"llama-3-70b", "llama-3.1-70b"}
    said = {row.line: row.reason for row in refused}
    assert sorted(said) == [5, 6, 7, 8]
    assert (
        "rtx-9999" in said[5] and "a model of my own" in said[6] and "many" in said[7] and "nothing measured" in said[8]
    )


def test_what_columns_do_not_say_comes_from_options_then_from_the_name():
    (decode, prefill), _ = read(STEPS, "steps_a100_llama70b_bf16.csv")
    assert (decode.deployment.gpu.id, decode.deployment.engine) == ("a100-sxm", "kernels")
    (other, _), _ = read(STEPS, "steps_a100_llama70b_bf16.csv", gpu="h100")
    assert other.deployment.gpu.id == "h100-sxm"
    cases, refused = read(STEPS)
    assert not cases and all("--" in row.reason for row in refused)
    assert predicting.predict(KNOWN, prefill)["step_prefill_s"] > 0


def test_start_up_lines_weigh_what_published_servers_said():
    """Llama-3.1-70B FP8 67.7 GiB (DO-Solutions/gtc-2026-doks), Mistral-7B GPTQ 3.88 GiB: within a hundredth."""
    cases, _ = read(START)
    for case in cases:
        assert predicting.predict(KNOWN, case)["weights"] == pytest.approx(case.measured["weights"], rel=0.01)


def test_a_mixture_in_groups_of_128_is_not_one_in_mxfp4():
    """Mixtral-8x7B in AWQ is 24.65 GB on the hub; gpt-oss-120b's MXFP4 65.2 GB before kernels pad its matrices, and 65.97 GiB as
    vLLM's Marlin kernels have loaded it (vllm-project/vllm#23278)."""
    assert engine.checkpoint_bytes(KNOWN.models["mixtral-8x7b"], 4, "awq4") / 1e9 == pytest.approx(24.65, rel=0.02)
    assert engine.checkpoint_bytes(KNOWN.models["gpt-oss-120b"], 4) / engine.GIB == pytest.approx(65.97, rel=0.005)


def test_a_thousand_seats_cost_what_was_measured():
    """1,024 instead of 128 seats took 3.24 GiB of a Llama-70B's cache (vLLM 0.14 on an H200)."""
    deployment = engine.Deployment(KNOWN.models["llama-3-70b"], KNOWN.gpus["h200-sxm"], 1, 8, 8)
    many, few = (engine.engine_reserve(deployment, 0.9, 8192, seats) for seats in (1024, 128))
    taken = many.activation_bytes_per_gpu - few.activation_bytes_per_gpu
    assert taken / engine.GIB == pytest.approx(3.24, rel=0.02)


def test_parallel_experts_are_not_more_gpus_than_there_are():
    """A source that writes tensor and expert parallelism side by side: 64 with 8 by 8 is eight GPUs."""
    assert columns.replica_gpus({"tp": "64", "moe_tp": "8", "ep": "8"}) == 8
    assert columns.replica_gpus({"tp": "1", "moe_tp": "1", "ep": "8"}) == 8
    assert columns.replica_gpus({"tp": "4", "moe_tp": "1", "ep": "1"}) == 4


def test_errors_are_those_of_the_definition():
    def row(measured, predicted):
        return command.Compared(1, "x", measured, predicted, {})

    found = command.errors([row(10, 11), row(10, 8), row(10, 10)])
    assert found == pytest.approx({"n": 3, "mape": 0.1, "median": 0.1, "worst": 0.2, "bias": -0.1 / 3})


def requests(rate):
    """A trace as one row a request; its times are told anew below."""
    lines = ["rate_per_s,arrival_s,prompt_tokens,output_tokens,ttft_s,generation_s"]
    lines += [f"{rate},{i / rate:.3f},900,200,{0.1 + 0.001 * i},{12 + 0.001 * i}" for i in range(120)]
    return "\n".join(lines)


def test_one_anchor_fits_one_number_and_is_left_out(tmp_path):
    rows = requests(1) + "\n" + "\n".join(requests(3).splitlines()[1:])
    place = write(tmp_path, rows, "requests_vllm_llama70b_2x_a100_bf16.csv")
    cases, _ = read(rows, place.name)
    with_few = [predicting.predict(KNOWN, replace(case, kv_tokens=20_000)) for case in cases]
    told = [replace(case, measured=figures) for case, figures in zip(cases, with_few, strict=True)]
    row, number, predicted = predicting.anchored(KNOWN, told, "kv", None)
    assert number == pytest.approx(20_000, rel=0.05)
    other = next(case for case in told if case is not row)
    assert predicted(other)["ttft_p99_s"] == pytest.approx(other.measured["ttft_p99_s"], rel=0.25)


@pytest.mark.parametrize("words", [["--anchor", "luck"], ["--data", "no-such-file.csv"]])
def test_what_can_not_be_done_is_one_sentence(tmp_path, capsys, words):
    place = write(tmp_path, CLOSED)
    assert command.main([*([] if "--data" in words else ["--data", str(place)]), *words]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and ("luck" in said or "no-such-file" in said)


NOTHING = {
    "empty": "",
    "comment": "# only a comment\n",
    "unknown": "a,b\n1,2\n",
    "bytes": "\x01\x02",
    "heading": "gpu\n",
    "cells": "phase,latency_ms\n,\n",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_a_file_of_no_known_shape_is_a_sentence(tmp_path, capsys, text):
    assert command.main(["--data", str(write(tmp_path, text))]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_the_answer_as_data_holds_every_row_and_every_reason(tmp_path, capsys):
    assert command.main(["--data", str(write(tmp_path, CLOSED)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["rows"]) == 4 and len(found["refused"]) == 4
    assert {row["figure"] for row in found["rows"]} == {"ttft_mean_s", "tpot_mean_s"}
    assert all(row["predicted"] > 0 for row in found["rows"])


HOSTILE = {
    "tp": ["0", "3", "1.5", "-1", "nan", "1e308"],
    "prompt_tokens": ["0", "-5", "inf", "nan", "1e308", "1e10"],
    "concurrency": ["0", "-1", "2.5", "1000000000"],
    "weight_bits": ["6", "many"],
    "mean_tpot_ms": ["nan", "-3", "1e308"],
    "attention_dp": ["3", "nan"],
    "kv_bits": ["7"],
    "util": ["5"],
    "gpu": ["H100 NVL", "A100-PCIE-40GB", "GB300", "L40"],
    "model": ["DeepSeek-R1-Distill-Llama-70B", "Qwen2.5-VL-7B-Instruct"],
}
ROW = {
    "gpu": "h100",
    "engine": "vllm",
    "model": "Llama-3.1-70B",
    "weight_bits": "8",
    "prompt_tokens": "512",
    "output_tokens": "128",
    "tp": "4",
    "concurrency": "4",
    "mean_tpot_ms": "12",
    "attention_dp": "1",
    "kv_bits": "16",
    "util": "0.9",
}


@pytest.mark.parametrize(
    ("column", "value"), [(column, value) for column, values in HOSTILE.items() for value in values]
)
def test_what_can_not_be_is_refused_and_never_simulated(tmp_path, capsys, column, value):
    row = {**ROW, column: value}
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    assert command.main(["--data", str(write(tmp_path, text)), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == [] and len(found["refused"]) == 1 and found["refused"][0]["reason"]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("A100-SXM4-40GB", "a100-40"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("AMD Instinct MI300X", "mi300x"),
        ("h200_sxm", "h200-sxm"),
    ],
)
def test_cards_are_known_by_the_names_that_drivers_and_files_give_them(name, id):
    assert columns.find_gpu(KNOWN, name).id == id


def test_a_column_that_stands_twice_and_text_of_another_coding_are_sentences(tmp_path, capsys):
    assert command.main(["--data", str(write(tmp_path, CLOSED.replace("engine", "gpu")))]) == 1
    (tmp_path / "wide.csv").write_text(CLOSED, encoding="utf-16")
    assert command.main(["--data", str(tmp_path / "wide.csv")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "twice" in said[0] and "UTF-8" in said[1]


RATES = """# vLLM on an H200, Llama-3.1-70B FP8, FP8 cache
run,workload,rate_per_s,completed,mean_prompt,mean_output,mean_ttft_ms,median_ttft_ms,p99_ttft_ms,mean_tpot_ms
one,sharegpt,0.5,300,207.5,198.3,80.41,66.47,180.75,20.5
one,sharegpt,1.0,300,207.5,197.0,56.65,56.49,72.92,20.38
one,sharegpt,2.5,300,207.5,197.9,62.82,63.65,78.75,21.62
"""


def test_a_sweep_that_sends_the_same_prompts_again_finds_them_cached():
    """DO-Solutions/gtc-2026-doks (MIT): vLLM 0.14 on one H200. From its second rate on prompts of 207 tokens begin to be
    answered within three steps of 20 ms, whatever their length: within two fifths, where reading them is 140 % off."""
    cases, refused = read(RATES, "p99_vllm_h200_llama70b_fp8.csv")
    assert not refused and [case.cached for case in cases] == [0, 1, 1]
    for case in cases:
        found = predicting.predict(KNOWN, case)
        for name in ("ttft_mean_s", "ttft_p50_s", "ttft_p99_s"):
            assert found[name] == pytest.approx(case.measured[name], rel=0.4), (case.line, name)
    with pytest.raises(columns.Unexpressed, match="cache"):
        predicting.predict(KNOWN, replace(cases[1], cached=0.0))


def test_prompts_are_taken_as_repeated_only_where_they_are_or_a_row_says_so():
    other = RATES.replace("one,sharegpt,1.0", "two,sharegpt,1.0").replace("1.0,300,207.5", "1.0,300,207.6")
    assert [case.cached for case in read(other, "vllm_h200_llama70b.csv")[0]] == [0, 0, 1]
    fixed = RATES.replace("207.5", "207.0")
    assert [case.cached for case in read(fixed, "vllm_h200_llama70b.csv")[0]] == [0, 0, 0]
    heading, *rows = RATES.splitlines()[1:]
    for column, cells, found in (
        ("repeats", "0 yes 0", [0, 1, 0]),
        ("prefix_cached_share", "0.5 0 0.25", [0.5, 0, 0.25]),
    ):
        own = "\n".join(
            [f"{heading},{column}", *(f"{row},{cell}" for row, cell in zip(rows, cells.split(), strict=True))]
        )
        assert [case.cached for case in read(own, "vllm_h200_llama70b.csv")[0]] == found
    wrong = RATES.replace("mean_tpot_ms", "prefix_cached_share")  # 20.5 of each prompt
    assert len(read(wrong, "vllm_h200_llama70b.csv")[1]) == 3


def test_a_share_of_the_prompt_that_is_cached_lies_between_all_and_nothing():
    case = read(RATES, "p99_vllm_h200_llama70b_fp8.csv")[0][0]
    case = replace(case, asked={**case.asked, "prompt": 4000.0, "n": 60}, label="")
    cold, half, warm = (predicting.predict(KNOWN, replace(case, cached=share))["ttft_p50_s"] for share in (0, 0.5, 1))
    assert warm < 0.6 * half and half < 0.75 * cold


def test_figures_that_are_left_out_are_left_out_with_a_reason(tmp_path, capsys):
    text = ",".join([*ROW, "mean_ttft_ms", "protocol"]) + "\n" + ",".join([*ROW.values(), "90", "gap"]) + "\n"
    assert command.main(["--data", str(write(tmp_path, text)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["figure"] for row in found["rows"]] == ["tpot_mean_s"] and "first token" in found["refused"][0][
        "reason"
    ]


def test_a_card_that_its_source_does_not_name_tells_nothing_of_the_cache():
    """Two cards of 80 GB show the same memory; vLLM's seats on them differ fourfold, and with them what is left."""
    row = "llama-3.1-70b,80GB,1,0.98,int8,16,22096,67.7229,,2048\n"
    (case,), _ = read(START.splitlines()[0] + "\n" + row)
    assert list(case.measured) == ["weights"] and "doesn't name the card" in case.apart


TRTLLM = """# InferenceMAX
gpu,engine,model,weight_bits,kv_bits,prompt_tokens,output_tokens,tp,concurrency,mean_ttft_ms,mean_tpot_ms
h200_sxm,trtllm,Llama-3.1-70B,8,8,1024,1024,1,4,562.2,20.11
h200_sxm,trtllm,Llama-3.1-70B,8,8,1024,1024,2,32,565.1,15.4
h200_sxm,trtllm,Llama-3.1-70B,8,8,1024,1024,8,16,103.2,7.7
"""


def test_newcomers_wait_as_the_measured_server_lets_them():
    """InferenceMAX on H200: on fewer than 8 GPUs the script lets newcomers wait up to 20 steps, most of their first token."""
    cases, refused = read(TRTLLM)
    assert not refused and [case.start.wait_steps for case in cases] == [20, 20, 0]
    for case in cases:
        assert predicting.predict(KNOWN, case)["ttft_mean_s"] == pytest.approx(case.measured["ttft_mean_s"], rel=0.12)
    quick = replace(cases[0], start=replace(cases[0].start, wait_steps=0))
    assert predicting.predict(KNOWN, quick)["ttft_mean_s"] < 0.5 * cases[0].measured["ttft_mean_s"]


def test_how_a_server_was_started_is_the_rows_word_first():
    own = TRTLLM.replace("mean_tpot_ms", "mean_tpot_ms,wait_steps").replace("20.11", "20.11,5").replace("15.4", "15.4,")
    first, second, _ = read(own.replace("7.7", "7.7,0"))[0]
    assert first.start.wait_steps == 5 and not first.assumed
    assert second.start.wait_steps == 20 and second.assumed
    gap = TRTLLM.replace("mean_tpot_ms", "mean_tpot_ms,protocol").replace("20.11", "20.11,gap")
    assert read(gap)[0][0].start.wait_steps == 0


SGLANG = """# InferenceMAX
gpu,engine,model,weight_bits,kv_bits,prompt_tokens,output_tokens,tp,concurrency,mean_ttft_ms,mean_tpot_ms
b200_sxm,sglang,DeepSeek-R1,4,8,1024,1024,8,8,203.7,9.2
b200_sxm,sglang,DeepSeek-R1,4,8,1024,1024,8,128,645.0,20.6
h200_sxm,sglang,DeepSeek-R1,8,16,1024,1024,8,8,244.9,12.5
h200_sxm,sglang,DeepSeek-R1,8,16,1024,1024,8,32,337.5,23.3
"""


def test_a_server_that_looks_for_newcomers_seldom_lets_them_wait():
    """InferenceMAX, DeepSeek-R1: rows that the constants weren't fitted to, within their expected errors twice over."""
    cases, _ = read(SGLANG)
    assert [case.start.poll_steps for case in cases] == [10, 30, 1, 1]
    for case in cases:
        found = predicting.predict(KNOWN, case)
        for name, claim in (("tpot_mean_s", "tpot"), ("ttft_mean_s", "ttft")):
            share, _ = engine.expected_error(case.deployment, KNOWN.calibrations, claim)
            assert found[name] == pytest.approx(case.measured[name], rel=2 * share), (case.line, name)


def test_an_error_that_is_carried_over_is_as_wide_as_carrying_costs():
    """The FP8 servers on H100 that the lab ships (InferenceMAX), as if nobody had measured FP8."""
    served = content("measurements")["served"]
    heading = (
        "gpu,engine,model,weight_bits,kv_bits,prompt_tokens,output_tokens,tp,concurrency,mean_ttft_ms,mean_tpot_ms\n"
    )
    rows = [f"h100,vllm,llama-3-70b,8,16,{','.join(map(str, row))}" for row in served["rows"] if row[0] == 1024]
    cases, _ = read(heading + "\n".join(rows))
    left = [constants for constants in KNOWN.calibrations if constants.weight_bits != 8]
    misses: dict[str, list[float]] = {"tpot_mean_s": [], "ttft_mean_s": []}
    for case in cases:
        constants = engine.calibration_for(case.deployment, left)
        found = predicting.predict(KNOWN, case, engine.StepCost(case.deployment, constants))
        for name, missed in misses.items():
            missed.append(abs(found[name] / case.measured[name] - 1))
    for claim, missed in zip(("tpot", "ttft"), misses.values(), strict=True):
        own, _ = engine.expected_error(cases[0].deployment, KNOWN.calibrations, claim)
        carried, near = engine.expected_error(cases[0].deployment, left, claim)
        assert "weights" in engine.how_known(cases[0].deployment, near)
        assert own < carried and sum(missed) / len(missed) < carried


def test_first_tokens_that_came_before_their_prompts_could_be_read_are_told():
    """Requests of 900 tokens on two A100 take a third of a second to read: a tenth of one says that somebody else had."""
    name = "requests_vllm_llama70b_2x_a100_bf16.csv"
    (hits,), _ = read(requests(1), name)
    assert "prefix cache" in hits.assumed and command.assumptions([hits])[0].startswith(f"line {hits.line}")
    heading, *rows = requests(1).splitlines()
    cells = [row.split(",") for row in rows]
    slow = [",".join([*row[:4], f"{0.4 + float(row[4]):.3f}", row[5]]) for row in cells]
    (read_whole,), _ = read("\n".join([heading, *slow]), name)
    assert not read_whole.assumed and not command.assumptions([read_whole])


def test_the_front_end_is_an_anchor_by_both_its_names(tmp_path):
    place = write(tmp_path, TRTLLM)
    one, other = (command.validate(place, {}, anchor)[2].splitlines()[0] for anchor in ("front", "frontend"))
    assert one == other and "front end" in one


def chats(first_token_s):
    """Twelve users who ask in turn, four rounds: a trace as one row a request."""
    lines, prompts = (
        ["arrival_s,prompt_tokens,output_tokens,ttft_s,generation_s"],
        [1000 + 200 * (7 * user % 12) for user in range(12)],
    )
    for at in range(48):
        user = at % 12
        lines.append(f"{at * 4},{prompts[user]},{100 + user},{first_token_s},6")
        prompts[user] += 100 + user + 20
    return "\n".join(lines)


def test_prompts_that_came_too_soon_and_go_on_with_earlier_ones_are_conversations():
    name = "requests_vllm_llama70b_2x_a100_bf16.csv"
    (quick,), _ = read(chats(0.05), name)
    assert "conversations" in quick.assumed and all(request.prefix for request in quick.trace)
    (slow,), _ = read(chats(5), name)
    assert not slow.assumed and not any(request.prefix for request in slow.trace)
    said, untold = (predicting.predict(KNOWN, case)["ttft_mean_s"] for case in (quick, slow))
    assert said < 0.6 * untold


@pytest.mark.parametrize(
    ("column", "value", "refused"),
    [("mtp", "1", 1), ("mtp", "0", 0), ("speculation", "eagle3", 1), ("spec_decoding", "none", 0)],
)
def test_servers_that_guess_are_refused_for_what_isn_t_told_of_their_guesses(column, value, refused):
    text = (
        f"gpu,engine,model,weight_bits,prompt_tokens,output_tokens,tp,concurrency,mean_ttft_ms,mean_tpot_ms,{column}\n"
    )
    cases, reasons = read(text + f"h100_sxm,vllm,llama-3.1-70b,8,512,128,4,8,100,13,{value}\n")
    assert (len(cases), len(reasons)) == (1 - refused, refused)
    assert all("isn't given" in reason.reason for reason in reasons)


def test_a_run_s_name_tells_what_its_columns_do_not():
    """Names of DO-Solutions/gtc-2026-doks; its start-up lines have the same numbers."""
    text = "run,workload,rate_per_s,completed,mean_prompt,mean_output,mean_ttft_ms,max_num_seqs\n"
    rows = [
        "seqs128_2026,chat,1,50,500,50,90,",
        "batch16k,chat,1,50,500,50,90,",
        "mem095,chat,1,50,500,50,90,64",
        "x,chat,1,50,500,50,90,",
    ]
    cases, _ = read(text + "\n".join(rows), "vllm_h200_llama70b_fp8.csv")
    assert [case.seats for case in cases] == [128, 1024, 64, 1024]
    assert [case.token_budget for case in cases] == [8192, 16384, 8192, 8192]
    assert [case.utilization for case in cases] == [0.9, 0.9, 0.95, 0.9]


@pytest.mark.parametrize("servers", [1, 2, 3])
def test_how_many_queues_gave_the_first_tokens_is_told_by_their_order(servers):
    """Each server answers in order of arrival, one later than the other."""
    random = Random(servers)
    requests = [engine.Request(0.1 * i, 100, 10) for i in range(200)]
    ttft = [5.0 + (5 * random.randrange(servers) if i > 50 else 0) for i in range(200)]
    assert columns.queues(requests, ttft) == servers


def test_a_run_whose_rows_tell_of_two_servers_is_refused_with_the_line():
    head, *rows = chats(5).splitlines()
    for value in ("a100-sxm", ""):
        text = "\n".join([f"{head},gpu", *(f"{row},{'h100-sxm' if i < 20 else value}" for i, row in enumerate(rows))])
        cases, (refused,) = read(text, "x.csv", model="llama-3.1-8b", engine="vllm")
        assert not cases and refused.line == 22 and "another gpu" in refused.reason


def test_a_request_that_can_not_be_read_is_named_by_its_line():
    head, *rows = chats(5).splitlines()
    rows[30] = rows[30].replace(",5,", ",,")
    cases, (refused,) = read("\n".join([head, *rows]), "x.csv", model="llama-3.1-8b", gpu="h100-sxm", engine="vllm")
    assert not cases and refused.line == 32 and "ttft_s" in refused.reason and "48 requests" in refused.reason


@pytest.mark.parametrize(
    ("run", "column", "value", "seats"),
    [
        ("seqs2", "seats", "256", 256),
        ("seqs0", "seats", "", 1024),
        ("seqs2", "seats", "", 2),
        ("seqs999999999999", "seats", "", 1024),
    ],
)
def test_a_column_of_any_name_comes_before_a_run_s_name(run, column, value, seats):
    text = f"run,rate_per_s,completed,mean_prompt,mean_output,mean_ttft_ms,{column}\n{run},1,50,500,50,90,{value}\n"
    (case,), _ = read(text, "x.csv", model="llama-3.1-8b", gpu="h100-sxm", engine="vllm")
    assert case.seats == seats and ("run's name" in case.assumed) == (seats == 2)


@pytest.mark.parametrize("text", ["a,b\n1,2,3\n", "arrival_s;ttft_s\n1,5;0,2\n", "a,b\n"])
def test_a_table_of_no_known_shape_is_refused_by_its_columns(text):
    with pytest.raises(columns.Unexpressed, match="No shape of measurements is known for the columns a"):
        read(text)
