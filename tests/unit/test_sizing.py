"""The search for a design: the vector form against the engine, bounds against runs, the search against trying everything."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

import engine
from sizing import explain, judge, plain, screen, search
from sizing.question import Design, deployments
from sizing.traffic import lengths_of, moments
from tests.unit.sizing_cases import CONFIG, asked, shipped


def every_deployment():
    """Each model on each GPU in each way that has a step time."""
    known = shipped()
    for model in known.models.values():
        for gpu in known.gpus.values():
            for gpus in (1, 2, 8):
                for bits in ((16, 16), (8, 8), (8, 16), (4, 8)):
                    for groups in (1, gpus) if model.experts and gpus > 1 else (1,):
                        made = engine.Deployment(model, gpu, gpus, *bits, "vllm", groups)
                        try:
                            engine.StepCost(made, engine.calibration_for(made, known.calibrations))
                        except engine.PhysicsError:
                            continue
                        yield made


def test_the_vector_form_is_the_engine():
    random, count = Random(1), 10_000
    replicas = random.sample(list(every_deployment()), 1000)
    costs = [engine.StepCost(each, engine.calibration_for(each, shipped().calibrations)) for each in replicas]
    place = [random.randrange(len(replicas)) for _ in range(count)]
    kinds = screen.kinds_of(replicas, shipped().calibrations, 0.9).at(np.array(place))
    seats, budgets = ([random.randint(1, most) for _ in range(count)] for most in (2000, 20_000))
    tokens = [random.randint(1, 300_000) for _ in range(count)]
    decodes = [random.choice((0, random.randint(1, 600))) for _ in range(count)]
    contexts = [each * random.randint(1, 30_000) for each in decodes]
    chunks = [
        [(random.randint(0, 9000), random.randint(1, 4000)) for _ in range(random.choice((0, 1, 3)))] or [(0, 7)]
        for _ in range(count)
    ]
    prompts, read, pairs = (
        np.array(column, dtype=float) for column in zip(*map(engine.prompt_work, chunks), strict=True)
    )
    steps = screen.step_s(kinds.rates, np.array(decodes, float), np.array(contexts, float), prompts, read, pairs)
    kv = screen.kv_budget_bytes(kinds, np.array(seats, float), np.array(budgets, float))
    each = screen.request_bytes(kinds, np.array(tokens, float))
    for i, at in enumerate(place):
        replica = replicas[at]
        assert steps[i] == pytest.approx(costs[at].seconds(decodes[i], contexts[i], chunks[i]), rel=1e-9)
        reserve = engine.engine_reserve(replica, 0.9, budgets[i], seats[i])
        assert kv[i] == pytest.approx(engine.memory_plan(replica, reserve)["kv_budget_bytes"], rel=1e-9, abs=1)
        assert each[i] == pytest.approx(engine.request_bytes(replica, tokens[i]), rel=1e-9)


def test_a_mean_step_answers_its_own_equation():
    question = asked(model="llama-3.1-70b", allowed={"gpus": ["h100-sxm"]})
    found, _ = deployments(question, shipped())
    kinds, lengths = screen.kinds_of(found, shipped().calibrations, 0.9), moments(question.traffic, 99)
    rate = np.full(len(found), 0.5)
    seconds = screen.loaded_step_s(kinds, rate, lengths)
    begun = rate * seconds
    writing = begun * lengths.output
    again = screen.mean_step_s(kinds.rates, writing, begun, lengths)
    lone_prompt = kinds.rates.attention_s * (np.minimum(begun, 1.0) + np.minimum(writing, 1.0) - 1.0)
    busy = np.isfinite(seconds)
    assert busy.any()
    assert again[busy] - lone_prompt[busy] == pytest.approx(seconds[busy], rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_no_run_is_better_than_its_bounds(seed):
    """A run of thousands at a rate below capacity: its figures may lie under the bounds by SLACK, no further."""
    random = Random(seed)
    model = random.choice(("llama-3.1-8b", "llama-3.1-70b", "qwen3-30b-a3b", "gemma-3-27b", "gpt-oss-120b"))
    workload = random.choice(("azure-2023-conversation", "sharegpt-vicuna", "azure-2023-code"))
    question = asked(model=model, traffic={"workload": workload, "rate_per_s": random.choice((0.5, 2, 6))})
    found, _ = deployments(question, shipped())
    random.shuffle(found)
    for replica in found:
        design = Design(replica, random.choice((16, 64, 256)), random.choice((1024, 2048, 8192)), 1)
        kinds, lengths = screen.kinds_of([replica], shipped().calibrations, 0.9), moments(question.traffic, 99)
        load = screen.Load(np.array([question.traffic.rate_per_s]), np.zeros(1), lengths)
        bound = screen.bounds(kinds, np.array([design.seats * 1.0]), np.array([design.token_budget * 1.0]), load)
        if bound.rate_per_s[0] and bound.share[0] < 0.9:
            break
    else:
        pytest.skip("nothing fits")
    run = judge.simulated(question, shipped(), design, 3000, 1)
    assert run is not None
    measured = judge.measured(run, 99, 1)
    for name in ("ttft_s", "tpot_s", "e2e_s"):
        assert measured[name] >= getattr(bound, name)[0] * (1 - search.SLACK), name


def test_capacity_is_no_less_than_what_a_flooded_server_does():
    for model in ("llama-3.1-8b", "llama-3.1-70b", "qwen3-30b-a3b"):
        question = asked(model=model, traffic={"rate_per_s": 500})
        found, _ = deployments(question, shipped())
        for replica in found[::3]:
            kinds, lengths = screen.kinds_of([replica], shipped().calibrations, 0.9), moments(question.traffic, 99)
            load = screen.Load(np.array([500.0]), np.zeros(1), lengths)
            most = screen.bounds(kinds, np.array([64.0]), np.array([2048.0]), load).rate_per_s[0]
            run = judge.simulated(question, shipped(), Design(replica, 64, 2048, 1), 1500, 1)
            if run is None or not most:
                assert run is None or not most
                continue
            done = len(run.requests) / (max(run.last_s) - run.arrival_s[0])
            assert done <= most * (1 + search.SLACK)
            assert done >= most * 0.6  # it is a bound that says something


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"promise": {"ttft_s": 0.3, "tpot_s": 0.02}},
        {"model": "qwen3-30b-a3b", "traffic": {"rate_per_s": 8}},
        {"traffic": {"workload": "azure-2023-code", "rate_per_s": 6}, "promise": {"ttft_s": 1.5, "tpot_s": None}},
        {"traffic": {"rate_per_s": 0, "users": 60}, "promise": {"ttft_s": 2.0}},
        {"prices": {"h100-sxm": 3.0, "a100-sxm": 1.0}, "traffic": {"rate_per_s": 12}},
        {"promise": {"percent": 95, "e2e_s": 20, "ttft_s": None, "tpot_s": None}},
    ],
)
def test_the_search_finds_what_trying_everything_finds(changes):
    question = asked(**changes)
    question = replace(question, allowed=replace(question.allowed, replica_gpus=(1, 2), kv_bits=(16,)))
    *_, answer = search.search(question, shipped())
    found, _ = deployments(question, shipped())
    kept = []
    for replica in found:
        for replicas in range(1, question.allowed.most_gpus // replica.gpus + 1):
            hourly = question.hourly(replica.gpu, replica.gpus * replicas)
            if answer.best and hourly >= answer.best.hourly:
                continue
            for seats in question.allowed.seats:
                design = Design(replica, seats, 2048, replicas)
                judgement = judge.judged(question, shipped(), design, 0.0, 1000, 3)  # the bounds are not asked
                if judgement.state == judge.KEPT:
                    judgement = judge.judged(question, shipped(), design, 0.0, 5000, 3)
                if judgement.state == judge.KEPT and (judgement.figures["busy_share"] or 0.0) < 0.97:
                    kept.append((hourly, design))
    assert not kept, "cheaper designs keep the promise, and the search did not find them"


def test_past_the_designs_that_are_tried_in_turn_the_strongest_are_and_what_was_passed_over_is_told(monkeypatch):
    traffic, promise = {"rate_per_s": 12, "workload": "azure-2023-code"}, {"ttft_s": 0.3, "tpot_s": 0.02}
    question = asked(traffic=traffic, promise=promise, allowed={"most_gpus": 8})
    *_, whole = search.search(question, shipped())
    assert whole.best and whole.tried[1].hourly < whole.best.hourly and not whole.untried
    monkeypatch.setattr(search, "MOST_BEST", 1)
    *_, hasty = search.search(question, shipped())
    assert hasty.best and hasty.best.judgement.state == judge.KEPT and hasty.best.hourly >= whole.best.hourly
    queue = search._queue(question, found := search.screened(question, shipped()), found.sure <= 1 + search.SLACK)
    cheaper = [hourly for _, hourly in queue if hourly < hasty.best.hourly]
    assert hasty.untried == len(cheaper) - sum(each.hourly < hasty.best.hourly for each in hasty.tried)
    monkeypatch.setattr(search, "MOST_OTHER", 0)
    *_, none = search.search(question, shipped())
    assert none.best is None and none.untried == len(queue) - 1


def test_where_no_design_is_sure_the_nearest_is_judged():
    """Its bounds keep the promise and, with the expected error, don't."""
    question = asked(promise={"ttft_s": None, "tpot_s": 1.0})
    found = search.screened(question, shipped())
    fastest = min(search.bound_of(question, shipped(), found.design(row)).tpot_s[0] for row in range(len(found.kind)))
    tight = asked(promise={"ttft_s": None, "tpot_s": float(fastest) * 1.05})
    *_, answer = search.search(tight, shipped())
    assert answer.best is None and answer.passed == 0 and answer.failing
    assert answer.failing.judgement.state in (judge.CLOSE, judge.BROKEN)


def test_more_traffic_never_costs_less():
    costs = []
    for rate in (1, 4, 16, 40):
        *_, answer = search.search(asked(traffic={"rate_per_s": rate}, allowed={"most_gpus": 16}), shipped())
        costs.append(answer.best.hourly if answer.best else math.inf)
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]


def test_a_spare_costs_a_replica_more_and_keeps_the_promise_without_it():
    alone, spared = (list(search.search(asked(spare=spare), shipped()))[-1].best for spare in (0, 1))
    assert alone and spared
    assert spared.design.replicas >= 2
    assert spared.hourly > alone.hourly


@pytest.mark.parametrize("users", [40, 300])
def test_users_who_all_come_at_the_start_are_not_what_a_promise_is_made_of(users):
    """A server that is long in its swing has no such crowd: a P99 of a run is near that of a longer one's later half, where
    windows of some thousand requests differ by up to twofold."""
    question = asked(traffic={"users": users, "rate_per_s": 0}, allowed={"gpus": ["h100-sxm"], "seats": [512]})
    replica = engine.Deployment(question.model, shipped().gpus["h100-sxm"], 1, 16, 16, "vllm")
    design = Design(replica, 512, 8192, 1)
    short, long = (judge.simulated(question, shipped(), design, count, 1) for count in (5000, 12_000))
    waits = [first - at for first, at in zip(long.first_s, long.arrival_s, strict=True)]
    steady = engine.percentile(waits[len(waits) // 2 :], 99)
    assert steady / 2 < judge.measured(short, 99, 1, users)["ttft_s"] < 2 * steady


def test_where_gpus_cost_nothing_no_more_of_them_are_taken_than_without_prices():
    free, unpriced = (
        list(search.search(asked(allowed={"gpus": ["h100-sxm"]}, **changes), shipped()))[-1].best
        for changes in ({"prices": {"h100-sxm": 0}}, {})
    )
    assert free.design.gpus == unpriced.design.gpus


def test_money_orders_designs_where_prices_are_given():
    cheap, dear = (
        list(search.search(asked(prices={"h100-sxm": 1, "a100-sxm": price}), shipped()))[-1].best
        for price in (0.01, 100)
    )
    assert cheap.design.deployment.gpu.id == "a100-sxm"
    assert dear.design.deployment.gpu.id == "h100-sxm"


@pytest.mark.parametrize(("mean", "tail"), [(1000, 4000), (200, 600), (500, 500), (8000, 60_000), (50, 90)])
def test_own_lengths_have_the_mean_and_the_tail_that_were_asked_for(mean, tail):
    question = asked(traffic={"workload": None, "prompt": {"mean": mean, "p99": tail}, "output": 100})
    table = lengths_of(mean, tail)
    shares = [(i + 0.5) / 20_000 for i in range(20_000)]
    drawn = [engine.quantile(table, share) for share in shares]
    assert sum(drawn) / len(drawn) == pytest.approx(mean, rel=0.03)
    assert drawn[int(0.99 * len(drawn))] == pytest.approx(tail, rel=0.12)
    assert moments(question.traffic, 99).output == 100


def test_a_recorded_traffic_is_replayed_at_the_rate_that_is_asked():
    recorded = [engine.Request(i * 0.5, 100 + i, 10) for i in range(50)]
    question = plain.question_from(
        {"model": "llama-3.1-8b", "traffic": {"rate_per_s": 8}, "promise": {"ttft_s": 1}}, shipped(), recorded
    )
    requests = question.traffic.sample(0.5, 400, 1)
    assert len(requests) == 400
    span = requests[-1].arrival_s - requests[0].arrival_s
    assert 399 / span == pytest.approx(4, rel=0.01)
    assert [r.arrival_s for r in requests] == sorted(r.arrival_s for r in requests)
    assert {r.prompt_tokens for r in requests} == {r.prompt_tokens for r in recorded}


def test_lengths_are_sampled_once_whatever_the_load():
    slow, fast = (asked(traffic={"rate_per_s": rate}).traffic for rate in (1, 50))
    assert moments(slow, 99) is moments(fast, 99)
    assert moments(slow, 99) is not moments(slow, 50)


def test_an_answer_is_plain_data_whose_figures_hang_together():
    question = asked(prices={"h100-sxm": 2.5, "a100-sxm": 1.5})
    *_, answer = search.search(question, shipped())
    told = explain.answer_to_plain(question, shipped(), answer)
    best = told["best"]
    assert best["state"] == "kept"
    assert best["gpus"] == best["replicas"] * best["gpus_per_replica"]
    price = dict(question.prices)[best["gpu"]]
    assert best["cost"]["money_per_hour"] == pytest.approx(price * best["gpus"])
    together = min(best["replicas"], judge.TOGETHER)
    written = best["figures"]["throughput_output_tokens_per_s"] / together * best["replicas"]
    assert best["cost"]["gpu_hours_per_million_output_tokens"] == pytest.approx(best["gpus"] * 1e6 / written / 3600)
    parts = best["memory"]
    whole = sum(
        parts[name] for name in ("outside_utilization_bytes", "weights_bytes", "activation_bytes", "kv_budget_bytes")
    )
    assert whole == pytest.approx(parts["total_bytes"])


def test_tokens_cost_what_the_whole_day_costs_them_and_where_that_isnt_known_it_is_not_told():
    daily = [1, 0.5, 0, 0.5] * 6  # half of the busiest hour's load, on the whole
    costs = {}
    for load in ({"rate_per_s": 4}, {"users": 20}):
        for day in ([], daily):
            traffic = {"daily": day, "workload": "azure-2023-conversation", "longest_tokens": 8192, **load}
            question = plain.question_from(
                {
                    "model": "llama-3.1-8b",
                    "traffic": traffic,
                    "promise": {"ttft_s": 9.0},
                    "allowed": {"gpus": ["h100-sxm"], "most_gpus": 1, "seats": [64], "token_budgets": [2048]},
                    "prices": {"h100-sxm": 2},
                    "kg_per_kwh": 0.4,
                },
                shipped(),
            )
            *_, answer = search.search(question, shipped())
            costs[*load, bool(day)] = explain.facts(question, shipped(), answer.best)["cost"]
    each = [name for name in costs["rate_per_s", True] if name.endswith("_per_million_output_tokens")]
    assert len(each) == 4
    for name in each:
        assert costs["rate_per_s", True][name] == pytest.approx(2 * costs["rate_per_s", False][name])
        assert costs["users", True][name] == pytest.approx(costs["users", False][name])
    assert costs["rate_per_s", True]["money_per_hour"] == costs["rate_per_s", False]["money_per_hour"]
    assert [each["day_share"] for each in costs.values()] == [1, 0.5, 1, None]


@pytest.mark.parametrize(
    ("changes", "name", "fact"),
    [
        ({"model": "llama-9"}, "unknown_name", "model"),
        ({"model": 7}, "unknown_name", "model"),
        ({"traffic": {"rate_per_s": -1}}, "out_of_range", "traffic.rate_per_s"),
        ({"traffic": {"rate_per_s": math.nan}}, "no_number", "traffic.rate_per_s"),
        ({"traffic": {"rate_per_s": True}}, "no_number", "traffic.rate_per_s"),
        ({"traffic": {"rate_per_s": 10**400}}, "no_number", "traffic.rate_per_s"),
        ({"traffic": {"rate_per_s": "5"}}, "no_number", "traffic.rate_per_s"),
        ({"model": "llama-2-7b"}, "past_context", "traffic.longest_tokens"),
        ({"traffic": {"users": 5}}, "rate_or_users", None),
        ({"traffic": {"rate_per_s": 0}}, "rate_or_users", None),
        ({"traffic": {"workload": "mine"}}, "unknown_name", "traffic.workload"),
        ({"traffic": {"speed": 5}}, "unknown_key", "traffic.speed"),
        ({"traffic": {"daily": [1, 2]}}, "daily", None),
        ({"traffic": {"prompt": {"mean": 100, "p99": 50}, "output": 5}}, "tail", "traffic.prompt"),
        ({"traffic": {"prompt": 100}}, "no_table", "traffic.output"),
        ({"promise": {"percent": 98}}, "percent", None),
        ({"promise": {"ttft_s": 0}}, "out_of_range", "promise.ttft_s"),
        ({"allowed": {"gpus": ["h100"]}}, "unknown_name", "allowed.gpus"),
        ({"allowed": {"gpus": []}}, "needed", "allowed.gpus"),
        ({"allowed": {"most_gpus": 2.5}}, "not_whole", "allowed.most_gpus"),
        ({"prices": {"h200-sxm": 3}}, "no_price", None),
        ({"traffic": {"prompt": 100, "output": 1, "rate_per_s": 1}}, "no_further", "promise.tpot_s"),
        ({"traffic": {"rate_per_s": 1, "longest_tokens": 2}}, "no_further", "promise.tpot_s"),
        (
            {"traffic": {"prompt": 9, "output": 50, "rate_per_s": 2}, "promise": {"tokens_per_s": 101}},
            "few_tokens",
            None,
        ),
        ({"spare": -1}, "out_of_range", "spare"),
        ({"surprise": 1}, "unknown_key", "surprise"),
    ],
)
def test_a_question_that_cant_be_read_says_where(changes, name, fact):
    with pytest.raises(plain.AskError) as refusal:
        asked(**changes)
    assert refusal.value.name == name
    assert fact is None or refusal.value.facts["key"] == fact


@pytest.mark.parametrize(
    ("model", "allowed", "bits"),
    [
        ("gpt-oss-120b", [16, 8], {4}),
        ("deepseek-v3", [16, 8], {8}),
        ("deepseek-v3", [16, 4], {4}),
        ("llama-3.1-8b", [16, 8], {16, 8}),
    ],
)
def test_no_weight_is_wider_than_it_is_published(model, allowed, bits):
    question = asked(model=model, allowed={"weight_bits": allowed, "gpus": ["h200-sxm"], "most_gpus": 8})
    assert {replica.weight_bits for replica in deployments(question, shipped())[0]} == bits


def test_a_pasted_config_that_is_quantised_is_sized_as_it_is():
    config = {**CONFIG, "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}
    assert {replica.weight_bits for replica in deployments(asked(model=config), shipped())[0]} == {4}


def test_no_design_is_screened_that_may_not_be_used_nor_one_too_dear_to_be_at_half_the_cost(monkeypatch):
    question = asked(
        allowed={"most_gpus": 64, "gpus": ["h100-sxm"]}, promise={"ttft_s": 0.4}, traffic={"rate_per_s": 90}
    )
    made, bounds = [], screen.bounds

    def counted(kinds, seats, token_budget, load):
        made.append(len(seats) * load.rate_per_s.size)
        return bounds(kinds, seats, token_budget, load)

    monkeypatch.setattr(screen, "bounds", counted)
    *_, answer = search.search(question, shipped())
    assert answer.best
    kinds = deployments(question, shipped())[0]
    allowed = sum(64 // each.gpus for each in kinds) * len(question.allowed.seats) * len(question.allowed.token_budgets)
    assert answer.seen == allowed
    assert allowed < sum(made) < 1.5 * allowed


def test_a_long_screening_says_how_far_it_is_and_a_search_which_part_of_its_answer_stands(monkeypatch):
    monkeypatch.setattr(search, "CELLS", 64)
    monkeypatch.setattr(search, "TOLD", 20)
    answers = list(search.search(asked(), shipped()))
    shares = [each.screened for each in answers if each.screened < 1]
    assert len(shares) > 2 and shares == sorted(shares)
    assert all(each.best is None for each in answers[: len(shares)])
    stand = [each for each in answers if each.stands]
    assert stand and {id(each.best) for each in stand} == {id(answers[-1].best)}
    monkeypatch.setattr(search, "MOST_BEST", 1)
    tight = asked(
        traffic={"rate_per_s": 12, "workload": "azure-2023-code"},
        promise={"ttft_s": 0.3, "tpot_s": 0.02},
        allowed={"most_gpus": 8},
    )
    found = [each for each in search.search(tight, shipped()) if each.best]
    assert not found[0].stands, "a cheaper one is looked for"
    assert found[-1].done and found[-1].stands
